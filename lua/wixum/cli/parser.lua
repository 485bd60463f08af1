--- The command line: commands, arguments, options, and what their texts may be.
--
-- Owns the words of the help. What a command does is in the file of its name.

local blanks = require "wixum.csv.blanks"
local core = require "wixum.core"
local selector = require "wixum.ledger.selector"

local parser = {}

-- ---- what a text must be ---------------------------------------------------------------------------------------------

local function whole(name, least, most)
  return function(text)
    local number = math.tointeger(tonumber(text))
    if number and number >= least and number <= (most or math.maxinteger) then return number end
    return nil, ("%s is a whole number from %d%s, not '%s'"):format(name, least, most and (" to %d"):format(most) or " on", text)
  end
end

local function rate(text)
  if text == "none" then return false end
  local calls, seconds = text:match("^(%d+)/(%d+%.?%d*)$")
  calls, seconds = math.tointeger(tonumber(calls)), tonumber(seconds)
  if calls and seconds and calls > 0 and seconds > 0 then return { calls = calls, per = seconds } end
  return nil, "a rate is CALLS/SECONDS such as 200/60, or none, not '" .. text .. "'"
end

local function column(text)
  local field, header = text:match("^([%a_]+)=(.+)$")
  if field then return { field, header } end
  return nil, "a column is FIELD=HEADER such as email=E-Mail, not '" .. text .. "'"
end

local function age(text)
  if selector.seconds(text) then return text end
  return nil, "an age is a number and m, h, d or w, such as 10d, not '" .. text .. "'"
end

local function moment(text)
  if selector.moment(text, 0) then return text end
  return nil, "this is an age such as 10d, or a date such as 2026-11-25, not '" .. text .. "'"
end

-- An address, without what was copied along around it.
local function address(text) return blanks.trim(text) end

-- ---- options that several commands have ------------------------------------------------------------------------------

local function selecting(command)
  command:option("--email", "Of this person; more than once for more."):count("*"):convert(address):argname("ADDRESS")
  command:option("--site", "On this site: its id, or its name or address as the ledger has them."):count("*"):argname("SITE")
  command:option("--state", "In this state: " .. table.concat(selector.STATES, ", ") .. "."):count("*"):choices(selector.STATES)
    :argname("STATE")
  command:option("--last-mail-before", "Last mailed longer ago than 10d, 12h, or before a date."):convert(moment):argname("AGE")
  command:option("--invited-before", "The same, of the first mail."):convert(moment):argname("AGE")
  command:option("--limit", "At most so many rows."):convert(whole("a limit", 1)):argname("N")
  command:flag("--all", "All rows: must be said where nothing else is.")
end

local function guid(text)
  if core.is_guid(text) then return text end
  return nil, "an account is said by its id, 8-4-4-4-12 hex digits, not '" .. text .. "'"
end

local function trusting(command)
  command:option("--trust", "Take for granted: links (who used somebody's invite is that person, on every site) or roles (nobody's change "
    .. "before the next look); or `trust = links` in the config file."):count("*"):choices{ "links", "roles" }:argname("WHAT")
end

local function mailing(command)
  command:flag("--dry-run", "Tell what would be done, and do nothing.")
  command:flag("--keep-links", "Store the links by which an invite is accepted: who has one can accept.")
end

local function planning(command)
  command:argument("csv", "The spreadsheet as CSV; - is standard input."):argname("CSV")
  command:option("--column", "Which column a field is in: email=E-Mail. Fields: site, site_id, email, role, policy_ids, "
    .. "invite_purpose, language."):count("*"):convert(column):argname("FIELD=HEADER")
  command:option("--role", "The role of rows that say none, by its title; more than once for more."):count("*"):argname("TITLE")
  command:option("--locale", "The language of titles, such as de."):argname("LOCALE")
  command:option("--purpose", "What the mail says it is for, in rows that say nothing."):argname("TEXT")
  command:option("--language", "The language of mails to rows that say none."):argname("LANGUAGE")
  command:option("--encoding", "UTF-8, UTF-16LE, UTF-16BE or Windows-1252; recognised unless said."):argname("NAME")
  command:option("--delimiter", "What stands between cells; recognised unless said. \\t is a tab."):argname("CHARACTER")
  command:option("--skip-bad", "Write lines that cannot be used to FILE, and go on with the others."):argname("FILE")
  command:option("--limit", "At most so many rows."):convert(whole("a limit", 1)):argname("N")
