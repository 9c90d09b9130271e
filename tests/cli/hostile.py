"""Files and limits that are out to hold the program up, to end it or to deceive it: pipes, small disks, models that
ask for more than there is. All models are made here. Prints TAP.

usage: hostile.py RAILGAUGE
"""
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile

import onnx_file
import tap

program = os.path.abspath(sys.argv[1])
work = tempfile.TemporaryDirectory()


def path(*names):
    return os.path.join(work.name, *names)


def put(name, data):
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    with open(path(name), "wb") as out:
        out.write(data)
    return path(name)


def call(*words, limit_s=20, **keys):
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=limit_s, errors="replace", **keys)


def refused(code, *words, says=(), **keys):
    done = call(*words, **keys)
    told = f"{words}: exit {done.returncode}, not {code}\n{done.stderr}{done.stdout[:300]}"
    assert done.returncode == code and done.stdout == "", told
    assert "  try: " in done.stderr, told
    for part in says:
        assert part in done.stderr, f"'{part}' is missing: {told}"
    return done


def pipe(name):
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    os.mkfifo(path(name))
    return path(name)


def test_pipes_without_a_writer_hold_nothing_up():
    relu = put("pipes/relu.onnx", onnx_file.one("Relu", [1, 4]))
    refused(74, "infer", relu, "--input", "0=" + pipe("pipes/in.bin"), says=["not a regular file"])
    pipe("pipes/labels/labels.tsv")
    refused(74, "accuracy", relu, "--dataset", path("pipes/labels"), says=["not a regular file"])
    put("pipes/sample/labels.tsv", b"#type float32\na.bin\t0\n")
    pipe("pipes/sample/a.bin")
    refused(74, "accuracy", relu, "--dataset", path("pipes/sample"), says=["not a regular file"])


def test_a_limit_on_the_size_of_files_is_an_error_that_leaves_nothing_behind():
    relu = put("small/relu.onnx", onnx_file.one("Relu", [1, 4096]))
    refused(74, "infer", relu, "--fill", "splitmix64", "--output-dir", path("small/out"), says=["File too large"],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
    assert os.listdir(path("small/out")) == []


def test_models_that_ask_for_more_than_there_is_are_refused_before_anything_is_filled():
    foreign = put("big/foreign.onnx", onnx_file.one("Foo", [46000, 65536]))
    refused(3, "infer", foreign, "--fill", "splitmix64", limit_s=8, says=["Foo"])
    large = put("big/large.onnx", onnx_file.one("Relu", [9000, 65536]))
    refused(74, "infer", large, "--fill", "splitmix64", limit_s=8, says=["4718592000 bytes", "the limit is"])


def npy(word, shape, elements, version=1, order="False"):
    head = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (word, order, shape)
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(head)) + head.encode() + elements


