-- Wix's official packages and wixum, call by call: the same request, the same answer, the same error.
--
-- Each side has a sandbox of its own (spec/interop/twins.lua). The calls are in spec/interop/calls.lua; what of two requests
-- counts is in spec/interop/compare.lua. DIFFERENCES, below, is all that wixum does otherwise.
-- `make interop` installs the packages in the versions of spec/interop/package.json, and runs this.

local calls = require "spec.interop.calls"
local cjson = require "cjson"
local compare = require "spec.interop.compare"
local declaration = require "wixum.declaration"
local here = require "spec.support.here"
local node = require "spec.support.node"
local twins = require "spec.interop.twins"

local javascript -- the Node process
local by_wixum, requests, effects = twins.by_wixum, twins.requests, twins.effects

local function by_package(call, options)
  return twins.by_package(javascript, call, options)
end

local function find_call(operation)
  for _, call in ipairs(calls) do
    if call.operation == operation then return call end
  end
  error("no call of " .. operation)
end

-- That call with other arguments.
local function varied(operation, lua, js)
  local call = find_call(operation)
  return { operation = operation, package = call.package, name = call.name, context = call.context, lua = lua, js = js }
end

-- ---- what is refused -------------------------------------------------------------------------------------------------

local FOUR_ADDRESSES = varied("site_invites.bulk_invite", {
  policy_ids = { "$site_role" }, emails = { "1@example.com", "2@example.com", "3@example.com", "4@example.com" },
}, [=[ [["$site_role"], { "emails": ["1@example.com", "2@example.com", "3@example.com", "4@example.com"] }] ]=])

local INVITED = varied("site_invites.bulk_invite", {
  policy_ids = { "$site_role" }, emails = { "ann@example.com" },
}, [=[ [["$site_role"], { "emails": ["ann@example.com"] }] ]=])

local UNFIT_ROLES = varied("users.update_team_member_assignments", {
  user_id = "$user", assignment_ids_to_remove = { "$assignment" },
  new_assignments = { { policy_id = "$other_role" }, { policy_id = "$account_role", restrictions = { site = { id = "$site" } } } },
}, [=[ ["$user", { "assignmentIdsToRemove": ["$assignment"], "newAssignments": [
  { "policyId": "$other_role" }, { "policyId": "$account_role", "restrictions": { "site": { "_id": "$site" } } }] }] ]=])

local UNFIT_ROLE_OF_AN_INVITE = varied("account_invites.create_invite", {
  subjects_assignments = { { subject_email = "fay@example.com", assignments = { { policy_id = "$site_role" } } } },
}, [=[ [[{ "subjectEmail": "fay@example.com", "assignments": [{ "policyId": "$site_role" }] }]] ]=])

local WITHOUT_SITE = { status = 428, json = { message = "no site", details = { applicationError = {
  code = "MISSING_METASITE_ID", description = "Could not extract the metasiteId from the request", data = { tried = { "header" } },
} } } }

-- What, call, status, code (none beside violations); `open`: options of the sandbox, `settings`: of both clients,
-- `fault`: what the sandbox does.
local REFUSED = {
  { "a wrong key", find_call "site_invites.bulk_invite", 401, "UNAUTHENTICATED", settings = { api_key = "IST.another" } },
  { "a site of somebody else's", find_call "site_invites.bulk_invite", 403, "PERMISSION_DENIED",
    open = { strict_sites = true }, settings = { site_id = twins.NOBODY } },
  { "an account of somebody else's", find_call "users.get_roles_info", 403, "PERMISSION_DENIED", settings = { account_id = twins.NOBODY } },
  { "an unknown invite, resent", varied("site_invites.resend_invite", { invite_id = "$nobody" }, '["$nobody"]'), 404, "NOT_FOUND" },
  { "an unknown invite, revoked", varied("site_invites.revoke_invite", { invite_id = "$nobody" }, '["$nobody"]'), 404, "NOT_FOUND" },
  { "an invite that is used", varied("site_invites.revoke_invite", { invite_id = "$accepted_invite" }, '["$accepted_invite"]'),
    428, "INVITE_NOT_PENDING" },
  { "somebody who is invited already", INVITED, 409, "ALREADY_EXISTS", open = { duplicates = "error" } },
  { "an unknown member", varied("users.remove_member", { user_id = "$nobody" }, '["$nobody"]'), 404, "NOT_FOUND" },
  { "an unknown assignment", varied("users.update_team_member_assignments",
    { user_id = "$user", new_assignments = { { policy_id = "$other_role" } }, assignment_ids_to_remove = { "$nobody" } },
    [=[ ["$user", { "newAssignments": [{ "policyId": "$other_role" }], "assignmentIdsToRemove": ["$nobody"] }] ]=]),
    404, "NOT_FOUND" },
  { "an unknown contributor", varied("contributors.change_role", { account_id = "$nobody", new_roles = { { role_id = "$site_role" } } },
    [=[ ["$nobody", { "newRoles": [{ "roleId": "$site_role" }] }] ]=]), 404, "NOT_FOUND" },
  { "too many addresses", FOUR_ADDRESSES, 400, open = { max_emails = 3 }, fields = { "emails" } },
  { "a role that cannot be given on a site", UNFIT_ROLES, 400, fields = { "new_assignments[2].policy_id" } },
  { "a role that cannot be given on the account", UNFIT_ROLE_OF_AN_INVITE, 400,
    fields = { "subjects_assignments[1].assignments[1].policy_id" } },
  { "a site that the service does not see", find_call "site_invites.bulk_invite", 428, "MISSING_METASITE_ID",
    fault = WITHOUT_SITE },
  { "too many calls", find_call "users.search_team", 429, "RESOURCE_EXHAUSTED", fault = { status = 429 } },
}

