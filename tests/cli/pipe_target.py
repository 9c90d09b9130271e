"""The target `pipe`: the examples of docs/examples/pipe, and a double that does all that a program can
do wrong. TAP on stdout.

    pipe_target.py RAILGAUGE SOURCE_ROOT HAND_THROUGH
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import tap

PROGRAM, SOURCE, IN_C = (os.path.abspath(word) for word in sys.argv[1:4])
IN_PYTHON = os.path.join(SOURCE, "docs", "examples", "pipe", "hand_through.py")
DOUBLE = os.path.join(SOURCE, "tests", "doubles", "pipe_program.py")
WORK = tempfile.mkdtemp(prefix="railgauge-pipe-")
TIER = {"rounds": 1, "samples": 80, "min_time": "10ms", "cap": "5s"}
ENVIRONMENT = dict(os.environ, XDG_CACHE_HOME=os.path.join(WORK, "cache"))
for name in ("RAILGAUGE_TARGET_PIPE", "RAILGAUGE_ALLOW_PROGRAMS"):
    ENVIRONMENT.pop(name, None)


def call(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)


def cell(*command, **keys):
    options = dict(keys.pop("options", {}))
    if command:
        options["command"] = list(command)
    return dict({"file": "empty:64", "target": "pipe", "options": options}, **keys)


def double(*words, **keys):
    return cell(sys.executable, "-S", "-E", DOUBLE, *words, **keys)


def run(cells, *words):
    """Exit code, records in the order of the cells, facts of the rounds, words on stderr."""
    folder = tempfile.mkdtemp(dir=WORK)
    path = os.path.join(folder, "request.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"name": "t", "seed": 1, "tier": TIER, "cells": cells}, file)
    done = call("run", path, "--out", os.path.join(folder, "runs"), "--json", *words)
    document = json.loads(done.stdout)
    facts = []
    for name in sorted(glob.glob(os.path.join(document["bundle"], "rounds", "*", "record.json"))):
        with open(name, encoding="utf-8") as file:
            facts.append(json.load(file))
    return done.returncode, document["records"], facts, document["bundle"]


def test_the_examples_are_proven_and_measured():
    code, records, facts, _ = run([cell(sys.executable, IN_PYTHON), cell(IN_C),
                                   cell(IN_C, file="empty:300000"),
                                   cell(IN_C, file="empty:300000", options={"share": False})], "--allow-programs")
    assert code == 0, records
    for record in records:
        assert record["status"] == "ok" and record["figures"]["latency_p50_ns"]["value"] > 0, record
    for fact in facts:
        effective, after = fact["settings"]["effective"], fact["device_state"]["after"]
        assert fact["truth"]["exact"], fact["truth"]
        assert int(effective["pipe_overhead_ns"]) > 0, effective
        assert effective["program_version"] == "1.0" and effective["program_runtime"].startswith("hand_through")
        assert len(effective["command_file_1_sha256"]) == 64, effective
        assert int(after["own_timed"]) >= 80 and int(after["own_requests"]) == int(after["own_timed"]), after
        assert "usage" not in fact and "rss_peak_bytes" not in fact["memory"], "those of another process"
    assert [fact["settings"]["effective"]["tensors"] for fact in facts] == \
        ["pipe", "shared memory", "shared memory", "pipe"]


def test_the_command_line_names_a_program_without_further_leave():
    code, records, facts, _ = run([cell()], "--target-pipe", sys.executable + " " + IN_PYTHON)
    assert code == 0 and records[0]["name"] == "empty:64/pipe", records
    assert facts[0]["settings"]["effective"]["command"].endswith("hand_through.py")


def test_a_scenario_alone_starts_nothing():
    mark = os.path.join(WORK, "mark")
    cells = [cell("touch", mark), cell()]
    code, records, _, _ = run(cells)
    assert code == 5 and [r["status"] for r in records] == ["denied", "absent"], records
    assert "--allow-programs" in records[0]["advice"] and "--target-pipe" in records[1]["advice"], records
    code, records, _, _ = run(cells, "--target-pipe", sys.executable + " " + IN_PYTHON)
    assert [r["status"] for r in records] == ["denied", "ok"], records
    assert "a scenario alone starts nothing" in records[0]["what"] and not os.path.exists(mark), records[0]


def test_no_shell_reads_the_words():
    mark = os.path.join(WORK, "mark2")
    code, records, _, _ = run([cell()], "--target-pipe", "cat; touch " + mark)
    assert records[0]["status"] == "absent" and "'cat;'" in records[0]["what"], records
    assert not os.path.exists(mark)


def test_list_devices_tells_how_to_get_one():
    rows = {row["name"]: row for row in json.loads(call("list", "devices", "--json").stdout)}
    assert rows["pipe"]["kind"] == "absent" and "--target-pipe" in json.dumps(rows["pipe"]), rows["pipe"]
    rows = {row["name"]: row for row in json.loads(call("list", "devices", "--json", "--target-pipe", "x").stdout)}
    assert rows["pipe"]["kind"] == "present", rows["pipe"]


def test_settings_placement_memory_and_stamps_come_home():
    words = os.path.join(WORK, "words")
    code, records, facts, _ = run([double("good", "1", words, threads=2, variant="fast")], "--allow-programs")
    assert code == 0, records
    with open(words, encoding="utf-8") as file:
        asked = file.read().split("\n")
    assert asked[:5] == ["hello 1", "set threads 2", "set variant fast", "load empty:64", "placement"], asked
    assert asked[-1] == "close", asked
    assert facts[0]["placement"]["macs_on_target"] == 900 and facts[0]["placement"]["crossings"] == 2, facts[0]
    assert facts[0]["memory"]["device_bytes"] == 65536 and facts[0]["memory"]["weights_bytes"] == 4096
    after = facts[0]["device_state"]["after"]
    assert after["own_p50_ns"] == after["own_p95_ns"] == after["own_mean_ns"] == "2000000", after


def test_a_program_that_offers_nothing_is_measured_all_the_same():
    code, records, facts, _ = run([double("plain")], "--allow-programs")
    assert code == 0 and not facts[0]["placement"]["known"], records
    assert "pipe_overhead_ns" not in facts[0]["settings"]["effective"]
    assert facts[0]["device_state"]["after"]["own_timed"] == "0"


def test_requests_in_flight_have_a_program_each():
    code, records, facts, _ = run([double("good", pattern={"kind": "in_flight", "n": 3})], "--allow-programs")
    assert code == 0 and facts[0]["truth"]["exact"], records


def test_what_a_program_does_wrong_ends_in_the_documented_status():
    limits = {"late": {"start_limit": "400ms"}, "hangs": {"infer_limit": "1s"}}
    expected = [
        (["ends"], "failed", "ended with code 3"), (["version"], "unsupported", "speaks version '2'"),
        (["foreign"], "failed", "usage: some other tool"), (["long-line"], "failed", "no lines of text"),
        (["nul"], "failed", "no lines of text"), (["late"], "failed", "did not answer in time"),
        (["fact-key"], "failed", "fact Bad.Key x"), (["endless"], "failed", "more than 256 lines"),
        (["refuses"], "unsupported", "the operator FOO"), (["strange-error"], "failed", "no words of advice"),
        (["other-size"], "unsupported", "input 0 is int8 32 for the program, int8 64 for the model"),
        (["lies"], "failed", "answers 'input int8 64 65 data'"), (["no-output"], "failed", "describes no output"),
        (["bad-placement"], "failed", "nodes 5 4"), (["crashes", "5"], "failed", "crashed: Segmentation fault"),
        (["exits", "5"], "failed", "ended with code 0"), (["hangs", "5"], "failed", "did not answer in time"),
        (["rubbish", "5"], "failed", "Inference took 3 ms"), (["short", "5"], "failed", "63 bytes of outputs"),
        (["huge"], "failed", "99999999999999999999"), (["cut", "5"], "failed", "ended with code 5"),
        (["says", "5"], "failed", "the device is too hot"), (["wrong"], "wrong", "differs"),
    ]
    cells = [double(*words, options=limits.get(words[0], {})) for words, _, _ in expected]
    code, records, _, bundle = run(cells + [double("good")], "--allow-programs")
    assert code == 3, code
    for (words, status, what), record in zip(expected, records):
        assert record["status"] == status and what in record["what"], (words, record["status"], record["what"])
        assert record["advice"], words
    assert records[-1]["status"] == "ok", records[-1]
    told = ""
    for path in glob.glob(os.path.join(bundle, "rounds", "*", "output.txt")):
        with open(path, encoding="utf-8") as file:
            told += file.read()
    assert len(records) == len(expected) + 1


def test_settings_that_a_program_cannot_have_are_refused():
    cells = [double("plain", threads=2), double("good", threads=3), double("good", cores="0"),
             double("good", batch=4), cell("/nowhere/at-all"), cell(DOUBLE.replace(".py", ".txt")), cell("/etc/passwd")]
    code, records, _, _ = run(cells, "--allow-programs")
    assert [r["status"] for r in records] == ["unsupported"] * 4 + ["absent", "absent", "denied"], records
    for part, record in zip(("takes no 'threads'", "no such setting", "cores", "one sample"), records):
        assert part in record["what"], record["what"]
    for command in ([], [1], [""]):
        code, records, _, _ = run([dict(cell(), options={"command": command})], "--allow-programs")
        assert records[0]["status"] == "unsupported" and "is no command" in records[0]["what"], records[0]


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
