-- Arguments that are good: what goes out is what was given, under the wire's names, and the tables given stay as they are.

local calls = require "spec.support.calls"
local cjson = require "cjson"
local core = require "wixum.core"

local GUID = calls.GUID
local SLOW = os.getenv "WIXUM_SLOW"

before_each(calls.open)
after_each(calls.close)

describe("what goes out", function()
  it("is what was given, under the wire's names", function()
    local body, request = calls.goes_out("bulk_invite", {
      policy_ids = { "1", "2" }, emails = { "ann@example.com", "bob@example.com" }, invite_purpose = "Grüße", default_email_language = "de",
    })
    assert.same({ policyIds = { "1", "2" }, emails = { "ann@example.com", "bob@example.com" }, invitePurpose = "Grüße",
      defaultEmailLanguage = "de" }, body)
    assert.equal("POST", request.method)
    assert.matches("/invites/site-invite/bulk", request.url, 1, true)
    assert.equal(GUID, request.headers["wix-site-id"])
    assert.is_nil(request.headers["wix-account-id"])
    assert.equal("application/json", request.headers["Content-Type"])
  end)

  it("has the id in the path and in the body, as it was given", function()
    local body, request = calls.goes_out("resend_invite", { invite_id = GUID:upper(), default_email_language = "de" })
    assert.same({ inviteId = GUID:upper(), defaultEmailLanguage = "de" }, body)
    assert.matches("/invites/site-invite/" .. GUID:upper() .. "/resend", request.url, 1, true)
  end)

  it("has every type as JSON has it, at every depth", function()
    local part = { part_size = 7.0, part_tags = { "a" } }
    local body, request = calls.goes_out("send_all", {
      some_text = "0123456789", role_id = "00012", site_guid = GUID, mail_address = "a@b.co", due_date = "2030-12-31T08:00:00Z",
      item_count = 99999999999999, real_number = 0.1, is_done = false, free_form = { a = { true, "x", { b = -1.5 } } },
      color_name = "GREEN", text_list = { "a", "b", "c", "d" }, date_list = { "2030-12-31T08:00:00Z" }, count_list = { 1, -2, 3.0 },
      flag_list = { true, false }, color_list = { "RED", "RED" }, free_list = { 1, "a", { c = true }, { 1, 2 }, false },
      one_thing = { full_name = "x", main_part = part, all_parts = { part, part, part } }, many_things = { { full_name = "y" }, {} },
    })
    part = { partSize = 7, partTags = { "a" } }
    assert.same({
      someText = "0123456789", roleId = "00012", siteGuid = GUID, mailAddress = "a@b.co", dueDate = "2030-12-31T08:00:00Z",
      itemCount = 99999999999999, realNumber = 0.1, isDone = false, freeForm = { a = { true, "x", { b = -1.5 } } },
      colorName = "GREEN", textList = { "a", "b", "c", "d" }, dateList = { "2030-12-31T08:00:00Z" }, countList = { 1, -2, 3 },
      flagList = { true, false }, colorList = { "RED", "RED" }, freeList = { 1, "a", { c = true }, { 1, 2 }, false },
      oneThing = { fullName = "x", mainPart = part, allParts = { part, part, part } }, manyThings = { { fullName = "y" }, {} },
    }, body)
    assert.matches('"itemCount":99999999999999[,}]', request.body)
    assert.matches('"countList":[1,-2,3]', request.body, 1, true)
    assert.matches('"partSize":7[,}]', request.body)
    assert.equal(GUID, request.headers["wix-account-id"])
    assert.is_nil(request.headers["wix-site-id"])
  end)

  it("has no field that was empty, absent or only to be read, at every depth", function()
    local body, request = calls.goes_out("send_all", {
      date_list = {}, many_things = {}, free_list = {}, last_seen = "2030-12-31T08:00:00Z",
      one_thing = { thing_id = 5, all_parts = {}, main_part = { part_size = 1, part_tags = {}, made_by = print } },
    })
    assert.same({ oneThing = { mainPart = { partSize = 1 } } }, body)
    assert.equal('{"oneThing":{"mainPart":{"partSize":1}}}', request.body)
  end)

  it("has a needed list that may be empty as an empty list", function()
    local shown = calls.wix:with{ dry_run = true }.everything.send_needed(calls.arguments("send_needed", { needed_list = {} }))
    assert.matches('"neededList":%[%]}$', shown.body)
    local body = calls.goes_out("send_needed", calls.arguments("send_needed", { needed_list = {} }))
    assert.same({ thingGuid = GUID, neededFlag = true, neededThing = {}, neededList = {} }, body)
  end)

  it("has what the service has added to its objects since, where they are given back as they came", function()
    calls.answers(200, { oneThing = { fullName = "x", newField = { 1, 2 }, other_field = { deep = true },
      mainPart = { partSize = 1, more = "m" } }, manyThings = { { fullName = "y", newField = true } } })
    local came = assert(calls.method("send_all")())
    came.one_thing.full_name = "z"
    local body = calls.goes_out("send_all", { one_thing = came.one_thing, many_things = came.many_things })
    assert.same({ fullName = "z", newField = { 1, 2 }, other_field = { deep = true }, mainPart = { partSize = 1, more = "m" } },
      body.oneThing)
    assert.same({ { fullName = "y", newField = true } }, body.manyThings)
  end)

  it("never has a name that is not declared of the program's own: misspelt it would mean everything", function()
    for message, given in pairs{
      ['unknown field one_thing.fulname (did you mean "full_name"?)'] = { one_thing = { fulname = "x" } },
      ['unknown field one_thing.main_part.partsize (did you mean "part_size"?)'] = { one_thing = { main_part = { partsize = 1 } } },
      ['unknown field many_things[2].main_prt (did you mean "main_part"?)'] = { many_things = { {}, { main_prt = {} } } },
      ["unknown field one_thing.1 (known: "] = { one_thing = { "x" } },
    } do
      assert.is_truthy(calls.mistake("send_all", given):find(message, 1, true), message)
    end
    calls.answers(200, { oneThing = { fullName = "x" } })
    local came = assert(calls.method("send_all")())
    came.one_thing[1] = "x"
    local ok, message = pcall(calls.method("send_all"), { one_thing = came.one_thing })
    assert.is_false(ok)
    assert.matches("has a key that is no name", message, 1, true)
    came.one_thing[1], came.one_thing.new = nil, print
    ok, message = pcall(calls.method("send_all"), { one_thing = came.one_thing })
    assert.is_false(ok)
    assert.matches("one_thing must be a value that JSON has", message, 1, true)
  end)

  it("is an empty object where there are no arguments", function()
    local _, request = calls.goes_out("send_all")
    assert.equal("{}", request.body)
    _, request = calls.goes_out("send_all", {})
    assert.equal("{}", request.body)
  end)

  it("has numbers at the edge of what JSON carries exactly", function()
    local edge = { 99999999999999, -99999999999999, 0, 0.5, 1e15, 1e300, 5e-324, 123456789.12345, -0.001 }
    assert.same(edge, calls.goes_out("send_all", { free_form = edge }).freeForm)
  end)

  it("is what an answer held, given back", function()
    local part = { partSize = 2, madeBy = "them", more = 1 }
    local thing = { thingId = GUID, fullName = "x", mainPart = part, allParts = cjson.null, new = { "n" } }
    calls.answers(200, { oneThing = thing, manyThings = { thing } })
    local answer = select(3, calls.goes_out("send_all"))
    local back = { fullName = "x", mainPart = { partSize = 2, more = 1 }, new = { "n" } }
    assert.same({ oneThing = back, manyThings = { back } },
      (calls.goes_out("send_all", { one_thing = answer.one_thing, many_things = answer.many_things })))
  end)
end)

