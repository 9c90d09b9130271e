"""Power monitors in an emulated machine, for drivers.py and board.py: boots with a table of registers to play, keeps what the machine said
by section, and holds recorded traces against what the registers mean.
"""
import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile

from ina_chips import joules

# Begins every script: `say NAME` begins a section, `pack FILE` prints a trace.
PROLOGUE = """
say() { echo "=== $1"; }
pack() { say "$1-trace"; gzip -c $1 | base64; }
bus=/sys/bus/i2c/devices/i2c-0
play() { play_registers /dev/i2c-0 /files/$1; }
"""


def refuse(reason):
    print("1..0 # SKIP " + " ".join(reason.split())[-200:])
    sys.exit(0)


class Trace:
    """A recorded trace: its rows by rail, its window, and the energies that `power replay` works out here."""

    def __init__(self, program, path):
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        ids = [rail["id"] for rail in lines[0]["rails"]]
        self.refresh_s = {rail["id"]: rail["refresh_s"] for rail in lines[0]["rails"]}
        rows = [line for line in lines if isinstance(line, list)]
        self.rows = {name: [row for row in rows if ids[row[2]] == name] for name in ids}
        self.window, = (line for line in lines if isinstance(line, dict) and line.get("span") == "window")
        done = subprocess.run([program, "power", "replay", path, "--json"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        self.energy = json.loads(done.stdout)
        self.rails = {rail["id"]: rail for rail in self.energy["rails"]}

    def watts(self, name):
        return [row[4] / 1e3 for row in self.rows[name] if row[4] is not None]

    def flags(self, name):
        return {row[3] for row in self.rows[name]}


class Guest:
    """`chips`: {rail: chip of ina_chips}. `steps`: (milliseconds, (volts, amperes) of each chip); the last has none and is the first
    again. Two tables are played by the script: `first`, the first step, and `table`, all."""

    def __init__(self, source, build, script, chips, steps, vm="vm-amd64", vm_build=None, **env):
        self.program, self.chips, self.steps = os.path.join(build, "railgauge"), chips, steps
        self.work = tempfile.mkdtemp(prefix="railgauge-monitors-")
        files = [os.path.join(vm_build or build, "tests/vm/play_registers")] + [os.path.join(self.work, name) for name in ("first", "table")]
        for path, part in zip(files[1:], (steps[:1], steps)):
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.table(part))
        done = subprocess.run([os.path.join(source, "scripts", vm), vm_build or build] + files, input=PROLOGUE + script, capture_output=True,
                              text=True, env={"RG_VM_LIMIT_S": "500", **os.environ, **env})
        if done.returncode == 77:
            refuse(done.stderr)
        parts = [part.partition("\n") for part in done.stdout.split("=== ")[1:]]
        self.said = {name: text for name, _, text in parts}
        if not parts or done.returncode:
            print("1..1\nnot ok 1 - the machine runs its script\n# " + (done.stdout + done.stderr)[-3000:].replace("\n", "\n# "))
            sys.exit(1)

    def close(self):
        shutil.rmtree(self.work)

    def table(self, steps):
        lines = []
        for at_ms, *values in steps:
            for chip, value in zip(self.chips.values(), values or self.steps[0][1:]):
                lines += ["%d %02x %02x %s" % (at_ms, chip.address, register, digits) for register, digits in chip.shows(*value)]
        return "".join(line + "\n" for line in lines)

    def listing(self, section):
        """{id: row} of a section's `list rails --json`."""
        text = self.said[section]
        return {row["name"]: row for row in json.loads(text[text.index("["):])}

    def trace(self, name):
        path = os.path.join(self.work, name + ".jsonl")
        with open(path, "wb") as file:
            file.write(gzip.decompress(base64.b64decode(self.said[name + "-trace"])))
        return Trace(self.program, path)

    def writes(self, section):
        """What was in the chips when: the first table, then what the player says."""
        first = [line.split() for line in self.table(self.steps[:1]).splitlines()]
        played = [line.split() for line in self.said[section].splitlines() if len(line.split()) == 5]
        return [(0, int(f[1], 16), int(f[2], 16), f[3]) for f in first] + \
            [((int(f[0]) + int(f[1])) // 2, int(f[2], 16), int(f[3], 16), f[4]) for f in played]

    def compare(self, name, chips):
        """Energies of a trace within 0.1 % of the truth, but that each step of power lies somewhere within a refresh. `chips` as in
        the constructor, for each rail of the trace in the same order."""
        trace = self.trace(name)
        assert set(trace.rails) == set(chips), sorted(trace.rails)
        for rail, chip in chips.items():
            place = 1 + [(c.address, c.bus) for c in self.chips.values()].index((chip.address, chip.bus))
            steps = [volts * amperes for volts, amperes in (step[place] for step in self.steps[:-1])]
            got, truth = trace.rails[rail]["total"]["uj"] / 1e6, joules(chip, self.writes(name), trace.window["start_ns"], trace.window["end_ns"])
            doubt = 0.001 * abs(truth) + sum(abs(b - a) for a, b in zip(steps, steps[1:])) * trace.refresh_s[rail] / 2
            print("# %s: %.6g J, the registers mean %.6g J (%+.3f %%)" % (rail, got, truth, 100 * (got / truth - 1)))
            assert abs(got - truth) < doubt, (rail, got, truth, doubt)
            for watts in steps:  # each, the feeding back among them, is seen as it is, to the driver's rounding
                assert any(abs(seen - watts) < 0.003 * abs(watts) for seen in trace.watts(rail)), (rail, watts)
        return trace
