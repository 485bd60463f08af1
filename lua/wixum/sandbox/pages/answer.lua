--- Answering an invite in a browser: Accept, Decline, and the page that says what came of it.
--
-- Owns the way from a form's fields to the model. What acceptance brings is the model's business.
-- The page that tells the result has an address of its own, so that reloading it answers nothing.

local html = require "wixum.sandbox.pages.html"
local mail_pages = require "wixum.sandbox.pages.mail"
local words = require "wixum.sandbox.pages.words"

local answer = {}

local most_message = "The sandbox did not take the answer: %s."

--- Accepts or declines.
---@param server table
---@param verb "accept" | "decline"
---@param token string? as the form has it
---@param nonce string
---@return integer status
---@return string page
---@return string? location # of the result, where there is one
function answer.post(server, verb, token, nonce)
  local model = server.model
  local before = mail_pages.invite(model, token)
  if not before or before.status ~= "Pending" then return mail_pages.by_token(server, token, nonce) end
  local invite, message = model[verb](model, token)
  if not invite then return 409, mail_pages.message("Not done", most_message:format(message), nonce) end
  local location = "/_sandbox/result?invite=" .. invite.id
  return 303, mail_pages.message("Done", html.template '<a href="{location}">See what came of it</a>'{ location = location }, nonce),
    location
end

local accepted_template = html.template "{email} accepted, and now is {roles}."
local role_on_site = html.template "{roles} on {site}"
local declined_template = html.template "{email} declined. Nothing changed."

local function accepted(model, invite)
  local roles
  if invite.site_id then
    roles = role_on_site{ roles = words.roles(model, invite.policy_ids), site = words.site(model, invite.site_id) }
  else
    roles = words.joined(words.invited_assignments(model, invite))
  end
  return accepted_template{ email = html.name(invite.email), roles = roles }
end

--- What came of an invite. Its id is no secret, so nothing can be answered here.
---@param id string?
---@return integer status
---@return string page
function answer.result(server, id, nonce)
  local model = server.model
  local invite = id and id:find("-", 1, true) and model:find_invite(id)
  if invite and invite.status == "Used" then return 200, mail_pages.message("Accepted", accepted(model, invite), nonce) end
  if invite and invite.status == "Declined" then
    return 200, mail_pages.message("Declined", declined_template{ email = html.name(invite.email) }, nonce)
  end
  return 404, mail_pages.message("No answer", "There is no answered invite of that id.", nonce)
end

return answer
