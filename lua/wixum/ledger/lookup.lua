--- What the words in a row mean on this account: its roles and its sites, looked up once.
--
-- Owns the comparing of names of sites, and the words for what is not found or not allowed. Reads of the service only.

local core = require "wixum.core"
local every_site = require "wixum.every_site"
local folding = require "wixum.folding"
local names = require "wixum.names"
local redaction = require "wixum.redaction"
local roles = require "wixum.roles"

local lookup = {}
lookup.__index = lookup

local REMEMBERED = 10000 -- words: a file of a million different ones must not fill the memory
local SEARCHED = 5000 -- names among which the nearest is looked for
local SHOWN = 5

-- An address of a site as people write it: without scheme, "www.", and what follows the host, except a first folder, which
-- is the site's name at a free address.
function lookup.address(text)
  local plain = folding.ascii(text):gsub("^%a[%w+.-]*://", ""):gsub("^www%.", ""):gsub("[?#].*$", ""):gsub("/+$", "")
  return plain
end
local address = lookup.address

local function add(index, key, site)
  if not key or key == "" then return end
  local list = index[key]
  if not list then index[key] = { site }
  elseif list[#list] ~= site then list[#list + 1] = site end
end

local function title(text)
  return type(text) == "string" and utf8.len(text) and folding.title(text) or nil
end

-- Does it make sites of the account of ids that it does not know? A sandbox does, unless it is strict.
local function takes_in_sites(wix)
  if not select(2, wix:endpoint()) then return false end
  local told = wix:call({ method = "GET", path = "/_sandbox/account", effect = "read", context = "account" },
    { dry_run = false, retries = 0 })
  return not (type(told) == "table" and told.strict_sites == true)
end

--- Looks the account up: its roles in one call, its sites a hundred a call.
---@param wix table a client
---@param locale string? of roles' titles; "en"
---@return table? lookup
---@return wixum.Error? err
function lookup.new(wix, locale)
  local info, err = wix.users.get_roles_info({ locale = locale or "en" }, { dry_run = false })
  if not info then return nil, err end
  local self = setmetatable({ wix = wix, info = info, by_id = {}, by_name = {}, by_address = {}, names = {}, count = 0,
    known_roles = {}, known_sites = {}, remembered = 0, takes_in = takes_in_sites(wix) }, lookup)
  local ok, raised = pcall(function()
    for site in wix.sites.each_site{ query = { filter = every_site } } do
      local id = type(site.id) == "string" and folding.ascii(site.id)
      if id then
        local own = { id = id, name = site.display_name or site.name, url = site.view_url, trashed = site.trashed_date ~= nil }
        self.by_id[id], self.count = own, self.count + 1
        add(self.by_name, title(site.display_name), own)
        add(self.by_name, title(site.name), own)
        add(self.by_address, type(site.view_url) == "string" and address(site.view_url), own)
        if #self.names < SEARCHED then self.names[#self.names + 1] = own.name end
      end
    end
  end)
  if ok then return self end
  if require("wixum.errors").is(raised) and raised.kind ~= "interrupted" and raised.kind ~= "cancelled" then return nil, raised end
  error(raised, 0)
end

-- What was found for a word, or why nothing was, the second time it comes.
local function remember(self, words, text, found, reason)
  if self.remembered >= REMEMBERED then self.known_roles, self.known_sites, self.remembered = {}, {}, 0 end
  self.remembered = self.remembered + 1
  words[text] = { found, reason }
  return found, reason
end

-- ---- roles -----------------------------------------------------------------------------------------------------------

-- An id of which a spreadsheet has made a number: it shows as 6.73E+18, or keeps fifteen digits and noughts.
local function rounded(self, text)
  if text:find("^%d[.,]?%d*[eE][+]?%d+$") then return true end
  if not text:find("^%d+$") or #text < 16 or not text:sub(16):find("^0+$") then return false end
  for _, list in ipairs{ self.info.predefined_roles, self.info.custom_roles } do
    for _, role in ipairs(list) do
      if type(role) == "table" and role.id ~= text and type(role.id) == "string" and #role.id == #text
        and role.id:sub(1, 14) == text:sub(1, 14) then return true end
    end
  end
  return false
end

local function find_role(self, text)
  if rounded(self, text) then
    return nil, "a spreadsheet has made a number of this role id and rounded it; format the column as text and enter the id again, "
      .. "or give the role by its title"
  end
  local role, err = roles.find(self.wix, text, { level = "site", roles = self.info })
  if not role then return nil, err.message end
  return { id = role.id, title = type(role.title) == "string" and role.title or role.id }
end

--- A role that may be given on a site, by its title or its id.
---@param text string
---@return { id: string, title: string }? role
---@return string? reason with the candidates
function lookup:role(text)
  local known = self.known_roles[text]
  if known then return known[1], known[2] end
  return remember(self, self.known_roles, text, find_role(self, text))
end

-- ---- sites -----------------------------------------------------------------------------------------------------------

local function shown(text) return redaction.text(text, 60) or "" end

local function listed(sites)
  local parts = {}
  for i, site in ipairs(sites) do
    if i > SHOWN then
      parts[i] = ("and %d more"):format(#sites - SHOWN)
      break
    end
    parts[i] = ("%s (%s)"):format(site.url and shown(site.url) or shown(site.name), site.id)
  end
  return table.concat(parts, ", ")
end

-- The sites that are called so, by name or by address: whoever names a site may give it the address of another.
local function called(self, text)
  local by_name, by_address = self.by_name[title(text) or ""], self.by_address[address(text)]
  if not by_name or not by_address then return by_name or by_address end
  local list, seen = {}, {}
  for _, sites in ipairs{ by_name, by_address } do
    for _, site in ipairs(sites) do
      if not seen[site] then list[#list + 1], seen[site] = site, true end
    end
  end
  return list
end

local function find_site(self, text)
  local site
  if core.is_guid(text) then
    local id = folding.ascii(text)
    site = self.by_id[id]
    if not site then
      if self.takes_in then return { id = id } end
      return nil, ("the account has no site with this id among its %d"):format(self.count)
    end
  else
    local found = called(self, text)
    if not found then
      return nil, ("no site of the account (it has %d) has this name or address%s"):format(self.count,
        #self.names > 0 and names.nearest(text, self.names) and names.suggestion(text, self.names) or "")
    end
    local live = {}
    for _, candidate in ipairs(found) do if not candidate.trashed then live[#live + 1] = candidate end end
    if #live > 1 then return nil, ("%d sites are called so: %s; give the site's id"):format(#live, listed(live)) end
    site = live[1] or found[1]
  end
  if site.trashed then return nil, "the site is in the trash: restore it first, or leave this row out" end
  return site
end

--- A site of the account that is not in its trash, by id, name or address.
---@param text string
---@return { id: string, name: string?, url: string? }? site
---@return string? reason with the candidates
function lookup:site(text)
  local known = self.known_sites[text]
  if known then return known[1], known[2] end
  return remember(self, self.known_sites, text, find_site(self, text))
end

return lookup
