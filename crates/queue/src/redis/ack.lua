-- The job is done. Arguments: entry, count, consumer, job id.
if not held(ARGV[1], ARGV[2], ARGV[3]) then return 0 end
drop(ARGV[1], ARGV[4])
return 1
