--- A review beside an earlier one: who is new, who is gone, whose roles are others.
--
-- Owns what counts as the same row, and the words of the column `changes`. Invites that are open are no access, and not compared as gone.

local database = require "wixum.ledger.database"
local folding = require "wixum.folding"
local printable = require("wixum.csv.problem").printable
local rows = require "wixum.access.rows"
local sheet = require "wixum.access.sheet"
local titles = require "wixum.access.titles"

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

-- Was it asked which roles these are? A row of an invite has those that it was sent with.
local function is_known(roles) return roles ~= "" and roles ~= titles.UNKNOWN and roles:sub(-#rows.AS_INVITED) ~= rows.AS_INVITED end

-- The titles of a cell, in order.
local function titles_of(text)
  local list = {}
  for part in text:gmatch("[^;]+") do list[#list + 1] = part:match("^%s*(.-)%s*$") end
  table.sort(list)
  return table.concat(list, ";")
end

-- Are the roles others? nil where that cannot be said.
local function have_changed(old, row)
  if row.who == "owner" and old.who == "owner" then return false end
  if not is_known(row.roles) then return nil end
  local before, now = ids_of(old.role_ids), table.move(row.role_ids, 1, #row.role_ids, 1, {})
  table.sort(now)
  -- without a column of titles it is not told whether nobody knew them
  if old.roles == "" and not old.has_roles then
    if before and before ~= "" then return before ~= table.concat(now, " ") end
    return nil
  end
  if not is_known(old.roles) then return nil end
  if before and old.has_ids then return before ~= table.concat(now, " ") end
  return titles_of(old.roles) ~= titles_of(row.roles)
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
---@param service string that the client speaks to
---@return wixum.SheetRow[]
function since.read(path, account, service)
  local problem
  local list, why = sheet.read(path, function(found) problem = problem or found end)
  if not list or problem then
    database.fail(("the earlier review cannot be read: %s"):format(not list and why or tostring(problem)),
      "Nothing was asked of the service")
  end
  for _, row in ipairs(list) do
    if account and folding.ascii(row.account) ~= account then
      database.fail(("%s:%d: the earlier review is of the account %s, and this one of %s"):format(path, row.line, row.account, account),
        "Name a review of this account")
    end
    if row.service ~= service then
      database.fail(("%s:%d: the earlier review is of the service %s, and this one of %s"):format(path, row.line,
        printable(row.service, 100), service), "Name a review of this service")
    end
    row.has_roles, row.has_ids = why.roles ~= nil, why.role_ids ~= nil
  end
  return list
end

--- Compares: each row says what has changed, and who is gone gets a row.
---@param list wixum.AccessRow[] of the review
---@param old wixum.SheetRow[]
---@param in_scope fun(row: table): boolean was a row of the earlier review looked for this time?
---@return { new: integer, gone: integer, roles: integer }
---@return integer uncompared rows whose roles are not known on one side
function since.compare(list, old, in_scope)
  local counts, before, there, uncompared = { new = 0, gone = 0, roles = 0 }, {}, {}, 0
  for _, row in ipairs(old) do
    if row.changes ~= since.GONE then before[key_of(row)] = row end
  end
  for _, row in ipairs(list) do
    local key = key_of(row)
    there[key] = true
    local earlier = before[key]
    local changed = earlier and have_changed(earlier, row)
    if not earlier then
      row.changes, counts.new = since.NEW, counts.new + 1
    elseif changed == nil then uncompared = uncompared + 1
    elseif changed then
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
  return counts, uncompared
end

return since
