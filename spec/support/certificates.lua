--- Certificates for specs that speak TLS: an authority of their own, made once a process, in a folder that is left to the
-- run's temporary directory.

local certificates = {}

-- Names that the good certificate is for; the second is no loopback address, for what must go through a proxy.
certificates.HOST = "wixapis.test"

local function run(command)
  local pipe <close> = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read("a")
  assert(pipe:close(), command .. "\n" .. output)
end

local made

--- { ca = path, good = { cert =, key = }, other_name = …, expired = …, stranger = … (signed by nobody known) }
function certificates.all()
  if made then return made end
  local folder = os.tmpname()
  os.remove(folder)
  run("mkdir -p " .. folder)
  local function path(name) return folder .. "/" .. name .. ".pem" end
  run(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj '/CN=wixum specs' -keyout %s -out %s")
    :format(path "ca-key", path "ca"))
  local function certificate(name, names, days)
    run(("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=%s' -keyout %s -out %s"):format(name,
      path(name .. "-key"), path(name .. "-request")))
    local extensions = assert(io.open(path(name .. "-extensions"), "w"))
    extensions:write("subjectAltName=" .. names .. "\n")
    extensions:close()
    run(("openssl x509 -req -in %s -CA %s -CAkey %s -CAcreateserial -days %d -extfile %s -out %s"):format(path(name .. "-request"),
      path "ca", path "ca-key", days, path(name .. "-extensions"), path(name)))
    return { cert = path(name), key = path(name .. "-key") }
  end
  made = {
    ca = path "ca",
    good = certificate("good", "IP:127.0.0.1,DNS:localhost,DNS:" .. certificates.HOST, 30),
    other_name = certificate("other", "DNS:somewhere.else.test", 30),
    expired = certificate("expired", "IP:127.0.0.1", 0),
  }
  run(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj '/CN=stranger' " ..
    "-addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s"):format(path "stranger-key", path "stranger"))
  made.stranger = { cert = path "stranger", key = path "stranger-key" }
  return made
end

return certificates
