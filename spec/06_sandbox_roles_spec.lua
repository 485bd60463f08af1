-- The sandbox's roles: what can be given, in which language, on what, and who may change what.

local account = require "spec.support.account"

after_each(account.stop)

local function info(given, options)
  return account.good("users.get_roles_info", given, options)
end

local function titles(list)
  local found = {}
  for i, role in ipairs(list) do found[i] = role.title end
  return found
end

local function find(list, id)
  for _, role in ipairs(list) do
    if role.id == id then return role end
  end
end

describe("roles", function()
  it("have the ids and restrictions that are public", function()
    account.start()
    local answer = info()
    assert.same({}, answer.customRoles)
    local roles = answer.predefinedRoles
    assert.same({ "Owner", "NoRestriction" }, { find(roles, account.OWNER).title, find(roles, account.OWNER).restrictFromLevel })
    local admin, co_owner = find(roles, account.ON_ACCOUNT), find(roles, account.ON_SITE)
    assert.same({ "Account Admin (Co-Owner)", "Site" }, { admin.title, admin.restrictFromLevel })
    assert.same({ "Admin (Co-Owner)", "Account" }, { co_owner.title, co_owner.restrictFromLevel })
    local known = {}
    for _, role in ipairs(roles) do
      known[role.title] = true
      assert.matches("^%d+$", role.id)
      assert.equal(19, #role.id)
      assert.equal("string", type(role.description))
      assert.is_nil(role.custom)
    end
    for _, title in ipairs{ "Website Manager", "Website Designer", "Back Office Manager", "Blog Editor", "Billing Manager" } do
      assert.is_true(known[title], title)
    end
  end)

  it("have titles of the locale, where there is one, else English ones", function()
    account.start()
    assert.equal("Administrator (Miteigentümer)", find(info{ locale = "de" }.predefinedRoles, account.ON_SITE).title)
    assert.equal("Administrator (Miteigentümer)", find(info{ locale = "de-AT" }.predefinedRoles, account.ON_SITE).title)
    assert.equal("Administrateur (copropriétaire)", find(info{ locale = "fr" }.predefinedRoles, account.ON_SITE).title)
    assert.equal("Admin (Co-Owner)", find(info{ locale = "xx" }.predefinedRoles, account.ON_SITE).title)
    local store = "6600412800113080107"
    assert.equal("Store Manager", find(info{ locale = "de" }.predefinedRoles, store).title)
    assert.same(info().predefinedRoles, info{ locale = "en" }.predefinedRoles)
    assert.same(info().predefinedRoles, info{ locale = "EN-us" }.predefinedRoles)
  end)

  it("are those of a level, where one is asked for", function()
    account.start()
    local site = info{ filter = { roleLevel = "SITE_LEVEL" } }.predefinedRoles
    assert.is_nil(find(site, account.ON_ACCOUNT))
    assert.is_table(find(site, account.ON_SITE))
    assert.is_table(find(site, account.ANYWHERE))
    local whole = info{ filter = { roleLevel = "ACCOUNT_LEVEL" } }.predefinedRoles
    assert.is_table(find(whole, account.ON_ACCOUNT))
    assert.is_nil(find(whole, account.ON_SITE))
    assert.is_table(find(whole, account.ANYWHERE))
    assert.same(info().predefinedRoles, info{ filter = { roleLevel = "ALL" } }.predefinedRoles)
  end)

  it("are those of editors, where some are asked for", function()
    account.start()
    local store = "6600412800113080107"
    assert.is_nil(find(info{ filter = { editorTypes = { "BLOCKS" } } }.predefinedRoles, store))
    assert.is_table(find(info{ filter = { editorTypes = { "BLOCKS" } } }.predefinedRoles, account.ON_SITE))
    assert.is_table(find(info{ filter = { editorTypes = { "BLOCKS", "STUDIO" } } }.predefinedRoles, store))
    assert.is_table(find(info{ filter = { editorTypes = { "UNINITIALIZED" } } }.predefinedRoles, store))
  end)

  it("of the account's own come beside, with ids that stay the same", function()
    local custom = {
      { title = "Florist" },
      { title = "Gardener", id = "7046409866117489206", description = "Waters.", restrict_from_level = "Account",
        titles = { de = "Gärtner" }, editor_types = { "STUDIO" } },
    }
    local server = account.start{ roles = custom }
    local own = info().customRoles
    assert.same({ "Florist", "Gardener" }, titles(own))
    assert.matches("^%d+$", own[1].id)
    assert.equal(19, #own[1].id)
    assert.same({ id = own[1].id, title = "Florist", description = "", restrictFromLevel = "NoRestriction" }, own[1])
    assert.same({ id = "7046409866117489206", title = "Gardener", description = "Waters.", restrictFromLevel = "Account" }, own[2])
    assert.equal("Gärtner", info{ locale = "de" }.customRoles[2].title)
    assert.same({ "Florist" }, titles(info{ filter = { editorTypes = { "BLOCKS" } } }.customRoles))
    assert.same({ "Florist" }, titles(info{ filter = { roleLevel = "ACCOUNT_LEVEL" } }.customRoles))
    assert.same({ own[1].id, "7046409866117489206" }, { server:roles{ custom = true }[1].id, server:roles{ title = "Gardener" }[1].id })
    account.start{ roles = custom }
    assert.same(own, info().customRoles)
  end)
end)

describe("a site's id in place of the account's", function()
  local by_site = { headers = { ["wix-account-id"] = false, ["wix-site-id"] = account.SITE } }

  it("is refused unless roles_by_site says otherwise", function()
    account.start()
    assert.equal(428, account.call("users.get_roles_info", nil, by_site).status)
    account.start{ roles_by_site = "all" }
    assert.same(info(), info(nil, by_site))
    account.start{ roles_by_site = "site_level" }
    assert.same(info{ filter = { roleLevel = "SITE_LEVEL" } }, info(nil, by_site))
    assert.same(info{ filter = { roleLevel = "SITE_LEVEL" } }, info({ filter = { roleLevel = "ALL" } }, by_site))
    assert.equal(428, account.call("users.search_team", nil, by_site).status)
  end)
end)

describe("where a role may be given", function()
  -- Whether each way of giving it goes well: to a site, to the account, on a site through the account.
  local function ways(id)
    local function well(name, fields) return account.call(name, fields).status == 200 end
    local function invitee(email, assignment)
      return { subjectsAssignments = { { subjectEmail = email, assignments = { assignment } } } }
    end
    return {
      well("site_invites.bulk_invite", { policyIds = { id }, emails = { "a" .. id .. "@example.com" } }),
      well("account_invites.create_invite", invitee("b" .. id .. "@example.com", { policyId = id })),
      well("account_invites.create_invite", invitee("c" .. id .. "@example.com", account.on_site(id))),
    }
  end

  it("follows from restrictFromLevel, as we read it; what is no role may be given anywhere", function()
    account.start()
    assert.same({ false, true, false }, ways(account.ON_ACCOUNT))
    assert.same({ true, false, true }, ways(account.ON_SITE))
    assert.same({ true, true, true }, ways(account.ANYWHERE))
    assert.same({ false, false, false }, ways(account.OWNER))
    assert.same({ true, true, true }, ways("1"))
  end)

  it("is anywhere where role_levels says so", function()
    account.start{ role_levels = "ignore" }
    for _, id in ipairs{ account.ON_ACCOUNT, account.ON_SITE, account.OWNER } do assert.same({ true, true, true }, ways(id)) end
  end)

  it("is nowhere for what is no role, where unknown_roles says so", function()
    account.start{ unknown_roles = "refuse", roles = { { title = "Florist", id = "7" } } }
    assert.same({ false, false, false }, ways("1"))
    assert.same({ true, true, true }, ways("7"))
    assert.same({ true, true, true }, ways(account.ANYWHERE))
  end)
end)
