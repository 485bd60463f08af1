--- What people cannot see around a cell: blanks of every width, soft hyphens, marks of direction, byte order marks.
--
-- Owns the list of them, trimming, and a quick test that spares it. Pure functions on UTF-8 strings.

local byte, find, sub = string.byte, string.find, string.sub

local blanks = {}

-- Beyond ASCII, with their lengths: blanks of typesetters, what word processors and mail programs paste along.
local wide = { ["\u{85}"] = 2, ["\u{A0}"] = 2, ["\u{AD}"] = 2, ["\u{3000}"] = 3, ["\u{FEFF}"] = 3 }
for _, range in ipairs{ { 0x2000, 0x200F }, { 0x2028, 0x202F }, { 0x205F, 0x2069 } } do
  for point = range[1], range[2] do wide[utf8.char(point)] = 3 end
end

-- A text without these holds none of them.
local wide_beginnings = { "\u{85}", "\u{A0}", "\u{AD}", "\xE2\x80", "\xE2\x81", "\u{3000}", "\u{FEFF}" }

local function narrow(value)
  return value == 32 or value and value >= 9 and value <= 13
end

-- By positions and not by cutting again and again: a megabyte of blanks costs one walk.
local function trimmed(text)
  local from, to = 1, #text
  while from <= to do
    local length = narrow(byte(text, from)) and 1 or wide[sub(text, from, from + 1)] or wide[sub(text, from, from + 2)]
    if not length then break end
    from = from + length
  end
  while from <= to do
    local length = narrow(byte(text, to)) and 1 or wide[sub(text, to - 1, to)] or wide[sub(text, to - 2, to)]
    if not length then break end
    to = to - length
  end
  return sub(text, from, to)
end

--- The text without what surrounds it unseen.
---@param text string
---@return string
function blanks.trim(text)
  local first, last = byte(text, 1), byte(text, -1)
  if first and first > 32 and first < 128 and last > 32 and last < 128 then return text end
  return trimmed(text)
end

--- A function that tells whether no cell of a text, outside quotes, needs trimming. Where in doubt one does.
---@param delimiter string
---@return fun(text: string, ascii: boolean): boolean
function blanks.tightness(delimiter)
  local hints = {}
  for _, beside in ipairs{ delimiter, "\n", "\r" } do
    hints[#hints + 1] = " " .. beside
    hints[#hints + 1] = beside .. " "
  end
  for _, blank in ipairs{ "\t", "\v", "\f" } do
    if blank ~= delimiter then hints[#hints + 1] = blank end
  end
  local narrow_hints = #hints
  table.move(wide_beginnings, 1, #wide_beginnings, narrow_hints + 1, hints)
  return function(text, ascii)
    text = "\n" .. text .. "\n"   -- so that its first and its last cell, too, stand beside something
    for i = 1, ascii and narrow_hints or #hints do
      if find(text, hints[i], 1, true) then return false end
    end
    return true
  end
end

return blanks
