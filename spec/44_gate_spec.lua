-- The gate of a client: so many in flight, the pace, first come first served; and what a 429 halts, and how it recovers.

local core = require "wixum.core"
local gate = require "wixum.gate"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local wixum = require "wixum"

local ROLE = "6732588207941061632"
local SITE = "11111111-2222-4333-8444-555555555555"
local HANG = 600

describe("a gate", function()
  it("lets so many in, and the next when one comes out", function()
    local one = gate.new(2)
    for _ = 1, 2 do
      assert.equal(0, one:wait(0))
      one:start()
    end
    assert.equal(math.huge, one:wait(0))
    one:answered(5)
    assert.equal(0, one:wait(5))
    one:start()
    one:cancel()
    assert.equal(0, one:wait(5))
  end)

  it("asks the pace too", function()
    local one = gate.new(10, core.pace(1, 60))
    one:start()
    assert.equal(math.huge, one:wait(0))
    one:answered(3)
    assert.equal(50, one:wait(13))
    assert.equal(0, one:wait(63))
    one:start()
    one:cancel()
    assert.equal(0, one:wait(63))
  end)

  it("serves by tickets, also those who come again", function()
    local one, names = gate.new(1), {}
    local function who(name)
      names[#names + 1] = { name = name }
      one:ticket(names[#names])
      return names[#names]
    end
    local a, b, c, d = who "a", who "b", who "c", who "d"
    local function order()
      local list, at = {}, one.first
      while at do list[#list + 1], at = at.name, at.next_in_gate end
      assert.equal(list[#list], one.last and one.last.name)
      return table.concat(list)
    end
    for _, joins in ipairs{ { b, "b" }, { d, "bd" }, { a, "abd" }, { c, "abcd" } } do
      one:join(joins[1])
      assert.equal(joins[2], order())
    end
    for _, leaves in ipairs{ { b, "acd" }, { b, "acd" }, { d, "ac" }, { a, "c" }, { c, "" } } do
      one:leave(leaves[1])
      assert.equal(leaves[2], order())
    end
    one:join(c)
    one:join(a)
    assert.equal("ac", order())
  end)

  it("is halted by a 429, then lets one in, and one more with each good answer", function()
    local one = gate.new(4)
    one:start()
    one:start()
    one:halt(100, 30, 90)
    one:halt(101, 5, 91) -- the other of the two: nothing new
    assert.equal(29, one:wait(101))
    one:answered(102)
    one:answered(102)
    assert.equal(0, one:wait(130))
    for allowed = 1, 4 do
      for _ = 1, allowed do
        assert.equal(0, one:wait(130))
        one:start()
      end
      assert.equal(math.huge, one:wait(130))
      for _ = 1, allowed do one:answered(130) end
      one:eased()
    end
    one:eased()
    assert.equal(4, one.allowed)
  end)

  it("is halted longer by one that had started before and says so, and anew only by one that started after", function()
    local paced = core.pace(16, 10)
    local one = gate.new(8, paced)
    local function room() -- how many the pace lets start now
      local count = 0
      while paced:wait(1000) == 0 do
        paced:start()
        count = count + 1
      end
      for _ = 1, count do paced:cancel() end
      return count
    end
    one:halt(100, 10, 50)
    one:halt(100, 20, 60)
    assert.equal(20, one:wait(100))
    assert.equal(16, room()) -- at 1000 all has recovered
    one:halt(2000, 10, 1999)
    assert.equal(8, room()) -- the clock went back for this: half
    one:halt(2005, 10, 1999)
    assert.equal(8, room())
    one:halt(2020, 10, 2016)
    assert.equal(4, room())
  end)

  it("does not end a client for good, whatever it is told", function()
    local one = gate.new(1)
    one:halt(0, 1e18, 0)
    assert.equal(86400, one:wait(0))
  end)
end)

describe("a pace that was too fast", function()
  it("goes on with half, and an eighth more with each window", function()
    local pace = core.pace(16, 10)
    local function room(now)
      local count = 0
      while pace:wait(now) == 0 do
        pace:start()
        count = count + 1
      end
      for _ = 1, count do pace:cancel() end
      return count
    end
    assert.equal(16, room(0))
    pace:slow(100)
    assert.same({ 8, 8, 10, 12, 14, 16, 16 }, { room(100), room(109), room(110), room(120), room(130), room(140), room(1000) })
    for _, left in ipairs{ 8, 4, 2, 1, 1 } do
      pace:slow(2000)
      assert.equal(left, room(2000))
    end
    pace = core.pace(3, 10)
    pace:slow(0)
    assert.same({ 1, 2, 3 }, { room(0), room(10), room(20) })
  end)

  it("tells when the next may start: an old answer has grown older, or the limit has grown", function()
    local pace = core.pace(4, 10)
    for at = 1, 4 do
      pace:start()
      pace:answered(at)
    end
    pace:slow(5)
    -- two are allowed: three of the four must be ten seconds old; the limit grows at 15
    assert.equal(8, pace:wait(5))
    assert.equal(0, pace:wait(13))
    pace:start()
    assert.equal(1, pace:wait(13)) -- the last of the four at 14
    assert.equal(0, pace:wait(14))
  end)
end)

describe("calls on a clock of ours", function()
  -- What is sent, and when; answers come from a function of the number.
  local function world(answer, options)
    local now, log = 0, {}
    local own = { site_id = SITE, retries = 4, rate = false,
      clock = { now = function() return now end, time = os.time, random = function() return 1 end,
        sleep = function(seconds) now = now + seconds return true end },
      transport = function()
        log[#log + 1] = now
        return answer(#log)
      end }
    for name, value in pairs(options or {}) do own[name] = value end
    return wixum.client(own), log, function(seconds) now = now + seconds end
  end

  local function limited(seconds)
    return { status = 429, body = "{}", headers = { ["Retry-After"] = seconds } }
  end
  local OK = { status = 200, body = "{}" }

  it("all wait for what one of them was told", function()
    local wix, log = world(function(n) return n == 1 and limited "7" or OK end, { retries = 0 })
    local _, err = wix.site_invites.revoke_invite{ invite_id = SITE }
    assert.same({ "rate_limited", "refused", 7.0 }, { err.kind, err.outcome, err.retry_after })
    assert(wix:with{ timeout = 1 }.site_invites.revoke_invite{ invite_id = SITE })
    assert.same({ 0, 7 }, log)
  end)

  it("wait a minute where it says nothing, and the date it says", function()
    local wix, log = world(function(n) return n == 1 and { status = 429, body = "" } or OK end)
    assert(wix.site_invites.bulk_invite{ policy_ids = { ROLE }, emails = { "ann@example.com" } })
    assert.same({ 0, 60 }, log)
    wix, log = world(function(n)
      return n == 1 and { status = 429, body = "", headers = { Date = "Sun, 06 Nov 1994 08:49:00 GMT",
        ["Retry-After"] = "Sun, 06 Nov 1994 08:49:37 GMT" } } or OK
    end)
    assert(wix.site_invites.bulk_invite{ policy_ids = { ROLE }, emails = { "ann@example.com" } })
    assert.same({ 0, 37 }, log)
  end)

  it("come back at once, not sent, where that is longer than they may wait", function()
    local wix, log, pass = world(function(n) return n == 1 and limited "300" or OK end)
    local _, err = wix.site_invites.revoke_invite{ invite_id = SITE }
    assert.same({ "rate_limited", "refused", 300.0 }, { err.kind, err.outcome, err.retry_after })
    _, err = wix.site_invites.revoke_invite{ invite_id = SITE }
    assert.same({ "rate_limited", "not_sent", 300.0, 0 }, { err.kind, err.outcome, err.retry_after, err.attempts })
    assert.matches("the service asked all calls of this client to wait, for 300 s more", tostring(err))
    _, err = wix.site_invites.revoke_invite({ invite_id = SITE }, { max_wait = 400, deadline = 200 })
    assert.same({ "timeout", "not_sent" }, { err.kind, err.outcome })
    pass(200)
    assert(wix.site_invites.revoke_invite{ invite_id = SITE })
    assert.same({ 0, 300 }, log)
  end)
end)

describe("stats", function()
  it("tell starts, retries, waits, answers, bytes and connections, of a client and all made from it", function()
    local server <close> = assert(sandbox.start{ seed = 1 })
    local passed = 0
    local wix <close> = server:client{ rate = false, clock = { now = function() return core.clock() + passed end, time = os.time,
      random = function() return 1 end, sleep = function(seconds) passed = passed + seconds return true end } }
    local fresh = wix:stats()
    assert.same({ starts = 0, retries = 0, waits = 0, waited = 0.0, answers = {}, in_flight = 0, sent = 0, received = 0, opened = 0,
      reused = 0 }, fresh)
    assert(wix.users.get_roles_info())
    server:fault{ status = 503, headers = { ["Retry-After"] = "30" }, times = 2 }
    assert(wix:with{ timeout = 5 }.users.get_roles_info())
    server:fault{ status = 403 }
    wix.users.get_roles_info()
    local stats = wix:stats()
    assert.same({ 5, 2, 2, { [200] = 2, [503] = 2, [403] = 1 }, 0 },
      { stats.starts, stats.retries, stats.waits, stats.answers, stats.in_flight })
    assert.is_true(stats.waited >= 60 and stats.waited < 61)
    assert.equal(5, stats.opened + stats.reused)
    assert.is_true(stats.reused >= 1)
    local arrived = 0
    for _, request in ipairs(server:requests()) do arrived = arrived + #(request.body or "") end
    assert.is_true(stats.sent > 5 * 100 and stats.sent < 5 * 1000, stats.sent)
    assert.is_true(stats.received > arrived)
    stats.answers[200] = 99
    assert.equal(2, wix:stats().answers[200])
  end)

  it("are still there when the client is closed", function()
    local server <close> = assert(sandbox.start{ seed = 1 })
    local wix = server:client{ rate = false }
    assert(wix.users.get_roles_info())
    wix:close()
    assert.same({ 1, { [200] = 1 } }, { wix:stats().starts, wix:stats().answers })
  end)
end)

describe("many calls at once", function()
  local server
  before_each(function() server = assert(sandbox.start{ seed = 1, log = 10000 }) end)
  after_each(function() server:stop() end)

  it("start in the order in which they came", function()
    local wix <close> = server:client{ rate = false, concurrency = 2 }
    local order = {}
    local tasks = {}
    for i = 1, 40 do
      tasks[i] = wixum.spawn(function()
        return wix.site_invites.bulk_invite({ policy_ids = { ROLE }, emails = { ("o%d@example.com"):format(i) } },
          { before_send = function() order[#order + 1] = i end })
      end)
    end
    local expected = {}
    for i, task in ipairs(tasks) do
      expected[i] = i
      assert(task:wait())
    end
    assert.same(expected, order)
  end)

  it("are halted together by one 429, and all done in the end", function()
    local wix <close> = server:client{ rate = false, concurrency = 8 }
    server:fault{ status = 429, headers = { ["Retry-After"] = "1" }, after = 10 }
    local most, halted = 0, nil
    local list = {}
    for i = 1, 40 do list[i] = i end
    local answers, errors = wixum.map(list, function(i)
      return wix.site_invites.bulk_invite({ policy_ids = { ROLE }, emails = { ("h%d@example.com"):format(i) } }, {
        on_event = function(event)
          if event.status == 429 then halted = core.clock() end
        end,
        before_send = function()
          if halted then
            assert(core.clock() - halted >= 0.99, "started in a halt")
            if most == 0 then assert(wix:stats().in_flight == 1, "more than one at the end of the halt") end
            most = most + 1
          end
        end })
    end)
    assert.same({}, errors)
    assert.equal(40, #answers)
    assert.is_true(most > 0) -- how many had started before depends on how fast answers are seen
    assert.same({ [200] = 40, [429] = 1 }, wix:stats().answers)
    assert.equal(40, #server:outbox())
  end)

  it("keep their pace, however many are in flight", function()
    local calls, per = 20, 0.2
    local wix <close> = server:client{ rate = { calls = calls, per = per }, concurrency = 50 }
    local stamps, list = {}, {}
    for i = 1, 100 do list[i] = i end
    local answers = wixum.map(list, function(i)
      local answer, info = wix.site_invites.bulk_invite({ policy_ids = { ROLE }, emails = { ("p%d@example.com"):format(i) } },
        { before_send = function() stamps[#stamps + 1] = core.clock() end })
      return answer and info
    end, { concurrency = 50 })
    assert.equal(100, #answers)
    for i = calls + 1, #stamps do assert.is_true(stamps[i] - stamps[i - calls] >= per) end
  end)

  it("are all heard, also while some fail again and again at once", function()
    local wix <close> = server:client{ rate = false }
    -- an address that no connection may be made to: the kernel refuses at once
    local nobody <close> = wixum.client{ base_url = "https://255.255.255.255", api_key = "key-for-specs", account_id = SITE, rate = false,
      retries = 0 }
    server:fault{ delay = 0.01 }
    local slow = wixum.spawn(function()
      return wix.site_invites.bulk_invite{ policy_ids = { ROLE }, emails = { "ann@example.com" } }
    end)
    local failing = {}
    for i = 1, 4 do
      failing[i] = wixum.spawn(function()
        local count = 0
        repeat
          assert(select(2, nobody.users.get_roles_info()).kind == "network")
          count = count + 1
          assert(count < 20000, "the answer was never looked at")
        until slow:done()
      end)
    end
    assert(slow:wait())
    for _, task in ipairs(failing) do assert(select("#", task:wait()) == 0) end
  end)

  it("wait for a place no longer than their deadlines", function()
    local wix <close> = server:client{ rate = false, concurrency = 1 }
    server:fault{ delay = HANG }
    local holder = wixum.spawn(function()
      return wix.site_invites.bulk_invite{ policy_ids = { ROLE }, emails = { "ann@example.com" } }
    end)
    process.eventually("a call in flight", function()
      wixum.sleep(0.001)
      return wix:stats().in_flight == 1
    end)
    local late = wixum.spawn(function()
      return wix.site_invites.bulk_invite({ policy_ids = { ROLE }, emails = { "bob@example.com" } }, { deadline = 0.05 })
    end)
    local _, err = late:wait()
    assert.same({ "timeout", "not_sent", 0 }, { err.kind, err.outcome, err.attempts })
    _, err = wix.site_invites.bulk_invite({ policy_ids = { ROLE }, emails = { "bob@example.com" } }, { deadline = 0.05 })
    assert.same({ "timeout", "not_sent", 0 }, { err.kind, err.outcome, err.attempts })
    holder:cancel()
    assert(wix.site_invites.bulk_invite{ policy_ids = { ROLE }, emails = { "bob@example.com" } })
  end)

  it("made in before_send while the only place is held are told so at once", function()
    local wix <close> = server:client{ rate = false, concurrency = 1 }
    local inner
    assert(wix.site_invites.bulk_invite({ policy_ids = { ROLE }, emails = { "ann@example.com" } }, { before_send = function()
      inner = select(2, wix.users.get_roles_info())
    end }))
    assert.same({ "timeout", "not_sent" }, { inner.kind, inner.outcome })
    assert.matches("when a call that is under way has ended", tostring(inner))
  end)
end)
