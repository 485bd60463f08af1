--- What a browser knows a style sheet or a script by, in a Content-Security-Policy: the SHA-256 of its text, in base64.
--
-- Pure. With it a page is the same again for the same figures; a nonce would need chance.

local digest = {}

-- FIPS 180-4: bits of the square roots of the first eight primes, and of the cube roots of the first 64.
local START = {
  0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
}
local ROUND = {
  0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
  0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
  0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
  0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
  0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
  0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
  0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
  0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
}

local function rotated(word, count) return (word >> count | word << (32 - count)) & 0xFFFFFFFF end

-- One block of 64 bytes.
local function add_block(state, block)
  local word = {}
  for i = 1, 16 do word[i] = string.unpack(">I4", block, 4 * i - 3) end
  for i = 17, 64 do
    local early, late = word[i - 15], word[i - 2]
    local s0 = rotated(early, 7) ~ rotated(early, 18) ~ early >> 3
    local s1 = rotated(late, 17) ~ rotated(late, 19) ~ late >> 10
    word[i] = word[i - 16] + s0 + word[i - 7] + s1 & 0xFFFFFFFF
  end
  local a, b, c, d, e, f, g, h = table.unpack(state)
  for i = 1, 64 do
    local s1 = rotated(e, 6) ~ rotated(e, 11) ~ rotated(e, 25)
    local one = h + s1 + (e & f ~ ~e & g) + ROUND[i] + word[i]
    local s0 = rotated(a, 2) ~ rotated(a, 13) ~ rotated(a, 22)
    local other = s0 + (a & b ~ a & c ~ b & c)
    a, b, c, d, e, f, g, h = one + other & 0xFFFFFFFF, a, b, c, d + one & 0xFFFFFFFF, e, f, g
  end
  for i, value in ipairs{ a, b, c, d, e, f, g, h } do state[i] = state[i] + value & 0xFFFFFFFF end
end

--- The SHA-256 of a text.
---@param text string
---@return string # 32 bytes
function digest.sha256(text)
  local state = table.move(START, 1, 8, 1, {})
  local padded = text .. "\x80" .. ("\0"):rep((55 - #text) % 64) .. string.pack(">I8", 8 * #text)
  for at = 1, #padded, 64 do add_block(state, padded:sub(at, at + 63)) end
  return string.pack((">" .. ("I4"):rep(8)), table.unpack(state))
end

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  local parts = {}
  for at = 1, #bytes, 3 do
    local one, two, three = bytes:byte(at, at + 2)
    local number = one << 16 | (two or 0) << 8 | (three or 0)
    for place = 0, 3 do
      local index = number >> (18 - 6 * place) & 63
      parts[#parts + 1] = (place == 2 and not two or place == 3 and not three) and "=" or LETTERS:sub(index + 1, index + 1)
    end
  end
  return table.concat(parts)
end

--- A text's source expression: 'sha256-…', with its quotes.
---@param text string as it stands between the tags
---@return string
function digest.source(text) return ("'sha256-%s'"):format(base64(digest.sha256(text))) end

return digest
