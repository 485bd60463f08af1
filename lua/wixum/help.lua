--- What `wixum.help` says, made from the declarations and the option table alone.
--
-- Owns the layout of the explanations; every fact in them is declared elsewhere. Loaded by the first `wixum.help`.

local client = require "wixum.client"
local declaration = require "wixum.declaration"
local described = require "wixum.described"
local errors = require "wixum.errors"
local names = require "wixum.names"
local options = require "wixum.options"
local redaction = require "wixum.redaction"
local retry = require "wixum.retry"
local topics = require "wixum.help_topics"

local help = {}

local EFFECTS = {
  read = "read: changes nothing, tried again by itself",
  repeatable = "repeatable: saying it twice does no harm, tried again by itself",
  adds = "adds: each time it acts something more happens, so it is tried again only while the service surely did not see it",
}

local CONTEXTS = { site = "the site of site_id (header wix-site-id)", account = "the account of account_id (header wix-account-id)" }

-- Columns of a page, and the farthest that names push the column beside them.
local WIDTH, FARTHEST = 100, 34

-- ---- layout ----------------------------------------------------------------------------------------------------------

local function length(text) return utf8.len(text) or #text end

-- A name and beside it, from a column on, a text in as many lines as it needs.
local function add_entry(lines, name, text, column)
  local line, used = name, length(name)
  local gap = used < column and column - used or 1
  for word in text:gmatch("%S+") do
    if gap == 1 and used + 1 + length(word) > WIDTH and used > column then
      lines[#lines + 1] = line
      line, used, gap = "", 0, column
    end
    line, used, gap = line .. (" "):rep(gap) .. word, used + gap + length(word), 1
  end
  lines[#lines + 1] = line
end

-- Names with a text each, all texts from one column on.
local function add_entries(lines, entries)
  local column = 0
  for _, entry in ipairs(entries) do column = math.max(column, math.min(length(entry[1]), FARTHEST)) end
  for _, entry in ipairs(entries) do add_entry(lines, entry[1], entry[2], column + 2) end
end

local function add_example(lines, example)
  lines[#lines + 1] = ""
  lines[#lines + 1] = "  Example"
  for line in example:gmatch("[^\n]+") do lines[#lines + 1] = "    " .. line end
end

-- ---- operations ------------------------------------------------------------------------------------------------------

-- The fields of a shape, those of inner shapes below the field that has them, as they nest in the table that one writes.
-- A shape is told where it is first met.
local function add_fields(entries, shape, indent, given, seen)
  for _, field in ipairs(shape.fields) do
    local words = described.words(field, given)
    local inner = type(field.type) == "table" and field.type or nil
    if inner and seen[inner] and #inner.fields > 0 then words[#words + 1] = "as above" end
    local limits = #words > 0 and " (" .. table.concat(words, ", ") .. ")" or ""
    entries[#entries + 1] = { indent .. field.name, described.type(field) .. limits .. ": " .. field.doc }
    if inner and not seen[inner] then
      seen[inner] = true
      local one_of = given and inner.one_of and " Exactly one of:" or ""
      entries[#entries + 1] = { indent .. "  " .. inner.class .. ":", inner.doc .. one_of, about = true }
      add_fields(entries, inner, indent .. "  ", given, seen)
    end
  end
end

local function add_shape(lines, title, shape, given, seen)
  lines[#lines + 1] = ""
  if #shape.fields == 0 then
    lines[#lines + 1] = given and "  Arguments: none" or "  Answer: an empty table"
    return
  end
  lines[#lines + 1] = "  " .. title
  local entries = {}
  add_fields(entries, shape, "    ", given, seen)
  local column = 0
  for _, entry in ipairs(entries) do
    if not entry.about then column = math.max(column, math.min(length(entry[1]), FARTHEST)) end
  end
  for _, entry in ipairs(entries) do
    add_entry(lines, entry[1], entry[2], entry.about and length(entry[1]) + 1 or column + 2)
  end
end

local function of_operation(operation)
  local lines = {
    operation.full_name .. "{ … }", "  " .. operation.doc, "",
    "  " .. operation.method .. " " .. operation.path,
  }
  add_entries(lines, {
    { "  acts on", CONTEXTS[operation.context] }, { "  effect", EFFECTS[operation.effect] },
    { "  permission", operation.permission or "not documented" },
  })
  local seen = {}
  add_shape(lines, "Arguments", operation.arguments, true, seen)
  add_shape(lines, "Answer", operation.answer, false, seen)
  add_example(lines, operation.example)
  return table.concat(lines, "\n")
end

local function of_iterator(iterator, namespace)
  local lines = { ("for item in %s{ … } do"):format(iterator.full_name) }
  add_entry(lines, " ", iterator.doc, 2)
  lines[#lines + 1] = ""
  local over = namespace.by_name[iterator.over]
  add_entries(lines, {
    { "  arguments", ("those of %s, and the options of a call"):format(over.full_name) },
    { "  gives", described.type{ type = over.answer.by_name[iterator.items].type } .. ", one by one" },
    { "  errors", "a page that fails raises its error value" },
  })
  add_example(lines, iterator.example)
  return table.concat(lines, "\n")
end

local function of_namespace(namespace)
  local lines = { namespace.name .. ": " .. namespace.doc, "" }
  local listed, widest = table.move(namespace.operations, 1, #namespace.operations, 1, {}), 0
  table.move(namespace.iterators or {}, 1, #(namespace.iterators or {}), #listed + 1, listed)
  for _, declared in ipairs(listed) do widest = math.max(widest, #declared.name) end
  for _, declared in ipairs(listed) do
    local name = ("  %-" .. widest .. "s  %-10s"):format(declared.name, declared.effect or "iterator")
    add_entry(lines, name, declared.doc, #name + 2)
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = ("wixum.help(wixum.%s.%s) tells arguments, limits, answer and an example."):format(namespace.name,
    namespace.operations[1].name)
  return table.concat(lines, "\n")
end

-- ---- options, and all there is ---------------------------------------------------------------------------------------

local WHERE = { client = "wixum.client", with = "wixum.client, with, call", call = "call" }

local function of_options()
  local lines, entries = { "Options: wixum.client{ … }, wix:with{ … }, and as the second argument of a call", "" }, {}
  for _, option in ipairs(options.list) do
    local default = option.default
    if type(default) == "table" then default = ("{ calls = %d, per = %d }"):format(default.calls, default.per) end
    entries[#entries + 1] = { "  " .. option.name, ("%s%s [%s]"):format(option.doc,
      default ~= nil and ("; default " .. tostring(default)) or "", WHERE[option.where]) }
  end
  add_entries(lines, entries)
  return table.concat(lines, "\n")
end

-- The table of what is tried again, row for row as `wixum.retry` has it, and its numbers.
local function of_retries()
  local lines = { "What is tried again, by what became of an attempt and by the effect of the call:", "",
    ("  %-44s%-8s%-13s%s"):format("outcome and kind", "read", "repeatable", "adds") }
  local function add(name, row)
    local function word(effect) return row[effect] and "again" or "no" end
    lines[#lines + 1] = ("  %-44s%-8s%-13s%s"):format(name, word "read", word "repeatable", word "adds")
  end
  for _, row in ipairs(retry.TABLE) do
    local statuses = row.statuses and (" (%s)"):format(table.concat(row.statuses, ", ")) or ""
    add(("%s: %s%s"):format(row.outcome, row.kind, statuses), row)
  end
  add("everything else", {})
  local function say(text, ...) lines[#lines + 1] = text:format(...) end
  say ""
  say "  At most `retries` further attempts, all within `deadline`, which also bounds the waits and the pace."
  say("  Before each: a random part of %g s, doubled each time up to %g s; or what Retry-After says.", retry.FIRST_BACKOFF,
    retry.LONGEST_BACKOFF)
  say "  A wait longer than `max_wait` is not made: the error comes back, with retry_after."
  say("  A 429 halts all starts of the client, for what Retry-After says or %g s. After that one call is in flight,",
    retry.RATE_LIMIT_PAUSE)
  say "  one more with each good answer, and the pace begins with half, an eighth of `rate` more each window."
  say("  A budget of %d keeps an outage from being multiplied: a retry takes %d, a good answer gives %d back; after a 429 it",
    retry.BUDGET, retry.COST, retry.REWARD)
  say "  takes nothing. One budget for a client and all made from it."
  return table.concat(lines, "\n")
end

local REST = {
  { "client{ … }", "a client of your own; wix:with{ … } for another site or timeout; wix:call{ … } for an endpoint that is "
    .. "not declared; wix:close()" },
  { "use(wix)", "makes a client the default one" },
  { "roles.find(wix, title)", "a role by its title" },
  { "assignments.invitee{ … }", "an item of subjects_assignments: whom, which role, on which sites" },
  { "assignments.of{ … }", "the same for update_team_member_assignments" },
  { "split.bulk_invite(wix, …)", "more invitees than one call may carry; split.create_invite too" },
  { "csv.rows(path)", "rows of a spreadsheet's CSV" },
  { "ledger.open(path)", "plans what is to be sent, sends it, and keeps the ids; a send that was killed goes on" },
  { "people", "who has joined, who can reach what, and putting it right: check, who, withdraw, leaver, team" },
  { "doctor()", "is everything as it must be? Settings, key, rights, sites, clock; only reads" },
  { "map(items, fn)", "calls fn with each item, so many at once: answers, errors" },
  { "each(items, fn)", "the same for a million: counts" },
  { "spawn(fn, …)", "a task beside this code: task:wait(), task:done(), task:cancel()" },
  { "sleep(seconds)", "waits; other tasks go on" },
  { "loop", "for programs with an event loop of their own" },
  { "check_email(text)", "true, or nil and the reason" },
  { "time(date)", "seconds since the epoch of a date in an answer" },
  { "interrupted", "the last call that Ctrl-C ended" },
}

local function overview()
  local lines = { "wixum invites and manages people on Wix. Every call: operation{ arguments } -> answer, info or nil, err.", "" }
  local entries = {}
  for _, name in ipairs(declaration.namespace_names()) do
    entries[#entries + 1] = { "  wixum." .. name, declaration.namespace(name).doc }
  end
  for _, pair in ipairs(REST) do entries[#entries + 1] = { "  wixum." .. pair[1], pair[2] } end
  add_entries(lines, entries)
  lines[#lines + 1] = ""
  lines[#lines + 1] = 'wixum.help(wixum.site_invites), wixum.help(wixum.site_invites.bulk_invite), wixum.help("options") tell more,'
  lines[#lines + 1] = 'as do the words "call", "stats", "retries", "errors", "sandbox", and each name above, such as "roles.find".'
  return table.concat(lines, "\n")
end

-- ---- finding it ------------------------------------------------------------------------------------------------------

-- Topics that tell of several functions, and how these are written in them: each of the names leads there.
local TELLS = { ["ledger.open"] = { "ledger.", "ledger:([%l_]+)" }, people = { "people.", "people%.([%l_]+)%(" } }

-- What is said of a helper's module: all that is said of its functions.
local function of_module(module)
  local texts = {}
  for name, text in pairs(topics) do
    if name:match("^(%w+)%.") == module then texts[#texts + 1] = text end
  end
  table.sort(texts)
  return #texts > 0 and table.concat(texts, "\n\n") or nil
end

local function add_topics(found, known)
  for name, text in pairs(topics) do
    local function explain() return text end
    found[name], known[#known + 1] = explain, name
    local module = name:match("^(%w+)%.")
    if module and not found[module] then
      found[module], known[#known + 1] = function() return of_module(module) end, module
    end
    local tells = TELLS[name]
    for inner in text:gmatch(tells and tells[2] or "^$") do
      inner = tells[1] .. inner
      if not found[inner] then found[inner], known[#known + 1] = explain, inner end
    end
  end
end

-- Everything with a name of its own: a function that explains it, by full and by short name; and both kinds of names.
local function all_words()
  local found, known, short = { options = of_options, retries = of_retries }, { "options", "retries" }, {}
  local function add(declared, explain)
    found[declared.full_name], found[declared.name] = explain, found[declared.name] or explain
    known[#known + 1], short[#short + 1] = declared.full_name, declared.name
  end
  add_topics(found, known)
  for _, name in ipairs(declaration.namespace_names()) do
    local namespace = declaration.namespace(name)
    found[name], known[#known + 1] = function() return of_namespace(namespace) end, name
    for _, operation in ipairs(namespace.operations) do add(operation, function() return of_operation(operation) end) end
    for _, iterator in ipairs(namespace.iterators or {}) do
      add(iterator, function() return of_iterator(iterator, namespace) end)
    end
  end
  return found, known, short
end

--- What is said of a word; nil, and the nearest word that there is something about, where it is none.
---@param word string
---@return string? text
---@return string? near
function help.find(word)
  word = word:gsub("^wixum%.", "")
  local found, known, short = all_words()
  if found[word] then return found[word]() end
  return nil, names.nearest(word, short) or names.nearest(word, known)
end

local function of_word(word)
  local text = help.find(word)
  if text then return text end
  word = word:gsub("^wixum%.", "")
  local _, known, short = all_words()
  local near = names.nearest(word, short)
  errors.mistake(("there is no help on %s%s"):format(redaction.text(word, 64) or '""',
    near and names.suggestion(word, { near }) or names.suggestion(word, known)))
end

-- What is said of a helper, found by itself: the function, or the module that it is in.
local function topic_of(about)
  for name, text in pairs(topics) do
    local part, of_part = name:match("^(%w+)%.([%w_]+)$")
    local helper = part and package.loaded["wixum." .. part]
    if not part and about ~= nil and rawequal(about, rawget(package.loaded["wixum"], name)) then return text end
    if helper and rawequal(about, rawget(helper, of_part)) then return text end
    if helper and rawequal(about, helper) then return of_module(part) end
  end
  for _, one in pairs(package.loaded["wixum.people"] or {}) do
    if rawequal(about, one) then return topics.people end
  end
end

--- The explanation of a thing.
---@param about any nil, a client, a namespace, a method or a word
---@return string
function help.text(about)
  if about == nil or client.is(about) then return overview() end
  if type(about) == "string" then return of_word(about) end
  local operation = type(about) == "function" and client.operation_of(about)
  if operation then return of_operation(operation) end
  local iterator = type(about) == "function" and client.iterator_of(about)
  if iterator then return of_word(iterator.full_name) end
  local namespace = client.namespace_of(about)
  if namespace then return of_namespace(namespace) end
  local module = package.loaded["wixum"]
  if rawequal(about, module) then return overview() end
  local topic = topic_of(about)
  if topic then return topic end
  errors.mistake(("there is no help on a %s: give a namespace, a method or a word"):format(type(about)))
end

return help
