--- Sending: what is planned goes out, as many rows a call as go together.
--
-- Owns the order in which rows go out, what goes into one call, and the look at who could reach a site before its first mail. How a
-- call is made and written down is `run`'s business.

local calls = require "wixum.ledger.calls"
local check = require "wixum.ledger.check"
local client = require "wixum.client"
local database = require "wixum.ledger.database"
local folding = require "wixum.folding"
local looks = require "wixum.ledger.looks"
local run = require "wixum.ledger.run"
local shown = require "wixum.ledger.shown"

local send = {}

local PAGE = 500 -- rows read at a time

-- ---- what goes into one call -----------------------------------------------------------------------------------------

-- Two statements: of one, SQLite would look through all rows that go together with the last, again for every page.
local SAME = "SELECT id, email FROM invites WHERE state = 'planned' AND site_id = %s AND policy_ids = %s AND invite_purpose = %s "
  .. "AND language = %s AND id > %d AND %s ORDER BY id LIMIT %d"
local NEXT = "SELECT id, email, site_id, policy_ids, invite_purpose, language FROM invites WHERE state = 'planned' "
  .. "AND (site_id, policy_ids, invite_purpose, language) > (%s, %s, %s, %s) AND %s "
  .. "ORDER BY site_id, policy_ids, invite_purpose, language, id LIMIT %d"

---@class wixum.LedgerGroup what rows have in common that may go in one call
---@field site_id string
---@field policy_ids string[]
---@field purpose string?
---@field language string?
---@field key string[] the same as the table has it

