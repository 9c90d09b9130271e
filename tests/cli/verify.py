#!/usr/bin/env python3
"""`verify`, `bench`, `list kernels` and `list cases` from outside. Prints TAP. Usage: verify.py RAILGAUGE"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import tap

program = os.path.abspath(sys.argv[1])


def call(*arguments, **more):
    environment = dict(os.environ, **more)
    environment.pop("RAILGAUGE_ISA", None)
    environment.update(more)
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=240, env=environment)


def document(*arguments, **more):
    done = call(*arguments, "--json", **more)
    assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stderr}"
    return json.loads(done.stdout)


def test_every_kernel_that_runs_here_and_every_reference_gives_the_bytes_of_the_truth():
    proof = document("verify", "--seed", "20261121", "--cases", "4")
    assert proof["ok"] and proof["wrong"] == 0 and proof["proven"] >= 80, proof["proven"]
    runs_here = {row["name"] for row in document("list", "kernels") if row["runs_here"]}
    tried = {row["kernel"] for row in proof["rows"] if row["tried"] == 4}
    assert runs_here <= tried, f"not tried: {runs_here - tried}"


def test_the_seed_is_printed_and_gives_the_same_again():
    first = call("verify", "relu_s8", "--cases", "3").stdout
    seed = first.split("; seed ")[1].split(";")[0]
    again = call("verify", "relu_s8", "--cases", "3", "--seed", seed).stdout
    assert f"seed {seed};" in again
    assert first.splitlines()[0] == again.splitlines()[0]


def test_a_mask_hides_levels():
    proof = document("verify", "conv2d", "--isa", "scalar", "--cases", "2", "--seed", "1")
    assert all(row["isa"] == "scalar" or row["verdict"] in ("not asked for", "not here") for row in proof["rows"])
    hidden = document("list", "cases", RAILGAUGE_ISA="scalar")
    assert all(row["kind"] == "reference" for row in hidden)


def test_a_kind_names_all_its_operators_and_a_bench_case_is_taken_by_name():
    rows = document("verify", "fully_connected", "--kernel", "reference", "--case", "gemm_7x33x65", "--seed", "2")["rows"]
    assert {row["op"] for row in rows} >= {"fully_connected_s8", "fully_connected_u8", "fully_connected_f32"}
    assert all(row["tried"] == 1 and row["verdict"] == "ok" for row in rows)


def test_misspelt_names_are_usage_errors_that_name_the_nearest():
    for arguments, near in ((["verify", "conv2"], "conv2d"), (["bench", "sofmax_s8"], "softmax_s8"),
                            (["verify", "--isa", "axv2"], "avx2"), (["verify", "--target", "gpu"], "cpu neon")):
        done = call(*arguments)
        assert done.returncode == 64 and near in done.stderr, f"{arguments}: {done.returncode} {done.stderr}"
        assert done.stdout == ""


def test_bench_proves_times_and_bounds_a_case():
    bench = document("bench", "gemm_7x33x65", "--threads", "1,2", "--rounds", "2", "--min-time", "200us")
    rows = [row for row in bench["rows"] if row["op"] == "fully_connected_s8"]
    assert rows and any(row["chosen"] for row in rows)
    for row in rows:
        assert row["status"] == "ok" and row["exact"], row
        assert 0 < row["min_ns"] <= row["median_ns"] <= row["p95_ns"], row
        assert abs(row["ops_per_s"] * row["median_ns"] * 1e-9 - 2 * 7 * 33 * 65) < 1e-3 * 2 * 7 * 33 * 65
        assert row["clean_bursts"] <= row["bursts"]


def test_peaks_have_a_clock_operations_and_memory_that_gets_slower():
    figures = document("bench", "--peak", "--threads", "1")["ceilings"]["figures"]
    for figure in figures:
        assert 0 < figure["low"] <= figure["median"] <= figure["high"], figure
        assert figure["clean"] <= figure["tried"]
    clock = [f["median"] for f in figures if f["kind"] == "clock"]
    assert len(clock) == 1 and 1e7 < clock[0] < 2e10
    assert {f["level"] for f in figures if f["kind"] == "read"} >= {"DRAM"}


def test_a_run_on_these_cores_keeps_the_peaks_and_measures_them_once():
    with tempfile.TemporaryDirectory() as base:
        scenario = os.path.join(base, "s.lua")
        with open(scenario, "w", encoding="utf-8") as f:
            f.write('return rg.scenario { name = "p", tier = "quick", cells = rg.matrix { model = "ds-cnn",'
                    ' target = "cpu", pattern = "single_stream" } }')
        found = []
        for out in ("one", "two"):
            call("run", scenario, "--out", os.path.join(base, out), XDG_CACHE_HOME=os.path.join(base, "cache"))
            with open(glob.glob(os.path.join(base, out, "*", "bundle.json"))[0], encoding="utf-8") as f:
                found.append(json.load(f))
        peaks = [find(bundle, "peaks") for bundle in found]
        assert peaks[0] == peaks[1], "measured again within one boot"
        assert {f["kind"] for f in peaks[0]["figures"]} >= {"clock", "read", "write"}


def find(value, key):
    """The first member of this name, however deep."""
    if isinstance(value, dict):
        if key in value:
            return value[key]
        return next((hit for hit in (find(v, key) for v in value.values()) if hit is not None), None)
    return None


def test_lists_name_the_level_and_the_reason_of_the_choice():
    kernels = {row["name"]: row for row in document("list", "kernels")}
    cases = document("list", "cases")
    assert len({row["name"] for row in cases}) == len(cases) > 100
    for row in cases:
        assert row["kind"] == "reference" or kernels[row["kind"]]["op"] == row["op"], row
        assert row["summary"], row


sys.exit(tap.run(globals()))
