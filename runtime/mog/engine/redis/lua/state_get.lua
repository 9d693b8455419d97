-- Item: id, key. Returns texts.

return each(FIRST, 2, function(at) return call('HGET', STATE .. ARGV[at], ARGV[at + 1]) end)
