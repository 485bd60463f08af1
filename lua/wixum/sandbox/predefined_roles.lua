--- The roles that every account of the sandbox has: data, and nothing else.
--
-- Public are three ids (Owner, Account Admin, Admin) and the English titles of those marked "title public"; the ids and
-- descriptions of the others are made up, so that a program has something to choose from. Real ids differ from account to
-- account: whoever needs one asks users.get_roles_info.
-- `editor_types` left out means all editors. Titles in other languages are made up as well; what has none stays English.

return {
  {
    id = "6601492336091027458", title = "Owner", restrict_from_level = "NoRestriction",
    description = "Has full access, billing and the transfer of ownership included. Cannot be given to anybody.",
    titles = { de = "Inhaber", fr = "Propriétaire" },
  },
  {
    id = "6642345101181663232", title = "Account Admin (Co-Owner)", restrict_from_level = "Site",
    description = "Has full access to the account and all of its sites.",
    titles = { de = "Konto-Administrator (Miteigentümer)", fr = "Administrateur du compte (copropriétaire)" },
  },
  {
    id = "6732588207941061632", title = "Admin (Co-Owner)", restrict_from_level = "Account",
    description = "Has full access to a site, but cannot delete, duplicate or transfer it.",
    titles = { de = "Administrator (Miteigentümer)", fr = "Administrateur (copropriétaire)" },
  },
  { -- title public, as the following
    id = "6600412800113080101", title = "Website Manager", restrict_from_level = "NoRestriction",
    description = "Edits and publishes the site and manages its dashboard, without billing and domains.",
    titles = { de = "Website-Manager", fr = "Gestionnaire du site" },
  },
  {
    id = "6600412800113080102", title = "Website Designer", restrict_from_level = "NoRestriction",
    description = "Edits and publishes the site.",
    titles = { de = "Website-Designer", fr = "Concepteur du site" },
  },
  {
    id = "6600412800113080103", title = "Back Office Manager", restrict_from_level = "NoRestriction",
    description = "Manages the dashboard, and does not edit the site.",
    titles = { de = "Backoffice-Manager", fr = "Gestionnaire administratif" },
  },
  {
    id = "6600412800113080104", title = "Billing Manager", restrict_from_level = "NoRestriction",
    description = "Manages subscriptions and payment methods.",
    titles = { de = "Abrechnungsmanager", fr = "Gestionnaire de facturation" },
  },
  {
    id = "6600412800113080105", title = "Domain Manager", restrict_from_level = "NoRestriction",
    description = "Manages domains and mailboxes.",
    titles = { de = "Domain-Manager" },
  },
  {
    id = "6600412800113080106", title = "Marketing Manager", restrict_from_level = "NoRestriction",
    description = "Manages campaigns, coupons and the site's SEO.",
    titles = { de = "Marketing-Manager" },
  },
  {
    id = "6600412800113080107", title = "Store Manager", restrict_from_level = "Account",
    description = "Manages products and orders.", editor_types = { "EDITORX", "STUDIO" },
  },
  {
    id = "6600412800113080108", title = "Blog Editor", restrict_from_level = "Account",
    description = "Writes, edits and publishes everybody's posts.", editor_types = { "EDITORX", "STUDIO" },
    titles = { de = "Blog-Redakteur", fr = "Éditeur de blog" },
  },
  {
    id = "6600412800113080109", title = "Blog Writer", restrict_from_level = "Account",
    description = "Writes and publishes posts.", editor_types = { "EDITORX", "STUDIO" },
    titles = { de = "Blog-Autor" },
  },
  {
    id = "6600412800113080110", title = "Guest Writer", restrict_from_level = "Account",
    description = "Writes posts that others publish.", editor_types = { "EDITORX", "STUDIO" },
  },
}
