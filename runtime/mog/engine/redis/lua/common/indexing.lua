-- The order in which tasks were created.

local order = math.floor(clock * 1e6)

-- Puts a task at the end of the index. No two have the same place: a script takes longer than a microsecond a task.
local function index(id)
  call('ZADD', INDEX, order, id)
  order = order + 1
end
