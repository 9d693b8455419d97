-- Returns the server's time, and the queues that have something due, now or later.

return {string.format('%.6f', clock), call('SMEMBERS', QUEUES)}
