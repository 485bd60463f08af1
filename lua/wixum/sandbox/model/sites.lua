--- What Wix's Sites do, on the model's state: the account's sites, listed and counted.
--
-- One function for each declared operation: `(model, call)` to an answer under Lua names, or nil and a failure.
-- The query itself is read in `wixum.sandbox.model.site_query`.

local failures = require "wixum.sandbox.failures"
local formats = require "wixum.sandbox.formats"
local json = require "wixum.sandbox.json"
local site_query = require "wixum.sandbox.model.site_query"

local sites = {}

local function query_of(call)
  local query = call.arguments.query
  if query == nil or query == json.null then return {} end
  if type(query) == "table" and #query == 0 then return query end
  return nil, failures.validation{ { field = "query", description = "must be an object", violatedRule = "INVALID_ARGUMENT" } }
end

-- A site that is asked for by its id is one of the account, as it is for any other call.
local function know_sites(model, query)
  local filter = query.filter
  local id = type(filter) == "table" and filter.id
  local asked = type(id) == "table" and (id["$in"] or id["$eq"]) or id
  for _, text in ipairs(type(asked) == "table" and asked or { asked or nil }) do
    if type(text) == "string" and formats.guid(text) then model:site(text) end
  end
end

function sites.query_sites(model, call)
  local query, failure = query_of(call)
  if not query then return nil, failure end
  know_sites(model, query)
  return site_query.page(model, query)
end

function sites.count_sites(model, call)
  local query, failure = query_of(call)
  if not query then return nil, failure end
  return site_query.count(model, query)
end

return sites
