--- What a review's decisions mean: read from its file, with everything that stands against them named by its line.
--
-- Owns the words of the column `decision`, and what may not be decided. Knows nothing of what is so now; does nothing.

local core = require "wixum.core"
local csv_problem = require "wixum.csv.problem"
local database = require "wixum.ledger.database"
local evidence = require "wixum.ledger.evidence"
local folding = require "wixum.folding"
local names = require "wixum.names"
local plans = require "wixum.ledger.plan"
local redaction = require "wixum.redaction"
local rows = require "wixum.access.rows"
local sheet = require "wixum.access.sheet"
local since = require "wixum.access.since"
local titles = require "wixum.access.titles"

local decisions = {}

---@class wixum.AccessWant what somebody is to have
---@field where string for people: "review.csv:12"
---@field line integer? of a review
---@field kind "contributor"|"member"
---@field site_id string? nil: the whole account
---@field site string for people
---@field account_id string?
---@field user_id string?
---@field email string as it is known now
---@field evidence string? that the account is theirs, as it is known now
---@field said string? of a review: the address in the file, "" where it says nobody; to be compared with `email`, and nothing else
---@field since string? of a review: since when they were there; nil: it does not say
---@field owner string? of a contributor of a review: the user whose account it is
---@field by_team string? of a contributor who is to go: where the review has them in the team, too
---@field want "gone"|"roles"
---@field roles string[]? ids
---@field was string[]? ids, as they were when it was decided; nil: not known
---@field may_add boolean? a member who has nothing there gets it

---@class wixum.AccessDecisions
---@field wants wixum.AccessWant[] what changes something
---@field keep integer rows of which something could be decided, and is to stay
---@field undecided integer rows of which something could be decided, and nothing is
---@field undecidable integer rows of which nothing can be decided: open invites, owners, who was gone, whatever they say
---@field notes string[]
---@field digest string of the decisions: the same ones have the same

-- ---- one row ---------------------------------------------------------------------------------------------------------

local OF_THE_TEAM = "no call can revoke: delete it in the account's Roles & Permissions"

-- What becomes of an open invite. Its row does not say whether it is the site's or the team's to this site alone: the ledger knows its own.
local function of_invite(row, context)
  local state = row.site_id ~= "" and context.invite_state and context.invite_state(folding.ascii(row.site_id), row.email) or nil
  if not state then return "an open invite to the team is no access yet, and one that " .. OF_THE_TEAM end
  if state == "open" then
    return ("an open invite is no access yet: `wixum withdraw %s --site %s` takes back the one to the site"):format(
      evidence.shell(csv_problem.printable(row.email, 100)), csv_problem.printable(row.site_id, 40))
  end
  return "an open invite is no access yet: the ledger's to this site is over by now, and one to the team " .. OF_THE_TEAM
end

-- What no decision can be made about, and why.
local function information(row, context)
  if row.changes == since.GONE then return "this row tells of somebody who was gone already" end
  if row.who == "owner" then return "the owner of a site cannot be removed, and ownership is transferred in Wix's dashboard" end
  if row.who == "invited" then return of_invite(row, context) end
  if row.site == rows.SOME then return "roles on folders of sites are changed in Wix's dashboard" end
  if row.who ~= "contributor" and row.who ~= "member" then
    return ("there is nobody to decide about: who is %s"):format(csv_problem.printable(row.who))
  end
  if row.who == "contributor" and folding.ascii(row.account_id) == context.account then return "this is the ledger's own account" end
  for id in row.role_ids:gmatch("[^%s%[%];]+") do
    if row.who == "member" and row.site_id == "" and context.titles:is_owner(id) then
      return "the account's owner cannot be removed, nor be given another role"
    end
  end
end

local NO_GUID = "it is not an id (8-4-4-4-12 hex digits); a spreadsheet may have spoilt it: take the cell from the review as it was written"

local ROUNDED = "a spreadsheet has made a number of this role id and rounded it; take the cell from the review as it was written, or "
  .. "empty it: then it is not compared"

