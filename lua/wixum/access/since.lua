--- A review beside an earlier one: who is new, who is gone, whose roles are others.
--
-- Owns what counts as the same row, and the words of the column `changes`. Invites that are open are no access, and not compared as gone.

local database = require "wixum.ledger.database"
local folding = require "wixum.folding"
local rows = require "wixum.access.rows"
local sheet = require "wixum.access.sheet"

local since = {}

since.NEW, since.GONE = "new", "gone"

-- By what a row of one review is known in another.
local function key_of(row)
  if row.who == "invited" then return "invited " .. folding.person(row.email) .. " " .. row.site_id .. row.site end
  if row.who == "member" then
    return ("member %s %s"):format(folding.ascii(row.user_id), row.site_id ~= "" and folding.ascii(row.site_id) or row.site)
  end
  return ("account %s %s"):format(folding.ascii(row.account_id), folding.ascii(row.site_id))
end

-- Ids that a cell has, in order; nil where a spreadsheet has spoilt them.
local function ids_of(text)
  local list = {}
  for id in text:gmatch("[^%s%[%];]+") do
    if id:find("[eE][+]") then return nil end
    list[#list + 1] = id
  end
  table.sort(list)
  return table.concat(list, " ")
end

local function have_changed(old, row)
  local before, now = ids_of(old.role_ids), table.move(row.role_ids, 1, #row.role_ids, 1, {})
  table.sort(now)
  if before then return before ~= table.concat(now, " ") end
  return old.roles ~= row.roles
end

local function gone_row(old)
  local row = { changes = since.GONE, gone = true, role_ids = {} }
  for _, name in ipairs{ "who", "email", "name", "account_id", "user_id", "site", "site_id", "url", "roles", "evidence", "since" } do
    row[name] = old[name]
  end
  for id in old.role_ids:gmatch("[^%s%[%];]+") do table.insert(row.role_ids, id) end
  return row
end

--- The earlier review, read.
---@param path string
---@param account string? of this ledger
---@return wixum.SheetRow[]
function since.read(path, account)
  local problem
  local list, why = sheet.read(path, function(found) problem = problem or found end)
  if not list or problem then
    database.fail(("the earlier review cannot be read: %s"):format(why or tostring(problem)), "Nothing was asked of the service")
  end
  for _, row in ipairs(list) do
    if account and folding.ascii(row.account) ~= account then
      database.fail(("%s:%d: the earlier review is of the account %s, and this one of %s"):format(path, row.line, row.account, account),
        "Name a review of this account")
    end
  end
  return list
end

--- Compares: each row says what has changed, and who is gone gets a row.
---@param list wixum.AccessRow[] of the review
---@param old wixum.SheetRow[]
---@param in_scope fun(row: table): boolean was a row of the earlier review looked for this time?
---@return { new: integer, gone: integer, roles: integer }
function since.compare(list, old, in_scope)
  local counts, before, there = { new = 0, gone = 0, roles = 0 }, {}, {}
  for _, row in ipairs(old) do
    if row.changes ~= since.GONE then before[key_of(row)] = row end
  end
  for _, row in ipairs(list) do
    local key = key_of(row)
    there[key] = true
    local earlier = before[key]
    if not earlier then
      row.changes, counts.new = since.NEW, counts.new + 1
    elseif have_changed(earlier, row) then
      row.changes = ("roles: %s -> %s"):format(earlier.roles ~= "" and earlier.roles or "unknown", row.roles)
      counts.roles = counts.roles + 1
    end
  end
  for _, row in ipairs(old) do
    local key = key_of(row)
    if before[key] == row and not there[key] and row.who ~= "invited" and in_scope(row) then
      there[key], counts.gone = true, counts.gone + 1
      list[#list + 1] = gone_row(row)
    end
  end
  rows.sort(list)
  return counts
end

return since
