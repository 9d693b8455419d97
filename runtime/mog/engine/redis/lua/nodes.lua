-- Returns of each owner that lives the name of its node and the ids that count as its own.

local found = {}
for _, owner in ipairs(call('ZRANGEBYSCORE', NODES, '(' .. string.format('%.6f', clock), '+inf')) do
  found[#found + 1] = {call('HGET', NODE .. owner, 'node_id') or '', call('HKEYS', RUNNING .. owner)}
end
return found
