--- What a sandbox can be started with: names, checks, defaults.
--
-- Owns the list of options. What Wix's documentation leaves open is an option here, and its comment says so; the
-- defaults are the cautious reading, the one under which a careless client gets to feel it.

local formats = require "wixum.sandbox.formats"
local json = require "wixum.sandbox.json"
local names = require "wixum.names"
local random = require "wixum.sandbox.random"

local options = {}

local function integer(least, most)
  return function(value)
    local whole = math.type(value) == "integer" and value or type(value) == "number" and math.tointeger(value)
    if whole and whole >= least and whole <= most then return whole end
    return nil, ("an integer from %d to %s"):format(least, most == math.maxinteger and "whatever" or ("%d"):format(most))
  end
end

local function number(value)
  if type(value) == "number" and value >= 0 and value < 1e11 then return value end
  return nil, "a number of seconds"
end

local function boolean(value)
  if type(value) == "boolean" then return value end
  return nil, "true or false"
end

local function one_of(...)
  local words = { ... }
  return function(value)
    for _, word in ipairs(words) do
      if value == word then return value end
    end
    return nil, '"' .. table.concat(words, '" or "') .. '"'
  end
end

local function text(value)
  if type(value) == "string" and value ~= "" and not value:find("[%c ]") then return value end
  return nil, "a string without blanks"
end

local function guid(value)
  if type(value) == "string" and formats.guid(value) then return value:lower() end
  return nil, "a GUID"
end

local function site_list(value)
  local wanted = "a list of GUIDs or of { id = GUID, name = text }"
  if type(value) ~= "table" or #value == 0 then return nil, wanted end
  local list, seen = json.array{}, {}
  for i, site in ipairs(value) do
    local id = type(site) == "table" and site.id or site
    local name = type(site) == "table" and site.name or nil
    if not guid(id) or name ~= nil and type(name) ~= "string" then return nil, wanted end
    if seen[id:lower()] then return nil, "a list without an id twice" end
    seen[id:lower()] = true
    list[i] = { id = id:lower(), name = name }
  end
  return list
end

local function host_list(value)
  local list = json.array{}
  if type(value) ~= "table" then return nil, "a list of host names" end
  for i, host in ipairs(value) do
    if not text(host) then return nil, "a list of host names" end
    list[i] = host:lower()
  end
  return list
end

local function seed(value)
  if math.type(value) == "integer" or type(value) == "string" then return value end
  return nil, "an integer or a string"
end

local function tls(value)
  if type(value) == "table" and type(value.cert) == "string" and type(value.key) == "string" then return value end
  return nil, "{ cert = PEM text or path, key = PEM text or path }"
end

-- Name -> { check, default }. A check gives the value as it will be used, or nil and what it should have been.
local known = {
  -- The server.
  port         = { integer(0, 65535), 0 },              -- 0: chosen by the kernel
  host         = { one_of("127.0.0.1", "localhost"), "127.0.0.1" },  -- as base_url names it; it listens on 127.0.0.1
  hosts        = { host_list, json.array{} },           -- further Host headers for the API: "www.wixapis.com", redirected here
  tls          = { tls },                               -- https instead of http
  max_body     = { integer(1, 1 << 40), 16 * 1024 * 1024 },          -- bytes a request may carry: more is 413
  max_memory   = { integer(1 << 16, math.maxinteger) }, -- bytes the model may use: more is 500
  log          = { integer(0, math.maxinteger), 10000 },             -- deliveries that requests() keeps
  log_body     = { integer(0, math.maxinteger), 64 * 1024 },         -- bytes of a body that it keeps
  mails        = { integer(1, math.maxinteger), 100000 },            -- mails that the outbox keeps

  -- The account.
  seed         = { seed, 1 },                           -- every id and token follows from it
  start_time   = { number },                            -- seconds since the epoch: the clock stands there until advanced
  sites        = { site_list },                         -- one of its own making unless given
  strict_sites = { boolean, false },                    -- an unknown site is 403, else it becomes one of the account
  account_id   = { guid },
  api_key      = { text },
  owner_language = { text, "en" },                      -- of mails, where the call names none

  -- What Wix leaves open (and, of the lifetime, only its help pages say).
  lifetime     = { number, 30 * 86400 },                -- of an invite
  max_emails   = { integer(1, math.maxinteger), 50 },   -- in one Bulk Invite: more is 400
  duplicates   = { one_of("failed", "fresh", "error"), "failed" },   -- pending or accepted: failedEmails, a new invite, 409
  malformed    = { one_of("error", "failed"), "error" },             -- an address: 400 for the call, failedEmails
  resend_expired  = { boolean, true },                  -- an expired invite can be resent, else 428
  resend_keeps    = { boolean, true },                  -- its id and link, else both are new
  resend_restarts = { boolean, true },                  -- its expiry starts again (an expired one's always does)
  revoke_settled  = { one_of("error", "ok"), "error" }, -- accepted, declined, revoked, expired: 428, or 200 and nothing
  seats        = { integer(0, math.maxinteger) },       -- pending and accepted invites a site may have; not counted
  seats_full   = { one_of("error", "failed"), "error" },             -- 428 for the call, failedEmails
}

local known_names = {}
for name in pairs(known) do known_names[#known_names + 1] = name end

--- Checks and completes.
---@param given table?
---@return table? complete # every option that has a value
---@return string? message
function options.complete(given)
  if given ~= nil and type(given) ~= "table" then return nil, "options must be a table" end
  local complete = {}
  for name, value in pairs(given or {}) do
    local option = known[name]
    if not option then
      return nil, ("unknown option %q%s"):format(tostring(name), names.suggestion(name, known_names))
    end
    local usable, wanted = option[1](value)
    if usable == nil then return nil, ("option %s must be %s"):format(name, wanted) end
    complete[name] = usable
  end
  for name, option in pairs(known) do
    if complete[name] == nil then complete[name] = option[2] end
  end
  local ids = random.stream(complete.seed, "account's own")
  complete.account_id = complete.account_id or random.guid(ids)
  complete.sites = complete.sites or json.array{ { id = random.guid(ids) } }
  complete.api_key = complete.api_key or "IST.sandbox-" .. random.token(ids)
  return complete
end

return options
