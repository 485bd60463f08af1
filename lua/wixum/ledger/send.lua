--- Sending: what is planned goes out, and every step of it is in the ledger before and after.
--
-- Owns the order of things in a run, and when a run stops. What a row looks like after an answer is `calls`' business, when it is on
-- disk the `journal`'s.

local calls = require "wixum.ledger.calls"
local core = require "wixum.core"
local database = require "wixum.ledger.database"
local errors = require "wixum.errors"
local journals = require "wixum.ledger.journal"
local map = require "wixum.map"

local send = {}

local PAGE = 500 -- rows read at a time
local SITES_A_CALL = 100
local LOST = 3 -- calls in a row that did not come through to the service: the network is away

-- The key or its rights: no call would fare better.
local REFUSED = { unauthenticated = true, forbidden = true }
local AWAY = { network = true, tls = true, timeout = true }

-- ---- what goes into one call -----------------------------------------------------------------------------------------

local NEXT = [[SELECT id, site_id, email, person, policy_ids, invite_purpose, language FROM invites WHERE state = 'planned'
  AND (site_id, policy_ids, invite_purpose, language, id) > (%s, %s, %s, %s, %d)
  ORDER BY site_id, policy_ids, invite_purpose, language, id LIMIT %d]]

local function together(one, other)
  return one.site_id == other.site_id and one.policy_ids == other.policy_ids and one.invite_purpose == other.invite_purpose
    and one.language == other.language
end

