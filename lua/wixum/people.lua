--- People: who has joined, who can reach what, and putting it right; by the names that the command has for it.
--
--     local people = require("wixum").people
--     print(assert(people.leaver(ledger, wix, "ann@example.com")))
--
-- Owns the list of names alone: each is the ledger's method of that name, which knows what it takes.

local errors = require "wixum.errors"
local ledger = require "wixum.ledger"
local names = require "wixum.names"

local people = {}

for _, name in ipairs{ "check", "confirm", "remind", "who", "for_support", "withdraw", "leaver", "access", "apply_access", "team",
  "team_invite" } do
  people[name] = function(object, ...)
    if not ledger.is(object) then errors.mistake(("people.%s takes a ledger first: wixum.ledger.open(path)"):format(name)) end
    return object[name](object, ...)
  end
end

return names.strict(people, "people", errors.mistake)
