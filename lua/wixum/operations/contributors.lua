--- Contributors, declared: people who can reach one site.
--
-- Owns what is said about these calls, once; see `wixum.declaration` for the words.
-- Must not hold code.
--
-- Sources: Wix's reference pages for Contributors (preview), the official package `@wix/identity_contributor` 1.0.4, and
-- for the shapes of change_contributor_location, which neither shows, a public third-party client.

local account_id = { name = "account_id", type = "guid", required = true, doc = "the contributor, from query_site_contributors" }

local contributor = {
  class = "Contributor", doc = "Somebody who can reach the site.",
  fields = {
    { name = "account_id", type = "guid", doc = "the person's account" },
    { name = "account_owner_id", type = "guid", doc = "the user who owns that account" },
  },
}

local contributors_filter = {
  class = "ContributorsFilter", doc = "Which contributors.",
  fields = {
    { name = "policy_ids", type = "id", list = true, not_empty = true,
      doc = "only those with one of these roles; an empty list would be everybody, so it is refused" },
  },
}

local new_role = {
  class = "NewRole", doc = "A role to give.",
  fields = { { name = "role_id", type = "id", required = true, doc = "role id, see users.get_roles_info" } },
}

local assigned_role = {
  class = "AssignedRole", doc = "A role that was given.",
  fields = {
    { name = "role_id", type = "id", doc = "role id" },
    { name = "assignment_id", type = "id", doc = "id of its being given" },
  },
}

local assigned_locations = {
  class = "AssignedLocations", doc = "Locations that were given.",
  fields = {
    { name = "location_ids", type = "id", list = true, doc = "the locations" },
    { name = "assignment_ids", type = "id", list = true, doc = "ids of their being given" },
  },
}

return {
  name = "contributors",
  doc = "Who can reach a site: list them, change roles and locations, remove.",
  operations = {
    {
      name = "query_site_contributors",
      doc = "Lists who can reach the site, by account id alone.",
      method = "GET", path = "/roles-management/v2/contributors/query",
      effect = "read", context = "site", permission = "Manage Contributors",
      arguments = { fields = { { name = "filter", type = contributors_filter, doc = "which of them" } } },
      answer = {
        class = "QuerySiteContributorsAnswer",
        fields = { { name = "contributors", type = contributor, list = true, doc = "all of them: there is no paging" } },
      },
      example = [[
local list, err = wixum.contributors.query_site_contributors{ filter = { policy_ids = { "6732588207941061632" } } }]],
    },
    {
      name = "change_role",
      doc = "Replaces all roles that a contributor has on the site.",
      method = "PUT", path = "/roles-management/contributor/change/role",
      effect = "repeatable", context = "site", permission = "Manage Contributors",
      arguments = {
        fields = {
          account_id,
          { name = "new_roles", type = new_role, list = true, required = true, not_empty = true, unique_by = "role_id",
            doc = "the roles from now on" },
        },
      },
      answer = {
        class = "ChangeRoleAnswer",
        fields = { { name = "new_assigned_roles", type = assigned_role, list = true, doc = "the roles now" } },
      },
      example = [[
local changed, err = wixum.contributors.change_role{
  account_id = "2f7b1f7e-0a5e-4f0e-9d1c-7b1d8a4f3c21", new_roles = { { role_id = "6732588207941061632" } },
}]],
    },
    {
      name = "remove_contributor",
      doc = "Takes a contributor's access to the site away.",
      method = "POST", path = "/roles-management/contributor/remove",
      effect = "repeatable", context = "site", permission = "Manage Contributors",
      arguments = { fields = { account_id } },
      answer = { class = "RemoveContributorAnswer", fields = {} },
      example = [[
local done, err = wixum.contributors.remove_contributor{ account_id = "2f7b1f7e-0a5e-4f0e-9d1c-7b1d8a4f3c21" }]],
    },
    {
      name = "change_contributor_location",
      doc = "Replaces the locations that a contributor is restricted to.",
      method = "PUT", path = "/roles-management/contributor/change/locations",
      effect = "repeatable", context = "site", permission = "Manage Contributors",
      arguments = {
        fields = {
          account_id,
          { name = "new_locations", type = "guid", list = true, required = true, not_empty = true, unique = true, max_items = 20,
            doc = "the locations from now on; an empty list would be no restriction at all, so it is refused" },
        },
      },
      answer = {
        class = "ChangeContributorLocationAnswer",
        fields = { { name = "new_assigned_locations", type = assigned_locations, list = true, doc = "the locations now" } },
      },
      example = [[
local changed, err = wixum.contributors.change_contributor_location{
  account_id = "2f7b1f7e-0a5e-4f0e-9d1c-7b1d8a4f3c21", new_locations = { "c0d9a5f6-1f0f-4d1c-8b8e-0f8a6f6f5b11" },
}]],
    },
  },
}
