--- Commands that are named in what is said, as they have to be typed here: about the same ledger, and the same rehearsal.
--
-- Owns which options a command that is suggested needs, since this one was given them. What comes from the environment or the config
-- file is there the next time too. Pure.

local shell = require("wixum.ledger.evidence").shell

local suggested = {}

-- Commands that act on a ledger. `wixum sandbox` and `wixum help` take none of these options.
local ON_LEDGER = {}
for word in ("plan invite resume resend remind revoke retry settle check confirm who withdraw leaver access team status export roles "
  .. "sites backup import doctor report repl"):gmatch("%l+") do ON_LEDGER[word] = true end

--- What commands that are suggested need before their name.
---@param given { sandbox: boolean?, ledger: string? } options of the command line
---@return string? # nil where they need nothing
function suggested.options(given)
  local words = {}
  if given.sandbox then words[1] = "--sandbox" end
  if given.ledger then words[#words + 1] = "--ledger " .. shell(given.ledger) end
  return words[1] and table.concat(words, " ")
end

--- A text whose commands have these options. Commands stand between backquotes, after "next:", or behind another by ", then" and "or".
---@param text string
---@param options string?
---@return string
function suggested.text(text, options)
  if not options then return text end
  return (text:gsub("%f[%w]wixum (%l+)%f[^%l]", function(word)
    return ON_LEDGER[word] and ("wixum %s %s"):format(options, word) or nil
  end))
end

return suggested
