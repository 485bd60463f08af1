-- A review whose decisions are being carried out, killed again and again, against a service that fails at random.

local access = require "spec.support.access"
local here = require "spec.support.here"
local torture = require "spec.support.access_torture"

describe("a review that is killed while it is applied #pure", function()
  it("leaves nobody with access who should lose it, nobody without who should keep it, and no call unexplained", function()
    local kills = here.slow and 3 or 15
    local figures = torture.run{ kills = kills, a_round = 8, seed = 7 }
    assert.is_true(figures.kills >= kills and figures.calls > 50)
    assert.is_true(here.slow or figures.tables > 0)
  end)

  it("is judged by who could reach what before it, and not by what it says", function()
    for _, roles in ipairs{ false, "Website Designer" } do -- somebody loses access, or gets a role, whom the review does not have
      local ok, problem = pcall(torture.run, { kills = 1, a_round = 1, seed = 5, decide = function(_, server)
        local site = access.id(1)
        local wix <close> = server:client{ rate = false, site_id = site }
        for account, title in pairs(access.on(server, site)) do
          if title ~= "Website Designer" then
            if roles then
              assert(wix.contributors.change_role{ account_id = account, new_roles = { { role_id = "6600412800113080102" } } })
            else assert(wix.contributors.remove_contributor{ account_id = account }) end
            break
          end
        end
        server:requests_clear()
        return {}
      end })
      assert.is_false(ok)
      assert.matches("nobody decided that", problem)
    end
  end)
end)
