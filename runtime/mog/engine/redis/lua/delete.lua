-- Item: id. 1 if it was known and done, and is gone now.

return each(FIRST, 1, function(at)
  local id = ARGV[at]
  local result = RESULT .. id
  if not OVER[call('HGET', result, 'state')] then return 0 end
  call('DEL', result, result .. VALUE, result .. CHILDREN, result .. METADATA, BODY .. id, STATE .. id, WAITERS .. id)
  call('ZREM', INDEX, id)
  return 1
end)
