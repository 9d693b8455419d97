-- needs: owning
-- Head: owner, name of its node. Item: id, attempt, state. 1 if the attempt is its task's.

return each(FIRST + 2, 3, function(at)
  if not owned(ARGV[at], ARGV[at + 1]) then return 0 end
  call('HSET', RESULT .. ARGV[at], 'state', ARGV[at + 2])
  return 1
end)
