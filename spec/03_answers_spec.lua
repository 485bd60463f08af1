-- Answers: what the service's JSON becomes, however odd it is. Either a table that keeps every promise of the declaration,
-- or an error that says so; never a crash.

local calls = require "spec.support.calls"
local cjson = require "cjson"
local core = require "wixum.core"
local process = require "spec.support.process"

local GUID = calls.GUID
local SLOW = os.getenv "WIXUM_SLOW"

before_each(calls.open)
after_each(calls.close)

-- What a call answers whose answer has this body (text, or a table that becomes JSON).
local function read(body, name)
  name = name or "send_all"
  calls.answers(200, body)
  return calls.method(name)(calls.arguments(name))
end

-- One field of it.
local function field(name, json) return assert(read('{"' .. name .. '":' .. json .. "}")) end

-- An answer that is not what was promised.
local function broken(body, name)
  local answer, err = read(body, name)
  assert.is_nil(answer, body)
  assert.equal("protocol", err.kind)
  assert.equal("unknown", err.outcome)
  assert.equal(200, err.status)
  assert.is_nil(tostring(err):find("[\0-\31\127]"))
  return err
end

describe("an answer", function()
  it("has Lua's names, at every depth, and the wire's own for what is not declared", function()
    local part = { partSize = 1, partTags = { "a" }, madeBy = "them", partColor = "red" }
    local thing = { fullName = "n", mainPart = part, allParts = { part }, someMore = true }
    local answer = assert(read{ someText = "x", newField = { innerField = 1 }, oneThing = thing, manyThings = { { mainPart = part } } })
    part = { part_size = 1, part_tags = { "a" }, made_by = "them", partColor = "red" }
    assert.equal("x", answer.some_text)
    assert.same({ innerField = 1 }, answer.newField)
    assert.same({ full_name = "n", main_part = part, all_parts = { part }, someMore = true }, answer.one_thing)
    assert.same({ { main_part = part, all_parts = {} } }, answer.many_things)
  end)

  it("has every declared list as a table: absent, null, empty or full", function()
    local lists = { "text_list", "date_list", "count_list", "flag_list", "color_list", "free_list", "plain_parts", "many_things" }
    for _, value in ipairs{ "null", "[]", "[null,null]", "{}" } do
      local answer = assert(read(('{"textList":%s,"manyThings":%s,"freeList":%s}'):format(value, value, value)))
      for _, name in ipairs(lists) do
        assert.same({}, answer[name], name)
      end
    end
    assert.same({ "a", "b" }, field("textList", '[null,"a",null,"b",null]').text_list)
    assert.same({ {}, {} }, field("freeList", "[{},[]]").free_list)
    assert.same({ all_parts = {} }, field("oneThing", "{}").one_thing)
    assert.same({ all_parts = {} }, field("oneThing", '{"allParts":null}').one_thing)
  end)

  it("has nothing where a null was", function()
    local more = '{"a":null,"b":[null,1,null,{"c":null}]}'
    local answer = assert(read('{"someText":null,"oneThing":null,"freeForm":null,"unknown":null,"more":' .. more .. "}"))
    for _, name in ipairs{ "some_text", "one_thing", "free_form", "unknown" } do assert.is_nil(answer[name]) end
    assert.same({ b = { 1, {} } }, answer.more)
    assert.same({ a = { {} } }, field("freeForm", '{"a":[null,{"b":null}],"c":null}').free_form)
  end)

  it("has whole numbers as integers, others as floats", function()
    local function is(value, found)
      assert.equal(value, found)
      assert.equal(math.type(value), math.type(found))
    end
    for _, name in ipairs{ "itemCount", "realNumber", "freeForm", "unknown" } do
      local lua_name = name:gsub("%u", function(letter) return "_" .. letter:lower() end)
      is(5, field(name, "5")[lua_name])
      is(0, field(name, "0")[lua_name])
      is(-7, field(name, "-7")[lua_name])
      is(5, field(name, "5.0")[lua_name])
      is(1200, field(name, "1.2e3")[lua_name])
      is(1.5, field(name, "1.5")[lua_name])
      is(9007199254740992, field(name, "9007199254740992")[lua_name])
      is(-9007199254740992, field(name, "-9007199254740992")[lua_name])
      is(1e300, field(name, "1e300")[lua_name])
    end
    is(3, field("countList", "[3,4]").count_list[1])
    is(3, field("unknown", '{"a":[{"b":3}]}').unknown.a[1].b)
    assert.matches("count_list = { 5 }", tostring(field("countList", "[5]")), 1, true)
  end)

  it("has integers that came as text, which is how JSON carries large ones", function()
    assert.equal(5, field("itemCount", '"5"').item_count)
    assert.equal(math.maxinteger, field("itemCount", '"9223372036854775807"').item_count)
    assert.equal(math.mininteger, field("itemCount", '"-9223372036854775808"').item_count)
    assert.same({ 1, 2 }, field("countList", '["1",2]').count_list)
    for _, text in ipairs{ "", "x", "5\\u0000x", "0x10", " 5", "5 ", "5.5", "1e3", "9223372036854775808", "--5", "5-", "nan", "inf" } do
      assert.equal(cjson.decode('["' .. text .. '"]')[1], field("itemCount", '"' .. text .. '"').item_count)
    end
  end)

  it("has ids as text, also where they came as numbers, and never a rounded one", function()
    assert.equal("5", field("roleId", "5").role_id)
    assert.equal("9007199254740991", field("roleId", "9007199254740991").role_id)
    assert.equal("-3", field("roleId", "-3.0").role_id)
    assert.equal("6732588207941061632", field("roleId", '"6732588207941061632"').role_id)
    assert.same({ "7", "x" }, field("textList", '[7,"x"]').text_list)
    assert.same({ "1" }, read({ invites = { { policyIds = { 1 } } } }, "bulk_invite").invites[1].policy_ids)
    for _, number in ipairs{
      "9007199254740992", "-9007199254740992", "9007199254740993", "6732588207941061632", "-1e16", "9223372036854775808", "1e400", "-1e400",
    } do
      assert.matches('"roleId" is a number too large', broken('{"roleId":' .. number .. "}").message, 1, true)
      assert.matches('"policyIds" is a number', broken('{"invites":[{"policyIds":[' .. number .. "]}]}", "bulk_invite").message, 1, true)
    end
  end)

  it("has a scalar of another kind as it came", function()
    assert.equal(true, field("someText", "true").some_text)
    assert.equal("yes", field("isDone", '"yes"').is_done)
    assert.equal(1, field("isDone", "1").is_done)
    assert.equal("many", field("itemCount", '"many"').item_count)
    assert.equal("BLUE", field("colorName", '"BLUE"').color_name)
    assert.equal("not a guid", field("siteGuid", '"not a guid"').site_guid)
    assert.same({ a = 1 }, field("someText", '{"a":1,"b":null}').some_text)
    assert.same({ 1, 2 }, field("someText", "[1,2]").some_text)
    assert.same({ "x", { 1 } }, field("countList", '["x",[1]]').count_list)
  end)

  it("is not what was promised where a list or an object is something else", function()
    for _, value in ipairs{ '"x"', "5", "true", '{"a":1}' } do
      assert.matches('"textList" is not a list', broken('{"textList":' .. value .. "}").message, 1, true)
      assert.matches('"manyThings" is not a list', broken('{"manyThings":' .. value .. "}").message, 1, true)
      assert.matches('"allParts" is not a list', broken('{"oneThing":{"allParts":' .. value .. "}}").message, 1, true)
    end
    for _, value in ipairs{ '"x"', "5", "false", "[1]", "[[]]" } do
      assert.matches('"oneThing" is not an object', broken('{"oneThing":' .. value .. "}").message, 1, true)
      assert.matches('"manyThings" is not an object', broken('{"manyThings":[{},' .. value .. "]}").message, 1, true)
      assert.matches('"mainPart" is not an object', broken('{"manyThings":[{"mainPart":' .. value .. "}]}").message, 1, true)
      broken(value)
    end
    broken("null")
  end)

  it("keeps what could be read of a broken one: it may be the only trace of what was done", function()
    local err = broken({ invites = { { id = GUID, policyIds = "1", acceptLink = "https://x/secret" } } }, "bulk_invite")
    assert.equal(GUID, err.data.invites[1].id)
    assert.equal("[masked]", err.data.invites[1].acceptLink)
  end)

  it("takes a declared field under its own name too, and keeps the declaration's promises then", function()
    assert.same({ "a" }, read('{"text_list":["a"]}').text_list)
    assert.equal("5", read('{"role_id":5}').role_id)
    broken('{"text_list":5}')
    broken('{"failed_emails":"ann@example.com"}', "bulk_invite")
    for _, body in ipairs{ '{"failed_emails":5,"failedEmails":["a"]}', '{"failedEmails":["a"],"failed_emails":5}' } do
      assert.same({ invites = {}, failed_emails = { "a" } }, assert(read(body, "bulk_invite")))
    end
    assert.same({ "a" }, read('{"textList":null,"text_list":["a"]}').text_list)
  end)

  it("has long names as it has short ones", function()
    local wire = "aNameOfMoreThanFortyLettersWhichLuaKeepsInAnotherWay"
    local name = "a_name_of_more_than_forty_letters_which_lua_keeps_in_another_way"
    assert.equal("5", field(wire, "5")[name])
    assert.equal("5", field(name, "5")[name])
    assert.is_nil(field(wire, "5")[wire])
  end)

  it("has the last of a name that comes twice", function()
    assert.equal("b", read('{"someText":"a","someText":"b"}').some_text)
    assert.same({ "b" }, read('{"textList":["a"],"textList":["b"]}').text_list)
  end)

  it("may be empty where nothing was promised, and nowhere else", function()
    for _, body in ipairs{ "", " ", "\r\n", "{}", '{"more":null}' } do assert.same({}, assert(read(body, "revoke_invite"))) end
    assert.same({ more = { 1 } }, read('{"more":[1]}', "revoke_invite"))
    assert.matches("empty", broken("", "bulk_invite").message)
    broken(" ", "bulk_invite")
    broken("<html>", "revoke_invite")
  end)

  it("may be large: ten thousand invites", function()
    local invites = {}
    for i = 1, SLOW and 500 or 10000 do
      local email = ("person%d@example.com"):format(i)
      invites[i] = { id = GUID, email = email, policyIds = { "1" }, status = "Pending", acceptLink = "https://x/" .. i }
    end
    local answer = assert(read({ invites = invites }, "bulk_invite"))
    assert.equal(#invites, #answer.invites)
    assert.same({ id = GUID, email = ("person%d@example.com"):format(#invites), policy_ids = { "1" }, status = "Pending",
      accept_link = "https://x/" .. #invites, location_ids = {}, caller_capabilities = {} }, answer.invites[#invites])
    assert.is_true(#tostring(answer) < 50000)
  end)
end)

describe("JSON", function()
  it("may be nested 100 levels deep and no deeper", function()
    local function nested(levels) return ('{"a":'):rep(levels - 1) .. "{}" .. ("}"):rep(levels - 1) end
    assert(read(nested(100)))
    broken(nested(101))
    broken(('{"a":'):rep(100000))
    broken('{"oneThing":{"anyData":' .. ("["):rep(99) .. ("]"):rep(99) .. "}}")
    assert(read('{"oneThing":{"anyData":' .. ("["):rep(98) .. ("]"):rep(98) .. "}}"))
  end)

  it("may begin with a byte order mark, once", function()
    assert.equal("x", read('\xEF\xBB\xBF{"someText":"x"}').some_text)
    broken("\xEF\xBB\xBF\xEF\xBB\xBF{}")
    broken("\xEF\xBB\xBF")
    broken("\xEF\xBB")
    broken("\xFE\xFF\0{\0}")
    broken("{\0}\0")
  end)

  it("holds no NUL byte", function()
    broken("\0")
    broken("\0{}")
    for _, body in ipairs{ "{}\0", "{}\0garbage", '{"someText":"\0"}', '{"a\0":1}' } do
      assert.matches("NUL byte", broken(body).message, 1, true)
      assert.is_nil((core.decode(body)))
    end
  end)

  it("is cut short at no place without being noticed", function()
    local whole = '{"oneThing":{"fullName":"x\\u00e9\\n","allParts":[{"partSize":12}]},"unknown":[1.5,true,null],"textList":["é"]} '
    for size = 1, #whole - 2 do broken(whole:sub(1, size)) end
    assert(read(whole))
    for _, more in ipairs{ "x", "{}", ",", "]" } do broken(whole .. more) end
  end)

  it("is UTF-8, in names and in texts", function()
    for _, bad in ipairs{ "\xFF", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80" } do
      for _, body in ipairs{ '{"someText":"' .. bad .. '"}', '{"' .. bad .. '":1}', '{"a":1}' .. bad } do
        assert.matches("not valid UTF-8", broken(body).message, 1, true)
        assert.is_nil((core.decode(body)))
      end
    end
    for _, good in ipairs{ "é", "€", "𝄞", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF" } do
      assert.equal(good, field("someText", '"' .. good .. '"').some_text)
    end
  end)

  it("has its escapes read, and half a pair of surrogates refused", function()
    assert.equal('"\\/\b\f\n\r\té𝄞\0x', field("someText", [["\"\\\/\b\f\n\r\t\u00e9\uD834\uDD1E\u0000x"]]).some_text)
    for _, bad in ipairs{
      "\\ud834", "\\udd1e", "\\ud834x", "\\ud834\\n", "\\ud834\\ud834", "\\udd1e\\ud834", "\\u12", "\\u12g4", "\\x41", "\\",
    } do
      broken('{"someText":"' .. bad .. '"}')
    end
  end)

  it("is not other things that look like it", function()
    for _, bad in ipairs{
      "{a:1}", "{'a':1}", '{"a":1,}', '{"a":[1,]}', '{"a" 1}', '{"a":}', "{,}", '{"a":01}', '{"a":+1}', '{"a":.5}', '{"a":NaN}',
      '{"a":nan}', '{"a":Infinity}', '{"a":-Infinity}', '{"a":0x10}', '{"a":1} {"b":2}', '{"a":undefined}', '{"a":True}', "// {}",
      "{} // no", '{"a":/**/1}', "invites: []", "<html><body>502</body></html>", "OK", '{"a":"\n', '{"a":1', "}", '{"a":1e}', '{"a":-}',
      '{1:2}', '{"a":1:2}',
    } do
      broken(bad)
    end
  end)

  -- OpenResty's lua-cjson answers the largest integer for any that is larger.
  it("has numbers beyond all integers as floats or not at all", function()
    for _, name in ipairs{ "unknown", "freeForm", "realNumber", "itemCount" } do
      local lua_name = name:gsub("%u", function(letter) return "_" .. letter:lower() end)
      for _, text in ipairs{ "1e400", "-1e400", "10000000000000000000", "-10000000000000000000", "99999999999999999999999999" } do
        local answer = read('{"' .. name .. '":' .. text .. "}")
        local number = answer and answer[lua_name] or tonumber(text) + 0.0
        assert.equal("float", math.type(number))
        assert.is_true(math.abs(number) >= 2.0 ^ 63 and number > 0 == (tonumber(text) > 0))
      end
    end
  end)
end)

describe("lua-cjson's shared instance", function()
  -- A setting, asked for and set by the function of that name.
  local SETTINGS = { decode_max_depth = 1000, encode_max_depth = 1000, encode_number_precision = 14, encode_keep_buffer = true }

  it("is as it was before wixum was loaded", function()
    for name, default in pairs(SETTINGS) do assert.equal(default, (cjson[name]()), name) end
    assert.equal(16, cjson.decode("[0x10]")[1])
    assert.is_true(cjson.decode("[nan]")[1] ~= cjson.decode("[nan]")[1])
  end)

  it("may be set as its owner likes", function()
    finally(function()
      cjson.decode_max_depth(1000)
      cjson.encode_max_depth(1000)
      cjson.encode_number_precision(14)
    end)
    cjson.decode_max_depth(2)
    cjson.encode_max_depth(2)
    cjson.encode_number_precision(1)
    assert.same({ a = { b = { c = 1.25 } } }, field("freeForm", '{"a":{"b":{"c":1.25}}}').free_form)
    local value = { a = { b = { c = 123.25 } } }
    local text = core.encode(value)
    cjson.decode_max_depth(1000)
    assert.same(value, cjson.decode(text))
  end)
end)

describe("lua-cjson", function()
  local function without(module)
    return process.run{ "lua5.4", "-e", ("package.preload.cjson = function() %s end print(pcall(require, 'wixum.core'))"):format(module) }
  end

  it("is asked for by the name of its package where it is missing", function()
    local output = without("error('nothing here')")
    assert.matches("false\t.*wixum needs lua%-cjson.*apt%-get install lua%-cjson.*luarocks", output)
    assert.matches("something else", without("return {}"), 1, true)
    assert.matches("something else", without("return 5"), 1, true)
  end)
end)

describe("the core", function()
  it("takes nothing but a shape and a text", function()
    local shape = core.shape{ fields = {} }
    for _, case in ipairs{
      { core.answer }, { core.answer, shape }, { core.answer, {}, "{}" }, { core.answer, io.stdout, "{}" }, { core.answer, shape, 5 },
      { core.answer, "{}", shape }, { core.decode }, { core.decode, 5 }, { core.decode, {} }, { core.encode }, { core.arguments },
      { core.redact }, { core.redact, {} }, { core.is_guid }, { core.is_utf8, {} }, { core.check_email },
    } do
      local ok, text = pcall(table.unpack(case))
      assert.is_false(ok)
      assert.matches("bad argument #", text, 1, true)
    end
  end)
end)

describe("whatever comes", function()
  -- Everything that is promised of any answer.
  local function keeps_promises(value, depth)
    assert.is_true(depth < 110)
    if type(value) ~= "table" then
      assert.is_truthy(({ string = true, number = true, boolean = true })[type(value)], type(value))
      return
    end
    for key, item in pairs(value) do
      assert.is_true(type(key) == "string" or math.type(key) == "integer" and key >= 1 and key <= #value)
      keeps_promises(item, depth + 1)
    end
  end

  it("with any byte of it changed, is an answer that keeps its promises or a typed error", function()
    local invite = { id = GUID, policyIds = { "1", "2" }, status = "Pending", acceptLink = "https://x/y", n = 1.5 }
    local whole = cjson.encode{ invites = { invite }, failedEmails = { "ann@example.com" }, more = { { a = true }, cjson.null } }
    local random = 1
    for _ = 1, SLOW and 300 or 6000 do
      random = (random * 1103515245 + 12345) % (1 << 31)
      local at, byte = random // 256 % #whole + 1, random // 65536 % 256
      local answer, err = read(whole:sub(1, at - 1) .. string.char(byte) .. whole:sub(at + random % 3), "bulk_invite")
      if answer then
        keeps_promises(answer, 1)
        assert.equal("table", type(answer.invites))
        assert.equal("table", type(answer.failed_emails))
        for _, one in ipairs(answer.invites) do assert.equal("table", type(one.policy_ids)) end
      else
        assert.equal("protocol", err.kind)
      end
    end
  end)

  it("stands the collector at every step", function()
    local things = {}
    for i = 1, 30 do
      things[i] = { fullName = ("name %d"):format(i), allParts = { { partSize = i, partTags = { "t" .. i } } }, new = { i, { i } } }
    end
    local body = cjson.encode{ manyThings = things, unknown = things }
    local expected
    for _ = 1, SLOW and 3 or 100 do
      collectgarbage("step")
      local answer = assert(read(body))
      collectgarbage()
      expected = expected or tostring(answer)
      assert.equal(expected, tostring(answer))
      collectgarbage("step", 100)
    end
  end)
end)
