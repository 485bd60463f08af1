--- What `wixum.help` says of helpers and of what is no operation: by name, as text.
--
-- Owns these texts. What is declared is explained from its declaration (`wixum.help`), and never here.

return {
  ["client"] = [[
wixum.client{ … } -> client
  A client of your own. What is left out comes from the settings: environment, then ~/.config/wixum/config.
  wixum.help("options") lists the options; one that is unknown or unusable raises.

  Example
    local wix <close> = wixum.client{ site_id = site, timeout = 20 }
    local other = wix:with{ site_id = other_site }   -- same connections, key and pace
    wix:close()]],
  ["call"] = [[
wix:call{ method = …, path = …, … } -> answer, info, or nil, err
  An endpoint that is not declared here, with the same key, pace, attempts and errors.

  Arguments
    method    "GET", "POST", "PUT", "PATCH" or "DELETE"
    path      begins with /; what does not belong in a path is percent-encoded by you
    query     a table: dotted names, values, or lists for names that are repeated
    body      a table, sent under the names it has
    effect    "read", "repeatable" or "adds" (unless said): whether it may be tried again
    context   "site" or "account": which id goes along, where the client knows both
  Answer      as the service's JSON has it, nulls left out

  Example
    local answer, err = wix:call{ method = "GET", path = "/accounts/v1/account/child-accounts", effect = "read",
      context = "account" }]],
  ["roles.find"] = [[
wixum.roles.find(wix, title, options) -> role, or nil, err
  The role of that title, among the service's own and the account's. Case does not count; a role's id finds it too.
  Unknown, ambiguous or not for that level: kind `invalid`, with the candidates in err.data.candidates.

  Options
    level     "site" or "account": where it is to be given; one that may not be given there is refused
    locale    of the titles; "en" unless said
    roles     an answer of users.get_roles_info to look in, so that many titles cost one call

  Example
    local role, err = wixum.roles.find(wix, "website manager", { level = "site" })]],
  ["assignments.invitee"] = [[
wixum.assignments.invitee{ email = …, role = …, sites = { … } } -> an item of subjects_assignments
  Whom account_invites.create_invite invites, with which role, on which sites. Role and sites are ids, or tables with one.
  The whole account only by everywhere = true in place of sites; a list of sites that is empty is refused by the call.

  Example
    local ann = wixum.assignments.invitee{ email = "ann@example.com", role = role, sites = { site } }
    local sent, err = wix.account_invites.create_invite{ subjects_assignments = { ann } }]],
  ["assignments.of"] = [[
wixum.assignments.of{ role = …, sites = { … } } -> a list for new_assignments
  A role for users.update_team_member_assignments, one assignment a site, or one on the whole account by everywhere = true.

  Example
    local changed, err = wix.users.update_team_member_assignments{
      user_id = user.id, new_assignments = wixum.assignments.of{ role = role, sites = { site } }, assignment_ids_to_remove = {} }]],
  ["split.bulk_invite"] = [[
wixum.split.bulk_invite(wix, arguments, options) -> answer, failed, or nil, err
  site_invites.bulk_invite for any number of addresses: a call for each part of 50 (option size). Every part is checked
  before the first is sent; where that fails, nil, err. The answer has `invites` and `failed_emails` of all parts that were
  answered; `failed` lists the others: { first, last, emails, error }. No part is sent twice.

  Example
    local sent, failed = wixum.split.bulk_invite(wix, { policy_ids = { role.id }, emails = emails })
    for _, part in ipairs(failed or {}) do print(table.concat(part.emails, ", "), part.error) end]],
  ["split.create_invite"] = [[
wixum.split.create_invite(wix, arguments, options) -> answer, failed, or nil, err
  account_invites.create_invite for any number of invitees: a call for each part of 50 (option size). As
  split.bulk_invite, with `successful_invites` and `failed_invites`.

  Example
    local sent, failed = wixum.split.create_invite(wix, { subjects_assignments = invitees })]],
  ["csv.rows"] = [[
wixum.csv.rows(path, options) -> an iterator of row, line; or nil and the reason
  Rows of a spreadsheet's CSV by its headings; delimiter and encoding are recognised. An empty cell is nil.

  Example
    for row, line in assert(wixum.csv.rows("customers.csv")) do print(line, row.email) end]],
  ["ledger.open"] = [[
wixum.ledger.open(path, options) -> ledger; or nil, err
  An SQLite file that keeps what was sent, to whom, with which id; it is made where there is none (options.create = false: not).

  Methods
    ledger:plan(source, { client = wix })   rows of a CSV file, a list or an iterator become rows of the ledger: the plan, or
                                            nil and every line that stands against it. column, role, invite_purpose, language,
                                            locale, encoding, delimiter, on_problem, skip, dry_run may be said too
    ledger:send(wix, options)               sends what is planned: a summary. Again goes on where it ended, and mails nobody twice.
                                            concurrency, limit, on_progress, keep_links
    ledger:resend(wix, selector, options)   mails invites once more; ledger:revoke revokes them. dry_run: only tells
    ledger:check(wix)                       who has joined since, on what evidence; ledger:confirm{ … } lets a person decide
    ledger:remind(wix, { after = "10d", every = "7d", at_most = 2 })   checks, and mails those once more who have not accepted
    ledger:retry(selector)                  plans failed, expired and revoked rows anew
    ledger:settle(selector, verdict)        what became of rows that are unknown: "sent" or "not_sent"
    ledger:waiting(wix)                     what send would do: planned, people, sites, calls, and at least so many seconds;
                                            ledger:check_cost(wix): the same of a check
    ledger:who(text, { client = wix })      somebody, everywhere; ledger:for_support(text): a block to paste
    ledger:withdraw(wix, { email =, site_id = })   the wrong person: revokes, or takes the access away once ask says yes
    ledger:leaver(wix, email)               all that somebody can still reach; apply = true takes it away
    ledger:team(wix)                        the team; ledger:team_invite(wix, { email =, role =, sites = }): employees
    ledger:access(wix, { csv =, html =, lua =, since = })   who can reach what
    ledger:apply_access(wix, { file =, ask = })   carries a review's decisions out, or compares a Lua table with what is so
    ledger:status(selector)                 counts by state and site; what a person has to look at
    ledger:export(path, { format =, delimiter =, selector = })   rows as CSV or JSON; no accept links
    ledger:report(path, { selector = })     a page for people, and its figures; without a path the figures alone
    ledger:backup(path)                     all of it in one file; ledger:import(path) reads a backup or an export
    ledger:stop()                           ends a run that is under way in another task, and leaves nothing unknown
    ledger:rows(selector)                   rows by email, site_id, state, last_mail_before, invited_before, limit
    ledger:find_site(text)                  a site's id by its name or address; ledger:site_name(id): its name
    ledger:bound()                          base_url and account_id of the service that it belongs to
    ledger:close()
  What the file or the disk refuses is an error of kind ledger. wixum.help("people") tells more of those about people.

  Example
    local ledger = assert(wixum.ledger.open("handover.db"))
    local plan, problems = ledger:plan("customers.csv", { client = wix })
    if not plan then error(tostring(problems)) end
    local summary = assert(ledger:send(wix))
    for row in ledger:rows{ state = "unknown" } do print(row.email, row.reason) end]],
  ["people"] = [[
wixum.people, or the same as methods of a ledger
  Who has joined, who can reach what, and putting it right. What the service does not tell is concluded from who can reach the
  sites from look to look, with the evidence, and called unclear where it does not follow.

  Functions
    people.check(ledger, wix, { site_id =, trust = })   looks who has joined since: a summary. trust: "links", "roles"
    people.confirm(ledger, { email =, site_id =, account_id =, undo = })   a person says whose account it is
    people.remind(ledger, wix, { after =, every =, at_most = })   checks, and mails those once more who have not accepted
    people.who(ledger, text, { client = wix })   somebody, everywhere, by part of an address, a name in the team or an account
    people.for_support(ledger, text)        a block to paste: calls, ids, times in UTC; neither key nor link
    people.withdraw(ledger, wix, { email =, site_id =, account_id =, ask = })   revokes; or takes the access away, once ask says yes
    people.leaver(ledger, wix, email, { apply =, ask = })   all that somebody can still reach; apply takes it away
    people.team(ledger, wix)                the team, and what became of the ledger's invites to it
    people.team_invite(ledger, wix, { email =, role =, sites = })   employees; everywhere = true: the whole account
    people.access(ledger, wix, { csv =, html =, lua =, since =, site_id = })   who can reach what: a review to be decided and signed
    people.apply_access(ledger, wix, { file =, ask = })   carries its decisions out; or of a Lua table, { desired =, apply = }

  Example
    local ledger = assert(wixum.ledger.open("handover.db"))
    print(assert(wixum.people.check(ledger, wix)))
    print(assert(wixum.people.leaver(ledger, wix, "ann@example.com")))]],
  ["use"] = [[
wixum.use(wix)
  Makes a client the default one: what wixum.site_invites and the like, and calls without a client, use from now on.

  Example
    wixum.use(require("wixum.sandbox").start():client())]],
  ["check_email"] = [[
wixum.check_email(text) -> true; or nil and the reason
  Is this an address that mail can go to, as far as its text shows? Operations and the ledger check the same.

  Example
    print(wixum.check_email("ann@example"))]],
  ["time"] = [[
wixum.time(date) -> seconds; or nil and the reason
  Seconds since the epoch of a date as answers have it (RFC 3339): an integer where it has no fraction of a second.

  Example
    print(wixum.time("2025-11-24T16:00:00Z"))   -- 1764000000]],
  ["interrupted"] = [[
wixum.interrupted -> the error value of the last call, or map, that Ctrl-C ended; nil: none was
  For the REPL, where what Ctrl-C raises is printed and gone. Its outcome says whether the call may have acted; of a map it
  has answers and errors.

  Example
    print(wixum.interrupted and wixum.interrupted.outcome)]],
  ["doctor"] = [[
wixum.doctor(options) -> report
  Looks whether everything is as it must be, and says what to do where it is not: settings and where each comes from, the
  key's file, the ledger, TLS and proxy, the account, each right by a read that does no harm, the sites against their count,
  the clock, versions. It only reads, here and there; a right that only a mail would prove is named as unproven. What is
  wrong with the world is a line of the report and never raised.

  Options
    client    whose settings and key are looked at; else one is made from the settings
    ledger    its path; else as the command has it
    on_line   function(line), told each line as it is found
  Answer      tostring(report) tells it; report.lines is a list of { topic, name, state, text, advice, cause, value, source };
              state is "ok", "note", "warning", "unproven" or "wrong"; wrong, warnings and unproven are counts

  Example
    local report = wixum.doctor{ client = wix }
    print(report)
    for _, line in ipairs(report.lines) do if line.state == "wrong" then print(line.text, line.advice) end end]],
  ["map"] = [[
wixum.map(items, fn, options) -> answers, errors
  Calls fn(item, position) for each item, so many at once, and keeps what each answered, by its position. fn answers a value
  (true is kept where it answers none), or nil and an error; what it raises is an error of its item and harms no other.
  items is a list, or an iterator: called until it gives nil; its second value is fn's third argument.

  Options
    concurrency   most items at once; 16 unless said. A client's own concurrency and rate bound its calls besides
  Ctrl-C raises an error value with answers, errors and counts; of a list, every item is in one of the two.

  Example
    local answers, errors = wixum.map(sites, function(site)
      return wix:with{ site_id = site.id }.site_invites.bulk_invite{ policy_ids = { role.id }, emails = { site.owner } }
    end)]],
  ["each"] = [[
wixum.each(items, fn, options) -> counts, first_error
  wixum.map that keeps no answers: for a million items. counts has items, answered, failed and first_failed.

  Example
    local counts, err = wixum.each(wix.sites.each_site(), function(site) print(site.id) end)]],
  ["spawn"] = [[
wixum.spawn(fn, …) -> task
  Runs fn(…) as a task: beside this code, in the same thread. It goes on whenever something waits: a call, task:wait(),
  wixum.map, wixum.sleep. A call in a task lets the others go on until its answer is there.

    task:wait()     its results, once it has ended; nil and the error where it raised
    task:done()     has it ended?
    task:cancel()   ends it: the call under way raises in it (kind cancelled); answers that call's outcome

  Example
    local task = wixum.spawn(function() return wix.users.get_roles_info() end)
    local sites = wix.sites.query_sites()
    local roles, err = task:wait()]],
  ["sleep"] = [[
wixum.sleep(seconds)
  Waits; in a task the others go on meanwhile, elsewhere all of them do.

  Example
    wixum.sleep(0.5)]],
  ["loop"] = [[
wixum.loop: for programs with an event loop of their own; one for all clients and tasks of this Lua state
    loop:pollfd()       a descriptor, readable when there is something to do: an answer, a moment that has come, a new task
    loop:events()       "r"
    loop:timeout()      seconds until there is something to do by itself; nil: never
    loop:step(seconds)  does what there is to do, waiting so many seconds for it (0); answers whether anything is left
    loop:wait_with(f)   outside tasks, whatever waits calls f(loop) until its answer is there; nil: as before

  Example
    wixum.loop:wait_with(require("cqueues").poll)   -- now every call lets the other cqueues coroutines go on]],
  ["stats"] = [[
wix:stats() -> what the client, and all that share its connections, did so far
    starts        attempts that were sent, or tried to be
    retries       of these, further attempts of a call
    waits, waited how often a call waited for pace or back-off, and how many seconds in all
    answers       how many of each status: answers[200]
    in_flight     calls under way now
    sent, received  bytes of HTTP
    opened, reused  connections that were opened; attempts that found one open

  Example
    print(wix:stats().answers[429])]],
  ["errors"] = [[
What fails answers nil, err; tostring(err) is one line that says where, what, and what to do next.
  err.kind      invalid (refused before sending), unauthenticated, forbidden, not_found, conflict, precondition,
                rate_limited, rejected (another 4xx), server (5xx), network, tls, timeout, protocol (not the answer that
                was promised), redirected, interrupted, cancelled, closed
  err.outcome   not_sent: the service surely did not see it. refused: it answered, and did not act. unknown: it may have acted
  err.violations, err.status, err.code, err.description, err.data, err.request_id   what the service, or our check, said
  A mistake in the program (an unknown name, a wrong type) raises at the line that made it.]],
  ["sandbox"] = [[
require("wixum.sandbox").start{ … } -> server, or nil and the reason
  Wix on loopback: nobody is mailed. server:client() is a client for it; server:outbox(), server:accept(invite),
  server:decline(invite), server:advance(seconds), server:fault{ … }, server:requests(), server:members(), server:stop().
  server.base_url in a browser shows sites, invites, the team and the outbox. What it can be started with is in
  lua/wixum/sandbox/options.lua.

  Example
    local server = assert(require("wixum.sandbox").start{ seed = 1 })
    local wix = server:client()]],
}
