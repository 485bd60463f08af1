--- Which namespaces exist, in the order of the documentation. A new one is a file beside this one and a line here.
return { "site_invites", "account_invites", "users", "contributors", "sites" }
