-- What Wix would refuse, the sandbox refuses with the same status and shape, and nothing has happened then.
-- A table for each operation; what is the same for all of them is tried on every declared one.

local account = require "spec.support.account"
local cjson = require "cjson"
local declaration = require "wixum.declaration"

local SITE, OTHER, NOBODY = account.SITE, account.OTHER_SITE, account.NOBODY
local ANN = "ann@example.com"

teardown(account.stop)

-- Values that must come from a server that runs: a contributor, a member, an assignment, an invite.
local made
-- A server that was started without options serves until something happens: what is refused changes nothing.
local server, unchanged

local function populate(given)
  if unchanged and not given and server == account.server() then return server end
  server, unchanged = account.start(given), not given
  account.good("site_invites.bulk_invite", { policyIds = { account.ON_SITE }, emails = { "con@example.com", "open@example.com" } })
  account.invite_to_team("mem@example.com")
  account.invite_to_team("waits@example.com")
  local invites = server:invites()
  assert(server:accept(invites[1]))
  assert(server:accept(invites[3]))
  local members = server:members()
  made = {
    used = invites[1].id, open = invites[2].id, team_invite = invites[4].id, contributor = server:contributors()[1].account_id,
    owner = members[1].id, owner_account = members[1].account_id, owner_assignment = members[1].assignments[1].assignment_id,
    member = members[2].id, assignment = members[2].assignments[1].assignment_id,
  }
  return server
end

-- A request of each operation that goes well.
local good = {
  ["site_invites.bulk_invite"] = function() return { policyIds = { account.ON_SITE }, emails = { ANN } } end,
  ["site_invites.resend_invite"] = function() return { inviteId = made.open } end,
  ["site_invites.revoke_invite"] = function() return { inviteId = made.open } end,
  ["account_invites.create_invite"] = function()
    return { subjectsAssignments = { { subjectEmail = ANN, assignments = { { policyId = account.ON_ACCOUNT } } } } }
  end,
  ["users.search_team"] = function() return { query = "mem", paging = { limit = 10, offset = 0 } } end,
  ["users.get_roles_info"] = function() return { locale = "de", filter = { roleLevel = "ALL", editorTypes = { "STUDIO" } } } end,
  ["users.remove_member"] = function() return { userId = made.member } end,
  ["users.update_team_member_assignments"] = function()
    return { userId = made.member, newAssignments = { { policyId = account.ON_ACCOUNT } }, assignmentIdsToRemove = { made.assignment } }
  end,
  ["contributors.query_site_contributors"] = function() return { filter = { policyIds = { account.ON_SITE } } } end,
  ["contributors.change_role"] = function() return { accountId = made.contributor, newRoles = { { roleId = account.ON_SITE } } } end,
  ["contributors.remove_contributor"] = function() return { accountId = made.contributor } end,
  ["contributors.change_contributor_location"] = function()
    return { accountId = made.contributor, newLocations = { account.NORTH } }
  end,
  ["sites.query_sites"] = function() return { query = { filter = { published = true }, cursorPaging = { limit = 1 } } } end,
  ["sites.count_sites"] = function() return { query = { filter = { published = true } } } end,
}

-- Refused with that status; `expected` is an application code, or the list of fields that are violated.
local function refused(name, fields, options, status, expected)
  local before = account.state()
  local answer = account.call(name, fields, options)
  assert.equal(status, answer.status, answer.text)
  assert.equal("string", type(answer.body.message))
  local details = answer.body.details
  if type(expected) == "string" then
    assert.equal(expected, details.applicationError.code)
    assert.equal("string", type(details.applicationError.description))
    assert.equal("table", type(details.applicationError.data))
    assert.is_nil(details.validationError)
  else
    local violated = {}
    for i, violation in ipairs(details.validationError and details.validationError.fieldViolations or {}) do
      violated[i] = violation.field
      assert.equal("string", type(violation.description))
      assert.matches("^[A-Z_]+$", violation.violatedRule)
    end
    assert.same(expected, violated, answer.text)
    assert.is_nil(details.applicationError)
  end
  assert.equal(before, account.state())
  return answer
end

