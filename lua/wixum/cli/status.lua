--- What the command's exit status says, of this run.
return {
  DONE = 0,
  SOME_FAILED = 1, -- some rows failed or are unknown
  USAGE = 2, -- usage, settings or input
  INTERRUPTED = 3, -- and can be gone on with
  REFUSED = 4, -- the key, or what it may do, at least of some people or sites
  IN_USE = 5, -- the ledger, by another process
}
