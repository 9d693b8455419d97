-- Every script begins so. ARGV: the app's name, the time that users see or '' for the server's own, '1' if the same
-- may have been asked before without an answer having come back; from FIRST on the script's own.

local app, again = ARGV[1], ARGV[3] == '1'
-- NAMES
local FIRST, LAST = 4, #ARGV
local call = redis.call
local clock
do
  local time = call('TIME')
  clock = time[1] + time[2] / 1e6  -- the server's own, for leases and what is on its way
end
local now = tonumber(ARGV[2]) or clock

local OVER = {['"SUCCESS"'] = true, ['"FAILURE"'] = true, ['"REVOKED"'] = true, ['"INVALID"'] = true}

-- Calls item(position) for all that begin at `first` and are `width` arguments wide, and returns what they return.
-- `more`, if given, says how much wider one is. An error ends its item alone.
local function each(first, width, item, more)
  local answers, count, position = {}, 0, first
  while position <= LAST do
    local done, answer = pcall(item, position)
    if not done then
      answer = redis.error_reply(tostring(type(answer) == 'table' and answer.err or answer))
    end
    count = count + 1
    answers[count] = answer
    position = position + width + (more and more(position) or 0)
  end
  return answers
end

-- Returns a time as Mognet writes it: JSON text, ISO 8601, UTC.
local function iso(seconds)
  local floor = math.floor
  local whole = floor(seconds)
  local micro = floor((seconds - whole) * 1e6 + 0.5)
  if micro == 1000000 then whole, micro = whole + 1, 0 end
  -- From days to a date, see http://howardhinnant.github.io/date_algorithms.html (civil_from_days): years that begin
  -- in March, in eras of 400 years.
  local days, rest = floor(whole / 86400) + 719468, whole % 86400
  local era = floor(days / 146097)
  local of_era = days - era * 146097
  local year = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
  local march = floor((5 * of_year + 2) / 153)
  local day = of_year - floor((153 * march + 2) / 5) + 1
  local month = march < 10 and march + 3 or march - 9
  local fraction = micro > 0 and string.format('.%06d', micro) or ''
  return string.format('"%04d-%02d-%02dT%02d:%02d:%02d%sZ"', year + era * 400 + (month <= 2 and 1 or 0), month, day,
    floor(rest / 3600), floor(rest / 60) % 60, rest % 60, fraction)
end

local function milliseconds(seconds)
  return string.format('%.0f', math.max(1, seconds * 1000))
end
