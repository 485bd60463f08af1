-- What clients hold and give back: descriptors, memory, libcurl's handles; and what a process that we start inherits.

local core = require "wixum.core"
local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local wixum = require "wixum"

local function descriptors()
  local count = 0
  local pipe <close> = assert(io.popen(("ls -l /proc/%d/fd"):format(require("luv").os_getpid())))
  for line in pipe:lines() do if line:find("socket:", 1, true) then count = count + 1 end end
  return count
end

local function resident()
  for line in io.lines("/proc/self/status") do
    local kilobytes = line:match("^VmRSS:%s+(%d+)")
    if kilobytes then return tonumber(kilobytes) end
  end
end

local function collect()
  collectgarbage()
  collectgarbage()
end

describe("clients that come and go", function()
  local server, number

  setup(function()
    server, number = assert(sandbox.start{ seed = 1, log = 10 }), 0
  end)
  teardown(function() server:stop() end)

  local function call(wix)
    number = number + 1
    assert(wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { ("p%d@example.com"):format(number) } })
  end

  -- How many of our sockets are connected to the server, or wait to be closed.
  local function connections()
    local count = 0
    for line in io.lines("/proc/net/tcp") do
      local remote, state = line:match("^%s*%d+: %x+:%x+ %x+:(%x+) (%x%x)")
      if remote and tonumber(remote, 16) == server.port and (state == "01" or state == "08") then count = count + 1 end
    end
    return count
  end

  it("a hundred of them, closed, leave no descriptor and no memory behind", function()
    for _ = 1, 20 do
      local wix <close> = server:client()
      call(wix)
    end
    collect()
    local before_sockets, before_memory = descriptors(), resident()
    for _ = 1, 100 do
      local wix <close> = server:client()
      call(wix)
    end
    collect()
    process.eventually("the connections to be closed", function() return connections() == 0 end)
    process.eventually("the descriptors to be given back", function() return descriptors() <= before_sockets end)
    -- tools that look for faults keep what was freed for a while
    if not os.getenv("WIXUM_SLOW") then
      assert.is_true(resident() - before_memory < 2048, ("%d KiB more"):format(resident() - before_memory))
    end
  end)

  it("a hundred of them, dropped without closing, as well", function()
    local before = descriptors()
    for _ = 1, 100 do call(server:client()) end
    collect()
    process.eventually("the connections to be closed", function() return connections() == 0 end)
    process.eventually("the descriptors to be given back", function() return descriptors() <= before end)
  end)

  it("one that is made from another keeps what it needs alive, and is not kept by it", function()
    local wix = server:client()
    local derived = wix:with{ timeout = 30 }
    wix = nil -- luacheck: ignore
    collect()
    call(derived)
    local weak = setmetatable({ derived, derived.site_invites }, { __mode = "v" })
    derived = nil -- luacheck: ignore
    collect()
    assert.is_nil(weak[1])
  end)

  it("a method outlives the variable that held its client", function()
    local invite = server:client().site_invites.bulk_invite
    collect()
    assert(invite{ policy_ids = { "1" }, emails = { "method@example.com" } })
  end)

  it("answers, errors and clients are collected", function()
    local weak = setmetatable({}, { __mode = "k" })
    for i = 1, 10 do
      local wix = server:client()
      local answer = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { ("weak%d@example.com"):format(i) } }
      local _, err = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "nobody" } }
      weak[wix], weak[answer], weak[err] = true, true, true
    end
    collect()
    assert.is_nil(next(weak))
  end)

  it("can be closed in the middle of a call, by a hook; the call says so", function()
    server:fault{ delay = 600 }
    local wix = server:client{ on_event = function() end }
    local closing = coroutine.create(function()
      return wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "closing@example.com" } }
    end)
    -- the empty function that gives hooks the floor is the only Lua code that runs while the call waits
    debug.sethook(closing, function()
      if debug.getinfo(2, "S").source == "return" then wix:close() end
    end, "c")
    local _, answer, err = coroutine.resume(closing)
    assert.is_nil(answer)
    assert.same({ "closed", "unknown" }, { err.kind, err.outcome })
    server:faults_clear()
  end)

  it("make a call of their own in a hook while another waits; each gets its own answer", function()
    server:fault{ delay = 0.6 }
    local wix, inner = server:client{ on_event = function() end }, nil
    local outer = coroutine.create(function()
      return wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "outer@example.com" } }
    end)
    debug.sethook(outer, function()
      if inner or debug.getinfo(2, "S").source ~= "return" then return end
      inner = true
      inner = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "inner@example.com" } }
    end, "c")
    local _, answer = coroutine.resume(outer)
    assert.equal("outer@example.com", answer.invites[1].email)
    assert.equal("inner@example.com", inner.invites[1].email)
    assert.is_truthy(wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "later@example.com" } })
    wix:close()
  end)

  it("ask no leave before they send a large body", function()
    local wix <close> = server:client()
    local function leave_asked(size)
      assert(wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { size .. "@example.com" }, invite_purpose = ("x"):rep(size) })
      local requests = server:requests()
      return requests[#requests].headers.expect
    end
    for _, size in ipairs{ 100, 100000, 1500000 } do assert.is_nil(leave_asked(size)) end
  end)

  it("hand no descriptor on to a program that is started", function()
    local wix <close> = server:client()
    call(wix)
    local pipe <close> = assert(io.popen("ls -l /proc/self/fd"))
    local listing = pipe:read("a")
    assert.is_nil(listing:find("socket:", 1, true), listing)
  end)
