--- Who came by which invite: what follows, and what does not, from the invites of one site and the accounts that arrived there.
--
-- Owns the reasoning, and nothing else: no database, no service, no clock. What it takes for granted: whoever arrives has used an invite
-- of this ledger, and an invite lets one account in. What it does not: that the account belongs to whoever was invited (links are passed
-- on), that roles are what they were when it arrived, or that a link used once by an account makes it that person's.
--
-- An arrival with one invite that was open meanwhile came by it; an invite that is taken is taken from the others; and so on. Where that
-- ends with somebody for whom no invite is left, what was taken for granted does not hold there, and all of it is unclear. A row may stand
-- for several invites, since who is invited anew may have used the invite before. Whose account is known is in, where she was invited; by
-- which of the invites is another question, and takes none from the others: those stay open for whoever else arrives. But an account that
-- a person has said is somebody's is nobody else's candidate there: by whosever invite it came, that other person has not joined.

local attribution = {}

local MOST = 64 -- invites that are told apart for one arrival: more are too many to decide
local NAMED = 20 -- accounts that are named as candidates of an invite

---@class wixum.AttributionRow a person who was invited to the site, or may have been
---@field id integer
---@field person string
---@field left integer? invites of hers by which somebody may still have come; 1 unless said
---@field opened number? since when it could be used, seconds; nil: nobody knows
---@field closed number? until when; nil: it still can, as far as known
---@field slack number? by how much these may be wrong, since they are of another clock: within it nothing is sure; 0 unless said
---@field fixed boolean? nothing may be decided about it: it has failed, or is under way. It may have been used nonetheless

---@class wixum.Arrival an account that was not there at a look, and was at the next
---@field id integer
---@field account string
---@field absent number? the look without it; nil: there was none
---@field seen number the look with it
---@field doubtful boolean? it may have come without an invite of this ledger
---@field by_team boolean? it may have come by an invite of this ledger to the team: an invite to the site is not the only one then
---@field removed boolean? it was taken off on purpose: that it was somebody's is no news

---@class wixum.AttributionKnown what is known beyond the site
---@field excluded table<string, true> accounts that own the site, or did
---@field ties table<string, string> account to person, as a person has said
---@field used table<string, table<string, true>> account to the persons whose invites it used, here or elsewhere
---@field elsewhere table<string, true> accounts that reach other sites without an invite of this ledger
---@field trust_links boolean? an account that used somebody's invite elsewhere is that person's
---@field fits (fun(row: wixum.AttributionRow, account: string): boolean)? has the account the roles of the invite now?

---@class wixum.Attribution
---@field decided { row: wixum.AttributionRow, arrival: wixum.Arrival, evidence: string }[]
---@field unclear table<wixum.AttributionRow, wixum.Arrival[]>
---@field strangers wixum.Arrival[] for whom there is no invite

-- ---- who may have used what ------------------------------------------------------------------------------------------

local function fits_within(row, arrival, slack)
  if row.opened and row.opened - slack > arrival.seen then return false end
  return not (row.closed and arrival.absent and row.closed + slack < arrival.absent)
end

local function is_possible(row, arrival) return fits_within(row, arrival, row.slack or 0) end

local function slack_of(row) return row.slack or 0 end

