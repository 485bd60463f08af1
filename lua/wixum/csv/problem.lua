--- What is wrong with a CSV file, and where: one value for the program, one line for the operator.
--
-- Owns the error value and the masking of what a file holds. Must not read files: it is handed everything.
-- A file may come from anybody, so nothing of it reaches a terminal or a log that could move a cursor, turn the reading
-- direction or break a line.

local problem = {}

---@class wixum.CsvProblem
---@field file string # the path as given, or "input"
---@field line integer? # physical line, the first is 1; for a cell the one where the cell starts
---@field column (string|integer)? # the column's header as the file has it; its number where it has none
---@field value string? # the beginning of the cell, control bytes masked
---@field reason string # what is wrong and what to do
---@field rest_unread boolean? # true: what follows in the file could not be told apart, reading ended here

local shown = 40   -- characters of a cell in a message: enough to find it, and no screenful

-- Characters that say nothing but do something: C1 controls, blanks without width, turns of the reading direction.
local unseen = { "^\xC2[\x80-\x9F]", "^\xE2\x80[\x8B-\x8F\xA8-\xAE]", "^\xE2\x81[\xA0-\xAF]", "^\xEF\xBB\xBF" }

local short = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function masked(character)
  if short[character] then return short[character] end
  if character:find("^[\0-\31\127]") then return ("\\x%02X"):format(character:byte()) end
  for _, pattern in ipairs(unseen) do
    if character:find(pattern) then return ("\\u{%X}"):format(utf8.codepoint(character)) end
  end
  return character
end

--- The beginning of a text, for a message: no byte in it that a terminal would act on.
---@param text string
---@param limit integer? # characters
---@return string
function problem.printable(text, limit)
  limit = limit or shown
  local parts, at = {}, 1
  while at <= #text and #parts < limit do
    if utf8.len(text, at, at) then
      local after = utf8.offset(text, 2, at)
      parts[#parts + 1] = masked(text:sub(at, after - 1))
      at = after
    else
      parts[#parts + 1] = ("\\x%02X"):format(text:byte(at))
      at = at + 1
    end
  end
  if at <= #text then parts[#parts + 1] = "…" end
  return table.concat(parts)
end

--- A text of several lines, in which nothing does what a terminal would act on, but for the ends of its lines.
---@param text string
---@return string
function problem.lines(text)
  if not text:find("[%z\1-\9\11-\31\127-\255]") then return text end
  return (text:gsub("[%z\1-\127\194-\253][\128-\191]*", function(character)
    return character ~= "\n" and masked(character) or nil
  end))
end

--- A line of what programs read, on a terminal: its end and its tabs stay, and a mark that tells of UTF-8.
---@param text string
---@return string
function problem.on_terminal(text)
  if not text:find("[%z\1-\8\11-\31\127-\255]") then return text end
  local mark = text:match "^\xEF\xBB\xBF" or ""
  local rest, ending = text:match("^(.-)(\r?\n?)$", #mark + 1)
  return mark .. rest:gsub("[%z\1-\127\194-\253][\128-\191]*", function(character)
    return character ~= "\n" and character ~= "\t" and masked(character) or nil
  end) .. ending
end

--- JSON in which nothing that a terminal would act on stands as itself: the same value, escaped.
---@param text string
---@return string
function problem.in_json(text)
  if not text:find("[\127\194\226\239]") then return text end
  return (text:gsub("[\127\194-\253][\128-\191]*", function(character)
    if character == "\127" then return "\\u007f" end
    for _, pattern in ipairs(unseen) do
      if character:find(pattern) then return ("\\u%04x"):format(utf8.codepoint(character)) end
    end
  end))
end

local Problem = { __name = "wixum.csv.problem" }

function Problem.__tostring(self)
  local parts = { problem.printable(self.file, 200) }
  if self.line then parts[1] = parts[1] .. ":" .. self.line end
  if self.column then
    parts[2] = "column " .. (math.type(self.column) and self.column or ('"%s"'):format(problem.printable(self.column)))
  end
  parts[#parts + 1] = self.reason
  if self.value then parts[#parts + 1] = "it reads: " .. self.value end
  return table.concat(parts, ": ")
end

function Problem.__concat(left, right)
  return tostring(left) .. tostring(right)
end

---@param fields table # as of wixum.CsvProblem, `value` as it stands in the file
---@return wixum.CsvProblem
function problem.new(fields)
  fields.value = fields.value and problem.printable(fields.value)
  return setmetatable(fields, Problem)
end

---@param value any
---@return boolean
function problem.is(value)
  return getmetatable(value) == Problem
end

return problem
