"""How long the gate takes on two bundles of 1,000 cells of 48 rounds: 5 s at most, the whole program, the better
of two. The records are made up from one of 200 iterations a round; the rounds' own files are left out, as the gate
judges by records. A benchmark, since a busy machine may make it fail. TAP on stdout.

usage: gate.py PROGRAM WRITE_BUNDLE
"""
import glob
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM, WRITE_BUNDLE = (os.path.abspath(path) for path in sys.argv[1:3])
CELLS, ROUNDS = 1000, 48


def stretched(record, number, rng):
    """The record as that of another cell with 48 rounds; a launch moves all its latencies together."""
    launch = [rng.gauss(1, 0.01) for _ in range(ROUNDS)]
    name = "made-%04d/sim" % number
    per_round = {"round": list(range(ROUNDS)), "order": list(range(ROUNDS))}
    for key, values in record["per_round"].items():
        if key not in per_round and isinstance(values, list) and values and isinstance(values[0], float):
            per_round[key] = [values[0] * share for share in launch]
    return dict(record, cell=hashlib.sha256(name.encode()).hexdigest(), name=name, rounds=ROUNDS,
                samples=200 * ROUNDS, per_round=per_round)


def make(path, base, seed):
    rng = random.Random(seed)
    shutil.copytree(base, path, ignore=shutil.ignore_patterns("rounds"))
    with open(os.path.join(base, "records.jsonl")) as file:
        record = json.loads(file.readline())
    records = [stretched(record, number, rng) for number in range(CELLS)]
    cells = [{"key": made["cell"], "name": made["name"]} for made in records]
    for name, lines in (("records.jsonl", records), ("cells.jsonl", cells)):
        with open(os.path.join(path, name), "w") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
    with open(os.path.join(path, "MANIFEST.sha256"), "w") as file:
        for name in ("bundle.json", "cells.jsonl", "records.jsonl", "scenario.lua"):
            with open(os.path.join(path, name), "rb") as member:
                file.write("%s  %s\n" % (hashlib.sha256(member.read()).hexdigest(), name))


def judge(a, b):
    start = time.monotonic()
    got = subprocess.run([PROGRAM, "gate", "--baseline", a, "--candidate", b, "--format", "json"],
                         capture_output=True, text=True)
    return time.monotonic() - start, got


print("1..2")
scratch = tempfile.mkdtemp(prefix="railgauge-timing-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
try:
    subprocess.run([WRITE_BUNDLE, os.path.join(scratch, "base")], check=True, stdout=subprocess.DEVNULL)
    base = glob.glob(os.path.join(scratch, "base", "*"))[0]
    a, b = (os.path.join(scratch, name) for name in "ab")
    make(a, base, 1)
    make(b, base, 2)
    (first, got), (second, _) = judge(a, b), judge(a, b)
    seen = {row.get("name", row.get("cell")) for row in json.loads(got.stdout)["tests"]}
    whole = len(seen) >= CELLS
    print("%s 1 - every one of %d cells is judged (%d seen, exit code %d)"
          % ("ok" if whole else "not ok", CELLS, len(seen), got.returncode))
    good = min(first, second) < 5
    print("%s 2 - %d cells of %d rounds judged in %.2f s" % ("ok" if good else "not ok", CELLS, ROUNDS, min(first, second)))
finally:
    shutil.rmtree(scratch)
sys.exit(0 if good and whole else 1)
