--- The rows of a ledger as programs see them.
--
-- Owns which columns they see, and the reading in pages.

local rows = {}

local COLUMNS = "id, site_id, email, policy_ids, roles, invite_purpose, language, state, step, unknown_step, invite_id, accept_link, "
  .. "mails, reason, evidence, account_id, request_id, planned_at, first_mail_at, earlier_mail_at, last_mail_at, expires_at, "
  .. "joined_after, joined_by, candidates, earlier_invites, opened_at, changed_at"
local PAGE = 200

local function listed(text)
  local list = {}
  for word in text:gmatch("%S+") do list[#list + 1] = word end
  return list
end

-- A text that says nothing is nil, roles and candidates are lists.
local function shown(row)
  row.policy_ids = listed(row.policy_ids)
  row.candidates = row.candidates and listed(row.candidates) or nil
  for _, name in ipairs{ "invite_purpose", "language", "roles" } do
    if row[name] == "" then row[name] = nil end
  end
  return row
end

--- The rows that fulfil a condition, site by site in the order in which they were planned. They are read in pages, so that the ledger
-- may be used meanwhile; a row is as it is when its page is read.
---@param read fun(statement: string): table[] answers rows; may raise
---@param condition string
---@param limit integer?
---@return fun(): table?
function rows.each(read, condition, limit)
  local page, position, last, left = {}, 0, 0, limit or math.maxinteger
  return function()
    if left <= 0 then return nil end
    if position == #page then
      if #page > 0 and #page < PAGE then return nil end
      page = read(("SELECT %s FROM invites WHERE (%s) AND id > %d ORDER BY id LIMIT %d"):format(COLUMNS, condition, last, PAGE))
      position = 0
      if #page == 0 then return nil end
    end
    position, left = position + 1, left - 1
    last = page[position].id
    return shown(page[position])
  end
end

return rows
