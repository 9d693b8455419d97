-- Item: id, seconds. 1 if the id is known.

return each(FIRST, 2, function(at)
  local result, ttl = RESULT .. ARGV[at], tonumber(ARGV[at + 1])
  local known, state = unpack(call('HMGET', result, 'id', 'state'))
  if not known then return 0 end
  if not OVER[state] then
    call('HSET', result, 'mog_own_ttl', ARGV[at + 1])
    return 1
  end
  call('HSET', result, 'mog_expires', string.format('%.6f', now + ttl))
  for _, key in ipairs({result, result .. VALUE, result .. CHILDREN, result .. METADATA, BODY .. ARGV[at]}) do
    call('PEXPIRE', key, milliseconds(ttl))
  end
  return 1
end)
