--- Roles of an account by their ids, in the words of one language; and which may be given where.
--
-- Owns how roles are written for people, and what a word for a role means. Asks the service once, where it is made.

local folding = require "wixum.folding"
local roles = require "wixum.roles"

local titles = {}
titles.__index = titles

--- The account's owner has this role: the one id that Wix documents, in an example; where it is another, its title tells.
local OWNER_ID, OWNER_TITLE = "6601492336091027458", "owner"

--- What stands where somebody is there and no role of theirs could be found.
titles.UNKNOWN = "unknown"

-- Titles that several roles have say nothing, nor does one that is another role's id, since read back it is that role: those are written
-- as their ids.
local function read(info)
  local by_id, count, ids = {}, {}, {}
  for _, list in ipairs{ info.predefined_roles, info.custom_roles } do
    for _, role in ipairs(list) do
      if type(role) == "table" and type(role.id) == "string" and role.id ~= "" and not by_id[role.id] then
        local title = type(role.title) == "string" and utf8.len(role.title) and role.title:find("%S") and role.title or nil
        by_id[role.id], ids[#ids + 1] = { id = role.id, title = title }, role.id
        if title then
          local plain = folding.title(title)
          by_id[role.id].plain = plain
          count[plain] = (count[plain] or 0) + 1
        end
      end
    end
  end
  local id_of = {}
  for id in pairs(by_id) do id_of[utf8.len(id) and folding.title(id) or id] = id end
  for _, role in pairs(by_id) do
    local other = role.title and id_of[role.plain]
    if role.title and (count[role.plain] > 1 or other and other ~= role.id or role.title:find("[;%c]")) then role.title = nil end
  end
  return by_id, ids
end

--- Reads the roles that the account has.
---@param wix table
---@param locale string? of titles, "en" unless said
---@return table? titles
---@return wixum.Error? err
function titles.read(wix, locale)
  local info, err = wix.users.get_roles_info({ locale = locale or "en" }, { dry_run = false })
  if not info then return nil, err end
  local by_id, ids = read(info)
  return setmetatable({ wix = wix, info = info, by_id = by_id, ids = ids }, titles)
end

--- A role as people read it; its id where it has no title of its own.
---@param id string
---@return string
function titles:one(id) return self.by_id[id] and self.by_id[id].title or id end

--- The ids of a set or a list, ordered by their titles.
---@param given table<string, true>|string[]
---@return string[]
function titles:sorted(given)
  local list = {}
  if given[1] ~= nil then table.move(given, 1, #given, 1, list) else for id in pairs(given) do list[#list + 1] = id end end
  table.sort(list, function(one, other)
    local first, second = self:one(one), self:one(other)
    if first ~= second then return first < second end
    return one < other
  end)
  return list
end

--- Several roles as people read them.
---@param ids string[]
---@return string
function titles:words(ids)
  local list = {}
  for i, id in ipairs(ids) do list[i] = self:one(id) end
  return #list > 0 and table.concat(list, "; ") or titles.UNKNOWN
end

--- The id of a role that the account has, by its title or its id; nil where none has it. Of several with a title, the least.
---@param text string
---@return string?
function titles:known(text)
  if self.by_id[text] then return text end
  local plain, found = utf8.len(text) and folding.title(text) or text, nil
  for id, role in pairs(self.by_id) do
    if role.plain == plain and (not found or id < found) then found = id end
  end
  return found
end

--- Is it the role of the account's owner? That its id is the same everywhere is inferred.
---@param id string
---@return boolean
function titles:is_owner(id)
  return id == OWNER_ID or self.by_id[id] ~= nil and self.by_id[id].plain == OWNER_TITLE
end

-- An id of which a spreadsheet has made a number: 6.73E+18, or fifteen digits and noughts where no role has that id.
local function rounded(self, text)
  return text:find("^%d[.,]?%d*[eE]%+?%d+$") ~= nil
    or text:find("^%d+$") ~= nil and #text >= 16 and text:sub(16):find("^0+$") ~= nil and not self.by_id[text]
end

--- Is this an id that a spreadsheet has rounded?
---@param text string
---@return boolean
function titles:is_rounded(text) return rounded(self, text) end

local ROUNDED = "a spreadsheet has made a number of this role id and rounded it; give the role by its title"

--- The id of a role by its title, or its id, where it may be given.
---@param text string
---@param level "site"|"account"
---@return string? id
---@return string? reason
function titles:find(text, level)
  if rounded(self, text) then return nil, ROUNDED end
  local role, err = roles.find(self.wix, text, { level = level, roles = self.info })
  if not role then return nil, err.message end
  if self:is_owner(role.id) then return nil, "ownership is transferred in Wix's dashboard, and is no role that can be given" end
  return role.id
end

return titles
