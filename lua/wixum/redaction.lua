--- Text and data from elsewhere, made fit to be shown: in an error, an event, a log, a REPL.
--
-- Owns what counts as a secret by its name, and how much is shown. What is masked in a text is the core's business
-- (src/redact.h): keys, passwords, links. Data that programs read never passes here, only what people see.

local core = require "wixum.core"

local redaction = {}

local LONGEST, DEEPEST = 500, 8

redaction.MASK = "[masked]"

--- A text cut to so many bytes, between characters.
---@param text string well-formed UTF-8
---@param longest integer
---@return string
function redaction.cut(text, longest)
  if #text <= longest then return text end
  return text:sub(1, utf8.offset(text, 0, longest + 1) - 1) .. "…"
end

--- One line, nothing secret in it, not endless. It is masked before it is cut, so that no half of a secret is left.
---@param value any
---@param longest integer? bytes, 500 unless said
---@return string? # nil where the value is no text, or an empty one
function redaction.text(value, longest)
  if type(value) == "number" then value = tostring(value) end
  if type(value) ~= "string" or value == "" then return nil end
  local shown, as_it_was = core.redact(value)
  if as_it_was and #shown <= (longest or LONGEST) then return shown end
  local first, last = 1, #shown -- by steps: a pattern would take the square of the blanks
  while shown:byte(first) == 32 do first = first + 1 end
  while last > first and shown:byte(last) == 32 do last = last - 1 end
  if first > 1 or last < #shown then shown = shown:sub(first, last) end
  return shown ~= "" and redaction.cut(shown, longest or LONGEST) or nil
end

--- A value of the caller's, given back to be looked at: blanks around it stay, since they may be what is wrong.
---@param value string
---@param longest integer? bytes, 500 unless said
---@return string
function redaction.value(value, longest)
  return redaction.cut((core.redact(value)), longest or LONGEST)
end

-- Names, without case and separators, of what lets whoever has it accept an invite.
local SECRET_NAMES = { "acceptlink", "accepturl", "invitelink", "inviteurl", "invitetoken", "accepttoken" }

--- Does a field of this name hold what nobody else may see?
---@param name any
---@return boolean
function redaction.is_secret_name(name)
  if type(name) ~= "string" or #name > 64 then return false end
  local plain = name:lower():gsub("[^%w]", "")
  for _, secret in ipairs(SECRET_NAMES) do
    if plain:find(secret, 1, true) then return true end
  end
  return false
end

--- Data with every text in it fit to be shown.
---@param value any
---@return any
function redaction.data(value, depth)
  if type(value) == "string" then return redaction.text(value) or "" end
  if type(value) ~= "table" then return value end
  depth = depth or 1
  if depth > DEEPEST then return "[…]" end
  local copy = {}
  for key, item in pairs(value) do
    local shown = type(key) == "string" and (redaction.text(key) or "") or key
    copy[shown] = redaction.is_secret_name(key) and redaction.MASK or redaction.data(item, depth + 1)
  end
  return copy
end

return redaction
