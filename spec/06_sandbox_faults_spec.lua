-- The sandbox's faults: what is asked for, what a client sees of it byte by byte, and what the server counts.

local cjson = require "cjson"
local raw = require "spec.support.raw_client"
local sandbox = require "wixum.sandbox"
local socket = require "socket"

local bulk = "/invites/site-invite/bulk"
local server, serial

before_each(function()
  serial = 0
  server = assert(sandbox.start{ seed = 1, start_time = 1734427301 })
end)

after_each(function() server:stop() end)

-- A request that nothing is wrong with, for an address of its own.
local function good()
  serial = serial + 1
  return ('{"policyIds":["1"],"emails":["u%d@example.com"]}'):format(serial)
end

local function call(options)
  return raw.call(server, bulk, good(), options)
end

local function exchange(seconds)
  return raw.exchange(server, bulk, good(), nil, seconds)
end

local function last_request()
  local log = server:requests()
  return log[#log]
end

local function mails()
  return #server:outbox()
end

-- What the wire shows, and what the log says. `bytes` is a pattern for all that came.
local endings = {
  { "reset before the body is read", { reset = "before" }, how = "reset", acted = false, complete = false },
  { "reset within the body", { reset = "body", at = 7 }, how = "reset", acted = false, complete = false, body = '{"polic' },
  { "reset at the first byte of the body", { reset = "body", at = 0 }, how = "reset", acted = false, complete = false },
  { "reset after the request", { reset = "after" }, how = "reset", acted = true, complete = true },
  { "reset after the request, not acting", { reset = "after", acts = false }, how = "reset", acted = false, complete = true },
  { "closed after the request", { close = "after" }, how = "closed", acted = true, complete = true },
  { "closed after the request, not acting", { close = "after", acts = false }, how = "closed", acted = false, complete = true },
  { "answer reset at its first byte", { reset_answer_at = 0 }, how = "reset", acted = true, complete = true },
  { "answer reset within the status line", { reset_answer_at = 7 }, how = "reset", bytes = "^HTTP/1%.$", acted = true,
    complete = true },
  { "answer reset within its head", { reset_answer_at = 40 }, how = "reset", size = 40, status = 200, acted = true, complete = true },
  { "answer reset within its body", { reset_answer_at = 300 }, how = "reset", size = 300, status = 200, acted = true,
    complete = true },
  { "answer closed within its head", { close_answer_at = 40 }, how = "closed", size = 40, status = 200, acted = true,
    complete = true },
  { "answer closed within its body", { close_answer_at = 300 }, how = "closed", size = 300, status = 200, acted = true,
    complete = true },
  { "answer of its own closed within its body", { close_answer_at = 250, body = ("y"):rep(1000), acts = false }, how = "closed",
    bytes = "yyy$", size = 250, status = 200, acted = false, complete = true },
  { "answer reset though it is whole", { reset_answer_at = 100000 }, how = "reset", bytes = '"failedEmails":%[%]}$',
    status = 200, acted = true, complete = true },
  { "endless filler cut", { close_answer_at = 10000, size = 1 << 50 }, how = "closed", size = 10000, bytes = "xxx$",
    status = 200, acted = true, complete = true },
  { "raw bytes", { raw = "SSH-2.0-\0\255\r\n", acts = false }, how = "closed", bytes = "^SSH%-2%.0%-%z\255\r\n$", acted = false,
    complete = true },
  { "raw bytes, then reset", { raw = "HTTP/1.1 200", ending = "reset" }, how = "reset", bytes = "^HTTP/1%.1 200$",
    acted = true, complete = true },
}

describe("a connection is", function()
  for _, case in ipairs(endings) do
    it(case[1], function()
      server:fault(case[2])
      local bytes, how = exchange()
      assert.equal(case.how, how)
      if case.size then assert.equal(case.size, #bytes) end
      assert.matches(case.bytes or (case.size and "^HTTP/1%.1 200 OK\r\n" or "^$"), bytes)
      local entry = last_request()
      assert.equal(case.complete, entry.complete)
      assert.equal(case.acted, entry.acted)
      assert.equal(case.acted and 1 or 0, mails())
      assert.equal(case.status, entry.status)
      assert.equal(1, entry.fault)
      if case.body then assert.equal(case.body, entry.body) end
      assert.equal(1, #server:requests())
      assert.same({}, server:faults())
      assert.equal(200, call().status) -- once, unless told otherwise
    end)
  end

  it("reset only when everything before was delivered", function()
    server:fault{ reset_answer_at = 4000000, size = 8000000 }
    local one = assert(raw.connect(server))
    one:send(raw.request(server, bulk, good()))
    while not last_request() or not last_request().status do socket.sleep(0.001) end
    socket.sleep(0.05) -- it fills the socket meanwhile
    assert.equal(4000000, #assert(one:bytes(4000000)))
    assert.same({ "", "reset" }, { one:rest() })
    one:close()
  end)

  it("reset before a byte of it was read", function()
    server:fault{ reset = "connect" }
    local bytes, how = exchange(1)
    assert.equal("", bytes)
    assert.are_not.equal("open", how)
    assert.same({}, server:requests())
    assert.equal(200, call().status)
    assert.equal(2, server:state().connections)
  end)

  it("closed after an answer that did not say so", function()
    server:fault{ close_idle = true }
    local one = assert(raw.connect(server))
    local answer = assert(one:call(bulk, good()))
    assert.equal(200, answer.status)
    assert.is_nil(answer.headers.connection)
    local bytes, how = one:rest()
    assert.equal("", bytes)
    assert.equal("closed", how)
    one:close()
  end)

  it("closed after an answer that says so", function()
    server:fault{ connection_close = true }
    local one = assert(raw.connect(server))
    assert.equal("close", assert(one:call(bulk, good())).headers.connection)
    assert.equal("closed", select(2, one:rest()))
    one:close()
  end)

  it("closed by a server when it was used before", function()
    server:fault{ close = "after", after = 1 }
    local one = assert(raw.connect(server))
    assert.equal(200, assert(one:call(bulk, good())).status)
    local answer, how = one:call(bulk, good())
    assert.is_nil(answer)
    assert.equal("closed", how)
    local log = server:requests()
    assert.equal(2, #log)
    assert.equal(log[1].connection, log[2].connection)
    one:close()
  end)
end)

describe("an answer has", function()
  it("the status that was asked for, in Wix's shape, and nothing happened", function()
    local codes = { [400] = "INVALID_ARGUMENT", [401] = "UNAUTHENTICATED", [403] = "PERMISSION_DENIED", [404] = "NOT_FOUND",
                    [409] = "ALREADY_EXISTS", [428] = "FAILED_PRECONDITION", [429] = "RESOURCE_EXHAUSTED", [418] = "HTTP_418" }
    for status, code in pairs(codes) do
      server:fault{ status = status }
      local answer = assert(call())
      assert.equal(status, answer.status)
      assert.equal(code, cjson.decode(answer.body).details.applicationError.code)
    end
    for _, status in ipairs{ 500, 502, 503, 504 } do
      server:fault{ status = status }
      local answer = assert(call())
      assert.equal(status, answer.status)
      assert.equal('{"message":"","details":{}}', answer.body)
      assert.is_false(last_request().acted)
    end
    assert.equal(0, mails())
  end)

  it("a bad status although the model acted, where that is said", function()
    server:fault{ status = 503, acts = true }
    assert.equal(503, assert(call()).status)
    assert.is_true(last_request().acted)
    assert.equal(503, last_request().status)
    assert.equal(1, mails())
  end)

  it("another good status", function()
    server:fault{ status = 202 }
    local answer = assert(call())
    assert.equal(202, answer.status)
    assert.equal(1, #cjson.decode(answer.body).invites)
    server:fault{ status = 204 }
    answer = assert(call())
    assert.equal(204, answer.status)
    assert.equal("", answer.body)
  end)

  it("the model's refusal, where that is what a request gets", function()
    server:fault{ delay = 0.01 }
    assert.equal(400, raw.call(server, bulk, "{}").status)
    assert.is_false(last_request().acted)
  end)

  it("the body that was asked for", function()
    server:fault{ body = "<html>\xff\0", content_type = "text/html" }
    local answer = assert(call())
    assert.equal("<html>\xff\0", answer.body)
    assert.equal("text/html", answer.headers["content-type"])
    assert.equal(1, mails())
    server:fault{ json = { invites = { { id = 1, x = true } }, n = 1.5, big = 1 << 53 } }
    answer = assert(call())
    assert.equal('{"big":9007199254740992,"invites":[{"id":1,"x":true}],"n":1.5}', answer.body)
    assert.equal("application/json", answer.headers["content-type"])
    server:fault{ body = "", acts = false }
    answer = assert(call())
    assert.equal(200, answer.status)
    assert.equal("", answer.body)
    assert.equal(2, mails())
  end)

  it("headers that were asked for, and lacks others", function()
    server:fault{ status = 429, headers = { ["Retry-After"] = "7", ["X-Wix-Consistent"] = { "a", "b" },
      ["x-wix-request-id"] = false } }
    local answer = assert(call())
    assert.equal("7", answer.headers["retry-after"])
    assert.equal("b", answer.headers["x-wix-consistent"])
    assert.is_nil(answer.headers["x-wix-request-id"])
    server:fault{ headers = { ["x-wix-consistent"] = "token" } }
    answer = assert(call())
    assert.equal("token", answer.headers["x-wix-consistent"])
    assert.equal(1, #cjson.decode(answer.body).invites)
  end)

  it("a length that is not true", function()
    server:fault{ headers = { ["Content-Length"] = "5000" }, body = "short" }
    local bytes, how = exchange()
    assert.equal("closed", how)
    assert.matches("\r\nContent%-Length: 5000\r\n", bytes)
    assert.matches("\r\n\r\nshort$", bytes)
  end)

  it("many headers", function()
    for _, count in ipairs{ 100, 1000 } do
      server:fault{ headers_count = count }
      local answer = assert(call())
      assert.equal(200, answer.status)
      assert.is_true(answer.header_count >= count)
      assert.equal("filler", answer.headers["x-filler-" .. count])
      assert.equal(1, #cjson.decode(answer.body).invites)
    end
  end)

  it("a place to go elsewhere", function()
    for _, status in ipairs{ 301, 302, 307, 308 } do
      server:fault{ status = status, location = "http://127.0.0.1:1/x" }
      local answer = assert(call())
      assert.equal(status, answer.status)
      assert.equal("http://127.0.0.1:1/x", answer.headers.location)
      assert.equal("", answer.body)
    end
    assert.equal(0, mails())
  end)

  it("as many bytes as were asked for", function()
    server:fault{ size = 3000000, body = "{", times = 2 }
    local answer = assert(call())
    assert.equal(3000000, #answer.body)
    assert.matches("^{xxx.*x$", answer.body:sub(1, 20) .. answer.body:sub(-20))
    assert.is_nil(answer.body:find("[^x]", 2))
    assert.equal("3000000", assert(call()).headers["content-length"])
    server:fault{ size = 100000, chunked = true }
    answer = assert(call())
    assert.equal(100000, #answer.body)
    assert.is_nil(answer.body:find("[^x]"))
    assert.equal("chunked", answer.headers["transfer-encoding"])
    server:fault{ size = 3, body = "whole" }
    assert.equal("whole", assert(call()).body)
  end)

  it("its model's body in chunks", function()
    server:fault{ chunked = true }
    local answer = assert(call())
    assert.equal("chunked", answer.headers["transfer-encoding"])
    assert.equal(1, #cjson.decode(answer.body).invites)
  end)

  it("an interim answer before it", function()
    server:fault{ raw = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" }
    local one = assert(raw.connect(server))
    assert.equal(103, assert(one:call(bulk, good())).status)
    local answer = assert(one:answer())
    assert.equal(200, answer.status)
    assert.equal("{}", answer.body)
    one:close()
  end)

  it("gzip that unpacks to what it should", function()
    local function unpacked(packed)
      local name = os.tmpname()
      local file = assert(io.open(name, "wb"))
      file:write(packed)
      file:close()
      local pipe = assert(io.popen("gzip -dc <" .. name .. " 2>/dev/null"))
      local content = pipe:read("a")
      local good_end = pipe:close()
      os.remove(name)
      return content, good_end
    end
    server:fault{ gzip = true }
    local answer = assert(call())
    assert.equal("gzip", answer.headers["content-encoding"])
    local content, whole = unpacked(answer.body)
    assert.is_true(whole)
    assert.equal(1, #cjson.decode(content).invites)

    local long = ("0123456789"):rep(20000)
    server:fault{ gzip = true, body = long }
    content, whole = unpacked(assert(call()).body)
    assert.is_true(whole)
    assert.equal(long, content)

    server:fault{ gzip = true, size = 1000000 }
    answer = assert(call())
    assert.is_true(#answer.body < 10000)
    content = unpacked(answer.body)
    assert.is_true(#content >= 1000000)
    assert.is_nil(content:find("[^x]"))
  end)
end)

describe("time", function()
  local function seconds(fn)
    local before = socket.gettime()
    fn()
    return socket.gettime() - before
  end

  it("passes before an answer that is delayed; the model has acted by then", function()
    server:fault{ delay = 0.2 }
    local one = assert(raw.connect(server))
    local took = seconds(function()
      one:send(raw.request(server, bulk, good()))
      while not last_request() or not last_request().acted do socket.sleep(0.001) end
      assert.equal(1, mails())
      assert.equal(200, assert(one:answer()).status)
    end)
    assert.is_true(took >= 0.2)
    one:close()
  end)

  it("passes between bytes that drip", function()
    server:fault{ body = "0123456789", drip = 0.01 }
    local answer
    local took = seconds(function() answer = assert(call()) end)
    assert.equal("0123456789", answer.body)
    assert.is_true(took >= 0.09)
    server:fault{ body = "0123456789", drip = 0.01, chunk = 5 }
    assert.equal("0123456789", assert(call()).body)
    server:fault{ raw = "HTTP/1.1 204 No Content\r\n\r\n", drip = 0.002 }
    took = seconds(function() assert.equal(204, assert(call()).status) end)
    assert.is_true(took >= 0.05)
  end)

  it("passes between the last byte and the end", function()
    server:fault{ close_answer_at = 100, hold = 0.2 }
    local one = assert(raw.connect(server))
    one:send(raw.request(server, bulk, good()))
    local bytes, how = one:rest(0.1)
    assert.equal("open", how)
    assert.equal(100, #bytes)
    assert.equal("closed", select(2, one:rest()))
    one:close()
  end)

  it("of one connection is not that of another", function()
    server:fault{ delay = 30 }
    local slow = assert(raw.connect(server))
    slow:send(raw.request(server, bulk, good()))
    while #server:requests() == 0 do socket.sleep(0.001) end
    local took = seconds(function() assert.equal(200, assert(call()).status) end)
    assert.is_true(took < 20)
    slow:close()
  end)
end)

describe("a fault meets", function()
  local function statuses(count, path)
    local list = {}
    for i = 1, count do list[i] = raw.call(server, path or bulk, good()).status end
    return list
  end

  it("as many requests as it says, after as many as it says", function()
    server:fault{ status = 503, times = 2, after = 1 }
    assert.same({ 200, 503, 503, 200 }, statuses(4))
    server:fault{ status = 500, times = math.huge }
    assert.same({ 500, 500, 500 }, statuses(3))
    assert.equal(3, server:faults()[1].hits)
    server:faults_clear()
    assert.same({ 200 }, statuses(1))
  end)

  it("the requests that it names", function()
    local path = "/invites/site-invite/00000000-0000-4000-8000-000000000000/resend"
    for _, name in ipairs{
      { path = bulk }, { operation = "site_invites.bulk_invite" }, { method = "POST", path = bulk },
    } do
      server:faults_clear()
      local fault = { status = 503, times = "always" }
      for key, value in pairs(name) do fault[key] = value end
      server:fault(fault)
      assert.same({ 503 }, statuses(1))
      assert.same({ 404 }, statuses(1, path))
    end
    server:faults_clear()
    server:fault{ status = 502, times = "always", path = path }
    server:fault{ status = 503, times = "always", path = "/invites/site-invite/{invite_id}/resend" }
    server:fault{ status = 504, times = "always", method = "GET" }
    assert.same({ 502 }, statuses(1, path))
    assert.same({ 503 }, statuses(1, (path:gsub("0", "1"))))
    assert.same({ 200 }, statuses(1))
  end)

  it("one request each, in the order of their making", function()
    assert.equal(1, server:fault{ status = 500 })
    assert.equal(2, server:fault{ status = 502 })
    assert.equal(3, server:fault{ status = 503 })
    assert.same({ 500, 502, 503, 200 }, statuses(4))
    assert.same({ 1, 2, 3 }, { server:requests()[1].fault, server:requests()[2].fault, server:requests()[3].fault })
  end)

  it("requests that would have been refused, too", function()
    server:fault{ status = 503 }
    assert.equal(503, raw.call(server, "/nowhere", "{}").status)
  end)

  it("no control calls", function()
    server:fault{ status = 503 }
    assert.equal(200, raw.call(server, "/_sandbox/outbox", nil, { method = "GET" }).status)
    assert.same({ 503 }, statuses(1))
  end)
end)

describe("a mistake in a fault raises where it was made", function()
  for words, fault in pairs{
    ['unknown field "stauts" of a fault (did you mean "status"?)'] = { stauts = 503 },
    ["status must be an integer from 200 to 999"] = { status = 99 },
    ['reset must be "connect" or "before" or "body" or "after"'] = { reset = "now" },
    ["delay must be a number of seconds"] = { delay = -1 },
    ["times must be an integer from 1, or \"always\""] = { status = 503, times = 0 },
    ['reset = "body" needs at, the bytes of the body to read'] = { reset = "body" },
    ['at goes with reset = "body"'] = { reset = "after", at = 1 },
    ['reset = "before" comes before the request is read: acts cannot be said with it'] = { reset = "before", acts = true },
    ["reset and close cannot both be"] = { reset = "after", close = "after" },
    ["body and json cannot both be"] = { body = "x", json = {} },
    ["hold goes with an answer that is cut, raw or absent"] = { hold = 1, status = 503 },
    ["ending goes with raw"] = { ending = "reset" },
    ["acts = false leaves nothing to answer: say status, body or json"] = { acts = false, delay = 1 },
    ["a fault needs something to go wrong"] = { times = 3 },
    ["location must be a string of one line"] = { location = "a\r\nb" },
    ["headers must be a table: name to a text of one line, to a list of them, or to false"] = { headers = { a = "b\n" } },
    ["json: JSON has no function"] = { json = { print } },
    ["a fault must be a table"] = "503",
  } do
    it(words, function()
      local done, message = pcall(function() server:fault(fault) end)
      assert.is_false(done)
      assert.equal("server:fault: " .. words, (message:gsub("^[^:]*06_sandbox_faults_spec%.lua:%d+: ", "", 1)))
      assert.matches("06_sandbox_faults_spec", message)
      assert.same({}, server:faults())
    end)
  end
end)
