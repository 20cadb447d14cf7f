// The `auth0` SDK of npm against a sandbox: create, read, update, list and delete objects of many kinds.
//
//     NODE_EXTRA_CA_CERTS=ca.pem node sdk_crud.mjs FOLDER_WITH_NODE_MODULES DOMAIN CLIENT_ID CLIENT_SECRET
//
// Each answer is held against what was asked for; a deleted object must be gone. Ends with 1 at the first kind that differs.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, domain, clientId, clientSecret] = process.argv.slice(2);
const { ManagementClient, ManagementError } = createRequire(join(folder, "here.js"))("auth0");
const api = new ManagementClient({ domain, clientId, clientSecret });

// Fails unless `answer` holds all that `asked` holds; it may hold more.
function holds(answer, asked, where) {
  for (const [key, value] of Object.entries(asked)) {
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      assert.ok(answer[key] && typeof answer[key] === "object", `${where}.${key} is missing`);
      holds(answer[key], value, `${where}.${key}`);
    } else {
      assert.deepEqual(answer[key], value, `${where}.${key}`);
    }
  }
}

async function refused(status, call, where) {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof ManagementError, `${where}: ${error}`);
    assert.equal(error.statusCode, status, `${where}: ${error.message}`);
    assert.equal(typeof error.body?.message, "string", `${where}: the error says nothing`);
    return;
  }
  assert.fail(`${where}: no error ${status}`);
}

// Walks every page of a list, as the SDK does.
async function everything(list) {
  const found = [];
  for await (const item of await list) found.push(item);
  return found;
}

// One object's life. `masked` names what an answer never shows again; it is not compared.
async function life(name, resource, { id, create, update, list = {}, masked = [], between = async () => {} }) {
  const shown = (body) => Object.fromEntries(Object.entries(body).filter(([key]) => !masked.includes(key)));
  const made = await resource.create(create);
  const key = made[id];
  assert.equal(typeof key, "string", `${name}: create answers no ${id}`);
  holds(made, shown(create), `${name}, create`);
  holds(await resource.get(key), shown(create), `${name}, get`);

  const changed = await resource.update(key, update);
  if (changed) holds(changed, shown(update), `${name}, update`);
  const after = await resource.get(key);
  holds(after, shown(update), `${name}, get after update`);
  for (const field of Object.keys(shown(create)).filter((field) => !(field in update))) {
    assert.deepEqual(after[field], made[field], `${name}: update of other fields changed ${field}`);
  }

  const listed = await everything(resource.list(list));
  const entry = listed.filter((item) => item[id] === key);
  assert.equal(entry.length, 1, `${name}: listed ${entry.length} times among ${listed.length}`);
  holds(entry[0], shown(update), `${name}, list`);

  await between(key, after);
  await resource.delete(key);
  await refused(404, () => resource.get(key), `${name}, get after delete`);
  const left = await everything(resource.list(list));
  assert.ok(!left.some((item) => item[id] === key), `${name}: still listed after its deletion`);
  done.push(name);
}

const done = [];
const audience = "https://sdk.example/api";

await life("resourceServers", api.resourceServers, {
  id: "id",
  create: { name: "Other API", identifier: "https://other.example/", scopes: [{ value: "read:a", description: "A" }] },
  update: { token_lifetime: 3600, scopes: [{ value: "read:b" }] },
});

await life("clients", api.clients, {
  id: "client_id",
  create: {
    name: "SDK client",
    app_type: "regular_web",
    callbacks: ["https://app.example/callback"],
    client_metadata: { team: "a", floor: "1" },
  },
  update: { description: "Changed", callbacks: [], grant_types: ["authorization_code"] },
  between: async (key) => {
    // Metadata is merged key by key, and null removes one.
    const merged = await api.clients.update(key, { client_metadata: { floor: null, street: "x" } });
    assert.deepEqual(merged.client_metadata, { team: "a", street: "x" });
  },
});

const server = await api.resourceServers.create({
  name: "SDK API",
  identifier: audience,
  scopes: [{ value: "read:a" }, { value: "read:b" }],
});
const machine = await api.clients.create({ name: "SDK machine", app_type: "non_interactive" });

await life("clientGrants", api.clientGrants, {
  id: "id",
  create: { client_id: machine.client_id, audience, scope: ["read:a"] },
  update: { scope: ["read:a", "read:b"] },
  list: { client_id: machine.client_id },
});

await life("roles", api.roles, {
  id: "id",
  create: { name: "SDK role", description: "One" },
  update: { description: "Two" },
  between: async (key) => {
    const permission = { resource_server_identifier: audience, permission_name: "read:a" };
    await api.roles.permissions.add(key, { permissions: [permission] });
    const held = await everything(api.roles.permissions.list(key, { per_page: 1 }));
    assert.equal(held.length, 1);
    holds(held[0], { ...permission, resource_server_name: "SDK API" }, "role permission");
    await api.roles.permissions.delete(key, { permissions: [permission] });
    assert.deepEqual(await everything(api.roles.permissions.list(key)), []);
  },
});

