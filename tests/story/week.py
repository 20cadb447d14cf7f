#!/usr/bin/env python3
"""A week of two people with one repository and three tenants: issue by issue what a team does with tenantry.

    tests/story/week.py --program target/release/tenantry

A bare remote, two clones, three sandboxes over HTTPS. Ann makes the workspace and applies v1 to dev; Bob, in the other
clone, promotes it to test and prod. Bob changes it, Ann applies v2 to dev and Bob promotes that. Somebody edits prod behind
their back; drift reports exactly that. Ann rolls prod back to v1: prod is then, object by object, what v1's first apply
left, except ids. Both clones tell the same history.
"""
import argparse
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from served import announced  # noqa: E402

TENANTS = ("dev", "test", "prod")
# Where everything is that a story can touch: list, and what lies in each object of it.
LISTS = {
    "clients": ("/clients", "client_id", []),
    "resource servers": ("/resource-servers", "id", []),
    "client grants": ("/client-grants", "id", []),
    "roles": ("/roles", "id", ["permissions"]),
    "connections": ("/connections", "id", ["clients"]),
    "organizations": ("/organizations", "id", ["enabled_connections"]),
    "actions": ("/actions/actions", "id", []),
}
SINGLE = ("/tenants/settings", "/branding", "/emails/provider", "/email-templates/welcome_email",
          "/actions/triggers/post-login/bindings")
# What no configuration decides: when something was made, and what the server makes up for each object.
MADE_UP = {"created_at", "updated_at", "built_at", "build_time", "client_secret", "signing_keys", "number", "deployed_version",
           "all_changes_deployed"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

V1 = """clients:
  - $key: web
    name: Web
    app_type: regular_web
    description: 'Web of {{stage}}'
    callbacks: ['https://{{stage}}.shop.example/cb']
  - { name: Worker, app_type: non_interactive, description: Sends parcels }
  - { name: Kiosk, app_type: spa }
resourceServers:
  - { name: Orders, identifier: 'https://orders.shop.example', scopes: [{ value: 'read:orders' }, { value: 'write:orders' }] }
clientGrants:
  - { client_id: Worker, audience: 'https://orders.shop.example', scope: ['read:orders'] }
roles:
  - name: Clerk
    description: Takes orders
    permissions:
      - { resource_server_identifier: 'https://orders.shop.example', permission_name: 'read:orders' }
  - { name: Auditor, description: Reads all }
databases:
  - { name: people, strategy: auth0, enabled_clients: [Web, Kiosk] }
organizations:
  - name: north
    display_name: North
    connections: [{ name: people, assign_membership_on_login: true }]
actions:
  - name: Stamp
    code: 'exports.onExecutePostLogin = async (event, api) => { api.idToken.setCustomClaim("a", 1); };'
    deployed: true
    supported_triggers: [{ id: post-login, version: v3 }]
triggers:
  post-login: [{ action_name: Stamp, display_name: Stamp }]
emailProvider: { name: sendgrid, default_from_address: 'shop@{{stage}}.shop.example', credentials: { api_key: '{{secret "mail"}}' } }
emailTemplates:
  - { template: welcome_email, enabled: true, from: 'shop@shop.example', subject: Welcome, syntax: liquid, body: '<p>Hello</p>' }
tenant: { friendly_name: 'Shop {{stage}}', session_lifetime: 72 }
"""
# A rename, changes in all that hangs on something, one client less and one more.
V2 = (V1.replace("    name: Web\n", "    name: Web App\n    $was: Web\n")
      .replace("enabled_clients: [Web, Kiosk]", "enabled_clients: ['Web App', Tablet]")
      .replace("{ name: Kiosk, app_type: spa }", "{ name: Tablet, app_type: native }")
      .replace("Sends parcels", "Sends parcels and letters")
      .replace("scope: ['read:orders']", "scope: ['read:orders', 'write:orders']")
      .replace("Takes orders", "Takes and changes orders")
      .replace("permission_name: 'read:orders' }", "permission_name: 'write:orders' }")
      .replace("display_name: North", "display_name: Far North")
      .replace('Claim("a", 1)', 'Claim("a", 2)')
      .replace("<p>Hello</p>", "<p>Hello again</p>")
      .replace("session_lifetime: 72", "session_lifetime: 24"))


class Sandbox:
    """One tenant over HTTPS, and the way to it past tenantry."""

    def __init__(self, program, home, name):
        command = [program, "sandbox", "serve", name, "--port", "0", "--tls", "--json"]
        self.process = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True)
        where = announced(self.process) or sys.exit(f"the sandbox {name} did not start")
        self.domain, self.authority = where["url"].removeprefix("https://").replace("127.0.0.1", "localhost"), where["authority"]
        self.context = ssl.create_default_context(cafile=self.authority)
        self.bearer = self.call("POST", "/oauth/token", {"grant_type": "client_credentials", "client_id": "story",
                                "client_secret": "story", "audience": "story"}, "")["access_token"]

    def call(self, method, path, body=None, prefix="/api/v2"):
        headers = {"content-type": "application/json"}
        if prefix:
            headers["authorization"] = f"Bearer {self.bearer}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"https://{self.domain}{prefix}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, context=self.context, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def find(self, path, name):
        items = self.call("GET", path)
        items = items if isinstance(items, list) else next(value for value in items.values() if isinstance(value, list))
        return next(item for item in items if item["name"] == name)

    def objects(self):
        """Returns every object by kind and name, ids put as what they are the ids of."""
        raw, names = {}, {}
        for kind, (path, key, nested) in LISTS.items():
            items = self.call("GET", f"{path}?per_page=100" if kind != "connections" else path)
            items = items if isinstance(items, list) else next(v for v in items.values() if isinstance(v, list))
            for item in items:
                name = f"{kind}/{item.get('name') or item['client_id'] + ',' + item['audience']}"
                # A grant is called by its client, which is known by now.
                name = names[item[key]] = named(name, names)
                raw[name] = item
                for inner in nested:
                    raw[f"{name}/{inner}"] = self.call("GET", f"{path}/{item[key]}/{inner}")
        for path in SINGLE:
            raw[path] = self.call("GET", path)
        return {named(name, names): plain(value, names) for name, value in raw.items()}

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)


