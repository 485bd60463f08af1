--- Chance that can be repeated: streams of numbers, ids and tokens from a seed.
--
-- Owns the generator (splitmix64). Independent of math.random, whose state belongs to the whole Lua state.
-- What it makes looks unguessable and is not: everything follows from the seed.

local random = {}

local function mix(z)
  z = (z ~ (z >> 30)) * 0xbf58476d1ce4e5b9
  z = (z ~ (z >> 27)) * 0x94d049bb133111eb
  return z ~ (z >> 31)
end

-- FNV-1a, 64 bits.
local function hash(text)
  local h = 0xcbf29ce484222325
  for i = 1, #text do h = (h ~ text:byte(i)) * 0x100000001b3 end
  return h
end

--- A stream of its own for each label, so that what one thing uses up does not change another.
---@param seed integer|string
---@param label string
---@param drawn integer? numbers that were drawn from it before
---@return fun(): integer # 64 bits each time
function random.stream(seed, label, drawn)
  local state = mix(hash(tostring(seed) .. "\0" .. label)) + (drawn or 0) * 0x9e3779b97f4a7c15
  return function()
    state = state + 0x9e3779b97f4a7c15
    return mix(state)
  end
end

--- A GUID of version 4.
---@param stream fun(): integer
---@return string
function random.guid(stream)
  local a, b = stream(), stream()
  return ("%08x-%04x-4%03x-%04x-%012x"):format(
    a >> 32, (a >> 16) & 0xffff, a & 0xfff, (b >> 48) & 0x3fff | 0x8000, b & 0xffffffffffff)
end

--- 40 hexadecimal digits.
---@param stream fun(): integer
---@return string
function random.token(stream)
  return ("%016x%016x%08x"):format(stream(), stream(), stream() >> 32)
end

--- What stands behind the point of a request id: 18 digits.
---@param stream fun(): integer
---@return string
function random.digits(stream)
  return ("%018d"):format((stream() >> 1) % 1000000000000000000)
end

return random
