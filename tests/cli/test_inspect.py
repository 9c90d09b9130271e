#!/usr/bin/env python3
"""`railgauge inspect` from outside: what it tells of model files, and limits. Prints TAP. Usage: test_inspect.py RAILGAUGE SOURCE_DIR

What needs real models is skipped without the shared folder (RAILGAUGE_SHARED or ../shared).
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

program, source = sys.argv[1:3]
folders = [os.environ.get("RAILGAUGE_SHARED"), os.path.join(source, "..", "shared"), os.path.join(source, "..", "..", "shared")]
models = next((os.path.join(f, "models") for f in folders if f and os.path.isdir(os.path.join(f, "models"))), None)
work = tempfile.mkdtemp()


def inspect(*words, **more):
    return subprocess.run([program, "inspect", *words], capture_output=True, text=True, timeout=100, errors="replace", **more)


def shared(name):
    if not models:
        raise tap.Skip("no shared models: set RAILGAUGE_SHARED to the folder that holds models/")
    return os.path.join(models, name)


def told(name):
    done = inspect(shared(name), "--json")
    assert done.returncode == 0, (name, done.returncode, done.stderr)
    return json.loads(done.stdout)


def write(name, data):
    path = os.path.join(work, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def test_a_model_is_told_with_its_work_memory_and_targets():
    vww = told("tflite/mlperf-tiny/vww_96_int8.tflite")
    assert vww["format"] == "tflite" and vww["inputs"][0]["shape"] == [1, 96, 96, 3], vww["inputs"]
    assert vww["inputs"][0]["type"] == "int8" and vww["inputs"][0]["zero_point"] == -128
    assert vww["sums"]["nodes"] == 31 and vww["sums"]["refused"] == 0
    assert vww["sums"]["macs"] == sum(n["macs"] for n in vww["nodes"]) == 7489664, vww["sums"]
    assert vww["sums"]["activation_plan_bytes"] >= vww["sums"]["activation_bound_bytes"] > 27648
    first = vww["nodes"][0]
    assert first["operator"] == "conv2d" and first["quantization"] == "int8 per-channel (8)", first
    targets = {t["target"]: t for t in vww["targets"]}
    assert targets["cpu"]["status"] == "ok" and targets["cpu"]["macs_share"] == 1.0, targets["cpu"]
    text = inspect(shared("tflite/mlperf-tiny/vww_96_int8.tflite")).stdout
    for words in ("7.49 M MACs", "int8 1x96x96x3", "depthwise_conv2d", "int8 per-tensor"):
        assert words in text, words
    assert "1x48x48x8" not in inspect(shared("tflite/mlperf-tiny/vww_96_int8.tflite"), "--summary").stdout


def test_a_compiled_model_tells_its_executable_and_what_stays_on_the_cpu():
    edge = told("tflite/edgetpu/deeplabv3_mnv2_dm05_pascal_quant_edgetpu.tflite")
    node = edge["nodes"][0]
    assert node["operator"] == "edgetpu-custom-op" and node["status"] == "unsupported"
    assert node["attributes"] == {
        "executable": "DWN1", "executable_bytes": 966656, "executables": 2, "min_runtime": 12, "compiler": "cl/",
        "chip": "beagle", "cached_bytes": 766720, "streamed_bytes": 0, "instruction_bytes": 168688, "scratch_bytes": 0,
        "input_bytes": 789512, "output_bytes": 279040, "caching_token": "36959a24102f7acd"}, node["attributes"]
    cpu = next(t for t in edge["targets"] if t["target"] == "cpu")
    assert cpu["status"] == "unsupported" and cpu["nodes"] == 8 and "edgetpu-custom-op" in cpu["what"], cpu
    assert edge["compiled"] == {"parts": 1, "nodes_on_cpu": 8, "macs_on_cpu": edge["sums"]["macs"], "crossings": 1,
                                "tensors_passed": 2, "bytes_passed": 279040, "original": None}, edge["compiled"]
    text = inspect(shared("tflite/edgetpu/deeplabv3_mnv2_dm05_pascal_quant_edgetpu.tflite")).stdout
    for words in ("(DWN1) of 944 KiB", "8 of 9 nodes stay on the CPU, with 149 M MACs", "runtime version 12 or newer",
                  "749 KiB stay on the chip"):
        assert words in text, (words, text)


def compiled_pair(name):
    return (shared("tflite/edgetpu/%s_edgetpu.tflite" % name), shared("tflite/coral/%s.tflite" % name))


def test_a_compiled_model_and_its_original_tell_what_the_device_took():
    for name, taken, nodes, left in [
            ("deeplabv3_mnv2_dm05_pascal_quant", 64, 72, {"resize_bilinear": 3, "conv2d": 2, "arg_max": 1, "concat": 1,
                                                          "quantize": 1}),
            ("posenet_mobilenet_v1_075_353_481_16_quant_decoder", 37, 38, {"PosenetDecoderOp": 1}),
            ("keras_lstm_mnist_ptq", 6, 6, {}), ("mobilenet_v2_1.0_224_quant", 66, 66, {}), ("split_concat", 3, 3, {})]:
        edge, source = compiled_pair(name)
        said = json.loads(inspect(edge, "--original", source, "--json").stdout)["compiled"]["original"]
        whole = json.loads(inspect(source, "--json").stdout)
        assert (said["nodes_on_device"], said["nodes"], said["nodes_added"]) == (taken, nodes, 0), (name, said)
        kinds = {}
        for node in whole["nodes"]:
            if node["index"] not in said["on_device"]:
                kinds[node["operator"]] = kinds.get(node["operator"], 0) + 1
        assert kinds == left, (name, kinds)
        macs = sum(node["macs"] or 0 for node in whole["nodes"] if node["index"] in said["on_device"])
        assert said["macs_on_device"] == macs and said["macs"] == (whole["sums"]["macs"] or 0), (name, said)
    text = inspect(edge, "--original", source).stdout
    assert "3 of 3 nodes run on the device" in text, text


def test_files_that_are_no_pair_are_refused():
    edge, source = compiled_pair("mobilenet_v2_1.0_224_quant")
    done = inspect(edge, "--original", compiled_pair("keras_lstm_mnist_ptq")[1])
    assert done.returncode == 4 and "no pair" in done.stderr and "try:" in done.stderr, done.stderr
    done = inspect(source, "--original", source)
    assert done.returncode == 64 and "holds no executable" in done.stderr, done.stderr
    assert inspect(edge, "--original", "/nowhere.tflite").returncode == 74


def test_files_in_a_zip_tail_are_listed():
    listed = told("tflite/vision/coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite")["associated_files"]
    assert listed == [{"name": "labelmap.txt", "bytes": 661}], listed


def test_every_shared_model_is_told_or_refused_in_words():
    shared("tflite")
    for path in sorted(glob.glob(os.path.join(models, "tflite", "**", "*.tflite"), recursive=True)):
        done = inspect(path, "--json")
        if done.returncode == 0:
            said = json.loads(done.stdout)
            assert said["sums"]["nodes"] == len(said["nodes"]), path
            assert "/invalid/" not in path, path
        else:
            assert done.returncode in (3, 65) and "try:" in done.stderr, (path, done.returncode, done.stderr)


def test_simulated_targets_are_not_told_as_devices_that_take_the_model():
    name = "tflite/mlperf-tiny/kws_ref_model.tflite"
    simulated = {t["target"]: t["simulated"] for t in told(name)["targets"]}
    assert simulated["sim"] and simulated["sim-async"] and not simulated["cpu"], simulated
    lines = {line.split()[0]: line for line in inspect(shared(name)).stdout.splitlines() if line.strip()}
    assert "yes, simulated" in lines["sim"] and "yes, simulated" in lines["sim-async"], lines["sim"]
    assert "simulated" not in lines["cpu"] and " yes " in lines["cpu"], lines["cpu"]


def test_what_is_no_model_is_named():
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n"
    for name, data, words in [("lfs.tflite", pointer, "Git LFS pointer"), ("empty.tflite", b"", "empty"),
                              ("page.tflite", b"<!DOCTYPE html>", "web page"), ("noise.tflite", b"\x07" * 99, "identifier TFL3"),
                              ("noise.bin", b"\x07" * 99, "no model format")]:
        done = inspect(write(name, data))
        assert done.returncode == 65 and words in done.stderr, (name, done.returncode, done.stderr)
    assert inspect(os.path.join(work, "absent.tflite")).returncode == 74
    advice = inspect(os.path.join(work, "noise.bin")).stderr
    assert ".tflite" in advice and ".onnx" in advice, advice


# Protocol buffers by hand: .onnx files of one node.
def number(n):
    n &= (1 << 64) - 1
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + number(n >> 7)


def field(n, data):
    return number(n << 3) + number(data) if isinstance(data, int) else number(n << 3 | 2) + number(len(data)) + data


def end(name, dims):
    shape = b"".join(field(1, b"" if d is None else field(1, d)) for d in dims)
    return field(1, name.encode()) + field(2, field(1, field(1, 1) + field(2, shape)))


def onnx(kind, given, out, produced=None):
    node = field(1, b"x") + field(2, b"y") + field(4, kind.encode())
    graph = field(1, node) + field(11, end("x", given)) + field(12, end("y", produced or out))
    return field(1, 8) + field(2, b"by hand") + field(7, graph) + field(8, field(1, b"") + field(2, 13))


def test_dimensions_left_open_and_outputs_declared_otherwise_are_told():
    path = write("open.onnx", onnx("Relu", [None, 4], [None, 4]))
    assert json.loads(inspect(path, "--json").stdout)["inputs"][0]["assumed_dimensions"] == [0]
    assert "dimension 0 is left open, 1 is assumed" in inspect(path).stdout
    path = write("other.onnx", onnx("Relu", [1, 4], [7, 9]))
    assert json.loads(inspect(path, "--json").stdout)["outputs"][0]["declared_shape"] == [7, 9]
    assert "the file declares 7x9" in inspect(path).stdout
    for dims in ([3000000000, 4], [-7, 4]):
        done = inspect(write("odd.onnx", onnx("Relu", dims, dims)))
        assert done.returncode == 65 and str(dims[0]) in done.stderr, done.stderr
    sound = json.loads(inspect(write("sound.onnx", onnx("Relu", [1, 4], [1, 4])), "--json").stdout)
    assert "assumed_dimensions" not in sound["inputs"][0] and "declared_shape" not in sound["outputs"][0]
    assert told("tflite/mlperf-tiny/vww_96_int8.tflite")["inputs"][0]["assumed_dimensions"] == [0]


def test_where_what_counts_is_refused_there_is_no_count():
    path = write("foreign.onnx", onnx("Strange", [1, 4], [1, 4]))
    said = json.loads(inspect(path, "--json").stdout)
    assert said["sums"]["macs"] is None and said["operators"][0]["macs"] is None, said["sums"]
    text = inspect(path).stdout
    assert "n/a MACs" in text and "1 node, first node 0" in text and "1 nodes," not in text, text


def test_parameters_and_scales_are_those_of_the_file():
    out = os.path.join(work, "exported")
    done = subprocess.run([program, "export", "ds-cnn", "--format", "tflite,onnx", "--input-set", "0", "-o", out],
                          capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    for suffix in (".tflite", ".onnx"):
        said = json.loads(inspect(os.path.join(out, "ds-cnn-int8" + suffix), "--json").stdout)
        assert said["sums"]["parameters"] == 22604, (suffix, said["sums"])
    weights = told("tflite/mlperf-tiny/vww_96_int8.tflite")["nodes"][0]["inputs"][1]
    assert weights["scales"] == len(weights["channel_scales"]) == len(weights["channel_zero_points"]) == 8, weights
    assert weights["axis"] == 0 and all(s > 0 for s in weights["channel_scales"])


def test_what_is_refused_for_its_tensors_is_named_so():
    for name, words in [("litert_blockwise_quantized", "ADD of unusual quantization"), ("java_string", "RESHAPE of string")]:
        done = inspect(shared(f"tflite/ops/litert/{name}.tflite"))
        assert words in done.stdout, done.stdout


def test_a_terminal_of_80_columns_holds_every_line():
    for name in ("mlperf-tiny/vww_96_int8.tflite", "edgetpu/deeplabv3_mnv2_dm05_pascal_quant_edgetpu.tflite"):
        done = inspect(shared("tflite/" + name), env=dict(os.environ, COLUMNS="80"))
        for line in done.stdout.splitlines()[1:]:
            assert len(line) <= 80 or " " not in line.strip(), line
    assert done.stdout.count("cannot be computed here") == 1, "one reason for all targets"


def test_what_steers_a_terminal_does_not_reach_it():
    done = inspect(write("esc\x1b[31m.tflite", b"\x07" * 99))
    assert "\x1b" not in done.stderr and "esc?[31m" in done.stderr, done.stderr


def test_limits_are_kept_before_anything_is_allocated():
    model = shared("tflite/mlperf-tiny/vww_96_int8.tflite")
    for option, words in [("--max-model-bytes=1000", "more than the limit of 1000"), ("--max-tensors=10", "more than the limit of 10"),
                          ("--max-nodes=30", "more than the limit of 30")]:
        for verb in ("inspect", "infer"):
            done = subprocess.run([program, verb, model, option], capture_output=True, text=True, timeout=60)
            assert done.returncode == 74 and words in done.stderr, (verb, option, done.returncode, done.stderr)
    assert inspect(model, "--max-nodes", "31").returncode == 0
    assert inspect(model, env=dict(os.environ, RAILGAUGE_MODEL_LIMITS="ten")).returncode == 64


def test_help_names_the_limits():
    text = inspect("--help").stdout
    for words in ("--max-model-bytes", "--max-tensors", "--max-nodes", "--json", "--summary"):
        assert words in text, words
    assert inspect().returncode == 64 and inspect("a", "b").returncode == 64


code = tap.run(dict(globals()))
shutil.rmtree(work)
sys.exit(code)
