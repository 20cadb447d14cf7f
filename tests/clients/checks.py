#!/usr/bin/env python3
"""The sandbox under clients that we did not write: the Auth0 Deploy CLI and the `auth0` SDK of npm.

Each check serves a new sandbox over TLS and lets a client at it:

  export FORMAT    the Deploy CLI exports a new sandbox
  import FORMAT    it imports the northwind project; our plan is then empty but for what it is known not to send
  dry-run FORMAT   we apply the northwind project; its dry run then shows nothing but what it always shows
  sdk              the SDK, as the Deploy CLI installs it, makes, reads, changes, lists and deletes objects (sdk_crud.mjs)

Rows that are not ours to avoid are listed in known_differences.json, each with its reason. A row that is not listed fails,
and so does an entry that nothing needed. Kinds that this program does not manage are excluded, as `tenantry kinds` says.

    cargo build --release && TENANTRY_SHARED=.. TENANTRY_ORACLE=.. tests/clients/checks.py [--program PATH] [CHECK..]

Needs python3, node, and the Deploy CLI installed below TENANTRY_ORACLE. Writes below target/clients only.
"""

import argparse
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from served import announced  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "clients"
# The client that a new sandbox holds for the program that deploys; neither tool may remove it.
OWN_CLIENT = "tenantry"
SECRET = "sandbox-only-not-a-secret"
# Longer than any of them takes where others work too; a client that hangs ends.
PATIENCE = 240
# The Deploy CLI's handlers that are not named like the kind of ours that they write.
OTHER_NAMES = {"clientAuthCredentials": "clients/credentials", "clientAuthCredentialsPre": "clients/credentials"}
HANDLERS = (
    "require('auth0-deploy-cli');"
    "const {default: all} = require('auth0-deploy-cli/lib/tools/auth0/handlers/index.js');"
    "console.log(JSON.stringify(Object.keys(all)))"
)
# A line of the dry run's table: the first column is empty where the kind is that of the line above.
ROW = re.compile(r"^│ (.*?) *│ (CREATE|UPDATE|DELETE)(?: \*)? *│ (.*?) *│$")


class Failed(Exception):
    """A check that does not hold, with what to show."""


class Bench:
    """What all checks share: the program, the other tools, what both know, and the list of differences."""

    def __init__(self, program, oracle, shared):
        self.program = str(Path(program).resolve())
        self.oracle = Path(oracle).resolve()
        self.northwind = {name: Path(shared) / f"data/northwind-{name}" for name in ("yaml", "directory")}
        kinds = {kind["name"] for kind in json.loads(self.output([self.program, "kinds", "--json"]))["kinds"]}
        handlers = json.loads(self.output(["node", "-e", HANDLERS], cwd=self.oracle))
        self.excluded = [name for name in handlers if OTHER_NAMES.get(name, name) not in kinds]
        self.known = json.loads((HERE / "known_differences.json").read_text())

    @staticmethod
    def output(command, **more):
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, **more).stdout

    def a0deploy(self):
        return str(self.oracle / "node_modules/.bin/a0deploy")

    def in_scope(self, entry):
        """Whether an entry of the list is about a kind that takes part."""
        return entry.get("kind") not in self.excluded


