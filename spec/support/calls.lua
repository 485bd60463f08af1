--- Calls through a `transport` that notes what goes out, and the three things that may become of one: it raises at the
--- caller's line, it is refused as invalid with nothing sent, or it goes out.
--
-- Owns what each of these means, for every spec in the same words. The namespace `everything` can be called too.

local assert = require "luassert"
local cjson = require "cjson"
local declaration = require "wixum.declaration"
local everything = require "spec.support.everything"
local samples = require "spec.support.samples"
local wixum = require "wixum"

local calls = {}

calls.GUID = samples.GUID
calls.KEY = "key-for-specs"

local HERE = debug.getinfo(1, "S").short_src
local sent, wix, response

--- Before each: a new client, `calls.wix`, with nothing sent yet.
function calls.open()
  everything.declare()
  sent, response = {}, { status = 200, body = "{}" }
  wix = wixum.client{
    api_key = calls.KEY, site_id = calls.GUID, account_id = calls.GUID, rate = false, retries = 0,
    transport = function(request)
      sent[#sent + 1] = request
      return response
    end,
  }
  calls.wix = wix
end

--- After each.
function calls.close()
  wix:close()
  everything.forget()
end

--- What is answered from now on.
function calls.answers(status, body)
  response = { status = status, body = type(body) == "table" and cjson.encode(body) or body }
end

--- How many requests went out.
function calls.count() return #sent end

--- The declared operation of that name ("site_invites.bulk_invite", or the last word alone).
function calls.operation(name)
  for _, operation in ipairs(declaration.operations()) do
    if operation.full_name == name or operation.name == name then return operation end
  end
  error("no operation " .. name, 2)
end

--- Its method, of `calls.wix`.
function calls.method(name)
  local operation = calls.operation(name)
  return wix[operation.namespace][operation.name]
end

--- Good arguments of an operation (those that are required), changed; `cjson.null` leaves one out.
function calls.arguments(name, changes)
  local arguments = samples.arguments(calls.operation(name).arguments)
  for key, value in pairs(changes or {}) do
    if value == cjson.null then arguments[key] = nil else arguments[key] = value end
  end
  return arguments
end

--- A call that is wrong as a program: it raises at the line that made it, and nothing is sent.
---@return string # what it says behind that line
function calls.mistake(name, ...)
  local method, line = calls.method(name), debug.getinfo(1, "l").currentline + 1
  local ok, text = pcall(function(...) local answer, err = method(...) return answer, err end, ...)
  assert.is_false(ok, "it did not raise")
  assert.equal("string", type(text))
  local where = ("%s:%d: "):format(HERE, line)
  assert.equal(where, text:sub(1, #where))
  assert.equal(0, #sent)
  return text:sub(#where + 1)
end

--- A call whose data is wrong: it answers nil and the error, and nothing is sent.
---@return wixum.Error
function calls.refused(name, ...)
  local method, line = calls.method(name), debug.getinfo(1, "l").currentline + 1
  local answer, err = method(...)
  assert.is_nil(answer)
  assert.equal("invalid", err.kind)
  assert.equal("not_sent", err.outcome)
  assert.equal(0, err.attempts)
  assert.equal(("%s:%d"):format(HERE, line), err.where)
  assert.is_nil(tostring(err):find("\n"))
  assert.equal(0, #sent)
  return err
end

--- A call that goes out, once, and is answered well.
---@return any # its body, decoded; nil where it has none
---@return table # the request
---@return table # the answer
function calls.goes_out(name, ...)
  sent = {}
  local answer, err = calls.method(name)(...)
  assert.is_truthy(answer, tostring(err))
  assert.equal(1, #sent)
  local request = sent[1]
  sent = {}
  return request.body and cjson.decode(request.body), request, answer
end

return calls
