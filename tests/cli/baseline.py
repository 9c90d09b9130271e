"""Baselines and the gate on a store, from outside: events that stay, names for sides, several at once,
control workloads, verdicts kept. TAP on stdout.

usage: baseline.py PROGRAM
"""
import json
import os
import sys

import lab as laboratory
import tap

PROGRAM = os.path.abspath(sys.argv[1])


def Lab(n=1):
    return laboratory.Lab(PROGRAM, n)


def test_baselines_are_events_that_stay():
    with Lab(2) as lab:
        lab.fill()
        lab("baseline", "set", "main", "run-000", "--who", "Ada", "--why", "first light")
        lab("baseline", "set", "release", "run-000", "--why", "1.0")
        lab("baseline", "set", "main", "run-001", "--who", "Bob", "--why", "faster conv")
        listed = json.loads(lab("baseline", "list", "--json"))
        assert [(e["name"], e["run"]) for e in listed] == [("main", "run-001"), ("release", "run-000")]
        shown = json.loads(lab("baseline", "show", "main", "--json"))
        assert [(e["who"], e["why"], e["holds"]) for e in shown] == \
            [("Bob", "faster conv", True), ("Ada", "first light", False)]
        assert "@" in listed[1]["who"]
        for words in (("main", "run-000"), ("a b", "run-000", "--why", "x"), ("main", "nothing", "--why", "x"),
                      ("abcdef12", "run-000", "--why", "looks like an id")):
            assert "try:" in lab("baseline", "set", *words, code=64), words
        assert lab.ask("select count(*) from baseline") == [(3,)]
        assert "no baseline is named" in lab("baseline", "show", "other", code=64)


def test_the_gate_takes_a_baseline_by_its_name():
    with Lab(2) as lab:
        lab.fill()
        lab("baseline", "set", "main", "run-000", "--why", "first")
        found = json.loads(lab("gate", "--baseline", "main", "--candidate", lab.runs[0], "--format", "json",
                               "--metric", "arena_bytes"))
        assert found["baseline"]["path"] == "main (run-000)" and found["cells"] == 2, found
        assert "no baseline, run or bundle 'mian'" in \
            lab("gate", "--baseline", "mian", "--candidate", lab.runs[0], code=64)


def rounds(level, seed):
    noise = laboratory.bundles.Generator(seed)
    return [1e6 * level * (0.998 + 0.004 * noise.unit()) for _ in range(8)]


def test_two_baselines_at_once_catch_what_creeps():
    with Lab(0) as lab:
        lab.add_series([(rounds(level, i), rounds(1, 9)) for i, level in enumerate((1, 1.058, 1.06))]).fill()
        lab("baseline", "set", "release", "run-000", "--why", "2.0")
        lab("baseline", "set", "previous", "run-001", "--why", "nightly")
        words = ("--candidate", "run-002", "--metric", "latency_p95_ns")
        lab("gate", "--baseline", "previous", *words)
        lab("gate", "--baseline", "release", *words, code=1)
        out = os.path.join(lab.folder, "gate.json")
        done = lab("gate", "--baseline", "previous", "--baseline", "release", *words, "--result", out, code=1)
        assert done == ""
        with open(out, encoding="utf-8") as file:
            assert json.load(file)["exit"] == 0
        with open(os.path.join(lab.folder, "gate.release.json"), encoding="utf-8") as file:
            second = json.load(file)
        assert second["exit"] == 1 and second["baseline"]["path"] == "release (run-000)"
        assert "-o FILE" in lab("gate", "--baseline", "previous", "--baseline", "release", *words, "--format",
                                "json", code=64)


def test_the_drift_of_a_control_is_taken_out_of_a_stored_comparison():
    with Lab(0) as lab:
        lab.add_series([(rounds(level, i), rounds(level, 5 + i)) for i, level in enumerate((1, 1.2))]).fill()
        words = ("gate", "--baseline", "run-000", "--candidate", "run-001", "--metric", "latency_p95_ns")
        lab(*words, code=1)
        said = lab(*words, "--control", "net-1/sim")
        assert "drift taken out by the control workload net-1/sim" in " ".join(said.split()), said
        assert "is not ok in the baseline" in lab(*words, "--control", "nothing", code=4)


def test_verdicts_go_in_once_with_all_that_went_into_them():
    with Lab(2) as lab:
        lab.fill()
        result = os.path.join(lab.folder, "result.json")
        lab("gate", "--baseline", "run-000", "--candidate", "run-000", "--metric", "arena_bytes", "--result", result)
        assert lab("import", "result", result).startswith("imported ")
        assert lab("import", "result", result).startswith("known ")
        rows = lab.ask("select baseline, metric, verdict, tolerance, facts from verdict")
        assert [row[:4] for row in rows] == [("run-000", "arena_bytes", "pass", 0.01)] * 2, rows
        with open(result, encoding="utf-8") as file:
            assert [json.loads(row[4]) for row in rows] == json.load(file)["tests"]
        lab("import", "result", os.path.join(lab.runs[0], "bundle.json"), code=65)
        lab("import", "result", "/nowhere.json", code=74)


sys.exit(tap.run(globals()))
