--- A ledger's rows as a file for spreadsheets, or for programs.
--
-- Owns which fields an export has, and how they are written. Accept links are no part of it: who has one can accept.

local cjson = require "cjson"
local csv_cells = require "wixum.ledger.cells"
local database = require "wixum.ledger.database"
local filesystem = require "wixum.ledger.filesystem"
local reader = require "wixum.ledger.reader"
local rows = require "wixum.ledger.rows"

local export = {}

export.FIELDS = { "site_id", "email", "policy_ids", "roles", "invite_purpose", "language", "state", "step", "unknown_step",
  "invite_id", "reason", "evidence", "account_id", "request_id", "mails", "planned_at", "first_mail_at", "earlier_mail_at", "last_mail_at",
  "expires_at", "joined_after", "joined_by", "candidates", "earlier_invites", "changed_at" }

-- For a file that must not fail half-way in silence.
local function writer(file)
  return function(text)
    local ok, problem = file:write(text)
    if not ok then database.fail("the export cannot be written: " .. tostring(problem), "Make room, or name another place") end
  end
end

local function write_csv(write, each, delimiter)
  write("\xEF\xBB\xBF" .. table.concat(export.FIELDS, delimiter) .. "\r\n") -- the mark tells Excel that it is UTF-8
  local count = 0
  for row in each do
    local cells = {}
    for i, field in ipairs(export.FIELDS) do
      local value = row[field]
      if type(value) == "table" then value = table.concat(value, " ") end
      cells[i] = csv_cells.written(value == nil and "" or tostring(value), delimiter)
    end
    write(table.concat(cells, delimiter) .. "\r\n")
    count = count + 1
  end
  return count
end

local function write_json(write, each)
  write("[")
  local count = 0
  for row in each do
    local parts = {}
    for _, field in ipairs(export.FIELDS) do
      if row[field] ~= nil then parts[#parts + 1] = ("%s:%s"):format(cjson.encode(field), cjson.encode(row[field])) end
    end
    write((count > 0 and ",\n{" or "\n{") .. table.concat(parts, ",") .. "}")
    count = count + 1
  end
  write("\n]\n")
  return count
end

-- To a device or a pipe, which nothing may take the place of.
local function write_through(target, put)
  local file, problem = io.open(target, "wb")
  if not file then database.fail("the export cannot be written: " .. tostring(problem), "Name another place") end
  local ok, count = pcall(put, file)
  local closed, trouble = file:close()
  if not ok then error(count, 0) end
  if not closed then database.fail("the export cannot be written: " .. tostring(trouble)) end
  return count
end

--- Writes rows.
---@param state table of the ledger
---@param target string|table a path; an export that is there is replaced once all is written. Or an open file
---@param format "csv"|"json"
---@param condition string
---@param limit integer?
---@param delimiter string of CSV
---@return integer rows
function export.write(state, target, format, condition, limit, delimiter)
  local function put(file)
    local each = rows.each(function(statement) return state.db:all(statement) end, condition, limit)
    local write = writer(file)
    if format == "json" then return write_json(write, each) end
    return write_csv(write, each, delimiter)
  end
  if type(target) ~= "string" then
    local count = put(target)
    local ok, problem = target:flush()
    if not ok then database.fail("the export cannot be written: " .. tostring(problem)) end
    return count
  end
  if filesystem.is_of_ledger(target, state.path) then
    database.fail("an export cannot take the place of the ledger itself", "Name another file")
  end
  if filesystem.is_special(target) then return write_through(target, put) end
  if filesystem.exists(target) and not reader.is_export(target) then
    database.fail(("%s is there already, and is no export; it stays as it is"):format(target), "Name another file")
  end
  local part = filesystem.free_name(target)
  filesystem.make_private(part) -- it holds the addresses of people
  local file, problem = io.open(part, "wb")
  if not file then database.fail("the export cannot be written: " .. tostring(problem), "Name another place") end
  local ok, count = pcall(put, file)
  local closed, trouble = file:close()
  if ok and not closed then ok, count = false, database.failure("the export cannot be written: " .. tostring(trouble)) end
  if ok then
    local moved, why = os.rename(part, target)
    if not moved then ok, count = false, database.failure("the export cannot be written: " .. tostring(why), "Name another place") end
  end
  if ok then return count end
  os.remove(part)
  error(count, 0)
end

return export
