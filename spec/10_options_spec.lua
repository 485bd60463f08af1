-- Options of wixum.client, of wix:with and of a call: what each may be, where it may stand, and whose wins.

local wixum = require "wixum"

local SITE, OTHER_SITE = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
local KEY = "IST.c2VjcmV0LWtleQ.dGhhdC1ub2JvZHk.bWF5LXNlZQ"
local INVITE = { policy_ids = { "1" }, emails = { "ann@example.com" } }

local function nothing() end
local function answers_nothing() return { status = 200, body = "{}" } end
local function clock() return { now = os.clock, sleep = function() return true end, random = math.random, time = os.time } end

-- Whatever is raised, and the line that raised it here.
local function raised(run, ...)
  local done, message = pcall(run, ...)
  assert.is_false(done, "nothing was raised")
  assert.equal("string", type(message), tostring(message))
  local line, words = message:match("^[^\n]-10_options_spec%.lua:(%d+): ([^\n]+)$")
  assert.is_truthy(line, "not a line of this file: " .. message)
  return words, tonumber(line)
end

-- Something is raised here that holds these words.
local function complains(words, run, ...)
  local message = raised(run, ...)
  assert.is_truthy(message:find(words, 1, true), ("not %q but %q"):format(words, message))
end

local function offline(more)
  local options = { transport = answers_nothing, site_id = SITE, api_key = KEY, rate = false, clock = clock() }
  for name, value in pairs(more or {}) do options[name] = value end
  return wixum.client(options)
end

local NUMBERS = { bad = { 0, -1, 0 / 0, math.huge, -math.huge, "10", true, {} }, good = { 0.001, 1, 2.5, 1e9 } }

-- Each option: where it may stand ("client" once, "with" anywhere, "call" with a call alone), values that are wrong and right.
local OPTIONS = {
  api_key = { where = "client", bad = { 1, true, {}, "", " ", "a b", "a\nb" }, good = { KEY, KEY .. "\n", function() return KEY end } },
  base_url = { where = "client", bad = { 1, {}, "", "www.wixapis.com", "http://www.wixapis.com", "https://h\0" },
    good = { "https://www.wixapis.com", "http://127.0.0.1:1/prefix/" } },
  site_id = { where = "with", bad = { 1, {}, "", true, "a\0b" }, good = { SITE, "not a GUID: told by the call" } },
  account_id = { where = "with", bad = { 1, {}, "", true }, good = { SITE } },
  connect_timeout = { where = "with", bad = NUMBERS.bad, good = NUMBERS.good },
  timeout = { where = "with", bad = NUMBERS.bad, good = NUMBERS.good },
  deadline = { where = "with", bad = NUMBERS.bad, good = NUMBERS.good },
  retries = { where = "with", bad = { -1, 0.5, 1.0, "1", math.huge, true }, good = { 0, 1, 1000 } },
  max_wait = { where = "with", bad = NUMBERS.bad, good = NUMBERS.good },
  max_emails = { where = "with", bad = { 0, -1, 0.5, "1", true }, good = { 1, 50, 100000 } },
  rate = { where = "client", bad = { true, 200, {}, { calls = 1 }, { per = 1 }, { calls = 0, per = 1 }, { calls = 1.5, per = 1 },
      { calls = "1", per = 1 }, { calls = 1, per = 0 }, { calls = 1, per = -1 }, { calls = 1, per = math.huge },
      { calls = 1, per = 0 / 0 }, { calls = 1, per = 1e-9 }, { calls = 1 << 40, per = 1 }, "200/60" },
    good = { false, { calls = 1, per = 60 }, { calls = 200, per = 0.5 } } },
  concurrency = { where = "client", bad = { 0, -1, 1.5, "2" }, good = { 1, 64 } },
  proxy = { where = "client", bad = { 1, "", false, "http://proxy\r\nX: y", "http://a\0b" }, good = { "http://127.0.0.1:8080" } },
  ca_file = { where = "client", bad = { 1, "", true, "a\0b" }, good = { "/etc/hostname" } },
  ca_path = { where = "client", bad = { 1, "", {} }, good = { "/etc/ssl/certs" } },
  http_version = { where = "client", bad = { 1.1, 2, "3", "1.0", "" }, good = { "1.1", "2" } },
  max_answer = { where = "client", bad = { 0, -1, 1.5, "1" }, good = { 1, 1 << 40 } },
  headers = { where = "with", good = { {}, { ["X-Mine"] = "a b", Accept = "application/json" } },
    bad = { "X: y", { "X-Mine: 1" }, { ["X-Mine"] = 1 }, { ["X-Mine"] = true }, { [""] = "x" }, { ["X Mine"] = "x" }, { ["X:"] = "x" },
      { ["X-Mine"] = "a\r\nY: z" }, { ["X-Mine"] = "a\n" }, { ["X-Mine"] = "a\0" }, { ["X-Mine"] = "\u{e4}" }, { ["X\n"] = "x" },
      { ["X-Mine"] = "" }, { ["X-Mine"] = " " }, { ["X-Mine"] = " a" }, { ["X-Mine"] = "a\t" }, -- libcurl would not send these so
      { Authorization = "x" }, { AUTHORIZATION = "x" }, { ["wix-site-id"] = "x" }, { ["Wix-Account-Id"] = "x" },
      { ["x-wix-consistent"] = "x" }, { ["Content-Type"] = "x" }, { ["content-length"] = "0" }, { Host = "evil.example" },
      { ["Transfer-Encoding"] = "chunked" }, { Expect = "100-continue" }, { Connection = "close" }, { Cookie = "a=b" },
      { ["Proxy-Authorization"] = "x" }, { ["Accept-Encoding"] = "br" }, { ["User-Agent"] = "x" } } },
  user_agent = { where = "with", bad = { 1, "", " ", " a", "a ", "a\nb", "a\rb", "a\0b" }, good = { "mine/1.0" } },
  on_event = { where = "with", bad = { "print", true, {} }, good = { nothing } },
  dry_run = { where = "with", bad = { 1, "true", 0 }, good = { true, false } },
  transport = { where = "client", bad = { "curl", true, {} }, good = { answers_nothing } },
  clock = { where = "client", bad = { 1, {}, { now = os.clock }, os.clock }, good = { clock() } },
  before_send = { where = "call", bad = { "print", true, {} }, good = { nothing } },
}

