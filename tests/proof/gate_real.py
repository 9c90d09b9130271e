"""The gate on this machine: one build against itself with a second process disturbing it, and faults
planted into one kernel. Counts false alarms and what is seen and named rightly.

    gate_real.py PROGRAM FAULTY [--count N] [--only NAME,...] [--disturb] [--json FILE]

Prints a table; exit 1 when a limit is missed (at most one alarm in 200 A/A gates, 95 of 100 of each
fault seen and named)."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

SCENARIO = """return rg.scenario {
    name = "real", tier = {samples = 200, min_time = "50ms", cap = "20s"},
    cells = {{model = "ds-cnn", target = "cpu", threads = 1}},
}
"""
LATENCY = {"latency_p50_ns", "latency_p95_ns", "latency_mean_ns", "throughput_per_s"}
# name: environment, metrics that name it rightly, metrics that must not be blamed
FAULTS = {
    "none": ("", set(), set()),
    "busy-5": ("busy=0.05", LATENCY, {"rss_peak_bytes"}),
    "busy-10": ("busy=0.10", LATENCY, {"rss_peak_bytes"}),
    "tail": ("tail=0.25", {"latency_p95_ns"}, {"latency_p50_ns", "rss_peak_bytes"}),
    "cache": ("cache=200", LATENCY | {"cache_misses"}, set()),
    "first": ("first=100", {"first_ns"}, {"latency_p50_ns", "rss_peak_bytes"}),
    "memory": ("memory=2097152", {"rss_peak_bytes"}, {"latency_p50_ns"}),
    "wrong": ("wrong=1", {"cell"}, set()),
}


def wrapper(folder, program, words):
    """A program that is the faulty build with its fault switched on."""
    path = os.path.join(folder, "candidate")
    with open(path, "w") as file:
        file.write("#!/bin/sh\nRAILGAUGE_FAULT=%s exec %s \"$@\"\n" % (words, program))
    os.chmod(path, 0o755)
    return path


def gate(program, baseline, candidate, scenario, folder):
    """One gate: the rows of its result and its exit code."""
    out = os.path.join(folder, "runs")
    got = subprocess.run([program, "gate", "--a", baseline, "--b", candidate, "--scenario", scenario,
                          "--out", out, "--quiet", "--format", "json"], capture_output=True, text=True)
    shutil.rmtree(out, ignore_errors=True)
    if not got.stdout:
        raise RuntimeError("no result, exit %d: %s" % (got.returncode, got.stderr))
    return json.loads(got.stdout)["tests"], got.returncode


def judge(name, verdicts):
    """(seen, named rightly) of one gate."""
    _, right, innocent = FAULTS[name]
    blamed = {metric for metric, verdict in verdicts.items() if verdict in ("regressed", "error")}
    return bool(blamed), bool(blamed & right) and not blamed & innocent


def play(name, args, scenario, folder):
    row = {"fault": name, "n": 0, "seen": 0, "named": 0, "pass": 0, "inconclusive": 0, "rounds": 0,
           "seconds": 0.0, "blamed": {}}
    words = FAULTS[name][0]
    # both arms are the same file, one with the fault; the baseline holds the memory of "cache", too
    base = wrapper(folder, args.faulty, "cache=0" if name == "cache" else "none")
    same = shutil.copy(base, os.path.join(folder, "baseline"))
    candidate = wrapper(folder, args.faulty, words or "none")
    start = time.time()
    for _ in range(args.count):
        if args.seconds and time.time() - start > args.seconds:
            break
        tests, code = gate(args.program, same, candidate, scenario, folder)
        verdicts = {test.get("metric") or "cell": test["verdict"] for test in tests}
        seen, named = judge(name, verdicts)
        row["n"] += 1
        row["seen"] += seen
        row["named"] += named
        row["pass"] += code == 0
        row["inconclusive"] += code == 2
        row["rounds"] += max(test.get("rounds_candidate") or 0 for test in tests)
        for metric, verdict in verdicts.items():
            if verdict in ("regressed", "error"):
                row["blamed"][metric] = row["blamed"].get(metric, 0) + 1
    row["seconds"] = round(time.time() - start, 1)
    return row


def kept(row):
    if row["fault"] == "none":
        return row["seen"] <= max(1, row["n"] // 200)
    return row["named"] >= 0.95 * row["n"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("faulty")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=0, help="end each row after this time")
    parser.add_argument("--only", default=",".join(FAULTS))
    parser.add_argument("--disturb", action="store_true", help="a second process uses the CPU in bursts")
    parser.add_argument("--json")
    args = parser.parse_args()
    args.program, args.faulty = os.path.abspath(args.program), os.path.abspath(args.faulty)
    noise = subprocess.Popen([sys.executable, "-c", "import time\nwhile True:\n"
                              " t=time.time()\n while time.time()-t<.05: pass\n time.sleep(.1)"]) \
        if args.disturb else None
    rows = []
    try:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            scenario = os.path.join(folder, "real.lua")
            with open(scenario, "w") as file:
                file.write(SCENARIO)
            print("%-8s %5s %5s %6s %5s %5s %7s %6s  %s" % ("fault", "gates", "seen", "named", "pass",
                                                            "incl.", "rounds", "s", "blamed"))
            for name in args.only.split(","):
                row = play(name, args, scenario, folder)
                rows.append(row)
                print("%-8s %5d %5d %6d %5d %5d %7.1f %6.0f  %s" % (
                    name, row["n"], row["seen"], row["named"], row["pass"], row["inconclusive"],
                    row["rounds"] / max(1, row["n"]), row["seconds"],
                    " ".join("%s:%d" % pair for pair in sorted(row["blamed"].items()))), flush=True)
    finally:
        if noise:
            noise.kill()
    if args.json:
        with open(args.json, "w") as file:
            json.dump(rows, file, indent=1)
    return 0 if all(kept(row) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
