-- What a sandbox keeps: its state to a file and back, and its mails as files.

local account = require "spec.support.account"
local cjson = require "cjson"
local here = require "spec.support.here"
local mime = require "mime"
local raw = require "spec.support.raw_client"
local sandbox = require "wixum.sandbox"

local SITE = account.SITE
local folder

before_each(function() folder = here.run("mktemp -d"):match("%S+") end)
after_each(function()
  account.stop()
  os.execute("rm -rf '" .. folder .. "'")
end)

local function mode(path) return here.run(("stat -c %%a '%s'"):format(path)):match("%d+") end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function populated(given)
  local complete = { roles = { { title = "Florist" } }, members = { { email = "mia@example.com", site_id = SITE } }, seats = 9 }
  for name, value in pairs(given or {}) do complete[name] = value end
  local server = account.start(complete)
  account.good("site_invites.bulk_invite", { policyIds = { account.ON_SITE }, emails = { "ann@example.com", "Bob@example.com" },
    invitePurpose = "Schlüssel" })
  server:advance(86400)
  account.invite_to_team("cay@example.com", { account.on_site(account.ON_SITE) })
  account.invite_to_team("dan@example.com")
  assert(server:accept(server:invites()[1]))
  assert(server:accept(server:invites()[4]))
  account.good("contributors.change_contributor_location",
    { accountId = server:contributors()[1].account_id, newLocations = { account.SOUTH } })
  return server
end

-- Everything an owner can see; links without the address that they lead to.
local function seen(server)
  local state = server:state()
  local all = { server:invites(), server:outbox(), server:members(), server:contributors(), server:roles(), state.sites, state.now,
    state.account_id, tostring(state.seed), state.mails }
  local function plain(value)
    if type(value) == "string" then return (value:gsub("^http://[^/]+", "")) end
    if type(value) ~= "table" then return value end
    local copy = {}
    for name, item in pairs(value) do copy[name] = plain(item) end
    return copy
  end
  return plain(all)
end

