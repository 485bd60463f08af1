-- The pace: never more than so many calls in any window as the server sees them, and no slower than that needs.

local core = require "wixum.core"
local wixum = require "wixum"

local SITE = "11111111-2222-4333-8444-555555555555"

describe("a pace", function()
  it("lets so many start at once, and the next when the first answer is as old as the window", function()
    local pace = core.pace(2, 60)
    for _ = 1, 2 do
      assert.equal(0, pace:wait(100))
      pace:start()
    end
    assert.equal(math.huge, pace:wait(100))
    pace:answered(103)
    assert.equal(60, pace:wait(103))
    assert.equal(10, pace:wait(153))
    pace:answered(110)
    assert.equal(1e-6, pace:wait(162.999999))
    assert.equal(0, pace:wait(163))
    pace:start()
    assert.equal(7, pace:wait(163))
    assert.equal(0, pace:wait(170))
    pace:start()
    assert.equal(math.huge, pace:wait(1e6))
  end)

  it("counts an answer that is told late as of the latest known", function()
    local pace = core.pace(2, 10)
    pace:start()
    pace:start()
    pace:answered(50)
    pace:answered(40)
    assert.equal(5, pace:wait(55))
    assert.equal(0, pace:wait(60))
    pace:start()
    assert.equal(0, pace:wait(60))
  end)

  it("is given back by nobody who has not taken it", function()
    local pace = core.pace(1, 10)
    pace:answered(0)
    pace:cancel()
    assert.equal(0, pace:wait(0))
    pace:start()
    assert.equal(math.huge, pace:wait(0))
    pace:cancel()
    pace:cancel()
    assert.equal(0, pace:wait(0))
    pace:start()
    pace:answered(0)
    pace:answered(5)
    assert.equal(0, pace:wait(10))
  end)

  it("is whatever can be one, and says what cannot", function()
    for _, given in ipairs{ { 0, 1 }, { -1, 1 }, { 1.5, 1 }, { "x", 1 }, { 1, 0 }, { 1, -1 }, { 1, 0 / 0 }, { 1, math.huge },
      { 1 << 40, 1 }, {}, { 1 } } do
      assert.is_false(pcall(core.pace, given[1], given[2]))
    end
    local pace = core.pace(1, 0.001)
    for _, bad in ipairs{ "x", 0 / 0, math.huge, -math.huge, {} } do
      assert.is_false(pcall(pace.wait, pace, bad))
      assert.is_false(pcall(pace.answered, pace, bad))
    end
    assert.is_false(pcall(pace.wait, io.stdout, 1))
    assert.equal(0, core.pace(1000000, 86400):wait(-9e11))
  end)
end)

-- A small generator of our own: the same numbers on every machine.
local function generator(seed)
  local state = seed * 2654435761 % (1 << 32)
  return function(limit)
    state = (state * 1664525 + 1013904223) % (1 << 32)
    return limit and state // 65536 % limit or state / (1 << 32)
  end
end

