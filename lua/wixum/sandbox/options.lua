--- What a sandbox can be started with: names, checks, defaults.
--
-- Owns the list of options. What Wix's documentation leaves open is an option here, and its comment says so; the
-- defaults are the cautious reading, the one under which a careless client gets to feel it.

local checks = require "wixum.sandbox.option_checks"
local declaration = require "wixum.declaration"
local json = require "wixum.sandbox.json"
local names = require "wixum.names"
local random = require "wixum.sandbox.random"
local snapshot = require "wixum.sandbox.snapshot"

local options = {}

local boolean, integer, list, number, one_of, text =
  checks.boolean, checks.integer, checks.list, checks.number, checks.one_of, checks.text

local function host(value)
  local name, wanted = text(value)
  return name and name:lower(), wanted
end

-- Beyond 2^53 an integer would not survive JSON; as text it is the same seed.
local function seed(value)
  if math.type(value) == "integer" then return math.abs(value) < 1 << 53 and value ~= math.mininteger and value or tostring(value) end
  if type(value) == "string" then return value end
  return nil, "an integer or a string"
end

local function tls(value)
  if type(value) == "table" and type(value.cert) == "string" and type(value.key) == "string" then return value end
  return nil, "{ cert = PEM text or path, key = PEM text or path }"
end

