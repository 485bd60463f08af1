-- The sandbox's pages in a browser: at a phone's width, with a mouse, with keys, without scripts. Needs Chromium and
-- chromedriver.

local browser = require "spec.support.browser"
local sandbox = require "wixum.sandbox"

local BAKERY, FLORIST = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
local ADMIN, ACCOUNT_ADMIN = "6732588207941061632", "6642345101181663232"
local PHONE = { width = 360, height = 740 }

local server, wix, chromium

describe("the sandbox's pages #browser", function()
  setup(function() chromium = browser.open(PHONE) end)
  teardown(function() if chromium then chromium:close() end end)

  local function start(given)
    local complete = { seed = 1, sites = { { id = BAKERY, name = "Bakery" }, { id = FLORIST, name = "Florist" } } }
    for name, value in pairs(given or {}) do complete[name] = value end
    server = assert(sandbox.start(complete))
    wix = server:client()
  end

  -- Where a spec ends, nobody has complained; one that provokes a complaint takes it away first.
  after_each(function()
    local complaints = chromium:complaints()
    chromium:allow_scripts(true)
    chromium:prefer "light"
    chromium:resize(PHONE.width, PHONE.height)
    chromium:go "about:blank"
    local stumbled = server:last_error()
    wix:close()
    server:stop()
    assert.same({}, complaints)
    assert.equal("", stumbled)
  end)

  local function invite(email, site)
    local sent = assert(wix:with{ site_id = site or BAKERY }.site_invites.bulk_invite{
      policy_ids = { ADMIN }, emails = { email }, invite_purpose = "Your new site is ready", default_email_language = "en",
    })
    return assert(sent.invites[1])
  end

  local function overview()
    chromium:go(server.base_url .. "/")
    chromium:find "//p[@id='live'][contains(., 'This page is live')]"
  end

  -- The row of a section that names somebody, once it says so as well.
  local function row(section, name, says)
    return chromium:text(("//section[@id='%s']//tbody/tr[contains(., '%s') and contains(., '%s')]"):format(section, name, says or name))
  end

  local function scrolls_sideways()
    return chromium:run [[
      return document.documentElement.scrollWidth > innerWidth || document.body.scrollWidth > document.body.clientWidth ||
        [...document.querySelectorAll("body *")].some(element => element.getBoundingClientRect().right > innerWidth + 0.5);]]
  end

  it("bring the role when Accept is clicked", function()
    start()
    local ann = invite "ann@example.com"
    overview()
    assert.matches("nobody yet", row("sites", "Bakery"))
    chromium:click "//a[contains(., 'to ann@example.com')]"
    assert.matches("Your new site is ready", chromium:text "//blockquote")
    assert.is_false(scrolls_sideways())
    assert.equal("Pending", server:invites()[1].status)
    chromium:click "//button[.='Accept']"
    assert.equal("Accepted", chromium:text "//h1")
    assert.equal(server.base_url .. "/_sandbox/result?invite=" .. ann.id, chromium:url())
    assert.matches("ann@example.com accepted, and now is Admin %(Co%-Owner%) on Bakery%.", chromium:text "//main")
    chromium:click "//a[.='Back to the overview']"
    assert.matches("^Bakery.*ann@example.com\nAdmin %(Co%-Owner%)$", row("sites", "ann@example.com"))
    assert.matches("Used\naccepted", row("invites", "ann@example.com"))
    assert.equal("Used", server:invites()[1].status)
    local told = assert(wix:with{ site_id = BAKERY }.contributors.query_site_contributors{})
    assert.equal(server:invites()[1].accepted_by_account_id, told.contributors[1].account_id)
  end)

  it("bring nothing when Decline is clicked", function()
    start()
    invite("bob@example.com", FLORIST)
    overview()
    chromium:click "//a[contains(., 'to bob@example.com')]"
    chromium:click "//button[.='Decline']"
    assert.equal("Declined", chromium:text "//h1")
    chromium:click "//a[.='Back to the overview']"
    assert.matches("Declined", row("invites", "bob@example.com"))
    assert.matches("nobody yet", row("sites", "Florist"))
    assert.equal("Declined", server:invites()[1].status)
  end)

  it("bring somebody into the team", function()
    start()
    assert(wix.account_invites.create_invite{ subjects_assignments = {
      { subject_email = "cay@example.com", assignments = { { policy_id = ACCOUNT_ADMIN } } },
    } })
    overview()
    assert.matches("Pending", row("account_invites", "cay@example.com"))
    chromium:click "//a[contains(., 'to cay@example.com')]"
    chromium:click "//button[.='Accept']"
    chromium:click "//a[.='Back to the overview']"
    assert.matches("Account Admin %(Co%-Owner%) on the whole account$", row("team", "cay@example.com"))
    assert.matches("Used", row("account_invites", "cay@example.com"))
  end)

  it("answer once, also for somebody who goes back", function()
    start()
    local ann = invite "ann@example.com"
    chromium:go(ann.accept_link)
    chromium:click "//button[.='Accept']"
    chromium:find "//h1[.='Accepted']"
    chromium:go(ann.accept_link)
    assert.matches("This invite was accepted", chromium:text "//main")
    assert.equal("Used", server:invites()[1].status)
    assert.matches("409", table.concat(chromium:complaints(), "\n")) -- the browser's own words on the page's status
  end)

  it("are live: what changes shows by itself, and the focus stays", function()
    start()
    invite "ann@example.com"
    overview()
    chromium:run "window.here = true; document.getElementById('mail_1').focus();"
    local bob = invite "bob@example.com"
    assert.matches("Pending", row("invites", "bob@example.com"))
    server:accept(bob.id)
    assert.matches("Used", row("invites", "bob@example.com", "Used"))
    assert.matches("bob@example.com", row("sites", "bob@example.com"))
    server:advance(31 * 86400)
    assert.matches("Expired", row("invites", "ann@example.com", "Expired"))
    assert.same({ true, "mail_1" }, chromium:run "return [window.here, document.activeElement.id];")
  end)

  it("say so when the sandbox is gone, and go on when it is back", function()
    start()
    overview()
    wix:close()
    server:stop()
    assert.equal("The sandbox does not answer: this is how it was.", chromium:text "//p[@id='live'][contains(., 'does not answer')]")
    start{ port = server.port, sites = { { id = BAKERY, name = "Butcher" } } }
    chromium:find "//p[@id='live'][contains(., 'This page is live')]"
    assert.matches("Butcher", row("sites", "Butcher"))
    for _, complaint in ipairs(chromium:complaints()) do assert.matches("net::ERR_CONNECTION_REFUSED", complaint, 1, true) end
  end)

  it("can be used with keys alone", function()
    start()
    invite "ann@example.com"
    overview()
    local function tab_to(what)
      for _ = 1, 20 do
        chromium:press(chromium.TAB)
        if chromium:run("return document.activeElement.textContent;"):find(what, 1, true) then return end
      end
      error("no way to " .. what)
    end
    tab_to "to ann@example.com"
    chromium:press(chromium.ENTER)
    chromium:find "//button[.='Accept']"
    tab_to "Accept"
    assert.are_not.equal("none", chromium:run "return getComputedStyle(document.activeElement).outlineStyle;")
    chromium:press(chromium.ENTER)
    chromium:find "//h1[.='Accepted']"
    assert.equal("Used", server:invites()[1].status)
  end)

  it("can be used without scripts", function()
    start()
    invite "ann@example.com"
    chromium:allow_scripts(false)
    chromium:go(server.base_url .. "/")
    assert.equal("Reload this page to see what is new.", chromium:text "//p[@id='live']")
    chromium:go(server.base_url .. "/_sandbox/mail?number=1")
    chromium:click "//button[.='Accept']"
    chromium:find "//h1[.='Accepted']"
    chromium:click "//a[.='Back to the overview']"
    assert.matches("Used", row("invites", "ann@example.com"))
  end)

  it("fit a phone, whatever is in them", function()
    local long = ("Donaudampfschifffahrtsgesellschaft"):rep(9)
    start{
      seats = 12345678, sites = { { id = BAKERY, name = long }, { id = FLORIST, name = "Florist" } },
      members = { { email = ("m"):rep(64) .. "@" .. ("d"):rep(60) .. ".example", name = long, roles = { ACCOUNT_ADMIN } } },
    }
    local sent = assert(wix.site_invites.bulk_invite{
      policy_ids = { ADMIN, "6600412800113080101", ("9"):rep(200) }, emails = { ("e"):rep(64) .. "@" .. ("d"):rep(60) .. ".example" },
      invite_purpose = long .. " \u{5e9}\u{5dc}\u{5d5}\u{5dd}\n\n" .. ("x "):rep(3000) .. long,
    })
    overview()
    for _, width in ipairs{ 320, 360, 768, 1280 } do
      chromium:resize(width, 740)
      for _, path in ipairs{ "/", "/_sandbox/mail?number=1", "/_sandbox/result?invite=" .. sent.invites[1].id } do
        if path:find "result" then server:accept(sent.invites[1].id) end
        chromium:go(server.base_url .. path)
        chromium:find "//h1"
        assert.is_false(scrolls_sideways(), ("%d %s"):format(width, path))
      end
    end
    chromium:complaints()
  end)

  it("have buttons that a thumb can hit, and a line between what they do", function()
    start()
    invite "ann@example.com"
    chromium:go(server.base_url .. "/_sandbox/mail?number=1")
    local sizes = chromium:run [[return [...document.querySelectorAll("button")].map(button => {
      const box = button.getBoundingClientRect(); return [box.width, box.height, box.left, box.right]; });]]
    assert.equal(2, #sizes)
    for _, size in ipairs(sizes) do
      assert.is_true(size[1] >= 44 and size[2] >= 44)
    end
    assert.is_true(sizes[2][3] - sizes[1][4] >= 8)
  end)

  it("can be read in the light and in the dark", function()
    start()
    local invites = {}
    for i, name in ipairs{ "ann", "bob", "cay", "dan" } do invites[i] = invite(name .. "@example.com") end
    server:accept(invites[1].id)
    server:decline(invites[2].id)
    assert(wix:with{ site_id = BAKERY }.site_invites.revoke_invite{ invite_id = invites[3].id })
    local grounds = {}
    for _, scheme in ipairs{ "light", "dark" } do
      chromium:prefer(scheme)
      for _, path in ipairs{ "/", "/_sandbox/mail?number=4", "/_sandbox/mail?number=1" } do
        chromium:go(server.base_url .. path)
        chromium:find "//h1"
        -- WCAG's contrast, of every element that has text of its own; what is missing is named.
        local weak = chromium:run [[
          const numbers = color => color.match(/[\d.]+/g).map(Number);
          const light = color => { const [r, g, b] = numbers(color).map(value => {
            value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const ground = element => { for (; element; element = element.parentElement) {
            const color = getComputedStyle(element).backgroundColor, parts = numbers(color);
            if (parts.length === 3 || parts[3] > 0) return color; } return "rgb(255, 255, 255)"; };
          return [...document.querySelectorAll("body *:not(script)")].filter(element =>
            [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())).map(element => {
              const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
              return [(a + 0.05) / (b + 0.05), element.outerHTML]; })
            .filter(([ratio]) => !(ratio >= 4.5)).map(([ratio, text]) => ratio + " " + text);]]
        assert.same({}, weak)
        assert.equal("", chromium:run "return [...document.querySelectorAll('.state')].filter(state => !state.textContent).join();")
      end
      grounds[scheme] = chromium:run "return getComputedStyle(document.body).backgroundColor;"
    end
    assert.are_not.equal(grounds.light, grounds.dark)
  end)

  it("run nothing that came from outside", function()
    local evil = "\"'></title><script>window.taken = true</script><img src=x onerror='window.taken = true'>"
    start{
      sites = { { id = BAKERY, name = evil, contributors = { { email = "eve@example.com", name = evil, roles = { evil } } } } },
      members = { { email = "fay@example.com", name = evil, roles = { ACCOUNT_ADMIN } } },
    }
    local sent = assert(wix.site_invites.bulk_invite{ policy_ids = { ADMIN }, emails = { "ann@example.com" }, invite_purpose = evil })
    overview()
    invite "bob@example.com"
    assert.matches(evil, row("invites", "bob@example.com"), 1, true)
    assert.is_nil(chromium:run "return window.taken;")
    chromium:go(sent.invites[1].accept_link)
    assert.equal(evil, chromium:text "//blockquote")
    assert.is_nil(chromium:run "return window.taken;")
    chromium:click "//button[.='Accept']"
    assert.matches(evil, chromium:text "//main", 1, true)
    assert.is_nil(chromium:run "return window.taken;")
  end)

  it("keep a name that turns the direction of writing to itself", function()
    start{ sites = { { id = BAKERY, name = "\u{202e}\u{2067}\u{5d0}\u{5d1}\u{5d2}" } } }
    invite "ann@example.com"
    chromium:resize(1280, 740) -- on one line
    overview()
    -- What stands behind the name starts right of where the name starts, as it would behind any other.
    local places = chromium:run [[
      const cell = document.querySelector("#outbox .soft"), name = cell.querySelector("bdi"), range = document.createRange();
      const behind = name.nextSibling; range.setStart(behind, 2); range.setEnd(behind, 3);
      const first = range.getBoundingClientRect(); range.setStart(behind, 3); range.setEnd(behind, 4);
      return [first.left, range.getBoundingClientRect().left, name.getBoundingClientRect().right];]]
    assert.is_true(places[2] > places[1])
    assert.is_true(places[1] >= places[3])
  end)

  it("take no answer from another page", function()
    start()
    local ann = invite "ann@example.com"
    local token = ann.accept_link:match "token=(%w+)"
    local other <close> = assert(sandbox.start{ seed = 2 }) -- another origin on this machine
    for _, from in ipairs{ "about:blank", other.base_url .. "/_sandbox/outbox" } do
      chromium:go(from)
      chromium:run([[
        const form = document.createElement("form"); form.method = "post"; form.action = arguments[0];
        const field = document.createElement("input"); field.name = "token"; field.value = arguments[1];
        form.append(field); document.body.append(form); form.submit();]], server.base_url .. "/_sandbox/accept", token)
      chromium:find "//h1[.='Not from there']"
      assert.equal("Pending", server:invites()[1].status)
    end
    chromium:complaints()
  end)
end)
