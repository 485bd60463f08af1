--- Base64 (RFC 4648), for mails' headers and for cursors.

local base64 = {}

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local value_of = {}
for i = 1, #alphabet do value_of[alphabet:sub(i, i)] = i - 1 end

---@param text string
---@return string
function base64.encode(text)
  local parts = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    for k = 3, 0, -1 do
      local missing = k == 1 and not b or k == 0 and not c
      local at = (bits >> (6 * k) & 63) + 1
      parts[#parts + 1] = missing and "=" or alphabet:sub(at, at)
    end
  end
  return table.concat(parts)
end

---@param text string
---@return string? # nil where it is none
function base64.decode(text)
  if #text % 4 ~= 0 or not text:find("^[%w+/]*=?=?$") then return nil end
  local parts = {}
  for i = 1, #text, 4 do
    local bits, missing = 0, 0
    for k = i, i + 3 do
      local letter = text:sub(k, k)
      if letter == "=" then missing = missing + 1 end
      bits = bits << 6 | (value_of[letter] or 0)
    end
    parts[#parts + 1] = string.pack(">I3", bits):sub(1, 3 - missing)
  end
  return table.concat(parts)
end

return base64
