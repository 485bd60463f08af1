--- `wixum access`, `wixum access apply FILE`: a review of who can reach what, and what it decides.
--
-- Owns what is asked and said around them; the work is the ledger's.

local desks = require "wixum.cli.desk"
local errors = require "wixum.errors"
local plans = require "wixum.cli.plan"
local progress = require "wixum.cli.progress"
local running = require "wixum.cli.running"
local selection = require "wixum.cli.selection"
local status = require "wixum.cli.status"
local words = require "wixum.access.words"

local access = {}

local TOLD = 20 -- problems of a file that are printed

-- ---- a review --------------------------------------------------------------------------------------------------------

local MORE = "A site takes more where its people have several roles, or others than were seen elsewhere."

-- How many calls a site takes for its roles hangs on what is found: the service tells who has one of some roles, and no more.
local function tell_cost(talk, without_roles)
  return function(cost)
    local seconds = progress.duration(cost.seconds)
    if cost.stage == "sites" then
      talk:note("Reading who can reach %s: sites, team and titles in at least %s; at least %s.%s",
        plans.counted(cost.sites, "site", "sites"), plans.counted(cost.calls, "call", "calls"), seconds,
        without_roles and "" or " Roles come on top: at least two calls a site that somebody can reach.")
    elseif cost.stage == "table" then
      talk:note("Asking who is on %s of the table: at least %s, and at least two more a site whose roles it says; at least %s.",
        plans.counted(cost.sites, "site", "sites"), plans.counted(cost.calls, "call", "calls"), seconds)
    elseif cost.sites > 0 then
      talk:note("Reading the roles on %s that somebody can reach: at least %s more; at least %s. %s",
        plans.counted(cost.sites, "site", "sites"), plans.counted(cost.calls, "call", "calls"), seconds, MORE)
    end
  end
end

local COLUMNS = { { "email", "PERSON" }, { "who", "WHO" }, { "account_id", "ACCOUNT" }, { "site", "SITE" }, { "roles", "ROLES" },
  { "evidence", "EVIDENCE" }, { "since", "SINCE" }, { "changes", "CHANGES" } }

local function target(path, stdout) return path == "-" and stdout or path end

local function delimiter_of(given)
  local delimiter = given.delimiter == "\\t" and "\t" or given.delimiter
  if delimiter and delimiter ~= "," and delimiter ~= ";" and delimiter ~= "\t" then desks.fail("--delimiter is , or ; or \\t") end
  return delimiter
end

-- Files that would take each other's place.
local function check_targets(given)
  local seen, on_stdout = {}, given.json and "--json" or nil
  for _, name in ipairs{ "csv", "html", "lua" } do
    local path = given[name]
    if path == "" then desks.fail("--" .. name .. " is empty") end
    if path == "-" then
      if on_stdout then desks.fail(("%s and --%s would both go to standard output"):format(on_stdout, name)) end
      on_stdout = "--" .. name
    elseif path then
      if seen[path] then desks.fail(("--%s and --%s name the same file"):format(seen[path], name)) end
      seen[path] = name
    end
  end
  return on_stdout ~= nil
end

local function review(desk)
  local given, talk = desk.given, desk.talk
  local on_stdout = check_targets(given)
  local delimiter = delimiter_of(given)
  if given.lua and given.roles then desks.fail("--lua needs the roles that people have: leave --roles known out") end
  local wix = desk:client()
  local ledger = desk:ledger()
  desk:name_ledger()
  local sites = selection.sites(ledger, given.site, wix)
  local found, err, interrupted = talk:through(function(stdout)
    return running.run(ledger, talk, "Reading", { "done" }, function(on_progress)
      return ledger:access(wix, { site_id = sites, locale = given.locale or desk.config.locale, roles = given.roles, since = given.since,
        csv = target(given.csv, stdout), html = target(given.html, stdout), lua = target(given.lua, stdout),
        json = given.json and stdout or nil, delimiter = delimiter, concurrency = given.concurrency,
        on_cost = tell_cost(talk, given.roles), on_progress = on_progress })
    end)
  end)
  if not found then
    if not interrupted then error(err, 0) end
    talk:note("Nothing was written.")
    return status.INTERRUPTED
  end
  for _, name in ipairs{ "csv", "html", "lua" } do
    if given[name] and given[name] ~= "-" then
      local number = name == "lua" and found.in_table or #found.rows
      talk:note("%s in %s%s", plans.counted(number, "row", "rows"), given[name], name == "lua"
        and ": who is to reach what, without owners and open invites" or "")
    end
  end
  if not (on_stdout or given.csv or given.html or given.lua) and not talk.quiet then talk:list(COLUMNS, found.rows) end
  talk:note("%s", tostring(found))
  if #found.incomplete == 0 then return status.DONE end
  if talk.quiet then for _, text in ipairs(found.incomplete) do talk:wrong("%s", text) end end
  return status.SOME_FAILED
end

-- ---- decisions -------------------------------------------------------------------------------------------------------

