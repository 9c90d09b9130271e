"""Sensors around vendors' libraries, which a process of its own opens: NVML and Joulescope against doubles of those
libraries, also ones that crash, hang or print. TAP on stdout.

    vendor_libraries.py RAILGAUGE SOURCE_ROOT NVML_DOUBLE JSDRV_DOUBLE
"""
import json
import os
import subprocess
import sys
import time

from rail_calls import BAD, PROGRAM, WORK, call, listed, remove_work, trace_of
import tap

FOLDERS = ":".join(os.path.dirname(os.path.abspath(library)) for library in sys.argv[3:5])


def like(**settings):
    """An environment in which the doubles are found, and are like that."""
    return {"env": dict(os.environ, LD_LIBRARY_PATH=FOLDERS, **settings)}


def without():
    return {"env": {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}}


# --- NVML ---------------------------------------------------------------------------------------------------------

def test_a_gpu_has_an_energy_counter_that_counts_and_a_power_beside_it():
    counter, power = listed("nvml", **like())
    assert (counter["name"], counter["power"]) == ("nvml:00000000:01:00.0:energy", "counter"), counter
    assert (counter["scope"], counter["role"], counter["limits"]["lsb_uj"]) == ("gpu", "total", 1000), counter
    assert (power["role"], power["parent"]) == ("excluded", counter["name"]), power
    assert "instant value" in power["facts"] and "25 % of the time" in power["facts"], power
    rails, rows, done = trace_of("nvml", "3", **like())
    assert [rail["kind"] for rail in rails] == ["counter", "instant"], rails
    watts = [row[4] for row in rows if row[2] == 1]
    joules = [(row[0], row[5]) for row in rows if row[2] == 0]
    assert len(watts) > 30 and set(watts) == {50000}, watts
    mean_w = (joules[-1][1] - joules[0][1]) / 1e6 / ((joules[-1][0] - joules[0][0]) / 1e9)
    assert abs(mean_w - 50) < 3, mean_w
    assert "gpu0-energy" in done.stderr, done.stderr


def test_a_counter_that_is_read_more_often_than_it_steps_shows_its_power_all_the_same():
    done = call("power", "watch", "--rail", "nvml", "--interval", "1s", "--count", "2", "--json", **like())
    watts = [json.loads(line)["power_mw"] for line in done.stdout.splitlines() if "energy" in line]
    assert len(watts) == 2 and all(abs(mw - 50000) < 10000 for mw in watts), watts


def test_a_driver_without_the_instant_value_gives_a_mean_over_a_second():
    _, power = listed("nvml", **like(NVML_DOUBLE="old"))
    assert power["lag_s"] == 0.5 and power["power"] == "block-average" and "mean over 1 s" in power["facts"], power


def test_of_two_gpus_each_is_a_part():
    rails = listed("nvml", **like(NVML_DOUBLE="two"))
    assert [rail["role"] for rail in rails] == ["component", "excluded"] * 2, rails


def test_a_gpu_that_cannot_be_read_says_why():
    for state, kind, words, advice in (("nodriver", "absent", "Driver Not Loaded", "modprobe nvidia"),
                                       ("denied", "denied", "Insufficient Permissions", "usermod"),
                                       ("none", "absent", "finds no GPU", "external meter"),
                                       ("dumb", "absent", "no GPU here tells its power", "external meter")):
        row, = listed("nvml", **like(NVML_DOUBLE=state))
        assert row["kind"] == kind and words in row["summary"] and advice in row["try"], (state, row)
    tree = os.path.join(WORK, "jetson", "proc", "device-tree")
    os.makedirs(tree)
    with open(os.path.join(tree, "compatible"), "w", encoding="utf-8") as file:
        file.write("nvidia,p3768-0000+p3767-0005\0nvidia,tegra234\0")
    done = call("--root", os.path.join(WORK, "jetson"), "list", "rails", "--json", **like())
    row, = [row for row in json.loads(done.stdout) if row["name"] == "nvml"]
    assert row["kind"] == "absent" and "on Jetson" in row["summary"] and "hwmon" in row["try"], row


