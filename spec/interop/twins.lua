--- Two sandboxes, one for wixum and one for Wix's official packages: twins by seed and clock, so that what differs between
--- them is the doing of the client.
--
-- Owns their start and end, who and what is in them, and how a call of spec/interop/calls.lua is made on either side. What
-- must come of it is the spec's business.

local assert = require "luassert"
local compare = require "spec.interop.compare"
local sandbox = require "wixum.sandbox"

local twins = {}

twins.NOBODY = "00000000-0000-4000-8000-000000000000"

local SITE, OTHER_SITE = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
local SITE_ROLE, OTHER_ROLE, ACCOUNT_ROLE = "6732588207941061632", "6600412800113080101", "6642345101181663232"

-- Nothing is tried again here: that is among what differs on purpose.
local ONCE = { retries = 0, timeout = 5 }

-- People and things to act on: made by wixum on both sides, so that only the call itself is compared.
local function populate(server)
  local wix <close> = server:client(ONCE)
  local site = assert(wix.site_invites.bulk_invite{
    policy_ids = { SITE_ROLE }, emails = { "ann@example.com", "bob@example.com", "cleo@example.com" },
  })
  assert(server:accept(site.invites[3]))
  local account = assert(wix.account_invites.create_invite{ subjects_assignments = {
    { subject_email = "dora@example.com", assignments = { { policy_id = OTHER_ROLE } } },
    { subject_email = "emil@example.com", assignments = { { policy_id = ACCOUNT_ROLE } } },
  } })
  assert(server:accept(account.successful_invites[1]))
  local dora = assert(wix.users.search_team{ query = "dora@example.com" }).team_members[1].user
  local contributors = assert(wix.contributors.query_site_contributors{ filter = { policy_ids = { SITE_ROLE } } })
  server:requests_clear()
  return {
    site_role = SITE_ROLE, other_role = OTHER_ROLE, account_role = ACCOUNT_ROLE, site = SITE, other_site = OTHER_SITE,
    account = server.account_id, invite = site.invites[1].id, capital_invite = site.invites[1].id:upper(),
    accepted_invite = site.invites[3].id, user = dora.id,
    assignment = dora.assignments[1].assignment_id, contributor = contributors.contributors[1].account_id, nobody = twins.NOBODY,
  }
end

--- Starts them.
---@param options table? of the sandbox, besides seed, clock and sites
function twins.open(options)
  local complete = { seed = 51, start_time = 1734427301, sites = { SITE, OTHER_SITE } }
  for name, value in pairs(options or {}) do complete[name] = value end
  for _, side in ipairs{ "ours", "theirs" } do twins[side] = assert(sandbox.start(complete)) end
  twins.ids = populate(twins.ours)
  assert.same(twins.ids, populate(twins.theirs))
end

--- Ends what is there.
function twins.close()
  for _, side in ipairs{ "ours", "theirs" } do
    if twins[side] then twins[side]:stop() end
    twins[side] = nil
  end
end

--- Has something go wrong on both sides.
function twins.fault(fault)
  twins.ours:fault(fault)
  twins.theirs:fault(fault)
end

-- `$words` in a call become ids, in Lua's arguments and in JavaScript's.
local function filled(value)
  if type(value) == "string" then return (value:gsub("%$([%a_]+)", twins.ids)) end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do copy[key] = filled(item) end
  return copy
end

--- Makes a call through wixum, on a client of its own, once.
---@param options table? of that client, besides
---@return table? answer, table info_or_err
function twins.by_wixum(call, options)
  local given = { retries = ONCE.retries, timeout = ONCE.timeout }
  for key, value in pairs(options or {}) do given[key] = value end
  local wix <close> = twins.ours:client(given)
  return twins.by_client(wix, call)
end

--- Makes a call through wixum, on that client.
---@return table? answer, table info_or_err
function twins.by_client(wix, call)
  local namespace, name = call.operation:match("^(.*)%.(.*)$")
  return wix[namespace][name](filled(call.lua))
end

--- Makes a call through the official package, with the header of the one id that its call is about.
---@param javascript table from `node.start()`
---@param options table? site_id, account_id, api_key: others than the sandbox's; false for none
---@return any? value, table? err
function twins.by_package(javascript, call, options)
  local settings = { [call.context] = twins.theirs[call.context] }
  for key, value in pairs(options or {}) do settings[key] = value or nil end
  return javascript:call(twins.theirs, call, filled(call.js), settings)
end

--- The requests that came in on a side ("ours" | "theirs"), as they can be compared.
function twins.requests(side)
  local list = twins[side]:requests()
  for i, entry in ipairs(list) do list[i] = compare.request(entry) end
  return list
end

--- What a side's sandbox holds: invites, mails, people.
function twins.effects(side)
  local server = twins[side]
  local wix <close> = server:client(ONCE)
  return compare.ours{
    invites = server:invites(), mails = server:outbox(), team = assert(wix.users.search_team()),
    contributors = assert(wix.contributors.query_site_contributors()),
  }
end

return twins
