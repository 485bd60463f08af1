--- Withdrawing an invite: revoked while it is open; and where somebody has accepted already, the access is taken away, once that is asked.
--
-- Owns the order of things: look, revoke, look again, ask, remove, look whether he is gone. Removes nobody without a yes to exactly the
-- account that is removed; where it is unclear whose it is, it has to be named.

local aftermath = require "wixum.ledger.aftermath"
local changes = require "wixum.ledger.changes"
local check = require "wixum.ledger.check"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local owners = require "wixum.ledger.owners"
local removed = require "wixum.ledger.removed"
local team = require "wixum.ledger.team"

local withdraw = {}

---@class wixum.Candidate whose access would be taken away
---@field email string
---@field site_id string
---@field name string? of the site
---@field account_id string? nil: it is unclear which of `others`
---@field evidence string that the account is his
---@field joined_after string?
---@field joined_by string?
---@field team_email string? whose the account is by the team, where that is somebody else: the link was passed on, perhaps
---@field others string[] other accounts that it may be, where it is unclear; or that came by his invites too

---@class wixum.Withdrawal
---@field email string
---@field site_id string
---@field outcome "taken_back"|"revoked"|"over"|"removed"|"unseen"|"open"|"asked"|"unclear"|"none" taken_back: it was planned,
--- and will not be mailed; revoked: the invite is; over: it was not open any more, and nobody is known to have joined by it; removed: the
--- access is gone; unseen: it was taken away, and whether he is gone could not be seen; open: it could not be done; asked: the answer was
--- no; unclear: it must be said which account, or it was told that somebody accepted, and no account can be seen that it may be; none: it
--- had been revoked, had failed or expired before, and nobody is known to have joined by it
---@field taken_back boolean? it was planned, and will not be mailed; one before it may have been
---@field is_over boolean? where the invite was to be revoked: it was not open any more
---@field unrevoked string? why it could not be revoked: it may be open still
---@field candidate wixum.Candidate? who has, or may have, accepted
---@field revoked wixum.ChangeSummary? what came of revoking
---@field removed wixum.ChangeSummary? what came of removing
---@field seen "as_wanted"|"otherwise"|"unseen"|nil after a removal: is he gone?
---@field reason string? why it is open
---@field stopped wixum.Error?

local ROW = [[SELECT i.id, i.email, i.person, i.site_id, s.name, s.owner_account_id, i.state, i.step, i.mails, i.evidence, i.account_id,
  i.candidates, i.joined_after, i.joined_by, i.invite_id, i.earlier_invites, i.reason FROM invites i
  LEFT JOIN sites s ON s.site_id = i.site_id WHERE i.site_id = ? AND i.person = ?]]

local function read(db, site_id, person) return db:one(ROW, site_id, person) end

local NOBODYS = [[SELECT DISTINCT account_id FROM presences p WHERE site_id = ? AND gone_at IS NULL AND row_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = p.account_id) ORDER BY id]]

