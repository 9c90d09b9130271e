#!/usr/bin/env python3
"""The target tflite with TensorFlow Lite's own library: the same bytes as the plain C API gives, called here through ctypes,
and what becomes of delegates, against a double of one that works with this library. Prints TAP; skipped aloud without
the library (scripts/peers fetches it, or TFLITE_LIB names it) or the shared models.

Usage: tflite_target.py RAILGAUGE SOURCE_DIR BUILD_DIR DELEGATE_DOUBLE [slow]
"""
import ctypes
import glob
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import tap  # noqa: E402

PROGRAM, SOURCE, BUILD, DELEGATE = sys.argv[1:5]
LIBRARY = os.environ.get("TFLITE_LIB", os.path.join(BUILD, "peers", "libtensorflowlite_c.so"))
WORK = tempfile.mkdtemp(prefix="tflite-real-")
ENVIRONMENT = dict(os.environ, XDG_CACHE_HOME=os.path.join(WORK, "cache"), RAILGAUGE_TFLITE_LIBRARY=LIBRARY)
# a crash is to be one under a sanitizer, too
ENVIRONMENT["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0"
SMALL = ["mlperf-tiny/ad01_int8", "mlperf-tiny/kws_ref_model", "mlperf-tiny/pretrainedResnet_quant", "mlperf-tiny/str_ww_ref_model",
         "mlperf-tiny/vww_96_int8", "mlperf-tiny/model_ToyCar_quant", "mlperf-tiny/ad01_fp32"]
MOBILENETS = ["coral/mobilenet_v1_0.25_128_quant", "coral/tf2_mobilenet_v2_1.0_224_ptq"]
RESNET = "mlperf-tiny/pretrainedResnet_quant"


def shared(name):
    for folder in (os.environ.get("RAILGAUGE_SHARED"), os.path.join(SOURCE, "..", "shared"), os.path.join(SOURCE, "..", "..", "shared")):
        path = folder and os.path.join(folder, "models", "tflite", name + ".tflite")
        if path and os.path.exists(path):
            return os.path.abspath(path)
    raise tap.Skip("no shared models: set RAILGAUGE_SHARED")


def call(*words):
    if not os.path.exists(LIBRARY):
        raise tap.Skip("no TensorFlow Lite library: scripts/peers fetches it, or set TFLITE_LIB")
    return subprocess.run([PROGRAM] + list(words), capture_output=True, text=True, timeout=200, env=ENVIRONMENT)


def delegate(**keys):
    words = ["--option", "delegate=" + DELEGATE]
    if keys:
        words += ["--option", "options=" + ";".join("%s=%s" % pair for pair in keys.items())]
    return words


# --- the plain C API ----------------------------------------------------------------------------------------------

class Plain:
    """An interpreter by the calls that TensorFlow Lite's documents show, one thread."""

    def __init__(self, path, xnnpack):
        try:
            self.lib = lib = ctypes.CDLL(LIBRARY)
        except OSError as problem:  # of another architecture than Python's
            raise tap.Skip(str(problem)) from problem
        for name in ("ModelCreateFromFile", "InterpreterOptionsCreate", "InterpreterCreate", "XNNPackDelegateCreate",
                     "InterpreterGetInputTensor", "InterpreterGetOutputTensor", "TensorData"):
            getattr(lib, "TfLite" + name).restype = ctypes.c_void_p
        lib.TfLiteTensorByteSize.restype = ctypes.c_size_t
        model = ctypes.c_void_p(lib.TfLiteModelCreateFromFile(path.encode()))
        options = ctypes.c_void_p(lib.TfLiteInterpreterOptionsCreate())
        lib.TfLiteInterpreterOptionsSetNumThreads(options, 1)
        if xnnpack:
            given = (ctypes.c_uint32 * 64)(1, 3)
            lib.TfLiteInterpreterOptionsAddDelegate(options, ctypes.c_void_p(lib.TfLiteXNNPackDelegateCreate(given)))
        self.it = ctypes.c_void_p(lib.TfLiteInterpreterCreate(model, options))
        assert self.it.value and lib.TfLiteInterpreterAllocateTensors(self.it) == 0

    def ends(self, way):
        count = getattr(self.lib, "TfLiteInterpreterGet%sTensorCount" % way)(self.it)
        tensors = [ctypes.c_void_p(getattr(self.lib, "TfLiteInterpreterGet%sTensor" % way)(self.it, i)) for i in range(count)]
        return [(self.lib.TfLiteTensorData(t), self.lib.TfLiteTensorByteSize(t), self.lib.TfLiteTensorType(t)) for t in tensors]

    def outputs(self, inputs):
        for (data, size, _), given in zip(self.ends("Input"), inputs):
            ctypes.memmove(data, given, size)
        assert self.lib.TfLiteInterpreterInvoke(self.it) == 0
        return [hashlib.sha256(ctypes.string_at(data, size)).hexdigest() for data, size, _ in self.ends("Output")]


def random_inputs(plain):
    draw, made = random.Random(7), []
    for _, size, kind in plain.ends("Input"):
        floats = kind == 1
        made.append(struct.pack("<%df" % (size // 4), *(draw.uniform(-1, 1) for _ in range(size // 4))) if floats else draw.randbytes(size))
    return made


def expect_the_same(names, variant):
    for name in names:
        path = shared(name)
        if not os.path.exists(LIBRARY):
            raise tap.Skip("no TensorFlow Lite library: scripts/peers fetches it, or set TFLITE_LIB")
        plain = Plain(path, variant == "xnnpack")
        words, inputs = [], random_inputs(plain)
        for i, data in enumerate(inputs):
            file = os.path.join(WORK, "%d.bin" % i)
            with open(file, "wb") as out:
                out.write(data)
            words += ["--input", "%d=%s" % (i, file)]
        done = call("infer", path, "--target", "tflite", "--variant", variant, "--runs", "2", "--json", *words)
        assert done.returncode == 0, (name, done.stderr)
        ours = [output["sha256"] for output in json.loads(done.stdout)["outputs"]]
        assert ours == plain.outputs(inputs), (name, variant)


def test_built_in_kernels_give_what_the_plain_c_api_gives():
    expect_the_same(SMALL + MOBILENETS, "builtin")


def test_xnnpack_gives_what_the_plain_c_api_gives():
    expect_the_same(SMALL + MOBILENETS[1:], "xnnpack")


# --- refusals -----------------------------------------------------------------------------------------------------

def refused(name, *words):
    done = call("infer", shared(name), "--target", "tflite", "--fill", "splitmix64", *words)
    assert done.returncode == 3 and "  try: " in done.stderr, (name, words, done.returncode, done.stderr)
    return done.stderr


def test_what_xnnpack_takes_and_cannot_do_is_refused_with_a_way_round():
    told = refused(MOBILENETS[0], "--variant", "xnnpack")
    assert "failed to delegate CONV_2D" in told and "xnnpack=qs8" in told, told
    done = call("infer", shared(MOBILENETS[0]), "--target", "tflite", "--variant", "xnnpack", "--option", "xnnpack=qs8",
                "--fill", "splitmix64")
    assert done.returncode == 0, done.stderr


def test_a_model_compiled_for_an_edge_tpu_is_sent_to_that_target():
    told = refused("edgetpu/mobilenet_v1_0.25_128_quant_edgetpu")
    assert "edgetpu" in told, told


# --- delegates ----------------------------------------------------------------------------------------------------

def test_a_delegate_that_takes_convolutions_changes_no_byte():
    path = shared(RESNET)
    words = ("infer", path, "--target", "tflite", "--fill", "splitmix64", "--json")
    alone, with_it = call(*words), call(*words, *delegate(take="all"))
    assert with_it.returncode == 0, with_it.stderr
    assert json.loads(alone.stdout)["outputs"] == json.loads(with_it.stdout)["outputs"]
    effective = json.loads(with_it.stdout)["effective"]
    assert effective["variant"] == "delegate" and effective["delegate.take"] == "all", effective
    assert os.path.samefile(effective["delegate_library"], DELEGATE), effective


def test_each_way_in_which_a_delegate_fails_has_its_words():
    for behave, words, advice in (("refuse", "the device is in use by another process", "free"),
                                  ("old-abi", "delegate built for another TFLite ABI", "from one release"),
                                  ("abort", "delegate built for another TFLite ABI", "from one release"),
                                  ("model", "in a throw-away process: it crashed: Segmentation fault", "another delegate"),
                                  ("fails", "its first inference failed: Node number", "--variant builtin")):
        told = refused(RESNET, *delegate(behave=behave))
        assert words in told and advice in told, (behave, told)
    assert "makes no delegate: unknown option" in refused(RESNET, *delegate(speed="9"))


def test_a_pair_that_crashed_once_is_not_tried_again():
    shutil.rmtree(os.path.join(WORK, "cache", "railgauge", "delegates"), ignore_errors=True)
    refused(RESNET, *delegate(behave="old-abi"))
    path, = glob.glob(os.path.join(WORK, "cache", "railgauge", "delegates", "*"))
    with open(path, "w", encoding="utf-8") as file:
        file.write("told by the cache")
    assert "told by the cache" in refused(RESNET, *delegate(behave="old-abi"))


def run(cells, name):
    scenario, out = os.path.join(WORK, name + ".lua"), os.path.join(WORK, name)
    with open(scenario, "w", encoding="utf-8") as file:
        file.write('return rg.scenario {tier = {name = "smoke", rounds = 1}, cells = {%s}}\n' % cells)
    done = call("run", scenario, "--out", out)
    records = []
    for path in sorted(glob.glob(os.path.join(out, "*", "rounds", "*", "record.json"))):
        with open(path, encoding="utf-8") as file:
            records.append(json.load(file))
    return done, records


def cell(more, name=RESNET):
    return '{file = "%s", threads = 1, target = {"tflite", %s}},' % (shared(name), more)


def with_delegate(options):
    return cell('delegate = "%s", options = {%s}' % (DELEGATE, options))


def test_a_run_tells_where_the_nodes_went_and_that_a_double_is_none():
    _, records = run(with_delegate('take = "all"') + with_delegate('take = "3,9"') + with_delegate('take = "none"') +
                     with_delegate('take = "all", behave = "wrong"'), "placed")
    assert [record["status"] for record in records] == ["ok", "ok", "ok", "wrong"], [record["what"] for record in records]
    assert all(record["provenance"] == "simulated" for record in records), records
    placed = [record["placement"] for record in records[:3]]
    assert [(p["nodes_on_target"], p["nodes"]) for p in placed] == [(16, 16), (10, 16), (0, 16)], placed
    assert [p["crossings"] for p in placed] == [0, 7, 0] and placed[1]["stays"] == "add x3, average_pool2d, reshape, softmax", placed
    assert placed[0]["macs_on_target"] == placed[0]["macs"] and placed[2]["macs_on_target"] == 0, placed


def test_a_run_on_the_real_library_is_measured_and_says_what_it_used():
    target = '{file = "%s", threads = 1, target = "tflite", variant = "%s"},'
    _, records = run(target % (shared(RESNET), "builtin") + target % (shared(RESNET), "xnnpack"), "real")
    assert [record["status"] for record in records] == ["ok", "ok"], [record["what"] for record in records]
    assert all(record["provenance"] == "measured" for record in records), records
    plain, fast = records
    assert plain["placement"]["nodes_on_target"] == 16 and fast["placement"]["engines"][0]["name"] == "XNNPACK", fast["placement"]
    assert fast["settings"]["effective"]["xnnpack_flags"] == "qs8,qu8", fast["settings"]
    assert fast["settings"]["effective"]["xnnpack_options"] == "2.3 to 2.9", fast["settings"]


def test_each_node_of_the_model_has_its_time_or_says_in_which_piece_it_was_computed():
    words = ("infer", shared(RESNET), "--target", "tflite", "--fill", "splitmix64", "--runs", "5", "--profile", "--json")
    alone = json.loads(call(*words).stdout)
    rows = alone["profile"]["nodes"]
    assert [row["operator"] for row in rows][:4] == ["conv2d", "conv2d", "conv2d", "add"] and len(rows) == 16, rows
    assert all(row["kernel"] == "builtin" and row["median_ns"] > 0 and row["computed_in"] == row["node"] for row in rows), rows
    assert sum(row["median_ns"] for row in rows) <= alone["profile"]["whole_median_ns"] * 1.5, alone["profile"]
    taken = json.loads(call(*words, *delegate(take="3,4,9")).stdout)
    rows = taken["profile"]["nodes"]
    assert taken["outputs"] == alone["outputs"]
    assert [row["computed_in"] for row in rows[:5]] == [0, 0, 0, 3, 4], rows
    assert rows[3]["kernel"] == "builtin" and rows[0]["kernel"].startswith("libtflite_delegate"), rows


def test_accuracy_takes_the_options_of_the_target_too():
    path, folder = shared("mlperf-tiny/kws_ref_model"), os.path.join(WORK, "words")
    os.makedirs(folder)
    with open(os.path.join(folder, "a.bin"), "wb") as file:
        file.write(random.Random(3).randbytes(490))
    with open(os.path.join(folder, "labels.tsv"), "w", encoding="utf-8") as file:
        file.write("#type int8\na.bin\t3\n")
    words = ("accuracy", path, "--dataset", folder, "--target", "tflite")
    done = call(*words, *delegate(take="all"))
    assert done.returncode == 0 and "top-1" in done.stdout, (done.stdout, done.stderr)
    done = call(*words, *delegate(behave="refuse"))
    assert done.returncode == 3 and "in use by another process" in done.stderr, done.stderr


def slow_test_a_delegate_that_hangs_is_given_up():
    told = call("infer", shared(RESNET), "--target", "tflite", "--fill", "splitmix64", *delegate(behave="hang"))
    assert told.returncode != 0 and "did not answer within 30 s" in told.stderr, told.stderr


if len(sys.argv) > 5:
    globals().update({name[5:]: test for name, test in list(globals().items()) if name.startswith("slow_")})
try:
    sys.exit(tap.run(globals()))
finally:
    shutil.rmtree(WORK, ignore_errors=True)
