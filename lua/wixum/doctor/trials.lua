--- Calls that do no harm, one after the other, each made at most once; and what their failures mean.
--
-- Owns when to stop: a key that was refused, and a service that is away, would say the same again. Only operations that read are tried.

local declaration = require "wixum.declaration"
local errors = require "wixum.errors"

local trials = {}
trials.__index = trials

local MANAGER = "Wix's API Keys manager (Account Settings, API Keys)"

-- Kinds of errors after which nothing more is tried, and why.
local STOPS = { unauthenticated = "the key was refused", network = "the service cannot be reached", tls = "the service cannot be trusted",
  timeout = "the service does not answer in time", rate_limited = "the service asks to wait", redirected = "something redirects the calls",
  closed = "the client was closed" }

-- Nothing was sent: other calls of the client, and its rate, leave no room before the call's deadline.
local function is_of_pace(err) return err.kind == "timeout" and err.attempts == 0 end

---@class wixum.Trial
---@field operation table declared
---@field answer table?
---@field err wixum.Error?
---@field skipped string? why it was not tried

---@param key_from string? where the key comes from, in words
---@param stopped string? why nothing is to be tried at all
---@return table trials
function trials.new(key_from, stopped)
  return setmetatable({ key_from = key_from or "the settings", stopped = stopped }, trials)
end

--- Tries a call.
---@param full_name string of an operation that reads
---@param skipped string? why it cannot be tried
---@param call fun(): table?, wixum.Error?
---@return wixum.Trial
function trials:try(full_name, skipped, call)
  local namespace, name = full_name:match("^(.-)%.(.*)$")
  local trial = { operation = declaration.namespace(namespace).by_name[name] }
  assert(trial.operation.effect == "read", "a doctor does no harm")
  trial.skipped = self.stopped or skipped
  if trial.skipped then return trial end
  trial.answer, trial.err = call()
  if trial.err then self.stopped = is_of_pace(trial.err) and "the client's own pace leaves no room" or STOPS[trial.err.kind] end
  return trial
end

--- Runs what raises its error value, as iterators do: `nil, err` instead. Ctrl-C, and the end of a task, stay raised.
---@param fn function
---@return any? answer
---@return wixum.Error? err
function trials.caught(fn)
  local ok, result = pcall(fn)
  if ok then return result end
  if not errors.is(result) or result.kind == "interrupted" or result.kind == "cancelled" then error(result, 0) end
  return nil, result
end

--- Is this a refusal without a word? After many calls that may be throttling, and no lack of rights.
---@param err wixum.Error
---@return boolean
local function is_wordless(err)
  return err.status == 403 and not err.code and not err.description and not err.violations
    and not err.message:find("no JSON", 1, true)
end

--- What happened, in words.
---@param err wixum.Error
---@return string
function trials.told(err)
  local text = err.message .. (err.request_id and (" (request id %s)"):format(err.request_id) or "")
  if is_wordless(err) then text = text .. "; without a word it may be throttling, after many calls" end
  return text
end

local ADVICE = {
  rate_limited = "wait a minute, let nothing else use this key meanwhile, and run this again",
  network = "see that this computer is online, that the base_url is right, and whether it needs a proxy (https_proxy)",
  timeout = "see that this computer is online and not behind a proxy that is not said here (https_proxy), and run this again",
  tls = "see the certificates above, the clock of this computer, and who answers at that address (a proxy that looks into TLS?)",
  server = "run this again in some minutes; where it stays so, give the request id to Wix's support",
  redirected = "correct the base_url, or log in to the network's portal that stands in between",
  protocol = "see who answers at the base_url: a proxy, or a network's portal, perhaps",
  not_found = "correct the base_url, or leave it out: nothing of this service is at that address",
}

--- What a failure is: whose, and what to do.
---@param err wixum.Error
---@param permission string? that the call needs
---@param also string? what else a refusal may mean, as advice
---@return { cause: string, advice: string }
function trials:more(err, permission, also)
  if err.kind == "unauthenticated" then
    return { cause = "refused", advice = ("make or rotate a key in %s, and put it where the one comes from that is wrong, revoked or "
      .. "incomplete: %s"):format(MANAGER, self.key_from) }
  elseif err.kind == "forbidden" then
    local words = {}
    if is_wordless(err) then words[1] = "wait a minute and run this again" end
    if permission then words[#words + 1] = ("give the key the permission %s in %s"):format(permission, MANAGER) end
    words[#words + 1] = also
    return { cause = "refused", advice = table.concat(words, "; or ") }
  end
  if is_of_pace(err) then
    return { cause = "settings", advice = "say a quicker rate, or run this when the client has nothing else to do" }
  end
  return { cause = err.kind == "invalid" and "settings" or "other", advice = ADVICE[err.kind] or errors.advice_of(err) }
end

return trials
