-- Who came by which invite: the reasoning alone, on histories that are written down.

local attribution = require "wixum.ledger.attribution"

local DAY = 86400

local function known(given)
  local all = { excluded = {}, ties = {}, used = {}, elsewhere = {} }
  for name, value in pairs(given or {}) do all[name] = value end
  return all
end

-- Invites of "ann", "bob …" that were mailed on day 1 and are open.
local function invites(...)
  local rows = {}
  for i, person in ipairs{ ... } do rows[i] = { id = i, person = person, opened = DAY } end
  return rows
end

-- Accounts that arrived between two looks, of day 2 and day 3 unless said.
local function arrivals(...)
  local list = {}
  for i, account in ipairs{ ... } do list[i] = { id = i, account = account, absent = 2 * DAY, seen = 3 * DAY } end
  return list
end

-- "ann<X only_candidate" and the like, and who is unclear.
local function told(found)
  local words = {}
  for _, decision in ipairs(found.decided) do
    words[#words + 1] = ("%s<%s %s"):format(decision.row.person, decision.arrival.account, decision.evidence)
  end
  for row, list in pairs(found.unclear) do
    local accounts = {}
    for i, arrival in ipairs(list) do accounts[i] = arrival.account end
    table.sort(accounts)
    words[#words + 1] = ("%s?%s"):format(row.person, table.concat(accounts, ","))
  end
  for _, arrival in ipairs(found.strangers) do words[#words + 1] = "stranger " .. arrival.account end
  table.sort(words)
  return words
end

local function decide(rows, list, more) return told(attribution.decide(rows, list, known(more))) end

describe("one who arrives #pure", function()
  it("came by the one invite that was open", function()
    assert.same({ "ann<X only_candidate" }, decide(invites "ann", arrivals "X"))
  end)

  it("is unclear where two were open", function()
    assert.same({ "ann?X", "bob?X" }, decide(invites("ann", "bob"), arrivals "X"))
    assert.same({ "ann?X,Y", "bob?X,Y" }, decide(invites("ann", "bob"), arrivals("X", "Y")))
  end)

  it("did not come by an invite that was mailed later, or had ended before", function()
    local rows = invites("ann", "bob", "carl")
    rows[2].opened, rows[3].closed = 4 * DAY, 1.5 * DAY
    assert.same({ "ann<X only_candidate" }, decide(rows, arrivals "X"))
    rows[3].closed = 2.5 * DAY -- revoked after the look, and so perhaps after he had accepted
    assert.same({ "ann?X", "carl?X" }, decide(rows, arrivals "X"))
  end)

  it("takes the invite from the others", function()
    local rows = invites("ann", "bob")
    rows[2].opened = 3.5 * DAY
    local list = arrivals("X", "Y")
    list[2].absent, list[2].seen = 3 * DAY, 4 * DAY
    assert.same({ "ann<X only_candidate", "bob<Y only_candidate" }, decide(rows, list))
  end)

  it("is a stranger where there was no invite", function()
    assert.same({ "stranger X" }, decide({}, arrivals "X"))
    local rows = invites "ann"
    rows[1].left = 0
    assert.same({ "stranger X" }, decide(rows, arrivals "X"))
  end)

  it("makes everything unclear with what hangs together, where there are more of them than invites", function()
    assert.same({ "ann?X,Y" }, decide(invites "ann", arrivals("X", "Y")))
    -- Z had one invite, and would take it from the two who then have too few
    local rows = invites("ann", "bob")
    rows[2].opened = 3.5 * DAY
    local list = arrivals("X", "Y", "Z")
    list[3].seen = 4 * DAY
    assert.same({ "ann?X,Y,Z", "bob?Z" }, decide(rows, list))
  end)

  it("may have come by the invite before, of one who was invited anew", function()
    local rows = invites("ann", "bob")
    rows[1].left, rows[2].opened = 2, 3.5 * DAY
    local list = arrivals("X", "Y")
    assert.same({ "ann<X only_candidate", "ann<Y only_candidate" }, decide(rows, list))
    list[2].seen = 4 * DAY -- by her second invite, or by his
    assert.same({ "ann<X only_candidate", "bob?Y" }, decide(rows, list))
  end)

  it("may have come by an invite that failed, or is under way, of which nothing is said", function()
    local rows = invites("ann", "bob")
    rows[2].opened, rows[2].fixed = nil, true
    assert.same({ "ann?X" }, decide(rows, arrivals "X"))
    assert.same({}, decide({ rows[2] }, arrivals "X"))
  end)

  it("is nobody who was invited where the site is his", function()
    assert.same({}, decide(invites "ann", arrivals "O", { excluded = { O = true } }))
  end)
end)

describe("very many invites #pure", function()
  -- So many, each open for half a day of its own; and one who arrived on each of these days.
  local function days(count)
    local rows, list = {}, {}
    for i = 1, count do
      rows[i] = { id = i, person = "p" .. i, opened = i * DAY, closed = (i + 0.5) * DAY }
      list[i] = { id = i, account = "A" .. i, absent = i * DAY, seen = (i + 0.5) * DAY }
    end
    return rows, list
  end

  it("are all unclear by one who may have come by any, and each names some candidates alone", function()
    local rows = days(100)
    local list = {}
    for i = 1, 30 do list[i] = { id = i, account = "A" .. i, absent = 0, seen = 200 * DAY } end
    local found = attribution.decide(rows, list, known())
    local count = 0
    for _, candidates in pairs(found.unclear) do
      count = count + 1
      assert.equal(20, #candidates)
    end
    assert.same({ 100, 0, 0 }, { count, #found.decided, #found.strangers })
  end)

  it("are decided beside one who may have come by any", function()
    local rows, list = days(100)
    list[100] = nil
    list[#list + 1] = { id = 200, account = "W", absent = 0, seen = 200 * DAY }
    local found = attribution.decide(rows, list, known())
    assert.equal(99, #found.decided)
    assert.same({ "W" }, { found.unclear[rows[100]][1].account })
  end)

  it("are unclear where one who may have come by any is left with none", function()
    local rows, list = days(100)
    list[#list + 1] = { id = 200, account = "W", absent = 0, seen = 200 * DAY }
    local found = attribution.decide(rows, list, known())
    assert.equal(0, #found.decided)
    assert.is_truthy(found.unclear[rows[1]] and found.unclear[rows[100]])
  end)
end)

describe("one who may have come otherwise #pure", function()
  it("decides nothing, and is told", function()
    local list = arrivals "X"
    list[1].doubtful = true
    assert.same({ "ann?X" }, decide(invites "ann", list))
    assert.same({ "ann?X" }, decide(invites "ann", arrivals "X", { elsewhere = { X = true } }))
  end)

  it("was there at a first look that came after the mail", function()
    assert.same({ "ann?X" }, decide(invites "ann", { { id = 1, account = "X", seen = 2 * DAY, doubtful = true } }))
  end)

  it("takes no invite from one who came by it", function()
    local list = arrivals("X", "Y")
    list[2].doubtful = true
    assert.same({ "ann<X only_candidate" }, decide(invites "ann", list))
  end)
end)

describe("an account whose person is known #pure", function()
  local ties = { X = "ann" }

  it("is in where she was invited, whatever else was open, and nobody else is", function()
    assert.same({ "ann<X known_account" }, decide(invites("ann", "bob"), arrivals "X", { ties = ties }))
  end)

  it("takes no invite from the others: she may have used theirs, and who comes next his or hers", function()
    assert.same({ "ann<X known_account", "bob?Y" }, decide(invites("ann", "bob"), arrivals("X", "Y"), { ties = ties }))
  end)

  it("may be who used another's invite, where somebody else has used hers", function()
    local rows, list = invites("ann", "bob"), arrivals("Y", "X")
    rows[2].opened, list[2].absent, list[2].seen = 3.5 * DAY, 3 * DAY, 4 * DAY
    assert.same({ "ann<X known_account", "ann<Y only_candidate", "bob?X" }, decide(rows, list, { ties = ties }))
  end)

  it("is in, and nobody else, among more invites than are told apart", function()
    local names = {}
    for i = 1, 99 do names[i] = "p" .. i end
    local rows = invites("ann", table.unpack(names))
    assert.same({ "ann<X known_account" }, decide(rows, arrivals "X", { ties = ties }))
    local found = attribution.decide(rows, arrivals("X", "Y"), known{ ties = ties })
    for i = 2, 100 do assert.same({ "Y" }, { found.unclear[rows[i]][1].account, found.unclear[rows[i]][2] }) end
  end)

  it("does not make somebody else accept", function()
    assert.same({ "bob?X" }, decide(invites "bob", arrivals "X", { ties = ties }))
  end)

  it("is the only candidate where it was", function()
    assert.same({ "ann<X only_candidate" }, decide(invites "ann", arrivals "X", { ties = ties }))
  end)
end)

describe("an account that used somebody's invite elsewhere #pure", function()
  local used = { X = { ann = true } }

  it("is not taken for that person's", function()
    assert.same({ "ann?X", "bob?X" }, decide(invites("ann", "bob"), arrivals "X", { used = used }))
  end)

  it("does not make somebody else accept", function()
    assert.same({ "bob?X" }, decide(invites "bob", arrivals "X", { used = used }))
    assert.same({ "ann?X" }, decide(invites "ann", arrivals "X", { used = { X = { ann = true, bob = true } } }))
  end)

  it("is that person's where links are trusted", function()
    assert.same({ "ann<X known_account", "bob?X" }, decide(invites("ann", "bob"), arrivals "X", { used = used, trust_links = true }))
    assert.same({ "ann?X", "bob?X" }, decide(invites("ann", "bob"), arrivals "X",
      { used = { X = { ann = true, bob = true } }, trust_links = true }))
  end)
end)

describe("roles, where they are trusted #pure", function()
  local function fits(row, account) return (row.person == "ann") == (account == "X") end

  it("tell two apart", function()
    assert.same({ "ann<X role" }, decide(invites("ann", "bob"), arrivals "X", { fits = fits }))
    assert.same({ "ann<X role", "bob<Y role" }, decide(invites("ann", "bob"), arrivals("X", "Y"), { fits = fits }))
  end)

  it("tell nothing where none fits, or all do", function()
    assert.same({ "ann?X", "bob?X" }, decide(invites("ann", "bob"), arrivals "X", { fits = function() return false end }))
    assert.same({ "ann?X", "bob?X" }, decide(invites("ann", "bob"), arrivals "X", { fits = function() return true end }))
  end)
end)

describe("what is not sure by itself #pure", function()
  local HOUR <const> = 3600

  it("is not sure where it is the last that is left: open by the other clock alone", function()
    local rows, list = invites("ann", "bob"), arrivals("X", "Y")
    rows[2].opened, rows[2].slack, list[2].seen = 3.5 * DAY + HOUR, 2 * HOUR, 3.5 * DAY
    assert.same({ "ann<X only_candidate", "bob?Y" }, decide(rows, list))
  end)

  it("takes no invite from one who came by it: open by the other clock alone, or somebody else's account", function()
    local rows, list = invites "ann", arrivals("X", "Y")
    rows[1].closed, rows[1].slack, list[2].absent, list[2].seen = 4 * DAY, HOUR, 4 * DAY + 60, 5 * DAY
    assert.same({ "ann<X only_candidate" }, decide(rows, list))
    for _, more in ipairs{ { ties = { Y = "carl" } }, { used = { Y = { carl = true } } } } do
      assert.same({ "ann<X only_candidate" }, decide(invites "ann", arrivals("X", "Y"), more))
    end
    assert.same({ "ann<Y known_account" }, decide(invites "ann", arrivals("X", "Y"), { ties = { Y = "ann" } }))
  end)

  it("stays a candidate where its roles fit no invite", function()
    local list = arrivals "X"
    list[1].doubtful = true
    assert.same({ "ann?X", "bob?X" }, decide(invites("ann", "bob"), list, { fits = function() return false end }))
  end)

  it("is not the known account's invite: one of which nothing may be said, that is used up, or was mailed later", function()
    for _, fields in ipairs{ { fixed = true }, { left = 0 }, { opened = 4 * DAY } } do
      local rows = invites("ann", "bob")
      for name, value in pairs(fields) do rows[1][name] = value end
      assert.same({ "bob?X" }, decide(rows, arrivals "X", { ties = { X = "ann" } }))
    end
    local found = decide(invites("ann", "bob"), arrivals("X", "Y"), { ties = { X = "ann", Y = "ann" } })
    assert.equal("ann<X known_account", found[1]) -- the first of two
  end)
end)
