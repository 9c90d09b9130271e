"""The target onnxruntime: against a double of its library in versions and with failures that no real one plays on demand, and
against the real ONNX Runtime where scripts/peers has fetched it ($ORT_LIB goes before it). TAP on stdout.

    onnxruntime.py RAILGAUGE SOURCE_DIR DOUBLE PEERS
"""
import csv
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import onnx_file
import tap

PROGRAM, SOURCE, DOUBLE, PEERS = sys.argv[1:5]
WORK = tempfile.mkdtemp(prefix="onnxruntime-")
REAL = os.environ.get("ORT_LIB") or os.path.join(PEERS, "libonnxruntime.so.1")
TIER = {"rounds": 1, "samples": 20, "min_time": "0s", "cap": "15s"}


def environment(like="", library=None, **more):
    return dict(os.environ, XDG_CACHE_HOME=os.path.join(WORK, "cache"), XDG_STATE_HOME=os.path.join(WORK, "state"),
                ORT_DOUBLE=like, RAILGAUGE_ONNXRUNTIME_LIBRARY=library or DOUBLE, **more)


def call(*words, **how):
    return subprocess.run([PROGRAM] + list(words), capture_output=True, text=True, timeout=120, env=environment(**how))


def real():
    if not os.path.isfile(REAL):
        raise tap.Skip("no ONNX Runtime library: scripts/peers fetches it, or set ORT_LIB")
    return REAL


def shared(name):
    for folder in (os.environ.get("RAILGAUGE_SHARED"), os.path.join(SOURCE, "..", "shared"), os.path.join(SOURCE, "..", "..", "shared")):
        path = os.path.join(folder or "/nowhere", "models", name)
        if os.path.exists(path):
            return path
    raise tap.Skip("no shared models: set RAILGAUGE_SHARED to the folder that holds models/")


def model():
    path = os.path.join(WORK, "models", "ds-cnn-int8.tflite")
    if not os.path.exists(path):
        done = call("export", "ds-cnn", "--precision", "int8", "--input-set", "0", "--output", os.path.dirname(path))
        assert done.returncode == 0, done.stderr
    return path


def written(name, data):
    path = os.path.join(WORK, name + ".onnx")
    with open(path, "wb") as file:
        file.write(data)
    return path


def infer(*words, file=None, **how):
    options = [piece for word in words if "=" in word for piece in ("--option", word)]
    return call("infer", file or model(), "--target", "onnxruntime", "--fill", "splitmix64", *options,
                *(word for word in words if "=" not in word), **how)


def told(*words, **how):
    done = infer("--json", *words, **how)
    assert done.returncode == 0, (words, how, done.stderr)
    return json.loads(done.stdout)


def reference(file=None):
    return json.loads(call("infer", file or model(), "--fill", "splitmix64", "--variant", "reference", "--json").stdout)["outputs"]


def refused(code, words, advice, *options, **how):
    done = infer(*options, **how)
    assert done.returncode == code and words in done.stderr and "  try: " in done.stderr and advice in done.stderr, \
        (options, how, done.returncode, done.stderr)


def run(cells, *words, measure=None, **how):
    """Runs cells for one round each: exit code, records of rounds, admissions by cell."""
    folder = tempfile.mkdtemp(dir=WORK)
    path, out = os.path.join(folder, "request.json"), os.path.join(folder, "runs")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"name": "ort", "summary": "a test", "seed": 1, "tier": TIER, "measure": measure or {},
                   "cells": [dict({"file": model(), "target": "onnxruntime", "threads": 1}, **cell) for cell in cells]}, file)
    done = call("run", path, "--out", out, "--quiet", *words, **how)
    bundle = os.path.join(out, os.listdir(out)[0])
    records = []
    for number in sorted(os.listdir(os.path.join(bundle, "rounds"))):
        with open(os.path.join(bundle, "rounds", number, "record.json"), encoding="utf-8") as file:
            records.append(json.load(file))
    with open(os.path.join(bundle, "cells.jsonl"), encoding="utf-8") as file:
        admissions = [json.loads(line)["admission"] for line in file]
    return done.returncode, records, admissions


# --- the double -------------------------------------------------------------------------------------------------------

