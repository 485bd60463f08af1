-- Where arguments stand: those of a GET in its path and its query, exactly as they were given; those of any other method in
-- its body. Looked at through a `transport` and on the wire, where a sandbox tells what came.

local calls = require "spec.support.calls"
local cjson = require "cjson"
local declaration = require "wixum.declaration"
local router = require "wixum.sandbox.router"
local samples = require "spec.support.samples"
local sandbox = require "wixum.sandbox"

local GUID = calls.GUID
local SLOW = os.getenv "WIXUM_SLOW"

setup(calls.open) -- so that the namespace is there while this file is read
teardown(calls.close)
before_each(calls.open)
after_each(calls.close)

-- The query of a GET with these arguments, as the transport sees it; nil where there is none.
local function query_of(arguments, name)
  local _, request = calls.goes_out(name or "send_query", calls.arguments(name or "send_query", arguments))
  return request.url:match("%?(.*)$"), request
end

describe("the query of a GET", function()
  -- What, arguments, query.
  local CASES = {
    { "has nothing where nothing is given", {}, nil },
    { "has plain text as it is", { some_text = "Az09-_.~" }, "someText=Az09-_.~" },
    { "has a blank as %20, which every reader takes for a blank", { some_text = "a b " }, "someText=a%20b%20" },
    { "has what separates escaped", { some_text = "a&b=c;d" }, "someText=a%26b%3Dc%3Bd" },
    { "has a plus as a plus, not as a blank", { some_text = "1+1" }, "someText=1%2B1" },
    { "has a percent sign", { some_text = "100%25" }, "someText=100%2525" },
    { "has what would end it", { some_text = "a#b?c/d" }, "someText=a%23b%3Fc%2Fd" },
    { "has letters of every length as UTF-8", { some_text = "é€𝄞" }, "someText=%C3%A9%E2%82%AC%F0%9D%84%9E" },
    { "has line breaks and NUL bytes", { some_text = "a\r\nb\0c\127" }, "someText=a%0D%0Ab%00c%7F" },
    { "has quotes, brackets and backslashes", { some_text = "\"'[]{}\\<>" }, "someText=%22%27%5B%5D%7B%7D%5C%3C%3E" },
    { "has an empty text", { some_text = "" }, "someText=" },
    { "repeats a list's name", { text_list = { "a", "b c", "a" } }, "textList=a&textList=b%20c&textList=a" },
    { "leaves an empty list out", { text_list = {} }, nil },
    { "leaves an empty inner list out", { query_filter = { role_ids = {}, color_name = "RED" } }, "queryFilter.colorName=RED" },
    { "leaves an empty object out", { query_filter = {} }, nil },
    { "has whole numbers, fractions and yes or no", { item_count = -12, real_number = 0.5, is_done = false },
      "itemCount=-12&realNumber=0.5&isDone=false" },
    { "has a whole number that came as a float", { item_count = 3.0 }, "itemCount=3" },
    { "has the largest number that is exact", { item_count = 99999999999999 }, "itemCount=99999999999999" },
    { "has inner fields under dotted names, in the order they are declared in",
      { query_filter = { deep_part = { part_tags = { "x", "y" }, part_size = 1 }, color_name = "GREEN", role_ids = { "1", "2" } } },
      "queryFilter.roleIds=1&queryFilter.roleIds=2&queryFilter.colorName=GREEN&queryFilter.deepPart.partSize=1"
        .. "&queryFilter.deepPart.partTags=x&queryFilter.deepPart.partTags=y" },
    { "leaves out what is only to be read", { query_filter = { deep_part = { part_size = 1, made_by = "me" } } },
      "queryFilter.deepPart.partSize=1" },
  }
  for _, case in ipairs(CASES) do
    it(case[1], function() assert.equal(case[3], (query_of(case[2]))) end)
  end

  it("does not have what stands in the path", function()
    local query, request = query_of{ thing_guid = GUID:upper(), some_text = "x" }
    assert.equal("someText=x", query)
    assert.equal("/everything/" .. GUID:upper() .. "/query?someText=x", request.url:match("^https://[^/]+(/.*)$"))
  end)

  it("is the one that the official client sends, for the operations of the service", function()
    assert.equal("locale=de&filter.roleLevel=SITE_LEVEL&filter.editorTypes=EDITORX&filter.editorTypes=STUDIO",
      (query_of({ locale = "de", filter = { role_level = "SITE_LEVEL", editor_types = { "EDITORX", "STUDIO" } } }, "get_roles_info")))
    assert.equal("filter.policyIds=a&filter.policyIds=b",
      (query_of({ filter = { policy_ids = { "a", "b" } } }, "query_site_contributors")))
    local err = calls.refused("query_site_contributors", { filter = { policy_ids = {} } }) -- it would ask for everybody
    assert.same({ "filter.policy_ids", "not_empty" }, { err.violations[1].field, err.violations[1].rule })
    assert.is_nil((query_of({}, "get_roles_info")))
  end)

  it("has every byte of ASCII in such a way that it is read as that byte", function()
    for byte = 0, 127 do
      local text = "x" .. string.char(byte) .. "y"
      local query = query_of{ some_text = text }
      assert.is_nil(query:find("[^%w%%=.~_-]"), query)
      assert.same({ { "someText", text } }, router.pairs(query))
    end
  end)

  it("is checked as a body is: a mistake raises, wrong data is answered, and nothing is sent", function()
    assert.matches("some_text must be a string", calls.mistake("send_query", calls.arguments("send_query", { some_text = 5 })), 1, true)
    assert.matches('unknown field some_txt (did you mean "some_text"?)',
      calls.mistake("send_query", calls.arguments("send_query", { some_txt = "x" })), 1, true)
    assert.equal("utf8", calls.refused("send_query", calls.arguments("send_query", { some_text = "\xFF" })).violations[1].rule)
    assert.equal("format", calls.refused("send_query", { thing_guid = "../x" }).violations[1].rule)
    assert.matches("thing_guid is missing", calls.mistake("send_query", {}), 1, true)
  end)
end)

