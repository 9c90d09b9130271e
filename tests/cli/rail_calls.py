"""What tests of rails share: the program called with one rail, its listing and its trace, and doubles beside it. The
program and the source's folder are the first two words of the command line.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
DOUBLES = os.path.join(SOURCE, "tests", "doubles")
WORK = tempfile.mkdtemp(prefix="railgauge-rails-")
BAD, CLIPPED = 1, 4


def remove_work():
    shutil.rmtree(WORK, ignore_errors=True)


def call(*words, **more):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, **more)


def listed(name, **more):
    """The rows of `list rails` of one sensor."""
    done = call("list", "rails", "--json", **more)
    assert done.returncode == 0, done.stderr
    return [row for row in json.loads(done.stdout) if row["name"].split(":")[0] == name]


def trace_of(rail, seconds="2", **more):
    """Records that long; the trace's rails and rows (as [t_ns, half_ns, rail, flags, power_mw, energy_uj, mv, ma])."""
    path = os.path.join(WORK, "trace.jsonl")
    done = call("power", "record", "--rail", rail, "-o", path, "--", "sleep", seconds, **more)
    assert done.returncode == 0, done.stderr
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return lines[0]["rails"], [line for line in lines if isinstance(line, list)], done


class double:
    """A double that runs while the block does; `said` is its first line."""

    def __init__(self, name, *words):
        self.command = [sys.executable, os.path.join(DOUBLES, name), *words]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.said = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
