#!/usr/bin/env bash
# How long the release program takes to start: the median of 50 runs of `--help`. To beat: 20 ms.
#
#   benches/startup.sh [PROGRAM]        PROGRAM: target/release/tenantry unless given
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec python3 - "${1:-${CARGO_TARGET_DIR:-target}/release/tenantry}" <<'PY'
import statistics, subprocess, sys, time

RUNS, TO_BEAT_MS = 50, 20
times = []
for _ in range(RUNS):
    start = time.perf_counter()
    subprocess.run([sys.argv[1], "--help"], check=True, stdout=subprocess.DEVNULL)
    times.append((time.perf_counter() - start) * 1000)
median = statistics.median(times)
print(f"   --help: median {median:.1f} ms of {RUNS} runs (fastest {min(times):.1f}, slowest {max(times):.1f}); to beat: {TO_BEAT_MS} ms")
sys.exit(median >= TO_BEAT_MS)
PY
