--- The sandbox's clock: real time plus what it was advanced, or one that only moves when told.
--
-- Owns the time of the model, in microseconds since the epoch, and how it is written. Where real time comes from is
-- handed in.

local clock = {}
clock.__index = clock

--- Without `start` the clock runs along with `real`; with it, it stands at `start` until it is advanced.
---@param real fun(): integer microseconds
---@param start number? seconds since the epoch
function clock.new(real, start)
  local self = setmetatable({ offset = 0, last = math.mininteger, standing = start ~= nil }, clock)
  local standing = start and math.floor(start * 1000000)
  self.source = standing and function() return standing end or real
  return self
end

--- Microseconds since the epoch; never less than before, also where real time is set back.
---@return integer
function clock:now()
  local now = self.source() + self.offset
  if now < self.last then return self.last end
  self.last = now
  return now
end

--- Puts the clock to a time, also an earlier one; it stands or runs on from there as before.
---@param microseconds integer since the epoch
function clock:set(microseconds)
  self.offset, self.last = microseconds - self.source(), microseconds
end

---@param seconds number not below zero
function clock:advance(seconds)
  self.offset = self.offset + math.floor(seconds * 1000000)
end

-- The second that was written last: most dates are of the same one.
local written_second, written

--- RFC 3339 in UTC, with milliseconds, as Wix writes dates.
---@param microseconds integer
---@return string
function clock.date(microseconds)
  local second = microseconds // 1000000
  if second ~= written_second then
    written_second, written = second, os.date("!%Y-%m-%dT%H:%M:%S", second)
  end
  return ("%s.%03dZ"):format(written, microseconds % 1000000 // 1000)
end

--- What `clock.date` writes, or another RFC 3339 date in UTC.
---@param date string
---@return integer microseconds since the epoch
function clock.read(date)
  local year, month, day, hour, minute, second, fraction = date:match("^(%d+)%-(%d%d)%-(%d%d)[Tt](%d%d):(%d%d):(%d%d)(%.?%d*)[Zz]$")
  year, month = tonumber(year), tonumber(month)
  if month <= 2 then year, month = year - 1, month + 12 end -- a year of this reckoning begins in March, so that a leap day is its last
  local number = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + tonumber(day) - 719469
  local seconds = number * 86400 + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
  return seconds * 1000000 + math.floor((tonumber("0" .. fraction) or 0) * 1000000 + 0.5)
end

local days = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

--- As HTTP's Date header has it, in English whatever the locale.
---@param microseconds integer
---@return string
function clock.http_date(microseconds)
  local t = os.date("!*t", microseconds // 1000000)
  return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(
    days[t.wday], t.day, months[t.month], t.year, t.hour, t.min, t.sec)
end

return clock
