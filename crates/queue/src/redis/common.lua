-- What all scripts of the queue share: the keys, the clock, and the steps that verdicts are made of.
-- Prepended to each of them. The first write of every step is one that a full server allows, after
-- which it allows the others too: what is on loan can be settled when nothing new is accepted.
local JOBS, LEASES, DELAYED, IDS, DEAD, GRAVES, BELL, TIDY = unpack(KEYS)
local GROUP = 'workers'
-- The consumer that jobs wait with until their delay is over.
local LATER = 'delayed'
-- The most entries that one script looks at, so that it never keeps the server for long.
local BUDGET = 1000

-- Milliseconds, on the server's clock and no other.
local time = redis.call('TIME')
local NOW = time[1] * 1000 + time[2] / 1000

local function score(ms)
  return string.format('%.3f', ms)
end

local function field(fields, name)
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
end

-- Attempts before the entry was made: those since then are the group's count of its deliveries.
local function before(fields)
  local n = tonumber(field(fields, 'attempts') or 0) or 0
  return (n >= 0 and n < 1000000) and math.floor(n) or 0
end

-- The fields of an entry.
local function read(entry)
  local found = redis.call('XRANGE', JOBS, entry, entry)[1]
  return found and found[2]
end

-- The group's count of the deliveries of an entry that it has handed out, and who has it.
local function pending(entry)
  local found = redis.call('XPENDING', JOBS, GROUP, entry, entry, 1)[1]
  if found then return found[4], found[2] end
end

-- The fields, if this delivery is good: the entry has a lease, ended or not, and nobody else got it.
local function held(entry, count, consumer)
  if not redis.call('ZSCORE', LEASES, entry) then return nil end
  local now, who = pending(entry)
  if now ~= tonumber(count) or who ~= consumer then return nil end
  return read(entry)
end

-- Takes an entry off the queue.
local function drop(entry, id)
  redis.call('XACK', JOBS, GROUP, entry)
  redis.call('XDEL', JOBS, entry)
  redis.call('ZREM', LEASES, entry)
  redis.call('ZREM', DELAYED, entry)
  if id and redis.call('HGET', IDS, id) == entry then redis.call('HDEL', IDS, id) end
end

-- Makes a new entry, at the end of the stream.
local function push(body, id, attempts)
  if not id then return redis.call('XADD', JOBS, '*', 'v', body, 'attempts', attempts) end
  local entry = redis.call('XADD', JOBS, '*', 'v', body, 'id', id, 'attempts', attempts)
  redis.call('HSET', IDS, id, entry)
end

-- The message; of a foreign entry without one, all that it has.
local function message(fields)
  return field(fields, 'v') or table.concat(fields, ' ')
end

-- Sets an entry aside.
local function bury(entry, fields, id, attempts, class, reason)
  drop(entry, id)
  local grave = redis.call('XADD', DEAD, '*', 'v', message(fields), 'id', id or '', 'attempts', attempts,
    'class', class, 'reason', reason)
  if id then
    local former = redis.call('HGET', GRAVES, id)
    if former then redis.call('XDEL', DEAD, former) end
    redis.call('HSET', GRAVES, id, grave)
  end
end

local function poison(entry, fields, attempts)
  bury(entry, fields, field(fields, 'id'), attempts, 'poison', 'given up after ' .. attempts .. ' attempts')
end

-- Whether the job of this id is queued. An entry that somebody took out of the stream doesn't count.
local function queued(id)
  local entry = redis.call('HGET', IDS, id)
  return entry and read(entry) ~= nil
end

-- Buries what nobody will be handed any more. Other ended leases stay good until somebody gets the job.
local function sweep(limit)
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', score(NOW), 'LIMIT', 0, BUDGET)) do
    local count = pending(entry)
    local fields = count and read(entry)
    if not fields then
      drop(entry)
    elseif before(fields) + count >= limit then
      poison(entry, fields, before(fields) + count)
    end
  end
end
