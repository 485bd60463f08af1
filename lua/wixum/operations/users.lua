--- Users, declared: the account's team, its members, their roles.
--
-- Owns what is said about these calls, once; see `wixum.declaration` for the words.
-- Must not hold code.
--
-- Sources: Wix's reference pages for Users (preview) and the official package `@wix/identity_user` 1.0.0. What neither
-- says is marked "not documented".

local invite = require "wixum.invite_fields"

local site_restriction = {
  class = "SiteRestriction", doc = "A role that is given on one site.",
  fields = {
    { name = "id", type = "guid", required = true, doc = "the site's id" },
    { name = "value", type = "string", doc = "the site's name" },
  },
}

local condition = {
  class = "AssignmentCondition", doc = "A condition that a site meets.",
  fields = {
    { name = "condition_type", type = "enum", values = { "UNKNOWN_CONDITION_TYPE", "FOLDER" }, required = true,
      doc = "FOLDER: sites in a folder" },
    { name = "id", type = "id", required = true, doc = "id of the folder" },
    { name = "value", type = "string", doc = "path of the folder" },
  },
}

local conditions_restriction = {
  class = "ConditionsRestriction", doc = "A role that is given on the sites that meet conditions.",
  fields = {
    { name = "conditions", type = condition, list = true, required = true, not_empty = true, doc = "all of them are to be met" },
  },
}

local resource_restriction = {
  class = "ResourceRestriction", doc = "Deprecated by the service: SiteRestriction.",
  fields = {
    { name = "resource_type", type = "enum", values = { "UNKNOWN_RESOURCE_TYPE", "SITE" }, doc = "SITE" },
    { name = "id", type = "id", required = true, doc = "the site's id" },
    { name = "value", type = "string", doc = "the site's name" },
  },
}

local restrictions = {
  class = "AssignmentRestrictions", doc = "What a role is given on. Left out it is everything in the account.", one_of = true,
  fields = {
    { name = "site", type = site_restriction, doc = "one site" },
    { name = "conditions", type = conditions_restriction, doc = "sites that meet conditions" },
    { name = "resource", type = resource_restriction, doc = "deprecated by the service: site" },
  },
}

local subject = {
  class = "AssignmentSubject", doc = "Who has a role.",
  fields = {
    { name = "id", type = "string", read_only = true, doc = "who" },
    { name = "subject_type", type = "enum", values = { "UNKNOWN", "ACCOUNT", "USER", "USER_GROUP", "MEMBER_GROUP", "VISITOR_GROUP",
      "EXTERNAL_APP", "ACCOUNT_GROUP", "WIX_APP" }, doc = "what kind of a subject it is" },
  },
}

local assignment = {
  class = "Assignment", doc = "A role, who has it, and on what.",
  fields = {
    { name = "policy_id", type = "id", required = true, doc = "role id, see users.get_roles_info" },
    { name = "assignment_id", type = "id", read_only = true, doc = "its id, to take it away by; absent while only invited" },
    { name = "restrictions", type = restrictions, doc = "on what; left out it is everything in the account" },
    { name = "subject", type = subject, doc = "who has it" },
  },
}

local member_name = {
  class = "MemberName", doc = "A person's name.",
  fields = {
    { name = "first_name", type = "string", doc = "given name" },
    { name = "last_name", type = "string", doc = "family name" },
  },
}

local user = {
  class = "User", doc = "A member of the team.",
  fields = {
    { name = "id", type = "guid", doc = "user id" },
    { name = "email", type = "email", doc = "address" },
    { name = "name", type = member_name, doc = "name" },
    { name = "profile_image", type = "string", doc = "address of a picture" },
    { name = "joined_team_at", type = "date", doc = "RFC 3339" },
    { name = "assignments", type = assignment, list = true, doc = "roles" },
  },
}

local team_invite = {
  class = "TeamInvite", doc = "Somebody who is invited to the team.",
  fields = {
    { name = "id", type = "guid", doc = "invite id" },
    invite.email,
    invite.status,
    invite.accept_link,
    invite.date_created,
    invite.date_updated,
    invite.expiration_date,
    { name = "assignments", type = assignment, list = true, doc = "roles that acceptance brings" },
  },
}

local team_member = {
  class = "TeamMember", doc = "A member or an invite: one of the two is there.",
  fields = {
    { name = "user", type = user, doc = "who has joined" },
    { name = "invite", type = team_invite, doc = "who is invited" },
  },
}

local order = {
  class = "TeamOrder", doc = "What a search is ordered by.",
  fields = {
    { name = "field_name", type = "enum", values = { "Name", "JoinedAt" }, required = true, doc = "by what" },
    { name = "direction", type = "enum", values = { "ASC", "DESC" }, doc = "which way; ASC is not documented to be the default" },
  },
}

local paging = {
  class = "Paging", doc = "Which part of the result.",
  fields = {
    { name = "limit", type = "integer", min = 1, max = 2147483647, doc = "how many; default and most are not documented" },
    { name = "offset", type = "integer", min = 0, max = 2147483647, doc = "how many are skipped" },
  },
}

local facet_value = {
  class = "FacetValue", doc = "One value and how often it is there.",
  fields = {
    { name = "value", type = "string", doc = "the value" },
    { name = "count", type = "integer", doc = "how often" },
  },
}

local facet = {
  class = "Facet", doc = "How the result divides.",
  fields = {
    { name = "facet_type", type = "enum", values = { "Roles", "InviteStatus", "Users" }, doc = "by what" },
    { name = "values", type = facet_value, list = true, doc = "values that are there at all" },
  },
}

