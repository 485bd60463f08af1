--- The ledger's tables: what an operator sees who opens the file with sqlite3.
--
-- Owns their columns, and the steps from each version to the next. Dates are text in UTC ("2026-11-25T08:00:00Z"), which sorts as time
-- does. A text that says nothing is '' where columns are compared with each other, else NULL.

local database = require "wixum.ledger.database"
local folding = require "wixum.folding"

local schema = {}

-- The ASCII spelling of a domain was another person. Where both were invited to a site, they stay two rows.
local function respell(db)
  for _, row in ipairs(db:all("SELECT id, person FROM invites WHERE instr(person, 'xn--') > 0")) do
    db:run("UPDATE OR IGNORE invites SET person = ? WHERE id = ?", folding.person(row.person), row.id)
  end
end

-- One list of statements, or functions, a version; what has been released is not changed, a change is a further list.
schema.VERSIONS = {
  {
    -- what this ledger is bound to, and since when
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",

    -- one address on one site a row
    [[CREATE TABLE invites (
      id INTEGER PRIMARY KEY,
      site_id TEXT NOT NULL,
      email TEXT NOT NULL,                     -- as it was written
      person TEXT NOT NULL,                    -- the same in small letters
      policy_ids TEXT NOT NULL,                -- role ids in order, a blank between
      roles TEXT NOT NULL DEFAULT '',          -- their titles when it was planned
      invite_purpose TEXT NOT NULL DEFAULT '',
      language TEXT NOT NULL DEFAULT '',
      state TEXT NOT NULL,                     -- planned sending pending failed unknown accepted expired revoked
      step TEXT,                               -- what is being done with it now, or was when a process died: invite resend revoke
      unknown_step TEXT,                       -- where it is unknown: what became of which step
      earlier_mail_at TEXT,                    -- where it is unknown: when the mail before the last was
      invite_id TEXT,
      accept_link TEXT,                        -- kept on request only
      mails INTEGER NOT NULL DEFAULT 0,        -- that were sent, or may have been
      reason TEXT,                             -- why it is as it is
      evidence TEXT,                           -- of acceptance: only_candidate role known_account told operator unclear
      account_id TEXT,                         -- whose account accepted, as far as known
      request_id TEXT,                         -- of the last answer
      planned_at TEXT NOT NULL,
      first_mail_at TEXT,
      last_mail_at TEXT,
      expires_at TEXT,
      changed_at TEXT NOT NULL,
      UNIQUE (site_id, person))]],
    -- in the order in which they are sent: what can go in one call stands together
    [[CREATE INDEX planned_invites ON invites (site_id, policy_ids, invite_purpose, language, id) WHERE state = 'planned']],

    -- every call that is not a read, for support
    [[CREATE TABLE calls (
      id INTEGER PRIMARY KEY,
      began_at TEXT NOT NULL,
      operation TEXT NOT NULL,
      site_id TEXT,
      people TEXT NOT NULL,                    -- addresses or account ids, a blank between
      outcome TEXT,                            -- done refused not_sent unknown; NULL: it is under way, or its process died
      status INTEGER,
      request_id TEXT,
      reason TEXT)]],

    -- what was begun with which rows, so that it goes on where it was interrupted
    [[CREATE TABLE batches (
      id INTEGER PRIMARY KEY,
      operation TEXT NOT NULL,
      selector TEXT NOT NULL,
      began_at TEXT NOT NULL,
      ended_at TEXT)]],
    "CREATE TABLE batch_rows (batch_id INTEGER NOT NULL, row_id INTEGER NOT NULL, PRIMARY KEY (batch_id, row_id)) WITHOUT ROWID",

    -- sites by the names that people know them by
    [[CREATE TABLE sites (
      site_id TEXT PRIMARY KEY,
      name TEXT,
      url TEXT,
      looked_at TEXT)                          -- when it was stored who could reach it before its first mail]],
    [[CREATE TABLE reached_before (
      site_id TEXT NOT NULL,
      account_id TEXT NOT NULL,
      seen_at TEXT NOT NULL,
      PRIMARY KEY (site_id, account_id)) WITHOUT ROWID]],
  },
  {
    -- of a row that is accepted: between which looks; of one that is unclear: which accounts it may have been, a blank between
    "ALTER TABLE invites ADD COLUMN joined_after TEXT",
    "ALTER TABLE invites ADD COLUMN joined_by TEXT",
    "ALTER TABLE invites ADD COLUMN candidates TEXT",
    -- invites of the row before the present one, each of which may have been used
    "ALTER TABLE invites ADD COLUMN earlier_invites INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE invites ADD COLUMN accepted_from TEXT", -- its state before, should it turn out otherwise
    "UPDATE invites SET earlier_invites = mails - 1 WHERE mails > 1", -- too many would be no harm; they may have been resends
    "ALTER TABLE invites ADD COLUMN opened_at TEXT",     -- by our own clock: when the first mail was about to leave

    -- which accounts could reach which site, from look to look: a row for each stretch of time
    [[CREATE TABLE presences (
      id INTEGER PRIMARY KEY,
      site_id TEXT NOT NULL,
      account_id TEXT NOT NULL,
      absent_at TEXT,                          -- the last look before, without it; NULL: it was there at the first look
      seen_at TEXT NOT NULL,                   -- the first look with it
      last_seen_at TEXT,                       -- where it is gone: the last look with it,
      gone_at TEXT,                            --   and the first without it
      doubtful INTEGER NOT NULL DEFAULT 0,     -- it may have come otherwise than by an invite of this ledger
      removed INTEGER NOT NULL DEFAULT 0,      -- it was taken off from here
      row_id INTEGER)                          -- the invite that it came by, as far as known]],
    "CREATE INDEX presences_of_sites ON presences (site_id, account_id)",
    "CREATE INDEX presences_of_accounts ON presences (account_id)",
    "CREATE INDEX presences_of_rows ON presences (row_id) WHERE row_id IS NOT NULL",
    "CREATE INDEX replanned_invites ON invites (site_id) WHERE state = 'planned' AND mails > 0",
    "CREATE INDEX invites_of_accounts ON invites (account_id) WHERE account_id IS NOT NULL",
    [[INSERT INTO presences (site_id, account_id, seen_at) SELECT site_id, account_id, seen_at FROM reached_before
      ORDER BY site_id, account_id]],
    "DROP TABLE reached_before",
    "ALTER TABLE sites ADD COLUMN checked_at TEXT",       -- when the last look began
    "ALTER TABLE sites ADD COLUMN unlisted_at TEXT",      -- since when the account's list does not have it
    "ALTER TABLE sites ADD COLUMN owner_account_id TEXT", -- at the last that said it; "" where none has
    "ALTER TABLE sites ADD COLUMN restored_at TEXT",      -- a backup was read in, and nobody has looked since
    "UPDATE sites SET checked_at = looked_at",
    "CREATE TABLE owners (site_id TEXT NOT NULL, account_id TEXT NOT NULL, PRIMARY KEY (site_id, account_id)) WITHOUT ROWID",

    -- whose account it is, as a person has said
    [[CREATE TABLE accounts (
      account_id TEXT PRIMARY KEY,
      person TEXT NOT NULL,                    -- the address in small letters
      email TEXT NOT NULL,
      site_id TEXT NOT NULL,                   -- where it was said
      said_at TEXT NOT NULL)]],

    -- what a person has taken back of it: a backup that was made before must not bring it again
    "CREATE TABLE undone (account_id TEXT NOT NULL, person TEXT NOT NULL, undone_at TEXT NOT NULL, PRIMARY KEY (account_id, person))",

    -- which user an account is, as the service says of those who can reach a site
    "CREATE TABLE account_owners (account_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, seen_at TEXT NOT NULL)",

    -- who was invited to the account's team, a person a row
    [[CREATE TABLE team_invites (
      id INTEGER PRIMARY KEY,
      email TEXT NOT NULL,                     -- as it was written
      person TEXT NOT NULL UNIQUE,             -- the same in small letters
      policy_id TEXT NOT NULL,                 -- role id
      role TEXT NOT NULL,                      -- its title when it was planned
      site_ids TEXT NOT NULL,                  -- in order, a blank between; * is the whole account
      language TEXT NOT NULL DEFAULT '',
      state TEXT NOT NULL,                     -- planned sending pending failed unknown accepted expired declined revoked removed
      step TEXT,                               -- "invite" while it is under way, or was when a process died
      invite_id TEXT,
      user_id TEXT,                            -- once somebody is a member
      mails INTEGER NOT NULL DEFAULT 0,        -- that were sent, or may have been
      reason TEXT,
      request_id TEXT,
      planned_at TEXT NOT NULL,
      mailed_at TEXT,                          -- or may have been
      expires_at TEXT,
      seen_at TEXT,                            -- when the team was looked at last
      changed_at TEXT NOT NULL)]],

    -- invites to the team that may have been used, of people whose row is about a later one
    [[CREATE TABLE past_team_invites (
      person TEXT NOT NULL,
      user_id TEXT,
      site_ids TEXT NOT NULL,
      opened_at TEXT NOT NULL,
      closed_at TEXT NOT NULL)]],

    -- what is done about people who are in: a plan, and a row for each removal and each change of roles
    [[CREATE TABLE plans (
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,                      -- withdraw leaver access
      subject TEXT NOT NULL,                   -- about whom, or by which file
      began_at TEXT NOT NULL,
      ended_at TEXT)]],
    [[CREATE TABLE changes (
      id INTEGER PRIMARY KEY,
      plan_id INTEGER NOT NULL,
      kind TEXT NOT NULL,                      -- revoke_invite remove_contributor change_role remove_member change_assignments
      site_id TEXT,                            -- NULL: the whole account
      account_id TEXT,                         -- of a contributor
      user_id TEXT,                            -- of a member of the team
      email TEXT NOT NULL DEFAULT '',          -- as far as known
      evidence TEXT,                           -- that the account is theirs
      detail TEXT NOT NULL DEFAULT '{}',       -- JSON: what they are to have
      words TEXT NOT NULL,                     -- the same for people
      state TEXT NOT NULL,                     -- planned sending done failed unknown dropped
      step TEXT,                               -- "change" while it is under way, or was when a process died
      reason TEXT,
      request_id TEXT,
      planned_at TEXT NOT NULL,
      changed_at TEXT NOT NULL,
      seen_at TEXT,                            -- when it was looked what came of it,
      seen TEXT)]],                            --   and what was seen: as_wanted otherwise
    "CREATE INDEX changes_of_plans ON changes (plan_id)",
    respell,
  },
}

--- Brings a database to the present version, from none or any earlier one: wholly or not at all.
---@param db table
function schema.migrate(db)
  local present, newest = db:version(), #schema.VERSIONS
  if present > newest then
    database.fail(("a newer wixum made it (version %d of the tables, this one knows %d)"):format(present, newest), "Use that wixum")
  end
  if present == newest then return end
  db:transaction(function()
    for version = db:version() + 1, newest do -- anew: another process may have been quicker
      for _, step in ipairs(schema.VERSIONS[version]) do
        if type(step) == "function" then step(db) else db:run(step) end
      end
      db:mark(version)
    end
  end)
end

return schema
