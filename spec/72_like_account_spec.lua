-- A sandbox that is like an account: what is in the copy, what left for it, what goes wrong on the way. Another sandbox plays the
-- account.

local cjson = require "cjson"
local declaration = require "wixum.declaration"
local here = require "spec.support.here"
local json = require "wixum.sandbox.json"
local like_account = require "wixum.sandbox.like_account"
local process = require "spec.support.process"
local raw = require "spec.support.raw_client"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.ledger"

local WIXUM = os.getenv("WIXUM_SPEC_BUILD") .. "/bin/wixum"
local COUNT = 230
local DAY = 86400
local function id_of(number) return ("%08x-2222-4333-8444-555555555555"):format(number) end
local ACCOUNT = "00000000-0000-4000-8000-0000000000cc"
local CUSTOMER, TWIN = "abcdef01-0000-4000-8000-000000000001", "abcdef01-0000-4000-8000-000000000002" -- they begin alike
local ON_ACCOUNT, ANYWHERE = "6642345101181663232", support.ROLE.id
local OWN_ROLE = "7000000000000000001"

local HOSTILE = { "<script>alert(1)</script>", "=HYPERLINK(\"http://x.example\")", "a\27[31mb\0c", "Bäckerei Süß", "花屋 «ß»",
  ("x"):rep(5000), "gpj\u{202e}exe" }

local source, wix, copy
local opened

before_each(function() opened = {} end)
after_each(function()
  for i = #opened, 1, -1 do opened[i]:stop() end
end)

