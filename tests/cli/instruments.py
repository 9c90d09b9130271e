"""Instruments and vendors' tools as rails, each against its double: a Raspberry Pi's vcgencmd, meters that speak SCPI, a
Nordic PPK2, and what becomes of a run when one of them vanishes. TAP on stdout.

    instruments.py RAILGAUGE SOURCE_ROOT
"""
import json
import os
import shutil
import sys

from rail_calls import BAD, CLIPPED, DOUBLES, WORK, call, double, listed, remove_work, trace_of
import tap


# --- a Raspberry Pi's power chip ----------------------------------------------------------------------------------

def pi(**settings):
    folder = os.path.join(WORK, "bin")
    if not os.path.exists(folder):
        os.mkdir(folder)
        shutil.copy(os.path.join(DOUBLES, "vcgencmd.py"), os.path.join(folder, "vcgencmd"))
    return {"env": dict(os.environ, PATH=folder + ":" + os.environ["PATH"], **settings)}


def test_a_raspberry_pi_5_shows_its_regulators_and_says_what_they_miss():
    rails = listed("pmic", **pi())
    assert [row["label"] for row in rails] == ["3V3_SYS", "VDD_CORE", "DDR_VDD2"], rails
    for row in rails:
        assert (row["scope"], row["role"], row["refresh_s"]) == ("module", "component", 0.2), row
        assert "AI HAT or Coral stick is not covered" in row["facts"] and "EXT5V=5.132V" in row["facts"], row["facts"]
    assert "EXT5V" in call("list", "rails", **pi()).stdout


def test_vcgencmd_is_asked_five_times_a_second_at_most():
    count = os.path.join(WORK, "count")
    rails, rows, _ = trace_of("pmic", **pi(VCGENCMD_COUNT=count))
    times = [row[0] for row in rows if row[2] == 0]
    assert 7 <= len(times) <= 16 and os.path.getsize(count) <= len(times) + 2, (len(times), os.path.getsize(count))
    assert len(times) <= 5 * (times[-1] - times[0]) / 1e9 + 2, times
    powers = {rails[row[2]]["label"]: round(row[4], 6) for row in rows}
    assert powers == {"3V3_SYS": 330, "VDD_CORE": 1500, "DDR_VDD2": 220}, powers


def test_a_pi_that_refuses_or_has_no_meter_says_what_to_do():
    denied, = listed("pmic", **pi(VCGENCMD_DOUBLE="denied"))
    assert denied["kind"] == "denied" and "usermod -aG video" in denied["try"], denied
    old, = listed("pmic", **pi(VCGENCMD_DOUBLE="pi4"))
    assert old["kind"] == "absent" and "Raspberry Pi 5" in old["summary"], old


def test_a_vcgencmd_that_hangs_costs_readings_and_not_the_run():
    flag = os.path.join(WORK, "hang")
    path = os.path.join(WORK, "hung.jsonl")
    done = call("power", "record", "--rail", "pmic", "-o", path, "--", "sh", "-c", "sleep 1; touch %s; sleep 2" % flag,
                **pi(VCGENCMD_DOUBLE=flag))
    assert done.returncode == 0, done.stderr
    with open(path, encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if isinstance(row, list)]
    assert any(row[3] == 0 for row in rows) and rows[-1][3] & BAD, rows
    assert "gap" in done.stderr, done.stderr


# --- SCPI ---------------------------------------------------------------------------------------------------------

def test_each_family_is_known_by_what_it_answers_and_asked_in_its_own_words():
    for like, words, dialect, more in (
            ("yokogawa", "scope=wall", "yokogawa-wt300", {"scope": "wall", "role": "total", "refresh_s": 0.1}),
            ("keysight", "channel=2,rail=jack", "keysight-e36000", {"label": "jack", "role": "unknown"}),
            ("dmm", "volts=5", "keysight-34400", {}),
            ("rs", "channel=2,gain=0.001,offset_mw=3", "rs-supply", {}),
            ("unknown", "refresh_s=0.05", "generic", {"refresh_s": 0.05})):
        with double("scpi_meter.py", like) as meter:
            rails, rows, done = trace_of("scpi:127.0.0.1:%s,%s" % (meter.said, words), "1")
        rail, = rails
        assert "dialect " + dialect in rail["facts"], (like, rail)
        assert {key: rail[key] for key in more} == more, (like, rail)
        assert len(rows) > 3 and all(row[3] == 0 and abs(row[4] - 2500) < 1e-6 for row in rows), (like, rows[:3])
        if like == "yokogawa":
            assert rail["limits"]["gain"] == 0.001 and abs(rail["limits"]["offset_mw"] - 30) < 1e-9, rail["limits"]
            assert rail["limits"]["range_mw"] == 15000 and "set a fixed range" in rail["facts"], rail
        if like == "rs":
            assert (rail["limits"]["gain"], rail["limits"]["offset_mw"]) == (0.001, 3), rail["limits"]


