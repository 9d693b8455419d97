-- Head: how far to go, seconds between two walks of the whole fleet. Clears up after records that are gone, and after
-- tasks that a Mognet worker has ended, which leaves behind what it does not know.

local last_time, cursor = unpack(call('HMGET', SWEEPING, 'time', 'cursor'))
if last_time and clock - last_time < tonumber(ARGV[FIRST + 1]) then return 0 end

local function leave(id, result)
  local queue = call('HGET', result, 'mog_queue')
  call('ZREM', OUTBOX, id)
  call('ZREM', PARKED, id)
  if queue then call('ZREM', DUE .. string.sub(queue, 2, -2), id) end
  call('DEL', WAITERS .. id)
end

local rows = call('ZRANGEBYSCORE', INDEX, '(' .. (cursor or '0'), '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[FIRST])
for row = 1, #rows, 2 do
  local id = rows[row]
  local result = RESULT .. id
  local known, state, expires = unpack(call('HMGET', result, 'id', 'state', 'mog_expires'))
  if not known then
    leave(id, result)
    call('DEL', BODY .. id, STATE .. id)
    call('ZREM', INDEX, id)
  elseif OVER[state] and not expires then
    local left = call('PTTL', result)
    leave(id, result)
    call('DEL', STATE .. id)  -- which Mognet leaves behind when it revokes
    if left > 0 then
      for _, key in ipairs({BODY .. id, result .. CHILDREN, result .. METADATA}) do call('PEXPIRE', key, left) end
      call('HSET', result, 'mog_expires', string.format('%.6f', now + left / 1000))
    end
  end
end

if call('EXISTS', INDEX) == 1 then
  call('HSET', SWEEPING, 'time', clock, 'cursor', rows[#rows] or '0')
else
  call('DEL', SWEEPING)
end
return #rows / 2
