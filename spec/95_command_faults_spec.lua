-- What the command did wrong once with words: pages that were not to be had, settings that were named by what does not say them,
-- and answers that named nothing to do next.

local cjson = require "cjson"
local command = require "spec.support.command"
local support = require "spec.support.ledger"

local ROLE = support.ROLE.title

local function contains(text, ...)
  for _, words in ipairs{ ... } do assert.truthy(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text)) end
end

-- What of an output is on stdout: the first line on stderr comes before it.
local function result(output) return (output:gsub("^SANDBOX [^\n]*\n", "")) end

describe("`wixum team` #pure", function()
  local desk

  before_each(function() desk = command.new{ seed = 3 } end)
  after_each(function() desk:close() end)

  it("is the list that `wixum team list` is, with its options before and behind the step", function()
    local function say(...) return result(desk:done(...)) end
    contains(say("team"), "ADDRESS", "owner@example.com")
    assert.equal(say("team", "list"), say("team"))
    for _, options in ipairs{ { "--csv" }, { "--locale", "de" }, { "--locale", "de", "--csv" } } do
      local behind = say("team", "list", table.unpack(options))
      assert.equal(behind, say("team", table.unpack(options)))
      table.insert(options, "list")
      assert.equal(behind, say("team", table.unpack(options)))
    end
    contains(say("team", "--locale", "de"), "Inhaber")
    assert.same(cjson.decode(say("--json", "team", "list")), cjson.decode(say("--json", "team")))
    contains(desk:done("team", "--help"), "--csv", "--locale LOCALE", "`wixum team` is the same")
  end)

  it("takes the locale of an invite before the step too, and refuses what is about the list", function()
    contains(desk:done("team", "--locale", "de", "invite", "eve@example.com", "--role", "Website-Manager", "--everywhere", "--dry-run"),
      "as Website-Manager on the whole account")
    contains(desk:fails(2, "team", "--csv", "invite", "eve@example.com", "--role", ROLE, "--everywhere"), "--csv is about the list")
    assert.equal(0, #desk.server:outbox())
  end)
end)
