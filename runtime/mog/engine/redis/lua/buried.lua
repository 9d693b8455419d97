-- Item: id.

return each(FIRST, 1, function(at)
  call('HDEL', RESULT .. ARGV[at], 'mog_dead')
  call('ZREM', OUTBOX, ARGV[at])
  return 1
end)
