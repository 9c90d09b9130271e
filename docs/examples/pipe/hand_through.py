#!/usr/bin/env python3
"""A program behind railgauge's target `pipe`: its model empty:N hands N bytes through.

    railgauge run cells.json --target-pipe 'python3 hand_through.py'

To measure a runtime of your own, load its model in load() and call it in infer().
"""
import sys
import time

source, sink = sys.stdin.buffer, sys.stdout.buffer


def say(*lines):
    sink.write("".join(line + "\n" for line in lines).encode())
    sink.flush()


def load(path):
    """Describes inputs and outputs, in the order of the model file: type, shape, bytes, name."""
    if not path.startswith("empty:"):
        return ["error unsupported this program knows empty:N only | run a cell with empty = 64"]
    size = int(path[len("empty:"):])
    return [f"input int8 {size} {size} data", f"output int8 {size} {size} data", "ok"]


def infer(data):
    return data


while line := source.readline().decode().rstrip("\n"):
    verb, _, rest = line.partition(" ")
    if verb == "hello":
        say("railgauge-pipe 1", "fact runtime hand_through.py", "fact version 1.0", "can echo", "ok")
    elif verb == "load":
        say(*load(rest))
    elif verb in ("infer", "echo"):
        data = source.read(int(rest))
        start = time.perf_counter_ns()
        result = infer(data) if verb == "infer" else data
        sink.write(b"done %d %d\n" % (len(result), time.perf_counter_ns() - start) + result)
        sink.flush()
    elif verb == "close":
        say("ok")
        break
    else:
        say(f"error unsupported there is no request '{verb}'")
