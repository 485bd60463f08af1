-- Arguments that are wrong: all is told before anything is sent. A mistake of the program raises at the caller's line; what
-- depends on data is answered, with every violation.

local calls = require "spec.support.calls"
local cjson = require "cjson"
local core = require "wixum.core"
local declaration = require "wixum.declaration"

local GUID = calls.GUID

setup(calls.open) -- so that the namespace is there while this file is read
teardown(calls.close)
before_each(calls.open)
after_each(calls.close)

describe("a mistake in the program raises at the caller's line and sends nothing:", function()
  -- One value of every type that Lua has, and which of them fit a declared type.
  local VALUES = {
    boolean = true, number = 5, string = "text", table = { {} }, ["function"] = print, thread = coroutine.create(print),
    userdata = io.stdout,
  }
  local TAKES = { integer = "number", number = "number", boolean = "boolean" }
  local JSON = { boolean = true, number = true, string = true, table = true }

  local function takes(field, lua_type)
    if field.list or type(field.type) == "table" then return lua_type == "table" end
    if field.type == "any" then return JSON[lua_type] == true end
    return lua_type == (TAKES[field.type] or "string")
  end

  local function try_types(operation, field)
    local one = { type = field.type }
    for lua_type, value in pairs(VALUES) do
      if not takes(field, lua_type) then
        local text = calls.mistake(operation.full_name, calls.arguments(operation.name, { [field.name] = value }))
        local words = ("%s: %s must be "):format(operation.full_name, field.name)
        assert.equal(words, text:sub(1, #words))
        assert.matches("not a " .. lua_type, text, 1, true)
      end
      if field.list and not takes(one, lua_type) then
        local text = calls.mistake(operation.full_name, calls.arguments(operation.name, { [field.name] = { value } }))
        local words = ("%s: %s[1] must be "):format(operation.full_name, field.name)
        assert.equal(words, text:sub(1, #words))
        assert.matches("not a " .. lua_type, text, 1, true)
      end
    end
  end

  for _, operation in ipairs(declaration.operations()) do
    for _, field in ipairs(operation.arguments.fields) do
      if not field.read_only then
        it(("%s with another type in %s"):format(operation.full_name, field.name), function() try_types(operation, field) end)
      end
      if field.required then
        it(("%s without %s"):format(operation.full_name, field.name), function()
          local text = calls.mistake(operation.full_name, calls.arguments(operation.name, { [field.name] = cjson.null }))
          assert.equal(("%s: %s is missing"):format(operation.full_name, field.name), text)
        end)
      end
    end

    it(operation.full_name .. " with no table at all, or with a colon", function()
      for lua_type, value in pairs(VALUES) do
        if lua_type ~= "table" then
          assert.equal(("%s: arguments must be a table, not a %s"):format(operation.full_name, lua_type),
            calls.mistake(operation.full_name, value))
        end
      end
      assert.equal(("write a dot, not a colon: %s{ … }"):format(operation.full_name),
        calls.mistake(operation.full_name, calls.wix[operation.namespace]))
    end)
  end

  -- What, operation, changed arguments, words.
  local WRONG = {
    { "an unknown field, with the nearest known one", "bulk_invite", { email = {} }, 'unknown field email (did you mean "emails"?)' },
    { "the wire's name", "bulk_invite", { policyIds = {} }, 'unknown field policyIds (did you mean "policy_ids"?)' },
    { "a name that is near none", "bulk_invite", { colour_of_sky = 1 },
      "unknown field colour_of_sky (known: default_email_language, emails, invite_purpose, policy_ids)" },
    { "a list in place of names", "bulk_invite", { "ann@example.com" }, "unknown field 1 (known: " },
    { "a key that is no name", "bulk_invite", { [true] = 1 }, "unknown field true (known: " },
    { "an id in a list as a number", "bulk_invite", { policy_ids = { 6732588207941061632 } },
      "policy_ids[1] must be a string, not a number: write it in quotes" },
    { "an id as a number", "send_all", { role_id = 5 }, "role_id must be a string, not a number: write it in quotes" },
    { "a text in place of a list", "bulk_invite", { emails = "ann@example.com" }, "emails must be a list: write { … }, not a string" },
    { "an answer in place of its id", "resend_invite", { invite_id = { id = GUID } }, "invite_id must be a string, not a table" },
    { "an inner field of a wrong type", "send_all", { one_thing = { full_name = 5 } },
      "one_thing.full_name must be a string, not a number: write it in quotes" },
    { "an inner field that is missing", "send_all", { one_thing = { main_part = {} } }, "one_thing.main_part.part_size is missing" },
    { "an inner item of a wrong type", "send_all", { many_things = { {}, { all_parts = { { part_size = 1, part_tags = { "a", 5 } } } } } },
      "many_things[2].all_parts[1].part_tags[2] must be a string, not a number" },
    { "an inner list in place of an object", "send_all", { one_thing = { "a" } }, "unknown field one_thing.1 (known" },
    { "a missing field of what there is one of", "send_all", { one_choice = { this_part = {} } },
      "one_choice.this_part.part_size is missing" },
    { "a field by which items differ as a number", "send_all", { named_parts = { { part_name = 1 } } },
      "named_parts[1].part_name must be a string, not a number: write it in quotes" },
    { "a field by which items differ that is missing", "send_all", { named_parts = { { part_name = "a" }, {} } },
      "named_parts[2].part_name is missing" },
    { "a number with limits as text", "send_all", { small_count = "5" }, "small_count must be a whole number, not a string" },
    { "an inner hole", "send_all", { one_thing = { any_data = { 1, nil, 3 } } }, "one_thing.any_data holds a list with holes" },
    { "an unknown inner field", "send_all", { one_thing = { surprise = 1 } }, "unknown field one_thing.surprise (known" },
    { "an inner field that JSON has not", "send_all", { one_thing = { any_data = print } },
      "one_thing.any_data must be a value that JSON has" },
  }
  for _, case in ipairs(WRONG) do
    it(case[1], function()
      assert.matches(": " .. case[4], calls.mistake(case[2], calls.arguments(case[2], case[3])), 1, true)
    end)
  end

  it("a list that is none, or has holes", function()
    local A, B = "a@example.com", "b@example.com"
    for i, emails in ipairs{
      { A, nil, B }, { nil, B }, { [0] = A }, { [2] = B }, { A, [1 << 53] = B }, { [math.maxinteger] = A }, { [math.mininteger] = A },
      { A, [-1] = B }, { [-1] = A }, { nil, B, [-1] = A }, { nil, B, [5] = A }, { nil, nil, B, [7] = A, [8] = B },
    } do
      local text = calls.mistake("bulk_invite", calls.arguments("bulk_invite", { emails = emails }))
      assert.equal("site_invites.bulk_invite: emails must be a list without holes", text, i)
    end
    for i, emails in ipairs{ { A, [1.5] = B }, { A, cc = B }, { to = A }, { [true] = A }, { A, [print] = B } } do
      local text = calls.mistake("bulk_invite", calls.arguments("bulk_invite", { emails = emails }))
      assert.equal("site_invites.bulk_invite: emails must be a list, but has a key that is no position", text, i)
    end
  end)

  it("options that are none", function()
    local good = calls.arguments("bulk_invite")
    assert.matches('unknown option timeuot (did you mean "timeout"?)', calls.mistake("bulk_invite", good, { timeuot = 1 }), 1, true)
    assert.matches("options must be a table, not a string", calls.mistake("bulk_invite", good, "fast"), 1, true)
    assert.matches("base_url is set once", calls.mistake("bulk_invite", good, { base_url = "https://x" }), 1, true)
  end)

  it("a client that is closed", function()
    calls.wix:close()
    assert.equal("site_invites.bulk_invite: the client is closed", calls.mistake("bulk_invite", calls.arguments("bulk_invite")))
  end)

  it("an unknown field whose name is secret, unprintable or endless, without repeating that", function()
    assert.is_nil(calls.mistake("bulk_invite", { [calls.KEY] = 1 }):find(calls.KEY, 1, true))
    local half = calls.KEY:sub(1, #calls.KEY // 2)
    assert.is_nil(calls.mistake("bulk_invite", { [("x"):rep(64 - #half) .. calls.KEY] = 1 }):find(half, 1, true))
    assert.is_nil(calls.mistake("bulk_invite", { ["a\27[31m\0\255\xC2\x9Bb"] = 1 }):find("[\0-\31\127\255]"))
    assert.is_true(#calls.mistake("bulk_invite", { [("x"):rep(1 << 20)] = 1 }) < 2000)
  end)
end)

describe("what the data has wrong is answered and nothing is sent:", function()
  local LONG = ("x"):rep(11)
  local function parts(tags) return { { part_size = 0.5, part_tags = tags } } end

  -- What, operation, changed arguments; then each violation: field, index, value, rule, words.
  local CASES = {
    { "a malformed address", "bulk_invite", { emails = { "ann@example.com", "bob" } }, { "emails", 2, "bob", "format", "has no @" } },
    { "all malformed addresses at once", "bulk_invite", { emails = { "a@b", "ann@example.com", "c d@e.fr" } },
      { "emails", 1, "a@b", "format", "no dot" }, { "emails", 3, "c d@e.fr", "format", "blank" } },
    { "an address with blanks around it", "bulk_invite", { emails = { " ann@example.com " } },
      { "emails", 1, " ann@example.com ", "format", "blank" } },
    { "an address twice, case ignored", "bulk_invite", { emails = { "Ann@Example.com", "bob@example.com", "aNN@eXAMPLE.COM" } },
      { "emails", 3, "aNN@eXAMPLE.COM", "unique", "the same as item 1" } },
    { "the first and the last letter in both cases", "send_all", { text_list = { "a", "z@[`{", "A", "Z@[`{" } },
      { "text_list", 3, "A", "unique", "item 1" }, { "text_list", 4, "Z@[`{", "unique", "item 2" } },
    { "an address three times", "bulk_invite", { emails = { "a@b.co", "a@b.co", "a@b.co" } },
      { "emails", 2, "a@b.co", "unique", "item 1" }, { "emails", 3, "a@b.co", "unique", "item 1" } },
    { "a role twice", "bulk_invite", { policy_ids = { "1", "2", "2" } }, { "policy_ids", 3, "2", "unique", "the same as item 2" } },
    { "nobody", "bulk_invite", { emails = {} }, { "emails", nil, nil, "not_empty", "it is empty" } },
    { "nobody and no role", "bulk_invite", { emails = {}, policy_ids = {} },
      { "emails", nil, nil, "not_empty", "it is empty" }, { "policy_ids", nil, nil, "not_empty", "it is empty" } },
    { "an empty id", "bulk_invite", { policy_ids = { "" } }, { "policy_ids", 1, "", "format", "it is empty" } },
    { "an id with a blank", "bulk_invite", { policy_ids = { "1 2" } }, { "policy_ids", 1, "1 2", "format", "blank" } },
    { "an empty language", "bulk_invite", { default_email_language = "" },
      { "default_email_language", nil, "", "not_empty", "it is empty" } },
    { "a text that is no UTF-8", "bulk_invite", { invite_purpose = "Gr\xFC\xDFe" },
      { "invite_purpose", nil, "Gr\xFC\xDFe", "utf8", "not valid UTF-8" } },
    { "a malformed GUID", "resend_invite", { invite_id = "5f3c9c5e" }, { "invite_id", nil, "5f3c9c5e", "format", "not a GUID" } },
    { "an id that climbs", "revoke_invite", { invite_id = "../../" .. GUID }, { "invite_id", nil, "../../" .. GUID, "format", "GUID" } },
    { "dots for an id", "revoke_invite", { invite_id = ".." }, { "invite_id", nil, "..", "format", "GUID" } },
    { "an empty GUID", "revoke_invite", { invite_id = "" }, { "invite_id", nil, "", "format", "GUID" } },
    { "a date that is none", "send_all", { due_date = "tomorrow" }, { "due_date", nil, "tomorrow", "format", "RFC 3339" } },
    { "a date in a list that is none", "send_all", { date_list = { "today" } }, { "date_list", 1, "today", "format", "RFC 3339" } },
    { "a fraction for a whole number", "send_all", { item_count = 1.5 }, { "item_count", nil, 1.5, "integer", "whole number" } },
    { "infinity for a whole number", "send_all", { count_list = { 1 / 0 } }, { "count_list", 1, 1 / 0, "integer", "whole number" } },
    { "infinity for a number", "send_all", { real_number = -1 / 0 }, { "real_number", nil, -1 / 0, "number", "exactly" } },
    { "more digits than JSON gets", "send_all", { item_count = 100000000000000 },
      { "item_count", nil, 100000000000000, "number", "exactly" } },
    { "more digits below zero", "send_all", { item_count = -100000000000000 },
      { "item_count", nil, -100000000000000, "number", "exactly" } },
    { "the smallest integer", "send_all", { item_count = math.mininteger }, { "item_count", nil, math.mininteger, "number", "exactly" } },
    { "more digits behind the point", "send_all", { real_number = 1 / 3 }, { "real_number", nil, 1 / 3, "number", "exactly" } },
    { "such a number in a free-form value", "send_all", { free_form = { deep = { 0.5, 1 / 3 } } },
      { "free_form", nil, 1 / 3, "number", "exactly" } },
    { "an unknown word", "send_all", { color_name = "red" }, { "color_name", nil, "red", "enum", "none of the known" } },
    { "an unknown word in a list", "send_all", { color_list = { "RED", "" } }, { "color_list", 2, "", "enum", "none of the known" } },
    { "a word that is no UTF-8", "send_all", { color_name = "\xFF" }, { "color_name", nil, "\xFF", "utf8", "UTF-8" } },
    { "too long a text", "send_all", { some_text = LONG }, { "some_text", nil, LONG, "max_length", "longer than 10 bytes" } },
    { "too many items", "send_all", { text_list = { "a", "b", "c", "d", "e" } },
      { "text_list", nil, nil, "max_items", "it has 5 items, and the most that a call may carry is 4" } },
    { "everything wrong with one list", "send_all", { text_list = { "a", "\xFF", "A", "b", "c" } },
      { "text_list", nil, nil, "max_items", "5 items" }, { "text_list", 2, "\xFF", "utf8", "UTF-8" },
      { "text_list", 3, "A", "unique", "item 1" } },
    { "inner fields", "send_all", { many_things = { {}, { full_name = "", all_parts = parts{ "a", "\x80" } } } },
      { "many_things[2].all_parts[1].part_size", nil, 0.5, "integer", "whole" },
      { "many_things[2].all_parts[1].part_tags", 2, "\x80", "utf8", "UTF-8" },
      { "many_things[2].full_name", nil, "", "not_empty", "empty" } },
    { "too many inner items", "send_all", { many_things = { {}, {}, {}, {} }, one_thing = { main_part = { part_size = 1 } } },
      { "many_things", nil, nil, "max_items", "4 items" } },
    { "both of what there is one of", "send_all", { one_choice = { that_name = "x", this_part = { part_size = 1 } } },
      { "one_choice", nil, nil, "one_of", "one alone of this_part, that_name" } },
    { "none of what there is one of", "send_all", { one_choice = {} }, { "one_choice", nil, nil, "one_of", "read as everything" } },
    { "the second of a list with both, the third with none", "send_all",
      { choice_list = { { that_name = "x" }, { that_name = "x", this_part = { part_size = 1 } }, {} } },
      { "choice_list", 2, nil, "one_of", "one alone of this_part, that_name" }, { "choice_list", 3, nil, "one_of", "is empty" } },
    { "a name of items twice, case ignored", "send_all",
      { named_parts = { { part_name = "Ann" }, { part_name = "Bob", part_number = "1" }, { part_name = "aNN", part_number = "1" } } },
      { "named_parts[3].part_name", nil, "aNN", "unique", "the same as item 1" } },
    { "two names of items twice", "send_all",
      { named_parts = { { part_name = "a" }, { part_name = "b" }, { part_name = "B" }, { part_name = "A" } } },
      { "named_parts[3].part_name", nil, "B", "unique", "item 2" }, { "named_parts[4].part_name", nil, "A", "unique", "item 1" } },
    { "less than the least", "send_all", { small_count = 0 }, { "small_count", nil, 0, "range", "less than 1" } },
    { "more than the most", "send_all", { small_count = 11 }, { "small_count", nil, 11, "range", "more than 10" } },
    { "a fraction within the limits of a whole number", "send_all", { small_count = 1.5 },
      { "small_count", nil, 1.5, "integer", "whole number" } },
    { "a little too much", "send_all", { small_number = 0.5001 }, { "small_number", nil, 0.5001, "range", "more than 0.5" } },
    { "a little too little", "send_all", { small_number = -0.5001 }, { "small_number", nil, -0.5001, "range", "less than -0.5" } },
    { "infinity where there is a most", "send_all", { small_number = 1 / 0 }, { "small_number", nil, 1 / 0, "number", "exactly" } },
    { "an item below the least", "send_all", { small_counts = { 0, -1, 5, -2 } },
      { "small_counts", 2, -1, "range", "less than 0" }, { "small_counts", 4, -2, "range", "less than 0" } },
    { "the same person invited twice", "create_invite",
      { subjects_assignments = { { subject_email = "Ann@example.com", assignments = { { policy_id = "1" } } },
        { subject_email = "ann@EXAMPLE.com", assignments = { { policy_id = "2" } } } } },
      { "subjects_assignments[2].subject_email", nil, "ann@EXAMPLE.com", "unique", "the same as item 1" } },
    { "a role on nothing, which would be a role on everything", "create_invite",
      { subjects_assignments = { { subject_email = "ann@example.com", assignments = { { policy_id = "1", assignments = {} } } } } },
      { "subjects_assignments[1].assignments[1].assignments", nil, nil, "not_empty", "it is empty" } },
    { "a resource that is none", "create_invite",
      { subjects_assignments = { { subject_email = "ann@example.com", assignments = { { policy_id = "1",
        assignments = { { full_name_resource = {} } } } } } } },
      { "subjects_assignments[1].assignments[1].assignments[1].full_name_resource", nil, nil, "one_of", "read as everything" } },
    { "a restriction to nothing", "update_team_member_assignments", { new_assignments = { { policy_id = "1", restrictions = {} } } },
      { "new_assignments[1].restrictions", nil, nil, "one_of", "read as everything" } },
    { "a page of nobody", "search_team", { paging = { limit = 0, offset = -1 } },
      { "paging.limit", nil, 0, "range", "less than 1" }, { "paging.offset", nil, -1, "range", "less than 0" } },
    { "the same role twice", "change_role", { new_roles = { { role_id = "1" }, { role_id = "1" } } },
      { "new_roles[2].role_id", nil, "1", "unique", "the same as item 1" } },
    { "no location, which would be no restriction", "change_contributor_location", { new_locations = {} },
      { "new_locations", nil, nil, "not_empty", "it is empty" } },
    { "free-form text that is no UTF-8", "send_all", { free_form = { good = "\xFD" } }, { "free_form", nil, "\xFD", "utf8", "UTF-8" } },
    { "a free-form name that is no UTF-8", "send_all", { free_form = { ["\xFE"] = 1 } }, { "free_form", nil, "\xFE", "utf8", "UTF-8" } },
    { "an inner free-form name that is no UTF-8", "send_all", { one_thing = { any_data = { ["\xFE"] = 1 } } },
      { "one_thing.any_data", nil, "\xFE", "utf8", "UTF-8" } },
  }

  -- Order of the fields is the declaration's business.
  local function sorted(violations)
    for i, violation in ipairs(violations) do violation.nth = i end
    table.sort(violations, function(a, b)
      if a.field ~= b.field then return a.field < b.field end
      return a.nth < b.nth
    end)
    return violations
  end

  for _, case in ipairs(CASES) do
    it(case[1], function()
      local err = calls.refused(case[2], calls.arguments(case[2], case[3]))
      assert.matches("%." .. case[2] .. "$", err.operation)
      assert.equal(#case - 3, #err.violations, err.message)
      for i, found in ipairs(sorted(err.violations)) do
        local expected = case[i + 3]
        assert.equal(expected[1], found.field)
        assert.equal(expected[2], found.index)
        -- as it was given, or as it may be shown
        if found.value ~= expected[3] then assert.equal(core.redact(expected[3]), found.value) end
        assert.equal(expected[4], found.rule)
        assert.matches(expected[5], found.description, 1, true)
        assert.matches(found.field .. (found.index and "[" .. found.index .. "]" or ""), err.message, 1, true)
        assert.matches(found.description, err.message, 1, true)
      end
      assert.matches("Nothing was sent", tostring(err), 1, true)
    end)
  end

  it("very many bad items, told as a few", function()
    local emails = {}
    for i = 1, os.getenv "WIXUM_SLOW" and 2000 or 100000 do emails[i] = "bad" .. i end
    local err = calls.refused("bulk_invite", calls.arguments("bulk_invite", { emails = emails }))
    assert.equal(#emails, #err.violations)
    assert.matches(("and %d more"):format(#emails - 5), err.message, 1, true)
    assert.is_true(#err.message < 1000)
  end)

  it("too many that have a name in common", function()
    local named = {}
    for i = 1, 5000 do named[i] = { part_name = "n" .. i } end
    calls.goes_out("send_all", { named_parts = named })
    for i = 5001, 10000 do named[i] = { part_name = "N" .. i - 5000 } end
    local err = calls.refused("send_all", { named_parts = named })
    assert.equal(5000, #err.violations)
    assert.equal("named_parts[10000].part_name", err.violations[5000].field)
    assert.matches("the same as item 5000", err.violations[5000].description, 1, true)
  end)

  it("a secret among the values, without repeating it", function()
    local err = calls.refused("bulk_invite", calls.arguments("bulk_invite", { emails = { calls.KEY, "x " .. calls.KEY } }))
    assert.is_nil(tostring(err):find(calls.KEY, 1, true))
    for _, violation in ipairs(err.violations) do assert.is_nil(violation.value:find(calls.KEY, 1, true)) end
  end)

  it("a malformed site or account", function()
    assert.matches("site_id is not a GUID",
      calls.refused("revoke_invite", calls.arguments("revoke_invite"), { site_id = "my-site" }).message, 1, true)
    assert.matches("account_id is not a GUID", calls.refused("send_all", {}, { account_id = GUID .. "0" }).message, 1, true)
  end)
end)
