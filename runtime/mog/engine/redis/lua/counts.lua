-- Item: queue. Returns how many wait for later, how many are due, how many run.

local running = {}
for _, owner in ipairs(call('ZRANGE', NODES, 0, -1)) do
  for _, queue in ipairs(call('HVALS', RUNNING .. owner)) do running[queue] = (running[queue] or 0) + 1 end
end

return each(FIRST, 1, function(at)
  local key = DUE .. string.sub(ARGV[at], 2, -2)
  local due = call('ZCOUNT', key, '-inf', now)
  return {call('ZCARD', key) - due, due, running[ARGV[at]] or 0}
end)
