-- How a task ends, whoever ends it.

local told = {}  -- client -> ids

-- Ends a task. `fields` are HSET's arguments for its record, `value` what goes into its value, or nil. What belongs to
-- it and is needed no longer goes, the rest expires. `times`: ttl and value's ttl.
local function finish(id, fields, value, ttl, value_ttl, keep_body)
  local result, expires = RESULT .. id, milliseconds(ttl)
  if value then
    call('HSET', result .. VALUE, 'contents', value[1], 'encoding', value[2], 'content_type', '"application/json"')
    call('PEXPIRE', result .. VALUE, milliseconds(math.min(ttl, value_ttl)))
  end
  call('HSET', result, 'finished', iso(now), 'mog_expires', string.format('%.6f', now + ttl), unpack(fields))
  call('PEXPIRE', result, expires)
  call('PEXPIRE', result .. CHILDREN, expires)
  call('PEXPIRE', result .. METADATA, expires)
  for _, client in ipairs(call('SMEMBERS', WAITERS .. id)) do
    told[client] = told[client] and told[client] .. ' ' .. id or id
  end
  if keep_body then
    call('PEXPIRE', BODY .. id, expires)
    call('DEL', STATE .. id, WAITERS .. id)
  else
    call('DEL', BODY .. id, STATE .. id, WAITERS .. id)
  end
end

-- Takes a task out of all in which it may wait, or run. `queue` and `owner` are JSON texts, or false.
local function withdraw(id, queue, owner)
  call('ZREM', OUTBOX, id)
  call('ZREM', PARKED, id)
  if queue then
    call('ZREM', DUE .. string.sub(queue, 2, -2), id)
    call('HDEL', RESULT .. id, 'mog_due')
  end
  if owner then call('HDEL', RUNNING .. string.sub(owner, 2, -2), id) end
end

-- Tells those who wait, each client once; the last thing that a script does.
local function tell(answers)
  for client, ids in pairs(told) do call('PUBLISH', DONE .. client, ids) end
  return answers
end