def test_two_channels_of_an_instrument_share_its_only_connection():
    with double("scpi_meter.py", "rs") as meter:
        path = os.path.join(WORK, "two.jsonl")
        done = call("power", "record", "--rail", "scpi:127.0.0.1:%s,channel=1,rail=a" % meter.said, "--rail",
                    "scpi:127.0.0.1:%s,channel=2,rail=b" % meter.said, "-o", path, "--", "sleep", "1")
    assert done.returncode == 0, done.stderr
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert [rail["label"] for rail in lines[0]["rails"]] == ["a", "b"], lines[0]
    rows = [line for line in lines if isinstance(line, list)]
    assert len(rows) > 10 and all(row[3] == 0 and row[6] == (5000, 12000)[row[2] == 0] for row in rows), rows[:4]


def test_over_range_is_clipped_and_refused_and_never_a_number():
    for like, words in (("yokogawa", ""), ("unknown", "")):
        with double("scpi_meter.py", like, "--over-after", "5") as meter:
            _, rows, done = trace_of("scpi:127.0.0.1:%s,scope=wall%s" % (meter.said, words))
        clipped = [row for row in rows if row[3] & CLIPPED]
        assert clipped and all(row[4] is None for row in clipped), (like, clipped[:2])
        assert "range" in done.stderr, (like, done.stderr)


def test_a_connection_that_is_lost_gives_holes_and_is_made_again():
    with double("scpi_meter.py", "yokogawa", "--drop-after", "6", "--away", "0.7") as meter:
        _, rows, done = trace_of("scpi:127.0.0.1:%s,scope=wall" % meter.said, "4")
    flags = [row[3] for row in rows]
    first, last = flags.index(BAD), len(flags) - 1 - flags[::-1].index(BAD)
    assert 0 in flags[:first] and 0 in flags[last:], flags
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert "gap" in done.stderr and "closed the connection" in done.stderr, done.stderr


