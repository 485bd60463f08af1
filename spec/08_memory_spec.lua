-- Memory that runs out: at every single allocation that Lua makes in our C code, in turn. What is under way fails and says
-- so, or does without; nothing crashes, nothing is left behind, and the same call works as soon as there is memory again.
-- (Under `make asan` and `make valgrind` nothing that malloc gave may be lost either, but what lua-cjson itself loses.)

local oom = require "oom"

-- Found by name in a leak's trace, even when every state that had loaded it is closed.
oom.hold(assert(package.searchpath("cjson", package.cpath)))

local PATHS = ("package.path, package.cpath = %q, %q\n"):format(package.path, package.cpath)

local SHAPES = [[
  local core = require "wixum.core"
  local METATABLE = { __name = "test" }
  local part = core.shape{ metatable = METATABLE, fields = {
    { name = "part_size", wire = "partSize", type = "integer" }, { name = "tags", wire = "tags", type = "string", list = true },
  } }
  local FIELDS = {
    { name = "texts", wire = "texts", type = "string", list = true, unique = true, max_items = 9 },
    { name = "mail", wire = "mail", type = "email" }, { name = "word", wire = "word", type = "enum", values = { "A", "B" } },
    { name = "free", wire = "free", type = "any" }, { name = "parts", wire = "parts", type = part, list = true },
    { name = "count", wire = "count", type = "integer" },
  }
]]

