-- Answering an invite on the sandbox's pages, and what holds for every page: who may ask, how, and under which headers.

local cjson = require "cjson"
local pages = require "spec.support.pages"
local raw = require "spec.support.raw_client"

local start, ask, page, post = pages.start, pages.ask, pages.page, pages.post
local invite, invite_to_team, token_of, status_of = pages.invite, pages.invite_to_team, pages.token_of, pages.status_of
local server

after_each(pages.stop)

describe("Accept and Decline #pure", function()
  it("answer, and lead to a page that tells what came of it", function()
    server = start()
    for verb, expected in pairs{
      accept = { "Used", "Accepted", "ann@accept%.example accepted, and now is Admin.* on Bakery%." },
      decline = { "Declined", "Declined", "ann@decline%.example declined%. Nothing changed%." },
    } do
      local one = invite("ann@" .. verb .. ".example")
      local answer = post(verb, token_of(one))
      assert.equal(303, answer.status)
      assert.equal("/_sandbox/result?invite=" .. one.id, answer.headers.location)
      assert.is_nil(answer.body:find(token_of(one), 1, true))
      assert.equal(expected[1], status_of(one))
      for _ = 1, 2 do
        local text = page(answer.headers.location)
        assert.matches("<h1>" .. expected[2] .. "</h1>", text, 1, true)
        assert.matches(expected[3], (text:gsub("<[^>]*>", "")))
        assert.is_nil(text:find(token_of(one), 1, true))
      end
    end
  end)

  it("work for invites to the team", function()
    server = start()
    local one = invite_to_team("cay@example.com", pages.ACCOUNT_ADMIN)
    local answer = post("accept", token_of(one))
    assert.equal(303, answer.status)
    assert.matches("cay@example%.com accepted, and now is Account Admin.* on the whole account%.",
      (page(answer.headers.location):gsub("<[^>]*>", "")))
    assert.matches("Team %(2%) .*cay@example%.com", pages.section "team")
  end)

  it("work where the token stands in the address, as for a program that follows the link", function()
    server = start()
    local one = invite()
    local answer = ask("/_sandbox/accept?token=" .. token_of(one), { method = "POST" })
    assert.equal(303, answer.status)
    assert.equal("Used", status_of(one))
  end)

  it("have no result before there is an answer", function()
    server = start()
    local one = invite()
    for _, query in ipairs{ "?invite=" .. one.id, "?invite=" .. token_of(one), "?invite=", "", "?invite=-" } do
      assert.equal(404, ask("/_sandbox/result" .. query).status)
    end
    assert.equal("Pending", status_of(one))
  end)

  it("are refused to the pages of others", function()
    server = start()
    local one = invite()
    local other_port = "http://127.0.0.1:" .. (server.port % 65535 + 1)
    for _, headers in ipairs{
      { origin = "https://evil.example" }, { origin = "null" }, { origin = other_port }, { origin = "http://localhost:" .. server.port },
      { origin = "https://127.0.0.1:" .. server.port }, { ["sec-fetch-site"] = "cross-site" }, { ["sec-fetch-site"] = "same-site" },
      { ["sec-fetch-site"] = "cross-site", origin = false }, { origin = "null", ["sec-fetch-site"] = false },
      { host = "evil.example" }, { host = "evil.example", origin = "http://evil.example" }, { host = "127.0.0.1.evil.example" },
    } do
      for _, verb in ipairs{ "accept", "decline" } do
        local answer = post(verb, token_of(one), headers)
        assert.equal(403, answer.status)
        assert.is_nil(answer.body:find(token_of(one), 1, true))
        assert.equal("Pending", status_of(one))
      end
    end
  end)

  it("are not refused to our own page under either name, nor to programs", function()
    server = start()
    for i, headers in ipairs{
      {}, { ["sec-fetch-site"] = false }, { origin = false, ["sec-fetch-site"] = false }, { ["sec-fetch-site"] = "none", origin = false },
      { host = "localhost:" .. server.port, origin = "http://localhost:" .. server.port },
    } do
      assert.equal(303, post("accept", token_of(invite(("u%d@example.com"):format(i))), headers).status)
    end
  end)

  it("take a form, and leave JSON to the control calls", function()
    server = start()
    local one = invite()
    for _, kind in ipairs{ "text/plain", "multipart/form-data; boundary=x" } do
      assert.equal(415, post("accept", token_of(one), { ["content-type"] = kind }).status)
    end
    assert.equal(413, post("accept", token_of(one), {}, "token=" .. token_of(one) .. "&x=" .. ("y"):rep(10000)).status)
    assert.equal("Pending", status_of(one))
    local answer = ask("/_sandbox/accept", { method = "POST", body = cjson.encode{ invite = one.id },
      headers = { ["content-type"] = "application/json; charset=utf-8" } })
    assert.equal(200, answer.status)
    assert.equal("Used", cjson.decode(answer.body).invite.status)
  end)

  it("take no form that is larger than the sandbox takes anything", function()
    server = start{ max_body = 100 }
    local answer = post("accept", nil, nil, ("x"):rep(1000))
    assert.equal(413, answer.status)
    assert.matches("<h1>Too much</h1>", answer.body, 1, true)
  end)
end)

