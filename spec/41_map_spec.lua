-- map and each: every item once, in whatever order, and what became of each; iterators; nothing lost by what goes wrong.

local sandbox = require "wixum.sandbox"
local process = require "spec.support.process"
local wixum = require "wixum"

local ROLE = "6732588207941061632"
local HANG = 600
local SLOW = os.getenv "WIXUM_SLOW" ~= nil

local function count(list)
  local total = 0
  for _ in pairs(list) do total = total + 1 end
  return total
end

local function numbers(total)
  local list = {}
  for i = 1, total do list[i] = i end
  return list
end

-- An iterator over 1 … total, and how far it has got.
local function counter(total)
  local state = { taken = 0 }
  return function()
    if state.taken == total then return nil end
    state.taken = state.taken + 1
    return state.taken, "more" .. state.taken
  end, state
end

describe("wixum.map", function()
  it("calls with each item and its position, and keeps each answer at its place", function()
    local answers, errors = wixum.map({ "a", "b", "c" }, function(item, position, ...)
      wixum.sleep(0.003 * (4 - position))
      return item .. position .. select("#", ...)
    end)
    assert.same({ "a11", "b21", "c31" }, answers)
    assert.same({}, errors)
  end)

  it("keeps errors at their places: returned, raised, of any kind", function()
    local raised = { "a table" }
    local answers, errors = wixum.map(numbers(8), function(i)
      if i == 2 then return nil, "returned" end
      if i == 3 then error("raised") end
      if i == 4 then error(raised) end
      if i == 5 then return end
      if i == 6 then return false end
      if i == 7 then return false, "with a reason" end
      if i == 8 then error() end
      return i
    end)
    assert.same({ [1] = 1, [5] = true, [6] = false }, answers)
    assert.matches("41_map_spec.lua:%d+: raised", errors[3])
    assert.equal(raised, errors[4])
    errors[3], errors[4] = nil, nil
    assert.same({ [2] = "returned", [7] = "with a reason", [8] = "it raised nil" }, errors)
  end)

  it("does nothing for nothing", function()
    assert.same({ {}, {} }, { wixum.map({}, error) })
    assert.same({ {}, {} }, { wixum.map(function() end, error) })
    assert.same({ items = 0, answered = 0, failed = 0 }, (wixum.each({}, error)))
  end)

  it("has so many under way and no more, 16 unless said", function()
    for _, row in ipairs{ { 1, 5 }, { 3, 20 }, { 64, 200 }, { 64, 10 }, { nil, 50 } } do
      local limit, total = row[1] or 16, row[2]
      local expected = math.min(limit, total)
      local now, most, patience = 0, 0, 10000
      local answers = wixum.map(numbers(total), function(i)
        now = now + 1
        most = math.max(most, now)
        repeat -- until all that may be have begun, however slow the machine is
          wixum.sleep(0)
          patience = patience - 1
        until most >= expected or patience < 0
        now = now - 1
        return i
      end, row[1] and { concurrency = row[1] } or nil)
      assert.equal(total, #answers)
      assert.equal(expected, most)
    end
  end)

  it("goes through an iterator as it goes on, in order, and gives its second value", function()
    local iterator, state = counter(100)
    local ahead, order = 0, {}
    local answers = wixum.map(iterator, function(item, position, more)
      order[#order + 1] = position
      ahead = math.max(ahead, state.taken - position)
      wixum.sleep(0)
      return item == position and more
    end, { concurrency = 4 })
    assert.equal(100, #answers)
    assert.equal("more100", answers[100])
    assert.same(numbers(100), order)
    assert.is_true(ahead <= 4, "taken ahead: " .. ahead)
  end)

  it("takes whatever can be called, and closes what can be closed: at the end, and where something is raised", function()
    for _, breaks in ipairs{ false, true } do
      local closed, left = 0, 3
      local iterator = setmetatable({}, {
        __call = function()
          if breaks and left == 1 then error("broken", 0) end
          left = left - 1
          return left >= 0 and left or nil
        end,
        __close = function() closed = closed + 1 end,
      })
      assert.equal(not breaks, (pcall(wixum.each, iterator, function() end)))
      assert.equal(1, closed)
    end
  end)

  it("raises what an iterator raises, with all that was answered till then", function()
    local iterator, state = counter(1000)
    local done = 0
    local ok, err = pcall(wixum.map, function()
      local item = iterator()
      if state.taken == 20 then error{ "a page failed" } end
      return item
    end, function(i)
      wixum.sleep(0.001)
      done = done + 1
      if i == 7 then return nil, "seven" end
      return i
    end, { concurrency = 8 })
    assert.is_false(ok)
    assert.same({ "cancelled", "not_sent", "wixum.map" }, { err.kind, err.outcome, err.operation })
    assert.same({ "a page failed" }, err.cause)
    assert.matches("41_map_spec.lua:%d+: the iterator raised: table: .*19 items: 18 answered, 1 failed", tostring(err))
    assert.equal(19, done)
    assert.equal(18, count(err.answers))
    assert.same({ [7] = "seven" }, err.errors)
    assert.equal(20, state.taken) -- and was not called again
  end)

  it("works within itself, and in a coroutine of the caller's", function()
    local function nested()
      return wixum.map(numbers(4), function(i)
        local inner = wixum.map(numbers(5), function(j)
          wixum.sleep(0)
          return i * j
        end)
        return inner[5]
      end)
    end
    assert.same({ 5, 10, 15, 20 }, (nested()))
    assert.same({ 5, 10, 15, 20 }, (coroutine.wrap(nested)()))
    assert.same({ 5, 10, 15, 20 }, (wixum.spawn(nested):wait()))
    local text = ("x"):gsub("x", function() return table.concat(nested(), ",") end)
    assert.equal("5,10,15,20", text)
  end)

  it("raises at the caller's line what is wrong as a program", function()
    for words, given in pairs{
      ["takes a list or an iterator, not a nil"] = { nil, print },
      ["takes a list or an iterator, not a number"] = { 5, print },
      ["takes a function for each item, not a nil"] = { {}, nil },
      ["options must be a table"] = { {}, print, 5 },
      ['unknown option concurency %(did you mean "concurrency"%?%)'] = { {}, print, { concurency = 5 } },
      ["concurrency must be a whole number"] = { {}, print, { concurrency = 0 } },
    } do
      for _, name in ipairs{ "map", "each" } do
        local ok, text = pcall(function() wixum[name](given[1], given[2], given[3]) end)
        assert.is_false(ok)
        assert.matches("^spec/41_map_spec.lua:%d+: wixum." .. name .. ":? " .. words, text)
      end
    end
  end)

  it("ends with its task, and its items with it", function()
    local kinds, begun = {}, 0
    local outcome
    local task = wixum.spawn(function()
      local ok, err = pcall(wixum.map, numbers(10), function()
        begun = begun + 1
        local slept, problem = pcall(wixum.sleep, HANG)
        kinds[#kinds + 1] = not slept and problem.kind
        error(problem, 0)
      end, { concurrency = 4 })
      outcome = not ok and err
    end)
    for _ = 1, 1000 do if begun < 4 then wixum.sleep(0) end end
    task:cancel()
    task:wait()
    assert.same({ "cancelled", "cancelled", "cancelled", "cancelled" }, kinds)
    assert.equal(4, begun)
    assert.same({ "cancelled", "wixum.map", 10 }, { outcome.kind, outcome.operation, count(outcome.errors) })
  end)

  it("advances an iterator that waits itself by one task at a time", function()
    local inside, position = false, 0
    local answers = wixum.map(function()
      assert(not inside, "called while it was under way")
      inside = true
      wixum.sleep(0.001)
      inside = false
      position = position + 1
      return position <= 30 and position or nil
    end, function(i) return i end)
    assert.same(numbers(30), answers)
  end)
end)

describe("wixum.each", function()
  it("counts, and tells the first error", function()
    local iterator = counter(50)
    local counts, first = wixum.each(iterator, function(i)
      wixum.sleep(0)
      if i % 10 == 3 then return nil, "error " .. i end
    end)
    assert.same({ items = 50, answered = 45, failed = 5, first_failed = 3 }, counts)
    assert.equal("error 3", first)
    assert.same({ items = 2, answered = 2, failed = 0 }, (wixum.each({ 1, 2 }, function() end)))
  end)

  it("holds no more than what is under way", function()
    local iterator = counter(SLOW and 2000 or 20000)
    local alive = setmetatable({}, { __mode = "k" })
    local most = 0
    wixum.each(iterator, function(i)
      local item = { i }
      alive[item] = true
      if i % 1000 == 0 then
        collectgarbage()
        most = math.max(most, count(alive))
      end
      return item
    end, { concurrency = 10 })
    assert.is_true(most <= 20, "held: " .. most)
  end)
end)

describe("a map of calls", function()
  local server
  setup(function() server = assert(sandbox.start{ seed = 1, log = 10000 }) end)
  teardown(function() server:stop() end)

  it("over clients made by with: one pace, one pool, every answer its own", function()
    local sites = {}
    for i = 1, 60 do sites[i] = ("%08d-2222-4333-8444-555555555555"):format(i) end
    local wix <close> = server:client{ rate = false }
    local answers, errors = wixum.map(sites, function(site, i)
      return wix:with{ site_id = site }.site_invites.bulk_invite{ policy_ids = { ROLE }, emails = { ("s%d@example.com"):format(i) } }
    end)
    assert.same({}, errors)
    for i, site in ipairs(sites) do
      assert.same({ site, ("s%d@example.com"):format(i) }, { answers[i].invites[1].site_id, answers[i].invites[1].email })
    end
    local stats = wix:stats()
    assert.same({ 60, 0, { [200] = 60 }, 0 }, { stats.starts, stats.retries, stats.answers, stats.in_flight })
    assert.is_true(stats.opened <= 16)
    assert.equal(60, stats.opened + stats.reused)
    assert.is_true(stats.sent > 60 * 100 and stats.received > 60 * 100)
  end)

  it("walks pages while it acts on what they bring", function()
    local wix <close> = server:client{ rate = false }
    local counts = wixum.each(wix.sites.each_site{ query = { cursorPaging = { limit = 5 } } }, function(site)
      return wix:with{ site_id = site.id }.contributors.query_site_contributors()
    end)
    assert.equal(wix.sites.count_sites().count, counts.answered)
  end)

  it("raises the page that fails, and keeps what it had", function()
    local wix <close> = server:client{ rate = false, retries = 0 }
    local following = wix.sites.each_site{ query = { cursorPaging = { limit = 5 } } }
    local given = 0
    local ok, err = pcall(wixum.map, function()
      given = given + 1
      if given == 6 then server:fault{ status = 403 } end
      return following()
    end, function(site) return site.id end)
    assert.is_false(ok)
    assert.same({ "cancelled", "forbidden", 5 }, { err.kind, err.cause.kind, #err.answers })
  end)

  it("never has more in flight than the client lets, whatever it has under way itself", function()
    local wix <close> = server:client{ rate = false, concurrency = 3 }
    local most = 0
    server:fault{ delay = 0.01, times = 30 }
    local answers = wixum.map(numbers(30), function(i)
      local sent = wix.site_invites.bulk_invite({ policy_ids = { ROLE }, emails = { ("c%d@example.com"):format(i) } },
        { before_send = function() most = math.max(most, wix:stats().in_flight) end })
      return sent and i
    end, { concurrency = 30 })
    assert.equal(30, #answers)
    assert.equal(3, most)
    assert.is_true(wix:stats().opened <= 3)
  end)
end)

describe("Ctrl-C in a map", function()
  local children
  before_each(function() children = {} end)
  after_each(function()
    for _, child in ipairs(children) do
      if not child.code then child:kill("sigkill") end
      child:wait()
    end
  end)

  it("raises at once, at the prompt, with what was answered and every other item named", function()
    local server <close> = assert(sandbox.start{ seed = 1, log = 10000 })
    local child = process.start({ "lua5.4", "-i" }, { env = { WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key,
      WIX_SITE_ID = server.site_id } })
    children[1] = child
    child:expect("> ")
    child:write('wixum = require "wixum"; wix = wixum.client{ rate = false, concurrency = 64 }')
    child:write('list = {}; for i = 1, 1000 do list[i] = "n" .. i .. "@example.com" end')
    child:write('function invite(email) return wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { email } } end')
    child:write('io.stdout:write("loa", "ded\\n") io.stdout:flush()')
    child:expect("loaded")
    server:fault{ delay = HANG, times = "always", operation = "site_invites.bulk_invite", after = 100 }
    child:write('return wixum.map(list, invite, { concurrency = 64 })')
    process.eventually("the requests that hang", function()
      local read = 0
      for _, request in ipairs(server:requests()) do if request.complete then read = read + 1 end end
      return read == 164
    end)
    local pressed = process.now()
    child:kill("sigint")
    child:expect("wixum.map: interrupted by Ctrl%-C after 164 items: 100 answered, 64 failed %(interrupted, outcome unknown")
    child:expect("> ")
    local seconds = process.now() - pressed
    assert.is_true(seconds < HANG / 60, ("took %.3f s"):format(seconds))
    child:write([[do local e, n, o = wixum.interrupted, {}, {} for _ in pairs(e.answers) do n[#n + 1] = 1 end
      for i, x in pairs(e.errors) do o[x.outcome] = (o[x.outcome] or 0) + 1 end
      print("answers", #n, "unknown", o.unknown, "not sent", o.not_sent, "all", e.errors[1000].message) end]])
    child:expect("answers\t100\tunknown\t64\tnot sent\t836\tall\tit was not begun: interrupted by Ctrl%-C")
    server:faults_clear()
    child:write('return #wixum.map(list, invite)')
    child:expect("1000")
  end)

  it("is heard in a map within a map, in task:wait and in a sleep among tasks", function()
    for _, code in ipairs{
      'wixum.map({ 1, 2 }, function() return wixum.map({ 1, 2 }, function() go() wixum.sleep(600) end) end)',
      'wixum.spawn(function() go() wixum.sleep(600) end):wait()',
      'wixum.spawn(function() go() wixum.sleep(600) end) wixum.sleep(600)',
      'wixum.spawn(function() ("x"):gsub("x", function() go() wixum.sleep(600) end) end):wait()',
    } do
      local child = process.start{ "lua5.4", "-e", ([[
        local wixum = require "wixum"
        local function go() io.stdout:write("under way\n") io.stdout:flush() end
        local ok, err = pcall(function() %s end)
        print(ok, type(err) == "table" and err.kind or err, err == wixum.interrupted)]]):format(code) }
      children[#children + 1] = child
      child:expect("under way")
      child:kill("sigint")
      child:expect("false\tinterrupted\ttrue")
    end
  end)

  it("ends a step of the loop", function()
    local child = process.start{ "lua5.4", "-e", [[
      local wixum = require "wixum"
      wixum.spawn(function() io.stdout:write("under way\n") io.stdout:flush() wixum.sleep(600) end)
      local ok, err = pcall(function() while true do wixum.loop:step(600) end end)
      print(ok, tostring(err):find("interrupted") ~= nil)]] }
    children[1] = child
    child:expect("under way")
    child:kill("sigint")
    child:expect("false\ttrue")
  end)
end)
