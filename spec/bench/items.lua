-- Items from an iterator, a call each: ten thousand again and again, then so many in one go, then ten thousand again and again.
--
--   lua5.4 items.lua URL ITEMS IN-FLIGHT
--
-- Prints, in microseconds of CPU an item: the median of the runs of ten thousand, the medians of the long run's slices of
-- ten thousand, of its first tenth and of its last, and its mean; then the most memory the process ever had, in KiB.
-- Medians, since whatever else the machine does meanwhile costs here too, and the long run takes a minute.

local client = require "spec.bench.client"
local wixum = require "wixum"

local url, items, in_flight = arg[1], math.tointeger(arg[2]), math.tointeger(arg[3])
local wix = client.new(url, { concurrency = in_flight })

local SLICE, RUNS = 10000, 10

-- What each slice cost, an item.
local function run(count)
  local slices, seen, cpu = {}, 0, os.clock()
  local counts, err = wixum.each(client.numbers(count), function()
    local sent = client.invite(wix)
    seen = seen + 1
    if seen % SLICE == 0 then
      local now = os.clock()
      slices[#slices + 1] = (now - cpu) / SLICE * 1e6
      cpu = now
    end
    return sent
  end, { concurrency = in_flight })
  if counts.failed > 0 then error(err) end
  return slices
end

local function median(list, first, last)
  local sorted = table.move(list, first or 1, last or #list, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2]
end

local few = {}
local function run_few()
  for _ = 1, RUNS do few[#few + 1] = run(SLICE)[1] end
end

run(2000)
run_few()
local many = run(items)
run_few()

local tenth, sum = math.max(1, #many // 10), 0
for _, cost in ipairs(many) do sum = sum + cost end
local status <close> = assert(io.open "/proc/self/status")
print(("%.3f %.3f %.3f %.3f %.3f %s"):format(median(few), median(many), median(many, 1, tenth), median(many, #many - tenth + 1),
  sum / #many, status:read("a"):match("VmHWM:%s*(%d+)")))
