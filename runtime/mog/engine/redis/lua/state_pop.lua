-- Item: id, key. Returns texts, and removes them.

return each(FIRST, 2, function(at)
  local text = call('HGET', STATE .. ARGV[at], ARGV[at + 1])
  call('HDEL', STATE .. ARGV[at], ARGV[at + 1])
  return text
end)
