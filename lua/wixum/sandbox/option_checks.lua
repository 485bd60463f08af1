--- Checks of single option values: each gives the value as it will be used, or nil and what it should have been.
--
-- Owns the words for what a sandbox is populated with (sites, members, roles). Which options there are, and what they are
-- unless said, is in `wixum.sandbox.options`.

local formats = require "wixum.sandbox.formats"
local json = require "wixum.sandbox.json"
local names = require "wixum.names"

local checks = {}

function checks.integer(least, most)
  return function(value)
    local whole = math.type(value) == "integer" and value or type(value) == "number" and math.tointeger(value)
    if whole and whole >= least and whole <= most then return whole end
    return nil, ("an integer from %d to %s"):format(least, most == math.maxinteger and "whatever" or ("%d"):format(most))
  end
end

function checks.number(value)
  if type(value) == "number" and value >= 0 and value < 1e11 then return value end
  return nil, "a number of seconds"
end

function checks.boolean(value)
  if type(value) == "boolean" then return value end
  return nil, "true or false"
end

function checks.one_of(...)
  local words = { ... }
  return function(value)
    for _, word in ipairs(words) do
      if value == word then return value end
    end
    return nil, '"' .. table.concat(words, '" or "') .. '"'
  end
end

--- A word: an id, a host, a language.
function checks.text(value)
  if type(value) == "string" and value ~= "" and not value:find("[%c ]") then return value end
  return nil, "a string without blanks"
end

--- Any text, a name of something. Whether its bytes are UTF-8 is left to whoever wants to see what happens if not.
function checks.words(value)
  if type(value) == "string" and value ~= "" then return value end
  return nil, "a text"
end

function checks.guid(value)
  if type(value) == "string" and formats.guid(value) then return value:lower() end
  return nil, "a GUID"
end

function checks.email(value)
  if type(value) == "string" and formats.email(value) then return value end
  return nil, "an e-mail address"
end

function checks.date(value)
  if type(value) == "string" and formats.date(value) and value:find("Z$") then return value end
  return nil, "an RFC 3339 date in UTC, e.g. 2024-12-17T09:21:41.000Z"
end

function checks.role_id(value)
  if type(value) == "string" and value:find("^%d+$") then return value end
  return nil, "a role id: digits, in quotes"
end

--- A list whose items pass a check.
function checks.list(check, wanted)
  return function(value)
    local list = json.array{}
    if type(value) ~= "table" then return nil, wanted end
    for i, item in ipairs(value) do
      local usable, problem = check(item)
      if usable == nil then return nil, ("%s; item %d must be %s"):format(wanted, i, problem) end
      list[i] = usable
    end
    for key in pairs(value) do
      if math.type(key) ~= "integer" or key < 1 or key > #list then return nil, wanted end
    end
    return list
  end
end

