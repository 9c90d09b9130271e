"""Test double of a Nordic Power Profiler Kit II on a pseudo-terminal: prints the terminal's name, then serves.

    ppk2_unit.py [--milliamperes M] [--drop-every N] [--unplug-after WORDS] [--spike] [--clip] [--mute]

It answers the metadata command with a calibration, and after the start command sends words at 100 000 a second: the converter's
value that means M milliamperes in the range that fits, with a counter. Faults: every N-th word is lost, the terminal is closed, the
range changes to and fro with three wrong words each time, the converter is at its end, or nothing is answered.
"""
import argparse
import os
import pty
import select
import struct
import time
import tty

options = argparse.ArgumentParser()
options.add_argument("--milliamperes", type=float, default=100)
options.add_argument("--drop-every", type=int, default=0)
options.add_argument("--unplug-after", type=int, default=0)
options.add_argument("--spike", action="store_true")
options.add_argument("--clip", action="store_true")
options.add_argument("--mute", action="store_true")
options = options.parse_args()

# shunts of this unit, of its own; a gain that is not 1 and an offset show that the calibration is used
SHUNTS = [1003.3506, 101.5865, 10.3027, 0.9636, 0.0564]
GAIN, OFFSET = 0.9, 40.0
CALIBRATION = "Calibrated: 0\n" + "".join("R%d: %.4f\nGI%d: %.4f\nO%d: %.4f\n" % (i, r, i, GAIN, i, OFFSET)
                                          for i, r in enumerate(SHUNTS)) + "S0: -nan\nVDD: 3000\nHW: 9173\nmode: 2\nIA: 56\nEND\n"


def converter(amperes, shunt_range):
    """The 14-bit value that means so many amperes (the second-order gain, 1, is undone by three steps)."""
    plain = amperes
    for _ in range(3):
        plain = amperes / (plain + GAIN)
    return round((plain * SHUNTS[shunt_range] * 163840 / 1.8 + OFFSET) / 4)


def words(first, n):
    """n words from the running number on; lost ones are left out."""
    value = converter(options.milliamperes / 1000, 4)
    for i in range(first, first + n):
        if options.drop_every and i % options.drop_every == options.drop_every - 1:
            continue
        shunt_range, adc = 4, 0x3fff if options.clip else value
        if options.spike and i % 1000 >= 500:
            shunt_range, adc = 3, min(converter(options.milliamperes / 1000, 3), 0x3fff)
        if options.spike and i % 500 < 3 and i > 500:
            adc = 0
        yield struct.pack("<I", adc | shunt_range << 14 | (i & 0x3f) << 18 | 0xff << 24)


unit, terminal = pty.openpty()
tty.setraw(terminal)
os.set_blocking(unit, False)
print(os.ttyname(terminal), flush=True)
started, sent = None, 0
while True:
    due = int((time.monotonic() - started) * 1e5) if started else 0
    if select.select([unit], [], [], 0.002)[0]:
        try:
            commands = os.read(unit, 64)
        except OSError:
            continue
        arguments = {0x0c: 1, 0x0d: 2, 0x11: 1}
        while commands and not options.mute:
            if commands[0] == 0x06:
                started, sent, due = time.monotonic(), 0, 0
            elif commands[0] == 0x07:
                started = None
            elif commands[0] == 0x19:
                os.write(unit, CALIBRATION.encode())
            commands = commands[1 + arguments.get(commands[0], 0):]
    n = min(due - sent, 500) if started else 0
    if n > 0:
        try:
            os.write(unit, b"".join(words(sent, n)))
            sent += n
        except BlockingIOError:
            pass
    if options.unplug_after and sent >= options.unplug_after:
        os.close(unit)
        os.close(terminal)
        time.sleep(60)
