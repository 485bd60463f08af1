-- Several Lua states in several threads at once: they share the process and libcurl, and nothing of ours. `make tsan` says
-- whether that is so; everywhere else this shows that each gets its own answers, and that all is given back.

local certificates = require "spec.support.certificates"
local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local threads = require "threads"
local wixum = require "wixum"

local HANG = 600 -- seconds: whatever ends earlier ends for another reason
local THREADS = 8
local CALLS = here.slow and 5 or 25 -- in a row, in each thread
local ROUNDS = here.slow and 3 or 10

-- What the code of all threads begins with. Its argument are Lua expressions: a number that no other crew has, and settings
-- of a client.
local PRELUDE = [[
  local number, argument, meet = ...
  if os.getenv "WIXUM_GC" then dofile "spec/support/aggressive_gc.lua" end
  local crew, settings = load("return " .. argument)()
  local made = 0
  local function invite(wix, options)
    made = made + 1
    local email = ("crew%d.thread%d.call%d@example.com"):format(crew, number, made)
    local sent, err = wix.site_invites.bulk_invite({ policy_ids = { "6732588207941061632" }, emails = { email } }, options)
    if not sent then return nil, err end
    assert(#sent.invites == 1 and sent.invites[1].email == email, "this is the answer of another call")
    return email
  end
]]

local function settings_for(server, more)
  return ("{ base_url = %q, api_key = %q, site_id = %q, account_id = %q, rate = false, concurrency = 64, %s }"):format(server.base_url,
    server.api_key, server.site_id, server.account_id, more or "")
end

local crews = 0

-- Runs the code in so many states at once, to its end. What each returned, by number.
local function run(count, code, settings)
  crews = crews + 1
  local results, errors = threads.start(count, PRELUDE .. code, ("%d, %s"):format(crews, settings)):join()
  assert(next(errors) == nil, select(2, next(errors)))
  assert.equal(count, #results)
  return results
end

local function each_says(said, ...)
  for _, text in ipairs(run(...)) do assert.equal(said, text) end
end

-- A process of its own, with the sandbox's settings, where `code` finds PRELUDE and what it needs to start a crew.
local function program(server, code)
  return process.start({ "lua5.4", "-e", ([[
    local threads = require "threads"
    local PRELUDE, SETTINGS = %q, %q -- of a client
    local crews = 0
    local function start(count, code, options)
      crews = crews + 1
      return threads.start(count, PRELUDE .. code, crews .. ", " .. SETTINGS, options)
    end
    local function count(what)
      local pipe = io.popen("ls -l /proc/" .. io.open("/proc/self/stat"):read("n") .. "/" .. what)
      local listing = pipe:read("a")
      pipe:close()
      return select(2, listing:gsub(" %%-> socket:", "")) + select(2, listing:gsub("anon_inode", ""))
    end
    local function say(...) print(...) io.stdout:flush() end
    local function join(crew)
      local results, errors, kept_handler = crew:join()
      for _, text in pairs(errors) do say(text) end
      table.sort(results)
      return table.concat(results, " "), kept_handler
    end
  ]]):format(PRELUDE, settings_for(server)) .. code })
end

local function ends_well(child)
  local code, signal = child:wait()
  assert.same({ 0, 0 }, { code, signal }, child.output)
end

describe("Lua states in several threads", function()
  local server

  before_each(function() server = assert(sandbox.start{ seed = 1, log = 10000 }) end)
  after_each(function() server:stop() end)

  local function read_requests()
    local count = 0
    for _, request in ipairs(server:requests()) do if request.complete then count = count + 1 end end
    return count
  end

  local function until_read(count)
    process.eventually(count .. " requests at the server", function() return read_requests() >= count end)
  end

  it("may load the module at the same moment, as the first of their process", function()
    local child = program(server, [[
      say((join(start(8, [=[
        meet()
        local wix <close> = require("wixum").client(settings)
        return invite(wix) and "well"
      ]=]))))]])
    child:expect(("well "):rep(7) .. "well\n")
    ends_well(child)
  end)

  it("wait in calls of their own, each of which gets its own answer", function()
    each_says("well", THREADS, ([[
      local wix <close> = require("wixum").client(settings)
      meet()
      for _ = 1, %d do assert(invite(wix)) end
      return "well"
    ]]):format(CALLS), settings_for(server))
    assert.equal(THREADS * CALLS, read_requests())
    assert.equal(THREADS * CALLS, #server:invites())
  end)

  local MAP = [[
    local wixum = require "wixum"
    local wix <close> = wixum.client(settings)
    local items, begun, most = {}, 0, 0
    for i = 1, 60 do items[i] = i end
    meet()
    local answers, errors = wixum.map(items, function()
      begun = begun + 1
      while begun < 20 do wixum.sleep(0) end -- else the first may be answered before the last has begun
      return invite(wix, { before_send = function() most = math.max(most, wix:stats().in_flight) end })
    end, { concurrency = 20 })
    meet()
    assert(next(errors) == nil, select(2, next(errors)))
    return #answers .. " " .. wix:stats().starts .. " " .. most
  ]]

  it("have more than 16 calls in flight each", function()
    each_says("60 60 20", THREADS, MAP, settings_for(server))
    assert.equal(60 * THREADS, #server:invites())
  end)

  it("speak TLS at the same time, in blocking calls and in many at once", function()
    local made = certificates.all()
    local secure <close> = assert(sandbox.start{ seed = 1, log = 10000, tls = made.good })
    local settings = settings_for(secure, ("ca_file = %q"):format(made.ca))
    each_says("well", THREADS, [[
      meet()
      for _ = 1, 3 do
        local wix <close> = require("wixum").client(settings)
        assert(invite(wix))
      end
      return "well"
    ]], settings)
    each_says("60 60 20", 4, MAP, settings)
    assert.equal(3 * THREADS + 4 * 60, #secure:invites())
  end)

  it("have a loop of their own each", function()
    local seen = { [wixum.loop:pollfd()] = true }
    local numbers = run(THREADS, [[
      local wixum = require "wixum"
      local descriptor = wixum.loop:pollfd()
      local task = wixum.spawn(function() wixum.sleep(0.001) end)
      repeat wixum.loop:step(1) until task:done()
      meet()
      assert(descriptor == wixum.loop:pollfd())
      return descriptor
    ]], "nil")
    for _, text in ipairs(numbers) do
      local descriptor = math.tointeger(tonumber(text))
      assert.is_nil(seen[descriptor])
      seen[descriptor] = true
    end
  end)

  for how, options in pairs{ ["in its own thread"] = "", ["in another thread than it ran in"] = "kept" } do
    it("may be closed with calls in flight, " .. how .. ", while others go on", function()
      server:fault{ delay = HANG, times = "always", operation = "site_invites.bulk_invite" }
      local child = program(server, ([[
        local before
        local function round()
          local said = join(start(6, [=[
            local wixum = require "wixum"
            local wix = wixum.client(settings)
            if number %% 2 == 0 then
              for _ = 1, 5 do wixum.spawn(invite, wix) end
              repeat wixum.sleep(0.001) until wix:stats().in_flight == 5
              meet()
              return "left"
            end
            meet()
            for _ = 1, 10 do assert(wix.users.get_roles_info()) end
            return "well"
          ]=], %q))
          say(said)
        end
        round()
        before = count("fd")
        for _ = 1, 2 do round() end
        say("descriptors", count("fd") - before)]]):format(options))
      for _ = 1, 3 do child:expect("left left left well well well") end
      child:expect("descriptors\t0")
      ends_well(child)
      assert.equal(9, select(2, child.output:gsub("the program ended before 5 of its tasks did", "")))
    end)
  end

  it("hand no descriptor on to a program that is started, whatever others open meanwhile", function()
    for _ = 1, ROUNDS do
      run(THREADS, [[
        local wixum = require "wixum"
        meet()
        local clients = {}
        for i = 1, 10 do
          clients[i] = wixum.client(settings)
          assert(clients[i].users.get_roles_info())
        end
        meet()
        if number == 1 then
          local pipe <close> = io.popen("ls -l /proc/self/fd")
          local listing = pipe:read("a")
          assert(not listing:find("socket:", 1, true), listing)
        end
        meet()
      ]], settings_for(server))
    end
  end)

  it("come and go, and nothing of them stays", function()
    local function round()
      run(4, [[
        local wixum = require "wixum"
        local wix = wixum.client(settings)
        meet()
        assert(invite(wix))
        local descriptor = wixum.loop:pollfd()
        if number % 2 == 0 then wix:close() end
        return #wixum.map({ 1, 2, 3 }, function() return descriptor end)
      ]], settings_for(server))
    end
    round()
    local least = {}
    for _, what in ipairs{ "task", "fd" } do
      process.eventually("the sandbox's connections to end", function()
        local now = here.count(what)
        local settled = now == least[what]
        least[what] = now
        return settled
      end)
    end
    for _ = 1, ROUNDS do round() end
    for _, what in ipairs{ "task", "fd" } do
      process.eventually("each " .. what .. " to be given back", function() return here.count(what) <= least[what] end)
    end
  end)

  it("go on while other states are closed, again and again", function()
    local results = run(THREADS, ([[
      if number > 2 then
        local wix = require("wixum").client(settings)
        assert(invite(wix))
        meet()
        return "closing"
      end
      local wix <close> = require("wixum").client(settings)
      meet()
      for _ = 1, %d do assert(invite(wix)) end
      return "well"
    ]]):format(2 * CALLS), settings_for(server))
    assert.same({ "well", "well", "closing", "closing", "closing", "closing", "closing", "closing" }, results)
  end)

  it("start and stop sandboxes, or leave that to the end of the state", function()
    each_says("well", 4, ([[
      local sandbox = require "wixum.sandbox"
      meet()
      for i = 1, %d do
        local server = assert(sandbox.start{ seed = number })
        local wix = server:client()
        assert(invite(wix))
        assert(#server:outbox() == 1)
        if i %% 2 == 0 then server:stop() end
      end
      return "well"
    ]]):format(here.slow and 2 or 5), "nil")
  end)

  it("have several clients with calls in flight, of which one is closed: the others go on", function()
    server:fault{ delay = HANG, times = "always", operation = "site_invites.bulk_invite" }
    each_says("closed unknown closed unknown closed unknown, 8 answers, 0 left", 4, [[
      local wixum = require "wixum"
      local hanging, first, second = wixum.client(settings), wixum.client(settings), wixum.client(settings)
      local stuck, going, answers = {}, {}, 0
      for i = 1, 3 do stuck[i] = wixum.spawn(invite, hanging) end
      local function ask(wix)
        for i = 1, 4 do
          assert(wix.users.get_roles_info({}, { before_send = function()
            if wix == first and i == 3 then hanging:close() end
          end }))
          answers = answers + 1
        end
      end
      repeat wixum.sleep(0.001) until hanging:stats().in_flight == 3 and wixum.loop:timeout() ~= 0
      meet()
      for i, wix in ipairs{ first, second } do going[i] = wixum.spawn(ask, wix) end
      for _, task in ipairs(going) do
        local _, err = task:wait()
        assert(not err, err)
      end
      local ends = {}
      for i, task in ipairs(stuck) do
        local _, err = task:wait()
        ends[i] = err.kind .. " " .. err.outcome
      end
      return ("%s, %d answers, %d left"):format(table.concat(ends, " "), answers, require("wixum.core").loop():flying())
    ]], settings_for(server))
  end)

  describe("and Ctrl-C:", function()
    local child

    local function run_program(code)
      child = program(server, code)
    end

    after_each(function()
      if not child.code then child:kill("sigkill") end
      child:wait()
    end)

    local HANGING = [[ [=[
      local wix = require("wixum").client(settings)
      local _, err = invite(wix)
      return err.kind .. "/" .. err.outcome
    ]=] ]]

    it("lua.c's ends the call of lua.c's state, and the others' go on to their own end", function()
      server:fault{ delay = HANG, times = "always" }
      run_program([[
        local crew = start(3, ]] .. HANGING .. [[)
        local wixum = require "wixum"
        local wix = wixum.client(load("return " .. SETTINGS)())
        local ok, err = pcall(wix.site_invites.bulk_invite, { policy_ids = { "1" }, emails = { "ann@example.com" } })
        say(ok, err.kind, err.outcome, err == wixum.interrupted)
        say((join(crew)))]])
      until_read(4)
      child:kill("sigint")
      child:expect("false\tinterrupted\tunknown\ttrue")
      server:stop()
      child:expect("network/unknown network/unknown network/unknown")
      ends_well(child)
    end)

    it("lua.c's is heard also where the signal comes to another thread", function()
      server:fault{ delay = HANG, times = 1 }
      run_program([[
        local crew = start(1, [=[
          io.read()
          require("threads").raise()
          local wix = require("wixum").client(settings)
          return invite(wix) and "went on"
        ]=])
        local wix = require("wixum").client(load("return " .. SETTINGS)())
        local ok, err = pcall(wix.site_invites.bulk_invite, { policy_ids = { "1" }, emails = { "ann@example.com" } })
        say(ok, err.kind, err.outcome)
        say((join(crew)))]])
      until_read(1)
      child:write("go")
      child:expect("false\tinterrupted\tunknown")
      child:expect("went on")
      ends_well(child)
    end)

    it("of a host that tells all its states, ends what each of them waits for, and leaves handler and states as they were", function()
      server:fault{ delay = HANG, times = "always", operation = "site_invites.bulk_invite" }
      run_program([[
        local crew = start(5, [=[
          local wixum = require "wixum"
          local wix = wixum.client(settings)
          local waits = {
            function() invite(wix) end,
            function() wixum.map({ 1, 2, 3 }, function() return invite(wix) end) end,
            function() wixum.spawn(invite, wix):wait() end,
            function() wixum.spawn(wixum.sleep, 600) wixum.sleep(600) end,
            function() wixum.sleep(600) end,
          }
          io.write("ready\n")
          io.flush()
          local ok, err = pcall(waits[number])
          assert(not ok and err == wixum.interrupted, err)
          assert(wix.users.get_roles_info())
          return err.kind .. "/" .. err.outcome
        ]=], "interruptible")
        say(join(crew))]])
      for _ = 1, 5 do child:expect("ready") end
      until_read(5)
      child:kill("sigint")
      child:expect("interrupted/not_sent interrupted/not_sent interrupted/unknown interrupted/unknown interrupted/unknown\ttrue")
      child:wait()
      assert.equal(0, child.code, child.output)
    end)
  end)
end)
