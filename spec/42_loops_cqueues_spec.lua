-- wixum within a loop of cqueues: each coroutine waits for its own call and the others go on; tasks driven by the descriptor;
-- Ctrl-C.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local socket = require "cqueues.socket"
local wixum = require "wixum"

local ROLE = "6732588207941061632"
local HANG = 600 -- seconds: whatever ends earlier ends for another reason
local MANY = 100

describe("in a loop of cqueues", function()
  local server, wix, cq

  before_each(function()
    server = assert(sandbox.start{ seed = 1, log = 10000 })
    wix = server:client{ rate = false, concurrency = MANY }
    cq = cqueues.new()
    wixum.loop:wait_with(cqueues.poll)
  end)
  after_each(function()
    wixum.loop:wait_with(nil)
    wix:close()
    server:stop()
  end)

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

  -- Turns the loop of cqueues until something is so.
  local function turn_until(what, done)
    process.eventually(what, function()
      assert(cq:step(0.001))
      return done()
    end)
  end

  -- Runs the loop until all its coroutines have ended.
  local function run()
    process.eventually("the end of all coroutines", function()
      assert(cq:step(1))
      return cq:empty()
    end)
  end

  -- A server in the same loop, which answers what it was sent once so many have asked: where a call stopped the loop, or they
  -- came one after the other, nobody would ever be answered.
  local function start_echo(count)
    local asked, all = 0, condition.new()
    local listener = assert(socket.listen{ host = "127.0.0.1", port = 0 })
    local _, _, port = listener:localname()
    local function serve(connection)
      connection:setmode("b", "bf")
      local size
      for line in connection:lines("*l") do
        size = line:lower():match("^content%-length: (%d+)") or size
        if line:match("^\r?$") then break end
      end
      local body = connection:read(tonumber(size))
      asked = asked + 1
      if asked == count then all:signal() end
      while asked < count do all:wait() end
      connection:write(("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s")
        :format(size, body))
      connection:flush()
      connection:close()
    end
    cq:wrap(function()
      for _ = 1, count do
        local connection = listener:accept()
        cq:wrap(serve, connection)
      end
      listener:close()
    end)
    return wixum.client{ base_url = "http://127.0.0.1:" .. port, api_key = "key-for-specs", site_id = server.site_id, rate = false,
      concurrency = count, timeout = HANG, deadline = HANG }
  end

  local function echo(client, number)
    local answer = assert(client:call{ method = "POST", path = "/echo", body = { number = number }, effect = "adds" })
    return answer.number
  end

  describe("whose poll waits for it", function()
    it("a hundred calls are in flight at once, and the loop goes on", function()
      local client <close> = start_echo(MANY)
      local answers = {}
      for i = 1, MANY do cq:wrap(function() answers[i] = echo(client, i) end) end
      run()
      for i = 1, MANY do assert.equal(i, answers[i]) end
    end)

    it("a timer ticks while a hundred calls wait for answers", function()
      server:fault{ delay = here.slow and 3 or 0.5, times = MANY }
      local answered, most, ticks, began = 0, 0, 0, nil
      for i = 1, MANY do
        cq:wrap(function()
          assert(invite(i))
          answered = answered + 1
        end)
      end
      cq:wrap(function()
        while answered < MANY do
          cqueues.sleep(0.01)
          local read = read_requests()
          most = math.max(most, read - answered)
          if read == MANY then -- from now on nothing but answers is waited for
            began = began or cqueues.monotime()
            ticks = ticks + 1
          end
        end
      end)
      run()
      local due = (cqueues.monotime() - began) / 0.01
      assert.equal(MANY, #server:outbox())
      assert.is_true(most > MANY / 2, "at the server at once: " .. most)
      assert.is_true(ticks >= 3 and (here.slow or ticks >= due / 50), ("%d ticks, %.0f due"):format(ticks, due))
    end)

    it("whatever else waits lets the others go on", function()
      local narrow = server:client{ rate = { calls = 1, per = here.slow and 1 or 0.1 }, concurrency = 1 }
      local ended, ticks = {}, 0
      local waits = {
        sleep = function() wixum.sleep(0.05) end,
        task = function() assert.equal("slept", (wixum.spawn(function() wixum.sleep(0.05) return "slept" end):wait())) end,
        map = function()
          assert.same({ 2, 4 }, (wixum.map({ 1, 2 }, function(i) wixum.sleep(0.02) return 2 * i end)))
        end,
        pace = function() for i = 1, 3 do assert(invite(i, nil, narrow)) end end,
        place = function() assert(invite(4, nil, narrow)) end,
        again = function()
          server:fault{ status = 503, operation = "users.get_roles_info" }
          assert(wix.users.get_roles_info())
        end,
        nested = function()
          local sums = assert(wixum.spawn(function()
            return (wixum.map({ 10, 20 }, function(i)
              return #wixum.map({ 1, 2, 3 }, function(j) return assert(invite(i + j)) end)
            end))
          end):wait())
          assert.same({ 3, 3 }, sums)
        end,
      }
      local left = 0
      for name, wait in pairs(waits) do
        left = left + 1
        cq:wrap(function()
          local before = ticks
          wait()
          ended[name] = ticks - before
          left = left - 1
        end)
      end
      cq:wrap(function()
        while left > 0 do
          cqueues.sleep(0.001)
          ticks = ticks + 1
        end
      end)
      run()
      for name in pairs(waits) do assert.is_true(ended[name] and ended[name] >= 1, name) end
      assert.equal(1, wix:stats().retries)
      narrow:close()
    end)

    it("an error is that coroutine's own", function()
      local failed, raised
      cq:wrap(function()
        server:fault{ status = 403 }
        failed = select(2, invite(1))
      end)
      cq:wrap(function() raised = select(2, pcall(invite, 2, { no_such_option = 1 })) end)
      run()
      assert.equal("forbidden", failed.kind)
      assert.matches("42_loops_cqueues_spec.lua:%d+: .*no_such_option", raised)
      cq:wrap(function() error(select(2, wixum.spawn(function() error("in the task", 0) end):wait()), 0) end)
      local ok, problem = cq:loop(HANG)
      assert.same({ false, "in the task" }, { ok, problem })
      cq:wrap(function() assert(invite(3)) end)
      run()
    end)

    it("a client that is closed ends the calls that wait there", function()
      server:fault{ delay = HANG, times = "always" }
      local slow, kinds = wix:with{ timeout = HANG, deadline = HANG }, {}
      for i = 1, 5 do
        cq:wrap(function()
          local _, err = invite(i, nil, slow)
          kinds[#kinds + 1] = err.kind .. " " .. err.outcome
        end)
      end
      cq:wrap(function()
        while read_requests() < 5 do cqueues.sleep(0.01) end
        slow:close()
      end)
      run()
      assert.equal(("closed unknown,"):rep(5), table.concat(kinds, ",") .. ",")
    end)

    it("calls outside of it, on the main thread and in a coroutine of the caller's, work as ever", function()
      assert(invite(1))
      assert.equal("n2@example.com", coroutine.wrap(function() return invite(2, nil, wix:with{ timeout = 30 }) end)())
      assert.equal("n3@example.com", (wixum.spawn(invite, 3):wait()))
      wixum.sleep(0.01)
    end)

    it("may be changed while calls wait: who waits is served all the same", function()
      server:fault{ delay = 0.05, times = 10 }
      server:fault{ delay = 0.5 }
      local answers = {}
      for i = 1, 10 do cq:wrap(function() answers[i] = invite(i) end) end
      turn_until("ten requests", function() return read_requests() == 10 end)
      wixum.loop:wait_with(nil)
      answers[11] = invite(11) -- turns the loop itself, and theirs come meanwhile
      assert.equal(0, wixum.loop:timeout())
      run()
      wixum.loop:wait_with(function(loop) cqueues.poll(loop, 0.001) end)
      cq:wrap(function() answers[12] = invite(12) end)
      run()
      for i = 1, 12 do assert.equal(("n%d@example.com"):format(i), answers[i]) end
      assert.same({ nil, false }, { wixum.loop:timeout(), wixum.loop:step() })
    end)
  end)

  describe("that looks at the descriptor", function()
    before_each(function() wixum.loop:wait_with(nil) end)

    it("one coroutine drives a hundred tasks", function()
      local client <close> = start_echo(MANY)
      local tasks, done, steps = {}, 0, 0
      cq:wrap(function()
        while done < MANY do
          cqueues.poll(wixum.loop)
          wixum.loop:step(0)
          steps = steps + 1
        end
      end)
      cq:wrap(function()
        cqueues.sleep(0.01) -- the other one looks already
        for i = 1, MANY do
          tasks[i] = wixum.spawn(function()
            wixum.sleep(i % 3 / 1000)
            local number = echo(client, i)
            done = done + 1
            return number
          end)
        end
      end)
      run()
      for i = 1, MANY do assert.equal(i, (tasks[i]:wait())) end
      assert.is_true(steps < 50 * MANY, "steps: " .. steps)
    end)

    it("a coroutine may also step and wait in turns", function()
      local tasks = {}
      for i = 1, 10 do tasks[i] = wixum.spawn(invite, i) end
      cq:wrap(function()
        while wixum.loop:step() do cqueues.poll(wixum.loop) end
      end)
      run()
      for i, task in ipairs(tasks) do
        assert.is_true(task:done())
        assert.equal(("n%d@example.com"):format(i), (task:wait()))
      end
    end)
  end)

  describe("Ctrl-C", function()
    local child
    after_each(function()
      if not child.code then child:kill("sigkill") end
      child:wait()
    end)

    local function start(code)
      child = process.start({ "lua5.4", "-e", 'local wixum, cqueues = require "wixum", require "cqueues" ' .. code },
        { env = { WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_SITE_ID = server.site_id } })
    end

    -- What it ends is the loop; the calls in it are still under way then, and end as the program says.
    it("ends the loop, ticking or not, and every call in it keeps its true outcome", function()
      for count, ticks in ipairs{ "true", "false" } do
        server:fault{ delay = HANG, times = 2 }
        start(([[
          local wix = wixum.client{ timeout = 600, deadline = 600 }
          wixum.loop:wait_with(cqueues.poll)
          local cq = cqueues.new()
          cq:wrap(function() while %s do cqueues.sleep(0.01) end end)
          for i = 1, 2 do
            cq:wrap(function()
              local ok, answer, err = pcall(wix.site_invites.bulk_invite, { policy_ids = { "1" }, emails = { i .. "@example.com" } })
              print("call", ok and err.kind or answer.kind, (ok and err or answer).outcome)
              if not ok then error(answer, 0) end -- Ctrl-C was pressed while wixum's own code ran
            end)
          end
          print("loop", select(2, pcall(function() assert(cq:loop()) end)))
          wix:close()
          cq:step(0)
          cq:step(0)
          print("left", wix:stats().in_flight)]]):format(ticks))
        process.eventually("the requests", function() return read_requests() == 2 * count end)
        child:kill("sigint")
        child:expect("left\t0")
        assert.equal(0, (child:wait()))
        assert.matches("loop\t[^\n]*interrupted", child.output)
        assert.equal(2, select(2, child.output:gsub("call\t%a+\tunknown", "")))
      end
    end)
  end)
end)