def test_without_the_library_the_sensor_is_absent_and_says_what_to_install():
    for name, words in (("nvml", "NVIDIA driver"), ("joulescope", "joulescope_driver")):
        row, = listed(name, **without())
        if row.get("role"):
            raise tap.Skip("the real library is here")
        assert row["kind"] == "absent" and words in row["try"], row


def test_a_library_that_crashes_hangs_or_prints_leaves_holes_at_most():
    for state, words in (("crash", "crashed: Aborted"), ("hang", "it hangs")):
        rails, rows, done = trace_of("nvml", "4", **like(NVML_DOUBLE=state))
        last = [row for row in rows if row[2] == 0][-1]
        assert rows[0][3] == 0 and last[3] & BAD and "gap" in done.stderr and words in done.stderr, (state, rows[-2:], done.stderr)
    _, rows, done = trace_of("nvml", "1", **like(NVML_DOUBLE="noisy"))
    assert all(row[3] == 0 for row in rows) and "reading" not in done.stdout, rows[:2]


def test_the_library_is_never_in_the_program_itself_and_its_process_ends_with_it():
    command = [PROGRAM, "power", "watch", "--rail", "nvml", "--interval", "200ms", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **like())
    process.stdout.readline()
    with open("/proc/%d/maps" % process.pid, encoding="utf-8") as file:
        assert "libnvidia-ml" not in file.read()
    with open("/proc/%d/task/%d/children" % (process.pid, process.pid), encoding="utf-8") as file:
        child = int(file.read().split()[0])
    with open("/proc/%d/maps" % child, encoding="utf-8") as file:
        assert "libnvidia-ml" in file.read()
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 5
    while os.path.exists("/proc/%d" % child) and time.monotonic() < deadline:
        with open("/proc/%d/stat" % child, encoding="utf-8") as file:
            if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                break
        time.sleep(0.02)
    assert time.monotonic() < deadline, child


# --- Joulescope ---------------------------------------------------------------------------------------------------

def test_joulescopes_are_listed_by_model_and_serial_and_an_unknown_model_says_so():
    rows = listed("joulescope", **like())
    assert [row["name"] for row in rows] == ["joulescope:js220-000123", "joulescope:js110-000456", "joulescope:js999-000789"], rows
    assert [row["kind"] for row in rows] == ["present", "present", "unsupported"], rows
    assert [row["refresh_s"] for row in rows[:2]] == [0.05, 0.5] and rows[0]["role"] == "unknown", rows


def test_a_joulescope_gives_the_means_that_it_makes_itself():
    for unit, refresh_s in (("js220-000123", 0.05), ("000456", 0.5)):
        (rail,), rows, _ = trace_of("joulescope:%s,scope=board-in,gain=0.002,offset_mw=1" % unit, "3", **like())
        assert (rail["scope"], rail["role"], rail["limits"]["gain"]) == ("board-in", "total", 0.002), rail
        assert len(rows) >= 2.5 / refresh_s - 1 and all(row[3:] == [0, 2000, None, 5000, 400] for row in rows), rows[:2]
        steps = [b[0] - a[0] for a, b in zip(rows, rows[1:])]
        assert abs(sum(steps) / len(steps) - refresh_s * 1e9) < 0.05 * refresh_s * 1e9, steps


def test_a_joulescope_that_is_unplugged_leaves_holes():
    for state in ("unplug", "crash"):
        _, rows, done = trace_of("joulescope:js220-000123,scope=board-in", "4", **like(JSDRV_DOUBLE=state))
        assert rows[0][3] == 0 and rows[-1][3] & BAD and "gap" in done.stderr and "libjsdrv" in done.stderr, (state, rows[-2:], done.stderr)
    row, = listed("joulescope", **like(JSDRV_DOUBLE="none"))
    assert row["kind"] == "absent" and "udev" in row["try"], row


try:
    sys.exit(tap.run(globals()))
finally:
    remove_work()
