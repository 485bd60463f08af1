--- What a ledger knows of those who have joined: looking, and what a person says.
--
-- Owns what these methods take. The work is in `check` and `confirm`.

local binding = require "wixum.ledger.binding"
local check = require "wixum.ledger.check"
local client = require "wixum.client"
local confirm = require "wixum.ledger.confirm"
local core = require "wixum.core"
local errors = require "wixum.errors"
local given_checks = require "wixum.ledger.given"
local looks = require "wixum.ledger.looks"
local objects = require "wixum.ledger.object"
local plans = require "wixum.ledger.plan"
local selector = require "wixum.ledger.selector"
local summaries = require "wixum.ledger.summaries"

local guarded, state_of = objects.guarded, objects.state_of

---@class wixum.Ledger
local methods = {}

--- Looks who can reach the sites now, and says of which invites that tells something: rows become `accepted`, with the evidence, the
--- account and between which looks it was; or `unclear`, with the candidates. A hundred sites a call; nobody is mailed.
---@param wix wixum.Client
---@param options { site_id: any, trust: any, on_progress: fun(summary: table)? }? site_id: these alone; trust: "links" (an account that
--- used somebody's invite is that person's), "roles" (nobody's roles change between arriving and the next look), or both
---@return wixum.Check? check `tostring` tells it
---@return wixum.Error? err what was seen before it is kept
function methods.check(object, wix, options)
  local state = state_of(object, "check")
  given_checks.client(wix, "ledger:check")
  options = given_checks.options(options, { "on_progress", "site_id", "trust" }, "ledger:check")
  local trust = given_checks.trust(options.trust, "ledger:check")
  local condition = selector.condition({ site_id = options.site_id }, "ledger:check", state.time(), true)
  return guarded("ledger:check", state.path, binding.alone, state, binding.while_used, state, wix, function()
    local summary, err = check.run(state, wix, condition, { trust = trust, on_progress = options.on_progress })
    if err then return nil, err end
    return summary
  end)
end

--- What a check would take: sites, calls, and the least seconds that the client's pace allows them.
---@param wix wixum.Client
---@param options { site_id: any }?
---@return { sites: integer, calls: integer, seconds: number }? cost
---@return wixum.Error? err
function methods.check_cost(object, wix, options)
  local state = state_of(object, "check_cost")
  given_checks.client(wix, "ledger:check_cost")
  options = given_checks.options(options, { "site_id" }, "ledger:check_cost")
  local condition = selector.condition({ site_id = options.site_id }, "ledger:check_cost", state.time(), true)
  return summaries.telling("cost", guarded("ledger:check_cost", state.path, function()
    local number = check.sites(state.db, condition)
    local calls = looks.calls(number)
    return { sites = number, calls = calls, seconds = plans.least_seconds(calls, client.state(wix).settings.rate) }
  end))
end

--- A person says that an account which was seen on a site is the invitee's; it is known everywhere from then on. `undo` takes it back.
---@param given { email: string, site_id: string, account_id: string, undo: boolean?, trust: any }
---@return wixum.Confirmed? confirmed
---@return wixum.Error? err kind `invalid` where the ledger knows otherwise
function methods.confirm(object, given)
  local state = state_of(object, "confirm")
  given = given_checks.options(given, { "account_id", "email", "site_id", "trust", "undo" }, "ledger:confirm")
  if type(given.email) ~= "string" then errors.mistake("ledger:confirm: email must be an address") end
  for _, name in ipairs{ "site_id", "account_id" } do
    if type(given[name]) ~= "string" or not core.is_guid(given[name]) then
      errors.mistake(("ledger:confirm: %s must be an id"):format(name))
    end
  end
  local trust = given_checks.trust(given.trust, "ledger:confirm")
  return guarded("ledger:confirm", state.path, binding.alone, state, function()
    objects.refresh_alone(state)
    local say = given.undo and confirm.undo or confirm.say
    local done, reason = say(state, given, binding.setting(state.db, "account_id"), trust)
    if done then return done end
    return nil, errors.new({ kind = "invalid", outcome = "not_sent", operation = "ledger:confirm", where = errors.where(),
      message = reason }, { advice = "Nothing was changed" })
  end)
end

return methods
