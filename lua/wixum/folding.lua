--- Texts as they are compared: titles of roles, names of sites, addresses of people.
--
-- Owns which letters are the same. Pure functions on UTF-8 strings, the same in every locale.

local punycode = require "wixum.punycode"

local folding = {}

-- Capitals and small letters of the scripts that titles come in: ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic.
local function lower(code)
  if code >= 0x41 and code <= 0x5A or code >= 0xC0 and code <= 0xDE and code ~= 0xD7 or code >= 0x391 and code <= 0x3A9
    or code >= 0x410 and code <= 0x42F then return code + 32 end
  if code >= 0x400 and code <= 0x40F then return code + 80 end
  if code >= 0x139 and code <= 0x148 or code >= 0x179 and code <= 0x17E then return code % 2 == 1 and code + 1 or code end
  if code >= 0x100 and code <= 0x177 and code ~= 0x130 and code ~= 0x131 and code ~= 0x138 then
    return code % 2 == 0 and code + 1 or code
  end
  return code
end

--- A title: case, and blanks around and in a row, do not count.
---@param title string well-formed UTF-8
---@return string
function folding.title(title)
  local codes = {}
  for _, code in utf8.codes(title) do codes[#codes + 1] = utf8.char(lower(code)) end
  return (table.concat(codes):gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

local small = {}
for code = 0x41, 0x5A do small[string.char(code)] = string.char(code + 32) end

--- An address, or an id: the case of ASCII does not count.
---@param text string
---@return string
function folding.ascii(text)
  if not text:find("[A-Z]") then return text end -- as most are: nothing is made anew
  return (text:gsub("[A-Z]", small))
end

-- An address, or its end, with the domain as people write it: the same host has another spelling in ASCII.
local function readable(email)
  local domain = email:match("[^@]*$")
  return email:sub(1, #email - #domain) .. punycode.readable(folding.ascii(domain))
end

--- A person, by an address: case does not count, in whatever script, nor how a domain is spelled.
---@param email string
---@return string
function folding.person(email)
  if email:find("[Xx][Nn]%-%-") then email = readable(email) end
  if not email:find("[\x80-\xFF]") or not utf8.len(email) then return folding.ascii(email) end
  local codes = {}
  for _, code in utf8.codes(email) do codes[#codes + 1] = utf8.char(lower(code)) end
  return table.concat(codes)
end

local bare = {}
for letter, others in pairs{ a = "àáâãäåāăą", c = "çćĉċč", d = "ď", e = "èéêëēĕėęě", g = "ĝğġģ", h = "ĥ", i = "ìíîïĩīĭį", j = "ĵ",
  k = "ķ", l = "ĺļľ", n = "ñńņň", o = "òóôõöōŏő", r = "ŕŗř", s = "śŝşš", t = "ţť", u = "ùúûüũūŭůűų", w = "ŵ", y = "ýÿŷ", z = "źżž" } do
  for _, code in utf8.codes(others) do bare[code] = letter end
end

--- A person without the marks over and under letters, which Unicode writes in two ways: who is another by these alone may be the same.
---@param email string
---@return string
function folding.bare(email)
  local person = folding.person(email)
  if not person:find("[\x80-\xFF]") or not utf8.len(person) then return person end
  local letters = {}
  for _, code in utf8.codes(person) do
    if code < 0x300 or code > 0x36F then letters[#letters + 1] = bare[code] or utf8.char(code) end -- but a mark of its own
  end
  return table.concat(letters)
end

return folding