def named(text, names):
    for one, name in names.items():
        text = text.replace(one, f"<{name}>")
    return text


def plain(value, names):
    if isinstance(value, dict):
        # An id of nothing that has a name (a version of an action's code, a binding) is an id and no more.
        kept = {key: inner for key, inner in value.items() if key not in MADE_UP and not (key == "id" and UUID.fullmatch(str(inner)) and inner not in names)}
        return {named(key, names): plain(inner, names) for key, inner in kept.items()}
    if isinstance(value, list):
        # No list here has an order that says anything.
        return sorted((plain(inner, names) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True))
    return named(value, names) if isinstance(value, str) else value


class Person:
    """A clone and who works in it."""

    def __init__(self, program, folder, name, environment):
        self.program, self.folder = program, folder
        self.environment = environment | {f"GIT_{who}_NAME": name for who in ("AUTHOR", "COMMITTER")}
        self.environment |= {f"GIT_{who}_EMAIL": f"{name}@shop.example" for who in ("AUTHOR", "COMMITTER")}
        self.environment |= {"USER": name}

    def run(self, *words, code=0):
        ended = subprocess.run(words, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        if ended.returncode != code:
            sys.exit(f"`{' '.join(map(str, words))}` ended with {ended.returncode}, not {code}:\n{ended.stdout}{ended.stderr}")
        return ended.stdout

    def git(self, line):
        return self.run("git", *line.split())

    def does(self, line, code=0):
        return self.run(self.program, *line.split(), code=code)

    def asks(self, line, code=0):
        return json.loads(self.does(f"{line} --json", code))

    def commits(self, message, text):
        (self.folder / "templates/all.yaml").write_text(text)
        self.git("add -A")
        self.git(f"commit -q -m {message}")
        self.git("push -q origin HEAD:main")


def must(what, fact, shown=""):
    if not fact:
        sys.exit(f"the story breaks at: {what}\n{shown}")


def same(what, first, second):
    differing = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    lines = [f"{name}:\n  {json.dumps(first.get(name), sort_keys=True)}\n  {json.dumps(second.get(name), sort_keys=True)}"
             for name in differing]
    must(what, not differing, "\n".join(lines))


def story(program, scratch, sandboxes):
    environment = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
    environment |= {"HOME": str(scratch), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
    environment |= {"TENANTRY_CA": sandboxes["dev"].authority, "MAIL_KEY": "story-mail-key-3141592653"}
    for name in TENANTS:
        environment |= {f"{name.upper()}_ID": "story", f"{name.upper()}_SECRET": "story"}

    # Monday: Ann makes the workspace.
    remote = scratch / "shop.git"
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", remote], check=True)
    subprocess.run(["git", "clone", "-q", remote, scratch / "ann"], check=True, stderr=subprocess.DEVNULL)
    ann = Person(program, scratch / "ann", "ann", environment)
    ann.does("init")
    (ann.folder / "templates/example.yaml").unlink()
    (ann.folder / "tenantry.yaml").write_text("project: shop\nhistory: { remote: origin, expect: required }\n")
    for name in TENANTS:
        upper = name.upper()
        (ann.folder / f"tenants/{name}.yaml").write_text(
            f"domain: {sandboxes[name].domain}\n"
            f"credentials: {{ client_id: {{ env: {upper}_ID }}, client_secret: {{ env: {upper}_SECRET }} }}\n"
            f"vars: {{ stage: {name} }}\nsecrets: {{ mail: {{ env: MAIL_KEY }} }}\npolicy: {{ require_clean: true }}\n")
    ann.commits("v1", V1)
    ann.does("check")
    ann.does("apply dev --yes --first-apply --tag v1")
    ann.does("plan dev --exit-code")

    # Tuesday: Bob has never seen the place, and promotes.
    subprocess.run(["git", "clone", "-q", remote, scratch / "bob"], check=True)
    bob = Person(program, scratch / "bob", "bob", environment)
    must("the tag went to the remote", bob.git("tag").split() == ["v1"])
    bob.does("promote dev test --yes --first-apply --verify")
    bob.does("promote test prod --yes --first-apply --verify")
    first, dev = sandboxes["prod"].objects(), sandboxes["dev"].objects()
    web = sandboxes["prod"].find("/clients", "Web")["client_id"]
    must("prod has what v1 says", first["roles/Clerk"]["description"] == "Takes orders" and len(first) > 20, str(sorted(first)))
    same("dev and prod are the same but for what differs by tenant", json.loads(json.dumps(dev).replace("dev", "prod")), first)
    ann.does("drift --all")
    differing = bob.asks("diff test prod")
    paths = {f"{change['address']}:{delta['path']}" for change in differing["changes"] for delta in change["deltas"]}
    must("two tenants differ in what the files say of each, and in no id, secret or domain", paths == {
        "clients/Web:description", "clients/Web:callbacks[https://prod.shop.example/cb]",
        "clients/Web:callbacks[https://test.shop.example/cb]", "emailProvider:default_from_address", "tenant:friendly_name",
    }, json.dumps(differing, indent=1))

    # Wednesday: Bob changes it, Ann applies it to dev, Bob promotes.
    bob.commits("v2", V2)
    ann.git("pull -q --ff-only origin main")
    ann.does("apply dev --yes --tag v2")
    bob.does("promote dev test --yes --verify")
    bob.does("promote test prod --yes --verify")
    second = sandboxes["prod"].objects()
    must("the rename is one", "clients/Web App" in second and "clients/Web" not in second)
    bob.does("drift --all")

    # Thursday: somebody edits prod behind their back.
    prod = sandboxes["prod"]
    prod.call("PATCH", f"/roles/{prod.find('/roles', 'Auditor')['id']}", {"description": "Reads nothing"})
    prod.call("PATCH", f"/clients/{prod.find('/clients', 'Worker')['client_id']}", {"oidc_conformant": False, "description": "?"})
    drift = ann.asks("drift prod", code=2)
    moved = {(change["address"], delta["path"]) for change in drift["tenants"][0]["changes"] for delta in change["deltas"]}
    expected = {("roles/Auditor", "description"), ("clients/Worker", "description")}
    must("drift reports exactly what moved", moved == expected, json.dumps(drift, indent=1))
    for name in ("dev", "test"):
        ann.does(f"drift {name}")
    ann.does("drift --all", code=2)

    # In the night sign-in breaks: back to v1, from the clone that has never applied to prod.
    ann.does("rollback prod --to v1 --yes", code=4)
    shown = ann.does("rollback prod --to v1 --plan-only --accept-drift")
    for words in ("clients/Kiosk: made anew, with another client_id", "clients/Tablet: deleted"):
        must("what cannot come back is said", words in shown, shown)
    ann.does("rollback prod --to v1 --yes --accept-drift --verify")
    # Beyond what was managed: the edit of a field that nobody manages stays as it is.
    after = prod.objects()
    must("an edit outside of what is managed stays", after["clients/Worker"].pop("oidc_conformant") is False)
    first["clients/Worker"].pop("oidc_conformant")
    same("prod is what v1's first apply left, except ids", first, after)
    must("the renamed client kept its id", prod.find("/clients", "Web")["client_id"] == web)
    bob.does("drift prod")

    # In the morning both clones tell the same.
    histories = [person.asks("history --all") for person in (ann, bob)]
    must("both clones tell the same history", histories[0] == histories[1], json.dumps(histories, indent=1)[:4000])
    told = {tenant["tenant"]: [(record["run"], record["by"]["name"]) for record in tenant["records"]]
            for tenant in histories[0]["tenants"]}
    must("the history is whole", told == {
        "dev": [("apply", "ann"), ("apply", "ann")],
        "test": [("promotion", "bob"), ("promotion", "bob")],
        "prod": [("rollback", "ann"), ("promotion", "bob"), ("promotion", "bob")],
    }, json.dumps(told, indent=1))
    references = bob.git("for-each-ref --format=%(refname) refs/tenantry").split()
    must("each tenant has its line", len(references) == len(TENANTS), str(references))
    must("no lock is left", "locks" not in ann.git("ls-remote origin"))
    for reference in references:
        ids = {person.git(f"rev-parse {reference}").strip() for person in (ann, bob)}
        must("the lines are one", ids == {ann.git(f"ls-remote origin {reference}").split()[0]})
        must("a line has no forks", bob.git(f"rev-list --min-parents=2 {reference}") == "")
        log = bob.git(f"log -p {reference}")
        must("no secret is in the records", environment["MAIL_KEY"] not in log)
    # What was left does not come back by itself.
    bob.does("promote test prod --yes", code=4)
    bob.does("release-hold prod")
    bob.does("promote test prod --yes")
    same("v2 is back", {**second, "roles/Auditor": None, "clients/Worker": None},
         {**prod.objects(), "roles/Auditor": None, "clients/Worker": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    arguments = parser.parse_args()
    program, begun = str(Path(arguments.program).resolve()), time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="tenantry-story-"))
    sandboxes = {}
    try:
        home = scratch / "tenants"
        home.mkdir()
        (home / "tenantry.yaml").write_text("project: home\n")
        for name in TENANTS:
            sandboxes[name] = Sandbox(program, home, name)
        story(program, scratch, sandboxes)
        print(f"   the story holds ({time.monotonic() - begun:.0f} s)")
    finally:
        for sandbox in sandboxes.values():
            sandbox.stop()
        shutil.rmtree(scratch, ignore_errors=True)


main()
