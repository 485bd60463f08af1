-- The descriptor of wixum.loop is enough for a loop that is somebody else's: whatever there is to do makes it readable, and
-- nothing else does. What timeout, events and step say; the README's lines about loops.

local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local socket = require "socket"
local wixum = require "wixum"

local ROLE = "6732588207941061632"
local HANG = 600 -- seconds: whatever ends earlier ends for another reason

describe("wixum.loop", function()
  local server, wix, number

  before_each(function()
    server = assert(sandbox.start{ seed = 1, log = 10000 })
    wix = server:client{ rate = false, deadline = HANG, timeout = HANG, max_wait = HANG }
    number = 0
  end)
  after_each(function()
    wix:close()
    server:stop()
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

  -- Asked for once, as a loop does: asking makes it true.
  local descriptor = wixum.loop:pollfd()
  local watched = { getfd = function() return descriptor end }

  -- Is there something to do, now or within so many seconds?
  local function is_readable(seconds)
    return socket.select({ watched }, nil, seconds or 0)[1] ~= nil
  end

  -- Looks at the descriptor alone until something is so; answers how often there was something to do.
  local function drive_until(what, done)
    local steps = 0
    while not done() do
      assert(is_readable(here.slow and 120 or 20), "never readable: " .. what)
      wixum.loop:step(0)
      steps = steps + 1
    end
    return steps
  end

  -- The server has read so many requests: this it does by itself.
  local function until_read(count)
    process.eventually(count .. " requests at the server", function()
      if is_readable(0.001) then wixum.loop:step(0) end
      local read = 0
      for _, request in ipairs(server:requests()) do if request.complete then read = read + 1 end end
      return read >= count
    end)
  end

  -- Whatever libcurl may still have had in mind for connections is done; from now on there is nothing.
  local function settle()
    drive_until("the rest", function() return not is_readable(0.05) end)
    assert.same({ nil, false }, { wixum.loop:timeout(), wixum.loop:step() })
    assert.is_false(is_readable(0.02))
  end

  describe("by its descriptor alone", function()
    -- Each begins something in a task, and makes it happen from outside, where that is not the clock or the server.
    local HAPPENS = {
      ["an answer"] = { function() return invite() end },
      ["the end of a sleep"] = { function() wixum.sleep(0.03) return true end },
      ["a spawned task"] = { function() return wixum.spawn(function() return true end):wait() end },
      ["a task's own yield"] = { function()
        for _ = 1, 5 do coroutine.yield() end
        return true
      end },
      ["the pace"] = { function()
        local slow <close> = server:client{ rate = { calls = 1, per = 0.05 } }
        return invite(nil, slow) and invite(nil, slow) and slow:stats().waits == 1
      end },
      ["a place at the gate"] = { function()
        local one <close> = server:client{ rate = false, concurrency = 1 }
        return #wixum.map({ 1, 2, 3 }, function() return invite(nil, one) end) == 3
      end },
      ["the end of a halt"] = { function()
        server:fault{ status = 429, headers = { ["Retry-After"] = "0" } }
        return invite() and wix:stats().answers[429] == 1
      end },
      ["another attempt"] = { function()
        server:fault{ status = 503 }
        return wix.users.get_roles_info() and wix:stats().retries == 1
      end },
      ["a timeout"] = { function()
        server:fault{ delay = HANG }
        local _, err = invite{ timeout = 0.3 }
        return err.kind == "timeout" and err.outcome == "unknown"
      end },
      ["a deadline at the gate"] = { function()
        local one <close> = server:client{ rate = false, concurrency = 1 }
        server:fault{ delay = HANG }
        local holder = wixum.spawn(invite, nil, one)
        wixum.sleep(0)
        local _, err = invite({ deadline = 0.05 }, one)
        return err.kind == "timeout" and err.outcome == "not_sent" and holder:cancel() ~= nil
      end },
      ["a connection that is refused"] = { function()
        local away <close> = wixum.client{ base_url = "http://127.0.0.1:1", api_key = "k", site_id = server.site_id, retries = 0 }
        local _, err = invite(nil, away)
        return err.kind == "network" and err.outcome == "not_sent"
      end },
      ["a cancel"] = { function()
        server:fault{ delay = HANG }
        local _, err = pcall(invite)
        return err.kind == "cancelled" and err.outcome == "unknown"
      end, function(task) assert.equal("unknown", task:cancel()) end },
      ["a cancel of what sleeps"] = { function()
        local _, err = pcall(wixum.sleep, HANG)
        return err.kind == "cancelled"
      end, function(task) task:cancel() end },
      ["a close"] = { function()
        server:fault{ delay = HANG }
        local _, err = invite()
        return err.kind == "closed" and err.outcome == "unknown"
      end, function() wix:close() end },
      ["the end of another task, which sleeps"] = { function()
        local sleeper = wixum.spawn(function() wixum.sleep(0.02) return true end)
        return #wixum.map({ 1, 2, 3 }, function() return sleeper:wait() end) == 3
      end },
    }

    for what, row in pairs(HAPPENS) do
      it(what .. " is seen, without looking in vain again and again", function()
        assert.is_false(is_readable())
        local task = wixum.spawn(row[1])
        assert.is_true(is_readable()) -- it can begin
        local happens, steps = row[2], 0
        if happens then
          steps = drive_until("its beginning", function() return not is_readable(0.1) end)
          assert.is_false(task:done())
          happens(task)
        end
        steps = steps + drive_until(what, function() return task:done() end)
        assert.is_true(task:wait())
        assert.is_true(steps <= 60, "steps: " .. steps)
        settle()
      end)
    end

    it("a hundred calls are answered", function()
      local wide <close> = server:client{ rate = false, concurrency = 100 }
      local tasks, left = {}, 100
      server:fault{ delay = 0.05, times = 100 }
      for i = 1, 100 do
        tasks[i] = wixum.spawn(function()
          local ok = invite(nil, wide)
          left = left - 1
          return ok
        end)
      end
      local steps = drive_until("their ends", function() return left == 0 end)
      for _, task in ipairs(tasks) do assert.is_true((task:wait())) end
      assert.is_true(steps < 3000, "steps: " .. steps)
      wide:close()
      settle()
    end)

    it("what waits is seen too after somebody else turned the loop, outside tasks", function()
      local slept = wixum.spawn(function() wixum.sleep(0.2) return true end)
      assert(invite())
      wixum.sleep(0.01)
      assert.is_false(slept:done())
      drive_until("the end of the sleep", function() return slept:done() end)
      settle()
    end)

    it("nothing is seen where there is nothing to do, however much was done before", function()
      assert.is_false(is_readable(0.02))
      for _ = 1, 3 do assert(invite()) end
      wixum.sleep(0)
      settle()
      server:fault{ delay = HANG }
      local hanging = wixum.spawn(invite)
      until_read(4)
      local steps = 0
      while is_readable(0.1) do
        wixum.loop:step()
        steps = steps + 1
      end
      assert.is_true(steps < 20, "steps for nothing: " .. steps)
      hanging:cancel()
      settle()
    end)
  end)

  it("has one descriptor for good, which no program that is started inherits", function()
    assert.equal(descriptor, wixum.loop:pollfd())
    assert.equal("integer", math.type(descriptor))
    local function links(folder)
      return here.run(("readlink /proc/%s/fd/* 2>/dev/null"):format(folder))
    end
    assert.matches("anon_inode:%[eventpoll%]", here.run(("readlink /proc/%s/fd/%d"):format(here.pid, descriptor)))
    assert.matches("timerfd", links(here.pid))
    local inherited = links("self")
    assert.is_nil(inherited:find("timerfd", 1, true))
    assert.is_nil(here.run(("readlink /proc/self/fd/%d"):format(descriptor)):find("eventpoll", 1, true))
    for _ = 1, 3 do
      local other <close> = server:client{ rate = false }
      assert(invite(nil, other))
      wixum.spawn(invite, nil, other):wait()
      collectgarbage()
      assert.equal(descriptor, wixum.loop:pollfd())
    end
    assert.equal("r", wixum.loop:events())
    assert.equal("wixum.loop", tostring(wixum.loop))
  end)

  it("says how long there is nothing to do by itself", function()
    assert.is_nil(wixum.loop:timeout())
    local task = wixum.spawn(function() wixum.sleep(HANG) end)
    assert.equal(0, wixum.loop:timeout())
    assert.is_true(wixum.loop:step())
    local seconds = wixum.loop:timeout()
    assert.is_true(seconds > HANG - 60 and seconds <= HANG, seconds)
    local sooner = wixum.spawn(function() wixum.sleep(HANG / 2) end)
    wixum.loop:step()
    seconds = wixum.loop:timeout()
    assert.is_true(seconds > HANG / 2 - 60 and seconds <= HANG / 2, seconds)
    sooner:cancel()
    assert.is_false(is_readable()) -- it has ended there and then
    assert.is_true(wixum.loop:timeout() > HANG / 2)
    server:fault{ delay = HANG }
    local call = wixum.spawn(invite, { timeout = 20 })
    until_read(1)
    seconds = wixum.loop:timeout()
    assert.is_true(seconds <= 20, seconds) -- libcurl looks after its own time
    call:cancel()
    task:cancel()
    settle()
  end)

  it("says by step whether anything is left that may still happen", function()
    assert.is_false(wixum.loop:step())
    assert.is_false(wixum.loop:step(HANG)) -- and does not wait for what cannot come
    local task = wixum.spawn(function() wixum.sleep(0.01) end)
    assert.is_true(wixum.loop:step())
    while wixum.loop:step(HANG) do assert.is_false(task:done()) end
    assert.is_true(task:done())
    task = wixum.spawn(invite)
    local steps = 0
    while wixum.loop:step(HANG) do steps = steps + 1 end
    assert.is_true(task:wait())
    assert.is_true(steps < 60, "steps: " .. steps)
  end)

  describe("in the README", function()
    local block = here.read("README.md"):match("```lua\n(wixum%.loop:wait_with.-)```")
    local for_cqueues, for_luv = block:match("^([^\n]*\n)(.*)$")

    local function run(code)
      local output, status = process.run({ "lua5.4", "-e", code }, { env = { WIXUM_BASE_URL = server.base_url,
        WIX_API_KEY = server.api_key, WIX_SITE_ID = server.site_id, WIX_ACCOUNT_ID = server.account_id } })
      assert.equal(0, status, output)
      return output
    end

    it("the line for cqueues has every call let the other coroutines go on", function()
      assert.equal("ticked\tanswered\tanswered\n", run(([[
        local wixum, cqueues = require "wixum", require "cqueues"
        %s
        local cq, answers, ticks = cqueues.new(), {}, 0
        for i = 1, 2 do cq:wrap(function() answers[i] = assert(wixum.users.get_roles_info()) and "answered" end) end
        cq:wrap(function()
          while not (answers[1] and answers[2]) do
            ticks = ticks + 1
            cqueues.sleep(0)
          end
        end)
        assert(cq:loop())
        print(ticks > 1 and "ticked", answers[1], answers[2])]]):format(for_cqueues)))
    end)

    it("the lines for luv drive calls, timers and new tasks", function()
      assert.equal("slept\tanswered\tspawned later\n", run(([[
        local wixum, uv = require "wixum", require "luv"
        %s
        local results, timer = {}, uv.new_timer()
        local function keep(text)
          results[#results + 1] = text
          if #results == 3 then poll:close() end
        end
        timer:start(20, 0, function()
          timer:close()
          wixum.spawn(function()
            keep(assert(wixum.users.get_roles_info()) and "answered")
            wixum.spawn(keep, "spawned later")
          end)
        end)
        wixum.spawn(function()
          wixum.sleep(0.001)
          keep "slept"
        end)
        uv.run()
        print(table.concat(results, "\t"))]]):format(for_luv)))
    end)

    it("nothing else is said about loops that is not tried here", function()
      assert.equal(3, select(2, block:gsub("\n", "")))
    end)
  end)
end)
