--- A CSV file as text: opened, read in blocks, its encoding recognised, closed.
--
-- Owns the file, and every fault of it that is no fault of a row: these are raised as problems.
-- Must not know cells, rows or delimiters.

local problem = require "wixum.csv.problem"
local text_encoding = require "wixum.text_encoding"

local source = {}

local sample_size = 65536   -- bytes that recognition looks at

-- Beginnings of what people give in place of CSV: .xlsx and .ods, .xls.
local workbooks = { "PK\3\4", "\xD0\xCF\x11\xE0" }

local function stop(file, reason, ...)
  error(problem.new{ file = file, reason = reason:format(...) }, 0)
end

local function open(path)
  if path:find("\0", 1, true) then stop(path, "no file has such a name: it holds a NUL byte") end
  local handle, message = io.open(path, "rb")
  if handle then return handle end
  local prefix = path .. ": "
  if message:sub(1, #prefix) == prefix then message = message:sub(#prefix + 1) end
  stop(path, "cannot be opened (%s); check the path, it starts at the current folder", message)
end

local function refuse_others(sample, file)
  if sample == "" then stop(file, "the file is empty; export the spreadsheet again") end
  for _, beginning in ipairs(workbooks) do
    if sample:sub(1, #beginning) == beginning then
      stop(file, 'this is a workbook and not CSV; save it as "CSV UTF-8" and give that file')
    end
  end
end

---@class wixum.csv.source
---@field format table # `file`: its name for messages; `encoding`: may still turn from "UTF-8" to "Windows-1252"
---@field start string # the beginning of the text, for recognition
---@field read fun(): string?, integer? # from the beginning a piece of whole characters, nil at the end; and their number,
--- nil where some are not valid
---@field close fun() # may be called again

--- Opens a file. Raises a problem where it cannot be read, or where it is no CSV; it is closed then.
---@param path string|table # a path, or an open file, which will not be closed
---@param encoding string? # a known one, in place of recognition
---@param block_size integer
---@return wixum.csv.source
function source.open(path, encoding, block_size)
  local owned = type(path) == "string"
  local handle = owned and open(path) or path
  local self = { format = { file = owned and path or "input" } }
  local exhausted = false

  function self.close()
    if owned and io.type(handle) == "file" then handle:close() end
  end

  -- At most `size` bytes; nil at the end.
  local function read_bytes(size)
    if exhausted then return nil end
    local bytes, message = handle:read(size)
    if bytes and bytes ~= "" then return bytes end   -- as for `load`, an empty piece is the end
    exhausted = true
    self.close()
    if message then stop(self.format.file, "cannot be read (%s); give a file that is in reach and no folder", message) end
  end

  local parts, size = {}, 0
  while size < sample_size do
    local bytes = read_bytes(sample_size - size)
    if not bytes then break end
    parts[#parts + 1], size = bytes, size + #bytes
  end
  local sample = table.concat(parts)
  local opened, fault = pcall(refuse_others, sample, self.format.file)
  if not opened then
    self.close()
    error(fault, 0)
  end

  local marked, mark = text_encoding.marked(sample)   -- which knows better than people
  encoding = marked or encoding or text_encoding.recognise(sample)
  self.format.encoding = encoding or "UTF-8"
  self.start = text_encoding.decoder(self.format.encoding)(sample:sub(mark + 1))

  local decode = text_encoding.decoder(encoding, function(decided) self.format.encoding = decided end)
  local given = mark   -- of the sample
  local ended = false

  local function next_block()
    if given >= #sample then return read_bytes(block_size) end
    given = given + block_size
    return sample:sub(given - block_size + 1, given)
  end

  function self.read()
    while not ended do
      local bytes = next_block()
      ended = not bytes
      local text, characters = decode(bytes or "", ended)
      if text ~= "" then return text, characters end
    end
  end

  return self
end

return source
