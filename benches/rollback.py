#!/usr/bin/env python3
"""The night when sign-in breaks: a tenant of 1,000 resources goes back over 30 changes, against a rate limit.

  benches/rollback.py [PROGRAM] [--keep]      PROGRAM: target/release/tenantry unless given

A git repository with v1 (tagged) and v2, both applied to a sandbox over TLS. Then `tenantry rollback acme --to v1` runs
while the sandbox answers with 100 ms of latency and lets 16 requests a second through (burst 50).

To beat: finished within 60 s; requests at most a tenth more than what must be read and written: each list in scope once,
in pages of the API's largest size, and one write for each of the 30 changes (two for an action). No request refused.
Afterwards v1 plans empty. Takes about a minute.
"""
import json, math, os, shutil, signal, ssl, subprocess, sys, tempfile, time, urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests"))
from served import announced  # noqa: E402

CHANGES, SECONDS, SLACK = 30, 60, 1.10
LATENCY_MS, RATE, BURST, PAGE = 100, 16, 50, 100
HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = [word for word in sys.argv[1:] if not word.startswith("--")]
PROGRAM = os.path.abspath(WORDS[0] if WORDS else os.path.join(HERE, "../target/release/tenantry"))
CLIENTS, APIS, GRANTS, ROLES, ORGANIZATIONS, CONNECTIONS, DATABASES, ACTIONS = 400, 40, 40, 80, 120, 40, 5, 25
TEMPLATES = ["verify_email", "welcome_email", "reset_email", "blocked_account"]
# Of the kinds whose lists no page holds whole; what every new tenant has besides is in it (3 clients, an API).
LISTS = {"clients": CLIENTS + 3, "resourceServers": APIS + 1, "clientGrants": GRANTS, "roles": ROLES,
         "organizations": ORGANIZATIONS, "connections and databases": CONNECTIONS + DATABASES + 1, "actions": ACTIONS}
# One request for each: what lies in an object, and what there is once.
SINGLE = {"permissions of roles": ROLES, "connections of organizations": ORGANIZATIONS,
          "clients of connections": CONNECTIONS, "clients of databases": DATABASES,
          "e-mail templates": len(TEMPLATES), "tenant": 1, "trigger bindings": 1}


def tenant(version):
    """Returns the configuration; the second differs from the first in 30 resources."""
    new = version == 2
    api = [f"https://api{n}.example/" for n in range(APIS)]
    word = lambda n, most: "New words" if new and n < most else "Words"
    clients = [{"name": f"Client {n:03}", "app_type": "regular_web", "description": f"{word(n, 8)} of {n}",
                "callbacks": [f"https://app{n}.example/callback"], "client_metadata": {"team": f"team {n % 17}"}}
               for n in range(CLIENTS)]
    actions = [{"name": f"Action {n}", "deployed": True, "supported_triggers": [{"id": "post-login", "version": "v3"}],
                "code": f"exports.onExecutePostLogin = async () => {{ /* {word(n, 3)} {n} */ }};"} for n in range(ACTIONS)]
    roles = [{"name": f"Role {n}", "description": f"{word(n, 4)} {n}",
              "permissions": [{"permission_name": f"do:{p}", "resource_server_identifier": api[n % APIS]}
                              for p in range(7 if new and n < 3 else 5)]} for n in range(ROLES)]
    if new:
        # Two go and two come.
        clients[-2:] = [{"name": f"Late {n}", "app_type": "spa"} for n in range(2)]
    return {
        "tenant": {"friendly_name": "Acme"},
        "clients": clients,
        "resourceServers": [{"name": f"API {n}", "identifier": api[n], "token_lifetime": 3600 if new and n < 2 else 7200,
                             "scopes": [{"value": f"do:{s}"} for s in range(10)]} for n in range(APIS)],
        "clientGrants": [{"client_id": f"Client {n:03}", "audience": api[n], "scope": ["do:0", "do:1"]}
                         for n in range(GRANTS)],
        "roles": roles,
        "databases": [{"name": f"people-{n}", "strategy": "auth0", "enabled_clients": ["Client 010", "Client 011"]}
                      for n in range(DATABASES)],
        "connections": [{"name": f"customer-{n}", "strategy": "oidc",
                         "enabled_clients": ["Client 012" if new and n < 1 else "Client 013"],
                         "options": {"type": "front_channel", "issuer": f"https://id{n}.example/",
                                     "authorization_endpoint": f"https://id{n}.example/authorize",
                                     "jwks_uri": f"https://id{n}.example/jwks.json", "client_id": f"acme-{n}",
                                     "scope": "openid email" if new and n < 2 else "openid profile email"}}
                        for n in range(CONNECTIONS)],
        "organizations": [{"name": f"org-{n:03}", "display_name": f"{word(n, 2)} {n}",
                           "connections": [{"name": f"customer-{n % CONNECTIONS}",
                                            "assign_membership_on_login": not (new and n < 1)}]}
                          for n in range(ORGANIZATIONS)],
        "actions": actions,
        "triggers": {"post-login": [{"action_name": "Action 5", "display_name": "Action 5"}]},
        "emailTemplates": [{"template": name, "enabled": True, "from": "a@acme.example", "syntax": "liquid",
                            "subject": name, "body": "<p>Hello</p>"} for name in TEMPLATES],
    }