end

-- ---- commands --------------------------------------------------------------------------------------------------------

local EVERYWHERE = "Options everywhere: --ledger FILE (or WIXUM_LEDGER), --sandbox, --like-account, --concurrency N, "
  .. "--rate CALLS/SECONDS, --json, --quiet, --yes; `wixum --help` explains them."

local EPILOG = [[
Exit status: 0 done; 1 some rows failed or are unknown, or not all is as it
should be (who, leaver: nobody is found; leaver --apply: something is left; team
invite: somebody is in the team or invited already; access: not all could be
read; access apply: not all is as the file says; status --fail-on: there is such
a row); 2 usage, settings or input; 3 interrupted, and can be gone on with, or
the answer to a question was no; 4 the key or its rights were refused; 5 the
ledger is in use by another process.

In scripts: local wixum = require "wixum"; print(wixum.help())]]

-- From a spreadsheet to mails.
local function inviting(add)
  local plan = add("plan", "Plan who is to be invited, from a spreadsheet; nobody is mailed.")
  planning(plan)
  plan:flag("--dry-run", "Look at everything, and leave the ledger as it was.")

  local invite = add("invite", "Plan what is new in a spreadsheet, and mail all who are planned.")
  planning(invite)
  mailing(invite)

  local resume = add("resume", "Go on mailing who is planned.")
  resume:option("--limit", "At most so many rows."):convert(whole("a limit", 1)):argname("N")
  mailing(resume)
end

-- Who has joined, and who somebody is.
local function knowing(add)
  local check = add("check", "Look who has joined since, and on what evidence; nobody is mailed.")
  check:option("--site", "On this site alone."):count("*"):argname("SITE")
  trusting(check)

  local confirm = add("confirm", "Say whose account it is that joined, where that is unclear.")
  confirm:argument("email", "Who was invited."):convert(address):argname("EMAIL")
  confirm:option("--site", "The site: its id, or its name or address as the ledger has them."):count(1):argname("SITE")
  confirm:option("--account", "The account that is theirs; `wixum check` names the candidates."):count(1):convert(guid):argname("ID")
  confirm:flag("--undo", "Take back that it is theirs, and what followed from it.")
  trusting(confirm)

  local who = add("who", "Somebody, everywhere: invites, mails, evidence, accounts, the team; and the command that comes next.")
  who:argument("text", "Part of an address, or of a name in the team; or an account's id."):argname("TEXT")
  who:flag("--for-support", "A block to paste for Wix's support: calls, ids, times in UTC; neither key nor link is in it.")
  who:flag("--offline", "Do not ask the team.")
end

-- Taking access away.
local function parting(add)
  local withdraw = add("withdraw", "The wrong person: revokes the invite, or takes the access away, once that is asked.")
  withdraw:argument("email", "Who was invited."):convert(address):argname("EMAIL")
  withdraw:option("--site", "The site: its id, or its name or address as the ledger has them."):count(1):argname("SITE")
  withdraw:option("--account", "The account, where it is unclear which is theirs."):convert(guid):argname("ID")
  trusting(withdraw)

  local leaver = add("leaver", "What somebody who leaves can still reach: team, sites, invites; --apply takes it away.")
  leaver:argument("email", "The whole address."):convert(address):argname("EMAIL")
  leaver:flag("--apply", "Take it away, and look again.")
  trusting(leaver)
end

-- The team. As `roles` and `sites` are lists, so is `team` by itself.
local function listing(command, titles, csv)
  command:option("--locale", "The language of titles, such as de."):argname("LOCALE"):target(titles)
  command:flag("--csv", "As CSV."):target(csv)
end

local function employing(top)
  local team = top:command("team", "The account's employees: a list of them, and inviting them.")
    :epilog(EVERYWHERE):command_target("step"):require_command(false)
  listing(team, "list_locale", "list_csv") -- names of their own: the same ones of the step behind it would undo these
  local employ = team:command("invite", "Invite employees to the account, with a role on chosen sites."):epilog(EVERYWHERE)
  employ:argument("emails", "Who is invited."):args("+"):convert(address):argname("EMAIL")
  employ:option("--role", "The role, by its title or id."):count(1):argname("TITLE")
  employ:option("--site", "On this site: its id, name or address; more than once for more."):count("*"):argname("SITE")
  employ:option("--sites", "On the sites that FILE names, one a line."):argname("FILE")
  employ:flag("--everywhere", "On the whole account: must be said.")
  employ:option("--locale", "The language of titles, such as de."):argname("LOCALE")
  employ:option("--language", "The language of the mail."):argname("LANGUAGE")
  employ:flag("--dry-run", "Tell what would be done, and do nothing.")
  listing(team:command("list", "Who is in the team or invited, and what became of the ledger's invites; `wixum team` is the same.")
    :epilog(EVERYWHERE), "locale", "csv")