describe("a state that was saved", function()
  it("is the same again in a sandbox that starts from it", function()
    local one = populated()
    local path = folder .. "/state.json"
    assert.is_true(one:save(path))
    local two <close> = assert(sandbox.start{ state = path, seats = 9 })
    assert.same(seen(one), seen(two))
    assert.equal(one.account_id, two.account_id)
    assert.equal(one.site_id, two.site_id)
    assert.equal(one.api_key, two.api_key)
  end)

  it("goes on as it would have gone on: ids, expiry, the clock, links", function()
    local one = populated()
    local path = folder .. "/state.json"
    assert(one:save(path))
    local function later(server)
      local function bulk(email)
        return cjson.decode(raw.call(server, "/invites/site-invite/bulk",
          ('{"policyIds":["%s"],"emails":["%s"]}'):format(account.ON_SITE, email)).body)
      end
      assert.same({ "bob@example.com" }, bulk("bob@example.com").failedEmails)   -- still pending
      assert.same({ "ann@example.com" }, bulk("ann@example.com").failedEmails)   -- a contributor
      local fresh = bulk("eve@example.com").invites[1]
      local link = server:outbox{ to = "cay@example.com" }[1].accept_link
      assert.equal(server.base_url, link:sub(1, #server.base_url))
      assert(server:accept(link))
      server:advance(29 * 86400 - 1)
      assert.equal("Pending", server:invites{ email = "Bob@example.com" }[1].status)
      server:advance(1)
      assert.equal("Expired", server:invites{ email = "Bob@example.com" }[1].status)
      assert.equal("Pending", server:invites{ email = "eve@example.com" }[1].status)
      return fresh.id
    end
    local two <close> = assert(sandbox.start{ state = path, seats = 9 })
    assert.equal(later(one), later(two))
    assert.same(seen(one), seen(two))
  end)

  it("takes the place of what a running sandbox knew, back in time too", function()
    local server = populated()
    local path = folder .. "/state.json"
    assert(server:save(path))
    local before = seen(server)
    account.invite("eve@example.com")
    server:advance(40 * 86400)
    account.good("users.remove_member", { userId = server:members()[2].id })
    assert.are_not.same(before, seen(server))
    assert.is_true(server:load(path))
    assert.same(before, seen(server))
    assert.equal(3, #account.good("users.search_team", { filter = { roleId = { ["$in"] = { account.ON_ACCOUNT, account.ON_SITE } } } })
      .teamMembers)
    local other = account.start{ account_id = account.NOBODY, seed = 9, sites = { account.NOBODY } }
    assert.is_true(other:load(path))
    assert.equal(account.ID, other.account_id)
    assert.equal(SITE, other.site_id)
    assert.same(before, seen(other))
    account.good("contributors.query_site_contributors")
    account.good("users.search_team")
  end)

  it("is a file for its owner's eyes, written whole over what was there", function()
    local server = populated()
    local path = folder .. "/a 'state'.json"
    write(path, "something else, and longer than it should be" .. ("x"):rep(100000))
    assert(server:save(path))
    assert.equal("600", here.run(('stat -c %%a "%s"'):format(path)):match("%d+"))
    local state = cjson.decode(here.read(path))
    assert.equal(1, state.version)
    assert.is_nil(here.read(path):find(server.api_key, 1, true))
    assert.equal("", here.run(("ls '%s' | grep part"):format(folder)))
  end)

  it("has the real clock go on from where it was", function()
    local server <close> = assert(sandbox.start{})
    server:advance(1000000)
    local path = folder .. "/state.json"
    assert(server:save(path))
    local again <close> = assert(sandbox.start{ state = path })
    local behind = server:now() - again:now()
    assert.is_true(math.abs(behind) < 5)
    local first = again:now()
    assert.is_true(here.eventually(function() return again:now() > first end))
  end)

  it("goes over HTTP without touching a file", function()
    local server = populated()
    local before = seen(server)
    local function control(name, body)
      return assert(raw.call(server, "/_sandbox/" .. name, body,
        { method = body and "POST" or "GET", headers = { authorization = false } }))
    end
    local saved = control("save")
    assert.equal(200, saved.status)
    account.invite("eve@example.com")
    assert.equal(200, control("load", saved.body).status)
    assert.same(before, seen(server))
    assert.equal(405, control("save", "{}").status)
    assert.equal(400, control("load", "{}").status)
    assert.same(before, seen(server))
    for _, name in ipairs{ "members", "contributors", "roles" } do assert.equal(200, control(name).status) end
    assert.equal("ann@example.com", cjson.decode(control("contributors?site_id=" .. SITE).body).contributors[1].email)
    assert.equal(404, control("contributors?site_id=" .. account.NOBODY).status)
  end)
end)

describe("what is no state", function()
  it("is refused, and all stays as it was", function()
    local server = populated()
    local path = folder .. "/state.json"
    assert(server:save(path))
    local good, before = here.read(path), seen(server)
    local state = cjson.decode(good)
    local cases = {
      ["not the state of a sandbox"] = { "", "{", "[]", "{}", "7" },
      ["the state is of version 2, not 1"] = { (good:gsub('"version":1', '"version":2')) },
      ["the state lacks people"] = { (good:gsub('"people":', '"persons":')) },
      ["the state lacks now"] = { (good:gsub('"now":%d+', '"now":"soon"')) },
      ["the state has no site"] = { '{"version":1,"drawn":{},"roles":[],"people":[],"members":[],"sites":[],"invites":[],'
        .. '"account_invites":[],"mails":[],"seed":"1","account_id":"x"}' },
      ["the state is damaged"] = { (good:gsub('"email":"ann@example.com",', "")), (good:gsub('"contributors":', '"people":')) },
    }
    for words, texts in pairs(cases) do
      for _, text in ipairs(texts) do
        write(path, text)
        local loaded, message = server:load(path)
        assert.is_nil(loaded)
        assert.equal(path .. ": " .. words, message)
        assert.same(before, seen(server))
        local started, problem = sandbox.start{ state = path }
        assert.is_nil(started)
        assert.is_truthy(problem:find(words, 1, true), problem)
      end
    end
    assert.is_table(state)
    assert.equal("", server:last_error())
  end)

  it("is told where it cannot be read or written", function()
    local server = account.start()
    local loaded, message = server:load(folder .. "/none.json")
    assert.is_nil(loaded)
    assert.equal(folder .. "/none.json: No such file or directory", message)
    local none, problem = sandbox.start{ state = folder .. "/none.json" }
    assert.is_nil(none)
    assert.equal("state: " .. message, problem)
    local saved
    saved, message = server:save(folder .. "/nowhere/state.json")
    assert.is_nil(saved)
    assert.equal(folder .. "/nowhere/state.json: cannot be written (is its folder there, and may it be written?)", message)
    saved, message = server:save(folder .. "/a\nb")
    assert.is_nil(saved)
    assert.equal("not a path that can be written", message)
    for _, call in ipairs{ function() server:save() end, function() server:load{} end } do
      local done, mistake = pcall(call)
      assert.is_false(done)
      assert.matches("06_sandbox_state_spec%.lua:%d+: server:%a+ needs the path of a file", mistake)
    end
  end)

  it("is not mixed with what it says itself", function()
    local server = account.start()
    local path = folder .. "/state.json"
    assert(server:save(path))
    local said = { seed = 2, account_id = SITE, sites = { SITE }, members = {}, roles = {}, owner = { email = "a@b.example" } }
    for name, value in pairs(said) do
      local done, message = pcall(sandbox.start, { state = path, [name] = value })
      assert.is_false(done)
      assert.matches(("option %s cannot go with state, which says it"):format(name), message)
    end
  end)
end)

-- ---- Mails as files --------------------------------------------------------------------------------------------------

local function files() return here.run(("ls -A '%s'/mails"):format(folder)) end

-- Headers by name (unfolded), and the body, decoded.
local function read_mail(path)
  local text = here.read(path)
  assert.is_nil(text:gsub("\r\n", ""):find("[\r\n]"), "a line ends otherwise than by CRLF")
  for line in text:gmatch("(.-)\r\n") do assert.is_true(#line <= 78, line) end
  assert.is_nil(text:find("[\128-\255]"))
  local head, body = text:match("^(.-\r\n)\r\n(.*)$")
  local headers = {}
  for name, value in head:gsub("\r\n[ \t]", " "):gmatch("([%w-]+): (.-)\r\n") do
    assert.is_nil(headers[name:lower()])
    headers[name:lower()] = value
  end
  assert.equal("quoted-printable", headers["content-transfer-encoding"])
  return headers, (mime.unqp(body))
end

local function decoded(header)
  return (header:gsub("%?= =%?", "?==?"):gsub("=%?UTF%-8%?B%?(.-)%?=", function(word)
    assert.is_true(#word + 12 <= 75)
    return (mime.unb64(word))
  end))
end

describe("the mail folder", function()
  local function start(given)
    local complete = { mail_folder = folder .. "/mails" }
    for name, value in pairs(given or {}) do complete[name] = value end
    return account.start(complete)
  end

  it("gets each mail as a message that only its owner can read", function()
    local server = start()
    local invite = account.good("site_invites.bulk_invite",
      { policyIds = { account.ON_SITE }, emails = { "ann@example.com" }, invitePurpose = "Schlüssel = da\n\nBis morgen " }).invites[1]
    assert.equal("00000001-ann@example.com.eml\n", files())
    local path = folder .. "/mails/00000001-ann@example.com.eml"
    assert.equal("600", mode(path))
    assert.equal("700", mode(folder .. "/mails"))
    local headers, body = read_mail(path)
    assert.equal("Tue, 17 Dec 2024 09:21:41 +0000", headers.date)
    assert.equal("<ann@example.com>", headers.to)
    assert.equal("You are invited to Bakery", headers.subject)
    assert.equal("1.0", headers["mime-version"])
    assert.equal("text/plain; charset=utf-8", headers["content-type"])
    assert.matches("^<[^<>@%s]+@[^<>@%s]+>$", headers["message-id"])
    assert.matches("<.+@.+>$", headers.from)
    local lines = {}
    for line in body:gmatch("(.-)\r\n") do lines[line] = true end
    assert.is_true(lines[invite.acceptLink], body)
    assert.is_true(lines["Schlüssel = da"])
    assert.is_true(lines["Bis morgen "])
    assert.equal(invite.acceptLink, server:outbox()[1].accept_link)
  end)

  it("is in order by name, resent mails and those of the account too", function()
    start()
    local invite = account.invite("ann@example.com")
    account.good("site_invites.resend_invite", { inviteId = invite.id })
    account.invite_to_team("o'hara/x@example.com")
    assert.equal("00000001-ann@example.com.eml\n00000002-ann@example.com.eml\n00000003-o_hara_x@example.com.eml\n", files())
    -- what is there stays there
    local twin <close> = assert(sandbox.start{ seed = 1, mail_folder = folder .. "/mails" })
    assert(twin:client().site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } })
    assert.is_truthy(read_mail(folder .. "/mails/00000001-ann@example.com-2.eml").subject)
    assert.equal("Reminder: You are invited to Bakery", read_mail(folder .. "/mails/00000002-ann@example.com.eml").subject)
    assert.equal("You are invited to a team", read_mail(folder .. "/mails/00000003-o_hara_x@example.com.eml").subject)
  end)

  it("speaks the language of the mail where it can", function()
    start{ owner_language = "de-CH" }
    account.invite("ann@example.com")
    for email, language in pairs{ ["bob@example.com"] = "fr", ["cay@example.com"] = "x\r\ny" } do
      account.good("site_invites.bulk_invite",
        { policyIds = { account.ON_SITE }, emails = { email }, defaultEmailLanguage = language })
    end
    local headers, body = read_mail(folder .. "/mails/00000001-ann@example.com.eml")
    assert.equal("Sie sind zu Bakery eingeladen", headers.subject)
    assert.equal("de-CH", headers["content-language"])
    assert.matches("Hier nehmen Sie die Einladung an:", body)
    headers = read_mail((here.run(("ls '%s'/mails/*bob*"):format(folder)):gsub("\n", "")))
    assert.equal("Vous êtes invité à Bakery", decoded(headers.subject))
    headers = read_mail((here.run(("ls '%s'/mails/*cay*"):format(folder)):gsub("\n", "")))
    assert.equal("You are invited to Bakery", headers.subject)
    assert.is_nil(headers["content-language"])
  end)

  it("has headers of any site's name in them, encoded, folded, and nothing smuggled in", function()
    local names = { "Bäckerei \u{1f950} " .. ("Größe "):rep(40), "a\r\nBcc: evil@example.com", "=?UTF-8?B?eA==?=", ("x"):rep(300) }
    for _, name in ipairs(names) do
      start{ sites = { { id = SITE, name = name } } }
      account.invite("ann@example.com")
      local headers, body = read_mail(folder .. "/mails/00000001-ann@example.com.eml")
      assert.equal("You are invited to " .. name, decoded(headers.subject))
      assert.is_nil(headers.bcc)
      assert.is_truthy(body:find((name:gsub("\r\n", "\n"):gsub("\n", "\r\n")), 1, true))
      os.remove(folder .. "/mails/00000001-ann@example.com.eml")
    end
  end)

  it("is where it was named, also when the process goes elsewhere", function()
    local script = ([[
      local uv = require "luv"
      assert(uv.chdir(%q))
      local server = assert(require("wixum.sandbox").start{ mail_folder = "here" })
      assert(uv.chdir("/"))
      local wix = server:client()
      assert(wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } })
      server:stop()
    ]]):format(folder)
    write(folder .. "/script.lua", script)
    assert.equal("", here.run(("lua5.4 '%s/script.lua' 2>&1"):format(folder)))
    assert.is_string(here.read(folder .. "/here/00000001-ann@example.com.eml"))
  end)

  it("that cannot be is told at the start", function()
    write(folder .. "/file", "")
    local server, message = sandbox.start{ mail_folder = folder .. "/file" }
    assert.is_nil(server)
    assert.equal(("mail_folder: %s/file: is not a folder that can be made or written"):format(folder), message)
  end)

  it("that goes away stops nothing; the state says so", function()
    local server = start()
    assert.is_nil(server:state().mail_problem)
    os.execute(("rm -rf '%s/mails'"):format(folder))
    account.invite("ann@example.com")
    assert.equal(1, #server:outbox())
    assert.matches("00000001%-ann@example%.com%.eml: cannot be written", server:state().mail_problem)
  end)
end)

-- ---- What an account begins with ------------------------------------------------------------------------------------

describe("an account", function()
  it("begins with what it is told, the same from the same seed", function()
    local members = { { email = "mia@example.com", name = { first_name = "Mia" }, roles = { "Website Manager", "7" } },
      { email = "max@example.com", policy_ids = { account.ON_SITE }, site_id = SITE } }
    local server = account.start{ members = members }
    local before = seen(server)
    local mia, max = server:members()[2], server:members()[3]
    assert.same({ first_name = "Mia", last_name = "" }, mia.name)
    assert.same({ account.ANYWHERE, "7" }, { mia.assignments[1].policy_id, mia.assignments[2].policy_id })
    assert.equal(SITE, max.assignments[1].restrictions.site.id)
    assert.equal(account.ID, server:members()[1].account_id)
    assert.same(before, seen(account.start{ members = members }))
    assert.are_not.equal(mia.id, account.start{ members = members, seed = 2 }:members()[2].id)
  end)

  it("has the same key from the same seed, whatever else is given", function()
    local keys = {}
    for _, given in ipairs{ {}, { sites = { SITE } }, { account_id = account.ID }, { sites = { SITE }, account_id = account.ID } } do
      given.seed = 5
      local server <close> = assert(sandbox.start(given))
      keys[#keys + 1] = server.api_key
    end
    for i = 2, #keys do assert.equal(keys[1], keys[i]) end
  end)

  it("takes seeds of all sizes", function()
    for _, seed in ipairs{ math.maxinteger, math.mininteger, -1, 0, "word" } do
      local one <close> = assert(sandbox.start{ seed = seed, start_time = 0 })
      local two <close> = assert(sandbox.start{ seed = seed, start_time = 0 })
      assert.same(one:members(), two:members())
      assert.equal(one.site_id, one:state().sites[1].id)
    end
    local one <close> = assert(sandbox.start{ seed = math.maxinteger })
    local two <close> = assert(sandbox.start{ seed = math.maxinteger - 1 })
    assert.are_not.equal(one:members()[1].id, two:members()[1].id)
  end)

  local mistakes = {
    ["option members must be a list of members; item 1 must be a table with account_id, assignments, email, "
      .. "joined_team_at, name, policy_ids, profile_image, roles, site_id, user_id, at least email"] = { members = { {} } },
    ["option members must be a list of members; item 2 must be a table with account_id, assignments, email, "
      .. "joined_team_at, name, policy_ids, profile_image, roles, site_id, user_id, "
      .. "where email is an e-mail address"] = { members = { { email = "a@b.example" }, { email = "a" } } },
    ['option members must be a list of members; item 1 must be a table with account_id, assignments, email, '
      .. 'joined_team_at, name, policy_ids, profile_image, roles, site_id, user_id, '
      .. 'not rolls (did you mean "roles"?)'] = { members = { { email = "a@b.example", rolls = {} } } },
    ["option roles must be a list of roles; item 1 must be a table with description, editor_types, id, restrict_from_level, title, titles, "
      .. "where id is a role id: digits, in quotes"] = { roles = { { title = "x", id = 7 } } },
    ["option owner must be a table with assignments, email, joined_team_at, name, profile_image, user_id, at least email"] = { owner = {} },
    ["option permissions must be a list of permissions"] = { permissions = { read = true } },
    ['option permissions must be a list of permissions; item 1 must be "Manage Contributors" or "Manage Team Members" or '
      .. '"none is listed" or "Basic Team Member" or "Read Site Data"'] = { permissions = { "manage contributors" } },
    ["option sites_page_size must be an integer from 1 to 100"] = { sites_page_size = 101 },
    ["option mail_folder must be a text"] = { mail_folder = true },
    ["option state must be what server:save wrote: not the state of a sandbox"] = { state = 7 },
  }
  for words, options in pairs(mistakes) do
    it("is not begun with a mistake: " .. words, function()
      local done, message = pcall(sandbox.start, options)
      assert.is_false(done)
      assert.equal("sandbox.start: " .. words, message:match("sandbox%.start: .*"))
    end)
  end
end)