local CHECK = SHAPES .. [[
  local shape = core.shape{ fields = FIELDS }
  return function(arguments)
    local wire, violations, mistake, unknown = core.arguments(shape, arguments)
    if violations then return #violations .. " violations, first: " .. violations[1].description end
    if not wire then return mistake or unknown end
    local text, why = core.encode(wire)
    return text and ("%d bytes"):format(#text) or why
  end
]]

-- The same, and what makes a table one that came in an answer.
local CHECK_AND_ANSWERED = CHECK:gsub("return function%(arguments%)", "local function check(arguments)") ..
  "return { check, function(value) return setmetatable(value, METATABLE) end }"

-- What: in a state with memory enough `prepare` runs; what it answers is handed to `run`, which answers a text.
local CASES = {
  { what = "loading", prepare = "", run = [[
    local loaded, why = pcall(require, "wixum.core")
    return loaded and type(package.loaded["wixum.core"].answer) or why
  ]], answer = "function" },
  { what = "a shape", prepare = SHAPES .. "return { core.shape, FIELDS }", run = [[
    local shape, fields = table.unpack((...))
    return type(shape{ fields = fields })
  ]], answer = "userdata" },
  { what = "good arguments", prepare = CHECK_AND_ANSWERED, run = [[
    local check, as_answered = table.unpack((...))
    return check{
      texts = { "a", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" }, mail = "a@b.co", word = "A",
      count = 3, free = { 1, { a = "x", b = { true } } }, parts = { as_answered{ part_size = 1, tags = { "x", "y" }, new = { 1 } }, {} },
    }
  ]], answer = "222 bytes" },
  { what = "bad arguments", prepare = CHECK, run = [[
    local check = ...
    return check{
      texts = { "a", "A", "\xFF" }, mail = "bad", word = "C", count = 0.5, free = { 1 / 0, { ["\xFE"] = 1 } },
      parts = { { part_size = 1.5, tags = { "\xFD" } } },
    }
  ]], answer = "9 violations, first: " },
  { what = "mistaken arguments", prepare = CHECK, run = [[
    local check = ...
    return check{ parts = { {}, { tags = { "a", 5 } } } }
  ]], answer = "parts[2].tags[2] must be a string" },
  { what = "a good answer", prepare = SHAPES .. [[
    local shape = core.shape{ fields = FIELDS, metatable = METATABLE, list_metatable = METATABLE }
    return function(body)
      local answer, why = core.answer(shape, body)
      return answer and answer.mail .. answer.texts[2] .. answer.parts[2].tags[1] .. answer.new.a[1] or why
    end
  ]], run = [[
    local read = ...
    return read('{"texts":["a",null,"b"],"mail":5,"count":"7","parts":[null,{},{"partSize":1,"tags":["x"]}],"new":{"a":[1,null]}}')
  ]], answer = "5bx1" },
  { what = "bad answers", prepare = SHAPES .. [[
    local shape = core.shape{ fields = FIELDS }
    return function(body) return select(2, core.answer(shape, body)) end
  ]], run = [[
    local read = ...
    return read('{"parts":[{},{"tags":5}]}') .. read('{"mail":1e99}') .. read("\xEF\xBB\xBF{") .. read("\xFF")
  ]], answer = '"tags" is not a list' },
  { what = "decoding", prepare = 'return require("wixum.core").decode', run = [[
    local decode = ...
    local value, why = decode('\xEF\xBB\xBF{"a":[1,null,{"b":"\\u00e9"}]}')
    return value and value.a[2].b or why
  ]], answer = "é" },
  { what = "masking", prepare = [[
    local redact, text = require("wixum.core").redact, "IST.abcdefghijkl at https://x.example/y?z " .. ("x\n"):rep(3000)
    return function() return redact(text) end
  ]], run = "return (...)()", answer = "[masked] at https://x.example/[masked] x " },
  { what = "a session that is closed", prepare = 'return require("wixum.core").session', run = [[
    local make = ...
    local session, why = make{
      base_url = "https://x.example/", ca_file = "/a", ca_path = "/b", proxy = "http://u:p@h", http_version = "2",
    }
    if not session then return why end
    local ok, problem = session:set_key("IST.a-key")
    local text = session:endpoint() .. session:stats().connections .. tostring(session:has_key())
    session:close()
    return ok and text or problem
  ]], answer = "https://x.example0true" },
  { what = "a session that is dropped", prepare = 'return require("wixum.core").session', run = [[
    local make = ...
    local session, why = make{ base_url = "https://x.example/", proxy = "http://h" }
    return session and session:endpoint() or why
  ]], answer = "https://x.example" },
  { what = "a request under way", prepare = [[
    local core = require "wixum.core"
    return function()
      local session = assert(core.session{ base_url = "http://127.0.0.1:1" })
      local loop, waiter = core.loop(), {}
      local function fly()
        local flight <close> = session:start("POST", "/x", { "A: b" }, "{}", 5, 5, waiter)
        local who
        repeat
          loop:poll(0.1)
          who = loop:finished()
        until who
        local answer, response = flight:result()
        return who == waiter and answer == nil and response.curl.code
      end
      local ok, code = pcall(fly)
      local left = loop:flying()
      session:close()
      if not ok then error(code, 0) end
      return code .. " " .. left
    end
  ]], run = "return (...)()", answer = "7 0" },
  { what = "a request that is dropped", prepare = [[
    local core = require "wixum.core"
    return function()
      local session = assert(core.session{ base_url = "http://127.0.0.1:1" })
      session:start("GET", "/x", {}, nil, 5, 5, {})
      session:close()
      collectgarbage()
      return core.loop():flying() .. " " .. tostring(core.loop():finished())
    end
  ]], run = "return (...)()", answer = "0 nil" },
  { what = "a session that is refused", prepare = 'return require("wixum.core").session', run = [[
    local make = ...
    return select(2, make{ base_url = "http://x.example", ca_file = "/a" })
  ]], answer = "plain http" },
}

describe("running out of memory while", function()
  for _, case in ipairs(CASES) do
    it(case.what, function()
      local times, answer = oom.try(PATHS .. case.prepare, case.run, "new")
      assert.is_true(times > 0)
      assert.matches(case.answer, answer, 1, true)
    end)

    it(case.what .. ", and then again in the same state", function()
      local times, answer = oom.try(PATHS .. case.prepare, case.run, "twice", os.getenv "WIXUM_SLOW" and 7 or 1)
      assert.is_true(times > 0)
      assert.matches(case.answer, answer, 1, true)
    end)

    it(case.what .. ", for a moment", function()
      local times, answer = oom.try(PATHS .. case.prepare, case.run, "moment")
      assert.is_true(times > 0)
      assert.matches(case.answer, answer, 1, true)
    end)
  end
end)