-- So many callers at once call again and again, each as soon as the pace lets it. Everything is in microseconds, so that
-- nothing rounds. Answers when the server saw each call, somewhere between its start and its answer.
local function simulate(random, calls, per, callers, total)
  local pace = core.pace(calls, per / 1e6)
  local now, started, stamps, flying = 1000000 * random(1000000), 0, {}, {}
  local styles = { function() return 0 end, function(length) return length end, function(length) return random(length + 1) end }
  local stamp_of, longest = styles[1 + random(3)], 1 + random(2 * per)
  while started < total or #flying > 0 do
    local wait = pace:wait(now / 1e6)
    if started < total and #flying < callers and wait == 0 then
      pace:start()
      started = started + 1
      local length = random(4) == 0 and random(longest) or random(per // 10 + 1)
      local at = now + stamp_of(length)
      stamps[#stamps + 1] = at
      flying[#flying + 1] = now + length
      table.sort(flying)
      if random(3) == 0 then now = now + random(per // 20 + 1) end
    else
      -- on to what comes first: an answer, or the pace
      local next_answer = flying[1] or math.huge
      local next_start = started < total and #flying < callers and wait < math.huge and now + math.ceil(wait * 1e6) or math.huge
      assert(next_answer < math.huge or next_start < math.huge, "nothing would ever happen again")
      now = math.max(now, math.min(next_answer, next_start))
      if next_answer <= now then
        table.remove(flying, 1)
        pace:answered(next_answer / 1e6)
      end
    end
  end
  table.sort(stamps)
  return stamps
end

describe("what a server sees of a pace", function()
  it("is never more calls in a window than it allows, however long each takes to get there and back", function()
    for seed = 1, os.getenv "WIXUM_SLOW" and 20 or 150 do
      local random = generator(seed)
      local calls, per = 1 + random(12), 1000 * (1 + random(60000))
      local stamps = simulate(random, calls, per, 1 + random(40), 20 * calls)
      for i = calls + 1, #stamps do
        local span = stamps[i] - stamps[i - calls]
        assert(span >= per, ("seed %d: %d calls within %d of %d us"):format(seed, calls + 1, span, per))
      end
    end
  end)

  it("is as many as it allows, where answers come at once", function()
    for _, row in ipairs{ { 1, 1000000 }, { 7, 60000000 }, { 200, 60000000 } } do
      local calls, per = row[1], row[2]
      local pace, now, starts = core.pace(calls, per / 1e6), 0, 0
      while starts < 10 * calls do
        local wait = pace:wait(now)
        if wait > 0 then
          now = now + wait
        else
          pace:start()
          pace:answered(now)
          starts = starts + 1
        end
      end
      assert.is_true(math.abs(now - 9 * per / 1e6) < 1e-3, ("%d calls took %f s"):format(starts, now))
    end
  end)
end)

describe("the rate of a client", function()
  local now, sent, takes

  local function client(rate, more)
    now, sent, takes = 1000, {}, 0
    local options = { site_id = SITE, rate = rate, clock = { now = function() return now end, time = os.time, random = math.random,
      sleep = function(seconds) now = now + seconds return true end },
      transport = function()
        sent[#sent + 1] = now - 1000
        now = now + takes
        return { status = 200, body = "{}" }
      end }
    for name, value in pairs(more or {}) do options[name] = value end
    return wixum.client(options)
  end

  local function revoke(wix, options) return wix.site_invites.revoke_invite({ invite_id = SITE }, options) end

  it("makes calls wait, counting from their answers", function()
    local wix = client{ calls = 2, per = 10 }
    for _ = 1, 5 do assert(revoke(wix)) end
    assert.same({ 0, 0, 10, 10, 20 }, sent)
    wix = client{ calls = 2, per = 10 }
    takes = 3
    for _ = 1, 5 do assert(revoke(wix)) end
    assert.same({ 0, 3, 13, 16, 26 }, sent)
  end)

  it("is shared by all made from it, and by each attempt", function()
    local wix = client{ calls = 1, per = 10 }
    assert(revoke(wix))
    assert(revoke(wix:with{ timeout = 1 }))
    assert(revoke(wix:with{ site_id = SITE }:with{ retries = 0 }))
    assert.same({ 0, 10, 20 }, sent)
    local count = 0
    wix = client({ calls = 1, per = 10 }, { transport = function()
      sent[#sent + 1] = now - 1000
      count = count + 1
      return { status = count < 3 and 503 or 200, body = "{}", headers = { ["Retry-After"] = "4" } }
    end })
    assert(revoke(wix))
    assert.same({ 0, 10, 20 }, sent)
  end)

  it("is none where it is false, and 200 a minute where nothing is said", function()
    local wix = client(false)
    for _ = 1, 500 do assert(revoke(wix)) end
    assert.equal(0, sent[500])
    wix = client(nil)
    for _ = 1, 401 do assert(revoke(wix)) end
    assert.same({ 0, 60, 60, 120 }, { sent[200], sent[201], sent[400], sent[401] })
  end)

  it("that lets a call start only after its deadline ends it at once, with nothing sent", function()
    local wix = client{ calls = 1, per = 10 }
    assert(revoke(wix))
    local answer, err = revoke(wix, { deadline = 9 })
    assert.is_nil(answer)
    assert.same({ "timeout", "not_sent", 0, 1000, 1 }, { err.kind, err.outcome, err.attempts, now, #sent })
    assert.matches("the pace (rate) would let it start in 10 s", tostring(err), 1, true)
    assert(revoke(wix, { deadline = 11 }))
    assert.same({ 0, 10 }, sent)
  end)

  it("is not used up by what is never sent", function()
    local wix = client{ calls = 1, per = 10 }
    for _ = 1, 3 do
      assert.equal("invalid", select(2, wix.site_invites.revoke_invite{ invite_id = "x" }).kind)
      assert.equal("cancelled", select(2, revoke(wix, { before_send = error })).kind)
      assert(revoke(wix, { dry_run = true }))
    end
    assert(revoke(wix))
    assert.same({ 0 }, sent)
  end)

  it("goes on after calls that raised, and after faults", function()
    for _, transport in ipairs{ function() error "broken" end, function() return { sent = false } end, function() return nil end } do
      local wix = client({ calls = 1, per = 10 }, { transport = transport, retries = 0 })
      for _ = 1, 3 do assert.equal("network", select(2, revoke(wix)).kind) end
      assert.equal(1020, now)
    end
  end)

  -- A call within a call is neither too many for the server nor the end of the client.
  for _, where in ipairs{ "before_send", "on_event" } do
    it("holds for a call made in " .. where, function()
      local wix, inner
      local function call_within()
        if inner then return end
        inner = true
        inner = { revoke(wix, { before_send = function() end, on_event = function() end }) }
      end
      wix = client{ calls = 2, per = 10 }
      local options = where == "before_send" and { before_send = call_within }
        or { on_event = function(event) if event.event == "start" then call_within() end end }
      assert(revoke(wix))
      assert(revoke(wix, options))
      for _ = 1, 4 do assert(revoke(wix)) end
      assert.is_truthy(inner[1])
      for i = 3, #sent do assert.is_true(sent[i] - sent[i - 2] >= 10, table.concat(sent, " ")) end
    end)
  end
end)
