#!/usr/bin/env python3
"""Makes plan pages and has them looked at in a browser.

    .ci/plan_pages.py PROGRAM MODULES PICTURES

Pages: the sample; a plan of hostile texts with a closed gate; one of some 300 steps; Northwind, where TENANTRY_SHARED
is set. Ends with 77 if there is no browser.
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

program, modules, pictures = sys.argv[1], sys.argv[2], Path(sys.argv[3])
root = Path(__file__).resolve().parent.parent

HOSTILE = [
    "</script><script>window.injected=1</script>",
    "<img src=x onerror='window.injected=1'>",
    "<!--<script>",
    "]]>\u2028\u2029\u202egnp.exe",
    "```\n````\n</details>\n@acme/security #1 !2",
    "| a | b |\x1b[2J\x07",
    "javascript:alert(1)",
    "x" * 20_000,
    "${{ secrets.X }} %PLAN% %SCRIPT%",
]


def run(folder, *arguments, wanted=(0,)):
    words = [program, *arguments]
    ended = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    if ended.returncode not in wanted:
        sys.exit(f"{' '.join(words)} ended with {ended.returncode}\n{ended.stdout.decode()}")


def project(folder, tenant):
    folder.mkdir()
    (folder / "tenant.yaml").write_text(json.dumps(tenant))
    config = {"AUTH0_DOMAIN": "acme.eu.auth0.com", "AUTH0_ALLOW_DELETE": True}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def page(folder, to, *arguments):
    # Some of them have a closed gate.
    run(folder, "plan", "--quiet", "--html", str(to), *arguments, wanted=(0, 4))
    return str(to)


with tempfile.TemporaryDirectory() as scratch:
    scratch = Path(scratch)
    deploying = ["--deploy-cli", "tenant.yaml", "--config", "config.json", "--sandbox"]
    pages = [page(root, scratch / "sample.html", "dev", "--state-dir", str(scratch / "state"))]

    roles = [{"name": f"role {n} <b>", "description": text} for n, text in enumerate(HOSTILE)]
    before = roles + [{"name": f"gone {n}", "description": "<i>"} for n in range(12)]
    hostile = project(scratch / "hostile", {"roles": before})
    run(hostile, "apply", "--yes", *deploying)
    changed = [{**role, "description": role["description"][::-1]} for role in roles]
    code = "".join(f"line {n} </script>\n" for n in range(400))
    (hostile / "code.js").write_text(code)
    action = {"name": "</script>", "code": "./code.js", "supported_triggers": [{"id": "post-login", "version": "v3"}]}
    (hostile / "tenant.yaml").write_text(json.dumps({"roles": changed, "actions": [action]}))
    pages.append(page(hostile, scratch / "hostile.html", *deploying))

    apis = [
        {"name": f"API {n}", "identifier": f"https://api-{n}.example", "scopes": [{"value": "read", "description": "r"}]}
        for n in range(60)
    ]
    clients = [{"name": f"Client {n}", "app_type": "non_interactive"} for n in range(60)]
    grants = [
        {"client_id": f"Client {n}", "audience": f"https://api-{(7 * n + k) % 60}.example", "scope": ["read"]}
        for n in range(60) for k in range(3)
    ]
    large = project(scratch / "large", {"resourceServers": apis, "clients": clients, "clientGrants": grants})
    pages.append(page(large, scratch / "large.html", *deploying))

    shared = os.environ.get("TENANTRY_SHARED")
    if shared:
        northwind = Path(shared) / "data" / "northwind-yaml"
        arguments = ["--deploy-cli", str(northwind / "tenant.yaml"), "--config", str(northwind / "config.dev.json")]
        pages.append(page(scratch, scratch / "northwind.html", *arguments, "--sandbox"))

    checks = ["node", str(root / ".ci" / "page_checks.mjs"), modules, str(pictures), *pages]
    sys.exit(subprocess.run(checks, timeout=600).returncode)
