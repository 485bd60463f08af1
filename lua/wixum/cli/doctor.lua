--- `wixum doctor`: prints what the doctor finds, as it is found.
--
-- Owns the layout's way to the terminal and the exit status. What is looked at is `wixum.doctor`'s business. It makes no desk first, as
-- other commands do: what a desk is made from may be what is wrong.

local cjson = require "cjson"
local client = require "wixum.client"
local desks = require "wixum.cli.desk"
local report = require "wixum.doctor.report"
local status = require "wixum.cli.status"
local wixum = require "wixum"

local doctor = {}

-- What is to be put right first counts.
local CODES = { { "settings", status.USAGE }, { "refused", status.REFUSED }, { "other", status.SOME_FAILED } }

local LOUD = { wrong = true, warning = true } -- with --quiet

-- The desk with the sandbox that --sandbox means; nothing where the settings cannot be used, which the doctor tells.
local function rehearsal(given, talk)
  local wix = client.new()
  if not wix then return nil end
  wix:close()
  local desk = desks.new(given, talk)
  desk.looks_only = true
  return desk
end

-- The client of the settings. Says where it acts.
local function live(given, talk)
  local wix = client.new{ concurrency = given.concurrency, rate = given.rate }
  if not wix then return nil end
  local url, loopback = wix:endpoint()
  desks.say({ talk = talk }, url, loopback, client.state(wix).settings.account_id)
  return wix
end

local function quiet_part(found)
  local part = { lines = {}, wrong = found.wrong, warnings = found.warnings, unproven = found.unproven }
  for _, line in ipairs(found.lines) do
    if LOUD[line.state] then part.lines[#part.lines + 1] = line end
  end
  return part
end

-- An empty table is an object to lua-cjson.
local function encoded(found)
  local text = cjson.encode(found)
  return #found.lines > 0 and text or (text:gsub('"lines":{}', '"lines":[]', 1))
end

local function examine(given, talk, wix, ledger, said_by)
  local topic
  local found = wixum.doctor{ client = wix, ledger = ledger, said_by = said_by, on_line = function(line)
    if talk.json or given.quiet and not LOUD[line.state] then return end
    talk:out(report.text_of(line, topic))
    topic = line.topic
  end }
  if talk.json then talk:out(encoded(given.quiet and quiet_part(found) or found), "\n")
  elseif not given.quiet then talk:out("\n", report.conclusion(found), "\n") end
  for _, code in ipairs(CODES) do
    for _, line in ipairs(found.lines) do
      if line.cause == code[1] then return code[2] end
    end
  end
  return status.DONE
end

--- `wixum doctor`.
---@param given table options of the command line
---@param talk table
---@return integer code
function doctor.run(given, talk)
  if given.ledger == "" then desks.fail("--ledger is empty") end
  local desk = given.sandbox and rehearsal(given, talk)
  if not desk then
    local wix <close> = live(given, talk)
    return examine(given, talk, wix, given.ledger, "the command line")
  end
  local closed <close> = setmetatable({}, { __close = function() desk:close(true) end }) -- luacheck: no unused
  local wix = desk:client()
  return examine(given, talk, wix, desk.path, "--sandbox")
end

return doctor
