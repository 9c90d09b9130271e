#!/usr/bin/env python3
"""`verify`, `bench`, `list kernels` and `list cases` from outside. Prints TAP. Usage: verify.py RAILGAUGE"""
import glob
import json
import os
import platform
import subprocess
import sys
import tempfile

import tap

program = os.path.abspath(sys.argv[1])
foreign = "neon" if platform.machine() == "x86_64" else "avx2"  # a level of the other architecture


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
                            (["bench", "gemm_7x33x6"], "gemm_7x33x65"), (["bench", "nosuchop"], "list ops"),
                            (["bench", "--kernel", "softmax_s8_avx"], "softmax_s8_"), (["bench", "--isa", "vax2"], "avx2"),
                            (["verify", "--isa", "axv2"], "avx2"), (["verify", "--target", "gpu"], "cpu neon")):
        done = call(*arguments)
        assert done.returncode == 64 and near in done.stderr, f"{arguments}: {done.returncode} {done.stderr}"
        assert done.stdout == ""


def test_values_out_of_range_are_usage_errors_and_time_nothing():
    for arguments in (["--threads", "0"], ["--threads", "1,,2"], ["--threads", "two"], ["--threads", "257"],
                      ["--threads", "1,1,1,1,1,1,1,1,1"], ["--seed", "-1"], ["--seed", "x"], ["--rounds", "0"]):
        done = call("bench", "gemm_7x33x65", *arguments)
        assert done.returncode == 64 and "try:" in done.stderr and not done.stdout, f"{arguments}: {done}"
    for arguments in (["--seed", "-2"], ["--cases", "-2"], ["--limit", "soon"]):
        done = call("verify", "relu_s8", *arguments)
        assert done.returncode == 64 and "try:" in done.stderr and not done.stdout, f"{arguments}: {done}"


def test_levels_that_this_cpu_lacks_are_refused_and_not_replaced_by_others():
    for arguments in (["bench", "gemm_7x33x65"], ["verify", "relu_s8"], ["infer", "x.tflite"]):
        done = call(*arguments, "--isa", foreign)
        assert done.returncode == 5 and f"does not have {foreign}" in done.stderr and not done.stdout, f"{arguments}: {done}"
    beside = call("verify", "relu_s8", "--isa", f"scalar,{foreign}", "--cases", "1")
    assert beside.returncode == 0, beside.stderr
    neon = call("verify", "relu_s8", "--target", "neon", "--cases", "1")
    assert neon.returncode == (5 if foreign == "neon" else 0), neon.stderr


def test_a_mask_in_the_environment_that_names_no_level_stops_every_verb():
    for arguments in (["bench", "gemm_7x33x65"], ["verify", "relu_s8"], ["list", "kernels"], ["doctor"]):
        done = call(*arguments, RAILGAUGE_ISA="avx9000,")
        assert done.returncode == 64 and "RAILGAUGE_ISA" in done.stderr and not done.stdout, f"{arguments}: {done}"


def test_levels_that_are_hidden_are_not_called_missing():
    told = call("verify", "relu_s8", "--isa", "scalar", "--cases", "1").stdout
    assert "levels scalar, not asked for: " in told, told
    here = {row["isa"] for row in document("list", "kernels") if row["runs_here"]}
    hidden = [row for row in document("verify", "--isa", "scalar", "--cases", "0")["rows"] if row["isa"] in here]
    assert hidden and all(row["verdict"] == "not asked for" for row in hidden)


def test_no_line_is_broken_by_a_terminal_of_60_80_or_160_columns():
    for columns in (60, 80, 160):
        for arguments in (["verify", "relu", "fully_connected", "--cases", "1"], ["list", "kernels"], ["list", "cases"],
                          ["list", "targets"], ["bench", "gemm_7x33x65", "--rounds", "1", "--min-time", "50us"]):
            done = call(*arguments, COLUMNS=str(columns))
            assert done.returncode == 0, done.stderr
            longest = max(done.stdout.splitlines(), key=len)
            assert len(longest) <= columns, f"{arguments} at {columns}: {longest}"


