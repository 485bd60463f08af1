--- The calls that are made twice, through wixum and through Wix's official packages: the same, as each side writes it.
--
-- Owns nothing but these words. `js` is what stands between the parentheses in JavaScript, as a JSON list; it is written
-- out here, and not made from `lua`, so that a mistake in a declaration cannot hide in both. Ids in JavaScript are `_id`.
-- `$words` stand for ids of the sandbox's people and things; spec/interop/twins.lua makes them.

local SITE_INVITES, ACCOUNT_INVITES = "@wix/user-management_site-invites", "@wix/identity_account-invite"
local USERS, CONTRIBUTORS = "@wix/identity_user", "@wix/identity_contributor"

-- Which id header the calls of a package need: it is the caller's business there.
local CONTEXT = { [SITE_INVITES] = "site_id", [ACCOUNT_INVITES] = "account_id", [USERS] = "account_id", [CONTRIBUTORS] = "site_id" }

local calls = {}

local function call(operation, package, name, what, lua, js)
  calls[#calls + 1] = {
    operation = operation, package = package, name = name, context = CONTEXT[package], what = what, lua = lua, js = js,
  }
end

-- ---- Site Invites ----------------------------------------------------------------------------------------------------

call("site_invites.bulk_invite", SITE_INVITES, "bulkInvite", "with all options", {
  policy_ids = { "$site_role", "$other_role" }, emails = { "fay@example.com", "gus@bücher.example" },
  invite_purpose = 'Schlüssel für "Bäckerei \\ Café" ✓\n<b>/</b>', default_email_language = "fr",
}, [=[ [["$site_role", "$other_role"], {
  "emails": ["fay@example.com", "gus@bücher.example"],
  "invitePurpose": "Schlüssel für \"Bäckerei \\ Café\" ✓\n<b>/</b>", "defaultEmailLanguage": "fr"
}] ]=])

call("site_invites.bulk_invite", SITE_INVITES, "bulkInvite", "with what is required", {
  policy_ids = { "$site_role" }, emails = { "fay@example.com" },
}, [=[ [["$site_role"], { "emails": ["fay@example.com"] }] ]=])

call("site_invites.bulk_invite", SITE_INVITES, "bulkInvite", "with somebody who is invited already", {
  policy_ids = { "$site_role" }, emails = { "ann@example.com", "fay@example.com" },
}, [=[ [["$site_role"], { "emails": ["ann@example.com", "fay@example.com"] }] ]=])

call("site_invites.resend_invite", SITE_INVITES, "resendInvite", "with all options", {
  invite_id = "$invite", default_email_language = "pt-BR",
}, [=[ ["$invite", { "defaultEmailLanguage": "pt-BR" }] ]=])

call("site_invites.resend_invite", SITE_INVITES, "resendInvite", "with what is required", {
  invite_id = "$invite",
}, [=[ ["$invite"] ]=])

call("site_invites.resend_invite", SITE_INVITES, "resendInvite", "with an id in capital letters", {
  invite_id = "$capital_invite",
}, [=[ ["$capital_invite"] ]=])

call("site_invites.revoke_invite", SITE_INVITES, "revokeInvite", "", { invite_id = "$invite" }, [=[ ["$invite"] ]=])

-- ---- Account Invites -------------------------------------------------------------------------------------------------

call("account_invites.create_invite", ACCOUNT_INVITES, "createInvite", "to everything", {
  subjects_assignments = { { subject_email = "fay@example.com", assignments = { { policy_id = "$account_role" } } } },
}, [=[ [[{ "subjectEmail": "fay@example.com", "assignments": [{ "policyId": "$account_role" }] }]] ]=])

call("account_invites.create_invite", ACCOUNT_INVITES, "createInvite", "to sites, to an account, and of somebody invited already", {
  subjects_assignments = {
    { subject_email = "fay@example.com", assignments = { {
      policy_id = "$other_role",
      assignments = {
        { full_name_resource = { site_context = { metasite_id = "$site" } } },
        { full_name_resource = { site_context = { metasite_id = "$other_site" } } },
      },
    } } },
    { subject_email = "gus@example.com", assignments = {
      { policy_id = "$account_role", assignments = { { full_name_resource = { account_context = { account_id = "$account" } } } } },
      { policy_id = "$other_role" },
    } },
    { subject_email = "emil@example.com", assignments = { { policy_id = "$account_role" } } },
  },
  default_email_language = "de",
}, [=[ [[
  { "subjectEmail": "fay@example.com", "assignments": [{
    "policyId": "$other_role",
    "assignments": [
      { "fullNameResource": { "siteContext": { "metasiteId": "$site" } } },
      { "fullNameResource": { "siteContext": { "metasiteId": "$other_site" } } }
    ]
  }] },
  { "subjectEmail": "gus@example.com", "assignments": [
    { "policyId": "$account_role", "assignments": [{ "fullNameResource": { "accountContext": { "accountId": "$account" } } }] },
    { "policyId": "$other_role" }
  ] },
  { "subjectEmail": "emil@example.com", "assignments": [{ "policyId": "$account_role" }] }
], { "defaultEmailLanguage": "de" }] ]=])

