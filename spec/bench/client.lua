--- The benchmark's client and its call: those of yardstick.c, by wixum.

local wixum = require "wixum"

local client = {}

--- A client for the server at this address.
---@param options table? further options
function client.new(url, options)
  local all = { base_url = url, rate = false, api_key = "IST.bench-0123456789abcdef0123456789abcdef0123456789abcdef",
    site_id = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10" }
  for name, value in pairs(options or {}) do all[name] = value end
  return wixum.client(all)
end

--- One call; raises where it fails.
function client.invite(wix)
  local sent, err = wix.site_invites.bulk_invite{
    policy_ids = { "6732588207941061632" },
    emails = { "ann@example.com", "bob@example.com" },
    invite_purpose = "Your new site is ready: come and see",
    default_email_language = "en",
  }
  if not sent then error(err) end
  return sent
end

--- An iterator over so many numbers.
function client.numbers(count)
  local position = 0
  return function()
    if position < count then
      position = position + 1
      return position
    end
  end
end

return client
