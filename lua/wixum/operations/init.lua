--- Which namespaces exist. A new one is a file beside this one and a line here.
return { "site_invites" }
