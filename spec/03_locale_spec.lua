-- A program may write its numbers with a comma (os.setlocale), at any time: on the wire there are points nonetheless.
-- lua-cjson looks at the locale when an instance of it is made, and not again.

local process = require "spec.support.process"

-- A locale for numbers alone, as glibc keeps one: a comma, points between thousands, UTF-8. A bare machine has none like it.
local COMMA = "\x14\x11\x03\x20\6\0\0\0\x20\0\0\0\x22\0\0\0\x24\0\0\0\x28\0\0\0\x2c\0\0\0\x30\0\0\0,\0.\0\3\3\0\0,\0\0\0.\0\0\0UTF-8\0"

local folder

setup(function()
  folder = os.tmpname()
  os.remove(folder)
  assert(os.execute(("mkdir -p '%s/comma'"):format(folder)))
  local file = assert(io.open(folder .. "/comma/LC_NUMERIC", "wb"))
  file:write(COMMA)
  file:close()
end)

teardown(function() os.execute(("rm -r '%s'"):format(folder)) end)

local SCRIPT = [[
  local uv = require "luv"
  -- Set for a moment: the C library loses memory whenever a library that is loaded asks for its locales meanwhile.
  local function locale(name)
    uv.os_setenv("LOCPATH", "%s")
    local known = os.setlocale(name, "numeric")
    uv.os_unsetenv("LOCPATH")
    if not known then print("no such locale") os.exit(0) end
  end
  local core
  local function try()
    core = core or require "wixum.core"
    local fields = { { name = "number", wire = "number", type = "number" }, { name = "free", wire = "free", type = "any" } }
    local shape = core.shape{ fields = fields }
    local wire = assert(core.arguments(shape, { number = 1.5, free = { 0.25 } }))
    local answer = assert(core.answer(shape, '{"number":1.5,"free":[0.25],"unknown":1e-2}'))
    assert(answer.number == 1.5 and answer.free[1] == 0.25 and answer.unknown == 0.01)
    local text = core.encode(wire)
    assert(text:find('"number":1.5', 1, true) and text:find('"free":[0.25]', 1, true), text)
  end
  for name in ("%s"):gmatch("%%S+") do
    locale(name)
    try()
  end
  print("the same")
]]

describe("numbers on the wire have a point, where the program's locale is", function()
  for _, locales in ipairs{ "C", "comma", "C comma", "comma C", "C comma C comma" } do
    it(locales:gsub(" ", ", then "), function()
      local output = process.run{ "lua5.4", "-e", SCRIPT:format(folder, locales) }
      if output == "no such locale\n" then return pending("the C library keeps its locales in another way") end
      assert.equal("the same\n", output)
    end)
  end
end)
