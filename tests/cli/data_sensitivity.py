"""What energy was measured with: weights and inputs on record, each kind proven against its own
reference, energy of seeded weights marked and never ranked. TAP on stdout.

    data_sensitivity.py RAILGAUGE SOURCE_ROOT
"""
import csv
import glob
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile

import tap

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SCENARIO = os.path.join(SOURCE, "scenarios", "data-sensitivity.lua")
WORK = tempfile.mkdtemp(prefix="railgauge-data-")
ENVIRONMENT = dict(os.environ, XDG_CACHE_HOME=os.path.join(WORK, "cache"), LC_ALL="C.UTF-8")
ELEMENTS = 49 * 10  # of the keyword model's input
SMALL = {"rounds": 2, "samples": 80, "min_time": "0s", "cap": "15s"}
WITH_POWER = {"rounds": 2, "samples": 130, "min_time": "500ms", "cap": "20s"}
FAST = ["--set", "window=1s", "--set", "idle=1s", "--set", "tier=smoke"]


def call(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=100)


def samples(size=ELEMENTS):
    """A folder with the one input, and its bytes."""
    folder = tempfile.mkdtemp(dir=WORK)
    data = bytes(i * 7 % 256 for i in range(size))
    with open(os.path.join(folder, "0.bin"), "wb") as file:
        file.write(data)
    return folder, data


def request(cells, tier, power):
    folder = tempfile.mkdtemp(dir=WORK)
    path = os.path.join(folder, "request.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"name": "data", "summary": "a test", "seed": 1, "tier": tier, "cells": cells,
                   "measure": {"power": power}}, file)
    return path, os.path.join(folder, "runs")


def run(path, out, *words, code=0):
    done = call("run", path, "--out", out, "--json", *words)
    assert done.returncode == code, (done.returncode, done.stderr)
    document = json.loads(done.stdout)
    return document, done.stderr


def run_cells(cells, tier=None, power=False, code=0):
    return run(*request(cells, tier or SMALL, power), code=code)[0]


def proven(record):
    truth = record["context"]["truth"]
    assert truth["compared"] and truth["differing"] == 0, truth


def test_the_scenario_runs_all_three_kinds_and_each_is_proven_by_its_own_reference():
    folder, data = samples()
    document, words = run(SCENARIO, os.path.join(WORK, "all"), "--set", "target=sim", "--set", "rail=sim",
                          "--set", "inputs=" + folder, *FAST)
    found = {record["inputs"]: record for record in document["records"]}
    assert sorted(found) == ["random", "real", "zero"], sorted(found)
    for record in found.values():
        assert record["weights"] == "seeded" and "indicative" in record["flags"], record["flags"]
        assert record["figures"]["energy_total_uj"].get("value"), "indicative energy is shown"
        proven(record)
    assert len({record["context"]["truth"]["reference_sha256"] for record in found.values()}) == 3
    assert found["real"]["context"]["io"]["inputs_sha256"] == hashlib.sha256(data).hexdigest()
    assert "inputs_sha256" not in found["zero"]["context"]["io"]
    assert "skipped" not in words, words


def test_without_files_real_inputs_are_skipped_aloud():
    document, words = run(SCENARIO, os.path.join(WORK, "two"), "--set", "target=sim", "--set", "rail=sim", *FAST)
    assert sorted(r["inputs"] for r in document["records"]) == ["random", "zero"]
    assert "real inputs are skipped" in words, words
    report = call("report", document["bundle"], "--format", "text", "--template", "full")
    assert "real skipped" in " ".join(report.stdout.split()), report.stdout[:600]


def test_the_cpu_computes_zeros_and_given_inputs_as_the_reference_does():
    folder, _ = samples()
    document = run_cells([{"model": "ds-cnn", "threads": 1, "inputs": kind, "input_files": folder}
                          for kind in ("zero", "real")])
    for record in document["records"]:
        proven(record)
        assert "indicative" not in record["flags"], "no energy was measured"


def exported():
    """The keyword model as a file from outside."""
    folder = os.path.join(WORK, "model")
    if not os.path.exists(folder):
        done = call("export", "ds-cnn", "--precision", "int8", "--input-set", "0", "-o", folder)
        assert done.returncode == 0, done.stderr
    return glob.glob(os.path.join(folder, "*.tflite"))[0]


def two_devices(**workload):
    """One simulated device draws far more than the other: energy would rank."""
    cells = [dict(workload, target="sim", options={"power_mw": mw}) for mw in (3000, 9000)]
    return run_cells(cells, WITH_POWER, True)


def bests(document):
    report = call("report", document["bundle"], "--format", "csv", "--template", "full")
    assert report.returncode == 0, report.stderr
    rows = [row for row in csv.DictReader(io.StringIO(report.stdout)) if row["metric"] == "energy_total_uj"]
    assert len(rows) == 2, rows
    return [row["best"] for row in rows]


def test_energy_of_seeded_weights_is_never_ranked_and_that_of_a_model_file_is():
    seeded, trained = two_devices(model="ds-cnn"), two_devices(file=exported())
    assert bests(seeded) == ["no", "no"], bests(seeded)
    assert sorted(bests(trained)) == ["no", "yes"], bests(trained)
    for record in trained["records"]:
        assert record["weights"] == "trained" and "indicative" not in record["flags"]
    for kind in ("text", "markdown", "html"):
        page = call("report", seeded["bundle"], "--format", kind, "--template", "full").stdout
        assert "indicative" in page and "seeded weights" in " ".join(page.split()), kind


def test_real_inputs_that_are_absent_are_refused_with_words():
    path, out = request([{"model": "ds-cnn", "inputs": "real"}], SMALL, False)
    done = call("run", path, "--out", out)
    assert done.returncode == 64 and "none are given" in done.stderr, (done.returncode, done.stderr)
    assert "input_files" in done.stderr, done.stderr


def test_real_inputs_that_do_not_fit_refuse_their_cell_with_words():
    short, _ = samples(ELEMENTS - 1)
    empty = tempfile.mkdtemp(dir=WORK)
    for folder, what in ((short, "a file of 489 elements for an input of 490"), (empty, "neither 0.npy nor 0.bin"),
                         (os.path.join(WORK, "nowhere"), "there is no file or folder")):
        document = run_cells([{"model": "ds-cnn", "inputs": "real", "input_files": folder}], code=3)
        record = document["records"][0]
        assert record["status"] != "ok" and what in record["what"], record
        assert record["advice"], record


sys.exit(tap.run(dict(globals())))
