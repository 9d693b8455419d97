-- needs: leases
-- needs: outbox
-- Head: limit. Returns in how many seconds there is more to do, or false, and the messages that are to be published.

local wake_ups, left, soonest = {}, tonumber(ARGV[FIRST]), false

local function publish(id)
  send(id)
  wake_ups[#wake_ups + 1] = wake_up(id)
end

-- Passes what stands in a sorted set up to `time` to `take`, which removes it, and notes when the next comes.
local function up_to(key, time, take)
  local ids = call('ZRANGEBYSCORE', key, '-inf', time, 'LIMIT', 0, left)
  left = left - #ids
  for _, id in ipairs(ids) do
    take(id, unpack(call('HMGET', RESULT .. id, 'state', 'mog_owner')))
  end
  local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  if first then soonest = math.min(soonest or math.huge, math.max(0, first - time)) end
  return first
end

for _, queue in ipairs(call('SMEMBERS', QUEUES)) do
  local key = DUE .. queue
  local more = up_to(key, now, function(id, state, owner)
    call('ZREM', key, id)
    if state and waits(state, owner) then publish(id) end
  end)
  if not more then call('SREM', QUEUES, queue) end
end

up_to(PARKED, clock, function(id, state, owner)
  local lease = held_until(state, owner)
  if lease then
    call('ZADD', PARKED, lease, id)
  else
    call('ZREM', PARKED, id)
    if owner and not OVER[state] then publish(id) end
  end
end)

return {soonest and string.format('%.6f', soonest), wake_ups}
