#!/usr/bin/env python3
"""The fault matrix: every kind of fault at every write of an apply, then resume or undo.

A cell is one fault at one write of `apply dev` of the sample workspace, on the embedded tenant, in processes of their own:

  resume   apply (with the fault), then `apply --resume` or a plain apply: the tenant equals that of an apply without
           faults, no object is there twice, and the plan is empty
  undo     apply (with the fault), then `apply --undo`: the tenant equals the one before, but for what was listed, and
           nothing is listed that may not be

There are two applies: of a tenant that is new, and of one that is changed (`changes`): things are deleted, renamed, altered.

Tenants are compared by their exports, which hold every object, by name in place of ids.

    tests/faults/matrix.py --program target/release/tenantry            all cells
    tests/faults/matrix.py --program ... --tenth SEED                    a tenth of them
    tests/faults/matrix.py --program ... --kills 200                     killed at random moments instead
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAULTS = {
    "status 400": {"status": {"status": 400, "message": "no"}},
    "status 403": {"status": {"status": 403, "code": "insufficient_scope"}},
    "status 500": {"status": {"status": 500}},
    "status 503 done": {"status": {"status": 503, "done": True}},
    "malformed": {"malformed": {}},
    "malformed, not done": {"malformed": {"done": False}},
    "empty": {"empty": {}},
    "ignored": "ignored",
    "altered": "altered",
    "partial": {"partial": {"fields": []}},
    "reset before": "reset_before",
    "reset after": "reset_after",
    "silent": {"silent": {}},
    "silent, done": {"silent": {"done": True}},
    "trickle": {"trickle": {"seconds": 120}},
    "lost and stale": {"lost_and_stale": {"reads": 2}},
    "stale": {"stale": {"writes": 3}},
    "429": {"too_many": {}},
    "429 with headers": {"too_many": {"headers": True}},
    "token expired": "token_expired",
    "die before": "die_before",
    "die after": "die_after",
}
# Faults that last: the same request goes wrong however often it is sent again.
LASTING = {"reset before", "reset after", "silent", "silent, done", "status 500", "malformed", "empty"}
# What the second apply does to a tenant that the first has made.
CHANGES = """
organizations: [{ name: demo-harbour, $remove: true }]
roles:
  - { name: Tariff clerk, $remove: true }
  - { name: Pilot, description: Brings ships in }
  - { name: Lock keeper, description: Opens locks, $new: true }
