--- Wix in small: sites, people, a team, roles, mails and invites of one account, on a clock that can be advanced.
--
-- Owns the state as a whole: what is in it, how it begins, people and sites. Its parts are methods from
-- `wixum.sandbox.model.<part>`; what the operations do with it stands in `wixum.sandbox.model.<namespace>`, a function each.
-- Pure: no sockets, no HTTP, no JSON of answers; time and chance are handed in. Files only where a mail folder is asked for.

local clock = require "wixum.sandbox.clock"
local mail = require "wixum.sandbox.mail"
local random = require "wixum.sandbox.random"
local snapshot = require "wixum.sandbox.snapshot"

local model = {}
model.__index = model

for _, part in ipairs{ "contributions", "invitations", "outbox", "ownership", "roles", "team" } do
  for name, method in pairs(require("wixum.sandbox.model." .. part)) do model[name] = method end
end

--- A fresh account, or the one that `options.state` is a snapshot of.
---@param options table see `wixum.sandbox.options`; complete, with defaults filled in
---@param time table a `wixum.sandbox.clock`
---@param base_url string accept links start with it
function model.new(options, time, base_url)
  local self = setmetatable({ options = options, clock = time, base_url = base_url }, model)
  self.mail_folder = options.mail_folder and mail.folder(options.mail_folder)
  self:clear(options.seed, options.account_id)
  if options.state then
    assert(snapshot.restore(self, options.state))
    options.state = nil
  else
    self:populate()
  end
  return self
end

--- Forgets everything that is not an option.
function model:clear(seed, account_id)
  self.seed, self.account_id = seed, account_id
  self.sites, self.site_list = {}, {}
  self.sites_version = 0                          -- what is known of sites before a change of it is out of date
  self.people = {}                                -- address, lower case -> { email, account_id, user_id, name }
  self.emails = {}                                -- account -> address, of whom options name by the account
  self.roles, self.roles_by_id = {}, {}
  self.members, self.members_by_id = {}, {}       -- of the team; the owner is the first
  self.team_version = 0                           -- as sites_version
  self.team_searches, self.site_searches = nil, nil
  self.invites, self.by_token = {}, {}            -- both kinds
  self.invite_list, self.account_invite_list = {}, {} -- in order of creation
  self.by_address = {}                            -- newest site invite: site and address
  self.account_by_address = {}                    -- newest account invite: address
  self.made = 0                                   -- invites so far
  self.expiries = { first = 1, last = 0 }
  self.mails = { first = 1, last = 0 }
  self.mail_problem = nil                         -- why the last mail is not in the folder
  self.chance, self.drawn = {}, {}
end

-- What an account has from the first moment on.
function model:populate()
  local options = self.options
  self:add_roles(options.roles, options.predefined_roles)
  local owner = options.owner
  local person = self:person(owner.email, owner.name, self.account_id, owner.user_id)
  self.emails[self.account_id] = owner.email
  local first = self:member_for(person, owner.joined_team_at, owner.profile_image)
  self:assign(first, owner.assignments or { { policy_id = self.owner_role_id } })
  for _, given in ipairs(options.members or {}) do
    if given.account_id then self.emails[given.account_id] = given.email end
  end
  for _, site in ipairs(options.sites) do self:add_site(site) end
  for _, given in ipairs(options.members or {}) do self:add_member(given) end
  self:add_account_invites(options.account_invites or {})
end

function model:add_member(given)
  local site = given.site_id and self:site(given.site_id)
  local person = self:person(given.email, given.name, given.account_id, given.user_id)
  local member = self:member_for(person, given.joined_team_at, given.profile_image)
  local granted = given.assignments or {}
  if not given.assignments then
    for i, id in ipairs(self:role_ids(given.roles, site and "site" or "account")) do
      granted[i] = { policy_id = id, restrictions = site and self:on_site(site) or nil }
    end
  end
  self:assign(member, granted)
end

-- Where nobody says when they run out, it follows from when they were made.
function model:add_account_invites(invites)
  local lifetime = math.floor(self.options.lifetime * 1000000)
  for _, given in ipairs(invites) do
    local expires = given.expiration_date and clock.read(given.expiration_date)
      or (given.date_created and clock.read(given.date_created) or self:now()) + lifetime
    self:take_in_invite(given, expires)
  end
  self:order_expiries()
end

