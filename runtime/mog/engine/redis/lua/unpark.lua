-- needs: leases
-- needs: outbox
-- Head: sorted set of tasks, up to which score, how many of them to leave out, how far to go, queues (none: all).
-- Returns how many it looked at, how many are to be left out from now on, how many of these living processes hold, and
-- the messages of the others, which are to be published: unparked.lua then takes them out. Before that nothing has
-- changed but that a message without a seq wakes them.

local key, stay, held, wake_ups = ARGV[FIRST], 0, 0, {}
local chosen = LAST > FIRST + 3 and {}
for argument = FIRST + 4, LAST do chosen[ARGV[argument]] = true end

local ids = call('ZRANGEBYSCORE', key, '-inf', ARGV[FIRST + 1], 'LIMIT', ARGV[FIRST + 2], ARGV[FIRST + 3])
for _, id in ipairs(ids) do
  local state, owner, queue, dead = unpack(call('HMGET', RESULT .. id, 'state', 'mog_owner', 'mog_queue', 'mog_dead'))
  local is_held = held_until(state, owner)
  if dead or chosen and not chosen[queue] then
    stay = stay + 1
  elseif is_held and key == PARKED then
    stay, held = stay + 1, held + 1
  elseif waits(state, owner) or owner and state and not OVER[state] and not is_held then
    call('HDEL', RESULT .. id, 'mog_seq')
    wake_ups[#wake_ups + 1] = wake_up(id)
  else
    call('ZREM', key, id)
  end
end
return {#ids, stay, held, wake_ups}
