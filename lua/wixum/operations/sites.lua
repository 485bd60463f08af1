--- Sites, declared: the sites of an account.
--
-- Owns what is said about these calls, once; see `wixum.declaration` for the words.
-- Must not hold code.
--
-- Sources: Wix's reference pages for Sites and its public recipes; fields beyond those named here come as they are.

local site = {
  class = "Site", doc = "A site of the account; there is more in it than is named here.",
  fields = {
    { name = "id", type = "guid", doc = "site id" },
    { name = "name", type = "string", doc = "its name in addresses" },
    { name = "display_name", type = "string", doc = "its name for people" },
    { name = "published", type = "boolean", doc = "can the world see it?" },
    { name = "view_url", type = "string", doc = "its address" },
    { name = "owner_account_id", type = "guid", doc = "whose it is" },
    { name = "contributor_account_ids", type = "guid", list = true, doc = "accounts that can reach it" },
    { name = "blocked", type = "boolean", doc = "has the service shut it?" },
    { name = "folder_id", type = "string", doc = "the folder it is in" },
    { name = "namespace", type = "string", doc = "WIX, HEADLESS, …" },
    { name = "trashed_date", type = "date", doc = "RFC 3339, where it is in the trash" },
    { name = "editor_type", type = "string", doc = "the editor it was made with" },
  },
}

local cursors = {
  class = "Cursors", doc = "Where to go on.",
  fields = { { name = "next", type = "string", doc = "cursor of the next page" } },
}

local metadata = {
  class = "SitesMetadata", doc = "About the page.",
  fields = {
    { name = "count", type = "integer", doc = "sites on this page" },
    { name = "cursors", type = cursors, doc = "where to go on" },
    { name = "has_next", type = "boolean", doc = "are there more?" },
  },
}

return {
  name = "sites",
  doc = "The sites of the account.",
  iterators = {
    {
      name = "each_site", over = "query_sites", items = "sites", kind = "cursor",
      doc = "Every site that query_sites finds, page by page.",
      example = [[
for site in wixum.sites.each_site{ query = { filter = { published = true } } } do
  print(site.id, site.display_name)
end]],
    },
  },
  operations = {
    {
      name = "query_sites",
      doc = "Lists sites, a hundred a page at most.",
      method = "POST", path = "/site-list/v2/sites/query",
      effect = "read", context = "account", permission = "Read Site Data",
      arguments = {
        fields = {
          { name = "query", type = "any", doc = "free-form: filter, sort, cursorPaging { limit, cursor }; sites.each_site reads all" },
        },
      },
      answer = {
        class = "QuerySitesAnswer",
        fields = {
          { name = "sites", type = site, list = true, doc = "this page" },
          { name = "metadata", type = metadata, doc = "about the page" },
        },
      },
      example = [[
local page, err = wixum.sites.query_sites{ query = { cursorPaging = { limit = 100 } } }]],
    },
    {
      name = "count_sites",
      doc = "Counts sites.",
      method = "POST", path = "/site-list/v2/sites/count",
      effect = "read", context = "account", permission = "Read Site Data",
      arguments = { fields = { { name = "query", type = "any", doc = "free-form: filter" } } },
      answer = { class = "CountSitesAnswer", fields = { { name = "count", type = "integer", doc = "how many" } } },
      example = [[
local counted, err = wixum.sites.count_sites{ query = { filter = { published = true } } }]],
    },
  },
}
