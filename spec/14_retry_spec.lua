-- When a call is said again, and after how long: first the decision as a function, then whole calls on a clock of ours.

local core = require "wixum.core"
local retry = require "wixum.retry"
local wixum = require "wixum"

local SITE = "11111111-2222-4333-8444-555555555555"

local function one() return 1 end

describe("whether something is said again", function()
  local KINDS = { "invalid", "unauthenticated", "forbidden", "not_found", "conflict", "precondition", "rate_limited", "rejected", "server",
    "network", "tls", "timeout", "protocol", "redirected", "interrupted", "cancelled", "closed" }
  local STATUSES = { false, 200, 204, 301, 400, 401, 403, 404, 408, 409, 425, 428, 429, 500, 501, 502, 503, 504, 505, 599, 999 }

  it("follows effect, outcome, kind and status, in every combination", function()
    local passing = { [500] = true, [502] = true, [503] = true, [504] = true }
    local allowed = 0
    for _, effect in ipairs{ "read", "repeatable", "adds" } do
      for _, outcome in ipairs{ "not_sent", "refused", "unknown" } do
        for _, kind in ipairs(KINDS) do
          for _, status in ipairs(STATUSES) do
            local on_the_way = kind == "network" or kind == "timeout"
            local expected = false
            if outcome == "not_sent" then expected = on_the_way
            elseif outcome == "refused" then expected = kind == "rate_limited"
            elseif effect ~= "adds" then expected = on_the_way or kind == "server" and passing[status] == true end
            local verdict = { kind = kind, outcome = outcome, status = status or nil }
            local seconds, reason = retry.decide(effect, verdict, { attempts = 1, retries = 1, max_wait = 1000, left = 1000,
              budget = retry.budget(), random = one })
            if retry.allowed(effect, verdict) ~= expected or (seconds ~= nil) ~= expected or (reason == nil) ~= expected then
              error(table.concat({ "not", tostring(expected), "for", effect, outcome, kind, tostring(status) }, " "))
            end
            allowed = allowed + (expected and 1 or 0)
          end
        end
      end
    end
    assert.is_true(allowed > 0)
  end)

  local function decide(changes, verdict)
    local situation = { attempts = 1, retries = 4, max_wait = 120, left = 600, budget = retry.budget(), random = one }
    for name, value in pairs(changes) do situation[name] = value end
    return retry.decide("read", verdict or { kind = "server", outcome = "unknown", status = 503 }, situation)
  end

  it("ends with the attempts that are allowed", function()
    for retries = 0, 5 do
      for attempts = 1, 8 do assert.equal(attempts <= retries, decide{ attempts = attempts, retries = retries } ~= nil) end
    end
  end)

  it("waits a random part of a time that doubles up to 20 s", function()
    local longest = { 0.5, 1, 2, 4, 8, 16, 20, 20, 20 }
    for attempts, most in ipairs(longest) do
      for _, chance in ipairs{ 0, 0.25, 0.5, 1 } do
        assert.equal(chance * most, decide{ attempts = attempts, retries = 10, random = function() return chance end })
      end
    end
    assert.equal(20, decide{ attempts = 2000, retries = 3000 })
  end)

  it("waits as long as the service says, whatever chance says, and a minute after a 429 that says nothing", function()
    local function never() error "chance was asked" end
    for status, kind in pairs{ [429] = "rate_limited", [500] = "server", [503] = "server" } do
      for _, seconds in ipairs{ 0, 0.5, 7, 120 } do
        assert.equal(seconds, decide({ random = never }, { kind = kind, outcome = kind == "server" and "unknown" or "refused",
          status = status, retry_after = seconds }))
      end
    end
    assert.equal(60, decide({ random = never }, { kind = "rate_limited", outcome = "refused", status = 429 }))
  end)

  it("never waits longer than max_wait, or to the deadline", function()
    local function asked(seconds) return { kind = "rate_limited", outcome = "refused", status = 429, retry_after = seconds } end
    assert.equal(120, decide({}, asked(120)))
    assert.is_nil(decide({}, asked(120.001)))
    assert.equal(9.999, decide({ left = 10 }, asked(9.999)))
    assert.is_nil(decide({ left = 10 }, asked(10)))
    assert.is_nil(decide({ left = 0 }, asked(0)))
    assert.is_nil(decide({ left = -1 }, asked(0)))
    assert.is_nil(decide{ max_wait = 0.4 })
  end)

  it("takes from a budget that good answers fill again, and from it alone where it says yes", function()
    local budget = retry.budget()
    local count = 0
    while decide{ budget = budget } do count = count + 1 end
    assert.equal(20, count)
    for _ = 1, 4 do retry.reward(budget) end
    assert.is_nil(decide{ budget = budget })
    retry.reward(budget)
    assert.is_nil(decide{ budget = budget, retries = 0 })
    assert.is_nil(decide({ budget = budget }, { kind = "forbidden", outcome = "refused", status = 403 }))
    assert.is_nil(decide({ budget = budget }, { kind = "rate_limited", outcome = "refused", status = 429, retry_after = 1000 }))
    for _ = 1, 50 do assert.equal(60, decide({ budget = budget }, { kind = "rate_limited", outcome = "refused", status = 429 })) end
    assert.is_truthy(decide{ budget = budget })
    assert.is_nil(decide{ budget = budget })
    for _ = 1, 1000 do retry.reward(budget) end
    assert.same(retry.budget(), budget)
  end)

  it("reads both forms of Retry-After, and nothing into what is neither", function()
    for text, expected in pairs{ ["0"] = 0.0, ["60"] = 60.0, ["Sun, 06 Nov 1994 08:49:37 GMT"] = 37.0,
      ["Sun, 06 Nov 1994 08:48:00 GMT"] = 0.0 } do
      assert.equal(expected, retry.after(text, 784111740, core.http_date))
    end
    for _, text in ipairs{ "", "soon", "-1", "1.5", "1e2", "0x1", " 1", "1 s", "\u{0661}" } do
      assert.is_nil(retry.after(text, 0, core.http_date), text)
    end
    assert.is_nil(retry.after(nil, 0, core.http_date))
  end)
end)

