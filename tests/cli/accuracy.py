"""`railgauge accuracy`: MLPerf Tiny's int8 models against labels and their float twins. Prints TAP.

usage: accuracy.py RAILGAUGE SOURCE_DIR
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import tap

program, source = sys.argv[1:3]
folders = [os.environ.get("RAILGAUGE_SHARED"), os.path.join(source, "..", "shared"), os.path.join(source, "..", "..", "shared")]
shared = next((os.path.join(f, "models") for f in folders if f and os.path.isdir(os.path.join(f, "models"))), None)
work = tempfile.TemporaryDirectory()


def model(name):
    if not shared:
        raise tap.Skip("no shared/models folder; set RAILGAUGE_SHARED")
    return os.path.join(shared, "tflite/mlperf-tiny", name)


def dataset(name, labels, files):
    folder = os.path.join(work.name, name)
    os.makedirs(folder, exist_ok=True)
    for file, data in files.items():
        if isinstance(data, bytes):
            with open(os.path.join(folder, file), "wb") as out:
                out.write(data)
        else:
            shutil.copy(os.path.join(shared, "inputs", data[0]), os.path.join(folder, file))
    with open(os.path.join(folder, "labels.tsv"), "w") as out:
        out.write(labels)
    return folder


def accuracy(*words):
    return subprocess.run([program, "accuracy", *words], capture_output=True, text=True, timeout=100)


def figures(*words):
    got = accuracy(*words, "--json")
    assert got.returncode == 0, got.stderr
    return json.loads(got.stdout)


def test_a_real_picture_gets_its_class_in_int8_and_in_float():
    name = model("pretrainedResnet_quant.tflite")
    # the picture holds bytes less 128; real pixels are 0 to 255
    folder = dataset("ic", "#type int8\n#scale 1\n#zero_point -128\na.bin\t0\nb.bin\t9\n",
                     {"a.bin": ("ic_32x32x3_i8.bin",), "b.bin": ("ic_32x32x3_i8.bin",)})
    got = figures(name, "--dataset", folder, "--float", model("pretrainedResnet.tflite"))
    assert got["samples"] == 2 and got["task"] == "classes"
    assert got["top1"]["right"] == got["float_top1"]["right"] <= 1
    assert got["difference"]["mcnemar_p"] == 1 and got["difference"]["low"] < 0 < got["difference"]["high"]
    assert got["p95_ns"] == {"n": 2, "na": "n<72"} and got["nan_samples"] == 0, got
    text = accuracy(name, "--dataset", folder, "--float", model("pretrainedResnet.tflite"))
    assert text.returncode == 0 and "McNemar p = 1" in text.stdout and "top-5" in text.stdout, text.stdout


def test_accuracy_stands_beside_p95_and_joules_of_a_run_of_the_same_files():
    name, twin = model("pretrainedResnet_quant.tflite"), model("pretrainedResnet.tflite")
    scenario = os.path.join(work.name, "run.lua")
    with open(scenario, "w") as out:
        out.write('return rg.scenario { name = "t", measure = { power = true }, tier = { name = "smoke", rounds = 3, '
                  f'samples = 130, min_time = "300ms" }}, cells = {{ {{ file = "{name}", target = "sim" }}, '
                  f'{{ file = "{twin}", target = "sim" }} }} }}')
    runs = os.path.join(work.name, "runs")
    done = subprocess.run([program, "run", scenario, "--quiet", "--out", runs], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    bundle = os.path.join(runs, os.listdir(runs)[0])
    folder = dataset("beside", "#type int8\n#scale 1\n#zero_point -128\na.bin\t0\n", {"a.bin": ("ic_32x32x3_i8.bin",)})
    got = figures(name, "--dataset", folder, "--float", twin, "--run", bundle)["measured"]
    assert got["finished"] and [cell["of"] for cell in got["cells"]] == ["model", "float"]
    for cell in got["cells"]:
        assert cell["provenance"] == "simulated" and cell["status"] == "ok"
        assert 0.9e6 < cell["p95"]["value"] < 1.3e6 and cell["p95"]["low"] < cell["p95"]["high"]
        energy = cell["energy"]
        assert energy.get("na") or energy["low"] < energy["value"] < energy["high"], energy
    text = accuracy(name, "--dataset", folder, "--float", twin, "--run", bundle)
    assert text.returncode == 0 and "energy an inference" in text.stdout and "simulated" in text.stdout, text.stdout
    other = accuracy(model("kws_ref_model.tflite"), "--dataset", folder, "--run", bundle)
    assert other.returncode == 64 and "no cell of" in other.stderr and other.stdout == "", other.stderr


def test_anomalies_are_told_by_windows_of_a_long_file():
    name = model("ad01_int8.tflite")
    with open(os.path.join(shared, "inputs", "ad_toycar_features_200x128_f32.bin"), "rb") as file:
        normal = struct.unpack("<25600f", file.read())
    files, labels = {}, "#task anomaly\n#type float32\n#window 640\n#stride 128\n"
    for i in range(8):
        part = list(normal[i * 2560:i * 2560 + 3200])
        if i % 2:  # every second spectrogram is shaken
            part = [x + (8 if k % 3 else -8) for k, x in enumerate(part)]
        files[f"{i}.bin"] = struct.pack(f"<{len(part)}f", *part)
        labels += f"{i}.bin\t{i % 2}\n"
    got = figures(name, "--dataset", dataset("ad", labels, files), "--float", model("ad01_fp32.tflite"))
    assert got["auc"]["value"] > 0.9 and got["float_auc"]["value"] > 0.9, got
    assert abs(got["difference"]["value"]) < 0.1


def test_npy_files_say_their_own_type():
    name = model("kws_ref_model.tflite")
    with open(os.path.join(shared, "inputs", "kws_49x10_i8.bin"), "rb") as file:
        data = file.read()
    head = "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 49, 10, 1), }"
    head += " " * (127 - 10 - len(head)) + "\n"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data
    folder = dataset("kws", "#type int8\na.npy\t3\nb.bin\t3\n", {"a.npy": npy, "b.bin": data})
    got = figures(name, "--dataset", folder)
    assert got["top1"]["right"] in (0, 2), "raw and .npy must agree"


def test_slips_are_told_with_advice():
    name = model("kws_ref_model.tflite")
    empty = os.path.join(work.name, "empty")
    os.makedirs(empty, exist_ok=True)
    short = dataset("short", "#type int8\na.bin\t3\n", {"a.bin": b"123"})
    wrong = dataset("wrong", "#type int8\na.bin\t12\n", {"a.bin": ("kws_49x10_i8.bin",)})
    for words, part in [((name,), "--dataset DIR"),
                        ((name, "--dataset", empty), "labels.tsv"),
                        ((name, "--dataset", short), "a.bin with " + name + ": a file of 3 elements for an input of 490"),
                        ((name, "--dataset", wrong), "12 classes"),
                        ((name, "--dataset", wrong, "--target", "cpuu"), "did you mean 'cpu'?"),
                        (("/nonexistent.tflite", "--dataset", wrong), "no model file")]:
        got = accuracy(*words)
        assert got.returncode not in (0, 1) and part in got.stderr and got.stdout == "", (words, got.stderr)


sys.exit(tap.run(globals()))
