--- The aftermath of changes: whether those are gone who were to be, and have what they were to have.
--
-- Owns the looking, and what is written down of it. Changes nothing at the service.

local absent = require "wixum.ledger.absent"
local client = require "wixum.client"
local folding = require "wixum.folding"
local looks = require "wixum.ledger.looks"
local map = require "wixum.map"
local reach = require "wixum.ledger.reach"
local team = require "wixum.ledger.team"

local aftermath = {}

---@class wixum.Aftermath
---@field as_wanted integer changes of which it was seen that it is so now
---@field otherwise integer of which it was seen that it is not
---@field unseen integer of which nothing could be seen: the site is not in the account's list
---@field calls integer
---@field rows table[] those that are otherwise or unseen

local function write(db, row, seen, now)
  row.seen = seen
  -- what nobody knew is known now
  db:run([[UPDATE changes SET seen = ?, seen_at = ?, state = CASE WHEN state = 'unknown' AND ? = 'as_wanted' THEN 'done' ELSE state END
    WHERE id = ?]], seen, now, seen, row.id)
end

-- Its owner is in no list of those who can reach a site.
local THERE = [[SELECT site_id FROM presences WHERE site_id = ? AND account_id = ? AND gone_at IS NULL
  UNION SELECT site_id FROM sites WHERE site_id = ? AND owner_account_id = ?]]

-- Where the list lacks somebody, or does not say, the sites themselves tell whether they are gone.
local function ask_sites(owner, wix, ids, rows, summary)
  local on, unasked, calls, problem = absent.ask(owner, wix, ids)
  summary.calls = summary.calls + calls
  for _, row in ipairs(rows) do
    problem = problem or unasked[row.site_id]
    if on[row.site_id] then write(owner.db, row, on[row.site_id][row.account_id] and "otherwise" or "as_wanted", owner.now()) end
  end
  return problem
end

