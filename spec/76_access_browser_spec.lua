-- A review's page in a browser: at a phone's width, on a desk, on paper; without scripts. Needs Chromium and chromedriver.

local access = require "spec.support.access"
local browser = require "spec.support.browser"
local support = require "spec.support.ledger"

local PHONE = { width = 360, height = 740 }
local HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>" .. ("W"):rep(400)

describe("a review's page #browser", function()
  local chromium, desk, path

  setup(function()
    chromium = browser.open(PHONE)
    desk = access.desk{ sites = {
      { id = access.id(1), name = HOSTILE, view_url = "https://" .. ("long"):rep(40) .. ".example", contributors = {
        { email = "ann@example.com", roles = { "Website Manager" } },
        { email = ("x"):rep(60) .. "@example.com", roles = { "Blog Writer" } } } },
      { id = access.id(2), name = "\u{202e}Zwei", contributors = { { email = "ann@example.com", roles = { "Website Manager" } } } } } }
    local csv = support.temporary(nil, ".csv")
    path = support.temporary(nil, ".html")
    assert(desk.ledger:access(desk.wix, { csv = csv }))
    assert(desk.wix:with{ site_id = access.id(2) }.contributors.remove_contributor{
      account_id = desk.server:contributors(access.id(2))[1].account_id })
    assert(desk.ledger:access(desk.wix, { html = path, since = csv }))
    os.remove(csv)
    chromium:go("file://" .. path)
    chromium:find "//h1[.='Who can reach what']"
  end)
  teardown(function()
    assert.same({}, chromium:complaints())
    chromium:close()
    desk:close()
    os.remove(path)
  end)

  local function fits(width)
    chromium:resize(width, 800)
    return chromium:run [[
      return document.documentElement.scrollWidth <= innerWidth &&
        ![...document.querySelectorAll("body *")].some(element => element.getBoundingClientRect().right > innerWidth + 0.5);]]
  end

  it("can be read at every width, without scrolling sideways", function()
    for _, width in ipairs{ 360, 700, 1000 } do assert.is_true(fits(width), width) end
    chromium:resize(PHONE.width, PHONE.height)
    assert.equal("block", chromium:run [[return getComputedStyle(document.querySelector("td")).display]])
    assert.matches("Site: ", chromium:run [[
      return getComputedStyle(document.querySelector("td[data-label=Site]"), "::before").content.replaceAll('"', "");]])
  end)

  it("runs nothing and loads nothing", function()
    assert.equal(0, chromium:run "return document.querySelectorAll('script, img, link, iframe').length")
    assert.equal(0, chromium:run "return performance.getEntriesByType('resource').length")
    assert.matches("default%-src 'none'", chromium:run [[return document.querySelector("meta[http-equiv]").content]])
  end)

  it("has a box to sign for each person, those whom nobody knows apart, and what has changed first", function()
    assert.equal("changes people unknown", chromium:run [[
      return [...document.querySelectorAll("main > section[id]")].map(e => e.id).join(" ")]])
    assert.equal(3, chromium:run "return document.querySelectorAll('#people .person').length")
    assert.equal(2, chromium:run "return document.querySelectorAll('#unknown .person').length")
    assert.equal(5, chromium:run "return [...document.querySelectorAll('.box')].filter(e => e.textContent == 'Signature').length")
    assert.matches("gone", chromium:text "//section[@id='changes']//tbody")
    assert.matches("wixum confirm", chromium:text "//section[@id='unknown']/p")
  end)

  it("goes on paper as A4, as a table", function()
    chromium:resize(688, 1000) -- what the margins leave
    chromium:devtools("Emulation.setEmulatedMedia", { media = "print" })
    assert.equal("table-cell", chromium:run [[return getComputedStyle(document.querySelector("td")).display]])
    assert.is_true(fits(688))
    chromium:devtools("Emulation.setEmulatedMedia", { media = "screen" })
    local pdf = require("mime").unb64((chromium:devtools("Page.printToPDF", { preferCSSPageSize = true }).data))
    local width, height = pdf:match("/MediaBox%s*%[%s*0%s+0%s+([%d.]+)%s+([%d.]+)")
    assert.same({ 595, 842 }, { math.floor(tonumber(width) + 0.5), math.floor(tonumber(height) + 0.5) })
  end)
end)
