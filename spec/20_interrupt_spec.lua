-- Ctrl-C: a call that hangs ends at once and says what became of it; the state goes on; lua.c's own Ctrl-C too.

local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"

local HANG = 600 -- seconds: nobody waits that long, so whatever ends is Ctrl-C's doing

describe("Ctrl-C", function()
  local server, children

  before_each(function()
    server, children = assert(sandbox.start{ seed = 1 }), {}
  end)

  after_each(function()
    for _, child in ipairs(children) do
      if not child.code then child:kill("sigkill") end
      child:wait()
    end
    server:stop()
  end)

  local function settings()
    return { WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_SITE_ID = server.site_id }
  end

  local function start(argv)
    local child = process.start(argv, { env = settings() })
    children[#children + 1] = child
    return child
  end

  -- A REPL with wixum loaded.
  local function repl(argv)
    local child = start(argv or { "lua5.4", "-i" })
    child:expect("> ")
    child:write('wixum = require "wixum" io.stdout:write("loa", "ded\\n") io.stdout:flush()')
    child:expect("loaded")
    return child
  end

  local function requests_read()
    local count = 0
    for _, request in ipairs(server:requests()) do if request.complete then count = count + 1 end end
    return count
  end

  local function wait_for_requests(count)
    process.eventually(count .. " requests at the server", function() return requests_read() >= count end)
  end

  local INVITE = 'return wixum.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } }'

  it("ends a hanging call in the REPL, tells its outcome, and leaves everything usable", function()
    local child = repl()
    server:fault{ delay = HANG }
    child:write(INVITE)
    wait_for_requests(1)
    local pressed = process.now()
    child:kill("sigint")
    child:expect("site_invites.bulk_invite: interrupted by Ctrl%-C %(interrupted, outcome unknown")
    child:expect("> ")
    local seconds = process.now() - pressed
    assert.is_true(seconds < HANG / 60, ("took %.3f s"):format(seconds))
    child:write("print(wixum.interrupted.kind, wixum.interrupted.outcome, wixum.interrupted.attempts)")
    child:expect("interrupted\tunknown\t1")
    server:faults_clear()
    child:write(INVITE:gsub("ann@", "bob@"))
    child:expect("bob@example.com")
  end)

  it("leaves lua.c's own handling of Ctrl-C as it was", function()
    local child = repl()
    server:fault{ delay = HANG }
    child:write(INVITE)
    wait_for_requests(1)
    child:kill("sigint")
    child:expect("interrupted by Ctrl%-C")
    -- (os.time: under ThreadSanitizer a signal is held back until some function of the C library is called)
    child:write('io.stdout:write("spin", "ning\\n") io.stdout:flush() while true do os.time() end')
    child:expect("spinning")
    child:kill("sigint")
    child:expect("interrupted!")
    child:write("print(6 * 7)")
    child:expect("42")
  end)

  it("works on a terminal, with the key itself", function()
    if not process.has_terminals() then return pending(process.NO_TERMINALS) end
    local child = repl(process.on_terminal "lua5.4 -i")
    server:fault{ delay = HANG }
    child:write(INVITE)
    wait_for_requests(1)
    child.stdin:write("\3")
    child:expect("interrupted by Ctrl%-C")
    child:expect("> ")
    child:write("os.exit()")
  end)

  it("ends the wait before another attempt", function()
    local child = repl()
    server:fault{ status = 503, headers = { ["Retry-After"] = "100" }, times = "always" }
    child:write('return wixum.site_invites.revoke_invite{ invite_id = "' .. server.site_id .. '" }')
    wait_for_requests(1)
    child:kill("sigint")
    -- the first attempt may have acted, so that is what the whole call says
    child:expect("interrupted by Ctrl%-C %(interrupted, outcome unknown")
    assert.equal(1, requests_read())
  end)

  it("ends a call inside a coroutine, through pcall, with the error value as it is", function()
    local child = start{ "lua5.4", "-e", [[
      local wixum = require "wixum"
      local co = coroutine.create(function()
        return pcall(wixum.site_invites.bulk_invite, { policy_ids = { "1" }, emails = { "ann@example.com" } })
      end)
      local _, ok, err = coroutine.resume(co)
      print(ok, err.kind, err.outcome, err == wixum.interrupted)]] }
    server:fault{ delay = HANG }
    wait_for_requests(1)
    child:kill("sigint")
    child:expect("false\tinterrupted\tunknown\ttrue")
    assert.equal(0, (child:wait()))
  end)

  it("ends a script that does not catch it, with the one line and status 1", function()
    local child = start{ "lua5.4", "-e", 'local wixum = require "wixum"\n' .. INVITE:gsub("return (.*)", "assert(%1)") }
    server:fault{ delay = HANG }
    wait_for_requests(1)
    child:kill("sigint")
    local code = child:wait()
    assert.equal(1, code)
    assert.matches("^%S*lua5.4: site_invites.bulk_invite at %(command line%):2: interrupted by Ctrl%-C", child.output)
  end)

  it("says not_sent where the server surely saw nothing", function()
    local deaf <close> = here.deaf()
    local child = start{ "lua5.4", "-e", ([[
      local wixum = require "wixum"
      local wix = wixum.client{ base_url = "http://127.0.0.1:%d", connect_timeout = %d, on_event = function(event)
        if event.event == "start" then print "started" io.stdout:flush() end
      end }
      local ok, err = pcall(wix.site_invites.bulk_invite, { policy_ids = { "1" }, emails = { "ann@example.com" } })
      print(ok, err.kind, err.outcome)]]):format(deaf.port, HANG) }
    child:expect("started")
    child:kill("sigint")
    child:expect("false\tinterrupted\tnot_sent")
  end)

  it("lets the hooks of a host run while a call waits, and lets them raise", function()
    local child = start{ "lua5.4", "-e", [[
      local wixum = require "wixum"
      local wix, floor = wixum.client{ timeout = 600 }, 0
      debug.sethook(function()
        floor = floor + 1
        if floor > 3 then debug.sethook() error("the watchdog barks", 0) end
      end, "c")
      debug.sethook()
      local function watch() floor = 0 debug.sethook(function()
        local at = debug.getinfo(2, "S")
        if at and at.short_src:find("return") then floor = floor + 1 end
        if floor > 1 then debug.sethook() error("the watchdog barks", 0) end
      end, "c") end
      watch()
      local ok, err = pcall(wix.site_invites.bulk_invite, { policy_ids = { "1" }, emails = { "ann@example.com" } })
      debug.sethook()
      print(ok, err)
      print((pcall(wix.site_invites.revoke_invite, { invite_id = os.getenv "WIX_SITE_ID" })))
      wix:close()]] }
    server:fault{ delay = HANG }
    child:expect("false\tthe watchdog barks")
    child:expect("true")
    assert.equal(0, (child:wait()))
  end)
end)
