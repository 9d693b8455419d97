-- Head: owner. Returns the ids that count as its own.

return call('HKEYS', RUNNING .. ARGV[FIRST])
