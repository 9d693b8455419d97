-- needs: indexing
-- needs: outbox
-- Head: the call's token. Item: number of metadata texts, id, id as bytes, parent's id or '', ttl, due or '', queue,
-- priority, created or '', name, arguments, body, metadata (key and text in turn). 1 if created, 0 if known.

local CALL = ARGV[FIRST]

local function link(parent, raw, ttl)
  local key = RESULT .. parent .. CHILDREN
  call('SADD', key, raw)
  local left = call('PTTL', RESULT .. parent)  -- -1: it lives on, -2: it is not there
  if left ~= -1 then call('PEXPIRE', key, left > 0 and left or milliseconds(ttl)) end
end

return each(FIRST + 1, 12, function(at)
  local id, parent, ttl, due, queue = ARGV[at + 1], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6]
  local result, token = RESULT .. id, '"' .. CALL .. '.' .. at .. '"'
  if call('EXISTS', result) == 1 then
    return again and call('HGET', result, 'mog_call') == token and 1 or 0
  end
  local created = ARGV[at + 8]
  call('HSET', result,
    'id', '"' .. id .. '"', 'name', ARGV[at + 9], 'state', '"PENDING"', 'number_of_starts', '0',
    'number_of_stops', '0', 'parent_id', parent == '' and 'null' or '"' .. parent .. '"',
    'created', created == '' and iso(now) or created, 'started', 'null', 'finished', 'null', 'node_id', 'null',
    'request_kwargs_repr', ARGV[at + 10],
    'mog_queue', queue, 'mog_priority', ARGV[at + 7], 'mog_ttl', ttl, 'mog_call', token)
  call('SET', BODY .. id, ARGV[at + 11])
  local texts = tonumber(ARGV[at])
  if texts > 0 then call('HSET', result .. METADATA, unpack(ARGV, at + 12, at + 11 + texts)) end
  if parent ~= '' then link(parent, ARGV[at + 2], ttl) end
  index(id)
  if due == '' then
    send(id)
  else
    call('HSET', result, 'mog_due', due)
    delay(id, queue, due)
  end
  return 1
end, function(at) return tonumber(ARGV[at]) end)
