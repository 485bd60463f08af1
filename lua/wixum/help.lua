--- What `wixum.help` says, made from the declarations and the option table alone.
--
-- Owns the layout of the explanations; every fact in them is declared elsewhere.

local client = require "wixum.client"
local declaration = require "wixum.declaration"
local errors = require "wixum.errors"
local names = require "wixum.names"
local options = require "wixum.options"
local redaction = require "wixum.redaction"

local help = {}

local EFFECTS = {
  read = "read: changes nothing, tried again by itself",
  repeatable = "repeatable: saying it twice does no harm, tried again by itself",
  adds = "adds: each time it acts something more happens, so it is tried again only while the service surely did not see it",
}

local CONTEXTS = { site = "the site of site_id (header wix-site-id)", account = "the account of account_id (header wix-account-id)" }

-- Text padded to a width in characters; %-20s counts bytes.
local function padded(text, width)
  return text .. (" "):rep(math.max(0, width - (utf8.len(text) or #text)))
end

local function type_of(field)
  local name = type(field.type) == "table" and field.type.class or field.type == "id" and "id (string)" or field.type
  if field.type == "guid" then name = "GUID (string)" end
  if field.values then name = table.concat(field.values, " | ") end
  return field.list and "list of " .. name or name
end

-- What the checks hold a field to.
local function limits_of(field)
  local limits = {}
  if field.required then limits[#limits + 1] = "required" end
  if field.not_empty then limits[#limits + 1] = "not empty" end
  if field.unique then limits[#limits + 1] = "no item twice" end
  if field.max_items then limits[#limits + 1] = "at most " .. field.max_items end
  if field.max_length then limits[#limits + 1] = ("at most %d bytes"):format(field.max_length) end
  if field.secret then limits[#limits + 1] = "secret" end
  return #limits > 0 and " (" .. table.concat(limits, ", ") .. ")" or ""
end

local function add_fields(lines, shape, indent, seen)
  local inner = {}
  for _, field in ipairs(shape.fields) do
    lines[#lines + 1] = ("%s%-24s %s%s: %s"):format(indent, field.name, type_of(field), limits_of(field), field.doc or "")
    if type(field.type) == "table" and not seen[field.type] then inner[#inner + 1], seen[field.type] = field.type, true end
  end
  for _, one in ipairs(inner) do
    lines[#lines + 1] = ("%s%s: %s"):format(indent, one.class, one.doc or "")
    add_fields(lines, one, indent .. "  ", seen)
  end
end

local function of_operation(operation)
  local lines = {
    operation.full_name .. "{ … }", "  " .. operation.doc, "",
    "  " .. operation.method .. " " .. operation.path,
    "  acts on     " .. CONTEXTS[operation.context],
    "  effect      " .. EFFECTS[operation.effect],
    "  permission  " .. (operation.permission or "not documented"), "",
    "  Arguments",
  }
  add_fields(lines, operation.arguments, "    ", {})
  lines[#lines + 1] = ""
  lines[#lines + 1] = #operation.answer.fields == 0 and "  Answer: an empty table" or "  Answer"
  add_fields(lines, operation.answer, "    ", {})
  lines[#lines + 1] = ""
  lines[#lines + 1] = "  Example"
  for line in operation.example:gmatch("[^\n]+") do lines[#lines + 1] = "    " .. line end
  return table.concat(lines, "\n")
end

local function of_namespace(namespace)
  local lines = { namespace.name .. ": " .. namespace.doc, "" }
  for _, operation in ipairs(namespace.operations) do
    lines[#lines + 1] = ("  %-18s %-10s %s"):format(operation.name, operation.effect, operation.doc)
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = ("wixum.help(wixum.%s.%s) tells arguments, limits, answer and an example."):format(namespace.name,
    namespace.operations[1].name)
  return table.concat(lines, "\n")
end

local WHERE = { client = "wixum.client", with = "wixum.client, with, call", call = "call" }

local function of_options()
  local lines = { "Options: wixum.client{ … }, wix:with{ … }, and as the second argument of a call", "" }
  for _, option in ipairs(options.list) do
    local default = option.default
    if type(default) == "table" then default = ("{ calls = %d, per = %d }"):format(default.calls, default.per) end
    lines[#lines + 1] = ("  %-16s %s%s [%s]"):format(option.name, option.doc,
      default ~= nil and ("; default " .. tostring(default)) or "", WHERE[option.where])
  end
  return table.concat(lines, "\n")
end

local function overview()
  local lines = { "wixum invites and manages people on Wix. Every call: operation{ arguments } -> answer, info or nil, err.", "" }
  for _, name in ipairs(declaration.namespace_names()) do
    lines[#lines + 1] = ("  wixum.%-18s %s"):format(name, declaration.namespace(name).doc)
  end
  local rest = {
    { "client{ … }", "a client of your own; wix:with{ … } for another site or timeout; wix:close()" },
    { "use(wix)", "make a client the default one" },
    { "csv.rows(path)", "rows of a spreadsheet's CSV" },
    { "check_email(text)", "true, or nil and the reason" },
    { "time(date)", "seconds since the epoch of a date in an answer" },
    { "interrupted", "the last call that Ctrl-C ended" },
  }
  for _, pair in ipairs(rest) do lines[#lines + 1] = ("  wixum.%s %s"):format(padded(pair[1], 18), pair[2]) end
  lines[#lines + 1] = ""
  lines[#lines + 1] = 'wixum.help(wixum.site_invites), wixum.help(wixum.site_invites.bulk_invite), wixum.help("options") tell more.'
  return table.concat(lines, "\n")
end

local function of_word(word)
  word = word:gsub("^wixum%.", "")
  if word == "options" then return of_options() end
  local known, short = { "options" }, {}
  for _, name in ipairs(declaration.namespace_names()) do
    local namespace = declaration.namespace(name)
    if word == name then return of_namespace(namespace) end
    known[#known + 1] = name
    for _, operation in ipairs(namespace.operations) do
      if word == operation.full_name or word == operation.name then return of_operation(operation) end
      known[#known + 1], short[#short + 1] = operation.full_name, operation.name
    end
  end
  local near = names.nearest(word, short)
  errors.mistake(("there is no help on %s%s"):format(redaction.text(word, 64) or '""',
    near and names.suggestion(word, { near }) or names.suggestion(word, known)))
end

--- The explanation of a thing.
---@param about any nil, a client, a namespace, a method or a word
---@return string
function help.text(about)
  if about == nil or client.is(about) then return overview() end
  if type(about) == "string" then return of_word(about) end
  local operation = type(about) == "function" and client.operation_of(about)
  if operation then return of_operation(operation) end
  local namespace = client.namespace_of(about)
  if namespace then return of_namespace(namespace) end
  local module = package.loaded["wixum"]
  if rawequal(about, module) then return overview() end
  errors.mistake(("there is no help on a %s: give a namespace, a method or a word"):format(type(about)))
end

return help
