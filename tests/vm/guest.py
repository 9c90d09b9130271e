#!/usr/bin/env python3
"""The program inside an emulated arm64 machine with a real kernel and working hardware counters. Prints TAP.

Usage: guest.py SOURCE_DIR RAILGAUGE. Cross-builds into SOURCE_DIR/build-aarch64, boots twice, and checks that counters count, that
instruction counts repeat, that target neon runs at each level, and that outputs have the same bytes as RAILGAUGE gives here. Skips aloud where the tools cannot be had.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

source, native = sys.argv[1], sys.argv[2]
build = os.path.join(source, "build-aarch64")
SCRIPT = """
railgauge doctor --json > doctor.json; echo "doctor $?"
grep -A2 '"counters"' doctor.json | tr -d '\\n'; echo
railgauge run /files/vm.lua --out runs --quiet > table.txt; echo "run $?"
cat runs/*/records.jsonl
"""
# The first boot judges a second run by its instructions alone: times mean nothing there.
GATE = """
railgauge run /files/vm.lua --out again --quiet >/dev/null
railgauge gate --baseline runs/* --candidate again/* --metric instructions --all --inconclusive pass; echo "gate $?"
"""
LEVELS = ("neon", "dotprod", "i8mm")
# The second boot runs on target neon too, each time with one level more.
NEON_SCRIPT = SCRIPT + "".join(f"railgauge run /files/neon.lua --isa {','.join(LEVELS[:i + 1])} --out {level} --quiet >/dev/null; cat {level}/*/records.jsonl\n"
                               for i, level in enumerate(LEVELS))
NEON_SCENARIO = """
return rg.scenario {
  name = "neon", seed = 1, tier = { name = "smoke", rounds = 1, samples = 20, min_time = "0s" },
  cells = { { model = "ds-cnn", target = "neon", threads = 1, pattern = "single_stream" } },
}
"""
SCENARIO = """
-- Instructions an inference, where hardware counters work.
return rg.scenario {
  name = "vm", seed = 1, tier = { name = "smoke", rounds = 2, samples = 80, min_time = "0s" },
  measure = { counters = { "instructions", "cycles" } },
  cells = { { model = "autoencoder", target = "cpu", threads = 1, pattern = "single_stream" } },
}
"""

results = []


def check(name, good, detail=""):
    results.append(bool(good))
    print(f"{'ok' if good else 'not ok'} {len(results)} - {name}")
    if not good:
        print(f"# {detail}")


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def boot(folder, script):
    paths = [os.path.join(folder, "vm.lua"), os.path.join(folder, "neon.lua")]
    for path, text in zip(paths, (SCENARIO, NEON_SCENARIO)):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    return subprocess.run([os.path.join(source, "scripts/vm-aarch64"), build] + paths, input=script, capture_output=True, text=True)


def records_of(run, target):
    records = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{") and '"figures"' in line]
    return [r for r in records if r.get("target") == target]


def record_of(run):
    return (records_of(run, "cpu") or [None])[-1]


def check_neon(run):
    records = records_of(run, "neon")
    seen = [r.get("context", {}) for r in records]
    check("target neon runs at each level, with outputs equal to the reference",
          [r.get("status") for r in records] == ["ok"] * len(LEVELS) and all(c.get("truth", {}).get("exact") for c in seen), run.stdout[-2000:])
    kernels = [c.get("settings", {}).get("effective", {}).get("kernel", "") for c in seen]
    check("its records name the kernels of the level", len(kernels) == len(LEVELS) and
          all(f"conv2d_s8_{level}" in kernel for level, kernel in zip(LEVELS, kernels)), kernels)
    check("its outputs have the same bytes at every level", len({c.get("truth", {}).get("reference_sha256") for c in seen}) == 1, seen)


for tool in ("qemu-system-aarch64", "aarch64-linux-gnu-gcc", "cpio"):
    if not shutil.which(tool):
        skip_all(f"{tool} is not installed (scripts/setup all)")
made = subprocess.run([os.path.join(source, "scripts/cross-aarch64"), build], capture_output=True, text=True)
if made.returncode:
    skip_all(f"no arm64 sysroot could be made: {made.stdout.strip().splitlines()[-1:]}")
subprocess.run(["ninja", "-C", build, "railgauge"], check=True, capture_output=True)

with tempfile.TemporaryDirectory() as folder:
    first = boot(folder, SCRIPT + GATE)
    if first.returncode == 77:
        skip_all(" ".join(first.stderr.split())[-200:])
    second = boot(folder, NEON_SCRIPT)
    print("1..11")
    one, two = record_of(first), record_of(second)
    check("the guest runs a scenario to its end", first.returncode == 0 and "run 0" in first.stdout, first.stdout[-2000:] + first.stderr[-2000:])
    check("hardware counters work there", "hardware counters work" in first.stdout, first.stdout[-1500:])
    figures = (one or {}).get("figures", {})
    per_inference = figures.get("instructions", {}).get("value", 0)
    check("an inference of 264,192 multiply-accumulates takes at least one instruction per 16 of them and at most 20 each",
          264192 / 16 < per_inference < 264192 * 20, per_inference)
    again = (two or {}).get("figures", {}).get("instructions", {}).get("value", 0)
    check("instruction counts repeat to within 0.1 % from boot to boot", per_inference and abs(again - per_inference) < 1e-3 * per_inference,
          f"{per_inference} and {again}")
    gated = re.search(r"^\S? +instructions +([0-9.]+) +([0-9.]+) ", first.stdout, re.M)
    check("the gate shows the instructions of a second run within 0.2 % of the first one's",
          "gate 0" in first.stdout and gated and abs(float(gated[1]) / float(gated[2]) - 1) < 0.002, first.stdout[-2500:])
    check("the cell is ok: its outputs equal the reference there", (one or {}).get("status") == "ok", one)
    check_neon(second)
    # the same model file and the same input here
    here = subprocess.run([native, "run", os.path.join(folder, "vm.lua"), "--out", os.path.join(folder, "runs"), "--quiet"], capture_output=True, text=True)
    bundles = os.listdir(os.path.join(folder, "runs")) if os.path.isdir(os.path.join(folder, "runs")) else []
    local = None
    for bundle in bundles:
        with open(os.path.join(folder, "runs", bundle, "records.jsonl"), encoding="utf-8") as f:
            local = json.loads(f.readline())
    contexts = [(r or {}).get("context", {}) for r in (one, local)]
    models = [c.get("workload", {}).get("sha256") for c in contexts]
    check("the suite model has the same bytes on both machines", models[0] and models[0] == models[1], f"{models} {here.stderr[-500:]}")
    truths = [c.get("truth", {}) for c in contexts]
    outputs = [t.get("reference_sha256") for t in truths]
    check("the outputs have the same bytes on both machines",
          outputs[0] and outputs[0] == outputs[1] and all(t.get("exact") for t in truths), truths)
sys.exit(0 if all(results) else 1)
