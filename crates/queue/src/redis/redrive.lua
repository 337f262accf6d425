-- Puts buried jobs back, their attempts counted from the start.
-- Arguments: first and last id, most to look at, most to put back, class or nothing.
-- Returns how many were put back, and the last id that was looked at, if there was any.
local first, last, look, most, class = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local moved, seen = 0, ''
for _, grave in ipairs(redis.call('XRANGE', DEAD, first, last, 'COUNT', look)) do
  if moved == most then break end
  seen = grave[1]
  local fields = grave[2]
  if class == '' or field(fields, 'class') == class then
    local id = field(fields, 'id')
    if id == '' then id = nil end
    redis.call('XDEL', DEAD, seen)
    if id and redis.call('HGET', GRAVES, id) == seen then redis.call('HDEL', GRAVES, id) end
    if not (id and queued(id)) then push(field(fields, 'v') or '', id, 0) end
    moved = moved + 1
  end
end
return {moved, seen}
