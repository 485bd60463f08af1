--- Other ways of those who are to be removed: invites by which they could come back, and the team.
--
-- Owns the notes about them, each with the command that ends the way. Reads the ledger, asks the service nothing.

local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local printable = require("wixum.csv.problem").printable
local rows = require "wixum.access.rows"
local words = require "wixum.access.words"

local ways_back = {}

local NAMED = 3 -- sites of one person
local OPEN = "state IN ('planned', 'pending', 'sending', 'unknown')" -- who is planned is mailed by the next `wixum resume`
local TO_SITE = "SELECT DISTINCT person FROM invites WHERE site_id = ? AND " .. OPEN
local TO_SITES = [[SELECT i.site_id, s.name AS site FROM invites i LEFT JOIN sites s ON s.site_id = i.site_id
  WHERE i.person = ? AND i.]] .. OPEN .. " ORDER BY i.site_id"
local TO_TEAM = "SELECT site_ids FROM team_invites WHERE person = ? AND " .. OPEN

local function shell(change) return evidence.shell(change.email) end

local function tell_invite(notes, change, place)
  notes[#notes + 1] = ("%s has an open or planned invite to %s, and could come back by it: wixum withdraw %s --site %s"):format(
    words.person(change), words.place(place), shell(change), place.site_id)
end

-- An invite to the team: for this site or everywhere.
local function tell_team_invite(notes, change, db)
  local invite = db:one(TO_TEAM, folding.person(change.email))
  if not invite then return end
  local everywhere = invite.site_ids == "*"
  if not everywhere and not (" " .. invite.site_ids .. " "):find(" " .. change.site_id .. " ", 1, true) then return end
  local place = everywhere and "the whole account" or words.place(change)
  notes[#notes + 1] = ("%s has an open or planned invite to the team, for %s, and could come back by it: no call takes that back, "
    .. "wixum leaver %s tells what does"):format(words.person(change), place, shell(change))
end

local function tell_site_invites(notes, change, db)
  local list = db:all(TO_SITES, folding.person(change.email))
  for i = 1, math.min(NAMED, #list) do tell_invite(notes, change, list[i]) end
  if #list > NAMED then
    notes[#notes + 1] = ("%s has open or planned invites to %d more sites: wixum leaver %s names them all"):format(words.person(change),
      #list - NAMED, shell(change))
  end
end

--- Tells of whom a plan removes how they could come back, or are still there.
---@param made wixum.AccessPlan to whose notes it is added
---@param db table
function ways_back.tell(made, db)
  local invited, notes = {}, made.notes
  for _, change in ipairs(made.changes) do
    local site = change.site_id
    if change.kind == "remove_contributor" and change.email ~= "" then
      if not invited[site] then
        invited[site] = {}
        for row in db:rows(TO_SITE, site) do invited[site][row.person] = true end
      end
      if invited[site][folding.person(change.email)] then tell_invite(notes, change, change) end
      tell_team_invite(notes, change, db)
    elseif change.kind == "remove_member" and change.email ~= "" then
      tell_site_invites(notes, change, db)
    end
    if change.by_team then
      notes[#notes + 1] = ("%s is in the team too, and %s %s by it: %s"):format(words.person(change),
        change.by_team == rows.SOME and "may still reach" or "still reaches", words.place(change), printable(change.by_team, 60))
    end
  end
end

return ways_back
