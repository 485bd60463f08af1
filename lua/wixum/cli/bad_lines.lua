--- Lines of a spreadsheet that cannot be used, in a file of their own: corrected there, they can be planned from it.
--
-- Owns that file. The columns are the spreadsheet's own, with the line and what is wrong behind them. Somebody may have corrected lines in
-- one that is there: it stays, unless the same would be written again, which a trial finds out.

local cells = require "wixum.ledger.cells"
local filesystem = require "wixum.ledger.filesystem"

local bad_lines = {}
bad_lines.__index = bad_lines

local MARK = "line,reason" -- how the header ends

---@param path string where nothing is, or lines that were left out before
---@param source string the spreadsheet, which must not be replaced: what is left out of it may be part of what it holds
---@param ledger string path of the ledger, which must not be replaced either
---@param is_trial boolean? nothing is written; at the end it is told whether the file may be
---@return table? bad_lines `is_there`: there is such a file, with lines
---@return string? problem
function bad_lines.new(path, source, ledger, is_trial)
  if filesystem.is_of_ledger(path, ledger) then return nil, "this is the ledger" end
  if filesystem.is_same(path, source) then return nil, path .. " is the spreadsheet itself; name another file" end
  if filesystem.is_special(path) then return nil, "this is no plain file" end
  local start = filesystem.exists(path) and filesystem.start_of(path)
  if start ~= false then
    if start ~= "" and (not start or start:match("^[^\r\n]*"):sub(-#MARK) ~= MARK) then
      return nil, path .. " is there already, and holds no lines that were left out; name another file"
    end
  end
  local is_there = start ~= false and start ~= ""
  if is_there and (source == "-" or filesystem.is_special(source)) then -- it cannot be read twice, once for a trial
    return nil, path .. " is there already; name another file, or remove it"
  end
  return setmetatable({ path = path, part = filesystem.free_name(path), is_trial = is_trial, is_there = is_there, problems = {},
    count = 0 }, bad_lines)
end

--- What is wrong with a line, before the line itself.
---@param found wixum.PlanProblem
function bad_lines:problem(found) self.problems[#self.problems + 1] = found end

local function write(self, values)
  for i, value in ipairs(values) do values[i] = cells.written(value, ",") end
  local ok, problem = self.file:write(table.concat(values, ","), "\r\n")
  if not ok then self.trouble = self.trouble or problem end
end

local function begin(self, columns)
  if self.columns then return end
  -- those of a file of ours are written anew
  local count = #columns
  if columns[count - 1] == "line" and columns[count] == "reason" then count = count - 2 end
  self.columns = table.move(columns, 1, count, 1, {})
  local problem
  if self.is_trial then self.file, problem = io.tmpfile()
  else
    filesystem.make_private(self.part) -- it holds the addresses of people
    self.file, problem = io.open(self.part, "wb")
  end
  if not self.file then require("wixum.cli.desk").fail("--skip-bad: " .. tostring(problem)) end
  self.file:write("\xEF\xBB\xBF") -- tells Excel that it is UTF-8
  local header = table.move(self.columns, 1, count, 1, {})
  header[#header + 1], header[#header + 2] = "line", "reason"
  write(self, header)
end

-- A line with these cells; of one that could not be read as a row there are none.
local function add(self, row, line, reason)
  local values = {}
  for i, name in ipairs(self.columns) do values[i] = row[name] == nil and "" or tostring(row[name]) end
  values[#values + 1], values[#values + 2] = line and ("%d"):format(line) or "", reason
  write(self, values)
  self.count = self.count + 1
end

-- What is wrong with a line. What was told of lines that could not be read as rows is written first.
local function reasons_of(self, line)
  local reasons = {}
  for _, found in ipairs(self.problems) do
    if found.line == line then reasons[#reasons + 1] = (found.column and found.column .. ": " or "") .. found.reason
    else add(self, {}, found.line, found.reason .. (found.value and ": " .. found.value or "")) end
  end
  self.problems = {}
  return table.concat(reasons, "; ")
end

--- A line that is left out.
---@param row table
---@param line integer
---@param columns string[]
function bad_lines:row(row, line, columns)
  begin(self, columns)
  add(self, row, line, reasons_of(self, line))
end

-- Does a file have what was written to another?
local function is_same(file, path)
  local there = io.open(path, "rb")
  if not there then return false end
  local _ <close> = there
  file:seek("set")
  local one, other
  repeat
    one, other = file:read(65536), there:read(65536)
    if one ~= other then return false end
  until not one
  return true
end

local OTHERWISE = "%s is there already, and is not what would be written now: somebody may have corrected lines in it. "
  .. "Name another file, or remove it. Nothing was planned"

--- That was all: the file is there, where lines were left out of a plan that was made.
---@param made boolean
---@return string? problem
function bad_lines:close(made)
  if made and #self.problems > 0 then
    begin(self, {})
    reasons_of(self, nil)
  end
  if not self.file then return end
  if self.is_trial then
    local file <close> = self.file
    return made and self.is_there and not is_same(file, self.path) and OTHERWISE:format(self.path) or nil
  end
  local ok, problem = self.file:close()
  if not made then
    os.remove(self.part)
    return
  end
  problem = self.trouble or not ok and problem or nil
  if not problem then ok, problem = os.rename(self.part, self.path) end
  if not ok or problem then
    os.remove(self.part)
    return problem
  end
end

return bad_lines
