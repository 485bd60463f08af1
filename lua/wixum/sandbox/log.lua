--- Which requests came in: the newest of them, without what must stay secret.
--
-- Owns the entries and their bound. The key and accept links are taken out before anything is kept.

local log = {}
log.__index = log

local link = "/_sandbox/%a+%?token=%w+"

---@param options { log: integer, log_body: integer, api_key: string }
function log.new(options)
  local key = options.api_key
  return setmetatable({
    limit = options.log, body_limit = options.log_body, key = key, key_pattern = key:gsub("%p", "%%%0"),
    entries = {}, first = 1, last = 0,
  }, log)
end

function log:clean(text)
  if text:find(self.key, 1, true) then text = text:gsub(self.key_pattern, "[key]") end
  if text:find("/_sandbox/", 1, true) then text = text:gsub(link, "[link]") end
  return text
end

-- The key in its place is known already (`request.authorization`); it may stand elsewhere, by mistake.
function log:clean_headers(headers)
  local values = {}
  for _, value in pairs(headers) do values[#values + 1] = value end
  local all = table.concat(values, "\n")
  if self:clean(all) == all then return headers end
  local clean = {}
  for name, value in pairs(headers) do clean[name] = self:clean(value) end
  return clean
end

--- Notes a request whose head came in.
---@param request table method, path, query, headers, connection
---@param date string
---@return table entry # to be completed by `ended`
function log:begun(request, date)
  self.last = self.last + 1
  local entry = {
    number = self.last, date = date, connection = request.connection, method = request.method,
    path = self:clean(request.path), query = request.query and self:clean(request.query),
    headers = self:clean_headers(request.headers), complete = false, acted = false,
    operation = request.operation and request.operation.full_name,
  }
  self.entries[self.last] = entry
  while self.last - self.first + 1 > self.limit do
    self.entries[self.first] = nil
    self.first = self.first + 1
  end
  return entry
end

--- Notes what came after the head.
function log:ended(entry, body, complete)
  entry.complete = complete
  entry.body_size = #body
  entry.body = self:clean(body:sub(1, self.body_limit))
end

--- The entries that are kept, oldest first.
function log:list()
  return table.move(self.entries, self.first, self.last, 1, {})
end

--- Forgets them; the numbers go on.
function log:clear()
  self.entries, self.first = {}, self.last + 1
end

return log
