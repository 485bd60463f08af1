-- The benchmark's calls by wixum: see yardstick.c for what they are compared with.
--
--   lua5.4 blocking.lua PORT CALLS WARM-UP
--
-- Prints the seconds of CPU and the seconds on the clock that the calls took, warm-up left out.

local core = require "wixum.core"
local wixum = require "wixum"

local port, calls, warm_up = arg[1], math.tointeger(arg[2]), math.tointeger(arg[3])

local wix = wixum.client{
  base_url = "http://127.0.0.1:" .. port, rate = false,
  api_key = "IST.bench-0123456789abcdef0123456789abcdef0123456789abcdef",
  site_id = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10",
}

local function run(count)
  for _ = 1, count do
    local sent, err = wix.site_invites.bulk_invite{
      policy_ids = { "6732588207941061632" },
      emails = { "ann@example.com", "bob@example.com" },
      invite_purpose = "Your new site is ready: come and see",
      default_email_language = "en",
    }
    if not sent then error(err) end
  end
end

run(warm_up)
local cpu, wall = os.clock(), core.clock()
run(calls)
cpu, wall = os.clock() - cpu, core.clock() - wall
print(("%.6f %.6f"):format(cpu, wall))