-- A client on a clock of its own, against a server that follows a list; what happens is written down, with its time.
local function world(answers, options)
  local self = { log = {}, now = 0 }
  local function note(format, ...) self.log[#self.log + 1] = format:format(...) end
  local sent = 0
  local given = {
    site_id = SITE, rate = false,
    clock = { now = function() return self.now end, time = function() return 784111777 end, random = one,
      sleep = function(seconds)
        note("sleep %g", seconds)
        self.now = self.now + seconds
        return true
      end },
    transport = function()
      sent = sent + 1
      local answer = answers[math.min(sent, #answers)]
      note("send at %g", self.now)
      self.now = self.now + (answer.takes or 0)
      return answer
    end,
  }
  for name, value in pairs(options or {}) do given[name] = value end
  self.wix, self.note = wixum.client(given), note
  function self.revoke(call_options) return self.wix.site_invites.revoke_invite({ invite_id = SITE }, call_options) end
  function self.invite(call_options)
    return self.wix.site_invites.bulk_invite({ policy_ids = { "1" }, emails = { "ann@example.com" } }, call_options)
  end
  return self
end

local OK = { status = 200, body = "{}" }
local BROKEN = { sent = true, curl = { code = 56, text = "reset" } }
local UNSENT = { sent = false, curl = { code = 7, text = "refused" } }
local SLOW = { sent = false, curl = { code = 28, text = "too slow" }, takes = 10 }
local CERTIFICATE = { sent = false, curl = { code = 60, text = "unknown authority" } }
local function status(number, retry_after) return { status = number, body = "", headers = { ["Retry-After"] = retry_after } } end

describe("a call", function()
  -- what the server does; "invite" (adds) or "revoke" (repeatable); what happens; what comes of it
  local CALLS = {
    { "revoke", { OK }, "send at 0", attempts = 1 },
    { "revoke", { status(503), status(503), OK }, "send at 0, sleep 0.5, send at 0.5, sleep 1, send at 1.5", attempts = 3 },
    { "revoke", { BROKEN, OK }, "send at 0, sleep 0.5, send at 0.5", attempts = 2 },
    { "revoke", { SLOW, OK }, "send at 0, sleep 0.5, send at 10.5", attempts = 2 },
    { "revoke", { status(500) }, "send at 0, sleep 0.5, send at 0.5, sleep 1, send at 1.5, sleep 2, send at 3.5, sleep 4, send at 7.5",
      attempts = 5, kind = "server", outcome = "unknown" },
    { "revoke", { status(501) }, "send at 0", attempts = 1, kind = "server", outcome = "unknown" },
    { "revoke", { CERTIFICATE }, "send at 0", attempts = 1, kind = "tls", outcome = "not_sent" },
    { "revoke", { status(429, "3"), status(503, "5"), OK }, "send at 0, sleep 3, send at 3, sleep 5, send at 8", attempts = 3 },
    { "revoke", { status(503, "0"), OK }, "send at 0, send at 0", attempts = 2 },
    { "revoke", { status(503, "Sun, 06 Nov 1994 08:49:47 GMT"), OK }, "send at 0, sleep 10, send at 10", attempts = 2 },
    { "revoke", { status(500), status(403) }, "send at 0, sleep 0.5, send at 0.5", attempts = 2, kind = "forbidden", outcome = "unknown" },
    { "revoke", { status(500), UNSENT }, "send at 0, sleep 0.5, send at 0.5", attempts = 2, kind = "network", outcome = "unknown",
      retries = 1 },
    { "revoke", { status(429, "1"), UNSENT }, "send at 0, sleep 1, send at 1", attempts = 2, kind = "network", outcome = "refused",
      retries = 1 },
    { "revoke", { UNSENT, status(404) }, "send at 0, sleep 0.5, send at 0.5", attempts = 2, kind = "not_found", outcome = "refused" },
    { "revoke", { UNSENT }, "send at 0, sleep 0.5, send at 0.5", attempts = 2, kind = "network", outcome = "not_sent", retries = 1 },
    { "invite", { OK }, "send at 0", attempts = 1 },
    { "invite", { status(500) }, "send at 0", attempts = 1, kind = "server", outcome = "unknown" },
    { "invite", { status(503, "1") }, "send at 0", attempts = 1, kind = "server", outcome = "unknown", retry_after = 1.0 },
    { "invite", { BROKEN }, "send at 0", attempts = 1, kind = "network", outcome = "unknown" },
    { "invite", { status(200) }, "send at 0", attempts = 1, kind = "protocol", outcome = "unknown" },
    { "invite", { UNSENT, UNSENT, OK }, "send at 0, sleep 0.5, send at 0.5, sleep 1, send at 1.5", attempts = 3 },
    { "invite", { SLOW, OK }, "send at 0, sleep 0.5, send at 10.5", attempts = 2 },
    { "invite", { status(429), OK }, "send at 0, sleep 60, send at 60", attempts = 2 },
    { "invite", { status(429, "120"), OK }, "send at 0, sleep 120, send at 120", attempts = 2 },
    { "invite", { status(429, "121") }, "send at 0", attempts = 1, kind = "rate_limited", outcome = "refused", retry_after = 121.0 },
    { "invite", { UNSENT, status(429, "2"), status(500) }, "send at 0, sleep 0.5, send at 0.5, sleep 2, send at 2.5", attempts = 3,
      kind = "server", outcome = "unknown" },
    { "invite", { status(429, "2"), status(403) }, "send at 0, sleep 2, send at 2", attempts = 2, kind = "forbidden", outcome = "refused" },
    { "invite", { status(429, "40"), OK }, "send at 0", attempts = 1, kind = "rate_limited", outcome = "refused", retry_after = 40.0,
      deadline = 40 },
    { "invite", { status(429, "40"), OK }, "send at 0, sleep 40, send at 40", attempts = 2, deadline = 40.5 },
    { "revoke", { { status = 503, takes = 30 } }, "send at 0, sleep 0.5, send at 30.5", attempts = 2, kind = "server", outcome = "unknown",
      deadline = 61 },
    { "invite", { status(429, "40"), OK }, "send at 0", attempts = 1, kind = "rate_limited", outcome = "refused", retry_after = 40.0,
      max_wait = 39 },
  }

  for i, row in ipairs(CALLS) do
    it(("that %s: %s (row %d)"):format(row[1] == "invite" and "adds" or "is repeatable", row[3], i), function()
      local there = world(row[2], { retries = row.retries, deadline = row.deadline, max_wait = row.max_wait })
      local answer, result = there[row[1]]()
      assert.equal(row[3], table.concat(there.log, ", "))
      assert.equal(row.attempts, result.attempts)
      if row.kind then
        assert.is_nil(answer)
        assert.same({ row.kind, row.outcome, row.retry_after }, { result.kind, result.outcome, result.retry_after })
      else
        assert.is_truthy(answer, tostring(result))
        assert.equal(there.now, result.seconds)
      end
    end)
  end

  it("shares its budget with all of its client, and earns it back", function()
    local down = true
    local there = world({}, { retries = 1000, transport = function() return down and status(503) or OK end })
    assert.equal(21, select(2, there.revoke()).attempts)
    there.wix = there.wix:with{ timeout = 1 }
    assert.equal(1, select(2, there.revoke()).attempts)
    down = false
    for _ = 1, 5 do assert(there.revoke()) end
    down = true
    assert.equal(2, select(2, there.revoke()).attempts)
  end)

  it("is not said again by a client that was closed meanwhile", function()
    local there
    there = world({ status(503) }, { on_event = function(event) if event.event == "wait" then there.wix:close() end end })
    local answer, err = there.revoke()
    assert.is_nil(answer)
    assert.same({ "closed", "unknown" }, { err.kind, err.outcome })
    assert.equal("send at 0, sleep 0.5", table.concat(there.log, ", "))
  end)

  it("whose client was closed while it heard of a failure ends with that failure, without a wait", function()
    local there
    there = world({ status(503) }, { on_event = function(event) if event.event == "answer" then there.wix:close() end end })
    local answer, err = there.revoke()
    assert.is_nil(answer)
    assert.same({ "server", "unknown", "send at 0" }, { err.kind, err.outcome, table.concat(there.log, ", ") })
  end)

  it("that Ctrl-C ends in a wait raises, with what is true of the whole call", function()
    for code, outcome in pairs{ [429] = "refused", [503] = "unknown" } do
      local there = world({ status(code) }, { clock = { now = function() return 0 end, time = os.time, random = one,
        sleep = function() return false end } })
      local done, err = pcall(there.revoke)
      assert.is_false(done)
      assert.same({ "interrupted", outcome, 1 }, { err.kind, err.outcome, err.attempts })
      assert.equal(err, wixum.interrupted)
    end
  end)

  it("goes on after a sleep that says nothing", function()
    local now = 0
    local there = world({ status(503), OK }, { clock = { now = function() return now end, time = os.time, random = one,
      sleep = function(seconds) now = now + seconds end } })
    assert.is_truthy(there.revoke())
    assert.equal(0.5, now)
  end)
end)

describe("before_send", function()
  it("runs before each attempt, after the waits, and is told which", function()
    local there = world({ status(503), status(429, "3"), OK }, { rate = { calls = 1, per = 2 } })
    assert(there.revoke{ before_send = function(info) there.note("before %s %d at %g", info.operation, info.attempt, there.now) end })
    assert.same({ "before site_invites.revoke_invite 1 at 0", "send at 0", "sleep 0.5", "sleep 1.5",
      "before site_invites.revoke_invite 2 at 2", "send at 2", "sleep 3",
      "before site_invites.revoke_invite 3 at 5", "send at 5" }, there.log)
  end)

  it("that raises sends nothing, and leaves what earlier attempts came to", function()
    for _, row in ipairs{ { {}, "not_sent", 0 }, { { UNSENT }, "not_sent", 1 }, { { status(429, "1") }, "refused", 1 },
      { { status(503) }, "unknown", 1 }, { { status(503), UNSENT }, "unknown", 2 } } do
      local there = world(row[1])
      local answer, err = there.revoke{ before_send = function(info) if info.attempt > #row[1] then error("not now", 0) end end }
      assert.is_nil(answer)
      assert.same({ "cancelled", row[2], row[3] }, { err.kind, err.outcome, err.attempts })
      assert.equal("before_send raised: not now", err.message)
      local _, sends = table.concat(there.log, ", "):gsub("send at", "")
      assert.equal(row[3], sends)
    end
  end)

  it("that takes too long ends the call before it is sent", function()
    local there = world({ OK })
    local answer, err = there.invite{ deadline = 5, before_send = function() there.now = there.now + 5 end }
    assert.is_nil(answer)
    assert.same({ "timeout", "not_sent", 0 }, { err.kind, err.outcome, err.attempts })
    assert.same({}, there.log)
  end)

  it("does not run for a call that is refused before", function()
    local ran = false
    local there = world({ OK })
    there.wix.site_invites.revoke_invite({ invite_id = "x" }, { before_send = function() ran = true end })
    there.revoke{ dry_run = true, before_send = function() ran = true end }
    assert.is_false(ran)
  end)
end)

describe("the events of a call", function()
  -- Name, attempt, status, outcome, seconds, request id; what is absent is "-".
  local function written(event)
    local parts = { event.event }
    for _, name in ipairs{ "attempt", "status", "outcome", "seconds", "request_id" } do
      parts[#parts + 1] = type(event[name]) == "number" and ("%g"):format(event[name]) or event[name] or "-"
    end
    for name in pairs(event) do
      assert.is_truthy(("event operation attempt status outcome seconds request_id"):find(name, 1, true), name)
    end
    return table.concat(parts, " ")
  end

  local function heard(answers, options, call, ...)
    local list = {}
    options.on_event = function(event)
      assert.matches("^site_invites.", event.operation)
      list[#list + 1] = written(event)
    end
    local there = world(answers, options)
    there[call](...)
    return list
  end

  it("come in order: start, answer, retry, wait, and end", function()
    local answer = status(503)
    answer.headers["x-wix-request-id"], answer.takes = "7.1", 2
    assert.same({ "start 1 - - - -", "answer 1 503 unknown 2 7.1", "retry 1 503 unknown 0.5 7.1", "wait 1 - - 0.5 -", "start 2 - - - -",
      "answer 2 200 - 0 -", "end 2 200 - 2.5 -" }, heard({ answer, OK }, {}, "revoke"))
  end)

  it("tell an error's outcome, of the attempt and of the whole", function()
    assert.same({ "start 1 - - - -", "answer 1 500 unknown 0 -", "retry 1 500 unknown 0.5 -", "wait 1 - - 0.5 -", "start 2 - - - -",
      "answer 2 403 refused 0 -", "end 2 403 unknown 0.5 -" }, heard({ status(500), status(403) }, {}, "revoke"))
    assert.same({ "start 1 - - - -", "answer 1 - not_sent 10 -", "end 1 - not_sent 10 -" }, heard({ SLOW }, { retries = 0 }, "invite"))
    assert.same({ "end 0 - not_sent 0 -" }, heard({ OK }, { site_id = "x" }, "invite"))
    assert.same({ "end 0 - not_sent 0 -" }, heard({ OK }, {}, "invite", { before_send = error }))
  end)

  it("tell no wait where there is none, and the wait of the pace before its start", function()
    assert.same({ "start 1 - - - -", "answer 1 503 unknown 0 -", "retry 1 503 unknown 0 -", "start 2 - - - -", "answer 2 200 - 0 -",
      "end 2 200 - 0 -" }, heard({ status(503, "0"), OK }, {}, "revoke"))
    assert.same({ "start 1 - - - -", "answer 1 503 unknown 0 -", "retry 1 503 unknown 0 -", "wait 1 - - 10 -", "start 2 - - - -",
      "answer 2 200 - 0 -", "end 2 200 - 10 -" }, heard({ status(503, "0"), OK }, { rate = { calls = 1, per = 10 } }, "revoke"))
  end)

  it("are changed by nobody but who hears them", function()
    local there = world({ status(503), OK }, { on_event = function(event) for name in pairs(event) do event[name] = nil end end })
    assert.same({ 2, 0.5 }, { select(2, there.revoke()).attempts, there.now })
  end)
end)
