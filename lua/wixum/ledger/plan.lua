--- Planning: rows of a spreadsheet, or of a program, become rows of the ledger. Nothing is sent.
--
-- Owns the staging of what was read, duplicates and conflicts, and what a plan tells. A plan is stored whole or not at all: rows are
-- gathered in a temporary table, so that a million of them need no memory, and moved in one transaction once nothing stands against it.

local cells = require "wixum.ledger.cells"
local csv = require "wixum.csv"
local csv_problem = require "wixum.csv.problem"
local database = require "wixum.ledger.database"
local errors = require "wixum.errors"
local folding = require "wixum.folding"
local lookups = require "wixum.ledger.lookup"
local sheet = require "wixum.ledger.sheet"

local plan = {}

local AT_ONCE = 200 -- rows a statement
local LONGEST_REASON = 2000 -- characters
local KEPT = 1000 -- problems that are kept as a list; all are told to on_problem

---@class wixum.PlanProblem
---@field file string
---@field line integer?
---@field column string|integer|nil
---@field value string?
---@field reason string

-- ---- problems --------------------------------------------------------------------------------------------------------

local problems_metatable = { __name = "wixum.ledger.problems" }

function problems_metatable.__tostring(list)
  local lines = {}
  for i, found in ipairs(list) do lines[i] = tostring(found) end
  if list.count > #list then lines[#lines + 1] = ("and %d more"):format(list.count - #list) end
  return table.concat(lines, "\n")
end

--- What is wrong with rows, in the order of their lines.
---@param tell fun(found: wixum.PlanProblem)?
---@return wixum.PlanProblem[] list with `count`
---@return fun(found: wixum.PlanProblem) add
function plan.collector(tell)
  local list = setmetatable({ count = 0 }, problems_metatable)
  return list, function(found)
    list.count, list.rest_unread = list.count + 1, list.rest_unread or found.rest_unread
    if #list < KEPT then list[#list + 1] = found end
    if tell then tell(found) end
  end
end

-- ---- reading ---------------------------------------------------------------------------------------------------------

-- Rows as a function that gives row and line, the file's name, and the keys of its fields; or nil and what is wrong.
local function open_rows(source, options, report)
  local defaults = options.defaults
  if type(source) == "string" or io.type(source) or type(source) == "table" and source.read then
    local ok, rows, format = pcall(csv.rows, source, { column = nil, encoding = options.encoding, delimiter = options.delimiter,
      on_problem = report })
    if not ok then -- an option that it does not take: said at the line of who called us
      if type(rows) ~= "string" then error(rows, 0) end
      errors.mistake((rows:gsub("^[^\n]-:%d+: ", ""):gsub("^wixum%.csv%.rows", "ledger:plan")))
    end
    if not rows then return nil, format end
    local keys, missing = sheet.columns(format.columns, options.column, defaults)
    if not keys then
      rows.close()
      return nil, ("%s: %s"):format(csv_problem.printable(format.file, 200), missing)
    end
    for field, header in pairs(keys) do
      local found = false
      for _, name in ipairs(format.columns) do found = found or name == header end
      if not found then
        rows.close()
        return nil, ('%s: no column is called "%s", which is to be %s; the file has %s'):format(
          csv_problem.printable(format.file, 200), csv_problem.printable(header), field, sheet.listed(format.columns))
      end
    end
    -- a quote before a cell that a spreadsheet would run is not part of it: exports, and lines that were left out, have it
    local function take()
      local row, line = rows()
      if row then
        for _, header in pairs(keys) do
          local text = row[header]
          if text and text:byte() == 39 then row[header] = cells.read(text) end
        end
      end
      return row, line
    end
    return take, format.file, keys, tostring(format), rows.close, format.columns
  end
  local keys = {}
  for _, field in ipairs(sheet.FIELDS) do keys[field] = options.column and options.column[field] or field end
  local position, take = 0, source
  if type(source) == "table" and not (getmetatable(source) or {}).__call then
    take = function() return source[position + 1] end
  end
  return function()
    local row, line = take()
    position = position + 1
    if row == nil then return nil end
    return row, math.type(line) == "integer" and line or position
  end, "rows", keys, "rows of a program", function() end
