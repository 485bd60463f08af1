--- Days, weeks and months: what happened on single days, as a few bars.
--
-- Owns the calendar and the choice of the unit. Pure; days are those of UTC. A date that is none, or of no century in which mails of
-- Wix are sent, has no day: files that were read in may hold anything.

local periods = {}

local MOST_DAYS, MOST_WEEKS = 45, 371 -- days that are shown day by day, week by week
local MOST = 60 -- bars
local FIRST_YEAR, LAST_YEAR = 2000, 2099

local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

-- Days since 1970-01-01 of a date of the Gregorian calendar; years begin with March, so that the odd day is their last.
local function number_of(year, month, day)
  if month <= 2 then year = year - 1 end
  local days_before = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5
  return 365 * year + year // 4 - year // 100 + year // 400 + days_before + day - 719469
end

-- The date of such a day.
local function date_of(number)
  local text = os.date("!%Y-%m-%d", number * 86400)
  local year, month, day = text:match("^(%d+)-(%d+)-(%d+)$")
  return tonumber(year), tonumber(month), tonumber(day), text
end

--- The day of a moment.
---@param moment string? as the ledger writes it
---@return integer? day since 1970-01-01
function periods.day(moment)
  local year, month, day = (moment or ""):match("^(%d%d%d%d)%-(%d%d)%-(%d%d)")
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if not year or year < FIRST_YEAR or year > LAST_YEAR or month < 1 or month > 12 or day < 1 or day > 31 then return nil end
  local number = number_of(year, month, day)
  local _, _, same = date_of(number)
  return same == day and number or nil -- there is no 31 April
end

local begin, following = {}, {}

function begin.day(day) return day end
function begin.week(day) return day - (day + 3) % 7 end -- a Monday; the first of all days was a Thursday
function begin.month(day)
  local year, month = date_of(day)
  return number_of(year, month, 1)
end

function following.day(day) return day + 1 end
function following.week(day) return day + 7 end
function following.month(day)
  local year, month = date_of(day)
  return month == 12 and number_of(year + 1, 1, 1) or number_of(year, month + 1, 1)
end

---@class wixum.ReportPeriods
---@field unit "day"|"week"|"month"
---@field list table[] one after the other, also those in which nothing happened: `from` (a date), and each count by its name
---@field before table<string, integer> counts of what lies before them

--- Puts days together.
---@param days table<integer, table<string, integer>> counts by name, by day
---@param names string[] of the counts
---@return wixum.ReportPeriods
function periods.series(days, names)
  local first, last
  for day in pairs(days) do first, last = math.min(first or day, day), math.max(last or day, day) end
  local span = first and last - first + 1 or 0
  local unit = span <= MOST_DAYS and "day" or span <= MOST_WEEKS and "week" or "month"
  local series = { unit = unit, list = {}, before = {} }
  local function empty(into)
    for _, name in ipairs(names) do into[name] = 0 end
    return into
  end
  empty(series.before)
  if not first then return series end
  local by_start, start = {}, begin[unit](first)
  while start <= last do
    local period = empty{ from = select(4, date_of(start)) }
    series.list[#series.list + 1], by_start[start] = period, period
    start = following[unit](start)
  end
  for day, counts in pairs(days) do
    local period = by_start[begin[unit](day)]
    for _, name in ipairs(names) do period[name] = period[name] + (counts[name] or 0) end
  end
  local over = #series.list - MOST
  if over > 0 then
    for i = 1, over do
      for _, name in ipairs(names) do series.before[name] = series.before[name] + series.list[i][name] end
    end
    series.list = table.move(series.list, over + 1, #series.list, 1, {})
  end
  return series
end

--- A period in words: "24 Nov 2025", "week of 24 Nov 2025", "Nov 2025".
---@param unit "day"|"week"|"month"
---@param from string date of its first day
---@return string
function periods.words(unit, from)
  local year, month, day = from:match("^(%d+)-(%d+)-(%d+)$")
  local name = MONTHS[tonumber(month)]
  if unit == "month" then return ("%s %s"):format(name, year) end
  return ("%s%d %s %s"):format(unit == "week" and "week of " or "", tonumber(day), name, year)
end

return periods