-- ---- what differs on purpose -----------------------------------------------------------------------------------------

-- The package sends it, wixum says what is wrong and sends nothing. Answers the package's request, and what came of it.
local function only_theirs(call)
  local answer, failure = by_wixum(call)
  assert.is_nil(answer)
  assert.same({ "invalid", "not_sent" }, { failure.kind, failure.outcome })
  assert.equal(0, #twins.ours:requests())
  local value, err = by_package(call)
  return twins.theirs:requests()[1], value, err
end

local function invitees(count)
  local lua, js = {}, {}
  for i = 1, count do
    lua[i] = { subject_email = ("u%d@example.com"):format(i), assignments = { { policy_id = "$account_role" } } }
    js[i] = ('{ "subjectEmail": "u%d@example.com", "assignments": [{ "policyId": "$account_role" }] }'):format(i)
  end
  return varied("account_invites.create_invite", { subjects_assignments = lua }, "[[" .. table.concat(js, ",") .. "]]")
end

local NOTHING_TO_REMOVE = varied("users.update_team_member_assignments", {
  user_id = "$user", new_assignments = { { policy_id = "$account_role" } }, assignment_ids_to_remove = {},
}, [=[ ["$user", { "newAssignments": [{ "policyId": "$account_role" }], "assignmentIdsToRemove": [] }] ]=])

-- What wixum does otherwise, why, and that it still is so.
local DIFFERENCES = {
  { "ids in paths", "an id is a GUID or is refused; the package pastes it, and another endpoint is called", function()
    local request = only_theirs(varied("site_invites.revoke_invite", { invite_id = "../../x?y=1#" }, '["../../x?y=1#"]'))
    assert.same({ "/x", "y=1" }, { request.path, request.query })
  end },
  { "no empty lists: where something is needed", "nobody meant to invite nobody", function()
    local request = only_theirs(varied("site_invites.bulk_invite", { policy_ids = {}, emails = {} }, '[[], { "emails": [] }]'))
    assert.equal('{"policyIds":[],"emails":[]}', request.body)
  end },
  { "no empty lists: where absent means everything", "nothing must never become everything", function()
    local _, value = only_theirs(varied("account_invites.create_invite", {
      subjects_assignments = { { subject_email = "fay@example.com", assignments = { { policy_id = "$account_role", assignments = {} } } } },
    }, '[[{ "subjectEmail": "fay@example.com", "assignments": [{ "policyId": "$account_role", "assignments": [] }] }]]'))
    assert.equal("fay@example.com", value.successfulInvites[1].email)
  end },
  { "no empty lists: where they say nothing", "proto3 reads them as absent", function()
    local call = varied("users.search_team", { facets = {}, order_by = {} }, '[{ "facets": [], "orderBy": [] }]')
    assert(by_wixum(call))
    by_package(call)
    by_wixum(NOTHING_TO_REMOVE) -- a list that is needed and may be empty is sent by both
    by_package(NOTHING_TO_REMOVE)
    local ours, theirs = twins.ours:requests(), twins.theirs:requests()
    assert.equal("{}", ours[1].body)
    assert.equal('{"orderBy":[],"facets":[]}', theirs[1].body)
    for _, request in ipairs{ ours[2], theirs[2] } do assert.is_truthy(request.body:find('"assignmentIdsToRemove":[]', 1, true)) end
  end },
  { "an address twice", "one person, two mails", function()
    local request = only_theirs(varied("site_invites.bulk_invite",
      { policy_ids = { "$site_role" }, emails = { "fay@example.com", "FAY@example.com" } },
      '[["$site_role"], { "emails": ["fay@example.com", "FAY@example.com"] }]'))
    assert.matches("fay@example.com.*FAY@example.com", request.body)
  end },
  { "a malformed address", "is told before anything is sent", function()
    local _, _, err = only_theirs(varied("site_invites.bulk_invite",
      { policy_ids = { "$site_role" }, emails = { "fay.example.com" } }, '[["$site_role"], { "emails": ["fay.example.com"] }]'))
    assert.same({ 400, "options.emails[0]" }, { err.status, err.violations[1].field })
  end },
  { "more than 50 invitees", "is told before anything is sent", function()
    local request = only_theirs(invitees(51))
    assert.matches("u51@example.com", request.body)
  end },
  { "a missing site", "is told before anything is sent", function()
    local call = find_call "site_invites.bulk_invite"
    local wix <close> = require("wixum").client{ base_url = twins.ours.base_url, api_key = twins.ours.api_key }
    local _, failure = twins.by_client(wix, call)
    assert.same({ "invalid", 0 }, { failure.kind, #twins.ours:requests() })
    local _, err = by_package(call, { site_id = false })
    assert.same({ 428, "MISSING_METASITE_ID" }, { err.status, err.code })
  end },
  { "an answer without a body", "where nothing is promised, nothing is enough", function()
    twins.fault{ status = 200, body = "" }
    local call = find_call "site_invites.revoke_invite"
    assert.same({}, (assert(by_wixum(call))))
    local _, err = by_package(call)
    assert.is_nil(err.status)
  end },
  { "lists in answers", "a declared list is always a table, so that no loop needs a check", function()
    local call = find_call "site_invites.bulk_invite"
    assert.same({}, assert(by_wixum(call)).invites[1].location_ids)
    assert.is_nil(by_package(call).invites[1].locationIds)
  end },
  { "codes", "none is made up where the service gave none", function()
    twins.fault{ status = 500 }
    local call = find_call "site_invites.bulk_invite"
    local _, failure = by_wixum(call)
    local _, err = by_package(call)
    assert.same({ 500 }, { failure.status, failure.code })
    assert.same({ 500, 500 }, { err.status, err.code })
  end },
  { "redirections", "what is sent to the service goes nowhere else; the package follows, and POST becomes GET", function()
    twins.fault{ status = 302, location = "/roles-management/roles" }
    local call = find_call "site_invites.bulk_invite"
    local _, failure = by_wixum(call)
    by_package(call)
    assert.equal("redirected", failure.kind)
    local followed = twins.theirs:requests()
    assert.same({ 1, 2, "GET" }, { #twins.ours:requests(), #followed, followed[2].method })
  end },
  { "reads that meet a passing failure", "are tried again; the package gives up", function()
    twins.fault{ status = 503 }
    local call, now, waited = find_call "users.search_team", 0, 0
    local clock = { now = function() return now end, random = function() return 1 end, time = os.time }
    function clock.sleep(seconds) now, waited = now + seconds, waited + seconds end
    assert(by_wixum(call, { retries = 1, clock = clock }))
    local _, err = by_package(call)
    assert.same({ 2, 1, 503 }, { #twins.ours:requests(), #twins.theirs:requests(), err.status })
    assert.is_true(waited > 0)
  end },
  { "headers", "each of compare.HEADERS says why", function()
    local call = find_call "site_invites.bulk_invite"
    assert(by_wixum(call))
    by_package(call)
    local ours, theirs = twins.ours:requests()[1].headers, twins.theirs:requests()[1].headers
    for name, header in pairs(compare.HEADERS) do
      assert.is_string(theirs[name], name)
      if header.of == "theirs" then assert.is_nil(ours[name], name) else assert.is_string(ours[name], name) end
      assert.not_equal(theirs[name], ours[name], name)
    end
  end },
}

describe("#node Wix's official packages and wixum", function()
  setup(function() javascript = node.start() end)
  teardown(function() if javascript then javascript:stop() end end)
  after_each(twins.close)

  it("are compared in the versions that are pinned, in every function that they export", function()
    local pinned = cjson.decode((here.read "spec/interop/package.json")).dependencies
    pinned["@wix/sdk"] = nil
    local tried, versions, exported = {}, {}, {}
    for _, call in ipairs(calls) do tried[call.package .. " " .. call.name] = true end
    for package, told in pairs(javascript:packages()) do
      versions[package] = told.version
      for _, name in ipairs(told.functions) do exported[package .. " " .. name] = true end
    end
    assert.same(pinned, versions)
    assert.same(exported, tried)
  end)

  it("cover all operations but those that no package has", function()
    local without = {}
    for _, operation in ipairs(declaration.operations()) do without[operation.full_name] = true end
    for _, call in ipairs(calls) do without[call.operation] = nil end
    assert.same({
      ["contributors.remove_contributor"] = true, ["contributors.change_contributor_location"] = true,
      ["sites.query_sites"] = true, ["sites.count_sites"] = true,
    }, without)
  end)

  it("are given every argument that is declared", function()
    local function fields_of(shape, prefix, list)
      for _, field in ipairs(shape.fields) do
        local name = prefix .. field.name
        if not field.read_only then list[name] = true end
        if type(field.type) == "table" then fields_of(field.type, name .. ".", list) end
      end
      return list
    end
    local function take_away(value, shape, prefix, list)
      for key, item in pairs(value) do
        local field = shape.by_name[key]
        if math.type(key) then take_away(item, shape, prefix, list)
        else
          list[prefix .. key] = nil
          if type(field.type) == "table" then take_away(item, field.type, prefix .. key .. ".", list) end
        end
      end
    end
    for _, operation in ipairs(declaration.operations()) do
      local missing, any = fields_of(operation.arguments, operation.full_name .. ": ", {}), false
      for _, call in ipairs(calls) do
        if call.operation == operation.full_name then
          any = true
          take_away(call.lua or {}, operation.arguments, operation.full_name .. ": ", missing)
        end
      end
      if any then assert.same({}, missing) end
    end
  end)

  describe("say and hear the same in", function()
    for _, call in ipairs(calls) do
      it(call.operation .. (call.what ~= "" and " " .. call.what or ""), function()
        twins.open()
        local answer, failure = by_wixum(call)
        local value, err = by_package(call)
        assert.same(requests("theirs"), requests("ours"))
        assert.equal(1, #requests("ours"))
        assert.is_nil(err and err.message)
        assert.is_truthy(answer, tostring(failure))
        assert.same(compare.theirs(value), compare.ours(answer))
        assert.same(effects("theirs"), effects("ours"))
      end)
    end
  end)

  describe("are refused alike:", function()
    for _, case in ipairs(REFUSED) do
      local what, call, status, code = table.unpack(case, 1, 4)
      it(what, function()
        twins.open(case.open)
        if case.fault then twins.fault(case.fault) end
        local answer, failure = by_wixum(call, case.settings)
        local value, err = by_package(call, case.settings)
        assert.is_nil(answer)
        assert.is_nil(value)
        local theirs, ours = compare.their_error(err), compare.our_error(failure)
        assert.same(theirs, ours)
        assert.same({ status, code }, { ours.status, ours.code })
        local fields = {}
        for i, violation in ipairs(ours.violations) do fields[i] = violation.field end
        assert.same(case.fields or {}, fields)
        assert.is_string(ours.request_id)
        assert.same(requests("theirs"), requests("ours"))
      end)
    end
  end)

  it("both say X-Wix-Consistent back", function()
    twins.open()
    twins.fault{ headers = { ["X-Wix-Consistent"] = "token-1" } }
    local wix <close> = twins.ours:client{ retries = 0, timeout = 5 }
    for _ = 1, 2 do
      assert(wix.users.search_team())
      by_package(find_call "users.search_team")
    end
    assert.same(requests("theirs"), requests("ours"))
    assert.is_nil(requests("ours")[1].headers["x-wix-consistent"])
    assert.equal("token-1", requests("ours")[2].headers["x-wix-consistent"])
  end)

  it("both speak of many things on one client", function()
    twins.open()
    local wix <close> = twins.ours:client{ timeout = 5, retries = 0 }
    for _, operation in ipairs{
      "users.get_roles_info", "users.get_roles_info", "users.search_team", "contributors.query_site_contributors",
      "contributors.change_role", "contributors.query_site_contributors", "users.get_roles_info", "site_invites.revoke_invite",
    } do
      assert(twins.by_client(wix, find_call(operation)))
      by_package(find_call(operation))
    end
    assert.same(requests("theirs"), requests("ours"))
  end)

  describe("differ on purpose:", function()
    for _, difference in ipairs(DIFFERENCES) do
      it(difference[1] .. " (" .. difference[2] .. ")", function()
        twins.open()
        difference[3]()
      end)
    end
  end)
end)
