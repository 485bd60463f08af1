--- A desired state beside what is so: who is there and not in the table, who is in the table and not there, and whose roles are others.
--
-- Owns what a table means: for the sites in it, it is complete; of any other it says nothing. Asks the service nothing.

local core = require "wixum.core"
local csv_problem = require "wixum.csv.problem"
local desired = require "wixum.access.desired"
local folding = require "wixum.folding"
local plan = require "wixum.access.plan"
local plans = require "wixum.ledger.plan"
local rows = require "wixum.access.rows"
local words = require "wixum.access.words"

local drift = {}

-- ---- who is meant ----------------------------------------------------------------------------------------------------

-- The one member of the team with an address.
local function member_by_email(team, email)
  local person, found = folding.person(email), nil
  for id, member in pairs(team.members) do
    if member.person == person then found = found and "several" or id end
  end
  return found ~= "several" and found or nil
end

-- Whose account or user id a row means; or nil and why that cannot be said.
local function resolve(row, ties, team)
  if row.account_id or row.user_id then return true end
  local ok, reason = core.check_email(row.email)
  if not ok then return nil, reason end
  local user = member_by_email(team, row.email)
  if row.everywhere then
    row.user_id = user
    return user ~= nil, "the team has no member with this address: only members reach the whole account"
  end
  local account, evidence = ties:account_of(row.email)
  if account then row.account_id, row.evidence = account, evidence
  elseif user then row.user_id = user
  else return nil, evidence end
  return true
end

local function roles_of(row, titles)
  if row.roles == desired.ANY then return desired.ANY end
  local list, seen = {}, {}
  for _, title in ipairs(row.roles) do
    local id, reason = titles:find(title, row.everywhere and "account" or "site")
    if not id then return nil, reason end
    if not seen[id] then list[#list + 1], seen[id] = id, true end
  end
  return list
end

-- Two lists of roles as text, to be compared.
local function as_text(roles)
  if roles == desired.ANY then return roles end
  local list = table.move(roles, 1, #roles, 1, {})
  table.sort(list)
  return table.concat(list, " ")
end

local function key_of(row) return (row.user_id or row.account_id) .. " " .. (row.site_id or rows.WHOLE) end

--- Says of each row whom it means and which roles; all that cannot be said is told.
---@param list wixum.DesiredRow[]
---@param context { ties: table, team: table, titles: table, account: string?, on_problem: function? }
---@return table<string, wixum.DesiredRow>? by_key "account or user, place"
---@return wixum.PlanProblem[]? problems
function drift.resolve(list, context)
  local problems, add = plans.collector(context.on_problem)
  local by_key = {}
  for _, row in ipairs(list) do
    local function report(reason, value) add(csv_problem.new{ file = row.where, reason = reason, value = value }) end
    local ok, reason = resolve(row, context.ties, context.team)
    if not ok then report(reason, row.email)
    else
      row.ids, reason = roles_of(row, context.titles)
      if not row.ids then report(reason)
      else
        local earlier = by_key[key_of(row)]
        if earlier and as_text(earlier.ids) ~= as_text(row.ids) then
          report(("row %d says other roles of the same person in the same place"):format(earlier.number))
        end
        by_key[key_of(row)] = earlier or row
      end
    end
  end
  if problems.count > 0 then return nil, problems end
  return by_key
end

-- ---- what differs ----------------------------------------------------------------------------------------------------

--- The sites that a table lists.
---@param list wixum.DesiredRow[]
---@return string[] ids in order
---@return boolean everywhere does it list the whole account?
function drift.places(list)
  local ids, seen, everywhere = {}, {}, false
  for _, row in ipairs(list) do
    if row.everywhere then everywhere = true
    elseif not seen[row.site_id] then ids[#ids + 1], seen[row.site_id] = row.site_id, true end
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

-- What an open invite says of somebody who is missing.
local INVITED = "SELECT 1 AS found FROM invites WHERE site_id = ? AND person = ? AND state IN ('pending', 'sending', 'unknown')"

local function missing(made, row, db)
  local invited = row.email ~= "" and row.site_id and db:one(INVITED, row.site_id, folding.person(row.email))
  table.insert(made.missing, ("%s: %s on %s: %s"):format(row.where, words.person(row), words.place(row),
    invited and "is invited, and has not accepted" or row.user_id and "is not in the team: only an invite to it brings them"
      or "is not there: `wixum invite` invites"))
end

local function of_sites(made, wants, by_key, now, context)
  for _, id in ipairs(context.ids) do
    local site = now.sites[id]
    if not site then
      table.insert(made.conflicts, id .. ": the account's list does not have the site: transferred, deleted, or closed to this key")
    else
      local place = { id = id, name = rows.site_name(site) }
      for _, account in ipairs(sorted_keys(now.present[id])) do
        if account ~= site.owner and account ~= context.account then
          wants[#wants + 1] = want_of(by_key[account .. " " .. id], "contributor", account, site, place, context.ties)
        end
      end
    end
  end
end

local function of_members(wants, by_key, now, context)
  local listed = {}
  for _, id in ipairs(context.ids) do listed[id] = true end
  for _, user in ipairs(sorted_keys(now.team.members)) do
    local person = now.team.members[user]
    if not plan.is_owner(person, context.titles) then
      for _, place in ipairs(rows.by_place(person)) do
        local is_meant = place.site_id and listed[place.site_id] or place.key == rows.WHOLE and context.everywhere and not place.none
        if is_meant then
          local site = now.sites[place.site_id]
          local name = site and rows.site_name(site) or place.site_id and place.name or rows.WHOLE
          wants[#wants + 1] = want_of(by_key[user .. " " .. (place.site_id or rows.WHOLE)], "member", user, site,
            { id = place.site_id, name = name }, context.ties, person)
        end
      end
    end
  end
end

-- Who is in the table and not there. A member who has nothing there can be given it; anybody else needs an invite.
local function of_absent(made, wants, by_key, now, context)
  for _, key in ipairs(sorted_keys(by_key)) do
    local row = by_key[key]
    local site = row.site_id and now.sites[row.site_id]
    if row.account_id and site then
      if not now.present[row.site_id][row.account_id] and row.account_id ~= site.owner then missing(made, row, context.db) end
    elseif row.user_id and (site or row.everywhere) then
      local person, has = now.team.members[row.user_id], false
      for _, place in ipairs(person and rows.by_place(person) or {}) do
        has = has or place.key == (row.site_id or rows.WHOLE) and not place.none
      end
      if not person then missing(made, row, context.db)
      elseif not has and not plan.is_owner(person, context.titles) then
        local place = { id = row.site_id, name = site and rows.site_name(site) or rows.WHOLE }
        local want = want_of(row, "member", row.user_id, site, place, context.ties, person)
        if want then wants[#wants + 1] = want
        else
          table.insert(made.missing, ("%s: %s has no role on %s: say which"):format(row.where, words.person(row), words.place(row)))
        end
      end
    end
  end
end

--- What is wanted, since it is not so; what no call can repair goes into the plan at once.
---@param made wixum.AccessPlan
---@param by_key table<string, wixum.DesiredRow>
---@param now wixum.AccessNow
---@param context table `ids`, `everywhere`, `ties`, `titles`, `account`, `db`
---@return wixum.AccessWant[]
function drift.wants(made, by_key, now, context)
  local wants = {}
  made.drift, made.missing = true, {}
  of_sites(made, wants, by_key, now, context)
  of_members(wants, by_key, now, context)
  of_absent(made, wants, by_key, now, context)
  return wants
end

return drift