--- The planned rows, as many a call as may go in one; in the order of the index, so that a page costs the same wherever it is.
---@param db table
---@param most integer rows a call
---@param limit integer? rows at all
---@return fun(): table[]?
function send.packs(db, most, limit)
  local quoted, page, position, over = database.quoted, {}, 0, false
  local last = { site_id = "", policy_ids = "", invite_purpose = "", language = "", id = 0 }
  local left = limit or math.maxinteger
  local function peek()
    if position == #page and not over then
      page, position = db:all(NEXT:format(quoted(last.site_id), quoted(last.policy_ids), quoted(last.invite_purpose),
        quoted(last.language), last.id, PAGE)), 0
      over = #page < PAGE
    end
    return page[position + 1]
  end
  return function()
    local pack = {}
    while #pack < most and left > 0 do
      local row = peek()
      if not row or pack[1] and not together(pack[1], row) then break end
      position, last, left = position + 1, row, left - 1
      pack[#pack + 1] = row
    end
    return pack[1] and pack or nil
  end
end

-- ---- who could reach a site before its first mail --------------------------------------------------------------------

local function look(state, sites, now)
  local db, list = state.db, {}
  for i, site in ipairs(sites) do list[i] = site.site_id end
  local answer, err = state.wix.sites.query_sites({ query = { filter = { id = { ["$in"] = list } },
    cursorPaging = { limit = SITES_A_CALL } } })
  if not answer then return nil, err end
  db:transaction(function()
    for _, site in ipairs(answer.sites) do
      for _, account in ipairs(type(site.contributor_account_ids) == "table" and site.contributor_account_ids or {}) do
        db:run("INSERT INTO reached_before (site_id, account_id, seen_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", site.id:lower(),
          account:lower(), now)
      end
    end
    for _, id in ipairs(list) do db:run("UPDATE sites SET looked_at = ? WHERE site_id = ?", now, id) end
  end)
  return true
end

local UNLOOKED = [[SELECT DISTINCT i.site_id FROM invites i JOIN sites s ON s.site_id = i.site_id
  WHERE i.state = 'planned' AND s.looked_at IS NULL LIMIT 100]]

-- Stores for every site that is about to be mailed who can reach it now. What cannot be read is told, and does not keep the mails.
local function look_at_sites(state)
  while true do
    local sites = state.db:all(UNLOOKED)
    if #sites == 0 then return end
    local ok, err = look(state, sites, state.now())
    if not ok then
      if err.kind == "unauthenticated" then state.stop = err end
      state.summary.unlooked = err
      return
    end
  end
end

-- ---- one call --------------------------------------------------------------------------------------------------------

local function policy_ids_of(row)
  local list = {}
  for id in row.policy_ids:gmatch("%S+") do list[#list + 1] = id end
  return list
end

local function told(state, pack, name)
  local summary = state.summary
  summary[name] = summary[name] + #pack
end

-- The error of a call, as rows: and whether the run goes on.
local function settle_error(state, pack, err, began)
  local journal, now = state.journal, state.now()
  local note = err.attempts > 0 and calls.noted("site_invites.bulk_invite", pack, err.outcome, err, began)
  local waits = err.outcome == "not_sent" or err.kind == "rate_limited" or REFUSED[err.kind] and err.outcome == "refused"
  if waits then
    journal:put(calls.planned_again(pack, now, err))
    told(state, pack, "planned_again")
  else
    journal:put(calls.failed(pack, err, now))
    told(state, pack, err.outcome == "unknown" and "unknown" or "failed")
  end
  if note then journal:put(note) end
  if err.outcome == "not_sent" and AWAY[err.kind] then
    state.lost = state.lost + 1
    if state.lost < LOST then return end
  elseif not waits or err.kind == "cancelled" or err.kind == "interrupted" then return end
  state.stop = state.stop or err
end

local function send_pack(state, pack)
  if state.stop then return end
  local journal, first = state.journal, pack[1]
  local emails, began = {}, nil
  for i, row in ipairs(pack) do emails[i] = row.email end
  local answer, info
  local ok, raised = pcall(function()
    answer, info = state.wix:with{ site_id = first.site_id }.site_invites.bulk_invite({
      policy_ids = policy_ids_of(first), emails = emails,
      invite_purpose = first.invite_purpose ~= "" and first.invite_purpose or nil,
      default_email_language = first.language ~= "" and first.language or nil,
    }, {
      before_send = function()
        if state.stop then error("the run has stopped", 0) end
        began = state.now()
        -- on disk before the request leaves; where the task is to end meanwhile, nothing leaves
        if journal:step(calls.sending(pack, began)) then error("the run is to end", 0) end
      end,
      on_event = function(event)
        if event.event == "retry" then journal:put(calls.planned_again(pack, state.now())) end
        if state.on_event then state.on_event(event) end
      end,
    })
  end)
  if not ok then
    -- Ctrl-C, or the end of its task. Anything else says nothing of what became of the call: its rows stay as they are on
    -- disk, and where that is `sending` the next run calls them unknown.
    if errors.is(raised) then settle_error(state, pack, raised, began) end
    error(raised, 0)
  end
  if not answer then
    settle_error(state, pack, info, began)
    journal:step()
    return nil, info
  end
  state.lost = 0
  local statements, counts = calls.answered(pack, answer, info, state.now(), state.keeps_links)
  statements[#statements + 1] = calls.noted("site_invites.bulk_invite", pack, "done", info, began)
  journal:step(table.unpack(statements))
  local summary = state.summary
  for name, number in pairs(counts) do summary[name] = summary[name] + number end
  summary.calls = summary.calls + 1
  if state.on_progress then state.on_progress(summary) end
  return true
end

-- ---- a run -----------------------------------------------------------------------------------------------------------

local OPERATIONS = { invite = "site_invites.bulk_invite", resend = "site_invites.resend_invite", revoke = "site_invites.revoke_invite" }
local DIED = "the process that sent it ended before the answer was written down"

--- Rows that a process which died has left: what it sent may have acted.
---@param db table
---@param now string
---@return integer
function send.recover(db, now)
  return db:transaction(function()
    for _, row in ipairs(db:all("SELECT id, site_id, email, step FROM invites WHERE step IS NOT NULL")) do
      db:run(calls.noted(OPERATIONS[row.step], { row }, "unknown", { message = DIED }, now))
    end
    return db:run([[UPDATE invites SET state = 'unknown', step = NULL, mails = mails + 1,
      first_mail_at = coalesce(first_mail_at, changed_at), last_mail_at = changed_at, reason = ?, changed_at = ?
      WHERE step = 'invite']], DIED, now)
  end)
end

---@class wixum.SendSummary
---@field total integer rows that were to be sent
---@field pending integer
---@field failed integer
---@field unknown integer
---@field planned_again integer that were not sent after all
---@field recovered integer rows that a process which died had left
---@field calls integer
---@field stopped wixum.Error? why the run ended early
---@field unlooked wixum.Error? why it is not stored who could reach the sites before

--- Sends what is planned.
---@param db table
---@param wix table
---@param options { concurrency: integer?, limit: integer?, on_progress: function?, keep_links: boolean? }
---@param now fun(): string
---@return wixum.SendSummary
function send.run(db, wix, options, now)
  local settings = require("wixum.client").state(wix).settings
  local total = db:one("SELECT count(*) AS number FROM invites WHERE state = 'planned'").number
  local state = {
    db = db, wix = wix, journal = journals.new(db), now = now, lost = 0, stop = nil, keeps_links = options.keep_links == true,
    on_event = settings.on_event, on_progress = options.on_progress,
    summary = { total = options.limit and math.min(options.limit, total) or total, pending = 0, failed = 0, unknown = 0,
      planned_again = 0, recovered = send.recover(db, now()), calls = 0, began = core.clock() },
  }
  look_at_sites(state)
  local packs = send.packs(db, settings.max_emails, options.limit)
  local ok, raised = pcall(map.each, function()
    if state.stop or state.journal:problem() then return nil end
    return packs()
  end, function(pack) return send_pack(state, pack) end, { concurrency = options.concurrency or settings.concurrency })
  local flushed, trouble = pcall(state.journal.flush, state.journal)
  if not ok then error(raised, 0) end
  if not flushed then error(trouble, 0) end
  state.summary.stopped = state.stop
  return state.summary
end

return send