local roles_filter = {
  class = "RolesFilter", doc = "Which roles.",
  fields = {
    { name = "role_level", type = "enum", values = { "ALL", "SITE_LEVEL", "ACCOUNT_LEVEL" },
      doc = "where they can be given; ALL unless said" },
    { name = "editor_types", type = "enum", values = { "UNINITIALIZED", "EDITORX", "BLOCKS", "STUDIO" }, list = true, not_empty = true,
      doc = "for which editors; all unless said" },
  },
}

local role = {
  class = "Role", doc = "What somebody may do.",
  fields = {
    { name = "id", type = "id", doc = "role id: policy_id elsewhere" },
    { name = "title", type = "string", doc = "its name, in the locale where there is a translation" },
    { name = "description", type = "string", doc = "what it allows, in words" },
    { name = "restrict_from_level", type = "enum", values = { "NoRestriction", "Site", "Account" },
      doc = "where it must not be given: Site, not on a site; Account, not on the whole account (our reading, not documented)" },
  },
}

return {
  name = "users",
  doc = "The account's team: search it, its roles, change and remove members.",
  iterators = {
    {
      name = "each_member", over = "search_team", items = "team_members", kind = "offset",
      doc = "Every member and invite that search_team finds, page by page. Offsets shift while members are removed: collect "
        .. "first, then remove.",
      example = [[
for member in wixum.users.each_member{ order_by = { { field_name = "Name", direction = "ASC" } } } do
  print((member.user or member.invite).email)
end]],
    },
  },
  operations = {
    {
      name = "search_team",
      doc = "Finds members of the team and people invited to it.",
      method = "POST", path = "/roles-management/v3/team/search",
      effect = "read", context = "account", permission = "none is listed",
      arguments = {
        fields = {
          { name = "query", type = "string", doc = "words of a name or an address" },
          { name = "order_by", type = order, list = true, doc = "order" },
          { name = "filter", type = "any", doc = "free-form, e.g. { inviteType = { [\"$eq\"] = \"Expired\" } }; also by roleId" },
          { name = "facets", type = "enum", values = { "Roles", "InviteStatus", "Users" }, list = true, unique = true,
            doc = "counts to come along" },
          { name = "paging", type = paging, doc = "which part; users.each_member reads all" },
        },
      },
      answer = {
        class = "SearchTeamAnswer",
        fields = {
          { name = "facets", type = facet, list = true, doc = "counts that were asked for" },
          { name = "team_members", type = team_member, list = true, doc = "this part; no total is told" },
        },
      },
      example = [[
local team, err = wixum.users.search_team{
  query = "ann",
  order_by = { { field_name = "Name", direction = "ASC" } },
  facets = { "Roles", "InviteStatus" },
  paging = { limit = 50, offset = 0 },
}]],
    },
    {
      name = "get_roles_info",
      doc = "Lists the roles that can be given.",
      method = "GET", path = "/roles-management/roles",
      effect = "read", context = "account", permission = "Basic Team Member",
      arguments = {
        fields = {
          { name = "locale", type = "string", not_empty = true, doc = "language of titles, ISO 639; \"en\" unless said" },
          { name = "filter", type = roles_filter, doc = "which roles" },
        },
      },
      answer = {
        class = "GetRolesInfoAnswer",
        fields = {
          { name = "predefined_roles", type = role, list = true, doc = "the service's own" },
          { name = "custom_roles", type = role, list = true, doc = "the account's own" },
        },
      },
      example = [[
local roles, err = wixum.users.get_roles_info{ locale = "en", filter = { role_level = "SITE_LEVEL" } }]],
    },
    {
      name = "remove_member",
      doc = "Removes a member from the team, with all roles.",
      method = "POST", path = "/roles-management/team/remove",
      effect = "repeatable", context = "account", permission = "Manage Team Members",
      arguments = {
        fields = { { name = "user_id", type = "guid", required = true, doc = "user id, from search_team" } },
      },
      answer = { class = "RemoveMemberAnswer", fields = {} },
      example = [[
local done, err = wixum.users.remove_member{ user_id = "9c1a5a0e-35f7-4c8b-a0d8-3b7d9f0e6c55" }]],
    },
    {
      name = "update_team_member_assignments",
      doc = "Gives a member roles and takes others away, in one call; roles that are not named stay.",
      method = "PATCH", path = "/roles-management/v2/team/assignments",
      effect = "adds", context = "account", permission = "Manage Team Members",
      arguments = {
        fields = {
          { name = "user_id", type = "guid", required = true, doc = "user id, from search_team" },
          { name = "new_assignments", type = assignment, list = true, required = true, doc = "roles to give; may be an empty list" },
          { name = "assignment_ids_to_remove", type = "id", list = true, required = true, unique = true,
            doc = "assignment_id of what to take away, from search_team; may be an empty list" },
        },
      },
      answer = {
        class = "UpdateTeamMemberAssignmentsAnswer",
        fields = { { name = "assignments", type = assignment, list = true, doc = "the new ones" } },
      },
      example = [[
local changed, err = wixum.users.update_team_member_assignments{
  user_id = "9c1a5a0e-35f7-4c8b-a0d8-3b7d9f0e6c55",
  new_assignments = { {
    policy_id = "6732588207941061632",
    restrictions = { site = { id = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10" } },
  } },
  assignment_ids_to_remove = {},
}]],
    },
  },
}
