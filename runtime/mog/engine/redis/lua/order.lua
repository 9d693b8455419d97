-- Item: id. Returns its place in the order of creation and when it was created; false if it is unknown.

return each(FIRST, 1, function(at)
  local known, created = unpack(call('HMGET', RESULT .. ARGV[at], 'id', 'created'))
  return known and {call('ZSCORE', INDEX, ARGV[at]), created}
end)
