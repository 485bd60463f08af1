--- Roles by their titles: `wixum.roles.find(wix, "Website Manager", { level = "site" })`.
--
-- Owns how titles are compared and what is said where one is unknown, ambiguous, or may not be given there.
-- Role ids are looked up in the account each time: no id is the same everywhere, so none is built in.

local errors = require "wixum.errors"
local folding = require "wixum.folding"
local names = require "wixum.names"
local redaction = require "wixum.redaction"

local roles = {}

local LEVELS = { site = "Site", account = "Account" }
local LONGEST = 500 -- bytes of a title: longer ones are none
local OPTIONS = { "level", "locale", "roles" }

-- The title of a role as it is compared; "" where the service gave no usable one.
local function title_of(role)
  local title = role.title
  return type(title) == "string" and #title <= LONGEST and utf8.len(title) and folding.title(title) or ""
end

local function refusal(message, candidates, advice)
  return nil, errors.new({ kind = "invalid", outcome = "not_sent", operation = "roles.find", message = message,
    where = errors.where(), data = redaction.data{ candidates = candidates } }, { advice = advice or "Nothing was done" })
end

local function options_of(given)
  if given == nil then return {} end
  if type(given) ~= "table" then errors.mistake("roles.find: options must be a table, not a " .. type(given)) end
  for name in pairs(given) do
    if name ~= "level" and name ~= "locale" and name ~= "roles" then
      errors.mistake(("roles.find: unknown option %s%s"):format(redaction.text(tostring(name), 64) or '""',
        names.suggestion(name, OPTIONS)))
    end
  end
  local known = given.roles
  if known ~= nil and not (type(known) == "table" and type(known.predefined_roles) == "table" and type(known.custom_roles) == "table") then
    errors.mistake("roles.find: roles must be an answer of users.get_roles_info")
  end
  if given.level ~= nil and not LEVELS[given.level] then errors.mistake('roles.find: level must be "site" or "account"') end
  return given
end

local function titles_of(list, several)
  local parts = {}
  for i, role in ipairs(list) do
    if i > 8 then
      parts[#parts + 1] = ("and %d more"):format(#list - 8)
      break
    end
    local id = several and (" (%s)"):format(redaction.text(role.id, 40) or "") or ""
    parts[i] = ('"%s"%s'):format(redaction.text(role.title, 80) or "", id)
  end
  return table.concat(parts, ", ")
end

-- Where all titles are to be had, by the command and in scripts: in the language that was asked for, where a word that says it is one.
local function where_titles_are(locale)
  local said = locale and locale:find("^[%w_-]+$") and #locale <= 20 and " --locale " .. locale or ""
  return ("`wixum roles%s` lists all titles; in scripts users.get_roles_info"):format(said)
end

-- Words long enough to mean something.
local function share_a_word(title, wanted)
  local words = " " .. title:gsub("%p", " ") .. " "
  for word in wanted:gmatch("[^%s%p]+") do
    if #word > 3 and words:find(" " .. word .. " ", 1, true) then return true end
  end
  return false
end

-- The titles that come near, or all where none does.
local function near(list, wanted)
  local found = {}
  for _, role in ipairs(list) do
    local title = title_of(role)
    if title ~= "" and (title:find(wanted, 1, true) or share_a_word(title, wanted) or names.nearest(wanted, { title })) then
      found[#found + 1] = role
    end
  end
  return #found > 0 and found or list
end

--- The role of that title, among the service's own and the account's. Case does not count; a role's id finds it too.
---@param wix table a client, or `wixum` itself
---@param title string
---@param given { level: "site"|"account"?, locale: string?, roles: table? }? level: where it is to be given, so that one
--- that may not be given there is refused; locale: of the titles, "en" unless said; roles: an answer of
--- users.get_roles_info to look in, so that many titles cost one call
---@return table? role `id`, `title`, `description`, `restrict_from_level`
---@return table? err kind `invalid` with `data.candidates` where the title is unknown, ambiguous or not for that level; or
--- what users.get_roles_info failed with
function roles.find(wix, title, given)
  if type(wix) == "string" or rawequal(wix, roles) then errors.mistake("roles.find: write wixum.roles.find(wix, title)") end
  if type(title) ~= "string" then errors.mistake("roles.find: the title must be a string, not a " .. type(title)) end
  if not utf8.len(title) or not title:find("%S") or #title > LONGEST then
    return refusal("the title is empty, too long or not valid UTF-8", {})
  end
  local options = options_of(given)
  local info, err = options.roles, nil
  if not info then info, err = wix.users.get_roles_info({ locale = options.locale or "en" }, { dry_run = false }) end
  if not info then return nil, err end
  local all, found, wanted = {}, {}, folding.title(title)
  for _, list in ipairs{ info.predefined_roles, info.custom_roles } do
    for _, role in ipairs(list) do
      if type(role) == "table" and type(role.id) == "string" then all[#all + 1] = role end
    end
  end
  for _, role in ipairs(all) do
    if role.id == title then -- an id says it exactly, whatever titles there are
      found = { role }
      break
    end
    if title_of(role) == wanted then found[#found + 1] = role end
  end
  local shown = redaction.text(title, 80)
  if #found == 0 then
    local candidates = near(all, wanted)
    return refusal(('there is no role "%s"; there is %s'):format(shown, #all > 0 and titles_of(candidates) or "none at all"), candidates,
      where_titles_are(type(options.locale) == "string" and options.locale))
  end
  local level = LEVELS[options.level]
  local allowed = {}
  for _, role in ipairs(found) do
    if not level or role.restrict_from_level ~= level then allowed[#allowed + 1] = role end
  end
  if #allowed == 0 then
    return refusal(('the role "%s" may not be given on %s (restrict_from_level "%s")'):format(shown,
      level == "Site" and "a site" or "the whole account", level), found, "Choose another role")
  end
  if #allowed > 1 then
    return refusal(('%d roles are called "%s": %s; say which by its id'):format(#allowed, shown, titles_of(allowed, true)), allowed)
  end
  return allowed[1]
end

return names.strict(roles, "roles", errors.mistake)
