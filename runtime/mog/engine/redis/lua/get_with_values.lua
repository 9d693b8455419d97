-- needs: reading
-- Item: id. Returns records with values: contents, encoding, content type.

return each(FIRST, 1, function(at) return record_with_value(ARGV[at]) end)
