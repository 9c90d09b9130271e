"""Power modes and governors that a scenario asks for: set before their rounds, part of the key, and put back whatever
becomes of the run. The machine is a scratch tree with a double of nvpmodel. TAP on stdout.

    power_modes.py RAILGAUGE SOURCE_DIR
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tap

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
POLICY = "/sys/devices/system/cpu/cpufreq/policy0/"
GPU = "/sys/class/devfreq/17000000.gpu/"

CONF = """\
< PARAM TYPE=FILE NAME=CPU_ONLINE >
CORE_1 /sys/devices/system/cpu/cpu1/online
< POWER_MODEL ID=0 NAME=15W >
TPC_POWER_GATING TPC_PG_MASK 0
FILE %(p)sscaling_min_freq 100000
FILE %(p)sscaling_max_freq 1500000
FILE %(g)smin_freq 300000000
FILE %(g)smax_freq 600000000
< POWER_MODEL ID=1 NAME=7W >
TPC_POWER_GATING TPC_PG_MASK 0
FILE %(p)sscaling_min_freq 100000
FILE %(p)sscaling_max_freq 900000
FILE %(g)smin_freq 300000000
FILE %(g)smax_freq 400000000
< POWER_MODEL ID=2 NAME=MAXN >
TPC_POWER_GATING TPC_PG_MASK 248
< POWER_MODEL ID=3 NAME=25W_RESTART >
TPC_POWER_GATING TPC_PG_MASK 0
< PM_CONFIG DEFAULT=0 >
""" % {"p": POLICY, "g": GPU}

# as jetson_clocks leaves it: lower limits lifted
FOUND = {POLICY + "scaling_cur_freq": "1500000", POLICY + "scaling_min_freq": "1500000",
         POLICY + "scaling_max_freq": "1500000", POLICY + "scaling_governor": "schedutil",
         POLICY + "scaling_available_governors": "performance powersave schedutil",
         GPU + "cur_freq": "600000000", GPU + "min_freq": "600000000", GPU + "max_freq": "600000000",
         "/var/lib/nvpmodel/status": "pmode:0000"}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Machine:
    """A scratch tree; with-statement."""

    def __init__(self, scratch=True):
        self.folder = tempfile.TemporaryDirectory()
        self.tree = os.path.join(self.folder.name, "tree")
        write(self.tree + "/etc/nvpmodel.conf", CONF)
        for path, text in FOUND.items():
            write(self.tree + path, text + "\n")
        write(self.tree + "/sys/class/hwmon/hwmon0/name", "soctherm_oc\n")
        write(self.tree + "/sys/class/hwmon/hwmon0/oc3_event_cnt", "27390\n")
        write(self.tree + "/sys/class/thermal/thermal_zone0/temp", "41500\n")
        if scratch:
            write(self.tree + "/.railgauge-scratch", "")
        program = self.tree + "/usr/sbin/nvpmodel"
        os.makedirs(os.path.dirname(program))
        shutil.copy(SOURCE + "/tests/doubles/nvpmodel.py", program)
        os.chmod(program, 0o755)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.folder.cleanup()

    def read(self, path):
        try:
            with open(self.tree + path, encoding="utf-8") as file:
                return file.read().strip()
        except FileNotFoundError:
            return None

    def state(self):
        return {path: self.read(path) for path in FOUND}

    def calls(self):
        return (self.read("/nvpmodel.calls") or "").split("\n")

    def scenario(self, cells, tier='{ name = "smoke", rounds = 2 }'):
        path = os.path.join(self.folder.name, "s.lua")
        write(path, 'return rg.scenario { name = "modes", tier = %s, cells = %s }\n' % (tier, cells))
        return [PROGRAM, "--root", self.tree, "run", path, "--quiet", "--out", self.folder.name + "/out"]

    def run(self, *words, **more):
        return subprocess.run(self.scenario(*words, **more), capture_output=True, text=True, timeout=100)

    def start(self, *words, **more):
        return subprocess.Popen(self.scenario(*words, **more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                start_new_session=True)

    def bundle(self):
        out = self.folder.name + "/out"
        return os.path.join(out, os.listdir(out)[0])

    def cells(self):
        with open(self.bundle() + "/cells.jsonl", encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def rounds(self):
        folder = self.bundle() + "/rounds"
        found = []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name, "record.json"), encoding="utf-8") as file:
                found.append(json.load(file))
        return found


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


# real time, so that there is a middle to kill in; the core's clock is this machine's
LONG = '{ { empty = 64, pattern = { "idle", duration = "20s" }, power_mode = "7W", governor = "performance" } }'
ONE_ROUND = '{ name = "smoke", rounds = 1 }'


def is_set(machine):
    return (machine.read(POLICY + "scaling_governor") == "performance" and
            machine.read("/var/lib/nvpmodel/status") == "pmode:0001")


def is_back(machine):
    return machine.state() == FOUND


def test_every_round_runs_in_its_mode_and_the_machine_is_put_back():
    with Machine() as machine:
        done = machine.run('rg.matrix { empty = 64, pattern = { "idle", duration = "20ms" }, power_mode = { "15W", "7W" }, '
                           'governor = { "performance", "powersave" } }')
        assert done.returncode == 0, done.stderr
        assert is_back(machine), machine.state()
        keys = {cell["key"] for cell in machine.cells()}
        assert len(keys) == 4, "a mode is part of the key"
        assert all(cell["requested"]["power_mode"] in ("15W", "7W") for cell in machine.cells())
        rounds = machine.rounds()
        assert len(rounds) == 8
        for found in rounds:
            asked, state = found["settings"]["requested"], found["host"]["before"]
            assert state["power_mode"] == asked["power_mode"], (asked, state)
            assert state["governor"] == [asked["governor"]] == [state["cpufreq"]["policy0"]["governor"]], state
            assert "state-changed" not in found["flags"], found["flags"]
            for when in ("before", "after"):
                assert 50 < found["host"][when]["cpu_mhz_measured"] < 8000, found["host"]


def test_the_report_tells_of_deltas_even_when_they_are_zero():
    with Machine() as machine:
        done = machine.run('{ { empty = 64, pattern = { "idle", duration = "20ms" } } }')
        assert done.returncode == 0, done.stderr
        assert machine.rounds()[0]["host"]["delta"] == {"oc3_event_cnt": 0}
        report = subprocess.run([PROGRAM, "report", machine.bundle(), "--format", "markdown"], capture_output=True, text=True, timeout=60)
        assert report.returncode == 0, report.stderr
        for words in ("throttle counters rose by | oc3_event_cnt=0", "hottest while measuring (mC) | thermal_zone0=41500",
                      "measured clock at end (MHz)", "clocks locked | true"):
            assert words in report.stdout.replace("\\_", "_"), (words, report.stdout[-3000:])


def test_cells_of_one_mode_stand_together_and_others_get_the_machine_as_found():
    with Machine() as machine:
        cells = "{ %s }" % ", ".join('{ empty = %d, pattern = { "idle", duration = "10ms" }%s }' % (64 + i, mode)
                                     for i, mode in enumerate(['', ', power_mode = "7W"', '', ', power_mode = "1"']))
        done = machine.run(cells)
        assert done.returncode == 0, done.stderr
        seen = [found["host"]["before"]["power_mode"] for found in machine.rounds()]
        assert seen == ["15W", "15W", "7W", "7W", "7W", "7W", "15W", "15W"], seen
        assert machine.calls() == ["-m 1", "-m 0"], machine.calls()
        assert is_back(machine), machine.state()


def test_without_a_mode_in_the_scenario_nothing_is_touched():
    with Machine() as machine:
        before = {path: os.stat(machine.tree + path).st_mtime_ns for path in FOUND}
        done = machine.run('{ { empty = 64, target = "sim" } }')
        assert done.returncode == 0, done.stderr
        assert {path: os.stat(machine.tree + path).st_mtime_ns for path in FOUND} == before
        assert machine.calls() == [""], machine.calls()


def kill_and_see(number):
    with Machine() as machine:
        process = machine.start(LONG, tier=ONE_ROUND)
        assert wait_for(lambda: is_set(machine)), (machine.state(), process.poll())
        assert machine.read(GPU + "max_freq") == "400000000"
        process.send_signal(number)
        process.wait(timeout=20)
        assert wait_for(lambda: is_back(machine)), (machine.state(), machine.calls())
        return process.returncode


def test_restored_after_ctrl_c():
    assert kill_and_see(signal.SIGINT) == 130


def test_restored_after_sigterm():
    assert kill_and_see(signal.SIGTERM) == 130


def test_restored_when_the_program_is_killed():
    assert kill_and_see(signal.SIGKILL) == -signal.SIGKILL


def test_restored_when_everything_in_its_group_is_killed():
    with Machine() as machine:
        process = machine.start(LONG, tier=ONE_ROUND)
        assert wait_for(lambda: is_set(machine)), machine.state()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)
        assert wait_for(lambda: is_back(machine)), (machine.state(), machine.calls())


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="utf-8") as file:
        return [int(word) for word in file.read().split()]


def test_restored_after_a_worker_crashed():
    with Machine() as machine:
        process = machine.start(LONG, tier=ONE_ROUND)
        assert wait_for(lambda: is_set(machine)), machine.state()

        def worker():
            for pid in children(process.pid):
                with open("/proc/%d/cmdline" % pid, "rb") as file:
                    if file.read().split(b"\0")[1:2] == [b"worker"]:
                        return pid
            return None
        assert wait_for(worker)
        os.kill(worker(), signal.SIGSEGV)
        process.wait(timeout=30)
        assert process.returncode == 3, process.stderr.read()
        assert is_back(machine), machine.state()
        assert "Segmentation" in machine.rounds()[0]["what"], machine.rounds()


def test_what_cannot_be_put_back_is_told():
    with Machine() as machine:
        process = machine.start('{ { empty = 64, pattern = { "idle", duration = "2s" }, power_mode = "7W" } }', tier=ONE_ROUND)
        assert wait_for(lambda: machine.read("/var/lib/nvpmodel/status") == "pmode:0001"), machine.state()
        write(machine.tree + "/usr/sbin/nvpmodel", "#!/bin/sh\necho the power service is away; exit 1\n")
        process.wait(timeout=30)
        said = process.stderr.read()
        assert "not as it was found" in said and "the power service is away" in said, said


def refusal(cell, scratch=True, spoil=None):
    with Machine(scratch) as machine:
        if spoil:
            spoil(machine)
        before = machine.state()
        done = machine.run('{ { empty = 64, target = "sim", %s } }' % cell)
        assert machine.state() == before and machine.calls() == [""], machine.state()
        assert not os.path.exists(machine.tree + "/restarted")
        admission = machine.cells()[0]["admission"]
        return done.returncode, admission["status"], admission["what"], admission["advice"]


def test_what_cannot_be_set_is_refused_in_words_before_anything_is_touched():
    code, status, what, advice = refusal('power_mode = "60W"')
    assert (code, status) == (3, "unsupported") and "'60W'" in what and "15W 7W MAXN" in advice, (what, advice)
    code, status, what, advice = refusal('governor = "fast"')
    assert status == "unsupported" and "performance powersave" in advice, (what, advice)
    code, status, what, advice = refusal('power_mode = "MAXN"')
    assert status == "unsupported" and "restart" in what and "by hand" in advice, (what, advice)


def test_a_machine_without_modes_says_absent():
    code, status, what, advice = refusal('power_mode = "7W"', spoil=lambda m: os.remove(m.tree + "/etc/nvpmodel.conf"))
    assert (code, status) == (5, "absent") and "nvpmodel.conf" in what, what
    code, status, what, advice = refusal('governor = "performance"', spoil=lambda m: shutil.rmtree(m.tree + POLICY))
    assert status == "absent" and "cpufreq" in what, what


def test_a_recorded_machine_is_never_changed():
    for cell in ('power_mode = "7W"', 'governor = "performance"'):
        code, status, what, advice = refusal(cell, scratch=False)
        assert status == "unsupported" and "recorded" in what, what


def test_a_mode_that_turns_out_to_need_a_restart_costs_its_rounds_and_is_never_confirmed():
    with Machine() as machine:
        done = machine.run('{ { empty = 64, target = "sim", power_mode = "25W_RESTART" }, { empty = 32, target = "sim" } }')
        assert done.returncode == 3, done.stderr
        found = {(r["status"], r["name"].split("/")[0]) for r in machine.rounds()}
        assert found == {("unsupported", "empty-64"), ("ok", "empty-32")}, found
        assert any("asks for a restart" in r["what"] for r in machine.rounds())
        assert machine.read("/restarted") is None and is_back(machine)


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
