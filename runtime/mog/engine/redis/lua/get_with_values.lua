-- needs: reading
-- Item: id. Returns records with values: contents, encoding, content type.

return each(FIRST, 1, function(at)
  local fields = record(ARGV[at])
  return fields and {fields, call('HMGET', RESULT .. ARGV[at] .. VALUE, 'contents', 'encoding', 'content_type')}
end)
