-- Every byte value in every text that a call takes: it arrives exactly as it was given, or is refused with nothing sent.
-- Through the network, where a sandbox tells what came, and through a `transport` function.

local cjson = require "cjson"
local sandbox = require "wixum.sandbox"

local GUID = "5f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11"
local SLOW = os.getenv "WIXUM_SLOW"

-- A good text for every argument, its place on the wire, and a call with one of them replaced.
local PLACES = {
  { name = "policy_ids", good = "6732588207941061632", operation = "bulk_invite", wire = function(body) return body.policyIds[1] end },
  { name = "emails", good = "ann@example.com", operation = "bulk_invite", wire = function(body) return body.emails[1] end },
  { name = "invite_purpose", good = "Your site is ready", operation = "bulk_invite", wire = function(body) return body.invitePurpose end },
  { name = "default_email_language", good = "en", operation = "bulk_invite", wire = function(body) return body.defaultEmailLanguage end },
  { name = "invite_id", good = GUID, operation = "resend_invite", wire = function(body) return body.inviteId end },
  { name = "default_email_language", good = "en", operation = "resend_invite", wire = function(body) return body.defaultEmailLanguage end },
  { name = "invite_id", good = GUID, operation = "revoke_invite", wire = function(body) return body.inviteId end },
}

local function arguments_with(place, text)
  local arguments = place.operation == "bulk_invite" and { policy_ids = { "1" }, emails = { "bob@example.com" } } or { invite_id = GUID }
  arguments[place.name] = type(arguments[place.name]) == "table" and { text } or text
  return arguments
end

-- ---- the two ways out ------------------------------------------------------------------------------------------------

