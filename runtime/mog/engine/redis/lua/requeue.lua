-- needs: outbox
-- needs: owning
-- Head: owner, name of its node. Item: id, attempt, due or '', '1' for a refund, '1' for a retry.
-- 0 if the attempt is no longer the task's, 1 if it waits to be due, else the message that is to be published.

-- Whether an earlier try, of which no answer came back, has put the task back.
local function was_put_back(fields, attempt, refund)
  return waits(fields[1], fields[3]) and tonumber(fields[2]) == attempt - (refund and 1 or 0)
end

local function put_back(id, attempt, stops, retries, refund, retry)
  local result, starts = RESULT .. id, attempt
  if refund then
    starts = attempt - 1
    if starts == 0 then call('HSET', result, 'started', 'null', 'node_id', 'null') end
  else
    stops = stops + 1
    if retry then call('HSET', result, 'mog_retries', retries + 1) end
  end
  call('HSET', result, 'state', starts > 0 and '"SUSPENDED"' or '"PENDING"', 'number_of_starts', starts,
    'number_of_stops', stops)
  call('HDEL', result, 'mog_owner')
  call('HINCRBY', result, 'mog_seq', 1)
  call('HDEL', RUNNING .. ME, id)
  call('ZREM', PARKED, id)
  call('PERSIST', STATE .. id)  -- Mognet lets it expire
end

return each(FIRST + 2, 5, function(at)
  local id, attempt, due, refund = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3] == '1'
  local mine, fields = owned(id, ARGV[at + 1], 'number_of_stops', 'mog_retries', 'mog_queue')
  if not mine then return again and was_put_back(fields, attempt, refund) and 1 or 0 end
  put_back(id, attempt, fields[5], fields[6] or 0, refund, ARGV[at + 4] == '1')
  if due and due > now then
    call('HSET', RESULT .. id, 'mog_due', ARGV[at + 2])
    delay(id, fields[7], ARGV[at + 2])
    call('ZREM', OUTBOX, id)  -- nobody may have said that the message which has come was sent
    return 1
  end
  send(id)
  return wake_up(id)
end)
