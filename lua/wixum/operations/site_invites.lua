--- Site Invites, declared: customers are invited to one site each, by e-mail.
--
-- Owns what is said about these calls, once: method, path, fields, limits, effect, answer, help.
-- Must not hold code: the checks, the methods, the names on the wire, the help and the sandbox read it.
-- Where the words of a declaration are explained: `wixum.declaration`.
--
-- Sources: Wix's reference pages for Site Invites (preview) and the official package
-- `@wix/user-management_site-invites` 1.0.3. What neither says is marked "not documented".

local invite = require "wixum.invite_fields"

local site_invite = {
  class = "SiteInvite",
  doc = "One invite to one site, as the service keeps it.",
  fields = {
    { name = "id", type = "guid", read_only = true, doc = "invite id: keep it, no call lists a site's invites" },
    { name = "site_id", type = "guid", read_only = true, doc = "the site" },
    invite.email,
    invite.policy_ids,
    invite.status,
    invite.accept_link,
    invite.inviter_account_id,
    invite.inviter_id,
    invite.accepted_by_account_id,
    invite.date_created,
    { name = "expiration_date", type = "date", doc = "RFC 3339; 30 days after the mail in Wix's dashboard" },
    { name = "staff_id", type = "guid", doc = "Wix Bookings staff, if any" },
    { name = "location_ids", type = "guid", list = true, read_only = true, max_items = 20, doc = "locations, if any" },
    { name = "caller_capabilities", type = "string", list = true, read_only = true, doc = "what this caller may do with it" },
  },
}

local default_email_language = {
  name = "default_email_language", type = "string", not_empty = true,
  doc = "language of the mail for people without a Wix user, e.g. \"en\"; else the site owner's",
}

local invite_id = {
  name = "invite_id", type = "guid", required = true, in_path = true,
  doc = "id of the invite, from bulk_invite",
}

return {
  name = "site_invites",
  doc = "Invite customers to one site each, resend and revoke.",
  operations = {
    {
      name = "bulk_invite",
      doc = "Invites every address to the site and mails each of them.",
      method = "POST", path = "/invites/site-invite/bulk",
      effect = "adds", context = "site", permission = "Manage Contributors",
      arguments = {
        fields = {
          { name = "policy_ids", type = "id", list = true, required = true, not_empty = true, unique = true,
            doc = "role ids, the same for everybody in this call" },
          { name = "emails", type = "email", list = true, required = true, not_empty = true, unique = true, limit_option = "max_emails",
            doc = "addresses to invite; how many a call may carry is not documented, so the option max_emails says it" },
          { name = "invite_purpose", type = "string", doc = "why, in your words; its longest length is not documented" },
          default_email_language,
        },
      },
      answer = {
        class = "BulkInviteAnswer",
        fields = {
          { name = "invites", type = site_invite, list = true, doc = "invites made and mailed" },
          { name = "failed_emails", type = "string", list = true, doc = "addresses that got no invite; the service gives no reason" },
        },
      },
      example = [[
local sent, err = wixum.site_invites.bulk_invite{
  policy_ids = { "6732588207941061632" },
  emails = { "ann@example.com", "bob@example.com" },
  invite_purpose = "Your new site is ready",
  default_email_language = "en",
}]],
    },
    {
      name = "resend_invite",
      doc = "Mails a pending invite once more.",
      method = "POST", path = "/invites/site-invite/{invite_id}/resend",
      effect = "adds", context = "site", permission = "Manage Contributors",
      arguments = { fields = { invite_id, default_email_language } },
      answer = {
        class = "ResendInviteAnswer",
        fields = {
          { name = "invite", type = site_invite,
            doc = "the invite as it is now: keep it, whether id, link and expiry stay the same is not documented" },
        },
      },
      example = [[
local sent, err = wixum.site_invites.resend_invite{ invite_id = "5f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11" }]],
    },
    {
      name = "revoke_invite",
      doc = "Revokes a pending invite: its link no longer works.",
      method = "POST", path = "/invites/site-invite/{invite_id}/revoke",
      effect = "repeatable", context = "site", permission = "Manage Contributors",
      arguments = { fields = { invite_id } },
      answer = { class = "RevokeInviteAnswer", fields = {} },
      example = [[
local done, err = wixum.site_invites.revoke_invite{ invite_id = "5f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11" }]],
    },
  },
}
