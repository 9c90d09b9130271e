"""`railgauge power`: an external meter's program, recording a command, working out a trace, watching.
TAP on stdout.

    power_verb.py RAILGAUGE SOURCE_ROOT
"""
import json
import math
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time

import tap

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
METER = "%s %s" % (sys.executable, os.path.join(SOURCE, "tests", "doubles", "power_meter.py"))
WORK = tempfile.mkdtemp(prefix="railgauge-power-verb-")


def call(*words, **more):
    return subprocess.run([PROGRAM, "power", *words], capture_output=True, text=True, timeout=60, **more)


def trace(name):
    return os.path.join(WORK, name + ".jsonl")


def record(name, *command, meter=METER + " --steady 3", more=()):
    done = call("record", "-o", trace(name), "--power-pipe", meter, *more, "--", *command)
    return done


def replay(name, *words):
    done = call("replay", trace(name), "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def lines(name):
    with open(trace(name), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_trace(name, rows, spans=(), **rail):
    """A trace made here: rows of (seconds, milliwatts)."""
    limits = {"gain": 0, "offset_mw": 0, "lsb_mw": 0}
    rail = dict({"id": "made:up", "label": "up", "sensor": "made", "scope": "module", "role": "total",
                 "kind": "instant", "refresh_s": 0.1, "limits": limits}, **rail)
    with open(trace(name), "w", encoding="utf-8") as file:
        file.write(json.dumps({"rails": [rail], "columns": []}) + "\n")
        for t, mw in rows:
            file.write(json.dumps([int(t * 1e9), 0, 0, 0, mw, None, None, None]) + "\n")
        for word, start, end in spans:
            file.write(json.dumps({"span": word, "start_ns": int(start * 1e9), "end_ns": int(end * 1e9)}) + "\n")


def test_a_recorded_command_keeps_its_output_and_its_exit_code_and_its_energy_goes_to_stderr():
    done = record("command", "sh", "-c", "echo hello; sleep 1; exit 7")
    assert (done.returncode, done.stdout) == (7, "hello\n"), (done.returncode, done.stdout, done.stderr)
    assert "board-in" in done.stderr and " J +- " in done.stderr, done.stderr
    energy = replay("command")
    assert 0.9 < energy["window_s"] < 5, energy["window_s"]
    assert math.isclose(energy["total"]["uj"], 3e6 * energy["window_s"], rel_tol=1e-6), energy["total"]
    assert energy["scope"] == "board-in" and energy["mean_mw"] == 3000, energy


def test_idle_before_and_after_is_taken_off():
    record("idle", "sleep", "0.5", more=("--idle-time", "1s"))
    energy = replay("idle")
    assert abs(energy["above_idle"]["uj"]) < 0.02 * energy["total"]["uj"], energy["above_idle"]
    assert energy["rails"][0]["idle_before_mw"] == energy["rails"][0]["idle_after_mw"] == 3000
    assert "low-signal" in energy["above_idle"]["refusals"], energy["above_idle"]


def test_all_clocks_of_a_meter_lie_on_ours():
    for clock in ("own", "monotonic", "realtime"):
        record("clock-" + clock, "sleep", "2.5", meter=METER + " --clock " + clock)
        all_lines = lines("clock-" + clock)
        window, = (line for line in all_lines if isinstance(line, dict) and line.get("span") == "window")
        times = [row[0] for row in all_lines if isinstance(row, list)]
        inside = [t for t in times if window["start_ns"] <= t <= window["end_ns"]]
        assert len(inside) > 20, (clock, len(inside))
        assert times == sorted(times), clock
        # the wave's edge lies where the meter's own clock says; the trace begins before and ends after
        assert times[0] < window["start_ns"] and times[-1] > window["end_ns"] - 5e8, clock


def test_a_meter_that_ends_or_writes_rubbish_leaves_a_gap_that_is_seen():
    record("dead", "sleep", "2", meter=METER + " --steady 3 --die-after 80")
    assert "gap" in replay("dead")["total"]["refusals"], replay("dead")["total"]
    record("rubbish", "sleep", "2", meter=METER + " --steady 3 --garbage 3")
    rail, = replay("rubbish")["rails"]
    assert rail["n_bad"] > 5, rail


def test_a_meters_program_that_cannot_serve_is_refused_with_its_own_words():
    for meter, words in (("exit 3", "has ended"), ("echo hello", "hello"), ("echo '# scope=moon'; sleep 9", "scope=moon")):
        done = record("refused", "true", meter=meter)
        assert done.returncode in (3, 65), (meter, done.returncode, done.stderr)
        assert words in done.stderr and "try:" in done.stderr, (meter, done.stderr)
    assert subprocess.run(["pgrep", "-f", "sleep 9$"], capture_output=True).stdout == b""


def test_a_killed_recorder_leaves_a_trace_that_can_be_read():
    process = subprocess.Popen([PROGRAM, "power", "record", "-o", trace("killed"), "--power-pipe", METER, "--",
                                "sleep", "30"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (os.path.exists(trace("killed")) and os.path.getsize(trace("killed")) > 4000):
        time.sleep(0.05)
    process.kill()
    process.wait()
    # its meter's program finds nobody to write to and ends by itself
    with open(trace("killed"), "ab") as file:
        file.write(b"[1234,5")
    done = call("replay", trace("killed"))
    assert done.returncode == 0, done.stderr
    assert "its recorder was killed" in done.stderr and "board-in" in done.stdout


def test_ctrl_c_ends_the_command_and_keeps_the_trace():
    process = subprocess.Popen([PROGRAM, "power", "record", "-o", trace("stopped"), "--power-pipe", METER, "--",
                                "sleep", "30"], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (os.path.exists(trace("stopped")) and os.path.getsize(trace("stopped")) > 4000):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM, (process.returncode, words)
    assert "board-in" in words and replay("stopped")["window_s"] < 25


def test_a_window_of_a_trace_and_its_idle_are_worked_out():
    # 5 W between 2 s and 4 s on 1 W of idle
    write_trace("step", [(i / 100, 5000 if 200 <= i <= 400 else 1000) for i in range(700)], refresh_s=0.01)
    energy = replay("step", "--window", "2,4", "--idle", "0,1.9,4.5,6.5")
    assert math.isclose(energy["total"]["uj"], 10e6, rel_tol=1e-3), energy["total"]
    assert math.isclose(energy["above_idle"]["uj"], 8e6, rel_tol=1e-3), energy["above_idle"]
    assert energy["total"]["refusals"] == [], energy["total"]
    one_sided = replay("step", "--window", "2,4", "--idle", "0,1.9")
    assert math.isclose(one_sided["above_idle"]["uj"], 8e6, rel_tol=1e-3)
    assert one_sided["above_idle"]["refusals"] == ["idle-drift"], one_sided["above_idle"]


def test_the_trace_names_its_own_window():
    write_trace("named", [(i / 100, 2000) for i in range(500)], [("window", 1, 3)], refresh_s=0.01)
    assert replay("named")["window_s"] == 2
    assert replay("named", "--window", "0.5,4.5")["window_s"] == 4


def test_wrong_windows_and_traces_are_refused():
    write_trace("ok", [(i / 10, 1000) for i in range(100)])
    for words, code in ((["--window", "5,2"], 64), (["--window", "1"], 64), (["--window", "x,y"], 64),
                        (["--idle", "1,2,3"], 64), (["--idle", "3,1"], 64), (["--window", "nan,3"], 64)):
        done = call("replay", trace("ok"), *words)
        assert done.returncode == code and "try:" in done.stderr, (words, done.returncode, done.stderr)
    with open(trace("damaged"), "w", encoding="utf-8") as file:
        file.write('{"rails": []}\n[1,2,3]\n')
    done = call("replay", trace("damaged"))
    assert done.returncode == 65 and "line 2" in done.stderr, done.stderr
    assert call("replay", trace("nowhere")).returncode == 74
    assert call("replay").returncode == 64 and call("rest").returncode == 64


def test_watching_into_a_pipe_gives_json_lines():
    done = call("watch", "--power-pipe", METER + " --steady 3", "--interval", "200ms", "--count", "3")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 3 and all(row["rail"] == "pipe:double" for row in rows), rows
    assert all(row["power_mw"] == 3000 and row["n"] > 0 for row in rows), rows


def test_watching_on_a_terminal_gives_a_table_that_stays_in_place():
    master, slave = pty.openpty()
    process = subprocess.Popen([PROGRAM, "power", "watch", "--power-pipe", METER + " --steady 3", "--interval", "200ms",
                                "--count", "2"], stdout=slave, stderr=slave)
    os.close(slave)
    text = b""
    while select.select([master], [], [], 20)[0]:
        try:
            piece = os.read(master, 4096)
        except OSError:
            break
        if not piece:
            break
        text += piece
    assert process.wait(timeout=20) == 0, text
    words = text.decode()
    assert words.count("double") == 2 and "\033[2A" in words and "3.00 W" in words, words
    assert max(map(len, words.replace("\033[2A\033[J", "").splitlines())) <= 80, words


def test_a_recorded_x86_machine_gives_its_packages_energy():
    machine = os.path.join(SOURCE, "tests", "machines", "x86-rapl")
    done = subprocess.run([PROGRAM, "--root", machine, "power", "record", "-o", trace("rapl"), "--", "sleep", "0.3"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    energy = replay("rapl")
    assert energy["scope"] == "cpu" and energy["rails_summed"] == 1, energy
    # a recorded counter stands still
    assert energy["total"]["uj"] == 0, energy["total"]


def test_without_rails_the_reason_is_said():
    done = call("record", "-o", trace("none"), "--", "true")
    if done.returncode == 0:
        raise tap.Skip("this machine has rails of its own")
    assert done.returncode == 5 and "try:" in done.stderr, (done.returncode, done.stderr)
    assert not os.path.exists(trace("none"))


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
