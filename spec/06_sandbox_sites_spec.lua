-- The sandbox's sites: queried by filters, sorted, in pages by cursors, and counted.

local account = require "spec.support.account"

local SITE, OTHER = account.SITE, account.OTHER_SITE

after_each(account.stop)

local function id(number) return ("00000000-0000-4000-8000-%012x"):format(number) end

local function query(given)
  return account.good("sites.query_sites", given and { query = given })
end

local function names(given)
  local list = {}
  for i, site in ipairs(query(given).sites) do list[i] = site.displayName end
  return list
end

local function count(filter)
  return account.good("sites.count_sites", filter and { query = { filter = filter } }).count
end

local function several(given)
  local complete = { sites = {
    { id = id(1), name = "Zoo", folder_id = "f1", premium = true, app_ids = { "shop", "blog" } },
    { id = id(2), name = "Bäckerei Größer & Söhne", published = false, contributors = { { email = "ann@example.com" } } },
    { id = id(3), name = "Shell", namespace = "HEADLESS" },
    { id = id(4), name = "Attic", trashed = "2024-01-02T03:04:05.000Z", blocked = true, view_url = "https://attic.example/",
      folder_id = "f2" },
  } }
  for name, value in pairs(given or {}) do complete[name] = value end
  return account.start(complete)
end

describe("a site", function()
  it("has the fields that are known", function()
    local server = several()
    local ann = server:contributors(id(2))[1].account_id
    local sites = query{ sort = { { fieldName = "id" } } }.sites
    assert.same({
      id = id(2), name = "baeckerei-groesser-soehne", displayName = "Bäckerei Größer & Söhne", published = false,
      viewUrl = "https://baeckerei-groesser-soehne.example", ownerAccountId = account.ID, contributorAccountIds = { ann },
      blocked = false, namespace = "WIX", editorType = "STUDIO",
    }, sites[2])
    assert.equal("2024-01-02T03:04:05.000Z", sites[3].trashedDate)
    assert.equal("https://attic.example/", sites[3].viewUrl)
    assert.is_true(sites[3].blocked)
    assert.equal("f1", sites[1].folderId)
  end)

  it("shows who joined it, at once", function()
    local server = account.start()
    assert.same({}, query().sites[1].contributorAccountIds)
    assert(server:accept(account.invite("ann@example.com").id))
    local ann = server:contributors()[1].account_id
    assert.same({ ann }, query().sites[1].contributorAccountIds)
    assert.same({ "Bakery" }, names{ filter = { contributorAccountIds = { ["$hasSome"] = { account.NOBODY, ann:upper() } } } })
    account.good("contributors.remove_contributor", { accountId = ann })
    assert.same({}, query().sites[1].contributorAccountIds)
    assert.equal(0, count{ contributorAccountIds = { ["$hasSome"] = { ann } } })
  end)

  it("is there once it was mentioned, unless sites are strict", function()
    account.start()
    account.good("contributors.query_site_contributors", nil, { headers = { ["wix-site-id"] = account.NOBODY } })
    assert.same({ "Bakery", "Florist", "Site 3" }, names())
  end)
end)

