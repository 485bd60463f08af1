--- A desired state beside what is so: who is there and not in the table, who is in the table and not there, and whose roles are others.
--
-- Owns what a table means: for the sites in it, it is complete; of any other it says nothing. Whom a row means is `meant`'s business. Asks
-- the service nothing.

local desired = require "wixum.access.desired"
local folding = require "wixum.folding"
local meant = require "wixum.access.meant"
local plan = require "wixum.access.plan"
local printable = require("wixum.csv.problem").printable
local rows = require "wixum.access.rows"
local words = require "wixum.access.words"

local drift = {}

local NAMED = 10 -- people whom a note names

--- The sites that a table lists.
---@param list wixum.DesiredRow[]
---@return string[] ids in order
---@return boolean everywhere does it list the whole account?
function drift.places(list)
  local ids, seen, everywhere = {}, {}, false
  for _, row in ipairs(list) do
    if row.everywhere then everywhere = true
    elseif row.site_id and not seen[row.site_id] then ids[#ids + 1], seen[row.site_id] = row.site_id, true end
  end
  table.sort(ids)
  return ids, everywhere
end

local function sorted_keys(set)
  local list = {}
  for key in pairs(set) do list[#list + 1] = key end
  table.sort(list)
  return list
end

-- Somebody who is there, and what the table says of it.
local function want_of(row, kind, id, site, place, ties, person)
  local want = { kind = kind, site_id = place.id, site = place.name, want = "gone", where = row and row.where or "not in the table",
    may_add = true }
  if kind == "contributor" then
    want.account_id = id
    want.email, want.evidence = ties:of(id, site and site.id)
  else want.user_id, want.email, want.evidence = id, person.email, "told" end
  if not row then return want end
  if row.ids == desired.ANY then return nil end
  want.want, want.roles = "roles", row.ids
  return want
end

-- Where somebody whose account is on a site is in the team, too, and reaches the site by that.
local function by_team(want, now, ties)
  local person = want.account_id and now.team.members[ties.owners[want.account_id]]
  for _, place in ipairs(person and rows.by_place(person) or {}) do
    if not place.none and not place.site_id then return place.key end
  end
end

-- Who is there and not in the table is to go, unless the table names them otherwise.
local function add_want(made, wants, want, found, now, ties)
  local row = want and want.want == "gone" and meant.names(found, want, ties)
  if row then
    table.insert(made.conflicts, ("%s on %s: %s %s is not in the table, and %s names the same person: say which by account_id or user_id")
      :format(words.person(want), words.place(want), want.account_id and "account" or "user", want.account_id or want.user_id, row.where))
  elseif want then
    want.by_team = want.want == "gone" and by_team(want, now, ties) or nil
    wants[#wants + 1] = want
  end
end

local function of_sites(made, wants, found, now, context)
  for _, id in ipairs(context.ids) do
    local site = now.sites[id]
    if not site then
      table.insert(made.conflicts, id .. ": the account's list does not have the site: transferred, deleted, or closed to this key")
    elseif now.unasked[id] then -- nothing is decided on what could not be seen
      table.insert(made.conflicts, ("%s: not compared, since the site does not say who is on it, or in which roles: %s"):format(
        rows.site_name(site), printable(now.unasked[id].message, 200)))
    else
      local place = { id = id, name = rows.site_name(site) }
      for _, account in ipairs(sorted_keys(now.present[id])) do
        if account ~= site.owner and account ~= context.account then
          local row = found.by_key[account .. " " .. id]
          add_want(made, wants, want_of(row, "contributor", account, site, place, context.ties), found, now, context.ties)
        end
      end
    end
  end
end

local NAMELESS = "%s on %s: is in the team, and the service gives no id that a call could use (%s): look at the account's Roles & "
  .. "Permissions"

-- Who is in the team, by the places that the table lists.
local function of_members(made, wants, found, now, context)
  local listed = {}
  for _, id in ipairs(context.ids) do listed[id] = not now.unasked[id] end
  local function is_meant(place)
    return place.site_id and listed[place.site_id] or place.key == rows.WHOLE and context.everywhere and not place.none
  end
  for _, person in ipairs(now.team.others or {}) do
    for _, place in ipairs(rows.by_place(person)) do
      if is_meant(place) then
        table.insert(made.conflicts, NAMELESS:format(words.person(person), place.name and printable(place.name, 60) or place.key,
          person.unusable_id or "none"))
      end
    end
  end
  for _, user in ipairs(sorted_keys(now.team.members)) do
    local person = now.team.members[user]
    if not plan.is_owner(person, context.titles) then
      for _, place in ipairs(rows.by_place(person)) do
        if is_meant(place) then
          local site = now.sites[place.site_id]
          local name = site and rows.site_name(site) or place.site_id and place.name or rows.WHOLE
          local row = found.by_key[user .. " " .. meant.place(place.site_id)]
          add_want(made, wants, want_of(row, "member", user, site, { id = place.site_id, name = name }, context.ties, person), found,
            now, context.ties)
        end
      end
    end
  end
end

-- ---- who is missing --------------------------------------------------------------------------------------------------

local INVITED = "SELECT DISTINCT person FROM invites WHERE site_id = ? AND state IN ('pending', 'sending', 'unknown')"

-- Who is invited to a site and has not accepted: read once a site, however many rows the table has.
local function invited_to(context, site_id)
  local set = context.invited[site_id]
  if not set then
    set = {}
    for row in context.db:rows(INVITED, site_id) do set[row.person] = true end
    context.invited[site_id] = set
  end
  return set
end

local function missing(made, row, context)
  local invited = row.email ~= "" and row.site_id and invited_to(context, row.site_id)[folding.person(row.email)]
  table.insert(made.missing, ("%s: %s on %s: %s"):format(row.where, words.person(row), words.place(row),
    invited and "is invited, and has not accepted" or row.user_id and "is not in the team: only an invite to it brings them"
      or "is not there: `wixum invite` invites"))
end

-- Who is in the table and not there. A member who has nothing there can be given it; anybody else needs an invite.
local function of_absent(made, wants, found, now, context)
  for _, key in ipairs(sorted_keys(found.by_key)) do
    local row = found.by_key[key]
    local site = row.site_id and now.sites[row.site_id]
    if site and now.unasked[row.site_id] then goto continue end -- the site is told already
    if row.account_id and site then
      if not now.present[row.site_id][row.account_id] and row.account_id ~= site.owner then missing(made, row, context) end
    elseif row.user_id and (site or row.everywhere) then
      local person, has = now.team.members[row.user_id], false
      for _, place in ipairs(person and rows.by_place(person) or {}) do
        has = has or place.key == meant.place(row.site_id) and not place.none
      end
      if not person then missing(made, row, context)
      elseif not has and not plan.is_owner(person, context.titles) then
        local place = { id = row.site_id, name = site and rows.site_name(site) or rows.WHOLE }
        local want = want_of(row, "member", row.user_id, site, place, context.ties, person)
        if want then wants[#wants + 1] = want
        else
          table.insert(made.missing, ("%s: %s has no role on %s: say which"):format(row.where, words.person(row), words.place(row)))
        end
      end
    end
    ::continue::
  end
end

-- ---- who is named twice, or nowhere ----------------------------------------------------------------------------------

local function roles_text(set, titles)
  local list = {}
  for id in pairs(set or {}) do list[#list + 1] = id end
  return titles:words(titles:sorted(list)), table.concat(titles:sorted(list), " ")
end

-- One address that is there as a contributor and by the team: which of the two is to get other roles cannot be told.
local function of_twice(made, found, now, titles)
  for _, pair in ipairs(found.twice) do
    local row = pair.account
    if row.ids ~= desired.ANY and not now.unasked[row.site_id] then
      local member = {}
      for _, place in ipairs(rows.by_place(now.team.members[pair.user.user_id])) do
        if place.site_id == row.site_id then member = place.set end
      end
      local site = now.sites[row.site_id]
      local as_account, one = roles_text(now.roles[row.site_id] and now.roles[row.site_id][row.account_id], titles)
      local as_member, other = roles_text(member, titles)
      local wanted = table.concat(titles:sorted(row.ids), " ")
      if site and site.owner ~= row.account_id and one ~= wanted or other ~= wanted then
        table.insert(made.conflicts, ("%s: %s is on %s as a contributor (%s) and by the team (%s): say which by account_id or user_id")
          :format(row.where, words.person(row), words.place(row), as_account, as_member))
      end
    end
    pair.account.ids, pair.user.ids = desired.ANY, desired.ANY -- as said, or left alone
  end
end

local function names_of(list)
  local shown = table.move(list, 1, math.min(#list, NAMED), 1, {})
  return table.concat(shown, ", ") .. (#list > NAMED and (" and %d more"):format(#list - NAMED) or "")
end

-- Who reaches all sites of the table, and stands nowhere in it.
local function of_whole(made, wants, found, now, context)
  local names, removed = {}, {}
  for _, user in ipairs(sorted_keys(now.team.members)) do
    local person, reaches = now.team.members[user], false
    for _, place in ipairs(rows.by_place(person)) do
      reaches = reaches or place.key == rows.SOME and not found.folders[user]
        or place.key == rows.WHOLE and not place.none and not context.everywhere
    end
    if reaches and not plan.is_owner(person, context.titles) then
      names[#names + 1] = words.person{ email = person.email, user_id = user }
    end
  end
  made.unlisted = names
  if #names > 0 then
    table.insert(made.notes, ("%s the whole account (or folders), and the table does not list that: %s"):format(
      words.count(#names, "member reaches", "members reach"), names_of(names)))
  end
  for _, want in ipairs(wants) do
    if want.kind == "member" and not want.site_id and want.want == "gone" then removed[#removed + 1] = words.person(want) end
  end
  if #removed > 0 then
    table.insert(made.notes, ("The table lists the whole account, and is complete for it: %s not in it and would lose it: %s"):format(
      words.count(#removed, "member is", "members are"), names_of(removed)))
  end
end

--- What is wanted, since it is not so; what no call can repair goes into the plan at once.
---@param made wixum.AccessPlan
---@param found wixum.AccessMeant
---@param now wixum.AccessNow
---@param context table `ids`, `everywhere`, `ties`, `titles`, `account`, `db`
---@return wixum.AccessWant[]
function drift.wants(made, found, now, context)
  local wants = {}
  made.drift, made.missing, context.invited = true, {}, {}
  of_twice(made, found, now, context.titles)
  of_sites(made, wants, found, now, context)
  of_members(made, wants, found, now, context)
  of_absent(made, wants, found, now, context)
  of_whole(made, wants, found, now, context)
  return wants
end

return drift
