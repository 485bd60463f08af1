--- Text encodings of spreadsheets' exports: which one a file is in, and its bytes as UTF-8, piece by piece.
--
-- Owns UTF-8, UTF-16 (both byte orders) and Windows-1252, byte order marks, and characters cut by the end of a piece.
-- Must not know files, CSV or messages. What is not valid comes out as bytes that are not valid UTF-8 either, so that
-- whoever knows the line can say where it is.

local byte, char, find, gsub, match, sub =
  string.byte, string.char, string.find, string.gsub, string.match, string.sub

local text_encoding = {}

--- Names as they are told, and as `decoder` takes them.
text_encoding.names = { "UTF-8", "UTF-16LE", "UTF-16BE", "Windows-1252" }

-- Other spellings, without case, dashes and blanks. Latin-1 is read as Windows-1252, as browsers do.
local spellings = {
  utf8 = "UTF-8", ascii = "UTF-8", usascii = "UTF-8",
  utf16 = "UTF-16LE", utf16le = "UTF-16LE", utf16be = "UTF-16BE",
  windows1252 = "Windows-1252", cp1252 = "Windows-1252", ansi = "Windows-1252",
  latin1 = "Windows-1252", iso88591 = "Windows-1252",
}

local marks = { ["UTF-8"] = "\xEF\xBB\xBF", ["UTF-16LE"] = "\xFF\xFE", ["UTF-16BE"] = "\xFE\xFF" }

--- The name of an encoding in the spelling of `names`.
---@param name string
---@return string? # nil where it is none of ours
function text_encoding.known(name)
  return spellings[(gsub(name:lower(), "[%-_ ]", ""))]
end

