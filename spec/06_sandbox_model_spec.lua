-- The sandbox's model of Wix, without a server: invites on a virtual clock, and the switches for what Wix leaves open.

local clock = require "wixum.sandbox.clock"
local model = require "wixum.sandbox.model"
local options = require "wixum.sandbox.options"
local random = require "wixum.sandbox.random"
local site_invites = require "wixum.sandbox.model.site_invites"

local day = 86400
local site_a, site_b = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"

-- A model at 2024-12-17T09:21:41Z, and the calls on its first site.
local function fresh(given)
  local complete = { sites = { site_a, site_b }, start_time = 1734427301 }
  for name, value in pairs(given or {}) do complete[name] = value end
  complete = assert(options.complete(complete))
  local time = clock.new(nil, complete.start_time)
  local world = model.new(complete, time, "http://127.0.0.1:1")
  local calls = { world = world, time = time }
  local function call(name, site, arguments)
    world:settle()
    return site_invites[name](world, { site = world:site(site or site_a), account_id = world.account_id, arguments = arguments })
  end
  function calls.bulk(emails, site, more)
    local arguments = { policy_ids = { "1", "2" }, emails = emails }
    for name, value in pairs(more or {}) do arguments[name] = value end
    return call("bulk_invite", site, arguments)
  end
  function calls.resend(id, site) return call("resend_invite", site, { invite_id = id }) end
  function calls.revoke(id, site) return call("revoke_invite", site, { invite_id = id }) end
  function calls.one(email) return assert(calls.bulk({ email or "ann@example.com" })).invites[1] end
  function calls.advance(seconds) time:advance(seconds) world:settle() end
  return calls
end

local function emails_of(invites)
  local list = {}
  for i, invite in ipairs(invites) do list[i] = invite.email end
  return list
end