-- A permission by the name that the declarations have for it.
local function permission(value)
  local words, seen = {}, {}
  for _, operation in ipairs(declaration.operations()) do
    if not seen[operation.permission] then words[#words + 1] = operation.permission end
    seen[operation.permission] = true
  end
  return one_of(table.unpack(words))(value)
end

-- As `sandbox.start` has read it from the file.
local function state(value)
  local mistake = snapshot.mistake(value)
  if mistake then return nil, "what server:save wrote: " .. mistake end
  return value
end

-- Name -> { check, default }. A check gives the value as it will be used, or nil and what it should have been.
local known = {
  -- The server.
  port         = { integer(0, 65535), 0 },              -- 0: chosen by the kernel
  host         = { one_of("127.0.0.1", "localhost"), "127.0.0.1" },  -- as base_url names it; it listens on 127.0.0.1
  hosts        = { list(host, "a list of host names"), json.array{} }, -- more Host headers for the API: "www.wixapis.com"
  tls          = { tls },                               -- https instead of http
  max_body     = { integer(1, 1 << 40), 16 * 1024 * 1024 },          -- bytes a request may carry: more is 413
  max_memory   = { integer(1 << 16, math.maxinteger) }, -- bytes the model may use: more is 500
  log          = { integer(0, math.maxinteger), 10000 },             -- deliveries that requests() keeps
  log_body     = { integer(0, math.maxinteger), 64 * 1024 },         -- bytes of a body that it keeps
  mails        = { integer(1, math.maxinteger), 100000 },            -- mails that the outbox keeps
  mail_folder  = { checks.words },                      -- each mail goes there too, an .eml file only its owner can read

  -- The account, and who and what is in it from the beginning.
  seed         = { seed, 1 },                           -- every id and token follows from it
  start_time   = { number },                            -- seconds since the epoch: the clock stands there until advanced
  state        = { state },                             -- a file that server:save wrote: go on from there
  sites        = { checks.sites },                      -- one of its own making unless given; GUIDs, or tables with id, name,
                                                        -- display_name (where it is said, name is the name in addresses),
                                                        -- published, namespace, trashed (date), folder_id, view_url, blocked,
                                                        -- editor_type, premium, app_ids, seats, locations { id, name },
                                                        -- owner_account_id, contributors { email or account_id, name, roles or
                                                        -- policy_ids, location_ids }. By account_id alone: roles are unknown
  strict_sites = { boolean, false },                    -- an unknown site is 403, else it becomes one of the account
  account_id   = { checks.guid },
  -- { email, name, user_id, joined_team_at, profile_image, assignments }
  owner        = { checks.owner, { email = "owner@example.com", name = { first_name = "Olivia", last_name = "Owner" } } },
  members      = { list(checks.member, "a list of members") }, -- of the team: { email, name, roles or policy_ids (ids or
                                                        -- titles; Co-Owner unless said), site_id (the roles are on that
                                                        -- site alone), joined_team_at, user_id, account_id, profile_image };
                                                        -- assignments as Search Team tells them, in place of roles
  account_invites = { list(checks.account_invite, "a list of invites to the team") }, -- of before; nobody is mailed: { email,
                                                        -- id, status, date_created, date_updated, expiration_date, assignments }
  roles        = { list(checks.role, "a list of roles") },     -- custom ones: { title, id, description, titles by language,
                                                        -- restrict_from_level, editor_types }
  predefined_roles = { list(checks.role, "a list of roles") }, -- the service's own, in place of those that every sandbox has
  api_key      = { text },
  permissions  = { list(permission, "a list of permissions") }, -- that the key has, in words of the declarations ("Manage
                                                        -- Contributors", …): another is 403. All unless said
  owner_language = { text, "en" },                      -- of mails, where the call names none

  -- What Wix leaves open (and, of the lifetime, only its help pages say).
  lifetime     = { number, 30 * 86400 },                -- of an invite
  max_emails   = { integer(1, math.maxinteger), 50 },   -- in one Bulk Invite: more is 400
  max_purpose  = { integer(1, math.maxinteger) },       -- characters of invitePurpose: more is 400. No limit unless said
  languages    = { one_of("any", "tags"), "any" },      -- defaultEmailLanguage: taken as it is, or 400 unless a tag ("pt-BR")
  duplicates   = { one_of("failed", "fresh", "error"), "failed" },   -- pending or accepted: failedEmails (failedInvites), a
                                                        -- new invite, 409
  malformed    = { one_of("error", "failed"), "error" },             -- an address: 400 for the call, failedEmails
  resend_expired  = { boolean, true },                  -- an expired invite can be resent, else 428
  resend_keeps    = { boolean, true },                  -- its id and link, else both are new
  resend_restarts = { boolean, true },                  -- its expiry starts again (an expired one's always does)
  revoke_settled  = { one_of("error", "ok"), "error" }, -- accepted, declined, revoked, expired: 428, or 200 and nothing
  seats        = { integer(0, math.maxinteger) },       -- pending invites and contributors a site may have; not counted
  seats_full   = { one_of("error", "failed"), "error" },             -- 428 for the call, failedEmails
  unknown_roles   = { one_of("accept", "refuse"), "accept" },        -- a role id that is none: taken, or 400
  role_levels     = { one_of("refuse", "ignore"), "refuse" },        -- restrictFromLevel, as we read it (Site: not on a site;
                                                        -- Account: not on the whole account): else 400. For roles there are
  owner_contributes = { boolean, false },               -- the account's owner shows among each site's contributors
  page_size       = { integer(1, math.maxinteger), 50 },             -- of Search Team, where the call says none
  max_page_size   = { integer(1, math.maxinteger), 100 },            -- a paging.limit above it is 400
  sites_page_size = { integer(1, 100), 50 },            -- of Query Sites, where the call says none (100 at most is known)
  trashed_sites   = { boolean, true },                  -- Query Sites and Count Sites find sites in the trash
  both_ids        = { one_of("refuse", "accept", "require"), "refuse" }, -- wix-site-id and wix-account-id: both are 400, may be
                                                        -- sent, or site calls need both (without the account's: 428)
  roles_by_site   = { one_of("refuse", "all", "site_level"), "refuse" }, -- Get Roles Info with wix-site-id alone: 428, all
                                                        -- roles, those of sites
  rate_limit      = { integer(1, math.maxinteger) },    -- calls in any rate_window: more is 429. None unless said (200 a
                                                        -- minute is published)
  rate_window     = { number, 60 },                     -- seconds
  rate_counts     = { one_of("key", "context"), "key" },             -- calls of the key, or of each site and the account
  rate_retry_after = { boolean, false },                -- 429 says Retry-After
  caller_capabilities = { list(text, "a list of words") },           -- callerCapabilities of invites: left out unless said
}

-- Without these a state that is loaded says what they are.
local of_state = { "account_id", "seed", "sites", "members", "roles", "owner", "predefined_roles", "account_invites" }

local known_names = {}
for name in pairs(known) do known_names[#known_names + 1] = name end

-- Takes from the state what it says of the account. What contradicts it comes back in words.
local function follow_state(complete)
  for _, name in ipairs(of_state) do
    if complete[name] ~= nil then return ("option %s cannot go with state, which says it"):format(name) end
  end
  local saved = complete.state
  complete.seed, complete.account_id, complete.sites = saved.seed, saved.account_id, json.array{ { id = saved.sites[1].id } }
  if saved.standing and not complete.start_time then complete.start_time = saved.now / 1000000 end
  if complete.strict_sites == nil then complete.strict_sites = saved.strict_sites end
end

--- Checks and completes.
---@param given table?
---@return table? complete # every option that has a value
---@return string? message
function options.complete(given)
  if given ~= nil and type(given) ~= "table" then return nil, "options must be a table" end
  local complete = {}
  for name, value in pairs(given or {}) do
    local option = known[name]
    if not option then
      return nil, ("unknown option %q%s"):format(tostring(name), names.suggestion(name, known_names))
    end
    local usable, wanted = option[1](value)
    if usable == nil then return nil, ("option %s must be %s"):format(name, wanted) end
    complete[name] = usable
  end
  local problem = complete.state and follow_state(complete)
  if problem then return nil, problem end
  for name, option in pairs(known) do
    if complete[name] == nil then complete[name] = option[2] end
  end
  complete.page_size = math.min(complete.page_size, complete.max_page_size)
  -- All three are drawn, whatever is given, so that none depends on what the others were.
  local ids = random.stream(complete.seed, "account's own")
  local account_id, site_id, key = random.guid(ids), random.guid(ids), random.token(ids)
  complete.account_id = complete.account_id or account_id
  complete.sites = complete.sites or json.array{ { id = site_id } }
  complete.api_key = complete.api_key or "IST.sandbox-" .. key
  return complete
end

return options
