--- More invitees than one call may carry: `wixum.split.bulk_invite(wix, { … })`, `wixum.split.create_invite(wix, { … })`.
--
-- Owns the parts: each is one call, the answers are merged, and a part that failed is told with the addresses in it.
-- Every part is checked before the first is sent. Nothing is sent twice: a part whose outcome is unknown is not repeated,
-- and the parts behind it still go out.

local errors = require "wixum.errors"
local names = require "wixum.names"
local redaction = require "wixum.redaction"

local split = {}

local NO_DRY_RUN = ": dry_run shows one request, and split has as many as there are parts"

-- Invitees a call. Create Invite is documented to take 50; how many Bulk Invite takes is not.
local SIZE = 50

-- After these every further part would fail alike.
local STOPS = { unauthenticated = true, forbidden = true, precondition = true, rate_limited = true, network = true, tls = true,
  timeout = true, redirected = true, closed = true, cancelled = true }

local BULK = { name = "split.bulk_invite", namespace = "site_invites", operation = "bulk_invite", items = "emails",
  answers = { "invites", "failed_emails" } }
local CREATE = { name = "split.create_invite", namespace = "account_invites", operation = "create_invite",
  items = "subjects_assignments", answers = { "successful_invites", "failed_invites" } }

local function email_of(item)
  if type(item) == "table" then return item.subject_email end
  return item
end

local function refused(kind, message, violation)
  return errors.new{ kind = "invalid", outcome = "not_sent", operation = kind.name, where = errors.where(),
    message = message, violations = { violation } }
end

-- Two invitees with one address may land in different parts, where no check sees them together.
local function find_repeated(kind, items)
  local seen = {}
  for i, item in ipairs(items) do
    local email = email_of(item)
    local key = type(email) == "string" and email:lower()
    if key and seen[key] then
      local description = ("it is the same as item %d"):format(seen[key])
      return refused(kind, ("%s[%d]: %s"):format(kind.items, i, description),
        { field = kind.items, index = i, rule = "unique", description = description })
    end
    if key then seen[key] = i end
  end
end

