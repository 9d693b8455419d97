-- needs: ending
-- needs: outbox
-- Head: where to begin in the index, where to end or '', how far to go, queues. Returns where to go on (false: nothing
-- is left), where to end, and how many tasks of each queue are now REVOKED.

local from, upto, stretch = ARGV[FIRST], ARGV[FIRST + 1], ARGV[FIRST + 2]
if upto == '' then upto = string.format('%.0f', clock * 1e6) end

local counts, at = {}, {}
for argument = FIRST + 3, LAST do
  at[ARGV[argument]] = #counts + 1
  counts[#counts + 1] = 0
end

local last = false
local rows = call('ZRANGEBYSCORE', INDEX, '(' .. from, upto, 'WITHSCORES', 'LIMIT', 0, stretch)
for row = 1, #rows, 2 do
  local id = rows[row]
  local state, owner, queue, ttl, own_ttl =
    unpack(call('HMGET', RESULT .. id, 'state', 'mog_owner', 'mog_queue', 'mog_ttl', 'mog_own_ttl'))
  if at[queue] and waits(state, owner) then
    ttl = tonumber(own_ttl or ttl or 1814400)  -- Mognet's 21 days for what a Mognet process has submitted
    finish(id, {'state', '"REVOKED"'}, nil, ttl, ttl, true)
    withdraw(id, queue, false)
    counts[at[queue]] = counts[at[queue]] + 1
  end
  last = rows[row + 1]
end
return tell({last, upto, counts})