local function keep(server)
  opened[#opened + 1] = server
  return server
end

-- Sites of which some are called alike, some are odd in other ways.
local function sites()
  local list = {}
  for i = 1, COUNT do
    list[i] = { id = id_of(i), name = i <= #HOSTILE and HOSTILE[i] or i % 10 == 0 and "Twin" or "Site " .. i, contributors = {} }
    if i % 3 == 0 then list[i].contributors[1] = { email = ("customer%d@example.com"):format(i % 20) } end
  end
  list[11].trashed, list[12].published, list[13].namespace = "2024-12-17T09:21:41.000Z", false, "HEADLESS"
  list[14].folder_id, list[15].blocked, list[16].editor_type = "folder-1", true, "EDITORX"
  list[17].name, list[17].display_name, list[18].view_url = "in-addresses", "For People", "https://www.florist.example/de"
  list[19].view_url, list[20].editor_type, list[21].owner_account_id = false, false, CUSTOMER
  list[22].contributors = { { account_id = ACCOUNT }, { account_id = CUSTOMER }, { account_id = TWIN } }
  list[23].contributors = { { account_id = TWIN }, { account_id = CUSTOMER } }
  return list
end

-- An account with everything in it, 31 days after the first invites were sent; on a clock that stands, unless it is a real one.
local function play_account(real_clock)
  local given = {
    seed = 5, account_id = ACCOUNT, start_time = not real_clock and support.START or nil, sites = sites(),
    roles = { { id = OWN_ROLE, title = "Florist <b>", description = "Sells \"flowers\"", titles = { de = "Blumenladen" } },
      { title = "Website Manager", restrict_from_level = "Account" } },
    members = { { email = "ann@example.com", name = "Ann Smith", roles = { "Website Manager" }, site_id = id_of(4) },
      { email = "bob@example.com", name = { first_name = "Bob" }, joined_team_at = "2024-01-02T03:04:05.678Z" } },
  }
  for i = 1, 60 do given.members[#given.members + 1] = { email = ("m%d@example.com"):format(i), roles = { OWN_ROLE } } end
  source = keep(assert(sandbox.start(given)))
  wix = source:client()
  local function invite(email, assignments)
    local sent = assert(wix.account_invites.create_invite{
      subjects_assignments = { { subject_email = email, assignments = assignments } } })
    return assert(sent.successful_invites[1])
  end
  local function on(site) return { full_name_resource = { site_context = { metasite_id = site } } } end
  invite("late@example.com", { { policy_id = ON_ACCOUNT } })
  source:advance(31 * DAY)
  invite("open@example.com", { { policy_id = ANYWHERE, assignments = { on(id_of(1)), on(id_of(2)) } }, { policy_id = OWN_ROLE } })
  source:decline(invite("no@example.com", { { policy_id = ON_ACCOUNT } }))
  source:accept(invite("yes@example.com", { { policy_id = ON_ACCOUNT } }))
  assert(wix.users.update_team_member_assignments{ user_id = source:members{ email = "bob@example.com" }[1].id,
    assignment_ids_to_remove = {}, new_assignments = { { policy_id = ANYWHERE, restrictions = { conditions = { conditions = {
      { condition_type = "FOLDER", id = "folder-1", value = "/Kunden" } } } } } } })
  source:requests_clear()
end

-- What was read, as a sandbox on the clock of the account.
local function start_copy(options)
  options.start_time = source:now()
  copy = keep(assert(sandbox.start(options)))
  return copy:client()
end

local function plain(value)
  if type(value) ~= "table" then return value end
  local result = {}
  for name, item in next, value do result[name] = plain(item) end
  return result
end

-- All that the public calls tell of an account, without links, of which the copy has its own; and these.
local function told_of(client)
  local told, links = { sites = {}, all = {}, team = {}, contributors = {}, roles = {} }, {}
  for site in client.sites.each_site() do told.sites[#told.sites + 1] = plain(site) end
  local every = { filter = { namespace = { ["$in"] = { "WIX", "HEADLESS" } } } }
  for site in client.sites.each_site{ query = every } do told.all[#told.all + 1] = plain(site) end
  for entry in client.users.each_member() do
    entry = plain(entry)
    if entry.invite then links[#links + 1], entry.invite.accept_link = entry.invite.accept_link, nil end
    told.team[#told.team + 1] = entry
  end
  for _, filter in ipairs{ "ALL", "SITE_LEVEL", "ACCOUNT_LEVEL" } do
    for _, locale in ipairs{ "en", "de" } do
      told.roles[filter .. locale] = plain(assert(client.users.get_roles_info{ locale = locale, filter = { role_level = filter } }))
    end
  end
  for _, number in ipairs{ 1, 3, 6, 22, 23, COUNT } do
    local answer = assert(client:with{ site_id = id_of(number) }.contributors.query_site_contributors())
    told.contributors[number] = {}
    for i, contributor in ipairs(answer.contributors) do told.contributors[number][i] = contributor.account_id end
  end
  return told, links
end

describe("a sandbox like an account #pure", function()
  it("tells the same of sites, roles, team and contributors, and had it by reads alone", function()
    play_account()
    local before, outline
    local options, found = assert(like_account(wix, { locale = "de-AT", before = function(what)
      outline, before = what, #source:requests()
    end }))
    local effects = {}
    for _, operation in ipairs(declaration.operations()) do effects[operation.full_name] = operation.effect end
    local requests = source:requests()
    for _, request in ipairs(requests) do assert.equal("read", effects[request.operation], request.path) end
    assert.same({ sites = COUNT, team = 67, calls = 8, seconds = 0 }, outline)
    assert.equal(2, before)
    assert.equal(before + outline.calls, #requests)
    assert.same({ sites = COUNT, roles = 15, members = 64, invites = 3, contributors = 22, left_out = 0, owner = true }, found)

    local expected, their_links = told_of(wix)
    local client = start_copy(options)
    local told, links = told_of(client)
    assert.equal(COUNT, #told.all)
    assert.equal(COUNT - 1, #told.sites)
    assert.equal(67, #told.team)
    for name, value in pairs(expected) do assert.same(value, told[name], name) end
    assert.same({ "in-addresses", "For People", CUSTOMER }, { told.all[17].name, told.all[17].display_name, told.all[21].owner_account_id })
    assert.is_nil(told.all[19].view_url)
    assert.is_nil(told.all[20].editor_type)
    assert.equal("Blumenladen", told.roles.ALLde.custom_roles[1].title)
    assert.same({ ACCOUNT, CUSTOMER, TWIN }, told.contributors[22])

    -- nothing by which somebody could act in the account
    local all = json.encode(options) .. json.encode(client.users.search_team{})
    assert.is_nil(all:find(source.api_key, 1, true))
    assert.are_not.equal(source.api_key, copy.api_key)
    for i, link in ipairs(their_links) do
      assert.is_nil(all:find(link, 1, true))
      assert.equal(copy.base_url, links[i]:sub(1, #copy.base_url))
    end
    assert.same({}, copy:outbox())
  end)

  it("knows no more of contributors than it was told", function()
    play_account()
    start_copy(assert(like_account(wix)))
    local owner, one, other = table.unpack(copy:contributors(id_of(22)))
    assert.same({ "owner@example.com", "6601492336091027458" }, { owner.email, owner.roles[1].role_id })
    assert.equal("account-abcdef01@rehearsal.invalid", one.email)
    assert.equal("account-" .. TWIN .. "@rehearsal.invalid", other.email)
    assert.same({}, one.roles)
    assert.equal(one.account_owner_id, copy:contributors(id_of(23))[2].account_owner_id) -- one person, wherever
    assert.equal(1, #copy:members{ account_id = ACCOUNT })
  end)

  it("is the same again from a file, and stays strict", function()
    play_account()
    local client = start_copy(assert(like_account(wix, { locale = "de" })))
    local path = support.temporary()
    assert(copy:save(path))
    local again <close> = assert(sandbox.start{ state = path })
    os.remove(path)
    assert.same((told_of(client)), (told_of(again:client())))
    for _, server in ipairs{ copy, again } do
      local answer, err = server:client{ site_id = id_of(999) }.contributors.query_site_contributors()
      assert.is_nil(answer)
      assert.equal("forbidden", err.kind)
    end
  end)

  it("goes on as the account would: roles, invites, expiry", function()
    play_account()
    local client = start_copy(assert(like_account(wix)))
    local sent = assert(client:with{ site_id = id_of(4) }.site_invites.bulk_invite{ policy_ids = { OWN_ROLE },
      emails = { "new@example.com" } })
    assert.equal("Pending", sent.invites[1].status)
    for _, invite in ipairs(source:invites()) do assert.are_not.equal(invite.id, sent.invites[1].id) end
    local function to_team(email)
      local answer = assert(client.account_invites.create_invite{ subjects_assignments = {
        { subject_email = email, assignments = { { policy_id = ON_ACCOUNT } } } } })
      return answer.failed_invites[1] and answer.failed_invites[1].error_message
    end
    assert.equal("Already invited", to_team("open@example.com"))
    assert.equal("Already a member of the team", to_team("ann@example.com"))
    local open = copy:invites{ email = "open@example.com" }[1]
    copy:advance(29 * DAY)
    assert.equal("Pending", copy:invites{ email = "open@example.com" }[1].status)
    assert(copy:accept(open))
    local granted = copy:members{ email = "open@example.com" }[1].assignments
    assert.same({ { site = { id = id_of(1), value = HOSTILE[1] } }, { site = { id = id_of(2), value = HOSTILE[2] } } },
      { granted[1].restrictions, granted[2].restrictions })
    assert.is_nil(granted[3].restrictions)
    assert(client.users.remove_member{ user_id = source:members{ email = "bob@example.com" }[1].id })
    local stays, err = client.users.remove_member{ user_id = source:members()[1].id }
    assert.is_nil(stays)
    assert.equal("forbidden", err.kind)
  end)

  it("lets what is open run out in the order of its dates", function()
    local function invite(email, created, expires)
      return { email = email, date_created = created, expiration_date = expires }
    end
    local server = keep(assert(sandbox.start{ start_time = 1709200800, account_invites = { -- 2024-02-29T10:00:00Z
      invite("c@example.com", "2024-02-28T10:00:00Z"), invite("b@example.com", nil, "2024-03-02T00:00:00.000Z"),
      invite("a@example.com", nil, "2024-03-01T00:00:00.500Z"), { email = "d@example.com", status = "Declined" } } }))
    local function states()
      local list = {}
      for i, one in ipairs(server:invites()) do list[i] = one.status:sub(1, 1) end
      return table.concat(list)
    end
    assert.equal("PPPD", states())
    server:advance(14 * 3600 + 0.4)
    assert.equal("PPPD", states())
    server:advance(0.2)
    assert.equal("PPED", states())
    server:advance(DAY)
    assert.equal("PEED", states())
    assert.equal("2024-03-29T10:00:00.000Z", server:invites()[1].expiration_date)
    server:advance(30 * DAY)
    assert.equal("EEED", states())
  end)

  it("has a page on which all of that is text", function()
    play_account()
    local client = start_copy(assert(like_account(wix)))
    assert.is_truthy(client)
    local as_a_browser = { method = "GET", headers = { authorization = false, ["wix-site-id"] = false, ["content-type"] = false } }
    local page = assert(raw.call(copy, "/", nil, as_a_browser)).body
    assert.is_nil(page:find("<script>alert", 1, true))
    assert.is_truthy(page:find("account-abcdef01@rehearsal.invalid", 1, true))
    assert.matches("sites in folder /Kunden", page, 1, true)
    local invited = page:match('id="account_invites"(.-)</section>'):match("open@example.com.-</tr>"):gsub("<[^<>]*>", "")
    assert.matches("Website Manager on &lt;script&gt;alert(1)&lt;/script&gt;, Website Manager on =HYPERLINK", invited, 1, true)
  end)
end)

describe("an account that is odd #pure", function()
  local function strange(operation, answer)
    source:fault{ operation = operation, times = "always", json = answer }
  end
  before_each(function()
    source = keep(assert(sandbox.start{ seed = 5, account_id = ACCOUNT, sites = { id_of(1) } }))
    wix = source:client()
  end)

  it("is copied as far as it can be, and nothing grants more than it does there", function()
    strange("sites.query_sites", { sites = {
      { id = "nowhere", displayName = "No id" }, { id = id_of(1):upper(), name = "", displayName = "", trashedDate = "soon" },
      { id = id_of(1), displayName = "Again" },
      { id = id_of(2), name = "plain", viewUrl = "two words", published = "yes", namespace = "A B", trashedDate = "",
        contributorAccountIds = { "x\",\"y", TWIN, TWIN, 7 }, ownerAccountId = "\"", premium = true, appIds = { "a", "b" } },
      { id = id_of(3), displayName = "Shown", trashedDate = "2025-01-01T02:00:00+02:00" },
    }, metadata = { hasNext = false } })
    strange("users.get_roles_info", { predefinedRoles = { { id = "six", title = "No id" }, { id = "12", restrictFromLevel = "Moon" },
      { id = 13, title = "A number" } }, customRoles = { { id = "12", title = "Again" } } })
    local function member(id, assignment, email)
      return { user = { id = id_of(id), email = email, joinedTeamAt = "yesterday", assignments = { assignment } } }
    end
    local team = { teamMembers = {
      member(101, { policyId = "12", restrictions = { newKind = { id = "x" } } }, "ann@example.com"),
      member(102, { policyId = "12", restrictions = { site = { id = "not a guid" } } }, "ann@example.com"), -- of the same address
      member(103, { policyId = "12", restrictions = { resource = { resourceType = "PLANET", id = "earth" } } }),
      member(104, { policyId = "12", restrictions = { conditions = { conditions = { { conditionType = "TAG" } } } } }, "no address"),
      member(105, { policyId = "6601492336091027458", restrictions = { site = { id = id_of(1) } } }, "one@example.com"), -- no owner
      { user = { email = "nameless@example.com" } }, { user = { name = { firstName = "No address, no id" } } }, {},
      { invite = { id = id_of(201), status = "Pending", assignments = { { policyId = "12" } } } },
      { invite = { id = id_of(202), email = "x@example.com", status = "Dormant" } },
    } }
    source:fault{ operation = "users.search_team", times = 2, json = team }
    source:fault{ operation = "users.search_team", times = "always", body = '{"teamMembers":[]}' }
    local options, found = assert(like_account(wix))
    assert.same({ sites = 3, roles = 2, members = 6, invites = 1, contributors = 1, left_out = 3, owner = false }, found)
    source:faults_clear()
    local client = start_copy(options)
    local list = plain(assert(client.sites.query_sites{ query = {} }).sites)
    assert.equal(3, #list)
    assert.same({ id_of(1), "Site 1" }, { list[1].id, list[1].display_name })
    assert.matches("^20%d%d%-", list[1].trashed_date) -- in the trash, whenever that was
    assert.same({ "plain", "plain", ACCOUNT, true, "WIX" },
      { list[2].name, list[2].display_name, list[2].owner_account_id, list[2].published, list[2].namespace })
    assert.is_nil(list[2].view_url)
    assert.is_nil(list[2].trashed_date)
    assert.same({ TWIN }, list[2].contributor_account_ids)
    assert.same({ "Shown", "2025-01-01T00:00:00.000Z" }, { list[3].display_name, list[3].trashed_date })
    assert.equal(1, #assert(client.sites.query_sites{ query = { filter = { premium = true, appIds = { ["$hasSome"] = { "b" } } } } }).sites)
    local roles = assert(client.users.get_roles_info())
    assert.same({ "12", "NoRestriction", "A number" },
      { roles.predefined_roles[1].title, roles.predefined_roles[1].restrict_from_level, roles.predefined_roles[2].title })
    assert.same({}, roles.custom_roles)
    local members = {}
    for entry in client.users.each_member() do
      local one = plain(entry.user or entry.invite)
      members[#members + 1] = { one.email, one.assignments[1] and one.assignments[1].restrictions or "everything" }
    end
    local unknown = { conditions = { conditions = { { condition_type = "UNKNOWN_CONDITION_TYPE", id = "unknown" } } } }
    assert.same({
      { "account-00000000@rehearsal.invalid", "everything" },
      { "ann@example.com", unknown }, { "ann@example.com", unknown },
      { "user-00000067@rehearsal.invalid", { resource = { resource_type = "UNKNOWN_RESOURCE_TYPE", id = "earth" } } },
      { "user-00000068@rehearsal.invalid", unknown }, { "one@example.com", { site = { id = id_of(1) } } },
      { "nameless@example.com", "everything" }, { "invite-000000c9@rehearsal.invalid", "everything" },
    }, members)
  end)

  it("is none without a site", function()
    source:fault{ operation = "sites.query_sites", times = "always", body = '{"sites":[],"metadata":{"hasNext":false}}' }
    local options, err = like_account(wix)
    assert.is_nil(options)
    assert.same({ "invalid", "refused" }, { err.kind, err.outcome })
    assert.matches("no site that could be copied", tostring(err))
  end)
end)

describe("reading an account that fails #pure", function()
  before_each(function() play_account() end)

  local function failing(fault, given)
    source:fault(fault)
    local options, err = like_account(source:client(given))
    assert.is_nil(options)
    return err
  end

  it("is an error, whichever call it is", function()
    for _, operation in ipairs{ "sites.count_sites", "sites.query_sites", "users.get_roles_info" } do
      for status, kind in pairs{ [401] = "unauthenticated", [403] = "forbidden", [400] = "rejected" } do
        assert.equal(kind, failing{ operation = operation, status = status }.kind)
      end
    end
    -- of a page that is not the first: nothing ends early in silence
    local err = failing({ operation = "sites.query_sites", status = 500, after = 1, times = "always" }, { retries = 0 })
    assert.same({ "server", "sites.query_sites" }, { err.kind, err.operation })
    source:faults_clear()
    err = failing({ operation = "users.search_team", status = 500, after = 1, times = "always" }, { retries = 0 })
    assert.same({ "server", "users.search_team" }, { err.kind, err.operation })
    source:faults_clear()
    err = failing({ status = 429, headers = { ["Retry-After"] = "1000" } }, { max_wait = 1 })
    assert.equal("rate_limited", err.kind)
    source:stop()
    local options
    options, err = like_account(wix)
    assert.is_nil(options)
    assert.equal("not_sent", err.outcome)
  end)

  it("goes on without the team, where the key may not read that", function()
    for after = 0, 1 do -- refused at once, or in the middle
      source:fault{ operation = "users.search_team", status = 403, after = after, times = "always" }
      local options, found = assert(like_account(wix))
      assert.equal("forbidden", found.team_refused.kind)
      assert.same({ COUNT, 0, 0, false }, { found.sites, found.members, found.invites, found.owner })
      source:faults_clear()
      start_copy(options)
      assert.same({ "account-00000000@rehearsal.invalid" }, { copy:members()[1].email, copy:members()[2] })
      assert.equal("account-00000000@rehearsal.invalid", copy:contributors(id_of(22))[1].email)
    end
  end)

  it("raises for what is no client", function()
    local done, message = pcall(like_account, {})
    assert.is_false(done)
    assert.matches("72_like_account_spec%.lua:%d+: like_account takes a client, not a table", message)
  end)
end)

describe("wixum, with --like-account #pure", function()
  local folder, env, child

  before_each(function()
    play_account(true)
    folder = here.run("mktemp -d"):match("%S+")
    env = { WIXUM_BASE_URL = source.base_url, WIX_API_KEY = source.api_key, WIX_ACCOUNT_ID = ACCOUNT, HOME = folder }
  end)
  after_each(function()
    if child and not child.code then child:kill("sigkill") end
    if child then child:wait() end
    child = nil
    os.execute("rm -rf " .. folder)
  end)

  local function run(...) return process.run({ WIXUM, ... }, { env = env, cwd = folder }) end

  local function write(name, ...)
    local file <close> = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(table.concat({ ... }, "\n"), "\n")
  end

  local function start(...)
    child = process.start({ WIXUM, ... }, { env = env, cwd = folder })
    return child
  end

  it("sandbox: serves a copy, keeps it, and does not copy over it", function()
    start("sandbox", "--like-account", "--locale", "de", "--state", "copy.json")
    child:expect("export WIX_API_KEY=[^\n]+\n")
    child:expect("Ctrl%-C ends it")
    local output = child.output
    assert.matches("SANDBOX like " .. source.base_url .. ", account " .. ACCOUNT .. "\nReading 230 sites, the roles and the team (67): "
      .. "8 calls, at least 0 s. Nothing but reads leaves.\nLike the account: 230 sites, 15 roles, 64 members and 3 invites to the team. "
      .. "No call tells addresses and roles of 22 contributors: they are called account-…@rehearsal.invalid. Nobody is mailed.\n",
      output, 1, true)
    assert.is_nil(output:find(source.api_key, 1, true))
    local settings = { base_url = output:match("WIXUM_BASE_URL=(%S+)"), api_key = output:match("WIX_API_KEY=(%S+)"),
      account_id = output:match("WIX_ACCOUNT_ID=(%S+)"), rate = false }
    assert.equal(ACCOUNT, settings.account_id)
    local client <close> = require("wixum").client(settings)
    assert.same((told_of(wix)), (told_of(client)))
    child:kill("sigint")
    assert.equal(3, (child:wait()))
    assert.equal("600", here.run(("stat -c %%a %s/copy.json"):format(folder)):match("%d+"))
    output = here.read(folder .. "/copy.json")
    assert.is_nil(output:find(source.api_key, 1, true))

    local text, code = run("sandbox", "--like-account", "--state", "copy.json")
    assert.equal(2, code)
    assert.matches("copy.json holds a sandbox already, which would not be the same any more: leave --like-account out", text, 1, true)
    assert.equal(output, here.read(folder .. "/copy.json"))
    text, code = run("sandbox", "--locale", "de")
    assert.equal(2, code)
    assert.matches("it goes with --like-account", text, 1, true)
  end)

  it("sandbox: says what went wrong, and starts nothing", function()
    env.WIX_API_KEY = "wrong"
    local output, code = run("sandbox", "--like-account", "--state", "copy.json")
    assert.equal(4, code)
    assert.matches("^SANDBOX like [^\n]*\nwixum: sites.count_sites: the service answered 401", output)
    env.WIX_API_KEY = false
    output, code = run("sandbox", "--like-account")
    assert.equal(2, code)
    assert.matches("there is no API key. Set WIX_API_KEY", output, 1, true)
    env.WIX_API_KEY = source.api_key
    for _, signal in ipairs{ "sigint", "sigterm" } do
      source:requests_clear()
      source:fault{ operation = "sites.query_sites", delay = 600, after = 1 }
      start("sandbox", "--like-account", "--state", "copy.json")
      process.eventually("the call that hangs", function() return #source:requests{ operation = "sites.query_sites" } == 2 end)
      child:kill(signal)
      assert.equal(3, (child:wait()))
      assert.matches("Interrupted.", child.output, 1, true)
      assert.is_nil(child.output:find("export", 1, true))
      assert.equal("", here.run("ls " .. folder))
    end
  end)

  it("sandbox: tells that the team may not be read, and goes on", function()
    source:fault{ operation = "users.search_team", status = 403, times = "always" }
    start("sandbox", "--like-account")
    child:expect("Ctrl%-C ends it")
    assert.matches("Reading 230 sites, the roles and not the team: 4 calls", child.output, 1, true)
    assert.matches("wixum: the key may not read the team, so that nobody is in the sandbox's but a stand-in for the owner: "
      .. "users.search_team", child.output, 1, true)
  end)

  it("says how long the pace makes it last", function()
    source:fault{ operation = "users.get_roles_info", status = 400 }
    local output = run("--rate", "4/60", "sandbox", "--like-account")
    assert.matches("7 calls, at least 2 min", output, 1, true)
  end)

  it("--sandbox: a rehearsal under the operator's own names, from there on its own", function()
    write("customers.csv", "site,email,role", "Bäckerei Süß,eve@example.com,Blumenladen", "for people,eve@example.com,Florist <b>")
    local output, code = run("--sandbox", "--like-account", "plan", "customers.csv", "--locale", "de")
    assert.equal(2, code, output) -- the one title is English
    assert.matches('there is no role "Florist <b>"', output, 1, true)
    assert.matches("^SANDBOX like http[^\n]*\nReading[^\n]*\nLike the account:[^\n]*\nSANDBOX http://127%.0%.0%.1:%d+\n", output)
    output, code = run("--sandbox", "--like-account", "plan", "customers.csv")
    assert.equal(2, code)
    assert.matches("the ledger wixum-sandbox.db has a sandbox already, which would not be the same any more: leave --like-account out",
      output, 1, true)

    env.WIXUM_BASE_URL = false -- what is acted on now is the copy alone
    local before = #source:requests()
    write("customers.csv", "site,email,role", "Bäckerei Süß,eve@example.com,Florist <b>", "for people,eve@example.com,Florist <b>")
    output, code = run("--sandbox", "invite", "customers.csv")
    assert.equal(0, code, output)
    assert.matches("2 mails sent in 2 calls.", output, 1, true)
    output = run("--sandbox", "sites", "--csv")
    assert.equal(1 + COUNT, select(2, output:gsub("\r\n", ""))) -- with the header
    -- a mistyped id is one here too
    write("customers.csv", "site,email,role", id_of(999) .. ",eve@example.com,Florist <b>")
    output, code = run("--sandbox", "plan", "customers.csv")
    assert.equal(2, code)
    assert.matches("the account has no site with this id", output, 1, true)
    assert.equal(before, #source:requests())
    for _, request in ipairs(source:requests()) do assert.is_nil(request.operation:find("invite", 1, true)) end
    assert.equal(1, #source:outbox{ to = "open@example.com" }) -- of the account itself, from before
    assert.same({}, source:outbox{ to = "eve@example.com" })
  end)

  it("--sandbox: leaves alone what is live, or was used with another sandbox", function()
    write("customers.csv", "site,email,role", "Bäckerei Süß,eve@example.com,Florist <b>")
    local output, code = run("plan", "customers.csv")
    assert.equal(0, code, output)
    local other = keep(assert(sandbox.start{ seed = 6 }))
    output, code = run("--sandbox", "--like-account", "--ledger", "wixum.db", "resume")
    assert.equal(2, code, output)
    assert.matches("the ledger wixum.db has a sandbox already", output, 1, true)
    local db = require("wixum.ledger.database").open(folder .. "/wixum.db")
    db:run("UPDATE settings SET value = 'https://www.wixapis.com' WHERE name = 'base_url'")
    db:close()
    source:requests_clear()
    output, code = run("--sandbox", "--like-account", "--ledger", "wixum.db", "plan", "customers.csv")
    assert.equal(2, code)
    assert.matches("--sandbox leaves it alone", output, 1, true)
    output, code = run("--like-account", "plan", "customers.csv")
    assert.equal(2, code)
    assert.matches("say --sandbox too", output, 1, true)
    assert.same({}, source:requests())
    assert.same({}, other:requests())
    assert.equal("customers.csv\nwixum.db\n", here.run("ls " .. folder))
  end)

  it("--sandbox: leaves no trace of a dry run, nor of a copy that failed", function()
    write("customers.csv", "site,email,role", "Bäckerei Süß,eve@example.com,Florist <b>")
    local output, code = run("--sandbox", "--like-account", "plan", "customers.csv", "--dry-run", "--json")
    assert.equal(0, code, output)
    assert.equal(1, cjson.decode(output:match("\n({.-})\n")).planned)
    source:fault{ operation = "sites.query_sites", status = 403, after = 1 }
    output, code = run("--sandbox", "--like-account", "plan", "customers.csv")
    assert.equal(4, code, output)
    assert.equal("customers.csv\n", here.run("ls " .. folder))
  end)
end)
