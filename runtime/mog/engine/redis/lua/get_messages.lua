-- Item: id. Returns queue, priority, due and body.

return each(FIRST, 1, function(at)
  local fields = call('HMGET', RESULT .. ARGV[at], 'mog_queue', 'mog_priority', 'mog_due')
  fields[4] = fields[1] and call('GET', BODY .. ARGV[at])
  return fields
end)
