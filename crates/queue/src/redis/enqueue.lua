-- Puts jobs on the queue: id and message in turn. Returns how many were not there before.
local accepted = 0
for i = 1, #ARGV, 2 do
  local id, body = ARGV[i], ARGV[i + 1]
  if not queued(id) then
    push(body, id, 0)
    accepted = accepted + 1
    local grave = redis.call('HGET', GRAVES, id)
    if grave then
      redis.call('XDEL', DEAD, grave)
      redis.call('HDEL', GRAVES, id)
    end
  end
end
return accepted
