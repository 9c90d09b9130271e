"""`railgauge power check`: the step self-test over meters that average, lag and come late, and what
later runs take from it. TAP on stdout.

    power_check.py RAILGAUGE SOURCE_ROOT
"""
import json
import os
import subprocess
import sys
import tempfile

import tap

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
WORK = tempfile.mkdtemp(prefix="railgauge-power-check-")
SEEN = os.path.join(WORK, "load")
LOAD = "trap 'rm -f %s; exit' TERM; : > %s; while :; do sleep 0.02; done" % (SEEN, SEEN)
DOUBLE = os.path.join(SOURCE, "tests", "doubles", "power_meter.py")


def meter(more, claim="refresh_s=0.01"):
    head = "rail=double scope=board-in role=total gain=0.01 offset_mw=1 lsb_mw=0.1 " + claim
    return "%s %s --sees %s %s --head '%s'" % (sys.executable, DOUBLE, SEEN, more, head)


def call(state, *words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=90,
                          env=dict(os.environ, XDG_STATE_HOME=os.path.join(WORK, state)))


def check(state, pipe, *more, seconds="2"):
    return call(state, "power", "check", "--power-pipe", pipe, "--rail", "pipe", "--load", LOAD, "--seconds", seconds,
                *more)


def fit(state, pipe, seconds="2"):
    done = check(state, pipe, "--json", seconds=seconds)
    rail, = json.loads(done.stdout)["rails"]
    return done, rail


def kept(state):
    with open(os.path.join(WORK, state, "railgauge", "rails.json"), encoding="utf-8") as file:
        return json.load(file)["rails"]["pipe:double"]


def test_lag_delay_and_refresh_of_a_recursive_meter_are_found_and_kept():
    claim = "kind=recursive-average refresh_s=0.01 lag_s=0.2"
    done, rail = fit("recursive", meter("--lag 0.2 --delay 0.1", claim))
    found = rail["fitted"]
    assert done.returncode == 0 and rail["code"] is None, (done.stderr, rail)
    assert found["kind"] == "recursive-average", found
    assert abs(found["lag_s"] - 0.2) < 0.02 and abs(found["delay_s"] - 0.1) < 0.03, found
    assert abs(found["refresh_s"] - 0.01) < 0.003, found
    assert abs(rail["idle_mw"] - 3000) < 100 and abs(rail["load_mw"] - 9000) < 100, rail
    assert abs(kept("recursive")["fitted"]["lag_s"] - found["lag_s"]) < 1e-9, kept("recursive")


def test_a_damaged_file_of_fits_is_named_with_what_to_do():
    folder = os.path.join(WORK, "damaged", "railgauge")
    os.makedirs(folder)
    with open(os.path.join(folder, "rails.json"), "w", encoding="utf-8") as file:
        file.write("{oops")
    done = call("damaged", "list", "rails")
    assert done.returncode == 65, (done.returncode, done.stderr)
    assert "rails.json" in done.stderr and "remove it" in done.stderr, done.stderr


def test_a_block_average_has_no_lag():
    done, rail = fit("block", meter("--block 0.1", "kind=block-average refresh_s=0.1"))
    found = rail["fitted"]
    assert done.returncode == 0 and found["lag_s"] == 0 and rail["code"] is None, (done.stderr, rail)
    assert abs(found["refresh_s"] - 0.1) < 0.02 and found["kind"] != "recursive-average", found


def test_a_meter_that_hides_its_lag_is_told_so_and_later_runs_wait_for_it():
    pipe = meter("--lag 0.2", "refresh_s=0.01")
    done = check("hidden", pipe)
    assert done.returncode == 4 and "sensor-differs" in done.stdout and "lag" in done.stdout, done
    assert "rails.json" in done.stdout, done.stdout
    done = call("hidden", "list", "rails", "--power-pipe", pipe, "--json")
    rail, = [one for one in json.loads(done.stdout) if one["name"] == "pipe:double"]
    assert rail["power"] == "recursive-average" and abs(rail["lag_s"] - 0.2) < 0.03, rail
    assert "checked=" in str(rail) and "claimed_lag_s=0" in str(rail), rail
    # another program that claims something else is not meant
    done = call("hidden", "list", "rails", "--power-pipe", meter("", "refresh_s=0.05"), "--json")
    rail, = [one for one in json.loads(done.stdout) if one["name"] == "pipe:double"]
    assert rail["lag_s"] == 0 and "checked" not in str(rail), rail


def test_a_meter_that_does_not_follow_the_load_is_stale_and_so_is_its_energy():
    pipe = meter("--deaf", "refresh_s=0.01")
    done = check("deaf", pipe)
    assert done.returncode == 4 and "stale" in done.stdout, (done.returncode, done.stdout)
    trace = os.path.join(WORK, "deaf.jsonl")
    done = call("deaf", "power", "record", "-o", trace, "--power-pipe", pipe, "--rail", "pipe", "--", "sleep", "1")
    assert "stale" in done.stderr, done.stderr
    energy = json.loads(call("deaf", "power", "replay", trace, "--json").stdout)
    assert "stale" in energy["total"]["refusals"], energy["total"]


def test_the_load_of_its_own_reaches_no_external_meter_and_ends_with_it():
    done = call("own", "power", "check", "--power-pipe", meter(""), "--rail", "pipe", "--seconds", "1")
    assert done.returncode == 4 and "stale" in done.stdout, (done.returncode, done.stdout, done.stderr)


def test_recorded_machines_keep_nothing():
    tree = os.path.join(SOURCE, "tests", "machines", "orin-nano-jp6")
    done = call("tree", "--root", tree, "power", "check", "--seconds", "1")
    assert done.returncode == 4 and "stale" in done.stdout, (done.returncode, done.stdout, done.stderr)
    assert not os.path.exists(os.path.join(WORK, "tree")), "a recorded tree says nothing of this machine"


def test_a_broken_file_is_named():
    os.makedirs(os.path.join(WORK, "broken", "railgauge"))
    with open(os.path.join(WORK, "broken", "railgauge", "rails.json"), "w", encoding="utf-8") as file:
        file.write("{}")
    done = call("broken", "list", "rails")
    assert done.returncode == 65 and "rails.json" in done.stderr and "try:" in done.stderr, done


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
