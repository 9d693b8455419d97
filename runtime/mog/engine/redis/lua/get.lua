-- needs: reading
-- Item: id. Returns records.

return each(FIRST, 1, function(at) return record(ARGV[at]) end)
