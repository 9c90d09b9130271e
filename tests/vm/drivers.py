#!/usr/bin/env python3
"""The kernel's own drivers of power monitors, in an emulated machine: `list rails`, `power watch` and `power record` inside, against
the joules that the registers mean, which are scripted meanwhile. Prints TAP.

Usage: drivers.py SOURCE_DIR BUILD_DIR. The chips are words in the memory of i2c-stub; ina3221, ina2xx, ina238 and ina2xx-adc are the
kernel's. tests/vm/play_registers.c changes their registers beneath the drivers; ina_chips.py knows the data sheets. Skips aloud where
the emulator, the kernel or its source cannot be had.
"""
import json
import os
import sys

SOURCE, BUILD = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "cli"))
import tap  # noqa: E402
from ina_chips import Ina226, Ina238, Ina3221  # noqa: E402
from monitors import Guest  # noqa: E402

DRIVERS = "drivers/hwmon/ina3221.c drivers/hwmon/ina2xx.c drivers/hwmon/ina238.c"
MODULES = "i2c-stub i2c-dev industrialio kfifo_buf ina2xx-adc"
SECOND_SHUNT_OHM = 0.005
CHIPS = {"hwmon:ina3221@0-0040:ch1": Ina3221(0x40, 1), "hwmon:ina3221@0-0040:ch2": Ina3221(0x40, 2, SECOND_SHUNT_OHM),
         "hwmon:ina226@0-0041:power": Ina226(0x41), "hwmon:ina238@0-0044:power": Ina238(0x44)}
IIO = {"iio:ina226@0-0041:power": Ina226(0x41)}
# Milliseconds, then volts and amperes of each rail above. All but the first feed back in the third stretch.
STEPS = [(0, (12.0, 0.4), (5.0, 0.08), (5.0, 1.0), (19.0, 2.0)),
         (1500, (11.8, 2.0), (4.92, 1.6), (4.9, 1.5), (18.8, 4.2)),
         (3300, (11.904, 1.2), (5.0, -0.24), (4.95, -0.25), (18.9, -1.1)),
         (5100, (12.0, 0.4), (5.0, 0.08), (5.0, 1.0), (19.0, 2.0)),
         (6000,)]

SCRIPT = """
insmod /modules/i2c-stub.ko chip_addr=0x40,0x41,0x44
for m in i2c-dev ina3221 ina2xx ina238; do insmod /modules/$m.ko; done
play first >/dev/null
echo ina3221 0x40 >$bus/new_device; echo ina226 0x41 >$bus/new_device; echo ina238 0x44 >$bus/new_device
play first >/dev/null
chip=$(dirname $(grep -l ina3221 /sys/class/hwmon/*/name))
echo 0 >$chip/in3_enable
echo 5000 >$chip/shunt2_resistor
hwmon="--rail hwmon"
say disabled; cat $chip/in3_input 2>&1
say rails; railgauge list rails --json
say watch; railgauge power watch --json --count 3 --interval 200ms $hwmon
say record; railgauge power record -o record $hwmon -- play_registers /dev/i2c-0 /files/table 2>table
say record-table; cat table
pack record
say off; railgauge power record -o off $hwmon -- sh -c "sleep 0.4; echo 0 >$chip/in2_enable; sleep 0.4; echo 1 >$chip/in2_enable; sleep 0.4" 2>&1
pack off
echo 512 >$chip/samples
say samples; cat $chip/update_interval; railgauge list rails --json
echo 1 >$chip/samples
say gone; railgauge power record -o gone $hwmon -- sh -c "sleep 0.6; echo 0x40 >$bus/delete_device; sleep 0.6" 2>&1; echo "exit $?"
pack gone
say gone-rails; railgauge list rails --json
rmmod ina2xx; for m in industrialio kfifo_buf ina2xx-adc; do insmod /modules/$m.ko; done
play first >/dev/null
say iio-rails; railgauge list rails --json
say iio; railgauge power record -o iio --rail iio -- play_registers /dev/i2c-0 /files/table 2>/dev/null
pack iio
"""


GUEST = Guest(SOURCE, BUILD, SCRIPT, CHIPS, STEPS, RG_VM_DRIVERS=DRIVERS, RG_VM_MODULES=MODULES)
SAID = GUEST.said


def test_the_drivers_rails_are_listed_without_the_channel_that_is_switched_off():
    assert "No data available" in SAID["disabled"], SAID["disabled"]
    found = GUEST.listing("rails")
    assert set(CHIPS) <= set(found), sorted(found)
    assert not any("ch3" in name for name in found), sorted(found)
    for name in CHIPS:
        assert found[name]["kind"] == "present" and found[name]["power"] == "block-average", found[name]
        assert found[name]["limits"]["offset_mw"] > 0, found[name]


def test_watching_shows_what_the_registers_mean():
    lines = [json.loads(line) for line in SAID["watch"].splitlines() if line]
    assert len(lines) == 3 * len(CHIPS), lines
    for line in lines:
        volts, amperes = STEPS[0][1 + list(CHIPS).index(line["rail"])]
        assert line["n"] > 3 and line["n_bad"] == 0, line
        assert line["least_mw"] == line["most_mw"] and abs(line["power_mw"] - 1e3 * volts * amperes) < 0.1, line


def test_recorded_energy_is_that_of_the_registers_also_where_current_flows_back():
    GUEST.compare("record", CHIPS)


def test_a_channel_that_is_switched_off_meanwhile_is_a_hole_in_its_own_rail():
    trace = GUEST.trace("off")
    for name in CHIPS:
        switched = name.endswith("ch2")
        assert trace.flags(name) == ({0, 2} if switched else {0}), (name, trace.flags(name))
        assert ("gap" in trace.rails[name]["total"]["refusals"]) == switched, trace.rails[name]


def test_the_averaging_time_of_many_samples_is_the_lag():
    cycle_ms = float(SAID["samples"].split()[0])
    for name in ("hwmon:ina3221@0-0040:ch1", "hwmon:ina3221@0-0040:ch2"):
        rail = GUEST.listing("samples")[name]
        # two channels of 1.1 ms for the shunt and 1.1 ms for the bus: 4.4 ms, which the driver rounds
        assert cycle_ms == 4 and rail["power"] == "recursive-average" and abs(rail["lag_s"] - 512 * 0.004) < 1e-9, rail


def test_a_chip_that_vanishes_leaves_holes_and_the_recorder_goes_on():
    assert SAID["gone"].rstrip().endswith("exit 0"), SAID["gone"]
    trace = GUEST.trace("gone")
    for name in CHIPS:
        gone = "ina3221" in name
        assert trace.flags(name) == ({0, 1} if gone else {0}), (name, trace.flags(name))
        assert ("gap" in trace.rails[name]["total"]["refusals"]) == gone, trace.rails[name]
        assert (name in GUEST.listing("gone-rails")) != gone


def test_the_iio_driver_shows_the_same_chip_with_the_same_energy():
    assert set(IIO) <= set(GUEST.listing("iio-rails")), sorted(GUEST.listing("iio-rails"))
    GUEST.compare("iio", IIO)


if __name__ == "__main__":
    code = tap.run(dict(globals()))
    GUEST.close()
    sys.exit(code)