describe("the arguments of every operation, all that are declared,", function()
  for _, operation in ipairs(declaration.operations()) do
    it("go out under the wire's names: " .. operation.full_name, function()
      local given = samples.arguments(operation.arguments, true)
      local expected = samples.on_wire(operation.arguments, given)
      local body, request, _ = calls.goes_out(operation.full_name, given)
      assert.equal(operation.method, request.method)
      assert.equal(GUID, request.headers[operation.context == "site" and "wix-site-id" or "wix-account-id"])
      assert.is_nil(request.headers[operation.context == "site" and "wix-account-id" or "wix-site-id"])
      local path = operation.path:gsub("{([%w_]+)}", given)
      assert.equal(path, request.url:match("^https://[^/]+(/[^?]*)"))
      if operation.method ~= "GET" then
        assert.same(expected, body)
        assert.equal("application/json", request.headers["Content-Type"])
        assert.is_nil(request.url:find("?", 1, true))
      else
        assert.is_nil(request.body)
        assert.is_nil(request.headers["Content-Type"])
        for _, field in ipairs(operation.arguments.fields) do
          assert.equal(not field.in_path and next(expected) ~= nil, request.url:find("[?&]" .. field.wire .. "[=.]") ~= nil, field.name)
        end
      end
    end)
  end
end)

describe("on the wire", function()
  local server, wix

  before_each(function()
    server = assert(sandbox.start{ seed = 1 })
    wix = server:client{ retries = 0 }
  end)
  after_each(function()
    wix:close()
    server:stop()
  end)

  -- What the sandbox, which has no such path, got.
  local function came(name, arguments)
    local answer, err = wix.everything[name](calls.arguments(name, arguments))
    assert.is_nil(answer)
    assert.equal("not_found", err.kind)
    local requests = server:requests()
    assert.equal(1, #requests)
    server:requests_clear()
    return requests[1]
  end

  it("a GET has no body, no word about one, and its query exactly", function()
    local request = came("send_query", { some_text = "a b&c=d+e é%", text_list = { "1", "2" } })
    assert.equal("GET", request.method)
    assert.equal("/everything/" .. GUID .. "/query", request.path)
    assert.equal("someText=a%20b%26c%3Dd%2Be%20%C3%A9%25&textList=1&textList=2", request.query)
    assert.equal("", request.body or "")
    for _, name in ipairs{ "content-type", "content-length", "transfer-encoding", "expect" } do
      assert.is_nil(request.headers[name], name)
    end
    assert.equal("/everything", came("send_nothing").path)
  end)

  it("PUT and PATCH have a body as POST has", function()
    for name, method in pairs{ send_put = "PUT", send_patch = "PATCH" } do
      local request = came(name, { some_text = "é", query_filter = { role_ids = { "1" } } })
      assert.equal(method, request.method)
      assert.equal("/everything/" .. GUID, request.path)
      assert.is_nil(request.query)
      assert.equal("application/json", request.headers["content-type"])
      assert.equal(tostring(#request.body), request.headers["content-length"])
      assert.same({ thingGuid = GUID, someText = "é", queryFilter = { roleIds = { "1" } } }, cjson.decode(request.body))
    end
  end)

  it("every text that is UTF-8 is read as it was given", function()
    local random = 7
    for _ = 1, SLOW and 10 or 200 do
      local codes = {}
      for i = 1, 20 do
        random = (random * 1103515245 + 12345) % (1 << 31)
        local code = random // 64 % (({ 0x80, 0x800, 0xD800, 0x110000 })[random // 16 % 4 + 1])
        codes[i] = utf8.char(code >= 0xD800 and code <= 0xDFFF and 0xFFFD or code)
      end
      local text = table.concat(codes)
      assert.same({ { "someText", text } }, router.pairs(came("send_query", { some_text = text }).query))
    end
  end)

  it("a GET and a POST follow each other on one client, each with its own headers", function()
    for _ = 1, 2 do
      assert.is_nil(came("send_query").headers["content-type"])
      assert.equal("application/json", came("send_put").headers["content-type"])
    end
  end)
end)
