--- Mails that were "sent", as part of the model.
--
-- Owns the outbox and its bound. Where a folder is asked for, each mail is put there too (`wixum.sandbox.mail`).

local clock = require "wixum.sandbox.clock"

local outbox = {}

--- Puts a mail into the outbox; the oldest falls out where it is full.
---@param mail table kind, to, language, accept_link, invite_id, and of a site site_id and site_name
function outbox.send_mail(model, mail)
  local mails = model.mails
  mail.date = clock.date(model:now())
  mails.last = mails.last + 1
  mail.number = mails.last
  mails[mails.last] = mail
  while mails.last - mails.first + 1 > model.options.mails do
    mails[mails.first] = nil
    mails.first = mails.first + 1
  end
  if model.mail_folder then
    local written, message = model.mail_folder(mail)
    -- Wix has acted all the same: what could not be written is told by `state`.
    if not written then model.mail_problem = message end
  end
end

--- The mails that are kept, oldest first.
---@return table[]
function outbox.outbox(model)
  local mails = model.mails
  return table.move(mails, mails.first, mails.last, 1, {})
end

return outbox
