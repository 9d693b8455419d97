-- What is to be published, now or later.

-- Returns the message that wakes a task up, as Python reads it.
local function wake_up(id)
  local fields = call('HMGET', RESULT .. id, 'mog_seq', 'mog_queue', 'mog_priority')
  return {id, fields[1] or '0', fields[2] or '""', fields[3] or '5', call('GET', BODY .. id) or ''}
end

-- Puts a task into the outbox.
local function send(id)
  call('ZADD', OUTBOX, clock, id)
end

-- Lets a task wait in the store. `queue` is a JSON text.
local function delay(id, queue, due)
  queue = string.sub(queue, 2, -2)
  call('ZADD', DUE .. queue, due, id)
  call('SADD', QUEUES, queue)
end

-- Whether a task waits to be started. `owner` is false if it has none.
local function waits(state, owner)
  return state == '"PENDING"' or state == '"SUSPENDED"' and not owner
end
