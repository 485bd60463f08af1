-- wixum within a loop of luv: tasks that the descriptor drives beside luv's own timers and connections; a wait function that
-- runs the loop of luv; Ctrl-C.

local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local uv = require "luv"
local wixum = require "wixum"

local ROLE = "6732588207941061632"
local HANG = 600 -- seconds: whatever ends earlier ends for another reason
local MANY = 100

describe("in a loop of luv", function()
  local server, wix, handles

  before_each(function()
    server = assert(sandbox.start{ seed = 1, log = 10000 })
    wix = server:client{ rate = false, concurrency = MANY, timeout = HANG, deadline = HANG }
    handles = {}
  end)
  after_each(function()
    wixum.loop:wait_with(nil)
    for _, handle in ipairs(handles) do if not handle:is_closing() then handle:close() end end
    uv.run("nowait")
    wix:close()
    server:stop()
  end)

  local function keep(handle)
    handles[#handles + 1] = handle
    return handle
  end

  local function invite(number, options, by)
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

  -- The descriptor in the loop; the function is called where it is readable.
  local function watch(fn)
    local poll = keep(uv.new_poll(wixum.loop:pollfd()))
    poll:start("r", fn)
    return poll
  end

  local function tick(fn)
    local timer = keep(uv.new_timer())
    uv.update_time()
    timer:start(1, 1, fn)
  end

  -- Runs the loop of luv until something is so.
  local function run_until(what, done)
    process.eventually(what, done)
  end

  -- A server in the same loop, which answers what it was sent once so many have asked: where a call stopped the loop, or they
  -- came one after the other, nobody would ever be answered. And its client.
  local function start_echo(count)
    local listener, waiting = keep(uv.new_tcp()), {}
    assert(listener:bind("127.0.0.1", 0))
    local function answer()
      for _, one in ipairs(waiting) do
        one.connection:write(("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s")
          :format(#one.body, one.body))
      end
    end
    assert(listener:listen(count, function()
      local connection, text = keep(uv.new_tcp()), ""
      listener:accept(connection)
      connection:read_start(function(_, bytes)
        if not bytes then return connection:is_closing() or connection:close() end
        text = text .. bytes
        local size, body = text:match("[Cc]ontent%-[Ll]ength: (%d+).-\r\n\r\n(.*)$")
        if not size or #body < tonumber(size) then return end
        waiting[#waiting + 1] = { connection = connection, body = body }
        if #waiting == count then answer() end
      end)
    end))
    return wixum.client{ base_url = "http://127.0.0.1:" .. listener:getsockname().port, api_key = "key-for-specs",
      site_id = server.site_id, rate = false, concurrency = count, timeout = HANG, deadline = HANG }
  end

  local function echo(client, number)
    return assert(client:call{ method = "POST", path = "/echo", body = { number = number }, effect = "adds" }).number
  end

  local function numbers()
    local list = {}
    for i = 1, MANY do list[i] = i end
    return list
  end

  describe("that looks at the descriptor", function()
    it("a hundred calls in tasks are in flight at once, and the loop goes on", function()
      local steps, done, answers = 0, 0, {}
      watch(function()
        wixum.loop:step(0)
        steps = steps + 1
      end)
      local client <close> = start_echo(MANY)
      for i = 1, MANY do
        wixum.spawn(function()
          answers[i] = echo(client, i)
          done = done + 1
        end)
      end
      run_until("a hundred answers", function() return done == MANY end)
      assert.same(numbers(), answers)
      assert.is_true(steps < 50 * MANY, "steps: " .. steps)
    end)

    it("a timer ticks while a hundred calls wait for answers", function()
      server:fault{ delay = here.slow and 3 or 0.5, times = MANY }
      watch(function() wixum.loop:step(0) end)
      local ticks, answered, began = 0, 0, nil
      local tasks = {}
      for i = 1, MANY do
        tasks[i] = wixum.spawn(function()
          local email = assert(invite(i))
          answered = answered + 1
          return email
        end)
      end
      local most = 0
      tick(function()
        if began then ticks = ticks + 1 end
      end)
      run_until("a hundred requests, none answered yet", function()
        local read = read_requests()
        most = math.max(most, read - answered)
        return read == MANY
      end)
      began = process.now() -- from now on nothing but answers is waited for
      run_until("a hundred answers", function() return answered == MANY end)
      local due = (process.now() - began) / 0.001
      assert.is_true(most > MANY / 2, "at the server at once: " .. most)
      assert.is_true(ticks >= 3 and (here.slow or ticks >= due / 50), ("%d ticks, %.0f due"):format(ticks, due))
      for i, task in ipairs(tasks) do assert.equal(("n%d@example.com"):format(i), (task:wait())) end
      assert.equal(MANY, #server:outbox())
    end)

    it("callbacks of luv spawn tasks, cancel them and close their clients", function()
      local order = {}
      watch(function() wixum.loop:step(0) end)
      server:fault{ delay = HANG, times = "always" }
      local first, second = wixum.spawn(invite, 1), nil
      local function note(what) order[#order + 1] = what end
      local timer = keep(uv.new_timer())
      timer:start(1, 1, function()
        if not order[1] and read_requests() == 1 then
          note(first:cancel())
          second = wixum.spawn(function()
            local _, err = invite(2)
            note(err.kind)
            wixum.sleep(0.001)
            note "slept"
          end)
        elseif order[1] and not order[2] and read_requests() == 2 then
          note "closing"
          wix:close()
        end
      end)
      run_until("the end of the second", function() return second and second:done() end)
      assert.same({ "unknown", "closing", "closed", "slept" }, order)
    end)

    it("a call in a callback, outside tasks, is answered there, and tasks go on meanwhile", function()
      watch(function() wixum.loop:step(0) end)
      local task = wixum.spawn(function()
        for i = 1, 5 do assert(invite(i)) end
        wixum.sleep(0.001)
        return "done"
      end)
      local timer, answer = keep(uv.new_timer()), nil
      timer:start(1, 0, function() answer = invite(6) end)
      run_until("both", function() return answer and task:done() end)
      assert.same({ "n6@example.com", "done" }, { answer, (task:wait()) })
    end)
  end)

  describe("that is run by the wait function", function()
    before_each(function()
      watch(function() end) -- it only ends the run
      wixum.loop:wait_with(function() uv.run("once") end)
    end)

    it("a hundred calls of a map are in flight at once, and the loop goes on", function()
      local client <close> = start_echo(MANY)
      assert.same(numbers(), (wixum.map(numbers(), function(number) return echo(client, number) end, { concurrency = MANY })))
    end)

    it("a timer ticks while calls, sleeps and tasks are waited for", function()
      local ticks = 0
      tick(function() ticks = ticks + 1 end)
      server:fault{ delay = 0.05, times = "always" }
      for i, wait in ipairs{
        function() return invite(1) end,
        function() wixum.sleep(0.05) return true end,
        function() return wixum.spawn(invite, 2):wait() end,
        function() return #wixum.map({ 3, 4, 5 }, function(number) return invite(number) end) == 3 end,
        function() return coroutine.wrap(function() return invite(6) end)() end,
      } do
        local before = ticks
        assert.is_truthy(wait())
        assert.is_true(ticks > before, "no tick in wait " .. i)
      end
    end)

    it("callbacks make calls and spawn tasks, while a call waits", function()
      local timer, inner, task = keep(uv.new_timer()), nil, nil
      server:fault{ delay = 0.1 }
      timer:start(1, 0, function()
        inner = invite(1)
        task = wixum.spawn(invite, 2)
      end)
      assert.equal("n3@example.com", invite(3))
      run_until("the call in the callback", function() return inner end)
      assert.equal("n1@example.com", inner)
      assert.equal("n2@example.com", (task:wait()))
    end)

    it("what waited there leaves nothing to do behind", function()
      for i = 1, 3 do assert(invite(i)) end
      wixum.loop:wait_with(nil)
      assert.same({ nil, false }, { wixum.loop:timeout(), wixum.loop:step() })
    end)
  end)

  describe("Ctrl-C", function()
    local child
    after_each(function()
      if not child.code then child:kill("sigkill") end
      child:wait()
    end)

    local function start(code)
      child = process.start({ "lua5.4", "-e", [[
        local wixum, uv = require "wixum", require "luv"
        local wix = wixum.client{ timeout = 600, deadline = 600 }
        local function invite()
          return wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } }
        end
        local poll = uv.new_poll(wixum.loop:pollfd())
        ]] .. code }, { env = { WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_SITE_ID = server.site_id } })
      process.eventually("the request", function() return read_requests() == 1 end)
    end

    it("ends a program that asks for nothing else: lua.c raises in a callback, and luv ends there", function()
      server:fault{ delay = HANG }
      start[[
        poll:start("r", function() wixum.loop:step(0) end)
        local timer = uv.new_timer()
        timer:start(1, 1, function() end)
        wixum.spawn(invite)
        uv.run()]]
      child:kill("sigint")
      child:expect("interrupted")
      assert.not_equal(0, (child:wait()))
    end)

    it("ends a call by what its wait function raises then", function()
      server:fault{ delay = HANG }
      start[[
        poll:start("r", function() end)
        local pressed
        local signal = uv.new_signal()
        signal:start("sigint", function() pressed = true end)
        wixum.loop:wait_with(function()
          uv.run("once")
          if pressed then error("pressed", 0) end
        end)
        print(pcall(invite))
        pressed = false
        print(wix:stats().in_flight, invite() ~= nil)
        poll:close() signal:close() uv.run("nowait")]]
      child:kill("sigint")
      child:expect("false\tpressed\n0\ttrue\n")
      assert.equal(0, (child:wait()))
    end)

    it("is a signal like any other for a program that asks luv for it", function()
      server:fault{ delay = HANG }
      start[[
        poll:start("r", function() wixum.loop:step(0) end)
        local task = wixum.spawn(invite)
        local signal = uv.new_signal()
        signal:start("sigint", function()
          print(task:cancel(), task:done(), wix:stats().in_flight)
          poll:close() signal:close()
        end)
        uv.run()]]
      child:kill("sigint")
      child:expect("unknown\ttrue\t0\n")
      assert.equal(0, (child:wait()))
    end)
  end)
end)
