--- What is said of a leaver: what will be taken away, what was, what a person has to decide, and the list for the dashboard.
--
-- Owns these words. What they say is put together by `leaver_plan`.

local printable = require("wixum.csv.problem").printable

local words = {}

local SHOWN = 20 -- changes that were not made

local KEY = "if they had the account's API key: rotate it in the API Keys manager; every script needs the new one"

local function counted(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end

local LONGEST = 300 -- letters

local function add(lines, text) lines[#lines + 1] = "  " .. printable(text, LONGEST) end

local function add_plan(lines, plan, headline)
  if #plan.changes + #plan.take_back == 0 and not plan.team_planned then return end
  lines[#lines + 1] = headline
  for _, change in ipairs(plan.changes) do add(lines, change.words) end
  for _, row in ipairs(plan.take_back) do add(lines, ("takes back the planned invite to %s"):format(row.name or row.site_id)) end
  if plan.team_planned then add(lines, "takes back the planned invite to the team") end
end

local function add_list(lines, title, list)
  if #list == 0 then return end
  lines[#lines + 1] = title
  for _, text in ipairs(list) do add(lines, text) end
end

local function add_rest(lines, plan)
  local decide, unseen = {}, table.move(plan.unseen, 1, #plan.unseen, 1, {})
  for i, item in ipairs(plan.decide) do decide[i] = item.text .. (item.command and ". Once that is sure: " .. item.command or "") end
  add_list(lines, "For you to decide first:", decide)
  add_list(lines, "What could not be seen:", table.move(plan.hints, 1, #plan.hints, #unseen + 1, unseen))
  lines[#lines + 1] = "For the dashboard, since no call can do it:"
  for _, text in ipairs(plan.dashboard) do add(lines, text) end
end

--- What no look can tell is said of everybody, to people and to programs: once what is left has been reckoned, in which it does not count.
---@param found wixum.Leaver
function words.add_key(found)
  for _, plan in ipairs{ found, found.left } do table.insert(plan.dashboard, KEY) end
end

-- What became of a change that is not known to be so.
local function fate(row)
  if row.seen == "otherwise" then return "it is not so: " .. (row.reason or "still there") end
  if row.state == "planned" then return row.reason and "not sent: " .. row.reason or "not tried" end
  if row.state == "failed" then return "refused: " .. (row.reason or "the service gave no reason") end
  if row.state == "unknown" then return "nobody knows whether it was done: " .. (row.reason or "no answer came") end
  return "whether it is so could not be seen"
end

local STATES = { { "failed", "refused" }, { "unknown", "unknown" }, { "planned", "not made" } }

-- How many steps are done, as is known by now.
local function add_counts(lines, found)
  local total, counts = found.done.total, {}
  for _, row in ipairs(found.undone) do counts[row.state] = (counts[row.state] or 0) + 1 end
  local parts = { ("%d of %s done"):format(total - #found.undone, counted(total, "step", "steps")) }
  if found.taken_back > 0 then parts[#parts + 1] = ("%d taken back"):format(found.taken_back) end
  for _, one in ipairs(STATES) do
    if counts[one[1]] then parts[#parts + 1] = ("%d %s"):format(counts[one[1]], one[2]) end
  end
  lines[#lines + 1] = ("%s: %s."):format(printable(found.email, 100), table.concat(parts, ", "))
end

local function add_done(lines, found)
  add_counts(lines, found)
  for i, row in ipairs(found.undone) do
    if i > SHOWN then
      add(lines, ("and %d more"):format(#found.undone - SHOWN))
      break
    end
    lines[#lines + 1] = ("  %s: %s"):format(printable(row.words, LONGEST), printable(fate(row), LONGEST)) -- whatever a site is called
  end
  local left = found.left
  if not left then lines[#lines + 1] = "It was stopped: what is left was not looked at again."
  elseif found.is_clean then lines[#lines + 1] = "Looked at again: nothing is left that is known."
  elseif #left.changes + #left.take_back == 0 and not left.team_planned then lines[#lines + 1] = "Looked at again: no call can do more."
  else add_plan(lines, left, "Looked at again, this is left:") end
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
