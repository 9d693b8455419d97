-- Head: owner, seconds, name of its node. Returns 1 if it was known as alive, how many attempts count as its own,
-- and the number of the layout.

local owner = ARGV[FIRST]
local held = call('EXISTS', NODE .. owner)
call('HSET', NODE .. owner, 'node_id', ARGV[FIRST + 2])
call('ZADD', NODES, clock + ARGV[FIRST + 1], owner)
return {held, call('HLEN', RUNNING .. owner), call('GET', SCHEMA)}
