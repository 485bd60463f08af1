--- Exports, read back: which kind of file it is, and its rows.
--
-- Owns what a field of an export may be. What is wrong with a row is told with its line; nothing is corrected.

local cells = require "wixum.ledger.cells"
local cjson = require "cjson"
local core = require "wixum.core"
local csv = require "wixum.csv"
local csv_problem = require "wixum.csv.problem"
local database = require "wixum.ledger.database"
local filesystem = require "wixum.ledger.filesystem"
local folding = require "wixum.folding"
local selector = require "wixum.ledger.selector"

local reader = {}

--- What kind of file it is.
---@param path string
---@return "backup"|"json"|"csv"|nil # nil: it cannot be read, or is empty
function reader.kind(path)
  local start = filesystem.start_of(path)
  if not start or start == "" then return nil end
  if start:find("^SQLite format 3\0") then return "backup" end
  return start:gsub("^\xEF\xBB\xBF", ""):find("^%s*%[") and "json" or "csv"
end

--- Is it an export of ours, or empty: may another take its place?
---@param path string
---@return boolean
function reader.is_export(path)
  local start = filesystem.start_of(path)
  return start ~= nil and (start == "" or start:find("^\xEF\xBB\xBFsite_id[,;\t]email[,;\t]policy_ids[,;\t]") ~= nil
    or start:find('^%[\n{"site_id":') ~= nil or start == "[\n]\n")
end

-- ---- fields ----------------------------------------------------------------------------------------------------------

local function text_of(value)
  if value == nil or value == cjson.null then return nil end
  if type(value) == "table" then
    for _, item in ipairs(value) do if type(item) ~= "string" then return nil, "it is a list of something else than texts" end end
    return table.concat(value, " ")
  end
  if type(value) ~= "string" then return nil, "it is no text" end
  if value:find("\0", 1, true) or not core.is_utf8(value) then return nil, "it is not valid UTF-8 text" end
  return value ~= "" and value or nil
end

local STATES, STEPS = {}, { invite = true, resend = true, revoke = true }
for _, name in ipairs(selector.STATES) do STATES[name] = true end

local check = {}

function check.site_id(text) return text and core.is_guid(text) and folding.ascii(text), "it is not a GUID (8-4-4-4-12 hex digits)" end

function check.email(text)
  if not text then return nil, "it is empty" end
  local ok, reason = core.check_email(text)
  return ok and text, reason
end

