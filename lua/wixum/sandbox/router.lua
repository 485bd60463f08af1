--- From a request line to a declared operation.
--
-- Owns the table of routes, made from the declarations, and how paths and queries are taken apart.
-- Must not know what operations do.

local declaration = require "wixum.declaration"

local router = {}

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- The segments of a path, unescaped one by one: an escaped slash stays inside its segment.
local function segments(path)
  local list = {}
  for segment in path:gmatch("/([^/]*)") do list[#list + 1] = unescape(segment) end
  return list
end

-- "a/{b}/c" and "x/{y}/c" differ; what a placeholder is called does not count.
local function shape_of(path)
  return (path:gsub("{[^}]*}", "{}"))
end

local by_path      -- literal path -> { METHOD = operation }
local templates    -- list of { segments, methods }

local function compile()
  by_path, templates = {}, {}
  local known = {}
  for _, operation in ipairs(declaration.operations()) do
    local shape = shape_of(operation.path)
    local methods = known[shape]
    if not methods then
      methods = {}
      known[shape] = methods
      if shape == operation.path then
        by_path[shape] = methods
      else
        templates[#templates + 1] = { segments = segments(operation.path), methods = methods }
      end
    end
    methods[operation.method] = operation
  end
end

local function matches(template, path)
  if #template ~= #path then return false end
  for i, segment in ipairs(template) do
    if segment:sub(1, 1) ~= "{" and segment ~= path[i] then return false end
  end
  return true
end

--- The operations of a path.
---@param path string as on the request line, without the query
---@return table<string, table>? methods # METHOD -> operation; nil where nothing is declared
---@return string[]? segments # unescaped
function router.find(path)
  if not by_path then compile() end
  local methods = by_path[path]
  if methods then return methods, {} end
  local given = segments(path)
  for _, template in ipairs(templates) do
    if matches(template.segments, given) then return template.methods, given end
  end
end

--- What stands in the path in place of `{field}`.
---@param operation table
---@param given string[] from `find`
---@return table<string, string> # by the field's name
function router.captures(operation, given)
  local found = {}
  for i, segment in ipairs(segments(operation.path)) do
    local name = segment:match("^{(.*)}$")
    if name then found[name] = given[i] end
  end
  return found
end

--- Path and query of a request target; a target in absolute form loses its scheme and host.
---@param target string
---@return string path
---@return string? query # as it came
function router.split(target)
  target = target:gsub("^%a[%w+.-]*://[^/?#]*", "")
  local path, query = target:match("^([^?#]*)%??([^#]*)")
  if path == "" then path = "/" end
  return path, query ~= "" and query or nil
end

--- The pairs of a query, in order.
---@param query string?
---@return { [1]: string, [2]: string }[]
function router.pairs(query)
  local list = {}
  for pair in (query or ""):gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    list[#list + 1] = { unescape((name:gsub("%+", " "))), unescape((value:gsub("%+", " "))) }
  end
  return list
end

return router
