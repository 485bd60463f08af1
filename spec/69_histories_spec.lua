-- Histories at random: what a check calls accepted was. `make histories` is the same, at length, and prints what it decides.

local here = require "spec.support.here"
local histories = require "spec.support.histories"

describe("a check, whatever happened between two looks #pure", function()
  it("never says accepted of somebody who has not, and does decide", function()
    local figures = histories.run{ worlds = here.slow and 20 or 150, seed = 4 }
    assert.same({ 0, nil }, { figures.wrong, figures.first_wrong })
    assert.is_true(here.slow or figures.used > 0 and figures.decided > figures.used // 2, "it decides less than half")
    assert.is_true(figures.unclear > 0 and figures.confirmed > 0)
  end)

  it("would be wrong, were links or roles trusted, or invites sent past the ledger: which this sees", function()
    if here.slow then return end
    for _, case in ipairs{ { trust = "roles", likely = { change_role = 8 } }, { likely = { past_the_ledger = 2 } } } do
      assert.is_true(histories.run{ worlds = 100, seed = 4, trust = case.trust, likely = case.likely }.wrong > 0)
    end
  end)
end)
