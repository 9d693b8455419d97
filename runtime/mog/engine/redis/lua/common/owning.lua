-- Whose an attempt is. The head begins with the owner and the name of its node, JSON texts.

local OWNER, NODE_ID = ARGV[FIRST], ARGV[FIRST + 1]
local ME = string.sub(OWNER, 2, -2)

-- Reads state, attempt, owner and node of a task, and `...` besides. Returns false before it if the attempt is no longer
-- the task's, or not this owner's. Mognet's workers know nothing of owners: hence the node.
local function owned(id, attempt, ...)
  local fields = call('HMGET', RESULT .. id, 'state', 'number_of_starts', 'mog_owner', 'node_id', ...)
  local on = fields[1] == '"RUNNING"' or fields[1] == '"SUSPENDED"'
  return on and fields[2] == attempt and fields[3] == OWNER and fields[4] == NODE_ID, fields
end

-- Lets a task that runs wait for the end of a lease; messages that were published before count no more.
local function park(id, lease)
  call('HINCRBY', RESULT .. id, 'mog_seq', 1)
  call('ZADD', PARKED, lease, id)
end
