-- Answers that are not quite what was declared, for every declared operation and every field of every answer: the service
-- may add fields and words, leave things out, or be wrong. What can be understood passes through; what cannot is an error of
-- kind `protocol` that says that nobody knows whether it acted. Nothing raises.

local calls = require "spec.support.calls"
local cjson = require "cjson"
local declaration = require "wixum.declaration"
local samples = require "spec.support.samples"
local sandbox = require "wixum.sandbox"

local EMPTY_LIST = "(empty list)" -- becomes [], which lua-cjson does not write

setup(calls.open) -- so that the namespace is there while this file is read
teardown(calls.close)
before_each(calls.open)
after_each(calls.close)

-- ---- what may be wrong with a value ----------------------------------------------------------------------------------

local function is_shape(field) return type(field.type) == "table" end
local TEXT = { string = true, id = true, guid = true, email = true, date = true }

-- What a strange value of a field becomes: a function that checks what was read in its place, or "protocol".
local function is(expected)
  return function(found) assert.same(expected, found) end
end

-- Empty lists and empty objects are one thing once they are read: no list is empty, nor is an object without its lists.
local function is_empty(field)
  return function(found)
    if not is_shape(field) or field.list then return assert.same({}, found) end
    for _, inner in ipairs(field.type.fields) do assert.same(inner.list and {} or nil, found[inner.name]) end
  end
end

-- Each: what it is called, the value, and what becomes of it; nil where that is nothing strange for such a field.
local STRANGE = {
  { "null", function(field) return cjson.null, is(field.list and {} or nil) end },
  { "text", function(field)
    if field.list or is_shape(field) then return "words", "protocol" end
    return "words", is("words")
  end },
  { "an empty text", function(field)
    if field.list or is_shape(field) then return "", "protocol" end
    return "", is("")
  end },
  { "a number", function(field)
    if field.list or is_shape(field) then return 7, "protocol" end
    return 7, is(TEXT[field.type] and "7" or 7)
  end },
  { "a fraction", function(field)
    if field.list or is_shape(field) then return 1.5, "protocol" end
    return 1.5, is(TEXT[field.type] and "1.5" or 1.5)
  end },
  { "a number that is too large to be exact", function(field)
    if field.list or is_shape(field) or TEXT[field.type] then return 1e300, "protocol" end
    return 1e300, is(1e300)
  end },
  { "a number as text", function(field)
    if field.list or is_shape(field) then return "12", "protocol" end
    return "12", is(field.type == "integer" and 12 or "12")
  end },
  { "true", function(field)
    if field.list or is_shape(field) then return true, "protocol" end
    return true, is(true)
  end },
  { "a list", function(field)
    if not field.list then return { "a", "b" }, is_shape(field) and "protocol" or is{ "a", "b" } end
    return { "a", "b" }, is_shape(field) and "protocol" or is{ "a", "b" }
  end },
  { "an object", function(field)
    if field.list then return { anyName = 1 }, "protocol" end
    if not is_shape(field) then return { anyName = 1 }, is{ anyName = 1 } end
    return { anyName = 1 }, function(found) assert.equal(1, found.anyName) end
  end },
  { "an empty list", function(field) return EMPTY_LIST, is_empty(field) end },
  { "an empty object", function(field) return {}, is_empty(field) end },
  { "lists in a list", function(field)
    if field.list and not is_shape(field) then return { { "a" }, { { "b" } } }, is{ { "a" }, { { "b" } } } end
    return { { "a" } }, is_shape(field) and "protocol" or is{ { "a" } }
  end },
  { "a list with nulls", function(field)
    if field.list then return { cjson.null, cjson.null }, is{} end
    return { cjson.null }, is_shape(field) and "protocol" or is{}
  end },
  { "a new word", function(field)
    if field.type ~= "enum" then return nil end
    return field.list and { "NEW_WORD", field.values[1] } or "NEW_WORD", is(field.list and { "NEW_WORD", field.values[1] } or "NEW_WORD")
  end },
}

-- ---- every place in an answer ----------------------------------------------------------------------------------------

local STRIDE = os.getenv "WIXUM_SLOW" and 29 or 1 -- under a tool every so many-th place is enough
local places = 0

