--- What specs of the doctor ask of a report.

local doctor = {}

--- Lines of a topic, and of a name and a state where they are said.
function doctor.lines(found, topic, name, state)
  local list = {}
  for _, line in ipairs(found.lines) do
    if line.topic == topic and (not name or line.name == name) and (not state or line.state == state) then list[#list + 1] = line end
  end
  return list
end

--- The one line of a topic and a name.
function doctor.line(found, topic, name)
  local list = doctor.lines(found, topic, name)
  assert(#list == 1, ("%d lines %s/%s in:\n%s"):format(#list, topic, name, tostring(found)))
  return list[1]
end

--- "state text" of a line, for `assert.matches`.
function doctor.said(found, topic, name)
  local line = doctor.line(found, topic, name)
  return line.state .. " " .. line.text
end

--- Names and states of the lines that are wrong.
function doctor.wrong(found)
  local list = {}
  for _, line in ipairs(found.lines) do
    if line.state == "wrong" then
      assert(line.advice and line.advice ~= "", line.text)
      assert(line.cause == "settings" or line.cause == "refused" or line.cause == "other", line.text)
      list[#list + 1] = ("%s/%s %s"):format(line.topic, line.name, line.cause)
    end
  end
  assert(#list == found.wrong, tostring(found))
  return list
end

return doctor