local function plain(made)
  local copy = { changes = {}, nothing = made.nothing, conflicts = made.conflicts, missing = made.missing or {},
    unlisted = made.unlisted or {}, notes = made.notes, keep = made.keep, undecided = made.undecided,
    undecidable = made.undecidable }
  for i, change in ipairs(made.changes) do
    copy.changes[i] = { kind = change.kind, site_id = change.site_id, account_id = change.account_id, user_id = change.user_id,
      email = change.email, words = change.words }
  end
  return copy
end

-- What stands against the file was told line by line.
local function refuse(talk, told, problems)
  if errors.is(problems) then error(problems, 0) end
  if told > TOLD then talk:wrong("and %d more", told - TOLD) end
  talk:wrong("nothing was done: correct %s, and say it again", told == 1 and "this" or "these")
  return status.USAGE
end

-- The exit status of what is so, or is not, after all.
local function code_of(desk, done, changes)
  local made, given = done.plan, desk.given
  local left = #made.conflicts + (made.missing and #made.missing or 0) + (made.unlisted and #made.unlisted or 0)
  if done.outcome == "planned" and made.drift and not changes then left = left + #made.changes end
  if done.otherwise + done.unseen + left > 0 then return status.SOME_FAILED end
  if given.all_decided and (made.undecided or 0) > 0 then
    desk.talk:wrong("%s no decision", plans.counted(made.undecided, "row has", "rows have"))
    return status.SOME_FAILED
  end
  return status.DONE
end

local function tell(talk, done)
  local made = done.plan
  if done.outcome == "done" then return talk:result(tostring(done), { plan = plain(made), total = done.total, as_wanted = done.as_wanted,
    otherwise = done.otherwise, unseen = done.unseen, calls = done.calls }) end
  if talk.json then return talk:result("", { plan = plain(made), total = done.total }) end
  if done.outcome == "nothing" then talk:result("Nothing to do.") end
end

-- Options of a review: the parser takes them before `apply` and after it, where they would be heeded by nobody.
local OF_A_REVIEW = { "csv", "html", "lua", "since", "site", "roles", "delimiter" }

local function check_apply(given)
  local list = {}
  for _, name in ipairs(OF_A_REVIEW) do
    local value = given[name]
    if value ~= nil and (type(value) ~= "table" or value[1] ~= nil) then list[#list + 1] = "--" .. name end
  end
  if list[1] then
    desks.fail(("%s %s to a review, and not to apply: that goes by the rows of its file, and does nothing about one without a decision. "
      .. "Leave %s out; --dry-run shows what would be done. Nothing was done"):format(table.concat(list, ", "),
      list[2] and "belong" or "belongs", list[2] and "them" or "it"))
  end
end

local function apply(desk)
  local given, talk = desk.given, desk.talk
  check_apply(given)
  local file, problem = io.open(given.file, "rb") -- before a ledger is made for it
  if not file then desks.fail(problem .. ". Check the path, it starts at the current folder. Nothing was done") end
  file:close()
  local is_table = require("wixum.access.apply").is_table(given.file)
  if given.all_decided and is_table then desks.fail("--all-decided is about a review; a Lua table has no decisions") end
  local changes = not given.dry_run and (not is_table or given.changes == true)
  local wix = desk:client()
  local ledger = desk:ledger()
  desk:name_ledger()
  local told, refused, shown = 0, nil, false
  local function show(made)
    shown = true
    if changes or talk.json then talk:note("%s", tostring(made)) else talk:result(tostring(made), plain(made)) end
  end
  local function ask(made)
    if desk.loopback then return true end
    local may
    may, refused = talk:may(words.question(made), "Nothing was done.")
    return may
  end
  local done, problems, interrupted = running.run(ledger, talk, "Applying", { "done", "failed", "unknown" }, function(on_progress)
    local locale = given.locale or not is_table and desk.config.locale or nil -- a table says its own
    return ledger:apply_access(wix, { file = given.file, locale = locale, dry_run = given.dry_run,
      apply = given.changes, concurrency = given.concurrency, ask = ask, on_plan = show, on_cost = tell_cost(talk),
      on_progress = on_progress,
      on_problem = function(found)
        told = told + 1
        if told <= TOLD then talk:wrong("%s", tostring(found)) end
      end })
  end)
  if not done then
    if interrupted then
      if shown then talk:note("Say it again: what was done needs nothing then.") end
      return status.INTERRUPTED
    end
    return refuse(talk, told, problems)
  end
  tell(talk, done)
  if refused then return refused end
  local code = running.status(talk, { stopped = done.stopped }, interrupted)
  if code ~= status.DONE then
    talk:note("Say it again: what was done needs nothing then.")
    return code
  end
  code = code_of(desk, done, changes)
  if talk.quiet and code ~= status.DONE then
    if done.outcome ~= "done" or #done.wrong == 0 then talk:wrong("%s", tostring(done.plan)) else talk:wrong("%s", tostring(done)) end
  end
  return code
end

--- `wixum access`, `wixum access apply`.
---@param desk table
---@return integer code
function access.run(desk)
  if desk.given.step == "apply" then return apply(desk) end
  return review(desk)
end

return access
