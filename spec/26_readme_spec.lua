-- The README tells the truth: its ten lines print what it says, its tables are those of the declarations and the options.

local declaration = require "wixum.declaration"
local here = require "spec.support.here"
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

  describe("on the ledger", function()
    local folder, env
    before_each(function()
      folder = here.run("mktemp -d"):match("%S+")
      env = { PATH = os.getenv("WIXUM_SPEC_BUILD") .. "/bin:" .. os.getenv("PATH") }
    end)
    after_each(function() os.execute("rm -rf " .. folder) end)

    -- The section's commands, as they stand there.
    local commands = {}
    for line in text:match("## A handover in five commands\n(.-)\nOn Wix itself"):gmatch("\n    ([^\n]+)") do
      commands[#commands + 1] = line
    end

    local function shell(lines)
      return process.run({ "sh", "-ec", table.concat(lines, "\n") }, { env = env, cwd = folder })
    end

    it("hands over in five commands, from an empty folder #pure", function()
      local of_wixum = 0
      for _, line in ipairs(commands) do if line:find("^wixum ") then of_wixum = of_wixum + 1 end end
      assert.equal(5, of_wixum)
      local output, code = shell(commands)
      assert.equal(0, code, output)
      for _, words in ipairs{ "2 rows new", "2 mails sent in 2 calls.", "2 rows: 2 pending; 2 mails", "1 mail sent once more.",
        "1 invite revoked." } do assert.matches(words, output, 1, true) end
      output = shell{ "wixum --sandbox status" }
      assert.matches("2 rows: 1 pending, 1 revoked; 3 mails", output, 1, true)
    end)

    it("does the same in a script of at most twenty lines #pure", function()
      local script = text:match("## The ledger\n.-```lua\n(.-)```")
      local _, lines = script:gsub("\n", "")
      assert.is_true(lines <= 20, lines)
      local printing = {}
      for i, line in ipairs(commands) do if line:find("^printf") then printing[#printing + 1] = commands[i] end end
      assert.equal("", (shell(printing)))
      local file <close> = assert(io.open(folder .. "/handover.lua", "w"))
      file:write(script)
      file:close()
      local output, code = process.run({ "lua5.4", "handover.lua" }, { env = env, cwd = folder })
      assert.equal(0, code, output)
      assert.matches("2 rows new", output, 1, true)
      assert.matches("\n2\t0\t0\tnil\n", output)
      local rows = 0
      for _ in io.lines(folder .. "/rows.csv") do rows = rows + 1 end
      assert.equal(3, rows)
    end)

    it("names every command", function()
      local parser = require("wixum.cli.parser").new()
      for _, command in ipairs(parser._commands) do
        local name = command._name
        assert.is_truthy(text:find("wixum " .. name, 1, true) or text:find("`" .. name, 1, true), name)
      end
    end)
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