describe("an option", function()
  for name, option in pairs(OPTIONS) do
    describe(name, function()
      -- A bad value is refused wherever the option may stand, a good one taken.
      local places = {}
      if option.where ~= "call" then
        places["wixum.client"] = function(value) wixum.client{ [name] = value }:close() end
      end
      if option.where == "with" then
        places["wix:with"] = function(value) return (offline():with{ [name] = value }) end
      end
      if option.where ~= "client" then
        places["a call"] = function(value) return (offline().site_invites.bulk_invite(INVITE, { [name] = value })) end
      end

      for place, run in pairs(places) do
        it("is checked by " .. place, function()
          for i, value in ipairs(option.bad) do
            local done, words = pcall(raised, run, value)
            assert.is_true(done, ("bad value %d: %s"):format(i, words))
            assert.is_truthy(words:find("^option " .. name) or words:find(": option " .. name, 1, true), words)
            if type(value) == "string" and #value > 8 then assert.is_nil(words:find(value, 1, true)) end
          end
          for _, value in ipairs(option.good) do run(value) end
        end)
      end

      if option.where == "client" then
        it("is refused by wix:with and by a call", function()
          local wix = offline()
          local given, words = { [name] = option.good[1] }, "option " .. name .. " is set once, in wixum.client"
          complains(words, function() wix:with(given) end)
          complains(words, function() wix.site_invites.bulk_invite(INVITE, given) end)
        end)
      elseif option.where == "call" then
        it("is refused by wixum.client and by wix:with", function()
          local given, words = { [name] = option.good[1] }, "option " .. name .. " belongs to a call"
          complains(words, function() wixum.client(given) end)
          complains(words, function() offline():with(given) end)
        end)
      end
    end)
  end

  it("is one of those tested here", function()
    for _, option in ipairs(require("wixum.options").list) do
      assert.is_truthy(OPTIONS[option.name], option.name)
      assert.equal(OPTIONS[option.name].where, option.where, option.name)
      assert.matches("\n  " .. option.name .. " ", wixum.help("options"), 1, true)
    end
  end)

  it("that is unknown raises, with the name that was probably meant", function()
    local wix = offline()
    complains('unknown option timout (did you mean "timeout"?)', function() wixum.client{ timout = 1 } end)
    complains('unknown option siteId (did you mean "site_id"?)', function() wix:with{ siteId = SITE } end)
    complains('unknown option beforeSend (did you mean "before_send"?)', function()
      wix.site_invites.bulk_invite(INVITE, { beforeSend = nothing })
    end)
    complains("unknown option 1 (known: account_id, ", function() wixum.client{ KEY } end)
    complains("unknown option table: ", function() wixum.client{ [{}] = 1 } end)
    complains("unknown option api_keys (known: ", function() wix:with{ api_keys = KEY } end) -- api_key cannot stand there
  end)

  it("comes in a table", function()
    local wix = offline()
    for _, value in ipairs{ KEY, 1, true, nothing } do
      local words = "options must be a table, not a " .. type(value)
      complains(words, function() wixum.client(value) end)
      complains(words, function() wix:with(value) end)
      complains(words, function() wix.site_invites.bulk_invite(INVITE, value) end)
    end
  end)

  it("is complained about at the caller's line", function()
    local wix, here = offline(), nil
    local _, line = raised(function()
      here = debug.getinfo(1, "l").currentline + 1
      wixum.client{ timeout = "10" }
    end)
    assert.equal(here, line)
    _, line = raised(function()
      here = debug.getinfo(1, "l").currentline + 1
      wix:with{ timeout = "10" }
    end)
    assert.equal(here, line)
    _, line = raised(function()
      here = debug.getinfo(1, "l").currentline + 1
      wix.site_invites.bulk_invite(INVITE, { timeout = "10" })
    end)
    assert.equal(here, line)
  end)

  it("is never shown where its name or its value may be a secret", function()
    local secret = "IST." .. ("c2VjcmV0"):rep(30)
    local wix = offline{ api_key = secret }
    for _, run in ipairs{
      function() wixum.client{ [secret] = true } end,
      function() wixum.client{ api_key = secret .. " x" } end,
      function() wixum.client{ base_url = secret } end,
      function() wixum.client{ base_url = "https://me:" .. secret .. "@www.wixapis.com" } end,
      function() wixum.client{ base_url = "http://" .. secret .. ".example.com" } end,
      function() wixum.client{ proxy = "http://me:" .. secret .. "@proxy\n" } end,
      function() wixum.client{ headers = { ["X-Mine"] = secret .. "\n" } } end,
      function() wixum.client{ headers = { Authorization = secret } } end,
      function() wixum.client(secret) end,
      function() wix:with{ [secret] = true } end,
      function() wix.site_invites.bulk_invite(INVITE, { [secret] = true }) end,
      function() return wix[secret] end,
      function() wix[secret] = 1 end,
      function() return wix.site_invites[secret] end,
      function() return wixum[secret] end,
      function() return wixum.help(secret) end,
    } do
      local words = raised(run)
      assert.is_nil(words:find("c2VjcmV0c2Vj", 1, true), words)
    end
  end)
end)

