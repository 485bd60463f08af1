--- Limits of single values that Wix has, or may have, without saying which: decided by options.
-- Each check answers a violation, or nothing.

local limits = {}

--- The purpose of an invite.
---@param text string?
---@return table? violation
function limits.purpose(model, text)
  local most = model.options.max_purpose
  if not most or not text or (utf8.len(text) or #text) <= most then return nil end
  return {
    field = "invitePurpose", description = ("must not be longer than %d"):format(most), violatedRule = "OUT_OF_RANGE",
    data = { threshold = most },
  }
end

--- The language of a mail.
---@param text string?
---@return table? violation
function limits.language(model, text)
  if not text or model.options.languages == "any" then return nil end
  local primary, rest = text:match("^(%a%a%a?)([%w-]*)$")
  if primary and (rest == "" or rest:find("^%-") and not rest:find("%-%-") and not rest:find("%-$")) then return nil end
  return { field = "defaultEmailLanguage", description = "must be a language tag", violatedRule = "INVALID_ARGUMENT" }
end

return limits
