--- From what somebody is to have, and what is so now, to the changes that make it so; and all that stands against them.
--
-- Owns what is a change, what is so already, and what is a conflict: a conflict is left alone. Asks the service nothing, changes nothing.

local folding = require "wixum.folding"
local printable = require("wixum.csv.problem").printable
local rows = require "wixum.access.rows"
local words = require "wixum.access.words"

local plan = {}

---@class wixum.AccessPlan `tostring` shows it
---@field changes wixum.Change[] with `removes` (does somebody lose access?) and `places` (on how many it removes, or else gives)
---@field nothing string[] what is so already
---@field conflicts string[] what is left alone, and why
---@field satisfied wixum.Change[] what would have been changes, and is so
---@field missing string[]? of a desired state: who should be there, and is not
---@field drift boolean? of a desired state
---@field notes string[]
---@field keep integer?
---@field undecided integer?
---@field undecidable integer? rows of a review of which nothing can be decided

---@return wixum.AccessPlan
function plan.new()
  return setmetatable({ changes = {}, nothing = {}, conflicts = {}, satisfied = {}, notes = {} }, words.plan)
end

local function about(want) return ("%s: %s on %s"):format(want.where, words.person(want), words.place(want)) end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

local function is_same(one, other)
  for item in pairs(one) do if not other[item] then return false end end
  for item in pairs(other) do if not one[item] then return false end end
  return true
end

local function change_of(want, kind, detail, text)
  return { kind = kind, site_id = want.site_id, account_id = want.account_id, user_id = want.user_id, email = want.email,
    evidence = want.evidence, site = want.site, detail = detail, words = text, places = 1 }
end

local function who(want)
  local id = want.account_id or want.user_id
  return want.email ~= "" and ("%s (%s %s)"):format(words.person(want), want.account_id and "account" or "user", id) or words.person(want)
end

-- Are the roles others than when it was decided? Then whoever decided did not know them.
local function has_moved(made, want, has, titles)
  if not want.was or is_same(set_of(want.was), has) then return false end
  table.insert(made.conflicts, ("%s: the roles are %s now, and were %s when it was decided"):format(about(want),
    titles:words(titles:sorted(has)), titles:words(titles:sorted(want.was))))
  return true
end

-- ---- is it still so, what was decided about? -------------------------------------------------------------------------

-- Whose it is by now, beside whom the line says; nil where both are the same.
local function otherwise(want, whose)
  if not want.said or folding.person(want.said) == folding.person(want.email) then return nil end
  local says = want.said ~= "" and words.person{ email = want.said } or "nobody"
  if want.email == "" then return ("the line says %s, and nobody knows by now whose the %s is"):format(says, whose) end
  return ("the line says %s, and the %s is known as %s's now"):format(says, whose, words.person(want))
end

local AGAIN = "came (again) after this review: make a new one"

-- Has somebody come anew since? A ledger that has not looked meanwhile cannot tell.
local function has_come(want, presence)
  local seen = rows.seen_at(want.since)
  if not seen or not presence or not presence.absent_at or rows.since_of(presence) == want.since then return nil end
  return presence.absent_at >= seen and AGAIN or nil
end

local function has_joined(want, person)
  local before, now = rows.seen_at(want.since), rows.seen_at(rows.moment(person.joined_at))
  return before and now and now > before and AGAIN or nil
end

-- ---- contributors ----------------------------------------------------------------------------------------------------

local function contributor(made, want, now, context)
  local site, titles = now.sites[want.site_id], context.titles
  local function conflict(reason) table.insert(made.conflicts, ("%s: %s"):format(about(want), reason)) end
  local function nothing(reason, kind)
    table.insert(made.nothing, ("%s: %s"):format(about(want), reason))
    if kind then table.insert(made.satisfied, change_of(want, kind)) end
  end
  if not site then return conflict "the account's list does not have the site: transferred, deleted, or closed to this key" end
  if site.owner == want.account_id then return conflict "the site is theirs now" end
  if want.account_id == context.account then return conflict "this is the ledger's own account" end
  want.site = site.name and rows.site_name(site) or want.site
  local other, is_there = otherwise(want, "account"), now.present[want.site_id][want.account_id]
  local problem = now.unasked[want.site_id]
  if problem and not is_there then
    return conflict("the account's list of sites has them no more, and the site does not say who is on it: "
      .. printable(problem.message, 200))
  elseif problem and (want.was or want.roles) then
    return conflict("the site does not say which roles people have: " .. printable(problem.message, 200))
  end
  if not is_there then
    if want.want == "gone" then return nothing("gone already", not other and "remove_contributor" or nil) end
    return nothing "gone already: roles come with an invite (`wixum invite`)"
  end
  other = other or has_come(want, now.since[want.site_id][want.account_id])
  if other then return conflict(other) end
  local has = now.roles[want.site_id] and now.roles[want.site_id][want.account_id] or {}
  if want.want == "gone" then
    if has_moved(made, want, has, titles) then return end
    local change = change_of(want, "remove_contributor", nil, ("takes %s off %s"):format(who(want), words.place(want)))
    change.removes, change.by_team = true, want.by_team
    return table.insert(made.changes, change)
  end
  if is_same(set_of(want.roles), has) then return nothing("has these roles already", "change_role") end
  if has_moved(made, want, has, titles) then return end
  table.insert(made.changes, change_of(want, "change_role", { roles = want.roles }, ("gives %s on %s: %s, in place of %s"):format(who(want),
    words.place(want), titles:words(titles:sorted(want.roles)), titles:words(titles:sorted(has)))))
