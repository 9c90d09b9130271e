#!/usr/bin/env python3
"""`railgauge inspect X.hef`: Hailo executables told without a device. Prints TAP. Usage: test_hef.py RAILGAUGE SOURCE_DIR

The real file is skipped without the shared folder (RAILGAUGE_SHARED or ../shared).
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hef_file  # noqa: E402
import tap  # noqa: E402

program, source = sys.argv[1:3]
folders = [os.environ.get("RAILGAUGE_SHARED"), os.path.join(source, "..", "shared"), os.path.join(source, "..", "..", "shared")]
models = next((os.path.join(f, "models") for f in folders if f and os.path.isdir(os.path.join(f, "models"))), None)
work = tempfile.mkdtemp()


def inspect(data, *words):
    path = data if isinstance(data, str) else os.path.join(work, "some.hef")
    if not isinstance(data, str):
        with open(path, "wb") as f:
            f.write(data)
    return subprocess.run([program, "inspect", path, *words], capture_output=True, text=True, timeout=100, errors="replace")


def told(data):
    done = inspect(data, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def small(arch="hailo8l", **more):
    picture = hef_file.edge(hef_file.layer("net/input", (4, 6, 3), scales=(0.5,), zeros=(7.0,)), False)
    classes = hef_file.edge(hef_file.layer("net/out", (1, 1, 10), "NC", originals=["probs"]), True)
    return hef_file.message([hef_file.group("net", [picture, classes], ["net/out"], **more)], arch)


def test_a_real_file_tells_chip_compiler_streams_and_quantization():
    if not models:
        raise tap.Skip("no shared models: set RAILGAUGE_SHARED to the folder that holds models/")
    said = told(os.path.join(models, "hef/hand_landmark_lite.hef"))
    assert said["header_version"] == 0 and said["protobuf_bytes"] == 2389350 and said["status"] == "ok", said
    assert said["md5"] == "dac1bfa8c2c860e5bf735594842f1da5"
    assert (said["chip"], said["compiler"], len(said["groups"])) == ("hailo8", "3.25.0", 1), said
    net = said["groups"][0]
    assert net["name"] == "hand_landmark_lite" and net["contexts"] == 1 and round(net["bottleneck_fps"]) == 3133
    ends = {e["name"].split("/")[1]: e for e in net["ends"]}
    assert list(ends) == ["input_layer1", "fc1", "fc4", "fc3", "fc2"], list(ends)
    assert ends["input_layer1"]["shape"] == [224, 224, 3] and ends["input_layer1"]["bytes"] == 150528
    assert ends["fc1"]["shape"] == [1, 1, 63] and ends["fc1"]["padded_shape"] == [1, 1, 64]
    assert ends["fc1"]["zero_points"] == [52.0] and ends["fc1"]["source_tensors"] == ["Identity"]


def test_streams_of_every_header_version_are_told():
    for version in (0, 1, 2, 3):
        said = told(hef_file.file(small(), version, b"" if version == 0 else b"WEIGHTS"))
        assert said["header_version"] == version and said["weights_bytes"] == (7 if version else 0), said
        ends = said["groups"][0]["ends"]
        assert said["chip"] == "hailo8l" and [e["direction"] for e in ends] == ["input", "output"]
        assert ends[0]["scales"] == [0.5] and ends[0]["zero_points"] == [7.0] and ends[0]["element_bytes"] == 1
    text = inspect(hef_file.file(small(contexts=3, ops=2 * 10**9))).stdout
    assert "3 contexts (weights are changed" in text and "4x6x3 NHWC uint8" in text and "scale 0.5 zero 7" in text, text


def test_headers_are_checked():
    body = small()
    good, short = hef_file.file(body), hef_file.file(body)[:-1]
    digest = good[:16] + bytes(16) + good[32:]
    long = b"\x01HEF" + struct.pack(">II", 0, 1 << 31) + good[12:]
    for data, words in [(digest, "its digest is"), (short, "announces"), (good[:20], "announces"), (long, "announces"),
                        (hef_file.file(body, 1)[:-1], "announces"), (b"\x01HEF" + struct.pack(">II", 7, 3) + good[12:], "version 7")]:
        done = inspect(data)
        assert done.returncode in (3, 65) and words in done.stderr and not done.stdout, (words, done.stderr)
    for n in range(4, 33):
        done = inspect(good[:n])
        assert done.returncode in (3, 65) and done.stderr, n


def test_what_several_streams_make_is_told_apart_from_what_travels():
    parts = hef_file.nested(5, hef_file.nested(1, hef_file.layer("a", (2, 2, 4)))) + \
        hef_file.nested(5, hef_file.nested(1, hef_file.layer("b", (2, 2, 4))))
    whole = hef_file.nested(1, "joined") + parts
    inner = hef_file.edge(hef_file.layer("between", (2, 2, 4)), True, border=1)
    boxes = hef_file.edge(hef_file.layer("boxes", (1, 1, 1), "NMS", nms=(80, 20)), True)
    said = told(hef_file.file(hef_file.message([hef_file.group("n", [hef_file.edge(whole, True, 4), inner, boxes])])))
    ends = {e["name"]: (e["stream"], e["vstream"]) for e in said["groups"][0]["ends"]}
    assert ends == {"joined": (True, False), "a": (False, True), "b": (False, True), "boxes": (True, True)}, ends
    nms = [e for e in said["groups"][0]["ends"] if e["name"] == "boxes"][0]
    assert nms["nms"] == {"classes": 80, "boxes": 20} and nms["bytes"] == 80 * (1 + 5 * 20) * 4, nms


def test_names_keep_to_their_row():
    said = told(hef_file.file(hef_file.message([hef_file.group("net\nflag=hot", [])])))
    assert said["groups"][0]["name"] == "net?flag=hot", said["groups"]


def test_damaged_contents_are_refused_in_words():
    body = small()
    huge = hef_file.message([hef_file.group("n", [hef_file.edge(hef_file.layer("x", (2**31, 2**31, 2**31)), False)])])
    deep = hef_file.layer("leaf", (1, 1, 1))
    for _ in range(40):
        deep = hef_file.nested(1, "mux") + hef_file.nested(5, hef_file.nested(2, deep))
    many = hef_file.message([hef_file.group("n", [hef_file.edge(hef_file.layer("x", (1, 1, 1)), False)] * 1100)])
    for bad, words in [(b"\n\x03abc", "damaged"), (body[:-3], "damaged"), (huge, "2^40"), (many, "more than 1024"),
                       (hef_file.message([hef_file.group("n", [hef_file.edge(deep, True, 4)])]), "too deep")]:
        done = inspect(hef_file.file(bad))
        assert done.returncode in (65, 74) and words in done.stderr and "some.hef" in done.stderr, (words, done.stderr)


code = tap.run(globals())
shutil.rmtree(work)
sys.exit(code)
