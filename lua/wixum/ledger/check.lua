--- Checking: who has joined since, as far as it can be told from who can reach the sites now.
--
-- Owns which sites are looked at, what becomes of rows, and the summary. What is seen is stored by `looks`, what follows is said by
-- `attribution`. Mails nobody and removes nobody.

local arrivals = require "wixum.ledger.arrivals"
local attribution = require "wixum.ledger.attribution"
local changes = require "wixum.ledger.changes"
local client = require "wixum.client"
local database = require "wixum.ledger.database"
local decide = require "wixum.ledger.decide"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local looks = require "wixum.ledger.looks"
local removed = require "wixum.ledger.removed"
local run = require "wixum.ledger.run"
local quoted = database.quoted

local check = {}

local SLACK = 3600 -- seconds by which our clock and the service's may differ
local NAMED = 20 -- rows of each kind that a summary names
local AT_ONCE = 500 -- rows a statement

---@class wixum.Check
---@field sites integer that were looked at
---@field calls integer
---@field accepted integer rows of which it is known since now
---@field unclear integer rows of these sites of which it cannot be told
---@field waiting integer rows of these sites that are pending, and neither
---@field strangers integer accounts that joined without an invite of this ledger
---@field by_team integer accounts that make rows unclear, and may have come by an invite to the team
---@field late integer sites that nobody had looked at before the first mail
---@field unlisted integer sites that the account's list does not have
---@field accepted_rows table[] the first of them: email, site_id, name, account_id, evidence, joined_after, joined_by, was
---@field unclear_rows table[] the first of them: email, site_id, name, candidates, taken
---@field stopped wixum.Error? why it ended early

-- ---- what is known of a site -----------------------------------------------------------------------------------------

local function seconds(text) return text and require("wixum").time(text) or nil end

-- Accepted ones too: another invite of theirs may have been used.
local ROWS = [[SELECT id, person, email, state, step, opened_at, first_mail_at, expires_at, changed_at, account_id, evidence, candidates,
  policy_ids, accepted_from, earlier_invites, (SELECT count(*) FROM presences p WHERE p.row_id = invites.id), reason
  FROM invites WHERE site_id = %s AND (mails > 0 OR step IS NOT NULL OR state IN ('unknown', 'failed')) ORDER BY id]]

-- Seconds of a moment; the same comes again and again.
local function reader()
  local last_text, last_seconds
  return function(text)
    if text ~= last_text then last_text, last_seconds = text, seconds(text) end
    return last_seconds
  end
end

-- Rows as `attribution` wants them, with what is needed beside it. There may be very many. When looks were made and mails left is of our
-- own clock, when an invite expires is of the service's.
local function invites_of(db, site_id)
  local ours, theirs = reader(), reader()
  return db:page(function(values)
    local id, person, email, own_state, step, opened_at, first_mail_at, expires_at, changed_at, account_id, said, candidates, policy_ids,
      accepted_from, earlier, came, reason = table.unpack(values, 1, 17)
    local state = accepted_from or own_state
    -- refused by the service: perhaps since somebody has invited them in the dashboard
    local failed = state == "failed"
    local mailed, opened, closed, slack = first_mail_at and theirs(first_mail_at), nil, nil, 0
    if not failed then
      opened = opened_at and ours(opened_at) or mailed
      if not opened_at then slack = SLACK end
    end
    if state == "expired" and expires_at then
      -- Where our clock is ahead, it ends later by it. A mail dated long after the first try says nothing: it may have left late.
      closed, slack = seconds(expires_at) + math.max(0, opened_at and mailed and ours(opened_at) - mailed or 0), SLACK
    elseif state == "revoked" and not accepted_from or reason == changes.NOT_OPEN then closed = seconds(changed_at) end
    local sent = earlier + ((failed or state == "planned") and 0 or 1)
    return { id = id, person = person, email = email, state = own_state, account_id = account_id, evidence = said,
      candidates = candidates, policy_ids = policy_ids, opened = opened, closed = closed, slack = slack,
      left = math.max(sent - came, failed and 1 or 0), fixed = failed and earlier == 0 or step ~= nil }
  end, ROWS:format(quoted(site_id)))
end