-- Where a field is: the way to it from the top of the wire's answer, and from the top of what was read.
local function each_place(shape, visit, wire_way, lua_way)
  for _, field in ipairs(shape.fields) do
    local wire, lua = { table.unpack(wire_way or {}) }, { table.unpack(lua_way or {}) }
    wire[#wire + 1], lua[#lua + 1] = field.wire, field.name
    places = places + 1
    if places % STRIDE == 0 then visit(field, wire, lua) end
    if is_shape(field) then
      if field.list then wire[#wire + 1], lua[#lua + 1] = 1, 1 end
      each_place(field.type, visit, wire, lua)
    end
  end
end

-- The table that holds the last step of a way.
local function holder(top, way)
  for i = 1, #way - 1 do top = top[way[i]] end
  return top
end

local current -- name of the operation that is tried

-- What an operation answers to this; it must not raise, and what it gives must print.
local function answered(body)
  if type(body) == "table" then body = cjson.encode(body):gsub('"%(empty list%)"', "[]") end
  calls.answers(200, body)
  local ok, answer, err = pcall(calls.method(current), calls.arguments(current))
  assert.is_true(ok, tostring(answer))
  assert.is_true(#tostring(answer or err) > 0)
  return answer, err
end

local function assert_protocol(err, place)
  assert.equal("protocol", err.kind, place)
  assert.equal("unknown", err.outcome, place)
  assert.equal(200, err.status, place)
  assert.equal(current, err.operation)
  assert.is_nil(tostring(err):find("\n"))
end

local function put(operation, wire_way, value)
  local body = samples.answer(operation.answer)
  holder(body, wire_way)[wire_way[#wire_way]] = value
  return body
end

describe("a strange answer of", function()
  for _, operation in ipairs(declaration.operations()) do
    describe(operation.full_name .. ":", function()
      before_each(function() current = operation.full_name end)

      it("none, to begin with: every declared field is read", function()
        local answer = assert(answered(samples.answer(operation.answer)))
        each_place(operation.answer, function(field, _, lua_way)
          assert.is_not_nil(holder(answer, lua_way)[field.name], table.concat(lua_way, "."))
        end)
      end)

      if #operation.answer.fields > 0 then
        for _, strange in ipairs(STRANGE) do
          it(strange[1] .. " in place of any field", function()
            each_place(operation.answer, function(field, wire_way, lua_way)
              local value, expected = strange[2](field)
              if value == nil then return end
              local place = table.concat(wire_way, ".")
              local answer, err = answered(put(operation, wire_way, value))
              if expected == "protocol" then
                assert.is_nil(answer, place)
                assert_protocol(err, place)
                assert.matches('"' .. (field.wire) .. '"', err.message, 1, true)
              else
                assert.is_truthy(answer, place .. ": " .. tostring(err))
                expected(holder(answer, lua_way)[field.name])
              end
            end)
          end)
        end

        it("any field missing", function()
          each_place(operation.answer, function(field, wire_way, lua_way)
            local answer = assert(answered(put(operation, wire_way, nil)))
            assert.same(field.list and {} or nil, holder(answer, lua_way)[field.name])
          end)
        end)

        it("an item of the wrong kind between good ones", function()
          each_place(operation.answer, function(field, wire_way)
            if not field.list or not is_shape(field) then return end
            local good = samples.answer(field.type)
            for _, wrong in ipairs{ "words", 5, true, { "a" } } do
              local answer, err = answered(put(operation, wire_way, { good, wrong, good }))
              assert.is_nil(answer)
              assert_protocol(err, table.concat(wire_way, "."))
            end
          end)
        end)
      end

      it("fields that nobody declared, beside any other: they come as they are", function()
        -- `way` and `lua_way` lead to a field of the object that gets more of them
        local function check(way, lua_way)
          local body = samples.answer(operation.answer)
          local at = holder(body, way)
          at.newField, at.new_field, at.newList, at.nothing = { innerField = 1 }, "x", { 1, cjson.null, "a" }, cjson.null
          local found = holder(assert(answered(body)), lua_way)
          assert.same({ innerField = 1 }, found.newField)
          assert.equal("x", found.new_field)
          assert.same({ 1, "a" }, found.newList)
          assert.is_nil(found.nothing)
        end
        check({ "" }, { "" })
        each_place(operation.answer, function(_, wire_way, lua_way) check(wire_way, lua_way) end)
      end)

      it("nulls everywhere", function()
        local body = {}
        for _, field in ipairs(operation.answer.fields) do body[field.wire] = cjson.null end
        local answer = assert(answered(body))
        for _, field in ipairs(operation.answer.fields) do assert.same(field.list and {} or nil, answer[field.name]) end
      end)

      it("nothing that is an object", function()
        for _, body in ipairs{ "[]x", "null", "5", '"text"', "true", "[1]", "[{}]", "<html>", "{", '{"a":' } do
          local answer, err = answered(body)
          assert.is_nil(answer, body)
          assert_protocol(err, body)
        end
      end)

      it("an empty body, which is no answer where something was promised", function()
        local answer, err = answered("")
        if #operation.answer.fields == 0 then assert.same({}, answer) else assert_protocol(err) end
      end)
    end)
  end
end)

describe("over the wire", function()
  it("a list where an object was promised is told as such, and not tried again where something may have been done", function()
    local server = assert(sandbox.start{ seed = 1 })
    finally(function() server:stop() end)
    local wix = server:client{ retries = 3 }
    server:fault{ json = { invites = { { { 1 } } } }, status = 200 }
    local answer, err = wix.site_invites.bulk_invite{ policy_ids = { "1" }, emails = { "ann@example.com" } }
    assert.is_nil(answer)
    assert.equal("protocol", err.kind)
    assert.equal("unknown", err.outcome)
    assert.equal(1, err.attempts)
    assert.equal(1, #server:requests())
    wix:close()
  end)
end)
