-- What Mognet knows nothing of.

-- Makes a task's record that of one which a Mognet process has submitted.
local function forget(id)
  call('HDEL', RESULT .. id, unpack(OWN_FIELDS))
end
