--- Wix in small: sites, people, mails and invites of one account, on a clock that can be advanced.
--
-- Owns that state. What the operations do with it stands in `wixum.sandbox.model.<namespace>`, a function each.
-- Pure: no sockets, no HTTP, no JSON of answers; time and chance are handed in.

local clock = require "wixum.sandbox.clock"
local random = require "wixum.sandbox.random"

local model = {}
model.__index = model

--- A fresh account.
---@param options table see `wixum.sandbox.options`; complete, with defaults filled in
---@param time table a `wixum.sandbox.clock`
---@param base_url string accept links start with it
function model.new(options, time, base_url)
  local self = setmetatable({
    options = options,
    clock = time,
    base_url = base_url,
    account_id = options.account_id,
    sites = {}, site_list = {},
    people = {},               -- address, lower case -> { email, account_id }
    invites = {},              -- by id
    invite_list = {},          -- in order of creation
    by_token = {}, by_address = {},
    expiries = { first = 1, last = 0 },
    mails = { first = 1, last = 0 },
    chance = {},
  }, model)
  for _, site in ipairs(options.sites) do self:add_site(site.id, site.name) end
  return self
end

--- Each kind of thing draws from a stream of its own: ids stay the same when something else is drawn in between.
function model:stream(label)
  local stream = self.chance[label]
  if not stream then
    stream = random.stream(self.options.seed, label)
    self.chance[label] = stream
  end
  return stream
end

function model:new_id(label)
  return random.guid(self:stream(label))
end

function model:now()
  return self.clock:now()
end

-- ---- Sites and people ------------------------------------------------------------------------------------------------

function model:add_site(id, name)
  local site = {
    id = id, name = name or ("Site %d"):format(#self.site_list + 1), language = self.options.owner_language,
    pending = 0, used = 0,     -- invites that hold a seat
  }
  self.sites[id] = site
  self.site_list[#self.site_list + 1] = site
  return site
end

--- The site of that GUID. An unknown one becomes a site of the account, unless the sites are strict.
---@return table? site
function model:site(id)
  id = id:lower()
  local site = self.sites[id]
  if not site and not self.options.strict_sites then site = self:add_site(id) end
  return site
end

--- Whoever reads mail at that address; becomes a Wix user when first needed.
function model:person(email)
  local address = email:lower()
  local person = self.people[address]
  if not person then
    person = { email = email, account_id = self:new_id("account") }
    self.people[address] = person
  end
  return person
end

-- ---- The outbox ------------------------------------------------------------------------------------------------------

--- Puts a mail into the outbox; the oldest falls out where it is full.
function model:send_mail(mail)
  local mails = self.mails
  mail.date = clock.date(self:now())
  mails.last = mails.last + 1
  mail.number = mails.last
  mails[mails.last] = mail
  while mails.last - mails.first + 1 > self.options.mails do
    mails[mails.first] = nil
    mails.first = mails.first + 1
  end
end

--- The mails that are kept, oldest first.
function model:outbox()
  local mails = self.mails
  return table.move(mails, mails.first, mails.last, 1, {})
end

-- ---- Expiry ----------------------------------------------------------------------------------------------------------
-- All invites live equally long, so a queue in order of mailing is also one in order of expiry.

function model:expire_later(invite)
  local queue = self.expiries
  queue.last = queue.last + 1
  queue[queue.last] = { invite = invite, at = invite.expires }
end

--- Turns what has run out by now into `Expired`. Every way into the model calls it first.
function model:settle()
  local queue, now = self.expiries, self:now()
  while queue.first <= queue.last and queue[queue.first].at <= now do
    local entry = queue[queue.first]
    queue[queue.first] = nil
    queue.first = queue.first + 1
    if entry.invite.status == "Pending" and entry.invite.expires == entry.at then
      self:set_status(entry.invite, "Expired")
    end
  end
end

-- What of a site's seats an invite in that status holds.
local holds = { Pending = "pending", Used = "used" }

--- The one place where an invite's status changes, so that seats are always counted.
function model:set_status(invite, status)
  local site = self.sites[invite.site_id]
  local before, after = holds[invite.status], holds[status]
  if before then site[before] = site[before] - 1 end
  if after then site[after] = site[after] + 1 end
  invite.status = status
end

-- ---- What invited people do ------------------------------------------------------------------------------------------

--- An invite by its id, its token, or its accept link.
---@param text string
---@return table? invite
function model:find_invite(text)
  self:settle()
  return self.invites[text:lower()] or self.by_token[text:match("[?&]token=(%w+)") or text]
end

local function answered(self, text, status)
  local invite = self:find_invite(text)
  if not invite then return nil, "no such invite", "NOT_FOUND" end
  if invite.status ~= "Pending" then
    return nil, ("the invite is %s, not Pending"):format(invite.status), "NOT_PENDING"
  end
  self:set_status(invite, status)
  return invite
end

--- The invitee follows the link and joins.
---@param text string id, token or accept link
---@return table? invite
---@return string? message
---@return string? code # NOT_FOUND or NOT_PENDING
function model:accept(text)
  local invite, message, code = answered(self, text, "Used")
  if invite then invite.accepted_by_account_id = self:person(invite.email).account_id end
  return invite, message, code
end

--- The invitee says no.
---@param text string id, token or accept link
function model:decline(text)
  return answered(self, text, "Declined")
end

return model
