-- The doctor on what the service says: the account, rights, sites, the clock.

local answering = require "spec.support.answering"
local certificates = require "spec.support.certificates"
local cjson = require "cjson"
local declaration = require "wixum.declaration"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.doctor"
local wixum = require "wixum"

local OTHER = "0f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11"
local NO_LEDGER = "/nowhere/at/all.db"
local said, wrong = support.said, support.wrong

-- What is found of a sandbox; the ledger is none of these specs' business.
local function examine(server, options, client)
  local own = { ledger = os.tmpname() }
  os.remove(own.ledger)
  local wix <close> = server:client(client)
  own.client = wix
  for name, value in pairs(options or {}) do own[name] = value end
  return wixum.doctor(own)
end

local function operations(server)
  local list = {}
  for i, request in ipairs(server:requests()) do list[i] = request.operation end
  return list
end

describe("the date of an answer", function()
  local server, wix
  before_each(function()
    server = assert(sandbox.start{ seed = 1 })
    wix = server:client{ retries = 0 }
  end)
  after_each(function()
    wix:close()
    server:stop()
  end)

  it("is told beside it, in seconds since the epoch, and nothing where it is no date", function()
    server:fault{ headers = { Date = "Sun, 06 Nov 1994 08:49:37 GMT" } }
    assert.equal(784111777, (select(2, wix.sites.count_sites())).date)
    server:fault{ headers = { Date = "IST.a.b.c" } }
    assert.is_nil((select(2, wix.sites.count_sites())).date)
    server:fault{ raw = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"count\":1}" }
    local answer, info = wix.sites.count_sites()
    assert.same({ 1, nil }, { answer.count, info.date })
  end)

  it("is in the events of good and of bad answers, also in tasks", function()
    local dates = {}
    local heard = wix:with{ on_event = function(event) if event.event == "answer" then dates[#dates + 1] = event.date or false end end }
    server:fault{ headers = { Date = "Sun, 06 Nov 1994 08:49:37 GMT" } }
    server:fault{ status = 404, headers = { Date = "Sun, 06 Nov 1994 08:49:38 GMT" } }
    heard.sites.count_sites()
    heard.sites.count_sites()
    server:fault{ headers = { Date = "Sun, 06 Nov 1994 08:49:39 GMT" } }
    local task = wixum.spawn(function() return select(2, heard.sites.count_sites()) end)
    assert.equal(784111779, task:wait().date)
    assert.same({ 784111777, 784111778, 784111779 }, dates)
  end)
end)

describe("the doctor", function()
  local server

  local function start(options)
    server = assert(sandbox.start(options or { seed = 1 }))
    return server
  end
  after_each(function()
    if server then server:stop() end
    server = nil
  end)

  it("finds nothing wrong where nothing is, and only reads", function()
    local found = examine(start())
    assert.same({}, wrong(found))
    assert.equal(("ok %s answers, and takes the key"):format(server.account_id), said(found, "account", "account"))
    assert.equal("ok 1 site, all that are counted", said(found, "sites", "reached"))
    assert.equal(("ok %s is one of them"):format(server.site_id), said(found, "sites", "site_id"))
    assert.matches("agree", said(found, "clock", "skew"))
    for _, request in ipairs(server:requests()) do
      local namespace, name = request.operation:match("^(.-)%.(.*)$")
      assert.equal("read", declaration.namespace(namespace).by_name[name].effect)
    end
    assert.equal(5, #server:requests())
    assert.equal(0, #server:outbox())
  end)

  it("finds sites of every namespace, as the other commands do", function()
    local headless = "00000002-2222-4333-8444-555555555555"
    start{ seed = 1, sites = { "00000001-2222-4333-8444-555555555555", { id = headless, namespace = "HEADLESS" } } }
    local found = examine(server, nil, { site_id = headless })
    assert.equal("ok 2 sites, all that are counted", said(found, "sites", "reached"))
    assert.equal("ok " .. headless .. " is one of them", said(found, "sites", "site_id"))
  end)

  it("names every right that only a mail or a change would prove, once, as unproven", function()
    local found, counts = examine(start()), {}
    for _, line in ipairs(support.lines(found, "rights", nil, "unproven")) do
      for name in line.text:match("^(.-): only a mail"):gmatch("[%w_.]+") do counts[name] = (counts[name] or 0) + 1 end
    end
    for _, operation in ipairs(declaration.operations()) do
      assert.equal(operation.effect ~= "read" and 1 or nil, counts[operation.full_name], operation.full_name)
    end
    assert.matches("inferred from contributors.query_site_contributors", tostring(found), 1, true)
    assert.matches("no read needs this permission", tostring(found), 1, true)
  end)

  local RIGHTS = { ["Basic Team Member"] = "users.get_roles_info", ["Manage Contributors"] = "contributors.query_site_contributors" }
  for permission, operation in pairs(RIGHTS) do
    it("names a key without " .. permission, function()
      local permissions = { "Manage Team Members" }
      for name in pairs(RIGHTS) do if name ~= permission then permissions[#permissions + 1] = name end end
      local found = examine(start{ seed = 1, permissions = permissions })
      assert.same({ "rights/" .. permission .. " refused" }, wrong(found))
      local line = support.lines(found, "rights", permission, "wrong")[1]
      assert.matches("^" .. operation .. ": the service answered 403: .*request id", line.text)
      assert.matches("give the key the permission " .. permission .. " in Wix's API Keys manager", line.advice, 1, true)
      assert.matches("^ok", said(found, "account", "account"))
    end)
  end

  it("stops at a refused key, and names what it did not try", function()
    local found = examine(start(), nil, { api_key = "IST.b3RoZXI.a2V5.c2ln" })
    assert.same({ "account/account refused" }, wrong(found))
    assert.same({ "sites.count_sites" }, operations(server))
    assert.matches("Wix's API Keys manager.*: the program$", support.line(found, "account", "account").advice)
    assert.equal(4, #support.lines(found, "rights", nil, "unproven") - 3) -- one failed as told, two are never tried
    assert.matches("not tried: the key was refused", said(found, "sites", "reached"))
    server:fault{ operation = "users.get_roles_info", status = 401 }
    found = examine(server)
    assert.same({ "rights/Basic Team Member refused" }, wrong(found))
  end)

  it("says both that a refused account may mean, and says it once", function()
    local found = examine(start(), nil, { account_id = OTHER })
    assert.same({ "account/account refused" }, wrong(found))
    local line = support.line(found, "account", "account")
    assert.matches("the key is of another account, or has no right at all; the service answered 403", line.text, 1, true)
    assert.matches("^compare the option account_id with .* or take a key of that account; .*, Read Site Data first$", line.advice)
    -- the site's own right is tried nonetheless
    assert.matches("0 contributors of site " .. server.site_id, support.lines(found, "rights", nil, "ok")[1].text, 1, true)
  end)

  it("takes a refusal without a word for throttling, perhaps, and one with words for none", function()
    start():fault{ operation = "contributors.query_site_contributors", status = 403, json = { message = "", details = {} } }
    local line = support.lines(examine(server), "rights", "Manage Contributors", "wrong")[1]
    assert.matches("may be throttling", line.text, 1, true)
    assert.matches("^wait a minute", line.advice)
    server:fault{ operation = "contributors.query_site_contributors", status = 403, body = "" }
    assert.matches("may be throttling", support.lines(examine(server), "rights", "Manage Contributors", "wrong")[1].text, 1, true)
    server:fault{ operation = "contributors.query_site_contributors", status = 403, body = "<html>blocked by the office</html>",
      content_type = "text/html" }
    assert.is_nil(support.lines(examine(server), "rights", "Manage Contributors", "wrong")[1].text:find("throttling", 1, true))
  end)

  it("does not wait where the service asks to", function()
    start():fault{ status = 429, headers = { ["Retry-After"] = "30" }, times = "always" }
    local found = examine(server)
    assert.same({ "account/account other" }, wrong(found))
    assert.equal(1, #server:requests())
    assert.matches("not tried: the service asks to wait", said(found, "rights", "Basic Team Member"), 1, true)
    assert.matches("^wait a minute", support.line(found, "account", "account").advice)
    -- nor where it asked the client to before
    server:faults_clear()
    server:fault{ status = 429, headers = { ["Retry-After"] = "15" } }
    local wix <close> = server:client{ retries = 0 }
    wix.sites.count_sites()
    found = wixum.doctor{ client = wix, ledger = NO_LEDGER }
    assert.matches("the service asked all calls of this client to wait", said(found, "account", "account"), 1, true)
    assert.equal(2, #server:requests())
  end)

  it("tells a service that fails, in all calls and in one", function()
    start():fault{ status = 500, times = 4 }
    assert.same({ "account/account other" }, wrong(examine(server)))
    server:fault{ status = 503, operation = "users.search_team" }
    local found = examine(server)
    assert.same({ "rights/(none is listed) other" }, wrong(found))
    assert.matches("run this again in some minutes", support.lines(found, "rights", "(none is listed)")[1].advice, 1, true)
    server:fault{ body = "<html>Welcome to the hotel. Please log in</html>", content_type = "text/html", times = 4 }
    found = examine(server)
    assert.same({ "account/account other" }, wrong(found))
    assert.matches("portal", support.line(found, "account", "account").advice)
  end)

  it("tells a service that is away, or does not answer, or cannot be trusted", function()
    start()
    local found = examine(server, nil, { base_url = "http://127.0.0.1:1" })
    assert.same({ "account/account other" }, wrong(found))
    assert.matches("not tried: the service cannot be reached", said(found, "sites", "reached"), 1, true)
    assert.equal("unproven no answer said what time the service has", said(found, "clock", "skew"))
    server:fault{ delay = 30, times = "always" }
    found = examine(server, nil, { timeout = 0.3 })
    assert.same({ "account/account other" }, wrong(found))
    assert.equal(1, #server:requests())
    assert.matches("after %d%d?%d?%d? milliseconds", said(found, "account", "account")) -- the client's own patience is less than ours
    assert.matches("not tried: the service does not answer in time", said(found, "sites", "reached"), 1, true)
    local trusted <close> = assert(sandbox.start{ seed = 1, tls = certificates.all().good })
    assert.same({}, wrong(examine(trusted, nil, { ca_file = certificates.all().ca })))
    found = examine(trusted)
    assert.same({ "account/account other" }, wrong(found))
    assert.matches("see the certificates above, the clock", support.line(found, "account", "account").advice, 1, true)
  end)

  it("is not kept waiting by a client's own pace, and says so", function()
    local found = examine(start(), nil, { rate = { calls = 1, per = 3600 } })
    assert.same({ "rights/Basic Team Member settings" }, wrong(found))
    assert.matches("the client's own pace leaves no room", said(found, "sites", "reached"), 1, true)
    assert.equal(1, #server:requests())
  end)

  describe("on sites", function()
    local function many(count)
      local sites = {}
      for i = 1, count do
        sites[i] = { id = ("%08d-2222-4333-8444-555555555555"):format(i), trashed = i % 100 == 0 and "2025-01-01T00:00:00Z" or nil }
      end
      return start{ seed = 1, sites = sites }
    end

    it("walks all pages", function()
      local found = examine(many(250))
      assert.equal("ok 250 sites, all that are counted, 2 of them in the trash", said(found, "sites", "reached"))
      assert.same({}, wrong(found))
    end)

    it("tells where fewer are listed than counted", function()
      many(3):fault{ operation = "sites.count_sites", json = { count = 1200 } }
      local found = examine(server)
      assert.same({ "sites/reached other" }, wrong(found))
      assert.matches("3 of 1200 sites .* 1,000", said(found, "sites", "reached"))
      server:fault{ operation = "sites.count_sites", json = {} }
      found = examine(server)
      assert.same({}, wrong(found))
      assert.matches("^warning 3 sites; .*no number", said(found, "sites", "reached"))
    end)

    it("tells a list that breaks off, and one that is empty", function()
      many(250):fault{ operation = "sites.query_sites", after = 1, status = 500 }
      local found = examine(server)
      assert.same({ "rights/Read Site Data other" }, wrong(found))
      assert.matches("^unproven", said(found, "sites", "reached"))
      assert.matches("^unproven", said(found, "sites", "site_id"))
      server:fault{ operation = "sites.query_sites", json = { sites = {}, metadata = { hasNext = false } } }
      server:fault{ operation = "sites.count_sites", json = { count = 0 } }
      found = examine(server)
      assert.matches("^warning no site", said(found, "sites", "reached"))
    end)

    it("counts one that comes twice once, and tries nothing on one in the trash", function()
      many(2)
      local one = { id = "00000001-2222-4333-8444-555555555555", trashedDate = "2025-01-01T00:00:00Z" }
      local other = { id = "00000002-2222-4333-8444-555555555555" }
      server:fault{ operation = "sites.query_sites", json = { sites = { one, one, other, other }, metadata = { hasNext = false } } }
      local wix <close> = wixum.client{ base_url = server.base_url, api_key = server.api_key, account_id = server.account_id }
      local found = wixum.doctor{ client = wix, ledger = NO_LEDGER }
      assert.equal("ok 2 sites, all that are counted, 1 of them in the trash", said(found, "sites", "reached"))
      assert.matches("of site 00000002-", support.lines(found, "rights", "Manage Contributors", "ok")[1].text, 1, true)
    end)

    it("believes no id that is none", function()
      many(1):fault{ operation = "sites.query_sites", json = { sites = { { id = "\27[31m../x" }, { name = "nameless" } } } }
      local wix <close> = wixum.client{ base_url = server.base_url, api_key = server.api_key, account_id = server.account_id }
      local found = wixum.doctor{ client = wix, ledger = NO_LEDGER }
      assert.matches("no site is known to try it on", tostring(found), 1, true)
      assert.matches("^warning 2 sites listed, and 1 counted", said(found, "sites", "reached"))
      assert.is_nil(tostring(found):find("\27", 1, true))
    end)

    it("tells a site that is none of them, and tries its rights on another", function()
      local found = examine(many(2), nil, { site_id = OTHER })
      assert.same({ "sites/site_id settings" }, wrong(found))
      assert.matches("of site 00000001-", support.lines(found, "rights", "Manage Contributors", "ok")[1].text, 1, true)
    end)
  end)

  describe("on the clock", function()
    local function skewed(seconds, delay)
      local answers = { count = 1, sites = {}, predefinedRoles = {}, contributors = {} }
      local wix <close> = answering.client(function() return answers end, { transport = function()
        return { status = 200, body = cjson.encode(answers), headers = { Date = "Sun, 06 Nov 1994 08:49:37 GMT" } }
      end, clock = { now = function() return 0 end, sleep = function() end, random = math.random, time = os.time } })
      return wixum.doctor{ client = wix, ledger = NO_LEDGER, time = function() return 784111777.5 + seconds + (delay or 0) end }
    end

    it("says how far it is off, from half a minute on, and that it is wrong from five minutes on", function()
      for seconds, expected in pairs{ [0] = "ok", [30.5] = "ok", [-30.5] = "ok", [33] = "warning 33 s ahead", [-33] = "warning 33 s behind",
        [299] = "warning 5 min ahead", [303] = "wrong 5 min ahead", [-86400] = "wrong 24.0 h behind",
        [-864000] = "wrong 10 days behind" } do
        local found = skewed(seconds)
        local state, words = expected:match("^(%a+) ?(.*)$")
        assert.matches("^" .. state .. " .*" .. words, said(found, "clock", "skew"))
        assert.same(state == "wrong" and { "clock/skew other" } or {}, support.wrong{ lines = support.lines(found, "clock"), wrong =
          state == "wrong" and 1 or 0 })
      end
    end)

    it("believes the answer that took the shortest time, and takes half of that into account", function()
      local skew = require("wixum.doctor.service").skew
      local slow, quick = { local_time = 500, date = 100, seconds = 300 }, { local_time = 111, date = 100, seconds = 1 }
      assert.same({ 10.0, 1.5 }, { skew{ slow, quick } })
      assert.is_nil(skew{})
    end)
  end)

  it("makes a client of its own and closes it; one that it is given goes on, and tells its events", function()
    start()
    local env = { WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_ACCOUNT_ID = server.account_id }
    local output, code = process.run({ "lua5.4", "-e", ([[
      local wixum, client = require "wixum", require "wixum.client"
      local new, made = client.new, nil
      client.new = function(...) made = new(...) return made end
      local found = wixum.doctor{ ledger = %q }
      print(found.wrong, made)]]):format(NO_LEDGER) }, { env = env })
    assert.equal(0, code, output)
    assert.matches("closed%)\n$", output)
    local events = 0
    local wix <close> = server:client{ on_event = function() events = events + 1 end }
    wixum.doctor{ client = wix, ledger = NO_LEDGER }
    assert.is_true(events >= 15)
    assert(wix.sites.count_sites())
  end)

  it("raises only what is wrong with the program, at its line", function()
    for _, mistake in ipairs{ { { cleint = 1 }, 'unknown option cleint %(did you mean "client"' },
      { { client = {} }, "client must be a client" }, { { on_line = 1 }, "on_line must be a function" },
      { "x", "options must be a table" } } do
      local ok, message = pcall(wixum.doctor, mistake[1])
      assert.is_false(ok)
      assert.matches("70_doctor_spec.lua:%d+: wixum.doctor: " .. mistake[2], message)
    end
  end)
end)
