-- The README tells the truth: its ten lines print what it says, its tables are those of the declarations and the options.

local declaration = require "wixum.declaration"
local options = require "wixum.options"
local process = require "spec.support.process"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

describe("the README", function()
  local text = read("README.md")

  it("shows ten lines, and what they really print", function()
    local script, output = text:match("\n```lua\n(.-)```\n\n(.-)\n\nThe last line")
    local _, lines = script:gsub("\n", "")
    assert.equal(10, lines)
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    file:write(script)
    file:close()
    local printed, code = process.run{ "lua5.4", path }
    os.remove(path)
    assert.equal(0, code, printed)
    local expected = output:gsub("^    ", ""):gsub("\n    ", "\n")
    printed = printed:gsub("[^ \t\n]*" .. path:match("[^/]*$"), "ten.lua"):gsub("\n$", "")
    assert.equal(expected, printed)
  end)

  local function fields_of(shape)
    local parts = {}
    for _, field in ipairs(shape.fields) do
      parts[#parts + 1] = ("`%s`%s"):format(field.name, field.not_empty and field.required and "+" or field.required and "*" or "")
    end
    return #parts > 0 and table.concat(parts, ", ") or "(empty)"
  end

  it("has every operation in its table, as declared", function()
    for _, operation in ipairs(declaration.operations()) do
      local row = ("| `%s` | %s | %s | %s |"):format(operation.full_name, operation.effect, fields_of(operation.arguments),
        fields_of(operation.answer))
      assert.is_truthy(text:find(row, 1, true), "no row " .. row)
    end
  end)

  it("names every option", function()
    for _, option in ipairs(options.list) do
      assert.is_truthy(text:find("`" .. option.name, 1, true) or text:find(option.name .. " =", 1, true), option.name)
    end
  end)

  it("names files and targets that exist", function()
    for path in text:gmatch("`((examples/[%w_.]+))`") do read(path) end
    for path in text:gmatch("`(lua/wixum/[%w_/.]+)`") do read(path) end
    local makefile = read("Makefile")
    for target in text:gmatch("`make ([%w-]+)[^`]*`") do assert.matches("\n" .. target:gsub("%-", "%%-") .. ":", makefile) end
  end)

  it("tells the module's versions apart in one place", function()
    assert.matches("## " .. require("wixum.version"):gsub("%.", "%%."), read("CHANGELOG.md"))
  end)
end)
