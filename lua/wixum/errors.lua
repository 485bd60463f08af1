--- Error values: the one place where they are made and worded.
--
-- Owns their kinds, their fields, their one-line text and the advice in it. Every text that came from elsewhere must have
-- passed `wixum.redaction`, so that no key, no password and no accept link is ever in an error. Must not decide what went
-- wrong: that is `wixum.verdict` for answers, `wixum.call` for everything else.

local core = require "wixum.core"

local errors = {}

---@alias wixum.Kind
---| "invalid" # refused here, before sending
---| "unauthenticated"
---| "forbidden"
---| "not_found"
---| "conflict"
---| "precondition"
---| "rate_limited"
---| "rejected" # another 4xx
---| "server" # 5xx
---| "network"
---| "tls"
---| "timeout"
---| "protocol" # an answer that is not what was promised
---| "redirected"
---| "interrupted" # Ctrl-C
---| "cancelled" # by this program
---| "closed" # the client was
---| "ledger" # it cannot be read, written or used here

---@class wixum.Error
---@field kind wixum.Kind
---@field outcome "not_sent"|"refused"|"unknown" of the whole call
---@field message string what happened, one line
---@field operation string
---@field where string? file and line of the call
---@field attempts integer
---@field retry_after number? seconds, as the service said
---@field status integer? HTTP status
---@field code string? the service's own code
---@field description string? the service's own words
---@field data any the service's own data
---@field violations { field: string, index: integer?, value: any, description: string?, rule: string? }[]?
---@field request_id string? what Wix support asks for
---@field curl { code: integer, text: string }? where libcurl spoke

-- What to do next, by kind; a function decides by the error itself.
local LOOK_FIRST = {
  site_id = "Look in the site's dashboard (Roles & Permissions) which invites are there before saying it again",
  account_id = "Look with users.search_team who is there and who is invited before saying it again",
}
local ADVICE = {
  invalid = "Nothing was sent: correct it and call again",
  unauthenticated = "Check the API key (WIX_API_KEY, WIX_API_KEY_FILE or the config file): it is wrong, revoked or of another account",
  forbidden = "Check that the key has the permission this call needs, and that the site or account id belongs to the key's account",
  not_found = "Check the id, and that it belongs to this site: ids of one site are unknown on another",
  conflict = "It exists already or has changed meanwhile: look at its present state",
  precondition = "The service misses a precondition: often the site id (wix-site-id) or a state that has passed",
  rate_limited = "Wait a minute and call again, slower",
  rejected = "Correct what the service names and call again",
  tls = "Check the clock, the certificates (ca_file, ca_path) and who answers at that address",
  redirected = "The service does not redirect: check base_url and any proxy or portal in between",
  closed = "The client was closed meanwhile",
  cancelled = "It was stopped from inside this program",
  ledger = "Look at the file, its folder and the disk",
}

local function advice(err)
  if (err.kind == "invalid" or err.kind == "ledger") and err.advice then return err.advice end
  if err.outcome == "unknown" then
    if err.effect == "adds" then return "It may have acted. " .. (LOOK_FIRST[err.context] or LOOK_FIRST.site_id) end
    return "It can be repeated without harm"
  end
  if err.kind == "not_found" and err.context == "account_id" then return "Check the id: the account knows none like it" end
  return ADVICE[err.kind] or (err.outcome == "not_sent" and "Nothing was sent: it can be called again"
    or "The service did not act: it can be called again later")
end

local OUTCOMES = { not_sent = "not sent", refused = "refused", unknown = "outcome unknown" }

local metatable = { __name = "wixum.error" }

-- `effect` and `advice` are for the wording alone, so they are kept beside the error and not in it.
local wording = setmetatable({}, { __mode = "k" })

--- A text as a sentence: with one stop, unless it has its own.
---@param text string
---@return string
function errors.sentence(text) return text:find("[.?!]$") and text or text .. "." end

function metatable.__tostring(err)
  local facts = { err.kind, OUTCOMES[err.outcome] or err.outcome }
  if err.status then facts[#facts + 1] = "status " .. err.status end
  if err.attempts and err.attempts > 1 then facts[#facts + 1] = err.attempts .. " attempts" end
  if err.request_id then facts[#facts + 1] = "request id " .. err.request_id end
  return ("%s%s: %s (%s). %s"):format(err.operation or "wixum", err.where and " at " .. err.where or "",
    err.message or "something went wrong", table.concat(facts, ", "), errors.sentence(errors.advice_of(err)))
end

function metatable.__concat(left, right)
  return tostring(left) .. tostring(right)
end

--- Makes an error value. The fields are taken as they are: texts from elsewhere must have passed `wixum.redaction`.
---@param fields table
---@param words { effect: string?, context: string?, advice: string? }? for the wording alone
---@return wixum.Error
function errors.new(fields, words)
  fields.attempts = fields.attempts or 0
  local err = setmetatable(fields, metatable)
  wording[err] = words
  return err
end

--- What to do next, as its text says it.
---@param err wixum.Error
---@return string
function errors.advice_of(err)
  local words = wording[err] or {}
  return advice{ kind = err.kind, outcome = err.outcome, effect = words.effect, context = words.context, advice = words.advice }
end

---@param value any
---@return boolean
function errors.is(value)
  return getmetatable(value) == metatable
end

--- Text of whatever was raised, also where it cannot be made into text.
---@param value any
---@return string
function errors.text_of(value)
  local ok, text = pcall(tostring, value)
  return ok and text or ("a %s that cannot be printed"):format(type(value))
end

--- Is this what Ctrl-C raises: our own error, or the words of lua.c where Lua code ran at that moment?
---@param value any
---@return boolean
function errors.is_interrupt(value)
  if errors.is(value) then return value.kind == "interrupted" end
  return type(value) == "string" and value:find("interrupted!$") ~= nil
end

-- Where wixum's own files are: what lies there is never the caller's line.
local OWN = debug.getinfo(1, "S").source:match("^(.*[/\\])[^/\\]*$") or "@"

--- File and line of the nearest Lua code outside wixum.
---@return string?
function errors.where()
  for level = 2, 60 do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    if info.currentline > 0 and info.source:sub(1, #OWN) ~= OWN then
      -- a chunk that was made from text is named by that text, in which a key may stand
      local chunk = info.source:find("^[@=]") and core.redact(info.short_src) or "[string]"
      return chunk .. ":" .. info.currentline
    end
  end
end

--- Raises a mistake of the program, at the line that made it.
---@param text string
function errors.mistake(text)
  local where = errors.where()
  error((where and where .. ": " or "") .. text, 0)
end

return errors
