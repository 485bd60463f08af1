--- gzip without compression worth the name: what a fault needs to hand out an answer in Content-Encoding gzip.
-- Owns the container (RFC 1952) and two ways to fill it (RFC 1951): stored blocks, and one byte repeated many times.

local gzip = {}

local crc_table = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do c = c & 1 == 1 and (c >> 1) ~ 0xedb88320 or c >> 1 end
  crc_table[i] = c
end

local function crc32(text)
  local crc = 0xffffffff
  for i = 1, #text do crc = (crc >> 8) ~ crc_table[(crc ~ text:byte(i)) & 0xff] end
  return crc ~ 0xffffffff
end

local header = "\31\139\8\0\0\0\0\0\0\255"

--- The text, stored.
---@param text string
---@return string
function gzip.store(text)
  local parts, at = { header }, 1
  repeat
    local block = text:sub(at, at + 65534)
    at = at + #block
    parts[#parts + 1] = string.pack("<BI2I2", at > #text and 1 or 0, #block, ~#block & 0xffff) .. block
  until at > #text
  parts[#parts + 1] = string.pack("<I4I4", crc32(text), #text & 0xffffffff)
  return table.concat(parts)
end

-- Bits, first one lowest, eight to a byte.
local function bit_writer()
  local bytes, pending, count = {}, 0, 0
  local writer = {}
  function writer.put(value, bits)
    pending = pending | value << count
    count = count + bits
    while count >= 8 do
      bytes[#bytes + 1] = string.char(pending & 0xff)
      pending, count = pending >> 8, count - 8
    end
  end
  function writer.finish()
    if count > 0 then writer.put(0, 8 - count) end
    return table.concat(bytes)
  end
  return writer
end

-- Eight matches of 258 bytes at distance 1 are 8 * (8 + 5) bits, that is 13 bytes: these, over and over.
local run_bytes = 8 * 258

--- At least `size` bytes "x" in about a hundred and sixtieth of that. Its checksum is not right: whoever reads that far
--- has already unpacked it.
---@param size integer
---@return string
function gzip.bomb(size)
  local function matches(writer)
    for _ = 1, 8 do
      writer.put(0xa3, 8)  -- 258, as fixed Huffman code 11000101 with its first bit first
      writer.put(0, 5)     -- distance 1
    end
  end
  local start, rest = bit_writer(), bit_writer()
  -- One literal and filler so that the repeated part begins at a byte: 3 bits of block head, 8 a literal, 7 an end.
  start.put(2, 3)          -- a block of fixed codes, not the last
  start.put(0x15, 8)       -- "x" is 0x78: code 0x30 + 0x78 = 10101000, reversed
  start.put(0, 7)          -- end of the block
  start.put(0, 3)          -- a stored block, not the last: it begins at a byte
  local run = bit_writer()
  run.put(2, 3)
  matches(run)
  run.put(0, 7)
  run.put(0, 3)
  local stored_empty = "\0\0\255\255"
  local piece = run.finish() .. stored_empty
  rest.put(3, 3)           -- the last block, empty
  rest.put(0, 7)
  local count = size // run_bytes + 1
  return header .. start.finish() .. stored_empty .. piece:rep(count) .. rest.finish()
    .. string.pack("<I4I4", 0, (1 + count * run_bytes) & 0xffffffff)
end

return gzip
