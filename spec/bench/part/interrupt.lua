--- Ctrl-C in the middle of a map of a thousand calls, at the REPL: how long until the prompt is back.

local bench = require "spec.bench.bench"
local process = require "spec.support.process"

local TARGET = 0.3

-- One time: seconds from Ctrl-C until the next line is read, and what became of the items.
local function press(url, call)
  local child = process.start({ bench.lua, "-i" }, { env = { WIXUM_BASE_URL = url, WIX_API_KEY = "IST.bench",
    WIX_SITE_ID = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10" } })
  child:write('wixum = require "wixum"; wix = wixum.client{ rate = false, concurrency = 64 }; list = {}')
  child:write('for i = 1, 1000 do list[i] = "n" .. i .. "@example.com" end; answered = 0')
  child:write('function invite(email) local ok, err = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { email } } '
    .. 'answered = answered + 1 if answered == 300 then io.stderr:write("in the ", "middle\\n") end return ok, err end')
  child:write(call)
  child:expect("in the middle")
  child:write('io.stderr:write("ba", "ck\\n")')
  local pressed = process.now()
  child:kill("sigint")
  child:expect("back")
  local seconds = process.now() - pressed
  child:write([[do local e, n = wixum.interrupted, { not_sent = 0, unknown = 0, refused = 0 } for _, err in pairs(e.errors) do
    n[err.outcome] = n[err.outcome] + 1 end local a = 0 for _ in pairs(e.answers) do a = a + 1 end
    io.stderr:write("items: ", a, " ", n.unknown, " ", n.not_sent, "\n") end]])
  local counts = child:expect("items: (%d+ %d+ %d+)")
  child:close_input()
  child:wait()
  local answered, unknown, not_sent = counts:match("(%d+) (%d+) (%d+)")
  return seconds, math.tointeger(answered), math.tointeger(unknown), math.tointeger(not_sent)
end

return function(size)
  bench.pin(1)
  local server <close> = bench.server{ "--delay", "20" }
  bench.pin(2)
  local list, said = {}, nil
  for i = 1, size.pairs do
    local answered, unknown, not_sent
    list[i], answered, unknown, not_sent = press(server.url, "return wixum.map(list, invite, { concurrency = 64 })")
    if answered + unknown + not_sent ~= 1000 then bench.quit("items were lost") end
    said = ("%d answered, %d named unknown, %d not sent"):format(answered, unknown, not_sent)
  end
  bench.head("Ctrl-C in a map of 1000 calls, 64 in flight")
  bench.line("seconds until the prompt is back", list, bench.least(list), 3, TARGET)
  print("  the last time: " .. said)
end
