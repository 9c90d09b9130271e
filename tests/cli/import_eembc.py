"""`railgauge import eembc`: published energy sessions worked out again, and sessions made here that
cannot be right. TAP on stdout.

    import_eembc.py RAILGAUGE SOURCE_ROOT
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

import tap

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SHARED = os.environ.get("RAILGAUGE_SHARED") or os.path.join(os.path.dirname(SOURCE), "shared")
SESSIONS = os.path.join(SHARED, "traces", "eembc")
WRONG = "v1.1-st-l4r5zi-ic"
WORK = tempfile.mkdtemp(prefix="railgauge-eembc-")


def call(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60)


def read(folder, *words):
    done = call("import", "eembc", folder, "--json", *words)
    return done, json.loads(done.stdout) if done.stdout else None


def make(name, edges, runs=2, watts=0.05, rate=1000.0, published=None, log=True):
    """A session of `runs` runs of 100 inferences, 12 s each, 3 s apart."""
    folder = os.path.join(WORK, name)
    os.makedirs(folder)
    with open(os.path.join(folder, "trace1-energy.bin"), "wb") as file:
        file.write(b"\xf1" + struct.pack("<f", rate))
        file.write(struct.pack("<f", watts * 1e6 / rate) * int(rate * 50))
    with open(os.path.join(folder, "trace1-timestamps.json"), "w", encoding="utf-8") as file:
        json.dump(edges, file)
    if log:
        with open(os.path.join(folder, "log.txt"), "w", encoding="utf-8") as file:
            for run in range(runs):
                file.write('000%02d.000 parser: Command "io dut infer 100 1"\r\n' % (15 * run))
                file.write("000%02d.000 io: [dut]: m-infer-start-100\r\n" % (15 * run))
                file.write("000%02d.000 io: [dut]: m-infer-done\r\n" % (15 * run + 12))
    if published is not None:
        with open(os.path.join(folder, "results.txt"), "w", encoding="utf-8") as file:
            for number in (2, 4):
                file.write("1.0 ulp-ml: Energy data for window %d at time 3 for 12 sec.:\n" % number)
                file.write("1.0 ulp-ml:   Energy       :   %.3f uJ\n" % published)
    return folder


GOOD = [0.01, 3, 15, 18, 30]


def test_published_sessions_give_their_published_energies():
    if not os.path.isdir(SESSIONS):
        raise tap.Skip("no %s" % SESSIONS)
    names = [name for name in sorted(os.listdir(SESSIONS)) if name != WRONG]
    assert len(names) >= 7, names
    for name in names:
        done, session = read(os.path.join(SESSIONS, name))
        assert done.returncode == 0, (name, done.stderr)
        assert len(session["windows"]) == 5, name
        for window in session["windows"]:
            assert abs(window["energy_uj"] / window["published_uj"] - 1) < 1e-3, (name, window)
        assert abs(session["median_uj_per_inference"] / session["published_median_uj"] - 1) < 1e-3, (name, session)


def test_the_session_that_was_published_wrong_is_refused_with_the_reason():
    if not os.path.isdir(SESSIONS):
        raise tap.Skip("no %s" % SESSIONS)
    done, session = read(os.path.join(SESSIONS, WRONG))
    assert done.returncode == 4, done.returncode
    assert "10 edges where 5 runs of inferences make 11" in done.stderr and "try:" in done.stderr, done.stderr
    assert session["invalid"], session
    text = call("import", "eembc", os.path.join(SESSIONS, WRONG)).stdout
    assert "n/a (invalid)" in text, text


def test_a_session_becomes_a_trace_that_gives_the_same_energy():
    folder = make("trace", GOOD)
    path = os.path.join(WORK, "trace.jsonl")
    done, session = read(folder, "-o", path)
    assert done.returncode == 0, done.stderr
    assert abs(session["windows"][0]["energy_uj"] - 0.05 * 12e6) < 1, session
    replayed = call("power", "replay", path, "--window", "3,15", "--json")
    energy = json.loads(replayed.stdout)
    assert abs(energy["total"]["uj"] / session["windows"][0]["energy_uj"] - 1) < 1e-4, energy["total"]


def test_a_lost_edge_is_refused_with_and_without_a_log():
    for log, words in ((True, "4 edges where 2 runs"), (False, "odd number")):
        done, _ = read(make("lost-%s" % log, GOOD[:1] + GOOD[2:], log=log))
        assert done.returncode == 4 and words in done.stderr, done.stderr


def test_windows_that_the_log_contradicts_are_refused():
    done, _ = read(make("other-half", [0.01, 15, 18, 30, 33]))
    assert done.returncode == 4 and "the log's inferences took 12.000 s" in done.stderr, done.stderr


def test_published_energies_that_the_samples_do_not_hold_are_refused():
    done, session = read(make("published", GOOD, published=0.05 * 12e6))
    assert done.returncode == 0, done.stderr
    assert session["windows"][1]["published_uj"] == 0.05 * 12e6, session
    done, _ = read(make("too-good", GOOD, published=0.04 * 12e6))
    assert done.returncode == 4 and "were published" in done.stderr, done.stderr


def test_damaged_files_are_refused_by_name():
    folder = make("damaged", GOOD)
    energy = os.path.join(folder, "trace1-energy.bin")
    with open(energy, "rb") as file:
        whole = file.read()
    for content, code, words in ((b"", 65, "no energy trace"), (b"\xf0" + whole[1:], 65, "no energy trace"),
                                 (whole[:-1], 65, "no energy trace"), (whole[:4005], 65, "not within the trace"),
                                 (b"\xf1" + struct.pack("<f", float("nan")) + whole[5:], 65, "no energy trace"),
                                 (whole[:9] + struct.pack("<f", float("inf")) + whole[13:], 65, "no number")):
        with open(energy, "wb") as file:
            file.write(content)
        done, _ = read(folder)
        assert done.returncode == code and words in done.stderr, (content[:8], done.returncode, done.stderr)
    with open(energy, "wb") as file:
        file.write(whole)
    stamps = os.path.join(folder, "trace1-timestamps.json")
    for content in ("{}", "[1", "[]", '["x"]', "[3, 2, 1]"):
        with open(stamps, "w", encoding="utf-8") as file:
            file.write(content)
        done, _ = read(folder)
        assert done.returncode == 65 and "trace1-timestamps.json" in done.stderr, (content, done.stderr)
    os.remove(stamps)
    assert read(folder)[0].returncode == 74
    assert call("import", "mystery", folder).returncode == 64 and call("import").returncode == 64


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