local function group_of(site_id, policy_ids, purpose, language)
  local list = {}
  for id in policy_ids:gmatch("%S+") do list[#list + 1] = id end
  return { site_id = site_id, policy_ids = list, purpose = purpose ~= "" and purpose or nil, language = language ~= "" and language or nil,
    key = { site_id, policy_ids, purpose, language } }
end

local function is_of(group, values)
  local key = group.key
  return key[1] == values[3] and key[2] == values[4] and key[3] == values[5] and key[4] == values[6]
end

--- The planned rows, as many a call as may go in one; in the order of the index, so that a page costs the same wherever it is.
---@param db table
---@param most integer rows a call
---@param limit integer? rows at all
---@param meant string? a condition that they fulfil besides
---@return fun(): table[]? rows of id, email and group
function send.packs(db, most, limit, meant)
  meant = meant or "1"
  local quoted, page, position, over = database.quoted, {}, 0, false
  local group, last = group_of("", "", "", ""), nil
  local left = limit or math.maxinteger
  local function of_same(values) return { id = values[1], email = values[2], group = group } end
  local function of_next(values)
    if not is_of(group, values) then group = group_of(values[3], values[4], values[5], values[6]) end
    return { id = values[1], email = values[2], group = group }
  end
  local function read()
    local key = group.key
    local site, ids, purpose, language = quoted(key[1]), quoted(key[2]), quoted(key[3]), quoted(key[4])
    local rows = last and db:page(of_same, SAME:format(site, ids, purpose, language, last, meant, PAGE)) or {}
    if #rows < PAGE then
      local further = db:page(of_next, NEXT:format(site, ids, purpose, language, meant, PAGE))
      over = #further < PAGE
      table.move(further, 1, #further, #rows + 1, rows)
    end
    last = rows[1] and rows[#rows].id
    return rows
  end
  local function peek()
    if position == #page and not over then page, position = read(), 0 end
    return page[position + 1]
  end
  return function()
    local pack
    repeat
      local row = left > 0 and peek()
      if not row or pack and pack[1].group ~= row.group then break end
      position, left = position + 1, left - 1
      if pack then pack[#pack + 1] = row else pack = { row } end
    until #pack == most
    return pack
  end
end

--- Whom a send would mail first.
---@param db table
---@param number integer
---@return string[] emails
function send.first(db, number)
  local emails = {}
  for pack in send.packs(db, 1, number) do emails[#emails + 1] = pack[1].email end
  return emails
end

-- ---- who could reach a site before its first mail --------------------------------------------------------------------

-- From the sites' side: a look at the index for each, however many rows it has.
local UNLOOKED = [[SELECT site_id FROM sites s WHERE (checked_at IS NULL OR checked_at < ? OR looked_at > ?) AND site_id > ?
  AND EXISTS (SELECT 1 FROM invites i WHERE i.state = 'planned' AND i.site_id = s.site_id) ORDER BY site_id LIMIT %d]]

local AGAIN = [[SELECT DISTINCT site_id FROM invites WHERE state = 'planned' AND mails > 0 AND site_id IN (%s)]]

-- Of those who are to be invited anew some may have used the invite before, unseen: they are not mailed.
local function find_joined(db, ids, account, now)
  local texts, joined = {}, 0
  for i, id in ipairs(ids) do texts[i] = database.quoted(id) end
  for _, row in ipairs(db:all(AGAIN:format(table.concat(texts, ",")))) do
    for _, accepted in ipairs((db:transaction(check.evaluate, db, row.site_id, account, {}, now))) do
      if accepted.was == "planned" then joined = joined + 1 end
    end
  end
  return joined
end

-- Stores for every site that is about to be mailed who can reach it now, as far as the service says so: who came before a mail has not
-- come by it. Answers why that could not be read; the mails go out nonetheless.
local function look_at_sites(db, wix, now, is_over, summary)
  local last, began, account = "", now(), client.state(wix).settings.account_id
  while not is_over() do
    local ids = {}
    for row in db:rows(UNLOOKED:format(looks.A_CALL), began, now(), last) do ids[#ids + 1] = row.site_id end
    if #ids == 0 then return end
    last = ids[#ids]
    local seen, err = looks.at(db, wix, ids, now)
    if not seen then return err end
    summary.joined = summary.joined + find_joined(db, ids, account and folding.ascii(account), now())
  end
end

-- ---- a run -----------------------------------------------------------------------------------------------------------

local function act(keeps_links)
  return {
    book = calls.book "invite", operation = "site_invites.bulk_invite", counted = { "pending", "failed", "planned_again" },
    failed = "failed", put_back = "planned_again",
    call = function(wix, rows)
      local group, emails = rows[1].group, {}
      for i, row in ipairs(rows) do emails[i] = row.email end
      return wix.site_invites.bulk_invite{ policy_ids = group.policy_ids, emails = emails, invite_purpose = group.purpose,
        default_email_language = group.language }
    end,
    answered = function(counts, journal, rows, answer, info, now)
      calls.invited(journal, rows, answer, info, now, keeps_links, counts)
    end,
  }
end

---@class wixum.SendSummary
---@field total integer rows that were to be sent
---@field joined integer rows that were not, since it was seen that somebody has used the invite before
---@field pending integer
---@field failed integer
---@field unknown integer
---@field planned_again integer that were not sent after all
---@field recovered integer rows that a process which died had left
---@field calls integer
---@field stopped wixum.Error? why the run ended early
---@field unlooked wixum.Error? why it is not stored who could reach the sites before

--- Sends what is planned.
---@param owner table of the ledger: `db`, `now`
---@param wix table
---@param options { concurrency: integer?, limit: integer?, on_progress: function?, keep_links: boolean?, as_shown: boolean? }
---@return wixum.SendSummary
function send.run(owner, wix, options)
  local db, now = owner.db, owner.now
  local summary = { joined = 0, recovered = run.recover(db, now()) }
  local asked
  owner.stop_run = function() asked = run.asked_to_stop("site_invites.bulk_invite") end
  local looked, problem = pcall(look_at_sites, db, wix, now, function() return asked ~= nil end, summary)
  owner.stop_run = nil
  if not looked then error(problem, 0) end
  summary.unlooked = problem
  local meant = options.as_shown and shown.CONDITION or nil
  local total = db:one(("SELECT count(*) AS number FROM invites WHERE state = 'planned' AND %s"):format(meant or "1")).number
  summary.total = options.limit and math.min(options.limit, total) or total
  local refused = summary.unlooked and summary.unlooked.kind == "unauthenticated" and summary.unlooked or nil
  local packs = send.packs(db, client.state(wix).settings.max_emails, options.limit, meant)
  return run.rows(owner, wix, act(options.keep_links == true), packs, summary, options, asked or refused)
end

return send
