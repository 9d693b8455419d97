-- Item: id. Returns the ids of the children, as bytes, in no order.

return each(FIRST, 1, function(at) return call('SMEMBERS', RESULT .. ARGV[at] .. CHILDREN) end)
