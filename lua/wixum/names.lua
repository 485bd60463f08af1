--- Names on both sides: snake_case in Lua, camelCase on the wire, and the nearest known name for a mistyped one.
-- Pure functions on strings; knows nothing of the service.

local names = {}

--- `policy_ids` becomes `policyIds`.
---@param name string
---@return string
function names.wire(name)
  return (name:gsub("_(%w)", string.upper))
end

-- Edits (insert, delete, replace, swap of neighbours) that turn one word into the other.
local function distance(a, b)
  local before, row = {}, {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local current = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local best = math.min(row[j] + 1, current[j - 1] + 1, row[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        best = math.min(best, before[j - 2] + 1)
      end
      current[j] = best
    end
    before, row = row, current
  end
  return row[#b]
end

-- Case, underscores and dashes are how people vary a name; they do not count as edits.
local function plain(name)
  return (name:lower():gsub("[_%-%s]", ""))
end

--- The known name that a mistyped one probably meant.
---@param given string
---@param known string[]
---@return string? # nil where nothing is near
function names.nearest(given, known)
  local wanted = plain(tostring(given):sub(1, 64))
  local best, least
  for _, candidate in ipairs(known) do
    local edits = distance(wanted, plain(candidate))
    if not least or edits < least then best, least = candidate, edits end
  end
  if least and least <= math.max(1, (#wanted + 1) // 3) then return best end
end

--- A clause for a message: ` (did you mean "emails"?)`, or the known names where none is near.
---@param given any
---@param known string[]
---@return string
function names.suggestion(given, known)
  local near = type(given) == "string" and names.nearest(given, known)
  if near then return (' (did you mean "%s"?)'):format(near) end
  local sorted = table.move(known, 1, #known, 1, {})
  table.sort(sorted)
  return #sorted > 0 and (" (known: %s)"):format(table.concat(sorted, ", ")) or ""
end

--- Makes a module answer a mistyped name with a suggestion instead of nil.
---@param module table
---@param name string what it is called
---@param mistake fun(text: string) raises at the caller's line
---@return table module
function names.strict(module, name, mistake)
  return setmetatable(module, { __index = function(_, asked)
    local known = {}
    for key in pairs(module) do known[#known + 1] = key end
    mistake(("wixum.%s has no function %s%s"):format(name, type(asked) == "string" and asked:sub(1, 64) or type(asked),
      names.suggestion(asked, known)))
  end })
end

return names