logStreams: [{ name: SIEM, $remove: true }]
attackProtection: { bruteForceProtection: { max_attempts: 33 } }
"""
# What an undo of the sample may say cannot come back.
MAY_BE_LOST = [
    r"(organizations/demo-harbour|roles/Tariff clerk|logStreams/SIEM) comes back with a new id",
    r"logStreams/SIEM:sink\.\S+ is a secret whose earlier value nobody knows",
    r"emailTemplates/\w+ cannot be deleted; it is reset to its defaults",
    r"\S+:(hcaptcha\.secret|auth_token|credentials\.\S+|custom_domains\S*|options\.\S*secret\S*) is a secret whose earlier value nobody knows",
]


class Cell:
    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)

    def run(self, *words, faults=None, check=None):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_COLOR": "1", "GIT_CONFIG_NOSYSTEM": "1"}
        if faults is not None:
            file = self.folder / "faults.json"
            file.write_text(json.dumps(faults))
            env["TENANTRY_SANDBOX_FAULTS"] = str(file)
        done = subprocess.run(
            [self.program, *words], cwd=self.folder, env=env, capture_output=True, text=True, timeout=120
        )
        if check is not None and done.returncode not in check:
            raise AssertionError(f"`{' '.join(words)}` ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def export(self):
        target = self.folder / "exported"
        shutil.rmtree(target, ignore_errors=True)
        self.run("export", "dev", "--to", str(target), "--quiet", check=[0])
        files = {}
        for file in sorted(target.rglob("*")):
            if file.is_file() and file.name != ".tenantry-export.json":
                # Thumbprints are the server's own.
                files[str(file.relative_to(target))] = re.sub(r"\b[0-9a-f]{40}\b", "(thumbprint)", file.read_text())
        return files


def workspace(program):
    folder = tempfile.mkdtemp(prefix="tenantry-faults-")
    for name in ("tenantry.yaml", "tenants", "templates"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, pathlib.Path(folder) / name)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t.example"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "sample"]):
        subprocess.run([*git, *words], cwd=folder, check=True, capture_output=True)
    return Cell(program, folder)


def fresh(cell):
    shutil.rmtree(cell.folder / ".tenantry", ignore_errors=True)
    subprocess.run(["git", "update-ref", "-d", "refs/tenantry/sandbox/dev"], cwd=cell.folder, capture_output=True)


def same(want, have, what):
    different = sorted(name for name in want.keys() | have.keys() if want.get(name) != have.get(name))
    if different:
        import difflib

        name = different[0]
        lines = difflib.unified_diff((want.get(name) or "").split("\n"), (have.get(name) or "").split("\n"), "wanted", "is", lineterm="", n=1)
        raise AssertionError(f"{what}: {len(different)} files differ: {', '.join(different)}\n" + "\n".join(list(lines)[:30]))


def begin(cell, changed):
    """Makes the tenant that the faulty apply finds: a new one, or one that the sample has made."""
    overlay = cell.folder / "tenants/dev/changes.yaml"
    overlay.unlink(missing_ok=True)
    fresh(cell)
    if changed:
        cell.run("apply", "dev", "--yes", check=[0])
        overlay.parent.mkdir(exist_ok=True)
        overlay.write_text(CHANGES)


def resume(cell, faults, reference, changed):
    begin(cell, changed)
    cell.run("apply", "dev", "--yes", faults=faults)
    tries = 0
    journal = cell.folder / ".tenantry/sandbox/dev/journal.jsonl"
    while True:
        words = ["--resume"] if journal.exists() else []
        done = cell.run("apply", "dev", "--yes", *words)
        if done.returncode == 0:
            break
        tries += 1
        if tries > 2:
            raise AssertionError(f"it does not converge:\n{done.stdout}{done.stderr}")
    cell.run("plan", "dev", "--exit-code", check=[0])
    same(reference, cell.export(), "after resume")


def undo(cell, faults, before, changed):
    begin(cell, changed)
    cell.run("apply", "dev", "--yes", faults=faults)
    done = cell.run("apply", "dev", "--undo", "--yes", "--allow-delete", "*", check=[0, 64])
    listed = re.findall(r"cannot come back: (.*)", done.stdout)
    for line in listed:
        if not any(re.fullmatch(pattern, line) for pattern in MAY_BE_LOST):
            raise AssertionError(f"listed as lost: {line}")
    after = cell.export()
    # Reset templates stay where they were not.
    for line in listed:
        name = re.match(r"emailTemplates/(\w+) cannot be deleted", line)
        if name:
            after = {path: text for path, text in after.items() if name[1] not in path}
            after = {path: without(text, name[1]) if path.endswith(".yaml") else text for path, text in after.items()}
    # Of a secret that was set only its name shows, and it stays: nobody knows the earlier value.
    kinds = {line.split("/")[0] for line in listed if " is a secret whose" in line}
    same(*(comparable(files, kinds) for files in (before, after)), "after undo")


def comparable(files, but):
    """Leaves out the kinds named, and what the tenant's file says of secrets if there are any."""
    kept = {}
    for path, text in files.items():
        if but and path.startswith("tenants/"):
            text = re.sub(r"(?m)^secrets:\n(?:  .*\n)*", "", text)
        if text.strip() and not any(path.startswith(f"templates/{kind}") for kind in but):
            kept[path] = text
    return kept


