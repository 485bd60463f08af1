--- What became of one attempt: from a response to a kind and an outcome, with what the service said.
--
-- Owns the tables status -> kind and libcurl code -> kind, and the reading of Wix's error shapes.
-- Must not send, wait or decide about retries.

local core = require "wixum.core"
local redaction = require "wixum.redaction"
local retry = require "wixum.retry"

local verdict = {}

local KIND_OF_STATUS = {
  [401] = "unauthenticated", [403] = "forbidden", [404] = "not_found", [409] = "conflict",
  [412] = "precondition", [428] = "precondition", [429] = "rate_limited",
}

-- libcurl's codes, where a break of the way there ("network") would not be the truth.
local KIND_OF_CURL = { [28] = "timeout", [1] = "protocol", [8] = "protocol", [61] = "protocol" }
for _, code in ipairs{ 35, 51, 53, 54, 58, 59, 60, 64, 66, 77, 80, 82, 83, 90, 91, 98 } do KIND_OF_CURL[code] = "tls" end

-- Where our own side ended the transfer: kind, and what to say. %s is the limit.
local STOPS = {
  interrupted = { "interrupted", "interrupted by Ctrl-C" },
  closed = { "closed", "the client was closed in the middle of the call" },
  cancelled = { "cancelled", "the task was cancelled" },
  size = { "protocol", "the answer is larger than max_answer allows" },
  headers = { "protocol", "the answer has more headers than any answer of the service" },
  memory = { "network", "there was no memory for the answer" },
  second_send = { "network", "the connection broke before an answer came" },
}

--- What is said of a call that was stopped before, or between, attempts.
verdict.STOPPED = { interrupted = STOPS.interrupted[2], cancelled = STOPS.cancelled[2] }

local function outcome_of(response)
  local status = response.status
  if status and status >= 300 and status < 500 then return "refused" end
  return (response.sent or status) and "unknown" or "not_sent"
end

-- Words of a body that is no JSON: its text without tags, since a proxy's or portal's page may be all there is.
local UNSEEN = { "<[sS][cC][rR][iI][pP][tT].-</[sS][cC][rR][iI][pP][tT]>", "<[sS][tT][yY][lL][eE].-</[sS][tT][yY][lL][eE]>", "<[^>]*>" }

local function plain_words(body)
  -- masked before anything is cut or taken out of it; a slash may be escaped where JSON breaks off
  local text = core.redact((body:sub(1, 65536):gsub("\\/", "/"))):sub(1, 4096) -- the patterns below may take its square
  for _, pattern in ipairs(UNSEEN) do text = text:gsub(pattern, " ") end
  return redaction.text(text:gsub("%s+", " "), 120)
end

local function as_table(value) return type(value) == "table" and value or {} end

-- A position counted from 1; nil where nobody can have meant one.
local function position_of(digits)
  local number = #digits < 10 and math.tointeger(tonumber(digits))
  return number and number + 1 or nil
end

