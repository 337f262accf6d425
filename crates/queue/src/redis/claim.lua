-- Hands out jobs: first those whose lease ended or whose delay is over, then new ones.
-- Arguments: consumer, most, term in ms, limit of attempts.
-- Returns the deliveries (entry, the group's count, attempt, 1 if it is a message, message); ms until
-- the next lease or delay ends, -1 for none; and the last ids of the stream and of the bell, after
-- which to wait for more.
local consumer, most, term, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ending = score(NOW + term)
local out, left = {}, BUDGET

local function lend(entry, fields, count)
  redis.call('ZADD', LEASES, ending, entry)
  local known = field(fields, 'v') and 1 or 0
  out[#out + 1] = {entry, count, before(fields) + count, known, message(fields)}
end

for _, key in ipairs({LEASES, DELAYED}) do
  while #out < most and left > 0 do
    local room = math.min(most - #out, left)
    local due = redis.call('ZRANGEBYSCORE', key, '-inf', score(NOW), 'LIMIT', 0, room)
    if #due == 0 then break end
    left = left - #due
    for _, entry in ipairs(due) do
      local count = pending(entry)
      local fields = count and read(entry)
      if not fields then
        drop(entry)
      elseif before(fields) + count >= limit then
        poison(entry, fields, before(fields) + count)
      else
        redis.call('XCLAIM', JOBS, GROUP, consumer, 0, entry, 'RETRYCOUNT', count + 1, 'JUSTID')
        redis.call('ZREM', DELAYED, entry)
        lend(entry, fields, count + 1)
      end
    end
  end
end

while #out < most and left > 0 do
  local room = math.min(most - #out, left)
  local got = redis.call('XREADGROUP', 'GROUP', GROUP, consumer, 'COUNT', room, 'STREAMS', JOBS, '>')
  if not got then break end
  for _, found in ipairs(got[1][2]) do
    left = left - 1
    if before(found[2]) >= limit then
      poison(found[1], found[2], before(found[2]))
    else
      lend(found[1], found[2], 1)
    end
  end
end

if #out == most then return {out, 0, '', ''} end
local due = -1
for _, key in ipairs({LEASES, DELAYED}) do
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  if first then
    local wait = math.max(0, math.ceil(first - NOW))
    if due < 0 or wait < due then due = wait end
  end
end
if left <= 0 then due = 0 end
local last = field(redis.call('XINFO', 'STREAM', JOBS), 'last-generated-id')
local bell = redis.call('XREVRANGE', BELL, '+', '-', 'COUNT', 1)[1]
return {out, due, last, bell and bell[1] or '0-0'}
