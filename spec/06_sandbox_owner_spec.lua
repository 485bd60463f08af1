-- The sandbox and the process that has it: how they end together, and what happens where memory does not suffice.

local here = require "spec.support.here"
local raw = require "spec.support.raw_client"
local sandbox = require "wixum.sandbox"
local socket = require "socket"

local slow = here.slow
local bulk = "/invites/site-invite/bulk"
local good = '{"policyIds":["1"],"emails":["ann@example.com"]}'

describe("its owner", function()
  it("takes it along when it is killed", function()
    local out = os.tmpname()
    local script = [[local server = assert(require("wixum.sandbox").start{})
      io.write(server.port, "\n") io.flush() while true do end]]
    local pid = here.run(("lua5.4 -e '%s' >%s 2>&1 & echo $!"):format(script, out)):match("%d+")
    local port
    assert.is_true(here.eventually(function()
      port = tonumber((here.read(out) or ""):match("^(%d+)\n"))
      return port
    end))
    assert.is_true(here.listening(port))
    os.execute("kill -9 " .. pid)
    assert.is_true(here.eventually(function() return not here.listening(port) end))
    os.remove(out)
  end)

  it("ends with it at once, also in the middle of things", function()
    local script = [[local sandbox = require "wixum.sandbox"
      local socket = require "socket"
      local server = assert(sandbox.start{})
      server:fault{ delay = 1000, times = "always" }
      for _ = 1, 5 do
        local one = socket.connect("127.0.0.1", server.port)
        one:send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        held = { one, held }
      end
      repeat until #server:requests() == 5
      %s]]
    for _, ending in ipairs{ "", "os.exit(0, true)", "os.exit(0)" } do
      local before = socket.gettime()
      local output = here.run(("lua5.4 -e '%s' 2>&1; echo $?"):format(script:format(ending)))
      assert.equal("0\n", output, ending)
      assert.is_true(socket.gettime() - before < (slow and 60 or 5))
    end
  end)

  it("keeps its signals to itself", function()
    local server <close> = assert(sandbox.start{})
    local idle = assert(raw.connect(server))
    assert(idle:call("/nowhere", ""))
    local own = here.read("/proc/self/status"):match("SigBlk:%s*(%x+)")
    local others = 0
    for task in here.run("ls /proc/" .. here.pid .. "/task"):gmatch("%d+") do
      local status = here.read(("/proc/%s/task/%s/status"):format(here.pid, task))
      local blocked = status:match("SigBlk:%s*(%x+)")
      -- Of the server's threads all signals are blocked that can be (bit 1: SIGINT is number 2).
      if task ~= here.pid and status:find("MHD", 1, true) then
        others = others + 1
        assert.is_true(tonumber(blocked, 16) & 2 ~= 0)
        assert.is_true(tonumber(blocked, 16) & (1 << 14) ~= 0) -- SIGTERM
      end
    end
    assert.is_true(others >= 2)
    assert.equal(0, tonumber(own, 16) & 2)
    idle:close()
  end)

  it("has children that inherit nothing of it", function()
    local server <close> = assert(sandbox.start{})
    local idle = assert(raw.connect(server))
    assert(idle:call("/nowhere", ""))
    local sockets = {}
    for descriptor in here.run("ls /proc/" .. here.pid .. "/fd"):gmatch("%d+") do
      local info = here.read(("/proc/%s/fdinfo/%s"):format(here.pid, descriptor))
      local flags = info and tonumber(info:match("flags:%s*(%d+)"), 8)
      local kind = here.run(("readlink /proc/%s/fd/%s"):format(here.pid, descriptor))
      if flags and (kind:find("socket", 1, true) or kind:find("eventfd", 1, true)) then
        sockets[#sockets + 1] = flags & tonumber("2000000", 8) ~= 0
      end
    end
    -- The listener, the accepted connection, what wakes the daemon, and our own side, which is luasocket's.
    local closed_on_exec = 0
    for _, closes in ipairs(sockets) do
      if closes then closed_on_exec = closed_on_exec + 1 end
    end
    assert.is_true(closed_on_exec >= 3)
    idle:close()
  end)
end)

describe("memory that runs out", function()
  it("is told when it runs out at the start, wherever in it that is", function()
    local started = 0
    for size = 1 << 16, 1 << 20, slow and 1 << 18 or 1 << 13 do
      local server, message = sandbox.start{ max_memory = size }
      if server then
        started = started + 1
        server:stop()
      else
        assert.matches("not enough memory", message)
      end
    end
    assert.is_true(started > 0)
  end)

  it("is 500 later, and the sandbox goes on", function()
    local server <close> = assert(sandbox.start{ max_memory = 3 << 20, max_body = 64 << 20 })
    assert.equal(200, raw.call(server, bulk, good).status)
    local answer = raw.call(server, bulk, ("z"):rep(8 << 20))
    assert.equal(500, answer.status)
    assert.matches("not enough memory", server:last_error())
    -- Filled by what is kept of requests. Not by bodies: lua-cjson loses its buffer where memory runs out in its midst.
    local path, told = "/" .. ("p"):rep(20000), {}
    repeat told[#told + 1] = raw.call(server, path).status until told[#told] ~= 404 or #told == 1000
    assert.equal(500, told[#told])
    server:requests_clear()
    assert.equal(404, raw.call(server, path).status)
  end)
end)

describe("the C module", function()
  local http = require "wixum.sandbox.http"

  it("refuses what it cannot use", function()
    local function start(changes)
      local options = { module = "wixum.sandbox.service", config = "{}", path = package.path, cpath = package.cpath }
      for name, value in pairs(changes) do options[name] = value or nil end
      return http.start(options)
    end
    for words, options in pairs{
      ["config must be a string"] = { config = false }, ["module must be a string"] = { module = 1 },
      ["port is out of range"] = { port = -1 }, ["max_body is out of range"] = { max_body = 1.5 },
      ["key must be a string"] = { certificate = "x" },
    } do
      local done, message = pcall(start, options)
      assert.is_false(done)
      assert.matches(words .. "$", message)
    end
    assert.is_false((pcall(http.start)))
    local none, message = start{ module = "wixum.nothing" }
    assert.is_nil(none)
    assert.matches("module 'wixum.nothing' not found", message, 1, true)
    none, message = start{ module = "string" }
    assert.is_nil(none)
    assert.matches("attempt to call a nil value", message)
    none, message = start{ config = "{" }
    assert.is_nil(none)
    assert.matches("Expected", message)
  end)

  it("raises once it is stopped, and tells what went wrong in Lua", function()
    local options = assert(require("wixum.sandbox.options").complete{})
    options.scheme = "http"
    local handle = assert(http.start{ module = "wixum.sandbox.service", path = package.path, cpath = package.cpath,
      config = require("wixum.sandbox.json").encode(options), max_body = 1000 })
    assert.equal("", handle:last_error())
    local none, message = handle:control("nothing", "{}")
    assert.is_nil(none)
    assert.matches("no such control call", message)
    assert.matches("no such control call.*stack traceback", handle:last_error())
    handle:stop()
    handle:stop()
    for _, name in ipairs{ "control", "port", "connections", "last_error" } do
      local done, raised = pcall(handle[name], handle, "now", "{}")
      assert.is_false(done)
      assert.matches("the sandbox is stopped", raised)
      assert.is_false((pcall(handle[name], io.stdout)))
    end
  end)
end)
