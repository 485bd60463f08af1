--- `--like-account`: the account of the settings, read for a sandbox that is like it.
--
-- Owns what is said about it: before anything is read how much that is and how long it takes at least, afterwards what could not be
-- had. The reading is `wixum.sandbox.like_account`. The client, and with it the key, is gone before the sandbox is there.

local core = require "wixum.core"
local progress = require "wixum.cli.progress"

local like_account = {}

local function things(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

local function tell_outline(talk, outline)
  talk:note("Reading %s, the roles and %s: %s, at least %s. Nothing but reads leaves.", things(outline.sites, "site", "sites"),
    outline.team and ("the team (%d)"):format(outline.team) or "not the team", things(outline.calls, "call", "calls"),
    progress.duration(outline.seconds))
end

local function tell_found(talk, found)
  if found.team_refused then
    talk:wrong("the key may not read the team, so that nobody is in the sandbox's but a stand-in for the owner: %s",
      tostring(found.team_refused))
  elseif not found.owner then talk:wrong("the team names no owner: somebody stands in for them in the sandbox's") end
  if found.left_out > 0 then talk:wrong("%s without a usable id left out", things(found.left_out, "thing was", "things were")) end
  talk:note("Like the account: %s, %s, %s and %s to the team. %s", things(found.sites, "site", "sites"),
    things(found.roles, "role", "roles"), things(found.members, "member", "members"), things(found.invites, "invite", "invites"),
    found.contributors == 0 and "Nobody is mailed." or ("No call tells addresses and roles of %s: they are called "
      .. "account-…@rehearsal.invalid. Nobody is mailed."):format(things(found.contributors, "contributor", "contributors")))
end

--- Reads the account. Says on the first line that a sandbox is made, and like what.
---@param talk table
---@param client_options table of the command line
---@param locale string? of titles, beside English ones
---@param seed any? of ids that are new
---@return table options of `wixum.sandbox`.start
function like_account.options(talk, client_options, locale, seed)
  local wixum = require "wixum"
  local wix <close> = wixum.client(client_options)
  local url, loopback = wix:endpoint()
  local account = require("wixum.client").state(wix).settings.account_id
  talk:note("SANDBOX like %s, account %s", loopback and url or (url:gsub("^https?://", "")),
    account and core.redact(account) or "of the key")
  local options, found = require "wixum.sandbox.like_account"(wix, { locale = locale, seed = seed,
    before = function(outline) tell_outline(talk, outline) end })
  if not options then error(found, 0) end
  tell_found(talk, found)
  return options
end

return like_account
