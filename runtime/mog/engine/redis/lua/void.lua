-- needs: outbox
-- Head: limit. Wakes up the tasks of owners whose leases have ended, and returns the messages that are to be published.
-- The tasks keep their owner, whose attempts count until others begin.

local wake_ups, left = {}, tonumber(ARGV[FIRST])

local function wake(id, owner)
  local state, own = unpack(call('HMGET', RESULT .. id, 'state', 'mog_owner'))
  if own == '"' .. owner .. '"' and not OVER[state] then
    call('HINCRBY', RESULT .. id, 'mog_seq', 1)
    call('ZREM', PARKED, id)
    send(id)
    wake_ups[#wake_ups + 1] = wake_up(id)
  end
  call('HDEL', RUNNING .. owner, id)
end

for _, owner in ipairs(call('ZRANGEBYSCORE', NODES, '-inf', clock)) do
  call('DEL', NODE .. owner)
  local ids = call('HKEYS', RUNNING .. owner)
  for number = 1, math.min(#ids, left) do wake(ids[number], owner) end
  if #ids > left then break end
  left = left - #ids
  call('ZREM', NODES, owner)
end
return wake_ups