-- What is known beyond the site of accounts that arrived there.
local function known_of(db, site_id, arrived, account, trust)
  local known = { excluded = { [account or ""] = true }, ties = {}, used = {}, elsewhere = {}, trust_links = trust.links }
  for row in db:rows("SELECT account_id FROM owners WHERE site_id = ?", site_id) do known.excluded[row.account_id] = true end
  local ids = {}
  for i, arrival in ipairs(arrived) do ids[i] = quoted(arrival.account) end
  local list = table.concat(ids, ",")
  for row in db:rows(("SELECT account_id, person FROM accounts WHERE account_id IN (%s)"):format(list)) do
    known.ties[row.account_id] = row.person
  end
  for row in db:rows(("SELECT DISTINCT account_id, person FROM invites WHERE account_id IN (%s)"):format(list)) do
    known.used[row.account_id] = known.used[row.account_id] or {}
    known.used[row.account_id][row.person] = true
  end
  -- who was somewhere from the beginning; or here before, and nobody knows by what
  for row in db:rows(([[SELECT account_id FROM presences WHERE account_id IN (%s) AND row_id IS NULL AND absent_at IS NULL
    AND (site_id <> ? OR doubtful = 0) UNION SELECT account_id FROM presences WHERE account_id IN (%s) AND row_id IS NULL AND site_id = ?
    AND gone_at IS NOT NULL AND EXISTS (SELECT 1 FROM presences later WHERE later.site_id = presences.site_id
      AND later.account_id = presences.account_id AND later.id > presences.id)]]):format(list, list), site_id, site_id) do
    known.elsewhere[row.account_id] = true
  end
  return known
end

-- ---- what becomes of rows --------------------------------------------------------------------------------------------

local ACCEPTED = [[UPDATE invites SET state = 'accepted', accepted_from = state, evidence = ?, account_id = ?, joined_after = ?,
  joined_by = ?, candidates = NULL, reason = ?, changed_at = ? WHERE id = ?]]

local WORDS = {
  revoked = "had accepted before it was revoked", planned = "had accepted the invite before; the new one was not sent",
}

local function accept(db, decision, now)
  local row, arrival = decision.row, decision.arrival
  -- by which of the invites somebody came who is known is another question
  if decision.evidence ~= evidence.KNOWN_ACCOUNT then
    db:run("UPDATE presences SET row_id = ? WHERE id = ?", row.id, arrival.id)
  end
  local was = row.state
  if was == "accepted" then
    if row.account_id then return false end -- somebody else has used another invite of hers
    row.account_id = arrival.account
    db:run("UPDATE invites SET account_id = ?, joined_after = ?, joined_by = ?, changed_at = ? WHERE id = ?", arrival.account,
      arrival.absent_at, arrival.seen_at, now, row.id) -- that it was accepted was told, and not by whom
    return false
  end
  db:run(ACCEPTED, decision.evidence, arrival.account, arrival.absent_at, arrival.seen_at, WORDS[was], now, row.id)
  row.state, row.account_id = "accepted", arrival.account
  return true, was
end

-- When an invite was revoked is told by its last change: that stays.
local CHANGED = "changed_at = CASE state WHEN 'revoked' THEN changed_at ELSE ? END"
local UNCLEAR = "UPDATE invites SET evidence = ?, candidates = ?, joined_after = ?, joined_by = ?, " .. CHANGED .. " WHERE id IN (%s)"