-- Rows in two lists, so that those which cannot be meant are passed over: open ones by their beginning, ended ones by their end.
local function index_of(rows)
  local open, ended = {}, {}
  for _, row in ipairs(rows) do
    if (row.left or 1) > 0 then
      if row.closed then ended[#ended + 1] = row else open[#open + 1] = row end
    end
  end
  local function from(row) return row.opened and row.opened - slack_of(row) or -math.huge end
  local function to(row) return row.closed + slack_of(row) end
  table.sort(open, function(one, other)
    if from(one) ~= from(other) then return from(one) < from(other) end
    return one.id < other.id
  end)
  table.sort(ended, function(one, other)
    if to(one) ~= to(other) then return to(one) > to(other) end
    return one.id < other.id
  end)
  return { open = open, ended = ended }
end

-- Calls a function with each row by which somebody may have come, until it answers true.
local function each_possible(index, arrival, take)
  for _, row in ipairs(index.open) do
    if row.opened and row.opened - slack_of(row) > arrival.seen then break end
    if take(row) then return end
  end
  for _, row in ipairs(index.ended) do
    if arrival.absent and row.closed + slack_of(row) < arrival.absent then break end
    if is_possible(row, arrival) and take(row) then return end
  end
end

-- The person that an account is.
local function person_of(account, known)
  local person = known.ties[account]
  if person then return person end
  if not known.trust_links then return nil end
  local first, second = next(known.used[account] or {}), nil
  if first then second = next(known.used[account], first) end
  return not second and first or nil
end

-- May it have come by something else than an invite to the site?
local function is_free(arrival, known)
  return arrival.doubtful or arrival.by_team or known.elsewhere[arrival.account]
end

-- Whether it is sure that the arrival, which must have had an invite, came by this one, if by this one alone it could have.
local function is_sure(arrival, row, known)
  if not fits_within(row, arrival, 0) then return false end
  local tied = known.ties[arrival.account]
  if tied then return tied == row.person end
  for person in pairs(known.used[arrival.account] or {}) do
    if person ~= row.person then return false end
  end
  return true
end

-- Has an arrival come by an invite of this site, if it is not doubtful for another reason?
local function must_have_one(arrival, rows, known)
  if is_free(arrival, known) or #rows == 0 then return false end
  local tied = known.ties[arrival.account]
  local used = known.used[arrival.account]
  for _, row in ipairs(rows) do
    if fits_within(row, arrival, 0) and (tied == row.person or not tied and (not used or used[row.person])) then return true end
  end
  return false
end

-- ---- the beginning ---------------------------------------------------------------------------------------------------

-- For each arrival the rows by which it may have come; `wide` are those for whom there are too many.
local function new_state(rows, arrivals, known)
  local state = { choices = {}, all_choices = {}, arrivals_of = {}, joined = {}, left = {}, musts = {}, given_up = {}, decided = {},
    open = {}, wide = {}, strangers = {}, index = index_of(rows) }
  for _, arrival in ipairs(arrivals) do
    local choices = {}
    if not known.excluded[arrival.account] then
      each_possible(state.index, arrival, function(row)
        choices[#choices + 1] = row
        return #choices > MOST
      end)
      if #choices > MOST then state.wide[#state.wide + 1] = arrival
      elseif choices[1] then
        state.open[#state.open + 1] = arrival
        state.choices[arrival], state.all_choices[arrival] = choices, table.move(choices, 1, #choices, 1, {})
        state.musts[arrival] = must_have_one(arrival, choices, known)
        for _, row in ipairs(choices) do
          state.left[row], state.arrivals_of[row] = row.left or 1, state.arrivals_of[row] or {}
          table.insert(state.arrivals_of[row], arrival)
        end
      elseif not (arrival.doubtful or arrival.by_team) then state.strangers[#state.strangers + 1] = arrival end
    end
  end
  return state
end

-- ---- deciding --------------------------------------------------------------------------------------------------------

local function remove(list, item)
  for i, other in ipairs(list) do
    if other == item then return table.remove(list, i) end
  end
end

-- An arrival came by an invite of a row, and where that was the last one nobody else did. Answers who has a choice less by it.
local function join(state, arrival, row, evidence)
  state.decided[#state.decided + 1] = { row = row, arrival = arrival, evidence = evidence }
  state.joined[arrival], state.joined[row] = row, arrival
  state.left[row] = state.left[row] - 1
  local touched = {}
  for _, other in ipairs(state.left[row] == 0 and state.arrivals_of[row] or touched) do
    if other ~= arrival and not state.joined[other] and remove(state.choices[other], row) then touched[#touched + 1] = other end
  end
  return touched
end

-- Arrivals that hang together by rows, from one on.
local function component(state, first)
  local queue, seen, passed = { first }, { [first] = true }, {}
  while queue[1] do
    for _, row in ipairs(state.all_choices[table.remove(queue)]) do
      if not passed[row] then
        passed[row] = true
        for _, other in ipairs(state.arrivals_of[row]) do
          if not seen[other] then
            seen[other] = true
            queue[#queue + 1] = other
          end
        end
      end
    end
  end
  return seen
end

-- Somebody was left without an invite who must have had one: of all that hangs together with him nothing is certain.
local function undo(state, arrival)
  local within = state.wide[1] and {} or component(state, arrival)
  if state.wide[1] then -- everything hangs together by one who may have used anything
    for _, other in ipairs(state.open) do within[other] = true end
  end
  local kept = {}
  for _, decision in ipairs(state.decided) do
    if within[decision.arrival] then
      state.joined[decision.arrival], state.joined[decision.row] = nil, nil
      state.left[decision.row] = state.left[decision.row] + 1
    else kept[#kept + 1] = decision end
  end
  state.decided = kept
  for other in pairs(within) do
    state.given_up[other], state.choices[other] = true, table.move(state.all_choices[other], 1, #state.all_choices[other], 1, {})
  end
end

-- Decides what has one choice left, until nothing has.
local function propagate(state, known, evidence)
  local queue = table.move(state.open, 1, #state.open, 1, {})
  local position = 0
  while queue[position + 1] do
    position = position + 1
    local arrival = queue[position]
    local rows = state.choices[arrival]
    if not state.joined[arrival] and not state.given_up[arrival] and state.musts[arrival] then
      if #rows == 0 then undo(state, arrival)
      elseif #rows == 1 and not rows[1].fixed and is_sure(arrival, rows[1], known) then
        local touched = join(state, arrival, rows[1], evidence)
        table.move(touched, 1, #touched, #queue + 1, queue)
      end
    end
  end
end

-- Is somebody left without an invite who could have used so many?
local function check_wide(state, known)
  for _, arrival in ipairs(state.wide) do
    local free = is_free(arrival, known)
    if not free then
      each_possible(state.index, arrival, function(row)
        free = (state.left[row] or row.left or 1) > 0
        return free
      end)
    end
    if not free then return undo(state, arrival) end
  end
end

-- Where roles are trusted: what an account's roles do not fit it has not used.
local function narrow(state, known)
  local narrowed = false
  for _, arrival in ipairs(state.open) do
    local rows = state.choices[arrival]
    if not state.joined[arrival] and not state.given_up[arrival] and #rows > 1 then
      local fitting = {}
      for _, row in ipairs(rows) do
        if known.fits(row, arrival.account) then fitting[#fitting + 1] = row end
      end
      if #fitting > 0 and #fitting < #rows then
        state.choices[arrival] = fitting
        narrowed = true
      end
    end
  end
  return narrowed
end

-- ---- the whole -------------------------------------------------------------------------------------------------------

-- Accounts whose person is known, and was invited here.
local function find_known(state, rows, known)
  local by_person, found = nil, {}
  for _, list in ipairs{ state.open, state.wide } do
    for _, arrival in ipairs(list) do
      local person = not (arrival.doubtful or arrival.removed) and person_of(arrival.account, known)
      if person then
        if not by_person then
          by_person = {}
          for _, row in ipairs(rows) do by_person[row.person] = row end
        end
        local row = by_person[person]
        if row and not row.fixed and (row.left or 1) > 0 and is_possible(row, arrival) and not found[row] then
          found[row] = { row = row, arrival = arrival, evidence = "known_account" }
        end
      end
    end
  end
  return found
end

-- Those who may have come by an invite of a row, and by none that is known; and who are nobody else there.
local function candidates_of(state, rows, is_settled, is_in)
  local unclear = {}
  local function add(row, arrival)
    local list = unclear[row]
    if not list then unclear[row] = { arrival } elseif #list < NAMED then list[#list + 1] = arrival end
    return unclear[row]
  end
  for _, arrival in ipairs(state.open) do
    for _, row in ipairs(not state.joined[arrival] and not is_in[arrival] and state.choices[arrival] or {}) do
      if not is_settled(row) then add(row, arrival) end
    end
  end
  if not state.wide[1] then return unclear end
  local latest, earliest = -math.huge, math.huge
  for _, arrival in ipairs(state.wide) do
    latest, earliest = math.max(latest, arrival.seen), math.min(earliest, arrival.absent or -math.huge)
  end
  for _, row in ipairs(rows) do
    if (row.left or 1) > 0 and not is_settled(row) and not (row.opened and row.opened - slack_of(row) > latest)
      and not (row.closed and row.closed + slack_of(row) < earliest) then
      for _, arrival in ipairs(state.wide) do
        if not is_in[arrival] and is_possible(row, arrival) and #add(row, arrival) >= NAMED then break end
      end
    end
  end
  return unclear
end

--- What follows for the invites of one site.
---@param rows wixum.AttributionRow[]
---@param arrivals wixum.Arrival[] that are not known to belong to one of these
---@param known wixum.AttributionKnown
---@return wixum.Attribution
function attribution.decide(rows, arrivals, known)
  local state = new_state(rows, arrivals, known)
  propagate(state, known, "only_candidate")
  if known.fits and narrow(state, known) then propagate(state, known, "role") end
  check_wide(state, known)
  -- who is in by her own account comes first: whoever else has used an invite of hers is another question
  local decided, is_known, is_in, by_account = {}, {}, {}, find_known(state, rows, known)
  for _, row in ipairs(next(by_account) and rows or decided) do
    local decision = by_account[row]
    if decision and (not state.joined[row] or state.joined[decision.arrival] ~= row) then
      decided[#decided + 1], is_known[row] = decision, true
      -- where another account has used the invite of that person, this one has used somebody else's
      if known.ties[decision.arrival.account] and not state.joined[row] then is_in[decision.arrival] = true end
    end
  end
  table.move(state.decided, 1, #state.decided, #decided + 1, decided)
  local function is_settled(row) return row.fixed or state.joined[row] ~= nil or is_known[row] == true end
  local unclear = candidates_of(state, rows, is_settled, is_in)
  return { decided = decided, unclear = unclear, strangers = state.strangers }
end

return attribution
