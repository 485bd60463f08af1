--- The doctor on what the service says: is the key one of the account's, what may it do, which sites does it reach, what time is it there.
--
-- Owns which calls are made, and what their answers mean together. A right is tried by a read that needs it; what only a mail or a change
-- would prove is named as unproven.

local core = require "wixum.core"
local declaration = require "wixum.declaration"
local every_site = require "wixum.every_site"
local settings_lines = require "wixum.doctor.settings"
local trials = require "wixum.doctor.trials"

local own = {}

local WARNING, WRONG = 30, 300 -- seconds that the clock may be off
local SITES_DEADLINE = 90 -- seconds that a page of sites may wait for the client's pace

-- ---- calls -----------------------------------------------------------------------------------------------------------

local function sites_of(wix)
  local found = { total = 0, trashed = 0, by_id = {} }
  return trials.caught(function()
    for site in wix.sites.each_site({ query = { filter = every_site } }, { deadline = SITES_DEADLINE }) do
      local id = type(site.id) == "string" and core.is_guid(site.id) and site.id:lower() or nil
      if not id or not found.by_id[id] then -- a page may bring one once more
        found.total = found.total + 1
        if site.trashed_date then found.trashed = found.trashed + 1 end
      end
      if id then
        found.by_id[id] = true
        found.first = found.first or not site.trashed_date and site.id or nil
      end
    end
    return found
  end)
end

-- The site that site rights are tried on: the one that the settings say, unless it is known to be none of the account's; else the first.
local function site_to_try(settings, listed)
  local said = settings.site_id
  if said and core.is_guid(said) and (not listed or listed.by_id[said:lower()]) then return said end
  return listed and listed.first
end

local function no_account(settings)
  local account = settings.account_id
  if not account then return "there is no account_id" end
  return not core.is_guid(account) and "the account_id is not a GUID" or nil
end

-- All calls, in this order.
local function make(examined)
  local wix, settings = examined.client, examined.state.settings
  local tried = trials.new(examined.key_from, examined.key_problem and "there is no usable key")
  local missing = no_account(settings)
  local made = { tried = tried }
  made.count = tried:try("sites.count_sites", missing, function()
    return wix.sites.count_sites{ query = { filter = every_site } }
  end)
  made.roles = tried:try("users.get_roles_info", missing, function() return wix.users.get_roles_info{ locale = "en" } end)
  made.team = tried:try("users.search_team", missing, function() return wix.users.search_team{ paging = { limit = 1, offset = 0 } } end)
  made.sites = tried:try("sites.query_sites", missing, function() return sites_of(wix) end)
  made.site = site_to_try(settings, made.sites.answer)
  made.contributors = tried:try("contributors.query_site_contributors", not made.site and "no site is known to try it on" or nil, function()
    return wix:with{ site_id = made.site }.contributors.query_site_contributors()
  end)
  return made
end

-- ---- the account -----------------------------------------------------------------------------------------------------

local READS = { "count", "roles", "team", "sites" } -- of the account, in the order of their being made

local REFUSED_ACCOUNT = "compare %s with the account's id in Wix's API Keys manager, and correct it or take a key of that account; "
  .. "where they fit, give the key its permissions there, %s first"

-- What says a setting, and so has to be corrected.
local function said_by(examined, name) return (select(3, settings_lines.find(examined, name))) end

-- Answers the kind of failure that is told here, where every read failed: it need not be told of each right as well.
local function account_line(examined, made)
  local add, settings = examined.add, examined.state.settings
  local failed, refused = nil, true
  for _, name in ipairs(READS) do
    local trial = made[name]
    if trial.answer then
      return add("account", "account", "ok", ("%s answers, and takes the key"):format(settings.account_id))
    end
    if trial.err then
      failed = failed or trial.err
      refused = refused and trial.err.kind == "forbidden"
    end
  end
  if not failed then return add("account", "account", "unproven", "not tried: " .. made.count.skipped) end
  local text = trials.told(failed)
  if not refused then
    add("account", "account", "wrong", text, made.tried:more(failed))
    return failed.kind
  end
  add("account", "account", "wrong", ("%s refuses every read: the key is of another account, or has no right at all; %s"):format(
    settings.account_id, text), made.tried:more(failed, nil, REFUSED_ACCOUNT:format(said_by(examined, "account_id"),
    made.count.operation.permission)))
  return failed.kind
end

-- ---- rights ----------------------------------------------------------------------------------------------------------