def without(text, template):
    """Takes one email template out of a file, and the key with the last one."""
    text = re.sub(rf"(?m)^  - template: {template}\n(?:    .*\n|\n)*", "", text)
    return re.sub(r"(?m)^emailTemplates:\n(?=\S|\Z)", "", text)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--program", required=True)
    words.add_argument("--tenth", type=int, metavar="SEED")
    words.add_argument("--kills", type=int, metavar="N")
    words.add_argument("--only", help="cells whose name holds this")
    words.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    options = words.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    first = workspace(program)
    begin(first, False)
    before = first.export()
    result = json.loads(first.run("apply", "dev", "--yes", "--json", "--quiet", check=[0]).stdout)
    reference = first.export()
    writes = result["summary"]["writes"]
    kinds = {change["address"].split("/")[0] for change in result["plan"]["changes"]}
    print(f"   the apply has {writes} writes over {len(kinds)} kinds")
    if writes < 60 or len(kinds) < 20:
        sys.exit("that is not enough: 60 writes over 20 kinds")
    begin(first, True)
    middle = first.export()
    second = json.loads(first.run("apply", "dev", "--yes", "--json", "--quiet", check=[0]).stdout)["summary"]
    changed = first.export()
    print(f"   the apply of changes has {second['writes']} writes, {second['deleted']} of them deletions")
    if second["deleted"] < 3:
        sys.exit("the changes delete too little")
    if options.kills:
        return kills(first, options.kills, reference, before)

    cells = []
    for name, what in FAULTS.items():
        for of, count in (("", writes), (" of changes", second["writes"])):
            for write in range(1, count + 1):
                for ending in ("resume", "undo"):
                    cells.append((f"{name} at write {write}{of}, {ending}", write, what, 1, ending))
                    if name in LASTING:
                        cells.append((f"{name} for long at write {write}{of}, {ending}", write, what, 9, ending))
    if options.only:
        cells = [cell for cell in cells if options.only in cell[0]]
    if options.tenth is not None:
        cells = random.Random(options.tenth).sample(cells, len(cells) // 10)
    workers = [workspace(program) for _ in range(options.workers)]
    free = list(workers)
    failures = []

    def one(cell):
        name, write, what, times, ending = cell
        mine = free.pop()
        try:
            faults = [{"at": {"write": write}, "times": times, "what": what}]
            of_changes = " of changes" in name
            if ending == "resume":
                resume(mine, faults, changed if of_changes else reference, of_changes)
            else:
                undo(mine, faults, middle if of_changes else before, of_changes)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failures.append((name, str(error)))
        finally:
            free.append(mine)

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        list(pool.map(one, cells))
    for worker in [first, *workers]:
        shutil.rmtree(worker.folder, ignore_errors=True)
    for name, _ in failures:
        print(f"   failed: {name}")
    for name, error in failures[:10]:
        print(f"-- {name}\n{error}\n")
    print(f"   {len(cells)} cells, {len(failures)} failed, in {time.monotonic() - began:.0f} s")
    if failures:
        names = {}
        for name, _ in failures:
            kind, ending = name.split(" at write ")[0], name.rsplit(", ", 1)[1]
            names[(kind, ending)] = names.get((kind, ending), 0) + 1
        print("   " + "; ".join(f"{kind}, {ending}: {count}" for (kind, ending), count in sorted(names.items())))
        sys.exit(1)


def kills(cell, count, reference, before):
    dice = random.Random(count)
    landed = 0
    for number in range(count):
        begin(cell, False)
        env = {"PATH": os.environ["PATH"], "HOME": str(cell.folder), "NO_COLOR": "1"}
        process = subprocess.Popen(
            [cell.program, "apply", "dev", "--yes"], cwd=cell.folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(dice.uniform(0, 0.25))
        process.kill()
        landed += process.wait() != 0
        for _ in range(3):
            if cell.run("apply", "dev", "--yes").returncode == 0:
                break
        cell.run("plan", "dev", "--exit-code", check=[0])
        same(reference, cell.export(), f"kill {number}")
    shutil.rmtree(cell.folder, ignore_errors=True)
    print(f"   killed {count} times, {landed} of them before the end: every time the next apply converged")


if __name__ == "__main__":
    main()
