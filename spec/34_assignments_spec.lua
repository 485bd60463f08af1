-- wixum.assignments: the nested shapes in a line; the whole account only where it is said.

local answering = require "spec.support.answering"
local wixum = require "wixum"

local SITE, OTHER = answering.SITE, "b1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10"

describe("wixum.assignments", function()
  local wix, asked
  before_each(function() wix, asked = answering.client(function() end) end)
  after_each(function() wix:close() end)

  it("makes an invitee with a role on chosen sites", function()
    assert(wix.account_invites.create_invite{ subjects_assignments = {
      wixum.assignments.invitee{ email = "ann@example.com", role = { id = "7", title = "Manager" }, sites = { SITE, { id = OTHER } } },
      wixum.assignments.invitee{ email = "bob@example.com", role = "8", everywhere = true },
    } })
    local function on(site) return { fullNameResource = { siteContext = { metasiteId = site } } } end
    assert.same({ subjectsAssignments = {
      { subjectEmail = "ann@example.com", assignments = { { policyId = "7", assignments = { on(SITE), on(OTHER) } } } },
      { subjectEmail = "bob@example.com", assignments = { { policyId = "8" } } },
    } }, asked[1].body)
  end)

  it("makes assignments for a member, one a site", function()
    local list = wixum.assignments.of{ role = "7", sites = { SITE, { id = OTHER } } }
    table.move(wixum.assignments.of{ role = "8", everywhere = true }, 1, 1, 3, list)
    assert(wix.users.update_team_member_assignments{ user_id = SITE, new_assignments = list, assignment_ids_to_remove = {} })
    assert.same({ { policyId = "7", restrictions = { site = { id = SITE } } }, { policyId = "7", restrictions = { site = { id = OTHER } } },
      { policyId = "8" } }, asked[1].body.newAssignments)
  end)

  it("never makes a list of sites that came out empty the whole account", function()
    local _, err = wix.account_invites.create_invite{ subjects_assignments = {
      wixum.assignments.invitee{ email = "ann@example.com", role = "7", sites = {} } } }
    assert.same({ "invalid", "not_sent" }, { err.kind, err.outcome })
    assert.equal("subjects_assignments[1].assignments[1].assignments", err.violations[1].field)
    _, err = wix.users.update_team_member_assignments{ user_id = SITE, assignment_ids_to_remove = {},
      new_assignments = wixum.assignments.of{ role = "7", sites = {} } }
    assert.same({ "invalid", "not_sent" }, { err.kind, err.outcome })
    assert.same({ "new_assignments[1].restrictions", "one_of" }, { err.violations[1].field, err.violations[1].rule })
    assert.equal(0, #asked)
  end)

  it("refuses a program's mistakes at the caller's line", function()
    local good = { email = "ann@example.com", role = "7", sites = { SITE } }
    for what, change in pairs{
      ["say either sites"] = { sites = false }, ["say either sites "] = { everywhere = true },
        ["everywhere can only be true"] = { everywhere = false },
      ["everywhere can only be true "] = { everywhere = "yes" }, ["role must be an id"] = { role = 7 },
        ["role must be an id "] = { role = {} },
      ["sites must be a list"] = { sites = SITE }, ["sites must be a list: "] = { sites = { id = SITE } },
        ["sites must be a list without"] = { sites = { nil, SITE } },
      ["sites must be a list "] = { sites = { a = SITE } }, ["sites[1] must be an id"] = { sites = { 5 } },
        ["unknown field site (did you mean"] = { site = SITE },
      ["email must be a string"] = { email = 5 },
    } do
      local given = {}
      for name, value in pairs(good) do given[name] = value end
      for name, value in pairs(change) do given[name] = value or nil end
      if change.everywhere == false then given.everywhere = false end
      local ok, message = pcall(function() wixum.assignments.invitee(given) end)
      assert.is_false(ok, what)
      assert.is_truthy(message:find((what:gsub(" $", "")), 1, true), what .. ": " .. message)
      assert.matches("^spec/34_assignments_spec.lua:%d+: assignments.invitee: ", message)
    end
    for _, make in pairs{ wixum.assignments.invitee, wixum.assignments.of } do
      local email = make == wixum.assignments.invitee and "ann@example.com" or nil
      local ok, message = pcall(function() make{ email = email, role = "7", sites = false } end)
      assert.is_false(ok)
      assert.matches("sites must be a list", message, 1, true)
    end
    assert.is_false((pcall(wixum.assignments.of)))
    assert.is_false((pcall(wixum.assignments.of, { role = "7", sites = { SITE }, email = "ann@example.com" })))
  end)
end)
