--- Pages of a search that have come before: a service that goes round in circles would make an endless loop.
--
-- Owns what tells two pages apart. Knows nothing of how they are asked for, and keeps no items.

local pages_seen = {}

local EMPTY = 100 -- pages in a row without an item, each of which says that there is more

local AGAIN = "the service gave the same page again"

-- All that is said of something, in an order of its own: the same text for the same.
local function text_of(value)
  if type(value) ~= "table" then return ("%s %s"):format(type(value), tostring(value)) end
  local parts = {}
  for name, inner in next, value do parts[#parts + 1] = ("%s=%s"):format(tostring(name), text_of(inner)) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

-- Its id; of something without one all that is said of it.
local function identity(item)
  local inner = type(item) == "table" and (item.user or item.invite or item) or item
  if type(inner) ~= "table" or inner.id == nil then return text_of(inner) end
  return tostring(inner.id)
end

--- None yet.
---@return table seen
function pages_seen.new() return { pages = {}, cursors = {}, empty = 0 } end

--- Takes note of a page.
---@param seen table
---@param items table[]
---@param cursor any where it says that it goes on; nil: that is told otherwise, or it does not
---@return string? problem why it is not one more
function pages_seen.add(seen, items, cursor)
  local ids = {}
  for i, item in ipairs(items) do ids[i] = identity(item) end
  table.sort(ids) -- the same ones in another order are the same
  local page = ids[1] and table.concat(ids, " ")
  if page and seen.pages[page] then return AGAIN end
  seen.empty = page and 0 or seen.empty + 1
  if page then seen.pages[page] = true end
  if cursor == nil then return nil end
  if seen.cursors[cursor] then return AGAIN end
  seen.cursors[cursor] = true
  if seen.empty >= EMPTY then return ("the service gave %d pages in a row with nothing on them"):format(EMPTY) end
end

return pages_seen
