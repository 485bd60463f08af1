--- Iterators over the pages of a search: `for member in wix.users.each_member{ … } do`.
--
-- Owns how pages follow each other, by offset or by cursor. Which operations have pages is declared (`iterators` of a
-- namespace). A page is asked for when the loop gets there, and only one is held; a page that fails raises its error
-- value, so that a loop never ends early in silence.

local errors = require "wixum.errors"
local pages_seen = require "wixum.pages_seen"

local paging = {}

-- Items a page where the caller does not say: what the service gives by itself, and at most, is not documented.
local PAGE_SIZE = { offset = 50, cursor = 100 }

local function copy_of(table_given)
  local copy = {}
  for name, value in next, table_given or {} do copy[name] = value end
  return copy
end

local function protocol_fault(iterator, message)
  return errors.new{ kind = "protocol", outcome = "unknown", message = message, operation = iterator.full_name,
    where = errors.where(), attempts = 1 }
end

-- Each kind: the argument that pages, the arguments of the first page, and of the next one, nil where there is none; and the cursor in
-- those.
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
  cursor = function() return nil end,
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
    local metadata = type(answer.metadata) == "table" and answer.metadata or {}
    local cursor = type(metadata.cursors) == "table" and metadata.cursors.next or nil
    if cursor == "" then cursor = nil end
    if metadata.has_next == true and not cursor then return nil, "the service says that there is more, and not where" end
    if metadata.has_next == false or not cursor then return nil end
    arguments.query = { cursorPaging = { cursor = cursor } }
    return arguments
  end,
  cursor = function(arguments) return arguments.query.cursorPaging.cursor end,
}

--- The method of a declared iterator.
---@param iterator table declared: `full_name`, `kind`, `items`
---@param operation fun(arguments: table, call_options: table?): table?, table
---@param is_namespace fun(value: any): any # tells a colon that stands where a dot belongs
---@return fun(arguments: table?, call_options: table?): fun(): table?
function paging.method(iterator, operation, is_namespace)
  local kind = KINDS[iterator.kind]
  return function(arguments, call_options)
    if is_namespace(arguments) then errors.mistake(("write a dot, not a colon: %s{ … }"):format(iterator.full_name)) end
    if arguments ~= nil and type(arguments) ~= "table" then
      errors.mistake(("%s: arguments must be a table, not a %s"):format(iterator.full_name, type(arguments)))
    end
    local inner = arguments and arguments[kind.argument]
    if inner ~= nil and type(inner) ~= "table" then
      errors.mistake(("%s: %s must be a table, not a %s"):format(iterator.full_name, kind.argument, type(inner)))
    end
    local pending = kind.first(copy_of(arguments)) -- nil once there is no further page
    local items, position, seen, failed = {}, 0, pages_seen.new(), nil
    local function close() pending, items, position = nil, {}, 0 end
    local function fail(err)
      failed = err
      error(err, 0)
    end
    local function following()
      position = position + 1
      while items[position] == nil do
        if failed then error(failed, 0) end -- asked once more after a failure: that is not the end
        if not pending then return close() end
        local asked = pending -- still the next one to ask for, should Ctrl-C end this call
        local answer, err = operation(asked, call_options)
        if not answer then fail(err) end
        if not answer[iterator.items] then errors.mistake(iterator.full_name .. ": with dry_run there are no pages to walk") end
        items, position = answer[iterator.items], 1
        local problem
        pending, problem = kind.next(asked, answer, #items)
        local again = pages_seen.add(seen, items, pending and kind.cursor(pending))
        if again then fail(protocol_fault(iterator, again)) end
        if problem then failed = protocol_fault(iterator, problem) end -- told once its items are handed out
      end
      local item = items[position]
      items[position] = false -- what was handed out is the caller's alone
      return item
    end
    return following, nil, nil, setmetatable({}, { __close = close })
  end
end

return paging
