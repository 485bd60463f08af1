-- Values that came from outside, on the sandbox's pages: they are text, of bounded length, whatever is in them.

local pages = require "spec.support.pages"

local start, ask, page, post = pages.start, pages.ask, pages.page, pages.post
local invite, invite_to_team, token_of = pages.invite, pages.invite_to_team, pages.token_of

after_each(pages.stop)

-- Everything that can be told from markup if it got there: tags that are not ours, attributes that are not ours.
local ours = {}
for name in ([[html head meta title link style script noscript body header main nav p a h1 h2 section table caption thead tbody tr th td
  ul li span bdi time div article dl dt dd blockquote form input button]]):gmatch("%S+") do ours[name] = true end
local our_attributes = {}
for name in ([[lang charset name content rel href nonce id role class scope datetime dir tabindex method action type value
  data-version http-equiv aria-label aria-labelledby]]):gmatch("%S+") do our_attributes[name] = true end

local function check_markup(text)
  assert.equal(#text, utf8.len(text) and #text, "no UTF-8")
  local scripts = 0
  local rest = text:gsub("<script nonce.-</script>", function() scripts = scripts + 1 return "" end):gsub("<style nonce.-</style>", "")
  assert.is_true(scripts <= 1)
  assert.equal("<!DOCTYPE html>", rest:sub(1, 15))
  rest = rest:sub(16)
  rest = rest:gsub("</(%w+)>", function(name) assert.is_true(ours[name] or false, name) return "" end)
  rest = rest:gsub("<(%w+)([^<>]*)>", function(name, attributes)
    assert.is_true(ours[name] or false, name)
    local left = attributes:gsub('%s([%w-]+)="[^"<>]*"', function(attribute)
      assert.is_true(our_attributes[attribute] or false, attribute)
      return ""
    end)
    assert.equal("", left)
    return ""
  end)
  assert.is_nil(rest:find("[<>\"']"))
  assert.is_nil(rest:find("[%z\1-\8\11-\31\127]"))
end

describe("what came from outside #pure", function()
  local hostile = {
    ["markup"] = "</title></bdi></td><script>document.title='taken'</script><img src=x onerror=alert(1)>",
    ["quotes"] = "\"><input name=\"token\" autofocus onfocus='x()'> ' &quot; &lt;script&gt; {email} %1",
    ["marks that turn the direction"] = "gpj\u{202e}exe.\u{2066}\u{2069}\u{2069}\u{202c}\u{200f}\u{5d0}\u{5d1}",
    ["controls"] = "a\0b\1c\27[31md\127e\r\nf\tg",
    ["no UTF-8"] = "\xff\xfe\xc0\x80 \xed\xa0\x80 \xf0\x9f ende\xe2",
    ["a comment that does not end"] = "<!-- <![CDATA[ <?php ",
  }

  for what, text in pairs(hostile) do
    it("is text, wherever it stands: " .. what, function()
      local name = { first_name = text, last_name = text }
      start{
        sites = { { id = pages.SITE, name = text, contributors = { { email = "eve@example.com", name = name, roles = { text } } } } },
        roles = { { id = "7000000000000000001", title = text } },
        members = { { email = "fay@example.com", name = name, roles = { "7000000000000000001" } } },
      }
      local as_json = utf8.len(text) and text or "odd"
      pages.restrict_to_folder("fay", as_json)
      invite("ann@example.com", { invitePurpose = as_json, defaultEmailLanguage = as_json, policyIds = { as_json } })
      local one = invite("o'neil&co+b@example.com", { invitePurpose = as_json, policyIds = { "7000000000000000001" } })
      local to_team = invite_to_team("gus@example.com", as_json)
      check_markup(page())
      for number = 1, 3 do check_markup(page("/_sandbox/mail?number=" .. number)) end
      assert.is_nil(page():find("\u{202e}", 1, true))
      check_markup(page(post("accept", token_of(one)).headers.location))
      check_markup(page(post("accept", token_of(to_team)).headers.location))
      check_markup(ask("/_sandbox/mail?number=" .. text:gsub("[^%w]", function(c) return ("%%%02x"):format(c:byte()) end)).body)
      assert.matches("o&#39;neil&amp;co+b@example.com", page(), 1, true)
    end)
  end

  it("keeps its characters", function()
    start{ sites = { { id = pages.SITE, name = "Bäckerei <Brot> & \u{1f35e} \u{5d0}" } } }
    assert.matches("<bdi>Bäckerei &lt;Brot&gt; &amp; \u{1f35e} \u{5d0}</bdi>", page(), 1, true)
  end)

  it("may be long, and is cut where it would fill the page", function()
    local bread = "\u{1f35e}"
    start{ sites = { { id = pages.SITE, name = bread:rep(300) }, { id = pages.SECOND_SITE, name = bread:rep(160) } } }
    invite("ann@example.com", { invitePurpose = ("ü"):rep(500000), policyIds = { ("r"):rep(100000) } })
    local text = page()
    assert.is_true(#text < 30000, #text)
    assert.matches("<bdi>" .. bread:rep(160) .. "\u{2026}</bdi>", text, 1, true)
    assert.matches("<bdi>" .. bread:rep(160) .. "</bdi>", text, 1, true)
    text = page("/_sandbox/mail?number=1")
    assert.is_true(#text < 60000, #text)
    assert.matches(">" .. ("ü"):rep(20000) .. "</blockquote>", text, 1, true)
    assert.matches("The text goes on for 960,000 bytes", text, 1, true)
    check_markup(text)
  end)

  it("may be many", function()
    start()
    local ids = {}
    for i = 1, 5000 do ids[i] = ("%d"):format(i) end
    invite("ann@example.com", { policyIds = ids })
    for _, path in ipairs{ "/", "/_sandbox/mail?number=1" } do
      local text = page(path)
      assert.is_true(#text < 30000, #text)
      assert.matches("and 4,990 more", text, 1, true)
    end
  end)
end)