end

-- Who can reach what.
local function reviewing(add)
  local access = add("access", "Who can reach what: a review to be decided and signed; `wixum access apply FILE` carries it out.")
  access:command_target("step"):require_command(false)
  access:option("--csv", "As a spreadsheet, with columns for decision and signature; - is standard output."):argname("FILE")
  access:option("--html", "As a page to be printed and signed."):argname("FILE")
  access:option("--lua", "As a Lua table, a desired state for a nightly job: see `wixum access apply --help`."):argname("FILE")
  access:option("--since", "What has changed since this review, an earlier CSV."):argname("OLD.csv")
  access:option("--site", "On this site alone: its id, or its name or address as the account has them."):count("*"):argname("SITE")
  access:option("--locale", "The language of titles, such as de."):argname("LOCALE")
  access:option("--roles", "known: roles as people were invited, without a call a site; not with --lua.")
    :choices{ "known" }:argname("known")
  access:option("--delimiter", "Between cells: , unless said; German and French Excel want ;"):argname("CHARACTER")
  local apply = access:command("apply",
    "Carry decisions out: keep, remove, or a role's title or [id]. Looks anew, shows, asks, looks again."):epilog(EVERYWHERE)
  apply:argument("file", "A review with its decisions, as CSV; or NAME.lua, a table of who may reach what: it is compared with what is so, "
    .. "and drift is reported (exit status 1), nothing changed."):argname("FILE")
  apply:flag("--apply", "Of a Lua table: change what differs. Whoever is on a site of the table, and not in it, is removed.")
    :target("changes") -- the name of the step itself would be true always
  apply:flag("--dry-run", "Tell what would be done, and do nothing.")
  apply:flag("--all-decided", "Exit with 1 where a row of the review has no decision, and could have one: not an open invite, nor "
    .. "an owner.")
  apply:option("--locale", "The language of titles, such as de."):argname("LOCALE")
end

-- How things stand.
local function telling(add)
  local status = add("status", "How things stand: counts, who has waited longest, what a person has to settle.")
  status:option("--site", "On this site alone."):count("*"):argname("SITE")
  status:option("--fail-on", "Exit with 1 where a row is in this state; for cron."):count("*"):choices(selector.STATES):argname("STATE")

  local export = add("export", "Rows as CSV for spreadsheets, or as JSON.")
  export:argument("file", "Where to; standard output unless said. NAME.json is JSON."):args("?"):argname("FILE")
  export:option("--delimiter", "Between cells: , unless said; German and French Excel want ;"):argname("CHARACTER")
  selecting(export)

  local report = add("report", "One page for people: who was mailed, who accepted, what went wrong; or the figures as --json.")
  report:option("--html", "Write the page to FILE; - is standard output."):argname("FILE")
  report:option("--site", "On this site alone."):count("*"):argname("SITE")
end

-- Mailing once more.
local function mailing_again(add)
  local remind = add("remind", "Mail those once more who have not accepted.")
  remind:option("--after", "Who was invited longer ago; 7d unless said."):convert(age):argname("AGE")
  remind:option("--every", "After that, so often; as --after unless said."):convert(age):argname("AGE")
  remind:option("--at-most", "Reminders a person; 2 unless said."):convert(whole("at-most", 1)):argname("N")
  remind:option("--email", "This person alone."):count("*"):convert(address):argname("ADDRESS")
  remind:option("--site", "On this site alone."):count("*"):argname("SITE")
  remind:option("--limit", "At most so many rows."):convert(whole("a limit", 1)):argname("N")
  remind:flag("--all", "All who are due; so it is where nobody is named.")
  mailing(remind)
  trusting(remind)

  local resend = add("resend", "Mail an invite once more: to whom it got lost.")
  selecting(resend)
  mailing(resend)
  resend:flag("--anew", "Do not go on with a batch that was interrupted.")
end

