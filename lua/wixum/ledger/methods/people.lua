--- What a ledger knows of people, and does about those who are in.
--
-- Owns what these methods take. The work is in the files that they are named after.

local binding = require "wixum.ledger.binding"
local core = require "wixum.core"
local errors = require "wixum.errors"
local given_checks = require "wixum.ledger.given"
local leaver = require "wixum.ledger.leaver"
local leaver_words = require "wixum.ledger.leaver_words"
local objects = require "wixum.ledger.object"
local summaries = require "wixum.ledger.summaries"
local who = require "wixum.ledger.who"
local who_words = require "wixum.ledger.who_words"
local withdraw = require "wixum.ledger.withdraw"
local guarded, state_of = objects.guarded, objects.state_of

---@class wixum.Ledger
local methods = {}

local leaver_metatable = { __name = "wixum.ledger.leaver", __tostring = function(self) return leaver_words.text(self) end }
local found_metatable = { __name = "wixum.ledger.who", __tostring = function(self) return who_words.text(self) end }

-- Without the blanks that came along when it was copied.
local function trimmed(text) return (text:match("^%s*(.-)%s*$")) end

-- Roles of the team by their titles. Where these cannot be had, their ids are what is known.
local function add_titles(found, wix, locale)
  local assignments = {}
  for _, person in ipairs(found.people) do
    local inner = person.team and (person.team.user or person.team.invite) or {}
    for _, one in ipairs(inner.assignments or {}) do assignments[#assignments + 1] = one end
  end
  local info = assignments[1] and wix.users.get_roles_info({ locale = locale or "en" }, { retries = 0 })
  for _, list in ipairs(info and { info.predefined_roles, info.custom_roles } or {}) do
    for _, role in ipairs(list) do
      for _, one in ipairs(assignments) do
        if one.policy_id == role.id and type(role.title) == "string" then one.role = role.title end
      end
    end
  end
end

--- Looks somebody up: every invite with its mails and evidence, every account and site, and, with a client, the team.
---@param text string part of an address, or of a name in the team; or an account's id
---@param options { client: wixum.Client?, locale: string? }? locale: of the titles of roles in the team
---@return wixum.Who? who `tostring` tells it, with the command that would come next
---@return wixum.Error? err
function methods.who(object, text, options)
  local state = state_of(object, "who")
  if type(text) ~= "string" or not text:find("%S") then errors.mistake("ledger:who takes a text: part of an address or of a name") end
  options = given_checks.options(options, { "client", "locale" }, "ledger:who")
  if options.client ~= nil then given_checks.client(options.client, "ledger:who") end
  if options.locale ~= nil and type(options.locale) ~= "string" then errors.mistake("ledger:who: locale must be a string") end
  return guarded("ledger:who", state.path, function()
    if options.client then binding.to_client(state, options.client, true) end
    objects.refresh(state)
    local found = who.find(state.db, trimmed(text), options.client)
    if options.client then add_titles(found, options.client, options.locale) end
    return setmetatable(found, found_metatable)
  end)
end

--- A block for support: what was called when about somebody, and what came back. Neither key nor accept link is in it.
---@param text string as of `who`
---@return string? block
---@return wixum.Error? err
function methods.for_support(object, text)
  local state = state_of(object, "for_support")
  if type(text) ~= "string" or not text:find("%S") then errors.mistake("ledger:for_support takes a text: part of an address") end
  return guarded("ledger:for_support", state.path, function()
    objects.refresh(state)
    local found = who.find(state.db, trimmed(text))
    return who_words.support(found, who.calls(state.db, found.people), require "wixum.version", state.now())
  end)
end

-- ---- acting ----------------------------------------------------------------------------------------------------------

local function invalid(name, reason)
  return errors.new({ kind = "invalid", outcome = "not_sent", operation = name, where = errors.where(), message = reason },
    { advice = "Nothing was changed" })
end

-- What was done, or `nil, err` where it is a reason in words.
local function told(name, done, err)
  if done or errors.is(err) then return done, err end
  return nil, invalid(name, err)
end

local function check_email(value, name)
  if type(value) ~= "string" or value == "" then errors.mistake(name .. ": email must be an address") end
end

local function check_id(value, what, name)
  if type(value) ~= "string" or not core.is_guid(value) then errors.mistake(("%s: %s must be an id"):format(name, what)) end
end

--- Withdraws an invite: takes it back or revokes it; where somebody has accepted it, takes the access away, once `ask` says yes to that
--- account, or it was named; and looks whether he is gone.
---@param wix wixum.Client
---@param given { email: string, site_id: string, account_id: string?, ask: (fun(candidate: wixum.Candidate): boolean)?, trust: any,
--- concurrency: integer? }
---@return wixum.Withdrawal? withdrawal
---@return wixum.Error? err
function methods.withdraw(object, wix, given)
  local state = state_of(object, "withdraw")
  local name = "ledger:withdraw"
  given_checks.client(wix, name)
  given = given_checks.options(given, { "account_id", "ask", "concurrency", "email", "site_id", "trust" }, name)
  check_email(given.email, name)
  check_id(given.site_id, "site_id", name)
  if given.account_id ~= nil then check_id(given.account_id, "account_id", name) end
  local meant = { email = given.email, site_id = given.site_id, account_id = given.account_id, ask = given.ask,
    trust = given_checks.trust(given.trust, name) }
  return summaries.telling("withdraw", guarded(name, state.path, binding.alone, state, binding.while_used, state, wix, function()
    return told(name, withdraw.run(state, wix, meant, { concurrency = given.concurrency,
      own_account = binding.setting(state.db, "account_id") }))
  end))
end

--- What somebody who leaves can still reach: team, sites, open invites; what a person has to decide, and what no call can do. With
--- `apply` it is taken away, and looked at again.
---@param wix wixum.Client
---@param email string the address, exactly
---@param options { apply: boolean?, ask: (fun(plan: wixum.LeaverPlan): boolean)?, trust: any, concurrency: integer?,
--- on_progress: function?, on_cost: (fun(calls: integer))? }? ask: is shown the plan; without it `apply` is the yes; on_cost: is told how
--- many calls it takes to know whose the accounts on sites are
---@return wixum.Leaver? leaver `tostring` tells it
---@return wixum.Error? err
function methods.leaver(object, wix, email, options)
  local state, name = state_of(object, "leaver"), "ledger:leaver"
  given_checks.client(wix, name)
  check_email(email, name)
  options = given_checks.options(options, { "apply", "ask", "concurrency", "on_cost", "on_progress", "trust" }, name)
  local ok, reason = core.check_email(email)
  if not ok then return nil, invalid(name, ("%s: %s; the whole address must be said"):format(email, reason)) end
  local meant = { email = email, apply = options.apply == true, ask = options.ask, trust = given_checks.trust(options.trust, name) }
  return guarded(name, state.path, binding.alone, state, binding.while_used, state, wix, function()
    local found, err = leaver.run(state, wix, meant, { concurrency = options.concurrency, on_progress = options.on_progress,
      on_cost = options.on_cost })
    if not found then return nil, err end
    leaver_words.add_key(found)
    return setmetatable(found, leaver_metatable)
  end)
end

return methods
