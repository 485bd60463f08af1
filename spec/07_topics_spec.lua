-- What wixum.help says of helpers: by word, by function, by module; and its examples are Lua.

local declaration = require "wixum.declaration"
local topics = require "wixum.help_topics"
local wixum = require "wixum"

describe("help on what is no operation #pure", function()
  it("is found by its word, with and without the module's name", function()
    for name, text in pairs(topics) do
      assert.equal(text, wixum.help(name))
      assert.equal(text, wixum.help("wixum." .. name))
    end
  end)

  it("is found by the function and by the module that has it", function()
    for _, name in ipairs{ "roles", "assignments", "split", "csv" } do
      local whole = wixum.help(wixum[name])
      for inner, helper in pairs(wixum[name]) do
        local text = topics[name .. "." .. inner]
        if text then
          assert.equal(text, wixum.help(helper))
          assert.is_truthy(whole:find(text, 1, true))
        else assert.equal("csv", name) end -- which has more than a script needs
      end
    end
  end)

  it("says nothing of what is declared, which explains itself", function()
    for _, operation in ipairs(declaration.operations()) do assert.is_nil(topics[operation.full_name]) end
  end)

  it("has examples that are Lua, and lines that fit", function()
    for name, text in pairs(topics) do
      local example = text:match("\n  Example\n(.*)$")
      if name ~= "errors" then assert(load(example, name)) end
      for line in text:gmatch("[^\n]+") do assert.is_true(utf8.len(line) <= 132, line) end
    end
  end)
end)
