--- Rows out of text that comes in pieces: cells, quotes, line ends, blank rows, and what is wrong with them.
--
-- Owns the grammar of CSV and the limits that keep memory flat: of the text it holds one piece and one row, never more.
-- Must not know files, encodings or what headers mean: it is given UTF-8 text, a delimiter and the rows' keys.
--
-- Two ways through: a row without quotes is cut by plain `find`s alone; every other row is read cell by cell, and so is
-- every row of a text that holds something forbidden. Both give the same rows.

local blanks = require "wixum.csv.blanks"

local byte, find, gsub, match, sub = string.byte, string.find, string.gsub, string.match, string.sub

local records = {}

local QUOTE, LF, CR = 34, 10, 13
local FAR = math.maxinteger   -- where something is that the text does not hold

records.cells_in_row = 8      -- a row may be this many times as large as the largest cell
local rows_reread = 8         -- and this many such rows are read twice for wrong quotes, before the file is given up

-- A table that grows key by key is rebuilt at each power of two; one that is made with room is not.
local function room_for_4() return { a = nil, b = nil, c = nil, d = nil } end
local function room_for_8() return { a = nil, b = nil, c = nil, d = nil, e = nil, f = nil, g = nil, h = nil } end
local function no_room() return {} end

-- LF, CR and CRLF each end one line.
local function count_lines(text)
  local _, feeds = gsub(text, "\n", "")
  if not find(text, "\r", 1, true) then return feeds end
  local _, returns = gsub(text, "\r", "")
  local _, both = gsub(text, "\r\n", "")
  return feeds + returns - both
end

---@class wixum.csv.records.settings
---@field delimiter string # one byte
---@field trim boolean
---@field max_cell integer # bytes

---@class wixum.csv.records.fault
---@field line integer
---@field index integer? # which cell of the row, nil for the row as a whole
---@field value string # the beginning of the cell
---@field kind "nul"|"encoding"|"cell"|"row"|"surplus"|"open"|"stray"
---@field rest_unread boolean? # where the next row begins is not known; there will be none