def test_npy_files_are_never_taken_for_raw_elements():
    whole = npy("<f4", "(1, 3)", struct.pack("<3f", 1, 2, 3))
    relu = put("npy/relu.onnx", onnx_file.one("Relu", [1, len(whole) // 4]))
    refused(65, "infer", relu, "--input", "0=" + put("npy/same.npy", whole), says=["same.npy", "1x3"])


def test_npy_files_that_are_not_read_are_bad_data():
    relu = put("npy/three.onnx", onnx_file.one("Relu", [1, 3]))
    four = struct.pack("<3f", 1, 2, 3)
    assert call("infer", relu, "--input", "0=" + put("npy/good.npy", npy("<f4", "(1, 3)", four))).returncode == 0
    for name, data in {"big": npy(">f4", "(1, 3)", four), "fortran": npy("<f4", "(1, 3)", four, order="True"),
                       "axes": npy("<f4", "(1, 1, 1, 1, 1, 1, 1, 3)", four), "zero": npy("<f4", "(1, 3)", four, version=0),
                       "nine": npy("<f4", "(1, 3)", four, version=9), "more": npy("<f4", "(1, 3)", four + b"more")}.items():
        refused(65, "infer", relu, "--input", "0=" + put(f"npy/{name}.npy", data), says=[f"{name}.npy"])
    denied = put("npy/denied.npy", npy("<f4", "(1, 3)", four))
    os.chmod(denied, 0)
    if os.geteuid():
        refused(74, "infer", relu, "--input", "0=" + denied, says=["denied"])


def test_what_is_not_a_number_wins_nothing():
    root = put("nan/root.onnx", onnx_file.one("Sqrt", [1, 4]))
    some = "0=" + put("nan/some.bin", struct.pack("<4f", -1, 1, 9, 4))
    none = "0=" + put("nan/none.bin", struct.pack("<4f", -1, -2, -3, -4))
    done = call("infer", root, "--input", some)
    assert "top-1 [2] = 3  (1 of 4 are NaN)" in done.stdout, done.stdout + done.stderr
    done = call("infer", root, "--input", none)
    assert "no top-1: all 4 scores are NaN" in done.stdout, done.stdout
    out = json.loads(call("infer", root, "--input", some, "--json").stdout)["outputs"][0]
    assert out["top1"] == 2 and out["nan"] == 1, out
    assert json.loads(call("infer", root, "--input", none, "--json").stdout)["outputs"][0]["top1"] is None


def test_a_path_that_is_no_utf_8_loses_nothing():
    odd = os.fsencode(work.name) + b"/odd\xff.onnx"
    with open(odd, "wb") as out:
        out.write(onnx_file.one("Relu", [1, 4]))
    done = call("infer", odd, "--fill", "splitmix64", "--json", "--output-dir", os.fsencode(work.name) + b"/o\xff")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["model"].endswith("/odd?.onnx") and said["outputs"][0]["file"].endswith("/o?/0.bin"), said


def dataset(name, labels, files):
    for file, data in files.items():
        put(f"{name}/{file}", data)
    put(f"{name}/labels.tsv", labels)
    return path(name)


def accuracy(*words):
    done = call("accuracy", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_input_without_elements_is_refused_and_nobodys_library_is_blamed():
    none = put("none/none.onnx", onnx_file.one("Relu", [0, 4]))
    folder = dataset("none/set", b"#type float32\na.bin\t0\n", {"a.bin": bytes(16)})
    done = refused(3, "accuracy", none, "--dataset", folder, says=["no elements"])
    assert "library" not in done.stderr, done.stderr


def test_scores_that_are_no_numbers_are_wrong_answers_and_counted():
    root = put("wrong/root.onnx", onnx_file.one("Sqrt", [1, 4]))
    files = {"a.bin": struct.pack("<4f", -1, 1, 9, 4), "b.bin": struct.pack("<4f", 0, 1, 9, 4)}
    folder = dataset("wrong/set", b"#type float32\na.bin\t0\nb.bin\t2\n", files)
    got = accuracy(root, "--dataset", folder)
    assert got["top1"]["right"] == 1 and got["top5"]["right"] == 1 and got["nan_samples"] == 1, got
    text = call("accuracy", root, "--dataset", folder).stdout
    assert "1 samples gave NaN and count as wrong" in text and "n/a (n<72): 2 requests" in text, text
    folder = dataset("wrong/odd", b"#task anomaly\n#type float32\na.bin\t0\nb.bin\t1\n", files)
    assert accuracy(root, "--dataset", folder)["auc"] == {"value": None, "low": None, "high": None, "na": "NaN scores"}
    folder = dataset("wrong/same", b"#task anomaly\n#type float32\nb.bin\t1\n", files)
    assert "n/a (one class)" in call("accuracy", root, "--dataset", folder).stdout


def test_p95_of_an_accuracy_run_has_an_interval_from_72_requests_on():
    relu = put("p95/relu.onnx", onnx_file.one("Relu", [1, 4]))
    folder = dataset("p95/set", b"#type float32\n" + b"a.bin\t1\n" * 72, {"a.bin": struct.pack("<4f", 1, 2, 3, 4)})
    p95 = accuracy(relu, "--dataset", folder)["p95_ns"]
    assert p95["n"] == 72 and 0 < p95["low"] <= p95["value"] <= p95["high"], p95


def test_names_that_are_no_utf_8_lose_no_figure_of_accuracy():
    odd = os.fsencode(work.name) + b"/odd\xfe.onnx"
    with open(odd, "wb") as out:
        out.write(onnx_file.one("Relu", [1, 4]))
    folder = dataset("utf/set", b"#summary caf\xe9\n#type float32\na.bin\t3\n", {"a.bin": struct.pack("<4f", 1, 2, 3, 4)})
    got = accuracy(odd, "--dataset", folder)
    assert got["model"].endswith("/odd?.onnx") and got["summary"] == "caf?" and got["top1"]["right"] == 1, got
    done = call("accuracy", odd, "--dataset", folder)
    assert done.returncode == 0 and "top-1" in done.stdout, done


def test_accuracy_takes_levels_variants_cores_and_limits_as_infer_does():
    relu = put("options/relu.onnx", onnx_file.one("Relu", [1, 4]))
    folder = dataset("options/set", b"#type float32\na.bin\t1\n", {"a.bin": bytes(16)})
    words = ("accuracy", relu, "--dataset", folder)
    assert call(*words, "--isa", "scalar", "--variant", "reference").returncode == 0
    refused(64, *words, "--isa", "avx9", says=["avx9"])
    refused(64, *words, "--cores", "x", says=["CPU"])
    refused(74, *words, "--max-model-bytes", "10", says=["limit"])
    for word in ("0x3", "1e2", "3.0", " 3"):
        refused(64, *words, "--threads", word, says=["threads"])


def test_cpus_and_variants_that_are_not_here_are_refused_like_devices_and_levels():
    relu = put("cpus/relu.onnx", onnx_file.one("Relu", [1, 4]))
    folder = dataset("cpus/set", b"#type float32\na.bin\t1\n", {"a.bin": bytes(16)})
    for verb, more in (("infer", ("--fill", "splitmix64")), ("accuracy", ("--dataset", folder))):
        for list_ in ("1023", "0,1023"):
            refused(5, verb, relu, *more, "--cores", list_, says=["no CPU 1023", "choose from"])
        refused(64, verb, relu, *more, "--variant", "foo", says=["no variant 'foo'"])


def test_a_chain_of_many_thousand_nodes_is_planned_in_seconds():
    n = 30000
    nodes = [onnx_file.node("Relu", [f"v{i}"], [f"v{i + 1}"]) for i in range(n)]
    chain = put("chain/chain.onnx", onnx_file.model(nodes, [onnx_file.value("v0", [1, 4])], [onnx_file.value(f"v{n}", [1, 4])]))
    began = os.times()
    done = call("inspect", chain, "--summary", limit_s=60)
    used = os.times().children_user - began.children_user
    assert done.returncode == 0 and used < 6, (used, done.stderr)


def test_ends_that_cannot_be_served_are_refused_alike_by_infer_and_inspect():
    many = [f"x{i}" for i in range(33)]
    wide = onnx_file.model([onnx_file.node("Relu", ["x0"], ["y"])], [onnx_file.value(x, [4]) for x in many],
                           [onnx_file.value("y", [4])])
    refused(3, "infer", put("ends/wide.onnx", wide), "--fill", "splitmix64", says=["33 inputs"])
    seen = call("inspect", path("ends/wide.onnx"))
    assert "33 inputs, more than 32" in seen.stdout + seen.stderr, seen.stdout + seen.stderr
    none = onnx_file.model([onnx_file.node("Relu", ["x"], ["y"])], [onnx_file.value("x", [4])], [])
    refused(3, "infer", put("ends/none.onnx", none), "--fill", "splitmix64", says=["no outputs"])
    words = onnx_file.model([], [onnx_file.value("x", [4], onnx_file.STRING)], [onnx_file.value("x", [4], onnx_file.STRING)])
    done = call("infer", put("ends/words.onnx", words), "--fill", "splitmix64")
    assert done.returncode in (3, 65) and done.stdout == "", done.stdout


sys.exit(tap.run(globals()))
