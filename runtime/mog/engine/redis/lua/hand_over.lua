-- needs: leases
-- needs: owning
-- Head: owner, name of its node. Item: id, attempt. 1 if the attempt is its task's, which needs no message now.

local lease = lease_of(ME) or clock

return each(FIRST + 2, 2, function(at)
  if not owned(ARGV[at], ARGV[at + 1]) then return 0 end
  park(ARGV[at], lease)
  return 1
end)
