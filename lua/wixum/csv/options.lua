--- The options of `wixum.csv.rows`: what there is, what each must be, what it is when left out.
--
-- Owns the checks of what a program passes; a mistake raises at the program's line. Must not open or read anything.

local names = require "wixum.names"
local delimiter = require "wixum.csv.delimiter"
local problem = require "wixum.csv.problem"
local text_encoding = require "wixum.text_encoding"

local options = {}

---@class wixum.CsvOptions
---@field delimiter string? # one character, in place of recognition
---@field encoding string? # "UTF-8", "UTF-16LE", "UTF-16BE" or "Windows-1252", in place of recognition; a byte order mark wins
---@field column table<string, string>? # key in the rows = header in the file: `{ email = "E-Mail" }`; others stay as they are
---@field header (boolean|string[])? # true: the first row names the columns; a list: the names, all rows are data; false: rows are lists
---@field trim boolean? # true: what surrounds a cell unseen goes, blanks of every width, in quotes or not; false: it stays
---@field skip_blank boolean? # true: rows in which no cell holds anything are skipped
---@field max_cell integer? # bytes, 1 MiB; a row may hold eight times as many
---@field max_columns integer? # 1000
---@field on_problem fun(problem: wixum.CsvProblem)? # is told what is wrong with a row, and reading goes on; else it is raised
---@field block_size integer? # bytes read at a time, 64 KiB

local defaults = {
  header = true, trim = true, skip_blank = true,
  max_cell = 1 << 20, max_columns = 1000, block_size = 1 << 16,
}

-- Each name once: of a key, a header or a column.
local function distinct(list)
  local seen = {}
  for _, name in pairs(list) do
    if type(name) ~= "string" or name == "" or seen[name] then return false end
    seen[name] = true
  end
  return true
end

local function column_map(value)
  if type(value) ~= "table" then return false end
  for key in pairs(value) do
    if type(key) ~= "string" then return false end
  end
  return distinct(value)
end

local function header(value)
  return type(value) == "boolean" or type(value) == "table" and #value > 0 and distinct(value)
end

local function known_encoding(value)
  return type(value) == "string" and text_encoding.known(value) ~= nil
end

local function boolean(value)
  return type(value) == "boolean"
end

local function callable(value)
  local meta = getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and meta.__call ~= nil
end

local function up_to(most)
  return { function(value) return math.type(value) == "integer" and value >= 1 and value <= most end,
    ("an integer from 1 to %d"):format(most) }
end

-- What an option must be: the check, and the words for it.
local rules = {
  delimiter = { delimiter.usable, "one punctuation character or a tab" },
  encoding = { known_encoding, "one of " .. table.concat(text_encoding.names, ", ") },
  column = { column_map, 'a table { key = "header in the file" }, each header once' },
  header = { header, "true, false or a list of names, each once" },
  trim = { boolean, "true or false" },
  skip_blank = { boolean, "true or false" },
  max_cell = up_to(1 << 30),
  max_columns = up_to(100000),
  on_problem = { callable, "a function" },
  block_size = up_to(1 << 24),
}

-- Levels count as `error` does, from the function that calls this one.
local function raise(level, text, ...)
  error("wixum.csv.rows: " .. text:format(...), level + 1)
end

--- Raises unless `path` is something to read from.
---@param path any
---@param module table # what a call with a colon passes by mistake
---@param level integer # as for `error`
function options.check_path(path, module, level)
  if type(path) == "string" then return end
  if path == module then raise(level + 1, "use a dot in place of the colon: wixum.csv.rows(path)") end
  if io.type(path) == "closed file" then raise(level + 1, "the file is closed") end
  if io.type(path) or type(path) == "table" and callable(path.read) then return end
  raise(level + 1, "path must be a string or an open file, not a %s", type(path))
end

--- The given options checked and completed, in a table of its own.
---@param given any
---@param level integer # as for `error`
---@return wixum.CsvOptions
function options.complete(given, level)
  if given ~= nil and type(given) ~= "table" then
    raise(level + 1, "options must be a table, not a %s", type(given))
  end
  local complete = setmetatable({}, { __index = defaults })
  for name, value in pairs(given or {}) do
    local rule = rules[name]
    if not rule then
      local known = {}
      for key in pairs(rules) do known[#known + 1] = key end
      raise(level + 1, 'unknown option "%s"%s', problem.printable(tostring(name)), names.suggestion(name, known))
    end
    if not rule[1](value) then raise(level + 1, "option %s must be %s", name, rule[2]) end
    complete[name] = value
  end
  if complete.column and complete.header == false then
    raise(level + 1, "option column needs a header; leave out header = false, or give the names as a list")
  end
  if complete.encoding then complete.encoding = text_encoding.known(complete.encoding) end
  return complete
end

return options