end

-- ---- members of the team ---------------------------------------------------------------------------------------------

-- What of a place is to be taken away and what added; nil where nothing is.
local function at_place(made, want, place, titles)
  local function nothing(reason) table.insert(made.nothing, ("%s: %s"):format(about(want), reason)) end
  local has = place and place.set or {}
  if want.want == "gone" then
    if not place then return nothing "gone already" end
    if has_moved(made, want, has, titles) then return end
    return { remove = place.assignments, add = {}, text = "takes away " .. titles:words(titles:sorted(has)) }
  end
  if not place and not want.may_add then return nothing "has nothing there any more" end
  local wanted, add, remove, kept = set_of(want.roles), {}, {}, {}
  for _, assignment in ipairs(place and place.assignments or {}) do
    if not wanted[assignment.policy_id] or kept[assignment.policy_id] then remove[#remove + 1] = assignment -- one too many, or said twice
    else kept[assignment.policy_id] = true end
  end
  for _, id in ipairs(want.roles) do
    if not kept[id] then add[#add + 1] = { policy_id = id, restrictions = want.site_id and { site = { id = want.site_id } } or nil } end
  end
  if #add == 0 and #remove == 0 then return nothing "has these roles already" end
  if not is_same(wanted, has) and has_moved(made, want, has, titles) then return end
  return { remove = remove, add = add, text = ("gives %s in place of %s"):format(titles:words(titles:sorted(want.roles)),
    place and not place.none and titles:words(titles:sorted(has)) or "none") }
end

local function is_owner(person, titles)
  for _, assignment in ipairs(person.assignments) do
    if titles:is_owner(assignment.policy_id) and not assignment.site_id then return true end
  end
  return false
end
plan.is_owner = is_owner

-- Nothing is left to be done about a member: what was begun before has been done.
local function is_so(made, want)
  for _, kind in ipairs{ "remove_member", "change_assignments" } do
    local change = change_of(want, kind)
    change.site_id = nil
    table.insert(made.satisfied, change)
  end
end

-- A role that cannot be read is one all the same: what would be left of others could not be told.
local function unreadable(person)
  for _, assignment in ipairs(person.assignments) do
    if not assignment.policy_id then
      return ("a role of theirs on %s cannot be read (%s): look at the account's Roles & Permissions"):format(
        assignment.site_id and words.place{ site = assignment.site_name, site_id = assignment.site_id }
          or assignment.conditions and rows.SOME or rows.WHOLE, assignment.unreadable)
    end
  end
end

-- All that is wanted of one member, as one change: two at once would be in each other's way.
local function member(made, wants, now, context)
  local first, titles = wants[1], context.titles
  local person = now.team.members[first.user_id]
  if not person then
    for _, want in ipairs(wants) do table.insert(made.nothing, ("%s: is not in the team any more"):format(about(want))) end
    return is_so(made, first)
  end
  if is_owner(person, titles) then
    table.insert(made.conflicts, ("%s: the account's owner cannot be removed, nor be given another role"):format(about(first)))
    return
  end
  local other = unreadable(person) or otherwise(first, "user") or has_joined(first, person)
  if other then return table.insert(made.conflicts, ("%s: %s"):format(about(first), other)) end
  local places, texts, add, remove, left, taken = {}, {}, {}, {}, #person.assignments, 0
  local conflicts = #made.conflicts
  for _, place in ipairs(rows.by_place(person)) do places[place.key] = place end
  for _, want in ipairs(wants) do
    local part = at_place(made, want, places[want.site_id or rows.WHOLE], titles)
    if part then
      texts[#texts + 1] = ("%s on %s"):format(part.text, words.place(want))
      table.move(part.add, 1, #part.add, #add + 1, add)
      for _, assignment in ipairs(part.remove) do
        if not assignment.assignment_id then
          table.insert(made.conflicts, ("%s: the service gives no id by which the role could be taken away"):format(about(want)))
          return
        end
        remove[#remove + 1] = assignment.assignment_id
      end
      left, taken = left - #part.remove, taken + (want.want == "gone" and 1 or 0)
    end
  end
  if #texts == 0 then
    if #made.conflicts == conflicts then is_so(made, first) end
    return
  end
  local change = change_of(first, "change_assignments", { add = add, remove = remove }, ("%s: %s"):format(who(first),
    table.concat(texts, "; ")))
  change.site_id, change.removes, change.places = nil, taken > 0, taken > 0 and taken or #texts
  if left == 0 and #add == 0 and taken > 0 then -- nothing is left of it
    change.kind, change.detail, change.words = "remove_member", nil, ("takes %s out of the team"):format(who(first))
  end
  table.insert(made.changes, change)
end

-- ---- the whole -------------------------------------------------------------------------------------------------------

--- Plans.
---@param made wixum.AccessPlan to which it is added
---@param wants wixum.AccessWant[]
---@param now wixum.AccessNow
---@param context { titles: table, account: string? } account: the ledger's own
function plan.make(made, wants, now, context)
  local users, of = {}, {}
  for _, want in ipairs(wants) do
    if want.kind == "contributor" then contributor(made, want, now, context)
    else
      local id = folding.ascii(want.user_id)
      if not of[id] then
        of[id] = {}
        users[#users + 1] = of[id]
      end
      table.insert(of[id], want)
    end
  end
  for _, list in ipairs(users) do member(made, list, now, context) end
end

return plan
