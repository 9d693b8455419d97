-- Item: id.

return each(FIRST, 1, function(at) return call('DEL', STATE .. ARGV[at]) end)
