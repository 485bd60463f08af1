-- What telling people did wrong once: words that were not so, and commands that did not help.

local errors = require "wixum.errors"

describe("a sentence #pure", function()
  it("has one stop, also where it asks", function()
    local advice = "Is it a file, and may you read and write it and its folder?"
    local err = errors.new({ kind = "ledger", outcome = "not_sent", message = "it cannot be opened" }, { advice = advice })
    assert.matches(advice, tostring(err), 1, true)
    assert.is_nil(tostring(err):find("?.", 1, true))
    local wixum = require "wixum"
    local _, refused = wixum.ledger.open("/nowhere/at/all.db")
    assert.is_nil(tostring(refused):find("%p%.$"))
  end)
end)
