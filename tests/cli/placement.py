"""What ran where: the placement of every record, refusals of require_full_offload, times of operators.
TAP on stdout.

    placement.py RAILGAUGE
"""
import json
import os
import subprocess
import sys
import tempfile

import tap

PROGRAM = os.path.abspath(sys.argv[1])
WORK = tempfile.mkdtemp(prefix="railgauge-placement-")
ENVIRONMENT = dict(os.environ, XDG_CACHE_HOME=os.path.join(WORK, "cache"), XDG_STATE_HOME=os.path.join(WORK, "state"),
                   LC_ALL="C.UTF-8")
TIER = {"rounds": 1, "samples": 20, "min_time": "0s", "cap": "15s"}
OP = {"kind": "conv2d", "input": [1, 8, 8, 8], "filters": 8, "kernel": 3}


def run(cells, *words, code=0, measure=None):
    """The bundle of a run of these cells, and its records by target."""
    folder = tempfile.mkdtemp(dir=WORK)
    path = os.path.join(folder, "request.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"name": "placement", "summary": "a test", "seed": 1, "tier": TIER, "cells": cells,
                   "measure": measure or {}}, file)
    out = os.path.join(folder, "runs")
    done = subprocess.run([PROGRAM, "run", path, "--out", out, "--quiet", *words], capture_output=True, text=True,
                          env=ENVIRONMENT, timeout=100)
    assert done.returncode == code, (done.returncode, done.stderr)
    bundle = os.path.join(out, os.listdir(out)[0])
    with open(os.path.join(bundle, "records.jsonl"), encoding="utf-8") as file:
        records = {record["target"]: record for record in map(json.loads, file)}
    return bundle, records, done.stdout


def report(bundle, form):
    done = subprocess.run([PROGRAM, "report", bundle, "--format", form], capture_output=True, text=True,
                          env=ENVIRONMENT, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_record_says_what_ran_where_or_that_it_is_unknown():
    bundle, records, table = run([{"op": OP, "target": "cpu"}, {"op": OP, "target": "sim"}])
    placement = records["cpu"]["context"]["placement"]
    assert placement["known"] and placement["nodes"] == placement["nodes_on_target"] > 0, placement
    assert placement["macs"] == placement["macs_on_target"] == 8 * 8 * 8 * 8 * 9, placement
    assert placement["crossings"] == 0 and placement["engines"][0]["name"] == "cpu", placement
    assert records["sim"]["context"]["placement"] == {"known": False}
    for form in ("text", "markdown", "html"):
        page = report(bundle, form)
        assert "What ran where" in page and "unknown" in page, form
    assert "all 1 nodes" in table and "unknown" in table, table


def test_full_offload_is_refused_where_nobody_knows():
    _, records, table = run([{"op": OP, "target": "cpu", "require_full_offload": True},
                             {"op": OP, "target": "sim", "require_full_offload": True}], code=3)
    assert records["cpu"]["status"] == "ok", records["cpu"]
    assert records["sim"]["status"] == "unsupported" and "does not tell" in records["sim"]["what"], records["sim"]
    assert records["sim"]["context"]["placement"] == {"known": False}
    assert "require_full_offload" in table


def test_operators_are_timed_after_the_measurement_where_the_runtime_tells_them():
    _, records, table = run([{"op": OP, "target": "cpu"}, {"op": OP, "target": "sim"}], "--per-op")
    counted = records["cpu"]["context"]["per_op"]
    assert counted["runs"] > 0 and [n["operator"] for n in counted["nodes"]] == ["conv2d"], counted
    assert 0 < counted["nodes"][0]["median_ns"] <= counted["whole_median_ns"], counted
    assert records["sim"]["context"]["per_op"]["na"] == "not-available"
    assert "computed by" in table and "tells no times of operators" in table, table


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
