--- `wixum status`, `export`, `roles`, `sites`, `backup`, `import`: what looks, and files.
--
-- Owns how these are printed; what they say is the ledger's, or the service's.

local desks = require "wixum.cli.desk"
local errors = require "wixum.errors"
local every_site = require "wixum.every_site"
local running = require "wixum.cli.running"
local selection = require "wixum.cli.selection"
local status = require "wixum.cli.status"

local look = {}

--- `wixum status`.
---@param desk table
---@return integer code
function look.status(desk)
  local ledger, given = desk:ledger_alone(), desk.given
  local found = assert(ledger:status{ site_id = selection.sites(ledger, given.site) })
  desk.talk:result(tostring(found), running.plain(found))
  local wrong = 0
  for _, state in ipairs(given.fail_on or {}) do wrong = wrong + (found.states[state] or 0) end
  if wrong > 0 then
    desk.talk:wrong("%d %s %s", wrong, wrong == 1 and "row is" or "rows are", table.concat(given.fail_on, " or "))
    return status.SOME_FAILED
  end
  return status.DONE
end

--- `wixum export`.
---@param desk table
---@return integer code
function look.export(desk)
  local ledger, given, talk = desk:ledger_alone(), desk.given, desk.talk
  local to_file = given.file and given.file ~= "-"
  local delimiter = given.delimiter == "\\t" and "\t" or given.delimiter
  if delimiter and delimiter ~= "," and delimiter ~= ";" and delimiter ~= "\t" then
    desks.fail("--delimiter is , or ; or \\t")
  end
  local count = talk:through(function(stdout)
    return assert(ledger:export(to_file and given.file or stdout, { format = given.json and "json" or nil, delimiter = delimiter,
      selector = selection.of(ledger, given, true) }))
  end)
  if to_file then talk:note("%d %s in %s", count, count == 1 and "row" or "rows", given.file) end
  return status.DONE
end

--- `wixum roles`.
---@param desk table
---@return integer code
function look.roles(desk)
  local given, wix = desk.given, desk:client()
  local found = assert(wix.users.get_roles_info{ locale = given.locale or desk.config.locale or "en" })
  local rows = {}
  for kind, list in pairs{ ["Wix"] = found.predefined_roles, ["own"] = found.custom_roles } do
    for _, role in ipairs(list) do
      rows[#rows + 1] = { id = role.id, title = role.title, kind = kind,
        where = role.restrict_from_level == "Site" and "account" or role.restrict_from_level == "Account" and "site" or nil }
    end
  end
  table.sort(rows, function(one, other) return tostring(one.title) .. tostring(one.id) < tostring(other.title) .. tostring(other.id) end)
  desk.talk:list({ { "id", "ID" }, { "title", "TITLE" }, { "kind", "KIND" }, { "where", "ONLY ON" } }, rows, given.csv)
  return status.DONE
end

--- `wixum sites`.
---@param desk table
---@return integer code
function look.sites(desk)
  local rows = {}
  for site in desk:client().sites.each_site{ query = { filter = every_site } } do
    rows[#rows + 1] = { id = site.id, name = site.display_name or site.name, url = site.view_url,
      trashed = site.trashed_date and "yes" or nil }
  end
  desk.talk:list({ { "id", "ID" }, { "name", "NAME" }, { "url", "ADDRESS" }, { "trashed", "IN TRASH" } }, rows, desk.given.csv)
  return status.DONE
end

--- `wixum backup`.
---@param desk table
---@return integer code
function look.backup(desk)
  local ledger, file = desk:ledger_alone(), desk.given.file
  local count = assert(ledger:backup(file))
  desk.talk:result(("%d %s in %s."):format(count, count == 1 and "row" or "rows", file), { rows = count, file = file })
  return status.DONE
end

--- `wixum import`.
---@param desk table
---@return integer code
function look.import(desk)
  local ledger, talk = desk:ledger(), desk.talk
  local done, problems = ledger:import(desk.given.file)
  if not done then
    if errors.is(problems) then error(problems, 0) end
    talk:wrong("%s", tostring(problems))
    talk:wrong("nothing was read in")
    return status.USAGE
  end
  desk:ledger_alone()
  desk:name_ledger()
  if not ledger:bound() then
    talk:wrong("an export does not say whose it is: this ledger will belong to the service that it is first used with")
  end
  talk:result(("%d rows added, %d replaced by later ones, %d kept as they were."):format(done.added, done.replaced, done.kept), done)
  if done.unknown > 0 then
    talk:wrong("%d rows are unknown: what was planned in the file may have been sent after it was made; `wixum status` names them",
      done.unknown)
  end
  return status.DONE
end

return look
