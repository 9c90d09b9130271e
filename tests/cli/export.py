"""`railgauge export`: files, manifest, inputs; nothing is overwritten unasked; the same bytes twice.

usage: export.py RAILGAUGE
"""
import ast
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile

import tap

program = sys.argv[1]
TINY = ("--suite", "tiny", "--input-set", "3", "--precision", "int8,float32")
folder = tempfile.TemporaryDirectory()
one, two = os.path.join(folder.name, "one"), os.path.join(folder.name, "two")


def export(*words, **env):
    return subprocess.run([program, "export", *words], capture_output=True, text=True, timeout=300, env={**os.environ, **env})


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def manifest():
    with open(os.path.join(one, "manifest.json")) as file:
        return json.load(file)["models"]


def npy_shape(path):
    with open(path, "rb") as file:
        head = file.read(10)
        assert head[:6] == b"\x93NUMPY"
        return ast.literal_eval(file.read(struct.unpack("<H", head[8:])[0]).decode())["shape"]


def test_a_set_is_exported_with_true_hashes_and_counts():
    got = export("-o", one, *TINY)
    assert got.returncode == 0, got.stderr
    models = manifest()
    assert [m["name"] for m in models] == ["autoencoder", "ds-cnn", "mobilenet-v1-0.25-vww", "resnet-8", "wake-word"]
    files = [f for m in models for f in m["files"]]
    assert len(files) == 10
    for f in files:
        path = os.path.join(one, f["file"])
        assert digest(path) == f["sha256"] and os.path.getsize(path) == f["bytes"], f["file"]
        assert f["sha256"] + "  " + f["file"] in got.stdout
        assert f["form"] == "float32" or f["inputs"][0]["scale"] > 0
    for m in models:
        assert m["macs"] > 0 and m["parameters"] > 0 and m["seed"] > 0 and m["published"]["source"]


def test_inputs_have_a_leading_axis_of_samples():
    inputs = [i for m in manifest() for i in m["input_set"]]
    assert len(inputs) == 5
    for i in inputs:
        assert npy_shape(os.path.join(one, i["file"])) == (3, *i["shape"])
        assert digest(os.path.join(one, i["file"])) == i["sha256"]


def test_a_folder_with_files_is_left_alone():
    before = digest(os.path.join(one, "manifest.json"))
    got = export("ds-cnn", "-o", one)
    assert got.returncode == 64 and "--force" in got.stderr, got.stderr
    assert digest(os.path.join(one, "manifest.json")) == before


def test_force_writes_the_same_bytes_again_and_scalar_code_too():
    before = digest(os.path.join(one, "manifest.json"))
    assert export("-o", one, "--force", *TINY).returncode == 0
    assert digest(os.path.join(one, "manifest.json")) == before
    assert export("-o", two, *TINY, RAILGAUGE_ISA="scalar").returncode == 0
    assert digest(os.path.join(two, "manifest.json")) == before


def test_an_exported_file_runs():
    got = subprocess.run([program, "infer", os.path.join(one, "ds-cnn-int8.tflite"), "--fill", "splitmix64"],
                         capture_output=True, text=True, timeout=60)
    assert got.returncode == 0, got.stderr


def test_slips_are_refused_with_advice():
    for words, part in [(("--suite", "tinny", "-o", "/nonexistent/x"), "did you mean 'tiny'?"),
                        (("ds-cnn", "--format", "tflight", "-o", "/nonexistent/x"), "tflite"),
                        (("ds-cnn", "--precision", "int9", "-o", "/nonexistent/x"), "int8 int4 float32"),
                        (("ds-cnn",), "-o DIR"),
                        (("-o", "/nonexistent/x"), "--suite tiny")]:
        got = export(*words)
        assert got.returncode == 64 and part in got.stderr, (words, got.stderr)


sys.exit(tap.run(globals()))
