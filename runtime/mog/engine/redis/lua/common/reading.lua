-- Records.

local EXPIRES = 15

-- Returns the fields of a record; false if there is none. When it expires is not written where Mognet has ended it.
local function record(id)
  local fields = call('HMGET', RESULT .. id, unpack(RECORD_FIELDS))
  if not fields[1] then return false end
  if OVER[fields[3]] and not fields[EXPIRES] then
    local left = call('PTTL', RESULT .. id)
    fields[EXPIRES] = left > 0 and string.format('%.6f', now + left / 1000)
  end
  return fields
end

-- Returns a record, and contents, encoding and content type of its value; false if there is none.
local function record_with_value(id)
  local fields = record(id)
  return fields and {fields, call('HMGET', RESULT .. id .. VALUE, 'contents', 'encoding', 'content_type')}
end
