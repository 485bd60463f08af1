--- Whom the rows of a table mean: which account, or which member of the team, on which place.
--
-- Owns how an address becomes somebody: place by place, by what is so there. One person may be on a site twice, as a contributor and by the
-- team; whom the table names by one of these is not to lose the other. Asks the service nothing.

local core = require "wixum.core"
local csv_problem = require "wixum.csv.problem"
local desired = require "wixum.access.desired"
local folding = require "wixum.folding"
local plans = require "wixum.ledger.plan"
local rows = require "wixum.access.rows"

local meant = {}

---@class wixum.AccessMeant
---@field by_key table<string, wixum.DesiredRow> "account or user, place"
---@field named table<string, table<string, wixum.DesiredRow>> by place, whom the table names there, in whatever way
---@field folders table<string, wixum.DesiredRow> by users: who may reach folders of sites
---@field twice { account: wixum.DesiredRow, user: wixum.DesiredRow }[] one row that means a contributor and a member

--- What a place is called in keys.
---@param site_id string?
---@return string
function meant.place(site_id) return site_id or rows.WHOLE end

-- ---- an index of people ----------------------------------------------------------------------------------------------

-- Members by their addresses, accounts by their users, and on which places members are.
local function index(ties, team)
  local found = { users = {}, accounts = {}, places = {} }
  for id, member in pairs(team.members) do
    if member.email ~= "" then
      local list = found.users[member.person] or {}
      list[#list + 1], found.users[member.person] = id, list
    end
    for _, place in ipairs(rows.by_place(member)) do
      if not place.none then found.places[id .. " " .. place.key] = true end
    end
  end
  for account, user in pairs(ties.owners) do
    local list = found.accounts[user] or {}
    list[#list + 1], found.accounts[user] = account, list
  end
  return found
end

-- ---- an address ------------------------------------------------------------------------------------------------------

local function copy_of(row, account, user, evidence)
  local own = {}
  for name, value in pairs(row) do own[name] = value end
  own.account_id, own.user_id, own.evidence = account, user, evidence
  return own
end

local SEVERAL = "the ledger knows several accounts of this person: say which by account_id"
local UNCERTAIN = "the ledger knows no account that is certainly this person's: say it by account_id"
local NO_MEMBER = "the team has no member with this address: only members reach the whole account, or folders"
local MEMBERS = "the team has several members with this address: say which by user_id"

-- A contributor's accounts, by how they are known: what is certain, and what the team says.
local function accounts_of(row, people, user, ties)
  local accounts = ties:accounts_of(row.email)
  for _, account in ipairs(user and people.accounts[user] or {}) do
    local email, evidence = ties:of(account, row.site_id)
    if not accounts[account] and folding.person(email) == folding.person(row.email) then accounts[account] = evidence end
  end
  return accounts
end

-- Of an address on a site: whoever of that person is there; else the one that is known.
local function on_site(row, people, user, ties, now)
  local site, present = now.sites[row.site_id], now.present[row.site_id] or {}
  local there, certain, number, several = nil, nil, 0, nil
  local accounts = accounts_of(row, people, user, ties)
  for account, evidence in pairs(accounts) do
    if present[account] or site and site.owner == account then
      several = there ~= nil
      there = account
    end
    if evidence ~= "team" then certain, number = account, number + 1 end
  end
  if several then return nil, SEVERAL end
  local member_there = user and people.places[user .. " " .. row.site_id]
  if there and member_there then
    return { copy_of(row, there, nil, accounts[there]), copy_of(row, nil, user) }
  elseif there then return { copy_of(row, there, nil, accounts[there]) }
  elseif member_there then return { copy_of(row, nil, user) }
  elseif number > 1 then return nil, SEVERAL
  elseif certain then return { copy_of(row, certain, nil, accounts[certain]) }
  elseif user then return { copy_of(row, nil, user) } end
  return nil, UNCERTAIN
end

-- The rows that a row comes to, each with its account or its user; or nil and why that cannot be said.
local function resolve(row, people, context, now)
  if row.account_id or row.user_id then return { row } end
  local ok, reason = core.check_email(row.email)
  if not ok then return nil, reason end
  local users = people.users[folding.person(row.email)] or {}
  if #users > 1 then return nil, MEMBERS end
  if row.site_id then return on_site(row, people, users[1], context.ties, now) end
  if not users[1] then return nil, NO_MEMBER end
  return { copy_of(row, nil, users[1]) }
end

-- ---- whom the table names --------------------------------------------------------------------------------------------

local function add_names(set, row, ties, team)
  local function add(kind, value) if value and value ~= "" then set[kind .. value] = set[kind .. value] or row end end
  add("person ", row.email ~= "" and folding.person(row.email))
  local user = row.user_id or row.account_id and ties.owners[row.account_id]
  add("user ", user)
  local member = user and team.members[user]
  add("person ", member and member.person)
  if row.account_id and row.site_id then add("person ", folding.person((ties:of(row.account_id, row.site_id)))) end
end

--- Does the table name somebody in a place, in whatever way? Then they are not to be removed from it.
---@param found wixum.AccessMeant
---@param want wixum.AccessWant
---@param ties table
---@return wixum.DesiredRow?
function meant.names(found, want, ties)
  local set = found.named[meant.place(want.site_id)]
  if not set then return nil end
  local user = want.user_id or ties.owners[want.account_id]
  if user and user ~= "" and set["user " .. user] then return set["user " .. user] end
  if want.email ~= "" and set["person " .. folding.person(want.email)] then return set["person " .. folding.person(want.email)] end
  for _, person in ipairs(want.account_id and ties:people(want.account_id, want.site_id) or {}) do
    if set["person " .. person] then return set["person " .. person] end
  end
end

-- ---- the whole -------------------------------------------------------------------------------------------------------

-- A finder of roles that looks for each title once.
local function finder(titles)
  local known = { site = {}, account = {} }
  return function(title, level)
    local found = known[level][title]
    if not found then
      found = { titles:find(title, level) }
      known[level][title] = found
    end
    return found[1], found[2]
  end
end

local function roles_of(row, find)
  if row.roles == desired.ANY then return desired.ANY end
  local list, seen = {}, {}
  for _, title in ipairs(row.roles) do
    local id, reason = find(title, row.everywhere and "account" or "site")
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

-- One of the rows that a row comes to: is there another of the same somebody?
local function add(found, own, report)
  local key = (own.user_id or own.account_id) .. " " .. meant.place(own.site_id)
  local earlier = found.by_key[key]
  if earlier and as_text(earlier.ids) ~= as_text(own.ids) then
    report(("row %d says other roles of the same person in the same place"):format(earlier.number))
  end
  found.by_key[key] = earlier or own
end

-- Of whom a row says that nobody is there, and others name somebody.
local function check_nobody(list, report_of)
  local somebody = {}
  for _, row in ipairs(list) do if row.site_id and not row.nobody then somebody[row.site_id] = row.number end end
  for _, row in ipairs(list) do
    if row.nobody and somebody[row.site_id] then
      report_of(row)(("it says that nobody is on the site, and row %d says who is"):format(somebody[row.site_id]))
    end
  end
end

--- Says of each row whom it means and which roles; all that cannot be said is told.
---@param list wixum.DesiredRow[]
---@param context { ties: table, team: table, titles: table, on_problem: function? }
---@param now wixum.AccessNow who is where
---@return wixum.AccessMeant?
---@return wixum.PlanProblem[]? problems
function meant.resolve(list, context, now)
  local problems, tell = plans.collector(context.on_problem)
  local found = { by_key = {}, named = {}, folders = {}, twice = {} }
  local find = finder(context.titles)
  local people, ties, team = index(context.ties, context.team), context.ties, context.team
  local function report_of(row)
    return function(reason, value) tell(csv_problem.new{ file = row.where, reason = reason, value = value }) end
  end
  check_nobody(list, report_of)
  for _, row in ipairs(list) do
    local report, own, reason = report_of(row), {}, nil
    if not row.nobody then
      local ids, wrong = roles_of(row, find)
      own, reason = resolve(row, people, context, now)
      if own then row.ids, reason = ids, wrong
      elseif wrong then report(wrong) end
    end
    if reason then report(reason, not own and row.email or nil)
    elseif row.folders then found.folders[own[1].user_id] = row
    elseif own[1] then
      local place = meant.place(row.site_id)
      found.named[place] = found.named[place] or {}
      for _, one in ipairs(own) do
        one.ids = row.ids
        add(found, one, report)
        add_names(found.named[place], one, ties, team)
        if one.evidence then row.evidence, row.means = one.evidence, one.account_id end
      end
      if own[2] then found.twice[#found.twice + 1] = { account = own[1], user = own[2] } end
    end
  end
  if problems.count > 0 then return nil, problems end
  return found
end

--- A table's text, by which the same one is known again.
---@param found wixum.AccessMeant
---@return string[]
function meant.texts(found)
  local texts = {}
  for key, row in pairs(found.by_key) do texts[#texts + 1] = key .. " " .. as_text(row.ids) end
  return texts
end

return meant
