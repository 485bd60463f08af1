-- The operator's week, as the README has it: each line as typed, in an environment as empty as cron's, on an account that lives on.

local here = require "spec.support.here"
local process = require "spec.support.process"
local sandbox = require "wixum.sandbox"

local README
do
  local file <close> = assert(io.open("README.md"))
  README = file:read("a")
end
local WEEK = assert(README:match("\n## An operator's week\n(.-)\n## ")) .. "\n\n"

local ACCOUNT = WEEK:match("account_id = ([%x-]+)")
local SITES = { "Bäckerei Müller", "Café Crème Genève", "Smørrebrød & Co", "Harbour Street Dental", "Taller Ñandú" }
for i = 6, 14 do SITES[i] = "Kunde " .. i end

local function site_id(i) return ("%08d-2222-4333-8444-555555555555"):format(i) end

-- What Windows-1252 has for the letters of the list.
local function as_excel(text)
  return (text:gsub("[\xC3][\x80-\xBF]", function(letter) return string.char(utf8.codepoint(letter)) end):gsub("\n", "\r\n"))
end

describe("the operator's week #pure", function()
  local server, folder, home, typed, run

  -- The lines that are typed, by the words before them.
  local function lines_after(words)
    local rest = assert(WEEK:match(words:gsub("%p", "%%%0") .. ".-\n\n(    .-)\n\n"), words)
    local list = {}
    for line in (rest .. "\n"):gmatch("    ([^\n]*)\n") do list[#list + 1] = line end
    return list
  end

  setup(function()
    folder = here.run("mktemp -d"):match("%S+")
    home = folder .. "/home"
    local sites = {}
    for i, name in ipairs(SITES) do sites[i] = { id = site_id(i), name = name } end
    sites[5].contributors = { { email = "tom@agentur.example" }, { email = "kunde@nandu.example", roles = { "Website Manager" } } }
    server = assert(sandbox.start{ seed = 9, log = 100000, sites = sites, account_id = ACCOUNT, strict_sites = true,
      members = { { email = "tom@agentur.example", roles = { "Website Manager" }, site_id = site_id(1) } } })
    os.execute(("mkdir -p %s/bin %s"):format(folder, home))
    local pass <close> = assert(io.open(folder .. "/bin/pass", "w"))
    pass:write("#!/bin/sh\n[ \"$1 $2\" = 'show wix' ] && echo ", server.api_key, "\n")
    os.execute("chmod +x " .. folder .. "/bin/pass")
  end)

  teardown(function()
    server:stop()
    os.execute("rm -rf " .. folder)
  end)

  -- Types lines as a shell of an empty environment takes them.
  function run(lines)
    local child = table.concat(lines, "\n")
    typed = typed or {}
    for _, line in ipairs(lines) do typed[line] = true end
    return process.run({ "env", "-i", "HOME=" .. home, ("PATH=%s/bin:%s/bin:%s"):format(folder, os.getenv("WIXUM_SPEC_BUILD"),
      os.getenv("PATH")), "sh", "-ec", "cd; " .. child })
  end

  local function done(lines)
    local output, code = run(lines)
    assert(code == 0, output)
    assert(not output:find(server.api_key, 1, true), "the key is shown")
    for _, mail in ipairs(server:outbox()) do assert(not output:find(mail.accept_link, 1, true), "a link is shown") end
    return output
  end

  local function contains(text, ...)
    for _, words in ipairs{ ... } do assert.truthy(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
  end

  local function accept(email) return assert(server:accept(server:invites{ email = email, status = "Pending" }[1])) end

  local function set_up()
    local lines = lines_after "A new computer."
    local doctor = table.remove(lines)
    done(lines)
    done{ ("printf '%%s\\n' 'base_url = %s' >> ~/.config/wixum/config"):format(server.base_url) } -- else it would be live
    return doctor
  end

  it("begins with a doctor who finds nothing wrong", function()
    WEEK = WEEK:gsub("Monday, a new computer", "A new computer")
    local doctor = set_up()
    contains(done{ doctor }, "from key_command", "14 sites, all that are counted", "Nothing is wrong")
  end)

  it("hands over from a German list", function()
    local list = assert(WEEK:match("\n    (Seite;E%-Mail;Rolle\n.-)\n\n")):gsub("\n    ", "\n")
    local file <close> = assert(io.open(home .. "/kunden.csv", "wb"))
    file:write(as_excel(list), "\r\n")
    file:close()
    local lines = lines_after "First who would get what"
    contains(done{ lines[1] }, "semicolon, Windows-1252", "4 rows new", "Nobody was mailed yet")
    assert.equal(0, #server:outbox())
    contains(done{ lines[2] }, "4 mails sent")
    assert.equal(4, #server:outbox())
  end)

  it("mails once more what got lost", function()
    local lines = lines_after '"I never got the mail."'
    contains(done{ lines[1] }, "Bäckerei Müller: pending, Website-Manager", "next: wixum resend --email anna@mueller.example")
    contains(done{ lines[2] }, "1 mail sent once more.")
  end)

  it("takes the wrong person off, who has accepted already", function()
    accept "bruno@creme.example"
    contains(done(lines_after "The wrong person"), "joined Café Crème Genève", "the only invite by which",
      "bruno@creme.example is gone from Café Crème Genève: it was looked at again.")
    assert.equal(0, #server:contributors(site_id(2)))
  end)

  it("reports on Monday", function()
    accept "dora@harbour.example"
    local output = done(lines_after "Monday's report")
    contains(output, "dora@harbour.example accepted on Harbour Street Dental", "4 rows in bericht.html")
    local page <close> = assert(io.open(home .. "/bericht.html"))
    contains(page:read("a"), "<!DOCTYPE html>", "dora<wbr>@harbour.example")
  end)

  it("reminds for four weeks by cron, nobody who has joined, and nobody more than twice", function()
    local line = assert(WEEK:match("\n    0 8 %* %* %* (wixum [^\n]+)\n"))
    server:requests_clear()
    local joined_on
    for day = 1, 28 do
      server:advance(86400)
      if day == 10 then
        accept "anna@mueller.example"
        joined_on = select(2, server:now())
      end
      assert.equal("", done{ line })
    end
    typed["0 8 * * * " .. line] = true
    local counts = {}
    for _, mail in ipairs(server:outbox{ kind = "resend" }) do
      counts[mail.to] = (counts[mail.to] or 0) + 1
      assert.is_true(mail.to ~= "anna@mueller.example" or mail.date < joined_on)
    end
    -- Anna's first of two was the mail that she had not got
    assert.same({ ["carla@smor.example"] = 2, ["anna@mueller.example"] = 2 }, counts)
    contains(done{ "wixum status" }, "2 accepted", "1 pending")
  end)

  it("invites an employee to twelve sites", function()
    local output = done(lines_after "A new employee")
    contains(output, "1 person invited as Website-Manager on 12 sites.", "eva@agentur.example")
    local invite = server:invites{ email = "eva@agentur.example" }[1]
    assert.equal(12, #invite.assignments[1].assignments)
  end)

  it("takes a leaver off everything", function()
    local lines = lines_after "A leaver."
    contains(done{ lines[1] }, "removes tom@agentur.example from the team", "off Taller Ñandú", "rotate it in the API Keys manager",
      "Nothing was taken away: --apply does it.")
    assert.equal(2, #server:contributors(site_id(5)))
    contains(done{ lines[2] }, "2 of 2 steps done", "Looked at again: nothing is left that is known.")
    assert.same({ 0, 1 }, { #server:members{ email = "tom@agentur.example" }, #server:contributors(site_id(5)) })
  end)

  it("reviews who can reach what, and carries the decisions out", function()
    local lines = lines_after "The quarterly review."
    contains(done{ lines[1] }, "Reading who can reach 14 sites", "17 rows in pruefung.csv", "17 rows in pruefung.html")
    local decided, decisions = {}, { ["anna@mueller.example"] = "Website-Designer", ["dora@harbour.example"] = "keep" }
    local column, unknown = nil, 0
    for line in io.lines(home .. "/pruefung.csv") do
      local cells = {}
      for cell in (line:gsub("\r$", "") .. ","):gmatch('"?([^,"]*)"?,') do cells[#cells + 1] = cell end
      if not column then
        for i, name in ipairs(cells) do if name == "decision" then column = i end end
      else
        for email, decision in pairs(decisions) do if line:find(email, 1, true) then cells[column] = decision end end
        if line:find("contributor", 1, true) and line:find("Ñandú", 1, true) then -- nobody knows whose account that is
          cells[column], unknown = "remove", unknown + 1
        end
      end
      decided[#decided + 1] = table.concat(cells, ";")
    end
    assert.equal(1, unknown)
    local file <close> = assert(io.open(home .. "/pruefung.csv", "wb"))
    file:write(table.concat(decided, "\r\n"), "\r\n")
    file:close()
    contains(done{ lines[2] }, "1 to keep", "2")
    assert.same({ 0, 1 }, { #server:contributors(site_id(5)), #server:contributors(site_id(4)) })
    assert.equal("6600412800113080102", server:contributors(site_id(1))[1].roles[1].role_id)
    local page <close> = assert(io.open(home .. "/pruefung.html"))
    contains(page:read("a"), "<!DOCTYPE html>", "Taller Ñandú")
  end)

  it("goes on from last night's copy where the laptop is lost", function()
    local lines = lines_after "The laptop is lost."
    contains(done{ lines[1] }, "4 rows in sicherung.db")
    accept "eva@agentur.example"
    os.execute(("mv %s/sicherung.db %s/kunden.csv %s && rm -rf %s && mkdir %s && mv %s/sicherung.db %s/kunden.csv %s"):format(home, home,
      folder, home, home, folder, folder, home))
    set_up()
    contains(done{ lines[2] }, "4 rows added")
    contains(done{ lines[3] }, "0 accepted since the last look, 0 unclear")
    contains(done{ "wixum status" }, "2 accepted", "1 pending", "1 revoked")
    contains(done{ "wixum team list" }, "eva@agentur.example", "member", "1 invite of the ledger is known better now.")
  end)

  it("rehearses on a sandbox that knows the account, and mails nobody", function()
    local before = #server:outbox()
    local lines = lines_after "A rehearsal"
    contains(done{ lines[1] }, "SANDBOX like http://127.0.0.1", "14 sites", "4 rows new")
    contains(done{ lines[2] }, "4 mails sent")
    assert.equal(before, #server:outbox())
  end)

  it("was typed as it stands, line by line", function()
    for line in WEEK:gmatch("\n    ([^\n]+)") do
      if line:find("^[%l0]") then assert.is_true(typed[line] == true, "this was not typed: " .. line) end
    end
  end)
end)
