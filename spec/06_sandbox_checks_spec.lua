-- How the sandbox reads requests and writes answers by declarations, on a declaration that has everything.

local checks = require "wixum.sandbox.checks"
local declaration = require "wixum.declaration"
local formats = require "wixum.sandbox.formats"
local json = require "wixum.sandbox.json"
local render = require "wixum.sandbox.render"
local router = require "wixum.sandbox.router"

-- Declared as a namespace would be, so that names of the wire are made where they are always made.
local inner = { fields = {
  { name = "role_id", type = "id", required = true },
  { name = "until_date", type = "date" },
} }
local everything = {
  name = "everything", method = "POST", path = "/things/{thing_id}/do",
  arguments = { fields = {
    { name = "thing_id", type = "guid", required = true, in_path = true },
    { name = "some_text", type = "string", max_length = 5 },
    { name = "page_size", type = "integer" },
    { name = "ratio", type = "number" },
    { name = "is_on", type = "boolean" },
    { name = "level", type = "enum", values = { "ALL", "SITE" } },
    { name = "tags", type = "string", list = true, max_items = 2 },
    { name = "free_form", type = "any" },
    { name = "one", type = inner },
    { name = "many", type = inner, list = true },
    { name = "made_by", type = "string", read_only = true },
  } },
  answer = { fields = {
    { name = "some_text", type = "string" },
    { name = "page_size", type = "integer" },
    { name = "one", type = inner },
    { name = "many", type = inner, list = true },
    { name = "tags", type = "string", list = true },
    { name = "free_form", type = "any" },
  } },
}

