--- A mail of the outbox as an RFC 5322 message, and the folder that such messages are put into.
--
-- Owns the texts of mails, which are ours: Wix's are not documented. Three languages; all others get English.
-- Headers are encoded after RFC 2047, bodies quoted-printable in UTF-8. An address that is not ASCII stands as it is
-- (RFC 6532).

local base64 = require "wixum.sandbox.base64"
local private_file = require "wixum.sandbox.private_file"

local mail = {}

local texts = {
  en = {
    site = "You are invited to %s", account = "You are invited to a team", again = "Reminder: %s",
    greeting = "Hello,", asked = "you are invited to work on %s.", asked_account = "you are invited to join a team on Wix.",
    link = "Accept the invitation here:", accept = "Accept", decline = "Decline", reason = "Why:",
    ending = "This mail is from a sandbox: nobody else got it.",
  },
  de = {
    site = "Sie sind zu %s eingeladen", account = "Sie sind in ein Team eingeladen", again = "Erinnerung: %s",
    greeting = "Guten Tag,", asked = "Sie sind eingeladen, an %s mitzuarbeiten.",
    asked_account = "Sie sind eingeladen, einem Team auf Wix beizutreten.",
    link = "Hier nehmen Sie die Einladung an:", accept = "Annehmen", decline = "Ablehnen", reason = "Warum:",
    ending = "Diese Nachricht kommt aus einer Sandbox: sonst hat sie niemand erhalten.",
  },
  fr = {
    site = "Vous êtes invité à %s", account = "Vous êtes invité dans une équipe", again = "Rappel : %s",
    greeting = "Bonjour,", asked = "vous êtes invité à collaborer à %s.",
    asked_account = "vous êtes invité à rejoindre une équipe sur Wix.",
    link = "Acceptez l'invitation ici :", accept = "Accepter", decline = "Refuser", reason = "Pourquoi :",
    ending = "Ce message vient d'un bac à sable : personne d'autre ne l'a reçu.",
  },
}

local function texts_of(language)
  return texts[(language or ""):lower():match("^%a+")] or texts.en
end

--- The words of a mail in its language, for whoever shows it: what stands before and after the site's name.
---@param entry table as the outbox has it
---@return { language: string, greeting: string, subject: string[], asked: string[], reason: string, accept: string, decline: string }
function mail.words(entry)
  local words = texts_of(entry.language)
  local function around(text)
    local before, after = text:match("^(.*)%%s(.*)$")
    return { before or text, after or "" }
  end
  local subject = around(entry.site_id and words.site or words.account)
  if entry.kind == "resend" then subject[1] = words.again:format(subject[1]) end
  local language = "en"
  for name, known in pairs(texts) do
    if known == words then language = name end
  end
  return { language = language, greeting = words.greeting, subject = subject, reason = words.reason,
    asked = around(entry.site_id and words.asked or words.asked_account), accept = words.accept, decline = words.decline }
end

-- ---- Encodings -------------------------------------------------------------------------------------------------------

-- What is not UTF-8 would spoil a header or a body: such bytes become question marks.
local function readable(text)
  if utf8.len(text) then return text end
  return (text:gsub("[\128-\255]", "?"))
end

-- At most 76 bytes a line, the header's name included; no character torn apart.
local function encoded_words(text)
  local words, piece = {}, ""
  for _, code in utf8.codes(text) do
    local character = utf8.char(code)
    if #piece + #character > 39 then
      words[#words + 1], piece = piece, ""
    end
    piece = piece .. character
  end
  words[#words + 1] = piece
  for i, word in ipairs(words) do words[i] = "=?UTF-8?B?" .. base64.encode(word) .. "?=" end
  return table.concat(words, "\r\n ")
end

-- Unstructured text of a header.
local function header_text(text)
  text = readable(text)
  if #text <= 60 and not text:find("[^\32-\126]") and not text:find("=?", 1, true) then return text end
  return encoded_words(text)
end

-- One line's text, without the line's end.
local function quoted_line(line)
  local units = {}
  for byte in line:gmatch(".") do
    local plain = byte:find("[\32-\60\62-\126\t]")
    units[#units + 1] = plain and byte or ("=%02X"):format(byte:byte())
  end
  if units[#units] == " " then units[#units] = "=20" elseif units[#units] == "\t" then units[#units] = "=09" end
  local parts, length = {}, 0
  for i, unit in ipairs(units) do
    if length + #unit > (i == #units and 76 or 75) then
      parts[#parts + 1], length = "=\r\n", 0
    end
    parts[#parts + 1], length = unit, length + #unit
  end
  return table.concat(parts)
end

local function quoted_printable(text)
  local lines = {}
  for line in (text:gsub("\r\n?", "\n") .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = quoted_line(line) end
  return table.concat(lines, "\r\n")
end

-- ---- The message -----------------------------------------------------------------------------------------------------

local days = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

-- From "2024-12-17T09:21:41.000Z".
local function message_date(date)
  local year, month, day, time = date:match("^(%d+)-(%d+)-(%d+)T(%d+:%d+:%d+)")
  local weekday = os.date("!*t", os.time{ year = year, month = month, day = day, hour = 12 }).wday
  return ("%s, %d %s %s %s +0000"):format(days[weekday], day, months[tonumber(month)], year, time)
end

local function subject_of(entry, words)
  local subject = entry.site_id and words.site:format(entry.site_name) or words.account
  return entry.kind == "resend" and words.again:format(subject) or subject
end

local function body_of(entry, words)
  local lines = {
    words.greeting, "", entry.site_id and words.asked:format(entry.site_name) or words.asked_account, "",
    words.link, entry.accept_link, "",
  }
  if entry.purpose and entry.purpose ~= "" then
    for _, line in ipairs{ words.reason, entry.purpose, "" } do lines[#lines + 1] = line end
  end
  lines[#lines + 1] = words.ending
  return table.concat(lines, "\n")
end

--- The whole message.
---@param entry table as the outbox has it
---@return string
function mail.message(entry)
  local words = texts_of(entry.language)
  local headers = {
    "Date: " .. message_date(entry.date),
    "From: Wix sandbox <no-reply@sandbox.invalid>",
    "To: <" .. readable(entry.to) .. ">",
    "Subject: " .. header_text(subject_of(entry, words)),
    ("Message-ID: <%d.%s@sandbox.invalid>"):format(entry.number, entry.invite_id),
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: quoted-printable",
  }
  if entry.language:find("^[%w-]+$") then headers[#headers + 1] = "Content-Language: " .. entry.language end
  return table.concat(headers, "\r\n") .. "\r\n\r\n" .. quoted_printable(readable(body_of(entry, words))) .. "\r\n"
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

--- What puts mails into a folder, in order by name, each private to its owner.
---@param folder string
---@return fun(entry: table): true?, string?
function mail.folder(folder)
  return function(entry)
    local to = entry.to:gsub("[^%w@.+_-]", "_"):sub(1, 100)
    local name, again = ("%s/%08d-%s"):format(folder, entry.number, to), 1
    local path = name .. ".eml"
    while exists(path) do -- of an earlier sandbox, say: no mail takes another's place
      again = again + 1
      path = ("%s-%d.eml"):format(name, again)
    end
    return private_file.write(path, mail.message(entry))
  end
end

return mail
