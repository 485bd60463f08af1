--- The page at `/`: sites, invites, the team and the outbox, as they are now.
--
-- Owns what is shown of the model and how much of it, and the version by which a browser learns that it changed.
-- Must not tell a secret: accept links and tokens stand on the mails' own pages alone.

local html = require "wixum.sandbox.pages.html"
local script = require "wixum.sandbox.pages.script"
local words = require "wixum.sandbox.pages.words"

local overview = {}

local most_rows = 200 -- of a section

local section_template = html.template [[
<section id="{id}" aria-labelledby="{id}_title">
<h2 id="{id}_title">{title} ({count})</h2>
{rows}{rest}</section>
]]

local table_template = html.template [[
<table>
<caption>{caption}</caption>
<thead><tr><th scope="col">{first}</th><th scope="col" class="{width}">{second}</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
]]

local rest_template = html.template "<p>and {count} more, not shown here</p>\n"
local empty_template = html.template "<p>{text}</p>\n"

-- A list's rows; from its end where what is new stands there and is to be seen.
local function rows_of(list, newest_first, describe)
  local rows, count = {}, #list
  for i = 1, math.min(count, most_rows) do rows[i] = describe(list[newest_first and count + 1 - i or i]) end
  return rows
end

-- A section: `columns` are caption, titles of the two columns, and the width of the second.
local function section(id, title, columns, list, rows, none)
  local rest = #list - #rows
  return section_template{
    id = id, title = title, count = html.count(#list),
    rows = #rows == 0 and empty_template{ text = none } or table_template{
      caption = columns.caption, first = columns[1], second = columns[2], width = columns.width, rows = rows,
    },
    rest = rest > 0 and rest_template{ count = html.count(rest) } or "",
  }
end

local list_template = html.template "<ul>{items}</ul>"
local item_template = html.template "<li>{what}</li>"
local soft_template = html.template '<span class="soft">{text}</span>'

