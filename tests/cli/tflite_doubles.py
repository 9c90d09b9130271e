"""The target tflite against doubles of its library: versions and failures that the real one at hand cannot play. Each ends
in its status with advice, and the run goes on. TAP on stdout.

    tflite_doubles.py RAILGAUGE DOUBLE LACKING
"""
import glob
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import tap

PROGRAM, DOUBLE, LACKING = sys.argv[1:4]
WORK = tempfile.mkdtemp(prefix="tflite-")
ENVIRONMENT = dict(os.environ, XDG_CACHE_HOME=os.path.join(WORK, "cache"), RAILGAUGE_TFLITE_LIBRARY=DOUBLE)
# a crash is to be one under a sanitizer, too
ENVIRONMENT["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0"


def call(*words, like="", **more):
    return subprocess.run([PROGRAM] + list(words), capture_output=True, text=True, timeout=120,
                          env=dict(ENVIRONMENT, TFLITE_DOUBLE=like, **more))


def model():
    path = os.path.join(WORK, "models", "ds-cnn-int8.tflite")
    if not os.path.exists(path):
        done = call("export", "ds-cnn", "--precision", "int8", "--input-set", "0", "--output", os.path.dirname(path))
        assert done.returncode == 0, done.stderr
    return path


def infer(*words, like="", **more):
    return call("infer", model(), "--target", "tflite", "--fill", "splitmix64", *words, like=like, **more)


def run(cells, name, like="", **more):
    """Runs cells (Lua) for one round each; the rounds' records by cell, and the cells' lines."""
    scenario, out = os.path.join(WORK, name + ".lua"), os.path.join(WORK, name)
    with open(scenario, "w", encoding="utf-8") as file:
        file.write('return rg.scenario {tier = {name = "smoke", rounds = 1, samples = 80}, cells = {%s}}\n' % cells)
    done = call("run", scenario, "--out", out, like=like, **more)
    bundle, = glob.glob(os.path.join(out, "*"))
    records = []
    for path in sorted(glob.glob(os.path.join(bundle, "rounds", "*", "record.json"))):
        with open(path, encoding="utf-8") as file:
            records.append(json.load(file))
    with open(os.path.join(bundle, "cells.jsonl"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return done, records, lines


def cell(more=""):
    return '{file = "%s", threads = 1, target = {"tflite"%s}},' % (model(), more)


def test_outputs_are_those_of_the_reference_and_the_library_is_told():
    done = infer("--json", like="version=2.16.1")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    reference = json.loads(call("infer", model(), "--fill", "splitmix64", "--variant", "reference", "--json").stdout)
    assert told["outputs"] == reference["outputs"], told["outputs"]
    assert told["effective"]["variant"] == "builtin" and told["effective"]["threads"] == "1", told["effective"]
    row, = [row for row in json.loads(call("list", "devices", "--json", like="version=2.16.1").stdout) if row["name"] == "tflite"]
    assert "2.16.1" in row["summary"], row


def test_without_the_library_the_target_is_absent_and_says_what_to_do():
    done = infer(RAILGAUGE_TFLITE_LIBRARY="/nowhere/libtensorflowlite_c.so")
    assert done.returncode == 5 and "is not here" in done.stderr, done.stderr
    assert "RAILGAUGE_TFLITE_LIBRARY" in done.stderr, done.stderr


def test_a_library_that_lacks_a_function_is_no_backend():
    done = infer("--option", "library=" + LACKING)
    assert done.returncode == 3, (done.returncode, done.stderr)
    assert "backend unavailable: symbol TfLiteInterpreterInvoke is missing" in done.stderr, done.stderr


def test_the_option_library_wins_over_the_environment():
    done = infer("--option", "library=" + DOUBLE, RAILGAUGE_TFLITE_LIBRARY="/nowhere/libx.so")
    assert done.returncode == 0, done.stderr


def test_what_the_library_refuses_is_told_in_its_own_words():
    for like, words in (("no-model", "not a valid Flatbuffer"), ("no-interpreter", "builtin opcode 'CONV_2D' version '99'"),
                        ("no-tensors", "failed to prepare"), ("custom-op", "unresolved custom op: MyCustomOp")):
        done = infer(like=like)
        assert done.returncode == 3 and words in done.stderr and "  try: " in done.stderr, (like, done.returncode, done.stderr)
    assert "a delegate that brings this operator" in done.stderr, done.stderr


def test_xnnpack_gets_its_options_as_the_version_lays_them_out():
    path = os.path.join(WORK, "options.bin")
    four, eight = struct.pack("<iI", 1, 3), struct.pack("<iII", 1, 0, 3)
    for like, wanted in (("version=2.9.0", four), ("version=2.14.0", four), ("version=1.2.0", four),
                         ("version=1.4.0", eight + bytes(28) + struct.pack("<i", -1)),
                         ("version=2.19.0,flags-at=4", four), ("version=2.19.0,flags-at=8", eight + bytes(28) + struct.pack("<i", -1))):
        done = infer("--variant", "xnnpack", "--json", like=like, TFLITE_DOUBLE_OPTIONS=path)
        assert done.returncode == 0, (like, done.stderr)
        with open(path, "rb") as file:
            assert file.read() == wanted + bytes(256 - len(wanted)), like
        os.remove(path)
        effective = json.loads(done.stdout)["effective"]
        assert effective["xnnpack_flags"] == "qs8,qu8", (like, effective)


def test_a_layout_that_nobody_tells_is_left_to_the_build_and_said_to_be_unknown():
    path = os.path.join(WORK, "options.bin")
    done = infer("--variant", "xnnpack", "--json", like="version=2.19.0,no-flags", TFLITE_DOUBLE_OPTIONS=path)
    effective = json.loads(done.stdout)["effective"]
    assert effective["xnnpack_options"] == "unknown" and "the build's own" in effective["xnnpack_flags"], effective
    assert not os.path.exists(path)


def test_a_run_with_a_double_is_simulated_and_goes_on_after_each_failure():
    done, records, lines = run(cell() + cell(', xnnpack = "qs8"') + cell(', library = "%s"' % LACKING), "mixed", like="slow")
    assert [line["admission"]["status"] for line in lines] == ["ok", "ok", "unsupported"], lines
    assert all(record["provenance"] == "simulated" for record in records), records
    assert len(records) == 2 and "tflite_library" in json.dumps(records[0]), records
    for like, status, words in (("wrong", "wrong", "differ"), ("fails", "failed", "SOFTMAX"), ("crash", "failed", "crashed"),
                                ("custom-op", "unsupported", "MyCustomOp")):
        done, records, lines = run(cell(), like, like=like)
        last = records[-1] if records else lines[0]["admission"]
        assert last["status"] == status, (like, last["status"], last["what"])
        assert done.returncode in (1, 3), (like, done.returncode)
        assert words in last["what"] + last.get("last_lines", ""), (like, last["what"])


def test_delegates_that_are_known_by_name_are_listed_with_keys_source_and_grade():
    rows = {row["name"]: row for row in json.loads(call("list", "delegates", "--json").stdout)}
    assert {"nxp-vx", "ethos-u", "neutron", "armnn", "qnn", "edgetpu"} <= set(rows), sorted(rows)
    assert all(row["grade"] in "ABCD" and row["source"] and row["install"] and row["libraries"] for row in rows.values()), rows
    done = infer("--option", "delegate=nxp-vx")
    assert done.returncode == 5 and "NXP's Linux image" in done.stderr, (done.returncode, done.stderr)
    assert "did you mean 'device_id'" in infer("--option", "delegate=nxp-vx", "--option", "options=devise_id=1").stderr


def test_two_interpreters_run_beside_each_other():
    done, records, _ = run('{file = "%s", threads = 1, target = "tflite", pattern = {"in_flight", n = 2}},' % model(), "beside")
    assert records[0]["status"] == "ok", (records[0], done.stderr)


try:
    sys.exit(tap.run(globals()))
finally:
    shutil.rmtree(WORK, ignore_errors=True)
