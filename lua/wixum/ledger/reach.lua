--- Which roles accounts have on a site: in as few calls as the service allows.
--
-- Owns the asking. The service answers which accounts have one of some roles, and never which roles an account has; that it means "one of"
-- where several are named is inferred. So it is asked who has any role but those of a guess: who is not answered has these at most, and
-- another answer shows that they have them. Two calls tell a site whose people have one role each, of one or two that were guessed; any
-- other roles that somebody has there take about one more where they were guessed, and are searched for by halves where not.

local folding = require "wixum.folding"

local reach = {}

local GUESSES = 4 -- that are tried on a site: for more, halves are as good

-- ---- what was answered -----------------------------------------------------------------------------------------------

-- Asks which accounts have one of these roles.
local function ask(state, roles)
  local answer, err = state.wix.contributors.query_site_contributors{ filter = { policy_ids = roles } }
  state.calls = state.calls + 1
  if not answer then return nil, err end
  local asked, there = {}, {}
  for _, id in ipairs(roles) do asked[id] = true end
  for _, contributor in ipairs(answer.contributors) do
    local id = type(contributor.account_id) == "string" and folding.ascii(contributor.account_id)
    if id and state.others and not state.wanted[id] and not state.others[id] then
      state.accounts[#state.accounts + 1], state.wanted[id] = id, true
    end
    if id then there[id] = true end
    if id and state.wanted[id] and type(contributor.account_owner_id) == "string" then
      state.owners[id] = folding.ascii(contributor.account_owner_id)
    end
  end
  table.insert(state.answers, { asked = asked, there = there })
  return true
end

---@class wixum.RolesKnown what the answers tell of one account
---@field may string[] roles that no answer has excluded
---@field open string[] those of them that it does not certainly have
---@field has table<string, true> that it certainly has
---@field unexplained string[][] of answers that it is in: roles of which it has one, where none of them is certain

-- Which of these roles stand in a set, or do not.
local function those(roles, set, wanted)
  local list = {}
  for _, id in ipairs(roles) do if (set[id] == true) == wanted then list[#list + 1] = id end end
  return list
end

local function known_of(state, account)
  local known, excluded, reasons = { has = {}, unexplained = {} }, {}, {}
  for _, answer in ipairs(state.answers) do
    if not answer.there[account] then
      for id in pairs(answer.asked) do excluded[id] = true end
    end
  end
  known.may = those(state.roles, excluded, false)
  for _, answer in ipairs(state.answers) do
    if answer.there[account] then
      local reason = those(known.may, answer.asked, true)
      if #reason == 1 then known.has[reason[1]] = true else reasons[#reasons + 1] = reason end
    end
  end
  for _, reason in ipairs(reasons) do
    if #reason > 0 and #those(reason, known.has, true) == 0 then table.insert(known.unexplained, reason) end
  end
  known.open = those(known.may, known.has, false)
  return known
end

-- ---- what is asked next ----------------------------------------------------------------------------------------------

-- Could an account have the roles of a guess, and no others; and is not yet known to have none but these?
local function may_be(guess, known)
  for id in pairs(known.has) do if not guess.set[id] then return false end end
  for _, reason in ipairs(known.unexplained) do
    if #those(reason, guess.set, true) == 0 then return false end
  end
  local among = #those(known.may, guess.set, true)
  return among == #guess.roles and among < #known.may
end

local function half(list) return table.move(list, 1, math.max(1, #list // 2), 1, {}) end

-- What to ask about one account where no guess is left: the smallest of what it must have something of, by halves; else all that is open.
local function narrower(state, known)
  local smallest
  for _, reason in ipairs(known.unexplained) do
    if not smallest or #reason < #smallest then smallest = reason end
  end
  if smallest then return half(smallest) end
  if #state.answers == 0 then return half(known.open) end
  for _, guess in ipairs(state.guesses) do -- it has all of these, most probably
    if #those(known.may, guess.set, true) == #known.may then return { known.open[1] } end
  end
  return known.open
end

-- The roles to be asked for next; nil where all is told.
local function next_roles(state)
  local first, all = nil, {}
  for _, account in ipairs(state.accounts) do
    local known = known_of(state, account)
    if #known.open > 0 then
      first = first or known
      all[#all + 1] = known
    end
  end
  if not first then return nil end
  for _, guess in ipairs(state.guesses) do
    for _, known in ipairs(guess.tried and {} or all) do
      if may_be(guess, known) then
        guess.tried = true
        return those(state.roles, guess.set, false)
      end
    end
  end
  return narrower(state, first)
end

-- ---- guesses ---------------------------------------------------------------------------------------------------------

local function guess_of(roles)
  local guess = { roles = {}, set = {} }
  for _, id in ipairs(roles) do
    if not guess.set[id] then guess.roles[#guess.roles + 1], guess.set[id] = id, true end
  end
  return guess
end

local function is_there(list, guess)
  for _, other in ipairs(list) do
    if #other.roles == #guess.roles and #those(guess.roles, other.set, true) == #guess.roles then return true end
  end
  return false
end

-- The first guesses, and all of their roles together: who fits none of them may have several.
local function guesses_of(likely)
  local list, all = {}, {}
  local function add(guess) if #guess.roles > 0 and not is_there(list, guess) then list[#list + 1] = guess end end
  for _, roles in ipairs(likely) do
    if #list == GUESSES then break end
    add(guess_of(roles))
  end
  for _, guess in ipairs(list) do table.move(guess.roles, 1, #guess.roles, #all + 1, all) end
  add(guess_of(all))
  return list
end

--- Which roles some accounts have on a site.
---@param wix table
---@param site_id string
---@param accounts string[] ids, in small letters
---@param role_ids string[] all roles that there are
---@param likely string[][]? what each of them probably has, the likeliest first
---@param others table<string, true>? tell of whoever else is answered, too, but of these
---@return table<string, table<string, true>>? roles by account; an account without any that is known has an empty set
---@return wixum.Error? err
---@return integer calls
---@return table<string, string> owners user ids by account, of those that were answered
function reach.roles_of(wix, site_id, accounts, role_ids, likely, others)
  local own <close> = wix:with{ site_id = site_id }
  local state = { wix = own, accounts = table.move(accounts, 1, #accounts, 1, {}), wanted = {}, owners = {}, calls = 0, others = others,
    answers = {}, guesses = guesses_of(likely or {}) }
  for _, id in ipairs(accounts) do state.wanted[id] = true end
  local all = table.move(role_ids, 1, #role_ids, 1, {})
  for _, guess in ipairs(state.guesses) do table.move(guess.roles, 1, #guess.roles, #all + 1, all) end
  state.roles = guess_of(all).roles
  local roles = next_roles(state)
  while roles do
    local ok, err = ask(state, roles)
    if not ok then return nil, err, state.calls, state.owners end
    roles = next_roles(state)
  end
  local found = {}
  for _, account in ipairs(state.accounts) do found[account] = known_of(state, account).has end
  return found, nil, state.calls, state.owners
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
