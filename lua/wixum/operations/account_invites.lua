--- Account Invites, declared: employees are invited to the account itself.
--
-- Owns what is said about these calls, once; see `wixum.declaration` for the words.
-- Must not hold code.
--
-- Sources: Wix's reference pages for Account Invites (preview) and the official package `@wix/identity_account-invite`
-- 1.0.1. What neither says is marked "not documented".

local invite = require "wixum.invite_fields"

local site_context = {
  class = "SiteContext", doc = "One site of the account.",
  fields = {
    { name = "metasite_id", type = "guid", required = true, doc = "the site's id" },
  },
}

local account_context = {
  class = "AccountContext", doc = "An account as a whole.",
  fields = {
    { name = "account_id", type = "guid", required = true, doc = "the account's id" },
  },
}

local full_name_resource = {
  class = "FullNameResource", doc = "What a role is given on: a site or an account.", one_of = true,
  fields = {
    { name = "site_context", type = site_context, doc = "one site" },
    { name = "account_context", type = account_context, doc = "a whole account" },
  },
}

local resource_assignment = {
  class = "InviteResource", doc = "One thing that a role is given on.",
  fields = {
    { name = "full_name_resource", type = full_name_resource, required = true, doc = "the thing" },
  },
}

local invite_assignment = {
  class = "InviteAssignment", doc = "A role, and what it is given on.",
  fields = {
    { name = "policy_id", type = "id", required = true, doc = "role id, see users.get_roles_info" },
    { name = "assignments", type = resource_assignment, list = true, not_empty = true,
      doc = "where; left out it is everything in the account, so an empty list is refused" },
  },
}

local subject_assignments = {
  class = "SubjectAssignments", doc = "One invitee and what acceptance brings.",
  fields = {
    { name = "subject_email", type = "email", required = true, doc = "whom to invite" },
    { name = "assignments", type = invite_assignment, list = true, required = true, not_empty = true, doc = "roles" },
  },
}

local account_invite = {
  class = "AccountInvite", doc = "One invite to the account, as the service keeps it.",
  fields = {
    { name = "id", type = "guid", read_only = true, doc = "invite id; users.search_team lists it" },
    { name = "account_id", type = "guid", read_only = true, doc = "the account" },
    invite.email,
    invite.policy_ids,
    invite.status,
    invite.accept_link,
    invite.inviter_account_id,
    invite.inviter_id,
    invite.accepted_by_account_id,
    invite.date_created,
    invite.date_updated,
    invite.expiration_date,
    { name = "assignments", type = invite_assignment, list = true, doc = "roles and what they are given on" },
    { name = "role", type = "string", doc = "deprecated by the service: policy_ids" },
  },
}

local failed_invite = {
  class = "FailedInvite", doc = "An invitee who was not invited.",
  fields = {
    { name = "subject_email", type = "email", doc = "whom" },
    { name = "error_message", type = "string", doc = "why, in the service's words" },
  },
}

return {
  name = "account_invites",
  doc = "Invite employees to the account.",
  operations = {
    {
      name = "create_invite",
      doc = "Invites every person to the account's team and mails each of them.",
      method = "POST", path = "/invites/account-invite/create",
      effect = "adds", context = "account", permission = "Manage Team Members",
      arguments = {
        fields = {
          { name = "subjects_assignments", type = subject_assignments, list = true, required = true, not_empty = true, max_items = 50,
            unique_by = "subject_email", doc = "who gets which roles; wixum.assignments.invitee makes one in a line" },
          { name = "default_email_language", type = "string", not_empty = true,
            doc = "language of the mail for people without a Wix user, e.g. \"en\"; else the account owner's" },
        },
      },
      answer = {
        class = "CreateInviteAnswer",
        fields = {
          { name = "successful_invites", type = account_invite, list = true, doc = "invites made and mailed" },
          { name = "failed_invites", type = failed_invite, list = true, doc = "who was not invited, and why" },
        },
      },
      example = [[
local sent, err = wixum.account_invites.create_invite{
  subjects_assignments = {
    { subject_email = "ann@example.com", assignments = { { policy_id = "6642345101181663232" } } },
    { subject_email = "bob@example.com", assignments = { {
      policy_id = "6732588207941061632",
      assignments = { { full_name_resource = { site_context = { metasite_id = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10" } } } },
    } } },
  },
  default_email_language = "en",
}]],
    },
  },
}
