--- A ledger to one file, and back: backups, and the reading of a backup or an export into a ledger.
--
-- Owns what is taken over and what is not. Of a row that both have, the one that was mailed later counts, then the one that changed
-- later. What a file calls planned may have been sent after the file was made, and nobody is mailed twice: such rows become unknown, and
-- a person settles them.

local binding = require "wixum.ledger.binding"
local calls = require "wixum.ledger.calls"
local csv_problem = require "wixum.csv.problem"
local database = require "wixum.ledger.database"
local filesystem = require "wixum.ledger.filesystem"
local reader = require "wixum.ledger.reader"
local schema = require "wixum.ledger.schema"
local selector = require "wixum.ledger.selector"
local team_windows = require "wixum.ledger.team_windows"
local quoted = database.quoted

local restore = {}

local COLUMNS = { "site_id", "email", "person", "policy_ids", "roles", "invite_purpose", "language", "state", "step", "unknown_step",
  "earlier_mail_at", "invite_id", "accept_link", "mails", "reason", "evidence", "account_id", "request_id", "planned_at", "first_mail_at",
  "last_mail_at", "expires_at", "joined_after", "joined_by", "candidates", "accepted_from",
  "earlier_invites", "opened_at", "changed_at" }
local LIST = table.concat(COLUMNS, ", ")

-- ---- out -------------------------------------------------------------------------------------------------------------

--- Writes all of a ledger to a file, while it is in use.
---@param state table of the ledger
---@param path string of a file that is not there yet
---@return integer rows
function restore.backup(state, path)
  if filesystem.exists(path) then
    database.fail_of_file(("%s is there already; nothing was written"):format(path), "Name a file that is not there")
  elseif not filesystem.make_private(path) then
    database.fail_of_file(("%s cannot be made: its folder is not there, or may not be written"):format(path), "Name another place")
  end
  local ok, problem = pcall(state.db.copy_to, state.db, path)
  if not ok then
    os.remove(path)
    error(problem, 0)
  end
  return state.db:one("SELECT count(*) AS number FROM invites").number
end

-- ---- in: what is to be taken over ------------------------------------------------------------------------------------

local TEMPORARY = [[CREATE TEMP TABLE imported (line INTEGER, site_id TEXT, email TEXT, person TEXT, policy_ids TEXT, roles TEXT,
  invite_purpose TEXT, language TEXT, state TEXT, step TEXT, unknown_step TEXT, earlier_mail_at TEXT, invite_id TEXT, accept_link TEXT,
  mails INTEGER, reason TEXT, evidence TEXT, account_id TEXT, request_id TEXT, planned_at TEXT, first_mail_at TEXT, last_mail_at TEXT,
  expires_at TEXT, joined_after TEXT, joined_by TEXT, candidates TEXT, accepted_from TEXT,
  earlier_invites INTEGER, opened_at TEXT, changed_at TEXT,
  UNIQUE (site_id, person))]]

local AT_ONCE = 200 -- rows a statement

-- The rows of an export. One that is there already is told.
local function stage_export(db, path, problems)
  local items, rows = {}, {}
  local function flush()
    local written = items[1] and db:run(("INSERT INTO imported (line, %s) VALUES %s ON CONFLICT DO NOTHING"):format(LIST,
      table.concat(items, ","))) or 0
    if written < #items then
      for _, row in ipairs(rows) do
        local first = db:one("SELECT line FROM imported WHERE site_id = ? AND person = ?", row.site_id, row.person).line
        if first ~= row.line then
          problems.add(csv_problem.new{ file = path, line = row.line, column = "email", value = row.email,
            reason = ("line %d has the same person on the same site"):format(first) })
        end
      end
    end
    items, rows = {}, {}
  end
  reader.rows(path, problems, function(row, line)
    local values = { ("%d"):format(line) }
    for i, column in ipairs(COLUMNS) do values[i + 1] = quoted(row[column]) end
    items[#items + 1], rows[#rows + 1] = "(" .. table.concat(values, ",") .. ")", { line = line, site_id = row.site_id,
      person = row.person, email = row.email }
    if #items == AT_ONCE then flush() end
  end)
  flush()
