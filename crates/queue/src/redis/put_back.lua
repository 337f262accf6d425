-- Nobody could try the job: it is ready again, and the attempt is not counted.
-- Arguments: entry, count, consumer.
local fields = held(ARGV[1], ARGV[2], ARGV[3])
if not fields then return 0 end
local id = field(fields, 'id')
drop(ARGV[1], id)
push(message(fields), id, before(fields) + ARGV[2] - 1)
return 1
