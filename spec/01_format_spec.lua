-- Is this text what its field says it is? GUIDs, UTF-8, addresses, ids and dates, at their boundaries.

local core = require "wixum.core"
local wixum = require "wixum"

-- Under a tool everything takes many times longer: then every so many-th case of the long tables is enough.
local STRIDE = os.getenv "WIXUM_SLOW" and 37 or 1

local shapes = setmetatable({}, { __index = function(made, kind)
  made[kind] = core.shape{ fields = { { name = "it", wire = "it", type = kind } } }
  return made[kind]
end })

-- What is wrong with a value as an argument of that type; nil for nothing.
local function problem_of(kind, value)
  local wire, violations, mistake = core.arguments(shapes[kind], { it = value })
  if mistake or violations and #violations ~= 1 or wire and wire.it ~= value then error(mistake or ("%q"):format(value)) end
  return violations and violations[1].description
end

-- Every text that differs from `text` in one byte, with the place and the byte.
local function each_change(text, visit)
  for at = 1, #text do
    for byte = at % STRIDE, 255, STRIDE do
      visit(text:sub(1, at - 1) .. string.char(byte) .. text:sub(at + 1), at, string.char(byte))
    end
  end
end

describe("a GUID", function()
  local GUID = "5f3C9c5e-8d0a-4A57-9f5e-0d6f6b1c2aff"

  it("is 8-4-4-4-12 hex digits of either case, and no byte of it may be anything else", function()
    assert.is_true(core.is_guid(GUID))
    each_change(GUID, function(text, at, byte)
      local dash = at == 9 or at == 14 or at == 19 or at == 24
      local good = dash and byte == "-" or not dash and byte:find("^[0-9A-Fa-f]$") ~= nil
      if core.is_guid(text) ~= good then error(("byte %d at %d"):format(byte:byte(), at)) end
    end)
  end)

  it("is neither longer nor shorter, nor dressed up", function()
    for _, text in ipairs{
      "", "-", GUID:sub(1, 35), GUID .. "0", GUID .. "\0", GUID .. "\n", " " .. GUID, "{" .. GUID .. "}", GUID:gsub("-", ""),
      "urn:uuid:" .. GUID, ("0"):rep(36), ("-"):rep(36), GUID:sub(1, 35) .. "\0",
    } do
      assert.is_false(core.is_guid(text), text)
    end
  end)
end)

