-- Who else may come by an invite, and sites that change hands: what a ledger has to see through.

local sandbox = require "wixum.sandbox"

local SITE = "00000000-0000-4000-8000-00000000000a"
local ROLE = "6732588207941061632"

local server, wix

local function start(given)
  local complete = { seed = 1, sites = { SITE }, start_time = 1734427301 }
  for name, value in pairs(given or {}) do complete[name] = value end
  server = assert(sandbox.start(complete))
  wix = server:client{ site_id = SITE }
end

after_each(function()
  if wix then wix:close() end
  if server then server:stop() end
end)

local function invite(email)
  return assert(wix.site_invites.bulk_invite{ policy_ids = { ROLE }, emails = { email } }).invites[1]
end

local function listed() return assert(wix.sites.query_sites()).sites[1] end

describe("a link #pure", function()
  it("is good for whoever follows it", function()
    start()
    local ann = invite "ann@example.com"
    local used = assert(server:accept(ann, "carl@example.com"))
    local there = server:contributors(SITE)
    assert.equal("Used", used.status)
    assert.same({ "carl@example.com" }, { there[1].email, there[2] and there[2].email })
    assert.equal(there[1].account_id, used.accepted_by_account_id)
  end)

  it("is followed by nobody without an address", function()
    start()
    local ann = invite "ann@example.com"
    assert.has_error(function() assert(server:accept(ann, "nobody")) end)
    assert.equal("Pending", server:invites()[1].status)
  end)
end)

describe("a site that is transferred #pure", function()
  it("shows its new owner, and the former one as a contributor", function()
    start()
    local owner = listed().owner_account_id
    assert.equal(server.account_id, owner)
    local new = assert(server:transfer(SITE, "ann@example.com"))
    assert.equal(new, listed().owner_account_id)
    assert.same({ owner }, listed().contributor_account_ids)
    assert.truthy(wix.contributors.query_site_contributors())
  end)

  it("takes a contributor who becomes its owner from the contributors", function()
    start()
    assert(server:accept(invite "ann@example.com"))
    local ann = listed().contributor_account_ids[1]
    assert.equal(ann, server:transfer(SITE, "ann@example.com"))
    assert.same({ server.account_id }, listed().contributor_account_ids)
  end)

  it("shows the owner among the contributors where owners are shown there", function()
    start{ owner_contributes = true }
    local new = assert(server:transfer(SITE, "ann@example.com"))
    local found = {}
    for _, id in ipairs(listed().contributor_account_ids) do found[id] = true end
    assert.same({ [new] = true, [server.account_id] = true }, found)
    local answer, err = wix.contributors.remove_contributor{ account_id = new }
    assert.is_nil(answer)
    assert.equal("forbidden", err.kind)
    assert.truthy(wix.contributors.remove_contributor{ account_id = server.account_id })
  end)

  it("is gone from the account where nobody of it stays", function()
    start{ sites = { SITE, "00000000-0000-4000-8000-00000000000b" } }
    assert(server:transfer(SITE, "ann@example.com", true))
    assert.equal(1, #assert(wix.sites.query_sites()).sites)
    assert.equal(1, assert(wix.sites.count_sites()).count)
    local answer, err = wix.contributors.query_site_contributors()
    assert.is_nil(answer)
    assert.equal("forbidden", err.kind)
  end)

  it("stays transferred in a state that is kept", function()
    start{ sites = { SITE, "00000000-0000-4000-8000-00000000000b" } }
    local new = assert(server:transfer(SITE, "ann@example.com"))
    local path = os.tmpname()
    assert(server:save(path))
    assert(server:transfer(SITE, "carl@example.com", true))
    assert(server:load(path))
    os.remove(path)
    assert.equal(new, listed().owner_account_id)
    assert.equal(2, #assert(wix.sites.query_sites()).sites)
  end)

  it("must be one of the account, and the new owner an address", function()
    start()
    assert.is_nil((server:transfer("00000000-0000-4000-8000-0000000000ff", "ann@example.com")))
    assert.is_nil((server:transfer(SITE, "nobody")))
  end)
end)