--- The encoding that a byte order mark says, and how long the mark is.
---@param sample string # the first bytes
---@return string? encoding # nil where there is no mark
---@return integer length
function text_encoding.marked(sample)
  for encoding, mark in pairs(marks) do
    if sub(sample, 1, #mark) == mark then return encoding, #mark end
  end
  return nil, 0
end

-- How many bytes at the end are the beginning of a character that goes on in the next piece.
local function unfinished(bytes)
  for back = 1, math.min(3, #bytes) do
    local value = byte(bytes, -back)
    if value >= 0xC2 and value <= 0xF4 then
      local length = value >= 0xF0 and 4 or value >= 0xE0 and 3 or 2
      return back < length and back or 0
    end
  end
  return 0
end

-- UTF-8 or Windows-1252, for bytes that are not all ASCII. Not the first bad byte decides: one damaged character in a
-- UTF-8 file is to be named, and not to turn every umlaut of the file into two wrong letters.
local function likelier(bytes)
  local rest, characters = gsub(bytes, "[\xC2-\xF4][\x80-\xBF]+", "")
  local _, strays = gsub(rest, "[\x80-\xFF]", "")
  return characters > 0 and characters >= strays and "UTF-8" or "Windows-1252"
end

-- UTF-16 without a mark: Western text has a NUL in nearly every unit, and nearly always on the same side.
local function by_nuls(sample)
  local first, second, units = 0, 0, math.min(#sample, 1024) // 2
  if units == 0 then return nil end
  for at = 1, units * 2, 2 do
    if byte(sample, at) == 0 then first = first + 1 end
    if byte(sample, at + 1) == 0 then second = second + 1 end
  end
  local most, few = units * 3 / 4, units / 4
  if second >= most and first <= few then return "UTF-16LE" end
  if first >= most and second <= few then return "UTF-16BE" end
end

--- The encoding of a text that starts like this, without a mark.
---@param sample string # the first bytes, the more the better
---@return string? # nil where all of it is ASCII: then it is not decided yet
function text_encoding.recognise(sample)
  local wide = by_nuls(sample)
  if wide then return wide end
  local whole = sub(sample, 1, #sample - unfinished(sample))
  if utf8.len(whole) == #whole then return nil end
  return likelier(whole)
end

local function utf_8()
  local kept = ""
  return function(bytes, last)
    bytes = kept .. bytes
    local cut = last and 0 or unfinished(bytes)
    kept = sub(bytes, #bytes - cut + 1)
    if cut > 0 then bytes = sub(bytes, 1, #bytes - cut) end
    return bytes, utf8.len(bytes)
  end
end

local from_windows_1252 = {}
do
  local upper_controls = {
    0x20AC, false, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, false, 0x017D,
    false, false, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, false,
    0x017E, 0x0178,
  }
  -- The five bytes that mean nothing stay as they are: not valid UTF-8, and so found later.
  for i, point in ipairs(upper_controls) do from_windows_1252[char(0x7F + i)] = point and utf8.char(point) or nil end
  for value = 0xA0, 0xFF do from_windows_1252[char(value)] = utf8.char(value) end
end

local function windows_1252(bytes)
  if utf8.len(bytes) == #bytes then return bytes, #bytes end
  -- In runs, because one gsub over all bytes costs four times as much.
  local parts, at = {}, 1
  while at <= #bytes do
    local upper = match(bytes, "^[\0-\x7F]*()", at)
    local after = match(bytes, "^[\x80-\xFF]*()", upper)
    parts[#parts + 1] = sub(bytes, at, upper - 1)
    parts[#parts + 1] = gsub(sub(bytes, upper, after - 1), ".", from_windows_1252)
    at = after
  end
  local text = table.concat(parts)
  return text, utf8.len(text)
end

-- Two surrogates, each written as if it were a character, become the one character that they stand for.
-- A lone one stays: UTF-8 does not allow it, and so it is found later.
local function join_surrogates(pair)
  local high, low = utf8.codepoint(pair, 1, 4, true)
  return utf8.char(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
end

local pairs_kept = 20000   -- more than a European language uses, less than two megabytes

-- UTF-8 for two units at a time, in a table that fills itself: for gsub, which looks up faster than it calls.
local function unit_pairs(unit_format)
  local count = 0
  return setmetatable({}, { __index = function(known, bytes)
    count = count + 1
    if count % pairs_kept == 0 then
      for key in pairs(known) do known[key] = nil end
    end
    local text = utf8.char(string.unpack(unit_format, bytes), (string.unpack(unit_format, bytes, 3)))
    known[bytes] = text
    return text
  end })
end

local function utf_16(order)
  local kept = ""
  local unit_format = order .. "I2"
  local texts = unit_pairs(unit_format)
  local from_end = order == "<" and 0 or 1   -- of a unit, to its high byte

  -- Bytes at the end that need the next piece: half a unit, half a surrogate pair.
  local function incomplete(bytes)
    local odd = #bytes % 2
    local high = #bytes > 1 and byte(bytes, #bytes - odd - from_end)
    return high and high >= 0xD8 and high <= 0xDB and odd + 2 or odd
  end

  return function(bytes, last)
    bytes = kept .. bytes
    local cut = last and #bytes % 2 or incomplete(bytes)
    local whole = #bytes - cut
    kept = sub(bytes, whole + 1)
    local text = gsub(sub(bytes, 1, whole - whole % 4), "....", texts)
    if whole % 4 > 0 then text = text .. utf8.char((string.unpack(unit_format, bytes, whole - 1))) end
    if last and cut > 0 then text = text .. "\xFF" end   -- half a unit is not valid, and shall not look so
    if find(text, "\xED", 1, true) then
      text = gsub(text, "\xED[\xA0-\xAF][\x80-\xBF]\xED[\xB0-\xBF][\x80-\xBF]", join_surrogates)
    end
    return text, utf8.len(text)
  end
end

local function undecided(decided)
  local decode
  local kept = ""
  return function(bytes, last)
    if decode then return decode(bytes, last) end
    bytes = kept .. bytes
    local cut = last and 0 or unfinished(bytes)
    local whole = sub(bytes, 1, #bytes - cut)
    if utf8.len(whole) == #whole then
      kept = sub(bytes, #whole + 1)
      return whole, #whole
    end
    local encoding = likelier(whole)
    decode = text_encoding.decoder(encoding)
    decided(encoding)
    return decode(bytes, last)
  end
end

--- A function that is given a file's bytes piece by piece, in order, and returns them as UTF-8, in whole characters.
--- With them comes their number, nil where some of it is not valid. The last call says so by a second argument, and may
--- be given an empty piece.
---@param encoding string? # of `names`; nil: ASCII until the first other byte decides between UTF-8 and Windows-1252
---@param decided? fun(encoding: string) # is told that decision
---@return fun(bytes: string, last: boolean?): string, integer?
function text_encoding.decoder(encoding, decided)
  if encoding == "UTF-8" then return utf_8() end
  if encoding == "UTF-16LE" then return utf_16("<") end
  if encoding == "UTF-16BE" then return utf_16(">") end
  if encoding == "Windows-1252" then return windows_1252 end
  return undecided(decided)
end

return text_encoding
