--- A client whose network is a function: it notes every request, decoded, and answers what the spec says.
--
-- Owns the client and the list of what was asked. Must not know any operation.

local cjson = require "cjson"
local wixum = require "wixum"

local answering = {}

answering.SITE = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10"
answering.ACCOUNT = "0f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11"

--- Makes the client.
---@param answer fun(body: any, request: table, number: integer): table|string|nil, integer? # body and status; nil: 200 and {}
---@param options table? of the client
---@return table wix
---@return table[] asked # { method, url, path, query, body }
function answering.client(answer, options)
  local asked = {}
  local own = {
    api_key = "key-for-specs", site_id = answering.SITE, account_id = answering.ACCOUNT, rate = false, retries = 0,
    transport = function(request)
      local body = request.body and request.body ~= "" and cjson.decode(request.body) or nil
      local path, query = request.url:match("^https://[^/]+([^?]*)%??(.*)$")
      asked[#asked + 1] = { method = request.method, url = request.url, path = path, query = query, body = body }
      local given, status = answer(body, request, #asked)
      return { status = status or 200, body = type(given) == "table" and cjson.encode(given) or given or "{}" }
    end,
  }
  for name, value in pairs(options or {}) do own[name] = value end
  return wixum.client(own), asked
end

return answering