--- A table with these fields and no others.
---@param fields table<string, function> name -> check
---@param required string[] names that must be there
function checks.record(fields, required)
  local known = {}
  for name in pairs(fields) do known[#known + 1] = name end
  table.sort(known)
  local wanted = "a table with " .. table.concat(known, ", ")
  return function(value)
    if type(value) ~= "table" then return nil, wanted end
    local record = {}
    for name, item in pairs(value) do
      if not fields[name] then
        return nil, ("%s, not %s%s"):format(wanted, tostring(name), names.suggestion(tostring(name), known))
      end
      local usable, problem = fields[name](item)
      if usable == nil then return nil, ("%s, where %s is %s"):format(wanted, name, problem) end
      record[name] = usable
    end
    for _, name in ipairs(required) do
      if record[name] == nil then return nil, wanted .. ", at least " .. table.concat(required, " and ") end
    end
    return record
  end
end

-- ---- People, roles, sites --------------------------------------------------------------------------------------------

local name_record = checks.record({ first_name = checks.words, last_name = checks.words }, {})

--- "Ann Smith", or its parts.
function checks.name(value)
  if type(value) == "table" then
    local name, problem = name_record(value)
    if not name then return nil, problem end
    return { first_name = name.first_name or "", last_name = name.last_name or "" }
  end
  if not checks.words(value) then return nil, 'a name: "Ann Smith" or { first_name =, last_name = }' end
  local first, last = value:match("^%s*(%S+)%s*(.-)%s*$")
  if not first then return nil, "a name that is not blank" end
  return { first_name = first, last_name = last }
end

local role_names = checks.list(checks.words, "a list of role ids or titles")

-- `policy_ids` and `roles` say the same; the former is what calls say.
local function with_roles(check)
  return function(value)
    local record, problem = check(value)
    if not record then return nil, problem end
    local roles = json.array{}
    for _, list in ipairs{ record.policy_ids or {}, record.roles or {} } do
      for _, role in ipairs(list) do roles[#roles + 1] = role end
    end
    record.policy_ids, record.roles = nil, roles
    return record
  end
end

-- What a role is given on, as Search Team tells it: one of the three.
local restrictions = checks.record({
  site = checks.record({ id = checks.guid, value = checks.words }, { "id" }),
  conditions = checks.record({ conditions = checks.list(checks.record({
    condition_type = checks.one_of("FOLDER", "UNKNOWN_CONDITION_TYPE"), id = checks.words, value = checks.words,
  }, { "condition_type", "id" }), "a list of conditions") }, { "conditions" }),
  resource = checks.record({
    resource_type = checks.one_of("SITE", "UNKNOWN_RESOURCE_TYPE"), id = checks.words, value = checks.words,
  }, { "id" }),
}, {})

local assignments = checks.list(checks.record({
  policy_id = checks.words, assignment_id = checks.words, restrictions = restrictions,
}, { "policy_id" }), "a list of assignments")

checks.member = with_roles(checks.record({
  email = checks.email, name = checks.name, roles = role_names, policy_ids = role_names, site_id = checks.guid,
  joined_team_at = checks.date, user_id = checks.guid, account_id = checks.guid, profile_image = checks.words,
  assignments = assignments,
}, { "email" }))

checks.owner = checks.record({
  email = checks.email, name = checks.name, joined_team_at = checks.date, user_id = checks.guid, profile_image = checks.words,
  assignments = assignments,
}, { "email" })

--- Somebody who was invited to the team before.
checks.account_invite = checks.record({
  email = checks.email, id = checks.guid, status = checks.one_of("Pending", "Expired", "Declined"), assignments = assignments,
  date_created = checks.date, date_updated = checks.date, expiration_date = checks.date,
}, { "email" })

local location_ids = checks.list(checks.guid, "a list of location ids")

local contributor_record = with_roles(checks.record({
  email = checks.email, account_id = checks.guid, name = checks.name, roles = role_names, policy_ids = role_names,
  location_ids = location_ids,
}, {}))

local function contributor(value)
  local record, problem = contributor_record(value)
  if record and not (record.email or record.account_id) then return nil, "a table with email or account_id" end
  return record, problem
end

local language_titles = function(value)
  if type(value) ~= "table" then return nil, "titles by language, e.g. { de = \"…\" }" end
  for language, title in pairs(value) do
    if type(language) ~= "string" or not checks.words(title) then return nil, "titles by language, e.g. { de = \"…\" }" end
  end
  return value
end

checks.role = checks.record({
  id = checks.role_id, title = checks.words, description = checks.words, titles = language_titles,
  restrict_from_level = checks.one_of("NoRestriction", "Site", "Account"),
  editor_types = checks.list(checks.one_of("EDITORX", "BLOCKS", "STUDIO"), "a list of editors"),
}, { "title" })

-- Also `false`: the site has none, and none is to be made up.
local function text_or_none(value)
  if value == false then return false end
  local usable, wanted = checks.text(value)
  return usable, wanted and wanted .. ", or false"
end

local site_record = checks.record({
  id = checks.guid, name = checks.words, display_name = checks.words, published = checks.boolean, namespace = checks.text,
  trashed = checks.date, folder_id = checks.text, view_url = text_or_none, editor_type = text_or_none, blocked = checks.boolean,
  owner_account_id = checks.guid, premium = checks.boolean, app_ids = checks.list(checks.text, "a list of ids"),
  seats = checks.integer(0, math.maxinteger),
  locations = checks.list(checks.record({ id = checks.guid, name = checks.words }, {}), "a list of locations"),
  contributors = checks.list(contributor, "a list of contributors"),
}, { "id" })

local site_list = checks.list(function(site)
  if type(site) == "table" then return site_record(site) end
  local id, problem = checks.guid(site)
  return id and { id = id }, problem
end, "a list of GUIDs or of { id = GUID, name = text, … }")

--- The account's sites: one at least, none twice.
function checks.sites(value)
  local list, problem = site_list(value)
  if not list then return nil, problem end
  if #list == 0 then return nil, "a list of GUIDs or of { id = GUID, name = text, … }" end
  local seen = {}
  for _, site in ipairs(list) do
    if seen[site.id] then return nil, "a list without an id twice" end
    seen[site.id] = true
  end
  return list
end

return checks
