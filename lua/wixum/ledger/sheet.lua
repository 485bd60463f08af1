--- A row of a spreadsheet, or of a program's iterator, as people to be invited to a site.
--
-- Owns which column means what, how cells are read, and what is said of those that cannot be. Looks nothing up itself.

local core = require "wixum.core"
local folding = require "wixum.folding"
local problem = require "wixum.csv.problem"

local sheet = {}

-- Fields of a row, and the headers, without case and what is no letter, by which a column is known for one.
local HEADERS = {
  site_id = { "siteid" }, site = { "site", "website", "domain" },
  email = { "email", "emails", "emailaddress", "mail" },
  policy_ids = { "policyids", "policyid", "roleid", "roleids" }, role = { "role", "roles" },
  invite_purpose = { "invitepurpose", "purpose" }, language = { "language", "defaultemaillanguage", "locale" },
}

local field_of = {}
for field, list in pairs(HEADERS) do
  for _, header in ipairs(list) do field_of[header] = field end
end

sheet.FIELDS = { "site_id", "site", "email", "policy_ids", "role", "invite_purpose", "language" }

local SHOWN = 30 -- headers in a message
local LONGEST_PURPOSE, LONGEST_LANGUAGE = 10000, 35 -- bytes; how long the service takes is not documented

--- Headers for a message: whatever a file has in them.
---@param columns string[]
---@return string
function sheet.listed(columns)
  local list = {}
  for i = 1, math.min(#columns, SHOWN) do list[i] = ('"%s"'):format(problem.printable(columns[i])) end
  if #columns > SHOWN then list[#list + 1] = ("and %d more"):format(#columns - SHOWN) end
  return #list > 0 and table.concat(list, ", ") or "none"
end

--- Which column gives which field.
---@param columns string[] the headers as the file has them
---@param map table<string, string>? field = header, as the operator said
---@param defaults table fields that every row has which has none of its own
---@return table<string, string>? keys field = key in the rows
---@return string? problem
function sheet.columns(columns, map, defaults)
  local keys, said = {}, {}
  for field, header in pairs(map or {}) do keys[field], said[header] = header, true end
  for _, header in ipairs(columns) do
    local field = not said[header] and field_of[(folding.ascii(header):gsub("[^%w]", ""))]
    if field and not keys[field] then keys[field] = header end
  end
  local missing
  if not keys.email then missing = "email"
  elseif not (keys.site_id or keys.site) then missing = "site_id (or site: its id, name or address)"
  elseif not (keys.policy_ids or keys.role or defaults.role) then missing = "policy_ids (or role: its title)" end
  if missing then
    return nil, ("no column is called %s; the file has %s. Say which it is: column = { email = \"E-Mail\" }, or --column email=E-Mail")
      :format(missing, sheet.listed(columns))
  end
  return keys
end

-- A cell, or what a program gives in its place, as text; "" where there is none.
local function text_of(value)
  if value == nil then return "" end
  if type(value) == "string" then return value end
  if math.type(value) == "integer" then return ("%d"):format(value) end
  return nil
end

-- The parts of a cell, or the items of a program's list.
local function parts_of(value, separators)
  local parts = {}
  if type(value) == "table" then
    for i, item in ipairs(value) do
      parts[i] = text_of(item)
      if not parts[i] then return nil end
    end
    return parts
  end
  local text = text_of(value)
  if not text then return nil end
  for part in text:gmatch("[^" .. separators .. "]+") do
    part = part:match("^%s*(.-)%s*$")
    if part ~= "" then parts[#parts + 1] = part end
  end
  return parts
end

---@class wixum.Invitation
---@field site { id: string, name: string?, url: string? }
---@field emails string[] each person once
---@field repeated string[] that were in the row more than once
---@field policy_ids string ids in order, a blank between
---@field roles string titles
---@field invite_purpose string
---@field language string

-- Every one of these answers nil after it has reported.

local function site_of(row, keys, lookup, report)
  for _, field in ipairs{ "site_id", "site" } do
    local value = keys[field] and row[keys[field]]
    local text = text_of(value)
    if not text then return report(field, tostring(value), "it is neither text nor a whole number") end
    if text ~= "" then
      if field == "site_id" and not core.is_guid(text) then
        return report(field, text, "it is not a GUID (8-4-4-4-12 hex digits)")
      end
      local site, reason = lookup:site(text)
      if not site then return report(field, text, reason) end
      return site
    end
  end
  return report(keys.site_id and "site_id" or "site", nil, "it is empty: every row says its site")
end

local function emails_of(row, keys, report)
  local value = row[keys.email]
  local parts = parts_of(value, ";,%s")
  if not parts then return report("email", tostring(value), "it is no text") end
  if #parts == 0 then return report("email", nil, "it is empty") end
  local emails, repeated, seen, good = {}, {}, {}, true
  for _, email in ipairs(parts) do
    local ok, reason = core.check_email(email)
    local person = folding.person(email)
    if not ok then
      good = false
      report("email", email, reason)
    elseif seen[person] then repeated[#repeated + 1] = email
    else
      seen[person] = true
      emails[#emails + 1] = email
    end
  end
  if good then return emails, repeated end
end

local function roles_of(row, keys, defaults, lookup, report)
  local by_id = keys.policy_ids and parts_of(row[keys.policy_ids], ";%s") or {} -- no comma: German has 6,73E+18
  local by_title = keys.role and parts_of(row[keys.role], ";") or {}
  if #by_id > 0 and #by_title > 0 then
    return report("role", by_title[1], "policy_ids says roles too; leave one of the two empty")
  end
  local field, words = "policy_ids", by_id
  if #by_title > 0 then field, words = "role", by_title end
  if #words == 0 then field, words = "role", defaults.role or {} end
  if #words == 0 then return report(keys.policy_ids and "policy_ids" or "role", nil, "it is empty: every row says its role") end
  local found, ids, titles, good = {}, {}, {}, true
  for _, word in ipairs(words) do
    -- an id where an id belongs: a title there is a column taken for another
    local role, reason
    if field == "policy_ids" and not word:find("^%d+$") and not word:find("^%d[.,]?%d*[eE]") then
      reason = "it is not a role id (digits alone); titles belong in a column called role"
    else role, reason = lookup:role(word) end
    if not role then
      good = false
      report(field, word, reason)
    elseif not found[role.id] then
      found[role.id] = role.title
      ids[#ids + 1] = role.id
    end
  end
  if not good then return end
  table.sort(ids)
  for i, id in ipairs(ids) do titles[i] = found[id] end
  return table.concat(ids, " "), table.concat(titles, "; ")
end

local function words_of(row, keys, field, default, longest, report)
  local value = keys[field] and row[keys[field]]
  local text = text_of(value)
  if not text then return report(field, tostring(value), "it is no text") end
  if text == "" then text = default or "" end
  if #text > longest then return report(field, text, ("it is longer than %d bytes"):format(longest)) end
  if text:find("\0", 1, true) or not core.is_utf8(text) then return report(field, text, "it is not valid UTF-8 text") end
  if field == "language" and text ~= "" and not text:find("^%a%a%a?$") and not text:find("^%a%a%a?[-_]%w[%w_-]*$") then
    return report(field, text, 'it is no language as in "en" or "pt-BR"')
  end
  return text
end

--- Reads a row. All that is wrong with it is reported, not only the first.
---@param row table
---@param keys table<string, string> as `columns` answers
---@param defaults { role: string[]?, invite_purpose: string?, language: string? }
---@param lookup table
---@param report fun(field: string, value: string?, reason: string)
---@return wixum.Invitation?
function sheet.invitation(row, keys, defaults, lookup, report)
  local function told(...)
    report(...)
  end
  local site = site_of(row, keys, lookup, told)
  local emails, repeated = emails_of(row, keys, told)
  local policy_ids, titles = roles_of(row, keys, defaults, lookup, told)
  local purpose = words_of(row, keys, "invite_purpose", defaults.invite_purpose, LONGEST_PURPOSE, told)
  local language = words_of(row, keys, "language", defaults.language, LONGEST_LANGUAGE, told)
  if not (site and emails and policy_ids and purpose and language) then return nil end
  return { site = site, emails = emails, repeated = repeated, policy_ids = policy_ids, roles = titles, invite_purpose = purpose,
    language = language }
end

return sheet
