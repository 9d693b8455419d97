-- needs: leases
-- needs: outbox
-- Head: age in seconds, limit. Returns messages that are to be published once more, oldest first.

local wake_ups = {}
for _, id in ipairs(call('ZRANGEBYSCORE', OUTBOX, '-inf', clock - ARGV[FIRST], 'LIMIT', 0, ARGV[FIRST + 1])) do
  local state, owner, dead = unpack(call('HMGET', RESULT .. id, 'state', 'mog_owner', 'mog_dead'))
  local orphaned = state and not OVER[state] and owner and not held_until(state, owner)
  if waits(state, owner) or orphaned or dead then
    send(id)
    wake_ups[#wake_ups + 1] = wake_up(id)
  else
    call('ZREM', OUTBOX, id)
  end
end
return wake_ups
