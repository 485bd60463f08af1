--- Which roles accounts have on a site: in as few calls as the service allows.
--
-- Owns the asking. The service answers which accounts have one of some roles, and never which roles an account has; that it means "one of"
-- where several are named is inferred. So the likely roles are asked for first, then all others at once; who is in neither answer
-- has none that is known, and most often two calls tell everything.

local folding = require "wixum.folding"

local reach = {}

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

-- Which accounts have one of these roles.
local function holders(state, roles)
  local answer, err = state.wix.contributors.query_site_contributors{ filter = { policy_ids = roles } }
  state.calls = state.calls + 1
  if not answer then return nil, err end
  local set = {}
  for _, contributor in ipairs(answer.contributors) do
    local id = type(contributor.account_id) == "string" and folding.ascii(contributor.account_id)
    if id and state.others and not state.wanted[id] and not state.others[id] then state.found[id], state.wanted[id] = {}, true end
    if id and state.wanted[id] then set[id] = true end
    if id and type(contributor.account_owner_id) == "string" then state.owners[id] = folding.ascii(contributor.account_owner_id) end
  end
  return set
end

local function halves(list)
  local middle = #list // 2
  return table.move(list, 1, middle, 1, {}), table.move(list, middle + 1, #list, 1, {})
end

-- Asks for some roles, and where somebody has one of them for fewer, until each is told. Who has one of them may be known already.
-- Answers who has, or nil and the error.
local function ask(state, roles, set)
  if #roles == 0 then return {} end
  local err
  if not set then
    set, err = holders(state, roles)
    if not set then return nil, err end
  end
  if not next(set) then return set end
  if #roles == 1 then
    for id in pairs(set) do state.found[id][roles[1]] = true end
    return set
  end
  local some, others = halves(roles)
  local of_some
  of_some, err = ask(state, some)
  if not of_some then return nil, err end
  -- where nobody has one of the first half, all of them have one of the second: that needs no asking
  local ok
  ok, err = ask(state, others, not next(of_some) and set or nil)
  if not ok then return nil, err end
  return set
end

--- Which roles some accounts have on a site.
---@param wix table
---@param site_id string
---@param accounts string[] ids, in small letters
---@param role_ids string[] all roles that there are
---@param likely string[]? those that they probably have: asked for first, one by one
---@param others table<string, true>? tell of whoever else is answered, too, but of these
---@return table<string, table<string, true>>? roles by account; an account without any that is known has an empty set
---@return wixum.Error? err
---@return integer calls
---@return table<string, string> owners user ids by account, of those that were answered
function reach.roles_of(wix, site_id, accounts, role_ids, likely, others)
  local own <close> = wix:with{ site_id = site_id }
  local state = { wix = own, wanted = set_of(accounts), found = {}, owners = {}, calls = 0, others = others }
  for _, id in ipairs(accounts) do state.found[id] = {} end
  local first, rest, asked = {}, {}, set_of(likely or {})
  for _, id in ipairs(likely or {}) do first[#first + 1] = id end
  for _, id in ipairs(role_ids) do
    if not asked[id] then rest[#rest + 1] = id end
  end
  for _, id in ipairs(first) do
    local ok, err = ask(state, { id })
    if not ok then return nil, err, state.calls, state.owners end
  end
  local ok, err = ask(state, rest)
  if not ok then return nil, err, state.calls, state.owners end
  return state.found, nil, state.calls, state.owners
end

--- Which accounts are contributors of a site, whatever their roles: for sites of which the list does not say.
---@param wix table
---@param site_id string
---@return string[]? accounts in small letters
---@return wixum.Error? err
---@return table<string, string> owners user ids by account
function reach.accounts_of(wix, site_id)
  local own <close> = wix:with{ site_id = site_id }
  local answer, err = own.contributors.query_site_contributors{}
  if not answer then return nil, err, {} end
  local list, seen, owners = {}, {}, {}
  for _, contributor in ipairs(answer.contributors) do
    local id = type(contributor.account_id) == "string" and folding.ascii(contributor.account_id)
    if id and not seen[id] then list[#list + 1], seen[id] = id, true end
    if id and type(contributor.account_owner_id) == "string" then owners[id] = folding.ascii(contributor.account_owner_id) end
  end
  return list, nil, owners
end

return reach
