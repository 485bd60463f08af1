-- A process that starts, with libcurl and lua-cjson alone or with wixum and a client, and tells the most memory it ever
-- had, in KiB.
--
--   lua5.4 start.lua yardstick|wixum

if arg[1] == "wixum" then
  require("wixum").client{ api_key = "IST.bench", site_id = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10" }
else
  require "libcurl_only"
  require "cjson"
end

local status <close> = assert(io.open "/proc/self/status")
print((status:read("a"):match("VmHWM:%s*(%d+)")))
