-- What the server (or whoever answers in its place) did, what came out, and how many deliveries were counted.

local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"

local HANG = 600 -- seconds: longer than anybody waits
local HTML = "<html><head><title>502 Bad Gateway</title><style>b{}</style></head><body><b>nginx</b></body></html>"

local function application(code, description, data)
  return { message = "", details = { applicationError = { code = code, description = description, data = data } } }
end

-- fault: as server:fault takes it. call: "bulk" (adds, the default) or "revoke" (repeatable). options: of the call.
-- kind (nil: success), outcome, deliveries (1 unless said), attempts (1), text: a pattern in tostring(err).
local FAULTS = {
  -- statuses
  { "400 with violations", { status = 400, json = { message = "m", details = { validationError = { fieldViolations = {
    { field = "emails[0]", description = "must be a well-formed address", violatedRule = "FORMAT" } } } } } },
    kind = "rejected", outcome = "refused", text = 'emails%[1%] "ann@example.com": must be a well%-formed address' },
  { "400 without words", { status = 400, body = "" }, kind = "rejected", outcome = "refused", text = "400: an empty answer" },
  { "401", { status = 401, json = application("UNAUTHENTICATED", "no") }, kind = "unauthenticated", outcome = "refused",
    text = "WIX_API_KEY" },
  { "403", { status = 403, json = application("PERMISSION_DENIED", "no") }, kind = "forbidden", outcome = "refused",
    text = "PERMISSION_DENIED" },
  { "403 with an empty body", { status = 403, body = "" }, kind = "forbidden", outcome = "refused" },
  { "404", { status = 404, json = application("NOT_FOUND", "no") }, kind = "not_found", outcome = "refused" },
  { "404 with HTML", { status = 404, body = HTML, content_type = "text/html" }, kind = "not_found", outcome = "refused",
    text = "502 Bad Gateway nginx" },
  { "405", { status = 405, body = "" }, kind = "rejected", outcome = "refused" },
  { "409", { status = 409, json = application("ALREADY_EXISTS", "there") }, kind = "conflict", outcome = "refused" },
  { "413", { status = 413, body = "too large" }, kind = "rejected", outcome = "refused" },
  { "428", { status = 428, json = application("MISSING_METASITE_ID", "no site") }, kind = "precondition", outcome = "refused" },
  { "429 with a long Retry-After", { status = 429, headers = { ["Retry-After"] = "3600" }, body = "" }, kind = "rate_limited",
    outcome = "refused", retry_after = 3600 },
  { "429 with a date", { status = 429, headers = { ["Retry-After"] = "Fri, 31 Dec 2100 23:59:59 GMT" }, body = "" },
    kind = "rate_limited", outcome = "refused" },
  { "429, then well: the service did not act", { status = 429, body = "" }, deliveries = 2, attempts = 2 },
  { "429 again and again", { status = 429, body = "", times = "always" }, options = { retries = 2 }, kind = "rate_limited",
    outcome = "refused", deliveries = 3, attempts = 3 },
  { "451", { status = 451, body = "" }, kind = "rejected", outcome = "refused" },
  { "500 after acting", { status = 500, body = "", acts = true }, kind = "server", outcome = "unknown" },
  { "500 without acting", { status = 500, body = "" }, kind = "server", outcome = "unknown", text = "It may have acted" },
  { "502 with HTML", { status = 502, body = HTML, content_type = "text/html" }, kind = "server", outcome = "unknown" },
  { "503 with Retry-After: not said again", { status = 503, headers = { ["Retry-After"] = "1" }, body = "" }, kind = "server",
    outcome = "unknown", retry_after = 1 },
  { "504", { status = 504, body = "" }, kind = "server", outcome = "unknown" },
  { "599", { status = 599, body = "" }, kind = "server", outcome = "unknown" },
  { "500, then well, for what is repeatable", { status = 500, body = "" }, call = "revoke", deliveries = 2, attempts = 2 },
  { "503 again and again, for what is repeatable", { status = 503, body = "", times = "always" }, call = "revoke",
    options = { retries = 2 }, kind = "server", outcome = "unknown", deliveries = 3, attempts = 3 },
  { "501 is not said again", { status = 501, body = "" }, call = "revoke", kind = "server", outcome = "unknown" },
  { "400 is not said again", { status = 400, body = "" }, call = "revoke", kind = "rejected", outcome = "refused" },
  { "500, then 403: what may have acted stays so", { { status = 500, body = "" }, { status = 403, body = "" } }, call = "revoke",
    kind = "forbidden", outcome = "unknown", deliveries = 2, attempts = 2 },
  -- redirects
  { "302 to another host", { status = 302, location = "http://127.0.0.1:1/elsewhere", body = "" }, kind = "redirected",
    outcome = "refused" },
  { "307 to itself", { status = 307, location = "/invites/site-invite/bulk", body = "" }, kind = "redirected", outcome = "refused" },
  { "304", { status = 304, body = "" }, kind = "redirected", outcome = "refused" },
  -- answers that say yes and are not what was promised
  { "200 with nothing", { status = 200, body = "" }, kind = "protocol", outcome = "unknown", text = "the answer is empty" },
  { "200 with HTML", { status = 200, body = HTML, content_type = "text/html" }, kind = "protocol", outcome = "unknown", text = "no JSON" },
  { "200 with HTML for an empty answer", { status = 200, body = HTML }, call = "revoke", kind = "protocol", outcome = "unknown" },
  { "200 with nothing for an empty answer", { status = 200, body = "" }, call = "revoke" },
  { "204 for an empty answer", { raw = "HTTP/1.1 204 No Content\r\n\r\n" }, call = "revoke" },
  { "201 with a good body", { raw = 'HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}' } },
  { "200 with half of its JSON", { status = 200, body = '{"invites":[{"id":' }, kind = "protocol", outcome = "unknown" },
  { "200 with null", { status = 200, body = "null" }, kind = "protocol", outcome = "unknown" },
  { "200 with a list", { status = 200, body = "[1]" }, kind = "protocol", outcome = "unknown" },
  { "200 with invites that are no list", { status = 200, json = { invites = { a = 1 } } }, kind = "protocol", outcome = "unknown" },
  { "200 with invalid UTF-8", { status = 200, body = '{"failedEmails":["\xFF"]}' }, kind = "protocol", outcome = "unknown",
    text = "UTF%-8" },
  { "200 nested too deeply", { status = 200, body = '{"x":' .. ("["):rep(5000) .. ("]"):rep(5000) .. "}" }, kind = "protocol",
    outcome = "unknown" },
  { "200 as text/plain with good JSON", { status = 200, body = '{"invites":[]}', content_type = "text/plain" } },
  { "200 with a byte order mark", { status = 200, body = '\xEF\xBB\xBF{"invites":[]}' } },
  { "200, gzip", { gzip = true } },
  { "200, broken gzip", { status = 200, body = "not gzip", headers = { ["Content-Encoding"] = "gzip" } }, kind = "protocol",
    outcome = "unknown" },
  { "200 larger than max_answer", { status = 200, size = 100000 }, client = { max_answer = 65536 }, kind = "protocol",
    outcome = "unknown", text = "max_answer" },
  { "200, gzip that unpacks to more than max_answer", { status = 200, size = 10000000, gzip = true }, client = { max_answer = 65536 },
    kind = "protocol", outcome = "unknown", text = "max_answer" },
  { "200 with 300 headers", { headers_count = 300 }, kind = "protocol", outcome = "unknown", text = "more headers" },
  { "200 with 100 headers", { headers_count = 100 } },
  { "200 in chunks", { chunked = true } },
  { "200 in chunks, with headers after the body", { raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n" ..
    "2\r\n{}\r\n0\r\nX-Late: 1\r\n\r\n" } },
  { "200, a byte at a time", { drip = 0.0005, chunk = 1 } },
  { "403 larger than max_answer: still refused", { status = 403, size = 100000 }, client = { max_answer = 65536 }, kind = "forbidden",
    outcome = "refused" },
  -- what is no HTTP, or not all of it
  { "an interim answer before the real one",
    { raw = "HTTP/1.1 103 Early Hints\r\nX-Wix-Request-Id: early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" } },
  { "only an interim answer", { raw = "HTTP/1.1 103 Early Hints\r\n\r\n" }, kind = "network", outcome = "unknown" },
  { "garbage", { raw = "220 smtp.example.com ESMTP\r\n" }, kind = "protocol", outcome = "unknown" },
  { "a status no server has", { raw = "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n" }, kind = "protocol", outcome = "unknown" },
  { "two Content-Lengths", { raw = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 50\r\n\r\n{}" },
    kind = { "network", "protocol" }, outcome = "unknown" },
  { "cut in the status line", { close_answer_at = 7 }, kind = { "network", "protocol" }, outcome = "unknown" },
  { "cut in the headers", { close_answer_at = 60 }, kind = "network", outcome = "unknown" },
  { "cut in the body", { close_answer_at = 400 }, kind = "network", outcome = "unknown" },
  { "reset in the headers", { reset_answer_at = 60 }, kind = "network", outcome = "unknown" },
  { "reset in the body", { reset_answer_at = 400 }, kind = "network", outcome = "unknown" },
  { "a 403 cut in its body: still refused", { raw = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 500\r\n\r\n{"message":"' },
    kind = "forbidden", outcome = "refused" },
  -- connections
  { "closed after reading, without a byte", { close = "after" }, kind = "network", outcome = "unknown" },
  { "reset after reading", { reset = "after" }, kind = "network", outcome = "unknown" },
  { "reset after reading, before acting", { reset = "after", acts = false }, kind = "network", outcome = "unknown" },
  { "reset before the body was read", { reset = "before" }, kind = "network", outcome = "unknown", deliveries = 0 },
  { "reset in the body", { reset = "body", at = 20 }, kind = "network", outcome = "unknown", deliveries = 0 },
  { "reset after reading, for what is repeatable", { reset = "after", acts = false }, call = "revoke", deliveries = 2, attempts = 2 },
  { "no answer", { delay = HANG }, options = { timeout = 0.4 }, kind = "timeout", outcome = "unknown" },
  { "no answer, for what is repeatable", { delay = HANG, times = "always" }, call = "revoke", options = { timeout = 0.4, retries = 1 },
    kind = "timeout", outcome = "unknown", deliveries = 2, attempts = 2 },
  { "no answer before the deadline", { delay = HANG }, options = { deadline = 0.4 }, kind = "timeout", outcome = "unknown" },
  { "an answer that drips for ever", { drip = 0.05, chunk = 1 }, options = { timeout = 0.3 }, kind = "timeout", outcome = "unknown" },
  { "closed after the answer without saying so", { close_idle = true } },
  { "Connection: close", { connection_close = true } },
}

describe("faults:", function()
  local server

  setup(function() server = assert(sandbox.start{ seed = 1, log = 100000, revoke_settled = "ok" }) end)
  teardown(function() server:stop() end)

  -- Waits that the clock makes pass at once; what it is asked to wait for is no part of these specs.
  local core = require "wixum.core"
  local function instant()
    local passed = 0
    return { now = function() return core.clock() + passed end, time = os.time, random = math.random,
      sleep = function(seconds) passed = passed + seconds return true end }
  end

  local number = 0
  local function someone()
    number = number + 1
    return ("person%d@example.com"):format(number)
  end

  local function deliveries_since(seen)
    local count, list = 0, server:requests()
    for i = seen + 1, #list do if list[i].complete then count = count + 1 end end
    return count
  end

  local function make_call(row, wix, invite_id)
    if row.call == "revoke" then return wix.site_invites.revoke_invite({ invite_id = invite_id }, row.options) end
    return wix.site_invites.bulk_invite({ policy_ids = { "1" }, emails = { "ann@example.com", someone() } }, row.options)
  end

  for _, row in ipairs(FAULTS) do
    it(row[1], function()
      local options = { rate = false, clock = instant() }
      for name, value in pairs(row.client or {}) do options[name] = value end
      local wix <close> = server:client(options)
      local made = assert(wix.site_invites.bulk_invite({ policy_ids = { "1" }, emails = { someone() } }))
      local seen = #server:requests()
      for _, fault in ipairs(row[2][1] and row[2] or { row[2] }) do server:fault(fault) end
      local answer, result = make_call(row, wix, made.invites[1].id)
      server:faults_clear()
      if row.kind == nil then
        assert.is_truthy(answer, tostring(result))
      else
        assert.is_nil(answer)
        local kinds = type(row.kind) == "table" and row.kind or { row.kind }
        local as_expected = false
        for _, kind in ipairs(kinds) do as_expected = as_expected or kind == result.kind end
        assert.is_true(as_expected, tostring(result))
        assert.equal(row.outcome, result.outcome, tostring(result))
        if row.retry_after then assert.equal(row.retry_after, result.retry_after) end
        assert.matches(row.text or "", tostring(result))
        assert.is_nil(tostring(result):find("[\r\n]"))
      end
      assert.equal(row.attempts or 1, result.attempts)
      process.eventually("the deliveries in the server's book", function() return deliveries_since(seen) >= (row.deliveries or 1) end)
      assert.equal(row.deliveries or 1, deliveries_since(seen))
    end)
  end

  it("are at least forty", function() assert.is_true(#FAULTS >= 40) end)
end)
