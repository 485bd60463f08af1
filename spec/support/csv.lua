-- Files for the specs of wixum.csv: on disk, in pieces, in every encoding; and all that reading them gives.

local csv = require "wixum.csv"

local support = {}

local paths = {}

-- A file of this content, gone after the test.
function support.file(content)
  local path = os.tmpname()
  paths[#paths + 1] = path
  local handle = assert(io.open(path, "wb"))
  handle:write(content)
  handle:close()
  return path
end

-- An open file that gives the content in pieces of this size; then whatever `finally` says.
function support.handle_of(content, size, finally)
  local given = 0
  return { read = function(_, wanted)
    if given >= #content then
      if finally then return finally() end
      return nil
    end
    local piece = content:sub(given + 1, given + math.min(size or wanted, wanted))
    given = given + #piece
    return piece
  end }
end

-- All of a file: rows, the lines where they start, problems as text, what was recognised.
function support.all(content, options)
  local rows, lines, problems = {}, {}, {}
  local complete = { on_problem = function(problem) problems[#problems + 1] = problem end }
  for name, value in pairs(options or {}) do complete[name] = value end
  local iterator, format, _, closing = csv.rows(support.handle_of(content), complete)
  if not iterator then return nil, format end
  for row, line in iterator, format, nil, closing do
    rows[#rows + 1], lines[#lines + 1] = row, line
  end
  return rows, lines, problems, format
end

-- As the encodings write it.
function support.utf16(text, order, mark)
  local parts = { mark and string.pack(order .. "I2", 0xFEFF) or "" }
  for _, point in utf8.codes(text) do
    if point > 0xFFFF then
      parts[#parts + 1] = string.pack(order .. "I2I2", 0xD800 + ((point - 0x10000) >> 10), 0xDC00 + ((point - 0x10000) & 0x3FF))
    else
      parts[#parts + 1] = string.pack(order .. "I2", point)
    end
  end
  return table.concat(parts)
end

function support.latin1(text)
  return (text:gsub(utf8.charpattern, function(character)
    return #character > 1 and string.char(utf8.codepoint(character)) or nil
  end))
end

-- How many descriptors of this process are open on a file.
function support.times_open(path)
  local listing = assert(io.popen "ls -l /proc/$PPID/fd 2>/dev/null")
  local count = 0
  for line in listing:lines() do
    if line:sub(-#path - 4) == " -> " .. path then count = count + 1 end
  end
  listing:close()
  return count
end

function support.remove_files()
  for i, path in ipairs(paths) do os.remove(path) paths[i] = nil end
end

return support