class Place:
    """A folder of a check's own, with a sandbox served beside it."""

    def __init__(self, bench, name):
        self.bench = bench
        self.folder = WORK / name.replace(" ", "-")
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "project").mkdir(parents=True)
        self.process = None

    def __enter__(self):
        command = [self.bench.program, "sandbox", "serve", "acme", "--port", "0", "--tls", "--json"]
        command += ["--state-dir", str(self.folder / "state")]
        with open(self.folder / "serve.log", "w") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=base_environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        where = announced(self.process)
        if where is None:
            raise Failed("the sandbox did not start:\n" + (self.folder / "serve.log").read_text())
        self.url, self.authority = where["url"], str((self.folder / where["authority"]).resolve())
        self.domain = self.url.removeprefix("https://").rstrip("/")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.stdout.close()

    def config(self, project_config=None):
        """Writes the Deploy CLI's settings for this sandbox: those of a project, its domain and its client replaced."""
        config = json.loads(project_config.read_text()) if project_config else {}
        config |= {"AUTH0_DOMAIN": self.domain, "AUTH0_CLIENT_ID": OWN_CLIENT, "AUTH0_CLIENT_SECRET": SECRET}
        config["AUTH0_EXCLUDED"] = sorted({*config.get("AUTH0_EXCLUDED", []), *self.bench.excluded})
        (self.folder / "project/config.json").write_text(json.dumps(config, indent=1))

    def project(self, form):
        """Copies the northwind project here, with its settings for this sandbox. Returns what to give to `-i`."""
        project = self.folder / "project"
        shutil.copytree(self.bench.northwind[form], project, dirs_exist_ok=True)
        for path in [project, *project.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)
        self.config(project / "config.dev.json")
        return "tenant.yaml" if form == "yaml" else "."

    def run(self, label, command, wanted=(0,)):
        """Runs a command in the project's folder. Returns its stdout; a failure shows the end of its screen."""
        environment = base_environment() | {
            "NODE_EXTRA_CA_CERTS": self.authority,
            "TENANTRY_API_URL": self.url,
            "TENANTRY_CA": self.authority,
        }
        try:
            done = subprocess.run(
                command, cwd=self.folder / "project", env=environment, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=PATIENCE,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Failed(f"{label} did not end in {PATIENCE} s") from None
        (self.folder / f"{label}.log").write_text(done.stdout + done.stderr)
        if done.returncode not in wanted:
            screen = (done.stdout + done.stderr).splitlines()[-25:]
            raise Failed(f"{label} ended with {done.returncode}:\n" + "\n".join(screen))
        return done.stdout

    def a0deploy(self, label, *words):
        # Without `--env false` it takes the whole environment for keywords.
        return self.run(label, [self.bench.a0deploy(), *words, "--env", "false", "--config_file", "config.json"])

    def tenantry(self, label, command, given, *words):
        ours = [self.bench.program, command, "--deploy-cli", given, "--config", "config.json", *words]
        # A plan behind a closed gate is a plan.
        wanted = (0, 4) if command == "plan" else (0,)
        return self.run(label, [*ours, "--state-dir", str(self.folder / "memory")], wanted)

    def requests(self):
        """Returns how many requests the sandbox has answered."""
        context = ssl.create_default_context(cafile=self.authority)
        with urllib.request.urlopen(f"{self.url}/__sandbox/stats", context=context, timeout=5) as answer:
            return sum(json.load(answer)["requests"].values())


def base_environment():
    """Returns an environment without anybody's account in it."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return keep | {"NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


def compare(bench, name, form, rows):
    """Holds what was seen against the list. `rows` maps the row to the text that shows it."""
    entries = [entry for entry in bench.known[name] if bench.in_scope(entry) and form in entry.get("formats", [form])]
    used = set()
    unlisted = []
    for row, text in rows.items():
        found = [n for n, entry in enumerate(entries) if fnmatch.fnmatchcase(row, entry["row"])]
        used.update(found)
        if not found:
            unlisted.append(text)
    unused = [entry["row"] for n, entry in enumerate(entries) if n not in used and not entry.get("sometimes")]
    problems = [f"not in known_differences.json: {text}" for text in unlisted]
    problems += [f"known_differences.json lists `{row}` under {name}, and nothing needed it" for row in unused]
    if problems:
        raise Failed("\n".join(problems))
    return f"{len(rows)} known differences, no other"


def check_export(bench, place, form):
    place.config()
    place.a0deploy("export", "export", "--format", form, "--output_folder", "out")
    out = place.folder / "project/out"
    files = sum(path.is_file() for path in out.rglob("*"))
    text = "".join(path.read_text() for path in sorted(out.rglob("*")) if path.suffix in (".yaml", ".json"))
    # What a new tenant has: a database and a client.
    for name in ("Username-Password-Authentication", "Default App"):
        if name not in text:
            raise Failed(f"the export lacks `{name}`")
    return f"{files} files, {place.requests()} requests"


def check_import(bench, place, form):
    given = place.project(form)
    place.a0deploy("import", "import", "--input_file", given)
    requests = place.requests()
    plan = json.loads(place.tenantry("plan", "plan", given, "--json", "--quiet", *excludes(bench)))
    rows = {}
    for change in plan["changes"]:
        if change["action"] == "nothing":
            continue
        what = [f"{delta['path']} {delta.get('note', 'differs')}" for delta in change["deltas"]] or [change["action"]]
        rows |= {f"{change['address']}: {text}": f"{change['address']}: {text}" for text in what}
    return f"{requests} requests; our plan: {compare(bench, 'plan_after_import', form, rows)}"


def check_dry_run(bench, place, form):
    given = place.project(form)
    place.tenantry("apply", "apply", given, "--yes", "--first-apply", "--quiet", *excludes(bench))
    screen = place.a0deploy("dry-run", "import", "--dry-run", "--input_file", given)
    if "Dry Run completed successfully" not in screen:
        raise Failed("the dry run shows no result:\n" + "\n".join(screen.splitlines()[-25:]))
    rows, kind = {}, ""
    for line in screen.splitlines():
        if match := ROW.match(line.strip()):
            kind = match[1] or kind
            rows[f"{kind} {match[2]} {match[3]}"] = f"{kind} {match[2]} {match[3]}"
    if bool(rows) == ("No changes detected" in screen):
        raise Failed("the dry run's table cannot be read:\n" + screen)
    return compare(bench, "dry_run_after_apply", form, rows)


def check_sdk(bench, place):
    script = [str(HERE / "sdk_crud.mjs"), str(bench.oracle), place.domain, OWN_CLIENT, SECRET]
    screen = place.run("sdk", ["node", *script])
    version = json.loads((bench.oracle / "node_modules/auth0/package.json").read_text())["version"]
    return f"auth0 {version}: {screen.strip()}"


def excludes(bench):
    return [word for name in bench.excluded for word in ("--exclude", name)]


CHECKS = {
    "import yaml": (check_import, "yaml"),
    "import directory": (check_import, "directory"),
    "dry-run yaml": (check_dry_run, "yaml"),
    "dry-run directory": (check_dry_run, "directory"),
    "export yaml": (check_export, "yaml"),
    "export directory": (check_export, "directory"),
    "sdk": (check_sdk,),
}


def perform(bench, name):
    """Runs one check. Returns whether it holds."""
    check, *arguments = CHECKS[name]
    start = time.monotonic()
    try:
        with Place(bench, name) as place:
            told, held = check(bench, place, *arguments), True
    except Failed as failure:
        told, held = f"FAILED\n{failure}", False
    print(f"   {name} ({time.monotonic() - start:.0f} s): {told}", flush=True)
    return held


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(WORK.parent / "release/tenantry"), help="tenantry to check")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"of {', '.join(CHECKS)}; all if none is named")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.checks if name not in CHECKS]:
        parser.error(f"no such check: {', '.join(unknown)}")
    try:
        oracle, shared = os.environ["TENANTRY_ORACLE"], os.environ["TENANTRY_SHARED"]
    except KeyError as missing:
        sys.exit(f"{missing.args[0]} is not set")
    bench = Bench(arguments.program, oracle, shared)
    print(f"   not managed yet, so left out: {', '.join(bench.excluded) or 'nothing'}", flush=True)
    # The Deploy CLI mostly waits for its own pace: three at once on two cores take as long as one.
    with ThreadPoolExecutor(3) as pool:
        held = list(pool.map(lambda name: perform(bench, name), arguments.checks or CHECKS))
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