def test_every_version_computes_the_same_and_nothing_behind_its_table_is_touched():
    wanted = reference()
    for minor in (14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 28, 30): # the table grew with each
        answer = told("provider=" + ("xnnpack", "cuda", "qnn")[minor % 3], like="version=1.%d.0" % minor)
        assert answer["outputs"] == wanted, minor
        effective = answer["effective"]
        assert effective["api"] == str(minor) and effective["double"] == "ort_library", effective
        assert ("build" in effective) == (minor >= 15), effective


def test_a_library_that_is_missing_or_too_old_is_told_with_the_remedy():
    refused(5, "is not here", "RAILGAUGE_ONNXRUNTIME_LIBRARY", library="/nowhere/libonnxruntime.so.1")
    for like, words, advice in (("version=1.13.1", "its functions are known from 1.14 on", "1.14 or newer"),
                                ("version=2.0.0", "is version 2.0.0", "install ONNX Runtime"),
                                ("no-table", "gives no functions of version 29", "release build")):
        done = infer(like=like)
        assert done.returncode == 5 and words in done.stderr and advice in done.stderr, (like, done.returncode, done.stderr)


def test_a_refusal_of_the_runtime_becomes_a_status_with_advice():
    for code, exit_code, advice in ((7, 65, "fetch or export it again"), (9, 3, "another provider"), (14, 5, "install what the message names")):
        done = infer(like="load=%d" % code)
        assert done.returncode == exit_code and "(code %d, " % code in done.stderr and advice in done.stderr, (code, done.returncode, done.stderr)
    refused(3, "binding an input: the double binds nothing", "options of the cell", like="bind=2")
    refused(3, "starting: the double starts nothing", "own words", like="env=1")


def test_a_provider_that_cannot_be_had_is_absent_with_what_to_install():
    refused(5, "provider openvino is not part of this build", "OpenVINO", "provider=openvino")
    refused(5, "provider migraphx is not part of this build", "MIGraphX", "provider=migraphx")
    refused(5, "its library libonnxruntime_providers_cuda.so is not in", "GPU build", "provider=cuda", like="lacks")
    refused(3, "Unknown provider option", "options of the cell", "provider=cuda", "provider_options=cuda.no_such_option=1")
    refused(64, "no execution provider 'cudda'", "did you mean 'cuda'", "provider=cudda")
    refused(3, "needs ONNX Runtime 1.17", "1.17 or newer", "deterministic=true", like="version=1.16.3")
    rows = [row for row in json.loads(call("list", "devices", "--json", like="lacks").stdout) if row["name"].startswith("onnxruntime:")]
    assert [(row["name"], row["kind"]) for row in rows] == \
        [("onnxruntime:cpu", "present"), ("onnxruntime:xnnpack", "present"), ("onnxruntime:cuda", "absent")], rows


def test_plug_in_providers_come_by_their_library_and_its_devices():
    library = written("plugin", b"any file")
    answer = told("plugins=npu=" + library, "provider=npu")
    assert answer["outputs"] == reference() and answer["effective"]["provider"] == "npu,cpu", answer["effective"]
    refused(3, "plug-in providers need ONNX Runtime 1.22", "1.22 or newer", "plugins=npu=" + library, "provider=npu", like="version=1.21.0")
    refused(3, "npu of /nowhere", "own words", "plugins=npu=/nowhere", "provider=npu")
    refused(5, "plug-in provider empty has no device here", "finds its device", "plugins=empty=" + library, "provider=empty")


def test_placement_comes_from_the_session_or_from_a_profile_and_both_say_the_same():
    cells = [{"options": {"provider": "xnnpack"}}, {}]
    found = []
    for version, how in (("1.29.0", "session"), ("1.20.0", "profile")):
        code, records, _ = run(cells, like="takes=9,version=" + version)
        assert code == 0 and [record["status"] for record in records] == ["ok", "ok"], records
        placement = records[0]["placement"]
        assert placement["known"] and placement["how"] == how and records[1]["placement"]["how"] == "only-provider", records
        engines = {engine["name"]: engine for engine in placement["engines"]}
        assert engines["CPUExecutionProvider"]["host"] and not engines["XnnpackExecutionProvider"]["host"], engines
        assert 0 < placement["nodes_on_target"] < placement["nodes"] and placement["crossings"] == 1 and placement["stays"], placement
        found.append([(name, engine["nodes"], engine["macs"]) for name, engine in sorted(engines.items())])
    assert found[0] == found[1], found
    _, records, _ = run(cells[:1], like="takes=9,version=1.20.0,no-times")
    assert records[0]["placement"] == {"known": False}, records[0]["placement"]


