-- No error, event, log line or tostring repeats a key, a password or an accept link, also where the server's own words
-- do, and wherever they are cut.

local core = require "wixum.core"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"
local wixum = require "wixum"

local INVITE = { policy_ids = { "1" }, emails = { "ann@example.com" } }
local GUID = "11111111-2222-4333-8444-555555555555"

-- Text of which no piece comes twice.
local function unlike(seed, length)
  local parts = {}
  for i = 1, length // 6 do parts[i] = ("%04x%s"):format((seed + i * 7919) & 0xFFFF, string.char(0x41 + i % 26, 0x61 + i * 7 % 26)) end
  return table.concat(parts)
end

local TOKEN = unlike(1, 60)
-- What is never to be shown, and how a server may come to say it.
local SECRETS = {
  { name = "the key", said = ("IST.%s.%s.%s"):format(unlike(2, 60), unlike(3, 300), unlike(4, 200)) },
  { name = "a key of another kind", said = unlike(5, 400) },
  { name = "a key like a name", said = "k" .. unlike(6, 40) },
  { name = "a key like markup", said = unlike(14, 24) .. "<b>" .. unlike(15, 24) .. "</b>" .. unlike(16, 24) },
  { name = "a foreign key", said = ("IST.%s.%s"):format(unlike(7, 60), unlike(8, 60)), foreign = true },
  { name = "an accept link", said = "https://manage.wix.com/invite/accept?inviteToken=" .. TOKEN .. "&x=1", hidden = TOKEN,
    foreign = true },
  { name = "the password of a URL", said = "https://me:" .. unlike(13, 30) .. "@dev.wix.com/docs",
    hidden = unlike(13, 30), foreign = true },
  { name = "a proxy's password", said = unlike(9, 30), proxy = "http://me:%s@127.0.0.1:1" },
  { name = "a proxy's password that breaks its URL", said = unlike(10, 12) .. "/" .. unlike(11, 12) .. "@" .. unlike(12, 12),
    proxy = "http://me:%s@127.0.0.1:1" },
}

-- Does the text hold a piece of the secret that would help somebody?
local function piece_in(text, secret)
  local hidden, size = secret.hidden or secret.said, 11
  for at = 1, #hidden - size + 1 do
    local piece = hidden:sub(at, at + size - 1)
    if text:find(piece, 1, true) then return piece end
  end
end

