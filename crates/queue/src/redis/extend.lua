-- Lets a lease run for a term from now. Arguments: entry, count, consumer, term in ms.
local entry, count, consumer, term = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if not held(entry, count, consumer) then return 0 end
-- The heartbeat that people see in XPENDING; it counts no delivery.
redis.call('XCLAIM', JOBS, GROUP, consumer, 0, entry, 'JUSTID')
redis.call('ZADD', LEASES, score(NOW + term), entry)
return 1
