-- Which owners live.

local known_leases = {}

-- Returns when the lease of an owner, given by its name, ends; false if it has.
local function lease_of(owner)
  if known_leases[owner] == nil then
    local ends = tonumber(call('ZSCORE', NODES, owner) or 0)
    known_leases[owner] = ends > clock and ends
  end
  return known_leases[owner]
end

-- Returns when the lease ends under which a task runs, or waits for others while it holds on to its attempt; false if
-- it does neither, or its owner has died. `owner` is a JSON text: a task that waits to be started has none, and one
-- that has ended keeps its last.
local function held_until(state, owner)
  return owner and (state == '"RUNNING"' or state == '"SUSPENDED"') and lease_of(string.sub(owner, 2, -2))
end
