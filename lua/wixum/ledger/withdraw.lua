--- Withdrawing an invite: revoked while it is open; and where somebody has accepted already, the access is taken away, once that is asked.
--
-- Owns the order of things: look, revoke, look again, ask, remove, look whether he is gone. Removes nobody without a yes to exactly the
-- account that is removed, with the evidence that it is his.

local act = require "wixum.ledger.act"
local aftermath = require "wixum.ledger.aftermath"
local changes = require "wixum.ledger.changes"
local check = require "wixum.ledger.check"
local decide = require "wixum.ledger.decide"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"

local withdraw = {}

---@class wixum.Candidate whose access would be taken away
---@field email string
---@field site_id string
---@field name string? of the site
---@field account_id string
---@field evidence string that the account is his
---@field joined_after string?
---@field joined_by string?
---@field others string[] other accounts that it may be, where it is unclear

---@class wixum.Withdrawal
---@field email string
---@field site_id string
---@field outcome "taken_back"|"revoked"|"removed"|"open"|"asked"|"unclear"|"none" taken_back: he was not mailed yet; revoked: the
--- invite is; removed: the access is gone; open: neither could be done; asked: the answer was no; unclear: it must be said which
--- account; none: it had been revoked, had failed or expired before, and nobody has joined by it
---@field candidate wixum.Candidate? who has, or may have, accepted
---@field seen "as_wanted"|"otherwise"|"unseen"|nil after a removal: is he gone?
---@field revoked wixum.ActSummary? what came of revoking
---@field removed wixum.ChangeSummary? what came of removing
---@field reason string? why it is open
---@field stopped wixum.Error?

local ROW = [[SELECT i.id, i.email, i.person, i.site_id, s.name, i.state, i.step, i.mails, i.evidence, i.account_id, i.candidates,
  i.joined_after, i.joined_by, i.invite_id, i.reason FROM invites i LEFT JOIN sites s ON s.site_id = i.site_id
  WHERE i.site_id = ? AND i.person = ?]]

local function read(db, site_id, person) return db:one(ROW, site_id, person) end

-- Whose access would go; nil where nobody has joined by this invite, as far as can be seen.
local function candidate_of(row, named)
  local ids = {}
  if row.state == "accepted" then ids[1] = row.account_id
  elseif row.evidence == evidence.UNCLEAR then for id in (row.candidates or ""):gmatch("%S+") do ids[#ids + 1] = id end end
  local function about(account, others)
    return { email = row.email, site_id = row.site_id, name = row.name, account_id = account, evidence = row.evidence,
      joined_after = row.joined_after, joined_by = row.joined_by, others = others }
  end
  if not named then
    if #ids == 1 then return about(ids[1], {}) end
    return #ids > 1 and about(nil, ids) or nil
  end
  local others, meant = {}, false
  for _, id in ipairs(ids) do
    if id == named then meant = true else others[#others + 1] = id end
  end
  return meant and about(named, others) or nil, not meant and "this account is none of those that may have accepted" or nil
end

local function look(owner, wix, site_id, trust)
  return check.run(owner, wix, ("site_id = '%s'"):format(site_id), { trust = trust })
end

local TAKEN_BACK = "UPDATE invites SET state = 'revoked', reason = 'taken back before it was mailed', changed_at = ? WHERE id = ?"
local GONE = "UPDATE invites SET state = 'revoked', reason = 'had accepted, and was removed', changed_at = ? WHERE id = ?"

-- Takes the access of an account away, and looks whether it is gone.
local function remove(owner, wix, row, candidate, done, options)
  local db, now = owner.db, owner.now
  changes.recover(db, now())
  local subject = ("%s on %s"):format(row.person, row.site_id)
  changes.supersede(db, "withdraw", subject, now())
  local plan = changes.plan(db, "withdraw", subject, { {
    kind = "remove_contributor", site_id = row.site_id, account_id = candidate.account_id, email = row.email,
    evidence = candidate.evidence,
    words = ("takes %s (account %s) off %s"):format(row.email, candidate.account_id, row.name or row.site_id),
  } }, now())
  done.removed = changes.carry_out(owner, wix, plan, options)
  done.stopped = done.removed.stopped
  if done.stopped then return end
  changes.finish(db, plan, now())
  local rows = changes.rows(db, plan)
  local _, err = aftermath.look(owner, wix, rows)
  done.seen, done.stopped = rows[1].seen or "unseen", err
  if done.seen == "as_wanted" then
    done.outcome = "removed"
    db:run(GONE, now(), row.id)
  else done.outcome, done.reason = "open", rows[1].reason or "the account can still reach the site" end
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
  if row.state == "planned" and row.mails == 0 then
    db:run(TAKEN_BACK, now(), row.id)
    done.outcome = "taken_back"
    return done
  end
  local _, err = look(owner, wix, site_id, given.trust)
  if err then return nil, err end
  row = read(db, site_id, person)
  if row.state == "planned" then -- he was mailed before, and has not joined
    db:run(TAKEN_BACK, now(), row.id)
    done.outcome = "taken_back"
  elseif row.invite_id and (row.state == "pending" or row.state == "expired" or row.state == "unknown") then
    decide.expire(db, now())
    done.revoked = act.run(owner, wix, "revoke", { email = row.email, site_id = site_id }, { anew = true })
    done.stopped = done.revoked.stopped
    if done.stopped then return done end
    -- he may have accepted meanwhile, or before, unseen
    _, err = look(owner, wix, site_id, given.trust)
    row = read(db, site_id, person)
    if row.state == "revoked" then done.outcome = "revoked" elseif row.state ~= "accepted" then
      done.outcome, done.reason = "open", row.reason
    end
    if err then
      done.stopped = err
      return done
    end
  end
  local candidate, reason = candidate_of(row, given.account_id and folding.ascii(given.account_id))
  if reason then return nil, reason end
  done.candidate = candidate
  if not candidate then return done end
  if not candidate.account_id then
    if done.outcome ~= "revoked" then done.outcome = "unclear" end
    return done
  end
  -- an invite that could be revoked was open: what is unclear is then somebody else's
  if row.state ~= "accepted" and done.outcome == "revoked" and not given.account_id then return done end
  -- who names the account has said yes to it
  local yes = given.account_id ~= nil
  if given.ask then yes = given.ask(candidate) end
  if not yes then
    if done.outcome ~= "revoked" then done.outcome = "asked" end
    return done
  end
  remove(owner, wix, row, candidate, done, options)
  return done
end

return withdraw
