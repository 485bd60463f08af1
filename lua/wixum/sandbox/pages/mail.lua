--- A mail as the invitee would see it, and what the link in it leads to.
--
-- Owns these pages and what is said of an invite's state there. Reading a page never answers an invite: programs that
-- look at mail follow every link. Only the two forms do, in `wixum.sandbox.pages.answer`.

local html = require "wixum.sandbox.pages.html"
local texts = require "wixum.sandbox.mail"
local words = require "wixum.sandbox.pages.words"

local mail_pages = {}

local most_characters = 20000 -- of a purpose; nobody reads more, and a browser would be slow with it

--- What an invite's state means to somebody who wants to answer it: a status of HTTP, and words.
local states = {
  Pending = { 200, "" },
  Used = { 409, "This invite was accepted. It can be answered once." },
  Declined = { 409, "This invite was declined. It can be answered once." },
  Expired = { 410, "This invite has expired: its link no longer works. Ask for a new mail." },
  Deleted = { 410, "This invite was revoked: its link no longer works." },
  unknown = { 404, "This link leads to no invite. Perhaps a newer mail took its place." },
}

-- ---- Parts -----------------------------------------------------------------------------------------------------------

local choice_template = html.template [[
<div class="choice" lang="{language}">
<form method="post" action="/_sandbox/accept"><input type="hidden" name="token" value="{token}">
<button class="first">{accept}</button></form>
<form method="post" action="/_sandbox/decline"><input type="hidden" name="token" value="{token}"><button>{decline}</button></form>
</div>
]]
local notice_template = html.template '<p class="notice">{text}</p>\n'

--- A link's token; nil where it has none.
---@param link string
---@return string?
function mail_pages.token(link)
  return link:match("[?&]token=(%w+)")
end

local function choice(invite, said)
  if invite and invite.status == "Pending" then
    return choice_template{ token = mail_pages.token(invite.accept_link), accept = said.accept, decline = said.decline,
      language = said.language }
  end
  local state = states[invite and invite.status or "unknown"] or states.unknown
  return notice_template{ text = state[2] }
end

local brought_template = html.template "<li>{what}</li>\n"
local brings_template = html.template "<p>Whoever accepts gets:</p>\n<ul>\n{list}</ul>\n"

-- What acceptance brings, as a list.
local function brings(model, invite)
  if not invite then return "" end
  local shown, rest
  if invite.site_id then
    shown, rest = words.some(invite.policy_ids or {}, function(id)
      return html.template "{role} on {site}"{ role = words.role(model, id), site = words.site(model, invite.site_id) }
    end)
  else
    shown, rest = words.invited_assignments(model, invite)
  end
  local list = {}
  for i, what in ipairs(shown) do list[i] = brought_template{ what = what } end
  if rest > 0 then list[#list + 1] = brought_template{ what = ("and %s more"):format(html.count(rest)) } end
  return brings_template{ list = list }
end

local purpose_template = html.template [[
<div class="purpose" role="region" aria-label="Purpose" tabindex="0"><blockquote dir="auto"{lang}>{text}</blockquote></div>
{rest}]]
local purpose_rest = html.template '<p class="soft">The text goes on for {count} bytes that are not shown here.</p>\n'
local lang_template = html.template ' lang="{language}"'

local function purpose(mail)
  if not mail.purpose or mail.purpose == "" then return "" end
  local head, rest = html.clip(mail.purpose:gsub("\r\n", "\n"), most_characters)
  local known = mail.language and #mail.language < 36 and mail.language:find("^%a%a%a?%f[-\0][-%w]*$")
  return purpose_template{
    text = head, rest = rest > 0 and purpose_rest{ count = html.count(rest) } or "",
    lang = known and lang_template{ language = mail.language } or "",
  }
end

-- ---- Pages -----------------------------------------------------------------------------------------------------------

local main_template = html.template [[
<h1>{title}</h1>
<article aria-labelledby="subject">
<dl>
<dt>From</dt><dd>Wix sandbox, for account {account}</dd>
<dt>To</dt><dd>{to}</dd>
{date}<dt>Language</dt><dd>{language}</dd>
<dt>Subject</dt><dd id="subject" class="who" lang="{lang}">{subject}</dd>
</dl>
<div lang="{lang}"><p>{greeting}</p><p>{asked}</p></div>
{purpose}{brings}{until_when}{choice}</article>
<p><a href="/">Back to the overview</a></p>
]]
local date_template = html.template "<dt>Sent</dt><dd>{date}</dd>\n"
local until_template = html.template "<p>The invite can be answered until {date}.</p>\n"

-- A sentence of the mail, with the site's name where that belongs.
local function sentence(model, mail, parts)
  if not mail.site_id then return parts[1] end
  return { parts[1], mail.site_name and html.name(mail.site_name) or words.site(model, mail.site_id), parts[2] }
end

local function show(server, title, mail, invite, nonce)
  local model = server.model
  local pending, said = invite and invite.status == "Pending" and invite.expiration_date, texts.words(mail)
  return html.page({
    title = title,
    main = main_template{
      title = title, account = model.account_id, to = html.name(mail.to),
      date = mail.date and date_template{ date = html.time(mail.date) } or "",
      language = html.name(mail.language or "none"),
      lang = said.language, subject = sentence(model, mail, said.subject), greeting = said.greeting,
      asked = sentence(model, mail, said.asked),
      purpose = purpose(mail), brings = brings(model, invite),
      until_when = pending and until_template{ date = html.time(pending) } or "", choice = choice(invite, said),
    },
  }, nonce)
end

local message_template = html.template [[
<h1>{title}</h1>
<p class="notice">{text}</p>
<p><a href="/">Back to the overview</a></p>
]]

--- A page that says one thing.
---@param title string
---@param text string|table text, or what a template takes
---@param nonce string
---@return string
function mail_pages.message(title, text, nonce)
  return html.page({ title = title, main = message_template{ title = title, text = text } }, nonce)
end

--- The invite that a token belongs to; an id is none.
---@param text string?
---@return table? invite
function mail_pages.invite(model, text)
  return text and text:find("^%w+$") and model:find_invite(text) or nil
end

--- A mail of the outbox.
---@param number string? as it stands in the query
---@return integer status
---@return string page
function mail_pages.by_number(server, number, nonce)
  local model = server.model
  local index = number and number:find("^%d+$") and #number < 16 and math.tointeger(number)
  local mail = index and model.mails[index]
  if not mail then
    return 404, mail_pages.message("No such mail", "The outbox has no mail of that number, or no longer keeps it.", nonce)
  end
  return 200, show(server, ("Mail %d"):format(mail.number), mail, mail_pages.invite(model, mail_pages.token(mail.accept_link)), nonce)
end

-- The newest mail about an invite; what is known of the invite itself where the outbox has none any more.
local function mail_of(model, invite)
  local mails = model.mails
  for number = mails.last, mails.first, -1 do
    if mails[number] and mails[number].invite_id == invite.id then return mails[number] end
  end
  return { to = invite.email, site_id = invite.site_id, purpose = invite.purpose }
end

--- What a link in a mail leads to.
---@param token string?
---@return integer status
---@return string page
function mail_pages.by_token(server, token, nonce)
  local invite = mail_pages.invite(server.model, token)
  if not invite then return 404, mail_pages.message("No such invite", states.unknown[2], nonce) end
  local state = states[invite.status] or { 409, "" }
  return state[1], show(server, "Your invite", mail_of(server.model, invite), invite, nonce)
end

return mail_pages
