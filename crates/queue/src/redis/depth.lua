-- Counts jobs: ready, leased, delayed, buried. Argument: limit of attempts.
sweep(tonumber(ARGV[1]))
local now = score(NOW)
local out = redis.call('XPENDING', JOBS, GROUP)[1]
local due = redis.call('ZCOUNT', LEASES, '-inf', now) + redis.call('ZCOUNT', DELAYED, '-inf', now)
local delayed = redis.call('ZCOUNT', DELAYED, '(' .. now, '+inf')
local ready = redis.call('XLEN', JOBS) - out + due
return {math.max(0, ready), math.max(0, out - due - delayed), delayed, redis.call('XLEN', DEAD)}
