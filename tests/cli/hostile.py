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
import time

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


sys.exit(tap.run(globals()))