local ANSWERS = {
  ["users.get_roles_info"] = function(answer) return ("%d roles"):format(#answer.predefined_roles + #answer.custom_roles) end,
  ["contributors.query_site_contributors"] = function(answer, site)
    return ("%d contributors of site %s"):format(#answer.contributors, site)
  end,
}

local function permission_name(operation)
  return operation.permission == "none is listed" and "(none is listed)" or operation.permission
end

local function right_line(examined, made, trial, told)
  local operation = trial.operation
  local name, called = permission_name(operation), operation.full_name
  local function add(state, text, more) examined.add("rights", name, state, called .. ": " .. text, more) end
  if trial.answer then
    local words = ANSWERS[called] and ANSWERS[called](trial.answer, made.site)
    return add("ok", "allowed" .. (words and ", " .. words or ""))
  elseif trial.skipped then return add("unproven", "not tried: " .. trial.skipped)
  elseif trial.err.kind == told and operation.context == "account" then
    return add("unproven", "it failed as told above, of the account")
  end
  local permission = operation.permission ~= "none is listed" and operation.permission or nil
  local also = operation.context == "site" and ("where it has that: see that site %s is one of the key's sites"):format(made.site)
    or not permission and "try a key with all account permissions, since none is documented for this call" or nil
  add("wrong", trials.told(trial.err), made.tried:more(trial.err, permission, also))
end

-- What a read of the same permission lets expect of the calls that mail or change.
local function expectation(made, permission)
  local trial = made.contributors
  if permission ~= trial.operation.permission then return "no read needs this permission" end
  if trial.answer then
    return "inferred from contributors.query_site_contributors, which the documentation has under the same permission, and the official "
      .. "packages under a finer one"
  elseif trial.err and trial.err.kind == "forbidden" then return "contributors.query_site_contributors was refused, so these may be too" end
  return "the read of the same permission was not answered"
end

-- Rights that no read needs, by permission.
local function unproven_lines(examined, made)
  local permissions, names = {}, {}
  for _, operation in ipairs(declaration.operations()) do
    if operation.effect ~= "read" then
      local permission = permission_name(operation)
      if not names[permission] then
        names[permission] = {}
        permissions[#permissions + 1] = permission
      end
      table.insert(names[permission], operation.full_name)
    end
  end
  for _, permission in ipairs(permissions) do
    examined.add("rights", permission, "unproven", ("%s: only a mail or a change would prove them (%s)"):format(
      table.concat(names[permission], ", "), expectation(made, permission)))
  end
end

-- ---- sites -----------------------------------------------------------------------------------------------------------

local function counted(number) return ("%d %s"):format(number, number == 1 and "site" or "sites") end

local MISSING = "compare `wixum sites` with the dashboard; where the key was made for chosen sites, make one for all; write sites that are "
  .. "missing into spreadsheets by their ids"

local function reached_line(examined, made)
  local listed, counts = made.sites.answer, made.count.answer
  local function add(state, text, advice) examined.add("sites", "reached", state, text, { advice = advice }) end
  if made.sites.skipped then return add("unproven", "not tried: " .. made.sites.skipped) end
  if not listed then return add("unproven", "the list of sites was not answered to its end") end
  local count = counts and math.tointeger(counts.count)
  local trash = listed.trashed > 0 and (", %d of them in the trash"):format(listed.trashed) or ""
  if not count then
    add("warning", counted(listed.total) .. trash .. "; sites.count_sites gave no number to compare that with",
      "run this again, and compare `wixum sites` with the dashboard")
  elseif count < listed.total then
    local text = ("%s listed%s, and %d counted: has one been made meanwhile?"):format(counted(listed.total), trash, count)
    add("warning", text, "run this again")
  elseif count > listed.total then
    add("wrong", ("%d of %s that sites.count_sites counts%s; Wix's documents contradict each other about whether more than 1,000 can be "
      .. "listed"):format(listed.total, counted(count), trash), MISSING)
  elseif count == 0 then
    add("warning", "no site: the account has none, or the key was made for none",
      "look at the account's sites in the dashboard, and at those that the key was made for in the API Keys manager")
  else add("ok", ("%s, all that are counted%s"):format(counted(listed.total), trash)) end
end

local function site_id_line(examined, made)
  local site, listed = examined.state.settings.site_id, made.sites.answer
  if not site or not core.is_guid(site) then return end
  if not listed then return examined.add("sites", "site_id", "unproven", ("%s: the list of sites was not answered"):format(site)) end
  if listed.by_id[site:lower()] then return examined.add("sites", "site_id", "ok", site .. " is one of them") end
  examined.add("sites", "site_id", "wrong", ("%s is none of them"):format(site), { cause = "settings",
    advice = ("correct %s: `wixum sites` lists the ids; or take a key that reaches this site"):format(said_by(examined, "site_id")) })
end

-- ---- the clock -------------------------------------------------------------------------------------------------------

--- How far a clock is off, by the answers that came: the one that took the shortest time tells it best. Its Date is of the second
-- in which it was written, somewhere between call and answer.
---@param moments { local_time: number, date: integer, seconds: number }[]
---@return number? seconds ahead of the service's, negative: behind
---@return number? doubt seconds by which that may be wrong
function own.skew(moments)
  local best
  for _, moment in ipairs(moments) do
    if not best or moment.seconds < best.seconds then best = moment end
  end
  if not best then return nil end
  local half = best.seconds / 2
  return best.local_time - half - (best.date + 0.5), half + 1
end

local function duration(seconds)
  if seconds < 120 then return ("%.0f s"):format(seconds) end
  if seconds < 7200 then return ("%.0f min"):format(seconds / 60) end
  if seconds < 172800 then return ("%.1f h"):format(seconds / 3600) end
  return ("%.0f days"):format(seconds / 86400)
end

local function clock_line(examined)
  local skew, doubt = own.skew(examined.moments)
  if not skew then return examined.add("clock", "skew", "unproven", "no answer said what time the service has") end
  local off = math.abs(skew) - doubt
  if off <= WARNING then return examined.add("clock", "skew", "ok", "this clock and the service's agree") end
  local text = ("this clock is %s %s the service's: what has expired, and who is due for a reminder, is reckoned by it")
    :format(duration(math.abs(skew)), skew > 0 and "ahead of" or "behind")
  examined.add("clock", "skew", off > WRONG and "wrong" or "warning", text,
    { advice = "set it: timedatectl set-ntp true (as root), or the clock of the machine that this one is a guest on" })
end

--- Looks.
---@param examined wixum.Examined
function own.look(examined)
  if not examined.client then
    for _, topic in ipairs{ "account", "rights", "sites", "clock" } do
      examined.add(topic, topic, "unproven", "not tried: the settings above have to be right first")
    end
    return
  end
  local made = make(examined)
  local told = account_line(examined, made)
  for _, name in ipairs{ "count", "sites", "roles", "team", "contributors" } do
    right_line(examined, made, made[name], told)
  end
  unproven_lines(examined, made)
  reached_line(examined, made)
  site_id_line(examined, made)
  clock_line(examined)
end

return own
