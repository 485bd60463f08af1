-- What the sandbox tells of itself: its log of requests, and its control calls for other processes.

local cjson = require "cjson"
local raw = require "spec.support.raw_client"
local sandbox = require "wixum.sandbox"
local socket = require "socket"

local site = "00000000-0000-4000-8000-00000000000a"
local account = "00000000-0000-4000-8000-0000000000cc"
local bulk = "/invites/site-invite/bulk"
local good = '{"policyIds":["6732588207941061632"],"emails":["ann@example.com"]}'

local server

local function start(given)
  local complete = { seed = 1, sites = { site }, account_id = account, start_time = 1734427301 }
  for name, value in pairs(given or {}) do complete[name] = value end
  if server then server:stop() end
  server = assert(sandbox.start(complete))
  return server
end

after_each(function()
  if server then server:stop() end
  server = nil
end)

local function call(path, body, options)
  return assert(raw.call(server, path, body, options))
end

local function invite(email)
  local body = ('{"policyIds":["1"],"emails":["%s"]}'):format(email or "ann@example.com")
  return cjson.decode(call(bulk, body).body).invites[1]
end

describe("the log of requests", function()
  it("has all that came, without the key and without links", function()
    start()
    local link = invite().acceptLink
    call(bulk .. "?a=b%20c", good, { headers = { authorization = "IST.other", ["x-odd"] = server.api_key .. "!" } })
    call("/nowhere/" .. server.api_key, "see " .. link .. " and " .. server.api_key)
    local log = server:requests()
    assert.equal(3, #log)
    local first, second, third = log[1], log[2], log[3]
    assert.equal("matches", first.headers.authorization)
    assert.equal(site, first.headers["wix-site-id"])
    assert.equal("site_invites.bulk_invite", first.operation)
    assert.equal("POST", first.method)
    assert.is_true(first.complete)
    assert.is_true(first.acted)
    assert.equal(200, first.status)
    assert.equal("2024-12-17T09:21:41.000Z", first.date)
    assert.equal(bulk, second.path)
    assert.equal("a=b%20c", second.query)
    assert.equal("differs", second.headers.authorization)
    assert.equal("[key]!", second.headers["x-odd"])
    assert.equal(good, second.body)
    assert.equal(#good, second.body_size)
    assert.is_false(second.acted)
    assert.equal("/nowhere/[key]", third.path)
    assert.matches("^see http://[%d.:]+%[link%] and %[key%]$", third.body)
    assert.equal(404, third.status)
    assert.same({ 1, 2, 3 }, { first.connection, second.connection, third.connection })
  end)

  it("has every byte of a body", function()
    start()
    local bytes = {}
    for code = 0, 255 do bytes[#bytes + 1] = string.char(code) end
    bytes = table.concat(bytes)
    call(bulk, bytes)
    assert.equal(bytes, server:requests()[1].body)
  end)

  it("has what came of a request that was given up", function()
    start()
    local one = assert(raw.connect(server))
    one:send(raw.request(server, bulk, good:sub(1, 20), { headers = { ["content-length"] = "100" } }))
    one:close()
    local entry
    repeat
      socket.sleep(0.001)
      entry = server:requests()[1]
    until entry and entry.body
    assert.is_false(entry.complete)
    assert.is_false(entry.acted)
    assert.equal(good:sub(1, 20), entry.body)
    assert.is_nil(entry.status)
  end)

  it("keeps the newest, and of each body the first bytes", function()
    start{ log = 3, log_body = 10 }
    for _ = 1, 5 do call(bulk, good) end
    local log = server:requests()
    assert.equal(3, #log)
    assert.same({ 3, 4, 5 }, { log[1].number, log[2].number, log[3].number })
    assert.equal(good:sub(1, 10), log[1].body)
    assert.equal(#good, log[1].body_size)
  end)

  it("and all else a million calls would leave does not grow", function()
    start{ log = 10 }
    local one = assert(raw.connect(server))
    local function used(count)
      for _ = 1, count do assert(one:call("/nowhere", ("x"):rep(10000))) end
      return server:state().memory
    end
    local before = used(100)
    assert.is_true(used(400) < before + 2000000)
    one:close()
  end)

  it("can be searched and cleared", function()
    start()
    call(bulk, good)
    call("/nowhere", "")
    assert.equal(1, #server:requests{ path = bulk })
    assert.equal(1, #server:requests{ status = 404 })
    server:requests_clear()
    assert.same({}, server:requests())
    call(bulk, good)
    assert.equal(3, server:requests()[1].number)
  end)
end)

describe("control calls", function()
  local function control(name, args, options)
    options = options or {}
    options.headers = options.headers or {}
    options.headers.authorization, options.headers["wix-site-id"] = false, false
    options.method = options.method or args and "POST" or "GET"
    return call("/_sandbox/" .. name, args, options)
  end

  it("accept a link from a mail, by POST, and only once", function()
    start()
    invite()
    local link = server:outbox()[1].accept_link
    local path = link:match("^" .. server.base_url:gsub("%p", "%%%0") .. "(/.*)$")
    for _, key in ipairs{ false, server.api_key } do -- looking at a link accepts nothing
      call(path, nil, { method = "GET", headers = { authorization = key, ["wix-site-id"] = false } })
      assert.equal("Pending", server:invites()[1].status)
    end
    local body = ('{"invite":"%s"}'):format(link)
    local answer = control("accept", body)
    assert.equal(200, answer.status)
    assert.equal("Used", cjson.decode(answer.body).invite.status)
    local one = server:invites()[1]
    assert.equal("Used", one.status)
    assert.matches("^%x+%-%x+%-4", one.accepted_by_account_id)
    assert.equal(409, control("accept", body).status)
    assert.equal(404, control("accept", (body:gsub('"}', '0"}'))).status)
  end)

  it("do over HTTP what the owner can do", function()
    start()
    local a, b = invite("a@example.com"), invite("b@example.com")
    assert.equal("a@example.com", cjson.decode(control("outbox").body).mails[1].to)
    assert.equal(1, #cjson.decode(control("outbox?to=b@example.com").body).mails)
    assert.equal("Used", cjson.decode(control("accept", ('{"invite":"%s"}'):format(a.id)).body).invite.status)
    assert.equal("Declined", cjson.decode(control("decline", ('{"invite":"%s"}'):format(b.acceptLink)).body).invite.status)
    assert.equal(2, #cjson.decode(control("invites").body).invites)
    assert.equal("2024-12-17T09:22:41.000Z", cjson.decode(control("advance", '{"seconds":60}').body).date)
    assert.equal(200, control("fault", '{"status":503}').status)
    assert.equal(1, #cjson.decode(control("faults").body).faults)
    assert.equal(503, call(bulk, good).status)
    control("fault", '{"status":503}')
    control("faults_clear", "{}")
    assert.equal("[]", control("faults").body:match("%[.*%]"))
    local state = cjson.decode(control("state").body)
    assert.equal(site, state.sites[1].id)
    assert.equal(server.base_url, state.base_url)
    assert.equal(3, #cjson.decode(control("requests").body).requests)
    control("requests_clear", "{}")
    assert.equal("[]", control("requests").body:match("%[.*%]"))
  end)

  it("never tell the key", function()
    start()
    invite()
    for _, name in ipairs{ "state", "requests", "outbox", "invites", "faults", "now" } do
      local answer = control(name)
      assert.equal(200, answer.status)
      assert.is_nil(answer.body:find(server.api_key, 1, true))
    end
  end)

  it("are refused to pages of other origins and under other hosts", function()
    start{ hosts = { "www.wixapis.com" } }
    invite()
    for _, headers in ipairs{
      { host = "evil.example" }, { host = "www.wixapis.com" }, { origin = "https://evil.example" }, { origin = "null" },
      { origin = "http://127.0.0.1.evil.example" },
    } do
      assert.equal(403, control("outbox", nil, { headers = headers }).status)
      assert.equal(403, control("advance", '{"seconds":1}', { headers = headers }).status)
    end
    assert.equal(200, control("outbox", nil, { headers = { origin = server.base_url } }).status)
    assert.equal(415, control("advance", '{"seconds":1}', { headers = { ["content-type"] = "text/plain" } }).status)
    assert.equal(1734427301, (server:now()))
  end)

  it("are refused where they make no sense", function()
    start()
    assert.equal(404, control("nothing").status)
    assert.equal(405, control("advance").status)
    assert.equal(405, control("outbox", "{}").status)
    assert.equal(400, control("advance", '{"seconds":-1}').status)
    assert.equal(400, control("advance", '{"seconds":"1"}').status)
    assert.equal(400, control("advance", "[]").status)
    assert.equal(400, control("advance", "{").status)
    assert.equal(400, control("accept", "{}").status)
    assert.equal(404, control("accept", '{"invite":"nothing"}').status)
    local answer = control("fault", '{"stauts":503}')
    assert.equal(400, answer.status)
    assert.matches('did you mean \\"status\\"', answer.body, 1, true)
    assert.equal("", server:last_error())
  end)

  it("are not counted as requests", function()
    start()
    control("outbox")
    assert.same({}, server:requests())
  end)
end)
