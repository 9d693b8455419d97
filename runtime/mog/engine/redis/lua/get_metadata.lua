-- Item: id. Returns metadata, key and text in turn.

return each(FIRST, 1, function(at) return call('HGETALL', RESULT .. ARGV[at] .. METADATA) end)
