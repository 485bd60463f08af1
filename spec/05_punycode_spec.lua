-- Domain names in ASCII, as people write them, and whom they make one person.

local folding = require "wixum.folding"
local punycode = require "wixum.punycode"
local support = require "spec.support.ledger"

describe("a domain name in ASCII #pure", function()
  it("is read as RFC 3492 says, label by label", function()
    for domain, readable in pairs{
      ["xn--mller-kva.example"] = "müller.example", ["www.xn--mller-kva.xn--p1ai"] = "www.müller.рф", ["xn--strae-oqa.de"] = "straße.de",
      ["xn--1ca"] = "á", ["xn--3e0b707e"] = "한국", ["xn--ls8h.la"] = "💩.la", ["example.com"] = "example.com",
      ["xn--ihqwcrb4cv8a8dqg056pqjye"] = "他们为什么不说中文", ["xn--egbpdaj6bu4bxfgehfvwxn"] = "ليهمابتكلموشعربي؟",
      ["xn--3b-ww4c5e180e575a65lsy2b"] = "3年b組金八先生", ["xn----7sbe.de"] = "а-б.de",
    } do assert.equal(readable, punycode.readable(domain)) end
  end)

  it("stays as it is where nothing can be read in it", function()
    for _, domain in ipairs{ "", ".", "xn--", "xn--.de", "xn--abc-", "xn--a-.b", "xn--99999999999999", "xn--\xC3\xBC.de",
      "axn--mller-kva.de", "xn--a_b", "xn--mller-kv", "xn--" .. ("a"):rep(64), "xn---" } do
      assert.equal(domain, punycode.readable(domain))
    end
    for number = 0, 2000 do -- whatever it is, it is a text, and ends
      local domain = "xn--" .. ("%x"):format(number * 7919) .. (number % 2 == 0 and "-a" or "")
      assert.is_truthy(utf8.len(punycode.readable(domain)))
    end
  end)
end)

describe("a person #pure", function()
  it("is the same by either spelling of a domain, and not by what stands before it", function()
    local ann = folding.person "Ann@Müller.Example"
    assert.equal("ann@müller.example", ann)
    for _, email in ipairs{ "ann@xn--mller-kva.example", "ANN@XN--MLLER-KVA.EXAMPLE", "ann@müller.example" } do
      assert.equal(ann, folding.person(email))
    end
    assert.equal("xn--mller-kva@example.com", folding.person "xn--mller-kva@example.com")
    assert.equal("ann@müller.de", folding.person "ann@xn--MLLER-kva.de")
  end)

  it("is mailed once a site, and found, by whichever", function()
    local desk = support.desk{ members = { { email = "ann@müller.example" } } }
    local ledger, wix = desk.ledger, desk.wix
    local rows = {}
    for i, email in ipairs{ "ann@müller.example", "ann@xn--mller-kva.example" } do
      rows[i] = { site_id = desk.sites[1], email = email, role = support.ROLE.title }
    end
    local plan = assert(ledger:plan(rows, { client = wix }))
    assert.equal(1, plan.planned)
    assert(ledger:send(wix))
    assert.equal(1, #desk.server:outbox())
    assert.equal(1, #assert(ledger:who("xn--mller-kva")).people)
    desk:invite_to("bob@xn--mller-kva.example", 2)
    for _, part in ipairs{ "xn--ml", "mller", "b@xn--", "bob@m" } do assert.equal(1, #assert(ledger:who(part)).people, part) end
    local found = assert(ledger:leaver(wix, "ann@xn--mller-kva.example"))
    assert.same({ 1, 1 }, { found.removals, found.revocations }) -- out of the team, and the open invite
    desk:close()
  end)
end)
