--- A review as a spreadsheet, and back: one row an account and site, a column for the decision and one for the signature.
--
-- Owns the columns, how cells are written so that no spreadsheet spoils or runs one, and which files a review may take the place of:
-- an earlier review, and never one in which somebody has decided or signed anything.

local cells = require "wixum.ledger.cells"
local cjson = require "cjson"
local csv = require "wixum.csv"
local database = require "wixum.ledger.database"
local filesystem = require "wixum.ledger.filesystem"
local folding = require "wixum.folding"
local problems = require "wixum.csv.problem"
local in_json, printable = problems.in_json, problems.printable

local sheet = {}

sheet.COLUMNS = { "who", "email", "name", "account_id", "user_id", "site", "site_id", "url", "roles", "role_ids", "evidence", "since",
  "changes", "decision", "signature", "account", "service" }

--- Without these a file is no review.
local NEEDED = { "who", "account_id", "user_id", "site_id", "decision", "account", "service" }

-- ---- writing ---------------------------------------------------------------------------------------------------------

-- Ids of roles, each in brackets: a spreadsheet would make a number of one that stands alone, and round it.
local function bracketed(ids)
  local list = {}
  for i, id in ipairs(ids) do list[i] = "[" .. id .. "]" end
  return table.concat(list, " ")
end

--- A row as text by column.
---@param row wixum.AccessRow
---@param review table `account_id`, `service`
---@return table<string, string>
function sheet.cells(row, review)
  local text = { role_ids = bracketed(row.role_ids), changes = row.changes, account = review.account_id or "", service = review.service }
  for _, name in ipairs(sheet.COLUMNS) do text[name] = text[name] or row[name] or "" end
  return text
end

--- Writes a review as CSV.
---@param review table `rows`, `account_id`, `service`
---@param write fun(text: string)
---@param delimiter string
function sheet.write(review, write, delimiter)
  write("\xEF\xBB\xBF" .. table.concat(sheet.COLUMNS, delimiter) .. "\r\n") -- the mark tells Excel that it is UTF-8
  for _, row in ipairs(review.rows) do
    local text, line = sheet.cells(row, review), {}
    for i, name in ipairs(sheet.COLUMNS) do line[i] = cells.written(text[name], delimiter) end
    write(table.concat(line, delimiter) .. "\r\n")
  end
end

local JSON_FIELDS = { "who", "email", "name", "account_id", "user_id", "site", "site_id", "url", "roles", "evidence", "since", "changes" }

--- Writes a review's rows as JSON, one a line.
---@param review table
---@param write fun(text: string)
function sheet.write_json(review, write)
  write("[")
  for i, row in ipairs(review.rows) do
    local parts, ids = {}, {}
    for _, name in ipairs(JSON_FIELDS) do parts[#parts + 1] = ('"%s":%s'):format(name, in_json(cjson.encode(row[name]))) end
    for k, id in ipairs(row.role_ids) do ids[k] = cjson.encode(id) end
    parts[#parts + 1] = ('"role_ids":[%s]'):format(table.concat(ids, ","))
    write((i > 1 and ",\n{" or "\n{") .. table.concat(parts, ",") .. "}")
  end
  write("\n]\n")
end

-- ---- reading ---------------------------------------------------------------------------------------------------------

---@class wixum.SheetRow fields by column, "" where a cell is empty; `role_ids` as text
---@field line integer

-- Which header is which of our columns; or nil and what is wrong. A second one that could pass for ours is refused: it would be read.
local function columns_of(headers, path)
  local names, there, ours = {}, {}, {}
  for _, name in ipairs(sheet.COLUMNS) do ours[name] = true end
  for _, header in ipairs(headers) do
    local name = utf8.len(header) and folding.title(header) or header
    if ours[name] and there[name] then
      return nil, ("%s has two columns %s: %s and %s. Rename the one that is not the review's"):format(path, name,
        printable(there[name], 60), printable(header, 60))
    end
    names[header], there[name] = ours[name] and name or nil, header
  end
  for _, name in ipairs(NEEDED) do
    if not there[name] then
      return nil, ("%s is no review of access: it has no column %s. `wixum access --csv FILE` makes one, and its headers must stay")
        :format(path, name)
    end
  end
  return names, there
end

--- Reads a review back, whatever a spreadsheet has made of it. Columns that are not ours are passed over.
---@param path string
---@param report fun(found: wixum.CsvProblem) is told of rows that cannot be read
---@return wixum.SheetRow[]? rows
---@return string|table<string, string> problem where it is no review; else its headers by our columns
---@return string[]? headers in their order
function sheet.read(path, report)
  local each, format = csv.rows(path, { on_problem = report })
  if not each then return nil, format --[[@as string]] end
  local _ <close> = setmetatable({}, { __close = each.close })
  local names, there = columns_of(format.columns, path)
  if not names then return nil, there end
  local list = {}
  for row, line in each do
    local own = { line = line }
    for _, name in ipairs(sheet.COLUMNS) do own[name] = "" end
    for header, text in pairs(row) do
      if names[header] then own[names[header]] = cells.read(text) end
    end
    list[#list + 1] = own
  end
  return list, there, format.columns
end

-- ---- which files it may replace --------------------------------------------------------------------------------------

local START = "^who[,;\t]email[,;\t]name[,;\t]account_id[,;\t]user_id[,;\t]"

-- What somebody has done to it; nil where it is as it was written. A column of theirs may hold a signature.
local function work_in(path)
  local bad = false
  local list, _, headers = sheet.read(path, function() bad = true end)
  if not list or bad or table.concat(headers, "\n") ~= table.concat(sheet.COLUMNS, "\n") then
    return "does not have the columns of a review alone: somebody has worked on it"
  end
  for _, row in ipairs(list) do
    if row.decision ~= "" or row.signature ~= "" then return "has decisions in it already" end
  end
end

--- What `new_file` asks: may another review take its place?
sheet.KIND = {
  name = "a review",
  is_one = function(path)
    local start = filesystem.start_of(path)
    if not start then return false end
    if start == "" then return true end
    if not start:gsub("^\xEF\xBB\xBF", ""):find(START) then return false end -- Excel saves it without the mark
    local work = work_in(path)
    if work then
      database.fail(("%s %s; it stays as it is"):format(path, work),
        "Name another file, and compare with this one by --since")
    end
    return true
  end,
}

return sheet
