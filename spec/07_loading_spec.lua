-- What is loaded when: `require "wixum"` takes what a call needs of every program, and nothing that only some ask for.

local declaration = require "wixum.declaration"
local process = require "spec.support.process"

local SETTINGS = { WIX_API_KEY = "key-for-specs", WIX_SITE_ID = "5f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11" }

-- Names of the modules of wixum that a script of its own has loaded at its end, sorted.
local function loaded_by(script)
  local output, code = process.run({ "lua5.4", "-e", script .. [[

    local names = {}
    for name in pairs(package.loaded) do if name:find("^wixum") then names[#names + 1] = name end end
    table.sort(names)
    print("loaded: " .. table.concat(names, " "))]] }, { env = SETTINGS })
  assert.equal(0, code, output)
  local list, has = {}, {}
  for name in output:match("loaded: ([^\n]*)"):gmatch("%S+") do list[#list + 1], has[name] = name, true end
  return has, list
end

-- The declarations among them.
local function declarations(list)
  local found = {}
  for _, name in ipairs(list) do found[#found + 1] = name:match("^wixum%.operations%.(.+)$") end
  return found
end

describe("require 'wixum'", function()
  it("loads no help, no type file, no helpers, no sandbox, no declaration and nothing that only calls need", function()
    local has, list = loaded_by('require "wixum"')
    assert.same({}, declarations(list))
    for _, name in ipairs{ "help", "described", "annotations", "types", "call", "compiled", "verdict", "request", "csv", "roles",
      "assignments", "split", "paging", "free_call", "pretty", "sandbox", "cli", "ledger" } do
      assert.is_nil(has["wixum." .. name], name)
    end
    for _, name in ipairs{ "wixum", "wixum.core", "wixum.client", "wixum.options", "wixum.settings" } do assert.is_true(has[name], name) end
    -- what is not named here is a new part of every start: is it needed by every program?
    assert.is_true(#list <= 13, table.concat(list, " "))
  end)

  it("and a client load no declaration either", function()
    assert.same({}, declarations(select(2, loaded_by('require("wixum").client{}'))))
  end)

  for _, name in ipairs(declaration.namespace_names()) do
    it("and " .. name .. " load that declaration alone", function()
      local has, list = loaded_by(('local method = require("wixum").%s.%s'):format(name, declaration.namespace(name).operations[1].name))
      assert.same({ name }, declarations(list))
      assert.is_nil(has["wixum.help"])
      assert.same({ name }, declarations(select(2, loaded_by(('local namespace = require("wixum").client{}.%s'):format(name)))))
    end)
  end

  it("and a call load neither help nor the types, nor the declarations of other namespaces", function()
    local has, list = loaded_by([[
      local wix = require("wixum").client{ transport = function() return { status = 200, body = "{}" } end }
      assert(wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } })
      assert(not pcall(wix.site_invites.bulk_invite, { emials = {} }))
      assert(tostring(select(2, wix.site_invites.resend_invite{ invite_id = "x" })))]])
    assert.same({ "site_invites" }, declarations(list))
    for _, name in ipairs{ "help", "described", "annotations", "types", "sandbox" } do assert.is_nil(has["wixum." .. name], name) end
    assert.is_true(has["wixum.call"])
  end)

  it("and its help load what help is made of, and still not the types", function()
    local has = loaded_by('assert(require("wixum").help())')
    assert.is_true(has["wixum.help"])
    for _, name in ipairs{ "annotations", "types", "sandbox", "call" } do assert.is_nil(has["wixum." .. name], name) end
  end)
end)