def test_a_cell_that_may_not_fall_back_is_unsupported_where_the_cpu_would_have_nodes():
    for cell in ({"options": {"provider": "xnnpack", "cpu_fallback": False}},
                 {"options": {"provider": "xnnpack"}, "require_full_offload": True}):
        code, records, _ = run([cell], like="takes=9")
        assert code == 3 and records[0]["status"] == "unsupported", records
        assert "fallback to CPU EP" in records[0]["what"] and "cpu_fallback" in records[0]["advice"], records[0]
        code, records, _ = run([cell])
        assert code == 0 and records[0]["status"] == "ok", records
        assert records[0]["settings"]["effective"]["cpu_fallback"] == "false", records[0]["settings"]


def test_times_of_nodes_are_the_runtimes_own_and_none_is_lost():
    answer = told("--profile")["profile"]
    nodes = answer["nodes"]
    total = sum(node["median_ns"] for node in nodes)
    with_time = [node for node in nodes if node["median_ns"]]
    pieces = total // 1000 # node i of the file takes i + 1 us in the double
    file_nodes = next(n for n in range(1, 2000) if n * (n + 1) // 2 >= pieces)
    assert file_nodes * (file_nodes + 1) // 2 == pieces, pieces
    assert all(node["kernel"].startswith("CPUExecutionProvider:") for node in with_time), with_time
    convolutions = [node for node in nodes if "conv" in node["operator"]]
    assert convolutions and all(node["kernel"].endswith("Conv") for node in convolutions), convolutions


def test_a_run_that_fails_crashes_or_gives_nonsense_costs_its_round_and_says_why():
    for like, status, words in (("run=11", "failed", "returned while running Conv node. (code 11, ep-fail)"), ("crash", "failed", "crashed"),
                                ("wrong", "wrong", "differs from the reference")):
        code, records, _ = run([{}, {"target": "cpu"}], like=like)
        assert code in (1, 3) and [record["status"] for record in records] == [status, "ok"], (like, records)
        assert words in records[0]["what"] and records[0]["advice"], (like, records[0])
    _, records, admissions = run([{"options": {"provider": "qnn"}}, {"options": {"provider": "openvino"}}], like="slow")
    assert [admission["status"] for admission in admissions] == ["ok", "absent"], admissions
    assert records[0]["provenance"] == "simulated" and records[0]["device_facts"]["double"] == "ort_library", records[0]


def test_requests_in_flight_have_memory_of_their_own_and_devices_get_each_input():
    for provider in ("cpu", "cuda"):
        code, records, _ = run([{"pattern": {"kind": "in_flight", "n": 2}, "options": {"provider": provider}}])
        assert code == 0 and records[0]["status"] == "ok", records
    assert told("provider=cuda", "--runs", "3")["outputs"] == reference()


def test_waiting_threads_let_go_of_their_cores_while_power_is_measured():
    _, records, _ = run([{}, {"options": {"spinning": "on"}}], measure={"power": True})
    assert [record["settings"]["effective"]["spinning"] for record in records] == ["off", "on"], records
    _, records, _ = run([{}])
    assert records[0]["settings"]["effective"]["spinning"] == "on", records


def test_an_open_first_dimension_is_the_batch():
    path = written("open", onnx_file.one("Relu", ["n", 4]))
    code, records, _ = run([{"file": path, "batch": 3}, {"file": path}])
    assert code == 0 and [record["status"] for record in records] == ["ok", "ok"], records
    _, records, _ = run([{"file": written("closed", onnx_file.one("Relu", [1, 4])), "batch": 3}])
    assert records[0]["status"] == "unsupported" and "leaves its first dimension open" in records[0]["advice"], records


def test_quantized_models_are_written_in_the_form_that_the_cell_asks_for():
    _, records, _ = run([{}, {"options": {"form": "onnx_qoperator"}}])
    assert [record["artefact"]["form"] for record in records] == ["onnx", "onnx_qoperator"], records
    assert records[0]["artefact"]["sha256"] != records[1]["artefact"]["sha256"]
    kinds = {node["kernel"] for node in told("--profile", "form=onnx_qoperator")["profile"]["nodes"]}
    assert "CPUExecutionProvider:QLinearConv" in kinds, kinds


def test_memory_of_the_arena_is_on_record_where_the_runtime_tells_it():
    for version, arena in (("1.23.0", 65536), ("1.22.0", None)):
        _, records, _ = run([{}], like="version=" + version)
        assert records[0]["memory"].get("arena_bytes") == arena, records[0]["memory"]
        state = records[0]["device_state"]["after"] if "device_state" in records[0] else {}
        assert state.get("arena_MaxInUse") == (arena and "4000"), records[0].get("device_state")


# --- the real one -----------------------------------------------------------------------------------------------------

def goldens(name):
    """Outputs that ONNX Runtime 1.30 gave: bytes by index, with all optimizations where those differ."""
    with open(shared("GOLDENS.tsv"), newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["model"] == name and row["direction"] == "out"]
    found = {}
    for run_name in ("opt0", "optall"):
        for row in rows:
            if row["run"] == run_name:
                found[row["index"]] = bytes.fromhex(row["head_hex"]) if not row["file"] else open(shared(row["file"]), "rb").read()
    return found


def test_the_real_runtime_gives_the_goldens_of_mlperf_tiny():
    for name in ("ic_resnet_qdq", "kws_ref_model_qdq", "ad_deep_autoencoder_qdq", "vww_96_float"):
        folder = os.path.join(WORK, name)
        done = infer("--output-dir", folder, file=shared("onnx/mlperf-tiny/%s.onnx" % name), library=real())
        assert done.returncode == 0, done.stderr
        for index, wanted in goldens("onnx/mlperf-tiny/%s.onnx" % name).items():
            with open(os.path.join(folder, index + ".bin"), "rb") as file:
                got = file.read()
            a, b = (struct.unpack("<%df" % (len(data) // 4), data) for data in (wanted, got[:len(wanted)]))
            off = max(abs(x - y) for x, y in zip(a, b)) / max(abs(x) for x in a)
            assert off <= 2e-2, (name, index, off)


def test_mobilenets_agree_with_the_reference_and_their_placement_and_arena_are_on_record():
    cells = [{"file": shared(path), "target": "onnxruntime", "threads": 1} for path in
             ("tflite/coral/mobilenet_v2_1.0_224_quant.tflite", "onnx/mlperf-tiny/vww_96_float.onnx")]
    code, records, _ = run(cells, library=real())
    assert code == 0 and [record["status"] for record in records] == ["ok", "ok"], [(r["status"], r["what"]) for r in records]
    for record in records:
        engine, = record["placement"]["engines"]
        assert engine["name"] == "CPUExecutionProvider" and record["placement"]["macs_on_target"] == record["work"]["macs"], record["placement"]
        assert record["memory"]["arena_bytes"] > 100000, record["memory"]
        assert record["settings"]["effective"]["library_version"].startswith("1."), record["settings"]
        assert record["provenance"] == "measured" and len(record["settings"]["effective"]["library_sha256"]) == 64, record


def test_the_real_profile_is_mapped_to_every_layer():
    for name in ("onnx/mlperf-tiny/ic_resnet_qdq.onnx", "onnx/models/Ultraface_version-RFB-320.onnx", "tflite/mlperf-tiny/kws_ref_model.tflite"):
        nodes = told("--profile", file=shared(name), library=real())["profile"]["nodes"]
        layers = [node for node in nodes if node["macs"]]
        timed = [node for node in layers if node["median_ns"] and "Conv" in node["kernel"] or "Gemm" in node["kernel"] or "MatMul" in node["kernel"]]
        assert len(timed) >= 0.9 * len(layers) > 0, (name, [(node["name"], node["kernel"], node["median_ns"]) for node in layers])


def test_the_real_runtime_tells_which_of_its_providers_are_missing():
    rows = {row["name"]: row for row in json.loads(call("list", "devices", "--json", library=real()).stdout)}
    assert rows["onnxruntime:cpu"]["kind"] == "present", rows
    refused(5, "provider xnnpack is not part of this build", "--use_xnnpack", "provider=xnnpack", library=real())
    done = infer("provider=cuda", library=real())
    if done.returncode == 0:
        raise tap.Skip("a GPU build with its libraries is here")
    assert done.returncode == 5 and "libonnxruntime_providers_cuda.so" in done.stderr, done.stderr


try:
    sys.exit(tap.run(globals()))
finally:
    shutil.rmtree(WORK, ignore_errors=True)
