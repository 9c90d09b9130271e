"""Instructions an inference where no hardware counter is there: counted under valgrind, the same in each round, gated
exactly. TAP on stdout. Arguments: the program, and the program whose kernel misbehaves by RAILGAUGE_FAULT."""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import tap

PROGRAM, FAULTY = sys.argv[1:3]
SCENARIO = """return rg.scenario {
    name = "count", tier = {samples = 130, min_time = "1ms", cap = "60s"},
    measure = {counters = {"instructions"}},
    cells = {{op = rg.op("fully_connected", {input = {1, 64}, units = 64}), target = "cpu", threads = %d}},
}
"""


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def run(scenario, folder, env):
    got = subprocess.run([PROGRAM, "run", scenario, "--tier", "quick", "--out", folder + "/runs", "--quiet"],
                         env=env, capture_output=True, text=True, timeout=300)
    assert got.returncode == 0, got.stderr
    return folder + "/runs/*"


def counted(bundle, rounds):
    """What the first rounds say of their instructions."""
    found = sorted(glob.glob(bundle + "/rounds/*/record.json"))[:rounds]
    answers = []
    for path in found:
        with open(path) as file:
            answers.append(json.load(file)["counters"]["instructions"])
    return answers[0] if rounds == 1 else answers


def test_without_valgrind_the_refusal_says_what_to_install():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.lua")
        write(path, SCENARIO % 1)
        said = counted(run(path, folder, {**os.environ, "PATH": "/nowhere"}), 1)
        if isinstance(said, int):
            raise tap.Skip("a hardware counter counts here")
        assert said["na"] == "no-counters" and "install valgrind" in said["try"], said


def test_threads_that_wait_are_not_counted():
    if not shutil.which("valgrind") or len(os.sched_getaffinity(0)) < 2:
        raise tap.Skip("valgrind or a second processor is missing")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.lua")
        write(path, SCENARIO % 2)
        said = counted(run(path, folder, os.environ), 1)
        if isinstance(said, int):
            raise tap.Skip("a hardware counter counts here")
        assert said["na"] == "no-counters" and "one thread" in said["try"], said


def test_a_kernel_of_more_instructions_is_named_exactly():
    if not shutil.which("valgrind"):
        raise tap.Skip("valgrind is not installed")
    with tempfile.TemporaryDirectory() as folder:
        path, slower = os.path.join(folder, "a.lua"), os.path.join(folder, "slower")
        write(path, SCENARIO % 1)
        write(slower, '#!/bin/sh\nRAILGAUGE_FAULT=work=100 exec %s "$@"\n' % FAULTY, 0o755)
        got = subprocess.run([PROGRAM, "gate", "--a", PROGRAM, "--b", slower, "--scenario", path, "--metric", "instructions",
                              "--out", folder + "/runs", "--quiet", "--format", "json"],
                             capture_output=True, text=True, timeout=300)
        a, b = (counted("%s/runs/*/%s" % (folder, arm), 3) for arm in "AB")
        if isinstance(a[0], int):
            raise tap.Skip("a hardware counter counts here")
        assert a[0]["by"].startswith("valgrind") and a[0]["even"] and a[0]["value"] == a[1]["value"], a
        assert a[2]["na"] == "counted-before", "two that agree are enough: %s" % a
        more = b[0]["value"] / a[0]["value"] - 1
        assert more > 0.01, (a, b)
        assert got.returncode == 1, got.stdout + got.stderr
        (row,) = [r for r in json.loads(got.stdout)["tests"] if r["verdict"] == "regressed"]
        assert row["metric"] == "instructions" and row["method"] == "exact", row


sys.exit(tap.run(globals()))
