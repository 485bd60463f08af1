-- `wixum access` and `wixum access apply`, as typed: what is told before, what is asked, how it ends.

local access = require "spec.support.access"
local cjson = require "cjson"
local command = require "spec.support.command"
local process = require "spec.support.process"

local ANN, BOB = "ann@example.com", "bob@example.com"
local contains, id = access.contains, access.id

describe("the command, about access #pure", function()
  local desk, server

  before_each(function()
    desk = command.new{ seed = 3, log = 100000, sites = {
      { id = id(1), name = "Bäckerei Süß", contributors = { { email = ANN, roles = { "Website Manager" } },
        { email = BOB, roles = { "Website Designer" } } } },
      { id = id(2), name = "Two" } } }
    server = desk.server
  end)
  after_each(function() desk:close() end)

  local function account(email)
    for _, contributor in ipairs(server:contributors(id(1))) do
      if contributor.email == email then return contributor.account_id end
    end
  end

  local function decide(decisions)
    access.decide(desk.folder .. "/r.csv", function(row) return decisions[row.account_id] end)
  end

  it("makes a review, with what it takes told before", function()
    contains(desk:done("access", "--csv", "r.csv", "--html", "r.html", "--lua", "r.lua"), "SANDBOX", "Ledger wixum.db",
      "Reading who can reach 2 sites: sites, team and titles in at least 3 calls; at least 0 s.",
      "Reading the roles on 1 site that somebody can reach: at least 2 calls more; at least 0 s.", "3 rows in r.csv", "3 rows in r.html",
      "2 rows in r.lua", "2 sites, 3 rows: 1 person, 2 accounts of which nobody knows whose they are, 0 open invites.")
    local text = desk:read "r.csv"
    contains(text, account(ANN), "Website Manager")
    assert.equal("", desk:done("--quiet", "access", "--csv", "r.csv"))
    assert.equal(text, desk:read "r.csv")
    contains(desk:done("access"), "PERSON", "owner@example.com", account(BOB), "nobody")
    contains(desk:done("access", "--since", "r.csv", "--site", "Bäckerei Süß"),
      "since the review before: 0 new, 0 gone, 0 with other roles")
    contains(desk:done("access", "--locale", "de"), "Website-Manager")
    assert.equal(3, #cjson.decode(desk:done("--json", "--quiet", "access")))
    assert.equal(text, desk:done("--quiet", "access", "--csv", "-"))
    contains(desk:done("access", "--roles", "known", "--csv", "known.csv", "--delimiter", ";"), "3 rows in known.csv")
    contains(desk:read "known.csv", "who;email;name")
  end)

  it("carries out decisions, and the second time finds nothing to do", function()
    desk:done("access", "--csv", "r.csv")
    decide{ [account(ANN)] = "remove" }
    contains(desk:done("access", "apply", "r.csv", "--dry-run"), "1 person is to be removed", "takes account")
    contains(desk:fails(1, "access", "apply", "r.csv", "--all-decided"), "1 change made; of these 1 were looked at again and are so",
      "1 row has no decision")
    assert.equal(1, #server:contributors(id(1)))
    contains(desk:done("access", "apply", "r.csv"), "Nothing to do.", "gone already")
    local found = cjson.decode(desk:done("--json", "--quiet", "access", "apply", "r.csv"))
    assert.same({ 0, 1, 0 }, { found.total, #found.plan.nothing, #found.plan.changes })
    assert.equal("", desk:done("--quiet", "access", "apply", "r.csv"))
    contains(desk:fails(2, "access", "--csv", "r.csv"), "has decisions in it already; it stays as it is")
  end)

  it("names what stands against a file, and does nothing", function()
    desk:done("access", "--csv", "r.csv")
    decide{ [account(ANN)] = "x", [account(BOB)] = "remove" }
    contains(desk:fails(2, "access", "apply", "r.csv"), 'r.csv:', 'column "decision": there is no role "x"',
      "nothing was done: correct this, and say it again")
    assert.equal(2, #server:contributors(id(1)))
    decide{ [account(ANN)] = "Website Designer", [account(BOB)] = "keep" }
    server:fault{ operation = "contributors.change_role", status = 403 }
    contains(desk:fails(1, "access", "apply", "r.csv"), "0 were looked at again and are so, 1 are not",
      "it was looked at again, and is not so")
    contains(desk:done("access", "apply", "r.csv"), "of these 1 were looked at again and are so")
    contains(desk:fails(1, "--quiet", "access", "apply", desk:write("k.csv", (desk:read("r.csv"):gsub(";keep;", ";remove;")
      :gsub("%[6600412800113080102%]", "[6600412800113080103]")))), "the roles are Website Designer now, and were Back Office Manager")
    server:fault{ operation = "users.get_roles_info", status = 401 }
    desk:fails(4, "access", "apply", "r.csv")
  end)

  it("tells drift from a table for cron, and changes nothing without --apply", function()
    desk:done("access", "--lua", "r.lua")
    contains(desk:done("access", "apply", "r.lua"), "No drift: all is as the table says.", "1 site of the account is not in the table")
    assert.equal("", desk:done("--quiet", "access", "apply", "r.lua"))
    local text = desk:read("r.lua"):gsub("[^\n]*" .. account(ANN):gsub("%p", "%%%0") .. "[^\n]*\n", "")
    desk:write("less.lua", text)
    contains(desk:fails(1, "access", "apply", "less.lua"), "Drift: 1 person is to be removed", "takes account " .. account(ANN))
    contains(desk:fails(1, "--quiet", "access", "apply", "less.lua"), "Drift: 1 person is to be removed")
    assert.equal(2, #server:contributors(id(1)))
    contains(desk:done("access", "apply", "less.lua", "--apply"), "1 change made; of these 1 were looked at again and are so")
    assert.equal(1, #server:contributors(id(1)))
    desk:done("access", "apply", "less.lua")
    contains(desk:fails(2, "access", "--lua", "r.lua"), "somebody may have worked on it")
    desk:write("loop.lua", "while true do end")
    contains(desk:fails(2, "access", "apply", "loop.lua"), "it does not come to an end")
  end)

  it("is told typing mistakes", function()
    contains(desk:fails(2, "access", "aply", "r.csv"), "unknown command 'aply'", "Did you mean 'apply'?")
    contains(desk:fails(2, "access", "apply"), "missing argument 'file'")
    contains(desk:fails(2, "access", "apply", "nowhere.csv"), "No such file", "Nothing was done")
    contains(desk:fails(2, "access", "--roles", "all"), "must be")
    contains(desk:fails(2, "access", "--delimiter", "|"), "--delimiter is , or ; or \\t")
    contains(desk:fails(2, "access", "--csv", "a", "--html", "a"), "--csv and --html name the same file")
    contains(desk:fails(2, "--json", "access", "--csv", "-"), "would both go to standard output")
    contains(desk:fails(2, "access", "--site", "Three"), "--site: Three: no site of the account")
    desk:write("c.csv", "site,email")
    contains(desk:fails(2, "access", "--since", "c.csv"), "it has no column who")
    contains(desk:fails(2, "access", "--csv", "c.csv"), "is no review; it stays as it is")
    contains(desk:fails(2, "access", "apply", "c.csv"), "c.csv is no review of access")
    desk:write("t.lua", "return {}")
    contains(desk:fails(2, "access", "apply", "t.lua", "--all-decided"), "--all-decided is about a review")
  end)

  it("says what it could not read, and writes the rest", function()
    server:fault{ operation = "users.search_team", status = 403 }
    contains(desk:fails(1, "access", "--csv", "r.csv"), "the team could not be read")
    contains(desk:read "r.csv", account(ANN))
    server:fault{ operation = "users.search_team", status = 403 }
    contains(desk:fails(1, "--quiet", "access", "--csv", "r.csv"), "wixum: the team could not be read")
    server:fault{ operation = "sites.count_sites", status = 403 }
    desk:fails(4, "access", "--csv", "r.csv")
  end)

  it("ends at Ctrl-C with nothing half written", function()
    server:fault{ operation = "contributors.query_site_contributors", delay = 600 }
    local child = process.start({ desk.wixum, "access", "--csv", "r.csv" }, { env = desk.env, cwd = desk.folder })
    child:expect("2 calls more")
    child:kill("sigint")
    assert.equal(3, (child:wait()))
    contains(child.output, "Nothing was written.")
    assert.is_nil(io.open(desk.folder .. "/r.csv"))
    assert.equal("wixum.db", require("spec.support.here").run("ls " .. desk.folder .. "| head -1"):match("%S+"))
  end)

  it("waits at Ctrl-C for what is under way, and goes on when it is said again", function()
    desk:done("access", "--csv", "r.csv")
    decide{ [account(ANN)] = "remove", [account(BOB)] = "remove" }
    server:fault{ operation = "contributors.remove_contributor", delay = 1 }
    local child = process.start({ desk.wixum, "--concurrency", "1", "access", "apply", "r.csv" }, { env = desk.env, cwd = desk.folder })
    process.eventually("the first removal", function()
      return #server:requests{ operation = "contributors.remove_contributor" } > 0
    end)
    child:kill("sigint")
    assert.equal(3, (child:wait()))
    contains(child.output, "calls that are under way are waited for", "Say it again: what was done needs nothing then.")
    assert.equal(1, #server:contributors(id(1)))
    contains(desk:done("access", "apply", "r.csv"), "gone already", "1 change made; of these 1 were looked at again and are so")
    assert.equal(0, #server:contributors(id(1)))
  end)

  describe("live", function()
    before_each(function()
      desk:done("access", "--csv", "r.csv")
      decide{ [account(ANN)] = "remove" }
      desk:as_if_live()
    end)

    it("asks before anybody loses anything", function()
      contains(desk:fails(2, "access", "apply", "r.csv"),
        "This removes 1 access of 1 person and changes the roles of 0 people, live: account " .. account(ANN),
        "Nobody can be asked here: say --yes to do it. Nothing was done.")
      assert.equal(2, #server:contributors(id(1)))
      contains(desk:done("--yes", "access", "apply", "r.csv"), "1 change made")
      assert.equal(1, #server:contributors(id(1)))
      desk:done("access", "apply", "r.csv") -- where nothing is to be done nobody is asked
    end)

    it("takes a no for a no", function()
      if not process.has_terminals() then return pending(process.NO_TERMINALS) end
      local child = process.start(process.on_terminal(desk.wixum .. " access apply r.csv"), { env = desk.env, cwd = desk.folder })
      child:expect("Go on%?")
      child:write "n"
      assert.equal(3, (child:wait()))
      contains(child.output, "Nothing was done.")
      assert.equal(2, #server:contributors(id(1)))
    end)
  end)
end)
