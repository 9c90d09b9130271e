"""Test double of an external meter's program for --power-pipe: writes readings whose powers are known.

    power_meter.py [--clock own|monotonic|realtime] [--head WORDS] [--die-after N] [--garbage N]

A square wave of 2 W and 4 W, one second each, on the clock that it names, every 10 ms.

    power_meter.py --sees FILE [--lag SECONDS | --block SECONDS] [--delay SECONDS] [--deaf]

A load that it can see: 9 W while FILE exists, else 3 W, with some noise; shown as a recursive average
with this time constant (a new value every 10 ms) or as the mean of each block, and so much later.
"""
import argparse
import collections
import math
import os
import random
import time

options = argparse.ArgumentParser()
options.add_argument("--clock", default="monotonic")
options.add_argument("--head", default="rail=double scope=board-in role=total refresh_s=0.01 gain=0.01 offset_mw=1 lsb_mw=1")
options.add_argument("--die-after", type=int, default=10 ** 9)
options.add_argument("--garbage", type=int, default=0, help="every N-th line is no reading")
options.add_argument("--steady", type=float, default=0, help="watts, in place of the square wave")
options.add_argument("--sees", default="")
options.add_argument("--lag", type=float, default=0)
options.add_argument("--block", type=float, default=0.01)
options.add_argument("--delay", type=float, default=0)
options.add_argument("--deaf", action="store_true", help="shows idle power whatever runs")
options = options.parse_args()


def watch_load():
    """One conversion a block, each the mean of what was seen every millisecond."""
    shown, late = 3.0, collections.deque()
    chance = random.Random(1)
    keep = math.exp(-options.block / options.lag) if options.lag else 0
    end = time.monotonic()
    while True:
        seen = []
        end = max(end + options.block, time.monotonic())
        while not seen or time.monotonic() < end:
            seen.append(9.0 if os.path.exists(options.sees) and not options.deaf else 3.0)
            time.sleep(0.001)
        now = time.monotonic()
        shown = keep * shown + (1 - keep) * (sum(seen) / len(seen) + chance.gauss(0, 0.03))
        late.append((now, shown))
        while late and late[0][0] <= now - options.delay:
            print("%.6f %.4f" % (now, late.popleft()[1]), flush=True)

start = time.monotonic()
clocks = {"own": lambda: time.monotonic() - start + 1000, "monotonic": time.monotonic, "realtime": time.time}
print("# %s clock=%s" % (options.head, options.clock), flush=True)
if options.sees:
    watch_load()
for i in range(options.die_after):
    now = clocks[options.clock]()
    watts = options.steady or (2 if int(now) % 2 == 0 else 4)
    line = "%.6f %.3f 0.5" % (now, watts * 2)
    print("what?" if options.garbage and i % options.garbage == options.garbage - 1 else line, flush=True)
    time.sleep(0.01)