--- Makes the two functions of a reader: `next_row()`, which returns a row and the line where it starts, nil at the end;
--- and `expect(keys, lists, skip_blank)`: keys of the cells by their position (as many as there are columns), whether
--- empty cells are kept as "" (else they are left out), whether rows without content are skipped.
---@param read fun(): string?, integer? # a piece of text and the number of its characters, as of wixum.csv.source
---@param settings wixum.csv.records.settings
---@param report fun(fault: wixum.csv.records.fault) # may raise; else reading goes on with the next row
---@return fun(): (table?, integer?) next_row
---@return fun(keys: table, lists: boolean, skip_blank: boolean) expect
function records.reader(read, settings, report)
  local delimiter, trim, max_cell = settings.delimiter, settings.trim and blanks.trim, settings.max_cell
  local max_row = max_cell * records.cells_in_row
  local delimiter_byte = byte(delimiter)
  local is_tight = blanks.tightness(delimiter)
  local cell_end = "[%" .. delimiter .. "\r\n]"
  local delimiters = "^%" .. delimiter .. "*()"
  local not_blank = trim and (delimiter == "\t" and "[^ ]" or "[^ \t]") or "."

  local keys, width, lists, skip_blank, new_row
  local buffer, position = "", 1        -- text, and where in it the next row starts
  local line = 1                        -- of that row
  local ended = false                   -- nothing is left to read into the buffer
  local clean = true                    -- the buffer holds neither NUL nor what is not valid
  local tight = true                    -- no cell without quotes needs trimming in it
  local lf, cr, quote = 0, 0, 0         -- the first of each from `position` on; 0 is not looked up yet

  -- Reads on, keeping the text from `keep` on as the new beginning; false, with nothing changed, at the end.
  -- Doubles what is kept: a row that needs many pieces is copied twice on average and not once for every piece.
  local function grow(keep)
    if ended then return false end
    local kept = sub(buffer, keep)
    local parts, size, characters = { kept }, 0, utf8.len(kept)
    repeat
      local piece, count = read()
      ended = not piece
      if piece then
        parts[#parts + 1], size = piece, size + #piece
        characters = characters and count and characters + count
      end
    until ended or size >= #kept
    if size == 0 then return false end
    buffer = table.concat(parts)
    clean = characters and not find(buffer, "\0", 1, true)
    tight = not trim or is_tight(buffer, characters == #buffer)
    lf, cr, quote = 0, 0, 0
    return true
  end

  -- Reading cell by cell: `scan` walks; the starts follow when the text in front of them is dropped.
  local scan, cell_start, row_start
  local index                           -- of the cell
  local fault                           -- the row's first
  local misquoted                       -- where the row ends is anybody's guess
  local dropping                        -- nothing of the row is wanted any more, its text is dropped as it is read
  local dropped_lines
  local reread = 0                      -- bytes, of all rows

  local function fail(kind, value)
    if fault then return end
    local start = kind == "row" and row_start or cell_start
    fault = {
      kind = kind, index = kind ~= "row" and index or nil,
      value = value or sub(buffer, start, math.min(scan, start + 400) - 1),
      line = line + count_lines(sub(buffer, row_start, start - 1)),
    }
  end

  local function fail_at_quote(kind)
    misquoted = true
    if not dropping then fault = nil end   -- it explains more than what was found before
    fail(kind)
  end

  -- Asked in the same places whether the text came in one piece or in many, so that the same is found.
  local function limit()
    if scan - cell_start > max_cell then
      fail "cell"
      dropping = true
    elseif scan - row_start > max_row then
      fail "row"
      dropping = true
    end
  end

  local function more()
    limit()
    local keep = row_start
    if dropping then
      -- A CR waits for its LF: together they are one line end.
      keep = scan > row_start and byte(buffer, scan - 1) == CR and scan - 1 or scan
      dropped_lines = dropped_lines + count_lines(sub(buffer, row_start, keep - 1))
    end
    if not grow(keep) then return false end
    scan, cell_start, row_start = scan - keep + 1, cell_start - keep + 1, 1
    return true
  end

  -- Moves `scan` to the next match, or behind the end of all text.
  local function seek(pattern, literal)
    while true do
      local at = find(buffer, pattern, scan, literal)
      if at then
        scan = at
        return true
      end
      scan = #buffer + 1
      if not more() then return false end
    end
  end

  -- From an opening quote to behind the closing one.
  local function quoted_text()
    scan = scan + 1
    local opening = scan - cell_start
    local doubled = false
    while seek('"', true) do
      scan = scan + 1
      if scan > #buffer then more() end
      if byte(buffer, scan) ~= QUOTE then
        local text = sub(buffer, cell_start + opening, scan - 2)
        return doubled and gsub(text, '""', '"') or text
      end
      doubled = true
      scan = scan + 1
    end
    fail_at_quote "open"
    return ""
  end

  -- The cell at `scan`; leaves it on what ends the cell: a delimiter, a line end, the end of all text. Of a row that is
  -- being dropped it is just some text.
  local function cell()
    cell_start = scan
    if byte(buffer, scan) == QUOTE then
      -- Nearly all quoted cells are this simple.
      local closing = find(buffer, '"', scan + 1, true)
      local behind = closing and byte(buffer, closing + 1)
      if behind == delimiter_byte or behind == LF or behind == CR then
        scan = closing + 1
        return sub(buffer, cell_start + 1, closing - 1)
      end
    else
      seek(not_blank)
    end
    if byte(buffer, scan) ~= QUOTE then
      seek(cell_end)
      return sub(buffer, cell_start, scan - 1)
    end
    local text = quoted_text()
    if not misquoted and seek(not_blank) and not find(buffer, "^" .. cell_end, scan) then
      limit()
      if dropping then seek(cell_end) else fail_at_quote "stray" end
    end
    return text
  end

  local function checked(value)
    if not clean then
      if find(value, "\0", 1, true) then fail("nul", value)
      elseif not utf8.len(value) then fail("encoding", value) end
    end
    return trim and trim(value) or value
  end

  -- Behind the line end at `scan`.
  local function end_line()
    if byte(buffer, scan) == CR then
      if scan == #buffer then more() end
      if byte(buffer, scan + 1) == LF then scan = scan + 1 end
    end
    scan = scan + 1
  end

  -- To the next row where wrong quotes leave its beginning to be guessed. Only the row's own first line is given up: what
  -- a quote that is never closed has swallowed are most likely rows.
  local function recover()
    local line_end = find(buffer, "[\r\n]", row_start)
    reread = reread + math.max(0, scan - (line_end or scan))
    if dropping or reread > max_row * rows_reread then
      scan, ended, fault.rest_unread = #buffer + 1, true, true
    else
      scan, dropping = row_start, true
      if seek("[\r\n]") then end_line() end
    end
  end

  -- The row at `position`, nil where it is faulty; then whether it has content.
  local function careful_row()
    scan, row_start, index = position, position, 0
    fault, misquoted, dropping, dropped_lines = nil, false, false, 0
    local row, filled = new_row(), false
    repeat
      if index > 0 then scan = scan + 1 end
      index = index + 1
      if index > width then
        -- Spreadsheets write thousands of empty cells behind the last column: one step for all.
        local start = scan
        scan = match(buffer, delimiters, start)
        index = index + scan - start
      end
      local value = cell()
      if not misquoted then limit() end
      value = checked(value)
      if index > width then
        if value ~= "" then fail("surplus", value) end
      elseif value ~= "" or lists then
        row[keys[index]], filled = value, filled or value ~= ""
      end
    until misquoted or byte(buffer, scan) ~= delimiter_byte
    if misquoted then recover() else end_line() end

    local one_line = lf > 0 and lf >= scan - 1 and cr >= scan - 2
    line = line + dropped_lines + (one_line and 1 or count_lines(sub(buffer, row_start, scan - 1)))
    position = scan
    if not fault then return row, filled end
    report(fault)
    return nil
  end

  -- The same for a row that ends in front of `stop`, in clean text and without quotes.
  local function simple_row(stop)
    local text, loose, from = buffer, not tight, position
    local row, filled = new_row(), false
    for i = 1, width do
      local at = find(text, delimiter, from, true)
      if not at or at > stop then at = stop end
      if at > from then
        local value = sub(text, from, at - 1)
        if loose then value = trim(value) end
        if value ~= "" or lists then row[keys[i]] = value end
        filled = filled or value ~= ""
      elseif lists then
        row[keys[i]] = ""
      end
      from = at + 1
      if at == stop then break end
    end
    if from < stop then return careful_row() end   -- more cells than columns
    position = lf == stop + 1 and stop + 2 or stop + 1
    line = line + 1
    return row, filled
  end

  local function next_row()
    while true do
      if position > #buffer then
        if not grow(position) then return nil end
        position = 1
      end
      if lf < position then lf = find(buffer, "\n", position, true) or FAR end
      if cr < position then cr = find(buffer, "\r", position, true) or FAR end
      if quote < position then quote = find(buffer, '"', position, true) or FAR end
      local stop = lf < cr and lf or cr
      local cut = not ended and (stop == FAR or stop == cr and stop == #buffer)
      if stop == FAR then stop = #buffer + 1 end

      local started = line
      local row, filled
      if quote < stop or not clean or stop - position > max_cell then
        row, filled = careful_row()
      elseif not cut then
        row, filled = simple_row(stop)
      elseif grow(position) then
        position = 1
      end
      if row and (filled or not skip_blank) then return row, started end
    end
  end

  local function expect(new_keys, as_lists, skipping)
    keys, width, lists, skip_blank = new_keys, #new_keys, as_lists, skipping
    new_row = lists and no_room or width <= 4 and room_for_4 or width <= 8 and room_for_8 or no_room
  end

  return next_row, expect
end

return records
