-- The sandbox's contributors: who can reach a site, how that begins, changes and ends.

local account = require "spec.support.account"

local SITE, OTHER = account.SITE, account.OTHER_SITE
local EDITOR = "6600412800113080108"

after_each(account.stop)

local function query(policy_ids, site)
  return account.good("contributors.query_site_contributors", policy_ids and { filter = { policyIds = policy_ids } },
    { headers = { ["wix-site-id"] = site } }).contributors
end

local function joined(server, email, role)
  assert(server:accept(account.invite(email, role).acceptLink))
  for _, contributor in ipairs(server:contributors()) do
    if contributor.email == email then return contributor end
  end
end

local function roles_of(contributor)
  local list = {}
  for i, role in ipairs(contributor.roles) do list[i] = role.role_id end
  return list
end

describe("somebody who accepts an invite to a site", function()
  it("can reach it, with the invite's roles, and shows by account alone", function()
    local server = account.start()
    assert.same({}, query())
    account.invite("bob@example.com")
    assert.same({}, query())
    local ann = joined(server, "ann@example.com")
    assert.same({ { accountId = ann.account_id, accountOwnerId = ann.account_owner_id } }, query())
    assert.equal(ann.account_id, server:invites{ email = "ann@example.com" }[1].accepted_by_account_id)
    assert.are_not.equal(ann.account_id, ann.account_owner_id)
    assert.same({ account.ON_SITE }, roles_of(ann))
    assert.same({}, query(nil, OTHER))
    assert.same({}, server:contributors(OTHER))
    assert.equal("[]", account.call("contributors.query_site_contributors", nil,
      { headers = { ["wix-site-id"] = OTHER } }).text:match("%[.*%]"))
  end)

  it("does not where it was declined, revoked or ran out", function()
    local server = account.start()
    server:decline(account.invite("a@example.com").id)
    account.good("site_invites.revoke_invite", { inviteId = account.invite("b@example.com").id })
    local late = account.invite("c@example.com")
    server:advance(30 * 86400)
    assert.is_nil((server:accept(late.id)))
    assert.same({}, query())
  end)

  it("keeps what there was when a second invite is accepted", function()
    local server = account.start{ duplicates = "fresh" }
    joined(server, "ann@example.com", EDITOR)
    local ann = joined(server, "ann@example.com", account.ON_SITE)
    assert.same({ EDITOR, account.ON_SITE }, roles_of(ann))
    assert.equal(1, #query())
    assert.equal(1, server:state().sites[1].used)
  end)

  it("is not one of the team, nor the other way round", function()
    local server = account.start()
    joined(server, "ann@example.com")
    assert(server:accept(account.invite_to_team("mia@example.com").id))
    assert.equal(1, #query())
    assert.equal(2, #server:members())
    assert.equal("mia@example.com", server:members()[2].email)
  end)
end)

describe("a query", function()
  it("by roles finds who has one of them", function()
    local server = account.start()
    local ann, bob = joined(server, "ann@example.com"), joined(server, "bob@example.com", EDITOR)
    assert.equal(2, #query())
    assert.equal(ann.account_id, query({ account.ON_SITE })[1].accountId)
    assert.same({ { accountId = bob.account_id, accountOwnerId = bob.account_owner_id } }, query({ EDITOR }))
    assert.equal(2, #query({ EDITOR, account.ON_SITE }))
    assert.same({}, query({ "1" }))
  end)

  it("has the owner only where owner_contributes says so, without a seat", function()
    local server = account.start{ owner_contributes = true, seats = 1 }
    local owner = server:members()[1]
    assert.same({ { accountId = account.ID, accountOwnerId = owner.id } }, query())
    assert.equal(1, #query({ account.OWNER }))
    joined(server, "ann@example.com")
    assert.equal(2, #query())
  end)
end)

describe("changing roles", function()
  local function change(contributor, ...)
    local list = {}
    for i, id in ipairs{ ... } do list[i] = { roleId = id } end
    return account.good("contributors.change_role", { accountId = contributor.account_id:upper(), newRoles = list }).newAssignedRoles
  end

  it("replaces all of them, and says what they are", function()
    local server = account.start()
    local ann, bob = joined(server, "ann@example.com"), joined(server, "bob@example.com")
    local now = change(ann, EDITOR, account.ANYWHERE)
    assert.same({ EDITOR, account.ANYWHERE }, { now[1].roleId, now[2].roleId })
    local people = server:contributors()
    assert.same({ { role_id = EDITOR, assignment_id = now[1].assignmentId },
      { role_id = account.ANYWHERE, assignment_id = now[2].assignmentId } }, people[1].roles)
    assert.same(bob.roles, people[2].roles)
    assert.equal(1, #query({ EDITOR }))
  end)

  it("said twice does no harm: a role that stays keeps its assignment", function()
    local server = account.start()
    local ann = joined(server, "ann@example.com")
    local once = change(ann, EDITOR, account.ON_SITE)
    assert.same(once, change(ann, EDITOR, account.ON_SITE, EDITOR))
    assert.equal(ann.roles[1].assignment_id, once[2].assignmentId)
  end)

  it("is for that site alone", function()
    local server = account.start{ sites = {
      { id = SITE, contributors = { { email = "ann@example.com" } } },
      { id = OTHER, contributors = { { email = "ann@example.com", roles = { "Blog Writer" } } } },
    } }
    local before = server:contributors(OTHER)
    assert.equal(before[1].account_id, server:contributors()[1].account_id)
    change(before[1], EDITOR)
    assert.same(before, server:contributors(OTHER))
    assert.same({ EDITOR }, roles_of(server:contributors()[1]))
  end)
end)

describe("locations", function()
  it("are replaced as a whole, and said for the roles there are", function()
    local server = account.start()
    local ann = joined(server, "ann@example.com")
    local function change(...)
      return account.good("contributors.change_contributor_location", { accountId = ann.account_id, newLocations = { ... } })
    end
    assert.same({ newAssignedLocations = { {
      locationIds = { account.NORTH, account.SOUTH }, assignmentIds = { ann.roles[1].assignment_id } } } },
      change(account.NORTH, account.SOUTH:upper(), account.NORTH))
    assert.same({ account.NORTH, account.SOUTH }, server:contributors()[1].location_ids)
    change(account.SOUTH)
    assert.same({ account.SOUTH }, server:contributors()[1].location_ids)
  end)

  it("are those of the site in question", function()
    local server = account.start()
    assert(server:accept(account.good("site_invites.bulk_invite", { policyIds = { EDITOR }, emails = { "ann@example.com" } },
      { headers = { ["wix-site-id"] = OTHER } }).invites[1].id))
    local answer = account.call("contributors.change_contributor_location",
      { accountId = server:contributors(OTHER)[1].account_id, newLocations = { account.NORTH } }, { headers = { ["wix-site-id"] = OTHER } })
    assert.equal(400, answer.status)
  end)
end)

describe("somebody who is removed", function()
  it("cannot reach the site any more, and frees the seat", function()
    local server = account.start{ seats = 1 }
    local ann = joined(server, "ann@example.com")
    assert.equal(1, server:state().sites[1].used)
    assert.equal("{}", account.call("contributors.remove_contributor", { accountId = ann.account_id }).text)
    assert.same({}, query())
    assert.equal(0, server:state().sites[1].used)
    assert.equal(404, account.call("contributors.remove_contributor", { accountId = ann.account_id }).status)
    assert.equal("Used", server:invites()[1].status) -- what was is not undone
    local again = joined(server, "ann@example.com")
    assert.equal(ann.account_id, again.account_id)
    assert.equal(1, #query())
  end)
end)

describe("sites that begin with contributors", function()
  it("have them with names, roles by title or id, and locations; co-owners unless said", function()
    local server = account.start{ sites = { { id = SITE, seats = 3, locations = { { id = account.NORTH } }, contributors = {
      { email = "Ann@example.com" },
      { email = "bob@example.com", roles = { "Blog Editor" }, policy_ids = { account.ON_SITE }, location_ids = { account.NORTH } },
    } } } }
    local people = server:contributors()
    assert.same({ account.ON_SITE }, roles_of(people[1]))
    assert.same({ account.ON_SITE, EDITOR }, roles_of(people[2]))
    assert.same({ account.NORTH }, people[2].location_ids)
    assert.equal(2, server:state().sites[1].used)
    assert.equal("Location 1", server:state().sites[1].locations[1].name)
    account.invite("c@example.com")
    assert.equal(428, account.call("site_invites.bulk_invite",
      { policyIds = { account.ON_SITE }, emails = { "d@example.com" } }).status)
    local answer = account.good("site_invites.bulk_invite", { policyIds = { account.ON_SITE }, emails = { "ANN@example.com" } })
    assert.same({ "ANN@example.com" }, answer.failedEmails)
  end)

  it("are asked for by the id of a site there is", function()
    local server = account.start()
    local none, message = server:contributors(account.NOBODY)
    assert.is_nil(none)
    assert.equal("the account has no such site", message)
  end)
end)
