-- needs: ending
-- needs: outbox
-- needs: owning
-- Head: owner, name of its node. Item: id, attempt, state, value, its encoding, ttl, value's ttl, reason of a dead
-- letter or ''. 1 if recorded.

return tell(each(FIRST + 2, 8, function(at)
  local id, state, dead = ARGV[at], ARGV[at + 2], ARGV[at + 7]
  local mine, fields = owned(id, ARGV[at + 1], 'number_of_stops', 'mog_own_ttl')
  if not mine then
    return again and fields[1] == state and fields[2] == ARGV[at + 1] and fields[3] == OWNER and 1 or 0
  end
  local own_ttl = tonumber(fields[6])
  finish(id, {'state', state, 'number_of_stops', fields[5] + 1}, {ARGV[at + 3], ARGV[at + 4]},
    own_ttl or tonumber(ARGV[at + 5]), own_ttl or tonumber(ARGV[at + 6]), state ~= '"SUCCESS"' or dead ~= '')
  call('HDEL', RUNNING .. ME, id)
  call('ZREM', PARKED, id)
  if dead ~= '' then
    call('HSET', RESULT .. id, 'mog_dead', dead)
    send(id)
  end
  return 1
end))
