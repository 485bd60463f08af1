-- Error values: which kind and outcome comes of what the server or libcurl did, what they say and where, and how they
-- print. What goes over real sockets is in 22_faults_spec.lua.

local wixum = require "wixum"

local SITE = "11111111-2222-4333-8444-555555555555"
local INVITE = { policy_ids = { "1", "2" }, emails = { "ann@example.com", "bob@example.com" }, invite_purpose = "Hello" }
local HTML = "<html><head><title>502 Bad Gateway</title><style>b{}</style></head><body>\n <b>nginx</b>\n</body></html>"
local HERE = debug.getinfo(1, "S").short_src

local response -- what the next call gets
local time = 0 -- a long time passes between calls: what a 429 halts goes on by then
local clock = { now = function() return time end, sleep = function(seconds) time = time + seconds return true end, time = os.time,
  random = math.random }
local wix = wixum.client{ site_id = SITE, transport = function() return response end, retries = 0, rate = false, clock = clock }

-- The error of a call that gets this response.
local function failed(answer, call)
  response, time = answer, time + 1e9
  local result, err
  if call == "revoke" then result, err = wix.site_invites.revoke_invite{ invite_id = SITE }
  else result, err = wix.site_invites.bulk_invite(INVITE) end
  assert.is_nil(result)
  assert.equal("table", type(err))
  assert.is_nil(tostring(err):find("[%c\x7F]"), tostring(err))
  assert.is_nil(err.message:find("[%c\x7F]"))
  return err
end

local function application(code, description, data)
  local shape = [[{"message":"m","details":{"applicationError":{"code":%s,"description":%s,"data":%s}}}]]
  return shape:format(code, description, data or "{}")
end

local function violations(...)
  return ([[{"message":"m","details":{"validationError":{"fieldViolations":[%s]}}}]]):format(table.concat({ ... }, ","))
end

