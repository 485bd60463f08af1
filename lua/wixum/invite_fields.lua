--- What invites of both kinds have in common, declared once for `wixum.operations.*`.
--
-- Owns these fields by name. Must not hold code; which invite has which is said where that invite is declared.

return {
  email = { name = "email", type = "email", doc = "where the mail went" },
  policy_ids = { name = "policy_ids", type = "id", list = true, doc = "roles that acceptance brings" },
  status = { name = "status", type = "enum", values = { "Pending", "Used", "Deleted", "Declined", "Expired" },
    doc = "Used is accepted, Deleted is revoked" },
  accept_link = { name = "accept_link", type = "string", secret = true, doc = "whoever opens it can accept: masked when printed" },
  inviter_account_id = { name = "inviter_account_id", type = "guid", read_only = true, doc = "the account that invited" },
  inviter_id = { name = "inviter_id", type = "string", read_only = true, doc = "deprecated by the service: inviter_account_id" },
  accepted_by_account_id = { name = "accepted_by_account_id", type = "guid", read_only = true, doc = "once accepted" },
  date_created = { name = "date_created", type = "date", doc = "RFC 3339" },
  date_updated = { name = "date_updated", type = "date", doc = "RFC 3339" },
  expiration_date = { name = "expiration_date", type = "date", doc = "RFC 3339" },
}
