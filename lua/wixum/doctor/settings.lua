--- The doctor on settings: what each is and where it comes from; the key, of which only that; variables that nothing reads.
--
-- Owns these lines. Where settings are read is `wixum.settings`; whether a file is believed is the core's judgement (src/keyfile.c).

local core = require "wixum.core"
local names = require "wixum.names"
local options = require "wixum.options"
local report = require "wixum.doctor.report"
local settings = require "wixum.settings"
local shown = report.shown

local own = {}

own.DEFAULT = "default" -- as a source

local TOPIC = "settings"
local GUID = "a GUID (8-4-4-4-12 hex digits)"
local MANAGER = "Wix's API Keys manager (Account Settings, API Keys)"

-- ---- files -----------------------------------------------------------------------------------------------------------

--- A file's mode and owner, in words.
---@param facts table as core.look_at_file answers
---@return string
function own.mode(facts)
  local owner = facts.mine and "yours" or facts.root and "root's" or "somebody else's"
  if facts.kind == "file" then return ("mode %03o, %s"):format(facts.mode, owner) end
  return ("a %s, %s"):format(facts.kind == "other" and "device or socket" or facts.kind, owner)
end

local function config_line(examined)
  local add, about, problem = examined.add, examined.about, examined.config_problem
  local relative = os.getenv("XDG_CONFIG_HOME")
  relative = relative and relative ~= "" and not relative:find("^/")
  if not about.path then
    return add(TOPIC, "config file", "warning", (relative and "XDG_CONFIG_HOME is no full path, and " or "")
      .. "HOME is not set, as it may be in cron: no config file is looked for",
      { advice = "set HOME in the crontab or the unit, or say everything in variables: WIX_API_KEY_FILE, WIX_ACCOUNT_ID, WIXUM_LEDGER" })
  end
  local path = shown(about.path, 300)
  local facts = core.look_at_file(about.path)
  local mode = facts and ", " .. own.mode(facts) or ""
  if problem then
    local refused = problem:find(" cannot be used: ", 1, true)
    return add(TOPIC, "config file", "wrong", problem .. mode, { cause = "settings", source = about.path, advice = refused
      and ("see that it is a file of yours, that it says what you wrote, and then: chmod 600 %s"):format(path)
      or ("correct that line of %s, or put # before it"):format(path) })
  end
  add(TOPIC, "config file", about.absent and "note" or "ok", path .. (about.absent and ": there is none" or mode),
    { source = about.path })
  if relative then
    add(TOPIC, "XDG_CONFIG_HOME", "warning", "it is no full path, and not heeded",
      { advice = "say a path that begins with /, or unset it" })
  end
end

-- ---- the key ---------------------------------------------------------------------------------------------------------

local function place_in_words(examined, place)
  local where = place.variable or ("%s (%s:%d)"):format(place.setting, examined.about.path, examined.about.lines[place.setting])
  return place.path and ("the file %s, by %s"):format(shown(place.path, 300), where) or where
end

-- What helps, by where the key is said to be and why it cannot be used.
local function key_advice(examined, place, problem)
  if not place then
    return ("make a key in %s, put it alone into a file, chmod 600 that file, and: export WIX_API_KEY_FILE=/its/full/path"):format(MANAGER)
  elseif problem:find("Bearer", 1, true) then return ("in %s, leave the word Bearer out"):format(place_in_words(examined, place))
  elseif place.setting == "key_command" then
    return ("run what key_command in %s says, and see that it prints the key alone, in one line, and ends well")
      :format(shown(examined.about.path, 300))
  elseif place.path and place.path:find("^~") then
    return "write that path in full: only ~/ at its beginning is your home folder, and that where HOME says one"
  elseif place.path then
    return ("see that %s is there, is a file of yours and holds the key alone, in one line; then: chmod 600 %s")
      :format(shown(place.path, 300), shown(place.path, 300))
  end
  return ("set %s to the key alone, in one line, as %s showed it"):format(place.variable or "it", MANAGER)
end

local function key_file_line(examined, place, key_is_wrong)
  local facts = core.look_at_file(place.path)
  if not facts then return end -- which the key's own line says
  local path, state, more = shown(place.path, 300), "ok", nil
  local text = ("%s: %s"):format(path, own.mode(facts))
  if facts.readable_by_others then
    state, text, more = "warning", text .. "; others can read it", { advice = "chmod 600 " .. path }
  end
  if key_is_wrong then state, more = "note", nil end
  examined.add(TOPIC, "key file", state, text, more)
end

