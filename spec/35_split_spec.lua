-- wixum.split: more invitees than one call may carry, in parts; what failed is told with its addresses.

local answering = require "spec.support.answering"
local wixum = require "wixum"

local function address(number) return ("p%d@example.com"):format(number) end

local function addresses(count)
  local list = {}
  for i = 1, count do list[i] = address(i) end
  return list
end

-- What the service makes of a Bulk Invite: every seventh address fails.
local function bulk(body)
  local answer = { invites = {}, failedEmails = {} }
  for _, email in ipairs(body.emails) do
    if tonumber(email:match("%d+")) % 7 == 0 then table.insert(answer.failedEmails, email)
    else table.insert(answer.invites, { email = email }) end
  end
  return answer
end

local function emails_of(invites)
  local list = {}
  for i, invite in ipairs(invites) do list[i] = invite.email end
  return list
end

describe("wixum.split.bulk_invite", function()
  it("sends parts of fifty and merges their answers", function()
    for _, count in ipairs{ 1, 50, 51, 120 } do
      local wix, asked = answering.client(bulk)
      local sent, failed = wixum.split.bulk_invite(wix, { policy_ids = { "1" }, emails = addresses(count), invite_purpose = "why" })
      assert.is_nil(failed)
      assert.same({ count - count // 7, count // 7 }, { #sent.invites, #sent.failed_emails })
      assert.equal((count + 49) // 50, #asked)
      local all = {}
      for _, request in ipairs(asked) do
        assert.same({ { "1" }, "why" }, { request.body.policyIds, request.body.invitePurpose })
        table.move(request.body.emails, 1, #request.body.emails, #all + 1, all)
      end
      assert.same(addresses(count), all)
    end
  end)

  it("is what a list longer than one call may carry needs", function()
    local wix, asked = answering.client(bulk)
    local function invite(count, options)
      return wix.site_invites.bulk_invite({ policy_ids = { "1" }, emails = addresses(count) }, options)
    end
    local sent, err = invite(51)
    assert.is_nil(sent)
    assert.same({ "invalid", "not_sent", "emails", "max_items", 0 },
      { err.kind, err.outcome, err.violations[1].field, err.violations[1].rule, #asked })
    assert.matches("max_emails allows 50 in one call; wixum.split.bulk_invite sends more in parts", err.message, 1, true)
    assert(invite(50))
    assert(invite(51, { max_emails = 51 }))
    assert.is_nil((wix:with{ max_emails = 2 }.site_invites.bulk_invite{ policy_ids = { "1" }, emails = addresses(3) }))
    assert.is_false((pcall(invite, 1, { max_emails = 0 })))
  end)

  it("takes another size and call options", function()
    local wix, asked = answering.client(bulk)
    assert(wixum.split.bulk_invite(wix, { policy_ids = { "1" }, emails = addresses(5) }, { size = 2, timeout = 3 }))
    assert.equal(3, #asked)
  end)

  it("goes on after a part whose outcome is unknown, says it never again, and names who was in it", function()
    local wix, asked = answering.client(function(body, _, number)
      if number == 2 then return {}, 500 end
      return bulk(body)
    end)
    local sent, failed = wixum.split.bulk_invite(wix, { policy_ids = { "1" }, emails = addresses(6) }, { size = 2 })
    assert.same({ address(1), address(2), address(5), address(6) }, emails_of(sent.invites))
    assert.equal(3, #asked)
    assert.equal(1, #failed)
    assert.same({ 3, 4, { address(3), address(4) }, "server", "unknown" },
      { failed[1].first, failed[1].last, failed[1].emails, failed[1].error.kind, failed[1].error.outcome })
  end)

  it("stops where every further part would fail alike, and says who was not tried", function()
    local wix, asked = answering.client(function(body, _, number)
      if number == 2 then return {}, 401 end
      return bulk(body)
    end)
    local sent, failed = wixum.split.bulk_invite(wix, { policy_ids = { "1" }, emails = addresses(6) }, { size = 2 })
    assert.same({ address(1), address(2) }, emails_of(sent.invites))
    assert.equal(2, #asked)
    assert.same({ "unauthenticated", "refused" }, { failed[1].error.kind, failed[1].error.outcome })
    assert.same({ "cancelled", "not_sent", { address(5), address(6) } }, { failed[2].error.kind, failed[2].error.outcome,
      failed[2].emails })
  end)

  it("checks every part before the first is sent, and tells places as they are in the whole", function()
    local wix, asked = answering.client(bulk)
    local list = addresses(6)
    list[5] = "nobody"
    local sent, err = wixum.split.bulk_invite(wix, { policy_ids = { "1" }, emails = list }, { size = 2 })
    assert.is_nil(sent)
    assert.same({ "invalid", "not_sent", 5 }, { err.kind, err.outcome, err.violations[1].index })
    list[5] = "P1@example.com"
    sent, err = wixum.split.bulk_invite(wix, { policy_ids = { "1" }, emails = list }, { size = 2 })
    assert.is_nil(sent)
    assert.same({ "invalid", 5, "unique" }, { err.kind, err.violations[1].index, err.violations[1].rule })
    assert.is_false((pcall(wixum.split.bulk_invite, wix, { policy_ids = { "1" }, emails = { 5 } }, { size = 2 })))
    assert.is_false((pcall(wixum.split.bulk_invite, wix, { policy_ids = { "1" }, emails = "x" })))
    assert.is_false((pcall(wixum.split.bulk_invite, wix, { policy_ids = { "1" }, emails = { "a@b.de", "b@b.de", 5 } }, { size = 2 })))
    local _, none = wixum.split.bulk_invite(wix, { policy_ids = { "1" }, emails = {} })
    assert.equal("invalid", none.kind)
    assert.equal(0, #asked)
  end)

  it("keeps what was sent where Ctrl-C ends it", function()
    local wix = answering.client(function(body, _, number)
      if number == 2 then error("interrupted!", 0) end
      return bulk(body)
    end)
    local ok, err = pcall(wixum.split.bulk_invite, wix, { policy_ids = { "1" }, emails = addresses(6) }, { size = 2 })
    assert.is_false(ok)
    assert.equal("interrupted", err.kind)
    assert.same({ address(1), address(2) }, emails_of(err.answers.invites))
  end)

  it("keeps what was sent where something else than a call ends it", function()
    for raised, kind in pairs{ ["lua5.4: interrupted!"] = "interrupted", ["the sky fell"] = "cancelled" } do
      local count = 0
      local wix = answering.client(bulk)
      local given = setmetatable({}, { __index = wix, __len = nil })
      given.site_invites = { bulk_invite = function(arguments, options)
        if not options.dry_run then count = count + 1 end
        if count == 2 then error(raised, 0) end
        return wix.site_invites.bulk_invite(arguments, options)
      end }
      local ok, err = pcall(wixum.split.bulk_invite, given, { policy_ids = { "1" }, emails = addresses(6) }, { size = 2 })
      assert.is_false(ok)
      assert.same({ kind, "unknown", "split.bulk_invite" }, { err.kind, err.outcome, err.operation })
      assert.same({ address(1), address(2) }, emails_of(err.answers.invites))
      if kind == "interrupted" then assert.equal(err, wixum.interrupted) end
    end
  end)

  it("cuts no list that has holes or names", function()
    local wix, asked = answering.client(bulk)
    local sparse = addresses(3)
    sparse[10] = address(10)
    local named = { address(1), address(2), address(3), x = address(4) }
    for _, emails in ipairs{ named, sparse, { address(1), nil, address(3), address(4) } } do
      local ok, message = pcall(function() wixum.split.bulk_invite(wix, { policy_ids = { "1" }, emails = emails }, { size = 2 }) end)
      assert.is_false(ok)
      assert.matches("^spec/35_split_spec.lua:%d+: split.bulk_invite: emails must be a list", message)
    end
    assert.equal(0, #asked)
  end)

  it("needs answers: dry_run is refused, and nothing sent behind its back", function()
    local wix, asked = answering.client(bulk)
    local arguments = { policy_ids = { "1" }, emails = addresses(3) }
    assert.is_false((pcall(wixum.split.bulk_invite, wix, arguments, { dry_run = true })))
    local shown, words = pcall(function() wixum.split.bulk_invite(wix:with{ dry_run = true }, arguments) end)
    assert.is_false(shown)
    assert.matches("^spec/35_split_spec.lua:%d+: split.bulk_invite: dry_run shows one request", words)
    assert.equal(0, #asked)
    local ok, message = pcall(function() wixum.split.bulk_invite(arguments) end)
    assert.is_false(ok)
    assert.matches("write wixum.split.bulk_invite(wix, { … })", message, 1, true)
  end)

  it("refuses nonsense at the caller's line", function()
    local wix = answering.client(bulk)
    for _, given in ipairs{ { 5 }, { {}, 5 }, { {}, { size = 0 } }, { {}, { size = 1.5 } }, { {}, { size = "2" } } } do
      local ok, message = pcall(function() wixum.split.bulk_invite(wix, table.unpack(given)) end)
      assert.is_false(ok)
      assert.matches("^spec/35_split_spec.lua:%d+: split.bulk_invite: ", message)
    end
  end)
end)

describe("wixum.split.create_invite", function()
  local function invitees(count)
    local list = {}
    for i = 1, count do list[i] = wixum.assignments.invitee{ email = address(i), role = "7", everywhere = true } end
    return list
  end

  local function create(body)
    local answer = { successfulInvites = {}, failedInvites = {} }
    for _, subject in ipairs(body.subjectsAssignments) do table.insert(answer.successfulInvites, { email = subject.subjectEmail }) end
    return answer
  end

  it("sends parts of fifty and merges their answers", function()
    local wix, asked = answering.client(create)
    local sent, failed = wixum.split.create_invite(wix, { subjects_assignments = invitees(101), default_email_language = "en" })
    assert.is_nil(failed)
    assert.equal(101, #sent.successful_invites)
    assert.same({ 50, 50, 1 }, { #asked[1].body.subjectsAssignments, #asked[2].body.subjectsAssignments,
      #asked[3].body.subjectsAssignments })
    assert.equal("en", asked[3].body.defaultEmailLanguage)
  end)

  it("tells places as they are in the whole", function()
    local wix, asked = answering.client(create)
    local list = invitees(4)
    list[4].assignments[1].assignments = {}
    local _, err = wixum.split.create_invite(wix, { subjects_assignments = list }, { size = 2 })
    assert.equal("subjects_assignments[4].assignments[1].assignments", err.violations[1].field)
    list = invitees(4)
    list[4].subject_email = address(1):upper()
    _, err = wixum.split.create_invite(wix, { subjects_assignments = list }, { size = 2 })
    assert.same({ "invalid", 4 }, { err.kind, err.violations[1].index })
    assert.equal(0, #asked)
  end)
end)