end

-- ---- staging ---------------------------------------------------------------------------------------------------------

local STAGE = [[CREATE TEMP TABLE staged (
  id INTEGER PRIMARY KEY, line INTEGER, site_id TEXT, email TEXT, person TEXT, policy_ids TEXT, roles TEXT, invite_purpose TEXT,
  language TEXT, UNIQUE (site_id, person))]]
local STAGED = "INSERT INTO staged (line, site_id, email, person, policy_ids, roles, invite_purpose, language) VALUES "
local FIRST = "SELECT line, policy_ids, roles FROM staged WHERE site_id = ? AND person = ?"

-- The temporary table of one plan; a program may make several at once. A statement is run without a transaction around it, since the
-- source may wait between two rows, and others write meanwhile: nobody else sees the table.
local function stage_of(db)
  db.stages = (db.stages or 0) + 1
  local name = ("staged_%d"):format(db.stages)
  local stage = setmetatable({}, { __close = function() db:run("DROP TABLE IF EXISTS temp." .. name) end })
  -- A statement on `staged`, as one on this table.
  function stage.of(statement) return (statement:gsub("%f[%w_]staged%f[^%w_]", name)) end
  db:run(stage.of(STAGE))
  return stage
end

-- Collects rows, many a statement; tells those that are there already.
local function stager(db, stage, on_repeated)
  local values, rows, quoted = {}, {}, database.quoted
  local insert, first_of = stage.of(STAGED), stage.of(FIRST)
  local staged = {}
  function staged.flush()
    if #values == 0 then return end
    local written = db:run(insert .. table.concat(values, ",") .. " ON CONFLICT DO NOTHING")
    if written < #values then
      for _, row in ipairs(rows) do
        local first = db:one(first_of, row.site_id, row.person)
        if first.line ~= row.line or first.policy_ids ~= row.policy_ids then on_repeated(row, first) end
      end
    end
    values, rows = {}, {}
  end
  function staged.add(row)
    rows[#rows + 1] = row
    values[#values + 1] = ("(%d,%s,%s,%s,%s,%s,%s,%s)"):format(row.line, quoted(row.site_id), quoted(row.email), quoted(row.person),
      quoted(row.policy_ids), quoted(row.roles), quoted(row.invite_purpose), quoted(row.language))
    if #values == AT_ONCE then staged.flush() end
  end
  return staged
end

-- ---- what a plan tells -----------------------------------------------------------------------------------------------

---@class wixum.Plan
---@field rows integer new ones
---@field known integer that were in the ledger already
---@field merged integer that were in the file more than once
---@field skipped integer lines that were left out
---@field left integer new rows that the limit has left for later
---@field planned integer rows that wait to be sent, those of earlier plans among them
---@field people integer in these
---@field sites integer
---@field calls integer
---@field seconds number least time that the pace allows them
---@field source string what was read
local plan_metatable = { __name = "wixum.ledger.plan" }

local function count(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

function plan_metatable.__tostring(self)
  local parts = { ("%s: %s new"):format(self.source, count(self.rows, "row", "rows")) }
  if self.known > 0 then parts[#parts + 1] = ("%d known already"):format(self.known) end
  if self.merged > 0 then parts[#parts + 1] = ("%d merged"):format(self.merged) end
  if self.skipped > 0 then parts[#parts + 1] = ("%s left out"):format(count(self.skipped, "line", "lines")) end
  if self.left > 0 then parts[#parts + 1] = ("%d left for later"):format(self.left) end
  return ("%s. To be sent: %s to %s on %s, in %s; at least %.0f s at the pace of this client."):format(table.concat(parts, ", "),
    count(self.planned, "mail", "mails"), count(self.people, "person", "people"), count(self.sites, "site", "sites"),
    count(self.calls, "call", "calls"), self.seconds)
end

--- Least seconds in which so many calls may start.
---@param calls integer
---@param rate { calls: integer, per: number }|false|nil
---@return number
function plan.least_seconds(calls, rate)
  if not rate or calls < 1 then return 0 end
  return (calls - 1) // rate.calls * rate.per
end

--- What waits to be sent.
---@param db table
---@param settings table of the client: `max_emails`, `rate`
---@return table # planned, people, sites, calls, seconds
function plan.waiting(db, settings)
  local row = db:one([[SELECT count(*) AS calls_of, sum(mails) AS planned, sum((mails + ? - 1) / ?) AS calls,
    count(DISTINCT site_id) AS sites FROM (SELECT site_id, count(*) AS mails FROM invites WHERE state = 'planned'
    GROUP BY site_id, policy_ids, invite_purpose, language)]], settings.max_emails, settings.max_emails)
  local people = db:one("SELECT count(DISTINCT person) AS people FROM invites WHERE state = 'planned'")
  local calls = row.calls or 0
  return { planned = row.planned or 0, calls = calls, sites = row.sites, people = people.people,
    seconds = plan.least_seconds(calls, settings.rate) }
end

-- ---- the work --------------------------------------------------------------------------------------------------------

local CONFLICTS = [[SELECT s.line, s.site_id, s.email, s.policy_ids, s.roles, i.roles AS present, i.state FROM staged s JOIN invites i
  ON i.site_id = s.site_id AND i.person = s.person WHERE i.policy_ids <> s.policy_ids ORDER BY s.id]]

-- A row as the file might have it.
local function as_in_file(row, keys)
  return { [keys.site_id or keys.site] = row.site_id, [keys.email] = row.email,
    [keys.role or keys.policy_ids or "role"] = keys.role and row.roles or row.policy_ids }
end

-- Rows that are in the ledger with other roles: named, and nothing changes.
local function find_conflicts(db, stage, report, leave_out)
  for row in db:rows(stage.of(CONFLICTS)) do
    report("role", row.line, row.email, ("it is in the ledger with another role (%s; %s), and here it has %s; nothing was changed")
      :format(row.present, row.state, row.roles))
    leave_out(row)
  end
end

-- What goes out together stands together, and the sites in the order of the file: a step of many rows then touches few pages.
local MOVE = [[INSERT INTO invites (site_id, email, person, policy_ids, roles, invite_purpose, language, state, planned_at, changed_at)
  SELECT s.site_id, email, person, policy_ids, roles, invite_purpose, language, 'planned', ?, ? FROM staged s
  JOIN (SELECT site_id, min(id) AS first FROM staged GROUP BY site_id) f ON f.site_id = s.site_id
  WHERE NOT EXISTS (SELECT 1 FROM invites i WHERE i.site_id = s.site_id AND i.person = s.person)
  ORDER BY f.first, policy_ids, invite_purpose, language, s.id LIMIT ?]]

local NEW = [[SELECT count(*) AS number FROM staged s
  WHERE NOT EXISTS (SELECT 1 FROM invites i WHERE i.site_id = s.site_id AND i.person = s.person)]]

local NAMED = [[INSERT INTO sites (site_id, name, url) VALUES (?, ?, ?)
  ON CONFLICT (site_id) DO UPDATE SET name = coalesce(excluded.name, name), url = coalesce(excluded.url, url)]]

local NOTHING = {} -- raised to end a transaction that is to leave nothing

-- Reads everything into the temporary table. Answers counts.
local function stage_rows(db, stage, take, keys, options, lookup, report, skip, leave_out)
  local counts = { lines = 0, merged = 0, sites = {} }
  local staged = stager(db, stage, function(row, first)
    if first.policy_ids == row.policy_ids then
      counts.merged = counts.merged + 1
    else
      report("role", row.line, row.email, ("line %d has the same person on the same site with another role (%s, and here %s)"):format(
        first.line, first.roles, row.roles))
      leave_out(row)
    end
  end)
  for row, line in take do
    local invitation
    if type(row) ~= "table" then report(nil, line, tostring(row), "it is no table")
    else
      invitation = sheet.invitation(row, keys, options.defaults, lookup, function(field, value, reason)
        report(keys[field] or field, line, value, reason)
      end)
    end
    if invitation then
      counts.lines, counts.merged = counts.lines + 1, counts.merged + #invitation.repeated
      counts.sites[invitation.site.id] = invitation.site
      for _, email in ipairs(invitation.emails) do
        staged.add{ line = line, site_id = invitation.site.id, email = email, person = folding.person(email),
          policy_ids = invitation.policy_ids, roles = invitation.roles, invite_purpose = invitation.invite_purpose,
          language = invitation.language }
      end
    elseif skip then skip(row, line) end
  end
  staged.flush()
  return counts
end

--- Plans.
---@param db table
---@param source string|file*|table|function a CSV file's path, an open file, a list of rows, or an iterator of them
---@param options table `client`; `column` (field = header), `role`, `invite_purpose`, `language`, `locale`, `encoding`, `delimiter`,
--- `on_problem` (is told each), `skip` (is given each bad row, its line and the file's columns; the others are planned), `limit` (new
--- rows at most), `dry_run`
---@param now string
---@return wixum.Plan? plan
---@return table|wixum.Error problems where lines stand against it, or what could not be read at all
function plan.make(db, source, options, now)
  local wix = options.client
  local settings = require("wixum.client").state(wix).settings
  local list, add = plan.collector(options.on_problem)
  local left_out = 0 -- lines, and people of them
  local own = { defaults = { role = options.role and (type(options.role) == "table" and options.role or { options.role }),
    invite_purpose = options.invite_purpose, language = options.language }, column = options.column, encoding = options.encoding,
    delimiter = options.delimiter }
  local file
  local report = setmetatable({ count = function() return list.count end }, { __call = function(_, column, line, value, reason)
    -- names of the account's sites and roles may be in the reason, and whoever may name one could write to a terminal
    add(csv_problem.new{ file = file, line = line, column = column, value = value, reason = csv_problem.printable(reason, LONGEST_REASON) })
  end })
  local take, name, keys, said, close, columns = open_rows(source, own, function(found)
    left_out = left_out + 1
    add(found)
  end)
  if not take then
    return nil, errors.new({ kind = "invalid", outcome = "not_sent", operation = "ledger:plan", where = errors.where(), message = name },
      { advice = "Nothing was planned" })
  end
  file = name
  local _ <close> = setmetatable({}, { __close = close })
  local lookup, err = lookups.new(wix, options.locale)
  if not lookup then return nil, err end
  local function skip(row, line)
    left_out = left_out + 1
    if options.skip then options.skip(row, line, columns) end
  end
  local function leave_out(row) skip(as_in_file(row, keys), row.line) end
  local small <close> = setmetatable({}, { __close = function() db:cache(false) end }) -- luacheck: no unused
  db:cache(true)
  local stage <close> = stage_of(db)
  local counts = stage_rows(db, stage, take, keys, own, lookup, report, skip, leave_out)
  -- where the rest of a file was not read nobody knows how much is left out
  if list.count > 0 and (not options.skip or list.rest_unread) then return nil, list end
  local made
  local ok, raised = pcall(db.transaction, db, function()
    local before = list.count
    find_conflicts(db, stage, report, leave_out)
    if list.count > before and not options.skip then error(NOTHING, 0) end
    local all = db:one(stage.of("SELECT count(*) AS number FROM staged")).number
    local new = db:one(stage.of(NEW)).number
    local rows = db:run(stage.of(MOVE), now, now, options.limit or -1)
    for id, site in pairs(counts.sites) do
      db:run(NAMED, id, site.name, site.url)
    end
    made = plan.waiting(db, settings)
    made.rows, made.known, made.merged, made.skipped, made.source = rows, all - new, counts.merged, left_out, said
    made.left = new - rows
    if options.dry_run then error(NOTHING, 0) end
  end)
  if not ok and not rawequal(raised, NOTHING) then error(raised, 0) end
  if not made then return nil, list end
  made.problems = list.count > 0 and list or nil
  return setmetatable(made, plan_metatable)
end

return plan