local function key_lines(examined)
  local add, places = examined.add, settings.key_places(examined.config)
  local place, problem = places[1], examined.key_problem
  if examined.state and examined.state.root.said.api_key then
    examined.key_from = examined.said_by
    add(TOPIC, "api_key", problem and "wrong" or "ok", problem or "from " .. examined.said_by,
      { source = examined.said_by, cause = "settings", advice = problem and "give the program a key: " .. key_advice(examined) or nil })
    return
  end
  if not examined.client and place and place.path then -- nobody has read it
    local facts, reason = core.look_at_file(place.path)
    reason = not facts and reason or facts and facts.problem or facts and not facts.readable and "it may not be read" or nil
    problem = reason and ("the key file %s cannot be used: %s"):format(shown(place.path, 300), reason)
  end
  examined.key_from = place and place_in_words(examined, place)
  if not place and own.unknown(examined) then add(TOPIC, "api_key", "unproven", own.unknown(examined))
  elseif examined.state and examined.state.settings.transport then
    add(TOPIC, "api_key", "note", "not asked for: a transport of the program's own takes the calls")
  elseif not place or problem then
    add(TOPIC, "api_key", "wrong", problem or "there is no API key",
      { cause = "settings", source = place and place_in_words(examined, place), advice = key_advice(examined, place, problem) })
  else
    add(TOPIC, "api_key", "ok", "from " .. place_in_words(examined, place), { source = place_in_words(examined, place) })
  end
  if place and place.path then key_file_line(examined, place, problem ~= nil) end
  if #places > 1 then
    local others = {}
    for i = 2, #places do others[i - 1] = place_in_words(examined, places[i]) end
    local first = place.variable or place.setting
    add(TOPIC, "api_key", "warning", ("%s wins; not looked at: %s"):format(first, table.concat(others, "; ")),
      { advice = place.variable and ("where one of the others is meant: unset %s"):format(first)
        or ("where another is meant: take %s out of the config file"):format(first) })
  end
end

-- ---- the others ------------------------------------------------------------------------------------------------------

--- A setting, and where it is said.
---@param examined wixum.Examined
---@param name string
---@return string? value
---@return string source in words
---@return string said what to correct: a variable, a line, an option
function own.find(examined, name)
  local state = examined.state
  if state then
    local value = state.settings[name]
    local by_program = state.root.said[name] or value ~= nil and state ~= state.root.first and rawget(state.settings, name) ~= nil
    if by_program then return value, examined.said_by, "the option " .. name end
  end
  local value, variable = settings.said(examined.config, name)
  if variable then return value, variable, variable end
  local about = examined.about
  if not value then return nil, "", "the option " .. name end
  local line = ("%s:%d"):format(about.path, about.lines[name])
  return value, line, ("%s in %s"):format(name, line)
end

--- A value and its source.
---@param value string
---@param source string
---@return string
function own.from(value, source) return value .. (source == own.DEFAULT and ", by default" or ", from " .. source) end

--- What is said of a setting that nobody says, where the config file might: it cannot be read.
---@param examined wixum.Examined
---@return string?
function own.unknown(examined)
  return examined.config_problem and "no variable says it, and the config file cannot be read" or nil
end

local function setting_line(examined, name, state, value, source, more)
  more = more or {}
  if not value and own.unknown(examined) then return examined.add(TOPIC, name, "unproven", own.unknown(examined)) end
  more.value, more.source = value, source
  examined.add(TOPIC, name, state, value and own.from(shown(value, 300), source) .. (more.also or "") or more.also, more)
end

local function base_url_line(examined)
  local value, source, said = own.find(examined, "base_url")
  if examined.client_problem then
    return setting_line(examined, "base_url", "wrong", nil, source, { also = examined.client_problem, cause = "settings",
      advice = ("correct %s, or leave it out: %s is where Wix is"):format(said, options.defaults().base_url) })
  end
  if not value and not own.unknown(examined) then value, source = options.defaults().base_url, own.DEFAULT end
  setting_line(examined, "base_url", "ok", value, source)
end

local WHERE_IDS_ARE = {
  account_id = "copy the account's id from " .. MANAGER,
  site_id = "copy the site's id from its dashboard's address, behind /dashboard/, or from `wixum sites`",
}
local ID_VARIABLES = { account_id = "WIX_ACCOUNT_ID", site_id = "WIX_SITE_ID" }

