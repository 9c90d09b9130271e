"""`railgauge selftest` from outside: exit codes, JSON that agrees with the table, the same
figures whatever the number of threads. TAP on stdout."""
import json
import subprocess
import sys

import tap

PROGRAM = sys.argv[1]


def run(*words):
    return subprocess.run([PROGRAM, "selftest", *words], capture_output=True, text=True, timeout=280)


def quick(*words):
    """The document of a quick run, without what may differ from run to run."""
    got = run("gate", "--quick", "--json", *words)
    document = json.loads(got.stdout)
    assert got.returncode == (0 if document["met"] else 1), got.returncode
    return {key: value for key, value in document.items() if key not in ("seconds", "threads")}


def test_the_limits_are_met_and_threads_change_nothing():
    alone = quick("--threads", "1")
    assert alone["met"], [row for row in alone["limits"] if not row["met"]]
    assert quick("--threads", "3") == alone
    names = {row["name"]: row for row in alone["profiles"]}
    assert len(names) == 9 and sum(not row["tuned"] for row in alone["profiles"]) == 3
    quiet = names["quiet"]
    assert quiet["plus_10"]["regressed"] == quiet["plus_10"]["n"] > 0, quiet
    assert quiet["aa"]["regressed"] == 0, quiet


def test_the_table_names_every_profile_and_ends_with_the_limits():
    got = run("gate", "--quick", "--seed", "2")
    for name in ("log-normal", "bimodal", "autocorr", "heavy-tail", "drift", "quiet", "lopsided",
                 "clock-steps", "timer-1ms"):
        assert "\n%s " % name in got.stdout, got.stdout
    assert got.stdout.rstrip().endswith("limits met"), got.stdout
    assert all(len(line) <= 110 for line in got.stdout.splitlines()), got.stdout


def test_overhead_tells_what_the_harness_costs():
    got = run("overhead", "--json")
    document = json.loads(got.stdout)
    broken = [key for key, row in document.items() if isinstance(row, dict) and not row["ok"]]
    assert got.returncode == (1 if broken else 0) and len(broken) == document["broken"], got
    assert document["clock_monotonic"] is True
    for key in ("clock_cost_ns", "iteration_ns", "meter_read_ns", "meter_reads_per_s", "worker_ns"):
        row = document[key]
        assert 0 < row["low"] <= row["median"] <= row["high"], (key, row)
    assert document["worker_ns"]["median"] > document["meter_read_ns"]["median"], document
    table = run("overhead").stdout
    assert "a worker: start, answer, end" in table and "p95 beside a meter" in table, table


def test_what_cannot_be_tested_is_a_slip_of_the_caller():
    assert run("luck").returncode == 64
    assert run().returncode == 64


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
