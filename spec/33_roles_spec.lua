-- wixum.roles.find: a role by its title, with the candidates where there is not just one.

local answering = require "spec.support.answering"
local wixum = require "wixum"

local ROLES = {
  predefinedRoles = {
    { id = "6601492336091027458", title = "Owner", restrictFromLevel = "NoRestriction" },
    { id = "6642345101181663232", title = "Admin (Co-Owner)", restrictFromLevel = "Site" },
    { id = "6732588207941061632", title = "Admin (Co-Owner)", restrictFromLevel = "Account" },
    { id = "1", title = "Website Manager", restrictFromLevel = "NoRestriction" },
    { id = "2", title = "Website Designer" },
    { id = "3", title = "Über  Uns-Redaktion", restrictFromLevel = "NoRestriction" },
    { id = "4", title = "Менеджер", restrictFromLevel = "NoRestriction" },
    { id = "5" },
  },
  customRoles = { { id = "9", title = "Shop", restrictFromLevel = "NoRestriction" }, { id = "10", title = "SHOP" } },
}

describe("wixum.roles.find", function()
  local wix, asked
  before_each(function() wix, asked = answering.client(function() return ROLES end) end)
  after_each(function() wix:close() end)

  local function refused(...)
    local role, err = wixum.roles.find(wix, ...)
    assert.is_nil(role)
    assert.same({ "invalid", "not_sent", "roles.find" }, { err.kind, err.outcome, err.operation })
    assert.matches("spec/33_roles_spec.lua", err.where, 1, true)
    return err
  end

  it("finds by title, whatever the case and the blanks, and by id", function()
    for title, id in pairs{ Owner = "6601492336091027458", ["website manager"] = "1", [" WEBSITE  Designer "] = "2",
      ["ÜBER UNS-REDAKTION"] = "3", ["über uns-redaktion"] = "3", ["МЕНЕДЖЕР"] = "4", ["10"] = "10", ["5"] = "5" } do
      assert.equal(id, assert(wixum.roles.find(wix, title)).id, title)
    end
    assert.equal("locale=en", asked[1].query)
    wixum.roles.find(wix, "Owner", { locale = "de" })
    assert.equal("locale=de", asked[#asked].query)
  end)

  it("chooses by the level where a role may not be given everywhere", function()
    assert.equal("6732588207941061632", wixum.roles.find(wix, "admin (co-owner)", { level = "site" }).id)
    assert.equal("6642345101181663232", wixum.roles.find(wix, "admin (co-owner)", { level = "account" }).id)
  end)

  it("refuses a role that may not be given there, and says so", function()
    assert.matches('the role "6642345101181663232" may not be given on a site', refused("6642345101181663232",
      { level = "site" }).message, 1, true)
    local err = refused("6732588207941061632", { level = "account" })
    assert.matches("may not be given on the whole account", err.message, 1, true)
    assert.equal("6732588207941061632", err.data.candidates[1].id)
  end)

  it("names those that a title may mean", function()
    local err = refused("Admin (Co-Owner)")
    assert.matches("2 roles are called", err.message, 1, true)
    assert.matches("6642345101181663232", err.message, 1, true)
    assert.equal(2, #err.data.candidates)
    assert.equal(2, #refused("shop", { level = "site" }).data.candidates)
  end)

  it("names those that come near an unknown title", function()
    for _, title in ipairs{ "Website Manger", "website", "the website manager of ours" } do
      local err = refused(title)
      assert.matches(('there is no role "%s"'):format(title), err.message, 1, true)
      assert.matches('"Website Manager"', err.message, 1, true)
      assert.is_nil(err.message:find("Менеджер", 1, true))
    end
    assert.same({ "Website Manager", "Website Designer" },
      { refused("Website Wizard").data.candidates[1].title, refused("Website Wizard").data.candidates[2].title })
    assert.equal(10, #refused("something else altogether").data.candidates)
    assert.matches("and 2 more", refused("something else altogether").message, 1, true)
  end)

  it("looks in roles that were asked for before, without another call", function()
    local known = assert(wix.users.get_roles_info())
    assert.equal("1", wixum.roles.find(wix, "website manager", { roles = known }).id)
    assert.equal(1, #asked)
  end)

  it("passes on what the search fails with", function()
    local failing = answering.client(function() return {}, 403 end)
    local role, err = wixum.roles.find(failing, "Owner")
    assert.same({ nil, "forbidden" }, { role, err.kind })
    local none = answering.client(function() return {} end)
    local _, empty = wixum.roles.find(none, "Owner")
    assert.matches("there is none at all", empty.message, 1, true)
  end)

  it("stands whatever the service says roles are, and shows nothing secret of them", function()
    local link = "https://manage.wix.com/invite/SECRET-TOKEN"
    local hostile = answering.client(function() return { predefinedRoles = { { id = "1", title = true }, { id = "2", title = { a = 1 } },
      { id = true, title = "Owner" }, { id = "3", title = ("x"):rep(600000) }, { title = "Owner" }, { id = "4", title = link },
      { id = "5", title = "2" } } } end)
    local role, err = wixum.roles.find(hostile, "Owner")
    assert.is_nil(role)
    assert.is_nil((tostring(err) .. tostring(err.data.candidates[4] and err.data.candidates[4].title)):find("SECRET", 1, true))
    for _, candidate in ipairs(err.data.candidates) do assert.is_nil(tostring(candidate.title):find("SECRET", 1, true)) end
    assert.equal("2", wixum.roles.find(hostile, "2").id) -- and not the one that is called so
    assert.is_nil((wixum.roles.find(wix, "x", { roles = { predefined_roles = { 1, false }, custom_roles = {} } })))
  end)

  it("looks although the client only shows its requests", function()
    assert.equal("1", wixum.roles.find(wix:with{ dry_run = true }, "Website Manager").id)
    for _, wrong in ipairs{ function() wixum.roles.find("Owner") end, function() wixum.roles:find("Owner") end } do
      local ok, message = pcall(wrong)
      assert.is_false(ok)
      assert.matches("write wixum.roles.find(wix, title)", message, 1, true)
    end
  end)

  it("answers a mistyped name with the one that was meant, as its neighbours do", function()
    for module, wrong in pairs{ roles = "fnd", assignments = "invite", split = "bulk_invit" } do
      local ok, message = pcall(function() return wixum[module][wrong] end)
      assert.is_false(ok)
      assert.matches("^spec/33_roles_spec.lua:%d+: wixum." .. module .. " has no function " .. wrong .. " %(did you mean", message)
    end
  end)

  it("refuses nonsense", function()
    refused("")
    refused("  ")
    refused("\255")
    assert.equal(0, #asked)
    for _, given in ipairs{ { 5 }, { "Owner", 5 }, { "Owner", { level = "world" } }, { "Owner", { lokale = "de" } },
      { "Owner", { roles = {} } }, { "Owner", { roles = 5 } } } do
      local ok, message = pcall(function() wixum.roles.find(wix, table.unpack(given)) end)
      assert.is_false(ok)
      assert.matches("^spec/33_roles_spec.lua:%d+: roles.find: ", message)
    end
  end)
end)