local function id_lines(examined)
  local account, account_source, account_said = own.find(examined, "account_id")
  local site, site_source, site_said = own.find(examined, "site_id")
  local function line(name, value, source, said)
    if value and not core.is_guid(value) then
      setting_line(examined, name, "wrong", value, source, { also = ": it is not " .. GUID, cause = "settings",
        advice = ("correct %s: %s"):format(said, WHERE_IDS_ARE[name]) })
    elseif value then setting_line(examined, name, "ok", value, source)
    elseif name == "site_id" then
      setting_line(examined, name, "note", nil, nil, { also = "not said: calls of one site need it, the ledger's rows have their own" })
    else
      setting_line(examined, name, site and "warning" or "wrong", nil, nil, { cause = "settings",
        also = "not said: titles of roles, names of sites and everything of the account need it",
        advice = ("%s, and: export %s=…"):format(WHERE_IDS_ARE[name], ID_VARIABLES[name]) })
    end
  end
  line("account_id", account, account_source, account_said)
  if site and account and site:lower() == account:lower() then
    setting_line(examined, "site_id", "wrong", site, site_source, { also = ": the account_id is the same, and one of them is the other's",
      cause = "settings", advice = ("correct %s: %s"):format(site_said, WHERE_IDS_ARE.site_id) })
  else line("site_id", site, site_source, site_said) end
end

local function columns_line(examined)
  local value, source, said = own.find(examined, "columns")
  local map, problem = settings.columns(value or "")
  if not value then return setting_line(examined, "columns", "note", nil, nil, { also = "not said: a spreadsheet's own headers" }) end
  local known = require("wixum.ledger.sheet").FIELDS
  for field in pairs(map or {}) do
    local found = false
    for _, name in ipairs(known) do found = found or name == field end
    if not found then problem = ("there is no field %s%s"):format(shown(field, 60), names.suggestion(field, known)) end
  end
  setting_line(examined, "columns", problem and "wrong" or "ok", value, source, problem and { also = ": " .. problem, cause = "settings",
    advice = ("correct %s: columns = email=E-Mail, site=Seite"):format(said) })
end

local function trust_line(examined)
  local value, source, said = own.find(examined, "trust")
  if not value then
    return setting_line(examined, "trust", "note", nil, nil, { also = "not said: of who has joined, nothing is taken for granted" })
  end
  local _, problem = settings.trust(value)
  setting_line(examined, "trust", problem and "wrong" or "ok", value, source, problem and { also = ": it " .. problem, cause = "settings",
    advice = ("correct %s: trust = links, roles"):format(said) })
end

-- ---- variables -------------------------------------------------------------------------------------------------------

-- What a name says behind its prefix; case and underscores do not count.
local function stem(name) return (name:gsub("^WIXU?M?_", ""):lower():gsub("_", "")) end

-- Which of our variables may be meant by another name: WIX_APIKEY, WIXUM_SITE_ID, WIX_KEY.
local function meant_by(name)
  local stems, by_stem, wanted = {}, {}, stem(name)
  for i, known in ipairs(settings.VARIABLES) do
    stems[i] = stem(known)
    by_stem[stems[i]] = known
  end
  local near = names.nearest(wanted, stems)
  for _, known in ipairs(stems) do
    if not near and #wanted >= 3 and known:find(wanted, 1, true) then near = known end
  end
  return by_stem[near]
end

local function variable_lines(examined)
  local known, all = {}, core.variables("WIX_")
  for _, name in ipairs(core.variables("WIXUM_")) do all[#all + 1] = name end
  for _, name in ipairs(settings.VARIABLES) do known[name] = true end
  table.sort(all)
  for _, name in ipairs(all) do
    local near = not known[name] and meant_by(name)
    if near then
      examined.add(TOPIC, name, "warning", ('nothing reads this variable (did you mean "%s"?)'):format(near),
        { advice = ("unset %s, or call it %s"):format(shown(name, 60), near) })
    elseif not known[name] and name:find("^WIXUM_") then
      examined.add(TOPIC, name, "warning", "nothing reads this variable" .. names.suggestion(name, settings.VARIABLES),
        { advice = "unset " .. shown(name, 60) })
    elseif not known[name] then
      examined.add(TOPIC, name, "note", "nothing here reads this variable: it is another program's, perhaps")
    end
  end
end

--- Looks.
---@param examined wixum.Examined
function own.look(examined)
  config_line(examined)
  key_lines(examined)
  base_url_line(examined)
  id_lines(examined)
  columns_line(examined)
  local locale, source = own.find(examined, "locale")
  setting_line(examined, "locale", locale and "ok" or "note", locale, source,
    { also = not locale and "not said: titles are English" or nil })
  trust_line(examined)
  variable_lines(examined)
end

return own
