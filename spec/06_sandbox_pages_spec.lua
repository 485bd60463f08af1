-- The sandbox's pages, as bytes: what they show and never show, and what a link in a mail leads to. What answers an invite
-- and who may ask is in 06_sandbox_pages_answers_spec, hostile values in 06_sandbox_pages_hostile_spec; what a browser
-- makes of them in 50_browser_spec.

local pages = require "spec.support.pages"
local raw = require "spec.support.raw_client"

local start, ask, page, post = pages.start, pages.ask, pages.page, pages.post
local invite, invite_to_team, token_of, status_of = pages.invite, pages.invite_to_team, pages.token_of, pages.status_of
local section = pages.section
local server

after_each(pages.stop)

describe("the overview #pure", function()
  it("shows sites, invites with their states, and the outbox, newest first", function()
    server = start{ seats = 5, sites = { { id = pages.SITE, name = "Bakery" }, { id = pages.SECOND_SITE, name = "Florist" } } }
    local ann = invite("ann@example.com")
    invite("bob@example.com", { defaultEmailLanguage = "fr" }, pages.SECOND_SITE)
    server:accept(ann.id)
    assert.matches("Sites %(2%) .*Bakery 0 pending; 4 of 5 seats free .*Florist 1 pending; 4 of 5 seats free", section "sites")
    assert.matches("Invites to sites %(2%) .*bob@example%.com .* on Florist Pending until 2025%-01%-16 09:21 UTC "
      .. "ann@example%.com .* on Bakery Used accepted invited 2024%-12%-17 09:21 UTC", section "invites")
    assert.matches("Outbox %(2%) .*Mail 2 to bob@example%.com to the site Florist ; language fr .*Mail 1 to ann@example%.com",
      section "outbox")
    local text = page()
    assert.matches('<a id="mail_2" href="/_sandbox/mail?number=2">', text, 1, true)
    assert.matches('<time datetime="2024-12-17T09:21:41.000Z"><span>2024-12-17</span> <span>09:21 UTC</span></time>', text, 1, true)
  end)

  it("says that nothing is there yet", function()
    server = start()
    assert.matches("Invites to sites %(0%) Nobody was invited to a site yet%.", section "invites")
    assert.matches("Outbox %(0%) No mail yet%.", section "outbox")
  end)

  it("shows the role that acceptance brought", function()
    server = start()
    local one = invite()
    assert.matches("Contributors.*nobody yet", section "sites")
    server:accept(one.id)
    assert.matches("Bakery .* ann@example%.com Admin", section "sites")
  end)

  it("shows the team, and what an invite to it brought", function()
    server = start{ sites = { { id = pages.SITE, name = "Bakery" } } }
    local whole = invite_to_team("cay@example.com", pages.ACCOUNT_ADMIN)
    invite_to_team("dan.berg@example.com", pages.ADMIN, pages.SITE)
    assert.matches("Team %(1%) .*Owner.* on the whole account", section "team")
    assert.matches("Invites to the team %(2%) .*dan%.berg@example%.com Admin.* on Bakery Pending .*"
      .. "cay@example%.com Account Admin.* on the whole account Pending", section "account_invites")
    assert.matches("Mail 2 to dan%.berg@example%.com to the team", section "outbox")
    server:accept(server:outbox()[2])
    server:decline(whole.id)
    local team = section "team"
    assert.matches("Team %(2%) .*dan%.berg@example%.com Dan Berg since 2024%-12%-17 09:21 UTC Admin.* on Bakery", team)
    assert.matches("dan%.berg@example%.com .* on Bakery Used accepted .*cay@example%.com .* Declined", section "account_invites")
  end)

  it("shows that an invite ran out, though nobody else has looked since", function()
    server = start{ lifetime = 0 }
    invite()
    assert.matches("ann@example%.com .* Expired", section "invites")
  end)

  it("never tells a link, a token or the key", function()
    server = start()
    local tokens = { token_of(invite "ann@example.com"), token_of(invite "bob@example.com"),
      token_of(invite_to_team("cay@example.com", pages.ACCOUNT_ADMIN)) }
    local text = page()
    for _, token in ipairs(tokens) do assert.is_nil(text:find(token, 1, true)) end
    assert.is_nil(text:find("token", 1, true))
    assert.is_nil(text:find(server.api_key, 1, true))
  end)

  it("shows so many rows of a section and counts the rest", function()
    server = start{ max_emails = 1000, sites = { { id = pages.SITE, name = "Bakery" } } }
    local emails = {}
    for i = 1, 1000 do emails[i] = ("person%d@example.com"):format(i) end
    for _ = 1, 3 do
      invite(nil, { emails = emails })
      for i, email in ipairs(emails) do emails[i] = "x" .. email end
    end
    for _, one in ipairs(server:invites()) do server:accept(one.id) end
    local text = page()
    assert.is_true(#text < 300000, #text)
    assert.matches("Invites to sites %(3,000%) .*and 2,800 more, not shown here", section("invites", text))
    assert.matches("Outbox %(3,000%) .*Mail 3000 .*Mail 2801 .*and 2,800 more", section("outbox", text))
    assert.is_nil(section("outbox", text):find("Mail 2800 ", 1, true))
    assert.matches("seats are not counted .* xxperson1000@example%.com .* and 2,990 more", section("sites", text))
  end)

  it("has a version that is another one when anything changes, and only then", function()
    server = start()
    local seen = {}
    local function look()
      local answer = ask("/")
      local again = ask("/", { headers = { ["if-none-match"] = answer.headers.etag } })
      assert.equal(304, again.status)
      assert.equal("", again.body)
      assert.equal(answer.headers.etag, again.headers.etag)
      return answer.headers.etag
    end
    local function changes()
      local version = look()
      assert.is_nil(seen[version])
      seen[version] = true
      return version
    end
    changes()
    local one = invite("ann@example.com")
    local version = changes()
    page("/_sandbox/mail?number=1")
    server:advance(60)
    assert.equal(version, look())
    server:accept(one.id)
    changes()
    local other = invite("bob@example.com")
    changes()
    server:advance(40 * 86400)
    changes()
    assert.equal("Expired", status_of(other))
    server = start()
    changes()
  end)
end)

describe("a mail #pure", function()
  it("is shown as the invitee would see it", function()
    server = start()
    local one = invite("ann@example.com", { invitePurpose = "Your new site\r\nis ready", defaultEmailLanguage = "de" })
    local text = page("/_sandbox/mail?number=1")
    local words = text:gsub("<[^>]*>", " "):gsub("[ \n]+", " ")
    assert.matches("To ann@example.com Sent 2024-12-17 09:21 UTC Language de Subject Sie sind zu Bakery eingeladen Guten Tag, "
      .. "Sie sind eingeladen, an Bakery mitzuarbeiten. Your new site is ready", words, 1, true)
    assert.matches('lang="de">Sie sind zu ', text, 1, true)
    assert.matches("Annehmen Ablehnen", words, 1, true)
    assert.matches('<blockquote dir="auto" lang="de">Your new site\nis ready</blockquote>', text, 1, true)
    assert.matches("Whoever accepts gets: Admin.* on Bakery The invite can be answered until 2025%-01%-16", words)
    for _, verb in ipairs{ "accept", "decline" } do
      assert.matches('<form method="post" action="/_sandbox/' .. verb .. '"><input type="hidden" name="token" value="'
        .. token_of(one) .. '">', text, 1, true)
    end
    local function plain(markup) return (markup:gsub('"%x+"', ""):gsub("Your invite", "Mail 1")) end
    assert.equal(plain(text), plain(page("/_sandbox/mail?token=" .. token_of(one))))
  end)

  it("to the team is too", function()
    server = start()
    invite_to_team("cay@example.com", pages.ADMIN, pages.SITE)
    local words = page("/_sandbox/mail?number=1"):gsub("<[^>]*>", " "):gsub("%s+", " ")
    assert.matches("To cay@example.com .*Subject You are invited to a team Hello, you are invited to join a team on Wix. "
      .. "Whoever accepts gets: Admin.* on Bakery", words)
  end)

  it("that is not there is not found", function()
    server = start{ mails = 1 }
    invite("ann@example.com")
    invite("bob@example.com")
    for _, query in ipairs{ "", "?number=", "?number=1", "?number=3", "?number=0", "?number=-1", "?number=2.0", "?number=first",
      "?number=" .. ("9"):rep(400), "?token=", "?token=0", "?token=%00", "?number=%ff" } do
      local answer = ask("/_sandbox/mail" .. query)
      assert.equal(404, answer.status, query)
      assert.matches("<h1>No such ", answer.body, 1, true)
    end
    assert.equal(200, ask("/_sandbox/mail?number=2").status)
  end)

  it("whose link a newer mail replaced says so", function()
    server = start{ resend_keeps = false }
    local one = invite()
    pages.change("resend", one)
    local text = page("/_sandbox/mail?number=1")
    assert.matches("a newer mail took its place", text, 1, true)
    assert.is_nil(text:find("<form", 1, true))
    assert.equal(404, ask("/_sandbox/accept?token=" .. token_of(one)).status)
    assert.equal(404, post("accept", token_of(one)).status)
    text = page("/_sandbox/mail?number=2")
    assert.matches("Reminder: You are invited to", text, 1, true)
    assert.matches("<form", text, 1, true)
  end)
end)

describe("the link in a mail #pure", function()
  it("is looked at without anything happening", function()
    server = start()
    local one = invite()
    for _, method in ipairs{ "GET", "HEAD" } do
      for _, verb in ipairs{ "accept", "decline", "mail" } do
        local path = ("/_sandbox/%s?token=%s"):format(verb, token_of(one))
        raw.exchange(server, path, nil, { method = method, headers = { connection = "close" } })
        assert.equal("Pending", status_of(one))
      end
    end
    assert.matches("<form", page(one.acceptLink:match("//[^/]*(.*)$")), 1, true)
  end)

  it("tells what became of the invite", function()
    server = start{ seats = 10 }
    local used, declined, revoked, expired = invite "a@example.com", invite "b@example.com", invite "c@example.com", invite "d@example.com"
    server:accept(used.id)
    server:decline(declined.id)
    pages.change("revoke", revoked)
    server:advance(31 * 86400)
    for one, expected in pairs{
      [used] = { 409, "was accepted" }, [declined] = { 409, "was declined" }, [revoked] = { 410, "was revoked" },
      [expired] = { 410, "has expired" },
    } do
      local before = status_of(one)
      for _, answer in ipairs{
        ask("/_sandbox/accept?token=" .. token_of(one)), post("accept", token_of(one)), post("decline", token_of(one)),
      } do
        assert.equal(expected[1], answer.status)
        assert.matches(expected[2], answer.body, 1, true)
        assert.matches("text/html", answer.headers["content-type"], 1, true)
        assert.is_nil(answer.body:find("<form", 1, true))
      end
      assert.equal(before, status_of(one))
    end
    for _, token in ipairs{ "", "0", token_of(used) .. "0", used.id, ("x"):rep(5000) } do
      assert.equal(404, ask("/_sandbox/accept?token=" .. token).status)
      assert.equal(404, post("accept", token).status)
    end
    assert.equal(404, post("accept", nil, nil, "").status)
  end)
end)