-- The roles of a member or contributor that an option names; a co-owner where it names none.
function model:role_ids(roles, level)
  local ids = {}
  for i, role in ipairs(roles) do ids[i] = self:role_id(role) end
  if #ids == 0 then ids[1] = level == "site" and "6732588207941061632" or "6642345101181663232" end
  return ids
end

-- Options name a role by its id or by its title.
function model:role_id(text)
  local role = self:role_named(text)
  return role and role.id or text
end

--- Each kind of thing draws from a stream of its own: ids stay the same when something else is drawn in between.
function model:stream(label)
  local stream = self.chance[label]
  if not stream then
    local drawn = self.drawn
    drawn[label] = drawn[label] or 0
    local inner = random.stream(self.seed, label, drawn[label])
    stream = function()
      drawn[label] = drawn[label] + 1 -- so that a snapshot can go on from here
      return inner()
    end
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

--- Adds a site to the account.
---@param given table id, and whatever the option `sites` may say of one
---@return table site
function model:add_site(given)
  local site = {
    id = given.id, name = given.display_name or given.name or ("Site %d"):format(#self.site_list + 1),
    url_name = given.display_name and given.name, owner_account_id = given.owner_account_id, language = self.options.owner_language,
    pending = 0, used = 0,     -- invites and contributors that hold a seat
    locations = {}, contributors = {}, reached_by = {}, number = #self.site_list + 1, seats = given.seats,
    published = given.published ~= false, namespace = given.namespace or "WIX", trashed = given.trashed,
    folder_id = given.folder_id, view_url = given.view_url, editor_type = given.editor_type == nil and "STUDIO" or given.editor_type,
    blocked = given.blocked or false, premium = given.premium or false, app_ids = given.app_ids or {},
  }
  for i, location in ipairs(given.locations or {}) do
    site.locations[i] = { id = location.id or self:new_id("location"), name = location.name or ("Location %d"):format(i) }
  end
  self.sites[site.id] = site
  self.site_list[site.number] = site
  if self.options.owner_contributes then
    local owner = self.members[1]
    self:add_contributor(site, self:person(owner.email), { self.owner_role_id })
  end
  for _, contributor in ipairs(given.contributors or {}) do
    local person = contributor.email and self:person(contributor.email, contributor.name, contributor.account_id)
      or self:person_of_account(contributor.account_id)
    local ids = {} -- unknown, where only the account is known
    if person.account_id == self:owner_of(site) then ids = { self.owner_role_id }
    elseif contributor.email or #contributor.roles > 0 then ids = self:role_ids(contributor.roles, "site") end
    self:add_contributor(site, person, ids, contributor.location_ids)
  end
  self.sites_version = self.sites_version + 1
  return site
end

--- The site of that GUID. An unknown one becomes a site of the account, unless the sites are strict; one that has left it is none.
---@return table? site
function model:site(id)
  id = id:lower()
  local site = self.sites[id]
  if site and site.left then return nil end
  if not site and not self.options.strict_sites then site = self:add_site{ id = id } end
  return site
end

-- "ann.smith@example.com" is Ann Smith, where nobody says otherwise.
local function name_from(email)
  local words = {}
  for word in email:match("^[^@]*"):gmatch("[^._+-]+") do words[#words + 1] = (word:gsub("^%l", string.upper)) end
  return { first_name = words[1] or "", last_name = table.concat(words, " ", 2) }
end

--- Whoever reads mail at that address; becomes a Wix user, with an account, when first needed.
---@param email string
---@param name { first_name: string, last_name: string }? where they are new
---@param account_id string? where it is known already
---@param user_id string? likewise
---@return table person
function model:person(email, name, account_id, user_id)
  local address = email:lower()
  local known = self.people[address]
  -- two users may read the same mail: who has other ids is somebody else, whom this address does not lead to
  if known and (account_id or known.account_id) == known.account_id and (user_id or known.user_id) == known.user_id then return known end
  local person = {
    email = email, account_id = account_id or self:new_id("account"), user_id = user_id or self:new_id("user"),
    name = name or name_from(email),
  }
  self.people[address] = known or person
  return person
end

-- Somebody of whom nothing but the account is known: an address that cannot be taken for anybody's.
function model:person_of_account(account_id)
  local email = self.emails[account_id]
  if not email then
    email = ("account-%s@rehearsal.invalid"):format(account_id:sub(1, 8))
    if self.people[email] then email = ("account-%s@rehearsal.invalid"):format(account_id) end -- of another with the same beginning
    self.emails[account_id] = email
  end
  return self:person(email, nil, account_id)
end

return model
