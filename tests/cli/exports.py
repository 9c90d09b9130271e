"""Bundles in the formats of other tools: google-benchmark's JSON, github-action-benchmark's custom
JSON, Bencher's metric format, each read by the rules of the tool. TAP on stdout."""
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile

import bundles
import tap

PROGRAM = os.path.abspath(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()


def report(form, *folders, code=0):
    got = subprocess.run([PROGRAM, "report", *folders, "--format", form], capture_output=True, timeout=60)
    assert got.returncode == code, (got.returncode, got.stderr)
    return json.loads(got.stdout, parse_constant=lambda word: 1 / 0)  # NaN and Infinity are no JSON


def with_rounds(name, cells):
    """A bundle whose records hold the rounds' values too."""
    folder = bundles.make(os.path.join(FOLDER.name, name), cells)
    path = os.path.join(folder, "records.jsonl")
    lines = []
    for place, line in enumerate(open(path)):
        record = json.loads(line)
        n = record["rounds"]
        means = [statistics.mean(bundles.latencies(cells[place]["base_ns"], cells[place]["n"], 1000 * place + r))
                 for r in range(n)]
        record["per_round"] = {"round": list(range(n)), "latency_mean_ns": means,
                               "throughput_per_s": [1e9 / mean for mean in means]}
        record["threads"], record["samples"] = 2, n * cells[place]["n"]
        lines.append(json.dumps(record) + "\n")
    open(path, "w").writelines(lines)
    return folder


CELLS = [bundles.cell("net/sim", n=140, rounds=4), bundles.cell("one/sim", rounds=1, n=140),
         bundles.cell("gone/sim", status="absent", what="unplugged"),
         bundles.cell("bad/sim", status="wrong", what="17 outputs differ")]


def check_gbench(document):
    context = document["context"]
    for key, kind in (("date", str), ("host_name", str), ("executable", str), ("num_cpus", int),
                      ("mhz_per_cpu", int), ("cpu_scaling_enabled", bool), ("caches", list),
                      ("load_avg", list), ("library_build_type", str)):
        assert isinstance(context[key], kind), (key, context[key])
    for row in document["benchmarks"]:
        assert row["run_type"] in ("iteration", "aggregate") and row["time_unit"] in ("ns", "us", "ms", "s")
        for key in ("name", "run_name"):
            assert isinstance(row[key], str) and row[key]
        for key in ("family_index", "per_family_instance_index", "repetitions", "threads", "iterations"):
            assert isinstance(row[key], int) and row[key] >= 0, (key, row)
        assert all(isinstance(row[key], (int, float)) for key in ("real_time", "cpu_time")), row
        if row["run_type"] == "aggregate":
            assert row["name"] == row["run_name"] + "_" + row["aggregate_name"], row
            assert row["aggregate_unit"] in ("time", "percentage"), row
        else:
            assert 0 <= row["repetition_index"] < row["repetitions"], row
        if row.get("error_occurred"):
            assert row["error_message"], row
    return document["benchmarks"]


def test_gbench_has_a_repetition_a_round_and_their_aggregates():
    rows = check_gbench(report("gbench", with_rounds("gbench", CELLS)))
    net = [row for row in rows if row["run_name"] == "net/sim"]
    times = [row["real_time"] for row in net if row["run_type"] == "iteration"]
    assert len(times) == 4 and [row["iterations"] for row in net[:4]] == [140] * 4
    seen = {row["aggregate_name"]: row["real_time"] for row in net if row["run_type"] == "aggregate"}
    want = {"mean": statistics.mean(times), "median": statistics.median(times),
            "stddev": statistics.stdev(times), "cv": statistics.stdev(times) / statistics.mean(times)}
    assert set(seen) == set(want) and all(math.isclose(seen[k], want[k], rel_tol=1e-9) for k in want), seen
    assert len([row for row in rows if row["run_name"] == "one/sim"]) == 1
    assert all("not known" in row["label"] for row in net), "CPU time that nobody measured is said to be so"


def test_gbench_tells_cells_that_failed_as_errors():
    rows = check_gbench(report("gbench", with_rounds("errors", CELLS)))
    failed = {row["name"]: row["error_message"] for row in rows if row.get("error_occurred")}
    assert failed == {"gone/sim": "absent: unplugged", "bad/sim": "wrong: 17 outputs differ"}, failed


def test_custom_json_is_split_by_direction_and_leaves_failed_cells_out():
    folder = with_rounds("custom", CELLS)
    smaller, bigger = report("github-action-smaller", folder), report("github-action-bigger", folder)
    for entries in (smaller, bigger):
        assert entries and len({entry["name"] for entry in entries}) == len(entries)
        for entry in entries:
            assert set(entry) <= {"name", "unit", "value", "range", "extra"}, entry
            assert isinstance(entry["value"], (int, float)) and entry["unit"] and entry["extra"], entry
            assert isinstance(entry.get("range", ""), str)
            assert entry["name"].startswith(("net/sim ", "one/sim ")), entry
    assert {entry["name"].split(" ")[1] for entry in bigger} == {"throughput_per_s", "achieved_tops"}
    assert "latency_p95_ns" in {entry["name"].split(" ")[1] for entry in smaller}


def test_bencher_metrics_lie_within_their_bounds():
    folder = with_rounds("bencher", CELLS)
    document = report("bencher", folder)
    assert set(document) == {"net/sim", "one/sim"}, document
    for measures in document.values():
        assert "throughput" in measures and "latency-p95-ns" in measures, measures
        for slug, metric in measures.items():
            assert slug == slug.lower() and "_" not in slug, slug
            assert set(metric) <= {"value", "lower_value", "upper_value"}, metric
            low, high = metric.get("lower_value", metric["value"]), metric.get("upper_value", metric["value"])
            assert low <= metric["value"] <= high, (slug, metric)


def test_two_bundles_keep_their_cells_apart_and_none_is_an_empty_list():
    one, two = with_rounds("first", CELLS), with_rounds("second", CELLS)
    names = set(report("bencher", one, two))
    assert names == {"A:net/sim", "A:one/sim", "B:net/sim", "B:one/sim"}, names
    nothing = bundles.make(os.path.join(FOLDER.name, "nothing"), CELLS[2:3])
    assert report("github-action-smaller", nothing) == [] and report("bencher", nothing) == {}
    assert check_gbench(report("gbench", nothing))[0]["error_occurred"]


def test_hostile_names_stay_data():
    folder = with_rounds("hostile", [bundles.cell(name, n=140) for name in bundles.HOSTILE])
    assert set(report("bencher", folder)) == set(bundles.HOSTILE)
    assert {row["run_name"] for row in check_gbench(report("gbench", folder))} == set(bundles.HOSTILE)


code = tap.run(dict(globals()))
FOLDER.cleanup()
sys.exit(code)
