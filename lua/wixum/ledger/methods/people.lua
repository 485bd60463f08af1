--- What a ledger knows of people, and does about those who are in.
--
-- Owns what these methods take. The work is in the files that they are named after.

local binding = require "wixum.ledger.binding"
local errors = require "wixum.errors"
local given_checks = require "wixum.ledger.given"
local objects = require "wixum.ledger.object"
local who = require "wixum.ledger.who"
local who_words = require "wixum.ledger.who_words"
local guarded, state_of = objects.guarded, objects.state_of

---@class wixum.Ledger
local methods = {}

local found_metatable = { __name = "wixum.ledger.who", __tostring = function(self) return who_words.text(self) end }

--- Looks somebody up: every invite with its mails and evidence, every account and site, and, with a client, the team.
---@param text string part of an address, or of a name in the team; or an account's id
---@param options { client: wixum.Client? }?
---@return wixum.Who? who `tostring` tells it, with the command that would come next
---@return wixum.Error? err
function methods.who(object, text, options)
  local state = state_of(object, "who")
  if type(text) ~= "string" or not text:find("%S") then errors.mistake("ledger:who takes a text: part of an address or of a name") end
  options = given_checks.options(options, { "client" }, "ledger:who")
  if options.client ~= nil then given_checks.client(options.client, "ledger:who") end
  return guarded("ledger:who", state.path, function()
    if options.client then binding.to_client(state, options.client, true) end
    objects.refresh(state)
    return setmetatable(who.find(state.db, text, options.client), found_metatable)
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
    local found = who.find(state.db, text)
    return who_words.support(found, who.calls(state.db, found.people), require "wixum.version", state.now())
  end)
end

return methods
