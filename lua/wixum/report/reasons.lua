--- Why rows are as they are: the same reason said of many rows is one.
--
-- Owns what counts as the same. Ids, addresses, dates and long numbers differ from row to row, so a reason is compared, and shown,
-- without them. Pure; what it keeps is bounded, however many different reasons there are.

local redaction = require "wixum.redaction"

local reasons = {}
reasons.__index = reasons

local MOST = 200 -- different ones; what comes later is counted together, by kind
local LONGEST = 300 -- bytes of one

local DATE = "%d%d%d%d%-%d%d%-%d%d[T ]%d%d:%d%d:%d%d[%d.]*[Z%d:+-]*"

-- A word that is an id by its looks, a GUID or another: long, with digits in it.
local function id_of(word)
  if #word >= 16 and word:find("%d") then return "[id]" end
end

--- A reason as it is compared.
---@param text string
---@return string # one line, nothing secret in it
function reasons.masked(text)
  local shown = redaction.text(text, LONGEST) or ""
  shown = shown:gsub("[^%s<>\"'(),;:]+@[^%s<>\"'(),;]*[^%s<>\"'(),;.:]", "[address]"):gsub(DATE, "[date]")
  return (shown:gsub("[%w_.-]+", id_of):gsub("%d%d%d%d%d+", "[number]"))
end

---@return table reasons none yet
function reasons.new()
  return setmetatable({ groups = {}, count = 0 }, reasons)
end

local function group_for(self, kind, reason)
  local key = kind .. "\0" .. (reason or "")
  local group = self.groups[key]
  if group then return group end
  if self.count >= MOST then
    key = kind .. "\0\0"
    group = self.groups[key] or { kind = kind, others = true, count = 0 }
  else
    group, self.count = { kind = kind, reason = reason, count = 0 }, self.count + 1
  end
  self.groups[key] = group
  return group
end

--- Counts a row's reason.
---@param kind "failed"|"unknown"|"refused"|"held"
---@param row table
function reasons:add(kind, row)
  local masked = row.reason and reasons.masked(row.reason)
  local group = group_for(self, kind, masked ~= "" and masked or nil)
  group.count = group.count + 1
  group.example = group.example or { email = row.email, site_id = row.site_id, request_id = row.request_id }
end

---@class wixum.ReportReason
---@field kind "failed"|"unknown"|"refused"|"held"
---@field reason string? without ids and addresses; nil where none is known
---@field others boolean? of its kind what was too different to be kept apart
---@field count integer
---@field example { email: string, site_id: string, request_id: string? }

--- All of them, the most frequent first.
---@return wixum.ReportReason[]
function reasons:list()
  local list = {}
  for _, group in pairs(self.groups) do list[#list + 1] = group end
  table.sort(list, function(one, other)
    if one.count ~= other.count then return one.count > other.count end
    if one.kind ~= other.kind then return one.kind < other.kind end
    return (one.reason or "") < (other.reason or "")
  end)
  return list
end

return reasons
