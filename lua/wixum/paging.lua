--- Iterators over the pages of a search: `for member in wix.users.each_member{ … } do`.
--
-- Owns how pages follow each other, by offset or by cursor. Which operations have pages is declared (`iterators` of a
-- namespace). A page is asked for when the loop gets there, and only one is held; a page that fails raises its error
-- value, so that a loop never ends early in silence.

local errors = require "wixum.errors"

local paging = {}

-- Items a page where the caller does not say: what the service gives by itself, and at most, is not documented.
local PAGE_SIZE = { offset = 50, cursor = 100 }

local function copy_of(table_given)
  local copy = {}
  for name, value in next, table_given or {} do copy[name] = value end
  return copy
end

local function protocol_fault(iterator, message)
  error(errors.new{ kind = "protocol", outcome = "unknown", message = message, operation = iterator.full_name,
    where = errors.where(), attempts = 1 }, 0)
end

-- Each kind: the argument that pages, the arguments of the first page, and of the next one, nil where there is none.
local KINDS = {}

KINDS.offset = {
  argument = "paging",
  first = function(arguments)
    local own = copy_of(arguments.paging)
    own.limit, own.offset = own.limit or PAGE_SIZE.offset, own.offset or 0
    arguments.paging = own
    return arguments
  end,
  -- A page that is not full may be the server's own limit at work: only an empty one is the end.
  next = function(arguments, _, count)
    if count == 0 then return nil end
    local own = copy_of(arguments.paging)
    own.offset = own.offset + count
    arguments.paging = own
    return arguments
  end,
}

KINDS.cursor = {
  argument = "query",
  first = function(arguments)
    local query = copy_of(arguments.query)
    local own = copy_of(query.cursorPaging)
    own.limit = own.limit or PAGE_SIZE.cursor
    query.cursorPaging, arguments.query = own, query
    return arguments
  end,
  -- A page that follows carries the cursor alone: what was asked for is in it.
  next = function(arguments, answer)
    local metadata = answer.metadata or {}
    local cursor = metadata.cursors and metadata.cursors.next
    if metadata.has_next == false or not cursor or cursor == "" then return nil end
    arguments.query = { cursorPaging = { cursor = cursor } }
    return arguments
  end,
}

-- What tells two pages apart; a service that gave the same page again and again would make an endless loop.
local function identity(item)
  if type(item) ~= "table" then return item end
  local inner = item.user or item.invite or item
  return inner.id
end

--- The method of a declared iterator.
---@param iterator table declared: `full_name`, `kind`, `items`
---@param operation fun(arguments: table, call_options: table?): table?, table
---@return fun(arguments: table?, call_options: table?): fun(): table?
function paging.method(iterator, operation)
  local kind = KINDS[iterator.kind]
  return function(arguments, call_options)
    if arguments ~= nil and type(arguments) ~= "table" then
      errors.mistake(("%s: arguments must be a table, not a %s"):format(iterator.full_name, type(arguments)))
    end
    local inner = arguments and arguments[kind.argument]
    if inner ~= nil and type(inner) ~= "table" then
      errors.mistake(("%s: %s must be a table, not a %s"):format(iterator.full_name, kind.argument, type(inner)))
    end
    local pending = kind.first(copy_of(arguments)) -- nil once there is no further page
    local items, position, first, before = {}, 0, nil, nil
    local function close() pending, items, position = nil, {}, 0 end
    local function following()
      position = position + 1
      while items[position] == nil do
        if not pending then return close() end
        local asked = pending
        pending = nil
        local answer, err = operation(asked, call_options)
        if not answer then error(err, 0) end
        items, position = answer[iterator.items], 1
        before, first = first, items[1] and identity(items[1])
        if first ~= nil and first == before then
          protocol_fault(iterator, "the service gave the same page again")
        end
        pending = kind.next(asked, answer, #items)
      end
      local item = items[position]
      items[position] = false -- what was handed out is the caller's alone
      return item
    end
    return following, nil, nil, setmetatable({}, { __close = close })
  end
end

return paging
