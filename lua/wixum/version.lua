-- The one place that says the version: Lua reads it here, and the Makefile compiles it into the core.
return "0.1.0"
