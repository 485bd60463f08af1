-- Calls one after the other: see yardstick.c for what they are compared with.
--
--   lua5.4 blocking.lua URL CALLS WARM-UP
--
-- Prints the seconds of CPU and the seconds on the clock that the calls took, warm-up left out.

local client = require "spec.bench.client"
local core = require "wixum.core"

local url, calls, warm_up = arg[1], math.tointeger(arg[2]), math.tointeger(arg[3])
local wix = client.new(url)

for _ = 1, warm_up do client.invite(wix) end
local cpu, wall = os.clock(), core.clock()
for _ = 1, calls do client.invite(wix) end
cpu, wall = os.clock() - cpu, core.clock() - wall
print(("%.6f %.6f"):format(cpu, wall))
