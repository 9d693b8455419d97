-- Item: id, seq. 1 if its message was the one that counts, and is taken out of the outbox.

return each(FIRST, 2, function(at)
  local id = ARGV[at]
  if (call('HGET', RESULT .. id, 'mog_seq') or '0') ~= ARGV[at + 1] then return 0 end
  call('ZREM', OUTBOX, id)
  return 1
end)
