-- The life of clients: made, derived, printed, closed, collected; the default one.

local process = require "spec.support.process"
local wixum = require "wixum"

local SITE, OTHER_SITE = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
local KEY = "IST.c2VjcmV0LWtleQ.dGhhdC1ub2JvZHk.bWF5LXNlZQ"
local INVITE = { policy_ids = { "1" }, emails = { "ann@example.com" } }

local function nothing() end
local function answers_nothing() return { status = 200, body = "{}" } end

-- Something is raised, at a line of this file, that holds these words.
local function complains(words, run, ...)
  local done, message = pcall(run, ...)
  assert.is_false(done, "nothing was raised")
  assert.matches("10_clients_spec%.lua:%d+: [^\n]+$", tostring(message))
  assert.is_truthy(message:find(words, 1, true), ("not %q but %q"):format(words, message))
end

local function offline(more)
  local options = { transport = answers_nothing, site_id = SITE, api_key = KEY, rate = false }
  for name, value in pairs(more or {}) do options[name] = value end
  return wixum.client(options)
end

describe("a client", function()
  it("prints where it goes and for whom, and nothing else", function()
    local wix = wixum.client{ api_key = KEY, site_id = SITE, account_id = OTHER_SITE, base_url = "http://127.0.0.1:80/x/" }
    assert.equal(("wixum.client (http://127.0.0.1:80/x, site %s, account %s)"):format(SITE, OTHER_SITE), tostring(wix))
    assert.is_nil(next(wix))
    wix:close()
    assert.matches(", closed)", tostring(wix), 1, true)
    assert.is_nil(tostring(wixum.client{ api_key = KEY, site_id = KEY }):find("c2Vj", 1, true))
  end)

  it("has no other fields and takes none", function()
    local wix = offline()
    complains('a client has no field site_invite (did you mean "site_invites"?)', function() return wix.site_invite end)
    complains('site_invites has no operation bulkInvite (did you mean "bulk_invite"?)', function() return wix.site_invites.bulkInvite end)
    complains("a client is not to be changed", function() wix.timeout = 1 end)
    complains("site_invites is not to be changed", function() wix.site_invites.mine = nothing end)
    complains("wixum has no field clients", function() return wixum.clients end)
  end)

  it("tells a colon from a dot", function()
    local wix = offline()
    complains("write a colon: wix:with", function() wix.with{ timeout = 1 } end)
    complains("write a colon: wix:close", function() wix.close() end)
    complains("write a dot, not a colon: site_invites.bulk_invite", function() wix.site_invites:bulk_invite(INVITE) end)
  end)

  it("that is closed raises on calls and on with, prints, and may be closed again", function()
    local wix = offline()
    local invite = wix.site_invites.bulk_invite
    wix:close()
    wix:close()
    complains("site_invites.bulk_invite: the client is closed", function() invite(INVITE) end)
    complains("site_invites.bulk_invite: the client is closed", function() wix.site_invites.bulk_invite("nonsense") end)
    complains("the client is closed", function() wix:with{} end)
    assert.matches("closed", tostring(wix))
  end)

  it("closes those made from it; one made from it closes itself alone", function()
    local wix = offline()
    local first, second = wix:with{}, wix:with{}
    local below = first:with{}
    first:close()
    complains("closed", function() first.site_invites.bulk_invite(INVITE) end)
    for _, open in ipairs{ wix, second, below } do assert.is_truthy(open.site_invites.bulk_invite(INVITE)) end
    wix:close()
    for _, closed in ipairs{ wix, second, below } do
      complains("closed", function() closed.site_invites.bulk_invite(INVITE) end)
      assert.matches("closed", tostring(closed))
    end
  end)

  it("that is closed in the middle of a call says so, with nothing sent", function()
    for _, where in ipairs{ "before_send", "on_event" } do
      local sent = 0
      local wix
      local function close() wix:close() end
      wix = offline{ transport = function() sent = sent + 1 return { status = 200, body = "{}" } end,
        on_event = where == "on_event" and close or nil }
      local answer, err = wix.site_invites.bulk_invite(INVITE, where == "before_send" and { before_send = close } or nil)
      assert.is_nil(answer)
      assert.same({ "closed", "not_sent", 0 }, { err.kind, err.outcome, sent }, where)
    end
  end)

  it("is closed by <close>", function()
    local invite
    do
      local wix <close> = offline()
      invite = wix.site_invites.bulk_invite
      assert.is_truthy(invite(INVITE))
    end
    complains("closed", function() invite(INVITE) end)
  end)

  it("is collected when nobody has it, and not while a method of it or a client made from it is kept", function()
    local known = setmetatable({}, { __mode = "k" })
    local function count()
      collectgarbage()
      collectgarbage()
      local n = 0
      for _ in pairs(known) do n = n + 1 end
      return n
    end
    local invite, derived
    do
      local wix = wixum.client{ api_key = KEY, transport = answers_nothing, site_id = SITE }
      wix.site_invites.bulk_invite(INVITE)
      known[wix] = true
      local kept = offline()
      known[kept] = true
      invite = kept.site_invites.bulk_invite
      derived = offline():with{ retries = 1 }
      known[derived] = true
    end
    assert.equal(2, count())
    assert.is_truthy(invite(INVITE))
    assert.is_truthy(derived.site_invites.bulk_invite(INVITE))
    invite, derived = nil, nil
    assert.equal(0, count())
    assert.is_nil(invite or derived)
  end)
end)

describe("the default client", function()
  -- A module of its own, without a default client yet.
  local function fresh()
    local loaded = package.loaded["wixum"]
    package.loaded["wixum"] = nil
    local module = require "wixum"
    package.loaded["wixum"] = loaded
    return module
  end

  it("is what wixum.use says, also for methods that were kept", function()
    local module = fresh()
    local invite = module.site_invites.bulk_invite
    local answer, err = invite(INVITE)
    assert.is_nil(answer)
    assert.same({ "invalid", "not_sent" }, { err.kind, err.outcome })
    assert.matches("this call needs a site_id", tostring(err), 1, true)
    assert.matches("WIX_SITE_ID", tostring(err), 1, true)
    module.use(offline{ dry_run = true })
    assert.equal(SITE, invite(INVITE).headers["wix-site-id"])
    module.use(offline{ dry_run = true, site_id = OTHER_SITE })
    assert.equal(OTHER_SITE, invite(INVITE).headers["wix-site-id"])
    assert.equal(OTHER_SITE, module.site_invites.bulk_invite(INVITE).headers["wix-site-id"])
  end)

  it("is a client", function()
    for _, value in ipairs{ {}, "wix", 1, wixum } do
      complains("wixum.use takes a client, not a " .. type(value), function() fresh().use(value) end)
    end
    complains("wixum.use takes a client, not a nil", function() fresh().use() end)
  end)

  it("tells what is missing, also in the first call of a process", function()
    local output, code = process.run({ "lua5.4", "-e", [[
      local arguments = { policy_ids = { "1" }, emails = { "ann@example.com" } }
      for _ = 1, 2 do print((select(2, require("wixum").site_invites.bulk_invite(arguments)))) end
    ]] }, { env = { WIXUM_BASE_URL = "http://127.0.0.1:1", WIX_API_KEY = KEY } })
    assert.equal(0, code, output)
    local _, count = output:gsub("this call needs a site_id, and none is known %(invalid, not sent%)", "")
    assert.equal(2, count, output)
  end)

  it("that was closed raises", function()
    local module, wix = fresh(), offline()
    module.use(wix)
    wix:close()
    complains("site_invites.bulk_invite: the client is closed", function() module.site_invites.bulk_invite(INVITE) end)
  end)
end)