def test_bench_tells_the_same_rows_whatever_fits():
    words = ["bench", "softmax_1x12", "--rounds", "1", "--min-time", "50us"]
    narrow, whole, wide = (call(*words, *more, COLUMNS=columns).stdout.splitlines()
                           for columns, more in (("60", []), ("400", []), ("60", ["--wide"])))
    assert narrow[0].split() == ["kernel", "thr", "median", "x", "ref", "proof"], narrow[0]
    assert {"case", "kernel", "min", "p95", "peak%", "bound"} <= set(whole[0].split())
    assert set(wide[0].split()) - set(whole[0].split()) == {"pack", "packed", "scratch", "tiles", "bursts"}
    figures = [[line for line in lines if "truth" in line or "exact" in line] for lines in (narrow, whole, wide)]
    assert "softmax_1x12:" in narrow and len({len(rows) for rows in figures}) == 1 and figures[0], figures
    end = whole[0].index("thr") + 3
    assert all(line[:end].split()[-1] == "1" for line in figures[1]), whole


def test_chosen_leaves_the_kernel_that_would_be_used_beside_the_reference():
    kernels = {row["name"]: row for row in document("list", "cases")}
    rows = document("bench", "gemm_7x33x65", "--chosen", "--rounds", "1", "--min-time", "50us")["rows"]
    for op in {row["op"] for row in rows}:
        timed = [row["kernel"] for row in rows if row["op"] == op]
        assert set(timed) == {"reference", kernels[f"{op} gemm_7x33x65"]["kind"]} and len(timed) == len(set(timed)), timed


def test_a_kernel_is_timed_alone_and_one_that_takes_no_case_is_told():
    kernel = next(row["name"] for row in document("list", "kernels") if row["runs_here"] and row["op"] == "softmax_s8")
    rows = document("bench", "softmax_1x12", "--kernel", kernel, "--rounds", "1", "--min-time", "50us")["rows"]
    assert [row["kernel"] for row in rows] == ["reference", kernel], rows
    done = call("bench", "gemm_7x33x65", "--kernel", kernel)
    assert done.returncode == 64 and "takes none" in done.stderr and not done.stdout, done


def test_more_threads_than_cpus_are_left_out_aloud():
    cpus = len(os.sched_getaffinity(0))
    if cpus >= 256:
        raise tap.Skip("this machine has CPUs for every count that can be asked for")
    done = call("bench", "softmax_1x12", "--threads", "1,256", "--rounds", "1", "--min-time", "50us", "--json")
    assert done.returncode == 0 and "256 threads are left out" in done.stderr, done.stderr
    assert {row["threads"] for row in json.loads(done.stdout)["rows"]} == {1}
    assert call("bench", "softmax_1x12", "--threads", "256").returncode == 64


def test_the_seed_of_a_bench_is_on_record_and_changes_inputs_not_truth():
    for seed in (3, 4):
        bench = document("bench", "softmax_1x12", "--seed", str(seed), "--rounds", "1", "--min-time", "50us")
        assert bench["seed"] == seed and all(row["exact"] for row in bench["rows"])


def test_plain_c_has_no_peak_to_be_held_against():
    rows = document("bench", "gemm_7x33x65", "--isa", "scalar", "--rounds", "1", "--min-time", "50us")["rows"]
    assert {row["kernel"] for row in rows} == {"reference"}
    for row in rows:
        assert row["share_of_peak"] is None and row["bound"] == "" and row["bound_ns"] is None, row


def test_large_bench_cases_are_left_to_bench_by_their_operations():
    few, all_of_them = (document("verify", "fully_connected_s8", "--kernel", "reference", "--seed", "1",
                                 "--limit-macs", limit)["rows"][0]["tried"] for limit in ("1", "1000000"))
    assert few == 100 < all_of_them, (few, all_of_them)


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
