--- Which character stands between the cells.
--
-- Owns the candidates and the way they are compared. Must not read files: it is given the beginning of a text.

local records = require "wixum.csv.records"

local delimiter = {}

-- The rarer in prose first: where two fit equally well, the first is meant.
local candidates = { "\t", ";", "," }

local titles = { [","] = "comma", [";"] = "semicolon", ["\t"] = "tab" }

local rows_compared = 20

---@param value any
---@return boolean
function delimiter.usable(value)
  return type(value) == "string" and value:find '^[!#-/:-@[-`{-~\t]$' ~= nil
end

--- How a message calls it.
---@param value string
---@return string
function delimiter.title(value)
  return titles[value] or value
end

--- What Excel's own first line says (`sep=;`), which no spreadsheet shows.
---@param text string
---@return string? # nil where there is no such line
function delimiter.announced(text)
  local value = text:match '^"?[sS][eE][pP]=(.)"?[\r\n]'
  return delimiter.usable(value) and value or nil
end

-- Cells in the first row if the text is cut by `value`, and the share of the next rows that have as many.
local function fit(text, value, keys)
  local pending, faults = text, 0
  local function read()
    local piece = pending
    pending = nil
    return piece, piece and utf8.len(piece)
  end
  local settings = { delimiter = value, trim = true, max_cell = #text }
  local next_row, expect = records.reader(read, settings, function() faults = faults + 1 end)
  expect(keys, true, true)
  local first = next_row()
  if not first then return 0, 0 end
  local same, count = 1, 1
  while count + faults < rows_compared do
    local row = next_row()
    if not row then break end
    count = count + 1
    if #row == #first then same = same + 1 end
  end
  return #first, same / (count + faults)
end

--- The candidate that cuts the text most evenly. Where none cuts the first row, a comma.
---@param text string # the beginning of the file
---@param keys integer[] # 1, 2, 3 … up to the largest number of columns
---@return string
function delimiter.recognise(text, keys)
  local best, best_share, best_width = ",", 0, 1
  for _, value in ipairs(candidates) do
    local width, share = fit(text, value, keys)
    if width > 1 and (share > best_share or share == best_share and width > best_width) then
      best, best_share, best_width = value, share, width
    end
  end
  return best
end

return delimiter