-- The whole split into parts: { first, last, arguments }. What is no list goes on as it is: the call says so.
local function parts_of(kind, arguments, size)
  local items = arguments[kind.items]
  local count = type(items) == "table" and #items or 0
  if count <= size then return { { first = 1, last = count, arguments = arguments } } end
  local parts = {}
  for first = 1, count, size do
    local last = math.min(first + size - 1, count)
    local own = {}
    for name, value in next, arguments do own[name] = value end
    own[kind.items] = table.move(items, first, last, 1, {})
    parts[#parts + 1] = { first = first, last = last, arguments = own }
  end
  return parts
end

-- The places in an error of a part are told as those of the whole.
local function shifted(err, kind, part)
  if part.first == 1 then return err end
  local function whole(place)
    return (place:gsub("^" .. kind.items .. "%[(%d+)%]", function(index)
      return ("%s[%d]"):format(kind.items, index + part.first - 1)
    end))
  end
  for _, violation in ipairs(err.violations or {}) do
    if violation.field == kind.items and violation.index then violation.index = violation.index + part.first - 1
    elseif violation.field then violation.field = whole(violation.field) end
  end
  err.message = ("%s (in the part from item %d on, counted from there)"):format(err.message, part.first)
  return err
end

local function check(kind, operation, parts, options)
  local dry = {}
  for name, value in pairs(options) do dry[name] = value end
  dry.dry_run = true
  for _, part in ipairs(parts) do
    local request, err = operation(part.arguments, dry)
    if not request then return shifted(err, kind, part) end
  end
end

local function failure(part, kind, err)
  local failed = { first = part.first, last = part.last, error = err, emails = {} }
  for i, item in ipairs(part.arguments[kind.items]) do failed.emails[i] = email_of(item) end
  return failed
end

local function not_tried(kind, because)
  return errors.new({ kind = "cancelled", outcome = "not_sent", operation = kind.name, where = errors.where(),
    message = "not tried, since a part before it failed: " .. because }, { advice = "Call again with these" })
end

-- Sends the parts one after the other, noting in `done` what came of them. Raises what a call raises.
local function send_parts(kind, operation, parts, options, done)
  for i, part in ipairs(parts) do
    local answer, err
    if done.stopped then err = not_tried(kind, done.stopped)
    else
      done.part = i
      answer, err = operation(part.arguments, options)
    end
    if answer and not answer[kind.answers[1]] then
      done.shown = true -- by a client that only shows its requests
      return
    elseif answer then
      for _, name in ipairs(kind.answers) do
        table.move(answer[name], 1, #answer[name], #done.answers[name] + 1, done.answers[name])
      end
      done.part = nil
    else
      done.part = nil
      done.failures[#done.failures + 1] = failure(part, kind, shifted(err, kind, part))
      if STOPS[err.kind] then done.stopped = done.stopped or err.kind end
    end
  end
end

-- What was sent before must not be lost, whatever ends it: the invite ids are nowhere else.
local function send(kind, operation, parts, options)
  local done = { answers = { [kind.answers[1]] = {}, [kind.answers[2]] = {} }, failures = {} }
  local ok, problem = pcall(send_parts, kind, operation, parts, options, done)
  if not ok then
    if not errors.is(problem) then -- Ctrl-C while Lua code ran, or a client that was closed meanwhile
      local interrupted = errors.is_interrupt(problem)
      problem = errors.new{ kind = interrupted and "interrupted" or "cancelled", operation = kind.name, where = errors.where(),
        outcome = done.part and "unknown" or "not_sent", message = interrupted and "interrupted by Ctrl-C" or
        "it was ended in the middle: " .. (redaction.text(errors.text_of(problem)) or "") }
    end
    problem.answers, problem.errors = done.answers, done.failures
    if problem.kind == "interrupted" then require("wixum.call").interrupted = problem end
    error(problem, 0)
  end
  if done.shown then errors.mistake(kind.name .. NO_DRY_RUN) end
  return done.answers, #done.failures > 0 and done.failures or nil
end

-- A list with holes or names would lose items where it is cut.
local function check_list(kind, items)
  local count = 0
  for key in next, items do
    if math.type(key) ~= "integer" then
      errors.mistake(("%s: %s must be a list, but has a key that is no position"):format(kind.name, kind.items))
    end
    count = count + 1
  end
  for i = 1, count do
    if rawget(items, i) == nil then errors.mistake(("%s: %s must be a list without holes"):format(kind.name, kind.items)) end
  end
end

local function run(kind, wix, arguments, given)
  if arguments == nil and type(wix) == "table" and rawget(wix, kind.items) then
    errors.mistake(("%s: write wixum.%s(wix, { … })"):format(kind.name, kind.name))
  end
  if type(arguments) ~= "table" then errors.mistake(kind.name .. ": arguments must be a table, not a " .. type(arguments)) end
  if given ~= nil and type(given) ~= "table" then errors.mistake(kind.name .. ": options must be a table") end
  local options, size = {}, SIZE
  for name, value in pairs(given or {}) do
    if name == "size" then size = value else options[name] = value end
  end
  if options.dry_run then errors.mistake(kind.name .. NO_DRY_RUN) end
  if math.type(size) ~= "integer" or size < 1 then errors.mistake(kind.name .. ": size must be a whole number of at least 1") end
  if type(arguments[kind.items]) == "table" then check_list(kind, arguments[kind.items]) end
  local operation, parts = wix[kind.namespace][kind.operation], parts_of(kind, arguments, size)
  local err = #parts > 1 and find_repeated(kind, arguments[kind.items]) or check(kind, operation, parts, options)
  if err then return nil, err end
  return send(kind, operation, parts, options)
end

---@class wixum.FailedPart
---@field first integer where it begins in what was given
---@field last integer
---@field emails string[] whom it was about
---@field error wixum.Error what became of it: its `outcome` tells whether it may have acted

--- `site_invites.bulk_invite` for any number of addresses.
---@param wix table a client, or `wixum` itself
---@param arguments table as of bulk_invite
---@param options table? `size` (addresses a call, 50), and options of the calls
---@return table? answer `invites` and `failed_emails` of all calls that were answered; nil where nothing was sent
---@return wixum.FailedPart[]|wixum.Error|nil failed parts that failed; where the answer is nil, why
function split.bulk_invite(wix, arguments, options) return run(BULK, wix, arguments, options) end

--- `account_invites.create_invite` for any number of invitees.
---@param wix table a client, or `wixum` itself
---@param arguments table as of create_invite
---@param options table? `size` (invitees a call, 50 at most), and options of the calls
---@return table? answer `successful_invites` and `failed_invites` of all calls that were answered; nil where nothing was sent
---@return wixum.FailedPart[]|wixum.Error|nil failed parts that failed; where the answer is nil, why
function split.create_invite(wix, arguments, options) return run(CREATE, wix, arguments, options) end

return names.strict(split, "split", errors.mistake)
