#!/usr/bin/env python3
"""A board's power monitors in an emulated arm64 machine: the kernel's drivers, with labels and shunts from a device tree like a Jetson AGX
Thor's (thor.dts), and the program's own table of boards on top. Prints TAP.

Usage: board.py SOURCE_DIR BUILD_DIR. Cross-builds into SOURCE_DIR/build-aarch64. What is emulated is as in drivers.py; monitors.c puts
the tree's nodes on the bus of i2c-stub. Skips aloud where the tools cannot be had.
"""
import os
import shutil
import subprocess
import sys

SOURCE, BUILD = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "cli"))
import tap  # noqa: E402
from ina_chips import Ina238, Ina3221, joules  # noqa: E402
from monitors import Guest, refuse  # noqa: E402

CROSS = os.path.join(SOURCE, "build-aarch64")
HERE = os.path.join(SOURCE, "tests", "vm")
DRIVERS = "drivers/i2c/i2c-stub.c drivers/hwmon/ina3221.c drivers/hwmon/ina238.c " + os.path.join(HERE, "monitors.c")
CHIPS = {"hwmon:ina3221@0-0040:VDD_GPU": Ina3221(0x40, 1, 0.002), "hwmon:ina3221@0-0040:VDD_CPU_SOC_MSS": Ina3221(0x40, 2, 0.002),
         "hwmon:ina3221@0-0040:VIN_SYS_5V0": Ina3221(0x40, 3, 0.005), "hwmon:ina3221@0-0041:VDDQ": Ina3221(0x41, 2, 0.002),
         "hwmon:ina238@0-0044:power": Ina238(0x44, 0.002)}
COMPONENTS = [name for name in CHIPS if "0040" in name]
STEPS = [(0, (19.2, 0.2), (19.2, 0.4), (5.0, 0.8), (5.0, 0.2), (19.0, 2.0)),
         (1000, (19.04, 1.6), (19.04, 0.8), (4.96, 1.2), (5.0, 0.4), (18.9, 4.2)),
         (3000, (19.2, -0.02), (19.2, 0.6), (5.0, 0.8), (5.0, 0.2), (19.0, 2.5)),
         (4000,)]
SCRIPT = """
insmod /modules/i2c-stub.ko chip_addr=0x40,0x41,0x44
insmod /modules/i2c-dev.ko
play first >/dev/null
for m in ina3221 ina238 monitors; do insmod /modules/$m.ko; done
play first >/dev/null
say rails; railgauge list rails --json
say record; railgauge power record -o record --rail hwmon -- play_registers /dev/i2c-0 /files/table 2>/dev/null
pack record
"""


def cross_build():
    for tool in ("qemu-system-aarch64", "aarch64-linux-gnu-gcc", "cpio", "dtc"):
        if not shutil.which(tool):
            refuse(tool + " is not installed (scripts/setup all)")
    made = subprocess.run([os.path.join(SOURCE, "scripts/cross-aarch64"), CROSS], capture_output=True, text=True)
    if made.returncode:
        refuse("no arm64 sysroot could be made: " + made.stdout)
    subprocess.run(["ninja", "-C", CROSS, "railgauge", "tests/vm/play_registers"], check=True, capture_output=True)


cross_build()
GUEST = Guest(SOURCE, BUILD, SCRIPT, CHIPS, STEPS, "vm-aarch64", CROSS, RG_VM_DRIVERS=DRIVERS, RG_VM_MODULES="i2c-dev",
              RG_VM_TREE=os.path.join(HERE, "thor.dts"))


def test_rails_have_the_labels_and_shunts_of_the_device_tree_and_the_roles_of_the_board():
    found = GUEST.listing("rails")
    assert {name for name in found if name.startswith("hwmon:")} == set(CHIPS), sorted(found)
    for name in COMPONENTS:
        assert (found[name]["scope"], found[name]["role"]) == ("module", "component"), found[name]
        assert "board=Jetson AGX Thor" in found[name]["facts"], found[name]
    assert "shunt_uohm=5000" in found["hwmon:ina3221@0-0040:VIN_SYS_5V0"]["facts"]
    kit = found["hwmon:ina238@0-0044:power"]
    assert (kit["scope"], kit["role"]) == ("board-in", "total") and "shunt_uohm=2000" in kit["facts"], kit
    assert found["hwmon:ina3221@0-0041:VDDQ"]["role"] == "unknown"


def test_recorded_energy_of_each_rail_is_that_of_its_registers():
    GUEST.compare("record", CHIPS)


def test_the_modules_energy_is_the_sum_of_its_components_and_of_nothing_else():
    trace = GUEST.trace("record")
    truth = sum(joules(CHIPS[name], GUEST.writes("record"), trace.window["start_ns"], trace.window["end_ns"]) for name in COMPONENTS)
    assert trace.energy["scope"] == "module" and trace.energy["rails_summed"] == 3, trace.energy
    assert abs(trace.energy["total"]["uj"] / 1e6 - truth) < 0.005 * truth, (trace.energy["total"], truth)
    other, = trace.energy["other_scopes"]
    assert other["scope"] == "board-in" and other["rails_summed"] == 1, other


if __name__ == "__main__":
    code = tap.run(dict(globals()))
    GUEST.close()
    sys.exit(code)