describe("a fresh invite", function()
  it("is pending, and says who invited whom where, and for how long", function()
    local wix = fresh{ account_id = "11111111-1111-4111-8111-111111111111" }
    local answer = assert(wix.bulk({ "Ann@Example.com", "bob@example.com" }))
    assert.same({ "Ann@Example.com", "bob@example.com" }, emails_of(answer.invites))
    assert.same({}, answer.failed_emails)
    local invite = answer.invites[1]
    assert.matches("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", invite.id)
    assert.equal(36, #invite.id)
    assert.equal(site_a, invite.site_id)
    assert.equal("Pending", invite.status)
    assert.same({ "1", "2" }, invite.policy_ids)
    assert.equal("11111111-1111-4111-8111-111111111111", invite.inviter_account_id)
    assert.equal("2024-12-17T09:21:41.000Z", invite.date_created)
    assert.equal("2025-01-16T09:21:41.000Z", invite.expiration_date)
    assert.is_nil(invite.accepted_by_account_id)
    assert.matches("^http://127%.0%.0%.1:1/_sandbox/accept%?token=%x+$", invite.accept_link)
  end)

  it("is mailed, with its link, its purpose, and in its language", function()
    local wix = fresh{ sites = { { id = site_a, name = "Bäckerei" } }, owner_language = "de" }
    local first = wix.bulk({ "ann@example.com" }, site_a, { invite_purpose = "Schlüssel" }).invites[1]
    wix.bulk({ "bob@example.com" }, site_a, { default_email_language = "fr" })
    local mails = wix.world:outbox()
    assert.equal(2, #mails)
    assert.same({
      number = 1, kind = "invite", to = "ann@example.com", site_id = site_a, site_name = "Bäckerei", language = "de",
      purpose = "Schlüssel", accept_link = first.accept_link, invite_id = first.id, date = "2024-12-17T09:21:41.000Z",
    }, mails[1])
    assert.equal("fr", mails[2].language)
  end)

  it("has ids and links of its own, the same again from the same seed", function()
    local function ids(seed)
      local wix, list = fresh{ seed = seed }, {}
      for i = 1, 200 do
        local invite = wix.one(("u%d@example.com"):format(i))
        list[#list + 1], list[#list + 2] = invite.id, invite.accept_link
      end
      return list
    end
    local one, seen = ids(1), {}
    for _, id in ipairs(one) do
      assert.is_nil(seen[id])
      seen[id] = true
    end
    assert.same(one, ids(1))
    assert.is_nil(seen[ids(2)[1]])
    assert.is_nil(seen[ids("1 ")[1]])
  end)

  it("keeps its id whatever is drawn for other things before", function()
    local plain, busy = fresh(), fresh()
    busy.world:person("somebody@example.com")
    busy.world:new_id("account")
    assert.equal(plain.one().id, busy.one().id)
  end)
end)

describe("accepting and declining", function()
  it("works by id, by token, by link, and once", function()
    local wix = fresh()
    local invites = assert(wix.bulk({ "a@example.com", "b@example.com", "c@example.com" })).invites
    local ways = { invites[1].id:upper(), invites[2].accept_link, invites[3].token }
    for i, way in ipairs(ways) do
      local invite = assert(wix.world:accept(way))
      assert.equal(invites[i], invite)
      assert.equal("Used", invite.status)
      assert.matches("^%x+%-%x+%-4", invite.accepted_by_account_id)
    end
    local again, message, code = wix.world:accept(ways[1])
    assert.is_nil(again)
    assert.equal("the invite is Used, not Pending", message)
    assert.equal("NOT_PENDING", code)
    assert.is_nil((wix.world:decline(ways[1])))
  end)

  it("is the same person on every site", function()
    local wix = fresh()
    local here, there = wix.one("Ann@example.com"), wix.bulk({ "ann@EXAMPLE.com" }, site_b).invites[1]
    wix.world:accept(here.id)
    wix.world:accept(there.id)
    assert.equal(here.accepted_by_account_id, there.accepted_by_account_id)
    local other = wix.one("bob@example.com")
    wix.world:accept(other.id)
    assert.are_not.equal(here.accepted_by_account_id, other.accepted_by_account_id)
  end)

  it("can be declined, which gives no account", function()
    local wix = fresh()
    local invite = assert(wix.world:decline(wix.one().accept_link))
    assert.equal("Declined", invite.status)
    assert.is_nil(invite.accepted_by_account_id)
  end)

  it("knows no invite that is not there", function()
    local wix = fresh()
    local invite, message, code = wix.world:accept(site_a)
    assert.is_nil(invite)
    assert.equal("no such invite", message)
    assert.equal("NOT_FOUND", code)
  end)
end)

describe("expiry", function()
  it("comes after thirty days, not before", function()
    local wix = fresh()
    local invite = wix.one()
    wix.advance(30 * day - 1)
    assert.equal("Pending", invite.status)
    wix.advance(1)
    assert.equal("Expired", invite.status)
    assert.is_nil((wix.world:accept(invite.id)))
  end)

  it("leaves alone what is no longer pending", function()
    local wix = fresh()
    local used, declined, revoked = wix.one("a@example.com"), wix.one("b@example.com"), wix.one("c@example.com")
    wix.world:accept(used.id)
    wix.world:decline(declined.id)
    assert(wix.revoke(revoked.id))
    wix.advance(31 * day)
    assert.equal("Used", used.status)
    assert.equal("Declined", declined.status)
    assert.equal("Deleted", revoked.status)
  end)

  it("has a lifetime that can be chosen", function()
    local wix = fresh{ lifetime = 60 }
    local invite = wix.one()
    assert.equal("2024-12-17T09:22:41.000Z", invite.expiration_date)
    wix.advance(60)
    assert.equal("Expired", invite.status)
  end)

  it("restarts with a resend", function()
    local wix = fresh()
    local invite = wix.one()
    wix.advance(20 * day)
    assert(wix.resend(invite.id))
    assert.equal("2025-02-05T09:21:41.000Z", invite.expiration_date)
    wix.advance(20 * day)
    assert.equal("Pending", invite.status)
    wix.advance(10 * day)
    assert.equal("Expired", invite.status)
  end)

  it("does not restart where resend_restarts is off", function()
    local wix = fresh{ resend_restarts = false }
    local invite = wix.one()
    wix.advance(20 * day)
    assert(wix.resend(invite.id))
    assert.equal("2025-01-16T09:21:41.000Z", invite.expiration_date)
    wix.advance(10 * day)
    assert.equal("Expired", invite.status)
    assert(wix.resend(invite.id)) -- an expired one always starts again: it could not be accepted otherwise
    assert.equal("Pending", invite.status)
    assert.equal("2025-02-15T09:21:41.000Z", invite.expiration_date)
  end)
end)

describe("resend", function()
  it("mails again, same id, same link", function()
    local wix = fresh()
    local invite = wix.one()
    local id, link = invite.id, invite.accept_link
    wix.advance(3600)
    local answer = assert(wix.resend(id))
    assert.equal(id, answer.invite.id)
    assert.equal(link, answer.invite.accept_link)
    local mails = wix.world:outbox()
    assert.equal(2, #mails)
    assert.equal("resend", mails[2].kind)
    assert.equal(link, mails[2].accept_link)
    assert.equal("2024-12-17T10:21:41.000Z", mails[2].date)
  end)

  it("gives a new id and a new link where resend_keeps is off; the old ones are nobody's", function()
    local wix = fresh{ resend_keeps = false }
    local invite = wix.one()
    local id, link = invite.id, invite.accept_link
    local now = assert(wix.resend(id)).invite
    assert.are_not.equal(id, now.id)
    assert.are_not.equal(link, now.accept_link)
    assert.is_nil((wix.world:accept(link)))
    local answer, failure = wix.resend(id)
    assert.is_nil(answer)
    assert.equal(404, failure.status)
    assert.equal("Used", assert(wix.world:accept(now.accept_link)).status)
  end)

  it("brings an expired invite back, unless resend_expired is off", function()
    local wix = fresh()
    local invite = wix.one()
    wix.advance(31 * day)
    assert.equal("Pending", assert(wix.resend(invite.id)).invite.status)
    assert.equal("Used", assert(wix.world:accept(invite.accept_link)).status)

    wix = fresh{ resend_expired = false }
    invite = wix.one()
    wix.advance(31 * day)
    local answer, failure = wix.resend(invite.id)
    assert.is_nil(answer)
    assert.equal(428, failure.status)
    assert.equal("Expired", invite.status)
    assert.equal(1, #wix.world:outbox())
  end)

  it("refuses what was accepted, declined or revoked, and mails nobody", function()
    local wix = fresh()
    local a, b, c = wix.one("a@example.com"), wix.one("b@example.com"), wix.one("c@example.com")
    wix.world:accept(a.id)
    wix.world:decline(b.id)
    wix.revoke(c.id)
    for status, invite in pairs{ Used = a, Declined = b, Deleted = c } do
      local answer, failure = wix.resend(invite.id)
      assert.is_nil(answer)
      assert.equal(428, failure.status)
      assert.matches('"code":"INVITE_NOT_PENDING","data":{"status":"' .. status .. '"}', failure.body, 1, true)
    end
    assert.equal(3, #wix.world:outbox())
  end)

  it("knows no invite of another site", function()
    local wix = fresh()
    local invite = wix.one()
    for _, call in ipairs{ wix.resend, wix.revoke } do
      local answer, failure = call(invite.id, site_b)
      assert.is_nil(answer)
      assert.equal(404, failure.status)
    end
    assert.equal("Pending", invite.status)
  end)
end)

describe("revoke", function()
  it("ends a pending invite", function()
    local wix = fresh()
    local invite = wix.one()
    assert.same({}, wix.revoke(invite.id))
    assert.equal("Deleted", invite.status)
    assert.is_nil((wix.world:accept(invite.accept_link)))
  end)

  it("refuses what is settled, or lets it pass, as told", function()
    for _, how in ipairs{ "error", "ok" } do
      local wix = fresh{ revoke_settled = how }
      local invite = wix.one()
      wix.world:accept(invite.id)
      local answer, failure = wix.revoke(invite.id)
      assert.equal("Used", invite.status)
      if how == "ok" then
        assert.same({}, answer)
      else
        assert.is_nil(answer)
        assert.equal(428, failure.status)
      end
    end
  end)
end)

describe("an address that was invited before", function()
  it("is named as failed", function()
    local wix = fresh()
    wix.one("ann@example.com")
    local used = wix.one("bob@example.com")
    wix.world:accept(used.id)
    local answer = assert(wix.bulk({ "ANN@example.com", "bob@example.com", "new@example.com" }))
    assert.same({ "new@example.com" }, emails_of(answer.invites))
    assert.same({ "ANN@example.com", "bob@example.com" }, answer.failed_emails)
    assert.equal(3, #wix.world:outbox())
  end)

  it("is invited afresh, where duplicates says so", function()
    local wix = fresh{ duplicates = "fresh" }
    local first = wix.one("ann@example.com")
    local second = wix.one("ann@example.com")
    assert.are_not.equal(first.id, second.id)
    assert.equal(2, #wix.world:outbox())
  end)

  it("spoils the whole call, where duplicates says so", function()
    local wix = fresh{ duplicates = "error" }
    wix.one("ann@example.com")
    local answer, failure = wix.bulk({ "new@example.com", "ann@example.com" })
    assert.is_nil(answer)
    assert.equal(409, failure.status)
    assert.matches("ALREADY_EXISTS", failure.body)
    assert.equal(1, #wix.world.invite_list)
    assert.equal(1, #wix.world:outbox())
  end)

  it("is one twice in the same call, too", function()
    local wix = fresh()
    local answer = assert(wix.bulk({ "ann@example.com", "Ann@example.com" }))
    assert.same({ "Ann@example.com" }, answer.failed_emails)
    assert.equal(1, #answer.invites)
  end)

  it("is not one on another site, nor once it declined, was revoked or ran out", function()
    local wix = fresh()
    wix.one()
    assert.equal(1, #wix.bulk({ "ann@example.com" }, site_b).invites)
    for _, ending in ipairs{ "decline", "revoke", "expire" } do
      local email = ending .. "@example.com"
      local invite = wix.one(email)
      if ending == "decline" then wix.world:decline(invite.id)
      elseif ending == "revoke" then wix.revoke(invite.id)
      else wix.advance(31 * day) end
      local answer = assert(wix.bulk({ email }))
      assert.same({}, answer.failed_emails)
      assert.are_not.equal(invite.id, answer.invites[1].id)
    end
  end)
end)

describe("limits", function()
  it("takes fifty addresses and refuses one more, or what max_emails says", function()
    local function many(count)
      local list = {}
      for i = 1, count do list[i] = ("u%d@example.com"):format(i) end
      return list
    end
    assert.equal(50, #assert(fresh().bulk(many(50))).invites)
    local wix = fresh()
    local answer, failure = wix.bulk(many(51))
    assert.is_nil(answer)
    assert.equal(400, failure.status)
    assert.matches('"threshold":50', failure.body, 1, true)
    assert.matches('"field":"emails","violatedRule":"OUT_OF_RANGE"', failure.body, 1, true)
    assert.equal(0, #wix.world.invite_list)
    assert.equal(51, #assert(fresh{ max_emails = 51 }.bulk(many(51))).invites)
  end)

  it("counts pending and accepted invites as seats", function()
    local wix = fresh{ seats = 2 }
    local first = wix.one("a@example.com")
    wix.one("b@example.com")
    wix.world:accept(first.id)
    local answer, failure = wix.bulk({ "c@example.com" })
    assert.is_nil(answer)
    assert.equal(428, failure.status)
    assert.matches("CONTRIBUTOR_LIMIT_REACHED", failure.body)
    assert.equal(1, #wix.bulk({ "c@example.com" }, site_b).invites)
  end)

  it("frees a seat when an invite is declined, revoked or runs out", function()
    local wix = fresh{ seats = 1 }
    wix.world:decline(wix.one("a@example.com").id)
    wix.revoke(wix.one("b@example.com").id)
    local last = wix.one("c@example.com")
    assert.is_nil((wix.bulk({ "d@example.com" })))
    wix.advance(31 * day)
    wix.one("d@example.com")
    local answer, failure = wix.resend(last.id) -- it would take the seat back
    assert.is_nil(answer)
    assert.equal(428, failure.status)
  end)

  it("invites whom it has seats for, where seats_full says so", function()
    local wix = fresh{ seats = 2, seats_full = "failed" }
    local answer = assert(wix.bulk({ "a@example.com", "b@example.com", "c@example.com" }))
    assert.same({ "a@example.com", "b@example.com" }, emails_of(answer.invites))
    assert.same({ "c@example.com" }, answer.failed_emails)
  end)

  it("names malformed addresses as failed where they come this far", function()
    local wix = fresh{ malformed = "failed" }
    local answer = assert(wix.bulk({ "nobody", "a@example.com" }))
    assert.same({ "nobody" }, answer.failed_emails)
    assert.equal(1, #answer.invites)
  end)

  it("keeps as many mails as it is told, the newest", function()
    local wix = fresh{ mails = 3 }
    for i = 1, 5 do wix.one(("u%d@example.com"):format(i)) end
    local mails = wix.world:outbox()
    assert.equal(3, #mails)
    assert.equal("u3@example.com", mails[1].to)
    assert.equal(5, mails[3].number)
  end)

  it("makes a site of an unknown GUID, unless sites are strict", function()
    assert.equal("Site 3", fresh().world:site("ABCDEF00-0000-4000-8000-000000000000").name)
    assert.is_nil(fresh{ strict_sites = true }.world:site("abcdef00-0000-4000-8000-000000000000"))
    assert.equal(site_a, fresh{ strict_sites = true }.world:site(site_a:upper()).id)
  end)
end)

describe("the clock", function()
  it("runs along with real time, plus what it was advanced", function()
    local real = 1000000
    local time = clock.new(function() return real end)
    assert.equal(1000000, time:now())
    real = 3000000
    assert.equal(3000000, time:now())
    time:advance(0.5)
    assert.equal(3500000, time:now())
  end)

  it("never goes back, also where real time does", function()
    local real = 5000000
    local time = clock.new(function() return real end)
    assert.equal(5000000, time:now())
    real = 1000000
    assert.equal(5000000, time:now())
  end)

  it("stands still from a start that was given", function()
    local time = clock.new(function() error "real time was asked" end, 1.25)
    assert.equal(1250000, time:now())
    time:advance(2)
    assert.equal(3250000, time:now())
  end)

  it("writes dates as Wix does and as HTTP does", function()
    assert.equal("2024-12-17T09:21:41.191Z", clock.date(1734427301191556))
    assert.equal("2024-12-17T09:21:42.000Z", clock.date(1734427302000000))
    assert.equal("Tue, 17 Dec 2024 09:21:41 GMT", clock.http_date(1734427301191556))
  end)
end)

describe("chance", function()
  it("leaves math.random alone", function()
    math.randomseed(42)
    local expected = math.random(1 << 30)
    math.randomseed(42)
    fresh().one()
    assert.equal(expected, math.random(1 << 30))
  end)

  it("makes GUIDs, tokens and digits of the right form", function()
    local stream = random.stream(7, "x")
    for _ = 1, 1000 do
      assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$", random.guid(stream))
      local token, digits = random.token(stream), random.digits(stream)
      assert.matches("^%x+$", token)
      assert.equal(40, #token)
      assert.matches("^%d+$", digits)
      assert.equal(18, #digits)
    end
  end)
end)
