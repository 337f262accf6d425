-- Sets the job aside. Arguments: entry, count, consumer, job id or nothing, class, reason.
local entry, count, consumer, id, class, reason = unpack(ARGV)
local fields = held(entry, count, consumer)
if not fields then return 0 end
bury(entry, fields, id ~= '' and id or nil, before(fields) + count, class, reason)
return 1
