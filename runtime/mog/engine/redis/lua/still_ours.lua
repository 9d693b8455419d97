-- needs: owning
-- Head: owner, name of its node. Item: id, attempt. 1 if the attempt is its task's.

return each(FIRST + 2, 2, function(at)
  return owned(ARGV[at], ARGV[at + 1]) and 1 or 0
end)
