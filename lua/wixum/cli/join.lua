--- `wixum check`, `wixum confirm`: who has joined, and what a person says about it.
--
-- Owns what is said around them; the work is the ledger's.

local desks = require "wixum.cli.desk"
local evidence = require "wixum.ledger.evidence"
local progress = require "wixum.cli.progress"
local running = require "wixum.cli.running"
local selection = require "wixum.cli.selection"
local settings = require "wixum.settings"
local status = require "wixum.cli.status"

local join = {}

--- What is taken for granted: from --trust, or the config file.
---@param desk table
---@return string[]?
function join.trust(desk)
  local given = desk.given.trust
  if given and #given > 0 then return given end
  local words, problem = settings.trust(desk.config.trust or "")
  if not words then desks.fail("trust in the config file " .. problem) end
  return #words > 0 and words or nil
end

--- Looks who has joined, with what it takes told before.
---@param desk table
---@param ledger table
---@param sites string[]?
---@return wixum.Check?
---@return integer? code where it was interrupted
function join.look(desk, ledger, sites)
  local talk, wix = desk.talk, desk:client()
  local cost = assert(ledger:check_cost(wix, { site_id = sites }))
  talk:note("Looking who has joined: %d %s in %d %s; at least %s.", cost.sites, cost.sites == 1 and "site" or "sites", cost.calls,
    cost.calls == 1 and "call" or "calls", progress.duration(cost.seconds))
  local summary, err, interrupted = running.run(ledger, talk, "Looking", { "done" }, function(on_progress)
    return ledger:check(wix, { site_id = sites, trust = join.trust(desk), on_progress = on_progress })
  end)
  if interrupted then return nil, status.INTERRUPTED end
  return assert(summary, err)
end

--- `wixum check`.
---@param desk table
---@return integer code
function join.check(desk)
  local ledger = desk:ledger(false)
  local sites = selection.sites(ledger, desk.given.site)
  desk:client()
  desk:name_ledger()
  local summary, code = join.look(desk, ledger, sites)
  if not summary then return code end
  desk.talk:result(tostring(summary), running.plain(summary))
  if summary.waiting > 0 then desk.talk:note("%s", evidence.LIMITS) end
  return status.DONE
end

--- `wixum confirm EMAIL`.
---@param desk table
---@return integer code
function join.confirm(desk)
  local ledger, given, talk = desk:ledger_alone(), desk.given, desk.talk
  selection.check_people(ledger, { given.email })
  local site = selection.sites(ledger, { given.site })[1]
  local done = assert(ledger:confirm{ email = given.email, site_id = site, account_id = given.account, undo = given.undo,
    trust = join.trust(desk) })
  local function place(id) return selection.place(ledger, id) end
  local lines = { given.undo and ("Taken back: account %s is not known to be %s's any more."):format(done.account_id, done.email)
    or ("%s accepted on %s: account %s is theirs, here and wherever it is seen."):format(done.email, place(site), done.account_id) }
  for _, row in ipairs(done.reopened) do
    lines[#lines + 1] = ("  %s on %s %s"):format(row.email, place(row.site_id), row.is_accepted
      and "accepted, as was told: by which account is not known" or "is open again")
  end
  for _, row in ipairs(done.further) do
    lines[#lines + 1] = ("  so %s accepted on %s: %s"):format(row.email, place(row.site_id), evidence.WORDS[row.evidence])
  end
  talk:result(table.concat(lines, "\n"), running.plain(done))
  return status.DONE
end

return join
