--- What single values look like: GUIDs, addresses, dates.
-- Pure predicates on strings; as strict as is known of the service, and no stricter.

local formats = {}

local guid = "^" .. table.concat({ ("%x"):rep(8), ("%x"):rep(4), ("%x"):rep(4), ("%x"):rep(4), ("%x"):rep(12) }, "%-") .. "$"

---@param text string
---@return boolean
function formats.guid(text)
  return text:find(guid) ~= nil
end

--- One @ with something plausible on both sides. What Wix accepts in detail is not documented.
---@param text string
---@return boolean
function formats.email(text)
  local name, domain = text:match("^([^@]+)@([^@]+)$")
  if not name or #text > 254 or text:find("[%s%c<>(),;:\\\"%[%]]") then return false end
  if name:find("^%.") or name:find("%.$") or name:find("..", 1, true) then return false end
  if domain:find("^[.-]") or domain:find("[.-]$") or domain:find("..", 1, true) then return false end
  return domain:find(".", 1, true) ~= nil and not domain:find("[^%w.\128-\255-]")
end

--- RFC 3339.
---@param text string
---@return boolean
function formats.date(text)
  return text:find("^%d%d%d%d%-%d%d%-%d%d[Tt]%d%d:%d%d:%d%d%.?%d*[Zz+-][%d:]*$") ~= nil
end

return formats
