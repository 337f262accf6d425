-- Now and then: gives entries that the group handed out past these scripts a lease that has ended, so
-- that they come back; and forgets consumers that are gone. One process does it per pause.
-- Arguments: consumer, pause in ms, idle ms after which an entry or a consumer is given up.
local consumer, pause, idle = ARGV[1], ARGV[2], tonumber(ARGV[3])
if not redis.call('SET', TIDY, consumer, 'NX', 'PX', pause) then return 0 end
local known = redis.call('ZCARD', LEASES) + redis.call('ZCARD', DELAYED)
local found = 0
if redis.call('XPENDING', JOBS, GROUP)[1] > known then
  local from, left = '-', 10 * BUDGET
  while left > 0 do
    local page = redis.call('XPENDING', JOBS, GROUP, 'IDLE', idle, from, '+', 100)
    for _, entry in ipairs(page) do
      if not redis.call('ZSCORE', LEASES, entry[1]) and not redis.call('ZSCORE', DELAYED, entry[1]) then
        redis.call('ZADD', LEASES, score(NOW), entry[1])
        found = found + 1
      end
    end
    if #page < 100 then break end
    from, left = '(' .. page[100][1], left - 100
  end
end
for _, other in ipairs(redis.call('XINFO', 'CONSUMERS', JOBS, GROUP)) do
  local name = field(other, 'name')
  -- With nothing on loan, forgetting one that is alive does no harm: it is known again when it asks.
  if name ~= consumer and field(other, 'pending') == 0 and field(other, 'idle') >= idle then
    redis.call('XGROUP', 'DELCONSUMER', JOBS, GROUP, name)
  end
end
return found