describe("the kind and the outcome of an error", function()
  local KINDS = { [401] = "unauthenticated", [403] = "forbidden", [404] = "not_found", [409] = "conflict", [412] = "precondition",
    [428] = "precondition", [429] = "rate_limited" }

  it("follow the status, whatever the body", function()
    for status = 100, 999, os.getenv "WIXUM_SLOW" and 7 or 1 do
      if status < 200 or status > 299 then
        local class = status // 100
        local kind = KINDS[status] or class == 3 and "redirected" or class == 4 and "rejected" or class == 5 and "server" or "protocol"
        local outcome = (class == 3 or class == 4) and "refused" or "unknown"
        for _, body in ipairs{ "", "{}", HTML, '{"message":' } do
          local err = failed{ status = status, body = body }
          assert.same({ kind, outcome, status, 1 }, { err.kind, err.outcome, err.status, err.attempts }, status .. body)
        end
      end
    end
  end)

  it("are protocol and unknown where a success cannot be read", function()
    for body, words in pairs{
      [""] = "the answer is empty", [HTML] = 'the answer is no JSON: "502 Bad Gateway nginx"', ["null"] = "no JSON", ["7"] = "no JSON",
      ['"text"'] = "no JSON", ["[]x"] = "cannot be read", ["[1]"] = "cannot be read", ['{"invites":[{"id":'] = "cannot be read",
      ['{"invites":{"a":1}}'] = '"invites" is not a list', ['{"invites":["x"]}'] = "not an object", ['{"invites":"x"}'] = "not a list",
      ['{"x":"\xFF"}'] = "UTF-8", ["{} {}"] = "cannot be read", ["{'a':1}"] = "cannot be read", ["  "] = "no JSON", ["nope"] = "no JSON",
    } do
      for _, status in ipairs{ 200, 201, 202, 204, 299 } do
        local err = failed{ status = status, body = body }
        assert.same({ "protocol", "unknown", status }, { err.kind, err.outcome, err.status }, body)
        assert.is_truthy(err.message:find(words, 1, true), err.message)
      end
    end
  end)

  it("keep what can be read of an answer that is not what was promised", function()
    local err = failed{ status = 200, body = '{"invites":{"id":"7","acceptLink":"https://x/y"}}' }
    assert.same({ invites = { id = "7", acceptLink = "[masked]" } }, err.data)
  end)

  it("are those of libcurl's code, and of whether anything was sent", function()
    local codes = { [1] = "protocol", [5] = "network", [6] = "network", [7] = "network", [8] = "protocol", [28] = "timeout", [35] = "tls",
      [51] = "tls", [52] = "network", [53] = "tls", [54] = "tls", [55] = "network", [56] = "network", [58] = "tls", [59] = "tls",
      [60] = "tls", [61] = "protocol", [64] = "tls", [66] = "tls", [77] = "tls", [80] = "tls", [82] = "tls", [83] = "tls", [90] = "tls",
      [91] = "tls", [92] = "network", [98] = "tls", [99] = "network" }
    for code, kind in pairs(codes) do
      for _, sent in ipairs{ true, false } do
        local err = failed{ sent = sent, curl = { code = code, text = "what libcurl says" } }
        assert.same({ kind, sent and "unknown" or "not_sent", code }, { err.kind, err.outcome, err.curl.code })
        assert.is_nil(err.status)
        if code ~= 5 then
          assert.equal("what libcurl says", err.curl.text)
          assert.equal((sent and "no answer came: " or "") .. "what libcurl says", err.message)
        end
      end
    end
  end)

  it("of an answer that broke off follow its status where that says enough", function()
    local broken = { code = 18, text = "transfer closed" }
    for status, expected in pairs{ [200] = { "network", "unknown" }, [403] = { "forbidden", "refused" },
      [429] = { "rate_limited", "refused" }, [500] = { "server", "unknown" }, [302] = { "redirected", "refused" } } do
      local err = failed{ status = status, body = '{"message":"', curl = broken }
      assert.same({ expected[1], expected[2], 18 }, { err.kind, err.outcome, err.curl.code })
    end
    assert.matches("^the answer broke off: transfer closed", failed{ status = 200, body = "{}", curl = broken }.message)
  end)

  it("of what is no response at all are network and unknown", function()
    for _, nothing in ipairs{ {}, { status = "soon" }, { status = 200.5 }, "text", 7, true } do
      local err = failed(nothing)
      assert.same({ "network", "unknown" }, { err.kind, err.outcome })
    end
    assert.equal("not_sent", failed{ sent = false }.outcome)
  end)

  it("are not those of a success, which needs no content type and may be empty where nothing is promised", function()
    response = { status = 200, body = " {} ", headers = { ["Content-Type"] = "text/html" } }
    assert.same({ invites = {}, failed_emails = {} }, (assert(wix.site_invites.bulk_invite(INVITE))))
    for _, body in ipairs{ "", "{}" } do
      for _, status in ipairs{ 200, 204 } do
        response = { status = status, body = body }
        assert.same({}, (assert(wix.site_invites.revoke_invite{ invite_id = SITE })))
      end
    end
    assert.equal("protocol", failed({ status = 200, body = HTML }, "revoke").kind)
  end)
end)

