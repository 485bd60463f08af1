-- A review of access: who can reach what, in as few calls as can be; as a spreadsheet, a page, a table; beside an earlier one.

local access = require "spec.support.access"
local cjson = require "cjson"
local support = require "spec.support.ledger"

local ANN, BOB, EMIL = "ann@example.com", "bob@example.com", "emil@example.com"
local MANAGER, DESIGNER = "Website Manager", "Website Designer"
local HOSTILE = "=HYPERLINK(\"http://x.example\")<script>alert(1)</script>;\u{202e}"
local STRANGER, FOREIGN = "abcdef01-0000-4000-8000-000000000001", "abcdef01-0000-4000-8000-00000000000f"
local READ = "2025-11-24T16:00:00Z"

local function id(number) return ("%08d-2222-4333-8444-555555555555"):format(number) end

local desk, ledger, wix, server, files

local function start(options)
  if desk then desk:close() end
  desk = support.desk(options)
  ledger, wix, server = desk.ledger, desk.wix, desk.server
end

local function file(ending)
  files[#files + 1] = support.temporary(nil, ending or ".csv")
  return files[#files]
end

before_each(function() files = {} end)
after_each(function()
  for _, path in ipairs(files) do os.remove(path) end
  desk:close()
  desk = nil
end)

local function invite(site, email, role)
  assert(ledger:plan({ { site_id = id(site), email = email, role = role or MANAGER } }, { client = wix }))
  assert(ledger:send(wix))
end

local function accept(email, by)
  return assert(server:accept(server:invites{ status = "Pending", email = email }[1], by)).accepted_by_account_id
end

local function row_of(review, given)
  for _, row in ipairs(review.rows) do
    local fits = true
    for name, value in pairs(given) do fits = fits and row[name] == value end
    if fits then return row end
  end
end

-- An account with everything in it.
local function everything()
  start{ sites = {
    { id = id(1), name = "Bäckerei Süß", view_url = "https://baeckerei.example" },
    { id = id(2), name = HOSTILE, contributors = { { account_id = STRANGER },
      { email = EMIL, name = { first_name = "Emil", last_name = "<b>" }, roles = { DESIGNER, "Blog Editor" } } } },
    { id = id(3), name = "Old", trashed = "2025-01-01T00:00:00Z", view_url = "https://old.example",
      contributors = { { email = "old@example.com", roles = { MANAGER } } } },
    { id = id(4), name = "Foreign", owner_account_id = FOREIGN, view_url = "https://foreign.example" },
  }, members = {
    { email = EMIL, name = { first_name = "Emil", last_name = "<b>" }, roles = { "Back Office Manager" }, site_id = id(1),
      joined_team_at = "2025-01-02T03:04:05Z" },
    { email = "ada@example.com", name = { first_name = "Ada" }, joined_team_at = "2025-01-02T03:04:05Z", assignments = {
      { policy_id = support.ROLE.id, restrictions = { conditions = { conditions = {
        { condition_type = "FOLDER", id = "f", value = "/f" } } } } } } },
  }, account_invites = { { email = "new@example.com", date_created = "2025-11-01T00:00:00Z" } } }
  invite(1, ANN)
  local account = accept(ANN)
  server:advance(86400)
  assert(ledger:check(wix))
  invite(1, BOB, DESIGNER)
  return account
end

describe("a review #pure", function()
  it("names whoever can reach what, with roles, evidence and since when; nobody is left out", function()
    local account = everything()
    local review = assert(ledger:access(wix))
    local emil
    for _, contributor in ipairs(server:contributors(id(2))) do if contributor.email == EMIL then emil = contributor end end
    local shown = {}
    for i, row in ipairs(review.rows) do
      shown[i] = table.concat({ row.who, row.email, row.site, row.roles, row.evidence, row.since }, "|")
    end
    local hostile = HOSTILE
    assert.same({
      "member|ada@example.com|(some sites)|Website Manager|told|on 2025-01-02T03:04:05Z",
      "contributor|ann@example.com|Bäckerei Süß|Website Manager|only_candidate|between " .. READ .. " and 2025-11-25T16:00:00Z",
      "invited|bob@example.com|Bäckerei Süß|Website Designer||on 2025-11-25T16:00:00Z",
      "contributor|emil@example.com|" .. hostile .. "|Blog Editor; Website Designer|team|before 2025-11-25T16:00:00Z",
      "member|emil@example.com|Bäckerei Süß|Back Office Manager|told|on 2025-01-02T03:04:05Z",
      "invited|new@example.com|(whole account)|(none)||on 2025-11-01T00:00:00Z",
      "member|owner@example.com|(whole account)|Owner|told|on 2025-11-24T16:00:00Z",
    }, table.move(shown, 1, 7, 1, {}))
    local rest = {}
    for i = 8, #shown do rest[#rest + 1] = shown[i] end
    table.sort(rest)
    assert.same({ "contributor||" .. hostile .. "|unknown|nobody|before 2025-11-25T16:00:00Z",
      "contributor||Old (in the trash)|Website Manager|nobody|before 2025-11-25T16:00:00Z",
      "owner||Foreign|(owner of the site)|nobody|" }, rest)
    local ann = row_of(review, { email = ANN })
    assert.same({ account, id(1), "https://baeckerei.example", { support.ROLE.id } },
      { ann.account_id, ann.site_id, ann.url, ann.role_ids })
    assert.equal(emil.account_owner_id, row_of(review, { who = "contributor", email = EMIL }).user_id)
    assert.equal("Emil <b>", row_of(review, { who = "member", email = EMIL }).name)
    assert.equal(STRANGER, row_of(review, { roles = "unknown" }).account_id)
    assert.same({ 4, 4, 3, 2, {} }, { review.sites, review.people, review.unknown, review.invited, review.incomplete })
    assert.matches("4 sites, 10 rows: 4 people, 3 accounts of which nobody knows whose they are, 2 open invites", tostring(review), 1,
      true)
  end)

  it("takes as few calls as can be for 600 sites, and tells before how many", function()
    local sites = {}
    for i = 1, 600 do
      sites[i] = { id = id(i), contributors = i % 3 ~= 0 and { { email = ("n%d@example.com"):format(i % 7), roles = { MANAGER } } } or nil }
    end
    start{ sites = sites }
    desk:plan(1) -- what most are invited with is the first guess
    server:requests_clear()
    local costs = {}
    local review = assert(ledger:access(wix, { on_cost = function(cost) costs[#costs + 1] = cost end }))
    assert.same({ ["sites.count_sites"] = 1, ["sites.query_sites"] = 6, ["users.get_roles_info"] = 1, ["users.search_team"] = 2,
      ["contributors.query_site_contributors"] = 800 }, access.calls(server))
    assert.same({ 401, 810 }, { #review.rows, review.calls })
    assert.same({ { stage = "sites", sites = 600, calls = 8, seconds = 0 }, { stage = "roles", sites = 400, calls = 800, seconds = 0 } },
      costs)
    server:requests_clear()
    review = assert(ledger:access(wix, { roles = "known" }))
    assert.same({ ["sites.count_sites"] = 1, ["sites.query_sites"] = 6, ["users.get_roles_info"] = 1, ["users.search_team"] = 2 },
      access.calls(server))
    assert.equal("unknown", review.rows[#review.rows].roles)
    local slow <close> = server:client()
    costs = {}
    assert(ledger:access(slow, { roles = "known", site_id = { id(1), id(2) }, on_cost = function(cost) costs[#costs + 1] = cost end }))
    assert.same({ { stage = "sites", sites = 2, calls = 3, seconds = 0 } }, costs)
    assert.equal(300, require("wixum.ledger.plan").least_seconds(1200, { calls = 200, per = 60 }))
  end)

  it("finds out roles that nobody would guess, in few calls, and needs no guess at all", function()
    start{ sites = { { id = id(1), contributors = { { email = ANN, roles = { "Blog Writer" } },
      { email = BOB, roles = { MANAGER, DESIGNER } } } } } }
    local review = assert(ledger:access(wix))
    local found = {}
    for _, row in ipairs(review.rows) do if row.who == "contributor" then found[row.roles] = true end end
    assert.same({ ["Blog Writer"] = true, ["Website Designer; Website Manager"] = true }, found)
    assert.equal(11, access.calls(server)["contributors.query_site_contributors"])
  end)

  it("guesses better with each site", function()
    local sites = {}
    for i = 1, 20 do sites[i] = { id = id(i), contributors = { { email = ANN, roles = { "Blog Writer" } } } } end
    start{ sites = sites }
    assert(ledger:access(wix, { concurrency = 1, site_id = id(1) }))
    local first = access.calls(server)["contributors.query_site_contributors"]
    server:requests_clear()
    assert(ledger:access(wix, { concurrency = 1 }))
    assert.equal(first + 19 * 2, access.calls(server)["contributors.query_site_contributors"])
  end)

  it("calls roles by their ids where several have the same title", function()
    start{ sites = { { id = id(1), contributors = { { email = ANN, policy_ids = { "7000000000000000001" } } } } },
      roles = { { id = "7000000000000000001", title = "Editor" }, { id = "7000000000000000002", title = "editor" } } }
    assert.equal("7000000000000000001", row_of(assert(ledger:access(wix)), { who = "contributor" }).roles)
  end)

  it("takes roles from the invites where that is said, and says so", function()
    everything()
    local review = assert(ledger:access(wix, { roles = "known" }))
    assert.equal("Website Manager (as invited)", row_of(review, { email = ANN }).roles)
    assert.same({ support.ROLE.id }, row_of(review, { email = ANN }).role_ids)
    assert.equal("unknown", row_of(review, { account_id = STRANGER }).roles)
    assert.is_nil(access.calls(server)["contributors.query_site_contributors"])
  end)

  it("is of some sites where these are named, with the members who reach them", function()
    everything()
    local review = assert(ledger:access(wix, { site_id = id(1):upper() }))
    local sites = {}
    for _, row in ipairs(review.rows) do sites[row.site] = true end
    assert.same({ ["Bäckerei Süß"] = true, ["(whole account)"] = true, ["(some sites)"] = true }, sites)
    assert.equal(1, review.sites)
    review = assert(ledger:access(wix, { site_id = { id(2), id(2) } }))
    assert.is_nil(row_of(review, { site_id = id(1) })) -- nor what a member may do elsewhere
    assert.truthy(row_of(review, { who = "contributor", email = EMIL }))
  end)

  it("does not ask for the roles of owners, wherever they are listed", function()
    start{ owner_contributes = true, sites = { { id = id(1), contributors = { { email = ANN, roles = { MANAGER } } } }, { id = id(2) } } }
    desk:plan(1)
    server:requests_clear()
    local review = assert(ledger:access(wix))
    assert.equal(2, access.calls(server)["contributors.query_site_contributors"])
    assert.is_nil(row_of(review, { account_id = server.account_id }))
    assert.equal(MANAGER, row_of(review, { who = "contributor" }).roles)
  end)

  it("does not say whose an account is that has used the invites of two", function()
    start()
    invite(1, ANN)
    local account = accept(ANN)
    assert(ledger:check(wix))
    invite(2, BOB)
    accept(BOB, ANN)
    local database = require "wixum.ledger.database"
    do
      local db <close> = database.open(desk.path)
      db:run("UPDATE invites SET state = 'accepted', evidence = 'told', account_id = ? WHERE email = ?", account, BOB)
    end
    invite(3, "cem@example.com")
    accept("cem@example.com", ANN)
    local review = assert(ledger:access(wix))
    assert.same({ ANN, "only_candidate" }, { row_of(review, { site_id = id(1) }).email, row_of(review, { site_id = id(1) }).evidence })
    assert.equal(BOB, row_of(review, { site_id = id(2) }).email)
    local third = row_of(review, { who = "contributor", site_id = id(3) })
    assert.same({ "", account, "unclear" }, { third.email, third.account_id, third.evidence })
    assert(ledger:confirm{ email = ANN, site_id = id(1), account_id = account })
    third = row_of(assert(ledger:access(wix)), { who = "contributor", site_id = id(3) })
    assert.same({ ANN, "operator" }, { third.email, third.evidence })
  end)

  it("asks sites that do not say who is on them, and shows those without a name", function()
    start{ sites = { { id = id(1), contributors = { { email = ANN, roles = { MANAGER } } } } } }
    server:fault{ operation = "sites.query_sites", times = "always", status = 200,
      body = ('{"sites":[{"id":"%s"}],"metadata":{"hasNext":false}}'):format(id(1)) }
    local review = assert(ledger:access(wix))
    local row = row_of(review, { who = "contributor" })
    assert.same({ "(no name)", MANAGER, "" }, { row.site, row.roles, row.since })
    review = assert(ledger:access(wix, { roles = "known" }))
    assert.matches("the service does not say who can reach 1 site", review.incomplete[1])
  end)

  it("shows who is told of without a name, an address or an id", function()
    start()
    server:fault{ operation = "users.search_team", status = 200, body = ([[{"teamMembers":[{"user":{"id":"%s","assignments":[]}},
      {"user":{"email":"no-id@example.com\n","assignments":[{"policyId":"77"}]}}, {"user":null}, {}]}]]):format(STRANGER) }
    server:fault{ operation = "users.get_roles_info", status = 200, body = '{"predefinedRoles":[{"id":"77"}],"customRoles":null}' }
    local review = assert(ledger:access(wix))
    assert.same({ "", "(none)", "nobody" }, { row_of(review, { user_id = STRANGER }).email, row_of(review, { user_id = STRANGER }).roles,
      row_of(review, { user_id = STRANGER }).evidence })
    local other = row_of(review, { user_id = "" })
    assert.same({ "no-id@example.com ", "77", true }, { other.email, other.roles, other.fixed })
    local page = {}
    require("wixum.access.page").write(review, function(text) page[#page + 1] = text end)
    assert.is_nil(table.concat(page):find("&#9744; keep.*&#9744; keep"))
  end)

  it("tells what it could not read, and ends where nothing can be read", function()
    everything()
    server:fault{ operation = "users.search_team", status = 403, times = "always" }
    server:fault{ operation = "contributors.query_site_contributors", status = 403 }
    local review = assert(ledger:access(wix, { concurrency = 1 }))
    assert.matches("the team could not be read", review.incomplete[1])
    assert.matches("the roles on 1 site could not be read", review.incomplete[2])
    assert.is_nil(row_of(review, { who = "member" }))
    server:fault{ operation = "contributors.query_site_contributors", status = 403, times = "always" }
    local none, err = ledger:access(wix, { concurrency = 1 })
    assert.same({ nil, "forbidden" }, { none, err.kind })
    for _, operation in ipairs{ "sites.count_sites", "sites.query_sites", "users.get_roles_info" } do
      server:faults_clear()
      server:fault{ operation = operation, status = 401, times = "always" }
      none, err = ledger:access(wix)
      assert.same({ nil, "unauthenticated" }, { none, err.kind })
    end
  end)

  it("raises mistakes at the caller's line", function()
    start()
    for _, case in ipairs{ { { site_id = "here" }, "site_id must be a site's id" }, { { site_id = {} }, "the list of sites is empty" },
      { { roles = "all" }, "roles can only be" }, { { sites = {} }, "unknown option sites" }, { { csv = "" }, "path of a file" },
      { { delimiter = "|" }, "delimiter must be" } } do
      local ok, problem = pcall(function() return ledger:access(wix, case[1]) end)
      assert.is_false(ok)
      assert.matches("76_access_spec.lua:%d+: ledger:access.*" .. case[2], problem)
    end
  end)
end)

describe("a review's spreadsheet #pure", function()
  it("runs no formula, is private, and the same twice", function()
    everything()
    local path, other = file(), file()
    assert(ledger:access(wix, { csv = path }))
    server:advance(86400)
    assert(ledger:access(wix, { csv = other }))
    local text = support.read(path)
    assert.equal(text, support.read(other))
    assert.equal("\xEF\xBB\xBFwho,email,name,account_id,user_id,site,site_id,url,roles,role_ids,evidence,since,changes,decision,signature,"
      .. "account,service\r\n", text:match("^[^\n]*\n"))
    assert.is_nil(text:find(",=", 1, true) or text:find('"=', 1, true))
    local list = access.read(path)
    assert.equal(10, #list)
    for _, row in ipairs(list) do
      assert.same({ server.account_id, server.base_url, "", "" }, { row.account, row.service, row.decision, row.signature })
      assert.is_true(row.role_ids == "" or row.role_ids:find("^%[%d+%]") ~= nil) -- nothing that a spreadsheet would make a number of
    end
    assert.equal("600", require("spec.support.here").run("stat -c %a " .. path):match("%d+"))
  end)

  it("takes the place of an earlier one, and of nothing that somebody has worked on", function()
    everything()
    local path = file()
    assert(ledger:access(wix, { csv = path, delimiter = ";" }))
    access.decide(path, function() end) -- as Excel saves it
    assert(ledger:access(wix, { csv = path }))
    local signed, columns = access.read(path)
    signed[1].signature = "A. B."
    access.write(path, signed, columns)
    assert.is_nil((ledger:access(wix, { csv = path })))
    local broken <close> = assert(io.open(path, "wb"))
    broken:write("who,email,name,account_id,user_id,site_id,decision,account,service\n\"x\"y,,,,,,,,\n") -- somebody has worked on it
    broken:close()
    assert.is_nil((ledger:access(wix, { csv = path })))
    os.remove(path)
    assert(ledger:access(wix, { csv = path }))
    access.decide(path, function(row) return row.email == ANN and "keep" or nil end)
    local before = support.read(path)
    server:requests_clear()
    local none, err = ledger:access(wix, { csv = path })
    assert.is_nil(none)
    assert.matches("has decisions in it already; it stays as it is", err.message)
    assert.same({ before, {} }, { support.read(path), access.calls(server) }) -- and nothing was asked in vain
    for ending, content in pairs{ [".csv"] = "site,email\n", [".html"] = "<!DOCTYPE html>\n", [".lua"] = "return {}\n" } do
      local own = support.temporary(content, ending)
      files[#files + 1] = own
      none, err = ledger:access(wix, { [ending:sub(2)] = own })
      assert.same({ nil, content, "ledger" }, { none, support.read(own), err.kind })
    end
    none, err = ledger:access(wix, { csv = desk.path })
    assert.is_nil(none)
    assert.matches("cannot take the place of the ledger", err.message)
    server:requests_clear()
    for _, target in ipairs{ "/nowhere/at/all.csv", "/tmp" } do
      none, err = ledger:access(wix, { csv = target })
      assert.same({ nil, "ledger", {} }, { none, err.kind, access.calls(server) })
    end
    local full <close> = assert(io.open("/dev/full", "w"))
    full:setvbuf("no")
    none, err = ledger:access(wix, { csv = full })
    assert.is_nil(none)
    assert.matches("the review cannot be written", err.message)
  end)

  it("says what has changed since an earlier one, also where Excel has saved that", function()
    everything()
    local path, later = file(), file()
    assert(ledger:access(wix, { csv = path }))
    local list, columns = access.read(path)
    access.write(path, list, columns)
    local review = assert(ledger:access(wix, { since = path }))
    assert.same({ new = 0, gone = 0, roles = 0 }, review.compared)
    local old = wix:with{ site_id = id(3) }
    assert(old.contributors.remove_contributor{ account_id = server:contributors(id(3))[1].account_id })
    assert(server:accept(server:invites{ status = "Pending", email = BOB }[1]))
    assert(wix:with{ site_id = id(1) }.contributors.change_role{ account_id = row_of(review, { email = ANN }).account_id,
      new_roles = { { role_id = "6600412800113080102" } } })
    assert(wix.users.remove_member{ user_id = row_of(review, { who = "member", email = "ada@example.com" }).user_id })
    server:advance(86400)
    assert(ledger:check(wix))
    review = assert(ledger:access(wix, { since = path, csv = later }))
    assert.same({ new = 1, gone = 2, roles = 1 }, review.compared)
    assert.equal("new", row_of(review, { who = "contributor", email = BOB }).changes)
    assert.equal("roles: Website Manager -> Website Designer", row_of(review, { email = ANN }).changes)
    local ada = row_of(review, { email = "ada@example.com" })
    assert.same({ "gone", "(some sites)" }, { ada.changes, ada.site })
    assert.equal("gone", row_of(review, { site_id = id(3) }).changes)
    review = assert(ledger:access(wix, { since = later })) -- who was gone is not gone anew
    assert.same({ new = 0, gone = 0, roles = 0 }, review.compared)
    review = assert(ledger:access(wix, { since = path, site_id = id(1) })) -- of other sites nothing is known this time
    assert.same({ new = 1, gone = 1, roles = 1 }, review.compared)
    list[1].account = STRANGER
    access.write(path, list, columns)
    local none, err = ledger:access(wix, { since = path })
    assert.is_nil(none)
    assert.matches(":2: the earlier review is of the account " .. STRANGER, err.message, 1, true)
  end)

  it("can be had as JSON", function()
    everything()
    local path = file(".json")
    assert(ledger:access(wix, { json = path }))
    local list = cjson.decode(support.read(path))
    assert.same({ 10, "ada@example.com", { support.ROLE.id } }, { #list, list[1].email, list[1].role_ids })
  end)
end)

describe("a review's page #pure", function()
  it("has everybody, a place for decision and signature, and no markup but its own", function()
    everything()
    local path, csv = file(".html"), file()
    assert(ledger:access(wix, { csv = csv }))
    assert(wix:with{ site_id = id(3) }.contributors.remove_contributor{ account_id = server:contributors(id(3))[1].account_id })
    assert(ledger:access(wix, { html = path, since = csv }))
    assert(ledger:access(wix, { html = path, since = csv })) -- an earlier page is replaced
    local text = support.read(path)
    assert.is_nil(text:find("<script", 1, true))
    for _, words in ipairs{ "Content-Security-Policy\" content=\"default-src &#39;none&#39;; style-src", "SANDBOX", "ann@example.com",
      STRANGER, "Emil &lt;b&gt;", "&lt;script&gt;alert(1)", "1 gone", "the only invite by which the new account can have come",
      "nobody knows whose account this is", "wixum confirm EMAIL", "Name and signature", server.account_id,
      "2025-11-25" } do
      assert.truthy(text:find(words, 1, true), words)
    end
    local _, people = text:gsub('<div class="box">Signature', "")
    assert.equal(8, people) -- ada, ann, bob, emil, new, the owner; the stranger, the site's owner
    assert.is_nil(text:find("\u{202e}", 1, true))
    local section = text:match('<section class="person">\n<h3><bdi>owner@example.com.-</section>')
    assert.is_nil(section:find("&#9744;", 1, true)) -- of the owner nothing can be decided
  end)
end)
