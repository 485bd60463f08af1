-- Tasks: code that looks sequential and runs beside other code; where calls yield and where they turn the loop themselves;
-- cancelling, and closing a client in the middle of things.

local core = require "wixum.core"
local sandbox = require "wixum.sandbox"
local here = require "spec.support.here"
local process = require "spec.support.process"
local wixum = require "wixum"

local ROLE = "6732588207941061632"
local HANG = 600 -- seconds: whatever ends earlier ends for another reason
local MANY = os.getenv "WIXUM_SLOW" and 10 or 40

describe("tasks", function()
  local server, wix, number

  before_each(function()
    server = assert(sandbox.start{ seed = 1, log = 10000 })
    wix = server:client{ rate = false, concurrency = 64 }
    number = 0
  end)
  after_each(function()
    wix:close()
    server:stop()
  end)

  -- A call of its own: the address that was invited, or nil and the error.
  local function invite(options, by)
    number = number + 1
    local email = ("n%d@example.com"):format(number)
    local sent, err = (by or wix).site_invites.bulk_invite({ policy_ids = { ROLE }, emails = { email } }, options)
    if not sent then return nil, err end
    assert(sent.invites[1].email == email, "this is the answer of another call")
    return email
  end

  local function read_requests()
    local count = 0
    for _, request in ipairs(server:requests()) do if request.complete then count = count + 1 end end
    return count
  end

  -- Lets tasks go on until the server has read so many requests.
  local function until_read(count)
    process.eventually(count .. " requests at the server", function()
      wixum.sleep(0.001)
      return read_requests() >= count
    end)
  end

  describe("that are spawned", function()
    it("run once something waits, and give all their results", function()
      local began = false
      local task = wixum.spawn(function(...)
        began = select("#", ...) == 3
        return ..., nil
      end, "one", nil, "three")
      assert.is_false(began)
      assert.is_false(task:done())
      assert.same({ n = 2, "one", nil }, table.pack(task:wait()))
      assert.is_true(began and task:done())
      assert.same({ n = 2, "one", nil }, table.pack(task:wait()))
    end)

    it("tell what was raised as nil and that, whatever it is", function()
      for _, raised in ipairs{ "text", { 1 }, 7, false } do
        local task = wixum.spawn(function() error(raised, 0) end)
        local results = table.pack(task:wait())
        assert.is_nil(results[1])
        assert.equal(raised, results[2])
      end
      local task = wixum.spawn(function() error "at its line" end)
      local _, text = task:wait()
      assert.matches("40_tasks_spec.lua:%d+: at its line", text)
    end)

    it("say in words how they are, and nothing of what runs them", function()
      local task = wixum.spawn(function() wixum.sleep(0.001) end)
      assert.equal("wixum.task (not begun)", tostring(task))
      wixum.sleep(0)
      assert.equal("wixum.task (under way)", tostring(task))
      task:wait()
      assert.equal("wixum.task (done)", tostring(task))
      assert.is_nil(next(task))
      local failed = wixum.spawn(function() error("see https://manage.wix.com/invite/secret?t=1", 0) end)
      failed:wait()
      assert.matches("^wixum.task %(failed: see https://manage.wix.com/%[masked%]", tostring(failed))
    end)

    it("go on while a call outside of them waits", function()
      local seen = {}
      for i = 1, 5 do wixum.spawn(function() seen[i] = assert(invite()) end) end
      server:fault{ delay = 0.05, times = "always" }
      local tries = 0
      while #seen < 5 and tries < 100 do
        tries = tries + 1
        assert(invite())
      end
      assert.equal(5, #seen)
    end)

    it("are in flight together", function()
      local release = 20
      server:fault{ delay = HANG, times = release }
      local tasks = {}
      for i = 1, release do tasks[i] = wixum.spawn(invite) end
      until_read(release)
      assert.equal(release, wix:stats().in_flight)
      for _, task in ipairs(tasks) do assert.equal("unknown", task:cancel()) end
      assert.equal(0, wix:stats().in_flight)
    end)

    it("may yield by themselves: the others first", function()
      local order = {}
      local function run(name)
        return function()
          for i = 1, 3 do
            order[#order + 1] = name .. i
            coroutine.yield("whatever")
          end
        end
      end
      local one, two = wixum.spawn(run "a"), wixum.spawn(run "b")
      one:wait()
      two:wait()
      assert.same({ "a1", "b1", "a2", "b2", "a3", "b3" }, order)
    end)

    it("wait for one another, also many for one", function()
      local slow = wixum.spawn(function() wixum.sleep(0.01) return "slow" end)
      local waiting = {}
      for i = 1, 5 do waiting[i] = wixum.spawn(function() return slow:wait() .. i end) end
      for i = 1, 5 do assert.equal("slow" .. i, (waiting[i]:wait())) end
    end)

    it("that wait for each other for ever are told so, instead of hanging", function()
      local one, two
      one = wixum.spawn(function() return two:wait() end)
      two = wixum.spawn(function() return one:wait() end)
      local ok, text = pcall(one.wait, one)
      assert.is_false(ok)
      assert.matches("40_tasks_spec.lua:%d+: .*wait for each other", text)
      local own
      own = wixum.spawn(function() return own:wait() end)
      local _, problem = own:wait()
      assert.matches("cannot wait for itself", problem)
      one:cancel()
      two:cancel()
    end)

    it("whose error nobody looked at, and those that a program left behind, are told on stderr", function()
      for _, row in ipairs{
        { 'wixum.spawn(function() error("lost", 0) end) wixum.sleep(0) collectgarbage()',
          "wixum: a task failed, and nobody waited for it: lost\n" },
        { 'wixum.spawn(function() error("lost", 0) end) collectgarbage() wixum.sleep(0)', -- nobody has it when it fails
          "wixum: a task failed, and nobody waited for it: lost\n" },
        { 'wixum.spawn(function() error("lost", 0) end):wait() collectgarbage()', "" },
        { 'local t = wixum.spawn(function() error("lost", 0) end) t:cancel() t = nil collectgarbage()', "" },
        { 'wixum.spawn(function() end) wixum.spawn(print)',
          "wixum: the program ended before 2 of its tasks did: task:wait%(%) waits for one\n" },
        { 'wixum.spawn(function() end) wixum.sleep(0)', "" },
      } do
        local output = process.run{ "lua5.4", "-e", 'local wixum = require "wixum" ' .. row[1] }
        assert.matches("^" .. row[2] .. "$", output)
      end
    end)

    it("are refused where they could not run", function()
      for _, bad in ipairs{ 1, "x", {}, true } do
        local ok, text = pcall(wixum.spawn, bad)
        assert.is_false(ok)
        assert.matches("wixum.spawn takes a function", text)
      end
      local task = wixum.spawn(function() end)
      for _, name in ipairs{ "wait", "done", "cancel" } do
        local ok, text = pcall(task[name])
        assert.is_false(ok)
        assert.matches("write a colon: task:" .. name, text)
      end
      assert.equal("callable", (wixum.spawn(setmetatable({}, { __call = function() return "callable" end })):wait()))
      task:wait()
    end)
  end)

  describe("may make calls", function()
    -- Each makes one call or more in some place, and answers something that is true.
    local PLACES = {
      plain = function() return assert(invite()) end,
      pcall = function()
        local ok, raised = pcall(function() error{ assert(invite()) } end)
        return not ok and raised[1]
      end,
      index = function() return setmetatable({}, { __index = function() return assert(invite()) end }).field end,
      arithmetic = function() return setmetatable({}, { __add = function() return assert(invite()) end }) + 1 end,
      iterator = function()
        local count = 0
        for _ in function() if count < 2 then count = count + 1 return assert(invite()) end end do assert(count) end
        return count == 2
      end,
      close = function()
        local email
        do local _ <close> = setmetatable({}, { __close = function() email = assert(invite()) end }) end
        return email
      end,
      coroutine = function()
        local co = coroutine.wrap(function()
          coroutine.yield "first"
          coroutine.yield(assert(invite()))
        end)
        return co() == "first" and co()
      end,
      gsub = function() return (("x"):gsub("x", function() return assert(invite()) end)) end,
      sort = function()
        local list = { 3, 1, 2 }
        table.sort(list, function(a, b) assert(invite()) return a < b end)
        return list[1] == 1
      end,
      tostring = function() return tostring(setmetatable({}, { __tostring = function() return assert(invite()) end })) end,
      require = function()
        number = number + 1
        local name = "preloaded" .. number
        package.preload[name] = function() return assert(invite()) end
        local loaded = require(name)
        package.preload[name], package.loaded[name] = nil, nil
        return loaded
      end,
    }

    for name, place in pairs(PLACES) do
      it("in " .. name .. ", one and many at once, beside others that yield", function()
        assert.is_truthy(place()) -- outside tasks
        assert.is_truthy((wixum.spawn(place):wait()))
        local others = {}
        for i = 1, 3 do
          others[i] = wixum.spawn(function()
            for _ = 1, 5 do assert(invite()) end
            return "other"
          end)
        end
        local tasks = {}
        for i = 1, MANY do tasks[i] = wixum.spawn(place) end
        for _, task in ipairs(tasks) do
          local done, err = task:wait()
          assert.is_truthy(done, tostring(err))
        end
        for _, task in ipairs(others) do assert.equal("other", (task:wait())) end
      end)
    end
  end)

  describe("that sleep", function()
    it("do so side by side, in order", function()
      local order = {}
      local tasks = {}
      for i, seconds in ipairs{ 0.03, 0.01, 0.02, 0 } do
        tasks[i] = wixum.spawn(function()
          wixum.sleep(seconds)
          order[#order + 1] = seconds
        end)
      end
      for _, task in ipairs(tasks) do task:wait() end
      assert.same({ 0, 0.01, 0.02, 0.03 }, order)
    end)

    it("sleep no shorter than they were told, in tasks and out of them", function()
      local function measure()
        local began = core.clock()
        wixum.sleep(0.02)
        return core.clock() - began
      end
      assert.is_true(measure() >= 0.02)
      local task = wixum.spawn(measure)
      assert.is_true(measure() >= 0.02)
      assert.is_true(task:wait() >= 0.02)
    end)

    it("are told at their line where that is no time", function()
      for _, bad in ipairs{ -1, 0 / 0, math.huge, "1", {} } do
        local ok, text = pcall(function() wixum.sleep(bad) end)
        assert.is_false(ok)
        assert.matches("40_tasks_spec.lua:%d+: wixum.sleep takes a number of seconds", text)
      end
    end)
  end)

  describe("that are cancelled", function()
    it("before they began never run", function()
      local ran = false
      local task = wixum.spawn(function() ran = true end)
      assert.equal("not_sent", task:cancel())
      assert.is_true(task:done())
      local results, err = task:wait()
      assert.is_nil(results)
      assert.same({ "cancelled", "not_sent" }, { err.kind, err.outcome })
      wixum.sleep(0)
      assert.is_false(ran)
      assert.is_nil(task:cancel())
    end)

    it("in a call that the server has read: unknown; the call raises there, and so does the next", function()
      server:fault{ delay = HANG }
      local first, second
      local task = wixum.spawn(function()
        local ok, err = pcall(invite)
        first = not ok and err
        ok, err = pcall(invite)
        second = not ok and err
        return "went on"
      end)
      until_read(1)
      assert.equal("unknown", task:cancel())
      assert.same({ "cancelled", "unknown", 1 }, { first.kind, first.outcome, first.attempts })
      assert.matches("the task was cancelled %(cancelled, outcome unknown", tostring(first))
      assert.same({ "cancelled", "not_sent", 0 }, { second.kind, second.outcome, second.attempts })
      assert.equal("went on", (task:wait()))
      assert.equal(1, read_requests())
    end)

    it("in a call that has not gone out: not sent", function()
      local hole <close> = here.deaf()
      local away = wixum.client{ base_url = hole.url, api_key = "k", site_id = server.site_id, rate = false }
      local task = wixum.spawn(function() return invite(nil, away) end)
      wixum.sleep(0.01)
      assert.equal("not_sent", task:cancel())
      local _, err = task:wait()
      assert.same({ "cancelled", "not_sent" }, { err.kind, err.outcome })
      away:close()
    end)

    it("while they wait for the pace or for another attempt: as the attempts so far were", function()
      local slow = server:client{ rate = { calls = 1, per = HANG } }
      assert(invite(nil, slow))
      local waiting = wixum.spawn(function() return invite({ deadline = 10 * HANG }, slow) end)
      wixum.sleep(0)
      assert.equal("not_sent", waiting:cancel())
      slow:close()
      server:fault{ status = 503, headers = { ["Retry-After"] = "100" } }
      local again = wixum.spawn(function() return wix.users.get_roles_info() end)
      process.eventually("a back-off", function()
        wixum.sleep(0.001)
        return wix:stats().retries == 1
      end)
      assert.equal("unknown", again:cancel())
      local _, err = again:wait()
      assert.same({ "cancelled", "unknown", 1 }, { err.kind, err.outcome, err.attempts })
    end)

    it("in a sleep, in task:wait, in map, and in a place where nothing yields", function()
      local inner = wixum.spawn(function() wixum.sleep(HANG) end)
      local bodies = {
        function() wixum.sleep(HANG) end,
        function() inner:wait() end,
        function() wixum.map({ 1, 2, 3 }, function() wixum.sleep(HANG) end) end,
        function() ("x"):gsub("x", function() wixum.sleep(HANG) end) end,
      }
      for i, body in ipairs(bodies) do
        local task = wixum.spawn(body)
        if i < 4 then
          wixum.sleep(0.001)
          assert.equal("not_sent", task:cancel(), i)
        else -- it turns the loop on top of whoever waits now, so another task ends it
          wixum.spawn(function() task:cancel() end)
        end
        local _, err = task:wait()
        assert.equal("cancelled", err.kind, i)
      end
      assert.is_false(inner:done())
      inner:cancel()
    end)

    it("by themselves: they end there", function()
      local task
      local after = false
      task = wixum.spawn(function()
        task:cancel()
        after = true
      end)
      local _, err = task:wait()
      assert.same({ "cancelled", false }, { err.kind, after })
    end)

    it("give back their places in pace and flight", function()
      local one = server:client{ rate = false, concurrency = 1 }
      server:fault{ delay = HANG }
      local first = wixum.spawn(function() return invite(nil, one) end)
      until_read(1)
      local second, third = wixum.spawn(function() return invite(nil, one) end), wixum.spawn(function() return invite(nil, one) end)
      wixum.sleep(0)
      second:cancel()
      assert.is_false(third:done())
      first:cancel()
      assert.is_truthy((third:wait()))
      one:close()
    end)
  end)

  describe("whose client is closed", function()
    it("have their calls end with closed and their true outcomes, before close returns", function()
      server:fault{ delay = HANG, times = "always" }
      local slow = wix:with{ deadline = 10 * HANG }
      local flying = wixum.spawn(function() return invite(nil, slow) end)
      until_read(1)
      local narrow = server:client{ rate = false, concurrency = 1 }
      local holding, queued = wixum.spawn(function() return invite(nil, narrow) end), wixum.spawn(function() return invite(nil, narrow) end)
      until_read(2)
      wix:close()
      assert.is_true(flying:done())
      local _, err = flying:wait()
      assert.same({ "closed", "unknown", 1 }, { err.kind, err.outcome, err.attempts })
      assert.is_false(holding:done())
      narrow:close()
      _, err = holding:wait()
      assert.same({ "closed", "unknown", 1 }, { err.kind, err.outcome, err.attempts })
      _, err = queued:wait()
      assert.same({ "closed", "not_sent", 0 }, { err.kind, err.outcome, err.attempts })
    end)

    it("end only those of a client made by with, where that is closed", function()
      server:fault{ delay = HANG, times = 1 }
      local derived = wix:with{ timeout = HANG }
      local hanging = wixum.spawn(function() return invite(nil, derived) end)
      until_read(1)
      local other = wixum.spawn(invite)
      derived:close()
      local _, err = hanging:wait()
      assert.same({ "closed", "unknown" }, { err.kind, err.outcome })
      assert.is_truthy((other:wait()))
    end)

    it("end those that wait for another attempt, as their attempts so far were", function()
      server:fault{ status = 503, headers = { ["Retry-After"] = "100" } }
      local task = wixum.spawn(function() return wix.users.get_roles_info() end)
      process.eventually("a back-off", function()
        wixum.sleep(0.001)
        return wix:stats().retries == 1
      end)
      wix:close()
      local _, err = task:wait()
      assert.same({ "closed", "unknown", 1 }, { err.kind, err.outcome, err.attempts })
    end)

    it("go on with other clients", function()
      server:fault{ delay = HANG }
      local task = wixum.spawn(function()
        local _, err = invite()
        local other <close> = server:client{ rate = false }
        return err.kind, invite(nil, other)
      end)
      until_read(1)
      wix:close()
      local kind, email = task:wait()
      assert.equal("closed", kind)
      assert.is_truthy(email)
    end)

    it("may be closed by one of its own calls, in before_send", function()
      local task = wixum.spawn(function() return invite{ before_send = function() wix:close() end } end)
      local _, err = task:wait()
      assert.same({ "closed", "not_sent", 0 }, { err.kind, err.outcome, err.attempts })
      assert.equal(0, read_requests())
    end)
  end)
end)