describe("a free-form value", function()
  local function nested(levels)
    local value = "bottom"
    for _ = 1, levels do value = { value } end
    return value
  end

  it("may be nested 32 levels deep and no deeper", function()
    assert.same(nested(32), calls.goes_out("send_all", { free_form = nested(32) }).freeForm)
    assert.matches("free_form is nested too deeply", calls.mistake("send_all", { free_form = nested(33) }), 1, true)
    assert.matches("free_form is nested too deeply", calls.mistake("send_all", { free_form = nested(100000) }), 1, true)
    assert.matches("one_thing.any_data is nested too deeply", calls.mistake("send_all", { one_thing = { any_data = nested(33) } }), 1, true)
  end)

  it("may be wide where it is deep: the levels are counted, not the tables", function()
    local wide = {}
    for i = 1, 100 do wide[i] = { {}, { {} } } end
    assert.same(wide, calls.goes_out("send_all", { free_form = wide }).freeForm)
  end)

  it("cannot hold itself", function()
    local list, map, inner = {}, {}, {}
    list[1], map.self, inner.up = list, map, { inner }
    for _, value in ipairs{ list, map, inner } do
      assert.matches("or holds itself", calls.mistake("send_all", { free_form = value }), 1, true)
      assert.matches("or holds itself", calls.mistake("send_all", { free_list = { value } }), 1, true)
      assert.matches("or holds itself", calls.mistake("send_all", { one_thing = { any_data = value } }), 1, true)
    end
    local thing = {}
    thing.any_data = thing
    assert.matches("or holds itself", calls.mistake("send_all", { one_thing = thing }), 1, true)
  end)

  it("is a list without holes or has names, never both nor anything else", function()
    for i, value in ipairs{
      { nil, "b" }, { "a", nil, "c" }, { [2] = "b" }, { [0] = "a" }, { [-1] = "a" }, { "a", [0] = "b" }, { "a", [-1] = "b" },
      { "a", name = "b" }, { [1.5] = "a" }, { [true] = "a" }, { [print] = "a" }, { "a", [1 << 53] = "b" }, { [math.maxinteger] = "a" },
      { nil, "b", [-1] = "a" }, { nil, "b", [5] = "a" }, { nil, nil, "c", [7] = "a", [8] = "b" }, { "a", [math.mininteger] = "b" },
    } do
      assert.matches("free_form holds a ", calls.mistake("send_all", { free_form = value }), 1, true, i)
      assert.matches("free_list[1] holds a ", calls.mistake("send_all", { free_list = { value } }), 1, true, i)
    end
  end)

  it("may hold a null, and no other userdata", function()
    assert.same({ a = cjson.null }, calls.goes_out("send_all", { free_form = { a = cjson.null } }).freeForm)
    local function own() return own end
    for _, userdata in ipairs{ io.stdout, debug.upvalueid(own, 1) } do
      assert.matches("value that JSON has", calls.mistake("send_all", { free_form = { a = userdata } }), 1, true)
    end
  end)
end)