describe("every page #pure", function()
  local paths = { "/", "/_sandbox/mail?number=1", "/_sandbox/mail?number=9", "/_sandbox/accept?token=0", "/_sandbox/result" }

  it("says how it is to be handled", function()
    server = start()
    invite()
    for _, path in ipairs(paths) do
      local answer = ask(path)
      local headers = answer.headers
      assert.equal("text/html; charset=utf-8", headers["content-type"])
      assert.equal("nosniff", headers["x-content-type-options"])
      assert.equal("no-store", headers["cache-control"])
      assert.equal(path:find("^/_sandbox/[ma]") and "same-origin" or "no-referrer", headers["referrer-policy"])
      local policy = headers["content-security-policy"]
      local nonce = assert(policy:match("script%-src 'nonce%-(%x+)'"))
      assert.equal(32, #nonce)
      assert.equal(("default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; "):format(nonce, nonce)
        .. "connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", policy)
      for tag, count in pairs{ style = 1, script = path == "/" and 1 or 0 } do
        assert.equal(count, select(2, answer.body:gsub("<" .. tag .. "[ >]", "")))
        assert.equal(count, select(2, answer.body:gsub(("<%s nonce=\"%s\"[ >]"):format(tag, nonce), "")))
      end
      assert.is_nil(answer.body:find(' style="', 1, true))
      assert.is_nil(answer.body:find("://", 1, true))
      assert.are_not.equal(policy, ask(path).headers["content-security-policy"])
      assert.matches('<html lang="en">', answer.body, 1, true)
      assert.matches('<meta name="viewport" content="width=device-width, initial-scale=1">', answer.body, 1, true)
      assert.matches("<h1>[^<]+</h1>", answer.body)
    end
  end)

  it("has a head alone for whoever asks for that", function()
    server = start()
    invite()
    local bytes = raw.exchange(server, "/", nil, { method = "HEAD", headers = { authorization = false, connection = "close" } })
    assert.matches("^HTTP/1%.1 200 ", bytes)
    assert.matches("Content%-Type: text/html; charset=utf%-8\r\n", bytes)
    assert.matches("\r\n\r\n$", bytes)
  end)

  it("refuses other methods", function()
    server = start()
    for path, allow in pairs{
      ["/"] = "GET, HEAD", ["/_sandbox/mail"] = "GET, HEAD", ["/_sandbox/result"] = "GET, HEAD", ["/_sandbox/accept"] = "GET, HEAD, POST",
    } do
      for _, method in ipairs{ "PUT", "DELETE", "PATCH", "OPTIONS", allow:find("POST") and "PUT" or "POST" } do
        local answer = ask(path, { method = method })
        assert.equal(405, answer.status)
        assert.equal(allow, answer.headers.allow)
      end
    end
  end)

  it("is for this machine alone", function()
    server = start{ hosts = { "www.wixapis.com" } }
    invite()
    for _, path in ipairs(paths) do
      for _, headers in ipairs{ { host = "evil.example" }, { host = "www.wixapis.com" }, { host = "127.0.0.1.evil.example" },
        { origin = "https://evil.example" }, { origin = "null" } } do
        local answer = ask(path, { headers = headers })
        assert.equal(403, answer.status)
        assert.is_nil(answer.body:find("ann@", 1, true))
        assert.is_nil(answer.body:find("<form", 1, true))
      end
      for _, host in ipairs{ "localhost", "LOCALHOST:80", "[::1]:80", "127.0.0.1" } do
        assert.are_not.equal(403, ask(path, { headers = { host = host } }).status)
      end
    end
  end)

  it("is no request of the service: not counted, and without a fault", function()
    server = start()
    invite()
    server:requests_clear()
    server:fault{ status = 503 }
    for _, path in ipairs(paths) do assert.are_not.equal(503, ask(path).status) end
    assert.equal(204, ask("/favicon.ico").status)
    assert.same({}, server:requests())
    assert.equal(1, #server:faults())
  end)

  it("leaves a request with a key to the service", function()
    server = start()
    for _, path in ipairs{ "/", "/favicon.ico" } do
      local answer = ask(path, { headers = { authorization = server.api_key } })
      assert.equal(404, answer.status)
      assert.equal("application/json", answer.headers["content-type"])
    end
    assert.equal(2, #server:requests())
  end)
end)
