--- What is said to people of a review, of a plan that follows from its decisions, and of what came of that.
--
-- Owns these words. Everything in them that came from elsewhere is masked.

local folding = require "wixum.folding"
local printable = require("wixum.csv.problem").printable

local words = {}

local SHOWN, NAMED = 10, 3 -- lines of a list; people in a question

local function count(number, one, many) return ("%d %s"):format(number, number == 1 and one or many) end
words.count = count

--- Somebody, in a line: as well as they are known.
---@param row table
---@return string
function words.person(row)
  if row.email and row.email ~= "" then return printable(row.email, 80) end
  if row.account_id and row.account_id ~= "" then return "account " .. row.account_id end
  return "user " .. (row.user_id or row.unusable_id or "without an id")
end

--- A place, in a line.
function words.place(row) return row.site and row.site ~= "" and printable(row.site, 60) or row.site_id or "the whole account" end

-- ---- a review --------------------------------------------------------------------------------------------------------

local review = { __name = "wixum.ledger.access" }
words.review = review

function review.__tostring(self)
  local lines = { ("%s, %s: %s, %s of which nobody knows whose they are, %s."):format(count(self.sites, "site", "sites"),
    count(#self.rows, "row", "rows"), count(self.people, "person", "people"), count(self.unknown, "account", "accounts"),
    count(self.invited, "open invite", "open invites")) }
  if self.compared then
    lines[#lines + 1] = ("  since the review before: %d new, %d gone, %d with other roles"):format(self.compared.new, self.compared.gone,
      self.compared.roles)
  end
  if (self.uncompared or 0) > 0 then
    lines[#lines + 1] = ("  of %s the roles were not compared: on one side they are unknown, as invited, or without their column"):format(
      count(self.uncompared, "row", "rows"))
  end
  for _, text in ipairs(self.incomplete) do lines[#lines + 1] = "  " .. text end
  return table.concat(lines, "\n")
end

-- ---- a plan ----------------------------------------------------------------------------------------------------------

local plan = { __name = "wixum.ledger.access_plan" }
words.plan = plan

local function add_list(lines, list, title, limit)
  if #list == 0 then return end
  lines[#lines + 1] = title
  for i, text in ipairs(list) do
    if limit and i > limit then
      lines[#lines + 1] = ("  and %d more"):format(#list - limit)
      break
    end
    lines[#lines + 1] = "  " .. text
  end
end

-- Changes that take access away, and the others: words, places, and people, each once however many places it is about.
local function by_kind(self)
  local removals, others = { people = 0, places = 0 }, { people = 0, places = 0 }
  local seen = { [removals] = {}, [others] = {} }
  for _, change in ipairs(self.changes) do
    local list = change.removes and removals or others
    local person = change.email ~= "" and folding.person(change.email) or change.account_id or change.user_id
    list[#list + 1] = change.words
    list.places = list.places + change.places
    if not seen[list][person] then list.people, seen[list][person] = list.people + 1, true end
  end
  return removals, others
end

-- On how many places, where these are not as many as the people.
local function on_places(list, preposition)
  if list.places == list.people then return "" end
  return (" (%s %s)"):format(preposition, count(list.places, "place", "places"))
end

--- What would be done: every removal, and the first of the rest.
function plan.__tostring(self)
  local removals, others = by_kind(self)
  local lines = { ("%s to be removed%s, %s to get other roles%s; %s as wanted already, %s left alone."):format(
    count(removals.people, "person is", "people are"), on_places(removals, "from"),
    count(others.people, "person is", "people are"), on_places(others, "on"),
    count(#self.nothing, "row is", "rows are"), count(#self.conflicts, "row is", "rows are")) }
  if self.drift then
    local none = #self.changes + #self.conflicts + #self.missing + #self.unlisted == 0
    lines[1] = none and "No drift: all is as the table says." or ("Drift: %s%s, %s%s, %d missing, %s left alone%s."):format(
      count(removals.people, "person is to be removed", "people are to be removed"), on_places(removals, "from"),
      count(others.people, "is to get other roles", "are to get other roles"), on_places(others, "on"), #self.missing,
      count(#self.conflicts, "is", "are"),
      #self.unlisted > 0 and (", %d beside the table"):format(#self.unlisted) or "")
  end
  add_list(lines, removals, "Removed would be:")
  add_list(lines, others, "Other roles would get:", SHOWN)
  add_list(lines, self.conflicts, "Left alone:")
  add_list(lines, self.nothing, "Nothing to do:", SHOWN)
  if self.missing then add_list(lines, self.missing, "Missing, which no call can repair:") end
  for _, text in ipairs(self.notes) do lines[#lines + 1] = text end
  return table.concat(lines, "\n")
end

--- How a review's rows are decided that change nothing; nil where there are none.
---@param read wixum.AccessDecisions
---@return string?
function words.decided(read)
  local parts = {}
  if read.keep + read.undecided > 0 then
    parts[1] = ("%d to keep; %d without a decision, of which nothing is done."):format(read.keep, read.undecided)
  end
  if read.undecidable > 0 then
    parts[#parts + 1] = ("%s no decision: open invites, owners, who was gone already, or what no call can change."):format(
      count(read.undecidable, "row needs", "rows need"))
  end
  return parts[1] and table.concat(parts, " ")
end

--- Whom a plan concerns, in one sentence: for the question before it.
---@param self table
---@return string
function words.question(self)
  local removals, others = by_kind(self)
  local names, seen = {}, {}
  for _, change in ipairs(self.changes) do
    local name = words.person(change)
    if not seen[name] then names[#names + 1], seen[name] = name, true end
  end
  return ("This removes %s of %s and changes the roles of %s, live: %s%s."):format(count(removals.places, "access", "accesses"),
    count(removals.people, "person", "people"), count(others.people, "person", "people"),
    table.concat(names, ", ", 1, math.min(#names, NAMED)), #names > NAMED and " and others" or "")
end

-- ---- what came of it -------------------------------------------------------------------------------------------------

local done = { __name = "wixum.ledger.access_applied" }
words.done = done

local SEEN = { otherwise = "it was looked at again, and is not so", unseen = "it could not be looked at again" }

local STATES = { { "failed", "refused" }, { "unknown", "of which nobody knows" }, { "planned", "not tried" } }

-- What became of the calls: not more than what acted.
local function made_words(self)
  local states = self.states or { done = self.total }
  local acted = states.done or 0
  if acted == self.total then return count(self.total, "change", "changes") .. " made" end
  local parts = { ("%d of %s made"):format(acted, count(self.total, "change was", "changes were")) }
  for _, one in ipairs(STATES) do
    if (states[one[1]] or 0) > 0 then parts[#parts + 1] = ("%d %s"):format(states[one[1]], one[2]) end
  end
  return table.concat(parts, ", ")
end

function done.__tostring(self)
  local looked = self.as_wanted + self.otherwise + self.unseen > 0
  local lines = { self.stopped and not looked and made_words(self) .. "; none was looked at again, since it was stopped."
    or ("%s; of these %d were looked at again and are so, %d are not, %d could not be seen."):format(made_words(self), self.as_wanted,
      self.otherwise, self.unseen) }
  for i, row in ipairs(self.wrong) do
    if i > SHOWN then
      lines[#lines + 1] = ("  and %d more"):format(#self.wrong - SHOWN)
      break
    end
    lines[#lines + 1] = ("  %s: %s%s"):format(row.words, SEEN[row.seen or "unseen"] or row.seen,
      row.reason and "; " .. printable(row.reason, 200) or "")
  end
  return table.concat(lines, "\n")
end

return words
