-- The sandbox's team: searched, filtered, ordered, counted and paged; members changed and removed.

local account = require "spec.support.account"
local cjson = require "cjson"

local SITE = account.SITE

after_each(account.stop)

local function search(given)
  return account.good("users.search_team", given)
end

-- What was found, in order: addresses.
local function found(given)
  local list = {}
  for i, entry in ipairs(search(given).teamMembers) do list[i] = (entry.user or entry.invite).email end
  return list
end

local owner = "owner@example.com"

-- Mia and Max are members, Ida is invited, Dan declined, Eve's invite ran out.
local function team(given)
  local complete = { members = {
    { email = "mia@example.com", name = "Mia Zander", roles = { "Website Manager" }, site_id = SITE,
      joined_team_at = "2024-03-01T00:00:00.000Z" },
    { email = "max@other.example", name = "max Abel", joined_team_at = "2024-02-01T00:00:00.000Z" },
  } }
  for name, value in pairs(given or {}) do complete[name] = value end
  local server = account.start(complete)
  account.invite_to_team("eve@example.com")
  server:advance(31 * 86400)
  account.invite_to_team("ida@example.com", { account.on_site(account.ON_SITE) })
  assert(server:decline(account.invite_to_team("dan@example.com").id))
  return server
end

describe("the team", function()
  it("is its owner from the beginning, whom nobody invited", function()
    account.start{ owner = { email = "Boss@example.com", name = "Bea Boss" } }
    local entries = search().teamMembers
    assert.equal(1, #entries)
    local user = entries[1].user
    assert.same({
      id = user.id, email = "Boss@example.com", name = { firstName = "Bea", lastName = "Boss" },
      joinedTeamAt = "2024-12-17T09:21:41.000Z", assignments = { {
        policyId = account.OWNER, assignmentId = user.assignments[1].assignmentId, subject = { id = user.id, subjectType = "USER" },
      } },
    }, user)
  end)

  it("shows members with their roles, and invites with what they will bring", function()
    team()
    local entries = search().teamMembers
    assert.equal(6, #entries)
    local mia, ida = entries[2].user, entries[5].invite
    assert.same({ site = { id = SITE, value = "Bakery" } }, mia.assignments[1].restrictions)
    assert.equal(account.ANYWHERE, mia.assignments[1].policyId)
    assert.equal("2024-03-01T00:00:00.000Z", mia.joinedTeamAt)
    assert.same({
      id = ida.id, email = "ida@example.com", status = "Pending", acceptLink = ida.acceptLink,
      dateCreated = "2025-01-17T09:21:41.000Z", dateUpdated = "2025-01-17T09:21:41.000Z", expirationDate = "2025-02-16T09:21:41.000Z",
      assignments = { { policyId = account.ON_SITE, restrictions = { site = { id = SITE, value = "Bakery" } } } },
    }, ida)
    assert.is_nil(entries[2].invite)
    assert.is_nil(entries[5].user)
    assert.matches("/_sandbox/accept%?token=%x+$", ida.acceptLink)
  end)

  it("has whom accepts, as a user, and no longer as an invite", function()
    local server = account.start()
    local invite = account.invite_to_team("ann.marie-smith@example.com")
    assert.same({ owner, "ann.marie-smith@example.com" }, found())
    server:advance(60)
    assert(server:accept(invite.acceptLink))
    local entries = search().teamMembers
    assert.equal(2, #entries)
    local user = entries[2].user
    assert.same({ firstName = "Ann", lastName = "Marie Smith" }, user.name)
    assert.equal("2024-12-17T09:22:41.000Z", user.joinedTeamAt)
    assert.equal(account.ON_ACCOUNT, user.assignments[1].policyId)
    assert.is_nil(user.assignments[1].restrictions)
    local member = server:members{ email = "ann.marie-smith@example.com" }[1]
    assert.equal(user.id, member.id)
    assert.equal(member.account_id, server:invites()[1].accepted_by_account_id)
  end)
end)

describe("a search", function()
  it("by words finds names and addresses, whatever their case, all words", function()
    team()
    assert.same({ "mia@example.com" }, found{ query = "ZAND" })
    assert.same({ "mia@example.com" }, found{ query = " example mia " })
    assert.same({ "max@other.example" }, found{ query = "Max abel" })
    assert.same({ "dan@example.com" }, found{ query = "dan@" })
    assert.same({}, found{ query = "mia abel" })
    assert.same({}, found{ query = "%a" })
    assert.equal(6, #found{ query = "" })
    assert.equal(6, #found{ query = cjson.null })
  end)

  it("by invite type finds invites of that status alone", function()
    team()
    assert.same({ "eve@example.com" }, found{ filter = { inviteType = { ["$eq"] = "Expired" } } })
    assert.same({ "eve@example.com" }, found{ filter = { inviteType = "Expired" } })
    assert.same({ "eve@example.com", "dan@example.com" }, found{ filter = { inviteType = { ["$in"] = { "Declined", "Expired" } } } })
    assert.same({}, found{ filter = { inviteType = "Used" } })
    assert.same({}, found{ filter = { inviteType = "Deleted" } })
    assert.same({}, found{ filter = { inviteType = { ["$in"] = {} } } })
  end)

  it("by role finds who has it, and who would get it", function()
    team()
    assert.same({ "mia@example.com" }, found{ filter = { roleId = account.ANYWHERE } })
    assert.same({ "max@other.example", "eve@example.com", "dan@example.com" },
      found{ filter = { roleId = { ["$eq"] = account.ON_ACCOUNT } } })
    assert.same({ owner, "ida@example.com" }, found{ filter = { roleId = { ["$in"] = { account.OWNER, account.ON_SITE } } } })
    assert.same({ "dan@example.com" }, found{ filter = { roleId = account.ON_ACCOUNT, inviteType = "Declined" } })
    assert.equal(6, #found{ filter = {} })
  end)

  it("is ordered as asked; who has not joined comes last by date", function()
    team()
    assert.same({ "dan@example.com", "eve@example.com", "ida@example.com", "max@other.example", "mia@example.com", owner },
      found{ orderBy = { { fieldName = "Name", direction = "ASC" } } })
    assert.same({ owner, "mia@example.com", "max@other.example", "ida@example.com", "eve@example.com", "dan@example.com" },
      found{ orderBy = { { fieldName = "Name", direction = "DESC" } } })
    assert.same({ "max@other.example", "mia@example.com", owner, "eve@example.com", "ida@example.com", "dan@example.com" },
      found{ orderBy = { { fieldName = "JoinedAt" } } })
    assert.same({ owner, "mia@example.com", "max@other.example", "dan@example.com", "eve@example.com", "ida@example.com" },
      found{ orderBy = { { fieldName = "JoinedAt", direction = "DESC" }, { fieldName = "Name" } } })
    assert.same({ owner, "mia@example.com", "max@other.example", "eve@example.com", "ida@example.com", "dan@example.com" }, found())
  end)

  it("counts by facets what is found, without zeros, not the page", function()
    team()
    local answer = search{ facets = { "Users", "InviteStatus", "Roles" }, paging = { limit = 1 } }
    assert.equal(1, #answer.teamMembers)
    assert.same({
      { facetType = "Users", values = { { value = "Users", count = 3 } } },
      { facetType = "InviteStatus", values = { { value = "Declined", count = 1 }, { value = "Expired", count = 1 },
        { value = "Pending", count = 1 } } },
      { facetType = "Roles", values = { { value = account.ANYWHERE, count = 1 }, { value = account.OWNER, count = 1 },
        { value = account.ON_ACCOUNT, count = 3 }, { value = account.ON_SITE, count = 1 } } },
    }, answer.facets)
    local text = account.call("users.search_team", { query = "mia", facets = { "InviteStatus" } }).text
    assert.matches('"facets":[{"facetType":"InviteStatus","values":[]}]', text, 1, true)
    assert.matches('"facets":[]', account.call("users.search_team").text, 1, true)
  end)
end)

describe("pages", function()
  local function big(given)
    local members = {}
    for i = 1, 119 do members[i] = { email = ("m%03d@example.com"):format(i) } end
    local complete = { members = members }
    for name, value in pairs(given or {}) do complete[name] = value end
    return account.start(complete)
  end

  it("are of fifty unless said, of a hundred at most", function()
    big()
    assert.equal(50, #found())
    assert.equal(100, #found{ paging = { limit = 100 } })
    assert.same({ "m119@example.com" }, found{ paging = { offset = 119 } })
    assert.same({}, found{ paging = { offset = 120 } })
    assert.same({}, found{ paging = { offset = 2147483647, limit = 100 } })
    assert.same({ "m002@example.com", "m003@example.com" }, found{ paging = { limit = 2, offset = 2 } })
    local answer = account.call("users.search_team", { paging = { limit = 101 } })
    assert.equal(400, answer.status)
    assert.equal(100, answer.body.details.validationError.fieldViolations[1].data.threshold)
  end)

  it("have sizes that can be chosen", function()
    big{ page_size = 7, max_page_size = 110 }
    assert.equal(7, #found())
    assert.equal(110, #found{ paging = { limit = 110 } })
    big{ max_page_size = 5 }
    assert.equal(5, #found())
  end)

  it("shift when somebody is removed, as Wix's offsets do", function()
    local server = big()
    local before = found{ paging = { offset = 50 } }
    account.good("users.remove_member", { userId = server:members{ email = "m001@example.com" }[1].id })
    assert.equal(before[2], found{ paging = { offset = 50 } }[1])
  end)

  it("of ten thousand members are searched once, not once a page #pure", function()
    local options = require "wixum.sandbox.options"
    local model, clock = require "wixum.sandbox.model", require "wixum.sandbox.clock"
    local team_search = require "wixum.sandbox.model.team_search"
    local members = {}
    for i = 1, 10000 do members[i] = { email = ("m%05d@example.com"):format(i * 7919 % 10007) } end
    local world = model.new(assert(options.complete{ members = members, start_time = 0 }), clock.new(nil, 0), "")
    local steps = 0
    debug.sethook(function() steps = steps + 1 end, "", 1000) -- thousands of instructions
    local seen, pages, first = {}, 0, nil
    repeat
      local answer = assert(team_search.run(world, {
        order_by = { { field_name = "Name", direction = "DESC" } }, facets = { "Roles" }, paging = { limit = 100, offset = pages * 100 } }))
      for _, entry in ipairs(answer.team_members) do seen[#seen + 1] = entry.user.email end
      pages = pages + 1
      first = first or steps
    until #answer.team_members == 0
    debug.sethook()
    assert.equal(10001, #seen)
    for i = 2, #seen do assert.is_true(seen[i] < seen[i - 1]) end
    assert.is_true(steps - first < first, ("%d after the first page, %d for it"):format(steps - first, first))
  end)
end)

describe("searches that are kept", function()
  it("are few, however many are made", function()
    local world = require("wixum.sandbox.model").new(assert(require("wixum.sandbox.options").complete{ start_time = 0 }),
      require("wixum.sandbox.clock").new(nil, 0), "")
    local run = require("wixum.sandbox.model.team_search").run
    local page = require("wixum.sandbox.model.site_query").page
    local function kept(results)
      local count = 0
      for _ in pairs(results) do count = count + 1 end
      return count
    end
    for i = 1, 100 do
      assert(run(world, { query = "word" .. i }))
      assert(page(world, { filter = { name = "name" .. i } }))
      assert.is_true(kept(world.team_searches.results) <= 16)
      assert.is_true(kept(world.site_searches.results) <= 16)
    end
  end)
end)

describe("assignments of a member", function()
  local function update(member, new, remove)
    return account.good("users.update_team_member_assignments",
      { userId = member.id, newAssignments = new or {}, assignmentIdsToRemove = remove or {} }).assignments
  end

  local function roles_of(server)
    local list = {}
    for i, assignment in ipairs(server:members{ email = "mia@example.com" }[1].assignments) do
      local restrictions = assignment.restrictions
      list[i] = assignment.policy_id .. (restrictions and restrictions.site and " on " .. restrictions.site.id or "")
    end
    return list
  end

  it("are added and removed in one call, which answers the new ones", function()
    local server = team()
    local mia = server:members{ email = "mia@example.com" }[1]
    local made = update(mia, {
      { policyId = account.ON_ACCOUNT },
      { policyId = account.ON_SITE, restrictions = { site = { id = account.OTHER_SITE:upper(), value = "what I call it" } } },
    }, { mia.assignments[1].assignment_id })
    assert.equal(2, #made)
    assert.same({ site = { id = account.OTHER_SITE, value = "Florist" } }, made[2].restrictions)
    assert.same({ id = mia.id, subjectType = "USER" }, made[1].subject)
    assert.same({ account.ON_ACCOUNT, account.ON_SITE .. " on " .. account.OTHER_SITE }, roles_of(server))
    update(mia, {}, { made[1].assignmentId })
    assert.same({ account.ON_SITE .. " on " .. account.OTHER_SITE }, roles_of(server))
    assert.equal(404, account.call("users.update_team_member_assignments",
      { userId = mia.id, newAssignments = {}, assignmentIdsToRemove = { made[1].assignmentId } }).status)
  end)

  it("show in the next search", function()
    local server = team()
    assert.same({ "mia@example.com" }, found{ filter = { roleId = account.ANYWHERE } })
    local mia = server:members{ email = "mia@example.com" }[1]
    update(mia, { { policyId = account.ON_ACCOUNT } }, { mia.assignments[1].assignment_id })
    assert.same({}, found{ filter = { roleId = account.ANYWHERE } })
    assert.equal("mia@example.com", found{ filter = { roleId = account.ON_ACCOUNT } }[1])
  end)

  it("may be on a site under its old name, or on folders", function()
    local server = team()
    local mia = server:members{ email = "mia@example.com" }[1]
    local folder = { conditions = { { conditionType = "FOLDER", id = "f1", value = "/clients" } } }
    local made = update(mia, {
      { policyId = account.ON_SITE, restrictions = { resource = { resourceType = "SITE", id = SITE } } },
      { policyId = account.ON_SITE, restrictions = { conditions = folder } },
      { policyId = account.ON_ACCOUNT, restrictions = {} },
    })
    assert.same({ site = { id = SITE, value = "Bakery" } }, made[1].restrictions)
    assert.same({ conditions = folder }, made[2].restrictions)
    assert.is_nil(made[3].restrictions)
  end)

  it("are given once more where they were given before", function()
    local server = team()
    local mia = server:members{ email = "mia@example.com" }[1]
    update(mia, { { policyId = account.ON_ACCOUNT } })
    update(mia, { { policyId = account.ON_ACCOUNT } })
    assert.equal(3, #roles_of(server))
  end)

  it("make a site of an unknown GUID, as everywhere", function()
    local server = team()
    update(server:members{ email = "mia@example.com" }[1],
      { { policyId = account.ON_SITE, restrictions = { site = { id = account.NOBODY } } } })
    assert.equal(account.NOBODY, server:state().sites[3].id)
  end)
end)

describe("a member who is removed", function()
  it("is gone with all roles, and may be invited again", function()
    local server = team()
    local mia = server:members{ email = "mia@example.com" }[1]
    assert.equal("{}", account.call("users.remove_member", { userId = mia.id:upper() }).text)
    assert.same({}, found{ query = "mia" })
    assert.equal(2, #server:members())
    assert.equal(404, account.call("users.remove_member", { userId = mia.id }).status)
    local invite = account.invite_to_team("mia@example.com")
    assert(server:accept(invite.id))
    local again = server:members{ email = "mia@example.com" }[1]
    assert.equal(mia.id, again.id) -- the same person
    assert.equal(account.ON_ACCOUNT, again.assignments[1].policy_id)
    assert.equal(1, #again.assignments)
  end)
end)