-- ---- Users -----------------------------------------------------------------------------------------------------------

call("users.search_team", USERS, "searchTeam", "bare", nil, "[]")

call("users.search_team", USERS, "searchTeam", "with all options", {
  query = "example.com", order_by = { { field_name = "Name", direction = "DESC" }, { field_name = "JoinedAt" } },
  filter = { roleId = { ["$eq"] = "$account_role" } }, facets = { "Roles", "InviteStatus", "Users" },
  paging = { limit = 2, offset = 1 },
}, [=[ [{
  "query": "example.com", "orderBy": [{ "fieldName": "Name", "direction": "DESC" }, { "fieldName": "JoinedAt" }],
  "filter": { "roleId": { "$eq": "$account_role" } }, "facets": ["Roles", "InviteStatus", "Users"],
  "paging": { "limit": 2, "offset": 1 }
}] ]=])

call("users.search_team", USERS, "searchTeam", "for invites", {
  filter = { inviteType = { ["$eq"] = "Pending" } },
}, [=[ [{ "filter": { "inviteType": { "$eq": "Pending" } } }] ]=])

call("users.get_roles_info", USERS, "getRolesInfo", "bare", nil, "[]")

call("users.get_roles_info", USERS, "getRolesInfo", "with all options", {
  locale = "pt-BR", filter = { role_level = "SITE_LEVEL", editor_types = { "STUDIO", "EDITORX" } },
}, [=[ [{ "locale": "pt-BR", "filter": { "roleLevel": "SITE_LEVEL", "editorTypes": ["STUDIO", "EDITORX"] } }] ]=])

call("users.get_roles_info", USERS, "getRolesInfo", "with a locale that needs escaping", {
  locale = "de & +/ü%?=#",
}, [=[ [{ "locale": "de & +/ü%?=#" }] ]=])

call("users.update_team_member_assignments", USERS, "updateTeamMemberAssignments", "giving and taking", {
  user_id = "$user",
  new_assignments = {
    { policy_id = "$site_role", restrictions = { site = { id = "$site", value = "Bäckerei" } } },
    { policy_id = "$other_role", subject = { subject_type = "USER" },
      restrictions = { conditions = { conditions = { { condition_type = "FOLDER", id = "folder-1", value = "/a" } } } } },
    { policy_id = "$other_role", restrictions = { resource = { resource_type = "SITE", id = "$other_site", value = "Café" } } },
    { policy_id = "$other_role" },
  },
  assignment_ids_to_remove = { "$assignment" },
}, [=[ ["$user", {
  "newAssignments": [
    { "policyId": "$site_role", "restrictions": { "site": { "_id": "$site", "value": "Bäckerei" } } },
    { "policyId": "$other_role", "subject": { "subjectType": "USER" },
      "restrictions": { "conditions": { "conditions": [{ "conditionType": "FOLDER", "_id": "folder-1", "value": "/a" }] } } },
    { "policyId": "$other_role", "restrictions": { "resource": { "resourceType": "SITE", "_id": "$other_site", "value": "Café" } } },
    { "policyId": "$other_role" }
  ],
  "assignmentIdsToRemove": ["$assignment"]
}] ]=])

call("users.update_team_member_assignments", USERS, "updateTeamMemberAssignments", "giving alone", {
  user_id = "$user", new_assignments = { { policy_id = "$account_role" } }, assignment_ids_to_remove = {},
}, [=[ ["$user", { "newAssignments": [{ "policyId": "$account_role" }], "assignmentIdsToRemove": [] }] ]=])

call("users.update_team_member_assignments", USERS, "updateTeamMemberAssignments", "taking alone", {
  user_id = "$user", new_assignments = {}, assignment_ids_to_remove = { "$assignment" },
}, [=[ ["$user", { "newAssignments": [], "assignmentIdsToRemove": ["$assignment"] }] ]=])

call("users.remove_member", USERS, "removeMember", "", { user_id = "$user" }, [=[ ["$user"] ]=])

-- ---- Contributors ----------------------------------------------------------------------------------------------------

call("contributors.query_site_contributors", CONTRIBUTORS, "querySiteContributors", "bare", nil, "[]")

call("contributors.query_site_contributors", CONTRIBUTORS, "querySiteContributors", "with a role", {
  filter = { policy_ids = { "$site_role" } },
}, [=[ [{ "filter": { "policyIds": ["$site_role"] } }] ]=])

call("contributors.query_site_contributors", CONTRIBUTORS, "querySiteContributors", "with roles", {
  filter = { policy_ids = { "$other_role", "$site_role" } },
}, [=[ [{ "filter": { "policyIds": ["$other_role", "$site_role"] } }] ]=])

call("contributors.change_role", CONTRIBUTORS, "changeRole", "", {
  account_id = "$contributor", new_roles = { { role_id = "$other_role" }, { role_id = "$site_role" } },
}, [=[ ["$contributor", { "newRoles": [{ "roleId": "$other_role" }, { "roleId": "$site_role" }] }] ]=])

return calls
