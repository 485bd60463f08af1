--- A browser without a window, for specs: Chromium, spoken to through chromedriver (WebDriver over plain HTTP).
--
-- Owns the driver's process, its session, and waiting: whatever is looked for may still have to appear.
-- Must not know any module of wixum's.

local cjson = require "cjson"
local http = require "socket.http"
local ltn12 = require "ltn12"
local process = require "spec.support.process"

local browser = {}
browser.__index = browser

local patience = os.getenv "WIXUM_SLOW" and 120 or 20 -- seconds until a spec gives up
local ELEMENT = "element-6066-11e4-a52e-4f735466cecf" -- by this name WebDriver's documents hold elements

http.TIMEOUT = patience + 10

-- One command of WebDriver, its body a table or JSON; raises what the driver complains about.
local function command(self, method, path, body)
  local sent = type(body) == "table" and cjson.encode(body) or body
  local parts = {}
  local done, status = http.request{
    method = method, url = self.base .. path, sink = ltn12.sink.table(parts), source = sent and ltn12.source.string(sent),
    headers = { ["content-length"] = sent and #sent, ["content-type"] = sent and "application/json" },
  }
  local text = table.concat(parts)
  if not done then error(("chromedriver: %s\n%s"):format(status, self.driver.output), 0) end
  local value = cjson.decode(text).value
  if status ~= 200 then error(("%s %s: %s"):format(method, path, type(value) == "table" and value.message or text), 0) end
  if value ~= cjson.null then return value end
end

local arguments = {
  "--headless=new", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
  "--disable-component-update", "--disable-extensions", "--disable-sync", "--no-proxy-server", "--mute-audio",
  "--no-sandbox", -- it needs rights that a container may not give, and only pages of ours are opened
}

-- Specs run under a limit of memory; Chromium reserves addresses by the terabyte without using them.
local start_driver = [[
  most=$(ulimit -H -v)
  [ "$most" = unlimited ] || echo "Chromium will hardly start: there is a hard limit of $most KiB of addresses"
  ulimit -S -v "$most"
  exec chromedriver --port=0]]

--- Starts a browser, with a window of that size and nothing in it.
---@param options { width: integer, height: integer }
function browser.open(options)
  local self = setmetatable({}, browser)
  self.driver = process.start{ "/bin/sh", "-c", start_driver }
  local opened, problem = pcall(function()
    self.base = "http://127.0.0.1:" .. self.driver:expect "started successfully on port (%d+)"
    local session = command(self, "POST", "/session", { capabilities = { alwaysMatch = {
      browserName = "chrome", timeouts = { implicit = patience * 1000, pageLoad = patience * 1000, script = patience * 1000 },
      ["goog:chromeOptions"] = { args = arguments }, ["goog:loggingPrefs"] = { browser = "ALL" },
    } } })
    self.base = ("%s/session/%s"):format(self.base, session.sessionId)
    self.session = true
    self:resize(options.width, options.height)
  end)
  if opened then return self end
  self:close()
  error(problem, 0)
end

--- Ends browser and driver.
function browser:close()
  if self.session then pcall(command, self, "DELETE", "") end
  self.session = nil
  self.driver:kill("sigterm")
  self.driver:wait()
end

--- A command of Chromium's own (DevTools protocol).
function browser:devtools(name, params)
  return command(self, "POST", "/goog/cdp/execute", { cmd = name, params = params })
end

--- The size of what is seen, in CSS pixels. A window could not be as narrow as a phone.
function browser:resize(width, height)
  self:devtools("Emulation.setDeviceMetricsOverride", { width = width, height = height, deviceScaleFactor = 2, mobile = width < 600 })
end

--- "dark" or "light", as somebody prefers it.
function browser:prefer(scheme)
  self:devtools("Emulation.setEmulatedMedia", { features = { { name = "prefers-color-scheme", value = scheme } } })
end

--- Whether pages may run scripts; those of `run` do, always.
function browser:allow_scripts(allowed)
  self:devtools("Emulation.setScriptExecutionDisabled", { value = not allowed })
end

function browser:go(url)
  command(self, "POST", "/url", { url = url })
end

function browser:url()
  return command(self, "GET", "/url")
end

--- Runs JavaScript in the page: the body of a function, with `arguments`.
function browser:run(script, ...)
  local list = select("#", ...) > 0 and cjson.encode{ ... } or "[]" -- an empty table would be an object
  return command(self, "POST", "/execute/sync", ('{"script":%s,"args":%s}'):format(cjson.encode(script), list))
end

--- An element, by XPath; waits until it is there.
function browser:find(xpath)
  return command(self, "POST", "/element", { using = "xpath", value = xpath })[ELEMENT]
end

-- What the driver says of an element that has been taken away; the second where it was taken in the middle of its answer.
local function is_gone(problem)
  return problem:find("stale element", 1, true) ~= nil or problem:find("does not belong to the document", 1, true) ~= nil
end

-- Does something with an element. A page that is live may take one away before that, and puts another in its place.
local function with_element(self, xpath, fn)
  for _ = 1, 20 do
    local element = self:find(xpath)
    local done, result = pcall(fn, element)
    if done then return result end
    if not is_gone(tostring(result)) then error(result, 0) end
  end
  error("it never stays: " .. xpath, 0)
end

--- The text of an element as it is seen.
function browser:text(xpath)
  return with_element(self, xpath, function(element) return command(self, "GET", ("/element/%s/text"):format(element)) end)
end

--- Clicks as a mouse would: raises where something else lies above.
function browser:click(xpath)
  with_element(self, xpath, function(element) command(self, "POST", ("/element/%s/click"):format(element), {}) end)
end

--- Presses keys in whatever has the focus; named ones by their code points in WebDriver.
browser.TAB, browser.ENTER = "\u{e004}", "\u{e007}"
function browser:press(...)
  local actions = {}
  for _, key in ipairs{ ... } do
    actions[#actions + 1] = { type = "keyDown", value = key }
    actions[#actions + 1] = { type = "keyUp", value = key }
  end
  command(self, "POST", "/actions", { actions = { { type = "key", id = "keyboard", actions = actions } } })
end

--- What the page and the browser complained about since the last look, a line each.
---@return string[]
function browser:complaints()
  local list = {}
  for _, entry in ipairs(command(self, "POST", "/se/log", { type = "browser" })) do
    list[#list + 1] = entry.level .. " " .. entry.message
  end
  return list
end

--- A picture of the whole page, as PNG, base64.
function browser:picture()
  return self:devtools("Page.captureScreenshot", { captureBeyondViewport = true }).data
end

return browser