end

-- The rows of a backup, which is there under the name `given`.
local function stage_backup(db)
  db:run(("INSERT INTO imported (%s) SELECT %s FROM given.invites"):format(LIST, LIST))
end

-- ---- in: taking it over ----------------------------------------------------------------------------------------------

-- Of two rows the one that was mailed later counts, then the one that changed later. Where both are planned, and not since the same
-- moment, the file's may have been sent from there since.
local OLDER = [[DELETE FROM imported WHERE EXISTS (SELECT 1 FROM invites i
  WHERE i.site_id = imported.site_id AND i.person = imported.person
  AND (coalesce(imported.last_mail_at, ''), imported.changed_at) <= (coalesce(i.last_mail_at, ''), i.changed_at)
  AND NOT (i.state = 'planned' AND imported.state IN ('planned', 'sending') AND imported.changed_at <> i.changed_at
    AND coalesce(imported.last_mail_at, '') >= coalesce(i.last_mail_at, '')))]]

-- What was under way when the file was made may have acted; what was planned may have been sent after that.
local UNDER_WAY = "UPDATE imported SET %s, step = NULL, reason = 'it was under way when the file was made' WHERE step = %s"
local PLANNED = "UPDATE imported SET %s, reason = %s WHERE state = 'planned'"

-- Where both were mailed by invites of their own, each may have been used, since the earlier of them: whichever row counts has to say so.
local BOTH = [[CREATE TEMP TABLE both_mailed AS SELECT i.site_id, i.person, min(i.first_mail_at, m.first_mail_at) AS first_mail_at,
  min(i.opened_at, m.opened_at) AS opened_at, max(i.earlier_invites, coalesce(m.earlier_invites, 0)) + 1 AS number
  FROM invites i JOIN imported m ON m.site_id = i.site_id AND m.person = i.person
  WHERE i.mails > 0 AND m.mails > 0 AND coalesce(i.invite_id, '') <> coalesce(m.invite_id, '')]]
local SAID = [[UPDATE %s SET earlier_invites = b.number, opened_at = b.opened_at,
  first_mail_at = coalesce(b.first_mail_at, %s.first_mail_at) FROM both_mailed b WHERE b.site_id = %s.site_id AND b.person = %s.person]]

local function say_of_both(db)
  db:run("DROP TABLE IF EXISTS temp.both_mailed")
  db:run(BOTH)
  for _, name in ipairs{ "imported", "invites" } do db:run((SAID:gsub("%%s", name))) end
  db:run("DROP TABLE temp.both_mailed")
end

local function merge(db, made)
  local all = db:one("SELECT count(*) AS number FROM imported").number
  say_of_both(db)
  db:run(OLDER)
  for _, step in ipairs{ "invite", "resend", "revoke" } do
    db:run(UNDER_WAY:format(calls.unknown_words(step, "changed_at"), quoted(step)))
  end
  local reason = ("planned in the file that was read in, whose last change was at %s: it may have been sent after that"):format(made)
  db:run(PLANNED:format(calls.unknown_words("invite", quoted(made)), quoted(reason)))
  local taken = db:one("SELECT count(*) AS number, sum(state = 'unknown') AS unknown FROM imported")
  local sets = {}
  for i, column in ipairs(COLUMNS) do sets[i] = ("%s = excluded.%s"):format(column, column) end
  local before = db:one("SELECT count(*) AS number FROM invites").number
  db:run(("INSERT INTO invites (%s) SELECT %s FROM imported WHERE true ON CONFLICT (site_id, person) DO UPDATE SET %s"):format(LIST, LIST,
    table.concat(sets, ", ")))
  -- so that it is looked at who can reach a site before somebody is mailed from here
  db:run("INSERT INTO sites (site_id) SELECT DISTINCT site_id FROM imported WHERE true ON CONFLICT DO NOTHING")
  local added = db:one("SELECT count(*) AS number FROM invites").number - before
  return { added = added, replaced = taken.number - added, kept = all - taken.number, unknown = taken.unknown or 0, made_at = made }
