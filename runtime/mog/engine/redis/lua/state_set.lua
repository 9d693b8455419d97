-- Item: id, key, text. What has ended, or is unknown, keeps nothing.

return each(FIRST, 3, function(at)
  local state = call('HGET', RESULT .. ARGV[at], 'state')
  if not state or OVER[state] then return 0 end
  call('HSET', STATE .. ARGV[at], ARGV[at + 1], ARGV[at + 2])
  call('PERSIST', STATE .. ARGV[at])  -- Mognet lets it expire
  return 1
end)