-- Who it may have been, and in which time.
local function unclear_words(list)
  local ids, seen, after, by = {}, {}, list[1].absent_at, ""
  for _, arrival in ipairs(list) do
    if not seen[arrival.account] then ids[#ids + 1], seen[arrival.account] = arrival.account, true end
    if not arrival.absent_at or after and arrival.absent_at < after then after = arrival.absent_at end
    if arrival.seen_at > by then by = arrival.seen_at end
  end
  return table.concat(ids, " "), after, by
end

-- Writes down of rows that they are unclear, and who it may have been; only where that is new. Most often many say the same.
local function leave_unclear(db, rows, unclear, now)
  local groups, order = {}, {}
  for _, row in ipairs(rows) do
    local text, after, by = unclear_words(unclear[row])
    if row.evidence ~= evidence.UNCLEAR or row.candidates ~= text then
      local key = ("%s %s %s"):format(after, by, text)
      if not groups[key] then
        groups[key] = { text = text, after = after, by = by }
        order[#order + 1] = groups[key]
      end
      table.insert(groups[key], row.id)
    end
  end
  for _, group in ipairs(order) do
    for first = 1, #group, AT_ONCE do
      db:run(UNCLEAR:format(table.concat(group, ",", first, math.min(first + AT_ONCE - 1, #group))), evidence.UNCLEAR, group.text,
        group.after, group.by, now)
    end
  end
end

-- How many of those that make rows unclear may have come by an invite to the team.
local function by_team(rows, unclear)
  local seen, number = {}, 0
  for _, row in ipairs(rows) do
    for _, arrival in ipairs(unclear[row]) do
      if arrival.by_team and not seen[arrival] then seen[arrival], number = true, number + 1 end
    end
  end
  return number
end

local CLEAR = "UPDATE invites SET evidence = NULL, candidates = NULL, joined_after = NULL, joined_by = NULL, " .. CHANGED .. " WHERE "

-- Arrivals that rows know already: of a told acceptance, or of a ledger that was read in.
local function link_settled(db, site_id)
  db:run([[UPDATE presences SET row_id = (SELECT i.id FROM invites i WHERE i.site_id = presences.site_id
      AND i.account_id = presences.account_id AND i.state = 'accepted' AND i.evidence <> ? LIMIT 1)
    WHERE site_id = ? AND row_id IS NULL AND (absent_at IS NOT NULL OR doubtful = 1) AND EXISTS (SELECT 1 FROM invites i
      WHERE i.site_id = presences.site_id AND i.account_id = presences.account_id AND i.state = 'accepted' AND i.evidence <> ?
      AND NOT EXISTS (SELECT 1 FROM presences p WHERE p.row_id = i.id))
    AND NOT EXISTS (SELECT 1 FROM presences p WHERE p.site_id = presences.site_id AND p.account_id = presences.account_id
      AND p.row_id IS NULL AND (p.absent_at IS NOT NULL OR p.doubtful = 1) AND p.id < presences.id)]], evidence.KNOWN_ACCOUNT, site_id,
    evidence.KNOWN_ACCOUNT)
end

--- Says of a site's rows what follows from what has been seen.
---@param db table
---@param site_id string
---@param account string? that the ledger belongs to
---@param trust { links: boolean?, roles: boolean? }
---@param now string
---@param fits (fun(row: table, account: string): boolean)? has the account the roles of the invite?
---@return table[] accepted rows, each with what it was
---@return integer strangers
---@return integer by_team accounts that make rows unclear, and may have come by an invite to the team
function check.evaluate(db, site_id, account, trust, now, fits)
  link_settled(db, site_id)
  local arrived, accepted = arrivals.of(db, site_id), {}
  if #arrived == 0 then
    db:run(CLEAR .. "site_id = ? AND evidence = ? AND state <> 'accepted'", now, site_id, evidence.UNCLEAR)
    return accepted, 0, 0
  end
  local rows = invites_of(db, site_id)
  local known = known_of(db, site_id, arrived, account, trust)
  known.fits = fits
  local found = attribution.decide(rows, arrived, known)
  for _, decision in ipairs(found.decided) do
    local row = decision.row
    local new, was = accept(db, decision, now)
    if new then
      accepted[#accepted + 1] = { email = row.email, site_id = site_id, account_id = decision.arrival.account, was = was,
        evidence = decision.evidence, joined_after = decision.arrival.absent_at, joined_by = decision.arrival.seen_at }
    end
  end
  local left = {}
  for _, row in ipairs(rows) do
    if row.state ~= "accepted" and not row.fixed then
      if found.unclear[row] then left[#left + 1] = row
      elseif row.evidence == evidence.UNCLEAR then db:run(CLEAR .. "id = ?", now, row.id) end
    end
  end
  leave_unclear(db, left, found.unclear, now)
  return accepted, #found.strangers, by_team(left, found.unclear)
end

-- ---- roles, where they are trusted -----------------------------------------------------------------------------------

-- Which roles are to be asked for: none where they would tell nothing.
local function roles_to_ask(rows)
  local policies, first, several = {}, nil, false
  for _, invite in ipairs(rows) do
    if invite.left > 0 then
      first = first or invite.policy_ids
      several = several or first ~= invite.policy_ids
      for id in invite.policy_ids:gmatch("%S+") do policies[id] = true end
    end
  end
  return several and policies or {}
end

-- Which of a site's accounts have which roles: a call a role, where somebody has arrived.
local function roles_on(db, wix, site_id, summary)
  if not arrivals.any(db, site_id) then return nil end
  local policies = roles_to_ask(invites_of(db, site_id))
  if not next(policies) then return nil end
  local own <close>, holders = wix:with{ site_id = site_id }, {}
  for id in pairs(policies) do
    local answer, err = own.contributors.query_site_contributors{ filter = { policy_ids = { id } } }
    summary.calls = summary.calls + 1
    if not answer then return nil, err end
    holders[id] = {}
    for _, contributor in ipairs(answer.contributors) do
      if type(contributor.account_id) == "string" then holders[id][folding.ascii(contributor.account_id)] = true end
    end
  end
  return function(invite, account)
    for id in invite.policy_ids:gmatch("%S+") do
      if not (holders[id] and holders[id][account]) then return false end
    end
    return true
  end
end

-- ---- a check ---------------------------------------------------------------------------------------------------------

-- From the sites' side: an index tells whether one has a row that was mailed.
local SITES = [[SELECT site_id, name, looked_at FROM sites s WHERE site_id > ? AND (%s) AND EXISTS (SELECT 1 FROM invites i
  WHERE i.site_id = s.site_id AND (i.mails > 0 OR i.state = 'unknown')) ORDER BY site_id LIMIT %d]]

--- How many sites a check looks at.
---@param db table
---@param condition string on sites
---@return integer
function check.sites(db, condition)
  return db:one(([[SELECT count(*) AS number FROM sites s WHERE (%s) AND EXISTS (SELECT 1 FROM invites i
    WHERE i.site_id = s.site_id AND (i.mails > 0 OR i.state = 'unknown'))]]):format(condition)).number
end

local INVITED = "SELECT 1 AS found FROM invites WHERE site_id = ? AND person = ? AND mails > 0 AND state <> 'accepted'"

--- Whose the candidates of a row are that a person has said to be somebody else's: none of these can be confirmed as theirs.
---@param db table
---@param row { person: string, site_id: string, candidates: string? }
---@return table<string, wixum.Taken>? by account; nil: nobody's
function check.taken(db, row)
  local taken
  for account in (row.candidates or ""):gmatch("%S+") do
    local whose = removed.somebody_elses(db, account, row.person)
    if whose then
      taken = taken or {}
      taken[account] = { email = whose, is_invited = db:one(INVITED, row.site_id, folding.person(whose)) ~= nil }
    end
  end
  return taken
end

local function counted(db, ids, summary)
  local row = db:one(([[SELECT sum(evidence = 'unclear' AND state <> 'accepted') AS unclear,
    sum(state = 'pending' AND coalesce(evidence, '') <> 'unclear') AS waiting FROM invites WHERE site_id IN (%s)]]):format(ids))
  summary.unclear, summary.waiting = summary.unclear + (row.unclear or 0), summary.waiting + (row.waiting or 0)
  local left = NAMED - #summary.unclear_rows
  if left <= 0 then return end
  for _, found in ipairs(db:all(([[SELECT i.email, i.person, i.site_id, i.candidates, s.name FROM invites i
    JOIN sites s ON s.site_id = i.site_id WHERE i.site_id IN (%s) AND i.evidence = 'unclear' AND i.state <> 'accepted'
    ORDER BY i.id LIMIT %d]]):format(ids, left))) do
    found.taken, found.person = check.taken(db, found), nil
    summary.unclear_rows[#summary.unclear_rows + 1] = found
  end
end

local function listed(sites)
  local texts = {}
  for i, site in ipairs(sites) do texts[i] = quoted(site.site_id) end
  return table.concat(texts, ",")
end

-- A page of sites that have been looked at.
local function evaluate_page(owner, wix, page, seen, summary, trust, account)
  local db, now = owner.db, owner.now()
  for _, site in ipairs(page) do
    if seen[site.site_id] then
      summary.sites = summary.sites + 1
      local fits, trouble
      if trust.roles then fits, trouble = roles_on(db, wix, site.site_id, summary) end
      if trouble then return trouble end
      local accepted, strangers, of_team = db:transaction(check.evaluate, db, site.site_id, account, trust, now, fits)
      summary.accepted, summary.strangers = summary.accepted + #accepted, summary.strangers + strangers
      summary.by_team = summary.by_team + of_team
      for _, row in ipairs(accepted) do
        row.name = site.name
        if #summary.accepted_rows < NAMED then summary.accepted_rows[#summary.accepted_rows + 1] = row end
      end
    else summary.unlisted = summary.unlisted + 1 end
  end
  counted(db, listed(page), summary)
end

---@param owner table of the ledger: `db`, `now`; while it lasts, `stop_run` ends it
---@param wix table
---@param condition string which sites
---@param options { trust: { links: boolean?, roles: boolean? }, on_progress: function? }
---@return wixum.Check
---@return wixum.Error? err where the service did not answer: what was seen before it is kept
function check.run(owner, wix, condition, options)
  local db = owner.db
  run.recover(db, owner.now())
  decide.expire(db, owner.now())
  local account = client.state(wix).settings.account_id
  account = account and folding.ascii(account)
  local summary = setmetatable({ sites = 0, calls = 0, accepted = 0, unclear = 0, waiting = 0, strangers = 0, by_team = 0, late = 0,
    unlisted = 0, accepted_rows = {}, unclear_rows = {}, total = check.sites(db, condition), done = 0 }, evidence.summary)
  local last = ""
  owner.stop_run = function() summary.stopped = run.asked_to_stop "sites.query_sites" end
  local ok, raised = pcall(function()
    while not summary.stopped do
      local page, ids = db:all(SITES:format(condition, looks.A_CALL), last), {}
      if #page == 0 then return end
      for i, site in ipairs(page) do
        ids[i], last = site.site_id, site.site_id
        if not site.looked_at then summary.late = summary.late + 1 end
      end
      local seen, err = looks.at(db, wix, ids, owner.now)
      summary.calls = summary.calls + 1
      err = seen and evaluate_page(owner, wix, page, seen, summary, options.trust, account) or err
      if err then return err end
      summary.done = summary.done + #page
      if options.on_progress then options.on_progress(summary) end
    end
  end)
  owner.stop_run = nil
  if not ok then error(raised, 0) end
  return summary, raised
end

return check