end

-- What has been seen of the sites. Of one that both have looked at, what the earlier first look began with counts: what has come since
-- is found anew by the next.
local function merge_looks(db)
  db:run([[INSERT INTO sites (site_id, name, url) SELECT site_id, name, url FROM given.sites WHERE true
    ON CONFLICT (site_id) DO UPDATE SET name = coalesce(sites.name, excluded.name), url = coalesce(sites.url, excluded.url)]])
  db:run("DROP TABLE IF EXISTS temp.earlier")
  db:run([[CREATE TEMP TABLE earlier AS SELECT g.site_id, g.looked_at, g.checked_at, g.unlisted_at, g.owner_account_id FROM given.sites g
    JOIN sites s ON s.site_id = g.site_id WHERE g.looked_at IS NOT NULL AND (s.looked_at IS NULL OR g.looked_at < s.looked_at)]])
  db:run("DELETE FROM presences WHERE site_id IN (SELECT site_id FROM earlier)")
  db:run([[INSERT INTO presences (site_id, account_id, absent_at, seen_at, last_seen_at, gone_at, doubtful, removed, row_id)
    SELECT p.site_id, p.account_id, p.absent_at, p.seen_at, p.last_seen_at, p.gone_at, p.doubtful, p.removed, (SELECT i.id
      FROM given.invites g JOIN invites i ON i.site_id = g.site_id AND i.person = g.person
      WHERE g.id = p.row_id AND i.account_id = p.account_id)
    FROM given.presences p WHERE p.site_id IN (SELECT site_id FROM earlier) ORDER BY p.id]])
  db:run([[UPDATE sites SET (looked_at, checked_at, unlisted_at, owner_account_id) = (SELECT looked_at, checked_at, unlisted_at,
    owner_account_id FROM earlier e WHERE e.site_id = sites.site_id) WHERE site_id IN (SELECT site_id FROM earlier)]])
  db:run("DROP TABLE temp.earlier")
  db:run("INSERT INTO owners (site_id, account_id) SELECT site_id, account_id FROM given.owners WHERE true ON CONFLICT DO NOTHING")
  -- what was said before it was taken back stays taken back, here or there
  db:run([[INSERT INTO undone (account_id, person, undone_at) SELECT account_id, person, undone_at FROM given.undone WHERE true
    ON CONFLICT DO UPDATE SET undone_at = max(undone_at, excluded.undone_at)]])
  db:run([[DELETE FROM accounts WHERE EXISTS (SELECT 1 FROM undone u WHERE u.account_id = accounts.account_id
    AND u.person = accounts.person AND u.undone_at >= accounts.said_at)]])
  db:run([[INSERT INTO accounts (account_id, person, email, site_id, said_at) SELECT account_id, person, email, site_id, said_at
    FROM given.accounts g WHERE NOT EXISTS (SELECT 1 FROM undone u WHERE u.account_id = g.account_id AND u.person = g.person
      AND u.undone_at >= g.said_at) ON CONFLICT DO NOTHING]])
end

local TEAM = { "email", "person", "policy_id", "role", "site_ids", "language", "state", "step", "invite_id", "user_id", "mails", "reason",
  "request_id", "planned_at", "mailed_at", "expires_at", "seen_at", "changed_at" }

