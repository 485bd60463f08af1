--- `wixum.csv.rows`: the rows of a spreadsheet's export, whatever program and country it comes from.
--
-- Owns the header, the iterator, and the words in which faults of rows are told.
-- Must not know what the columns mean, that is the business of whoever reads; and it never changes a file.
--
--   csv.lua ─ csv/options.lua     what a program may ask for
--           ─ csv/source.lua      a file as text (text_encoding.lua)
--           ─ csv/delimiter.lua   what stands between the cells
--           ─ csv/records.lua     text as rows
--           ─ csv/problem.lua     what is wrong, for people

local names = require "wixum.names"
local blanks = require "wixum.csv.blanks"
local checks = require "wixum.csv.options"
local delimiters = require "wixum.csv.delimiter"
local problem = require "wixum.csv.problem"
local records = require "wixum.csv.records"
local sources = require "wixum.csv.source"

local csv = {}

---@class wixum.CsvFormat # what was recognised; printed it is one line
---@field file string # the path as given; "input" for an open file
---@field delimiter string
---@field encoding string # "UTF-8" also while all is ASCII; then the first other byte may make it "Windows-1252"
---@field columns string[] # headers as the file has them, trimmed; empty with `header = false`
---@field header_line integer? # where they stand

---@class wixum.CsvRows # the iterator: to be called, closed (also by <close>), printed
---@field format wixum.CsvFormat
---@field close fun(self: wixum.CsvRows)

-- What is wrong with a row, and what to do about it.
local reasons = {
  nul = "a NUL byte in the cell; save the file again as CSV UTF-8, or say its encoding",
  encoding = "bytes that are not %s; save the file again as CSV UTF-8, or say its encoding",
  cell = "more than %d bytes in one cell; look for a quote that is not closed, or raise max_cell",
  row = "more than %d bytes in one row; look for a quote that is not closed, or raise max_cell",
  surplus = "a cell behind the last of %d columns; a cell that holds the delimiter needs quotes around it",
  open = "the quote that begins this cell is never closed; close it, or write it twice if it belongs to the text",
  stray = "text behind the closing quote; a quote inside a quoted cell is written twice",
}

local function stop(fields)
  error(problem.new(fields), 0)
end

local function quoted(text)
  return ('"%s"'):format(problem.printable(text))
end

-- Where each name stands in the header; a name that is empty, or there twice, is refused.
local function positions(columns, file, line)
  local at = {}
  for i, name in ipairs(columns) do
    if name == "" then
      stop{ file = file, line = line, column = i, reason = "the header has no name for this column; give it one" }
    elseif at[name] then
      stop{ file = file, line = line, column = i,
        reason = ("the header has %s twice, in columns %d and %d; rename one"):format(quoted(name), at[name], i) }
    end
    at[name] = i
  end
  return at
end