-- "emails[1]" on the wire, counted from 0, is emails[2] here. Names that are not declared stay as they are.
local function lua_place(shape, wire)
  local names, index = {}, nil
  for part in wire:gmatch("[^.]+") do
    local name, position = part:match("^([^%[]*)%[(%d+)%]$")
    if not name and part:match("^%d+$") and #names > 0 then
      index = position_of(part)
      names[#names] = names[#names] .. "[" .. (index or part) .. "]"
    else
      local field = shape and shape.by_wire[name or part]
      names[#names + 1] = field and field.name or name or part
      index = position and position_of(position)
      if index then names[#names] = names[#names] .. "[" .. index .. "]" end
      shape = field and type(field.type) == "table" and field.type or nil
    end
  end
  local place = table.concat(names, ".")
  if index then place = place:gsub("%[%d+%]$", "") end
  return redaction.text(place), index
end

local function violations_of(list, operation, arguments)
  local found = {}
  for _, item in ipairs(as_table(list)) do
    item = as_table(item)
    local field, index = lua_place(operation.arguments, type(item.field) == "string" and item.field or "")
    local value = arguments and field and rawget(arguments, field)
    if index and type(value) == "table" then value = rawget(value, index) end
    found[#found + 1] = {
      field = field, index = index, value = type(value) == "string" and redaction.value(value) or type(value) ~= "table" and value or nil,
      description = redaction.text(item.description), rule = redaction.text(item.ruleName) or redaction.text(item.violatedRule),
    }
  end
  return #found > 0 and found or nil
end

local function violations_text(violations)
  local parts = {}
  for i, item in ipairs(violations) do
    if i > 5 then
      parts[#parts + 1] = ("and %d more"):format(#violations - 5)
      break
    end
    local place = (item.field or "(a field)") .. (item.index and "[" .. item.index .. "]" or "")
    local value = redaction.text(item.value)
    if value and type(item.value) == "string" then value = '"' .. value .. '"' end
    parts[#parts + 1] = place .. (value and " " .. value or "") .. ": " .. (item.description or item.rule or "refused")
  end
  return table.concat(parts, "; ")
end
verdict.violations_text = violations_text

-- What the service says in the body of an answer that is no success.
local function read_error_body(found, response, operation, arguments)
  local body = response.body
  if not body or body:match("^%s*$") then return "an empty answer" end
  local decoded = core.decode(body)
  if type(decoded) ~= "table" then
    local words = plain_words(body)
    return "an answer that is no JSON" .. (words and (': "%s"'):format(words) or "")
  end
  local details = as_table(decoded.details)
  local application, validation = as_table(details.applicationError), as_table(details.validationError)
  found.code = redaction.text(application.code)
  found.description = redaction.text(application.description) or redaction.text(decoded.message)
  found.data = redaction.data(application.data)
  found.violations = violations_of(validation.fieldViolations, operation, arguments)
  if found.violations then return violations_text(found.violations) end
  local words = found.description and ('"%s"'):format(found.description)
  return found.code and found.code .. (words and " " .. words or "") or words or "it gave no reason"
end

-- What libcurl says of an address of a proxy that is none repeats the address, with the password in it.
local OF_PROXY = "the proxy's name cannot be found, or its address is no address"

local function curl_facts(response)
  if not response.curl then return nil end
  local code, text = response.curl.code, response.curl.text
  if code == 5 or type(text) == "string" and text:find("^Unsupported proxy") then text = OF_PROXY end
  return { code = code, text = redaction.text(text) }
end

local function transport_fault(found, response)
  local stop = STOPS[response.stop]
  if stop then
    found.kind, found.message = stop[1], stop[2]
    return found
  end
  found.kind = KIND_OF_CURL[response.curl.code] or "network"
  local text = found.curl.text or "no words of libcurl"
  if not response.sent then found.message = text
  elseif response.status then found.message = "the answer broke off: " .. text
  else found.message = "no answer came: " .. text end
  return found
end

-- The body of an answer that says yes, read; or nil and why it cannot be.
local function read_answer(response, operation)
  local body = response.body
  if (operation.answers_nothing or operation.free) and body:find("^%s*$") then body = "{}" end
  if not operation.free and not operation.as_sent then return core.answer(operation.answer_shape, body) end
  local answer, reason = core.decode(body)
  if answer == nil and not reason then return {} end -- null
  return answer, reason -- false alone counts as unreadable: nobody could tell it from a call that failed
end

-- An answer that says yes and is not what was promised.
local function unreadable(found, response, reason)
  local body = response.body
  found.kind, found.outcome = "protocol", "unknown"
  if body == "" then reason = "the answer is empty"
  elseif not body:match("^%s*[{%[]") then
    local words = plain_words(body)
    reason = "the answer is no JSON" .. (words and (': "%s"'):format(words) or "")
  else
    -- whatever can be read of it may hold the only trace of what was done
    found.data = redaction.data((core.decode(body)))
    reason = "the answer cannot be read: " .. (redaction.text(reason) or "")
  end
  found.message = reason
  return found
end

-- An answer that says no.
local function refusal(found, response, operation, arguments, time)
  local status = found.status
  local words = read_error_body(found, response, operation, arguments)
  local date = response.date and core.http_date(response.date)
  found.retry_after = retry.after(response.retry_after, date or time(), core.http_date)
  if status >= 500 then found.kind = "server"
  elseif status >= 400 then found.kind = KIND_OF_STATUS[status] or "rejected"
  else found.kind, words = "redirected", "a redirect, which is not followed" end
  found.message = ("the service answered %d: %s"):format(status, words)
  return found
end

--- What became of an attempt.
---@param response table as `session:perform` gives it
---@param operation table compiled
---@param arguments table? for the values in violations
---@param time fun(): integer seconds since the epoch
---@return table? answer where all is well
---@return table? found else: the fields of the error value that are known from this attempt
function verdict.of(response, operation, arguments, time)
  local status, broken = response.status, response.curl ~= nil
  local answer, reason
  if status and not broken and status >= 200 and status < 300 then
    answer, reason = read_answer(response, operation)
    if answer then return answer end
  end
  local found = { status = status, outcome = outcome_of(response), curl = curl_facts(response) }
  local stop = response.stop
  if stop == "interrupted" or stop == "closed" or stop == "cancelled" then return nil, transport_fault(found, response) end
  if broken and not (status and status >= 300) then return nil, transport_fault(found, response) end
  if status >= 200 and status < 300 then return nil, unreadable(found, response, reason) end
  if status >= 300 and status < 600 then return nil, refusal(found, response, operation, arguments, time) end
  found.kind, found.outcome = "protocol", "unknown"
  found.message = ("an answer with status %d, which HTTP does not have"):format(status)
  return nil, found
end

return verdict