end)

describe("a coroutine that is dropped while its call waits in somebody else's loop", function()
  local server, wix, flying
  local HANG = 600

  before_each(function()
    server = assert(sandbox.start{ seed = 1 })
    wix = server:client{ rate = false, concurrency = 1, timeout = HANG, deadline = HANG }
    flying = core.loop():flying()
    wixum.loop:wait_with(function(loop)
      if select(2, coroutine.running()) then loop:step(1) else coroutine.yield() end
    end)
  end)
  after_each(function()
    wixum.loop:wait_with(nil)
    wix:close()
    server:stop()
  end)

  local function begin()
    local co = coroutine.create(function() return wix.users.get_roles_info() end)
    assert.is_true(coroutine.resume(co))
    assert.equal("suspended", coroutine.status(co))
    return co
  end

  -- So that it is the first call that hangs, and not one behind it.
  local function until_read()
    process.eventually("a request at the server", function()
      wixum.loop:step(0.01)
      return #server:requests() == 1
    end)
  end

  it("has its call ended, and keeps nobody's place", function()
    server:fault{ delay = HANG }
    begin()
    until_read()
    collect()
    assert(wix.users.get_roles_info({}, { deadline = here.slow and 60 or 5 }))
    assert.same({ 0, flying }, { wix:stats().in_flight, core.loop():flying() })
  end)

  it("gives way to those behind it, where it waited for its turn", function()
    server:fault{ delay = HANG }
    local calls = { begin() }
    until_read()
    calls[2], calls[3] = begin(), begin()
    calls[2] = nil
    collect()
    assert.equal(1, wix:stats().in_flight)
    calls[1] = nil
    collect()
    process.eventually("the last to have its turn", function()
      wixum.loop:step(0.01)
      return coroutine.resume(calls[3]) and coroutine.status(calls[3]) == "dead"
    end)
    assert.equal(0, wix:stats().in_flight)
  end)

  it("leaves the loop at rest, also where the answer came before", function()
    begin()
    process.eventually("the answer", function()
      wixum.loop:step(0)
      return core.loop():flying() == flying
    end)
    assert.equal(0, wixum.loop:timeout())
    collect()
    wixum.loop:step(0)
    assert.is_not.equal(0, wixum.loop:timeout())
  end)

  it("is not the only way out: a loop that raises leaves nothing to be claimed either", function()
    wixum.loop:wait_with(function(loop)
      repeat loop:step(1) until core.loop():flying() == flying
      error("the loop is broken", 0)
    end)
    local ok, problem = pcall(wix.users.get_roles_info)
    assert.same({ false, "the loop is broken" }, { ok, problem })
    assert.is_not.equal(0, wixum.loop:timeout())
  end)
end)

describe("a Lua state that ends in the middle of things", function()
  local function run(code)
    local output, status = process.run{ "lua5.4", "-e", code }
    assert.equal("", output)
    return status
  end

  it("closes clients that nobody closed", function()
    assert.equal(0, run[[
      local server = require("wixum.sandbox").start{ seed = 1 }
      for i = 1, 5 do assert(server:client().site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "a" .. i .. "@example.com" } }) end
      os.exit(0, true)]])
  end)

  it("may end inside a call", function()
    assert.equal(7, run[[
      local server = require("wixum.sandbox").start{ seed = 1 }
      local wix = server:client{ on_event = function(event) if event.event == "answer" then os.exit(7, true) end end }
      wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } }]])
  end)

  it("may be made and ended many times in one process", function()
    assert.equal(0, run[[
      local wixum = require "wixum"
      for _ = 1, 3 do
        local made = coroutine.wrap(function() return wixum.client{ base_url = "http://127.0.0.1:1", api_key = "key-key" } end)()
        collectgarbage()
        assert(tostring(made):find "127.0.0.1")
      end
      os.exit(0, true)]])
  end)
end)
