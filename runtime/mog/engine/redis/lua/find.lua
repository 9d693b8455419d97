-- needs: reading
-- Head: end of the index to begin at, or an id before which; how far to go, limit, states or '', name or '', queue or
-- ''. Returns where to go on (false: nothing is left) and records, newest first; nothing if the id is unknown.

local upto, stretch, limit = ARGV[FIRST], ARGV[FIRST + 1], tonumber(ARGV[FIRST + 2])
local states, name, queue = ARGV[FIRST + 3], ARGV[FIRST + 4], ARGV[FIRST + 5]
if #upto == 36 then
  upto = call('ZSCORE', INDEX, upto)
  if not upto then return false end
  upto = '(' .. upto
end

local STATE_FIELD, NAME_FIELD, QUEUE_FIELD = 3, 2, 12
local found, last = {}, false
local rows = call('ZREVRANGEBYSCORE', INDEX, upto, '-inf', 'WITHSCORES', 'LIMIT', 0, stretch)
for row = 1, #rows, 2 do
  local fields = record(rows[row])
  if fields and (states == '' or string.find(states, fields[STATE_FIELD] or '""', 1, true))
    and (name == '' or fields[NAME_FIELD] == name) and (queue == '' or fields[QUEUE_FIELD] == queue) then
    found[#found + 1] = fields
  end
  last = '(' .. rows[row + 1]
  if #found == limit then break end
end
return {last, found}
