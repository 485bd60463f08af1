-- wixum.csv.rows: what spreadsheets export, and what people make of it by hand. Faults: 05_csv_faults_spec.lua.

local csv = require "wixum.csv"
local support = require "spec.support.csv"

local all, file, handle_of, latin1, utf16 = support.all, support.file, support.handle_of, support.latin1, support.utf16

local function rows_of(content, options)
  local rows, lines, problems = all(content, options)
  assert.same({}, problems)
  return rows, lines
end

local function problems_of(content, options)
  local _, _, problems = all(content, options)
  return problems
end

local function format_of(content, options)
  return select(4, all(content, options))
end

-- What is wrong with the whole file, without its name.
local function refusal(content, options)
  local rows, message = csv.rows(handle_of(content), options)
  assert.is_nil(rows)
  assert.is_string(message)
  assert.is_nil(message:find "[\n\r]")
  return (message:gsub("^input", ""))
end

describe("wixum.csv.rows #pure", function()
  after_each(support.remove_files)

  describe("reads rows", function()
    it("by header, with the line where each starts", function()
      local rows, lines = rows_of "site,email\nBakery,ann@example.com\nFlorist,bob@example.com\n"
      assert.same({ { site = "Bakery", email = "ann@example.com" }, { site = "Florist", email = "bob@example.com" } }, rows)
      assert.same({ 2, 3 }, lines)
    end)

    it("of a file on disk", function()
      local seen = {}
      for row, line in assert(csv.rows(file "a,b\n1,2\n")) do seen[#seen + 1] = { row.a, row.b, line } end
      assert.same({ { "1", "2", 2 } }, seen)
    end)

    for count = 1, 12 do
      it("of " .. count .. " columns", function()
        local header, cells, expected = {}, {}, {}
        for i = 1, count do header[i], cells[i], expected["h" .. i] = "h" .. i, "c" .. i, "c" .. i end
        assert.same({ expected }, rows_of(table.concat(header, ",") .. "\n" .. table.concat(cells, ",")))
      end)
    end

    it("with quotes, doubled quotes, delimiters and line ends in cells", function()
      local rows, lines = rows_of 'a,b\n"x, ""y""","1\r\n2\n3"\n"","""q"""\nlast,"end"'
      assert.same({ { a = 'x, "y"', b = "1\r\n2\n3" }, { b = '"q"' }, { a = "last", b = "end" } }, rows)
      assert.same({ 2, 5, 6 }, lines)
    end)

    it("with a quote inside an unquoted cell as it stands, and blanks around a quoted one", function()
      assert.same({ { a = '5" pipe', b = "x" }, { a = '="0123"', b = "y" } }, rows_of('a,b\n5" pipe, "x" \n="0123",\t"y"\t\n'))
      assert.same({ { a = "x", b = "y" } }, rows_of('a\tb\n"x"\t "y" \n'))
    end)

    it("with fewer cells, empty cells and empty cells too many", function()
      assert.same({ { a = "1" }, { b = "2" }, { a = "3", b = "4" }, { a = "5", b = "6" }, { a = "7", b = "8" } },
        rows_of 'a,b\n1\n,2\n3,4,\n5,6,,,\n7,8, ,"",\u{A0}\n')
    end)

    it("without rows that hold nothing, unless they are asked for", function()
      local content = "\n,,\na,b\n\n1,2\n , \n\"\",\n3,4\n\n"
      local rows, lines = rows_of(content)
      assert.same({ { a = "1", b = "2" }, { a = "3", b = "4" } }, rows)
      assert.same({ 5, 8 }, lines)
      rows, lines = rows_of(content, { skip_blank = false })
      assert.same({ {}, { a = "1", b = "2" }, {}, {}, { a = "3", b = "4" }, {} }, rows)
      assert.same({ 4, 5, 6, 7, 8, 9 }, lines)
    end)

    it("without what surrounds cells unseen, in quotes or not; with trim = false all of it", function()
      local unseen = {
        " ", "\t", "\v", "\f", "\u{A0}", "\u{202F}", "\u{200B}", "\u{FEFF}", "\u{AD}", "\u{3000}", "\u{2066}", "\u{85}", " \u{A0} ",
      }
      for _, blank in ipairs(unseen) do
        local content = ("a;b\n_ x y _;_\n_;\"_z_\"\n"):gsub("_", blank)
        assert.same({ { a = "x y" }, { b = "z" } }, rows_of(content))
        assert.same({ { a = blank .. " x y " .. blank, b = blank }, { a = blank, b = blank .. "z" .. blank } },
          rows_of(content, { trim = false }))
      end
      assert.same({ { a = "x\u{DF}", b = "\u{E4}" } }, rows_of "a;b\nx\u{DF};\u{E4} \n")
      assert.same({ { a = "z", b = "x" } }, rows_of 'a;b\n"\nz\r";x\n')
      assert.same({ { a = "1" } }, rows_of " a \n1\n")
      assert.same({ { a = "1" } }, rows_of(" a \n1\n", { trim = false }))
    end)

    it("with any line end, and any mixture", function()
      for _, ending in ipairs{ "\n", "\r\n", "\r" } do
        local content = ('a,b\n1,2\n\n"3\n3",4\n5,6'):gsub("\n", ending)
        local rows, lines = rows_of(content)
        assert.same({ { a = "1", b = "2" }, { a = "3" .. ending .. "3", b = "4" }, { a = "5", b = "6" } }, rows)
        assert.same({ 2, 4, 6 }, lines)
        assert.same(rows, rows_of(content .. ending))
      end
      local rows, lines = rows_of "a\r1\n2\r\n3\r\r\n4\n\r5"
      assert.same({ { a = "1" }, { a = "2" }, { a = "3" }, { a = "4" }, { a = "5" } }, rows)
      assert.same({ 2, 3, 4, 6, 8 }, lines)
    end)

    -- Everything that reading gives, as one text.
    local function told(content, options)
      local rows, lines, problems, format = all(content, options)
      local parts = { tostring(format) }
      for i, row in ipairs(rows) do
        for _, column in ipairs(format.columns) do parts[#parts + 1] = row[column] or "-" end
        parts[#parts + 1] = lines[i]
      end
      for _, problem in ipairs(problems) do parts[#parts + 1] = tostring(problem) end
      return table.concat(parts, "|")
    end

    -- With blocks of every size there is one that ends at every byte: inside quotes, characters, line ends, marks.
    it("alike however the blocks are cut", function()
      local text = 'sep=;\r\nsite;"e ""mail""";note\r\nBäckerei;ann@example.com;"Für „Dich“\r\nund \u{1F600}""x"""\r\n\r"";\n'
        .. ' "p" ;\u{A0}q;\u{20AC}\r\n"r"\n"s;";"""";"t\r"\r\nü;😀;€\r\n"oops" x;1;2\r\nu;v;w;z\n"a\n;b'
      local whole = math.maxinteger
      local encoded = {
        [text] = whole, [utf16(text, "<")] = whole, [latin1(text:gsub("[„“€😀]", ""))] = whole,
        ["\u{FEFF}" .. text] = 8, [utf16(text, "<", true)] = 8, [utf16(text, ">", true)] = 8, [utf16(text, ">")] = 60,
      }
      for content, largest in pairs(encoded) do
        local rows, _, problems = all(content)
        assert.same({ 6, 3 }, { #rows, #problems })
        local expected = told(content)
        for size = 1, math.min(largest, #content) do assert.equal(expected, told(content, { block_size = size })) end
      end
      for size = 1, 80 do
        local seen = {}
        for row in csv.rows(handle_of(text, size)) do
          seen[#seen + 1] = row.site
          if #seen == 3 then break end
        end
        assert.same({ "Bäckerei", "p", "r" }, seen)
      end
    end)
  end)

  -- Counted in steps of the virtual machine, which a busy machine does not change.
  describe("spends few steps on a row of five cells", function()
    local cases = {
      ["without quotes"] = { "1,2,3,4,5\n", 430 },
      ["with umlauts and CRLF"] = { "ä,ö,ü,ß,é\r\n", 430 },
      ["with blanks around cells"] = { "1 ,2,3,4,\u{A0}5\n", 800 },
      ["with quotes"] = { '"1","2","3","4","5"\n', 1300 },
      ["with hundreds of empty cells behind"] = { "1,2,3,4,5" .. (","):rep(500) .. "\n", 2000 },
    }
    for name, case in pairs(cases) do
      it(name, function()
        local count, steps = 500, 0
        local rows = csv.rows(handle_of("a,b,c,d,e\n" .. case[1]:rep(count)))
        debug.sethook(function() steps = steps + 100 end, "", 100)
        for _ in rows do count = count - 1 end
        debug.sethook()
        assert.equal(0, count)
        assert.is_true(steps / 500 < case[2], steps / 500)
      end)
    end
  end)

  it("keeps readers apart, and nothing outside of them", function()
    -- The modules once more, where no global can be made.
    local loaded = {}
    local strict = setmetatable({}, { __index = _G, __newindex = function(_, name) error("global " .. name, 2) end })
    local function load_strictly(name)
      loaded[name] = loaded[name] or assert(loadfile(package.searchpath(name, package.path), "t", strict))()
      return loaded[name]
    end
    rawset(strict, "require", load_strictly)
    local options = { on_problem = function() end, block_size = 5, max_cell = 40 }
    local function rows(content) return load_strictly("wixum.csv").rows(handle_of(content), options) end
    local one = rows('a;b\n1;"2"""\n"3";4\n"x" y;1\n' .. ("x"):rep(50) .. "\n5;6;;\nü;\0\n7;8\n")
    local two = rows(utf16('c\tb\tx\n"1\n1"\t\u{A0}ü\n"3"\t4\n5\t6\n7\n"8', "<", true))
    local seen = {}
    for row in one do
      local other = two()
      seen[#seen + 1] = row.a .. row.b .. (other and other.c or "-")
    end
    assert.same({ '12"1\n1', "343", "565", "787" }, seen)
  end)

  describe("takes a header", function()
    it("from the first row, trimmed, without empty names at its end", function()
      local _, _, _, format = all ' "E-Mail" ; Seite\u{A0};; \n1;2;;\n'
      assert.same({ "E-Mail", "Seite" }, format.columns)
      assert.equal(1, format.header_line)
      assert.equal(3, format_of("\n\na,b\n1,2\n").header_line)
    end)

    it("with other keys for the rows", function()
      local content = "Seite;E-Mail;Notiz\nA;ann@example.com;x\n"
      assert.same({ { site = "A", email = "ann@example.com", Notiz = "x" } },
        rows_of(content, { column = { email = "E-Mail", site = "Seite" } }))
      assert.same({ "Seite", "E-Mail", "Notiz" }, format_of(content, { column = { email = "E-Mail" } }).columns)
      assert.same({ { a = "2", b = "1" } }, rows_of("a,b\n1,2\n", { column = { a = "b", b = "a" } }))
    end)

    it("from the caller, or none", function()
      local rows, lines = rows_of("1,2\n3,\n", { header = { "x", "y" } })
      assert.same({ { x = "1", y = "2" }, { x = "3" } }, rows)
      assert.same({ 1, 2 }, lines)
      assert.same({ { z = "1", y = "2" } }, rows_of("1,2\n", { header = { "x", "y" }, column = { z = "x" } }))
      rows = rows_of('1,,2\n\n,\n3\n"4",,"5",\n', { header = false })
      assert.same({ { "1", "", "2" }, { "3" }, { "4", "", "5", "" } }, rows)
      local format = format_of("1,2\n", { header = false })
      assert.same({}, format.columns)
      assert.is_nil(format.header_line)
    end)

    it("and refuses what names no column, or two alike", function()
      assert.equal(":1: column 2: the header has no name for this column; give it one", refusal "a,,b\n1,2,3\n")
      assert.equal(':1: column 3: the header has "a" twice, in columns 1 and 3; rename one', refusal "a,b, a\n")
      assert.equal(': the file holds no rows; the first one must name the columns', refusal "\n\n , \n")
      assert.equal(': the file holds no rows; the first one must name the columns', refusal "\u{FEFF}")
      assert.equal(': the file is empty; export the spreadsheet again', refusal "")
      assert.truthy(refusal('"a,b\n1,2\n'):find("^:1: column 1: the quote that begins this cell is never closed"))
      assert.truthy(refusal("a,b\0,c\n"):find("^:1: column 2: a NUL byte"))
      assert.equal(":1: column 4: a cell behind the last of 3 columns; a cell that holds the delimiter needs quotes around it: it reads: d",
        refusal("a,b,c,d\n1,2,3,4\n", { max_columns = 3 }))
    end)

    it("and names what a wanted column could have been", function()
      assert.equal(':1: the header has no column "E-Mial", which is to be "email" (did you mean "E-Mail"?)',
        refusal("Seite;E-Mail\n", { column = { email = "E-Mial" } }))
      assert.equal(':1: the header has no column "Adresse", which is to be "email" (known: E-Mail, Seite)',
        refusal("Seite;E-Mail\n", { column = { email = "Adresse" } }))
      assert.equal(':1: column 2: columns 1 and 2 would both be "b" in the rows; rename one',
        refusal("a,b\n", { column = { b = "a" } }))
      assert.is_true(#refusal(("x"):rep(60) .. "\u{1B}," .. ("y"):rep(60) .. "\n", { column = { b = "a" } }) < 200)
    end)
  end)

  describe("recognises", function()
    local delimiters = {
      comma = { "a,b\n1;2,3\n", "," }, semicolon = { "a;b\n1,2;3,4\n", ";" }, tab = { "a\tb\n1,2;\t3\n", "\t" },
      ["a delimiter only in quotes"] = { '"a;x",b\n1,2\n', "," },
      ["the one that fits the rows"] = { "Name, Vorname;E-Mail\nX;ann@example.com\n", ";" },
      ["the one that fits the rows better"] = { "Name; Vorname,E-Mail\nX,ann@example.com\n", "," },
      ["the wider one"] = { "a;b,c,d\n1;2,3,4\n", "," },
      ["the rarer one where two fit"] = { "Name, Vorname;E-Mail\nMüller, Ann;ann@example.com\n", ";" },
      ["sep= in front"] = { "sep=|\na;|b\n1|2\n", "|" },
      ["sep= in quotes and capitals"] = { '"SEP=;"\r\na,;b\n1;2\n', ";" },
      ["none"] = { "email\nann@example.com\n", "," },
    }
    for name, case in pairs(delimiters) do
      it("delimiters: " .. name, function() assert.equal(case[2], format_of(case[1]).delimiter) end)
    end

    it("delimiters only where they are not told", function()
      assert.same({ { ["a,b"] = "1,2" } }, rows_of("a,b\n1,2\n", { delimiter = ";" }))
      assert.same({ { a = "1", b = "2" } }, rows_of("sep=,\na|b\n1|2\n", { delimiter = "|" }))
      assert.same({ { ["sep=x"] = "1" } }, rows_of "sep=x\n1\n")
    end)

    it("Excel's first line, which is no row but counts as a line", function()
      local rows, lines = rows_of "sep=;\r\na;b\r\n1;2\r\n"
      assert.same({ { a = "1", b = "2" } }, rows)
      assert.same({ 3 }, lines)
    end)

    local text = "Straße,Größe\nBäcker,\u{20AC} 5\nÑandú,😀\n"
    local encodings = {
      ["UTF-8"] = { { text }, { "\u{FEFF}" .. text } },
      ["UTF-16LE"] = { { utf16(text, "<", true) }, { utf16(text, "<") } },
      ["UTF-16BE"] = { { utf16(text, ">", true) }, { utf16(text, ">") } },
    }
    for encoding, contents in pairs(encodings) do
      it(encoding .. ", with a byte order mark and without", function()
        for _, content in ipairs(contents) do
          assert.equal(encoding, format_of(content[1]).encoding)
          assert.same(rows_of(text), rows_of(content[1]))
          assert.same(rows_of(text), rows_of(content[1], { encoding = encoding }))
        end
      end)
    end

    it("Windows-1252, all of its characters", function()
      assert.same({ { a = "\u{20AC}\u{201E}\u{2026}\u{160}\u{17D}\u{2019}\u{2013}\u{178} \u{A1}ÄßÿM\u{FC}ller" } },
        rows_of "a\n\x80\x84\x85\x8A\x8E\x92\x96\x9F \xA1\xC4\xDF\xFFM\xFCller\n")
      assert.equal("Windows-1252", format_of("a\nM\xFCller\n").encoding)
      assert.equal("Windows-1252", format_of("a\nM\xFC").encoding)
      assert.equal("UTF-8", format_of("a").encoding)
      local problems = problems_of "a\nM\xFCller\nx\x81y\n\x8D\n"
      assert.equal("bytes that are not Windows-1252; save the file again as CSV UTF-8, or say its encoding", problems[1].reason)
      assert.same({ 3, 4 }, { problems[1].line, problems[2].line })
    end)

    it("Windows-1252 also where it first shows far down in the file", function()
      local rows, _, problems, format = all("a,b\n" .. ("x,1\n"):rep(20000) .. "M\xFCller,2\n")
      assert.same({ a = "Müller", b = "2" }, rows[20001])
      assert.same({}, problems)
      assert.equal("Windows-1252", format.encoding)
      rows, _, problems, format = all("a,b\n" .. ("x,1\n"):rep(20000) .. "Müller,2\n\xFC,3\n" .. ("x,1\n"):rep(20000) .. "\xFC,4\n")
      assert.same({ a = "Müller", b = "2" }, rows[20001])
      assert.same({ 20003, 40004 }, { problems[1].line, problems[2].line })
      assert.equal("UTF-8", format.encoding)
      for size = 3, 4 do
        rows, _, problems, format = all("a,b\n" .. ("x,1\n"):rep(16400) .. "\u{20AC},2\nü,3\n", { block_size = size })
        assert.same({ { a = "€", b = "2" }, { a = "ü", b = "3" }, {} }, { rows[16401], rows[16402], problems })
        assert.equal("UTF-8", format.encoding)
      end
    end)

    it("UTF-8 with a damaged character as UTF-8, and names the character's cell", function()
      assert.equal("UTF-8", format_of("a,b\nGr\xFCn,1\nMüller,2\n", { block_size = 8 }).encoding)
      local rows, _, problems = all "a,b\nMüller,1\nGr\xFC\xDFe,2\nBäcker,ß\nx\xC3,3\n"
      assert.same({ { a = "Müller", b = "1" }, { a = "Bäcker", b = "ß" } }, rows)
      assert.same({ 3, 5 }, { problems[1].line, problems[2].line })
      assert.equal('input:3: column "a": bytes that are not UTF-8; save the file again as CSV UTF-8, or say its encoding: '
        .. 'it reads: Gr\\xFC\\xDFe', tostring(problems[1]))
    end)

    it("encodings only where they are not told, in any spelling", function()
      assert.same({ { a = "Ã¼" } }, rows_of("a\nü\n", { encoding = "Windows-1252" }))
      for _, name in ipairs{ "cp1252", "Latin1", "ISO-8859-1", "windows_1252" } do
        assert.equal("Windows-1252", format_of("a\n", { encoding = name }).encoding)
      end
      assert.equal("UTF-8", format_of("a\n", { encoding = "utf8" }).encoding)
      assert.equal("UTF-16LE", format_of(utf16("a\n", "<"), { encoding = "utf-16" }).encoding)
      assert.equal(1, #problems_of("a\n\xFC\n", { encoding = "UTF-8" }))
      assert.same({ { ["ä"] = "ü" } }, rows_of(utf16("ä\nü\n", ">", true), { encoding = "utf-16" }))
      assert.same({ { ["ä"] = "ü" } }, rows_of("\u{FEFF}ä\nü\n", { encoding = "Windows-1252" }))
    end)

    it("half a character at the end, and lone surrogates, as what is not valid", function()
      for _, ending in ipairs{ "x", "\x3D\xD8", "\x3D\xD8x", "\x00\xDEx\0" } do
        local problems = problems_of(utf16("a\nok\n", "<", true) .. ending)
        assert.equal(1, #problems)
        assert.equal("encoding", problems[1].reason:match "not UTF%-16LE" and "encoding")
      end
      assert.equal(1, #problems_of "a\nü\nx\xC3")
    end)

    it("and tells it in a line", function()
      local path = file(latin1 "a;b\nMüller;2\n")
      local rows, format = csv.rows(path)
      assert.equal(path .. ": semicolon, Windows-1252, 2 columns", tostring(format))
      assert.equal("rows of " .. tostring(format), tostring(rows))
      assert.equal(format, rows.format)
      rows:close()
    end)
  end)

  it("reads examples/customers.csv: one purpose, language and role a site, one bad address, one twice", function()
    local sites, seen, bad, twice, count = {}, {}, 0, 0, 0
    for row in assert(csv.rows "examples/customers.csv") do
      count = count + 1
      assert.truthy(row.site_id:match "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$")
      assert.equal("6732588207941061632", row.policy_id)
      local first = sites[row.site_id] or row
      sites[row.site_id] = first
      assert.same({ first.site, first.invite_purpose, first.language }, { row.site, row.invite_purpose, row.language })
      if not row.email:match "^[%w.-]+@[%w.-]+%.example%.%a+$" then bad = bad + 1 end
      local key = row.site_id .. row.email:lower()
      if seen[key] then twice = twice + 1 end
      seen[key] = true
    end
    local names = 0
    for _ in pairs(sites) do names = names + 1 end
    assert.same({ 44, 8, 1, 1 }, { count, names, bad, twice })
  end)
end)
