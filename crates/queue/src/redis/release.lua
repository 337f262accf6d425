-- The job may be tried again after a while. Arguments: entry, count, consumer, delay in ms, limit of
-- attempts.
local entry, count, consumer, delay, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local fields = held(entry, count, consumer)
if not fields then return 0 end
local attempts = before(fields) + count
if attempts >= limit then
  poison(entry, fields, attempts)
elseif delay <= 0 then
  local id = field(fields, 'id')
  drop(entry, id)
  push(message(fields), id, attempts)
else
  local due = score(NOW + delay)
  redis.call('XCLAIM', JOBS, GROUP, LATER, 0, entry, 'JUSTID')
  redis.call('ZREM', LEASES, entry)
  redis.call('ZADD', DELAYED, due, entry)
  -- Who waits for something later is told.
  if redis.call('ZRANGE', DELAYED, 0, 0)[1] == entry then
    redis.call('XADD', BELL, 'MAXLEN', 1, '*', 'due', due)
  end
end
return 1
