-- Item: number of texts, id, metadata (key and text in turn). What is unknown gets none.

return each(FIRST, 2, function(at)
  local result, texts = RESULT .. ARGV[at + 1], tonumber(ARGV[at])
  local left = call('PTTL', result)  -- -1: it lives on, -2: it is not there
  if left == -2 or texts == 0 then return 0 end
  call('HSET', result .. METADATA, unpack(ARGV, at + 2, at + 1 + texts))
  if left ~= -1 then call('PEXPIRE', result .. METADATA, math.max(1, left)) end
  return 1
end, function(at) return tonumber(ARGV[at]) end)