describe("a call", function()
  local MIB = 1 << 20

  it("carries 16 MiB of text and no more, which is told once", function()
    local good = calls.arguments("bulk_invite")
    local purpose = ("x"):rep(16 * MIB - #good.policy_ids[1] - #good.emails[1])
    local body = calls.goes_out("bulk_invite", calls.arguments("bulk_invite", { invite_purpose = purpose }))
    assert.is_true(purpose == body.invitePurpose)
    local err = calls.refused("bulk_invite", calls.arguments("bulk_invite", { invite_purpose = purpose .. "x" }))
    assert.equal("max_size", err.violations[1].rule)
    err = calls.refused("send_all", { free_form = { purpose, purpose, { [purpose] = purpose } } })
    assert.equal(1, #err.violations)
    assert.equal("max_size", err.violations[1].rule)
    assert.is_true(#tostring(err) < 2000)
    err = calls.refused("send_all", { date_list = { purpose, purpose, purpose } }) -- of which the first is no date
    assert.equal(2, #err.violations)
  end)

  -- A million values take minutes under a tool.
  it("ends where one table, named again and again, would make it endless", function()
    if SLOW then return end
    local function wide(leaf)
      for _ = 1, 30 do leaf = { leaf, leaf } end
      return leaf
    end
    assert.equal("max_size", calls.refused("send_all", { free_form = wide(1) }).violations[1].rule)
    for _, leaf in ipairs{ true, {}, { 1 }, { a = {} } } do
      assert.equal("max_size", calls.refused("send_all", { one_thing = { any_data = wide(leaf) } }).violations[1].rule)
    end
  end)
end)

describe("an argument table", function()
  -- A picture of a table that shows whether anything in it was changed: keys, values, metatables, identity.
  local function picture(value, seen)
    if type(value) ~= "table" then return value end
    if seen[value] then return seen[value] end
    local copy = { of = value, metatable = getmetatable(value), fields = {} }
    seen[value] = copy
    for key, item in next, value do copy.fields[key] = picture(item, seen) end
    return copy
  end

  local function assert_unchanged(name, arguments)
    local before = picture(arguments, {})
    pcall(calls.method(name), arguments)
    assert.same(before, picture(arguments, {}))
  end

  it("is never modified, whatever becomes of the call", function()
    assert_unchanged("bulk_invite", calls.arguments("bulk_invite", { invite_purpose = "why" }))
    assert_unchanged("bulk_invite", calls.arguments("bulk_invite", { emails = { "bad", "Ann@Example.com", "ann@example.com" } }))
    assert_unchanged("bulk_invite", calls.arguments("bulk_invite", { emails = { "a", nil, 5 }, unknown = {} }))
    assert_unchanged("resend_invite", calls.arguments("resend_invite"))
    assert_unchanged("send_all", {
      item_count = 3.0, count_list = { 1.0, 2 }, last_seen = "x", date_list = {}, free_form = { a = { 1.0, cjson.null }, b = {} },
      one_thing = { thing_id = 1, extra = { {} }, all_parts = { { part_size = 1.0, made_by = "x" } } },
    })
  end)

  it("may be shared by its parts and between calls", function()
    local part = { part_size = 1 }
    local arguments = { many_things = { { main_part = part, all_parts = { part, part } }, { main_part = part } } }
    local first = calls.goes_out("send_all", arguments)
    assert.same(first, (calls.goes_out("send_all", arguments)))
  end)

  local hostile = {}
  for _, event in ipairs{ "index", "newindex", "len", "pairs", "eq", "call", "tostring", "concat", "close", "lt", "unm" } do
    hostile["__" .. event] = function() error("asked __" .. event) end
  end
  local function guarded(value) return setmetatable(value, hostile) end

  it("may have a metatable, which is never asked", function()
    local body = calls.goes_out("bulk_invite", guarded{ policy_ids = guarded{ "1" }, emails = guarded{ "ann@example.com" } })
    assert.same({ policyIds = { "1" }, emails = { "ann@example.com" } }, body)
    calls.goes_out("send_all", guarded{ free_form = guarded{ a = guarded{} }, many_things = guarded{ guarded{ any_data = guarded{ 1 } } } })
    calls.goes_out("resend_invite", guarded{ invite_id = GUID })
    calls.refused("bulk_invite", guarded{ policy_ids = guarded{}, emails = guarded{ "bad" } })
    assert.matches("policy_ids is missing", calls.mistake("bulk_invite", guarded{ emails = guarded{ "ann@example.com" } }), 1, true)
    local heir = setmetatable({}, { __index = calls.arguments("bulk_invite") })
    assert.matches("policy_ids is missing", calls.mistake("bulk_invite", heir), 1, true)
  end)

  it("with a metatable does not keep the service's words from being heard", function()
    local violation = { field = "invitePurpose", description = "too dull", ruleName = "DULL" }
    local function answered(arguments)
      calls.answers(400, { message = "no", details = { validationError = { fieldViolations = { violation } } } })
      local answer, err = calls.method("bulk_invite")(arguments)
      assert.is_nil(answer)
      assert.equal("refused", err.outcome)
      return err.violations[1]
    end
    assert.equal("invite_purpose", answered(guarded(calls.arguments("bulk_invite"))).field)
    violation.field = "emails[7]"
    assert.equal(8, answered(calls.arguments("bulk_invite", { emails = guarded{ "ann@example.com" } })).index)
  end)
end)

describe("the checks of the core", function()
  it("stand the collector at every step", function()
    local metatable = {}
    local inner = core.shape{ fields = { { name = "count", wire = "count", type = "integer" } }, metatable = metatable }
    local shape = core.shape{ fields = {
      { name = "texts", wire = "texts", type = "string", list = true, unique = true },
      { name = "inner", wire = "inner", type = inner, list = true },
      { name = "free", wire = "free", type = "any" },
    } }
    for round = 1, SLOW and 5 or 200 do
      local given = { texts = {}, inner = {}, free = {} }
      for i = 1, 40 do
        given.texts[i], given.free[i] = ("t%d-%d"):format(round, i), { tostring(i) }
        given.inner[i] = setmetatable({ count = i, more = { i } }, metatable) -- as if it had come in an answer
        collectgarbage("step")
      end
      local wire = core.arguments(shape, given)
      collectgarbage("step")
      local text = core.encode(wire)
      assert.same(given, cjson.decode(text))
      given.texts[41], given.inner[2].count = ("T%d-1"):format(round), 0.5
      local none, violations = core.arguments(shape, given)
      collectgarbage()
      assert.is_nil(none)
      assert.equal(2, #violations)
    end
  end)

  it("answer what goes out, violations, a mistake or an unknown key, each in its place", function()
    local shape = core.shape{ fields = { { name = "text", wire = "theText", type = "string", max_length = 1 } } }
    assert.same({ { theText = "x" }, n = 1 }, table.pack(core.arguments(shape, { text = "x" })))
    local violation = { field = "text", value = "xy", rule = "max_length", description = "it is longer than 1 bytes" }
    assert.same({ nil, { violation }, n = 2 }, table.pack(core.arguments(shape, { text = "xy" })))
    assert.same({ nil, nil, "text must be a string, not a boolean", n = 3 }, table.pack(core.arguments(shape, { text = true })))
    assert.same({ nil, nil, "arguments must be a table, not a boolean", n = 3 }, table.pack(core.arguments(shape, true)))
    assert.same({ nil, nil, nil, "tex", nil, { "text" }, n = 6 }, table.pack(core.arguments(shape, { tex = "x" })))
    assert.same({ nil, nil, nil, false, nil, { "text" }, n = 6 }, table.pack(core.arguments(shape, { [false] = "x" })))
    assert.same({ {}, n = 1 }, table.pack(core.arguments(shape)))
  end)

  it("refuse what is no shape, or makes none", function()
    for _, value in ipairs{ {}, 5, "shape", io.stdout } do assert.is_false((pcall(core.arguments, value, {}))) end
    for i, fields in ipairs{
      { {} }, { { name = "a" } }, { { name = "a", wire = "a" } }, { { name = "a", wire = "a", type = "texts" } }, { 5 }, 5,
      { { name = "a", wire = "a", type = "enum" } }, { { name = "a", wire = "a", type = "string", max_items = -1 } },
      { { wire = "a", type = "string" } }, { { name = "a", wire = 5, type = "string" } }, { { name = "a", wire = "a", type = {} } },
    } do
      assert.is_false((pcall(core.shape, { fields = fields })), i)
    end
    local many = {}
    for i = 1, 1000 do many[i] = { name = "n" .. i, wire = "w" .. i, type = "any" } end
    assert.is_truthy(core.shape{ fields = many })
    many[1001] = { name = "n", wire = "w", type = "any" }
    assert.is_false((pcall(core.shape, { fields = many })))
  end)
end)
