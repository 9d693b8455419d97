-- needs: outbox
-- Head: where to begin in the index, where to end or '', how far to go, names of a queue. Puts the tasks that wait in
-- the queue into the outbox, as if they had been there for long. Returns where to go on (false: nothing is left), where
-- to end, and how many there were.

local from, upto, stretch = ARGV[FIRST], ARGV[FIRST + 1], ARGV[FIRST + 2]
local names = {}
for argument = FIRST + 3, LAST do names[ARGV[argument]] = true end
if upto == '' then upto = string.format('%.0f', clock * 1e6) end

local last, count = false, 0
local rows = call('ZRANGEBYSCORE', INDEX, '(' .. from, upto, 'WITHSCORES', 'LIMIT', 0, stretch)
for row = 1, #rows, 2 do
  local id = rows[row]
  local state, owner, queue, due = unpack(call('HMGET', RESULT .. id, 'state', 'mog_owner', 'mog_queue', 'mog_due'))
  if queue and names[queue] and waits(state, owner) and not due then
    call('HINCRBY', RESULT .. id, 'mog_seq', 1)  -- that a message was sent which is lost now may be told only later
    call('ZADD', OUTBOX, 0, id)
    count = count + 1
  end
  last = rows[row + 1]
end
return {last, upto, count}
