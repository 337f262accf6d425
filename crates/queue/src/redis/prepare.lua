-- Makes the stream and its group where they are absent. Says whether they were there.
local stream = redis.call('EXISTS', JOBS)
local made = redis.pcall('XGROUP', 'CREATE', JOBS, GROUP, '0', 'MKSTREAM')
if made.err then
  -- BUSYGROUP: it is there.
  if string.sub(made.err, 1, 9) == 'BUSYGROUP' then return {stream, 1} end
  return made
end
-- What a lost group had on loan is ready again.
redis.call('DEL', LEASES, DELAYED)
return {stream, 0}