class Sandbox:
    """`tenantry sandbox serve` as a child process."""

    def __init__(self, folder, *flags):
        command = [PROGRAM, "sandbox", "serve", "acme", "--port", "0", "--tls", "--json", *flags]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        where = announced(self.process) or sys.exit("the sandbox did not start")
        self.url, self.authority = where["url"], where["authority"]

    def stats(self):
        context = ssl.create_default_context(cafile=self.authority)
        return json.load(urllib.request.urlopen(f"{self.url}/__sandbox/stats", context=context))["requests"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)


def run(folder, *words, wants=0):
    ended = subprocess.run(words, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if ended.returncode != wants:
        sys.exit(f"{' '.join(words)} ended with {ended.returncode}:\n{ended.stdout[-3000:]}{ended.stderr[-3000:]}")
    return ended.stdout


def write(folder, path, text):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def commit(folder, version):
    # JSON is YAML.
    write(folder, "templates/all.yaml", json.dumps(tenant(version), indent=1))
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-q", "-m", f"v{version}")
    run(folder, "git", "tag", f"v{version}")


def point(sandbox):
    ENVIRONMENT.update(TENANTRY_API_URL=sandbox.url, TENANTRY_CA=sandbox.authority)


ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
# Who tenantry runs as must be known, or no client is deleted.
ENVIRONMENT |= {"AUTH0_CLIENT_ID": "bench", "AUTH0_CLIENT_SECRET": "sandbox-only-not-a-secret"}
ENVIRONMENT |= {"NO_COLOR": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
ENVIRONMENT |= {f"GIT_{who}_{what}": "bench@acme.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

folder = tempfile.mkdtemp(prefix="tenantry-rollback-")
try:
    write(folder, "tenantry.yaml", "project: bench\n")
    write(folder, "tenants/acme.yaml", "domain: acme.eu.auth0.com\n")
    write(folder, ".gitignore", ".tenantry/\n")
    run(folder, "git", "init", "-q")
    with Sandbox(folder) as sandbox:
        point(sandbox)
        commit(folder, 1)
        first = json.loads(run(folder, PROGRAM, "apply", "acme", "--yes", "--json", "--first-apply"))["summary"]
        commit(folder, 2)
        second = json.loads(run(folder, PROGRAM, "apply", "acme", "--yes", "--json", "--max-deletes", "5"))["summary"]
    record = json.loads(run(folder, PROGRAM, "history", "acme", "last", "--json"))
    resources = len(record["applied"]["resources"])
    with Sandbox(folder, "--latency-ms", str(LATENCY_MS), "--rate", str(RATE), "--burst", str(BURST)) as sandbox:
        point(sandbox)
        start = time.perf_counter()
        said = run(folder, PROGRAM, "rollback", "acme", "--to", "v1", "--yes", "--json", "--max-deletes", "5")
        took, stats = time.perf_counter() - start, sandbox.stats()
    back = json.loads(said)["summary"]
    with Sandbox(folder) as sandbox:
        point(sandbox)
        run(folder, "git", "checkout", "-q", "v1")
        left = json.loads(run(folder, PROGRAM, "plan", "acme", "--json"))["summary"]
finally:
    if "--keep" in sys.argv:
        print(f"   kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)

pages = {name: math.ceil(count / PAGE) for name, count in LISTS.items()} | SINGLE
needed = sum(pages.values())
gets = stats.get("GET", 0)
writes = sum(stats.get(method, 0) for method in ("POST", "PATCH", "PUT", "DELETE"))
allowed = math.floor((needed + CHANGES) * SLACK)
print(f"   {resources} resources; v2 made {second['writes']} writes; pages needed: {needed} "
      f"({', '.join(f'{count} {name}' for name, count in pages.items())})")
print(f"   rollback: {took:.1f} s of {SECONDS}; {gets + writes} requests of {allowed} ({gets} reads, {writes} writes); "
      f"refused: {stats.get('refused by the rate', 0)}")
print(f"   {back}, left: {left}")
faults = [text for is_so, text in [
    (resources < 1000 or sum(back[word] for word in ("created", "updated", "deleted")) != CHANGES, "it is not that case"),
    (any(left[word] for word in ("create", "update", "rename", "replace", "delete")), "v1 is not what is there"),
    (took > SECONDS, "it took too long"),
    (gets + writes > allowed, "it asked too often"),
    (stats.get("refused by the rate", 0) > 0, "requests were refused"),
] if is_so]
sys.exit("; ".join(faults) or None)
