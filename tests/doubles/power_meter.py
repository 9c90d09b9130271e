"""Test double of an external meter's program for --power-pipe: writes readings whose powers are known.

    power_meter.py [--clock own|monotonic|realtime] [--head WORDS] [--die-after N] [--garbage N]

A square wave of 2 W and 4 W, one second each, on the clock that it names, every 10 ms.
"""
import argparse
import time

options = argparse.ArgumentParser()
options.add_argument("--clock", default="monotonic")
options.add_argument("--head", default="rail=double scope=board-in role=total refresh_s=0.01 gain=0.01 offset_mw=1 lsb_mw=1")
options.add_argument("--die-after", type=int, default=10 ** 9)
options.add_argument("--garbage", type=int, default=0, help="every N-th line is no reading")
options.add_argument("--steady", type=float, default=0, help="watts, in place of the square wave")
options = options.parse_args()

start = time.monotonic()
clocks = {"own": lambda: time.monotonic() - start + 1000, "monotonic": time.monotonic, "realtime": time.time}
print("# %s clock=%s" % (options.head, options.clock), flush=True)
for i in range(options.die_after):
    now = clocks[options.clock]()
    watts = options.steady or (2 if int(now) % 2 == 0 else 4)
    line = "%.6f %.3f 0.5" % (now, watts * 2)
    print("what?" if options.garbage and i % options.garbage == options.garbage - 1 else line, flush=True)
    time.sleep(0.01)