-- Invites to the team. What was planned, or under way, when the file was made may have been sent: a look at the team settles it.
local function merge_team(db, now)
  local list, sets = table.concat(TEAM, ", "), {}
  -- of two invites of one person a row tells the later: the other may have been used all the same
  for _, row in ipairs(db:all([[SELECT t.person AS person, g.changed_at > t.changed_at AS is_later FROM team_invites t
    JOIN given.team_invites g ON g.person = t.person WHERE coalesce(g.invite_id, '') <> coalesce(t.invite_id, '')]])) do
    team_windows.keep(db, row.person, now, row.is_later == 0 and "given.team_invites" or nil)
  end
  local past = "person, user_id, site_ids, opened_at, closed_at"
  db:run(("INSERT INTO past_team_invites (%s) SELECT %s FROM given.past_team_invites EXCEPT SELECT %s FROM past_team_invites"):format(past,
    past, past))
  for i, column in ipairs(TEAM) do sets[i] = ("%s = excluded.%s"):format(column, column) end
  db:run(([[INSERT INTO team_invites (%s) SELECT %s FROM given.team_invites WHERE true ON CONFLICT (person) DO UPDATE SET %s
    WHERE excluded.changed_at > team_invites.changed_at]]):format(list, list, table.concat(sets, ", ")))
  db:run([[UPDATE team_invites SET state = 'unknown', step = NULL, mails = mails + 1, mailed_at = changed_at,
    reason = 'planned or under way in the file that was read in: it may have been sent after that'
    WHERE (state = 'planned' OR step IS NOT NULL) AND EXISTS (SELECT 1 FROM given.team_invites g WHERE g.person = team_invites.person
      AND g.changed_at = team_invites.changed_at)]])
end

-- What was done about people who were in, and which user an account is. A plan that was not carried out is planned anew from what is so.
local function merge_changes(db)
  for _, plan in ipairs(db:all([[SELECT id, kind, subject, began_at, ended_at FROM given.plans g WHERE NOT EXISTS (SELECT 1 FROM plans p
    WHERE p.kind = g.kind AND p.subject = g.subject AND p.began_at = g.began_at) ORDER BY id]])) do
    db:run("INSERT INTO plans (kind, subject, began_at, ended_at) VALUES (?, ?, ?, ?)", plan.kind, plan.subject, plan.began_at,
      plan.ended_at)
    local id = db:one("SELECT max(id) AS id FROM plans").id
    db:run([[INSERT INTO changes (plan_id, kind, site_id, account_id, user_id, email, evidence, detail, words, state, step, reason,
        request_id, planned_at, changed_at, seen_at, seen)
      SELECT ?, kind, site_id, account_id, user_id, email, evidence, detail, words, state, step, reason, request_id, planned_at, changed_at,
        seen_at, seen FROM given.changes WHERE plan_id = ? ORDER BY id]], id, plan.id)
  end
  db:run([[UPDATE plans SET ended_at = (SELECT g.ended_at FROM given.plans g WHERE g.kind = plans.kind AND g.subject = plans.subject
    AND g.began_at = plans.began_at) WHERE ended_at IS NULL]])
  db:run([[INSERT INTO account_owners (account_id, user_id, seen_at) SELECT account_id, user_id, seen_at FROM given.account_owners
    WHERE true ON CONFLICT DO NOTHING]])
end

-- What else a backup has: sites and who could reach them, the calls, and batches that were interrupted.
local function merge_rest(db, now)
  merge_looks(db)
  merge_team(db, now)
  merge_changes(db)
  local columns = "began_at, operation, site_id, people, outcome, status, request_id, reason"
  if db:one("SELECT id FROM calls LIMIT 1") then
    db:run(("INSERT INTO calls (%s) SELECT %s FROM given.calls EXCEPT SELECT %s FROM calls"):format(columns, columns, columns))
  else db:run(("INSERT INTO calls (%s) SELECT %s FROM given.calls ORDER BY id"):format(columns, columns)) end
  for _, batch in ipairs(db:all([[SELECT id, operation, selector, began_at FROM given.batches g WHERE ended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.operation = g.operation AND b.selector = g.selector AND b.began_at = g.began_at
    AND b.ended_at IS NOT NULL)]])) do
    local open = "SELECT max(id) AS id FROM batches WHERE operation = ? AND selector = ? AND ended_at IS NULL"
    local id = db:one(open, batch.operation, batch.selector).id
    if not id then
      db:run("INSERT INTO batches (operation, selector, began_at) VALUES (?, ?, ?)", batch.operation, batch.selector, batch.began_at)
      id = db:one(open, batch.operation, batch.selector).id
    end
    db:run([[INSERT INTO batch_rows (batch_id, row_id) SELECT ?, i.id FROM given.batch_rows b
      JOIN given.invites g ON g.id = b.row_id JOIN invites i ON i.site_id = g.site_id AND i.person = g.person
      WHERE b.batch_id = ? ON CONFLICT DO NOTHING]], id, batch.id)
  end
