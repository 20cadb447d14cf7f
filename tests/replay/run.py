#!/usr/bin/env python3
"""The sandbox against recordings: every recorded exchange with the real API, judged by TENANTRY_SHARED/tools/replay.

Serves a new sandbox, replays each recording against it after a reset, and prints for each source how many statuses and
bodies agree, of those that a recording decides. Fails

  * under 98 % of statuses or 95 % of bodies, in all;
  * at an exchange that differs and is not listed in exceptions.json, with its reason;
  * at an entry there without a reason, or that no exchange needed;
  * where the list covers more than 2 % of the exchanges.

A listed exchange still counts as one that differs. An entry names a `file`, or a shell pattern of files, and an
`exchange`: `METHOD path`, a shell pattern too, where the path is below /api/v2/ with its ids in braces.

    cargo build && TENANTRY_SHARED=.. tests/replay/run.py [--program PATH] [--all] [FILE..]

Needs python3. Writes below target/replay only.
"""

import argparse
import collections
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from served import announced  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
WORK = TARGET / "replay"
LEAST = {"status": 98.0, "body": 95.0}
MOST_LISTED = 2.0
PATIENCE = 120


class Failed(Exception):
    """What does not hold."""


class Served:
    """A new sandbox, served over plain HTTP to this machine."""

    def __init__(self, program):
        self.program = str(Path(program).resolve())

    def __enter__(self):
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir(parents=True)
        command = [self.program, "sandbox", "serve", "replay", "--port", "0", "--json", "--state-dir", str(WORK / "state")]
        with open(WORK / "serve.log", "w") as log:
            self.process = subprocess.Popen(
                command, cwd=WORK, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        where = announced(self.process)
        if where is None:
            raise Failed("the sandbox did not start:\n" + (WORK / "serve.log").read_text())
        self.url = where["url"].rstrip("/")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.stdout.close()


def token(url):
    """A token for everything, from the sandbox itself."""
    body = {"grant_type": "client_credentials", "client_id": "replay", "client_secret": "sandbox-only-not-a-secret"}
    request = urllib.request.Request(
        f"{url}/oauth/token", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["access_token"]


def replay(served, shared, files):
    """Each file's results, as replay.py judges them."""
    command = [sys.executable, str(shared / "tools/replay/replay.py"), "--base", served.url, "--token", token(served.url)]
    command += ["--reset-url", f"{served.url}/__sandbox/reset", "--json", "--verbose", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode not in (0, 1) or not done.stdout:
        raise Failed(f"replay.py ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout)["files"]


def percent(counts, side):
    decided = counts[f"{side}_match"] + counts[f"{side}_mismatch"]
    return 100.0 * counts[f"{side}_match"] / decided if decided else 100.0


def figures(name, counts):
    def part(side):
        match, decided = counts[f"{side}_match"], counts[f"{side}_match"] + counts[f"{side}_mismatch"]
        return f"{side} {match}/{decided} ({percent(counts, side):.1f} %)"

    return f"{name}: {counts['files']} files, {counts['exchanges']} exchanges, {part('status')}, {part('body')}"


def covers(entry, file, exchange):
    return fnmatch.fnmatchcase(file, entry["file"]) and fnmatch.fnmatchcase(exchange, entry["exchange"])


def listed():
    entries = json.loads((HERE / "exceptions.json").read_text())["exceptions"]
    for entry in entries:
        if set(entry) != {"file", "exchange", "reason"} or len(entry["reason"].strip()) < 20:
            raise Failed(f"an exception needs file, exchange and a reason in words: {json.dumps(entry)}")
    return entries


def judge(files, entries, partial):
    """Prints the figures and returns everything that does not hold."""
    groups, wrong, needed, covered = collections.defaultdict(collections.Counter), [], set(), 0
    for file in files:
        source = file["file"].split("__")[0]
        numbers = {key: value for key, value in file.items() if isinstance(value, int)}
        for name in (source, "total"):
            groups[name].update(numbers)
            groups[name]["files"] += 1
        for result in file["results"]:
            if not result["issues"]:
                continue
            exchange = f"{result['method']} {result['template']}"
            fitting = [n for n, entry in enumerate(entries) if covers(entry, file["file"], exchange)]
            needed.update(fitting)
            covered += bool(fitting)
            if not fitting:
                wrong.append(f"{file['file']} #{result['seq']} {exchange}\n      " + "\n      ".join(result["issues"][:3]))
    for name in sorted(groups, key=lambda name: (name == "total", name)):
        print("   " + figures(name, groups[name]))
    total = groups["total"]
    print(f"   {covered} exchanges differ for a listed reason")
    if partial:
        return wrong
    wrong += [f"{side}: {percent(total, side):.2f} % is under {least} %"
              for side, least in LEAST.items() if percent(total, side) < least]  # fmt: skip
    wrong += [f"nothing needed the exception {json.dumps(entry)}" for n, entry in enumerate(entries) if n not in needed]
    share = 100.0 * covered / max(total["exchanges"], 1)
    if share > MOST_LISTED:
        wrong.append(f"the exceptions cover {share:.2f} % of the exchanges; {MOST_LISTED} % is the most")
    return wrong


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--program", default=TARGET / "debug/tenantry")
    options.add_argument("--all", action="store_true", help="show every exchange that differs, not the first 20")
    options.add_argument("files", nargs="*", metavar="FILE", help="only these recordings")
    options = options.parse_args()
    shared = os.environ.get("TENANTRY_SHARED")
    if not shared:
        sys.exit("TENANTRY_SHARED must name the folder with recordings/ and tools/replay/")
    shared = Path(shared)
    files = [Path(file).resolve() for file in options.files] or sorted((shared / "recordings").glob("*.json"))
    try:
        if not files:
            raise Failed(f"there are no recordings in {shared / 'recordings'}")
        with Served(options.program) as served:
            results = replay(served, shared, files)
        wrong = judge(results, listed(), bool(options.files))
    except Failed as failure:
        sys.exit(f"   {failure}")
    shown = wrong if options.all else wrong[:20]
    for text in shown:
        print(f"   WRONG {text}")
    if wrong:
        sys.exit(f"   {len(wrong)} things do not hold" + ("" if len(shown) == len(wrong) else "; --all shows the rest"))


if __name__ == "__main__":
    main()
