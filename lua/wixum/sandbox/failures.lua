--- Refusals in Wix's shape: https://dev.wix.com/docs/rest/articles/getting-started/errors
--
-- Owns the shape. A failure is a table `{ status, body }`; the model and the checks answer it in place of a result.
-- Codes and statuses that no page of Wix names are marked where they are used.

local json = require "wixum.sandbox.json"

local failures = {}

local function failure(status, message, details)
  return { status = status, body = ('{"message":%s,"details":%s}'):format(json.string(message), json.encode(details)) }
end

--- A refusal with a code.
---@param status integer
---@param code string
---@param description string
---@param data table?
---@return table failure
function failures.application(status, code, description, data)
  return failure(status, description, {
    applicationError = { code = code, description = description, data = data or {} },
  })
end

--- A refusal of single fields: 400.
---@param violations { field: string, description: string, violatedRule: string, data: table? }[]
---@return table failure
function failures.validation(violations)
  local words = {}
  for i, violation in ipairs(violations) do words[i] = violation.field .. " " .. violation.description end
  return failure(400, table.concat(words, "; "), { validationError = { fieldViolations = json.array(violations) } })
end

--- What Wix says when it is Wix's fault: nothing, by design.
---@param status integer
---@return table failure
function failures.system(status)
  return failure(status, "", {})
end

-- The code that belongs to a status where a fault names the status alone.
local codes = {
  [400] = "INVALID_ARGUMENT", [401] = "UNAUTHENTICATED", [403] = "PERMISSION_DENIED", [404] = "NOT_FOUND",
  [409] = "ALREADY_EXISTS", [428] = "FAILED_PRECONDITION", [429] = "RESOURCE_EXHAUSTED",
}

--- The refusal that a status alone suggests.
---@param status integer
---@return table failure
function failures.of_status(status)
  if status < 400 then return { status = status, body = "" } end
  if status >= 500 then return failures.system(status) end
  local code = codes[status] or ("HTTP_" .. status)
  return failures.application(status, code, (code:lower():gsub("_", " ")))
end

return failures
