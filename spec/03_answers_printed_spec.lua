-- Answers as they print: in the order of the declaration, one thing a line where it is long, secrets masked, and nothing
-- that a terminal would obey. In the tables themselves everything is as it came.

local calls = require "spec.support.calls"
local cjson = require "cjson"
local core = require "wixum.core"

local GUID = calls.GUID
local LINK = "https://manage.wix.com/invite/accept?token=e30.secret-token"

before_each(calls.open)
after_each(calls.close)

local function read(body, name)
  name = name or "send_all"
  calls.answers(200, body)
  local answer, err = calls.method(name)(calls.arguments(name))
  assert.is_truthy(answer, tostring(err))
  return answer
end

local function invites(link)
  return read({ invites = { { id = GUID, email = "ann@example.com", policyIds = { "1" }, status = "Pending", acceptLink = link } },
    failedEmails = { "bob@example.com" } }, "bulk_invite")
end

describe("an answer's metatable", function()
  it("has __tostring and __name, and nothing else", function()
    local answer = invites(LINK)
    for _, value in ipairs{ answer, answer.invites, answer.invites[1], answer.invites[1].policy_ids, answer.failed_emails } do
      local metatable = getmetatable(value)
      local keys = {}
      for key in pairs(metatable) do keys[#keys + 1] = key end
      table.sort(keys)
      assert.same({ "__name", "__tostring" }, keys)
      assert.matches("^wixum%.", metatable.__name)
    end
    assert.equal("wixum.BulkInviteAnswer", getmetatable(answer).__name)
    assert.equal("wixum.SiteInvite", getmetatable(answer.invites[1]).__name)
  end)

  it("is on what is declared alone", function()
    local answer = read{ freeForm = { a = {} }, unknown = { { 1 } } }
    for _, value in ipairs{ answer.free_form, answer.free_form.a, answer.unknown, answer.unknown[1] } do
      assert.is_nil(getmetatable(value))
    end
    assert.equal("wixum.Everything", getmetatable(answer).__name)
    assert.matches("%.list$", getmetatable(answer.text_list).__name) -- one that did not come
  end)

  it("leaves the tables plain: fields can be set, removed and walked", function()
    local answer = invites(LINK)
    answer.failed_emails, answer.note = nil, "mine"
    table.insert(answer.invites, { id = "x" })
    table.sort(answer.invites, function(a, b) return a.id > b.id end)
    local count = 0
    for _ in pairs(answer) do count = count + 1 end
    assert.equal(2, count)
    assert.equal(2, #answer.invites)
    assert.is_nil(answer.nothing)
    assert.matches('note = "mine"', tostring(answer), 1, true)
  end)
end)

describe("printing", function()
  it("shows the fields in the order of the declaration, then the others by name", function()
    local answer = read{
      zebra = 1, apple = 2, quince = 1, fig = 1, medlar = 1, cherry = 1, itemCount = 3, someText = "x",
      manyThings = { { fullName = "n", aaa = true } },
    }
    local last = 0
    for _, words in ipairs{
      'some_text = "x"', "item_count = 3", "text_list = {}", 'full_name = "n"', "aaa = true", "apple = 2", "cherry", "fig", "medlar",
      "quince", "zebra = 1",
    } do
      local at = tostring(answer):find(words, last + 1, true)
      assert.is_truthy(at, words)
      last = at
    end
  end)

  it("is one line where that is short, and indented where it is not", function()
    assert.equal("{}", tostring(read("{}", "revoke_invite")))
    assert.equal("{ invites = {}, failed_emails = {} }", tostring(read("{}", "bulk_invite")))
    assert.equal([[
{
  invites = {
    {
      id = "5f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11",
      email = "ann@example.com",
      policy_ids = { "1" },
      status = "Pending",
      accept_link = "[masked]",
      location_ids = {},
      caller_capabilities = {}
    }
  },
  failed_emails = { "bob@example.com" }
}]], tostring(invites(LINK)))
  end)

  it("masks a secret wherever it is come across, and leaves it in the data", function()
    for _, link in ipairs{ LINK, "secret-token", { "secret-token" }, { [1] = { deep = "secret-token" } }, 12345678 } do
      local answer = invites(link)
      for _, value in ipairs{ answer, answer.invites, answer.invites[1] } do
        local text = tostring(value)
        assert.is_nil(text:find("secret", 1, true), text)
        assert.is_nil(text:find("12345678", 1, true))
        assert.matches('accept_link = "[masked]"', text, 1, true)
      end
      assert.same(type(link) == "number" and tostring(link) or link, answer.invites[1].accept_link)
    end
    local answer = read{ oneThing = { openLink = "secret" }, manyThings = { { openLink = "secret" } }, plainParts = { {} } }
    for _, value in ipairs{ answer, answer.one_thing, answer.many_things, answer.many_things[1] } do
      assert.is_nil(tostring(value):find('"secret"', 1, true), tostring(value))
      assert.matches("[masked]", tostring(value), 1, true)
    end
  end)

  it("masks links and keys that are where nobody declared them", function()
    local answer = read{
      unknown = { acceptLink = "secret-token", accept_link = "secret-token", text = "follow " .. LINK, list = { LINK } },
      [calls.KEY] = 1, someText = "key " .. calls.KEY, someMore = { [LINK] = "x", ["k " .. calls.KEY] = calls.KEY },
    }
    assert.is_nil(tostring(answer):find("secret", 1, true), tostring(answer))
    assert.is_nil(tostring(answer):find(calls.KEY, 1, true), tostring(answer))
    assert.equal("follow " .. LINK, answer.unknown.text)
  end)

  it("masks a key of letters alone, as a name too", function()
    local client = require("wixum").client{
      api_key = "keyoflettersalone", site_id = GUID, rate = false,
      transport = function() return { status = 200, body = '{"keyoflettersalone":1,"a":{"keyoflettersalone":[]}}' } end,
    }
    local answer = client.site_invites.revoke_invite{ invite_id = GUID }
    assert.equal(1, answer.keyoflettersalone)
    assert.is_nil(tostring(answer):find("keyoflettersalone", 1, true))
    client:close()
  end)

  it("masks a secret that lies across the place where a long text is cut", function()
    for before = 1980, 2010 do
      local text = tostring(read{ someText = ("x"):rep(before) .. " " .. calls.KEY })
      assert.is_nil(text:find("key", 1, true), before)
    end
  end)

  it("cuts long texts, long lists and deep tables", function()
    local deep = { "bottom" }
    for _ = 1, 20 do deep = { deep } end
    local many = {}
    for i = 1, 1000 do many[i] = ("item %d"):format(i) end
    local answer = read{ someText = ("é"):rep(1 << 16), unknown = deep, textList = many, ["new" .. ("x"):rep(5000)] = 1 }
    local text = tostring(answer)
    assert.is_true(#text < 10000)
    assert.is_truthy(utf8.len(text))
    assert.matches("… 980 more", text, 1, true)
    assert.matches("item 20", text, 1, true)
    assert.is_nil(text:find("item 21", 1, true))
    assert.is_nil(text:find("bottom", 1, true))
    answer.self = answer
    assert.is_true(#tostring(answer) < 100000)
  end)

  it("emits no control byte, no escape and nothing that reorders a line", function()
    local nasty = {}
    for byte = 0, 31 do nasty[#nasty + 1] = string.char(byte) end
    for _, code in ipairs{ 0x7F, 0x80, 0x85, 0x9B, 0x9F, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202E, 0x2066, 0x2069 } do
      nasty[#nasty + 1] = utf8.char(code)
    end
    local all = table.concat(nasty, "x")
    local body = { someText = all, ["n" .. all] = all, unknown = { [all] = { all } }, textList = { all }, oneThing = { fullName = all } }
    for _, one in ipairs(nasty) do body.unknown["k" .. one] = one end
    local answer = read(body)
    assert.equal(all, answer.some_text)
    for _, value in ipairs{ answer, answer.text_list, answer.one_thing } do
      local text = tostring(value)
      assert.is_nil(text:find("[\0-\9\11-\31\127]"), text)
      assert.is_truthy(utf8.len(text))
      for _, code in utf8.codes(text) do
        assert.is_false(code >= 0x7F and code < 0xA0 or code >= 0x200B and code <= 0x200F or code >= 0x2028 and code <= 0x202E
          or code >= 0x2066 and code <= 0x2069, ("U+%04X"):format(code))
      end
    end
    -- the line breaks are the layout's own
    for line in tostring(answer):gmatch("[^\n]+") do assert.matches("^[ {}]", line) end
  end)

  it("shows what can be read back: quotes and backslashes escaped, odd names in brackets", function()
    local answer = read([[{"someText":"a\"b\\c","odd name":1,"3":2,"":3,"end":4}]])
    local text = tostring(answer)
    assert.matches([[some_text = "a\"b\\c"]], text, 1, true)
    assert.matches('["odd name"] = 1', text, 1, true)
    assert.matches('["3"] = 2', text, 1, true)
    assert.matches('[""] = 3', text, 1, true)
  end)
end)

describe("the core's metatables", function()
  it("are those handed in with the shape, and none where none was", function()
    local object, list = { __name = "object" }, { __name = "list" }
    local fields = { { name = "some", wire = "some", type = "string", list = true } }
    local dressed = core.answer(core.shape{ fields = fields, metatable = object, list_metatable = list }, '{"some":["a"]}')
    assert.equal(object, getmetatable(dressed))
    assert.equal(list, getmetatable(dressed.some))
    local plain = core.answer(core.shape{ fields = fields }, cjson.encode{ some = { "a" } })
    assert.is_nil(getmetatable(plain))
    assert.is_nil(getmetatable(plain.some))
  end)
end)