-- The roles of a cell of titles; nil where it was not known which they were.
local function roles_by_title(row, context, report)
  if row.roles == "" or row.roles == titles.UNKNOWN then return nil end
  local list = {}
  for part in row.roles:gmatch("[^;]+") do
    part = part:match("^%s*(.-)%s*$")
    local id = context.titles:known(part)
    if not id then
      report("roles", row.roles, ("the account has no role %s now, and the file has no column role_ids: make the review anew, or say the "
        .. "locale that it was made in"):format(csv_problem.printable(part, 60)))
      return nil
    end
    list[#list + 1] = id
  end
  return #list > 0 and list or nil
end

-- What roles somebody had; nil where that was not known.
local function roles_before(row, context, report)
  if row.roles == rows.NONE then return {} end
  if row.roles:sub(-#rows.AS_INVITED) == rows.AS_INVITED then return nil end -- nobody has asked which they were
  if not context.columns.role_ids then return roles_by_title(row, context, report) end
  local list = {}
  for id in row.role_ids:gmatch("[^%s%[%];]+") do
    if context.titles:is_rounded(id) then
      report("role_ids", row.role_ids, ROUNDED)
      return nil
    end
    list[#list + 1] = id
  end
  return #list > 0 and list or nil
end

local WORDS = { "keep", "remove" }

-- A role by its title, or by its id in brackets as the review has it.
local function role_of(text, level, context) return context.titles:find(text:match("^%[([^%[%]]+)%]$") or text, level) end

-- The roles that a cell says: one title, or several with ; between.
local function roles_of(text, level, context)
  local id, reason = role_of(text, level, context)
  if id then return { id } end
  if not text:find(";", 1, true) then
    local near = #text > 2 and names.nearest(text, WORDS)
    return nil, ("%s. A decision is keep, remove, or the title of a role%s"):format(reason,
      near and (' (did you mean "%s"?)'):format(near) or "")
  end
  local list, seen = {}, {}
  for part in text:gmatch("[^;]+") do
    part = part:match("^%s*(.-)%s*$")
    if part ~= "" then
      id, reason = role_of(part, level, context)
      if not id then return nil, reason end
      if not seen[id] then list[#list + 1], seen[id] = id, true end
    end
  end
  if not list[1] then return nil, "it names no role" end
  return list
end

local function word_of(text) return utf8.len(text) and folding.title(text) or text end

-- What a cell says: "", keep, remove, or something else; nil where it may be the title of a role as well.
local function said_in(row, context, report)
  local word = word_of(row.decision)
  if word == "[keep]" or word == "[remove]" then return word:sub(2, -2) end
  local id = (word == "keep" or word == "remove") and context.titles:known(word)
  if not id then return word end
  report("decision", row.decision, ("the account has a role of this title: write [%s] to %s, or [%s] for the role"):format(word, word, id))
end

-- What a row wants: "keep", "undecided", "undecidable", or a want; nil where it was reported.
local function want_of(row, context, report)
  local word = said_in(row, context, report)
  if not word then return nil end
  local reason = information(row, context)
  if reason then
    if word == "" or word == "keep" then return "undecidable" end
    return report("decision", row.decision, reason)
  end
  local member = row.who == "member"
  local is_named = core.is_guid(member and row.user_id or row.account_id)
    and (core.is_guid(row.site_id) or member and row.site_id == "")
  if (word == "" or word == "keep") and not is_named then return "undecidable" end
  if word == "" then return "undecided" end
  if word == "keep" then return "keep" end
  local good = true
  local function check(field, may_be_empty)
    if may_be_empty and row[field] == "" or core.is_guid(row[field]) then return end
    good = false
    report(field, row[field], NO_GUID)
  end
  check(member and "user_id" or "account_id")
  check("site_id", member and row.site == rows.WHOLE)
  local want = { kind = row.who, site_id = row.site_id ~= "" and folding.ascii(row.site_id) or nil, site = row.site, email = "",
    said = row.email, since = row.since ~= "" and row.since or nil,
    account_id = not member and folding.ascii(row.account_id) or nil, user_id = member and folding.ascii(row.user_id) or nil,
    owner = not member and folding.ascii(row.user_id) or nil,
    want = "gone", line = row.line, where = ("%s:%d"):format(context.name, row.line) }
  want.was = roles_before(row, context, function(...)
    good = false
    report(...)
  end)
  if word ~= "remove" then
    want.want = "roles"
    want.roles, reason = roles_of(row.decision, want.site_id and "site" or "account", context)
    if not want.roles then return report("decision", row.decision, reason) end
  end
  return good and want or nil
end

-- ---- a file ----------------------------------------------------------------------------------------------------------

local function key_of(row)
  return table.concat({ row.who == "member" and "m" .. folding.ascii(row.user_id) or "c" .. folding.ascii(row.account_id),
    folding.ascii(row.site_id), row.site_id == "" and row.site or "" }, " ")
end

-- What tells two sets of decisions apart (FNV-1a, 64 bits): no secret hangs on it.
local function digest_of(list)
  table.sort(list)
  local hash = -3750763034362895579 -- the offset basis, as a signed integer
  for byte in table.concat(list, "\n"):gmatch(".") do hash = (hash ~ byte:byte()) * 1099511628211 end
  return ("%016x"):format(hash)
end
decisions.digest = digest_of

-- Of which account and service the rows say that they are. Said once, and of the whole file: line by line it would read as what is to be
-- corrected there, and whoever replaces the word in all lines decides here about people of elsewhere.
local function check_origin(path, list, context)
  local function refuse(row, what, said, own)
    database.fail_of_file(("%s: this review is of another %s: line %d says %s, and here it is %s"):format(path, what, row.line,
      redaction.text(said, 80) or "nothing", own), "Make a review here, by `wixum access --csv FILE`, and decide in that. Nothing was done")
  end
  for _, row in ipairs(list) do
    if context.account and folding.ascii(row.account) ~= context.account then refuse(row, "account", row.account, context.account) end
    if row.service ~= context.service then refuse(row, "service", row.service, context.service) end
  end
end

-- Contributors who are to go, and are in the team too: by that they still reach the site.
local function find_in_team(found, list, decided)
  local members = {}
  local function add(key, row)
    members[key] = members[key] or {}
    table.insert(members[key], row)
  end
  for _, row in ipairs(list) do
    if row.who == "member" and row.roles ~= rows.NONE and row.changes ~= since.GONE and decided[row] ~= "remove" then
      if row.email ~= "" then add(folding.person(row.email), row) end
      add(folding.ascii(row.user_id), row)
    end
  end
  for _, want in ipairs(found.wants) do
    for _, key in ipairs(want.kind == "contributor" and want.want == "gone" and { folding.person(want.said), want.owner } or {}) do
      for _, row in ipairs(key ~= "" and members[key] or {}) do
        local site = folding.ascii(row.site_id)
        if site == want.site_id or site == "" then want.by_team = row.site end
      end
    end
  end
end

-- What a file lacks by which it could be seen that all is as it was.
local function check_columns(path, columns, notes)
  if not columns.role_ids and not columns.roles then
    database.fail(("%s has neither the column role_ids nor roles: whose roles are others by now could not be told"):format(path),
      "Nothing was done")
  end
  if not columns.email then
    database.fail(("%s has no column email: whose accounts are known as somebody else's by now could not be told"):format(path),
      "Nothing was done")
  end
  if not columns.since then
    notes[#notes + 1] = "The file has no column since: who has gone and come again after the review is not told apart."
  end
end

local LINES = 10 -- that a note names

-- Decisions about somebody of whom the cell `since` does not say when they were there.
local function tell_since(found)
  local lines = {}
  for _, want in ipairs(found.wants) do
    if not rows.seen_at(want.since) then lines[#lines + 1] = want.line end
  end
  if not lines[1] then return end
  table.insert(found.notes, ("The cell since says no moment, and who has gone and come again after the review is not told apart there: "
    .. "%s %s%s."):format(#lines == 1 and "line" or "lines", table.concat(lines, ", ", 1, math.min(#lines, LINES)),
      #lines > LINES and (" and %d more"):format(#lines - LINES) or ""))
end

--- Reads the decisions of a review.
---@param path string
---@param context { account: string?, service: string, titles: table, on_problem: function?, invite_state: (fun(site_id: string,
--- email: string): "open"|"over"|nil)? } invite_state: of the ledger's invite to a site; nil: it has none
---@return wixum.AccessDecisions? # nil where anything stands against it
---@return wixum.PlanProblem[]? problems
function decisions.read(path, context)
  context.name = path:match("[^/]*$")
  local problems, add = plans.collector(context.on_problem)
  local list, why = sheet.read(path, add)
  if not list then database.fail(why --[[@as string]], "Nothing was done") end
  local found, seen, texts, decided = { wants = {}, keep = 0, undecided = 0, undecidable = 0, notes = {} }, {}, {}, {}
  context.columns = why
  check_columns(path, why, found.notes)
  check_origin(path, list, context)
  for _, row in ipairs(list) do
    row.who = folding.ascii(row.who)
    local function report(column, value, reason)
      add(csv_problem.new{ file = path, line = row.line, column = column, value = value, reason = reason })
    end
    local want = want_of(row, context, report)
    if want == "undecided" or want == "undecidable" then found[want] = found[want] + 1
    elseif want then
      local key = key_of(row)
      local text = want == "keep" and "keep" or want.want == "gone" and "remove" or table.concat(context.titles:sorted(want.roles), " ")
      local earlier = seen[key]
      if earlier and earlier.text ~= text then
        report("decision", row.decision, ("line %d decides otherwise about the same person in the same place"):format(earlier.line))
      elseif not earlier then
        seen[key], decided[row] = { text = text, line = row.line }, text
        if want == "keep" then found.keep = found.keep + 1 else found.wants[#found.wants + 1] = want end
        texts[#texts + 1] = key .. " " .. text
      end
    end
  end
  if problems.count > 0 then return nil, problems end
  if why.since then tell_since(found) end
  find_in_team(found, list, decided)
  found.digest = digest_of(texts)
  return found
end

return decisions
