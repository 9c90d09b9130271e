"""Several runtimes fail in one run, each in its own way: every cell ends in its status with something to try, what is
sound is measured, nothing of a double ranks. Each runtime's own tests play all of its failures. TAP on stdout.

    vendor_failures.py RAILGAUGE TFLITE_DOUBLE ORT_DOUBLE HAILO_DOUBLE
"""
import json
import os
import subprocess
import sys
import tempfile

import tap

PROGRAM = os.path.abspath(sys.argv[1])
WORK = tempfile.mkdtemp(prefix="railgauge-vendors-")
ENVIRONMENT = dict(os.environ, XDG_CACHE_HOME=os.path.join(WORK, "cache"), XDG_STATE_HOME=os.path.join(WORK, "state"),
                   LC_ALL="C.UTF-8", RAILGAUGE_TFLITE_LIBRARY=sys.argv[2], RAILGAUGE_ONNXRUNTIME_LIBRARY=sys.argv[3],
                   RAILGAUGE_HAILO_LIBRARY=sys.argv[4])
# a crash is to be one under a sanitizer, too
ENVIRONMENT["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0:handle_abort=0"
OP = {"kind": "conv2d", "input": [1, 8, 8, 8], "filters": 8, "kernel": 3}
TIER = {"rounds": 1, "samples": 20, "min_time": "0s", "cap": "4s"}

# what each double is told to be like, and how its cell ends; the cell on this machine's cores is always sound
ROWS = [
    ("", "", "none", "ok", "ok", "absent"),
    ("crash", "wrong", "driver", "failed", "wrong", "absent denied unsupported failed"),
    ("wrong", "crash", "nodriver", "wrong", "failed", "absent denied"),
    ("no-tensors", "env=1", "", "unsupported failed", "failed unsupported", "unsupported"),
    ("fails", "run=1", "none", "failed", "failed", "absent"),
]


def run(name, tflite, ort, hailo):
    path, out = os.path.join(WORK, name + ".json"), os.path.join(WORK, name)
    cells = [{"op": OP, "target": target} for target in ("tflite", "onnxruntime", "hailo", "cpu")]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"name": name, "summary": "a test", "seed": 1, "tier": TIER, "cells": cells}, file)
    done = subprocess.run([PROGRAM, "run", path, "--out", out, "--quiet"], capture_output=True, text=True, timeout=100,
                          env=dict(ENVIRONMENT, TFLITE_DOUBLE=tflite, ORT_DOUBLE=ort, HAILO_DOUBLE=hailo))
    assert done.returncode in (0, 3), (done.returncode, done.stderr)
    bundle = os.path.join(out, os.listdir(out)[0])
    with open(os.path.join(bundle, "records.jsonl"), encoding="utf-8") as file:
        return bundle, {record["target"]: record for record in map(json.loads, file)}, done.stdout


def test_each_failure_ends_in_its_status_with_advice_and_the_run_goes_on():
    for number, row in enumerate(ROWS):
        _, records, _ = run("row%d" % number, *row[:3])
        assert records["cpu"]["status"] == "ok", (row, records["cpu"]["what"])
        for target, wanted in zip(("tflite", "onnxruntime", "hailo"), row[3:]):
            record = records[target]
            assert record["status"] in wanted.split(), (row, target, record["status"], record["what"])
            assert record["status"] == "ok" or (record["what"] and record["advice"]), (row, target, record)


def test_what_a_double_computes_is_simulated_names_it_and_never_ranks():
    bundle, records, table = run("ranks", "", "", "none")
    for target, double in (("tflite", "tflite_library"), ("onnxruntime", "ort_library")):
        record = records[target]
        assert record["provenance"] == "simulated", record
        assert record["context"]["device_facts"]["double"] == double, record["context"]["device_facts"]
        assert len(record["context"]["device_facts"]["library_sha256"]) == 64, record["context"]["device_facts"]
        assert record["context"]["artefact"]["form"] in ("tflite", "onnx", "onnx_qoperator"), record["context"]
    assert records["cpu"]["provenance"] == "measured"
    assert "never" in table and "double" in table and "Lowest p95" not in table, table
    done = subprocess.run([PROGRAM, "report", bundle, "--format", "html"], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0 and "Figures of test doubles, not ranked" in done.stdout, done.stderr


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