-- Each answers a client, and a function that takes what came since it was last called: a list of { body, headers }.
local WAYS = {
  { name = "the network", open = function()
    local server = assert(sandbox.start{ seed = 1, log = 1 << 20, log_body = 1 << 20 })
    local function make(options) return server:client(options) end
    local function take()
      local list = server:requests()
      server:requests_clear()
      return list
    end
    return make, take, function() server:stop() end
  end },
  { name = "a transport function", open = function()
    local list = {}
    local function make(options)
      local all = { api_key = "key", site_id = GUID, rate = false, transport = function(request)
        local headers = {}
        for name, value in pairs(request.headers) do headers[name:lower()] = value end
        list[#list + 1] = { body = request.body, path = request.url:match("^https://[^/]+(/.*)$"), headers = headers, complete = true }
        return { status = 200, body = "{}" }
      end }
      for name, value in pairs(options or {}) do all[name] = value end
      return require("wixum").client(all)
    end
    local function take()
      local taken = list
      list = {}
      return taken
    end
    return make, take, function() end
  end },
}

-- The texts to try: every byte alone, before, within and behind a good text. Under a tool a part of them is enough.
local STRIDE = SLOW and 11 or 1

local function each_byte(good, visit)
  for byte = 0, 255, STRIDE do
    local character, middle = string.char(byte), #good // 2
    visit(character)
    visit(character .. good)
    visit(good:sub(1, middle) .. character .. good:sub(middle + 1))
    visit(good:sub(1, middle) .. character .. good:sub(middle + 2))
    visit(good .. character)
  end
end

local random_state = 20240229
local function random(most)
  random_state = (random_state * 6364136223846793005 + 1442695040888963407)
  return (random_state >> 33) % most
end

local function random_bytes()
  local bytes = {}
  for i = 1, random(40) do bytes[i] = string.char(random(256)) end
  return table.concat(bytes)
end

-- Characters of every length, boundaries among them.
local function random_text()
  local limits, codes = { 0x20, 0x80, 0x800, 0xD800, 0x10000, 0x110000 }, {}
  for i = 1, random(60) do
    local code = random(limits[random(#limits) + 1])
    codes[i] = utf8.char(code >= 0xD800 and code <= 0xDFFF and 0xFFFD or code)
  end
  return table.concat(codes)
end

for _, way in ipairs(WAYS) do
  describe("through " .. way.name, function()
    local make, take, close, wix

    before_each(function()
      make, take, close = way.open()
      wix = make()
    end)

    after_each(function()
      wix:close()
      close()
    end)

    -- Says a list of texts in that place; what was not refused must have come, in that order and as it was.
    local function say(place, texts)
      local operation, expected = wix.site_invites[place.operation], {}
      for _, text in ipairs(texts) do
        local answer, err = operation(arguments_with(place, text))
        if answer or err.outcome ~= "not_sent" then
          expected[#expected + 1] = text
        elseif err.kind ~= "invalid" or tostring(err):find("[\0-\31\127]") then
          error(("%q: %s"):format(text, err))
        end
      end
      local came = take()
      assert.equal(#expected, #came)
      for i, request in ipairs(came) do
        if not utf8.len(request.body) or request.body:find("[\0-\31]") then error(("%q"):format(request.body)) end
        local got = place.wire(cjson.decode(request.body))
        if got ~= expected[i] then assert.equal(("%q"):format(expected[i]), ("%q"):format(got)) end
      end
      return expected
    end

    for _, place in ipairs(PLACES) do
      it(("every byte of %s in %s"):format(place.name, place.operation), function()
        local texts = {}
        each_byte(place.good, function(text) texts[#texts + 1] = text end)
        local taken = say(place, texts)
        -- free text takes all of ASCII; ids of invites take nothing but themselves
        if place.name == "invite_purpose" then assert.equal((127 // STRIDE + 1) * 5, #taken)
        elseif place.name == "invite_id" then
          for _, text in ipairs(taken) do assert.equal(36, #text) end
        else
          for _, text in ipairs(taken) do assert.is_truthy(utf8.len(text)) end
        end
      end)
    end

    it("every pair of bytes", function()
      local place, stride = PLACES[3], SLOW and 997 or way.name == "the network" and 13 or 1
      for first = 0, 255 do
        local texts = {}
        for second = first % stride, 255, stride do texts[#texts + 1] = string.char(first, second) end
        for _, text in ipairs(say(place, texts)) do assert.is_truthy(utf8.len(text)) end
      end
    end)

    it("random bytes and random text", function()
      local count = SLOW and 10 or 400
      for _, place in ipairs(PLACES) do
        local bytes, texts = {}, {}
        for i = 1, count do bytes[i], texts[i] = random_bytes(), random_text() end
        say(place, bytes)
        local taken = say(place, texts)
        if place.name == "invite_purpose" then assert.same(texts, taken) end
      end
    end)

    it("long texts, whatever is in them", function()
      local place = PLACES[3]
      for _, unit in ipairs{ "x", "\0", '"', "\\", "/", "\n", "é", "𝄞", "\127", "</script>" } do
        local text = unit:rep(60000 // #unit // (unit:find("^[%z\n\127]") and 6 or 1))
        assert.same({ text }, say(place, { text }))
      end
    end)

    it("an id in the path arrives as that id", function()
      wix.site_invites.revoke_invite{ invite_id = GUID:upper() }
      assert.equal("/invites/site-invite/" .. GUID:upper() .. "/revoke", take()[1].path)
    end)

    -- What a client sends beside the arguments.
    local good = { policy_ids = { "1" }, emails = { "ann@example.com" } }

    -- Calls with these options; answers the header that came, nil where the call was refused.
    local function header_of(options, name)
      local ok, answer, err = pcall(wix.site_invites.bulk_invite, good, options)
      local came = take()
      if not ok then
        assert.matches("option ", answer, 1, true)
        assert.equal(0, #came)
        return nil
      end
      if not answer and err.outcome == "not_sent" then
        assert.equal(0, #came)
        return nil
      end
      assert.equal(1, #came)
      return came[1].headers[name] or "(no such header)"
    end

    it("every byte of a header of one's own and of user_agent", function()
      local taken = 0
      for byte = 0, 255, STRIDE do
        local character = string.char(byte)
        for _, text in ipairs{ character, character .. "x", "x" .. character, "x" .. character .. "y" } do
          for name, options in pairs{ ["x-own"] = { headers = { ["X-Own"] = text } }, ["user-agent"] = { user_agent = text } } do
            local got = header_of(options, name)
            if got then
              taken = taken + 1
              if got ~= text then assert.equal(("%s %q"):format(name, text), ("%s %q"):format(name, got)) end
            end
          end
        end
      end
      assert.is_true(taken > 90 * 4 // STRIDE)
      for _, text in ipairs{ "", " ", " x", "x ", "\tx", "x\t" } do
        assert.equal(text, header_of({ headers = { ["X-Own"] = text } }, "x-own") or text)
        assert.equal(text, header_of({ user_agent = text }, "user-agent") or text)
      end
      assert.equal("a \t b", header_of({ headers = { ["X-Own"] = "a \t b" } }, "x-own"))
    end)

    it("every byte of a header's name", function()
      for byte = 0, 255, STRIDE do
        local name = "x" .. string.char(byte) .. "y"
        local got = header_of({ headers = { [name] = "value" } }, name:lower())
        assert.equal(name:find("^[%w!#$%%&'*+.^_`|~-]+$") and "value" or nil, got, ("byte %d"):format(byte))
      end
      for _, name in ipairs{
        "", "Authorization", "AUTHORIZATION", "wix-site-id", "Wix-Account-Id", "x-wix-anything", "Content-Type", "content-length", "Host",
        "Cookie", "Transfer-Encoding", "Connection", "Expect", "User-Agent", "Accept-Encoding", "Proxy-Authorization", "x: y", "x\r\nEvil",
      } do
        assert.is_nil(header_of({ headers = { [name] = "value" } }, name:lower()), name)
      end
    end)

    it("every byte of a site's id", function()
      for at = 1, #GUID, SLOW and 9 or 1 do
        for byte = 0, 255, STRIDE do
          local id = GUID:sub(1, at - 1) .. string.char(byte) .. GUID:sub(at + 1)
          local ok, answer, err = pcall(wix.site_invites.bulk_invite, good, { site_id = id })
          if not ok then assert.matches("site_id", answer, 1, true)
          elseif not answer and err.outcome == "not_sent" then assert.equal("invalid", err.kind)
          else
            assert.equal(id, take()[1].headers["wix-site-id"])
            assert.is_truthy(id:find("^[%x-]+$"))
          end
        end
      end
      assert.equal(0, #take())
    end)
  end)
end
