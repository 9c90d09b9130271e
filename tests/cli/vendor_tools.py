"""Targets that are a vendor's own tool (trtexec, hailortcli, llama-bench), on doubles of the tools: what
they tell becomes samples and figures, and each way to fail its status. TAP on stdout.

    vendor_tools.py RAILGAUGE SOURCE_ROOT
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import tap

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
DOUBLE = os.path.join(SOURCE, "tests", "doubles", "vendor_tools.py")
WORK = tempfile.mkdtemp(prefix="railgauge-tools-")
TOOLS = ("trtexec", "hailortcli", "llama-bench")
TIER = {"rounds": 1, "samples": 80, "min_time": "10ms", "cap": "3s"}

for tool in TOOLS:
    os.symlink(DOUBLE, os.path.join(WORK, tool))
for model in ("m.onnx", "m.hef", "m.gguf", "m.engine"):
    with open(os.path.join(WORK, model), "w", encoding="utf-8") as out:
        out.write("the double does not read it")


def environment(here=True, **more):
    values = dict(os.environ, XDG_CACHE_HOME=os.path.join(WORK, "cache"))
    for key in ("RAILGAUGE_TRTEXEC", "RAILGAUGE_HAILORTCLI", "RAILGAUGE_LLAMA_BENCH", "DOUBLE"):
        values.pop(key, None)
    values["PATH"] = os.path.dirname(sys.executable) + ":" + values["PATH"]
    values["PATH"] = WORK + ":" + values["PATH"] if here else values["PATH"]
    values.update(more)
    return values


def call(*words, **more):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, env=environment(**more))


def cell(tool, **keys):
    endings = {"trtexec": "onnx", "hailortcli": "hef", "llama-bench": "gguf"}
    return dict({"file": "empty:1", "workload": "net", "target": tool,
                 "artefact": os.path.join(WORK, "m." + endings[tool])}, **keys)


def run(cells, **more):
    """Exit code, records in the order of the cells, facts of the rounds."""
    measure = {"measure": {"power": True}} if more.pop("power", False) else {}
    before, words = ("--root", more.pop("root")) if "root" in more else (), more.pop("words", ())
    folder = tempfile.mkdtemp(dir=WORK)
    path = os.path.join(folder, "request.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(dict({"name": "t", "seed": 1, "tier": TIER, "cells": cells}, **measure), file)
    done = call(*before, "run", path, "--out", os.path.join(folder, "runs"), "--json", *words, **more)
    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    facts = []
    for name in sorted(glob.glob(os.path.join(document["bundle"], "rounds", "*", "record.json"))):
        with open(name, encoding="utf-8") as file:
            facts.append(json.load(file))
    return done.returncode, document["records"], facts


def value(record, key):
    return record["figures"][key].get("value")


def na(record, key):
    return record["figures"][key].get("na")


def effective(fact):
    return fact["settings"]["effective"]


def test_each_is_absent_here_with_its_remedy():
    rows = {row["target"]: row for row in json.loads(call("list", "devices", "--json", here=False).stdout)}
    for tool in TOOLS:
        if rows[tool]["kind"] == "present":
            raise tap.Skip("%s is here" % tool)
        assert rows[tool]["kind"] == "absent" and rows[tool]["try"], rows[tool]
    code, records, _ = run([cell("trtexec")], here=False)
    assert code == 5 and records[0]["status"] == "absent" and "JetPack" in records[0]["advice"], records


def test_trtexec_requests_are_samples_and_its_modes_are_on_record():
    code, (record,), (fact,) = run([cell("trtexec")])
    assert code == 0 and record["status"] == "ok" and record["samples"] == 80, record
    assert record["provenance"] == "simulated", "a double's figures are no measurement"
    assert abs(value(record, "latency_p50_ns") - 909500) < 1000, record["figures"]["latency_p50_ns"]
    assert value(record, "latency_p95_ns") and value(record, "device_mean_ns") > 0
    settings = effective(fact)
    assert settings["data_transfers"] == "Enabled" and settings["cuda_graph"] == "Disabled", settings
    assert settings["version"] == "10.3.0" and "--exportTimes=" in settings["command"], settings
    assert "--iterations=80" in settings["command"] and "--onnx=" in settings["command"], settings
    assert fact["window"]["inferences"] == 80 and fact["truth"]["compared"] is False
    assert na(record, "rss_peak_bytes") == "not-available" and na(record, "load_cold_ns"), record["figures"]


def test_dla_engines_are_devices_with_their_fallback_share():
    rows = [row for row in json.loads(call("list", "devices", "--json").stdout) if row["target"] == "trtexec"]
    assert [row["name"] for row in rows] == ["gpu:0", "dla:0", "dla:1"], rows
    assert [row["kind"] for row in rows] == ["present", "absent", "absent"], rows
    root = tempfile.mkdtemp(dir=WORK)
    os.makedirs(os.path.join(root, "dev"))
    for name in ("dev/nvhost-nvdla0", "dev/nvhost-ctrl-nvdla1"):
        with open(os.path.join(root, name), "w", encoding="utf-8"):
            pass
    rows = [row for row in json.loads(call("--root", root, "list", "devices", "--json").stdout)
            if row["target"] == "trtexec"]
    assert [row["kind"] for row in rows] == ["present"] * 3, rows
    code, (record,), _ = run([cell("trtexec", device="dla:0")])
    assert record["status"] == "absent" and "no DLA engine 0" in record["what"], record


def test_hailortcli_tells_means_and_the_rest_is_not_told():
    code, (one, many), facts = run([cell("hailortcli"), cell("hailortcli", pattern={"kind": "in_flight", "n": 4})])
    assert code == 0, (one, many)
    assert value(one, "latency_mean_ns") == 3.21e6 and value(one, "device_mean_ns") == 2.94e6, one["figures"]
    assert na(one, "latency_p95_ns") == "not-told" and one["samples"] == 0, one["figures"]["latency_p95_ns"]
    assert abs(value(one, "throughput_per_s") / 307.46 - 1) < 0.01, one["figures"]["throughput_per_s"]
    commands = sorted(effective(fact)["command"] for fact in facts)
    assert "full_async" in commands[0] and "full_sync" in commands[1], commands
    assert effective(facts[0])["version"] == "4.23.0"


def test_what_a_tool_is_not_told_is_not_in_a_record():
    asked = [cell("trtexec", batch=8), cell("trtexec", threads=4), cell("llama-bench", batch=2),
             cell("llama-bench", variant="x"), cell("hailortcli", variant="x")]
    code, records, _ = run(asked)
    assert [r["status"] for r in records] == ["unsupported"] * 5 and code != 0, records
    assert all("is not told of" in r["what"] for r in records), [r["what"] for r in records]
    code, (one, word), _ = run([cell("hailortcli", batch=8), cell("trtexec", variant="plugins=/tmp/x.so")])
    # whole requests of eight frames are counted: some tens of them in a short run
    assert abs(value(one, "throughput_per_s") / 307.46 - 1) < 0.1, "run2 counts frames, not batches"
    assert word["status"] == "unsupported" and "--allow-programs" in word["advice"], word


def test_llama_bench_repetitions_are_samples():
    code, (record,), (fact,) = run([cell("llama-bench", threads=2, options={"prompt": 64, "generate": 16})])
    assert code == 0 and record["samples"] == 80 and value(record, "tokens_per_s") > 0, record
    assert "-pg 64,16" in effective(fact)["command"] and "-t 2" in effective(fact)["command"], fact
    assert effective(fact)["tool_version"] == "5163 (8cf427ff)", effective(fact)
    code, (record,), _ = run([cell("llama-bench", options={"prompt": 0})])
    assert record["status"] == "unsupported" and "neither a prompt" in record["what"], record


def test_layers_that_fall_back_to_the_gpu_are_counted():
    root = tempfile.mkdtemp(dir=WORK)
    os.makedirs(os.path.join(root, "dev"))
    with open(os.path.join(root, "dev", "nvhost-nvdla1"), "w", encoding="utf-8"):
        pass
    whole = cell("trtexec", device="dla:1", workload="whole", require_full_offload=True)
    _, (mixed, refused), facts = run([cell("trtexec", device="dla:1"), whole], root=root)
    engines = {e["name"]: e["nodes"] for e in mixed["context"]["placement"]["engines"]}
    assert mixed["status"] == "ok" and engines == {"DLA": 2, "GPU": 1}, mixed
    command = effective(facts[0])["command"]
    assert "--useDLACore=1" in command and "--allowGPUFallback" in command and "--fp16" in command, command
    assert refused["status"] == "unsupported" and "1 of 3 operators stay on the host" in refused["what"], refused


def test_power_is_taken_around_the_tool():
    meter = "%s %s --sees %s" % (sys.executable, os.path.join(SOURCE, "tests", "doubles", "power_meter.py"), DOUBLE)
    _, (record,), (fact,) = run([cell("trtexec", tier=dict(TIER, samples=800))], power=True, words=("--power-pipe", meter))
    assert record["status"] == "ok" and record["energy"]["scope"] == "board-in", record["energy"]
    mean_mw = record["energy"]["rounds"][0]["mean_mw"]
    assert abs(mean_mw / 9000 - 1) < 0.05, "nine watts while it ran, refused or not: %r" % record["energy"]
    if value(record, "energy_total_uj"):
        span = (fact["window"]["end_ns"] - fact["window"]["start_ns"]) / 800
        assert abs(value(record, "energy_total_uj") / (9e-3 * span) - 1) < 0.05, record["figures"]
    assert fact["idle_before"]["end_ns"] <= fact["window"]["start_ns"], fact
    assert fact["window"]["end_ns"] <= fact["idle_after"]["start_ns"], fact


def test_a_tool_that_tells_more_than_it_can_have_done_is_not_believed():
    _, (record,), _ = run([cell("trtexec", tier=dict(TIER, samples=3000))], DOUBLE="lies")
    assert record["status"] == "failed" and "s of requests after running for" in record["what"], record


def test_what_a_tool_does_wrong_ends_in_its_status():
    expected = {"fails": "ended with code 1: [E] the engine cannot be built", "killed": "crashed: Killed",
                "hangs": "did not end in time", "changed": "", "silent": ""}
    for mode, what in expected.items():
        tools = {"hangs": TOOLS[1:2], "killed": TOOLS[:1], "silent": TOOLS[2:]}.get(mode, TOOLS)
        code, records, _ = run([cell(tool) for tool in tools], DOUBLE=mode)
        for tool, record in zip(tools, records):
            wanted = what if tool != "llama-bench" or "code 1" not in what else "ended with code 1"
            assert record["status"] == "failed" and wanted in record["what"], (mode, tool, record["status"], record["what"])
            assert record["advice"] and record["what"], (mode, tool)
    _, records, _ = run([cell("llama-bench"), cell("hailortcli")], DOUBLE="two")
    assert all(r["status"] == "failed" and "2 results" in r["what"] for r in records), records


def test_what_a_tool_cannot_do_is_refused_before_it_runs():
    cells = [cell("trtexec", pattern={"kind": "paced", "hz": 10000}), cell("trtexec", cores="0"),
             cell("llama-bench", pattern={"kind": "in_flight", "n": 2}), cell("hailortcli", threads=4),
             cell("hailortcli", artefact=""), cell("llama-bench", artefact=""),
             cell("trtexec", options={"flags": [1]})]
    code, records, _ = run(cells, words=("--allow-programs",))
    assert [r["status"] for r in records] == ["unsupported"] * len(cells), [(r["status"], r["what"]) for r in records]
    assert "no other pattern" in records[0]["what"] and "hef" in records[4]["what"], records[4]


def test_words_of_a_scenario_need_leave():
    cells = [cell("trtexec", options={"flags": ["--saveEngine=" + os.path.join(WORK, "stolen")]})]
    code, (record,), _ = run(cells)
    assert code == 5 and record["status"] == "denied" and "--allow-programs" in record["advice"], record
    code, (record,), (fact,) = run(cells, words=("--allow-programs",))
    assert code == 0 and "--saveEngine=" in effective(fact)["command"], record


def test_a_named_program_is_never_replaced_by_another():
    _, (record,), _ = run([cell("trtexec")], RAILGAUGE_TRTEXEC="/nowhere/trtexec")
    assert record["status"] == "absent" and "/nowhere/trtexec" in record["what"], record


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
