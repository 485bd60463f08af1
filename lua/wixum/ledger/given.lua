--- What programs give to the ledger's methods: clients, options, paths.
--
-- Owns the checks, which raise at the caller's line.

local client = require "wixum.client"
local errors = require "wixum.errors"
local names = require "wixum.names"
local redaction = require "wixum.redaction"

local given = {}

--- A client, and one whose calls are made.
---@param wix any
---@param name string of the method
function given.client(wix, name)
  if not client.is(wix) then errors.mistake(("%s takes a client: %s(wix, …)"):format(name, name)) end
  if client.state(wix).settings.dry_run then errors.mistake(name .. ": this client has dry_run, and answers nothing that could be kept") end
end

-- Does it take a call? Told a thing by its ledger, a program is not to fail in the middle of what it has begun.
local function is_callable(value)
  if type(value) == "function" then return true end
  local metatable = getmetatable(value)
  return type(metatable) == "table" and metatable.__call ~= nil
end

-- What is yes or no wherever it is said: any other value would be taken for one of them.
local FLAGS = { anew = true, apply = true, as_shown = true, dry_run = true, keep_links = true, undo = true }

--- Options by name. What is told of something (`on_…`), or asked (`ask`), is a function in all of them.
---@param options any
---@param known string[]
---@param name string of the method
---@return table # empty where there are none
function given.options(options, known, name)
  if options == nil then return {} end
  if type(options) ~= "table" then errors.mistake(name .. ": options must be a table") end
  for key, value in pairs(options) do
    local found = false
    for _, candidate in ipairs(known) do found = found or candidate == key end
    if not found then
      errors.mistake(("%s: unknown option %s%s"):format(name, redaction.text(tostring(key), 64) or '""', names.suggestion(key, known)))
    end
    if (key == "ask" or key:find "^on_") and value and not is_callable(value) then
      errors.mistake(("%s: %s must be a function, not a %s"):format(name, key, type(value)))
    end
    if FLAGS[key] and type(value) ~= "boolean" then
      errors.mistake(("%s: %s must be true or false, not a %s"):format(name, key, type(value)))
    end
  end
  return options
end

local TRUST = { "links", "roles" }

--- What a program takes for granted when it asks who has joined.
---@param trust any a word, a list of words, or nothing
---@param name string of the method
---@return { links: boolean?, roles: boolean? }
function given.trust(trust, name)
  local set = {}
  for _, word in ipairs(type(trust) == "table" and trust or { trust }) do
    if word ~= "links" and word ~= "roles" then
      errors.mistake(('%s: trust is "links", "roles", or a list of them, not %s%s'):format(name,
        redaction.text(tostring(word), 64) or '""', names.suggestion(word, TRUST)))
    end
    set[word] = true
  end
  return set
end

--- The path of a file.
---@param path any
---@param name string of the method
function given.path(path, name)
  if type(path) ~= "string" or path == "" or path:find("[%c]") then errors.mistake(name .. " takes the path of a file") end
end

return given
