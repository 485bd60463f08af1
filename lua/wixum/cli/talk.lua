--- What the command says, and what it asks.
--
-- Owns stdout and stderr: results go to stdout, everything else to stderr; with --quiet only what is wrong is said. Nothing of a file or
-- of an answer reaches a terminal unmasked, JSON no file either; CSV and pages are as they are in a file or a pipe.

local cjson = require "cjson"
local children = require "wixum.children"
local errors = require "wixum.errors"
local status = require "wixum.cli.status"
local suggested = require "wixum.cli.suggested"
local problems = require "wixum.csv.problem"
local printable = problems.printable

local talk = {}
talk.__index = talk

-- Is a descriptor a terminal?
local function is_terminal(descriptor) return children.run(("test -t %d"):format(descriptor)) end

---@param given { quiet: boolean?, json: boolean?, yes: boolean?, sandbox: boolean?, ledger: string? }
---@return table talk
function talk.new(given)
  return setmetatable({ quiet = given.quiet == true, json = given.json == true, yes = given.yes == true,
    options = suggested.options(given) }, talk)
end

-- A text of ours, which may name commands, and hold what others have chosen.
local function worded(self, text, ...)
  return problems.lines(suggested.text(select("#", ...) > 0 and text:format(...) or text, self.options))
end

--- Does somebody look at stderr?
function talk:is_watched()
  if self.watched == nil then self.watched = is_terminal(2) end
  return self.watched
end

--- A line on stderr, unless --quiet.
function talk:note(text, ...)
  if self.quiet then return end
  io.stderr:write(worded(self, text, ...), "\n")
end

--- An error on stderr. Of what was decided here, only what people need: what happened, and what to do.
---@param err wixum.Error
function talk:failed(err)
  if err.kind ~= "ledger" and err.kind ~= "invalid" then return self:wrong("%s", tostring(err)) end
  self:wrong("%s %s", errors.sentence(err.message), errors.sentence(errors.advice_of(err)))
end

--- A line on stderr of what is wrong.
function talk:wrong(text, ...)
  io.stderr:write("wixum: ", worded(self, text, ...), "\n")
end

-- Tables that hold names; any other that is empty is a list.
local BY_NAME = { skipped = true, states = true }

-- A value as JSON; cjson cannot know of an empty table whether it is a list.
local function encoded(value, name)
  if type(value) ~= "table" then return cjson.encode(value) end
  local parts = {}
  if value[1] ~= nil then
    for i, item in ipairs(value) do parts[i] = encoded(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local names = {}
  for key in pairs(value) do names[#names + 1] = key end
  if not names[1] and name and not BY_NAME[name] then return "[]" end
  table.sort(names)
  for i, key in ipairs(names) do parts[i] = ("%s:%s"):format(cjson.encode(key), encoded(value[key], key)) end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- The result: a text for people, unless --quiet; or, with --json, a value.
---@param text string
---@param value any
function talk:result(text, value)
  if self.json then self:out(encoded(value), "\n")
  elseif not self.quiet then self:out(worded(self, text), "\n") end
end

--- To stdout. That it cannot be written is told at the end.
function talk:out(...)
  local parts = { ... }
  if self.json then for i, part in ipairs(parts) do parts[i] = problems.in_json(part) end end
  local ok, problem = io.stdout:write(table.unpack(parts))
  if not ok then self.trouble = self.trouble or problem end
end

--- Has all of the result been written? To be asked once, at the end.
---@return string? problem
function talk:finish()
  local ok, problem = io.stdout:flush()
  return self.trouble or not ok and problem or nil
end

--- What programs read, written to stdout by somebody else: where that is a terminal, it is shown there once it is whole.
---@param write fun(file: file*): any
---@return any ... what it returns
function talk:through(write)
  if not is_terminal(1) then return write(io.stdout) end
  local file <close> = assert(io.tmpfile())
  local results = table.pack(write(file))
  file:seek("set")
  for line in file:lines("L") do self:out(problems.on_terminal(line)) end
  return table.unpack(results, 1, results.n)
end

-- A cell of CSV for lists; they hold names that others have chosen.
local function cell(value)
  return require("wixum.ledger.cells").written(value == nil and "" or tostring(value), ",")
end

--- A list: as a table for people, or as --json or --csv say.
---@param columns { [1]: string, [2]: string }[] name of the field, and header
---@param rows table[]
---@param as_csv boolean?
function talk:list(columns, rows, as_csv)
  if self.json then
    local list = {}
    for i, row in ipairs(rows) do
      list[i] = {}
      for _, column in ipairs(columns) do list[i][column[1]] = row[column[1]] end
    end
    self:out(#list > 0 and cjson.encode(list) or "[]", "\n")
    return
  end
  local function line(of, written, between)
    local cells = {}
    for i, column in ipairs(columns) do cells[i] = written(of(column), i) end
    return (table.concat(cells, between):gsub("%s+$", ""))
  end
  if as_csv then
    return self:through(function(file)
      local function put(of)
        local ok, problem = file:write(line(of, cell, ","), "\r\n")
        if not ok then self.trouble = self.trouble or problem end
      end
      put(function(column) return column[1] end)
      for _, row in ipairs(rows) do put(function(column) return row[column[1]] end) end
    end)
  end
  local widths, shown = {}, {}
  for i, column in ipairs(columns) do widths[i] = #column[2] end
  for number, row in ipairs(rows) do
    shown[number] = {}
    for i, column in ipairs(columns) do
      local text = row[column[1]] == nil and "" or printable(tostring(row[column[1]]), 60)
      shown[number][column[1]] = text
      widths[i] = math.max(widths[i], utf8.len(text) or #text)
    end
  end
  local function padded(text, i) return text .. (" "):rep(widths[i] - (utf8.len(text) or #text)) end
  self:out(line(function(column) return column[2] end, padded, "  "), "\n")
  for _, row in ipairs(shown) do self:out(line(function(column) return row[column[1]] end, padded, "  "), "\n") end
end

--- Asks before something is done live that cannot be taken back. --yes answers; without a terminal and without it the answer is no.
---@param what string what will be done, as a sentence
---@param otherwise string what is so without a yes, as a sentence
---@return boolean
---@return integer? code the exit status where not
function talk:may(what, otherwise)
  if self.yes then return true end
  if not is_terminal(0) or not is_terminal(2) then
    self:wrong("%s Nobody can be asked here: say --yes to do it. %s", what, otherwise)
    return false, status.USAGE
  end
  local heard, answer = pcall(function() -- from the first letter on that can be answered
    io.stderr:write(problems.lines(what), " Go on? [y/N] ")
    io.stderr:flush()
    return io.stdin:read "l"
  end)
  if not heard then -- Ctrl-C: what is so without a yes is said first
    io.stderr:write("\n", otherwise)
    error(answer, 0)
  end
  if answer and answer:lower():find("^%s*y") then return true end
  io.stderr:write(answer and "" or "\n", otherwise, "\n")
  return false, status.INTERRUPTED
end

return talk
