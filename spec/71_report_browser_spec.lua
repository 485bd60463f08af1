-- The report in a browser, opened as the file that it is: at a phone's width, in the light and in the dark, with and without scripts.
-- Needs Chromium and chromedriver.

local browser = require "spec.support.browser"
local report = require "spec.support.report"
local support = require "spec.support.ledger"

local PHONE = { width = 360, height = 740 }

local desk, chromium, target

describe("a report in a browser #browser", function()
  setup(function() chromium = browser.open(PHONE) end)
  teardown(function() if chromium then chromium:close() end end)

  before_each(function()
    desk, target = report.desk(), support.temporary(nil, ".html")
    report.fill(desk)
  end)

  -- Where a spec ends, nobody has complained, and nothing was asked for.
  after_each(function()
    local complaints, loaded = chromium:complaints(), chromium:run "return performance.getEntriesByType('resource').length;"
    chromium:allow_scripts(true)
    chromium:prefer "light"
    chromium:resize(PHONE.width, PHONE.height)
    chromium:go "about:blank"
    desk:close()
    os.remove(target)
    assert.same({}, complaints)
    assert.equal(0, loaded)
  end)

  local function open()
    assert(desk.ledger:report(target))
    chromium:go("file://" .. target)
    chromium:find "//section[@id='people']"
  end

  -- The names of those who are shown, in their order.
  local function people()
    return chromium:run [[return [...document.querySelectorAll(".rows tbody tr")].filter(row => row.getClientRects().length)
      .map(row => row.cells[0].textContent.split("@")[0]).join(" ");]]
  end

  -- Types into the search, and waits until it has come to that.
  local function search(text, told)
    chromium:run "const field = document.getElementById('search'); field.value = ''; field.focus();"
    for character in text:gmatch(utf8.charpattern) do chromium:press(character) end
    if text == "" then chromium:run "document.getElementById('search').dispatchEvent(new Event('input'));" end
    chromium:find(("//p[@id='told'][.='%s']"):format(told))
  end

  local ALL = "ann bob cem eve gus hal dan fay jon ivy"

  it("fits a phone and every other width, whatever is in it", function()
    local long = ("Donaudampfschifffahrtsgesellschaft"):rep(9)
    report.change(desk, "UPDATE sites SET name = ? WHERE name = 'Florist'", long)
    report.change(desk, "UPDATE invites SET reason = ?, roles = ? WHERE email = 'gus@example.com'", long, long)
    report.change(desk, "UPDATE invites SET email = ? WHERE email = 'jon@example.com'",
      ("j"):rep(64) .. "@" .. ("d"):rep(180) .. ".example")
    report.change(desk, "UPDATE invites SET mails = 1234567 WHERE email = 'ann@example.com'")
    open()
    for _, width in ipairs{ 320, 360, 768, 1000, 1280 } do
      chromium:resize(width, 740)
      assert.same({}, chromium:run [[
        document.querySelectorAll("details").forEach(part => { part.open = true; });
        document.querySelectorAll(".rows tbody tr").forEach(row => { row.style.contentVisibility = "visible"; });
        return [document.documentElement, ...document.querySelectorAll("body *:not(.aside, .aside *)")].filter(element =>
          element.getBoundingClientRect().right > innerWidth + 0.5).map(element => element.outerHTML.slice(0, 200));]], width)
      assert.is_true(chromium:run "return document.documentElement.scrollWidth <= innerWidth;")
    end
  end)

  it("finds people by words, accents and capitals aside", function()
    open()
    assert.equal(ALL, people())
    assert.equal("All 10 rows.", chromium:text "//p[@id='told']")
    search("CEM@example", "1 of 10 rows.")
    assert.equal("cem", people())
    search("backerei sus", "0 of 10 rows.") -- ß is no s
    search("backerei süß", "4 of 10 rows.")
    assert.equal("ann bob cem eve", people())
    search("studio waiting", "2 of 10 rows.")
    assert.equal("fay jon", people())
    search("", "All 10 rows.")
    assert.equal(ALL, people())
  end)

  it("shows those of one state, also from a figure or a site that counts them", function()
    open()
    chromium:click "//select[@id='state']/option[@value='waiting'][.='Waiting (3)']"
    chromium:find "//p[@id='told'][.='3 of 10 rows.']"
    assert.equal("cem fay jon", people())
    search("studio", "2 of 10 rows.")
    chromium:click "//section[@id='where']//a[.='Failed']"
    chromium:find "//p[@id='told'][.='1 of 10 rows.']"
    assert.equal("gus", people())
    assert.matches("#people$", chromium:url())
    chromium:click "//section[@id='sites']//a[.='Studio']"
    chromium:find "//p[@id='told'][.='4 of 10 rows.']"
    assert.equal("dan fay jon ivy", people())
    assert.equal("Studio", chromium:run "return document.getElementById('search').value;")
  end)

  it("sorts by any column, both ways, what is empty last", function()
    open()
    local function sorted_by(name)
      chromium:click(("//section[@id='people']//th/button[normalize-space()='%s']"):format(name))
      return people()
    end
    assert.equal("ann bob cem dan eve fay gus hal ivy jon", sorted_by "Person")
    assert.equal("jon ivy hal gus fay eve dan cem bob ann", sorted_by "Person")
    assert.equal("descending", chromium:run "return document.querySelector('th[aria-sort]').getAttribute('aria-sort');")
    assert.equal("ann bob cem eve gus hal dan fay jon ivy", sorted_by "Site")
    assert.equal("ann cem fay jon dan eve gus hal ivy bob", sorted_by "State")
    assert.equal("gus ivy bob eve hal dan fay jon ann cem", sorted_by "Mails")
    assert.equal("cem ann bob eve hal dan fay jon gus ivy", sorted_by "Mails")
    assert.equal("bob eve hal dan fay jon ann cem gus ivy", sorted_by "Last mail")
    assert.equal("ann cem dan fay jon bob eve hal gus ivy", sorted_by "Last mail")
    assert.equal(1.0, chromium:run "return document.querySelectorAll('th[aria-sort]').length;")
    search("nobody", "0 of 10 rows.")
    search("bob", "1 of 10 rows.") -- whose row is another one now
    assert.equal("bob", people())
  end)

  it("can be used with keys alone", function()
    open()
    local function tab_to(test)
      for _ = 1, 40 do
        chromium:press(chromium.TAB)
        if chromium:run("return " .. test) then return end
      end
      error("no way to " .. test)
    end
    tab_to "document.activeElement.id === 'search'"
    assert.are_not.equal("none", chromium:run "return getComputedStyle(document.activeElement).outlineStyle;")
    tab_to "document.activeElement.textContent === 'Mails'"
    chromium:press(chromium.ENTER)
    assert.equal("gus ivy bob eve hal dan fay jon ann cem", people())
  end)

  it("shows all of it without scripts", function()
    chromium:allow_scripts(false)
    open()
    assert.equal(ALL, people())
    assert.equal(0.0, chromium:run "return document.getElementById('tools').getClientRects().length;")
    assert.equal(0.0, chromium:run "return document.querySelectorAll('.rows button').length;")
    assert.matches("Unclear", chromium:text "//section[@id='where']")
  end)

  it("draws its bars to scale, and has their numbers as a table", function()
    open()
    local heights = chromium:run [[return [...document.querySelectorAll("#time figure:first-of-type rect")].map(bar =>
      bar.getAttribute("class") + " " + Math.round(bar.getBoundingClientRect().height * 5 /
        bar.ownerSVGElement.getBoundingClientRect().height));]]
    assert.same({ "first 5", "again 1", "first 3", "again 2" }, heights)
    chromium:click "//section[@id='time']//figure[1]//summary"
    assert.equal("24 Nov 2025 5 0", (chromium:text("//section[@id='time']//figure[1]//tbody/tr[1]"):gsub("%s+", " ")))
    assert.is_true(chromium:run "return document.querySelector('#time svg').getAttribute('aria-label').includes('Mails a day');")
  end)

  it("can be read in the light and in the dark", function()
    local grounds = {}
    for _, scheme in ipairs{ "light", "dark" } do
      chromium:prefer(scheme)
      open()
      -- WCAG's contrast, of every element that has text of its own; what is missing is named.
      assert.same({}, chromium:run [[
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
          .filter(([ratio]) => !(ratio >= 4.5)).map(([ratio, text]) => ratio + " " + text);]])
      grounds[scheme] = chromium:run "return getComputedStyle(document.body).backgroundColor;"
    end
    assert.are_not.equal(grounds.light, grounds.dark)
  end)

  it("runs nothing that came from outside, and keeps a name that turns the direction of writing to itself", function()
    local evil = "\"'></td></title></style></script><script>window.taken = true</script><img src=x onerror='window.taken = true'>\u{202e}"
    report.change(desk, "UPDATE sites SET name = ?, url = 'javascript:window.taken = true'", evil)
    report.change(desk, "UPDATE invites SET roles = ?, reason = ?, evidence = ?, request_id = ?", evil, evil, evil, evil)
    report.change(desk, "UPDATE invites SET email = ? WHERE email = 'gus@example.com'", evil)
    report.change(desk, "UPDATE settings SET value = ? WHERE name = 'account_id'", evil)
    open()
    assert.matches("<img src=x onerror=", chromium:text "//section[@id='reasons']", 1, true)
    search("onerror=", "All 10 rows.")
    chromium:click "//section[@id='sites']//tbody//a"
    chromium:find "//p[@id='told'][.='All 10 rows.']"
    assert.is_nil(chromium:run "return window.taken;")
    assert.same({ 0, 1 }, chromium:run "return [document.images.length, document.scripts.length];")
    -- what stands in the page beside its own is not run: neither script nor style, nor is anything sent or fetched
    chromium:run [=[
      for (const [name, text] of [["script", "window.taken = true"], ["style", "h1 { display: none }"]]) {
        const part = document.createElement(name); part.textContent = text; document.body.append(part); }
      const picture = document.createElement("img"); picture.src = "http://127.0.0.1:9/x"; document.body.append(picture);]=]
    assert.is_nil(chromium:run "return window.taken;")
    assert.is_true(chromium:run "return document.querySelector('h1').getClientRects().length > 0;")
    local complaints = chromium:complaints()
    assert.equal(3, #complaints)
    for _, complaint in ipairs(complaints) do assert.matches("Content Security Policy", complaint, 1, true) end
    chromium:run "performance.clearResourceTimings();"
  end)

  it("opens and searches ten thousand rows", function()
    local role = support.ROLE
    report.change(desk, ([[WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9990)
      INSERT INTO invites (site_id, email, person, policy_ids, roles, state, mails, planned_at, first_mail_at, last_mail_at, changed_at)
      SELECT '%s', 'n' || i || '@example.com', 'n' || i || '@example.com', '%s', '%s', 'pending', 1, '2025-11-24T16:00:00Z',
        '2025-11-24T16:00:00Z', '2025-11-24T16:00:00Z', '2025-11-24T16:00:00Z' FROM n]]):format(report.SITES[3], role.id, role.title))
    open()
    assert.equal("All 10,000 rows.", chromium:text "//p[@id='told']")
    search("n7777", "1 of 10,000 rows.")
    assert.equal("n7777", people())
    search("", "All 10,000 rows.")
    -- only what is in sight is laid out
    assert.is_true(chromium:run [[return [...document.querySelectorAll(".rows tbody tr")].filter(row =>
      row.cells[0].checkVisibility({ contentVisibilityAuto: true })).length < 1000;]])
  end)

  it("has two hundred rows on paper at most, in columns and without what only a screen can do", function()
    open()
    assert.is_nil(chromium:run "return document.querySelector('.paper');")
    report.change(desk, ([[WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
      INSERT INTO invites (site_id, email, person, policy_ids, state, planned_at, changed_at)
      SELECT '%s', 'n' || i || '@example.com', 'n' || i || '@example.com', '1', 'planned', '2025-11-24T16:00:00Z', '2025-11-24T16:00:00Z'
      FROM n]]):format(report.SITES[3]))
    open()
    chromium:devtools("Emulation.setEmulatedMedia", { media = "print" })
    local seen = chromium:run [[return [".rows tbody tr", ".paper", ".tools", "nav", "summary"].map(what =>
      [...document.querySelectorAll(what)].filter(element => element.getClientRects().length).length);]]
    local columns = chromium:run "return getComputedStyle(document.querySelector('.rows tbody tr')).display;"
    chromium:devtools("Emulation.setEmulatedMedia", { media = "" })
    assert.same({ 200, 1, 0, 0, 0 }, seen)
    assert.equal("grid", columns)
  end)
end)
