#!/usr/bin/env python3
"""Plan and export, side by side with the Auth0 Deploy CLI, on one sandbox over TLS.

A generated tenant (1,000 clients with the three that every new sandbox has, 20 APIs, 50 roles with permissions, 200
organizations with connections, 3 locales) is written as a Deploy CLI project and applied to a sandbox. The sandbox then
answers both tools over HTTPS with 100 ms of latency and no rate limit. Both look at the same kinds. For each run: wall
time and requests, as the server counted.

To beat: a tenth of the Deploy CLI's time for the plan, a fifth for the export, never more requests.

    cargo build --release && benches/versus_deploy_cli.py [--program PATH] [--keep] [--small]

Needs python3, node and npm. Writes below target/versus only.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "versus"
DEPLOY_CLI = "8.44.0"
LATENCY_MS = 100
KINDS = ["tenant", "resourceServers", "clients", "databases", "connections", "roles", "organizations", "prompts"]
LOCALES = ["en", "de", "sv"]
PLAN_RATIO, EXPORT_RATIO = 0.10, 0.20


def tenant(clients, apis, roles, organizations):
    """Returns the configuration as the Deploy CLI's YAML keeps it."""
    api = [f"https://api{n}.bench.example/" for n in range(apis)]
    scopes = [{"value": f"do:{n}", "description": f"Do {n}"} for n in range(10)]
    texts = {
        "en": {"title": "Welcome", "description": "Sign in to ${clientName}"},
        "de": {"title": "Willkommen", "description": "Anmelden bei ${clientName}"},
        "sv": {"title": "Välkommen", "description": "Logga in på ${clientName}"},
    }
    return {
        "tenant": {"friendly_name": "Bench", "enabled_locales": LOCALES},
        "resourceServers": [
            {"name": f"API {n}", "identifier": api[n], "signing_alg": "RS256", "scopes": scopes} for n in range(apis)
        ],
        "clients": [
            {
                "name": f"Client {n:04}",
                "description": f"Application number {n}",
                "app_type": "regular_web",
                "oidc_conformant": True,
                "callbacks": [f"https://app{n}.bench.example/callback"],
                "allowed_logout_urls": [f"https://app{n}.bench.example"],
                "grant_types": ["authorization_code", "refresh_token"],
                "client_metadata": {"team": f"team {n % 17}"},
            }
            for n in range(clients)
        ],
        "databases": [{"name": "people", "strategy": "auth0", "enabled_clients": ["Client 0000", "Client 0001"]}],
        "connections": [
            {
                "name": f"customer-{n}",
                "strategy": "oidc",
                "enabled_clients": ["Client 0000"],
                "options": {
                    "type": "front_channel",
                    "issuer": f"https://id{n}.bench.example/",
                    "authorization_endpoint": f"https://id{n}.bench.example/authorize",
                    "jwks_uri": f"https://id{n}.bench.example/jwks.json",
                    "client_id": f"bench-{n}",
                    "scope": "openid profile email",
                },
            }
            for n in range(5)
        ],
        "roles": [
            {
                "name": f"Role {n}",
                "description": f"Role number {n}",
                "permissions": [
                    {"permission_name": f"do:{p}", "resource_server_identifier": api[n % apis]} for p in range(8)
                ],
            }
            for n in range(roles)
        ],
        "organizations": [
            {
                "name": f"org-{n:03}",
                "display_name": f"Organization {n}",
                "metadata": {"number": str(n)},
                "connections": [
                    {"name": f"customer-{n % 5}", "assign_membership_on_login": True, "show_as_button": True},
                    {"name": "people", "assign_membership_on_login": False, "show_as_button": False},
                ],
            }
            for n in range(organizations)
        ],
        "prompts": {
            "universal_login_experience": "new",
            "identifier_first": True,
            "customText": {locale: {"login-id": {"login-id": texts[locale]}} for locale in LOCALES},
        },
    }


class Sandbox:
    """`tenantry sandbox serve` as a child process."""

    def __init__(self, program, latency_ms):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [program, "sandbox", "serve", "bench", "--port", str(self.port), "--tls"]
        command += ["--latency-ms", str(latency_ms), "--state-dir", str(WORK / "state")]
        self.log = WORK / "serve.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, cwd=WORK / "project", stdout=log, stderr=subprocess.STDOUT)
        self.certificate = None
        for _ in range(200):
            text = self.log.read_text()
            found = re.search(r"(\S+\.(?:pem|crt))", text)
            if found and self.answers(found[1]):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        sys.exit(f"the sandbox did not start:\n{self.log.read_text()}")

    def answers(self, certificate):
        self.certificate = str((WORK / "project" / certificate).resolve())
        try:
            self.requests()
            return True
        except OSError:
            return False

    def requests(self):
        """Returns how many requests the server has answered, those for tokens and these here apart."""
        context = ssl.create_default_context(cafile=self.certificate)
        url = f"https://localhost:{self.port}/__sandbox/stats"
        with urllib.request.urlopen(url, context=context, timeout=5) as answer:
            counts = json.load(answer)["requests"]
        return sum(count for method, count in counts.items() if method != "token")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()


