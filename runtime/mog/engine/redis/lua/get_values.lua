-- Item: id. Returns values: contents, encoding, content type.

return each(FIRST, 1, function(at)
  return call('HMGET', RESULT .. ARGV[at] .. VALUE, 'contents', 'encoding', 'content_type')
end)
