-- needs: ending
-- Head: value, its encoding. Item: id. 1 if it is REVOKED and has never started.

local value = {ARGV[FIRST], ARGV[FIRST + 1]}

return tell(each(FIRST + 2, 1, function(at)
  local id = ARGV[at]
  local fields = call('HMGET', RESULT .. id, 'state', 'number_of_starts', 'mog_queue', 'mog_ttl', 'mog_own_ttl')
  if fields[2] ~= '0' then return 0 end
  if fields[1] == '"PENDING"' then
    local ttl = tonumber(fields[5] or fields[4])
    finish(id, {'state', '"REVOKED"', 'number_of_stops', '1'}, value, ttl, ttl, true)
    withdraw(id, fields[3], false)
    return 1
  end
  return fields[1] == '"REVOKED"' and 1 or 0
end))
