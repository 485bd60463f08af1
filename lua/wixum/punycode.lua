--- Domain names as people write them: a label such as `xn--mller-kva` is `müller` (RFC 3492).
--
-- Owns that one direction, for comparing alone: what is sent stays as it was written. No library that Debian or LuaRocks has for Lua
-- does it. Pure.

local punycode = {}

-- The parameters that RFC 3492 chooses for domain names (section 5).
local BASE, T_MIN, T_MAX, SKEW, DAMP, FIRST_BIAS, FIRST_CODE = 36, 1, 26, 38, 700, 72, 0x80

-- Section 6.1: what follows of a delta for the next.
local function adapt(delta, count, is_first)
  delta = is_first and delta // DAMP or delta // 2
  delta = delta + delta // count
  local k = 0
  while delta > (BASE - T_MIN) * T_MAX // 2 do
    delta, k = delta // (BASE - T_MIN), k + BASE
  end
  return k + (BASE - T_MIN + 1) * delta // (delta + SKEW)
end

local function digit(byte)
  if byte >= 0x61 and byte <= 0x7A then return byte - 0x61 end
  if byte >= 0x30 and byte <= 0x39 then return byte - 0x30 + 26 end
end

-- A number of a text from a position on, section 6.2; nil where it is none, or larger than any code that can come of it.
local function number_at(text, position, bias)
  local number, weight, k = 0, 1, BASE
  while true do
    local value = position <= #text and digit(text:byte(position))
    if not value then return nil end
    position, number = position + 1, number + value * weight
    if number > 0x7FFFFFFF then return nil end
    local threshold = math.max(T_MIN, math.min(T_MAX, k - bias))
    if value < threshold then return number, position end
    weight, k = weight * (BASE - threshold), k + BASE
    if weight > 0x7FFFFFFF then return nil end
  end
end

local function is_letter(code) return code <= 0x10FFFF and (code < 0xD800 or code > 0xDFFF) end

-- What stands behind `xn--`, in small letters; nil where it says nothing.
local function decoded(text)
  local basic, rest = text:match("^(.*)%-(.-)$")
  if not basic then basic, rest = "", text end
  if rest == "" or text:find("[\x80-\xFF]") then return nil end -- without a letter of its own it would pass for the bare label
  local codes = { basic:byte(1, -1) }
  local code, place, bias, position = FIRST_CODE, 0, FIRST_BIAS, 1
  while position <= #rest do
    local delta, after = number_at(rest, position, bias)
    if not delta then return nil end
    position = after
    local count = #codes + 1
    local sum = place + delta
    bias = adapt(delta, count, place == 0) -- as it is at the first alone
    code, place = code + sum // count, sum % count
    if not is_letter(code) then return nil end
    table.insert(codes, place + 1, code)
    place = place + 1
  end
  return utf8.char(table.unpack(codes))
end

local LONGEST = 63 -- bytes of a label, RFC 1035

--- A domain name, with each label as people write it; one that cannot be read stays as it is.
---@param domain string in small letters
---@return string
function punycode.readable(domain)
  if not domain:find("xn--", 1, true) then return domain end
  return (domain:gsub("%f[^.\0]xn%-%-([^.]+)", function(text) return #text < LONGEST and decoded(text) or nil end))
end

return punycode