await life("connections", api.connections, {
  id: "id",
  create: { name: "sdk-database", strategy: "auth0", options: { brute_force_protection: true, disable_signup: true } },
  update: { display_name: "People", options: { brute_force_protection: true, disable_signup: false } },
  list: { strategy: "auth0" },
  between: async (key) => {
    await api.connections.clients.update(key, [{ client_id: machine.client_id, status: true }]);
    const enabled = await everything(api.connections.clients.get(key));
    assert.deepEqual(enabled, [{ client_id: machine.client_id }]);
  },
});

const people = await api.connections.create({ name: "sdk-people", strategy: "auth0" });
await life("organizations", api.organizations, {
  id: "id",
  create: { name: "sdk-org", display_name: "SDK", metadata: { plan: "team" } },
  update: { display_name: "SDK & Co." },
  between: async (key) => {
    assert.equal((await api.organizations.getByName("sdk-org")).id, key);
    const membership = { connection_id: people.id, assign_membership_on_login: true };
    holds(await api.organizations.enabledConnections.add(key, membership), membership, "organization connection");
    const joined = await everything(api.organizations.enabledConnections.list(key));
    assert.deepEqual(joined.map((item) => [item.connection_id, item.connection.name]), [[people.id, "sdk-people"]]);
    await api.organizations.enabledConnections.delete(key, people.id);
  },
});

await life("actions", api.actions, {
  id: "id",
  create: {
    name: "SDK action",
    supported_triggers: [{ id: "post-login", version: "v3" }],
    code: "exports.onExecutePostLogin = async () => {};",
    runtime: "node22",
    secrets: [{ name: "KEY", value: "not-shown" }],
  },
  update: { code: "exports.onExecutePostLogin = async () => { return; };" },
  masked: ["secrets"],
  between: async (key, after) => {
    assert.deepEqual(after.secrets.map((secret) => [secret.name, "value" in secret]), [["KEY", false]]);
    for (let tries = 0; (await api.actions.get(key)).status !== "built"; tries += 1) {
      assert.ok(tries < 50, "the action is never built");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const version = await api.actions.deploy(key);
    assert.equal(version.action?.id ?? key, key);
    const versions = await everything(api.actions.versions.list(key));
    assert.equal(versions.length, 1, "one deploy makes one version");
    const { bindings } = api.actions.triggers;
    const wanted = [{ ref: { type: "action_id", value: key }, display_name: "1. SDK" }];
    const bound = await bindings.updateMany("post-login", { bindings: wanted });
    assert.deepEqual(bound.bindings.map((item) => [item.action.id, item.display_name]), [[key, "1. SDK"]]);
    const standing = await everything(bindings.list("post-login"));
    assert.deepEqual(standing.map((item) => [item.action.id, item.display_name]), [[key, "1. SDK"]]);
    await refused(400, () => api.actions.delete(key), "a bound action is deleted");
    await bindings.updateMany("post-login", { bindings: [] });
    assert.deepEqual(await everything(bindings.list("post-login")), []);
  },
});

await life("actionModules", api.actions.modules, {
  id: "id",
  create: { name: "sdk-module", code: "module.exports = {};", dependencies: [], secrets: [] },
  update: { code: "module.exports = { a: 1 };" },
});

await life("logStreams", api.logStreams, {
  id: "id",
  create: { name: "SDK stream", type: "http", sink: { httpEndpoint: "https://log.example/", httpContentType: "application/json", httpContentFormat: "JSONLINES" } },
  update: { name: "SDK stream 2", status: "paused" },
});

await life("rules", api.rules, {
  id: "id",
  create: { name: "sdk-rule", script: "function (user, context, cb) { cb(null, user, context); }", order: 3 },
  update: { enabled: false },
});

await life("customDomains", api.customDomains, {
  id: "custom_domain_id",
  create: { domain: "login.sdk.example", type: "auth0_managed_certs" },
  update: { tls_policy: "recommended" },
});

// One of its kind: no id, no list.
{
  const { provider } = api.emails;
  await refused(404, () => provider.get(), "emailProvider, get before create");
  const smtp = { smtp_host: "smtp.example", smtp_port: 587, smtp_user: "u", smtp_pass: "not-shown" };
  const made = await provider.create({ name: "smtp", default_from_address: "a@sdk.example", credentials: smtp });
  holds(made, { name: "smtp", enabled: true, default_from_address: "a@sdk.example" }, "emailProvider, create");
  const fields = "name,enabled,default_from_address,credentials";
  const read = await provider.get({ fields, include_fields: true });
  holds(read, { name: "smtp", credentials: { smtp_host: "smtp.example", smtp_port: 587 } }, "emailProvider, get");
  assert.ok(!JSON.stringify(read).includes("not-shown"), "the password is shown");
  await provider.update({ enabled: false });
  assert.equal((await provider.get()).enabled, false);
  await provider.delete();
  await refused(404, () => provider.get(), "emailProvider, get after delete");
  done.push("emailProvider");
}

// What clashes, what is malformed and what is unknown are told apart.
await refused(409, () => api.resourceServers.create({ name: "Twice", identifier: audience }), "a second API of one audience");
await refused(400, () => api.clients.create({ name: "Bad", callbacks: "https://a.example" }), "callbacks that are no list");
await refused(404, () => api.roles.get("rol_0000000000000000"), "a role that does not exist");

await api.clients.delete(machine.client_id);
await api.resourceServers.delete(server.id);
await api.connections.delete(people.id);
console.log(`${done.length} kinds: ${done.join(", ")}`);
