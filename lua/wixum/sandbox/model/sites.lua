--- What Wix's Sites do, on the model's state: the account's sites, listed and counted.
--
-- One function for each declared operation: `(model, call)` to an answer under Lua names, or nil and a failure.
-- The query itself is read in `wixum.sandbox.model.site_query`.

local failures = require "wixum.sandbox.failures"
local json = require "wixum.sandbox.json"
local site_query = require "wixum.sandbox.model.site_query"

local sites = {}

local function query_of(call)
  local query = call.arguments.query
  if query == nil or query == json.null then return {} end
  if type(query) == "table" and #query == 0 then return query end
  return nil, failures.validation{ { field = "query", description = "must be an object", violatedRule = "INVALID_ARGUMENT" } }
end

function sites.query_sites(model, call)
  local query, failure = query_of(call)
  if not query then return nil, failure end
  return site_query.page(model, query)
end

function sites.count_sites(model, call)
  local query, failure = query_of(call)
  if not query then return nil, failure end
  return site_query.count(model, query)
end

return sites
