-- The sandbox's account invites: made, mailed, refused one by one, accepted into the team, expired.

local account = require "spec.support.account"

local SITE, OTHER = account.SITE, account.OTHER_SITE

after_each(account.stop)

local function create(subjects, language)
  return account.good("account_invites.create_invite", { subjectsAssignments = subjects, defaultEmailLanguage = language })
end

local function subject(email, ...)
  local assignments = { ... }
  if #assignments == 0 then assignments[1] = { policyId = account.ON_ACCOUNT } end
  return { subjectEmail = email, assignments = assignments }
end

local function failed(answer)
  local list = {}
  for i, one in ipairs(answer.failedInvites) do list[i] = one.subjectEmail .. ": " .. one.errorMessage end
  return list
end

describe("a fresh account invite", function()
  it("is pending, and says who invited whom to what, and for how long", function()
    local server = account.start()
    local given = { account.on_site(account.ON_SITE), { policyId = account.ANYWHERE }, account.on_site(account.ANYWHERE, OTHER) }
    local answer = create{ subject("Ann@example.com", table.unpack(given)) }
    assert.same({}, answer.failedInvites)
    local invite = answer.successfulInvites[1]
    local assignments = invite.assignments
    assert.same({
      id = invite.id, accountId = account.ID, email = "Ann@example.com", policyIds = { account.ON_SITE, account.ANYWHERE },
      status = "Pending", acceptLink = invite.acceptLink, inviterAccountId = account.ID,
      dateCreated = "2024-12-17T09:21:41.000Z", dateUpdated = "2024-12-17T09:21:41.000Z", expirationDate = "2025-01-16T09:21:41.000Z",
      assignments = assignments,
    }, invite)
    assert.same({ given[1], given[2], given[3] }, assignments)
    assert.matches("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", invite.id)
    assert.matches("^" .. server.base_url:gsub("%p", "%%%0") .. "/_sandbox/accept%?token=%x+$", invite.acceptLink)
  end)

  it("is mailed, in its language or the owner's", function()
    local server = account.start{ owner_language = "de" }
    local invite = create({ subject "ann@example.com" }, "fr").successfulInvites[1]
    create{ subject "bob@example.com" }
    local mails = server:outbox()
    assert.same({
      number = 1, kind = "invite", to = "ann@example.com", account_id = account.ID, language = "fr", invite_id = invite.id,
      accept_link = invite.acceptLink, date = "2024-12-17T09:21:41.000Z",
    }, mails[1])
    assert.equal("de", mails[2].language)
  end)

  it("is listed by the owner in the order of making, among those to sites", function()
    local server = account.start()
    account.invite("a@example.com")
    account.invite_to_team("b@example.com", { account.on_site(account.ON_SITE) })
    account.invite("c@example.com")
    local emails = {}
    for i, invite in ipairs(server:invites()) do emails[i] = invite.email end
    assert.same({ "a@example.com", "b@example.com", "c@example.com" }, emails)
    local second = server:invites{ email = "b@example.com" }[1]
    assert.equal(SITE, second.assignments[1].assignments[1].full_name_resource.site_context.metasite_id)
    assert.equal(account.ID, second.account_id)
    assert.equal(3, server:state().invites)
  end)

  it("names sites in either case, also where sites are strict", function()
    local server = account.start{ strict_sites = true }
    local invite = create{ subject("ann@example.com", account.on_site(account.ON_SITE, SITE:upper())) }.successfulInvites[1]
    server:accept(invite.id)
    assert.equal(SITE, server:members()[2].assignments[1].restrictions.site.id)
  end)

  it("may be of fifty people", function()
    account.start()
    local subjects = {}
    for i = 1, 50 do subjects[i] = subject(("u%d@example.com"):format(i)) end
    assert.equal(50, #create(subjects).successfulInvites)
  end)

  it("has capabilities where they are chosen, as one to a site has", function()
    account.start{ caller_capabilities = { "resend", "revoke" } }
    assert.same({ "resend", "revoke" }, account.invite("ann@example.com").callerCapabilities)
    account.start()
    assert.is_nil(account.invite("ann@example.com").callerCapabilities)
  end)
end)

describe("a language", function()
  it("is taken as it is, or as a tag where languages says so", function()
    local server = account.start()
    create({ subject "a@example.com" }, "whatever that is")
    assert.equal("whatever that is", server:outbox()[1].language)
    account.start{ languages = "tags" }
    for i, tag in ipairs{ "de", "fil", "pt-BR", "zh-Hant-TW", "DE" } do create({ subject(i .. "@example.com") }, tag) end
    for _, text in ipairs{ "d", "german", "de_DE", "de--AT", "de-", "1", "-de", "de DE" } do
      assert.equal(400, account.call("account_invites.create_invite",
        { subjectsAssignments = { subject "b@example.com" }, defaultEmailLanguage = text }).status, text)
    end
  end)
end)

describe("somebody who accepts", function()
  it("is made a user and a member, with each role on what it was given for", function()
    local server = account.start()
    local invite = create{ subject("ann@example.com", account.on_site(account.ON_SITE), { policyId = account.ANYWHERE }, {
      policyId = account.ANYWHERE, assignments = {
        { fullNameResource = { siteContext = { metasiteId = OTHER } } },
        { fullNameResource = { accountContext = { accountId = account.ID } } },
      } }) }.successfulInvites[1]
    server:advance(60)
    local used = assert(server:accept(invite.acceptLink))
    assert.equal("Used", used.status)
    assert.equal("2024-12-17T09:22:41.000Z", used.date_updated)
    local member = server:members()[2]
    assert.equal(used.accepted_by_account_id, member.account_id)
    assert.equal("2024-12-17T09:22:41.000Z", member.joined_team_at)
    local roles = {}
    for i, assignment in ipairs(member.assignments) do
      roles[i] = { assignment.policy_id, assignment.restrictions and assignment.restrictions.site }
      assert.same({ id = member.id, subject_type = "USER" }, assignment.subject)
      assert.equal(36, #assignment.assignment_id)
    end
    assert.same({
      { account.ON_SITE, { id = SITE, value = "Bakery" } }, { account.ANYWHERE },
      { account.ANYWHERE, { id = OTHER, value = "Florist" } }, { account.ANYWHERE },
    }, roles)
  end)

  it("by id, by link, once; others decline", function()
    local server = account.start()
    local a, b = account.invite_to_team("a@example.com"), account.invite_to_team("b@example.com")
    assert(server:accept(a.id:upper()))
    local none, message = server:accept(a.acceptLink)
    assert.is_nil(none)
    assert.equal("the invite is Used, not Pending", message)
    assert.equal("Declined", assert(server:decline(b.acceptLink)).status)
    assert.equal(2, #server:members())
  end)

  it("gets more where they were in the team already", function()
    local server = account.start{ duplicates = "fresh" }
    server:accept(account.invite_to_team("ann@example.com").id)
    server:accept(account.invite_to_team("ANN@example.com", { account.on_site(account.ON_SITE) }).id)
    assert.equal(2, #server:members())
    assert.equal(2, #server:members()[2].assignments)
  end)

  it("is the same person as on a site", function()
    local server = account.start()
    server:accept(account.invite("ann@example.com").id)
    server:accept(account.invite_to_team("Ann@example.com").id)
    assert.equal(server:contributors()[1].account_id, server:members()[2].account_id)
    assert.equal(server:contributors()[1].account_owner_id, server:members()[2].id)
  end)

  it("too late does not get in", function()
    local server = account.start()
    local invite = account.invite_to_team("ann@example.com")
    server:advance(30 * 86400)
    local none, message = server:accept(invite.id)
    assert.is_nil(none)
    assert.equal("the invite is Expired, not Pending", message)
    assert.equal("2025-01-16T09:21:41.000Z", server:invites()[1].date_updated)
    assert.equal(1, #create{ subject "ann@example.com" }.successfulInvites)
  end)
end)

describe("an invitee who fails", function()
  it("does so alone, with a reason", function()
    local server = account.start{ members = { { email = "mia@example.com" } } }
    account.invite_to_team("open@example.com")
    server:decline(account.invite_to_team("no@example.com").id)
    local answer = create{ subject "MIA@example.com", subject "new@example.com", subject "open@example.com", subject "no@example.com",
      subject "New@example.com", subject "owner@example.com" }
    assert.same({ "MIA@example.com: Already a member of the team", "open@example.com: Already invited", "New@example.com: Already invited",
      "owner@example.com: Already a member of the team" }, failed(answer))
    assert.equal(2, #answer.successfulInvites)
    assert.equal(4, #server:outbox())
  end)

  it("is not one where duplicates says so", function()
    account.start{ duplicates = "fresh", members = { { email = "mia@example.com" } } }
    local answer = create{ subject "mia@example.com", subject "mia@example.com" }
    assert.equal(2, #answer.successfulInvites)
    assert.are_not.equal(answer.successfulInvites[1].id, answer.successfulInvites[2].id)
  end)

  it("may be one with a malformed address", function()
    account.start{ malformed = "failed" }
    local answer = create{ subject "nobody", subject "ann@example.com" }
    assert.same({ "nobody: The address is malformed" }, failed(answer))
    assert.equal(1, #answer.successfulInvites)
  end)
end)

describe("what is given on nothing", function()
  it("is given on everything, as where it is left out", function()
    local server = account.start()
    server:accept(account.invite_to_team("ann@example.com", { { policyId = account.ON_ACCOUNT, assignments = {} } }).id)
    local assignments = server:members()[2].assignments
    assert.equal(1, #assignments)
    assert.is_nil(assignments[1].restrictions)
  end)
end)