-- Accounts that may be his: those that came by his invites, or the candidates; or, where it was told that he accepted and not by which
-- account, those of the site that are nobody's.
local function accounts_of(db, row)
  local list = removed.accounts_of(db, row)
  -- one that a person has said is somebody else's must be named
  local certain = true
  for _, account in ipairs(list) do certain = certain and not removed.somebody_elses(db, account, row.person) end
  if list[1] then return list, certain end
  if row.state == "accepted" then
    if row.account_id then return { row.account_id }, true end
    for found in db:rows(NOBODYS, row.site_id) do list[#list + 1] = found.account_id end
  elseif row.evidence == evidence.UNCLEAR then
    for id in (row.candidates or ""):gmatch("%S+") do list[#list + 1] = id end
  end
  return list, false
end

-- Whose access would go; nil where nobody has joined by this invite, as far as can be seen.
local function candidate_of(db, row, named)
  local ids, certain = accounts_of(db, row)
  local function about(account)
    local others = {}
    for _, id in ipairs(ids) do
      if id ~= account then others[#others + 1] = id end
    end
    return { email = row.email, site_id = row.site_id, name = row.name, account_id = account, evidence = row.evidence,
      joined_after = row.joined_after, joined_by = row.joined_by, others = others }
  end
  if not ids[1] then return nil, named and "this account is none of those that may have accepted" or nil end
  if not named then return about(certain and ids[1] or nil) end
  for _, id in ipairs(ids) do
    if id == named then return about(named) end
  end
  return nil, "this account is none of those that may have accepted"
end

local function look(owner, wix, site_id, trust)
  return check.run(owner, wix, ("site_id = '%s'"):format(site_id), { trust = trust })
end

local function revocation(row, words)
  return { kind = "revoke_invite", site_id = row.site_id, email = row.email, detail = { invite_id = row.invite_id },
    words = words:format(row.email, row.name or row.site_id) }
end

-- What is to be done: the invite itself may be open still, where it is not sure that it is the one that was used.
local function changes_for(row, candidate)
  local list = {}
  if row.invite_id and row.state == "accepted" and removed.may_be_open(row) then
    list[1] = revocation(row, "revokes the invite of %s to %s, should it be open")
  end
  list[#list + 1] = { kind = "remove_contributor", site_id = row.site_id, account_id = candidate.account_id, email = row.email,
    evidence = candidate.evidence,
    words = ("takes %s (account %s) off %s"):format(row.email, candidate.account_id, row.name or row.site_id) }
  return list
end

-- Whose the account is by the team, where that is somebody else. What cannot be asked is not told: it is for the question alone.
local function team_email(owner, wix, row, candidate)
  if candidate.evidence == evidence.OPERATOR then return nil end
  local _, problem, _, there = owners.learn(owner, wix, { row.site_id }, function() return false end)
  local user = not problem and (there[row.site_id] or {})[candidate.account_id]
  local people = user and team.read(wix) or {}
  for _, one in ipairs(people) do
    local is_theirs = one.user_id and folding.ascii(one.user_id) == user
    if is_theirs and one.email ~= "" and one.person ~= row.person then return one.email end -- without an address it may be they
  end
end

-- Carries a plan of its own out. Answers its rows; nil where it was stopped.
local function carry_out(owner, wix, row, list, done, name, options)
  local db, now = owner.db, owner.now
  changes.recover(db, now())
  local subject = ("%s on %s"):format(row.person, row.site_id)
  changes.supersede(db, "withdraw", subject, now())
  local plan = changes.plan(db, "withdraw", subject, list, now())
  done[name] = changes.carry_out(owner, wix, plan, options)
  done.stopped = done[name].stopped
  if done.stopped then return nil end
  changes.finish(db, plan, now())
  return changes.rows(db, plan)
end

-- Takes the access of an account away, and looks whether it is gone.
local function remove(owner, wix, row, candidate, done, options)
  local db, now = owner.db, owner.now
  if candidate.account_id == options.own_account then
    done.outcome, done.reason = "open", "it is the account of the key itself, which is left alone"
    return
  end
  if row.owner_account_id == candidate.account_id then
    done.outcome, done.reason = "open", "the site belongs to this account now: its owner cannot be removed"
    return
  end
  done.outcome, done.reason = "open", "it was not carried out"
  local rows = carry_out(owner, wix, row, changes_for(row, candidate), done, "removed", options)
  if not rows then return end
  local removal = rows[#rows]
  if removal.state == "planned" then -- it was put back
    done.reason = removal.reason
    return
  end
  local _, err = aftermath.look(owner, wix, rows)
  done.seen, done.stopped = removal.seen or "unseen", err
  if done.seen == "otherwise" then
    done.reason = removal.reason or "the account can still reach the site"
    return
  end
  if done.seen == "unseen" and removal.state ~= "done" then
    done.reason = removal.reason or "nobody knows what became of it"
    return
  end
  done.outcome, done.reason = done.seen == "as_wanted" and "removed" or "unseen", nil
  if rows[1].kind == "revoke_invite" and rows[1].state ~= "done" then done.unrevoked = rows[1].reason or "it was not revoked" end
  if done.unrevoked then done.outcome, done.reason = "open", done.unrevoked end
  removed.account(db, row.site_id, candidate.account_id, now(), row.id)
end

-- Unless it turns out otherwise.
local function fail_to_revoke(done, reason) done.outcome, done.unrevoked, done.reason = "open", reason, reason end

-- Revokes what is open. Answers what the row is then; or nil, where it ends with what was done.
local function revoke(owner, wix, given, row, done, options)
  local db = owner.db
  fail_to_revoke(done, "it was not carried out")
  if not row.invite_id then
    fail_to_revoke(done, "the mail may have gone out, and without the id of its invite no call can revoke it: delete it on the site's "
      .. "Roles & Permissions page")
    return row
  end
  local rows = carry_out(owner, wix, row, { revocation(row, "revokes the invite of %s to %s") }, done, "revoked", options)
  if not rows then return nil end
  local is_done = rows[1].state == "done"
  if is_done then removed.invite(db, row.id, rows[1], owner.now()) end
  -- he may have accepted meanwhile, or before, unseen
  local _, err = look(owner, wix, row.site_id, given.trust)
  row = read(db, row.site_id, row.person)
  if is_done then
    -- one that was not open has been used, declined, or is over: by whom nobody may know
    done.is_over, done.unrevoked, done.reason = rows[1].reason ~= nil, nil, nil
    if row.state ~= "accepted" then done.outcome = done.is_over and "over" or "revoked" end
  else fail_to_revoke(done, rows[1].reason or "it was not revoked") end
  if not err then return row end
  done.stopped = err
end

--- Withdraws.
---@param owner table of the ledger: `db`, `now`; while it lasts, `stop_run` ends it
---@param wix table
---@param given { email: string, site_id: string, account_id: string?, ask: (fun(candidate: wixum.Candidate): boolean)?, trust: table }
--- without `ask` naming the account is the yes
---@param options { concurrency: integer? }
---@return wixum.Withdrawal?
---@return wixum.Error|string? err or a reason
function withdraw.run(owner, wix, given, options)
  local db, now = owner.db, owner.now
  local site_id, person = folding.ascii(given.site_id), folding.person(given.email)
  local row = read(db, site_id, person)
  if not row then return nil, "the ledger has no invite of this address to this site" end
  local done = { email = row.email, site_id = site_id, outcome = "none" }
  local function take_back()
    removed.planned(db, row.id, now())
    done.outcome, done.taken_back = "taken_back", true
    return done
  end
  if row.state == "planned" and row.mails == 0 then return take_back() end
  local _, err = look(owner, wix, site_id, given.trust)
  if err then return nil, err end
  row = read(db, site_id, person)
  local named = given.account_id and folding.ascii(given.account_id)
  local _, not_it = candidate_of(db, row, named)
  if not_it then return nil, not_it end -- before anything is changed
  if row.state == "planned" then -- mailed before: somebody may have joined by that
    take_back()
  elseif row.state == "pending" or row.state == "expired" or row.state == "unknown" then
    row = revoke(owner, wix, given, row, done, options)
    if not row then return done end
  end
  local candidate, reason = candidate_of(db, row, named)
  if reason then return nil, reason end
  done.candidate = candidate
  if not candidate then
    if row.state == "accepted" then done.outcome = "unclear" end -- it was told, and by nobody's account that can be seen
    return done
  end
  if not candidate.account_id then
    if done.outcome ~= "revoked" then done.outcome = "unclear" end
    return done
  end
  -- who names the account has said yes to it
  local yes = given.account_id ~= nil
  if given.ask then
    candidate.team_email = team_email(owner, wix, row, candidate)
    yes = given.ask(candidate)
  end
  if yes then remove(owner, wix, row, candidate, done, options)
  elseif done.outcome ~= "revoked" then done.outcome, done.reason = "asked", nil end
  return done
end

return withdraw
