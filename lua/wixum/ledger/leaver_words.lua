--- What is said of a leaver: what will be taken away, what was, what a person has to decide, and the list for the dashboard.
--
-- Owns these words. What they say is put together by `leaver`.

local printable = require("wixum.csv.problem").printable

local words = {}

local KEY = "if she had the account's API key: rotate it in the API Keys manager; every script needs the new one"

local function counted(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

local function add(lines, text) lines[#lines + 1] = "  " .. printable(text, 300) end

local function add_plan(lines, plan, headline)
  if #plan.changes + #plan.revoke + #plan.take_back > 0 or plan.team_planned then
    lines[#lines + 1] = headline
    for _, change in ipairs(plan.changes) do add(lines, change.words) end
    for _, row in ipairs(plan.revoke) do add(lines, ("revokes the invite to %s (%s)"):format(row.name or row.site_id, row.state)) end
    for _, row in ipairs(plan.take_back) do add(lines, ("takes back the planned invite to %s"):format(row.name or row.site_id)) end
    if plan.team_planned then add(lines, "takes back the planned invite to the team") end
  end
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
  local parts = {}
  if found.done then parts[#parts + 1] = ("%d of %s done"):format(found.done.done, counted(found.done.total, "step", "steps")) end
  if found.revoked then parts[#parts + 1] = ("%s revoked"):format(counted(found.revoked.done, "invite", "invites")) end
  if found.taken_back > 0 then parts[#parts + 1] = ("%d taken back"):format(found.taken_back) end
  local failed = (found.done and found.done.failed or 0) + (found.revoked and found.revoked.failed or 0)
  if failed > 0 then parts[#parts + 1] = ("%d refused"):format(failed) end
  lines[#lines + 1] = ("%s: %s."):format(found.email, #parts > 0 and table.concat(parts, ", ") or "nothing was to be done")
  for _, row in ipairs(found.seen and found.seen.rows or {}) do
    add(lines, ("%s: %s"):format(row.words, row.seen == "otherwise" and ("it is not so: %s"):format(row.reason or "still there")
      or "whether it is so could not be seen"))
  end
  if found.left then
    if found.left.is_empty then lines[#lines + 1] = "Looked at again: nothing is left that is known." else
      add_plan(lines, found.left, "Looked at again, this is left:")
    end
  end
end

--- The whole, for people.
---@param found wixum.Leaver
---@return string
function words.text(found)
  local lines = {}
  if found.applied then add_done(lines, found)
  elseif not found.is_known then
    lines[1] = ("Nobody is known by %s: not in the ledger, not in the team. Accounts on sites have no address; `wixum access` lists "
      .. "them."):format(printable(found.email, 100))
  else
    lines[1] = ("%s, by %s that were looked at:"):format(printable(found.email, 100), counted(found.sites, "site", "sites"))
    add_plan(lines, found, "To be taken away:")
    if #lines == 1 then lines[2] = "  nothing that a call could take away" end
  end
  add_rest(lines, found.left or found)
  return table.concat(lines, "\n")
end

return words
