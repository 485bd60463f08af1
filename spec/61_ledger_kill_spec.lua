-- A send and a remind that are killed again and again, against a service that fails at random. `make torture` is the same, at length.

local here = require "spec.support.here"
local torture = require "spec.support.torture"

describe("a run that is killed #pure", function()
  it("mails nobody twice and loses nobody, and what is unknown was under way", function()
    local rows, kills = here.slow and 150 or 1500, here.slow and 4 or 20
    local figures = torture.run{ rows = rows, kills = kills, reminder_kills = kills // 2, faults = 2, seed = 11 }
    assert.is_true(figures.kills == kills and figures.faults > 0 and figures.reminder_faults > 0)
    assert.equal(rows, figures.pending + figures.failed + figures.unknown)
    assert.is_true(figures.reminded > rows // 2)
  end)
end)