local function items(fragments, rest)
  local list = {}
  for i, what in ipairs(fragments) do list[i] = item_template{ what = what } end
  if rest > 0 then list[#list + 1] = item_template{ what = ("and %s more"):format(html.count(rest)) } end
  return list_template{ items = list }
end

-- ---- Sites -----------------------------------------------------------------------------------------------------------

local site_row = html.template [[
<tr><th scope="row">{name}<span class="soft">{seats}</span><span class="soft">{id}</span></th><td>{people}</td></tr>
]]
local contributor_template = html.template '<span class="who">{email}</span><span class="soft">{roles}</span>'

local function seats(model, site)
  local pending = ("%s pending"):format(html.count(site.pending))
  local most = site.seats or model.options.seats
  if not most then return ("%s; seats are not counted"):format(pending) end
  return ("%s; %s of %s seats free"):format(pending, html.count(math.max(most - site.used - site.pending, 0)), html.count(most))
end

local function describe_contributor(model, person)
  local ids = {}
  for i, given in ipairs(person.roles or {}) do ids[i] = given.role_id end
  return contributor_template{ email = html.name(person.email or person.account_id), roles = words.roles(model, ids) }
end

-- The newest first: who just arrived is to be seen.
local function contributors(model, site)
  local people = site.contributors or {}
  if #people == 0 then return soft_template{ text = "nobody yet" } end
  local newest = {}
  for i = 1, math.min(#people, words.most_items) do newest[i] = describe_contributor(model, people[#people + 1 - i]) end
  return items(newest, #people - #newest)
end

local function sites(model)
  local columns = { caption = "Each site, its seats, and who can reach it.", "Site", "Contributors", width = "half" }
  return section("sites", "Sites", columns, model.site_list, rows_of(model.site_list, false, function(site)
    return site_row{ name = html.name(site.name), id = site.id, seats = seats(model, site), people = contributors(model, site) }
  end), "No site yet.")
end

-- ---- Invites ---------------------------------------------------------------------------------------------------------

local invite_row = html.template [[
<tr><th scope="row">{email}<span class="soft">{brings}</span></th><td>{state}<span class="soft">{when}</span></td></tr>
]]

-- An invite's last date that matters in its state.
local function when(invite)
  if invite.status == "Pending" and invite.expiration_date then return { "until ", html.time(invite.expiration_date) } end
  return { "invited ", html.time(invite.date_created) }
end

local brings_template = html.template "{roles} on {site}"

local function invites(model)
  local columns = { caption = "The newest first.", "Who, and which role", "State", width = "third" }
  return section("invites", "Invites to sites", columns, model.invite_list, rows_of(model.invite_list, true, function(invite)
    return invite_row{
      email = html.name(invite.email), state = words.state(invite.status), when = when(invite),
      brings = brings_template{ roles = words.roles(model, invite.policy_ids), site = words.site(model, invite.site_id) },
    }
  end), "Nobody was invited to a site yet.")
end

local function account_invites(model)
  local list = model.account_invite_list or {}
  local columns = { caption = "The newest first.", "Who, and which roles", "State", width = "third" }
  return section("account_invites", "Invites to the team", columns, list, rows_of(list, true, function(invite)
    return invite_row{
      email = html.name(invite.email), state = words.state(invite.status), when = when(invite),
      brings = words.joined(words.invited_assignments(model, invite)),
    }
  end), "Nobody was invited to the team yet.")
end

-- ---- The team and the outbox -----------------------------------------------------------------------------------------

local member_row = html.template [[
<tr><th scope="row">{email}<span class="soft">{name}</span><span class="soft">{joined}</span></th><td>{roles}</td></tr>
]]

local function team(model)
  local list = model.members or {}
  local columns = { caption = "Who works in the account; who joined last comes first.", "Member", "Roles", width = "half" }
  return section("team", "Team", columns, list, rows_of(list, true, function(member)
    local roles, rest = words.member_assignments(model, member)
    return member_row{
      email = html.name(member.email), name = html.name(words.full_name(member)),
      joined = member.joined_team_at and { "since ", html.time(member.joined_team_at) } or "",
      roles = #roles > 0 and items(roles, rest) or soft_template{ text = "none" },
    }
  end), "Nobody is in the team.")
end

local mail_row = html.template [[
<tr><th scope="row"><a id="mail_{number}" href="/_sandbox/mail?number={number}">Mail {number} to {to}</a>
<span class="soft">{about}</span></th><td>{when}</td></tr>
]]

local function about(mail)
  return {
    mail.kind == "resend" and "again: " or "",
    mail.site_id and { "to the site ", html.name(mail.site_name or mail.site_id) } or "to the team",
    "; language ", html.name(mail.language or "none"),
  }
end

local function outbox(model)
  local list = model:outbox()
  local columns = { caption = "What would have been mailed, the newest first. A mail opens as the invitee would see it.", "Mail", "Sent",
    width = "third" }
  return section("outbox", "Outbox", columns, list, rows_of(list, true, function(mail)
    return mail_row{ number = mail.number, to = html.name(mail.to), about = about(mail), when = html.time(mail.date) }
  end), "No mail yet.")
end

-- ---- The page --------------------------------------------------------------------------------------------------------

local main_template = html.template [[
<h1>The sandbox, as it is now</h1>
<p id="live" role="status">Reload this page to see what is new.</p>
<nav aria-label="Sections"><ul>
<li><a href="#sites">Sites</a></li>
<li><a href="#invites">Invites to sites</a></li>
<li><a href="#account_invites">Invites to the team</a></li>
<li><a href="#team">Team</a></li>
<li><a href="#outbox">Outbox</a></li>
</ul></nav>
<div id="state">
<p id="account">Account <span class="who">{account}</span>. The date here is <time datetime="{day}"><span>{day}</span></time>.</p>
{sections}</div>
]]

local head_template = html.template [[
<noscript><meta http-equiv="refresh" content="5"></noscript>
]]
local foot_template = html.template [[
<script nonce="{nonce}" data-version="{version}">{script}</script>
]]

--- The page, and the version of what it shows. The version is another one whenever anything that is shown is.
---@param server table model, pages (kept between calls: run, version, shown)
---@param nonce string
---@return string page
---@return string version
function overview.page(server, nonce)
  local model, state = server.model, server.pages
  model:settle()
  local main = main_template{
    account = model.account_id, day = os.date("!%Y-%m-%d", model:now() // 1000000),
    sections = { sites(model), invites(model), account_invites(model), team(model), outbox(model) },
  }
  if main.markup ~= state.shown then state.shown, state.version = main.markup, state.version + 1 end
  local version = ("%s.%d"):format(state.run, state.version)
  return html.page({
    title = "Overview", main = main, head = head_template{},
    foot = foot_template{ nonce = nonce, version = version, script = html.raw(script) },
  }, nonce), version
end

return overview
