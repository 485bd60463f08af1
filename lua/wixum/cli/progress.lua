--- How far a run is: a bar with rate and time left on a terminal, a line every ten seconds elsewhere, nothing with --quiet.
--
-- Owns how that looks. Time and the writing are handed in.

local progress = {}
progress.__index = progress

local BAR, EVERY, REDRAW = 24, 10, 0.1 -- characters; seconds

---@param options { write: fun(text: string), clock: (fun(): number), terminal: boolean, verb: string }
---@return table progress
function progress.new(options)
  local now = options.clock()
  return setmetatable({ write = options.write, clock = options.clock, terminal = options.terminal, verb = options.verb, began = now,
    told = options.terminal and -math.huge or now, from = 0, done = 0, total = 0, shown = false }, progress)
end

local function duration(seconds)
  seconds = math.ceil(seconds)
  if seconds < 60 then return ("%d s"):format(seconds) end
  if seconds < 3600 then return ("%d min %02d s"):format(seconds // 60, seconds % 60) end
  return ("%d h %02d min"):format(seconds // 3600, seconds % 3600 // 60)
end
progress.duration = duration

local function words(self, now)
  local passed = now - self.began
  local rate = passed > 0 and (self.done - self.from) / passed or 0
  local parts = { ("%d of %d"):format(self.done, self.total) }
  if rate > 0 then
    parts[#parts + 1] = rate >= 10 and ("%.0f/s"):format(rate) or ("%.1f/s"):format(rate)
    if self.done < self.total then parts[#parts + 1] = duration((self.total - self.done) / rate) .. " left" end
  end
  return table.concat(parts, ", ")
end

local function bar(self)
  local full = self.total > 0 and math.floor(BAR * self.done / self.total) or 0
  return "[" .. ("#"):rep(full) .. ("-"):rep(BAR - full) .. "]"
end

local function tell(self, now)
  self.told = now
  if self.terminal then
    self.write(("\r\27[K%s %s %s"):format(self.verb, bar(self), words(self, now)))
    self.shown = true
  else self.write(("%s %s\n"):format(self.verb, words(self, now))) end
end

--- So many rows are done. Where all are, the bar is gone at once: whatever is printed next has the line to itself.
---@param done integer
---@param total integer
---@param verb string? what is done with them, where that is another step than before
function progress:at(done, total, verb)
  if verb and verb ~= self.verb then
    self:stop()
    if self.done > 0 then self.began, self.from = self.clock(), done end -- a step behind another has its own rate
    self.verb = verb
  end
  self.done, self.total = done, total
  self:tick()
  if self.terminal and done >= total then
    self:stop()
    self.total = 0
  end
end

--- Time has passed.
function progress:tick()
  local now = self.clock()
  if self.total > 0 and now - self.told >= (self.terminal and REDRAW or EVERY) then tell(self, now) end
end

--- It is over: the bar is gone.
function progress:stop()
  if self.shown then self.write("\r\27[K") end
  self.shown = false
end

return progress
