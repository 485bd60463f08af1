--- The filter of a query that means every site of the account.
--
-- Without a word on it the service lists the namespace WIX alone; HEADLESS is the only other one that is known, from public code.

return { namespace = { ["$in"] = { "WIX", "HEADLESS" } } }
