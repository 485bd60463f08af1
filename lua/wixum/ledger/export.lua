--- A ledger's rows as a file for spreadsheets, or for programs.
--
-- Owns which fields an export has, and how they are written. Accept links are no part of it: who has one can accept.

local cjson = require "cjson"
local csv_cells = require "wixum.ledger.cells"
local in_json = require("wixum.csv.problem").in_json
local new_file = require "wixum.ledger.new_file"
local reader = require "wixum.ledger.reader"
local rows = require "wixum.ledger.rows"

local export = {}

export.FIELDS = { "site_id", "email", "policy_ids", "roles", "invite_purpose", "language", "state", "step", "unknown_step",
  "invite_id", "reason", "evidence", "account_id", "request_id", "mails", "planned_at", "first_mail_at", "earlier_mail_at", "last_mail_at",
  "expires_at", "joined_after", "joined_by", "candidates", "earlier_invites", "opened_at", "changed_at" }

local KIND = { name = "an export", is_one = reader.is_export }

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
      if row[field] ~= nil then parts[#parts + 1] = ("%s:%s"):format(cjson.encode(field), in_json(cjson.encode(row[field]))) end
    end
    write((count > 0 and ",\n{" or "\n{") .. table.concat(parts, ",") .. "}")
    count = count + 1
  end
  write("\n]\n")
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
  return new_file.write(target, state.path, KIND, function(write)
    local each = rows.each(function(statement) return state.db:all(statement) end, condition, limit)
    if format == "json" then return write_json(write, each) end
    return write_csv(write, each, delimiter)
  end)
end

return export
