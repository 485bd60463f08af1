--- Moments in order: what waits for each, the earliest first; any can be taken out again.
--
-- Owns a binary heap whose entries know their places. Knows no clock.

local moments = {}

---@class wixum.Moment
---@field at number
---@field value any
---@field place integer? # nil once it is out

--- None yet.
---@return wixum.Moment[]
function moments.new()
  return {}
end

local function put(heap, place, entry)
  heap[place], entry.place = entry, place
end

local function rise(heap, place)
  local entry = heap[place]
  while place > 1 do
    local parent = place // 2
    if heap[parent].at <= entry.at then break end
    put(heap, place, heap[parent])
    place = parent
  end
  put(heap, place, entry)
end

local function sink(heap, place)
  local entry, count = heap[place], #heap
  while 2 * place <= count do
    local child = 2 * place
    if child < count and heap[child + 1].at < heap[child].at then child = child + 1 end
    if entry.at <= heap[child].at then break end
    put(heap, place, heap[child])
    place = child
  end
  put(heap, place, entry)
end

--- Adds a moment.
---@param heap wixum.Moment[]
---@param at number
---@param value any
---@return wixum.Moment
function moments.add(heap, at, value)
  local entry = { at = at, value = value }
  put(heap, #heap + 1, entry)
  rise(heap, entry.place)
  return entry
end

--- Takes one out; does nothing where it is out already.
---@param heap wixum.Moment[]
---@param entry wixum.Moment
function moments.remove(heap, entry)
  local place = entry.place
  if not place then return end
  local last = heap[#heap]
  heap[#heap], entry.place = nil, nil
  if last == entry then return end
  put(heap, place, last)
  rise(heap, place)
  sink(heap, last.place)
end

return moments