-- The rows' key for every column.
local function keys_of(columns, map, file, line)
  local at = positions(columns, file, line)
  local keys = table.move(columns, 1, #columns, 1, {})
  for key, header in pairs(map or {}) do
    if not at[header] then
      local known = {}
      for i = 1, math.min(#columns, 50) do known[i] = problem.printable(columns[i]) end
      stop{ file = file, line = line, reason = ("the header has no column %s, which is to be %s%s"):format(
        quoted(header), quoted(key), names.suggestion(header, known)) }
    end
    keys[at[header]] = key
  end
  local owner = {}
  for i, key in ipairs(keys) do
    if owner[key] then
      stop{ file = file, line = line, column = i,
        reason = ("columns %d and %d would both be %s in the rows; rename one"):format(owner[key], i, quoted(key)) }
    end
    owner[key] = i
  end
  return keys
end

-- The columns' names from the file's first row; cells without content at its end name nothing.
local function read_header(next_row, file)
  local cells, line = next_row()
  if not cells then stop{ file = file, reason = "the file holds no rows; the first one must name the columns" } end
  local columns = {}
  for i, cell in ipairs(cells) do columns[i] = blanks.trim(cell) end
  while columns[#columns] == "" do columns[#columns] = nil end
  return columns, line
end

local Format = { __name = "wixum.csv.format" }

function Format.__tostring(self)
  return ("%s: %s, %s, %d columns"):format(problem.printable(self.file, 200), delimiters.title(self.delimiter),
    self.encoding, #self.columns)
end

local function closed() end

-- The iterator, with everything in front of the first row of data read.
local function iterator(source, options)
  local numbers = {}
  for i = 1, options.max_columns do numbers[i] = i end
  local announced = delimiters.announced(source.start)
  local format = setmetatable(source.format, Format)
  format.delimiter = options.delimiter or announced or delimiters.recognise(source.start, numbers)
  format.columns = {}
  local keys = numbers
  local on_problem   -- none yet: without a header no row is worth anything

  local function report(fault)
    local detail = {
      encoding = format.encoding, surplus = #keys,
      cell = options.max_cell, row = options.max_cell * records.cells_in_row,
    }
    local reason = reasons[fault.kind]:format(detail[fault.kind])
    if fault.rest_unread then reason = reason .. "; nothing behind it was read" end
    local found = problem.new{
      file = format.file, line = fault.line, column = format.columns[fault.index] or fault.index,
      value = fault.value, reason = reason, rest_unread = fault.rest_unread,
    }
    if fault.rest_unread or not on_problem then source.close() end
    if not on_problem then error(found, 0) end
    on_problem(found)
  end

  local next_row, expect = records.reader(source.read,
    { delimiter = format.delimiter, trim = options.trim, max_cell = options.max_cell }, report)
  expect(numbers, true, true)
  if announced then next_row() end
  if options.header == true then
    format.columns, format.header_line = read_header(next_row, format.file)
  elseif options.header then
    format.columns = table.move(options.header, 1, #options.header, 1, {})
  end
  if options.header then
    keys = keys_of(format.columns, options.column, format.file, format.header_line)
  end
  expect(keys, not options.header, options.skip_blank)
  on_problem = options.on_problem

  local meta = { __name = "wixum.csv.rows", __call = next_row }
  local rows = { format = format }
  function rows.close()
    meta.__call = closed
    source.close()
  end
  meta.__close = rows.close
  function meta.__tostring() return "rows of " .. tostring(format) end
  return setmetatable(rows, meta)
end

--- Reads a spreadsheet's export row by row; of a million rows only one block is in memory.
---
---     for row, line in assert(wixum.csv.rows("customers.csv", { column = { email = "E-Mail" } })) do
---       print(line, row.site_id, row.email)
---     end
---
--- Rows are tables by header; a cell that is empty or missing is nil. `line` is the physical line where the row starts.
--- Delimiter (comma, semicolon, tab; Excel's `sep=;`), encoding (UTF-8, UTF-16, Windows-1252) and line ends are
--- recognised; the second value tells them. The file is closed at the end, on break and by errors; one that was handed
--- over open is left open.
---
--- A row that cannot be read is raised as a value that names file, line, column and reason, or given to
--- `options.on_problem`. Reading then goes on with the next row; where quotes are wrong, and so nobody knows where the
--- row ends, with the line behind its first.
---@param path string|file* # or any table with a method `read(self, bytes)`
---@param options wixum.CsvOptions?
---@return wixum.CsvRows? rows # nil where the file or its header cannot be used
---@return wixum.CsvFormat|string format # what was recognised; or in one line why not
---@return nil
---@return wixum.CsvRows? closing # for the generic `for`
function csv.rows(path, options)
  checks.check_path(path, csv, 2)
  options = checks.complete(options, 2)
  local source
  local opened, rows = pcall(function()
    source = sources.open(path, options.encoding, options.block_size)
    return iterator(source, options)
  end)
  if opened then return rows, rows.format, nil, rows end
  if source then source.close() end
  if problem.is(rows) then return nil, tostring(rows) end
  error(rows, 0)
end

return csv
