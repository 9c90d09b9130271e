#!/usr/bin/env python3
"""Test double of a Raspberry Pi's vcgencmd: `pmic_read_adc` in the firmware's form, with known powers.

VCGENCMD_DOUBLE tells what it is like: "" a Pi 5, "denied" (not in the group video), "pi4" (no such command), or a
path: a Pi 5 that hangs once that file is there. VCGENCMD_COUNT names a file that gets a byte a call.
"""
import os
import sys
import time

like = os.environ.get("VCGENCMD_DOUBLE", "")
if os.environ.get("VCGENCMD_COUNT"):
    with open(os.environ["VCGENCMD_COUNT"], "ab") as file:
        file.write(b".")
if like == "denied":
    sys.exit("Can't open device file: /dev/vcio\nTry creating a device file with: sudo mknod /dev/vcio c 100 0")
if sys.argv[1:] != ["pmic_read_adc"] or like == "pi4":
    print('error=1 error_msg="Command not registered"')
    sys.exit()
if like and os.path.exists(like):
    time.sleep(60)
supplies = [("3V3_SYS", 3.3, 0.1), ("VDD_CORE", 0.75, 2.0), ("DDR_VDD2", 1.1, 0.2)]
for i, (name, volts, amperes) in enumerate(supplies):
    print("%16s_A current(%d)=%.8fA" % (name, i, amperes))
for i, (name, volts, amperes) in enumerate(supplies):
    print("%16s_V volt(%d)=%.8fV" % (name, i + 8, volts))
print("         EXT5V_V volt(24)=5.13208000V")
print("          BATT_V volt(25)=0.00000000V")
