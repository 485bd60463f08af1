--- The ledger's sites, by what people call them.
--
-- Owns the looking up of a site that the ledger knows, and the list of their names. Asks the service nothing.

local core = require "wixum.core"
local folding = require "wixum.folding"
local lookup = require "wixum.ledger.lookup"
local redaction = require "wixum.redaction"

local sites = {}

local SHOWN = 5

local function title(text) return utf8.len(text) and folding.title(text) or text end

--- The id of a site that the ledger knows: by an invite, or from the account's list.
---@param db table
---@param text string an id, a name or an address
---@return string? id in small letters
---@return string? reason
---@return string[]? candidates ids, where several are called so
function sites.find(db, text)
  if core.is_guid(text) then
    local id = folding.ascii(text)
    if db:one("SELECT 1 AS found FROM sites WHERE site_id = ? UNION ALL SELECT 1 FROM invites WHERE site_id = ? LIMIT 1", id, id) then
      return id
    end
    return nil, ("the ledger knows no site with the id %s"):format(id)
  end
  local wanted, address, found = title(text), lookup.address(text), {}
  for row in db:rows("SELECT site_id, name, url FROM sites WHERE name IS NOT NULL OR url IS NOT NULL") do
    if row.name and title(row.name) == wanted or row.url and lookup.address(row.url) == address then found[#found + 1] = row end
  end
  if #found == 1 then return found[1].site_id end
  local shown = redaction.text(text, 60) or '""'
  if #found == 0 then return nil, ("the ledger knows no site called %s"):format(shown) end
  local ids = {}
  for i = 1, math.min(#found, SHOWN) do ids[i] = found[i].site_id end
  return nil, ("%d sites are called %s: %s"):format(#found, shown, table.concat(ids, ", ")), ids
end

--- What a site is called.
---@param db table
---@param id string
---@return string? name nil: that is not known
function sites.name(db, id)
  local row = db:one("SELECT name FROM sites WHERE site_id = ?", folding.ascii(id))
  return row and row.name or nil
end

--- What sites are called, by id; those of which that is known.
---@param db table
---@return table<string, { name: string?, url: string? }>
function sites.names(db)
  local names = {}
  for row in db:rows("SELECT site_id, name, url FROM sites WHERE name IS NOT NULL OR url IS NOT NULL") do
    names[row.site_id] = { name = row.name, url = row.url }
  end
  return names
end

return sites
