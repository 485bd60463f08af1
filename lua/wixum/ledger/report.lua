--- A ledger's figures, and its report: a page for people.
--
-- Owns what is read for it: all of it as it is at one moment, whoever writes meanwhile. What is counted, and how it looks, is
-- `wixum.report`'s business. Accept links are no part of it.

local binding = require "wixum.ledger.binding"
local decide = require "wixum.ledger.decide"
local errors = require "wixum.errors"
local figures = require "wixum.report.figures"
local filesystem = require "wixum.ledger.filesystem"
local new_file = require "wixum.ledger.new_file"
local page = require "wixum.report.page"
local rows = require "wixum.ledger.rows"
local selector = require "wixum.ledger.selector"
local sites = require "wixum.ledger.sites"
local team_invites = require "wixum.ledger.team_invites"
local words = require "wixum.report.words"

---@class wixum.LedgerReport: wixum.ReportFigures `tostring` counts
---@field base_url string? of the service that the ledger belongs to
---@field account_id string?
---@field is_sandbox boolean
---@field made_at string by this computer's clock
---@field clock string by the ledger's; of a rehearsal, whose days may be ahead, the latest that it has seen
---@field looked_at string? when it was last looked who has joined
---@field only string? which rows, in words; nil: all
---@field team integer? invites to the account itself, which none of the figures counts; nil where the report is not about all rows
---@field in_table integer rows in the table, or that would be

local report = {}

local metatable = { __name = "wixum.ledger.report" }

function metatable.__tostring(self)
  local states = {}
  for _, state in ipairs(words.STATES) do
    local count = self.states[state.name]
    if count > 0 then states[#states + 1] = ("%d %s"):format(count, state.name) end
  end
  return ("%d %s, %d mailed%s; %d %s"):format(self.rows, self.rows == 1 and "invitation" or "invitations", self.mailed,
    states[1] and ": " .. table.concat(states, ", ") or "", self.mails, self.mails == 1 and "mail" or "mails")
end

local MOST = 20000 -- rows in the table: what a browser on a phone still searches quickly
local NAMED = 5 -- sites

-- Mails between the first and the last of their row, which is all that the row tells: from the calls, and no more of them than the row
-- had, since some may have been settled as not sent. A call within a quarter of an hour of a row's last mail is that mail. CROSS JOIN,
-- and the plus: calls have no index, so each is looked at once, and its row is found by site and person.
local BETWEEN = [[SELECT day, count(*) AS number FROM (
  SELECT substr(c.began_at, 1, 10) AS day, i.mails AS mails,
    row_number() OVER (PARTITION BY i.id ORDER BY c.began_at DESC) AS place
  FROM calls c CROSS JOIN invites i ON i.site_id = c.site_id AND i.person = lower(c.people)
  WHERE c.operation = 'site_invites.resend_invite' AND c.outcome IN ('done', 'unknown') AND i.mails > 2
    AND c.began_at >= i.first_mail_at AND strftime('%%s', i.last_mail_at) - strftime('%%s', c.began_at) > 900
    AND +i.id IN (SELECT id FROM invites WHERE (%s) ORDER BY id LIMIT %d)
  ) WHERE place <= mails - 2 GROUP BY day]]

local LOOKED = "SELECT max(checked_at) AS latest FROM sites WHERE site_id IN (SELECT site_id FROM invites WHERE (%s))"

--- Which rows a report is about, from what a program gave; raises at its line what is wrong with that.
---@param options { selector: table?, most: integer? }
---@param now number seconds since the epoch
---@return { condition: string, limit: integer?, selector: table, most: integer }
function report.which(options, now)
  local condition, limit = selector.condition(options.selector, "ledger:report", now, true)
  local most = options.most == nil and MOST or options.most
  if math.type(most) ~= "integer" or most < 1 then errors.mistake("ledger:report: most must be a whole number of at least 1") end
  return { condition = condition, limit = limit, selector = options.selector or {}, most = most }
end

-- Which rows, in words; nil where it is all of them.
local function only(given, names)
  local ids = type(given.site_id) == "string" and { given.site_id } or given.site_id
  local rest = {}
  for name, value in pairs(given) do
    if name ~= "site_id" and name ~= "all" then rest[name] = value end
  end
  local parts = {}
  for i, id in ipairs(ids or {}) do
    if i > NAMED then
      parts[i] = ("and %d more sites"):format(#ids - NAMED)
      break
    end
    local site = names[id:lower()]
    parts[i] = site and site.name or id
  end
  if next(rest) then parts[#parts + 1] = selector.text(rest) end
  return #parts > 0 and table.concat(parts, ", ") or nil
end

local function gather(state, which, names)
  local db = state.db
  local function read(statement) return db:all(statement) end
  local found = figures.gather(rows.each(read, which.condition, which.limit), {
    sites = names, is_settled = decide.is_settled, between = db:all(BETWEEN:format(which.condition, which.limit or -1)),
  })
  found.base_url, found.account_id = binding.setting(db, "base_url"), binding.setting(db, "account_id")
  found.is_sandbox = found.base_url ~= nil and binding.is_loopback(found.base_url)
  found.made_at, found.clock = selector.date(os.time()), state.now()
  found.looked_at = db:one(LOOKED:format(which.condition)).latest
  -- a rehearsal's days go by on the sandbox's clock, which nobody asks here: it is as late at least as what was written down by it
  local latest = found.is_sandbox and db:one("SELECT max(changed_at) AS latest FROM invites").latest
  for _, moment in ipairs(found.is_sandbox and { latest or "", found.looked_at } or {}) do
    if moment > found.clock then found.clock = moment end
  end
  found.only = only(which.selector, names)
  setmetatable(found, metatable)
  found.team = not found.only and team_invites.count(db) or nil
  return found
end

--- Is it a report of ours, or empty: may another take its place?
---@param path string
---@return boolean
function report.is_report(path)
  local start = filesystem.start_of(path)
  return start ~= nil and (start == "" or start:sub(1, #page.MARK) == page.MARK)
end

-- Sixteen bytes by chance, in hex.
local function nonce()
  local file <close> = assert(io.open("/dev/urandom", "rb"))
  return (file:read(16):gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local KIND = { name = "a report", is_one = report.is_report }

--- Writes a report.
---@param state table of the ledger
---@param target string|table|nil a path; a report that is there is replaced once all is written. Or an open file; nil: figures alone
---@param which table as `report.which` answers
---@return wixum.LedgerReport
function report.write(state, target, which)
  local db = state.db
  if type(target) == "string" then new_file.try(target, state.path, KIND) end
  -- one transaction: rows are read twice, and are the same both times
  return db:gather(function()
    local names = sites.names(db)
    local found = gather(state, which, names)
    found.in_table = math.min(found.rows, which.most)
    if target == nil then return found end
    new_file.write(target, state.path, KIND, function(write)
      local function read(statement) return db:all(statement) end
      page.write(write, found, rows.each(read, which.condition, found.in_table), names, found.rows - found.in_table, nonce())
    end)
    return found
  end)
end

return report