describe("what the service said", function()
  it("is code, description, data and request id", function()
    local err = failed{ status = 409, headers = { ["X-Wix-Request-Id"] = "1734427301.19" }, body = application('"ALREADY_EXISTS"',
      '"It is there."', '{"id":"x","count":3,"share":0.5,"deep":{"list":["a",null,true]},"none":null}') }
    assert.equal("ALREADY_EXISTS", err.code)
    assert.equal("It is there.", err.description)
    assert.equal("1734427301.19", err.request_id)
    assert.same({ id = "x", count = 3, share = 0.5, deep = { list = { "a", true } } }, err.data)
    assert.equal("integer", math.type(err.data.count))
    assert.equal('the service answered 409: ALREADY_EXISTS "It is there."', err.message)
    assert.is_nil(err.violations)
  end)

  it("is told from any shape of body", function()
    for body, words in pairs{
      [""] = "an empty answer", [" \n"] = "an empty answer", ["{}"] = "it gave no reason", ['{"message":"","details":{}}'] =
        "it gave no reason", ['{"message":"Only this"}'] = '"Only this"', ['{"message":7}'] = '"7"', ['{"message":{"a":1}}'] =
        "it gave no reason", ['{"message":null,"details":null}'] = "it gave no reason", ["[]"] = "it gave no reason",
      ['{"details":{"applicationError":{"code":"C"}}}'] = "C", ['{"details":{"applicationError":{"code":5,"description":"d"}}}'] = '5 "d"',
      ['{"details":{"applicationError":"x"},"message":"m"}'] = '"m"', ['{"details":[1,2],"message":"m"}'] = '"m"',
      ['{"details":{"validationError":{}},"message":"m"}'] = '"m"',
      ['{"details":{"validationError":{"fieldViolations":{}}},"message":"m"}'] = '"m"', ['{"message":" \\n "}'] = "it gave no reason",
      [application('" "', '""')] = '"m"', [violations()] = '"m"', [HTML] = 'an answer that is no JSON: "502 Bad Gateway nginx"',
      ["Bad   request\r\n"] = 'an answer that is no JSON: "Bad request"', ["<p></p>"] = "an answer that is no JSON", ['{"message":"m"'] =
        'an answer that is no JSON: "{"message":"m""', ["null"] = 'an answer that is no JSON: "null"',
      ["<script>alert(1)</script>Hi<STYLE>x</STYLE>"] = 'an answer that is no JSON: "Hi"', ["\xEF\xBB\xBF" .. '{"message":"m"}'] = '"m"',
      ['{"message":"two\\nlines\\u0000\\u001b[31m"}'] = '"two lines??[31m"', ["\xFF\xFE<\0p\0"] = 'an answer that is no JSON: "??<?p?"',
    } do
      assert.equal("the service answered 400: " .. words, failed{ status = 400, body = body }.message, body)
    end
  end)

  it("is cut where it has no end", function()
    local err = failed{ status = 400, body = application('"C"', '"' .. ("\u{e4}"):rep(5000) .. '"') }
    assert.is_true(#err.description <= 510)
    assert.is_truthy(utf8.len(err.description))
    assert.matches("…$", err.description)
    err = failed{ status = 400, body = application('"C"', '"' .. ("d"):rep(501) .. '"') }
    assert.equal(("d"):rep(500) .. "…", err.description)
    err = failed{ status = 502, body = ("\u{20ac}"):rep(5000) }
    assert.is_true(#err.message < 200)
    assert.is_truthy(utf8.len(err.message))
    err = failed{ status = 502, body = ("words "):rep(20000) }
    assert.matches('no JSON: "words words [^"]+…"$', err.message)
    assert.matches("^words words .+…$", failed{ status = 400, body = application('"C"', '"' .. ("words "):rep(20000) .. '"') }.description)
    err = failed{ status = 400, body = application('"C"', '"d"', ('{"a":'):rep(30) .. "1" .. ("}"):rep(30)) }
    local depth, data = 0, err.data
    while type(data) == "table" do depth, data = depth + 1, data.a end
    assert.same({ 8, "[…]" }, { depth, data })
  end)

  it("takes no longer to read where it is made to", function()
    -- what grows with the square takes seconds at this size, and all else milliseconds
    local slow = os.getenv "WIXUM_SLOW"
    local size, limit = slow and 2000 or 20000, slow and 60 or 1
    local function quickly(answer)
      local began = os.clock()
      failed(answer)
      assert.is_true(os.clock() - began < limit, ("%.1f s for %s"):format(os.clock() - began, answer.body:sub(1, 200)))
    end
    local blanks = (" "):rep(size)
    for _, text in ipairs{
      "a" .. blanks .. "b", " a" .. blanks .. "b", "a" .. blanks .. "b ", blanks, ("<"):rep(size), ("<script>"):rep(size // 8),
      ("<style>x"):rep(size // 8), ("https://"):rep(size // 8), "https://" .. ("a@"):rep(size // 2), ("IST."):rep(size // 4),
      ("a["):rep(size // 2), ("a.0."):rep(size // 4), "a[" .. ("0"):rep(size) .. "]", ("\u{202E}"):rep(size // 3) } do
      quickly{ status = 400, body = text }
      quickly{ status = 200, body = text }
      quickly{ status = 400, body = application('"' .. text .. '"', '"' .. text .. '"', ('{"%s":"%s"}'):format(text, text)) }
      quickly{ status = 400, body = violations(('{"field":"%s","description":"%s"}'):format(text, text)) }
    end
  end)

  it("about fields stands under the names that the caller knows, counted from 1", function()
    for field, expected in pairs{
      ["emails[1]"] = { "emails", 2, "bob@example.com" }, ["emails.0"] = { "emails", 1, "ann@example.com" },
      ["policyIds[0]"] = { "policy_ids", 1, "1" }, ["policyIds"] = { "policy_ids" }, ["invitePurpose"] = { "invite_purpose", nil, "Hello" },
      ["defaultEmailLanguage"] = { "default_email_language" }, ["emails[9]"] = { "emails", 10 }, ["a.b.2"] = { "a.b", 3 },
      ["emails.1.part"] = { "emails[2].part" },
      ["unknownThing[3].innerPart"] = { "unknownThing[4].innerPart" }, ["policyIds[0].emails"] = { "policy_ids[1].emails" },
      ["emails[99999999999999999999]"] = { "emails" }, ["emails[x]"] = { "emails[x]" }, ["[0]"] = { nil, 1 },
    } do
      local err = failed{ status = 400, body = violations(([[{"field":"%s","description":"is wrong","violatedRule":"R"}]]):format(field)) }
      local found = err.violations[1]
      assert.same(expected, { found.field, found.index, found.value }, field)
      assert.same({ "is wrong", "R", 1 }, { found.description, found.rule, #err.violations })
      assert.is_true(found.index == nil or math.type(found.index) == "integer")
    end
  end)

  it("about fields is all in one message", function()
    local err = failed{ status = 400, body = violations('{"field":"emails[1]","description":"is known"}',
      '{"field":"invitePurpose","ruleName":"MAX_LENGTH","violatedRule":"OTHER"}', "{}", "7", '{"field":5,"description":"odd"}') }
    assert.equal('the service answered 400: emails[2] "bob@example.com": is known; invite_purpose "Hello": MAX_LENGTH; ' ..
      "(a field): refused; (a field): refused; (a field): odd", err.message)
    assert.equal("MAX_LENGTH", err.violations[2].rule)
    local many = {}
    for i = 1, 9 do many[i] = ([[{"field":"f%d","description":"d"}]]):format(i) end
    err = failed{ status = 400, body = violations(table.unpack(many)) }
    assert.matches("f5: d; and 4 more$", err.message)
    assert.equal(9, #err.violations)
  end)

  it("about when to come back is in seconds, from either form", function()
    local NOW = "Sun, 06 Nov 1994 08:49:37 GMT"
    for _, row in ipairs{
      { "120", 120.0 }, { "0", 0.0 }, { "007", 7.0 }, { "Sun, 06 Nov 1994 08:50:37 GMT", 60.0 }, { "Sunday, 06-Nov-94 08:50:07 GMT", 30.0 },
      { "Sun Nov  6 08:49:47 1994", 10.0 }, { "Sun, 06 Nov 1994 08:00:00 GMT", 0.0 }, { "99999999999999999999", 1e20 },
      { "soon" }, { "-5" }, { "1.5" }, { "0x10" }, { "1e3" }, { "60s" }, { "" }, { "5, 10" }, { nil },
    } do
      for _, status in ipairs{ 429, 503, 500, 403 } do
        local err = failed{ status = status, body = "", headers = { ["Retry-After"] = row[1], Date = NOW } }
        assert.equal(row[2], err.retry_after, tostring(row[1]))
      end
    end
  end)

  it("about when to come back goes by our own clock where the answer has no date, or none that can be read", function()
    local through = wixum.client{ site_id = SITE, retries = 0, transport = function() return response end, clock = {
      now = clock.now, sleep = clock.sleep, random = math.random, time = function() return 784111777 end } }
    for _, date in ipairs{ false, "yesterday" } do
      response = { status = 429, body = "", headers = { ["retry-after"] = "Sun, 06 Nov 1994 08:51:17 GMT", date = date or nil } }
      time = time + 1e9
      local _, err = through.site_invites.bulk_invite(INVITE)
      assert.equal(100.0, err.retry_after)
    end
  end)
end)

describe("our own checks", function()
  it("say what is wrong with every value, and that nothing was sent", function()
    local emails = { "ann@example.com", "x", "ANN@example.com" }
    local _, err = wix.site_invites.bulk_invite{ policy_ids = { "1", "" }, emails = emails, invite_purpose = "\xFF" }
    assert.same({ "invalid", "not_sent", 0 }, { err.kind, err.outcome, err.attempts })
    local places = {}
    for i, found in ipairs(err.violations) do
      places[i] = found.field .. (found.index and "[" .. found.index .. "]" or "")
      assert.is_truthy(found.description and found.rule)
    end
    assert.same({ "policy_ids[2]", "emails[2]", "emails[3]", "invite_purpose" }, places)
    assert.equal("x", err.violations[2].value)
    assert.matches('emails[2] "x": it has no @; emails[3] "ANN@example.com": it is the same as item 1', err.message, 1, true)
    assert.matches("Nothing was sent: correct it and call again.$", tostring(err))
  end)
end)

describe("an error value", function()
  it("prints as one line: operation, place, what happened, facts, what to do", function()
    local err = failed{ status = 409, headers = { ["x-wix-request-id"] = "17.19" }, body = application('"TAKEN"', '"no"') }
    local text = ("site_invites.bulk_invite at %s: the service answered 409: TAKEN \"no\" (conflict, refused, status 409, "
      .. "request id 17.19). It exists already or has changed meanwhile: look at its present state."):format(err.where)
    assert.equal(text, tostring(err))
    assert.equal("wixum.error", getmetatable(err).__name)
    assert.equal(text, tostring(select(2, pcall(error, err))))
    assert.equal(text, tostring(select(2, pcall(assert, nil, err))))
  end)

  it("joins to text on either side", function()
    local err = failed{ status = 500, body = "" }
    assert.equal("so: " .. tostring(err), "so: " .. err)
    assert.equal(tostring(err) .. "!", err .. "!")
    assert.equal(tostring(err) .. tostring(err), err .. err)
    assert.equal("1" .. tostring(err), 1 .. err)
  end)

  it("advises by kind and by what may have happened", function()
    local rows = {
      { { status = 401 }, "Check the API key" }, { { status = 403 }, "Check that the key has the permission" },
      { { status = 404 }, "Check the id" }, { { status = 409 }, "It exists already" }, { { status = 428 }, "a precondition" },
      { { status = 429 }, "Wait a minute" },
      { { status = 400 }, "Correct what the service names" }, { { status = 302 }, "check base_url" },
      { { status = 500 }, "It may have acted. Look in the site's dashboard" }, { { status = 200 }, "It may have acted" },
      { { curl = { code = 60, text = "x" }, sent = false }, "Check the clock, the certificates" },
      { { curl = { code = 60, text = "x" } }, "It may have acted" },
      { { curl = { code = 7, text = "x" }, sent = false }, "Nothing was sent: it can be called again" },
      { { curl = { code = 56, text = "x" } }, "It may have acted" },
      { { status = 500 }, "It can be repeated without harm", "revoke" }, { { curl = { code = 56, text = "x" } }, "without harm", "revoke" },
    }
    for i, row in ipairs(rows) do
      local text = tostring(failed(row[1], row[3]))
      assert.is_truthy(text:find(row[2], 1, true), ("row %d: %s"):format(i, text))
      assert.matches("%.$", text)
    end
  end)

  it("counts attempts, and says so where there were several", function()
    response = { status = 503, body = "", headers = { ["retry-after"] = "0" } }
    local _, err = wix.site_invites.revoke_invite({ invite_id = SITE }, { retries = 2 })
    assert.equal(3, err.attempts)
    assert.matches("(server, outcome unknown, status 503, 3 attempts)", tostring(err), 1, true)
  end)

  it("has fields and nothing else: no client, no arguments, no response", function()
    local known = { kind = 1, outcome = 1, message = 1, operation = 1, where = 1, attempts = 1, retry_after = 1, status = 1, code = 1,
      description = 1, data = 1, violations = 1, request_id = 1, curl = 1 }
    for _, answer in ipairs{ { status = 400, body = violations('{"field":"x"}'), headers = { ["retry-after"] = "1" } }, { status = 200 },
      { curl = { code = 7, text = "x" } } } do
      for name in pairs(failed(answer)) do assert.is_truthy(known[name], name) end
    end
  end)
end)

describe("where an error happened", function()
  before_each(function() response = { status = 404, body = "" } end)

  local function line() return debug.getinfo(2, "l").currentline end
  local function place(number) return HERE .. ":" .. number end

  it("is the line of the call", function()
    local here = line() + 1
    local _, err = wix.site_invites.bulk_invite(INVITE)
    assert.equal(place(here), err.where)
  end)

  it("is that of what called, through pcall and xpcall", function()
    local here = line() + 1
    local _, _, err = pcall(wix.site_invites.bulk_invite, INVITE)
    assert.equal(place(here), err.where)
    here = line() + 1
    _, _, err = xpcall(wix.site_invites.bulk_invite, debug.traceback, INVITE)
    assert.equal(place(here), err.where)
  end)

  it("is the nearest line there still is, in a tail call", function()
    local function tail() return wix.site_invites.bulk_invite(INVITE) end
    local here = line() + 1
    local _, err = tail()
    assert.equal(place(here), err.where)
  end)

  it("is the coroutine's, where that has lines", function()
    local here = line() + 2
    local run = coroutine.wrap(function()
      local _, err = wix.site_invites.bulk_invite(INVITE)
      coroutine.yield(err)
    end)
    assert.equal(place(here), run().where)
    local _, err = coroutine.wrap(wix.site_invites.bulk_invite)(INVITE)
    assert.is_nil(err.where)
    assert.matches("^site_invites.bulk_invite: the service answered 404", tostring(err))
  end)

  it("is inside a metamethod, a sort, a gsub and another chunk", function()
    local here, found = nil, {}
    local function call()
      here = line() + 1
      local _, err = wix.site_invites.bulk_invite(INVITE)
      found[#found + 1] = err.where == place(here)
      return err
    end
    local object = setmetatable({}, { __index = call, __add = call })
    assert.is_truthy(object.anything and object + 1)
    table.sort({ 2, 1 }, function(a, b) call() return a < b end)
    assert.is_truthy(("x"):gsub("x", function() call() end))
    assert.is_true(#found >= 4)
    for _, right in ipairs(found) do assert.is_true(right) end
    local text = "local wix, arguments = ...\n\nlocal _, err = wix.site_invites.bulk_invite(arguments) return err"
    local chunk = assert(load(text, "@some/script.lua"))
    assert.equal("some/script.lua:3", chunk(wix, INVITE).where)
  end)

  it("is also told of what was wrong before anything was sent", function()
    local here = line() + 1
    local _, err = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "x" } }
    assert.equal(place(here), err.where)
    local without = wixum.client{ transport = function() end }
    here = line() + 1
    _, err = without.site_invites.bulk_invite(INVITE)
    assert.equal(place(here), err.where)
  end)
end)
