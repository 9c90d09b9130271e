"""`railgauge bench --suite` and the limits of `railgauge run --max-*`. Prints TAP.

usage: suite.py RAILGAUGE SOURCE_DIR
"""
import json
import os
import subprocess
import sys
import tempfile

import tap

program, source = sys.argv[1:3]
work = tempfile.TemporaryDirectory()


def call(*words):
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=150, errors="replace")


def bench(*words):
    return call("bench", "--suite", *words, "--rounds", "1", "--min-time", "1us")


def test_a_network_of_the_suite_is_timed_layer_by_layer_and_proven():
    done = bench("wake-word", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    cases = {row["case"] for row in rows}
    layers = [line.split()[0] for line in call("list", "ops", "--suite").stdout.splitlines() if line.startswith("wake-word-")]
    assert cases and cases == set(layers), (cases, layers)
    for row in rows:
        assert row["kernel"] == "reference" or row["exact"] and row["status"] == "ok", row


def test_a_single_layer_is_named_and_precision_picks_its_form():
    done = bench("wake-word-dw1", "--precision", "float32")
    assert done.returncode == 0 and "depthwise_conv2d_f32" in done.stdout and "_s8" not in done.stdout, done.stdout + done.stderr


def test_slips_of_bench_are_told():
    done = bench("wake-wrod")
    assert done.returncode == 64 and "did you mean 'wake-word'" in done.stderr and done.stdout == "", done.stderr
    done = bench("wake-word", "--precision", "int3")
    assert done.returncode not in (0, 1) and "no models in 'int3'" in done.stderr and done.stdout == "", done.stderr


def run(*words):
    model = os.path.join(work.name, "wake-word-int8.tflite")
    if not os.path.exists(model):
        assert call("export", "wake-word", "--precision", "int8", "--input-set", "0", "-o", work.name).returncode == 0
    scenario = os.path.join(work.name, "limits.lua")
    with open(scenario, "w") as out:
        out.write('return rg.scenario { name = "limits", tier = { name = "smoke", rounds = 1, samples = 10 }, '
                  f'cells = {{ {{ file = "{model}" }} }} }}')
    return call("run", scenario, "--quiet", "--json", "--out", os.path.join(work.name, "runs"), *words)


def test_limits_of_run_refuse_a_model_with_the_reason_in_the_record():
    for option, part in [("--max-model-bytes=1000", "bytes, more than the limit of 1000"),
                         ("--max-tensors=5", "tensors, more than the limit of 5"),
                         ("--max-nodes=3", "operators, more than the limit of 3")]:
        done = run(option)
        assert done.returncode == 3, (option, done.returncode, done.stderr)
        record = json.loads(done.stdout)["records"][0]
        assert record["status"] == "failed" and part in record["what"] and record["advice"], record
    assert run("--max-nodes=1000", "--max-tensors=1000", "--max-model-bytes=1000000").returncode == 0
    assert run("--max-nodes=many").returncode == 64


sys.exit(tap.run(globals()))
