// run.mjs: makes calls through Wix's official packages, and says what came of them.
//
//   node run.mjs FOLDER      FOLDER holds the package.json that names them, and node_modules
//
// Owns the use of those packages, no more: which calls are made, and what of them must be the same as wixum's, is said in
// spec/51_interop_spec.lua. Nothing here can reach the real service: what is not for a server on loopback is refused.
//
// A line of JSON comes in, a line of JSON that begins with "=" goes out, one call at a time:
//
//   {"list": true}      the packages besides the SDK: {"@wix/identity_user": {"version": "1.0.0", "functions": ["searchTeam"]}}
//   {"package": "@wix/identity_user", "function": "searchTeam", "arguments": [{"query": "ann"}],
//    "base_url": "http://127.0.0.1:8080", "api_key": "…", "account_id": "…" (or "site_id", or neither)}
//                       {"value": what it resolved with} or {"error": {"status", "code", "description", "violations", …}}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const SERVICE = "https://www.wixapis.com";

const folder = resolve(process.argv[2]);
// By require, not by import: the ES modules of the identity packages do not load in Node.
const load = createRequire(join(folder, "package.json"));
const { createClient, ApiKeyStrategy } = load("@wix/sdk");

const described = (name) => JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8"));
const names = Object.keys(described(".").dependencies).filter((name) => name !== "@wix/sdk");

function list() {
  const packages = {};
  for (const name of names) {
    const exported = load(name);
    packages[name] = {
      version: described(join("node_modules", name)).version,
      functions: Object.keys(exported).filter((key) => typeof exported[key] === "function"),
    };
  }
  return packages;
}

function fetchFrom(baseUrl) {
  if (!/^http:\/\/127\.0\.0\.1:\d+$/.test(baseUrl)) throw new Error("not a server on loopback");
  return (url, init) => {
    const target = String(url);
    if (!target.startsWith(SERVICE + "/")) throw new Error("a request for another host than the service's");
    return fetch(baseUrl + target.slice(SERVICE.length), init);
  };
}

// A client lives as long as this process: what it remembers from one call to the next is part of how it behaves.
const clients = new Map();

function clientOf(call) {
  const key = JSON.stringify([call.package, call.base_url, call.api_key, call.site_id, call.account_id]);
  if (!clients.has(key)) {
    const auth = { apiKey: call.api_key };
    if (call.site_id) auth.siteId = call.site_id;
    if (call.account_id) auth.accountId = call.account_id;
    const modules = { called: load(call.package) };
    clients.set(key, createClient({ modules, auth: ApiKeyStrategy(auth), fetch: fetchFrom(call.base_url) }));
  }
  return clients.get(key);
}

function told(error) {
  const details = error.details ?? {};
  return {
    name: error.name,
    status: error.status,
    request_id: error.requestId,
    code: details.applicationError?.code,
    description: details.applicationError?.description,
    data: details.applicationError?.data,
    violations: details.validationError?.fieldViolations,
    message: error.message,
  };
}

async function answer(line) {
  const request = JSON.parse(line);
  if (request.list) return list();
  const run = clientOf(request).called[request.function];
  try {
    return { value: await run(...request.arguments) };
  } catch (error) {
    return { error: told(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write("=" + JSON.stringify(await answer(line)) + "\n");
}
