-- What may go wrong where wixum waits in a loop that is somebody else's: wait functions that raise, answer nonsense or wait
-- themselves; coroutines that never go on; the end of the Lua state.

local cqueues = require "cqueues"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local socket = require "socket"
local wixum = require "wixum"

local ROLE = "6732588207941061632"
local HANG = 600 -- seconds: whatever ends earlier ends for another reason

describe("a wait in somebody else's loop", function()
  local server, wix, number

  before_each(function()
    server = assert(sandbox.start{ seed = 1, log = 10000 })
    number = 0
    wix = server:client{ rate = false, deadline = HANG, timeout = HANG, max_wait = HANG }
  end)
  after_each(function()
    wixum.loop:wait_with(nil)
    wix:close()
    server:stop()
    assert.is_nil(wixum.loop:timeout())
    assert.is_false(wixum.loop:step())
  end)

  -- A call of its own: true, or nil and the error.
  local function invite(options, by)
    number = number + 1
    local email = ("n%d@example.com"):format(number)
    local sent, err = (by or wix).site_invites.bulk_invite({ policy_ids = { ROLE }, emails = { email } }, options)
    if not sent then return nil, err end
    assert(sent.invites[1].email == email, "this is the answer of another call")
    return true
  end

  local function read_requests()
    local count = 0
    for _, request in ipairs(server:requests()) do if request.complete then count = count + 1 end end
    return count
  end

  describe("whose function", function()
    it("answers nonsense, or returns at once, is called again until the answer is there", function()
      for _, answer in ipairs{ "text", 7, false, true, {} } do
        local calls = 0
        wixum.loop:wait_with(function(loop)
          assert(loop == wixum.loop)
          calls = calls + 1
          return answer, answer
        end)
        assert(invite())
        assert.is_true(calls > 0)
      end
      wixum.loop:wait_with(setmetatable({}, { __call = function() end }))
      assert(invite())
    end)

    it("raises ends what waits there by what it raised, and that alone", function()
      server:fault{ delay = HANG, times = "always" }
      local beside = wixum.spawn(invite)
      for _, raised in ipairs{ "text", { "a table" }, false } do
        wixum.loop:wait_with(function(loop)
          loop:step(0.01)
          if read_requests() >= 2 then error(raised, 0) end
        end)
        for _, wait in ipairs{
          invite,
          function() wixum.loop:wait_with(function() error(raised, 0) end) wixum.sleep(HANG) end,
          function() return beside:wait() end,
          function() return wixum.map({ 1, 2 }, function() wixum.sleep(HANG) end) end,
        } do
          local ok, problem = pcall(wait)
          assert.same({ false, raised }, { ok, problem })
        end
      end
      wixum.loop:wait_with(nil)
      assert.equal(1, wix:stats().in_flight) -- the task goes on
      assert.is_false(beside:done())
      server:faults_clear()
      assert(invite())
      assert.equal("unknown", beside:cancel())
    end)

    it("raises after it has seen the answer loses nothing that others wait for", function()
      wixum.loop:wait_with(function(loop)
        loop:step(0.01)
        error("late", 0)
      end)
      local descriptor = wixum.loop:pollfd()
      local watched = { getfd = function() return descriptor end }
      for _ = 1, 20 do
        assert.is_false((pcall(wixum.sleep, 0.001)))
        assert.is_nil(socket.select({ watched }, nil, 0)[1])
        assert.is_false((pcall(invite)))
      end
      assert.is_nil(wixum.loop:timeout()) -- nothing is left that somebody else would have to look at
      wixum.loop:wait_with(nil)
      assert(invite())
    end)

    it("waits itself, or runs code that does, is not called within itself", function()
      local depth, deepest = 0, 0
      wixum.loop:wait_with(function()
        depth = depth + 1
        deepest = math.max(deepest, depth)
        wixum.sleep(0.001)
        assert(wix.users.get_roles_info())
        assert(wixum.spawn(function() return wixum.map({ 1, 2 }, function() return invite() end)[2] end):wait())
        depth = depth - 1
      end)
      assert(invite())
      assert.same({ 1, 0 }, { deepest, depth })
    end)

    it("steps the loop itself, is set anew by itself, or spawns tasks", function()
      local tasks = {}
      wixum.loop:wait_with(function(loop)
        if #tasks < 5 then tasks[#tasks + 1] = wixum.spawn(invite) end
        loop:step(0.01)
        if #tasks == 3 then loop:wait_with(function(given) given:step(1) end) end
      end)
      for _ = 1, 6 do assert(invite()) end
      for _, task in ipairs(tasks) do assert.is_true((task:wait())) end
    end)

    it("is none is told at the caller's line", function()
      for _, bad in ipairs{ 1, "poll", {}, true } do
        local ok, text = pcall(function() wixum.loop:wait_with(bad) end)
        assert.is_false(ok)
        assert.matches("42_loops_faults_spec.lua:%d+: loop:wait_with takes a function, not a " .. type(bad), text)
      end
      for _, name in ipairs{ "wait_with", "step", "timeout", "events", "pollfd" } do
        local ok, text = pcall(function() wixum.loop[name]() end)
        assert.is_false(ok)
        assert.matches("42_loops_faults_spec.lua:%d+: write a colon: wixum.loop:" .. name, text)
      end
      for _, bad in ipairs{ -1, 0 / 0, "1", {} } do
        local ok, text = pcall(function() wixum.loop:step(bad) end)
        assert.is_false(ok)
        assert.matches("42_loops_faults_spec.lua:%d+: loop:step takes a number of seconds", text)
      end
    end)
  end)

  it("is no task's: tasks wait in the loop as ever, also where they step it themselves", function()
    wixum.loop:wait_with(function() error("called in a task", 0) end)
    local order = {}
    local outer = wixum.spawn(function()
      local inner = wixum.spawn(function()
        order[#order + 1] = assert(invite()) and "first"
        return "inner"
      end)
      while not inner:done() do wixum.loop:step(0.01) end
      order[#order + 1] = inner:wait()
      local text = ("x"):gsub("x", function() return invite() and "beneath C" end)
      order[#order + 1] = text
      local function step() wixum.loop:step(0) end
      order[#order + 1] = assert(invite{ before_send = step, on_event = step }) and "second"
    end)
    while not outer:done() do wixum.loop:step(1) end
    assert.same({}, { outer:wait() })
    assert.same({ "first", "inner", "beneath C", "second" }, order)
  end)

  describe("whose coroutine", function()
    local cq
    before_each(function() cq = cqueues.new() end)

    -- Turns the loop of cqueues until something is so.
    local function turn_until(what, done)
      process.eventually(what, function()
        assert(cq:step(0.001))
        return done()
      end)
    end

    -- Ways in which a coroutine may end where it waits.
    local WAYS = {
      closed = function() cq:close() end,
      collected = function()
        cq = nil
        for _ = 1, 3 do collectgarbage() end
      end,
    }

    for name, leave in pairs(WAYS) do
      it("is " .. name .. ": the request ends, and its place is free", function()
        wixum.loop:wait_with(cqueues.poll)
        local narrow = server:client{ rate = { calls = 1000, per = 1 }, concurrency = 2 }
        local ends = {}
        server:fault{ delay = HANG, times = 2 }
        for _ = 1, 5 do
          cq:wrap(function()
            invite({ deadline = HANG, timeout = HANG, on_event = function(event)
              if event.event == "end" then ends[#ends + 1] = event.outcome end
            end }, narrow)
          end)
        end
        turn_until("two requests", function() return read_requests() == 2 end)
        assert.equal(2, narrow:stats().in_flight)
        leave()
        for _ = 1, 3 do collectgarbage() end -- cqueues lets go of what it closed later
        for _ = 1, 4 do assert(invite({ deadline = HANG }, narrow)) end
        table.sort(ends)
        assert.same({ "not_sent", "not_sent", "not_sent", "unknown", "unknown" }, ends)
        assert.equal(0, narrow:stats().in_flight)
        assert.same({ nil, false }, { wixum.loop:timeout(), wixum.loop:step() })
        narrow:close()
      end)
    end

    it("is ended by coroutine.close, whatever it waits in", function()
      local begun = 0
      server:fault{ delay = HANG, times = "always" }
      wixum.loop:wait_with(coroutine.yield)
      for _, wait in ipairs{
        invite,
        function() wixum.sleep(HANG) end,
        function() wixum.map({ 1, 2, 3 }, function() begun = begun + 1 return invite() end, { concurrency = 2 }) end,
      } do
        local co = coroutine.create(wait)
        local deadline = cqueues.monotime() + 0.05
        while cqueues.monotime() < deadline do assert(coroutine.resume(co)) end
        assert.equal("suspended", coroutine.status(co))
        assert.is_true(wixum.loop:step())
        assert.is_true(coroutine.close(co))
        wixum.loop:step()
        assert.same({ nil, false }, { wixum.loop:timeout(), wixum.loop:step() })
        assert.equal(0, wix:stats().in_flight)
      end
      assert.equal(2, begun)
    end)
  end)

  it("is told so where a finalizer waits when the Lua state ends", function()
    local output, code = process.run{ "lua5.4", "-e", [[
      -- made before wixum is, and so finalized after it
      kept = setmetatable({}, { __gc = function()
        for _, use in ipairs{
          function() wixum.loop:step() end, function() wixum.loop:pollfd() end, function() wixum.loop:timeout() end,
          function() wixum.client{ api_key = "k" } end, function() wixum.spawn(print):wait() end,
        } do
          local ok, text = pcall(use)
          print(ok, text:match("the Lua state ends"))
        end
      end })
      wixum = require "wixum"
      wixum.loop:step() ]] }
    assert.equal(("false\tthe Lua state ends\n"):rep(5), output)
    assert.equal(0, code)
  end)
end)
