-- Calls at a pace.
--
--   lua5.4 pace.lua URL CALLS RATE PER
--
-- Prints the seconds on the clock that they took.

local client = require "spec.bench.client"
local core = require "wixum.core"
local wixum = require "wixum"

local url, calls, rate, per = arg[1], math.tointeger(arg[2]), math.tointeger(arg[3]), tonumber(arg[4])
local wix = client.new(url, { concurrency = 64, rate = { calls = rate, per = per } })

local began = core.clock()
local counts, err = wixum.each(client.numbers(calls), function() return client.invite(wix) end, { concurrency = 64 })
if counts.failed > 0 then error(err) end
print(("%.6f"):format(core.clock() - began))
