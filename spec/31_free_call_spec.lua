-- wix:call{ … }: an endpoint that is not declared, with the key, the pace, the attempts and the errors of all others.

local sandbox = require "wixum.sandbox"
local wixum = require "wixum"

describe("wix:call", function()
  local server, wix

  before_each(function()
    server = assert(sandbox.start{ seed = 1 })
    wix = wixum.client{ base_url = server.base_url, api_key = server.api_key, site_id = server.site_id, rate = false }
  end)
  after_each(function()
    wix:close()
    server:stop()
  end)

  local function last()
    local requests = server:requests()
    return requests[#requests]
  end

  local BODY = { policyIds = { "1" }, emails = { "ann@example.com" } }

  it("sends what it is given and answers under the service's own names", function()
    local answer, info = assert(wix:call{ method = "POST", path = "/invites/site-invite/bulk", body = BODY })
    assert.equal("ann@example.com", answer.invites[1].email)
    assert.equal(server.site_id, answer.invites[1].siteId)
    assert.same({ 200, 1 }, { info.status, info.attempts })
    assert.equal("application/json", last().headers["content-type"])
    assert.equal(server.site_id, last().headers["wix-site-id"])
    assert.is_nil(last().headers["wix-account-id"])
  end)

  it("writes a query: sorted names, lists repeated, every byte as it is", function()
    local _, err = wix:call{ method = "GET", path = "/nothing/here", effect = "read",
      query = { b = { "x", 2, true }, a = "ü &=+/?#%", ["filter.policyIds"] = { "1" } } }
    assert.same({ "not_found", "refused" }, { err.kind, err.outcome })
    assert.equal("a=%C3%BC%20%26%3D%2B%2F%3F%23%25&b=x&b=2&b=true&filter.policyIds=1", last().query)
    assert.is_nil(last().headers["content-type"])
    assert.equal("", last().body)
  end)

  it("sends an empty body where the method has one and none is given", function()
    wix:call{ method = "POST", path = "/nothing" }
    assert.same({ "0", "application/json" }, { last().headers["content-length"], last().headers["content-type"] })
  end)

  it("takes every method after every other on one connection, each with its own body or none", function()
    local methods = { "GET", "POST", "PUT", "PATCH", "DELETE" }
    for _, first in ipairs(methods) do
      for _, second in ipairs(methods) do
        for _, method in ipairs{ first, second, second } do
          local body = method ~= "GET" and method ~= "DELETE" and { of = method } or nil
          local _, err = wix:call({ method = method, path = "/none", body = body, effect = "read" }, { timeout = 5, retries = 0 })
          assert.same({ "not_found", 404 }, { err.kind, err.status }, first .. " " .. second)
          local came = last()
          assert.same({ method, body and ('{"of":"%s"}'):format(method) or "", body and "application/json" or nil, nil },
            { came.method, came.body, came.headers["content-type"], came.headers["transfer-encoding"] })
        end
      end
    end
    for _, request in ipairs(server:requests()) do assert.equal(1, request.connection) end
  end)

  it("counts as adding something unless its effect is said", function()
    for _, case in ipairs{ { nil, 1 }, { "adds", 1 }, { "read", 5 }, { "repeatable", 5 } } do
      server:requests_clear()
      server:fault{ status = 503, times = "always" }
      local patient = wixum.client{ base_url = server.base_url, api_key = server.api_key, site_id = server.site_id, rate = false,
        clock = { now = function() return 0 end, sleep = function() end, random = function() return 0 end, time = os.time } }
      local _, err = patient:call{ method = "POST", path = "/x", body = {}, effect = case[1] }
      assert.same({ "server", "unknown", case[2] }, { err.kind, err.outcome, #server:requests() }, case[1])
      patient:close()
      server:faults_clear()
    end
  end)

  it("asks which id is meant where both are known", function()
    local both = wix:with{ account_id = server.account_id }
    local path = "/roles-management/roles"
    assert.has_error(function() both:call{ method = "GET", path = path } end)
    both:call{ method = "GET", path = path, context = "account", effect = "read" }
    assert.same({ nil, server.account_id }, { last().headers["wix-site-id"], last().headers["wix-account-id"] })
    both:call({ method = "GET", path = path, context = "site", effect = "read" }, { timeout = 5 })
    assert.equal(server.site_id, last().headers["wix-site-id"])
    local _, err = wixum.client{ base_url = server.base_url, api_key = server.api_key }:call{ method = "GET", path = path }
    assert.same({ "invalid", "not_sent" }, { err.kind, err.outcome })
  end)

  it("takes any JSON as an answer, and nothing for an empty table", function()
    for body, expected in pairs{ ["[1,2]"] = { 1, 2 }, ['{"a":null,"b":{"c":1}}'] = { b = { c = 1 } }, ["null"] = {}, [""] = {},
      ['"x"'] = "x" } do
      server:fault{ status = 200, body = body }
      assert.same(expected, (wix:call{ method = "GET", path = "/x", effect = "read" }), body)
    end
    server:fault{ status = 200, body = "<html>" }
    local _, err = wix:call{ method = "DELETE", path = "/x" }
    assert.same({ "protocol", "unknown" }, { err.kind, err.outcome })
  end)

  it("names what the service finds wrong by the service's own names", function()
    local _, err = wix:call{ method = "POST", path = "/invites/site-invite/bulk", body = { policyIds = { "1" }, emails = { "nobody" } } }
    assert.same({ "rejected", "emails", 1 }, { err.kind, err.violations[1].field, err.violations[1].index })
  end)

  it("is shown by dry_run and told to on_event", function()
    local shown = wix:with{ dry_run = true }:call{ method = "PUT", path = "/a", query = { b = 1 }, body = { c = { "d" } } }
    assert.same({ "PUT", server.base_url .. "/a?b=1", '{"c":["d"]}', "[masked]" }, { shown.method, shown.url, shown.body,
      shown.headers.Authorization })
    assert.equal(0, #server:requests())
    assert.matches('method = "PUT"', tostring(shown), 1, true)
  end)

  it("refuses a program's mistakes at the caller's line, with nothing sent", function()
    local good = { method = "POST", path = "/x", body = {} }
    for what, change in pairs{
      ["unknown field bodi (did you mean \"body\"?)"] = { bodi = 1 }, ["method must be"] = { method = "post" },
        ["method must be "] = { method = "HEAD" },
      ["path must be a string that begins"] = { path = "x" }, ["percent-encoded"] = { path = "/a?b" },
        ["percent-encoded "] = { path = "/a b" },
      [". or .."] = { path = "/a/../b" }, [". or .. "] = { path = "/a/%2e%2E/b" }, ["query must be a table"] = { query = "a=b" },
      ["query must have names"] = { query = { "a" } }, ["query.a must be text"] = { query = { a = 1.5 } },
      ["query.a must be text "] = { query = { a = { {} } } },       ["is an empty list"] = { query = { a = {} } },
      ["must be a list without names"] = { query = { filter = { policyIds = { "1" } } } },
      ["must be a list without holes"] = { query = { a = { "1", nil, "3" } } }, ["valid UTF-8"] = { query = { a = "\255" } },
      ["effect must be"] = { effect = "write" }, ["context must be"] = { context = "world" }, ["a GET has no body"] = { method = "GET" },
      ["body must be a value that JSON has"] = { body = { print } },
    } do
      local arguments = setmetatable(change, { __index = good })
      local given = {}
      for _, name in ipairs{ "method", "path", "query", "body", "effect", "context", "bodi" } do given[name] = arguments[name] end
      local ok, message = pcall(function() wix:call(given) end)
      assert.is_false(ok, what)
      assert.is_truthy(message:find((what:gsub(" $", "")), 1, true), what .. ": " .. message)
      assert.matches("^spec/31_free_call_spec.lua:%d+: call: ", message)
    end
    assert.is_false((pcall(wix.call, { method = "GET", path = "/x" })))
    assert.is_false((pcall(function() wix:call("GET /x") end)))
    assert.equal(0, #server:requests())
  end)

  it("refuses data that cannot go out, with nothing sent", function()
    local _, err = wix:call{ method = "POST", path = "/x", body = { a = { b = "\255" } } }
    assert.same({ "invalid", "not_sent", 0 }, { err.kind, err.outcome, #server:requests() })
  end)
end)