def test_an_instrument_that_falls_silent_does_not_delay_sensors_on_other_transports():
    path = os.path.join(WORK, "beside.jsonl")
    with double("scpi_meter.py", "unknown", "--silent-after", "6") as meter:
        done = call("power", "record", "--rail", "pmic", "--rail", "scpi:127.0.0.1:%s" % meter.said, "-o", path,
                    "--", "sleep", "3", **pi())
    assert done.returncode == 0, done.stderr
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    rows = [line for line in lines if isinstance(line, list)]
    of = {name: [row for row in rows if lines[0]["rails"][row[2]]["id"].startswith(name)] for name in ("scpi", "pmic")}
    assert of["scpi"][-1][3] & BAD, of["scpi"][-3:]
    times = sorted({row[0] for row in of["pmic"] if row[3] == 0})
    steps = sorted(b - a for a, b in zip(times, times[1:]))
    assert len(steps) >= 8 and steps[-1] < 4 * steps[len(steps) // 2], steps


def test_of_two_instruments_of_a_kind_one_that_falls_silent_does_not_delay_the_other():
    path = os.path.join(WORK, "pair.jsonl")
    with double("scpi_meter.py", "unknown", "--silent-after", "6") as silent, double("scpi_meter.py", "unknown") as meter:
        done = call("power", "record", "--rail", "scpi:127.0.0.1:%s" % silent.said,
                    "--rail", "scpi:127.0.0.1:%s" % meter.said, "-o", path, "--", "sleep", "3")
    assert done.returncode == 0, done.stderr
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    rows = [line for line in lines if isinstance(line, list)]
    names = [rail["id"] for rail in lines[0]["rails"]]
    well = [row for row in rows if str(meter.said) in names[row[2]]]
    ill = [row for row in rows if str(silent.said) in names[row[2]]]
    assert ill[-1][3] & BAD and not any(row[3] for row in well), (ill[-3:], well[-3:])
    times = sorted(row[0] for row in well)
    steps = sorted(b - a for a, b in zip(times, times[1:]))
    assert len(steps) >= 8 and steps[-1] < 6 * steps[len(steps) // 2], steps


def test_an_instrument_that_falls_silent_does_not_hold_up_the_run():
    with double("scpi_meter.py", "unknown", "--silent-after", "6") as meter:
        _, rows, done = trace_of("scpi:127.0.0.1:%s,scope=wall" % meter.said, "2")
    assert rows[-1][3] & BAD and any(row[3] == 0 for row in rows), rows
    assert "gave no answer in time" in done.stderr, done.stderr


def test_what_cannot_be_measured_with_is_refused_with_a_reason():
    with double("scpi_meter.py", "yokogawa") as gone:
        pass
    with double("scpi_meter.py", "dmm") as dmm, double("scpi_meter.py", "unknown", "--deaf") as deaf:
        for rail, code, words in (("scpi:127.0.0.1:" + gone.said, 5, "refuses connections"),
                                  ("scpi:127.0.0.1:" + dmm.said, 64, "volts=5.0"),
                                  ("scpi:127.0.0.1:" + deaf.said, 3, "no answer in time"),
                                  ("scpi:127.0.0.1:%s,scope=moon" % dmm.said, 64, "scope=moon"),
                                  ("scpi:127.0.0.1:seven", 64, "no address"),
                                  ("scpi", 5, "no rail")):
            done = call("power", "record", "--rail", rail, "-o", os.path.join(WORK, "none.jsonl"), "--", "true")
            assert done.returncode == code and words in done.stderr, (rail, done.returncode, done.stderr)
    row, = listed("scpi")
    assert row["kind"] == "absent" and "scpi:HOST" in row["try"], row


# --- Nordic Power Profiler Kit II ---------------------------------------------------------------------------------

def ppk2(words="volts=5,scope=board-in", seconds="1", how=()):
    with double("ppk2_unit.py", *how) as unit:
        return trace_of("ppk2:%s,%s" % (unit.said, words), seconds)


def test_a_ppk2_gives_milliseconds_of_current_at_the_declared_voltage():
    (rail,), rows, _ = ppk2()
    assert (rail["scope"], rail["role"], rail["kind"], rail["refresh_s"]) == ("board-in", "total", "block-average", 0.001), rail
    assert "current only; voltage declared: 5 V; 15 values of calibration" in rail["facts"], rail["facts"]
    times = [row[0] for row in rows]
    assert len(rows) > 700 and times == sorted(times), len(rows)
    assert all(row[3] == 0 and abs(row[7] - 100) < 1 and abs(row[4] - 5 * row[7]) < 1e-6 for row in rows), rows[:3]
    (rail,), rows, _ = ppk2("source=3.3", "0.5")
    assert "voltage supplied: 3.3 V" in rail["facts"] and rail["role"] == "unknown" and rows[9][6] == 3300, (rail, rows[9])


def test_words_that_a_ppk2_lost_are_holes_and_its_wrong_words_after_a_change_of_range_do_not_count():
    _, rows, _ = ppk2(how=("--drop-every", "1000"))
    holes = [row for row in rows if row[3] & BAD]
    assert 0.05 * len(rows) < len(holes) < 0.15 * len(rows) and all(row[4] is None for row in holes), (len(rows), len(holes))
    _, rows, _ = ppk2(how=("--spike", "--milliamperes", "20"))
    assert len(rows) > 700 and all(row[3] == 0 and abs(row[7] - 20) < 0.5 for row in rows), [row for row in rows if abs(row[7] - 20) >= 0.5][:3]


def test_a_ppk2_at_its_end_is_clipped_and_one_that_is_unplugged_leaves_holes():
    _, rows, done = ppk2(how=("--clip",))
    assert rows and all(row[3] & CLIPPED for row in rows) and "range" in done.stderr, (rows[:2], done.stderr)
    _, rows, done = ppk2(seconds="3", how=("--unplug-after", "120000"))
    assert rows[20][3] == 0 and rows[-1][3] & BAD and "gap" in done.stderr and "was unplugged" in done.stderr, (rows[-3:], done.stderr)


def test_a_ppk2_without_a_voltage_or_that_is_none_says_what_to_do():
    with double("ppk2_unit.py") as unit, double("ppk2_unit.py", "--mute") as mute:
        for rail, code, words in (("ppk2:" + unit.said, 64, "volts=5.0"),
                                  ("ppk2:%s,volts=5,source=3" % unit.said, 64, "one voltage"),
                                  ("ppk2:/dev/ttyACM99,volts=5", 5, "plug it in"),
                                  ("ppk2:/dev/null,volts=5", 64, "no serial port"),
                                  ("ppk2:%s,volts=5" % mute.said, 3, "does not answer as a PPK2")):
            done = call("power", "record", "--rail", rail, "-o", os.path.join(WORK, "none.jsonl"), "--", "true")
            assert done.returncode == code and words in done.stderr, (rail, done.returncode, done.stderr)


def test_a_ppk2_that_is_plugged_in_is_listed_with_what_it_needs():
    root = os.path.join(WORK, "usb")
    port = os.path.join(root, "sys/devices/usb1/1-2")
    for tty, interface in (("ttyACM0", "1-2:1.1"), ("ttyACM1", "1-2:1.3")):
        os.makedirs(os.path.join(port, interface))
        os.makedirs(os.path.join(root, "sys/class/tty", tty))
        os.symlink("../../../devices/usb1/1-2/" + interface, os.path.join(root, "sys/class/tty", tty, "device"))
    for name, value in (("idVendor", "1915"), ("idProduct", "c00a")):
        with open(os.path.join(port, name), "w", encoding="utf-8") as file:
            file.write(value + "\n")
    rows = [row for row in json.loads(call("--root", root, "list", "rails", "--json").stdout) if row["name"].startswith("ppk2")]
    assert [row["name"] for row in rows] == ["ppk2:/dev/ttyACM0"], rows
    assert rows[0]["kind"] == "absent" and "volts=5.0" in rows[0]["try"], rows


try:
    sys.exit(tap.run(globals()))
finally:
    remove_work()