describe("a filter", function()
  it("passes what is equal, or in a list", function()
    several()
    assert.same({ "Zoo" }, names{ filter = { displayName = "Zoo" } })
    assert.same({ "Zoo" }, names{ filter = { displayName = { ["$eq"] = "Zoo" } } })
    assert.same({}, names{ filter = { displayName = "zoo" } })
    assert.same({ "Zoo", "Attic" }, names{ filter = { folderId = { ["$in"] = { "f2", "f1", "f0" } } } })
    assert.same({}, names{ filter = { folderId = { ["$in"] = {} } } })
    assert.same({ "Bäckerei Größer & Söhne" }, names{ filter = { published = false } })
    assert.same({ "Attic" }, names{ filter = { blocked = true, published = true } })
    assert.same({ "Zoo" }, names{ filter = { id = id(1):upper() } })
    assert.same({ "Zoo" }, names{ filter = { premium = true } })
    assert.same({ "Zoo" }, names{ filter = { appIds = { ["$hasSome"] = { "blog", "events" } } } })
    assert.same({ "Attic" }, names{ filter = { ["$and"] = { { folderId = { ["$in"] = { "f1", "f2" } } }, { blocked = true } } } })
    assert.equal(3, #names{ filter = {} })
    assert.equal(3, #names{ filter = { ownerAccountId = account.ID } })
  end)

  it("is of sites made with an editor, unless it speaks of namespaces", function()
    several()
    assert.same({ "Zoo", "Bäckerei Größer & Söhne", "Attic" }, names())
    assert.same({ "Shell" }, names{ filter = { namespace = "HEADLESS" } })
    assert.equal(4, #names{ filter = { namespace = { ["$in"] = { "WIX", "HEADLESS" } } } })
    assert.same({ "Shell" }, names{ filter = { ["$and"] = { { namespace = "HEADLESS" } } } })
    assert.same({}, names{ filter = { displayName = "Shell" } })
    assert.equal(3, count())
    assert.equal(1, count{ namespace = "HEADLESS" })
  end)

  it("finds the trash too, unless trashed_sites is off", function()
    several{ trashed_sites = false }
    assert.same({ "Zoo", "Bäckerei Größer & Söhne" }, names())
    assert.equal(2, count())
  end)

  it("counts what it would list", function()
    several()
    assert.equal(1, count{ published = false })
    assert.equal(2, count{ folderId = { ["$in"] = { "f1", "f2" } } })
    assert.equal(0, count{ name = "nothing" })
  end)
end)

describe("an order", function()
  it("is by any single field, both ways, and then by the sites' own", function()
    several()
    assert.same({ "Attic", "Bäckerei Größer & Söhne", "Zoo" }, names{ sort = { { fieldName = "displayName" } } })
    assert.same({ "Zoo", "Bäckerei Größer & Söhne", "Attic" }, names{ sort = { { fieldName = "displayName", order = "DESC" } } })
    assert.same({ "Bäckerei Größer & Söhne", "Zoo", "Attic" }, names{ sort = { { fieldName = "published", order = "ASC" } } })
    assert.same({ "Attic", "Zoo", "Bäckerei Größer & Söhne" },
      names{ sort = { { fieldName = "published", order = "DESC" }, { fieldName = "displayName", order = "ASC" } } })
    assert.same({ "Attic", "Zoo", "Bäckerei Größer & Söhne" }, names{ sort = { { fieldName = "folderId", order = "DESC" } } })
  end)
end)

describe("pages", function()
  local function big(total, given)
    local sites = {}
    for i = 1, total do sites[i] = { id = id(i), name = ("Site %03d"):format(i * 37 % total), published = i % 2 == 0 } end
    local complete = { sites = sites }
    for name, value in pairs(given or {}) do complete[name] = value end
    return account.start(complete)
  end

  -- All names, page by page; between pages something may happen.
  local function walk(first, between)
    local list, pages, page = {}, 0, query(first)
    while true do
      pages = pages + 1
      assert.equal(#page.sites, page.metadata.count)
      for _, site in ipairs(page.sites) do list[#list + 1] = site.displayName end
      if not page.metadata.hasNext then break end
      if between then between(pages) end
      page = query{ cursorPaging = { cursor = page.metadata.cursors.next } }
    end
    assert.is_nil(page.metadata.cursors.next)
    return list, pages
  end

  it("follow each other by cursor alone: filter, order and size are in it", function()
    big(53)
    local list, pages = walk{ filter = { published = true }, sort = { { fieldName = "displayName", order = "DESC" } },
      cursorPaging = { limit = 10 } }
    assert.equal(26, #list)
    assert.equal(3, pages)
    for i = 2, #list do assert.is_true(list[i] < list[i - 1]) end
    list, pages = walk{ cursorPaging = { limit = 53 } }
    assert.equal(53, #list)
    assert.equal(1, pages)
  end)

  it("are of fifty unless said; a hundred is the most", function()
    big(101)
    assert.equal(50, #query().sites)
    local _, pages = walk{ cursorPaging = { limit = 100 } }
    assert.equal(2, pages)
    assert.equal(400, account.call("sites.query_sites", { query = { cursorPaging = { limit = 101 } } }).status)
    big(20, { sites_page_size = 7 })
    assert.equal(7, #query().sites)
  end)

  it("may change size on the way", function()
    big(20)
    local cursor = query{ cursorPaging = { limit = 3 } }.metadata.cursors.next
    local page = query{ cursorPaging = { cursor = cursor, limit = 12 } }
    assert.equal(12, #page.sites)
    assert.equal(5, #query{ cursorPaging = { cursor = page.metadata.cursors.next } }.sites)
  end)

  it("miss nothing and repeat nothing while sites are added", function()
    big(30)
    local list = walk({ sort = { { fieldName = "displayName" } }, cursorPaging = { limit = 4 } }, function(pages)
      account.good("contributors.query_site_contributors", nil, { headers = { ["wix-site-id"] = id(1000 + pages) } })
    end)
    local seen = {}
    for _, name in ipairs(list) do
      assert.is_nil(seen[name])
      seen[name] = true
    end
    for i = 0, 29 do assert.is_true(seen[("Site %03d"):format(i)]) end
  end)

  it("have cursors that say nothing, and are this sandbox's own", function()
    big(5)
    local cursor = query{ filter = { published = true }, cursorPaging = { limit = 1 } }.metadata.cursors.next
    assert.is_nil(cursor:find("published", 1, true))
    local changed = (cursor:sub(1, 1) == "A" and "B" or "A") .. cursor:sub(2)
    assert.equal(400, account.call("sites.query_sites", { query = { cursorPaging = { cursor = changed } } }).status)
    big(5, { seed = 2 })
    assert.equal(400, account.call("sites.query_sites", { query = { cursorPaging = { cursor = cursor } } }).status)
  end)
end)

describe("the account's two sites", function()
  it("can be told apart by what they are called", function()
    account.start()
    local sites = query{ filter = { id = { ["$in"] = { SITE, OTHER } } } }.sites
    assert.same({ "bakery", "florist" }, { sites[1].name, sites[2].name })
  end)
end)
