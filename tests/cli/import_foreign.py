"""`railgauge import` of other tools' results: real outputs (tests/foreign), and what is made of damaged
ones. TAP on stdout.

    import_foreign.py RAILGAUGE SOURCE_ROOT
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import tap

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
FOREIGN = os.path.join(SOURCE, "tests", "foreign")
WORK = tempfile.mkdtemp(prefix="railgauge-foreign-")


def call(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60)


def text_of(name):
    with open(os.path.join(FOREIGN, name), encoding="utf-8") as file:
        return file.read()


def write(text):
    handle, path = tempfile.mkstemp(dir=WORK)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def imported(tool, *names, **keys):
    """The document, and the records in the bundle."""
    paths = [name if os.path.isabs(name) else os.path.join(FOREIGN, name) for name in names]
    done = call("import", tool, *paths, "--out", tempfile.mkdtemp(dir=WORK), "--json", *keys.get("words", ()))
    assert done.returncode == keys.get("code", 0), (done.returncode, done.stderr)
    document = json.loads(done.stdout)
    with open(os.path.join(document["bundle"], "records.jsonl"), encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    for record in records:
        assert record["provenance"] == "imported" and record["target"] == tool, record
    return document, records


def value(record, key):
    return record["figures"][key].get("value")


def na(record, key):
    return record["figures"][key].get("na")


def near(a, b):
    assert a is not None and abs(a / b - 1) < 1e-6, (a, b)


def test_trtexec_times_are_samples():
    document, (record,) = imported("trtexec", "trtexec-times.json", words=("--model", "m"))
    queries = json.loads(text_of("trtexec-times.json"))
    latencies = sorted(round(q["latencyMs"] * 1e6) for q in queries)
    assert record["samples"] == 100 and record["name"] == "m/trtexec", record["name"]
    assert value(record, "latency_min_ns") == latencies[0] and value(record, "latency_max_ns") == latencies[-1]
    near(value(record, "latency_p50_ns"), (latencies[49] + latencies[50]) / 2)
    near(value(record, "latency_mean_ns"), sum(latencies) / 100)
    near(value(record, "device_mean_ns"), sum(q["computeMs"] for q in queries) * 1e4)
    assert na(record, "latency_p99_ns") == "n<368" and na(record, "energy_total_uj") == "not-told", record["figures"]
    with open(os.path.join(document["bundle"], "bundle.json"), encoding="utf-8") as file:
        source = json.load(file)["imported"]
    assert source["format"] == "trtexec" and len(source["files"][0]["sha256"]) == 64, source


def test_trtexec_log_gives_its_figures_version_and_modes():
    document, (record,) = imported("trtexec", "trtexec.log")
    result = document["results"][0]
    assert (result["version"], result["device"]) == ("8.0.1", "NVIDIA Tegra X1"), result
    settings = result["settings"]
    assert settings["data_transfers"] == "Enabled" and settings["cuda_graph"] == "Disabled", settings
    assert settings["spin_wait"] == "Disabled" and settings["separate_profiling"] == "Disabled", settings
    assert record["workload"] == "best_deepstream.onnx_b1_gpu0_fp16", record["workload"]
    near(value(record, "latency_p50_ns"), 40.6337e6)
    near(value(record, "device_mean_ns"), 40.0027e6)
    near(value(record, "throughput_per_s"), 24.5583)
    near(value(record, "load_cold_ns"), 3.86437e9)
    assert record["figures"]["latency_p99_ns"]["n"] == 100, record["figures"]["latency_p99_ns"]
    assert na(record, "latency_p95_ns") == "not-told" and record["samples"] == 0


def test_a_log_and_the_times_of_another_run_are_not_joined():
    done = call("import", "trtexec", *(os.path.join(FOREIGN, n) for n in ("trtexec.log", "trtexec-times.json")),
                "--out", WORK)
    assert done.returncode == 65 and "two different runs" in done.stderr and "try:" in done.stderr, done.stderr


def test_a_log_and_its_times_are_one_result():
    queries = json.loads(text_of("trtexec-times.json"))
    mean = sum(q["latencyMs"] for q in queries) / len(queries)
    log = write(text_of("trtexec.log").replace("mean = 40.6326 ms, median = 40.6337", "mean = %.5f ms, median = 3" % mean))
    for names in ((log, "trtexec-times.json"), ("trtexec-times.json", log)):
        document, (record,) = imported("trtexec", *names)
        assert record["samples"] == 100 and document["results"][0]["version"] == "8.0.1", document
        assert value(record, "latency_max_ns") < 4e6, "of the samples, not of the log"


def test_llama_bench_repetitions_are_samples():
    for name, count in (("llama-bench.json", 2), ("llama-bench.jsonl", 1)):
        document, records = imported("llama-bench", name)
        assert len(records) == count and records[0]["workload"] == "Qwen2.5-7B-Instruct-Q4_K_M-pp512", records
        assert records[0]["samples"] == 5 and na(records[0], "latency_p50_ns") == "n<6", records[0]
        assert document["results"][0]["settings"]["n_gpu_layers"] == "99"
    _, (first, second) = imported("llama-bench", "llama-bench.json")
    near(value(first, "latency_mean_ns"), 72135640)
    near(value(first, "tokens_per_s"), 7100.002165)
    near(value(second, "tokens_per_s"), 118.881588)
    assert second["workload"].endswith("-tg128")


def test_loadgen_summaries():
    document, (record,) = imported("mlperf", "mlperf_log_summary.txt", words=("--model", "gptj-99"))
    near(value(record, "latency_p95_ns"), 5307244203)
    near(value(record, "throughput_per_s"), 0.33)
    assert record["name"] == "gptj-99/mlperf" and record["figures"]["latency_p95_ns"]["n"] == 201, record["figures"]
    assert document["results"][0]["settings"]["scenario"] == "SingleStream"
    _, (record,) = imported("mlperf", "mlperf_log_summary-offline.txt")
    near(value(record, "throughput_per_s"), 1434.8)
    assert na(record, "latency_p95_ns") == "not-told", "a place in the queue is no latency"


def test_a_run_that_loadgen_calls_invalid_is_no_result():
    path = write(text_of("mlperf_log_summary.txt").replace("Result is : VALID", "Result is : INVALID"))
    _, (record,) = imported("mlperf", path, code=4)
    assert record["status"] == "failed" and "invalid" in record["what"], record
    assert na(record, "latency_p95_ns") == "not-run"


def test_benchmark_model_with_and_without_percentiles():
    _, (new, old) = imported("benchmark_model", "benchmark_model.txt", "benchmark_model-old.txt")
    near(value(new, "latency_p95_ns"), 904305e3)
    near(value(new, "load_cold_ns"), 614333e3)
    near(value(new, "first_ns"), 905463e3)
    assert new["workload"] == "ssd_mobilenet_v2_coco" and new["figures"]["latency_mean_ns"]["n"] == 50
    near(value(old, "latency_mean_ns"), 2.95034e9)
    assert na(old, "latency_p95_ns") == "not-told" and na(old, "throughput_per_s") == "not-told"


def test_ort_perf_test():
    _, (record,) = imported("ort_perf", "ort_perf.txt")
    near(value(record, "latency_mean_ns"), 98.961997e6)
    near(value(record, "latency_p95_ns"), 0.101519e9)
    near(value(record, "rss_peak_bytes"), 271122432)
    assert record["context"]["settings"]["effective"]["spinning"] == "false", record["context"]


def test_hailortcli_tells_means_only():
    names = ("hailortcli-benchmark.txt", "hailortcli-benchmark-power.txt", "hailortcli-benchmark-5.txt",
             "hailortcli-run2.txt")
    _, records = imported("hailortcli", *names)
    assert [r["workload"] for r in records] == ["yolov8s", "yolov5s_personface", "resnet_v1_50", "resnet_v1_50"]
    assert [value(r, "throughput_per_s") for r in records] == [309.441, 324.718, 307.48, 307.46]
    near(value(records[0], "device_mean_ns"), 6.66137e6)
    near(value(records[1], "power_mean_mw"), 3437.33)
    assert all(na(r, "latency_p95_ns") == "not-told" for r in records)
    assert len({r["cell"] for r in records}) == 4 and len({r["name"] for r in records}) == 4, "cells of their own"


def test_imported_cells_are_shown_and_never_ranked():
    document, _ = imported("ort_perf", "ort_perf.txt", words=("--model", "net"))
    report = json.loads(call("report", document["bundle"], "--format", "json").stdout)
    assert "\"ranked\": true" not in json.dumps(report), report
    shown = call("report", document["bundle"], "--format", "text").stdout
    assert "Imported figures, not ranked" in shown and "never ranked" in shown, shown


def test_what_is_not_the_tools_is_refused_by_name():
    for tool in ("trtexec", "hailortcli", "benchmark_model", "ort_perf", "llama-bench", "mlperf"):
        for text in ("", "nothing of the kind\n", "[1, 2]", "{}", "[", "[]", "\n\n: fps: \n", "count=\n"):
            path = write(text)
            done = call("import", tool, path, "--out", os.path.join(WORK, "none"))
            assert done.returncode == 65 and path in done.stderr, (tool, text, done.returncode, done.stderr)
        assert call("import", tool).returncode == 64
        assert call("import", tool, os.path.join(WORK, "nowhere")).returncode == 74
    assert not os.path.exists(os.path.join(WORK, "none")), "a bundle only of what was read"


def test_cut_off_outputs_are_refused_or_told_in_part():
    tools = {"trtexec.log": "trtexec", "trtexec-times.json": "trtexec", "llama-bench.json": "llama-bench",
             "mlperf_log_summary.txt": "mlperf", "benchmark_model.txt": "benchmark_model", "ort_perf.txt": "ort_perf",
             "hailortcli-benchmark.txt": "hailortcli"}
    for name, tool in tools.items():
        whole = text_of(name)
        for share in (0.1, 0.4, 0.7, 0.9):
            done = call("import", tool, write(whole[:int(len(whole) * share)]), "--out", os.path.join(WORK, "cut"))
            assert done.returncode in (0, 4, 65), (name, share, done.returncode, done.stderr)


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
