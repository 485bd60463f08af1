-- Every declared example, run as somebody would who pasted it into a script: by a Lua of its own, whose settings come from the
-- environment, on a sandbox as strict as it can be. And every operation has a place in that sandbox.
--
-- The ids in examples have to be there. Roles are the sandbox's own; sites and locations are given to it when it starts, as
-- the examples name them; invites, members and contributors are made in it first, and their ids take the place of those in
-- the example. Which is which is told by the declared field that an id stands in, so that a new example needs no line here
-- unless its ids are of a new kind.

local api = require "wixum.sandbox.api"
local declaration = require "wixum.declaration"
local process = require "spec.support.process"
local router = require "wixum.sandbox.router"
local sandbox = require "wixum.sandbox"

-- ---- the ids of an example -------------------------------------------------------------------------------------------

-- What an example calls, without calling it: the operation's (or the iterator's) full name and the arguments.
local function recorded(example)
  local calls = {}
  local wixum = setmetatable({}, { __index = function(_, namespace)
    return setmetatable({}, { __index = function(_, name)
      return function(arguments)
        calls[#calls + 1] = { name = namespace .. "." .. name, arguments = arguments }
        return function() end
      end
    end })
  end })
  assert(load(example, "=example", "t", { wixum = wixum }))()
  assert.equal(1, #calls, "an example makes one call")
  return calls[1].name, calls[1].arguments or {}
end

-- What the ids in a field are ids of, by the field's name or by that and the name of the field it is in.
local KINDS = {
  invite_id = "invite", user_id = "member", account_id = "contributor", metasite_id = "site", ["site.id"] = "site",
  new_locations = "location", policy_id = "role", policy_ids = "role", role_id = "role",
}

-- Ids in arguments with the kind of each.
local function ids_of(shape, arguments, found, outer)
  for _, field in ipairs(shape.fields) do
    local given = arguments[field.name]
    local list = given == nil and {} or field.list and given or { given }
    for _, item in ipairs(list) do
      if type(field.type) == "table" then ids_of(field.type, item, found, field.name)
      elseif field.type == "guid" or field.type == "id" then
        local kind = KINDS[field.name] or KINDS[(outer or "") .. "." .. field.name]
        assert(kind, ("the example has an id in %s: say in KINDS what it is the id of"):format(field.name))
        found[item] = kind
      end
    end
  end
  return found
end

-- ---- making them be there --------------------------------------------------------------------------------------------

local ROLE = "6732588207941061632"

-- Each makes one of its kind and answers its id.
local MAKE = {
  invite = function(wix)
    return assert(wix.site_invites.bulk_invite{ policy_ids = { ROLE }, emails = { "zoe@example.com" } }).invites[1].id
  end,
  contributor = function(wix, server)
    local invite = assert(wix.site_invites.bulk_invite{ policy_ids = { ROLE }, emails = { "zoe@example.com" } }).invites[1]
    assert(server:accept(invite))
    return assert(wix.contributors.query_site_contributors()).contributors[1].account_id
  end,
  member = function(wix, server)
    local invitee = { subject_email = "zoe@example.com", assignments = { { policy_id = "6642345101181663232" } } }
    assert(server:accept(assert(wix.account_invites.create_invite{ subjects_assignments = { invitee } }).successful_invites[1]))
    return assert(wix.users.search_team{ query = "zoe" }).team_members[1].user.id
  end,
}

-- A sandbox that has the sites and locations of an example, and the example with ids of what was made in it.
local function prepared(example, ids)
  local site = { id = "c2a9e6b4-9f3d-4d57-8f21-64b0c1c5a7d3", locations = {} }
  for id, kind in pairs(ids) do
    if kind == "site" then site.id = id end
    if kind == "location" then table.insert(site.locations, { id = id, name = "Here" }) end
  end
  local server = assert(sandbox.start{ seed = 1, sites = { site }, strict_sites = true, unknown_roles = "refuse" })
  local wix = server:client()
  for id, kind in pairs(ids) do
    if MAKE[kind] then
      local count
      example, count = example:gsub(id:gsub("%-", "%%-"), MAKE[kind](wix, server))
      assert.is_true(count > 0)
    end
  end
  wix:close()
  server:requests_clear()
  return server, example
end

-- Runs a script with nothing but the settings of the sandbox.
local function run_alone(script, server)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  local output, code = process.run({ "lua5.4", path }, { env = {
    WIXUM_BASE_URL = server.base_url, WIX_API_KEY = server.api_key, WIX_SITE_ID = server.site_id, WIX_ACCOUNT_ID = server.account_id,
  } })
  os.remove(path)
  return output, code
end

describe("the example of", function()
  for _, operation in ipairs(declaration.operations()) do
    it(operation.full_name .. " runs", function()
      local name, arguments = recorded(operation.example)
      assert.equal(operation.full_name, name)
      local server, example = prepared(operation.example, ids_of(operation.arguments, arguments, {}))
      finally(function() server:stop() end)
      local answer = example:match("^local (%l+), err = ")
      assert.is_truthy(answer, "an example takes the answer and the error")
      local output, code = run_alone(('local wixum = require "wixum"\n%s\nif not %s then error(err) end\nprint(%s)\n')
        :format(example, answer, answer), server)
      assert.equal(0, code, output)
      assert.matches("^{.*}\n$", output)
      local requests = server:requests()
      assert.equal(1, #requests)
      assert.equal(operation.full_name, requests[1].operation)
      assert.is_true(requests[1].acted)
      for _, field in ipairs(operation.answer.fields) do
        if field.required then assert.matches(field.name, output, 1, true) end
      end
    end)
  end

  for _, name in ipairs(declaration.namespace_names()) do
    local namespace = declaration.namespace(name)
    for _, iterator in ipairs(namespace.iterators or {}) do
      it(iterator.full_name .. " runs, and its loop comes round", function()
        local over = namespace.by_name[iterator.over]
        local called, arguments = recorded(iterator.example)
        assert.equal(iterator.full_name, called)
        local server, example = prepared(iterator.example, ids_of(over.arguments, arguments, {}))
        finally(function() server:stop() end)
        local output, code = run_alone('local wixum = require "wixum"\n' .. example .. "\n", server)
        assert.equal(0, code, output)
        assert.is_true(#output > 0)
        for _, request in ipairs(server:requests()) do
          assert.equal(over.full_name, request.operation)
          assert.is_true(request.acted)
        end
      end)
    end
  end

  it("an operation whose call fails is seen to fail", function()
    local server, example = prepared(declaration.namespace("users").by_name.remove_member.example, {})
    finally(function() server:stop() end)
    local output, code = run_alone('local wixum = require "wixum"\n' .. example .. "\nif not done then error(err) end\n", server)
    assert.equal(1, code)
    assert.matches("users.remove_member", output, 1, true)
    assert.is_false(server:requests()[1].acted)
  end)
end)

describe("the sandbox", function()
  local handlers = api.load_handlers()

  for _, operation in ipairs(declaration.operations()) do
    it("has a route and a handler for " .. operation.full_name, function()
      local path = operation.path:gsub("{[%w_]+}", "5f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11")
      assert.equal(operation, router.find(path)[operation.method])
      assert.equal("function", type(handlers[operation.namespace][operation.name]))
    end)
  end

  it("has a handler for nothing that is not declared", function()
    for name, functions in pairs(handlers) do
      for operation in pairs(functions) do assert.is_truthy(declaration.namespace(name).by_name[operation], name .. "." .. operation) end
    end
  end)
end)
