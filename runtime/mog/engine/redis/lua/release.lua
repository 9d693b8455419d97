-- needs: outbox
-- Head: owner. Hands back what it owns, as stopped, and returns the messages that are to be published.

local owner, wake_ups = ARGV[FIRST], {}
for _, id in ipairs(call('HKEYS', RUNNING .. owner)) do
  local result = RESULT .. id
  local state, own, stops = unpack(call('HMGET', result, 'state', 'mog_owner', 'number_of_stops'))
  if own == '"' .. owner .. '"' and not OVER[state] then
    call('HSET', result, 'state', '"SUSPENDED"', 'number_of_stops', stops + 1)
    call('HDEL', result, 'mog_owner')
    call('HINCRBY', result, 'mog_seq', 1)
    call('ZREM', PARKED, id)
    call('PERSIST', STATE .. id)
    send(id)
    wake_ups[#wake_ups + 1] = wake_up(id)
  end
end
call('DEL', RUNNING .. owner, NODE .. owner)
call('ZREM', NODES, owner)
return wake_ups
