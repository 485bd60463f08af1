--- What was begun and not ended, because its process was killed or stopped; and the command that goes on with it.
--
-- Owns how such a batch or plan is found, and that command. Pure but for reads of the ledger.

local evidence = require "wixum.ledger.evidence"

local interrupted = {}

---@class wixum.InterruptedBatch mails or revocations of rows that were chosen
---@field operation string
---@field selector string
---@field began_at string
---@field attempted integer rows
---@field command string that goes on with it

---@class wixum.InterruptedPlan removals and changes of roles
---@field kind "withdraw"|"leaver"|"access"
---@field subject string about whom, or by which file
---@field began_at string
---@field done integer
---@field left integer
---@field command string? that looks anew, and goes on; nil where a program gave a table

local BATCHES = [[SELECT b.operation AS operation, b.selector AS selector, b.began_at AS began_at, count(r.row_id) AS attempted
  FROM batches b LEFT JOIN batch_rows r ON r.batch_id = b.id WHERE b.ended_at IS NULL GROUP BY b.id ORDER BY b.id]]

local PLANS = [[SELECT p.kind AS kind, p.subject AS subject, p.began_at AS began_at, sum(c.state IN ('done', 'failed')) AS done,
  sum(c.state IN ('planned', 'sending', 'unknown')) AS left FROM plans p JOIN changes c ON c.plan_id = p.id
  WHERE p.ended_at IS NULL GROUP BY p.id ORDER BY p.id]]

-- The words of a selector as options. Of the same text the command makes the same selector, by which a batch is found again.
local OPTIONS = { all = "--all", email = "--email", invited_before = "--invited-before", last_mail_before = "--last-mail-before",
  limit = "--limit", site_id = "--site", state = "--state" }

local function batch_command(batch)
  local parts = { "wixum", batch.operation }
  for word, values in batch.selector:gmatch("([%l_]+)=(%S*)") do
    if word == "all" then parts[#parts + 1] = OPTIONS.all
    else
      for value in values:gmatch("[^,]+") do parts[#parts + 1] = ("%s %s"):format(OPTIONS[word] or word, evidence.shell(value)) end
    end
  end
  return table.concat(parts, " ")
end

local COMMANDS = {}

function COMMANDS.leaver(subject) return ("wixum leaver %s --apply"):format(evidence.shell(subject)) end

function COMMANDS.withdraw(subject)
  local email, site = subject:match("^(.*) on (%S+)$")
  return email and ("wixum withdraw %s --site %s"):format(evidence.shell(email), site)
end

-- The file by its last name, whichever folder it lies in.
function COMMANDS.access(subject)
  local file = subject:match("^(.*) %x+$")
  if not file or file == interrupted.NO_FILE then return nil end
  return ("wixum access apply %s%s"):format(evidence.shell(file), file:lower():find("%.lua$") and " --apply" or "")
end

--- What stands in the place of a file's name where a program gave a table.
interrupted.NO_FILE = "the table"

--- What of a ledger was interrupted.
---@param db table
---@return wixum.InterruptedBatch[] batches
---@return wixum.InterruptedPlan[] plans
function interrupted.of(db)
  local batches, plans = db:all(BATCHES), db:all(PLANS)
  for _, batch in ipairs(batches) do batch.command = batch_command(batch) end
  for _, plan in ipairs(plans) do plan.command = COMMANDS[plan.kind](plan.subject) end
  return batches, plans
end

--- The same for people, a line each.
---@param batches wixum.InterruptedBatch[]
---@param plans wixum.InterruptedPlan[]
---@return string[]
function interrupted.lines(batches, plans)
  local lines = {}
  for _, batch in ipairs(batches) do
    lines[#lines + 1] = ("Interrupted: what was begun at %s, %d attempted; `%s` goes on with it"):format(batch.began_at, batch.attempted,
      batch.command)
  end
  for _, plan in ipairs(plans) do
    local call = plan.command and ("`%s`"):format(plan.command) or "ledger:apply_access with the same table"
    lines[#lines + 1] = ("Interrupted: what was begun at %s, %d done, %d left; %s%s looks anew, and goes on"):format(plan.began_at,
      plan.done, plan.left, call, plan.command and plan.kind == "access" and ", where that file is," or "")
  end
  return lines
end

return interrupted
