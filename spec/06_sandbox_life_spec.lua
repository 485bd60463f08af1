-- The sandbox's life: how it starts, what it refuses to start with, and that it leaves nothing behind.

local here = require "spec.support.here"
local raw = require "spec.support.raw_client"
local sandbox = require "wixum.sandbox"
local socket = require "socket"

local slow = here.slow
local bulk = "/invites/site-invite/bulk"
local good = '{"policyIds":["1"],"emails":["ann@example.com"]}'

describe("a sandbox", function()
  it("says where it is, and for whom", function()
    local server <close> = assert(sandbox.start{ seed = "a word" })
    assert.matches("^http://127%.0%.0%.1:%d+$", server.base_url)
    assert.equal(server.base_url, "http://127.0.0.1:" .. server.port)
    assert.matches("^IST%.[%w_-]+$", server.api_key)
    assert.matches("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", server.site_id)
    assert.matches("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", server.account_id)
    assert.equal("wixum sandbox at " .. server.base_url, tostring(server))
    assert.equal(server.site_id, server:state().sites[1].id)
    local again <close> = assert(sandbox.start{ seed = "a word" })
    assert.same({ server.api_key, server.site_id, server.account_id }, { again.api_key, again.site_id, again.account_id })
    local other <close> = assert(sandbox.start{})
    assert.are_not.equal(server.api_key, other.api_key)
  end)

  it("takes what it is given", function()
    local a, b = "AAAAAAAA-0000-4000-8000-00000000000a", "bbbbbbbb-0000-4000-8000-00000000000b"
    local server <close> = assert(sandbox.start{
      sites = { { id = a, name = "Bäckerei" }, b }, account_id = b, api_key = "IST.x", host = "localhost" })
    assert.equal(a:lower(), server.site_id)
    assert.equal(b, server.account_id)
    assert.equal("IST.x", server.api_key)
    assert.equal("http://localhost:" .. server.port, server.base_url)
    local sites = server:state().sites
    assert.equal("Bäckerei", sites[1].name)
    assert.equal("Site 2", sites[2].name)
    assert.equal(200, raw.call(server, bulk, good).status)
  end)

  it("is of real time unless told otherwise, and moves when told", function()
    local server <close> = assert(sandbox.start{})
    assert.is_true(math.abs(server:now() - os.time()) <= 2)
    assert.is_true(math.abs(server:advance(86400) - os.time() - 86400) <= 2)
    local still <close> = assert(sandbox.start{ start_time = 1734427301.5 })
    local now, date = still:now()
    assert.equal(1734427301.5, now)
    assert.equal("2024-12-17T09:21:41.500Z", date)
  end)

  it("lets its owner act for the invitee", function()
    local server <close> = assert(sandbox.start{ start_time = 1734427301 })
    raw.call(server, bulk, '{"policyIds":["1"],"emails":["a@example.com","b@example.com","c@example.com","d@example.com"]}')
    local invites, mails = server:invites(), server:outbox()
    assert.equal("Used", assert(server:accept(invites[1])).status)
    assert.equal("Used", assert(server:accept(mails[2])).status)
    assert.equal("Declined", assert(server:decline(invites[3].id)).status)
    assert.equal("Used", assert(server:accept(mails[4].accept_link)).status)
    local none, message = server:accept(invites[3])
    assert.is_nil(none)
    assert.equal("the invite is Declined, not Pending", message)
    assert.same({ "c@example.com" }, { server:invites{ status = "Declined" }[1].email })
    assert.equal(1, #server:outbox{ to = "b@example.com" })
    for words, fn in pairs{
      ["server:accept needs an invite, its id or its accept link"] = function() server:accept(nil) end,
      ["server:decline needs an invite, its id or its accept link"] = function() return server:decline{} end,
      ["server:advance: seconds must be a number, not below zero"] = function() server:advance(-1) end,
      ["not a sandbox: methods are called with a colon"] = function() server.outbox() end,
    } do
      local done, mistake = pcall(function() fn() end)
      assert.is_false(done)
      assert.matches("06_sandbox_life_spec%.lua:%d+: ", mistake)
      assert.equal(words, mistake:match("%d+: (.*)$"))
    end
  end)

  it("makes clients that find it", function()
    local given
    local before = package.loaded.wixum
    package.loaded.wixum = { client = function(options) given = options return {} end }
    local server <close> = assert(sandbox.start{})
    local client = server:client{ timeout = 3 }
    package.loaded.wixum = before
    assert.is_table(client)
    assert.same({ base_url = server.base_url, api_key = server.api_key, site_id = server.site_id,
      account_id = server.account_id, rate = false, timeout = 3 }, given)
  end)

  it("lives as long as a client that it made, and no longer", function()
    local before = package.loaded.wixum
    package.loaded.wixum = { client = function(options) return { base_url = options.base_url } end }
    local client = assert(sandbox.start{}):client()
    package.loaded.wixum = before
    local port = tonumber(client.base_url:match("%d+$"))
    collectgarbage()
    collectgarbage()
    assert.is_true(here.listening(port))
    client = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    assert.is_false(here.listening(port))
  end)

  it("shows invites as Wix's fields, and their purpose", function()
    local server <close> = assert(sandbox.start{ start_time = 1734427301, sites = { "00000000-0000-4000-8000-00000000000a" } })
    raw.call(server, bulk, (good:gsub("}$", ',"invitePurpose":"why"}')))
    local one = server:invites()[1]
    assert.same({
      id = one.id, site_id = server.site_id, email = "ann@example.com", policy_ids = { "1" }, status = "Pending",
      accept_link = one.accept_link, inviter_account_id = server.account_id, purpose = "why",
      date_created = "2024-12-17T09:21:41.000Z", expiration_date = "2025-01-16T09:21:41.000Z",
    }, one)
  end)

  it("is not to be reached but from this machine", function()
    local server <close> = assert(sandbox.start{})
    assert.is_nil((socket.connect("127.0.0.2", server.port)))
  end)

  it("is many, if need be, each with a state of its own", function()
    local one <close> = assert(sandbox.start{})
    local two <close> = assert(sandbox.start{})
    assert.are_not.equal(one.port, two.port)
    raw.call(one, bulk, good)
    assert.equal(1, #one:invites())
    assert.equal(0, #two:invites())
  end)
end)

describe("starting", function()
  local mistakes = {
    ['unknown option "stict_sites" (did you mean "strict_sites"?)'] = { stict_sites = true },
    ["option port must be an integer from 0 to 65535"] = { port = 65536 },
    ["option seed must be an integer or a string"] = { seed = 1.5 },
    ["option sites must be a list of GUIDs or of { id = GUID, name = text, … }; item 1 must be a GUID"] = { sites = { "mine" } },
    ["option sites must be a list without an id twice"] = {
      sites = { "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000A" } },
    ['option duplicates must be "failed" or "fresh" or "error"'] = { duplicates = "drop" },
    ["option strict_sites must be true or false"] = { strict_sites = 1 },
    ["option account_id must be a GUID"] = { account_id = "me" },
    ["option api_key must be a string without blanks"] = { api_key = "a\nb" },
    ["option tls must be { cert = PEM text or path, key = PEM text or path }"] = { tls = true },
  }
  for words, options in pairs(mistakes) do
    it("raises where the call is: " .. words, function()
      local done, message = pcall(function() sandbox.start(options) end)
      assert.is_false(done)
      assert.matches("06_sandbox_life_spec%.lua:%d+: sandbox%.start: ", message)
      assert.equal("sandbox.start: " .. words, message:match("sandbox%.start: .*"))
    end)
  end

  it("says where the port is taken", function()
    local server <close> = assert(sandbox.start{})
    assert(assert(raw.connect(server)):call("/nowhere", "")) -- still open: the server will be the one to close it
    local none, message = sandbox.start{ port = server.port }
    assert.is_nil(none)
    assert.equal(("cannot listen on 127.0.0.1:%d: Address already in use"):format(server.port), message)
    local port = server.port
    server:stop()
    local next_one <close> = assert(sandbox.start{ port = port })
    assert.equal(port, next_one.port)
  end)

  it("says what is missing where the C module is", function()
    local script = [[package.cpath = package.cpath:gsub("[^;]*/build[^;]*%%?%%.so;?", "")
      package.preload["wixum.sandbox.http"] = function() error("libmicrohttpd.so.12: cannot open shared object file") end
      print(require("wixum.sandbox").start{})]]
    local output = here.run(("lua5.4 -e '%s' 2>&1"):format(script))
    assert.matches("^nil\t", output)
    assert.matches("libmicrohttpd12", output)
    assert.matches("libmicrohttpd%-dev", output)
    assert.matches("cannot open shared object file", output)
  end)

  it("says that a file is not there, or no pair of certificate and key", function()
    local none, message = sandbox.start{ tls = { cert = "/nowhere/c.pem", key = "/nowhere/k.pem" } }
    assert.is_nil(none)
    assert.matches("^tls%.cert: /nowhere/c%.pem", message)
    none, message = sandbox.start{ tls = { cert = "-----BEGIN CERTIFICATE-----\n", key = "-----BEGIN PRIVATE KEY-----\n" } }
    assert.is_nil(none)
    assert.matches("certificate and key", message)
  end)

  it("leaves nothing behind where it fails", function()
    local taken <close> = assert(sandbox.start{})
    local before = here.count "fd"
    for _ = 1, slow and 5 or 20 do
      sandbox.start{ port = taken.port }
      sandbox.start{ tls = { cert = "-----BEGIN CERTIFICATE-----\n", key = "-----BEGIN PRIVATE KEY-----\n" } }
      sandbox.start{ max_memory = 1 << 18 }
    end
    assert.equal(before, here.count "fd")
  end)
end)

describe("a stopped sandbox", function()
  it("is gone, however often it is told", function()
    local server = assert(sandbox.start{})
    assert.is_true(here.listening(server.port))
    server:stop()
    server:stop()
    assert.is_false(here.listening(server.port))
    local done, message = pcall(function() server:outbox() end)
    assert.is_false(done)
    assert.matches("06_sandbox_life_spec%.lua:%d+: the sandbox is stopped", message)
    assert.equal("wixum sandbox at " .. server.base_url, tostring(server))
  end)

  it("is what <close> leaves", function()
    local port
    do
      local server <close> = assert(sandbox.start{})
      port = server.port
    end
    assert.is_false(here.listening(port))
  end)

  it("does not wait for those who wait", function()
    local server = assert(sandbox.start{})
    local held = {}
    local function hold(fault)
      local one = assert(raw.connect(server))
      if fault then
        server:fault(fault)
        one:send(raw.request(server, bulk, good))
        assert.is_true(here.eventually(function() return #server:faults() == 0 end)) -- before the next request comes
      end
      held[#held + 1] = one
      return one
    end
    hold{ delay = 1000 }
    hold{ body = ("y"):rep(1000), drip = 100 }
    hold{ raw = "yy", drip = 100 }
    hold{ close_answer_at = 50, hold = 1000 }
    hold{ size = 1 << 40 }                                     -- nobody reads it
    hold{ size = 1 << 40, close_answer_at = 1 << 39 }          -- nor this
    hold():send("POST " .. bulk .. " HTTP/1.1\r\nHost")        -- half of a head
    hold():send(raw.request(server, bulk, good:sub(1, 9), { headers = { ["content-length"] = "99" } }))
    hold()                                                     -- nothing at all
    assert(hold():call("/nowhere", ""))                        -- idle
    assert.is_true(here.eventually(function() return #server:requests() == 8 end))
    local before = socket.gettime()
    server:stop()
    assert.is_true(socket.gettime() - before < (slow and 20 or 2))
    for _, one in ipairs(held) do one:close() end
  end)

  it("leaves neither threads nor descriptors", function()
    local threads, descriptors = here.count "task", here.count "fd"
    for i = 1, slow and 6 or 20 do
      local server = assert(sandbox.start{})
      for _ = 1, 3 do raw.call(server, bulk, good) end
      if i % 2 == 0 then server:stop() end
    end
    assert.equal(threads, here.count "task")
    assert.equal(descriptors, here.count "fd")
  end)
end)
