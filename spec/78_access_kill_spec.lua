-- A review whose decisions are being carried out, killed again and again, against a service that fails at random.

local here = require "spec.support.here"
local torture = require "spec.support.access_torture"

describe("a review that is killed while it is applied #pure", function()
  it("leaves nobody with access who should lose it, nobody without who should keep it, and no call unexplained", function()
    local kills = here.slow and 3 or 15
    local figures = torture.run{ kills = kills, a_round = 8, seed = 7 }
    assert.is_true(figures.kills >= kills and figures.calls > 50)
  end)
end)
