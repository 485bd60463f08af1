--- `wixum team invite`, `wixum team list`: the account's employees.
--
-- Owns what is asked and printed; the work is the ledger's.

local desks = require "wixum.cli.desk"
local printable = require("wixum.csv.problem").printable
local running = require "wixum.cli.running"
local status = require "wixum.cli.status"
local team_words = require "wixum.ledger.team_words"

local team = {}

local function counted(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

local function where(summary) return summary.sites and counted(#summary.sites, "site", "sites") or "the whole account" end

local function tell_refused(talk, refused)
  for _, one in ipairs(refused) do talk:wrong("%s was not invited: %s", printable(one.email, 100), printable(one.reason, 200)) end
end

-- The language of titles: said behind the step, before it, or in the config file.
local function locale_of(desk) return desk.given.locale or desk.given.list_locale or desk.config.locale end

-- The sites that --site and --sites name; nil where neither is said.
local function sites_of(given)
  local list = table.move(given.site or {}, 1, #(given.site or {}), 1, {})
  if given.sites then
    local file, problem = io.open(given.sites, "r")
    if not file then desks.fail("--sites: " .. problem) end
    for line in file:lines() do
      local text = line:gsub("^\xEF\xBB\xBF", ""):match("^%s*(.-)%s*$")
      if text ~= "" then list[#list + 1] = text end
    end
    file:close()
    if #list == 0 then desks.fail("--sites: " .. given.sites .. " names no site") end
  end
  return #list > 0 and list or nil
end

--- `wixum team invite EMAIL…`.
---@param desk table
---@return integer code
function team.invite(desk)
  local given, talk = desk.given, desk.talk
  if given.list_csv then desks.fail("--csv is about the list of `wixum team`, not about inviting: leave it out") end
  local sites = sites_of(given)
  if (sites ~= nil) == (given.everywhere == true) then
    desks.fail("say one of these: --site S (more than once for more) or --sites FILE, for sites; or --everywhere, for the whole account")
  end
  local wix = desk:client()
  local ledger = given.dry_run and desk:ledger_to_look_at() or desk:ledger()
  if not given.dry_run then desk:name_ledger() end
  local function options(more)
    more.email, more.role, more.sites, more.everywhere = given.emails, given.role, sites, given.everywhere
    more.language, more.locale = given.language, locale_of(desk)
    return more
  end
  local looked = assert(ledger:team_invite(wix, options{ dry_run = true }))
  local names = {}
  for _, email in ipairs(given.emails) do
    local out = false
    for _, one in ipairs(looked.refused) do out = out or one.email == email end
    if not out then names[#names + 1] = printable(email, 100) end
  end
  local words = ("%s to the account's team, as %s on %s: %s"):format(counted(looked.total, "person", "people"),
    printable(looked.role.title, 80), where(looked), table.concat(names, ", "))
  if given.dry_run or looked.total == 0 then
    talk:result(looked.total == 0 and "Nobody to invite." or "It would invite " .. words .. ". Nothing was done.", running.plain(looked))
    tell_refused(talk, looked.refused)
    return #looked.refused > 0 and status.SOME_FAILED or status.DONE
  end
  if not desk.loopback then
    local may, code = talk:may(("This invites, live, %s."):format(words), "Nobody was invited.")
    if not may then return code end
  end
  local summary, err, interrupted = running.run(ledger, talk, "Inviting", { "pending", "failed", "unknown" }, function(on_progress)
    return ledger:team_invite(wix, options{ on_progress = on_progress, found = looked })
  end)
  if not summary then
    if not interrupted then error(err, 0) end
    return status.INTERRUPTED
  end
  talk:result(("%s invited as %s on %s%s%s."):format(counted(summary.pending, "person", "people"), printable(summary.role.title, 80),
    where(summary), summary.failed > 0 and (", %d failed"):format(summary.failed) or "",
    summary.unknown > 0 and (", %d unknown"):format(summary.unknown) or ""), running.plain(summary))
  tell_refused(talk, summary.refused)
  for _, row in ipairs(summary.failed_rows or {}) do
    talk:wrong("%s was not invited: %s", printable(row.email, 100), printable(row.reason or "no reason", 200))
  end
  if summary.unknown > 0 then talk:wrong("what is unknown is settled by looking at the team: `wixum team list`, after five minutes") end
  local code = running.status(talk, summary, interrupted)
  return code == status.DONE and #summary.refused > 0 and status.SOME_FAILED or code
end

local COLUMNS = { { "email", "ADDRESS" }, { "name", "NAME" }, { "state", "STATE" }, { "role", "ROLE" }, { "on", "ON" },
  { "since", "SINCE" }, { "expires", "EXPIRES" }, { "id", "ID" } }

local function place_of(assignment)
  if assignment.site_id then return assignment.site_name or assignment.site_id end
  return assignment.conditions and "(some sites)" or "the whole account"
end

-- A line for each role and where it is given.
local function lines_of(person, titles)
  local lines, of = {}, {}
  local function line_of(role)
    local line = { email = person.email, name = person.name, state = person.member and "member" or (person.status or "invited"):lower(),
      role = role, since = person.joined_at, expires = person.expires_at, id = person.user_id or person.unusable_id or person.invite_id,
      places = {} }
    lines[#lines + 1], of[role or ""] = line, line
    return line
  end
  for _, assignment in ipairs(person.assignments) do
    local role = assignment.policy_id and (titles[assignment.policy_id] or assignment.policy_id) or assignment.unreadable
    table.insert((of[role] or line_of(role)).places, place_of(assignment))
  end
  if #lines == 0 then line_of(nil).places[1] = "nothing" end
  for _, line in ipairs(lines) do
    table.sort(line.places)
    line.on = #line.places > 3 and ("%s and %d more"):format(table.concat(line.places, ", ", 1, 3), #line.places - 3)
      or table.concat(line.places, ", ")
  end
  return lines
end

--- `wixum team list`, or `wixum team` alone.
---@param desk table
---@return integer code
function team.list(desk)
  local given, talk, wix = desk.given, desk.talk, desk:client()
  local as_csv = given.csv or given.list_csv
  local info = assert(wix.users.get_roles_info{ locale = locale_of(desk) or "en" })
  local titles = {}
  for _, list in ipairs{ info.predefined_roles, info.custom_roles } do
    for _, role in ipairs(list) do
      if type(role.id) == "string" and type(role.title) == "string" then titles[role.id] = role.title end
    end
  end
  local filesystem = require "wixum.ledger.filesystem"
  local there = filesystem.exists(desk.path)
  local people, changed
  if there then
    local found = assert(desk:ledger(false):team(wix))
    people, changed = found.people, found.changed
    for _, row in ipairs(found.invites) do
      if row.state == "planned" then talk:note("%s", team_words.line(row))
      elseif row.state == "unknown" or row.state == "failed" then talk:wrong("%s", team_words.line(row)) end
    end
  else people = assert(require("wixum.ledger.team").read(wix)) end
  local rows = {}
  for _, person in ipairs(people) do
    for _, line in ipairs(lines_of(person, titles)) do
      if as_csv or talk.json then line.on = table.concat(line.places, "; ") end
      rows[#rows + 1] = line
    end
  end
  talk:list(COLUMNS, rows, as_csv)
  if (changed or 0) > 0 then
    talk:note("%s of the ledger %s known better now.", counted(changed, "invite", "invites"), changed == 1 and "is" or "are")
  end
  return status.DONE
end

return team
