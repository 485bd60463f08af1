-- wixum.help: everything that is declared is explained, in the declaration's own words; what is mistyped finds its way.

local calls = require "spec.support.calls"
local declaration = require "wixum.declaration"
local names = require "wixum.names"
local options = require "wixum.options"
local wixum = require "wixum"

setup(calls.open)
teardown(calls.close)
before_each(calls.open)
after_each(calls.close)

-- Explanations are broken into lines where they are long.
local function on_one_line(text) return (text:gsub("%s+", " ")) end

local function contains(text, words) assert.matches(on_one_line(words), on_one_line(text), 1, true) end

-- What a function raises, behind the line that called it, which must be this file's.
local function raised(run)
  local ok, text = pcall(run)
  assert.is_false(ok)
  local here = debug.getinfo(1, "S").short_src .. ":"
  assert.equal(here, text:sub(1, #here))
  return (text:gsub("^[^:]*:%d+: ", ""))
end

describe("every declaration #pure", function()
  local TYPES = { string = true, id = true, guid = true, email = true, date = true, integer = true, number = true, boolean = true,
    any = true, enum = true }
  local EFFECTS = { read = true, repeatable = true, adds = true }

  local function complete(shape)
    local seen = {}
    for _, field in ipairs(shape.fields) do
      assert.matches("^%l[%l%d_]*%f[%W]$", field.name)
      assert.is_nil(seen[field.name], field.name)
      seen[field.name] = true
      assert.is_true(#(field.doc or "") > 0, field.name)
      assert.is_nil(field.doc:find("\n"))
      assert.matches("^%l[%a%d]*$", field.wire)
      if type(field.type) == "table" then
        assert.matches("^%u%a+$", field.type.class)
        assert.is_true(#(field.type.doc or "") > 0, field.type.class)
        complete(field.type)
      else
        assert.is_true(TYPES[field.type], tostring(field.type))
      end
      assert.equal(field.type == "enum", field.values ~= nil)
    end
  end

  for _, operation in ipairs(declaration.operations()) do
    it(operation.full_name .. " says what there is to say", function()
      assert.is_true(#operation.doc > 0)
      assert.is_true(#operation.example > 0)
      assert.matches("^/%S+$", operation.path)
      assert.is_true(EFFECTS[operation.effect])
      assert.is_truthy(operation.context == "site" or operation.context == "account")
      complete(operation.arguments)
      complete(operation.answer)
      assert.is_truthy(operation.answer.class)
      local in_path = {}
      for name in operation.path:gmatch("{(.-)}") do
        in_path[name] = true
        local field = operation.arguments.by_name[name]
        assert.is_true(field.required and field.in_path and field.type == "guid", name)
      end
      for _, field in ipairs(operation.arguments.fields) do assert.equal(in_path[field.name], field.in_path) end
    end)

    it(operation.full_name .. " is explained, all of it", function()
      local text = wixum.help(operation.full_name)
      for _, namespaces in ipairs{ wixum, calls.wix } do
        assert.equal(text, wixum.help(namespaces[operation.namespace][operation.name]))
        contains(wixum.help(namespaces[operation.namespace]), operation.name .. " " .. operation.effect .. " " .. operation.doc)
      end
      contains(text, operation.full_name .. "{")
      contains(text, operation.doc)
      contains(text, operation.method .. " " .. operation.path)
      contains(text, operation.effect .. ": ")
      contains(text, operation.context .. "_id")
      contains(text, operation.permission or "not documented")
      for title, shape in pairs{ Arguments = operation.arguments, Answer = operation.answer } do
        local none = title == "Answer" and "Answer: an empty table" or "Arguments: none"
        assert.matches("\n\n  " .. (#shape.fields > 0 and title or none) .. "\n", text, 1, true)
      end
      assert.matches("\n\n  Example\n    " .. operation.example:gsub("\n", "\n    "), text, 1, true)
      local function fields(shape, indent)
        for _, field in ipairs(shape.fields) do
          assert.matches("\n" .. indent .. field.name .. "%f[^%w_] [^\n]+", text)
          contains(text, ": " .. field.doc)
          if type(field.type) == "table" then
            contains(text, field.type.class .. ": " .. field.type.doc)
            assert.equal(1, select(2, text:gsub("\n +" .. field.type.class .. ": ", "")))
            fields(field.type, "    +")
          end
          for _, value in ipairs(field.values or {}) do contains(text, '"' .. value .. '"') end
        end
      end
      fields(operation.arguments, "    ")
      fields(operation.answer, "    ")
      assert.is_nil(text:find("table: 0x", 1, true))
      assert.is_nil(text:find("%f[%w]nil%f[%W]"))
      for line in text:gsub("\n  Example\n.*", ""):gmatch("[^\n]+") do
        assert.is_true(utf8.len(line) <= 100 or line:find("^ *[%w_]+ %S+ %S+ %S+$") ~= nil, line)
      end
    end)
  end

  it("tells what each of its iterators walks over", function()
    local count = 0
    for _, name in ipairs(declaration.namespace_names()) do
      local namespace = declaration.namespace(name)
      for _, iterator in ipairs(namespace.iterators or {}) do
        count = count + 1
        local over = assert(namespace.by_name[iterator.over])
        local item = over.answer.by_name[iterator.items]
        assert.is_true(item.list and item.type.class ~= nil)
        for _, about in ipairs{ wixum[name][iterator.name], calls.wix[name][iterator.name], iterator.full_name, iterator.name } do
          local text = wixum.help(about)
          for _, words in ipairs{ "in " .. iterator.full_name .. "{", iterator.doc, over.full_name, item.type.class, iterator.example } do
            contains(text, words)
          end
        end
        contains(wixum.help(name), iterator.name .. " iterator " .. iterator.doc)
      end
    end
    assert.is_true(count >= 2)
  end)
end)

describe("wixum.help #pure", function()
  -- What stands beside the first field of that name.
  local function beside(text, name)
    return on_one_line(text:match("\n *" .. name .. " +(.-\n)") .. text:match("\n *" .. name .. " +[^\n]*\n([^\n]*)"))
  end

  it("tells of what the checks hold a field to", function()
    local text = wixum.help("everything.send_all")
    for name, words in pairs{
      some_text = "string (at most 10 bytes)", role_id = "string (id)", site_guid = "string (GUID)", color_name = '"RED" | "GREEN"',
      mail_address = "string (address)", due_date = "string (date)", free_form = "any value", free_list = "list of anything",
      text_list = "list of string (not empty, no item twice, at most 4)", many_things = "list of Thing (at most 3, as above)",
      one_thing = "Thing", open_link = "string (secret)", count_list = "list of integer", part_size = "integer (required)",
      named_parts = "list of NamedPart (no part_name twice)", small_count = "integer (1 to 10)", small_number = "number (-0.5 to 0.5)",
      small_counts = "list of integer (at least 0)", choice_list = "list of Choice (as above)", is_done = "boolean",
      last_seen = "string (date, dropped when given back)",
    } do
      contains(beside(text, name), words .. ": ")
    end
    contains(text, "Choice: One of two things. Exactly one of: ")
    assert.equal(1, select(2, text:gsub("Exactly one of", "")))
  end)

  it("tells no limits of an answer: the service keeps to its own", function()
    local answer = wixum.help("search_team"):match("\n  Answer\n(.*)\n  Example\n")
    contains(answer, "policy_id string (id): ")
    contains(answer, "accept_link string (secret): ")
    for _, words in ipairs{ "required", "not empty", "at most", "dropped", "Exactly one of" } do
      assert.is_nil(answer:find(words, 1, true), words)
    end
  end)

  it("says so where nothing is taken", function()
    assert.matches("\n\n  Arguments: none\n", wixum.help("send_nothing"), 1, true)
  end)

  it("explains a shape once, below the field that has it first, as it nests", function()
    local text = wixum.help("everything.send_all")
    assert.equal(1, select(2, text:gsub("Part: A part of a thing%.", "")))
    assert.equal(1, select(2, text:gsub("Thing: A thing with parts%.", "")))
    local outline = {}
    for line in wixum.help("create_invite"):match("  Arguments\n(.-)\n\n"):gmatch("[^\n]+") do
      local indent, name = line:match("^( +)([%l_]+) ")
      if indent and #indent < 20 then outline[#outline + 1] = #indent // 2 .. " " .. name end
    end
    assert.same({ "2 subjects_assignments", "3 subject_email", "3 assignments", "4 policy_id", "4 assignments", "5 full_name_resource",
      "6 site_context", "7 metasite_id", "6 account_context", "7 account_id", "2 default_email_language" }, outline)
  end)

  it("finds a thing by itself, by its name, and by the name as it is written", function()
    local method = wixum.help(wixum.site_invites.bulk_invite)
    contains(method, "site_invites.bulk_invite{ … }")
    for _, about in ipairs{
      "bulk_invite", "site_invites.bulk_invite", "wixum.site_invites.bulk_invite", calls.wix.site_invites.bulk_invite,
    } do
      assert.equal(method, wixum.help(about))
    end
    local namespace = wixum.help(wixum.site_invites)
    for _, about in ipairs{ "site_invites", "wixum.site_invites", calls.wix.site_invites } do
      assert.equal(namespace, wixum.help(about))
    end
    for _, operation in ipairs(declaration.namespace("site_invites").operations) do
      contains(namespace, operation.name)
      contains(namespace, operation.doc)
      contains(namespace, operation.effect)
    end
    local overview = wixum.help()
    for _, about in ipairs{ wixum, calls.wix } do assert.equal(overview, wixum.help(about)) end
    contains(overview, 'wixum.help("options")')
    contains(namespace, "wixum.help(wixum.site_invites.bulk_invite)")
    for _, name in ipairs(declaration.namespace_names()) do
      contains(overview, "wixum." .. name)
      contains(overview, declaration.namespace(name).doc)
    end
    -- the module's own list of what it has, as it answers a name that is near none
    local known = raised(function() return wixum.zzzzzzzzzzzzzzzz end):match("%(known: (.*)%)")
    for name in known:gmatch("[%w_]+") do
      if name ~= "help" and name ~= "version" then assert.matches("\n  wixum%." .. name .. "%f[^%w_]", overview) end
    end
    contains(overview, "wix:call{ … }")
  end)

  it("tells every option, with its default and where it may be said", function()
    local text = wixum.help("options")
    for _, option in ipairs(options.list) do
      local line = text:match("\n  " .. option.name .. " +(.-)\n  %l") or text:match("\n  " .. option.name .. " +(.*)")
      assert.is_truthy(line, option.name)
      assert.is_true(#option.doc > 0)
      contains(line, option.doc)
      contains(line, option.where == "call" and "[call]" or "wixum.client")
      if option.default ~= nil and type(option.default) ~= "table" then contains(line, "default " .. tostring(option.default)) end
    end
    contains(text, "{ calls = 200, per = 60 }")
  end)

  it("raises at the caller's line for what it does not know, with the nearest that it knows", function()
    assert.matches('^there is no help on bulk_invit %(did you mean "[%a_.]*bulk_invite"%?%)$',
      raised(function() wixum.help("bulk_invit") end))
    contains(raised(function() wixum.help("site_invites.resend") end), 'did you mean "site_invites.resend_invite"?')
    contains(raised(function() wixum.help("option") end), 'did you mean "options"?')
    contains(raised(function() wixum.help("siteinvite") end), 'did you mean "site_invites"?')
    contains(raised(function() wixum.help("zzzzzzzzzzzz") end), "(known: ")
    contains(raised(function() wixum.help("") end), "there is no help on")
    for _, about in ipairs{ 5, true, {}, print, io.stdout, coroutine.create(print) } do
      contains(raised(function() wixum.help(about) end), "there is no help on a " .. type(about))
    end
    assert.is_true(#raised(function() wixum.help(("x"):rep(1 << 20)) end) < 2000)
  end)
end)

describe("a mistyped name #pure", function()
  -- Every text that is one slip away.
  local function slips(name)
    local list = { name:upper(), (name:gsub("_", "")), (name:gsub("_", "-")), names.wire(name), name .. "s" }
    for at = 1, #name, os.getenv "WIXUM_SLOW" and 5 or 1 do
      list[#list + 1] = name:sub(1, at - 1) .. name:sub(at + 1)
      list[#list + 1] = name:sub(1, at) .. name:sub(at)
      list[#list + 1] = name:sub(1, at - 1) .. "x" .. name:sub(at + 1)
      list[#list + 1] = name:sub(1, at - 1) .. name:sub(at + 1, at + 1) .. name:sub(at, at) .. name:sub(at + 2)
    end
    return list
  end

  for _, operation in ipairs(declaration.operations()) do
    it("of an argument of " .. operation.full_name .. " finds the right one", function()
      for _, field in ipairs(operation.arguments.fields) do
        for _, slip in ipairs(slips(field.name)) do
          if not operation.arguments.by_name[slip] then
            local text = calls.mistake(operation.full_name, calls.arguments(operation.name, { [slip] = 1 }))
            contains(text, ('unknown field %s (did you mean "%s"?)'):format(slip, field.name))
          end
        end
      end
    end)
  end

  it("of an operation, a namespace, a client's method or an option finds the right one", function()
    contains(raised(function() return wixum.site_invites.bulkInvite end), 'no operation bulkInvite (did you mean "bulk_invite"?)')
    contains(raised(function() return calls.wix.site_invites.revoke end), "revoke")
    contains(raised(function() return wixum.siteinvites end), 'did you mean "site_invites"?')
    contains(raised(function() return wixum.clinet end), 'did you mean "client"?')
    contains(raised(function() return calls.wix.siteInvites end), 'did you mean "site_invites"?')
    contains(raised(function() return calls.wix.wiht end), 'did you mean "with"?')
    for _, option in ipairs(options.list) do
      for _, slip in ipairs{ option.name .. "x", option.name:upper(), option.name:sub(2) } do
        local text = option.where == "call" and calls.mistake("send_all", {}, { [slip] = 1 })
          or raised(function() wixum.client{ [slip] = 1 } end)
        contains(text, ('did you mean "%s"?'):format(option.name))
      end
    end
  end)

  it("near none is answered with all", function()
    assert.equal(' (known: a, b)', names.suggestion("completely different", { "b", "a" }))
    assert.equal(' (known: a, b)', names.suggestion(5, { "b", "a" }))
    assert.equal(' (known: a, b)', names.suggestion(nil, { "b", "a" }))
    assert.equal("", names.suggestion("x", {}))
    assert.is_nil(names.nearest("", { "emails" }))
    assert.is_nil(names.nearest(("e"):rep(1 << 20), { "emails" }))
    assert.equal("emails", names.nearest("e-mails", { "emails", "mail" }))
    assert.equal("emails", names.nearest("EMails", { "mails", "emails" }))
  end)

  it("does not change the list it is compared with", function()
    local known = { "b", "a" }
    names.suggestion("zzz", known)
    assert.same({ "b", "a" }, known)
  end)
end)

describe("a name on the wire", function()
  it("is the same in camelCase", function()
    for name, wire in pairs{ id = "id", policy_ids = "policyIds", default_email_language = "defaultEmailLanguage", a_1 = "a1" } do
      assert.equal(wire, names.wire(name))
    end
  end)
end)

describe("a namespace", function()
  it("prints its operations, walks through them, and is not to be changed", function()
    local text, walked = tostring(calls.wix.site_invites), {}
    for name, method in pairs(calls.wix.site_invites) do
      walked[#walked + 1] = name
      assert.equal(calls.wix.site_invites[name], method)
      contains(text, name)
    end
    assert.same({ "bulk_invite", "resend_invite", "revoke_invite" }, walked)
    contains(raised(function() calls.wix.site_invites.mine = print end), "site_invites is not to be changed")
    contains(raised(function() calls.wix.mine = print end), "a client is not to be changed (mine)")
    contains(tostring(wixum), "wixum.help()")
  end)
end)