local function look_at_sites(owner, wix, rows, summary)
  local db, ids, listed = owner.db, {}, {}
  for _, row in ipairs(rows) do
    if not listed[row.site_id] then ids[#ids + 1], listed[row.site_id] = row.site_id, true end
  end
  local lacked, to_ask, lacking = {}, {}, {}
  for first = 1, #ids, looks.A_CALL do
    local page = table.move(ids, first, math.min(first + looks.A_CALL - 1, #ids), 1, {})
    for _, id in ipairs(page) do db:run("INSERT INTO sites (site_id) VALUES (?) ON CONFLICT DO NOTHING", id) end
    local seen, err, sites = looks.at(db, wix, page, owner.now)
    summary.calls = summary.calls + 1
    if not seen then return err end
    local silent = {} -- in the list, and it does not say who can reach them
    for _, site in ipairs(sites) do silent[site.id] = not site.told end
    for _, row in ipairs(rows) do
      local there = seen[row.site_id] and db:one(THERE, row.site_id, row.account_id, row.site_id, row.account_id)
      if there then write(db, row, "otherwise", owner.now())
      elseif seen[row.site_id] or silent[row.site_id] then
        lacked[#lacked + 1] = row
        if not lacking[row.site_id] then to_ask[#to_ask + 1], lacking[row.site_id] = row.site_id, true end
      end
    end
  end
  if to_ask[1] then return ask_sites(owner, wix, to_ask, lacked, summary) end
end

local function same_roles(found, wanted)
  local count = 0
  for id in pairs(found) do count = count + (wanted[id] and 1 or 0) end
  for id in pairs(wanted) do if not found[id] then return false end end
  for _ in pairs(found) do count = count - 1 end
  return count == 0
end

-- Rows by their sites: whoever is on the same one is asked about at once.
local function by_site(rows)
  local groups, of = {}, {}
  for _, row in ipairs(rows) do
    local group = of[row.site_id]
    if not group then
      group = { site_id = row.site_id, rows = {}, accounts = {}, likely = {} }
      groups[#groups + 1], of[row.site_id] = group, group
    end
    table.insert(group.rows, row)
    table.insert(group.accounts, row.account_id)
    table.insert(group.likely, row.detail.roles)
  end
  return groups
end

local function look_at_roles(owner, wix, rows, role_ids, summary)
  local problem
  local _, first_error = map.each(by_site(rows), function(group)
    if problem then return nil, problem end
    local found, err, calls = reach.roles_of(wix, group.site_id, group.accounts, role_ids, group.likely)
    summary.calls = summary.calls + calls
    if not found then
      problem = problem or err
      return nil, err
    end
    for _, row in ipairs(group.rows) do
      local wanted, has = {}, found[row.account_id]
      for _, id in ipairs(row.detail.roles) do wanted[id] = true end
      write(owner.db, row, has and same_roles(has, wanted) and "as_wanted" or "otherwise", owner.now())
    end
  end, { concurrency = client.state(wix).settings.concurrency })
  if first_error ~= nil and not problem then error(first_error, 0) end -- the database's, or a mistake of ours
  return problem
end

-- What a member has, against what was to be added and taken away.
local function is_assigned(person, detail)
  local ids, has = {}, {}
  for _, assignment in ipairs(person.assignments) do
    if assignment.assignment_id then ids[assignment.assignment_id] = true end
    has[(assignment.policy_id or "") .. " " .. (assignment.site_id or "")] = true
  end
  for _, id in ipairs(detail.remove or {}) do if ids[id] then return false end end
  for _, added in ipairs(detail.add or {}) do
    local site = type(added.restrictions) == "table" and added.restrictions.site
    if not has[added.policy_id .. " " .. (site and folding.ascii(site.id) or "")] then return false end
  end
  return true
end

local function look_at_team(owner, wix, rows, summary)
  local people, err, calls = team.read(wix) -- all of it: how the service searches is not documented
  summary.calls = summary.calls + calls
  if not people then return err end
  local by_id = {}
  for _, person in ipairs(people) do
    if person.user_id then by_id[folding.ascii(person.user_id)] = person end
  end
  for _, row in ipairs(rows) do
    local person = by_id[folding.ascii(row.user_id)]
    local good
    if row.kind == "remove_member" then good = person == nil
    else good = person ~= nil and is_assigned(person, row.detail) end
    write(owner.db, row, good and "as_wanted" or "otherwise", owner.now())
  end
end

-- Where it can be seen; whether an invite is open can be seen nowhere.
local KINDS = { remove_contributor = "sites", change_role = "roles", remove_member = "team", change_assignments = "team" }

--- Looks what came of a plan's changes, all that were called for. A site that somebody is gone from by the account's list is asked
--- itself, a call each.
---@param owner table of the ledger: `db`, `now`
---@param wix table
---@param rows table[] of `changes.rows`
---@param role_ids string[]? of the account, where roles were changed
---@return wixum.Aftermath
---@return wixum.Error? err why not all could be looked at
function aftermath.look(owner, wix, rows, role_ids)
  local groups, summary = { sites = {}, roles = {}, team = {} }, { as_wanted = 0, otherwise = 0, unseen = 0, calls = 0, rows = {} }
  local called = {}
  for _, row in ipairs(rows) do
    local can_be_seen = KINDS[row.kind] ~= nil
    if can_be_seen and (row.state == "done" or row.state == "unknown" or row.state == "failed") then
      table.insert(groups[KINDS[row.kind]], row)
      called[#called + 1] = row
    end
  end
  local err = #groups.sites > 0 and look_at_sites(owner, wix, groups.sites, summary) or nil
  err = err or #groups.roles > 0 and look_at_roles(owner, wix, groups.roles, role_ids, summary) or nil
  err = err or #groups.team > 0 and look_at_team(owner, wix, groups.team, summary) or nil
  for _, row in ipairs(called) do
    local word = row.seen or "unseen"
    summary[word] = summary[word] + 1
    if word ~= "as_wanted" then summary.rows[#summary.rows + 1] = row end
  end
  return summary, err
end
return aftermath