function check.policy_ids(text)
  local ids = {}
  for id in (text or ""):gmatch("%S+") do
    if not id:find("^%d+$") then return nil, "a role id has digits alone; a spreadsheet may have made a number of it" end
    ids[#ids + 1] = id
  end
  table.sort(ids)
  return ids[1] and table.concat(ids, " "), "it is empty"
end

function check.state(text) return STATES[text] and text, "there is no such state" end

local function step(text) return STEPS[text] and text or text == nil and "", "it must be invite, resend or revoke" end
check.step, check.unknown_step = step, step

function check.invite_id(text)
  if not text then return "" end
  return core.is_guid(text) and text, "it is not a GUID (8-4-4-4-12 hex digits)"
end

local function moment(text)
  if not text then return "" end
  return text:find("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$") and text, 'it is no moment as in "2026-11-25T08:00:00Z"'
end
for _, name in ipairs{ "first_mail_at", "earlier_mail_at", "last_mail_at", "expires_at", "joined_after", "joined_by", "opened_at" } do
  check[name] = moment
end

local function needed_moment(text)
  if not text then return nil, "it is empty" end
  return moment(text)
end
check.planned_at, check.changed_at = needed_moment, needed_moment

-- Account ids: the case of their letters does not count.
local function accounts(text) return text and folding.ascii(text) or "" end
check.account_id, check.candidates = accounts, accounts

local TEXTS = { "roles", "invite_purpose", "language", "reason", "evidence", "request_id" }
local NOT_NULL = { roles = true, invite_purpose = true, language = true } -- as the table has them

-- A row as the ledger stores it; nil where something is wrong, which is reported.
local function row_of(given, report)
  local row, good = {}, true
  for field, fits in pairs(check) do
    local text, reason = text_of(given[field])
    if reason == nil then text, reason = fits(text) end
    if text == nil or text == false then
      good = false
      report(field, given[field], reason)
    end
    row[field] = text ~= "" and text or nil
  end
  for _, field in ipairs(TEXTS) do
    local text, reason = text_of(given[field])
    if reason then
      good = false
      report(field, given[field], reason)
    end
    row[field] = text or NOT_NULL[field] and "" or nil
  end
  for _, field in ipairs{ "mails", "earlier_invites" } do
    local number = math.tointeger(tonumber(given[field]))
    -- an older export does not tell; too many would be no harm
    if field == "earlier_invites" and (given[field] == nil or given[field] == "") then number = math.max(0, (row.mails or 0) - 1) end
    if not number or number < 0 then
      good = false
      report(field, given[field], "it is no whole number of at least 0")
    end
    row[field] = number
  end
  if row.state == "sending" then row.step = row.step or "invite" end
  row.person = row.email and folding.person(row.email)
  return good and row or nil
end

-- ---- files -----------------------------------------------------------------------------------------------------------

local NEEDED = { "site_id", "email", "policy_ids", "state", "mails", "planned_at", "changed_at" }

local function csv_rows(path, report, take)
  local rows, format = csv.rows(path, { on_problem = report })
  if not rows then database.fail_of_file(format --[[@as string]], "Nothing was read in") end
  local _ <close> = setmetatable({}, { __close = rows.close })
  local there = {}
  for _, name in ipairs(format.columns) do there[name] = true end
  for _, name in ipairs(NEEDED) do
    if not there[name] then
      database.fail_of_file(("%s is neither a backup nor an export: it has no column %s"):format(path, name),
        "A list of people to be invited is read by `wixum plan`")
    end
  end
  for row, line in rows do
    for field, text in pairs(row) do row[field] = cells.read(text) end
    take(row, line)
  end
end

-- Ours has a row a line, so that a million of them need no memory; any other is read whole.
local function json_rows(path, take)
  local file <close> = assert(io.open(path, "rb"))
  local function whole()
    file:seek("set", 0)
    local ok, list = pcall(cjson.decode, (file:read("a"):gsub("^\xEF\xBB\xBF", "")))
    if not ok or type(list) ~= "table" then database.fail_of_file(("%s is no JSON"):format(path), "Nothing was read in") end
    for i, row in ipairs(list) do take(row, i) end
  end
  if file:read("l") ~= "[" then return whole() end
  local line, whole_file = 1, false
  for text in file:lines("l") do
    line = line + 1
    whole_file = text == "]" or whole_file and text == ""
    if text:find("^{") then
      local ok, row = pcall(cjson.decode, (text:gsub(",$", "")))
      if not ok then
        if line == 2 then return whole() end
        database.fail_of_file(("%s:%d: this is no JSON"):format(path, line), "Nothing was read in")
      end
      take(row, line)
    elseif text ~= "]" and text ~= "" then
      if line == 2 then return whole() end
      database.fail_of_file(("%s:%d: this is no row of an export"):format(path, line), "Nothing was read in")
    end
  end
  if not whole_file then database.fail_of_file(("%s ends in the middle"):format(path), "Nothing was read in") end
end

--- The rows of an export.
---@param path string
---@param problems { count: integer, add: fun(problem: table) }
---@param take fun(row: table, line: integer) as the ledger stores them
function reader.rows(path, problems, take)
  local kind = reader.kind(path)
  local function each(given, line)
    local function report(column, value, reason)
      problems.add(csv_problem.new{ file = path, line = line, column = column, value = value ~= nil and tostring(value) or nil,
        reason = reason or "it cannot be used" })
    end
    if type(given) ~= "table" then return report(nil, tostring(given), "it is no row") end
    local row = row_of(given, report)
    if row then take(row, line) end
  end
  if kind == "json" then return json_rows(path, each) end
  return csv_rows(path, problems.add, each)
end

return reader
