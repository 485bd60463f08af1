--- The doctor on the ledger: is it there, whose is it, does it fit the settings, who sends from it.
--
-- Opens it where it is there, as SQLite does to read, and makes nothing: no file, no table, no lock that stays.

local binding = require "wixum.ledger.binding"
local core = require "wixum.core"
local database = require "wixum.ledger.database"
local filesystem = require "wixum.ledger.filesystem"
local report = require "wixum.doctor.report"
local schema = require "wixum.ledger.schema"
local settings = require "wixum.settings"
local settings_lines = require "wixum.doctor.settings"
local shown = report.shown

local own = {}

local TOPIC = "ledger"
local ANOTHER = "name another ledger with --ledger, WIXUM_LEDGER or ledger in the config file"

local function path_of(examined)
  local said, source = examined.ledger, examined.said_by
  if not said then
    said, source = settings_lines.find(examined, "ledger")
    if not said and settings_lines.unknown(examined) then return nil, settings_lines.unknown(examined) end
    source = said and source or settings_lines.DEFAULT
  end
  return settings.ledger_path(said), source
end

-- Why a file of that name cannot be looked into; nil where it can.
local function place_problem(path)
  if path == "" or path:find("[%c]") or path:find("^:") then return "this is no path of a file" end
  return filesystem.problem(path)
end

local function file_line(examined, path, source)
  local facts = core.look_at_file(path)
  if not facts then return end
  local text = ("%s: %s"):format(settings_lines.from(shown(path, 300), source), settings_lines.mode(facts))
  local more = { value = path, source = source }
  if facts.kind ~= "file" then
    more.cause, more.advice = "settings", ANOTHER
    examined.add(TOPIC, "file", "wrong", text .. "; it is no file", more)
  elseif facts.size == 0 then examined.add(TOPIC, "file", "note", text .. "; it is empty, and filled at its first use", more)
  elseif facts.readable_by_others then
    more.advice = ("chmod 600 %s: there are people's addresses in it"):format(shown(path, 300))
    examined.add(TOPIC, "file", "warning", text .. "; others can read it", more)
  else
    local closed = filesystem.unwritable(path)
    if closed then
      more.cause = "settings"
      more.advice = ("chmod u+w %s, where that is yours: nothing can be written down before"):format(shown(table.concat(closed, " "), 600))
      text = ("%s; %s may not be written"):format(text, shown(table.concat(closed, ", "), 600))
    end
    examined.add(TOPIC, "file", closed and "wrong" or "ok", text, more)
  end
  return facts.kind == "file" and facts.size > 0
end

-- Does it belong to the service and the account that the settings say?
local function binding_line(examined, db)
  local url, account = binding.setting(db, "base_url"), binding.setting(db, "account_id")
  if not url then return examined.add(TOPIC, "belongs to", "note", "nobody yet: to the service and account of its first use") end
  local text = shown(url) .. (account and ", account " .. shown(account, 60) or "")
  local state = examined.state
  if not state then return examined.add(TOPIC, "belongs to", "note", text) end
  local ours = state.settings.account_id
  local function correct(name, unsaid)
    local value, _, said = settings_lines.find(examined, name)
    return ("%s, or %s"):format(ANOTHER, value and "correct " .. said or unsaid)
  end
  if url ~= state.root.base_url then
    examined.add(TOPIC, "belongs to", "wrong", ("%s; the settings say %s"):format(text, state.root.base_url), { cause = "settings",
      advice = correct("base_url", "set WIXUM_BASE_URL") })
  elseif account and ours and account ~= ours:lower() then
    examined.add(TOPIC, "belongs to", "wrong", ("%s; the settings say account %s"):format(text, shown(ours, 60)), { cause = "settings",
      advice = correct "account_id" })
  else examined.add(TOPIC, "belongs to", "ok", text) end
end

local function sender_line(examined, path, db)
  local file = filesystem.target(path) or path -- the lock lies beside the file, whatever link leads there
  local free = not filesystem.exists(file .. "-sender") or binding.where_nobody_sends({ file = file }, function() return true end)
  if free then return examined.add(TOPIC, "in use", "ok", "nobody sends from it now") end
  examined.add(TOPIC, "in use", "note", ("it is in use by %s"):format(shown(binding.setting(db, "sender") or "another process", 200)))
end

local function look_inside(examined, path, db)
  local version, newest = db:version(), #schema.VERSIONS
  if version > newest then
    database.fail(("a newer wixum made it (version %d of the tables, this one knows %d)"):format(version, newest), "use that wixum")
  elseif version < newest then
    return examined.add(TOPIC, "tables", "note", "an earlier wixum made it: its next use brings its tables up to date")
  end
  binding_line(examined, db)
  sender_line(examined, path, db)
end

--- Looks.
---@param examined wixum.Examined
function own.look(examined)
  local path, source = path_of(examined)
  if not path then return examined.add(TOPIC, "file", "unproven", source) end
  local function wrong(text, advice)
    examined.add(TOPIC, "file", "wrong", ("%s: %s"):format(settings_lines.from(shown(path, 300), source), text), { cause = "settings",
      advice = advice or ANOTHER, value = path, source = source })
  end
  local problem = place_problem(path)
  if problem then return wrong(problem) end
  if not filesystem.exists(path) then
    local name = settings_lines.from(shown(path, 300), source)
    return examined.add(TOPIC, "file", "note", name .. ": not there yet; `wixum plan` makes it", { value = path, source = source })
  end
  if not file_line(examined, path, source) then return end
  local db
  local ok, raised = pcall(function()
    db = database.open(path)
    look_inside(examined, path, db)
  end)
  if db then db:close() end
  if ok then return end
  if not database.is_failure(raised) then error(raised, 0) end
  wrong(raised.text, raised.advice ~= "Nothing was done" and raised.advice or "do what it says, and run this again")
end

return own
