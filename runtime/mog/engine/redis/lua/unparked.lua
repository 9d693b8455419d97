-- needs: forgetting
-- needs: leases
-- Item: id, whose message of unpark.lua's is published. 1 if it is now as Mognet would have submitted it, 0 if a mog
-- process has begun it meanwhile.

return each(FIRST, 1, function(at)
  local id = ARGV[at]
  local result = RESULT .. id
  call('ZREM', OUTBOX, id)
  local state, owner, queue, seq, expires, ttl =
    unpack(call('HMGET', result, 'state', 'mog_owner', 'mog_queue', 'mog_seq', 'mog_expires', 'mog_ttl'))
  if seq then return 0 end
  call('ZREM', PARKED, id)
  if queue then call('ZREM', DUE .. string.sub(queue, 2, -2), id) end
  if not state or expires or held_until(state, owner) then return 0 end
  if owner then call('HDEL', RUNNING .. string.sub(owner, 2, -2), id) end
  for _, part in ipairs({'', CHILDREN, METADATA}) do
    if call('PTTL', result .. part) == -1 then call('PEXPIRE', result .. part, milliseconds(tonumber(ttl or 1814400))) end
  end
  call('DEL', BODY .. id)
  forget(id)
  return 1
end)
