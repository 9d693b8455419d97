-- needs: forgetting
-- needs: indexing
-- needs: leases
-- needs: owning
-- Head: owner, name of its node, seconds of a lease. Item: id, seq or '', queue, priority, body or ''.
-- Returns a verdict, and of an attempt that starts: its number, crashes, retries, created, parent.

local verdict = {start = 'start', parked = 'parked', stale = 'stale', over = 'done', missing = 'missing'}

if not lease_of(ME) then  -- a sign of life is as good as a renewal, and nobody may find an attempt without an owner
  known_leases[ME] = clock + ARGV[FIRST + 2]
  call('ZADD', NODES, known_leases[ME], ME)
end

-- Makes a task ours that a Mognet process has submitted.
local function adopt(id, queue, priority, body)
  local result = RESULT .. id
  call('HSET', result, 'mog_queue', queue, 'mog_priority', priority)
  call('SET', BODY .. id, body)
  index(id)
  for _, part in ipairs({'', CHILDREN, METADATA}) do call('PERSIST', result .. part) end
end

local function start(id, at, starts, due, queue)
  local result = RESULT .. id
  call('HSET', result, 'state', '"RUNNING"', 'number_of_starts', starts, 'started', iso(now), 'node_id', NODE_ID,
    'mog_owner', OWNER)
  if due then call('HDEL', result, 'mog_due') end
  if not queue then
    queue = ARGV[at + 2]
    adopt(id, queue, ARGV[at + 3], ARGV[at + 4])
  end
  call('HSET', RUNNING .. ME, id, queue)
end

return each(FIRST + 3, 5, function(at)
  local id, seq = ARGV[at], tonumber(ARGV[at + 1]) or 0
  local known, state, starts, stops, created, parent, current, owner, retries, due, queue, dead, expires =
    unpack(call('HMGET', RESULT .. id, 'id', 'state', 'number_of_starts', 'number_of_stops', 'created', 'parent_id',
      'mog_seq', 'mog_owner', 'mog_retries', 'mog_due', 'mog_queue', 'mog_dead', 'mog_expires'))
  if not known then return {verdict.missing} end
  if OVER[state] then return {verdict.over, dead} end
  if expires then  -- Mognet has submitted the id again: it overwrites its own fields of the life before alone
    forget(id)
    current, owner, retries, due, queue = false, false, false, false, false
  end
  if seq < (tonumber(current) or 0) then return {verdict.stale} end
  starts, stops = tonumber(starts) or 0, tonumber(stops) or 0
  local lease = held_until(state, owner)
  if not lease then
    if owner then
      call('HDEL', RUNNING .. string.sub(owner, 2, -2), id)
      call('ZREM', PARKED, id)
    end
    starts = starts + 1
    start(id, at, starts, due, queue)
  elseif not (again and owner == OWNER) then
    park(id, lease)
    return {verdict.parked}
  end
  return {verdict.start, starts, starts - 1 - stops, retries or '0', created, parent}
end)
