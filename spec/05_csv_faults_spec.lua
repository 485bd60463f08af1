-- wixum.csv.rows: hostile files, limits, mistakes of programs, and when files are closed.

local csv = require "wixum.csv"
local support = require "spec.support.csv"

local all, file, handle_of, times_open = support.all, support.file, support.handle_of, support.times_open

local function problems_of(content, options)
  local _, _, problems = all(content, options)
  return problems
end

-- What calling raises, with the line that it names.
local function mistake(...)
  local arguments = table.pack(...)
  local line = debug.getinfo(1, "l").currentline + 1
  local raised, message = pcall(function() local _ = csv.rows(table.unpack(arguments, 1, arguments.n)) end)
  assert.is_false(raised)
  local at, text = message:match("05_csv_faults_spec%.lua:(%d+): (.*)$")
  assert.equal(line, tonumber(at))
  return text
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

  describe("names what is wrong with a row", function()
    -- content behind the header a,b; then line, column, beginning of the reason, value, and the rows around
    local faults = {
      ["a NUL byte"] = { "1,\0x\n2,2\n", 2, "b", "a NUL byte", "\\x00x", { "2" } },
      ["a NUL byte in quotes"] = { '"1\0",x\n2,2\n', 2, "a", "a NUL byte", '1\\x00', { "2" } },
      ["more cells than columns"] = { "1,2,3\n2,2\n", 2, 3, "a cell behind the last of 2 columns", "3", { "2" } },
      ["more cells than columns, some empty"] = { "1,2,,,3\n2,2\n", 2, 5, "a cell behind the last of 2 columns", "3", { "2" } },
      ["text behind a quote"] = { '0,0\n"x" y,1\n2,2\n', 3, "a", "text behind the closing quote", '"x" ', { "0", "2" } },
      ["a quote that swallows rows"] = { '"x,1\n2,2\n"3",3\n', 2, "a", "text behind the closing quote", '"x,1\\n2,2\\n"', { "2", "3" } },
      ["a quote that is never closed"] = { '0,0\n1,"x\n2,2\n3,3', 3, "b", "the quote that begins this cell is never closed",
        '"x\\n2,2\\n3,3', { "0", "2", "3" } },
      ["a lone quote at the end"] = { '2,2\n"', 3, "a", "the quote that begins this cell is never closed", '"', { "2" } },
      ["a fault behind line ends in the row"] = { '"1\r\n1\r1",\0\n2,2\n', 4, "b", "a NUL byte", "\\x00", { "2" } },
      ["only the first of a row"] = { "\0,\0\n2,2\n", 2, "a", "a NUL byte", "\\x00", { "2" } },
      ["the quotes rather than what came before"] = { '\0,"1" 2\n2,2\n', 2, "b", "text behind the closing quote", '"1" ', { "2" } },
    }
    for name, fault in pairs(faults) do
      local content = "a,b\n" .. fault[1]
      it("to on_problem: " .. name, function()
        local rows, _, problems = all(content)
        assert.equal(1, #problems)
        local problem = problems[1]
        assert.same({ "input", fault[2], fault[3], fault[5] }, { problem.file, problem.line, problem.column, problem.value })
        assert.equal(fault[4], problem.reason:sub(1, #fault[4]))
        assert.is_nil(problem.rest_unread)
        local kept = {}
        for i, row in ipairs(rows) do kept[i] = row.a end
        assert.same(fault[6], kept)
      end)
      it("by raising: " .. name, function()
        local path = file(content)
        local rows = assert(csv.rows(path))
        local raised, problem = pcall(function() for _ in rows do end end)
        assert.is_false(raised)
        local column = math.type(fault[3]) and fault[3] or '"' .. fault[3] .. '"'
        local beginning = ("%s:%d: column %s: %s"):format(path, fault[2], column, fault[4])
        assert.equal(beginning, tostring(problem):sub(1, #beginning))
        assert.equal("x" .. tostring(problem) .. "y", "x" .. problem .. "y")
        assert.equal(0, times_open(path))
      end)
    end

    it("and takes nothing inside a bad cell for a row of its own", function()
      local rows, _, problems = all 'a,b\n"\0\n9,9\n",1\n2,2\n"x",1,"\n8,8\n"\n3,3\n'
      assert.same({ { a = "2", b = "2" }, { a = "3", b = "3" } }, rows)
      assert.equal(2, #problems)
      rows = all('a,b\n"' .. ("x"):rep(99) .. '\n9,9\n",1\n2,2\n', { max_cell = 50, block_size = 20 })
      assert.same({ { a = "2", b = "2" } }, rows)
    end)

    it("masked and shortened, in one line", function()
      local problem = problems_of("a\u{202E}\u{9B}\u{1B},b\n\"\27[2J\r\n\u{202E}\u{FEFF}" .. ("ü"):rep(50) .. "\0\",x\n")[1]
      assert.equal('\\x1B[2J\\r\\n\\u{202E}\\u{FEFF}' .. ("ü"):rep(32) .. "…", problem.value)
      assert.equal('input:2: column "a\\u{202E}\\u{9B}\\x1B": ', tostring(problem):match "^.-: .-: ")
      assert.equal("wixum.csv.problem", getmetatable(problem).__name)
    end)
  end)

  describe("keeps memory flat", function()
    -- The most that reading pieces (`content` makes the i-th) takes beyond what was there before, in KiB.
    local function peak(content, max_cell)
      collectgarbage()
      local before, most = collectgarbage "count", 0
      local at = 0
      local handle = { read = function()
        at = at + 1
        if at % 10 == 0 then
          collectgarbage()
          most = math.max(most, collectgarbage "count")
        end
        return content(at)
      end }
      local problems, rows = {}, 0
      local iterator, format, _, closing = assert(csv.rows(handle, {
        max_cell = max_cell,
        on_problem = function(problem) problems[#problems + 1] = problem end,
      }))
      for _ in iterator, format, nil, closing do rows = rows + 1 end
      return most - before, rows, problems
    end

    it("over many rows", function()
      local block = ("Bakery,ann@example.com,de\n"):rep(2500)
      local memory, rows = peak(function(i) return i == 1 and "site,email,language\n" or i < 40 and block or nil end)
      assert.equal(38 * 2500, rows)
      assert.is_true(memory < 1024, memory)
    end)

    it("over all characters that there are, in UTF-16", function()
      local memory, rows = peak(function(i)
        if i == 1 then return "\xFF\xFEa\0\n\0" end
        if i > 120 then return nil end
        local points = {}
        for k = 1, 500 do points[k] = string.pack("<I2I2", 0x4000 + (i * 37 + k * 2) % 0x8000, 0x5000 + k) end
        return table.concat(points) .. "\n\0"
      end)
      assert.equal(119, rows)
      assert.is_true(memory < 4096, memory)
    end)

    local cell, row = "more than %d bytes in one cell", "more than %d bytes in one row"
    local cases = {
      -- What stands in front, what fills ten megabytes, what stands behind; then column, reason, rows that are left.
      ["a ten-megabyte cell"] = { "", ("x"):rep(65536), ",1\n2,2\n", "a", cell, 2 },
      ["a ten-megabyte cell in quotes"] = { '1,"', ("x"):rep(65536), '\n9,9\n"" " \n2,2\n', "b", cell, 2 },
      -- Two and a half megabytes, with a limit of 64 KiB.
      ["blanks"] = { "", (" "):rep(16384), '"x"\n2,2\n', "a", cell, 2 },
      ["quotes"] = { '"', ('"'):rep(16384), 'x",1\n2,2\n', "a", cell, 2 },
      ["empty cells"] = { "", (","):rep(16384), "\n2,2\n", nil, row, 2 },
      ["a quote that is never closed"] = { '"', ("2,2\n"):rep(4096), "\n", "a", cell, 1, true },
      ["a row with a wrong quote"] = { '"x"y', ("x"):rep(16384), "\n2,2\n", "a", "text behind the closing quote", 2 },
    }
    for name, case in pairs(cases) do
      it("over " .. name, function()
        local few = #case[2] < 65536
        local max_cell = few and 65536 or nil
        local memory, rows, problems = peak(function(i)
          return i == 1 and "a,b\n1,1\n" .. case[1] or i <= 161 and case[2] or i == 162 and case[3] or nil
        end, max_cell)
        assert.equal(1, #problems)
        assert.same({ 3, case[4] }, { problems[1].line, problems[1].column })
        local reason = case[5]:format((max_cell or 1048576) * (case[5] == row and 8 or 1))
        assert.equal(reason, problems[1].reason:sub(1, #reason))
        assert.equal(case[7], problems[1].rest_unread)
        assert.equal(case[7] and "nothing behind it was read" or nil, problems[1].reason:match "nothing behind it was read")
        assert.equal(case[6], rows)
        assert.is_true(memory < (few and 2 or 6) * 1024, memory)
      end)
    end

    it("and counts the lines of what it dropped", function()
      local _, lines = all('a,b\n"' .. ("x\r\n"):rep(100) .. '",1\n2,2\n', { max_cell = 60, block_size = 7 })
      assert.same({ 103 }, lines)
      _, lines = all('a,b\n"' .. ("x\r\n"):rep(100) .. '",1\n2,2\n', { max_cell = 60 })
      assert.same({ 103 }, lines)
    end)

    it("with the same limits however the blocks are cut", function()
      local content = 'a,b\n"' .. ("x"):rep(180) .. '" y,1\n9,9\n' .. (","):rep(1500) .. "\0\n2,2\n"
      for _, size in ipairs{ 1, 7, 65536 } do
        local _, lines, problems = all(content, { max_cell = 170, block_size = size })
        assert.same({ 3, 5 }, lines)
        assert.equal("more than 170 bytes in one cell", problems[1].reason:match "^[^;]*")
        assert.equal("more than 1360 bytes in one row", problems[2].reason:match "^[^;]*")
        assert.same({ 4, 2 }, { problems[2].line, #problems })
      end
    end)

    it("with limits to the byte", function()
      assert.equal(0, #problems_of("a,b\n12345,67890\n", { max_cell = 5 }))
      assert.equal(1, #problems_of("a,b\n12345,678901\n", { max_cell = 5 }))
      assert.equal(0, #problems_of("1,2\n", { header = false, max_columns = 2 }))
      assert.equal(1, #problems_of("1,2,3\n", { header = false, max_columns = 2 }))
      assert.equal(0, #problems_of("a,b\n" .. (","):rep(40) .. "\n", { max_cell = 5 }))
      assert.equal("more than 40 bytes in one row",
        problems_of("a,b\n" .. (","):rep(41) .. "\n", { max_cell = 5 })[1].reason:match "^[^;]*")
    end)

    it("and time: a file in which every line swallows all others is given up", function()
      local problems = problems_of("a,b\n" .. ('a","c\n'):rep(3000), { max_cell = 4000 })
      assert.is_true(problems[#problems].rest_unread)
      assert.is_true(#problems < 100)
    end)
  end)

  describe("raises a program's mistakes where they are", function()
    local column_rule = 'option column must be a table { key = "header in the file" }, each header once'
    local header_rule = "option header must be true, false or a list of names, each once"
    local mistakes = {
      ["no path"] = { "path must be a string or an open file, not a nil" },
      ["a number"] = { "path must be a string or an open file, not a number", 5 },
      ["a table that cannot be read"] = { "path must be a string or an open file, not a table", {} },
      ["a colon"] = { "use a dot in place of the colon: wixum.csv.rows(path)", csv, "x.csv" },
      ["options of another type"] = { "options must be a table, not a string", "x", "y" },
      ["an unknown option"] = { 'unknown option "delimitr" (did you mean "delimiter"?)', "x", { delimitr = ";" } },
      ["a long delimiter"] = { "option delimiter must be one punctuation character or a tab", "x", { delimiter = "||" } },
      ["a letter as delimiter"] = { "option delimiter must be one punctuation character or a tab", "x", { delimiter = "x" } },
      ["a quote as delimiter"] = { "option delimiter must be one punctuation character or a tab", "x", { delimiter = '"' } },
      ["an unknown encoding"] = { "option encoding must be one of UTF-8, UTF-16LE, UTF-16BE, Windows-1252", "x", { encoding = "EBCDIC" } },
      ["a string as column"] = { column_rule, "x", { column = "email" } },
      ["a list as column"] = { column_rule, "x", { column = { "a" } } },
      ["a header for two keys"] = { column_rule, "x", { column = { a = "x", b = "x" } } },
      ["column without header"] = { "option column needs a header; leave out header = false, or give the names as a list", "x",
        { column = { a = "x" }, header = false } },
      ["a string as header"] = { header_rule, "x", { header = "email" } },
      ["an empty header"] = { header_rule, "x", { header = {} } },
      ["a header with a name twice"] = { header_rule, "x", { header = { "a", "a" } } },
      ["a header of numbers"] = { header_rule, "x", { header = { 1 } } },
      ["trim"] = { "option trim must be true or false", "x", { trim = 1 } },
      ["skip_blank"] = { "option skip_blank must be true or false", "x", { skip_blank = "no" } },
      ["max_cell"] = { "option max_cell must be an integer from 1 to 1073741824", "x", { max_cell = 0 } },
      ["max_columns"] = { "option max_columns must be an integer from 1 to 100000", "x", { max_columns = 1.5 } },
      ["block_size"] = { "option block_size must be an integer from 1 to 16777216", "x", { block_size = 1 << 25 } },
      ["on_problem"] = { "option on_problem must be a function", "x", { on_problem = {} } },
    }
    for name, case in pairs(mistakes) do
      it(name, function() assert.equal("wixum.csv.rows: " .. case[1], mistake(table.unpack(case, 2))) end)
    end

    it("a closed file", function()
      local handle = io.open(file "a\n")
      handle:close()
      assert.equal("wixum.csv.rows: the file is closed", mistake(handle))
    end)

    it("and leaves the options alone", function()
      local options = setmetatable({ encoding = "utf8" }, { __newindex = error })
      all("a\n1\n", options)
      assert.same({ encoding = "utf8" }, { encoding = options.encoding })
    end)

    it("but takes anything callable as on_problem", function()
      local count = 0
      local callable = setmetatable({}, { __call = function() count = count + 1 end })
      for _ in csv.rows(handle_of("a\n\0\n"), { on_problem = callable }) do error "a row" end
      assert.equal(1, count)
    end)
  end)

  describe("tells what is wrong with a file", function()
    local function refused(path)
      local rows, message = csv.rows(path)
      assert.is_nil(rows)
      return message
    end

    it("that is not there, a folder, or has an impossible name", function()
      assert.equal("no such.csv: cannot be opened (No such file or directory); check the path, it starts at the current folder",
        refused "no such.csv")
      assert.equal("/: cannot be read (Is a directory); give a file that is in reach and no folder", refused "/")
      local path = file "a\n1\n"
      assert.equal(path .. "\\x00.csv: no file has such a name: it holds a NUL byte", refused(path .. "\0.csv"))
    end)

    it("that is a workbook", function()
      for _, beginning in ipairs{ "PK\3\4", "\xD0\xCF\x11\xE0" } do
        assert.equal(': this is a workbook and not CSV; save it as "CSV UTF-8" and give that file', refusal(beginning .. "xxxx"))
      end
    end)

    it("that breaks while it is read, also where problems are taken", function()
      local function broken() return nil, "Input/output error" end
      assert.equal("input: cannot be read (Input/output error); give a file that is in reach and no folder",
        refused(handle_of("a\n1\n", nil, broken)))
      local seen = 0
      local raised, problem = pcall(function()
        local content = "a\n" .. ("1\n"):rep(50000)
        for _ in assert(csv.rows(handle_of(content, nil, broken), { on_problem = function() end })) do seen = seen + 1 end
      end)
      assert.is_false(raised)
      assert.equal("input: cannot be read (Input/output error); give a file that is in reach and no folder", tostring(problem))
      assert.is_true(seen > 1000)
    end)

    it("but passes on what a reader of the program's own raises", function()
      local own = setmetatable({}, { __tostring = function() return "own" end })
      local raised, value = pcall(csv.rows, { read = function() error(own) end })
      assert.is_false(raised)
      assert.equal(own, value)
    end)

    it("and has it closed then", function()
      for _, content in ipairs{ "", "PK\3\4" .. ("x"):rep(100000), "a,a\n", "a\n\0\n", "a\n" .. ("1\n"):rep(50000) } do
        local path = file(content)
        assert.is_nil(csv.rows(path, { column = { x = "y" } }))
        assert.equal(0, times_open(path))
      end
      csv.rows "/usr"
      assert.equal(0, times_open "/usr")
    end)
  end)

  describe("closes its file", function()
    local content = "a\n" .. ("1\n"):rep(50000)

    it("on break, on an error in the loop, at the end, by close and <close>", function()
      local path = file(content)
      for row, line in assert(csv.rows(path)) do
        assert.equal("1", row.a)
        assert.equal(1, times_open(path))
        if line == 3 then break end
      end
      assert.equal(0, times_open(path))
      pcall(function() for _ in csv.rows(path) do error "x" end end)
      assert.equal(0, times_open(path))
      local rows = csv.rows(path)
      for _ in rows do end
      assert.equal(0, times_open(path))
      rows = csv.rows(path)
      assert.equal("1", rows().a)
      rows:close()
      rows:close()
      assert.equal(0, times_open(path))
      assert.is_nil(rows())
      do local _ <close> = csv.rows(path) end
      assert.equal(0, times_open(path))
    end)

    it("before a problem is raised, or the rest given up", function()
      local path = file("a\n\0\n" .. ("1\n"):rep(100000))
      local rows = csv.rows(path)
      assert.is_false(pcall(rows))
      assert.equal(0, times_open(path))
      -- Quotes of which each swallows what follows, up to the same wrong one: read again and again, until it is enough.
      path = file("a,b\n" .. ('a","c\n'):rep(100) .. 'z"q\n' .. ("1,1\n"):rep(50000))
      local open
      local function on_problem(problem)
        if problem.rest_unread then open = times_open(path) end
      end
      rows = csv.rows(path, { max_cell = 100, on_problem = on_problem })
      assert.is_nil(rows())
      assert.equal(0, open)
    end)

    it("but not one that was handed over open", function()
      local handle = assert(io.open(file(content)))
      for _, line in csv.rows(handle) do
        if line == 3 then break end
      end
      assert.equal("file", io.type(handle))
      handle:seek "set"
      local count = 0
      for _, line in csv.rows(handle) do count = line end
      assert.equal(50001, count)
      assert.equal("file", io.type(handle))
      handle:close()
    end)
  end)
end)
