-- needs: leases
-- needs: outbox
-- Head: where to begin in the index, where to end or '', how far to go, names of a queue. Puts the tasks that wait in
-- the queue, those of dead processes among them, into the outbox, as if they had been there for long. Returns where to
-- go on (false: nothing is left), where to end, and how many there were.

local from, upto, stretch = ARGV[FIRST], ARGV[FIRST + 1], ARGV[FIRST + 2]
local names = {}
for argument = FIRST + 3, LAST do names[ARGV[argument]] = true end
if upto == '' then upto = string.format('%.0f', clock * 1e6) end

-- Whether a message is all that brings a task on. Those that wait for their time, or for the end of a lease, get one
-- then; when a task was due stays in its record until it starts.
local function waits_for_a_message(id, state, owner, queue)
  if owner then return not OVER[state] and not held_until(state, owner) end
  return waits(state, owner) and not call('ZSCORE', DUE .. string.sub(queue, 2, -2), id)
end

local last, count = false, 0
local rows = call('ZRANGEBYSCORE', INDEX, '(' .. from, upto, 'WITHSCORES', 'LIMIT', 0, stretch)
for row = 1, #rows, 2 do
  local id = rows[row]
  local state, owner, queue = unpack(call('HMGET', RESULT .. id, 'state', 'mog_owner', 'mog_queue'))
  if queue and names[queue] and waits_for_a_message(id, state, owner, queue) then
    call('HINCRBY', RESULT .. id, 'mog_seq', 1)  -- that a message was sent which is lost now may be told only later
    call('ZADD', OUTBOX, 0, id)
    count = count + 1
  end
  last = rows[row + 1]
end
return {last, upto, count}
