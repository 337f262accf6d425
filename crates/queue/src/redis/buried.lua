-- Lists what is buried, in order. Arguments: first id, most, limit of attempts.
-- Returns id, message, attempts, class and reason of each.
sweep(tonumber(ARGV[3]))
local out = {}
for i, grave in ipairs(redis.call('XRANGE', DEAD, ARGV[1], '+', 'COUNT', ARGV[2])) do
  local fields = grave[2]
  out[i] = {grave[1], field(fields, 'v') or '', tonumber(field(fields, 'attempts')) or 0,
    field(fields, 'class') or '', field(fields, 'reason') or ''}
end
return out