-- What is decided about rows.
local function deciding(add)
  local retry = add("retry", "Plan failed, expired and revoked rows anew; nobody is mailed before `wixum resume`.")
  selecting(retry)

  local revoke = add("revoke", "Revoke invites; who has accepted keeps the site.")
  selecting(revoke)
  revoke:flag("--dry-run", "Tell what would be done, and do nothing.")
  revoke:flag("--anew", "Do not go on with a batch that was interrupted.")

  local settle = add("settle", "Say what became of rows that are unknown.")
  settle:argument("verdict", "sent: it acted, the person was mailed, or the invite revoked. not_sent: it did not.")
    :choices{ "sent", "not_sent" }
  selecting(settle)
end

-- Copies, and the account as it is.
local function keeping(add)
  add("backup", "Write the ledger to one file, while it is in use."):argument("file", "One that is not there yet."):argname("FILE")
  add("import", "Read a backup or an export into the ledger."):argument("file", "It stays as it is."):argname("FILE")

  local roles = add("roles", "The roles that can be given.")
  roles:option("--locale", "The language of titles, such as de."):argname("LOCALE")
  roles:flag("--csv", "As CSV.")
  add("sites", "The account's sites."):flag("--csv", "As CSV.")
  add("doctor", "Is everything as it must be? Settings, key, rights, sites, clock; reads only, and says what to do.")
end

-- Without the service, and at a prompt.
local function playing(top)
  local sandbox = top:command("sandbox", "Play Wix on loopback until Ctrl-C: nobody is mailed.")
  sandbox:option("--port", "The port; 0 takes a free one."):default("0"):convert(whole("a port", 0, 65535))
  sandbox:option("--seed", "The same seed gives the same ids."):convert(whole("a seed", math.mininteger))
  sandbox:option("--state", "A file: go on from what it holds, and keep what there is at the end.")
  sandbox:option("--mail-folder", "A folder: each mail is also put there, as an .eml file.")
  sandbox:flag("--like-account", "Like the account of the settings: its sites, roles and team, by reads alone.")
    :target("like") -- the same before the command's name is an option of another place, which this would undo
  sandbox:option("--locale", "With --like-account: the language of titles beside English, such as de."):argname("LOCALE")
  sandbox:flag("--strict-sites", "Refuse sites it does not know, instead of making them sites of the account.")

  top:command("repl", "Lua's prompt, with wixum, wix (a client) and, where its file is there, ledger ready."):epilog(EVERYWHERE)

  local help = top:command("help", "Explain a command, or what scripts have: an operation, a namespace or a word.")
  help:argument("words", "e.g. remind, access apply, site_invites.bulk_invite, options"):args("*"):argname("WORD")
end

--- The parser.
---@return table top of argparse
function parser.new()
  local argparse = require "argparse"
  local top = argparse("wixum", "Invite and manage people on Wix, and keep what was sent to whom.")
  top:epilog(EPILOG)
  top:option("--version"):args(0):description("Say the versions."):action(function()
    print(("wixum %s, libcurl %s, %s"):format(require "wixum.version", require("wixum.core").libcurl, _VERSION))
    os.exit(0, true)
  end)
  top:option("--ledger", "The ledger; WIXUM_LEDGER or the config file say it too, else wixum.db."):argname("FILE")
  top:flag("--sandbox", "Act on a sandbox on this machine instead of Wix, starting one if need be.")
  top:flag("--like-account", "With --sandbox, where the ledger has none yet: make it like the account, by reads alone.")
  top:option("--concurrency", "Most calls at once."):convert(whole("a concurrency", 1)):argname("N")
  top:option("--rate", "Most calls in so many seconds: 200/60 unless said; none."):convert(rate):argname("CALLS/SECONDS")
  top:flag("--json", "Results as JSON.")
  top:flag("--quiet", "Say nothing unless something is wrong: no notes, and no results in words. Printed all the same are --json, the "
    .. "lists of roles, sites and team, and what is written to standard output as a file: export, and FILE -.")
  top:flag("--yes", "Do not ask before people are mailed, or lose an invite or access.")
  top:command_target("command"):require_command(true)
  local function add(name, description)
    return top:command(name, description):epilog(EVERYWHERE)
  end
  inviting(add)
  knowing(add)
  parting(add)
  employing(top)
  reviewing(add)
  telling(add)
  mailing_again(add)
  deciding(add)
  keeping(add)
  playing(top)
  return top
end

return parser
