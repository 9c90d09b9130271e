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
import time

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
        assert npy_shape(os.path.join(one, i["file"])) == tuple(i["shape"]) and i["shape"][0] == 3
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


def test_force_makes_room_and_leaves_no_orphans():
    place = os.path.join(folder.name, "again")
    assert export("ds-cnn", "wake-word", "-o", place, "--input-set", "2").returncode == 0
    with open(os.path.join(place, "notes.txt"), "w") as file:
        file.write("mine")
    assert export("ds-cnn", "-o", place, "--input-set", "0", "--force").returncode == 0
    names = sorted(os.path.join(top, n) for top, _, ns in os.walk(place) for n in ns)
    assert [os.path.relpath(n, place) for n in names] == ["ds-cnn-int8.tflite", "manifest.json", "notes.txt"], names


def test_an_older_manifest_removes_nothing_outside_its_folder():
    place, treasure = os.path.join(folder.name, "trap"), os.path.join(folder.name, "treasure")
    os.mkdir(place)
    open(treasure, "w").close()
    with open(os.path.join(place, "manifest.json"), "w") as file:
        json.dump({"program": "railgauge", "models": [{"files": [{"file": "../treasure"}, {"file": treasure}]}]}, file)
    assert export("ds-cnn", "-o", place, "--input-set", "0", "--force").returncode == 0
    assert os.path.exists(treasure)


def test_the_manifest_grows_model_by_model():
    place = os.path.join(folder.name, "grows")
    child = subprocess.Popen([program, "export", "ds-cnn", "resnet-50", "-o", place], stdout=subprocess.PIPE, text=True)
    path = os.path.join(place, "manifest.json")
    for _ in range(600):
        if os.path.exists(path) or child.poll() is not None:
            break
        time.sleep(0.05)
    child.kill()
    child.communicate()
    with open(path) as file:
        said = json.load(file)
    assert [m["name"] for m in said["models"]] == ["ds-cnn"] and said["complete"] is False, said
    with open(os.path.join(one, "manifest.json")) as file:
        assert json.load(file)["complete"] is True


def test_inputs_are_printed_with_their_hashes():
    got = export("ds-cnn", "-o", os.path.join(folder.name, "printed"), "--format", "tflite,tflite", "--input-set", "2")
    names = [line.split("  ")[1] for line in got.stdout.splitlines()]
    assert names == ["ds-cnn-int8.tflite", "inputs/ds-cnn-0.npy"], got.stdout


def test_a_folder_that_cannot_be_looked_into_is_not_taken_for_empty():
    place = os.path.join(folder.name, "file")
    open(place, "w").close()
    got = export("ds-cnn", "-o", place)
    assert got.returncode == 74 and "look into" in got.stderr, (got.returncode, got.stderr)


def test_a_corrected_figure_stands_beside_the_source_s():
    place = os.path.join(folder.name, "unet")
    assert export("unet", "-o", place, "--input-set", "0", "--precision", "float32").returncode == 0
    with open(os.path.join(place, "manifest.json")) as file:
        published = json.load(file)["models"][0]["published"]
    assert published["parameters"] == 2058979 and published["parameters_correction"] == -7552, published
    assert "normalisation" in published["correction"], published


def test_listed_models_show_what_is_counted_here():
    got = subprocess.run([program, "list", "models", "--json"], capture_output=True, text=True, timeout=60)
    rows = {row["name"]: row for row in json.loads(got.stdout)}
    assert all(row["macs"] > 0 for row in rows.values()), rows
    assert rows["bert-tiny"]["published_macs"] is None and rows["mobilenet-v1"]["published_macs"] == 569e6
    assert {m["name"]: m["macs"] for m in manifest()}["ds-cnn"] == rows["ds-cnn"]["macs"]


def test_an_exported_file_runs():
    got = subprocess.run([program, "infer", os.path.join(one, "ds-cnn-int8.tflite"), "--fill", "splitmix64"],
                         capture_output=True, text=True, timeout=60)
    assert got.returncode == 0, got.stderr


def test_slips_are_refused_with_advice():
    for words, part in [(("--suite", "tinny", "-o", "/nonexistent/x"), "did you mean 'tiny'?"),
                        (("ds-cnn", "--format", "tflight", "-o", "/nonexistent/x"), "tflite"),
                        (("ds-cnn", "--format", "", "-o", "/nonexistent/x"), "tflite"),
                        (("ds-cnn", "--format", ",", "-o", "/nonexistent/x"), "tflite"),
                        (("ds-cnn", "--precision", "int9", "-o", "/nonexistent/x"), "int8 int4 float32"),
                        (("ds-cnn",), "-o DIR"),
                        (("-o", "/nonexistent/x"), "--suite tiny")]:
        got = export(*words)
        assert got.returncode == 64 and part in got.stderr, (words, got.stderr)


sys.exit(tap.run(globals()))