def environment(sandbox):
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return keep | {
        "NO_COLOR": "1",
        "AUTH0_DOMAIN": f"localhost:{sandbox.port}",
        "AUTH0_CLIENT_ID": "bench",
        "AUTH0_CLIENT_SECRET": "sandbox-only-not-a-secret",
        "TENANTRY_API_URL": f"https://localhost:{sandbox.port}",
        "TENANTRY_CA": sandbox.certificate,
        "NODE_EXTRA_CA_CERTS": sandbox.certificate,
    }


def measure(label, command, sandbox):
    """Runs a command and returns seconds and requests."""
    before, start = sandbox.requests(), time.monotonic()
    log = WORK / (re.sub(r"\W+", "-", label) + ".log")
    with open(log, "w") as output:
        done = subprocess.run(
            [str(word) for word in command], cwd=WORK / "project", env=environment(sandbox), stdout=output, stderr=subprocess.STDOUT
        )
    seconds, requests = time.monotonic() - start, sandbox.requests() - before
    if done.returncode != 0:
        sys.exit(f"{label} ended with {done.returncode}:\n" + "".join(log.read_text().splitlines(keepends=True)[-30:]))
    print(f"   {label:<28} {seconds:8.1f} s {requests:8} requests", flush=True)
    return seconds, requests


def deploy_cli():
    """Returns the Deploy CLI's program, installing it if it is missing."""
    for folder in (os.environ.get("TENANTRY_ORACLE"), WORK.parent / "ci" / "oracle", WORK / "oracle"):
        if folder and (Path(folder) / "node_modules/auth0-deploy-cli/package.json").is_file():
            found = json.loads((Path(folder) / "node_modules/auth0-deploy-cli/package.json").read_text())["version"]
            if found == DEPLOY_CLI:
                return Path(folder) / "node_modules/.bin/a0deploy"
    command = ["npm", "install", "--prefix", WORK / "oracle", "--no-save", "--no-package-lock", "--loglevel=error"]
    subprocess.run([*map(str, command), f"auth0-deploy-cli@{DEPLOY_CLI}"], check=True)
    return WORK / "oracle/node_modules/.bin/a0deploy"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(WORK.parent / "release/tenantry"), help="tenantry to measure")
    parser.add_argument("--small", action="store_true", help="a tenth of everything, to try the script")
    parser.add_argument("--keep", action="store_true", help="keep target/versus")
    arguments = parser.parse_args()
    program = str(Path(arguments.program).resolve())
    shutil.rmtree(WORK / "project", ignore_errors=True)
    shutil.rmtree(WORK / "state", ignore_errors=True)
    (WORK / "project").mkdir(parents=True)
    # Three clients are there from the start, and the Deploy CLI cannot page beyond 1,000.
    counts = (97, 5, 10, 20) if arguments.small else (997, 20, 50, 200)
    (WORK / "project/tenant.yaml").write_text(json.dumps(tenant(*counts), indent=1, ensure_ascii=False))
    config = {"AUTH0_INCLUDED_ONLY": KINDS, "AUTH0_ALLOW_DELETE": False, "AUTH0_EXCLUDED_CLIENTS": ["Default App"]}
    (WORK / "project/config.json").write_text(json.dumps(config, indent=1))
    a0deploy = deploy_cli()
    ours = [program, "--deploy-cli", "tenant.yaml", "--config", "config.json", "--state-dir", WORK / "memory"]
    print(f"clients, APIs, roles, organizations: {counts}; latency {LATENCY_MS} ms; Deploy CLI {DEPLOY_CLI}")

    seeding = Sandbox(program, 0)
    try:
        measure("tenantry apply (seed)", [*ours, "apply", "--yes"], seeding)
    finally:
        seeding.stop()

    sandbox = Sandbox(program, LATENCY_MS)
    try:
        plan = measure("tenantry plan", [*ours, "plan", "--exit-code"], sandbox)
        export = [*ours, "export", "--to", WORK / "export-ours", "--format", "yaml", "--only", ",".join(KINDS)]
        shutil.rmtree(WORK / "export-ours", ignore_errors=True)
        exported = measure("tenantry export", export, sandbox)
        theirs = [a0deploy, "import", "--dry-run", "--config_file", "config.json", "--input_file", "tenant.yaml"]
        their_plan = measure("a0deploy import --dry-run", theirs, sandbox)
        theirs = [a0deploy, "export", "--config_file", "config.json", "--format", "yaml"]
        their_export = measure("a0deploy export", [*theirs, "--output_folder", WORK / "export-theirs"], sandbox)
    finally:
        sandbox.stop()

    missed = 0
    for label, own, other, ratio in (
        ("plan", plan, their_plan, PLAN_RATIO),
        ("export", exported, their_export, EXPORT_RATIO),
    ):
        got, fewer = own[0] / other[0], own[1] <= other[1]
        missed += (got > ratio) + (not fewer)
        print(
            f"{label}: {got:.3f} of the Deploy CLI's time, to beat {ratio:.2f}: {'yes' if got <= ratio else 'NO'}; "
            f"requests {own[1]} to {other[1]}: {'yes' if fewer else 'NO'}"
        )
    if not arguments.keep:
        shutil.rmtree(WORK / "state", ignore_errors=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
