-- needs: reading
-- Head: client. Item: id. Returns records; of a task that has not ended, the client will be told.

return each(FIRST + 1, 1, function(at)
  local fields = record(ARGV[at])
  if fields and not OVER[fields[3]] then
    call('SADD', WAITERS .. ARGV[at], ARGV[FIRST])
    call('EXPIRE', WAITERS .. ARGV[at], 3600)
  end
  return fields
end)