describe("UTF-8", function()
  -- Lua's own reading is as strict: no overlong form, no surrogate, nothing above U+10FFFF.
  local function agree(text)
    if core.is_utf8(text) ~= (utf8.len(text) ~= nil) then
      error(("%q is %sUTF-8 to wixum"):format(text, core.is_utf8(text) and "" or "not "))
    end
  end

  it("is judged as by Lua for every text of one and two bytes", function()
    for first = 0, 255 do
      agree(string.char(first))
      for second = 0, 255, STRIDE do agree(string.char(first, second)) end
    end
  end)

  it("is judged as by Lua around every boundary of three and four bytes", function()
    local edges = { 0x00, 0x41, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xFF }
    for first = 0, 255 do
      for _, second in ipairs(edges) do
        for at = first % (STRIDE // 6 + 1) + 1, #edges, STRIDE // 6 + 1 do
          local third = edges[at]
          agree(string.char(first, second, third))
          for fourth = 0x3F, first >= 0xE0 and 0xFF or 0, 0x40 do agree(string.char(first, second, third, fourth)) end
          for fourth = 0x40, first >= 0xE0 and 0xC0 or 0, 0x40 do agree(string.char(first, second, third, fourth)) end
        end
      end
    end
  end)

  it("takes the last character of every length and the first of the next", function()
    for _, code in ipairs{ 0x00, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF } do
      assert.is_true(core.is_utf8("a" .. utf8.char(code) .. "z"), ("U+%X"):format(code))
    end
    for _, code in ipairs{ 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0x110000, 0x1FFFFF, 0x7FFFFFFF } do
      assert.is_false(core.is_utf8("a" .. utf8.char(code) .. "z"), ("U+%X"):format(code))
    end
  end)

  it("is not there where a character breaks off", function()
    for _, character in ipairs{ "é", "€", "𝄞" } do
      for size = 1, #character - 1 do
        assert.is_false(core.is_utf8("a" .. character:sub(1, size)))
        assert.is_false(core.is_utf8(character:sub(1, size) .. "a"))
        assert.is_false(core.is_utf8(character:sub(size + 1)))
      end
    end
  end)
end)

describe("an address", function()
  local DOMAIN_249 = ("a."):rep(120) .. ("b"):rep(9) -- with "x@" before it and "c" behind: as long as may be

  it("is good", function()
    for _, address in ipairs{
      "a@b.co", "ann@example.com", "ANN@EXAMPLE.COM", "ann.bee@example.com", "ann+tag@example.com", "a-b_c@mail-1.example.com",
      "o'brien@example.ie", "!#$%&'*+/=?^_`{|}~-@example.com", "1@2.de", "ann@3com.com", "ann@a.b.c.d.example.museum",
      "jürgen@müller.de", "ann@xn--mller-kva.de", "用户@例え.jp", "ann@example.xn--p1ai", "ann@пример.рф", "a@b.c1",
      ("x"):rep(64) .. "@example.com", "ann@" .. ("x"):rep(63) .. ".com", "x@" .. DOMAIN_249 .. "ccc",
    } do
      local ok, reason = wixum.check_email(address)
      assert.is_true(ok, address .. ": " .. tostring(reason))
      assert.is_nil(reason)
    end
  end)

  local BAD = {
    { "", "empty" },
    { "@", "nothing before the @" },
    { "ann", "has no @" },
    { "ann.example.com", "has no @" },
    { "@example.com", "nothing before the @" },
    { "ann@", "nothing after the @" },
    { "ann@@example.com", "more than one @" },
    { "ann@example.com@example.org", "more than one @" },
    { ".ann@example.com", "dot beside the @ or at its start" },
    { "ann.@example.com", "dot beside the @ or at its start" },
    { "ann..bee@example.com", "two dots in a row" },
    { "ann@example", "its domain has no dot" },
    { "ann@b", "its domain has no dot" },
    { "ann@localhost", "its domain has no dot" },
    { "ann@.example.com", "two dots in a row, or begins or ends" },
    { "ann@example.com.", "two dots in a row, or begins or ends" },
    { "ann@example..com", "two dots in a row, or begins or ends" },
    { "ann@.", "two dots in a row, or begins or ends" },
    { "ann@-example.com", "hyphen" },
    { "ann@example-.com", "hyphen" },
    { "ann@example.com-", "hyphen" },
    { "ann@exa_mple.com", "characters? that domains do not have" },
    { "ann@exam!ple.com", "characters? that domains do not have" },
    { "ann@example.c", "single character" },
    { "ann@127.0.0.1", "ends in a number" },
    { "ann@10.20.30.40", "ends in a number" },
    { "ann@[127.0.0.1]", "character that addresses do not have" },
    { " ann@example.com", "blank" },
    { "ann@example.com ", "blank" },
    { "ann bee@example.com", "blank" },
    { "ann\tbee@example.com", "blank" },
    { "ann@example.com\n", "control character" },
    { "ann@example.com\r\nBcc: eve@example.com", "control character" },
    { "ann\0@example.com", "control character" },
    { "ann@example.com\0", "control character" },
    { "ann\127@example.com", "control character" },
    { "Ann <ann@example.com>", "blank" },
    { "<ann@example.com>", "address alone" },
    { "mailto:ann@example.com", "character that addresses do not have" },
    { '"ann bee"@example.com', "character that addresses do not have" },
    { "ann(work)@example.com", "character that addresses do not have" },
    { "ann\\bee@example.com", "character that addresses do not have" },
    { "ann@example.com,bob@example.com", "one address an item" },
    { "ann@example.com;bob@example.com", "one address an item" },
    { "ann@example,com", "dots in its domain" },
    { "ann\xC2\xA0@example.com", "invisible" },           -- no-break space
    { "\xEF\xBB\xBFann@example.com", "invisible" },       -- byte order mark
    { "ann@example.com\xE2\x80\x8B", "invisible" },       -- zero-width space
    { "ann\xE2\x80\xAE@example.com", "invisible" },       -- right-to-left override
    { "ann\xE2\x80\xA8@example.com", "invisible" },       -- line separator
    { "ann\xE2\x80\x83bee@example.com", "invisible" },    -- em space
    { "ann\xE2\x81\xA0@example.com", "invisible" },       -- word joiner
    { "ann\xE3\x80\x80@example.com", "invisible" },       -- ideographic space
    { "ann\xC2\x85@example.com", "invisible" },           -- a control of C1
    { "ann\xC2\xAD@example.com", "invisible" },           -- soft hyphen
    { "ann\xFF@example.com", "UTF%-8" },
    { "j\xFCrgen@example.com", "UTF%-8" },                -- Latin-1
    { "ann@ex\xC3", "UTF%-8" },
    { "ann\xED\xA0\x80@example.com", "UTF%-8" },          -- a surrogate
    { ("x"):rep(65) .. "@example.com", "more than 64 bytes before" },
    { "ann@" .. ("x"):rep(64) .. ".com", "longer than 63 bytes" },
    { "x@" .. DOMAIN_249 .. "cccc", "longer than 254 bytes" },
    { ("x"):rep(100000), "longer than 254 bytes" },
  }

  for _, case in ipairs(BAD) do
    it(("is not %q"):format(case[1]:sub(1, 40)), function()
      local ok, reason = wixum.check_email(case[1])
      assert.is_nil(ok)
      assert.matches(case[2], reason)
      assert.matches("^it ", (reason:gsub("^its ", "it ")):gsub("^a part of its", "it "))
      if core.is_utf8(case[1]) then assert.equal(reason, problem_of("email", case[1])) end
    end)
  end

  it("holds nothing that nobody sees, and what is beside it among the characters", function()
    for _, code in ipairs{ 0x80, 0x9F, 0xA0, 0xAD, 0x2000, 0x200F, 0x2028, 0x202F, 0x205F, 0x2060, 0x206F, 0x3000, 0xFEFF } do
      assert.matches("invisible", select(2, wixum.check_email("a" .. utf8.char(code) .. "b@example.com")), 1, true)
      assert.matches("invisible", select(2, wixum.check_email("ann@exa" .. utf8.char(code) .. "mple.com")), 1, true)
    end
    for _, code in ipairs{ 0xA1, 0xAC, 0xAE, 0xC0, 0x2010, 0x2027, 0x2030, 0x205E, 0x2070, 0x3001, 0xFF01, 0x1D11E } do
      assert.is_true((wixum.check_email("a" .. utf8.char(code) .. "b@example.com")), ("U+%04X"):format(code))
    end
  end)

  it("may hold these bytes and no others, before the @ and behind it", function()
    local before, behind = {}, {}
    for byte = 0, 255 do
      local character = string.char(byte)
      if wixum.check_email("a" .. character .. "b@example.com") then before[#before + 1] = character end
      if wixum.check_email("ann@exa" .. character .. "mple.com") then behind[#behind + 1] = character end
    end
    local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    local function sorted(text)
      local list = {}
      for character in text:gmatch(".") do list[#list + 1] = character end
      table.sort(list)
      return table.concat(list)
    end
    assert.equal(sorted("!#$%&'*+-./0123456789=?^_`{|}~" .. letters .. letters:lower()), table.concat(before))
    assert.equal(sorted("-.0123456789" .. letters .. letters:lower()), table.concat(behind))
  end)

  it("is text: anything else is told as what it is", function()
    for _, value in ipairs{ 42, true, {}, print, coroutine.create(print) } do
      local ok, reason = wixum.check_email(value)
      assert.is_nil(ok)
      assert.equal("it is not text but a " .. type(value), reason)
    end
    assert.equal("it is not text but a nil", select(2, wixum.check_email()))
  end)
end)

describe("an id", function()
  it("is 1 to 256 bytes of visible ASCII", function()
    for byte = 0, 255 do
      local good = byte > 0x20 and byte < 0x7F
      for _, text in ipairs{ string.char(byte), string.char(byte) .. "1", "1" .. string.char(byte), "1" .. string.char(byte) .. "2" } do
        local problem = problem_of("id", text)
        assert.equal(good, problem == nil, ("byte %d: %s"):format(byte, tostring(problem)))
      end
    end
    assert.equal("it is empty", problem_of("id", ""))
    assert.is_nil(problem_of("id", ("1"):rep(256)))
    assert.equal("it is longer than 256 bytes", problem_of("id", ("1"):rep(257)))
  end)
end)

describe("a date", function()
  -- The date, and its seconds since the epoch.
  local GOOD = {
    { "1970-01-01T00:00:00Z", 0 }, { "2030-12-31T08:00:00Z", 1924934400 }, { "2024-02-29T23:59:59Z", 1709251199 },
    { "2000-02-29T00:00:00Z", 951782400 }, { "1969-12-31T23:59:59Z", -1 }, { "2016-12-31T23:59:60Z", 1483228800 },
    { "2024-12-17T09:21:41.001Z", 1734427301.001 }, { "2024-12-17T09:21:41.5Z", 1734427301.5 },
    { "2024-12-17T09:21:41.123456789Z", 1734427301.123456789 },
    { "2024-12-17T09:21:41+00:00", 1734427301 }, { "2024-12-17T11:21:41+02:00", 1734427301 },
    { "2024-12-17T03:51:41-05:30", 1734427301 }, { "2024-12-17T09:21:41-00:00", 1734427301 },
    { "2024-12-18T09:20:41+23:59", 1734427301 }, { "0001-01-01T00:00:00Z", -62135596800 },
    { "9999-12-31T23:59:59Z", 253402300799 }, { "2024-01-31T00:00:00Z", 1706659200 }, { "2024-04-30T00:00:00Z", 1714435200 },
  }
  local BAD = {
    "", "2024", "2024-12-17", "2024-12-17T09:21:41", "2024-12-17 09:21:41", "2024-12-17T09:21Z", "24-12-17T09:21:41Z",
    "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z", "2024-01-32T00:00:00Z", "2024-02-30T00:00:00Z",
    "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-04-31T00:00:00Z", "2024-06-31T00:00:00Z", "2024-09-31T00:00:00Z",
    "2024-11-31T00:00:00Z", "2024-12-17T24:00:00Z", "2024-12-17T09:60:00Z", "2024-12-17T09:21:61Z", "2024-12-17T09:21:41.Z",
    "2024-12-17T09:21:41.5", "2024-12-17T09:21:41,5Z", "2024-12-17T09:21:41+0200", "2024-12-17T09:21:41+02",
    "2024-12-17T09:21:41+24:00", "2024-12-17T09:21:41+02:60", "2024-12-17T09:21:41ZZ", "2024-12-17T09:21:41Z ",
    "2024-12-17T09:21:41Z\0", " 2024-12-17T09:21:41Z", "2024-12-17T09:21:41 Z", "2024/12/17T09:21:41Z", "2024-1-1T00:00:00Z",
    "+024-12-17T09:21:41Z", "2024-12-17T09:21:41.1e3Z", "17 Dec 2024", "1734427301",
  }

  for _, case in ipairs(GOOD) do
    it("is " .. case[1], function()
      assert.is_nil(problem_of("date", case[1]))
      local seconds = assert(wixum.time(case[1]))
      assert.is_true(math.abs(seconds - case[2]) < 1e-6, tostring(seconds))
      assert.equal(case[1]:find(".", 1, true) and "float" or "integer", math.type(seconds))
    end)
  end

  for _, text in ipairs(BAD) do
    it(("is not %q"):format(text), function()
      assert.matches("^it is not a date", problem_of("date", text))
      local seconds, reason = wixum.time(text)
      assert.is_nil(seconds)
      assert.matches("date", reason)
    end)
  end

  it("has a digit wherever one belongs", function()
    local date = "2024-10-10T10:10:10.10+10:10"
    each_change(date, function(text, at, byte)
      local digit = date:sub(at, at):find("%d") ~= nil
      if digit and not byte:find("[0-9]") and byte ~= "." and problem_of("date", text) == nil then
        error(("byte %d at %d"):format(byte:byte(), at))
      end
    end)
  end)

  it("has at most 40 bytes", function()
    assert.is_nil(problem_of("date", "2024-12-17T09:21:41." .. ("1"):rep(19) .. "Z"))
    assert.matches("not a date", problem_of("date", "2024-12-17T09:21:41." .. ("1"):rep(20) .. "Z"))
  end)

  it("is text for wixum.time too", function()
    for _, value in ipairs{ 5, true, {} } do
      local seconds, reason = wixum.time(value)
      assert.is_nil(seconds)
      assert.equal("it is not a date but a " .. type(value), reason)
    end
  end)
end)
