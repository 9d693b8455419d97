-- needs: ending
-- needs: indexing
-- needs: reading
-- Item: id, value, its encoding, ttl, value's ttl, '1' to revoke what is done, too, the state in which others end.
-- Returns 1 if it has ended only now, and its record.

-- Remembers an id that is unknown, so that it never runs.
local function remember(id)
  call('HSET', RESULT .. id,
    'id', '"' .. id .. '"', 'name', 'null', 'state', '"PENDING"', 'number_of_starts', '0', 'number_of_stops', '0',
    'parent_id', 'null', 'created', iso(now), 'started', 'null', 'finished', 'null', 'node_id', 'null',
    'request_kwargs_repr', 'null')
  index(id)
end

local function revoke(id, at, force)
  local result = RESULT .. id
  local known, state, stops, queue, owner, own_ttl =
    unpack(call('HMGET', result, 'id', 'state', 'number_of_stops', 'mog_queue', 'mog_owner', 'mog_own_ttl'))
  if not known then
    remember(id)
    stops = 0
  elseif OVER[state] then
    if not force or state == '"REVOKED"' then return 0 end
    call('HSET', result, 'state', '"REVOKED"', 'number_of_stops', stops + 1)
    return 1
  end
  own_ttl = tonumber(own_ttl)
  finish(id, {'state', ARGV[at + 6], 'number_of_stops', (tonumber(stops) or 0) + 1}, {ARGV[at + 1], ARGV[at + 2]},
    own_ttl or tonumber(ARGV[at + 3]), own_ttl or tonumber(ARGV[at + 4]), ARGV[at + 6] ~= '"SUCCESS"')
  withdraw(id, queue, owner)
  return 1
end

return tell(each(FIRST, 7, function(at)
  local changed = revoke(ARGV[at], at, ARGV[at + 5] == '1')
  return {changed, record(ARGV[at])}
end))
