--- What is said of a leaver: what will be taken away, what was, what a person has to decide, and the list for the dashboard.
--
-- Owns these words. What they say is put together by `leaver_plan`.

local printable = require("wixum.csv.problem").printable

local words = {}

local KEY = "if they had the account's API key: rotate it in the API Keys manager; every script needs the new one"

local function counted(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

local function add(lines, text) lines[#lines + 1] = "  " .. printable(text, 300) end

local function add_plan(lines, plan, headline)
  if #plan.changes + #plan.take_back == 0 and not plan.team_planned then return end
  lines[#lines + 1] = headline
  for _, change in ipairs(plan.changes) do add(lines, change.words) end
  for _, row in ipairs(plan.take_back) do add(lines, ("takes back the planned invite to %s"):format(row.name or row.site_id)) end
  if plan.team_planned then add(lines, "takes back the planned invite to the team") end
end

local function add_rest(lines, plan)
  if #plan.decide > 0 then
    lines[#lines + 1] = "For you to decide first:"
    for _, item in ipairs(plan.decide) do add(lines, item.text .. (item.command and ". " .. item.command or "")) end
  end
  lines[#lines + 1] = "For the dashboard, since no call can do it:"
  for _, text in ipairs(plan.dashboard) do add(lines, text) end
  add(lines, KEY)
end

local function add_done(lines, found)
  local parts = { ("%d of %s done"):format(found.done.done, counted(found.done.total, "step", "steps")) }
  if found.taken_back > 0 then parts[#parts + 1] = ("%d taken back"):format(found.taken_back) end
  if found.done.failed > 0 then parts[#parts + 1] = ("%d refused"):format(found.done.failed) end
  if found.done.unknown > 0 then parts[#parts + 1] = ("%d unknown"):format(found.done.unknown) end
  if found.done.put_back > 0 then parts[#parts + 1] = ("%d not sent"):format(found.done.put_back) end
  lines[#lines + 1] = ("%s: %s."):format(printable(found.email, 100), table.concat(parts, ", "))
  for _, row in ipairs(found.seen and found.seen.rows or {}) do
    add(lines, ("%s: %s"):format(row.words, row.seen == "otherwise" and ("it is not so: %s"):format(row.reason or "still there")
      or "whether it is so could not be seen"))
  end
  if not found.left then return end
  if found.is_clean and found.left.is_empty then lines[#lines + 1] = "Looked at again: nothing is left that is known."
  else add_plan(lines, found.left, "Looked at again, this is left:") end
end

local NOBODY = "Nobody is known by %s: not in the ledger, not in the team. Accounts on sites have no address; `wixum access` lists them."

--- The whole, for people.
---@param found wixum.Leaver
---@return string
function words.text(found)
  local lines = {}
  if found.applied then add_done(lines, found)
  elseif not found.is_known then lines[1] = NOBODY:format(printable(found.email, 100))
  else
    lines[1] = ("%s, by a look at %s:"):format(printable(found.email, 100), counted(found.sites, "site", "sites"))
    add_plan(lines, found, "To be taken away:")
    if #lines == 1 then lines[2] = "  nothing that a call could take away" end
  end
  add_rest(lines, found.left or found)
  return table.concat(lines, "\n")
end

return words
