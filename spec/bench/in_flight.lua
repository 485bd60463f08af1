-- Calls, so many in flight, in tasks; with a pace that is kept and never binds. See yardstick.c for what they are compared with.
--
--   lua5.4 in_flight.lua URL CALLS WARM-UP IN-FLIGHT [CA-FILE]
--
-- Prints the seconds of CPU and the seconds on the clock that the calls took, warm-up left out.

local client = require "spec.bench.client"
local core = require "wixum.core"
local wixum = require "wixum"

local url, calls, warm_up, in_flight = arg[1], math.tointeger(arg[2]), math.tointeger(arg[3]), math.tointeger(arg[4])
local wix = client.new(url, { ca_file = arg[5], concurrency = in_flight, rate = { calls = 100000, per = 0.1 } })

local function run(count)
  local counts, err = wixum.each(client.numbers(count), function() return client.invite(wix) end, { concurrency = in_flight })
  if counts.failed > 0 then error(err) end
end

run(warm_up)
local cpu, wall = os.clock(), core.clock()
run(calls)
cpu, wall = os.clock() - cpu, core.clock() - wall
print(("%.6f %.6f"):format(cpu, wall))
