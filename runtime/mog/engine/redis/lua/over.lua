-- Item: id. 1 if it has ended, or is unknown.

return each(FIRST, 1, function(at)
  local state = call('HGET', RESULT .. ARGV[at], 'state')
  return (not state or OVER[state]) and 1 or 0
end)
