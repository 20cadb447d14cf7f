#!/usr/bin/env python3
"""Three hundred changes against a rate limit, over a real socket, beside logins that take from the same limit.

  benches/rate_limit.py [PROGRAM]        PROGRAM: target/release/tenantry unless given

A run must end, no login may be refused, no request of ours either, the time may be a tenth more than what the bucket
allows, and a change is one request (two for an action). Takes about five minutes.
"""
import json, os, subprocess, sys, tempfile, time, urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests"))
from served import announced  # noqa: E402

CHANGES, SLACK = 300, 1.10
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../target/release/tenantry"))


def write(folder, path, text):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def roles(count):
    return "roles:\n" + "".join(f"  - name: Role {n}\n" for n in range(count))


def actions(count):
    action = "  - name: Action {}\n    code: exports.onExecutePostLogin = async () => {{}}\n    deployed: true\n" \
             "    supported_triggers: [{{ id: post-login, version: v3 }}]\n"
    return "actions:\n" + "".join(action.format(n) for n in range(count))


def run(name, template, changes, per_change, rate, burst, logins, measured=True):
    with tempfile.TemporaryDirectory() as folder:
        write(folder, "tenantry.yaml", "project: bench\n")
        write(folder, "tenants/acme.yaml", "domain: acme.eu.auth0.com\n")
        write(folder, "templates/all.yaml", template)
        serve = [PROGRAM, "sandbox", "serve", "acme", "--port", "0", "--json", "--rate", str(rate), "--burst", str(burst)]
        serve += ["--logins", str(logins)] if logins else []
        server = subprocess.Popen(serve, cwd=folder, stdout=subprocess.PIPE, text=True)
        try:
            url = (announced(server) or sys.exit("the sandbox did not start"))["url"]
            environment = {**os.environ, "TENANTRY_API_URL": url, "AUTH0_ACCESS_TOKEN": "bench"}
            start = time.perf_counter()
            ended = subprocess.run([PROGRAM, "apply", "acme", "--yes", "--json"], cwd=folder, env=environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            took = time.perf_counter() - start
            stats = json.load(urllib.request.urlopen(f"{url}/__sandbox/stats"))["requests"]
        finally:
            server.kill()
            server.wait()
    summary = json.loads(ended.stdout)["summary"]
    ours = sum(stats.get(method, 0) for method in ("GET", "POST", "PATCH", "PUT", "DELETE"))
    writes = ours - stats.get("GET", 0)
    refused, logins_refused = stats.get("refused by the rate", 0), stats.get("logins refused", 0)
    allowed = max((ours + stats.get("logins", 0) - burst) / rate, 0.001)
    print(f"   {name}: {took:.1f} s, the bucket allows {allowed:.1f} s ({took / allowed:.3f}); {writes} writes "
          f"({writes / changes:.2f} per change), {stats.get('GET', 0)} reads, {stats.get('logins', 0)} logins, "
          f"refused: {refused} of ours, {logins_refused} logins")
    return (ended.returncode == 0 and summary["created"] == changes and writes == changes * per_change
            and refused == 0 and logins_refused == 0 and (not measured or took <= allowed * SLACK))


results = [
    run("2/s, burst 10, logins 0.4/s", roles(CHANGES), CHANGES, 1, 2, 10, 0.4),
    run("16/s, burst 50", roles(CHANGES), CHANGES, 1, 16, 50, None),
    # Each is read twice besides, to see that its build and its deployment are done.
    run("16/s, burst 50, actions", actions(20), 20, 2, 16, 50, None, measured=False),
]
sys.exit(not all(results))
