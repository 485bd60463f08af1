-- Runs busted in the Lua that runs this, with the counts as the last line.
require("busted.runner"){ standalone = false, output = "spec/support/output.lua" }