local function with(fields, changes)
  local copy = {}
  for name, value in pairs(fields) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value ~= cjson.null and value or nil end
  return copy
end

describe("every operation", function()
  for _, operation in ipairs(declaration.operations()) do
    local name = operation.full_name

    it("does what it is asked: " .. name, function()
      populate()
      unchanged = false
      account.good(name, good[name]())
      local requests = server:requests()
      assert.is_true(requests[#requests].acted)
      assert.equal(name, requests[#requests].operation)
    end)

    it("has its doors shut to strangers: " .. name, function()
      populate()
      local fields = good[name]()
      local other = operation.context == "site" and "wix-account-id" or "wix-site-id"
      local own = operation.context == "site" and "wix-site-id" or "wix-account-id"
      refused(name, fields, { headers = { authorization = false } }, 401, "UNAUTHENTICATED")
      refused(name, fields, { headers = { authorization = "IST.another" } }, 401, "UNAUTHENTICATED")
      refused(name, fields, { headers = { authorization = "Bearer " .. server.api_key } }, 401, "UNAUTHENTICATED")
      local missing = operation.context == "site" and "MISSING_METASITE_ID" or "MISSING_ACCOUNT_ID"
      refused(name, fields, { headers = { [own] = false } }, 428, missing)
      refused(name, fields, { headers = { [own] = "mine" } }, 400, "INVALID_ARGUMENT")
      refused(name, fields, { headers = { [other] = operation.context == "site" and account.ID or SITE } }, 400, "INVALID_ARGUMENT")
      refused(name, fields, { headers = { [own] = false, [other] = operation.context == "site" and account.ID or SITE } }, 428, missing)
      refused(name, fields, { method = "DELETE" }, 405, "METHOD_NOT_ALLOWED")
      for _, request in ipairs(server:requests{ status = 401 }) do assert.is_false(request.acted) end
    end)

    it("is for the key's own account: " .. name, function()
      populate{ strict_sites = true }
      local header = operation.context == "site" and "wix-site-id" or "wix-account-id"
      refused(name, good[name](), { headers = { [header] = NOBODY } }, 403, "PERMISSION_DENIED")
    end)

    it("needs the permission that is declared for it: " .. name, function()
      local all = { "Manage Contributors", "Manage Team Members", "Basic Team Member" }
      for i, permission in ipairs(all) do
        if permission == operation.permission then table.remove(all, i) break end
      end
      account.start{ permissions = all }
      made = setmetatable({}, { __index = function() return NOBODY end })
      if operation.permission == "none is listed" or operation.permission == "Read Site Data" then
        account.good(name, good[name]()) -- what every key may do
      else
        refused(name, good[name](), nil, 403, "PERMISSION_DENIED")
      end
    end)

    if operation.method ~= "GET" then
      it("takes a JSON object: " .. name, function()
        populate()
        local fields = good[name]()
        for _, body in ipairs{ "{", "[]", '"text"', "null", '{"a":"\xff"}', "{} {}" } do
          refused(name, fields, { body = body }, 400, "INVALID_ARGUMENT")
        end
        refused(name, fields, { headers = { ["content-type"] = "text/plain" } }, 415, "UNSUPPORTED_MEDIA_TYPE")
      end)
    end

    for _, field in ipairs(operation.arguments.fields) do
      if field.required and not field.in_path then
        it(("needs %s: %s"):format(field.wire, name), function()
          populate()
          local fields = good[name]()
          refused(name, with(fields, { [field.wire] = cjson.null }), nil, 400, { field.wire })
          refused(name, nil, { body = cjson.encode(fields):gsub(('"%s":'):format(field.wire), "%0null,\"x\":") }, 400, { field.wire })
        end)
      end
      if operation.method ~= "GET" and not field.in_path and field.type ~= "any" then
        it(("takes %s as what it is: %s"):format(field.wire, name), function()
          populate()
          refused(name, with(good[name](), { [field.wire] = true }), nil, 400, { field.wire })
        end)
      end
      if field.type == "guid" and not field.list then
        it(("takes %s as a GUID: %s"):format(field.wire, name), function()
          populate()
          refused(name, with(good[name](), { [field.wire] = "123" }), nil, 400, { field.wire })
        end)
      end
    end
  end
end)

-- ---- One operation at a time -----------------------------------------------------------------------------------------
-- what, the fields that differ (or a function giving them), status, code or violated fields, options of the sandbox

local function many(count, make)
  local list = {}
  for i = 1, count do list[i] = make(i) end
  return list
end

local function invitee(assignments, email)
  return { subjectsAssignments = { { subjectEmail = email or ANN, assignments = assignments } } }
end

local function update(assignment)
  return { newAssignments = { assignment } }
end

local cases = {
  ["site_invites.bulk_invite"] = {
    { "no address", { emails = cjson.empty_array or {} }, 400, { "emails" } },
    { "a malformed address", { emails = { ANN, "ann" } }, 400, { "emails[1]" } },
    { "too many addresses", { emails = many(51, function(i) return i .. ANN end) }, 400, { "emails" } },
    { "a role id that is a number", { policyIds = { 1 } }, 400, { "policyIds[0]" } },
    { "no role", { policyIds = {} }, 400, { "policyIds" } },
    { "a role for the whole account", { policyIds = { account.ON_SITE, account.ON_ACCOUNT } }, 400, { "policyIds[1]" } },
    { "the owner's role", { policyIds = { account.OWNER } }, 400, { "policyIds[0]" } },
    { "an unknown role", { policyIds = { "1" } }, 400, { "policyIds[0]" }, { unknown_roles = "refuse" } },
    { "a purpose too long", { invitePurpose = "äöü" }, 400, { "invitePurpose" }, { max_purpose = 2 } },
    { "a language that is none", { defaultEmailLanguage = "deutsch" }, 400, { "defaultEmailLanguage" }, { languages = "tags" } },
    { "a language with a hanging hyphen", { defaultEmailLanguage = "de-" }, 400, { "defaultEmailLanguage" }, { languages = "tags" } },
    { "no seat", {}, 428, "CONTRIBUTOR_LIMIT_REACHED", { seats = 2 } },
    { "whom it invited before", { emails = { "open@example.com" } }, 409, "ALREADY_EXISTS", { duplicates = "error" } },
    { "who can reach the site already", { emails = { "CON@example.com" } }, 409, "ALREADY_EXISTS", { duplicates = "error" } },
  },
  ["site_invites.resend_invite"] = {
    { "an unknown invite", { inviteId = NOBODY }, 404, "NOT_FOUND" },
    { "an invite to the account", function() return { inviteId = made.team_invite } end, 404, "NOT_FOUND" },
    { "an accepted invite", function() return { inviteId = made.used } end, 428, "INVITE_NOT_PENDING" },
    { "a language that is none", { defaultEmailLanguage = "-" }, 400, { "defaultEmailLanguage" }, { languages = "tags" } },
  },
  ["site_invites.revoke_invite"] = {
    { "an unknown invite", { inviteId = NOBODY }, 404, "NOT_FOUND" },
    { "an invite to the account", function() return { inviteId = made.team_invite } end, 404, "NOT_FOUND" },
    { "an accepted invite", function() return { inviteId = made.used } end, 428, "INVITE_NOT_PENDING" },
  },
  ["account_invites.create_invite"] = {
    { "nobody", { subjectsAssignments = {} }, 400, { "subjectsAssignments" } },
    { "more than fifty", { subjectsAssignments = many(51, function(i)
      return { subjectEmail = i .. ANN, assignments = { { policyId = account.ON_ACCOUNT } } }
    end) }, 400, { "subjectsAssignments" } },
    { "a malformed address", invitee({ { policyId = account.ON_ACCOUNT } }, "ann"), 400, { "subjectsAssignments[0].subjectEmail" } },
    { "no role", invitee{}, 400, { "subjectsAssignments[0].assignments" } },
    { "a role without an id", invitee{ { assignments = {} } }, 400, { "subjectsAssignments[0].assignments[0].policyId" } },
    { "a resource that is none", invitee{ { policyId = "1", assignments = { { fullNameResource = {} } } } }, 400,
      { "subjectsAssignments[0].assignments[0].assignments[0].fullNameResource" } },
    { "a resource that is two", invitee{ { policyId = "1", assignments = { { fullNameResource = {
      siteContext = { metasiteId = SITE }, accountContext = { accountId = account.ID } } } } } }, 400,
      { "subjectsAssignments[0].assignments[0].assignments[0].fullNameResource" } },
    { "a site that is no GUID", invitee{ account.on_site(account.ON_SITE, "mine") }, 400,
      { "subjectsAssignments[0].assignments[0].assignments[0].fullNameResource.siteContext.metasiteId" } },
    { "a site of somebody else's", invitee{ account.on_site(account.ON_SITE, NOBODY) }, 400,
      { "subjectsAssignments[0].assignments[0].assignments[0].fullNameResource.siteContext.metasiteId" }, { strict_sites = true } },
    { "another account", invitee{ { policyId = account.ON_ACCOUNT, assignments = { { fullNameResource = {
      accountContext = { accountId = NOBODY } } } } } }, 403, "PERMISSION_DENIED" },
    { "a role of sites on the whole account", invitee{ { policyId = account.ON_SITE } }, 400,
      { "subjectsAssignments[0].assignments[0].policyId" } },
    { "the same where the account is named", invitee{ { policyId = account.ON_SITE, assignments = { { fullNameResource = {
      accountContext = { accountId = account.ID } } } } } }, 400, { "subjectsAssignments[0].assignments[0].policyId" } },
    { "a role of the account on a site", invitee{ account.on_site(account.ON_ACCOUNT) }, 400,
      { "subjectsAssignments[0].assignments[0].policyId" } },
    { "the owner's role", invitee{ { policyId = account.OWNER } }, 400, { "subjectsAssignments[0].assignments[0].policyId" } },
    { "an unknown role", invitee{ { policyId = "1" } }, 400, { "subjectsAssignments[0].assignments[0].policyId" },
      { unknown_roles = "refuse" } },
    { "a language that is none", { defaultEmailLanguage = "?" }, 400, { "defaultEmailLanguage" }, { languages = "tags" } },
    { "a member", invitee({ { policyId = account.ON_ACCOUNT } }, "Mem@example.com"), 409, "ALREADY_EXISTS", { duplicates = "error" } },
    { "somebody invited", invitee({ { policyId = account.ON_ACCOUNT } }, "waits@example.com"), 409, "ALREADY_EXISTS",
      { duplicates = "error" } },
  },
  ["users.search_team"] = {
    { "an order by what is none", { orderBy = { { fieldName = "Age" } } }, 400, { "orderBy[0].fieldName" } },
    { "an order without a field", { orderBy = { { direction = "ASC" } } }, 400, { "orderBy[0].fieldName" } },
    { "a direction that is none", { orderBy = { { fieldName = "Name", direction = "asc" } } }, 400, { "orderBy[0].direction" } },
    { "a facet that is none", { facets = { "Roles", "Names" } }, 400, { "facets[1]" } },
    { "a page of nothing", { paging = { limit = 0 } }, 400, { "paging.limit" } },
    { "a page too large", { paging = { limit = 101 } }, 400, { "paging.limit" } },
    { "a page larger than chosen", { paging = { limit = 6 } }, 400, { "paging.limit" }, { max_page_size = 5 } },
    { "an offset below zero", { paging = { offset = -1 } }, 400, { "paging.offset" } },
    { "half a page", { paging = { limit = 1.5 } }, 400, { "paging.limit" } },
    { "a filter that is no object", { filter = "Expired" }, 400, { "filter" } },
    { "a filter by something else", { filter = { email = "x" } }, 400, { "filter" } },
    { "a filter by nothing", { filter = { roleId = cjson.null } }, 400, { "filter.roleId" } },
    { "a filter by a number", { filter = { roleId = 1 } }, 400, { "filter.roleId" } },
    { "an operator that is none", { filter = { roleId = { ["$ne"] = "1" } } }, 400, { "filter.roleId" } },
    { "two operators", { filter = { roleId = { ["$eq"] = "1", ["$in"] = { "1" } } } }, 400, { "filter.roleId" } },
    { "$in without a list", { filter = { roleId = { ["$in"] = "1" } } }, 400, { "filter.roleId" } },
    { "$in of an object", { filter = { roleId = { ["$in"] = { a = "1" } } } }, 400, { "filter.roleId" } },
    { "$eq of a list", { filter = { roleId = { ["$eq"] = { "1" } } } }, 400, { "filter.roleId" } },
    { "an invite type that is none", { filter = { inviteType = "expired" } }, 400, { "filter.inviteType" } },
  },
  ["users.get_roles_info"] = {
    { "a level that is none", { filter = { roleLevel = "SITE" } }, 400, { "filter.roleLevel" } },
    { "an editor that is none", { filter = { editorTypes = { "STUDIO", "ADI" } } }, 400, { "filter.editorTypes[1]" } },
  },
  ["users.remove_member"] = {
    { "an unknown user", { userId = NOBODY }, 404, "NOT_FOUND" },
    { "an account in place of a user", function() return { userId = made.owner_account } end, 404, "NOT_FOUND" },
    { "the owner", function() return { userId = made.owner } end, 403, "PERMISSION_DENIED" },
  },
  ["users.update_team_member_assignments"] = {
    { "an unknown user", { userId = NOBODY }, 404, "NOT_FOUND" },
    { "an unknown assignment", { assignmentIdsToRemove = { NOBODY } }, 404, "NOT_FOUND" },
    { "an assignment of another's", function() return { assignmentIdsToRemove = { made.owner_assignment } } end, 404, "NOT_FOUND" },
    { "the owner's role", function()
      return { userId = made.owner, assignmentIdsToRemove = { made.owner_assignment } }
    end, 403, "PERMISSION_DENIED" },
    { "the owner's role for a member", update{ policyId = account.OWNER }, 400, { "newAssignments[0].policyId" } },
    { "a role of sites on the whole account", update{ policyId = account.ON_SITE }, 400, { "newAssignments[0].policyId" } },
    { "the same where nothing restricts", update{ policyId = account.ON_SITE, restrictions = {} }, 400,
      { "newAssignments[0].policyId" } },
    { "a role of the account on a site", update{ policyId = account.ON_ACCOUNT, restrictions = { site = { id = SITE } } }, 400,
      { "newAssignments[0].policyId" } },
    { "an unknown role", update{ policyId = "1" }, 400, { "newAssignments[0].policyId" }, { unknown_roles = "refuse" } },
    { "a role without an id", update{ restrictions = { site = { id = SITE } } }, 400, { "newAssignments[0].policyId" } },
    { "two restrictions", update{ policyId = "1", restrictions = { site = { id = SITE }, resource = { resourceType = "SITE", id = OTHER } }
      }, 400, { "newAssignments[0].restrictions" } },
    { "a site that is no GUID", update{ policyId = "1", restrictions = { site = { id = "mine" } } }, 400,
      { "newAssignments[0].restrictions.site.id" } },
    { "a resource that is no GUID", update{ policyId = "1", restrictions = { resource = { resourceType = "SITE", id = "mine" } } }, 400,
      { "newAssignments[0].restrictions.resource.id" } },
    { "a resource of an unknown kind", update{ policyId = "1", restrictions = { resource = { id = SITE } } }, 400,
      { "newAssignments[0].restrictions.resource.resourceType" } },
    { "a site of somebody else's", update{ policyId = account.ON_SITE, restrictions = { site = { id = NOBODY } } }, 400,
      { "newAssignments[0].restrictions.site.id" }, { strict_sites = true } },
    { "something good and something bad", { newAssignments = { { policyId = "1", restrictions = { site = { id = NOBODY } } },
      { policyId = account.OWNER } } }, 400, { "newAssignments[1].policyId" } },
  },
  ["contributors.query_site_contributors"] = {},
  ["contributors.change_role"] = {
    { "somebody unknown", { accountId = NOBODY }, 404, "NOT_FOUND" },
    { "the owner", function() return { accountId = made.owner_account } end, 404, "NOT_FOUND" },
    { "the owner among contributors", function() return { accountId = made.owner_account } end, 403, "PERMISSION_DENIED",
      { owner_contributes = true } },
    { "no role", { newRoles = {} }, 400, { "newRoles" } },
    { "a role without an id", { newRoles = { { roleId = account.ON_SITE }, {} } }, 400, { "newRoles[1].roleId" } },
    { "a role of the account", { newRoles = { { roleId = account.ON_ACCOUNT } } }, 400, { "newRoles[0].roleId" } },
    { "an unknown role", { newRoles = { { roleId = "1" } } }, 400, { "newRoles[0].roleId" }, { unknown_roles = "refuse" } },
  },
  ["contributors.remove_contributor"] = {
    { "somebody unknown", { accountId = NOBODY }, 404, "NOT_FOUND" },
    { "the owner among contributors", function() return { accountId = made.owner_account } end, 403, "PERMISSION_DENIED",
      { owner_contributes = true } },
  },
  ["contributors.change_contributor_location"] = {
    { "somebody unknown", { accountId = NOBODY }, 404, "NOT_FOUND" },
    { "no location", { newLocations = {} }, 400, { "newLocations" } },
    { "a location that is no GUID", { newLocations = { "north" } }, 400, { "newLocations[0]" } },
    { "a location of nobody's", { newLocations = { account.NORTH, NOBODY } }, 400, { "newLocations[1]" } },
    { "more than twenty", { newLocations = many(21, function() return account.NORTH end) }, 400, { "newLocations" } },
  },
  ["sites.query_sites"] = {
    { "a query that is none", { query = "all" }, 400, { "query" } },
    { "a word that a query does not have", { query = { paging = { limit = 1 } } }, 400, { "query.paging" } },
    { "a field that sites do not have", { query = { filter = { title = "x" } } }, 400, { "query.filter.title" } },
    { "a value of another type", { query = { filter = { published = "true" } } }, 400, { "query.filter.published" } },
    { "nothing as a value", { query = { filter = { name = cjson.null } } }, 400, { "query.filter.name" } },
    { "an operator that is none", { query = { filter = { name = { ["$ne"] = "x" } } } }, 400, { "query.filter.name" } },
    { "two operators", { query = { filter = { name = { ["$eq"] = "x", ["$in"] = { "x" } } } } }, 400, { "query.filter.name" } },
    { "$in of another type", { query = { filter = { name = { ["$in"] = { 1 } } } } }, 400, { "query.filter.name" } },
    { "$hasSome of a single value", { query = { filter = { name = { ["$hasSome"] = { "x" } } } } }, 400, { "query.filter.name" } },
    { "a list compared as a value", { query = { filter = { contributorAccountIds = NOBODY } } }, 400,
      { "query.filter.contributorAccountIds" } },
    { "$and of no list", { query = { filter = { ["$and"] = { name = "x" } } } }, 400, { "query.filter.$and" } },
    { "something wrong in $and", { query = { filter = { ["$and"] = { { name = "x" }, { names = "x" } } } } }, 400,
      { "query.filter.names" } },
    { "a sort by what is none", { query = { sort = { { fieldName = "title" } } } }, 400, { "query.sort[0].fieldName" } },
    { "a sort by a list", { query = { sort = { { fieldName = "contributorAccountIds" } } } }, 400, { "query.sort[0].fieldName" } },
    { "an order that is none", { query = { sort = { { fieldName = "name", order = "UP" } } } }, 400, { "query.sort[0].order" } },
    { "a sort that is no list", { query = { sort = { fieldName = "name" } } }, 400, { "query.sort" } },
    { "a page of nothing", { query = { cursorPaging = { limit = 0 } } }, 400, { "query.cursorPaging.limit" } },
    { "a page too large", { query = { cursorPaging = { limit = 101 } } }, 400, { "query.cursorPaging.limit" } },
    { "half a page", { query = { cursorPaging = { limit = 1.5 } } }, 400, { "query.cursorPaging.limit" } },
    { "a cursor of somebody else's", { query = { cursorPaging = { cursor = "e30=" } } }, 400, { "query.cursorPaging.cursor" } },
    { "a cursor that is none", { query = { cursorPaging = { cursor = "?" } } }, 400, { "query.cursorPaging.cursor" } },
    { "a cursor with a filter", function()
      local cursor = account.good("sites.query_sites", { query = { cursorPaging = { limit = 1 } } }).metadata.cursors.next
      return { query = { filter = { published = true }, cursorPaging = { cursor = cursor } } }
    end, 400, { "query.cursorPaging.cursor" } },
  },
  ["sites.count_sites"] = {
    { "a query that is none", { query = { 1 } }, 400, { "query" } },
    { "what pages, where nothing is listed", { query = { cursorPaging = { limit = 1 } } }, 400, { "query.cursorPaging" } },
    { "premium, which it does not support", { query = { filter = { premium = true } } }, 400, { "query.filter.premium" } },
    { "app ids, which it does not support", { query = { filter = { appIds = { ["$hasSome"] = { "x" } } } } }, 400,
      { "query.filter.appIds" } },
  },
}

describe("each operation", function()
  it("is in the table", function()
    for _, operation in ipairs(declaration.operations()) do assert.is_table(cases[operation.full_name], operation.full_name) end
  end)

  for name, list in pairs(cases) do
    for _, case in ipairs(list) do
      it(("refuses %s: %s"):format(case[1], name), function()
        populate(case[5])
        local changes = type(case[2]) == "function" and case[2]() or case[2]
        refused(name, with(good[name](), changes), nil, case[3], case[4])
      end)
    end
  end
end)

-- ---- Doors that Wix leaves open or shut, nobody knows --------------------------------------------------------------------

describe("both ids in one call", function()
  local both = { headers = { ["wix-site-id"] = SITE, ["wix-account-id"] = account.ID } }

  it("are taken where both_ids says so, for what the operation is about", function()
    populate{ both_ids = "accept" }
    account.good("contributors.query_site_contributors", nil, both)
    account.good("users.search_team", nil, both)
    account.good("users.search_team")
    account.good("contributors.query_site_contributors")
    refused("contributors.query_site_contributors", nil,
      { headers = { ["wix-site-id"] = SITE, ["wix-account-id"] = NOBODY } }, 403, "PERMISSION_DENIED")
  end)

  it("are needed by calls for a site where both_ids says so", function()
    account.start{ both_ids = "require" }
    account.good("contributors.query_site_contributors", nil, both)
    refused("contributors.query_site_contributors", nil, nil, 428, "MISSING_ACCOUNT_ID")
    account.good("users.search_team")
  end)
end)

describe("a pace", function()
  it("is none unless said", function()
    account.start()
    for _ = 1, 250 do account.good("users.get_roles_info") end
  end)

  it("refuses with 429 what is over it in any window, and says nothing of when", function()
    local wix = account.start{ rate_limit = 3 }
    account.good("users.search_team")
    wix:advance(30)
    account.good("users.search_team")
    account.good("contributors.query_site_contributors")
    local answer = account.call("users.search_team")
    assert.equal(429, answer.status)
    assert.equal("RESOURCE_EXHAUSTED", answer.body.details.applicationError.code)
    assert.is_nil(answer.headers["retry-after"])
    wix:advance(30) -- the first of them is a minute ago
    account.good("users.search_team")
    assert.equal(429, account.call("users.search_team").status)
    wix:advance(29)
    assert.equal(429, account.call("users.search_team").status)
    wix:advance(1)
    account.good("users.search_team")
  end)

  it("can be told in Retry-After, of another window, and by site", function()
    local wix = account.start{ rate_limit = 1, rate_window = 10, rate_counts = "context", rate_retry_after = true }
    account.good("contributors.query_site_contributors")
    account.good("contributors.query_site_contributors", nil, { headers = { ["wix-site-id"] = OTHER } })
    account.good("users.search_team")
    wix:advance(3.5)
    assert.equal("7", account.call("contributors.query_site_contributors").headers["retry-after"])
    assert.equal("7", account.call("users.search_team").headers["retry-after"])
    wix:advance(6.5)
    account.good("contributors.query_site_contributors")
  end)

  it("counts nothing that is refused before: a strange key wears nobody out", function()
    account.start{ rate_limit = 1 }
    for _ = 1, 3 do
      assert.equal(401, account.call("users.search_team", nil, { headers = { authorization = "IST.another" } }).status)
    end
    account.good("users.search_team")
  end)
end)
