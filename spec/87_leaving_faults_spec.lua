-- What taking people off said and wrote down wrong once: what is left of a leaver, what became of an invite that was withdrawn.

local here = require "spec.support.here"

describe("what is said of somebody #pure", function()
  it("leaves open whether that is a man or a woman", function()
    local found = {}
    for path in here.run("find lua -name '*.lua'"):gmatch("%S+") do
      local number = 0
      for line in io.lines(path) do
        number = number + 1
        local said = line:find("^%s*%-%-") and "" or line:gsub("%s%-%-%s.*$", "")
        for _, word in ipairs{ "he", "she", "his", "her", "hers", "him" } do
          if said:lower():find("%f[%w_]" .. word .. "%f[^%w_]") then found[#found + 1] = ("%s:%d: %s"):format(path, number, said) end
        end
      end
    end
    assert.equal("", table.concat(found, "\n"))
  end)
end)
