-- The sandbox over real HTTP: Wix's three site-invite calls, its refusals in its own shapes.

local cjson = require "cjson"
local raw = require "spec.support.raw_client"
local sandbox = require "wixum.sandbox"

local site, other_site = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
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

describe("the calls", function()
  it("invite: what Wix answers, with the names of the wire", function()
    start()
    local answer = call(bulk, '{"policyIds":["6732588207941061632"],"emails":["ann@example.com","bob@example.com"],'
      .. '"invitePurpose":"Schl\u{fc}ssel \u{1f511}","defaultEmailLanguage":"fr","unknown":{"a":[1]}}')
    assert.equal(200, answer.status)
    assert.equal("application/json", answer.headers["content-type"])
    assert.matches("^1734427301%.%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d$", answer.headers["x-wix-request-id"])
    local body = cjson.decode(answer.body)
    assert.same({
      id = body.invites[1].id, siteId = site, email = "ann@example.com", policyIds = { "6732588207941061632" },
      status = "Pending", acceptLink = body.invites[1].acceptLink, inviterAccountId = account,
      dateCreated = "2024-12-17T09:21:41.000Z", expirationDate = "2025-01-16T09:21:41.000Z",
    }, body.invites[1])
    assert.equal("bob@example.com", body.invites[2].email)
    assert.matches('"failedEmails":[]}', answer.body, 1, true)
    local mails = server:outbox()
    assert.equal("Schl\u{fc}ssel \u{1f511}", mails[1].purpose)
    assert.equal("fr", mails[2].language)
  end)

  it("invite: lists stay lists when nothing is in them", function()
    start()
    invite()
    assert.equal('{"invites":[],"failedEmails":["ann@example.com"]}', call(bulk, good).body)
  end)

  it("resend and revoke, with and without a body", function()
    start()
    local one = invite()
    local path = "/invites/site-invite/" .. one.id
    local answer = call(path .. "/resend", ('{"inviteId":"%s","defaultEmailLanguage":null}'):format(one.id))
    assert.equal(200, answer.status)
    assert.same(one, cjson.decode(answer.body).invite)
    assert.equal(200, call("/invites/site-invite/" .. one.id:upper() .. "/resend").status)
    assert.equal(3, #server:outbox())
    answer = call(path .. "/revoke")
    assert.equal(200, answer.status)
    assert.equal("{}", answer.body)
    assert.equal("Deleted", server:invites()[1].status)
  end)

  it("act once, whatever of the path is escaped", function()
    start()
    local one = invite()
    assert.equal(200, call("/invites/site%2Dinvite/" .. one.id:gsub("%-", "%%2d") .. "/revoke").status)
    assert.equal("Deleted", server:invites()[1].status)
  end)

  it("are served many on one connection", function()
    start()
    local one = assert(raw.connect(server))
    for i = 1, 100 do
      local answer = assert(one:call(bulk, ('{"policyIds":["1"],"emails":["u%d@example.com"]}'):format(i)))
      assert.equal(200, answer.status)
    end
    one:close()
    assert.equal(1, server:state().connections)
    assert.equal(100, #server:invites())
    assert.equal(1, server:requests()[100].connection)
  end)

  it("keep every byte of a text", function()
    start()
    local text = {}
    for code = 0, 0x7ff do text[#text + 1] = utf8.char(code) end
    text = table.concat(text) .. "\u{ffff}\u{10ffff}"
    call(bulk, cjson.encode{ policyIds = { "1" }, emails = { "ann@example.com" }, invitePurpose = text })
    assert.equal(text, server:outbox()[1].purpose)
  end)
end)

-- What a request must be like to be refused so. `fields` are those of the violations, in order.
local refusals = {
  { "no key", headers = { authorization = false }, status = 401, code = "UNAUTHENTICATED" },
  { "another key", headers = { authorization = "IST.nobody" }, status = 401, code = "UNAUTHENTICATED" },
  { "a key behind a scheme", headers = { authorization = "Bearer KEY" }, status = 401, code = "UNAUTHENTICATED" },
  { "an empty key", headers = { authorization = "" }, status = 401, code = "UNAUTHENTICATED" },
  { "no site", headers = { ["wix-site-id"] = false }, status = 428, code = "MISSING_METASITE_ID" },
  { "an account in place of the site", headers = { ["wix-site-id"] = false, ["wix-account-id"] = account }, status = 428,
    code = "MISSING_METASITE_ID" },
  { "site and account", headers = { ["wix-account-id"] = account }, status = 400, code = "INVALID_ARGUMENT" },
  { "a site that is no GUID", headers = { ["wix-site-id"] = "my-site" }, status = 400, code = "INVALID_ARGUMENT" },
  { "two sites", headers = { ["wix-site-id"] = site .. ", " .. site }, status = 400, code = "INVALID_ARGUMENT" },
  { "another host", headers = { host = "evil.example" }, status = 421, code = "MISDIRECTED" },
  { "a host that begins like ours", headers = { host = "127.0.0.1.evil.example" }, status = 421, code = "MISDIRECTED" },
  { "a path that is none", path = "/invites/site-invite/bulk/", status = 404, code = "NOT_FOUND" },
  { "the root", path = "/", status = 404, code = "NOT_FOUND" },
  { "an escaped slash", path = "/invites/site-invite%2Fbulk", status = 404, code = "NOT_FOUND" },
  { "another method", method = "GET", body = false, status = 405, code = "METHOD_NOT_ALLOWED" },
  { "no content type", headers = { ["content-type"] = false }, status = 415, code = "UNSUPPORTED_MEDIA_TYPE" },
  { "a form", headers = { ["content-type"] = "application/x-www-form-urlencoded" }, status = 415,
    code = "UNSUPPORTED_MEDIA_TYPE" },
  { "no JSON", body = "policyIds=1", status = 400, code = "INVALID_ARGUMENT" },
  { "half of a JSON text", body = good:sub(1, -2), status = 400, code = "INVALID_ARGUMENT" },
  { "a number that is none", body = good:gsub("}$", ',"x":NaN}'), status = 400, code = "INVALID_ARGUMENT" },
  { "a list", body = "[]", status = 400, code = "INVALID_ARGUMENT" },
  { "what is no UTF-8", body = good:gsub("ann", "\xff"), status = 400, code = "INVALID_ARGUMENT" },
  { "too deep a text", body = '{"a":' .. ("["):rep(500) .. ("]"):rep(500) .. "}", status = 400, code = "INVALID_ARGUMENT" },
  { "an empty body", body = "", status = 400, fields = { "policyIds", "emails" } },
  { "nothing that is required", body = "{}", status = 400, fields = { "policyIds", "emails" } },
  { "nulls for what is required", body = '{"policyIds":null,"emails":null}', status = 400, fields = { "policyIds", "emails" } },
  { "empty lists", body = '{"policyIds":[],"emails":[]}', status = 400, fields = { "policyIds", "emails" } },
  { "a text for a list", body = '{"policyIds":"1","emails":"ann@example.com"}', status = 400, fields = { "policyIds", "emails" } },
  { "an object for a list", body = '{"policyIds":["1"],"emails":{"0":"ann@example.com"}}', status = 400, fields = { "emails" } },
  { "a number for a role id", body = '{"policyIds":[6732588207941061632],"emails":["ann@example.com"]}', status = 400,
    fields = { "policyIds[0]" } },
  { "null in a list", body = '{"policyIds":["1"],"emails":["ann@example.com",null]}', status = 400, fields = { "emails[1]" } },
  { "a list in a list", body = '{"policyIds":["1"],"emails":[["ann@example.com"]]}', status = 400, fields = { "emails[0]" } },
  { "malformed addresses", body = '{"policyIds":["1"],"emails":["a@b.example","nobody","a@b","@b.example","a b@c.example"]}',
    status = 400, fields = { "emails[1]", "emails[2]", "emails[3]", "emails[4]" } },
  { "a number for a text", body = good:gsub("}$", ',"invitePurpose":1}'), status = 400, fields = { "invitePurpose" } },
  { "true for a language", body = good:gsub("}$", ',"defaultEmailLanguage":true}'), status = 400,
    fields = { "defaultEmailLanguage" } },
  { "an id that is no GUID", path = "/invites/site-invite/1234/resend", body = "{}", status = 400, fields = { "inviteId" } },
  { "an empty id", path = "/invites/site-invite//revoke", body = "{}", status = 400, fields = { "inviteId" } },
  { "an invite that is none", path = "/invites/site-invite/" .. site .. "/revoke", body = "{}", status = 404, code = "NOT_FOUND" },
}

describe("a request", function()
  -- One server for all of these: what they have in common is that nothing happens.
  local shared
  setup(function() shared = start() end)
  teardown(function() shared:stop() end)
  before_each(function() server = shared end)
  after_each(function() server = nil end)

  for _, case in ipairs(refusals) do
    it("with " .. case[1] .. " is refused", function()
      local headers = {}
      for name, value in pairs(case.headers or {}) do
        headers[name] = value and value:gsub("KEY", server.api_key)
      end
      local body = case.body
      if body == nil then body = good end
      local answer = call(case.path or bulk, body or nil, { method = case.method, headers = headers })
      assert.equal(case.status, answer.status)
      assert.equal("application/json", answer.headers["content-type"])
      assert.matches("^%d+%.%d+$", answer.headers["x-wix-request-id"])
      local told = cjson.decode(answer.body)
      assert.is_string(told.message)
      assert.are_not.equal("", told.message)
      if case.code then
        assert.equal(case.code, told.details.applicationError.code)
        assert.equal(told.message, told.details.applicationError.description)
        assert.is_table(told.details.applicationError.data)
        assert.is_nil(told.details.validationError)
      else
        local fields = {}
        for i, violation in ipairs(told.details.validationError.fieldViolations) do
          fields[i] = violation.field
          assert.equal("INVALID_ARGUMENT", violation.violatedRule)
          assert.is_string(violation.description)
        end
        assert.same(case.fields, fields)
      end
      local last = server:requests()
      last = last[#last]
      assert.equal(case.status, last.status)
      assert.is_false(last.acted)
      assert.same({}, server:invites())
      assert.same({}, server:outbox())
    end)
  end
end)

describe("a refusal", function()
  it("names the methods that a path has", function()
    start()
    assert.equal("POST", call(bulk, nil, { method = "DELETE" }).headers.allow)
  end)

  it("is not made for what may be left out or comes along", function()
    start()
    for i, headers in ipairs{
      { host = "localhost:1" }, { host = "LOCALHOST" }, { host = "[::1]:80" },
      { ["content-type"] = "application/json; charset=utf-8" }, { ["content-type"] = "Application/JSON" },
      { ["x-wix-bi-gateway"] = "environment=js-sdk" },
    } do
      local answer = call(bulk, (good:gsub("ann", "ann" .. i)), { headers = headers })
      assert.equal(200, answer.status, answer.body)
    end
  end)

  it("is not made for a host that was named at the start", function()
    start{ hosts = { "www.wixapis.com" } }
    assert.equal(200, call(bulk, good, { headers = { host = "www.wixapis.com" } }).status)
    assert.equal(421, call(bulk, good, { headers = { host = "www.wix.com" } }).status)
  end)

  it("meets a site that is not the account's, where sites are strict", function()
    start()
    assert.equal(200, call(bulk, good, { headers = { ["wix-site-id"] = other_site } }).status)
    assert.equal(other_site, server:invites()[1].site_id)
    start{ strict_sites = true }
    local answer = call(bulk, good, { headers = { ["wix-site-id"] = other_site } })
    assert.equal(403, answer.status)
    assert.matches("PERMISSION_DENIED", answer.body)
  end)

  it("meets a body that is too large, once it was read", function()
    start{ max_body = 1000 }
    local one = assert(raw.connect(server))
    local filled = good:gsub("}$", ',"x":"' .. ("y"):rep(1000 - #good - 7) .. '"}')
    assert.equal(1000, #filled)
    assert.equal(200, assert(one:call(bulk, filled)).status)
    local answer = assert(one:call(bulk, (filled:gsub("yy", "yyy", 1))))
    assert.equal(413, answer.status)
    assert.matches("PAYLOAD_TOO_LARGE", answer.body)
    assert.equal(413, assert(one:call(bulk, ("z"):rep(3000000))).status)
    assert.equal(200, assert(one:call(bulk, (good:gsub("ann", "bob")))).status)
    one:close()
  end)

  it("meets a head that is too large", function()
    start()
    local one = assert(raw.connect(server))
    one:send(raw.request(server, bulk, good, { headers = { ["x-long"] = ("y"):rep(100000) } }))
    local answer = one:answer() -- which is lost where the connection is cut before we have read it: we are still sending
    one:close()
    assert.is_true(answer == nil or answer.status == 431)
    assert.equal(0, #server:invites())
    assert.equal(200, call(bulk, good).status)
  end)

  it("takes a body in chunks as it takes any other", function()
    start()
    local one = assert(raw.connect(server))
    one:send(raw.request(server, bulk, nil, { headers = {
      ["transfer-encoding"] = "chunked", ["content-type"] = "application/json" } }))
    one:send(("%x\r\n%s\r\n1\r\n%s\r\n0\r\n\r\n"):format(#good - 1, good:sub(1, -2), good:sub(-1)))
    assert.equal(200, assert(one:answer()).status)
    one:close()
    assert.equal(good, server:requests()[1].body)
  end)

  it("asks for the body that a client holds back", function()
    start()
    local one = assert(raw.connect(server))
    one:send(raw.request(server, bulk, nil, { headers = {
      expect = "100-continue", ["content-length"] = tostring(#good), ["content-type"] = "application/json" } }))
    assert.equal(100, assert(one:answer()).status)
    one:send(good)
    assert.equal(200, assert(one:answer()).status)
    one:close()
  end)
end)

describe("an invite that has run out", function()
  it("has, without anybody looking in between", function()
    start{ lifetime = 0, resend_expired = false }
    assert.equal(428, call("/invites/site-invite/" .. invite().id .. "/resend").status)
    invite("bob@example.com")
    assert.equal("Expired", server:invites{ email = "bob@example.com" }[1].status)
  end)
end)
