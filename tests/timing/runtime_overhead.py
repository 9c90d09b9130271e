#!/usr/bin/env python3
"""What railgauge reports of a vendor's runtime against a plain C loop around the same library: p50, p95 and CPU time of an
inference, interleaved (plain, ours, ours, plain), the same CPU, the same model. TAP; fails where they differ by more than
3 %. To be run on a machine that does nothing else.

    runtime_overhead.py RAILGAUGE SOURCE TARGET VARIANT,VARIANT... LIBRARY PLAIN [PAIRS [SECONDS [MODEL...]]]

PLAIN is a program that is called as PLAIN LIBRARY MODEL VARIANT THREADS CPU SECONDS and prints {"p50_ns", "p95_ns", "cpu_ns"}.
The environment variable RAILGAUGE_TARGET_LIBRARY names the library to railgauge.
"""
import glob
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

LIMIT = 0.03
FIGURES = ("p50_ns", "p95_ns", "cpu_ns")
PROGRAM, SOURCE, TARGET, VARIANTS, LIBRARY, PLAIN = sys.argv[1:7]
PAIRS = int(sys.argv[7]) if len(sys.argv) > 7 else 8
SECONDS = float(sys.argv[8]) if len(sys.argv) > 8 else 1.0
MODELS = sys.argv[9:] or ["mlperf-tiny/pretrainedResnet_quant.tflite", "mlperf-tiny/vww_96_int8.tflite"]
CPU = min(os.sched_getaffinity(0))
WORK = tempfile.mkdtemp(prefix="overhead-")


def model_path(name):
    if os.path.exists(name):
        return name
    for folder in (os.environ.get("RAILGAUGE_SHARED"), os.path.join(SOURCE, "..", "shared"), os.path.join(SOURCE, "..", "..", "shared")):
        path = folder and os.path.join(folder, "models", "tflite", name)
        if path and os.path.exists(path):
            return os.path.abspath(path)
    return None


def plain(model, variant):
    done = subprocess.run([PLAIN, LIBRARY, model, variant, "1", str(CPU), str(SECONDS)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ours(model, variant):
    """One round in a process of its own, as a run has them."""
    scenario, out = os.path.join(WORK, "one.lua"), os.path.join(WORK, "out")
    shutil.rmtree(out, ignore_errors=True)
    with open(scenario, "w", encoding="utf-8") as file:
        file.write('return rg.scenario {tier = {name = "smoke", rounds = 1, samples = 130, min_time = "%gs"}, cells = {{file = "%s", '
                   'target = "%s", variant = "%s", threads = 1, cores = "%d"}}}\n' % (SECONDS, model, TARGET, variant, CPU))
    environment = dict(os.environ)
    environment["RAILGAUGE_%s_LIBRARY" % TARGET.upper()] = LIBRARY
    done = subprocess.run([PROGRAM, "run", scenario, "--out", out], capture_output=True, text=True, timeout=120, env=environment)
    bundle, = glob.glob(os.path.join(out, "*"))
    with open(os.path.join(bundle, "records.jsonl"), encoding="utf-8") as file:
        record = json.loads(file.readline())
    assert record["status"] == "ok", (record["what"], done.stderr)
    with open(glob.glob(os.path.join(bundle, "rounds", "*", "record.json"))[0], encoding="utf-8") as file:
        facts = json.load(file)
    figures = record["figures"]
    return {"p50_ns": figures["latency_p50_ns"]["value"], "p95_ns": figures["latency_p95_ns"]["value"],
            "cpu_ns": facts["usage"]["cpu_ns"] / facts["window"]["inferences"]}


def compare(model, variant):
    """Median of the ratios of pairs, by figure; and the medians themselves, in microseconds."""
    ratios, values = {key: [] for key in FIGURES}, {key: ([], []) for key in FIGURES}
    for pair in range(PAIRS):
        first, second = (plain, ours) if pair % 2 == 0 else (ours, plain)
        found = {first: first(model, variant), second: second(model, variant)}
        for key in FIGURES:
            ratios[key].append(math.log(found[ours][key] / found[plain][key]))
            values[key][0].append(found[plain][key] / 1e3)
            values[key][1].append(found[ours][key] / 1e3)
    return {key: (math.exp(statistics.median(ratios[key])) - 1, statistics.median(values[key][0]), statistics.median(values[key][1]))
            for key in FIGURES}


cases = [(name, variant) for name in MODELS for variant in VARIANTS.split(",")]
print("1..%d" % len(cases))
failed = 0
for number, (name, variant) in enumerate(cases, 1):
    title = "%d - %s %s of %s agrees with a plain loop" % (number, TARGET, variant, os.path.basename(name))
    path = model_path(name)
    if not path or not os.path.exists(LIBRARY):
        print("ok %s # SKIP %s" % (title, "no shared models" if not path else "no library " + LIBRARY))
        continue
    found = compare(path, variant)
    good = all(abs(difference) <= LIMIT for difference, _, _ in found.values())
    failed += not good
    print("%sok %s" % ("" if good else "not ", title))
    for key, (difference, theirs, mine) in found.items():
        print("# %-6s plain %10.1f us, railgauge %10.1f us: %+.2f %%" % (key[:-3], theirs, mine, 100 * difference))
    sys.stdout.flush()
shutil.rmtree(WORK, ignore_errors=True)
sys.exit(1 if failed else 0)
