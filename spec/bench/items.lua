-- Items from an iterator, a call each: first ten thousand, then so many.
--
--   lua5.4 items.lua URL ITEMS IN-FLIGHT
--
-- Prints the microseconds of CPU an item of both, warm-up left out, and the most memory the process ever had, in KiB.

local client = require "spec.bench.client"
local wixum = require "wixum"

local url, items, in_flight = arg[1], math.tointeger(arg[2]), math.tointeger(arg[3])
local wix = client.new(url, { concurrency = in_flight })

local function run(count)
  local cpu = os.clock()
  local counts, err = wixum.each(client.numbers(count), function() return client.invite(wix) end, { concurrency = in_flight })
  if counts.failed > 0 then error(err) end
  return (os.clock() - cpu) / count * 1e6
end

run(2000)
local few, many = run(10000), run(items)
local status <close> = assert(io.open "/proc/self/status")
print(("%.3f %.3f %s"):format(few, many, status:read("a"):match("VmHWM:%s*(%d+)")))