-- Everything in a value, keys included, a line each.
local function whole(value, lines, depth)
  lines, depth = lines or {}, depth or 1
  if type(value) == "table" and depth < 20 then
    for key, item in pairs(value) do
      whole(key, lines, depth + 1)
      whole(item, lines, depth + 1)
    end
  else
    lines[#lines + 1] = tostring(value)
  end
  return lines, depth
end

local function assert_hidden(secret, ...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    local text = (type(value) == "table" and tostring(value) .. "\n" or "") .. table.concat((whole(value)), "\n")
    local piece = piece_in(text, secret)
    if piece then error(("%s shows (%s) in: %s"):format(secret.name, piece, text:sub(1, 3000)), 2) end
  end
end

local function application(description, data, code)
  return { message = "m", details = { applicationError = { code = code or "CODE", description = description, data = data } } }
end

local function violation(fields) return { details = { validationError = { fieldViolations = { fields } } } } end

-- Faults whose answer holds a text, by name; each is told the text.
local ECHOES = {
  message = function(text) return { status = 400, json = { message = "the key " .. text .. " is not known" } } end,
  code = function(text) return { status = 403, json = application("no", nil, text) } end,
  description = function(text) return { status = 404, json = application("no " .. text .. ".") } end,
  ["a value of data"] = function(text)
    return { status = 409, json = application("no", { given = text, list = { text, 1, { text } } }) }
  end,
  ["a name in data"] = function(text) return { status = 409, json = application("no", { [text] = { [text] = text } }) } end,
  ["data, deeply"] = function(text)
    return { status = 409, json = application("no", { a = { b = { c = { d = { e = { f = text } } } } } }) }
  end,
  ["a violation's field"] = function(text) return { status = 400, json = violation{ field = text, description = "bad" } } end,
  ["a violation's field, in a list"] = function(text) return { status = 400, json = violation{ field = "emails[0]." .. text } } end,
  ["a violation's description"] = function(text)
    return { status = 400, json = violation{ field = "emails[0]", description = text, ruleName = "R" } }
  end,
  ["a violation's rules"] = function(text)
    return { status = 400, json = violation{ field = "x", ruleName = text, violatedRule = text } }
  end,
  ["the request id"] = function(text) return { status = 500, body = "", headers = { ["x-wix-request-id"] = text } } end,
  ["the request id of a success"] = function(text) return { json = { invites = {} }, headers = { ["x-wix-request-id"] = text } } end,
  ["HTML"] = function(text)
    return { status = 502, content_type = "text/html", body = ("<html><a href='%s'>%s</a><b x=%s></html>"):format(text, text, text) }
  end,
  ["HTML of a success"] = function(text) return { body = "<p>" .. text .. "</p>", content_type = "text/html" } end,
  ["plain text"] = function(text) return { status = 401, body = "bad " .. text, content_type = "text/plain" } end,
  ["JSON that breaks off"] = function(text) return { status = 400, body = '{"message":"' .. text:gsub("/", "\\/") } end,
  ["JSON text"] = function(text) return { status = 400, body = '"' .. text .. '"' } end,
  ["a success that cannot be read"] = function(text) return { json = { invites = { note = text, [text] = 1, acceptLink = text } } } end,
  ["a success that breaks off"] = function(text) return { body = '{"invites":[{"id":"' .. text } end,
  ["a redirect"] = function(text) return { status = 302, location = "https://x/?" .. text:gsub("[^%w.]", ""), body = text } end,
  ["a URL's host"] = function(text) return { status = 400, json = { message = "cannot reach http://" .. text .. ":80/x" } } end,
  ["a URL's user"] = function(text)
    return { status = 400, json = { message = "cannot reach https://" .. text .. "@dev.wix.com/docs" } }
  end,
  ["a URL's password"] = function(text) return { status = 400, json = { message = "not https://me:" .. text .. "@h:80/docs" } } end,
  ["a URL's query"] = function(text) return { status = 400, json = { message = "see https://dev.wix.com/docs?" .. text } } end,
  ["said again and again"] = function(text)
    return { status = 400, json = application((text .. " "):rep(30), { (text .. ","):rep(30) }) }
  end,
  ["quotes around it"] = function(text)
    return { status = 400, json = { message = ("'%s' \"%s\" <%s> (%s)"):format(text, text, text, text) } }
  end,
  ["control characters around it"] = function(text)
    return { status = 400, json = { message = "\0\27[31m" .. text .. "\r\n\t\u{202E}" .. text } }
  end,
}
-- At the places where somebody may cut.
local LENGTHS = os.getenv "WIXUM_SLOW" and { 119, 499, 3999 } or { 60, 110, 119, 480, 490, 499, 1980, 1999, 3980, 3999, 4090 }
for _, length in ipairs(LENGTHS) do
  ECHOES[("HTML after %d bytes"):format(length)] = function(text) return { status = 502, body = ("y "):rep(length // 2) .. text } end
  ECHOES[("HTML after %d bytes of tags"):format(length)] = function(text)
    return { status = 502, body = ("<p>"):rep(length // 3) .. text }
  end
  ECHOES[("a description after %d bytes"):format(length)] = function(text)
    return { status = 400, json = application(("z"):rep(length) .. text) }
  end
  ECHOES[("a description after %d bytes of links"):format(length)] = function(text)
    return { status = 400, json = application(("https://h/" .. ("q"):rep(90) .. " "):rep(length // 101) .. text) }
  end
  ECHOES[("an answer's text after %d bytes"):format(length)] = function(text)
    return { json = { invites = {}, note = ("z"):rep(length) .. text, [text] = text, [text .. " "] = { text } } }
  end
end

describe("no words of the server's show", function()
  for _, secret in ipairs(SECRETS) do
    it(secret.name, function()
      local key = not secret.foreign and not secret.proxy and secret.said or "IST.c29tZS5vdGhlcg"
      local server <close> = assert(sandbox.start{ seed = 1, api_key = key })
      local events
      local wix <close> = server:client{ retries = 0, on_event = function(event) events[#events + 1] = event end,
        proxy = secret.proxy and secret.proxy:format(secret.said) or nil }
      for name, echo in pairs(ECHOES) do
        local text = secret.said
        if name:find "request id" then text = text:sub(1, 1000) end
        events = {}
        server:fault(echo(text))
        local answer, result = wix.site_invites.bulk_invite(INVITE)
        local done, problem = pcall(function()
          if answer then -- data is data, also a secret; printed it is not
            assert_hidden(secret, tostring(answer), tostring(answer.invites), result, events)
          else
            assert_hidden(secret, result, "" .. result, result.message, select(2, pcall(error, result)), events)
            assert.is_nil(tostring(result):find("[%c\x7F]"))
          end
        end)
        assert.is_true(done, name .. ": " .. tostring(problem))
      end
    end)
  end

  it("more of a URL than its host, or less of the service's own documentation", function()
    local server <close> = assert(sandbox.start{ seed = 1 })
    local wix <close> = server:client{ retries = 0 }
    for said, shown in pairs{
      ["see https://manage.wix.com/invite?t=1 now"] = "see https://manage.wix.com/[masked] now",
      ["(HTTP://h:80/a/b#c)"] = "(HTTP://h:80/[masked]", ["https://h"] = "https://h", ["https://h/, or"] = "https://h/[masked] or",
      ["https://h/ or"] = "https://h/ or", ["https://me@h/x"] = "https://h/[masked]", ["https://h?x"] = "https://h/[masked]",
      ["https:\\/\\/h\\/x y"] = "https://h/[masked] y", ["https://[::1]:80/x"] = "https://[::1]:80/[masked]",
      ["https://dev.wix.com/docs/a?b=c#d"] = "https://dev.wix.com/docs/a?b=c#d",
      ["https://support.wix.com/en/x"] = "https://support.wix.com/en/x",
      ["at manage.wix.com/invite/T now"] = "at manage.wix.com/[masked] now", ["//Manage.wix.com/x"] = "//manage.wix.com/[masked]",
      ["https://\u{fc}.de/T x"] = "https:///[masked] x", ["https://x_y~z/T x"] = "https://x_y/[masked] x",
      ["https:/x/T"] = "https://x/[masked]",
      ["wix://invite/T x"] = "wix://[masked] x", ["see https://h, then"] = "see https://h, then",
      ["https://dev.wix.com.evil.com/x"] = "https://dev.wix.com.evil.com/[masked]", ["no http: here"] = "no http: here",
    } do
      server:fault{ status = 400, json = application(said) }
      assert.equal(shown, select(2, wix.site_invites.bulk_invite(INVITE)).description)
    end
  end)

  it("less than there is, where there is much", function()
    local server <close> = assert(sandbox.start{ seed = 1 })
    local wix <close> = server:client()
    server:fault{ json = { invites = {}, note = ("words "):rep(20000) .. server.api_key } }
    assert.matches('note = "words words .+ words', tostring((assert(wix.site_invites.bulk_invite(INVITE)))))
  end)

  it("an invite's link, which the answer has as data", function()
    local server <close> = assert(sandbox.start{ seed = 1 })
    local wix <close> = server:client()
    local sent = assert(wix.site_invites.bulk_invite(INVITE))
    local link = sent.invites[1].accept_link
    local secret = { name = "the link", said = link, hidden = link:match("token=(%w+)") }
    assert.is_truthy(secret.hidden)
    assert_hidden(secret, tostring(sent), tostring(sent.invites), tostring(sent.invites[1]))
    local again = assert(wix.site_invites.resend_invite{ invite_id = sent.invites[1].id })
    assert_hidden(secret, tostring(again), tostring(again.invite))
    for _, name in ipairs{ "acceptLink", "accept_link", "AcceptLink", "acceptUrl", "inviteToken" } do
      server:fault{ json = { invites = { { [name] = secret.hidden } }, [name] = secret.hidden } }
      assert_hidden(secret, tostring((assert(wix.site_invites.bulk_invite(INVITE)))))
      server:fault{ status = 400, json = application("no", { [name] = secret.hidden, list = { { [name] = { secret.hidden } } } }) }
      assert_hidden(secret, (select(2, wix.site_invites.bulk_invite(INVITE))))
    end
  end)

  it("anything by way of what the server has us say back", function()
    local secret = SECRETS[1]
    local server <close> = assert(sandbox.start{ seed = 1, api_key = secret.said })
    local wix <close> = server:client()
    server:fault{ json = { invites = {} }, headers = { ["X-Wix-Consistent"] = secret.said } }
    assert(wix.site_invites.bulk_invite(INVITE))
    assert_hidden(secret, (assert(wix.site_invites.bulk_invite(INVITE, { dry_run = true }))))
  end)
end)

describe("no words of our own show a secret", function()
  local secret = SECRETS[2]
  local server, wix

  setup(function()
    server = assert(sandbox.start{ seed = 1, api_key = secret.said })
    wix = server:client{ retries = 0 }
  end)
  teardown(function() server:stop() end)

  it("that was given as an argument", function()
    for _, one in ipairs{ secret, SECRETS[1], SECRETS[5] } do
      local answer, err = wix.site_invites.bulk_invite{ policy_ids = { one.said .. " " }, emails = { "a@example.com", one.said } }
      assert.is_nil(answer)
      assert_hidden(one, err)
      answer, err = wix.site_invites.resend_invite{ invite_id = one.said }
      assert.is_nil(answer)
      assert_hidden(one, err)
      -- the server's complaint about a field brings the argument's value back
      server:fault{ status = 400, json = violation{ field = "invitePurpose", description = "too long" } }
      answer, err = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" }, invite_purpose = one.said }
      assert.is_nil(answer)
      assert_hidden(one, err)
      assert_hidden(one, (select(2, pcall(wix.site_invites.bulk_invite, { [one.said] = 1 }))))
    end
  end)

  it("that a function of the caller's raised or gave as its reason", function()
    local function raise() error("no: " .. secret.said) end
    local _, err = wix.site_invites.bulk_invite(INVITE, { before_send = raise })
    assert.equal("cancelled", err.kind)
    assert_hidden(secret, err)
    for _, transport in ipairs{ raise, function() return nil, secret.said end, function() return secret.said end,
      function() return { status = secret.said } end, function() return { status = 400, body = secret.said } end,
      function() return { curl = { code = 7, text = secret.said } } end } do
      local through <close> = server:client{ transport = transport, retries = 0 }
      _, err = through.site_invites.bulk_invite(INVITE)
      assert_hidden(secret, err)
    end
    local locked <close> = server:client{ api_key = function() return nil, "refused: " .. secret.said end }
    assert_hidden(secret, (select(2, locked.site_invites.bulk_invite(INVITE))))
  end)

  it("of any client, however many there are", function()
    local clients <close> = setmetatable({}, { __close = function(list) for _, one in ipairs(list) do one:close() end end })
    for i = 1, 300 do
      clients[i] = wixum.client{ api_key = ("key-of-client-%d."):format(i), proxy = ("http://me:password-%d.@127.0.0.1:1"):format(i) }
    end
    for i = 1, 300 do
      assert.equal("[masked] and [masked]", core.redact(("key-of-client-%d. and password-%d."):format(i, i)))
    end
  end)

  it("that stands in the text of the chunk that calls", function()
    local one = { name = "a key in a chunk", said = "IST." .. unlike(20, 30) }
    local text = "local key, wix = %q, ... return (select(2, wix.site_invites.resend_invite{ invite_id = %s }))"
    local err = assert(load(text:format(one.said, "'x'")))(wix)
    assert.equal("invalid", err.kind)
    assert_hidden(one, err)
    local done, message = pcall(assert(load(text:format(one.said, "1"))), wix)
    assert.is_false(done)
    assert_hidden(one, message)
  end)

  it("of a proxy whose URL is none", function()
    local password = { name = "the password", said = unlike(21, 48) }
    local half, rest = password.said:sub(1, 24), password.said:sub(25)
    for _, proxy in ipairs{ "http://me:%s/%s@127.0.0.1:1", "http://me:%s#%s@127.0.0.1:1", "http://me:%s?%s@127.0.0.1:1",
      "http://me:%s %s@127.0.0.1:1", "http://me:%s'%s@127.0.0.1:1", "http://me:%s@%s@127.0.0.1:x", "me:%s:%s@127.0.0.1:x",
      "socks5://me:%s/%s@127.0.0.1:1", "foo://me:%s%s@127.0.0.1:1", "http://%s%s@127.0.0.1:x", "http://:%s%s@127.0.0.1:x",
      "foo://me:" .. ("w"):rep(185) .. "%s%s@127.0.0.1:1" --[[ libcurl cuts its words at 256 bytes ]] } do
      local through <close> = wixum.client{ base_url = "https://wixapis.test", api_key = secret.said, site_id = GUID, retries = 0,
        proxy = proxy:format(half, rest) }
      local _, err = through.site_invites.bulk_invite(INVITE)
      assert.equal("network", err.kind)
      assert_hidden(password, err)
    end
  end)
end)

describe("no words show a password of the environment's proxies", function()
  for i, variable in ipairs{ "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" } do
    it(variable, function()
      local secret = { name = variable, said = unlike(30 + i, 30) }
      local server <close> = assert(sandbox.start{ seed = 1 })
      server:fault(ECHOES.message(secret.said))
      local output, code = process.run({ "lua5.4", "-e", [[
        local arguments = { policy_ids = { "1" }, emails = { "ann@example.com" } }
        print((select(2, require("wixum").site_invites.bulk_invite(arguments))))
      ]] }, { env = { [variable] = ("http://me:%s@127.0.0.1:1"):format(secret.said), WIX_API_KEY = server.api_key,
        WIX_SITE_ID = server.site_id, WIXUM_BASE_URL = server.base_url } })
      assert.equal(0, code, output)
      assert.matches("the key [masked] is not known", output, 1, true)
      assert_hidden(secret, output)
    end)
  end
end)

describe("the log", function()
  it("has events and nothing secret, whatever the server says and on_event raises", function()
    for _, secret in ipairs{ SECRETS[1], SECRETS[2], SECRETS[5] } do
      local key = secret.foreign and "IST.c29tZS5vdGhlcg" or secret.said
      local server <close> = assert(sandbox.start{ seed = 1, api_key = key })
      for _, name in ipairs{ "message", "the request id", "the request id of a success", "HTML", "a success that breaks off" } do
        server:fault(ECHOES[name](secret.said))
      end
      local output, code = process.run({ "lua5.4", "-e", [[
        local wix = require("wixum").client{ retries = 0, on_event = function(event) error("heard " .. os.getenv "SECRET") end }
        local made
        for i = 1, 6 do
          local answer, err = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { ("p%d@example.com"):format(i) } }
          print(answer or err, wix)
          made = answer or made
        end
        wix.site_invites.resend_invite({ invite_id = made.invites[1].id }, { on_event = function() error("another") end })
        error((select(2, wix.site_invites.resend_invite{ invite_id = os.getenv "SECRET" })))
      ]] }, { env = { WIXUM_LOG = "debug", WIX_API_KEY = key, SECRET = secret.said, WIX_SITE_ID = server.site_id,
        WIXUM_BASE_URL = server.base_url } })
      assert.equal(1, code) -- the last error is not caught: lua5.4 prints it
      assert_hidden(secret, output)
      assert.matches("\nwixum: start, site_invites.bulk_invite, attempt 1\n", "\n" .. output)
      assert.matches("\nwixum: answer, site_invites.bulk_invite, attempt 1, status 500, unknown, [%d.]+ s", output)
      assert.matches("\nwixum: end, site_invites.resend_invite, attempt 0, not_sent", output)
      assert.matches("lua5.4: site_invites.resend_invite at %(command line%):%d+: invite_id", output)
      local _, heard = output:gsub("wixum: on_event raised: [^\n]*heard", "")
      local _, another = output:gsub("wixum: on_event raised: [^\n]*another", "")
      assert.same({ 1, 1 }, { heard, another }) -- once a function
      assert.is_nil(output:find("ann@", 1, true))
    end
  end)
end)
