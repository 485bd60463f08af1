-- What is written from the declarations: the type file for editors and the README's table are those of today, whole, and in
-- a form that LuaLS reads.

local annotations = require "wixum.annotations"
local calls = require "spec.support.calls"
local declaration = require "wixum.declaration"
local here = require "spec.support.here"
local options = require "wixum.options"
local process = require "spec.support.process"
local samples = require "spec.support.samples"

local TYPES, README = "lua/wixum/types.lua", "README.md"

-- The lines of a class or an alias: its own, then those of its fields, without comments; nil where there is none.
local function class_of(text, name)
  local found
  for paragraph in (text .. "\n"):gmatch("(.-\n)\n") do
    local lines = {}
    for line in paragraph:gmatch("[^\n]+") do
      if line:find("^%-%-%-[@|]") then lines[#lines + 1] = line end
    end
    local class = (lines[1] or ""):gsub("%(exact%) ", ""):match("^%-%-%-@%l+ ([%w_.]+)")
    if class == name then found = lines end
  end
  return found
end

describe("a file that is written from the declarations #pure", function()
  it("is as they are today: make docs writes it anew", function()
    assert.is_true(annotations.types() == here.read(TYPES), TYPES .. " differs from what is declared: make docs")
    local readme = here.read(README)
    assert.is_true(annotations.readme(readme) == readme, README .. "'s table differs from what is declared: make docs")
  end)

  it("changes with them", function()
    local types, readme = annotations.types(), annotations.readme(here.read(README))
    local field = declaration.namespace("users").by_name.get_roles_info.arguments.by_name.locale
    local doc = field.doc
    finally(function() field.required, field.doc = nil, doc end)
    field.required, field.doc = true, "other words"
    assert.is_false(types == annotations.types())
    assert.is_false(readme == annotations.readme(readme))
    assert.matches("`locale`+, `filter`", annotations.readme(readme), 1, true)
  end)

  it("is written where it belongs, and left alone where it is right", function()
    local folder = here.run("mktemp -d"):gsub("\n", "")
    finally(function() os.execute("rm -rf '" .. folder .. "'") end)
    os.execute(("mkdir -p '%s/lua/wixum'"):format(folder))
    local file = assert(io.open(folder .. "/README.md", "w"))
    local stale = here.read(README):gsub("| read |", "| adds |")
    file:write(stale)
    file:close()
    annotations.write(folder)
    assert.equal(here.read(README), here.read(folder .. "/README.md"))
    assert.equal(here.read(TYPES), here.read(folder .. "/lua/wixum/types.lua"))
    os.execute(("chmod a-w '%s/README.md' && touch -d @1 '%s/lua/wixum/types.lua'"):format(folder, folder))
    annotations.write(folder)
    assert.equal("1\n", here.run(("stat -c %%Y '%s/lua/wixum/types.lua'"):format(folder)))
  end)

  it("is not guessed at where the README has no place for it", function()
    assert.is_nil(annotations.readme("# wixum\n"))
    assert.is_nil(annotations.readme((here.read(README):gsub("<!%-%- end of operations", "<!-- end"))))
  end)
end)

describe("the type file #pure", function()
  local text = here.read(TYPES)

  it("is marked as one, and does nothing when it is loaded", function()
    assert.equal("---@meta\n", text:sub(1, 9))
    local output, code = process.run{ "lua5.4", "-e", [[
      local before = {}
      for name in pairs(_G) do before[name] = true end
      for name in pairs(package.loaded) do before["module " .. name] = true end
      print(require "wixum.types")
      for name in pairs(_G) do assert(before[name], name) end
      for name in pairs(package.loaded) do assert(before["module " .. name] or name == "wixum.types", name) end]] }
    assert.equal(0, code, output)
    assert.matches("^true", output)
  end)

  it("has lines of such kinds alone as LuaLS knows", function()
    local FORMS = {
      "^%-%-%-@class %f[(w]%(?[exact]*%)? ?wixum[%w_.]*$", "^%-%-%-@class %(exact%) wixum%.%w+: wixum%.%w+$",
      "^%-%-%-@field [%l][%w_]*%?? [^ ]", "^%-%-%-@alias wixum[%w_.]+$", '^%-%-%-| "[^"]+"$', "^%-%-%-| string # ",
      "^%-%-%-@param %l+%?? wixum[%w.]+$", "^%-%-%-@return ", "^%-%-%- ?[^@|]", "^%-%-%-$", "^%-%- ", "^$",
      "^local [%l_]+ = {}$", "^function [%l_]+%.[%l_]+%(arguments, options%) end$", "^%-%-%-@meta$",
    }
    for line in text:gmatch("([^\n]*)\n") do
      local known = false
      for _, form in ipairs(FORMS) do known = known or line:find(form) ~= nil end
      assert.is_true(known, line)
    end
  end)

  it("names no class that is not there, and none twice", function()
    local there = { ["wixum.Error"] = true } -- in errors.lua
    for name in text:gmatch("\n%-%-%-@class ([^\n]+)") do
      name = name:gsub("^%(exact%) ", ""):gsub(":.*", "")
      assert.is_nil(there[name], name)
      there[name] = true
    end
    for name in text:gmatch("\n%-%-%-@alias (%S+)") do
      assert.is_nil(there[name], name)
      there[name] = true
    end
    local function known(names)
      for name in names:gmatch("wixum%.[%w_.]+") do assert.is_true(there[name], name) end
    end
    for kind in text:gmatch("\n%-%-%-@field %S+ (%S+)") do known(kind) end
    for kind in text:gmatch("\n%-%-%-@param %S+ (%S+)") do known(kind) end
    for kind in text:gmatch("\n%-%-%-@return (%S+ ?%S*)") do known(kind) end
    for kind in text:gmatch("\n%-%-%-@class [^\n]+: ([^\n]+)") do known(kind) end
  end)

  it("has arguments and answer of every operation, every field of them, and its method", function()
    local SIMPLE = { integer = "integer", number = "number", boolean = "boolean", any = "any" }
    local seen = {}
    local function check(shape, name, given)
      if seen[name] then return end
      seen[name] = true
      local lines = class_of(text, name)
      assert.is_truthy(lines, name)
      assert.equal(#shape.fields + 1, #lines, name)
      for i, field in ipairs(shape.fields) do
        local kind = SIMPLE[field.type] or "string"
        if field.type == "enum" then
          kind = name .. "." .. field.name
          local expected = { "---@alias " .. kind }
          for j, value in ipairs(field.values) do expected[j + 1] = '---| "' .. value .. '"' end
          if not given then expected[#expected + 1] = "---| string # the service may add words" end
          assert.same(expected, class_of(text, kind))
        elseif type(field.type) == "table" then
          kind = (given and "wixum.arguments." or "wixum.") .. field.type.class
          check(field.type, kind, given)
        end
        local there
        if given then there = field.required else there = field.list end
        assert.equal(("---@field %s%s %s%s"):format(field.name, there and "" or "?", kind, field.list and "[]" or ""), lines[i + 1])
        assert.matches("--- " .. field.doc, text, 1, true)
      end
    end
    for _, operation in ipairs(declaration.operations()) do
      local class = "wixum." .. ("_" .. operation.name):gsub("_(%l)", string.upper) .. "Arguments"
      check(operation.arguments, class, true)
      check(operation.answer, "wixum." .. operation.answer.class, false)
      assert.matches(("%s\n---@param options? wixum.CallOptions\n---@return wixum.%s? answer\n---@return wixum.CallInfo|wixum.Error info\n"
        .. "function %s(arguments, options) end\n"):format(class, operation.answer.class, operation.full_name), text, 1, true)
      local optional = not next(samples.arguments(operation.arguments))
      assert.matches(("---@param arguments%s %s\n"):format(optional and "?" or "", class), text, 1, true)
      assert.matches("--- " .. operation.example:gsub("\n", "\n--- "), text, 1, true)
    end
  end)

  it("has the namespaces on the module and on clients, with their iterators", function()
    for _, name in ipairs(declaration.namespace_names()) do
      for _, class in ipairs{ "wixum", "wixum.Client" } do
        local lines = class_of(text, class)
        assert.is_truthy(table.concat(lines, "\n"):find(("---@field %s wixum.%s"):format(name, name), 1, true))
      end
      for _, iterator in ipairs(declaration.namespace(name).iterators or {}) do
        assert.matches("\nfunction " .. iterator.full_name .. "(arguments, options) end\n", text, 1, true)
      end
    end
    assert.matches("---@return fun(): wixum.TeamMember?\n", text, 1, true)
  end)

  it("has every option where it may be said, of the type that its check takes", function()
    local CLASSES = { with = "wixum.WithOptions", client = "wixum.ClientOptions", call = "wixum.CallOptions" }
    local EXPECTED = {
      api_key = "string|function", site_id = "string", timeout = "number", retries = "integer", dry_run = "boolean",
      rate = "false|{ calls: integer, per: number }", headers = "table<string, string>", http_version = '"1.1"|"2"', proxy = "string",
      on_event = "function", before_send = "function", user_agent = "string",
      clock = "{ now: function, sleep: function, random: function, time: function }",
    }
    for _, option in ipairs(options.list) do
      local found
      for _, line in ipairs(class_of(text, CLASSES[option.where])) do
        found = found or line:match("^%-%-%-@field " .. option.name .. "%? (.+)$")
      end
      assert.is_truthy(found, option.name)
      if EXPECTED[option.name] then assert.equal(EXPECTED[option.name], found) end
    end
  end)
end)

describe("types of what no operation of the service has #pure", function()
  local text

  before_each(function()
    calls.open()
    text = annotations.types()
  end)
  after_each(calls.close)

  it("are written too", function()
    assert.same({
      "---@class wixum.arguments.Choice", "---@field this_part? wixum.arguments.Part", "---@field that_name? string",
    }, class_of(text, "wixum.arguments.Choice"))
    assert.matches("--- One of two things. Exactly one of its fields is given.\n---@class wixum.arguments.Choice", text, 1, true)
    assert.matches("--- One of two things.\n---@class wixum.Choice", text, 1, true)
    assert.same({
      "---@class wixum.arguments.Part", "---@field part_size integer", "---@field part_tags? string[]", "---@field made_by? string",
    }, class_of(text, "wixum.arguments.Part"))
    assert.same({
      "---@class wixum.Part", "---@field part_size? integer", "---@field part_tags string[]", "---@field made_by? string",
    }, class_of(text, "wixum.Part"))
    assert.matches("--- a small whole number [1 to 10]\n---@field small_count? integer\n", text, 1, true)
    assert.matches("--- parts with names [no part_name twice]\n---@field named_parts? wixum.arguments.NamedPart[]\n", text, 1, true)
    assert.matches("---@param arguments? wixum.SendNothingArguments\n", text, 1, true)
  end)

  it("cannot be two of one name", function()
    local shape = { class = "SiteInvite", doc = "Another.", fields = {} }
    local field = declaration.namespace("everything").by_name.send_all.answer.by_name.one_thing
    local before = field.type
    finally(function() field.type = before end)
    field.type = shape
    assert.has_error(annotations.types)
  end)

  it("are the names that answers carry", function()
    for _, operation in ipairs(declaration.operations()) do
      calls.answers(200, samples.answer(operation.answer))
      local _, _, answer = calls.goes_out(operation.full_name, calls.arguments(operation.full_name))
      local function check(object, shape)
        assert.equal("wixum." .. shape.class, getmetatable(object).__name)
        assert.is_truthy(class_of(text, getmetatable(object).__name))
        for _, field in ipairs(shape.fields) do
          if type(field.type) == "table" then check(field.list and object[field.name][1] or object[field.name], field.type) end
        end
      end
      check(answer, operation.answer)
    end
  end)
end)
