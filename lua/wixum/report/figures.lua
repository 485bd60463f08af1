--- The figures of a report: rows of a ledger, counted.
--
-- Owns what is counted, and how shares are rounded. Pure: it is handed the rows one by one and keeps none of them. How figures are
-- shown is not its business.

local evidence = require "wixum.ledger.evidence"
local periods = require "wixum.report.periods"
local reasons = require "wixum.report.reasons"
local words = require "wixum.report.words"

local figures = {}

local COUNTS = { "first", "again", "accepted" } -- of a day
local PROBLEMS = {} -- states that do not come right by themselves
for _, state in ipairs(words.STATES) do
  if state.needs_somebody then PROBLEMS[#PROBLEMS + 1] = state.name end
end

local MAY_HAVE_JOINED = { pending = true, expired = true }

--- Where a row stands. What the ledger calls pending is waiting; of what is pending or has expired it may be unclear who has joined by it.
---@param row table
---@return string # a name of `words.STATES`; a state that nobody here knows is unknown
function figures.state_of(row)
  local state = row.state
  if MAY_HAVE_JOINED[state] and row.evidence == evidence.UNCLEAR then return "unclear" end
  if state == "pending" then return "waiting" end
  return words.STATE[state] and state or "unknown"
end

-- What a row's reason is about; nil where it explains nothing that went wrong.
local function kind_of(row, state, is_settled)
  if state == "failed" or state == "unknown" then return state end
  if not row.reason or is_settled(row.reason) then return nil end
  if state == "planned" then return "held" end
  return (state == "waiting" or state == "expired") and "refused" or nil
end

-- ---- days ------------------------------------------------------------------------------------------------------------

local function on_day(days, day, name, number)
  local counts = days[day]
  if not counts then
    counts = {}
    days[day] = counts
  end
  counts[name] = (counts[name] or 0) + number
end

-- The mails of a row as far as the row itself knows when they were: the first, and the last. Answers how many it does not.
local function mails_of(days, row)
  local left = row.mails
  local first, last = periods.day(row.first_mail_at), periods.day(row.last_mail_at)
  if left > 0 and first then
    on_day(days, first, "first", 1)
    left = left - 1
  end
  if row.mails > 1 and last then
    on_day(days, last, "again", 1)
    left = left - 1
  end
  return left
end

-- ---- sites -----------------------------------------------------------------------------------------------------------

local function site_for(sites, known, id)
  local site = sites[id]
  if not site then
    local named = known[id] or {}
    site = { site_id = id, name = named.name, url = named.url, rows = 0, mailed = 0, states = {} }
    sites[id] = site
  end
  return site
end

local function sum(counts, names)
  local total = 0
  for _, name in ipairs(names) do total = total + (counts[name] or 0) end
  return total
end

local OPEN = { "waiting", "planned", "sending" }

-- Worst first: with most that somebody has to look at, then with most that is open.
local function by_need(sites)
  local list, needs = {}, {}
  for _, site in pairs(sites) do
    list[#list + 1] = site
    needs[site] = { sum(site.states, PROBLEMS), sum(site.states, OPEN) }
  end
  table.sort(list, function(one, other)
    local a, b = needs[one], needs[other]
    if a[1] ~= b[1] then return a[1] > b[1] end
    if a[2] ~= b[2] then return a[2] > b[2] end
    return one.site_id < other.site_id
  end)
  return list
end

-- ---- shares ----------------------------------------------------------------------------------------------------------

--- Counts as parts of a hundred that add up to a hundred: rounded down, and those that lose most by it get what is left.
---@param counts table<string, integer>
---@param names string[] all of them, in the order in which equals are served
---@return table<string, integer> # by name; all 0 where nothing was counted
function figures.shares(counts, names)
  local total, shares, losses, left = sum(counts, names), {}, {}, 100
  for i, name in ipairs(names) do
    local count = counts[name] or 0
    shares[name] = total > 0 and count * 100 // total or 0
    losses[i] = { name = name, loss = total > 0 and count * 100 % total or 0, place = i }
    left = left - shares[name]
  end
  if total == 0 then return shares end
  table.sort(losses, function(one, other)
    if one.loss ~= other.loss then return one.loss > other.loss end
    return one.place < other.place
  end)
  for i = 1, left do shares[losses[i].name] = shares[losses[i].name] + 1 end
  return shares
end

-- ---- all of it -------------------------------------------------------------------------------------------------------

---@class wixum.ReportFigures
---@field rows integer one person on one site each
---@field mailed integer rows that were mailed, or may have been
---@field mails integer
---@field states table<string, integer> rows by where they stand: accepted waiting unclear expired failed unknown planned sending revoked
---@field shares table<string, integer> the same in parts of a hundred, which add up
---@field sites { site_id: string, name: string?, url: string?, rows: integer, mailed: integer, states: table<string, integer> }[] worst
--- first
---@field time wixum.ReportPeriods of `first` mails, mails sent `again`, and rows found `accepted`
---@field undated integer mails of which no day is known
---@field reasons wixum.ReportReason[]

--- Counts rows.
---@param rows fun(): table? as `ledger:rows()` gives them
---@param known { sites: table<string, { name: string?, url: string? }>, between: { day: string, number: integer }[],
--- is_settled: fun(reason: string): boolean } between: mails that were neither the first nor the last of their row, by day; is_settled:
--- does a reason say that a person has settled the row?
---@return wixum.ReportFigures
function figures.gather(rows, known)
  local states, names = {}, {}
  for i, state in ipairs(words.STATES) do states[state.name], names[i] = 0, state.name end
  local found = { rows = 0, mailed = 0, mails = 0, states = states, undated = 0 }
  local sites, days, why = {}, {}, reasons.new()
  for row in rows do
    local state, site = figures.state_of(row), site_for(sites, known.sites, row.site_id)
    local mailed = row.mails > 0 and 1 or 0
    found.rows, found.mailed, found.mails = found.rows + 1, found.mailed + mailed, found.mails + row.mails
    states[state] = states[state] + 1
    site.rows, site.mailed, site.states[state] = site.rows + 1, site.mailed + mailed, (site.states[state] or 0) + 1
    found.undated = found.undated + mails_of(days, row)
    if state == "accepted" then
      -- what an answer has told was told when the row changed; nothing changes in it afterwards
      local day = periods.day(row.joined_by or row.changed_at)
      if day then on_day(days, day, "accepted", 1) end
    end
    local kind = kind_of(row, state, known.is_settled)
    if kind then why:add(kind, row) end
  end
  for _, item in ipairs(known.between) do
    local day = periods.day(item.day)
    if day then
      on_day(days, day, "again", item.number)
      found.undated = found.undated - item.number
    end
  end
  found.shares, found.sites = figures.shares(states, names), by_need(sites)
  found.time, found.reasons = periods.series(days, COUNTS), why:list()
  return found
end

return figures
