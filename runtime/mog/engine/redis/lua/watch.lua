-- needs: reading
-- Head: client. Item: id. Returns records with values; of a task that has not ended, the client will be told.

return each(FIRST + 1, 1, function(at)
  local found = record_with_value(ARGV[at])
  if found and not OVER[found[1][3]] then
    call('SADD', WAITERS .. ARGV[at], ARGV[FIRST])
    call('EXPIRE', WAITERS .. ARGV[at], 3600)
  end
  return found
end)
