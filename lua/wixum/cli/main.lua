-- What the command `wixum` runs. Closing the state lets finalizers do their work before the process ends.
os.exit(require("wixum.cli").main(arg), true)
