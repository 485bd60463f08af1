-- users.each_member and sites.each_site: pages by offset and by cursor, asked for when the loop gets there.

local answering = require "spec.support.answering"

local function guid(number) return ("00000000-0000-4000-8000-%012d"):format(number) end

-- A team of so many, at most `most` a page.
local function team(size, most)
  return function(body)
    local list, offset = {}, body.paging.offset
    for i = offset + 1, math.min(size, offset + math.min(body.paging.limit, most or 1000)) do
      list[#list + 1] = i % 3 == 0 and { invite = { id = guid(i) } } or { user = { id = guid(i) } }
    end
    return { teamMembers = list }
  end
end

local function ids_of(iterator, ...)
  local ids = {}
  for member in iterator(...) do ids[#ids + 1] = (member.user or member.invite or member).id end
  return ids
end

describe("users.each_member", function()
  it("walks all pages in order, once each", function()
    for size = 0, 11 do
      local wix, asked = answering.client(team(size))
      local ids = ids_of(wix.users.each_member, { query = "x", paging = { limit = 5 } })
      assert.equal(size, #ids)
      for i, id in ipairs(ids) do assert.equal(guid(i), id) end
      assert.equal((size + 4) // 5 + 1, #asked)
      for i, request in ipairs(asked) do
        assert.same({ query = "x", paging = { limit = 5, offset = math.min((i - 1) * 5, size) } }, request.body)
      end
    end
  end)

  it("does not take a page that the service made smaller for the last one", function()
    local wix = answering.client(team(10, 3))
    assert.equal(10, #ids_of(wix.users.each_member, { paging = { limit = 8, offset = 0 } }))
  end)

  it("begins where it is told, and asks for fifty a page by itself", function()
    local wix, asked = answering.client(team(3))
    assert.same({ guid(3) }, ids_of(wix.users.each_member, { paging = { offset = 2 } }))
    assert.same({ limit = 50, offset = 2 }, asked[1].body.paging)
    assert.equal(3, #ids_of(wix.users.each_member))
  end)

  it("asks for a page when the loop gets there, and for none after a break", function()
    local wix, asked = answering.client(team(100))
    local count = 0
    for _ in wix.users.each_member{ paging = { limit = 10 } } do
      count = count + 1
      assert.equal((count - 1) // 10 + 1, #asked)
      if count == 25 then break end
    end
    assert.equal(3, #asked)
  end)

  it("leaves the caller's tables as they are", function()
    local wix = answering.client(team(7))
    local arguments = { paging = { limit = 2 } }
    ids_of(wix.users.each_member, arguments)
    assert.same({ paging = { limit = 2 } }, arguments)
  end)

  it("raises the error value of a page that fails, and ends there", function()
    local wix = answering.client(function(body, _, number)
      if number == 2 then return { message = "no" }, 403 end
      return team(10)(body)
    end)
    local count = 0
    local following = wix.users.each_member{ paging = { limit = 4 } }
    local ok, err = pcall(function() while following() do count = count + 1 end end)
    assert.is_false(ok)
    assert.same({ 4, "forbidden", "users.search_team" }, { count, err.kind, err.operation })
    assert.equal(err, select(2, pcall(following))) -- asked once more it is no end either
    assert.matches("spec/32_paging_spec.lua", err.where, 1, true)
  end)

  it("raises where the service gives the same page for ever", function()
    local wix, asked = answering.client(function() return { teamMembers = { { user = { id = guid(1) } } } } end)
    local ok, err = pcall(ids_of, wix.users.each_member)
    assert.is_false(ok)
    assert.same({ "protocol", "users.each_member", 2 }, { err.kind, err.operation, #asked })
  end)

  it("goes on with the page that Ctrl-C ended, when it is asked once more", function()
    local wix = answering.client(function(body, _, number)
      if number == 2 then error("lua5.4: interrupted!", 0) end
      return team(6)(body)
    end)
    local following, count = wix.users.each_member{ paging = { limit = 4 } }, 0
    local ok, err = pcall(function() while following() do count = count + 1 end end)
    assert.same({ false, "interrupted", 4 }, { ok, err.kind, count })
    while following() do count = count + 1 end
    assert.equal(6, count)
  end)

  it("tells members without ids apart by what is said of them", function()
    local function nobody(number) return { user = { email = ("%d@example.com"):format(number), name = { firstName = "Ann" } } } end
    local wix = answering.client(function(body)
      local offset = body.paging.offset
      return { teamMembers = offset < 6 and { nobody(offset), nobody(offset + 1) } or {} }
    end)
    local count = 0
    for _ in wix.users.each_member() do count = count + 1 end
    assert.equal(6, count)
    local circling, asked = answering.client(function() return { teamMembers = { nobody(2), nobody(1) } } end)
    local ok, err = pcall(ids_of, circling.users.each_member)
    assert.same({ false, "protocol", 2 }, { ok, err.kind, #asked })
  end)

  it("raises where the pages come round again, be it in another order", function()
    local wix, asked = answering.client(function(_, _, number)
      local first = number % 3 * 10
      local list = { { user = { id = guid(first) } }, { invite = { id = guid(first + 1) } } }
      return { teamMembers = number > 3 and { list[2], list[1] } or list }
    end)
    local ok, err = pcall(ids_of, wix.users.each_member)
    assert.same({ false, "protocol", 4 }, { ok, err.kind, #asked })
  end)

  it("takes call options along", function()
    local wix = answering.client(team(1))
    assert.has_error(function() ids_of(wix.users.each_member, {}, { tiemout = 1 }) end)
  end)

  it("refuses what is no argument table at the caller's line", function()
    local wix = answering.client(team(1))
    for _, arguments in ipairs{ 5, "x", { paging = 5 } } do
      local ok, message = pcall(function() ids_of(wix.users.each_member, arguments) end)
      assert.is_false(ok)
      assert.matches("^spec/32_paging_spec.lua:%d+: users.each_member: ", message)
    end
  end)
end)

describe("sites.each_site", function()
  local function sites(pages)
    return function(body)
      local at = tonumber(body.query.cursorPaging.cursor or "1")
      local list = {}
      for i = 1, pages[at] do list[i] = { id = guid(at * 100 + i) } end
      local more = at < #pages
      return { sites = list, metadata = { hasNext = more, cursors = { next = more and tostring(at + 1) or nil } } }
    end
  end

  it("follows the cursors, which go alone, over empty pages too", function()
    local wix, asked = answering.client(sites{ 2, 0, 3 })
    local ids = ids_of(wix.sites.each_site, { query = { filter = { published = true } } })
    assert.same({ guid(101), guid(102), guid(301), guid(302), guid(303) }, ids)
    assert.same({ filter = { published = true }, cursorPaging = { limit = 100 } }, asked[1].body.query)
    assert.same({ cursorPaging = { cursor = "2" } }, asked[2].body.query)
    assert.equal(3, #asked)
  end)

  it("ends where nothing says that there is more", function()
    for _, metadata in ipairs{ {}, { hasNext = false, cursors = { next = "5" } }, { cursors = { next = "" } } } do
      local wix, asked = answering.client(function() return { sites = { { id = guid(1) } }, metadata = metadata } end)
      assert.equal(1, #ids_of(wix.sites.each_site))
      assert.equal(1, #asked)
    end
  end)

  it("raises where there is more, and nobody says where, or the same cursor comes back", function()
    for _, metadata in ipairs{ { hasNext = true }, { hasNext = true, cursors = { next = "5" } }, { cursors = { next = "5" } } } do
      for _, sites_given in ipairs{ {}, { { id = guid(1) } } } do
        local wix, asked = answering.client(function() return { sites = sites_given, metadata = metadata } end)
        local ok, err = pcall(ids_of, wix.sites.each_site)
        assert.is_false(ok)
        assert.same({ "protocol", "sites.each_site" }, { err.kind, err.operation })
        assert.is_true(#asked <= 3)
      end
    end
  end)

  it("raises where cursors, or pages, come round again, or none ever has a site", function()
    local function walk(answer)
      local wix, asked = answering.client(answer)
      local ok, err = pcall(ids_of, wix.sites.each_site)
      assert.same({ false, "protocol" }, { ok, err.kind })
      return #asked
    end
    local function page(id, cursor) return { sites = { id and { id = guid(id) } }, metadata = { cursors = { next = cursor } } } end
    assert.equal(4, walk(function(_, _, number) return page(number, tostring(number % 3)) end))
    assert.equal(4, walk(function(_, _, number) return page(number % 3, tostring(number)) end))
    assert.equal(100, walk(function(_, _, number) return page(nil, tostring(number)) end))
  end)

  it("needs answers: with dry_run there are none to walk", function()
    local wix = answering.client(function() end, { dry_run = true })
    for _, iterator in ipairs{ wix.sites.each_site, wix.users.each_member } do
      local ok, message = pcall(ids_of, iterator)
      assert.is_false(ok)
      assert.matches("with dry_run there are no pages to walk", message, 1, true)
    end
    local ok, message = pcall(function() return (wix.sites:each_site()) end)
    assert.is_false(ok)
    assert.matches("write a dot, not a colon: sites.each_site", message, 1, true)
  end)
end)

describe("ten thousand members", function()
  it("are walked through with flat memory", function()
    local wix = answering.client(team(10000))
    local following, highest, count = wix.users.each_member{ paging = { limit = 100 } }, 0, 0
    collectgarbage()
    collectgarbage()
    local before = collectgarbage("count")
    while following() do
      count = count + 1
      if count % 500 == 0 then
        collectgarbage()
        highest = math.max(highest, collectgarbage("count") - before)
      end
    end
    assert.equal(10000, count)
    assert.is_true(highest < 1024, highest .. " KiB more than before") -- a hundred members and what was asked
  end)
end)
