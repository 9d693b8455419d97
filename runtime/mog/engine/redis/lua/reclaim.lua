-- needs: owning
-- Head: owner, name of its node. Item: id, attempt. 1 if the attempt is still its task's.

return each(FIRST + 2, 2, function(at)
  local mine, fields = owned(ARGV[at], ARGV[at + 1], 'mog_queue')
  if not mine then return 0 end
  call('HSET', RUNNING .. ME, ARGV[at], fields[5])
  return 1
end)