end

-- A backup of an earlier version, with the tables of this one: a copy, since a backup stays as it is. Nil where it needs none.
local function present_copy(path, ledger)
  local version = string.unpack(">I4", (filesystem.start_of(path) or ""):sub(61, 64) .. ("\0"):rep(4))
  if version == 0 or version >= #schema.VERSIONS then return nil end
  local own = filesystem.free_name(ledger)
  if not filesystem.make_private(own) then database.fail("nothing can be written beside it", "Look at the mode of its folder") end
  local copy = setmetatable({ path = own }, { __close = function()
    for _, ending in ipairs{ "", "-wal", "-shm", "-journal" } do os.remove(own .. ending) end
  end })
  local ok, raised = pcall(function()
    local from <close> = assert(io.open(path, "rb"))
    local to <close> = assert(io.open(own, "wb"))
    repeat
      local piece = from:read(65536)
      assert(to:write(piece or ""))
    until not piece
    assert(to:flush())
    to:close()
    local other <close> = database.open(own)
    schema.migrate(other)
  end)
  if ok then return copy end
  getmetatable(copy).__close()
  if type(raised) == "string" then database.fail_of_file("the other file cannot be read: " .. raised, "Make room beside the ledger") end
  error(raised, 0)
end

---@class wixum.Imported
---@field added integer rows
---@field replaced integer rows that had changed later in the file
---@field kept integer rows that had changed later here, or not at all
---@field unknown integer rows that a person has to settle
---@field made_at string when the last change in the file was made

--- Reads a backup or an export into the ledger, all of it or, where something stands against it, nothing.
---@param state table of the ledger
---@param path string
---@param problems { count: integer, add: fun(problem: table) } is told what is wrong with rows of an export
---@return wixum.Imported? # nil where there are problems
function restore.import(state, path, problems)
  local db = state.db
  if filesystem.is_same(path, state.path) then database.fail("this is the ledger itself", "Name a backup, or an export") end
  local kind = reader.kind(path)
  if not kind then database.fail_of_file(("%s cannot be read, or is empty"):format(path), "Name a backup, or an export as JSON or CSV") end
  db:run("DROP TABLE IF EXISTS temp.imported")
  db:run(TEMPORARY)
  local copy <close> = kind == "backup" and present_copy(path, state.path) or nil -- luacheck: no unused
  local attached <close> = kind == "backup" and db:attach(copy and copy.path or path, "given") or nil -- luacheck: no unused
  db:gather(function()
    if kind == "backup" then stage_backup(db) else stage_export(db, path, problems) end
  end)
  if problems.count > 0 then
    db:run("DROP TABLE temp.imported")
    return nil
  end
  local made = db:one("SELECT max(changed_at) AS made FROM imported").made or selector.date(state.time())
  if kind == "backup" then
    local bound = {}
    for row in db:rows("SELECT name, value FROM given.settings") do bound[row.name] = row.value end
    if bound.base_url then binding.to(db, bound.base_url, bound.account_id) end
  end
  local summary = db:transaction(function()
    local found = merge(db, made)
    local now = selector.date(state.time())
    if kind == "backup" then merge_rest(db, now) end
    -- who was invited from elsewhere after the file was made may have come meanwhile, and is no row of ours
    db:run("UPDATE sites SET restored_at = ? WHERE looked_at IS NOT NULL AND site_id IN (SELECT site_id FROM imported)", now)
    return found
  end)
  db:run("DROP TABLE temp.imported")
  return summary
end

return restore