setup(function()
  package.loaded["wixum.operations.spec_things"] = { name = "spec_things", operations = { everything } }
  local names = declaration.namespace_names()
  names[#names + 1] = "spec_things"
  assert(declaration.namespace "spec_things")
  names[#names] = nil
  package.loaded["wixum.operations.spec_things"] = nil
end)

local guid = "00000000-0000-4000-8000-00000000000a"

local function read(text, id)
  return checks.arguments(everything, assert(json.decode(text)), { thing_id = id or guid }, {})
end

describe("arguments", function()
  it("come out under their Lua names, nested ones too", function()
    local values = assert(read[[{"someText":"12345","pageSize":3,"ratio":0.5,"isOn":false,"level":"SITE","tags":["a"],
      "freeForm":{"a":[1]},"one":{"roleId":"7","untilDate":"2024-12-17T09:21:41Z"},"many":[{"roleId":"8","x":1}],
      "madeBy":"me","thingId":"another","unknown":1}]])
    assert.same({
      thing_id = guid, some_text = "12345", page_size = 3, ratio = 0.5, is_on = false, level = "SITE", tags = { "a" },
      free_form = { a = { 1 } }, one = { role_id = "7", until_date = "2024-12-17T09:21:41Z" }, many = { { role_id = "8" } },
    }, values)
    assert.equal("integer", math.type(values.page_size))
  end)

  it("may be left out, or null, where they are not required", function()
    assert.same({ thing_id = guid }, (read[[{"someText":null,"tags":null,"one":null}]]))
    assert.same({ thing_id = guid, tags = {} }, (read[[{"tags":[]}]]))
  end)

  -- What is sent, and the field that Wix would name.
  for text, field in pairs{
    ['{"someText":"123456"}'] = "someText", ['{"someText":1}'] = "someText", ['{"pageSize":1.5}'] = "pageSize",
    ['{"pageSize":"1"}'] = "pageSize", ['{"ratio":"1"}'] = "ratio", ['{"isOn":"true"}'] = "isOn", ['{"level":"site"}'] = "level",
    ['{"level":1}'] = "level", ['{"tags":["a","b","c"]}'] = "tags", ['{"tags":[1]}'] = "tags[0]", ['{"one":"x"}'] = "one",
    ['{"one":[1]}'] = "one", ['{"one":{}}'] = "one.roleId", ['{"one":{"roleId":1}}'] = "one.roleId",
    ['{"one":{"roleId":"1","untilDate":"today"}}'] = "one.untilDate", ['{"many":{"roleId":"1"}}'] = "many",
    ['{"many":[{"roleId":"1"},{}]}'] = "many[1].roleId", ['{"many":[null]}'] = "many[0]", ['{"many":[[1]]}'] = "many[0]",
  } do
    it("that are wrong are named: " .. text, function()
      local values, violations = read(text)
      assert.is_nil(values)
      assert.equal(1, #violations)
      assert.equal(field, violations[1].field)
    end)
  end

  it("from the path are checked as others are", function()
    local values, violations = read("{}", "1")
    assert.is_nil(values)
    assert.same({ { field = "thingId", description = "must be a GUID", violatedRule = "INVALID_ARGUMENT" } }, violations)
  end)

  it("that are too many or too long say how many may be", function()
    local _, violations = read[[{"tags":["a","b","c"],"someText":"123456"}]]
    assert.same({ "OUT_OF_RANGE", "OUT_OF_RANGE" }, { violations[1].violatedRule, violations[2].violatedRule })
    assert.same({ 5, 2 }, { violations[1].data.threshold, violations[2].data.threshold })
  end)

  it("of a query are nested by dots and listed by repetition", function()
    local object = checks.query_object(everything.arguments,
      router.pairs "someText=a+b%20c&pageSize=3&isOn=true&tags=x&tags=y&one.roleId=7&level=ALL&nothing=1&one.none=2&tags.x=1&=&one")
    assert.same({ someText = "a b c", pageSize = 3, isOn = true, tags = { "x", "y" }, one = "", level = "ALL" }, object)
    object = checks.query_object(everything.arguments, router.pairs "one=1&one.roleId=7&ratio=x&many.roleId=1&many=2")
    assert.same({ one = { roleId = "7" }, ratio = "x", many = { "2", roleId = "1" } }, object)
    assert.is_nil((checks.arguments(everything, object, { thing_id = guid }, {})))
  end)
end)

describe("answers", function()
  it("are written in the declaration's order, lists as lists, absent fields not at all", function()
    assert.equal('{"someText":"\u{e4}\\n","pageSize":3,"one":{"roleId":"1"},"many":[{"roleId":"2"},{}],"tags":[],"freeForm":{"x":[]}}',
      render.object(everything.answer, {
        free_form = { x = json.array{} }, tags = {}, many = { { role_id = "2" }, {} }, one = { role_id = "1" }, page_size = 3,
        some_text = "\u{e4}\n", not_declared = 1,
      }))
    assert.equal("{}", render.object(everything.answer, {}))
  end)
end)

describe("JSON", function()
  it("has the shortest numbers that read back the same, and no others", function()
    for text, value in pairs{ ["3"] = 3.0, ["0.1"] = 0.1, ["-9007199254740993"] = -9007199254740993, ["1e+300"] = 1e300,
      ["0.30000000000000004"] = 0.1 + 0.2, ["true"] = true, ["null"] = json.null } do
      assert.equal(text, json.encode(value))
    end
    for _, value in ipairs{ 0 / 0, 1 / 0, -1 / 0, print, { [1.5] = 1 }, { [true] = 1 } } do
      assert.is_false((pcall(json.encode, value)))
    end
    local deep = {}
    deep.deep = deep
    assert.is_false((pcall(json.encode, deep)))
  end)

  it("writes every byte so that it can be read again", function()
    for code = 0, 255 do
      local text = "a" .. string.char(code) .. "b"
      assert.equal(text, json.decode(json.encode(text)))
    end
  end)

  it("makes plain what was decoded", function()
    assert.same({ a = 1, c = { "x", 1.5 } }, json.plain(json.decode '{"a":1.0,"b":null,"c":["x",1.5]}'))
    assert.equal("integer", math.type(json.plain(2.0)))
  end)

  it("does not take a lack of memory for a mistake in the text", function()
    local before = package.loaded.cjson
    local function nothing() end
    package.loaded.cjson = { null = before.null, new = function()
      return { decode_invalid_numbers = nothing, decode_max_depth = nothing,
               decode = function() error("not enough memory", 0) end }
    end }
    package.loaded["wixum.sandbox.json"] = nil
    local starved = require "wixum.sandbox.json"
    package.loaded.cjson, package.loaded["wixum.sandbox.json"] = before, json
    local done, message = pcall(starved.decode, "{}")
    assert.is_false(done)
    assert.equal("not enough memory", message)
  end)
end)

describe("formats", function()
  it("know addresses that could be from those that could not", function()
    for _, good in ipairs{ "a@b.example", "a.b+c'd@x-y.b.example", "ann@b\u{fc}cher.example", "\u{e4}@b.example" } do
      assert.is_true(formats.email(good), good)
    end
    for _, bad in ipairs{ "", "a", "@b.example", "a@", "a@b", "a@@b.example", "a b@c.example", "a@b..example", "a..b@c.example",
      ".a@b.example", "a.@b.example", "a@.b.example", "a@b.example.", "a@-b.example", "a@b.example\n", "<a@b.example>",
      "a,b@c.example", "a@b_c.example", "a\0@b.example", ("a"):rep(250) .. "@b.example" } do
      assert.is_false(formats.email(bad), bad)
    end
  end)

  it("know GUIDs in either case, and dates", function()
    assert.is_true(formats.guid(guid))
    assert.is_true(formats.guid("ABCDEF00-0000-4000-8000-00000000000A"))
    for _, bad in ipairs{ "", guid .. "0", guid:sub(2), "{" .. guid .. "}", (guid:gsub("%-", "")), (guid:gsub("a", "g")) } do
      assert.is_false(formats.guid(bad))
    end
    assert.is_true(formats.date("2024-12-17T09:21:41.000Z"))
    assert.is_true(formats.date("2024-12-17T09:21:41+01:00"))
    assert.is_false(formats.date("2024-12-17"))
    assert.is_false(formats.date("17.12.2024 09:21"))
  end)
end)

describe("targets", function()
  it("are split into path and query, in either form", function()
    assert.same({ "/a/b", "c=d?e" }, { router.split "/a/b?c=d?e" })
    assert.same({ "/a" }, { router.split "http://www.wixapis.com:80/a#x" })
    assert.same({ "/", "q" }, { router.split "http://host?q" })
    assert.same({ "/" }, { router.split "" })
  end)

  it("find an operation by the shape of its path, segment by segment", function()
    local methods, segments = router.find("/invites/site-invite/a%2Fb/resend")
    assert.equal("resend_invite", methods.POST.name)
    assert.same({ invite_id = "a/b" }, router.captures(methods.POST, segments))
    assert.equal("bulk_invite", router.find("/invites/site-invite/bulk").POST.name)
    assert.is_nil(router.find("/invites/site-invite/a/b/resend"))
    assert.is_nil(router.find("/invites/site-invite/a/resend/"))
    assert.is_nil(router.find("invites/site-invite/bulk"))
  end)
end)
