--- What a person decides about a ledger's rows without a call: what is planned anew, what became of what is unknown.
--
-- Owns what these methods take. The work is in `decide`.

local decide = require "wixum.ledger.decide"
local errors = require "wixum.errors"
local names = require "wixum.names"
local objects = require "wixum.ledger.object"
local summaries = require "wixum.ledger.summaries"

local guarded, state_of = objects.guarded, objects.state_of

---@class wixum.Ledger
local methods = {}

--- Plans rows anew that failed, have expired or were revoked.
---@param given table selector
---@return wixum.Decision? decision
---@return wixum.Error? err
function methods.retry(object, given)
  local state = state_of(object, "retry")
  return summaries.telling("decision", guarded("ledger:retry", state.path, function()
    objects.refresh(state)
    return decide.retry(state, given)
  end))
end

--- A person says what became of rows that are unknown: "sent" (or revoked), or "not_sent".
---@param given table selector
---@param verdict "sent"|"not_sent"
---@return wixum.Decision? decision
---@return wixum.Error? err
function methods.settle(object, given, verdict)
  local state = state_of(object, "settle")
  if verdict ~= "sent" and verdict ~= "not_sent" then
    errors.mistake(('ledger:settle: the verdict is "sent" or "not_sent"%s'):format(type(verdict) == "string"
      and names.suggestion(verdict, decide.VERDICTS) or ""))
  end
  return summaries.telling("decision", guarded("ledger:settle", state.path, function()
    objects.refresh(state)
    return decide.settle(state, given, verdict)
  end))
end

return methods
