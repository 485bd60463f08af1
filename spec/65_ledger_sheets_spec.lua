-- Spreadsheets as people have them: one list from three Excels gives one plan; a thousand hostile files give a thousand clear messages,
-- and nothing is planned by accident.

local here = require "spec.support.here"
local sandbox = require "wixum.sandbox"
local support = require "spec.support.ledger"
local wixum = require "wixum"

local SITES = {}
for i, name in ipairs{ "Bäckerei Süß", "Café Élysée", "Plain Bakery" } do
  SITES[i] = { id = ("%08d-2222-4333-8444-555555555555"):format(i), name = name }
end
local ROLE = support.ROLE.title
local FILES = here.slow and 60 or 1000

-- UTF-8 as other encodings.
local function windows_1252(text)
  return (text:gsub(utf8.charpattern, function(character) return string.char(utf8.codepoint(character)) end))
end

local function utf_16(text)
  local bytes = { "\xFF\xFE" }
  for _, code in utf8.codes(text) do bytes[#bytes + 1] = string.pack("<I2", code) end
  return table.concat(bytes)
end

describe("spreadsheets #pure", function()
  local server, wix, ledger, path, files

  before_each(function()
    server = assert(sandbox.start{ seed = 5, log = 100, sites = SITES })
    wix, files, path = server:client{ rate = false }, {}, support.temporary()
    ledger = assert(wixum.ledger.open(path))
  end)
  after_each(function()
    ledger:close()
    wix:close()
    server:stop()
    support.remove(path)
    for _, file in ipairs(files) do os.remove(file) end
  end)

  local function file(content)
    files[#files + 1] = support.temporary(content, ".csv")
    return files[#files]
  end

  it("of a German, a French and an American Excel give the same plan", function()
    local list = {
      { "Website", "E-Mail", "Rolle", "Anlass", "Sprache" },
      { "Bäckerei Süß", "jörg@example.com; müller@example.com", ROLE, "Übergabe, wie besprochen", "de" },
      { "café élysée", "hélène@example.com", ROLE, 'Votre site "tout neuf"', "fr" },
      { SITES[3].id, "ann@example.com", ROLE, "", "" },
      { "", "", "", "", "" },
    }
    local function written(delimiter, ending)
      local lines = {}
      for i, row in ipairs(list) do
        local cells = {}
        for j, cell in ipairs(row) do cells[j] = cell:find('[";,\t]') and '"' .. cell:gsub('"', '""') .. '"' or cell end
        lines[i] = table.concat(cells, delimiter)
      end
      return table.concat(lines, ending) .. ending
    end
    local column = { site = "Website", email = "E-Mail", role = "Rolle", invite_purpose = "Anlass", language = "Sprache" }
    local plans, kinds = {}, {}
    for i, content in ipairs{ windows_1252(written(";", "\r\n")), utf_16(written("\t", "\r\n")), "\xEF\xBB\xBF" .. written(",", "\r\n"),
      written(",", "\n") } do
      local own = support.temporary()
      local one <close> = assert(wixum.ledger.open(own, { time = function() return support.START end }))
      local plan = assert(one:plan(file(content), { client = wix, column = column, on_problem = function(p) error(tostring(p)) end }))
      kinds[i] = plan.source:match(": (.*), 5 columns$")
      plans[i] = {}
      for row in one:rows() do plans[i][#plans[i] + 1] = row end
      support.remove(own)
    end
    assert.same({ "semicolon, Windows-1252", "tab, UTF-16LE", "comma, UTF-8", "comma, UTF-8" }, kinds)
    assert.equal(4, #plans[1])
    assert.equal("müller@example.com", plans[1][2].email)
    assert.equal(SITES[2].id, plans[1][3].site_id)
    for i = 2, #plans do assert.same(plans[1], plans[i]) end
  end)

  -- ---- hostile files ---------------------------------------------------------------------------------------------------

  local HEADER = { "site", "email", "role", "policy_ids", "invite_purpose" }

  local function good(number) return { SITES[1].id, ("n%d@example.com"):format(number), ROLE, "", "" } end

  -- Each makes something of one row of a good file, and answers what has to be said of it: words, and in which line; or of the whole.
  local HARM = {
    function(rows, at) rows[at][2] = '"n@example.com' return "quote", at end,
    function(rows, at) rows[at][2] = 'n"x"@example.com' return "", at end,
    function(rows, at) rows[at][2] = "n\0@example.com" return "", at end,
    function(rows, at) rows[at][1] = "Bäckerei\0Süß" return "", at end,
    function(rows, at) rows[at][2] = "=HYPERLINK(1)" return "", at end,
    function(rows, at) rows[at][2] = "@SUM(1+1)" return "", at end,
    function(rows, at) rows[at][1] = "=1+1" return "no site of the account", at end,
    function(rows, at) rows[at][3] = "=cmd|' /C calc'!A0" return "there is no role", at end,
    function(rows, at) rows[at][3], rows[at][4] = "", '"6,73E+18"' return "a spreadsheet has made a number", at end,
    function(rows, at) rows[at][3], rows[at][4] = "", "6.60041E+18" return "a spreadsheet has made a number", at end,
    function(rows, at) rows[at][3], rows[at][4] = "", "6600412800113080000" return "a spreadsheet has made a number", at end,
    function(rows, at) rows[at][3], rows[at][4] = "", "1234" return "", at end,
    function(rows, at) rows[at][4] = support.ROLE.id return "policy_ids says roles too", at end,
    function(rows, at) rows[at][3] = "" return "every row says its role", at end,
    function(rows, at) rows[at][1] = "" return "every row says its site", at end,
    function(rows, at) rows[at][2] = "" return "it is empty", at end,
    function(rows, at) rows[at][2] = "n@example.com; n@@example.com" return "", at end,
    function(rows, at) rows[at][1] = "99999999-2222-4333-8444-55555555555" return "no site of the account", at end,
    function(rows, at) rows[at][1] = "\27[31mBäckerei" return "no site of the account", at end,
    function(rows, at) rows[at][2] = "a\226\128\174@example.com" return "", at end,
    function(rows, at) -- what says that it is UTF-8, and is not
      rows[1][1], rows[at][2] = "\xEF\xBB\xBFsite", "n\xFF\xFE@example.com"
      return "UTF-8", at
    end,
    function(rows, at) rows[at][6] = "one too many" return "", at end,
    function(rows, at) -- somebody who is there already
      at = math.max(at, 3)
      rows[at] = { SITES[1].id, "n1@example.com", "Website Designer", "", "" }
      return "another role", at
    end,
    function(rows) rows[1][3] = "email" return "twice", 1 end,
    function(rows) rows[1][2] = "mial" return "no column is called email", nil end,
    function(rows) rows[1][1] = "sight" return "no column is called site_id", nil end,
    function(rows) rows[1][3], rows[1][4] = "rule", "ids" return "no column is called policy_ids", nil end,
    function(rows) rows[1] = rows[2] return "no column is called", nil end,
    function(rows) for i = #rows, 1, -1 do rows[i] = nil end return "the file is empty", nil end,
  }

  it("that are hostile are each answered with their line, and plan nothing", function()
    math.randomseed(4711)
    local random, told = math.random, {}
    for number = 1, FILES do
      local rows, count, delimiter = { table.move(HEADER, 1, #HEADER, 1, {}) }, random(3, 12), ({ ",", ";", "\t" })[random(3)]
      for i = 2, count do rows[i] = good(i - 1) end
      local kind = (number - 1) % #HARM + 1
      local words, line = HARM[kind](rows, random(2, count))
      local lines = {}
      for i, row in ipairs(rows) do lines[i] = table.concat(row, delimiter) end
      local content = table.concat(lines, ({ "\n", "\r\n" })[random(2)])
      if number % 250 == 0 then -- ten megabytes in a cell
        lines[2] = table.concat({ SITES[1].id, ("x"):rep(10 * 1024 * 1024), ROLE, "", "" }, delimiter)
        content, words, line = table.concat(lines, "\n"), "", nil
      end
      local name = file(content)
      local plan, problems = ledger:plan(name, { client = wix })
      local text = tostring(problems)
      assert.is_nil(plan, ("file %d, kind %d: planned"):format(number, kind))
      assert.is_true(text:find(words, 1, true) ~= nil, ("file %d, kind %d: %q in\n%s"):format(number, kind, words, text))
      assert.is_true(#text < 100000)
      assert.is_nil(text:find("[\0-\9\11-\31\127]"), ("kind %d"):format(kind))
      assert.is_nil(text:find("\226\128\174", 1, true))
      if line then
        assert.is_true(text:find((":%d: "):format(line), 1, true) ~= nil, ("file %d, kind %d:\n%s"):format(number, kind, text))
      end
      told[kind] = true
      os.remove(name)
      files[#files] = nil
    end
    assert.equal(math.min(FILES, #HARM), #told)
    assert.is_nil(ledger:rows()())
    assert.is_nil((ledger:bound()))
    assert.same({}, server:outbox())
  end)
end)