describe("what a call goes by", function()
  -- The request as it would go out.
  local function request(wix, call_options)
    local given = { dry_run = true }
    for name, value in pairs(call_options or {}) do given[name] = value end
    return (assert(wix.site_invites.bulk_invite(INVITE, given)))
  end

  -- How often a call is tried, and how long it waits in all, where the server always says 503.
  local function tries(wix, call_options, now)
    local began = now()
    local _, err = wix.site_invites.revoke_invite({ invite_id = SITE }, call_options)
    return err.attempts, now() - began
  end

  it("is the call's option, else that of with, else the client's", function()
    local wix = offline{ headers = { ["X-Mine"] = "client" }, user_agent = "client/1" }
    local derived = wix:with{ site_id = OTHER_SITE, headers = { ["X-Mine"] = "with" }, user_agent = "with/1" }
    local third = derived:with{ user_agent = "third/1" }
    local call = { site_id = SITE:gsub("1", "7"), headers = { ["X-Call"] = "call" }, user_agent = "call/1" }
    local expected = {
      { request(wix), SITE, "client", nil, "client/1" },
      { request(derived), OTHER_SITE, "with", nil, "with/1" },
      { request(third), OTHER_SITE, "with", nil, "third/1" },
      { request(third, call), call.site_id, nil, "call", "call/1" },
      { request(wix), SITE, "client", nil, "client/1" },
    }
    for i, row in ipairs(expected) do
      local headers = row[1].headers
      assert.same({ row[2], row[3], row[4], row[5] },
        { headers["wix-site-id"], headers["X-Mine"], headers["X-Call"], headers["User-Agent"] }, "row " .. i)
    end
  end)

  it("says who speaks", function()
    assert.matches("^wixum/%S+ libcurl/[%d.]+$", request(offline()).headers["User-Agent"])
  end)

  it("is that for retries, max_wait and deadline too", function()
    local at = 0
    local function now() return at end
    local wix = offline{ retries = 2, transport = function() return { status = 503, headers = { ["Retry-After"] = "10" } } end,
      clock = { now = now, sleep = function(s) at = at + s return true end, random = function() return 1 end, time = os.time } }
    assert.same({ 3, 20.0 }, { tries(wix, nil, now) })
    assert.same({ 1, 0.0 }, { tries(wix:with{ retries = 0 }, nil, now) })
    assert.same({ 2, 10.0 }, { tries(wix:with{ retries = 0 }, { retries = 1 }, now) })
    assert.same({ 1, 0.0 }, { tries(wix, { max_wait = 9 }, now) })
    assert.same({ 3, 20.0 }, { tries(wix:with{ max_wait = 9 }, { max_wait = 10 }, now) })
    assert.same({ 2, 10.0 }, { tries(wix, { deadline = 15 }, now) })
    assert.same({ 1, 0.0 }, { tries(wix:with{ deadline = 5 }, nil, now) })
  end)

  it("is that for on_event and dry_run too", function()
    local heard = {}
    local function listener(name) return function(event) heard[#heard + 1] = name .. " " .. event.event end end
    local wix = offline{ on_event = listener "client" }
    wix.site_invites.bulk_invite(INVITE, { on_event = listener "call" })
    wix:with{ on_event = listener "with" }.site_invites.bulk_invite(INVITE)
    assert.same({ "call start", "call answer", "call end", "with start", "with answer", "with end" }, heard)
    local careful = wix:with{ dry_run = true }
    assert.equal("POST", careful.site_invites.bulk_invite(INVITE).method)
    assert.is_nil(careful.site_invites.bulk_invite(INVITE, { dry_run = false }).method)
  end)

  it("is not changed in the tables that were given", function()
    local client_options = { api_key = KEY, transport = answers_nothing, site_id = SITE, clock = clock() }
    local with_options, call_options = { retries = 1 }, { timeout = 1, before_send = nothing }
    local copies = {}
    for i, given in ipairs{ client_options, with_options, call_options } do
      copies[i] = {}
      for name, value in pairs(given) do copies[i][name] = value end
    end
    assert(wixum.client(client_options):with(with_options).site_invites.bulk_invite(INVITE, call_options))
    assert.same(copies, { client_options, with_options, call_options })
  end)

  it("is not changed by what becomes of the tables that were given", function()
    local rate, headers = { calls = 5, per = 1 }, { ["X-Mine"] = "then" }
    local wix = wixum.client{ api_key = KEY, transport = answers_nothing, site_id = SITE, rate = rate, headers = headers }
    local derived = wix:with{ headers = headers }
    headers["X-Mine"], headers.Authorization, headers["X-Bad\r\n"], rate.calls = "later", KEY, "x", 0
    for _, one in ipairs{ wix, derived } do
      assert.same({ "then", "[masked]" }, { request(one).headers["X-Mine"], request(one).headers.Authorization })
    end
  end)

  it("is told by the call where an id or a key is missing or wrong", function()
    for _, row in ipairs{
      { { site_id = "42" }, "site_id is not a GUID" },
      { { site_id = SITE .. "\r\nX: y" }, "site_id is not a GUID" },
      { { api_key = function() end }, "returned none" },
      { { api_key = function() return nil, "the vault is locked" end }, "the vault is locked" },
      { { api_key = function() return "two words" end }, "it holds a blank" },
      { { api_key = function() return 42 end }, "returned none" },
    } do
      local options = { api_key = KEY, site_id = SITE, base_url = "http://127.0.0.1:1", rate = false }
      for name, value in pairs(row[1]) do options[name] = value end
      local answer, err = wixum.client(options).site_invites.bulk_invite(INVITE)
      assert.is_nil(answer)
      assert.same({ "invalid", "not_sent", 0 }, { err.kind, err.outcome, err.attempts })
      assert.matches(row[2], tostring(err), 1, true)
    end
  end)

  it("asks a function for the key once, and only for the first call", function()
    local asked = 0
    local wix = wixum.client{ site_id = SITE, base_url = "http://127.0.0.1:1", retries = 0, rate = false, api_key = function()
      asked = asked + 1
      return asked > 1 and KEY or nil, "not yet"
    end }
    assert.equal(0, asked)
    assert.matches("not yet", tostring(select(2, wix.site_invites.bulk_invite(INVITE))))
    for _ = 1, 3 do assert.equal("network", select(2, wix.site_invites.bulk_invite(INVITE)).kind) end
    assert.equal(2, asked)
  end)
end)
