#!/usr/bin/env python3
"""Recomputes what a bundle claims, with code that shares nothing with the program: SHA-256 of every
file in the manifest, and from the raw samples each cell's p50, p95, their intervals over rounds,
mean, throughput and TOPS. Standard library only; the algorithms are those that bench/result/stats.h,
derive.h and samples.h state in words.

    recompute.py BUNDLE            check one bundle
    recompute.py --make PROGRAM    let PROGRAM write a bundle into a scratch folder, then check it
    recompute.py --run RAILGAUGE SCENARIO   the same from a real run
Prints TAP; exits 1 when anything differs by more than 1e-9."""
import hashlib
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

MASK = (1 << 64) - 1
DRAWS = 1000
TOLERANCE = 1e-9
MANY_ROWS = 100_000  # beyond this the plain resampling here would take minutes


class Tap:
    """Counts and prints results."""

    def __init__(self, quiet=False):
        self.n = self.bad = 0
        self.quiet = quiet

    def say(self, good, text, note=""):
        self.n += 1
        self.bad += not good
        if self.quiet:
            return
        print(f"{'ok' if good else 'not ok'} {self.n} - {text}{note}", flush=True)

    def skip(self, text, why):
        self.say(True, text, f" # SKIP {why}")

    def close(self):
        print(f"1..{self.n}")
        return 1 if self.bad or not self.n else 0


def fnv1a(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


def read_samples(path):
    """Rows (start, end) of samples.bin: LEB128 of zigzag differences, see samples.h."""
    with open(path, "rb") as file:
        data = file.read()
    magic, version, _, epoch, count = struct.unpack_from("<8sIIqQ", data)
    if magic != b"RGSAMPLE" or version != 1:
        raise ValueError(f"{path}: not a samples file of version 1")
    if struct.unpack_from("<Q", data, len(data) - 8)[0] != fnv1a(data[:-8]):
        raise ValueError(f"{path}: checksum differs")
    at = 32

    def difference():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value >> 1 ^ -(value & 1)

    rows, start = [], epoch
    for _ in range(count):
        start += difference()
        rows.append((start, start + difference()))
    if at != len(data) - 8:
        raise ValueError(f"{path}: bytes left over")
    return rows


def quantile(ordered, p):
    """Type 7."""
    h = (len(ordered) - 1) * p
    k = math.floor(h)
    if k + 1 >= len(ordered):
        return ordered[-1]
    return ordered[k] + (h - k) * (ordered[k + 1] - ordered[k])


def t_two_sided(t, df):
    """P(|T| <= t) in closed form for a whole number of degrees of freedom (A&S 26.7.3, 26.7.4)."""
    theta = math.atan(t / math.sqrt(df))
    c, s = math.cos(theta), math.sin(theta)
    if df % 2:
        term, total = c, c if df > 1 else 0.0
        for i in range(3, df - 1, 2):
            term *= c * c * (i - 1) / i
            total += term
        return 2 / math.pi * (theta + s * total)
    term = total = 1.0
    for i in range(2, df - 1, 2):
        term *= c * c * (i - 1) / i
        total += term
    return s * total


def t_975(df):
    low, high = 0.0, 100.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if t_two_sided(middle, df) < 0.95 else (low, middle)
    return (low + high) / 2


class SplitMix64:
    def __init__(self, state):
        self.state = state

    def next(self):
        self.state = z = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        return z ^ z >> 31

    def below(self, n):
        return (self.next() >> 32) * n >> 32


def draws_of(key, rounds):
    """DRAWS lists of drawn rounds."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")
    rng = SplitMix64(seed)
    return [[rng.below(rounds) for _ in range(rounds)] for _ in range(DRAWS)]


def freedom(value, parts):
    """Degrees of freedom of a quantile's interval, from the rounds' shares of values above it."""
    n = len(parts)
    shares = [sum(x > value for x in values) / len(values) for values in parts]
    mean = math.fsum(shares) / n
    m2 = math.fsum((x - mean) ** 2 for x in shares) / n
    m4 = math.fsum((x - mean) ** 4 for x in shares) / n
    if m2 <= 1e-18:
        return n - 1
    return max(1, min(n - 1, math.floor(2 * n / (m4 / m2 ** 2 - (n - 3) / (n - 1)))))


def interval(value, logs, rounds, df):
    mean = math.fsum(logs) / len(logs)
    sd = math.sqrt(math.fsum((x - mean) ** 2 for x in logs) / (len(logs) - 1))
    half = t_975(df) * sd * math.sqrt(rounds / (rounds - 1))
    return value * math.exp(-half), value * math.exp(half)


def latencies(facts, rows):
    """Steady latencies an inference, overhead taken off where it counts (derive.h)."""
    block = max(1, facts.get("block", 1))
    steady = [max(0, end - start) / block for start, end in rows[max(0, facts.get("warmup", 0)):]]
    overhead = facts.get("overhead_ns", 0) / block
    median = quantile(sorted(steady), 0.5) if steady else 0
    if 0.001 * median < overhead < median:
        steady = [max(0, x - overhead) for x in steady]
    return steady


def load_rounds(bundle):
    """Ok rounds of each cell, in order of number: (facts, latencies)."""
    cells = {}
    root = os.path.join(bundle, "rounds")
    for name in sorted(os.listdir(root)):
        with open(os.path.join(root, name, "record.json")) as file:
            facts = json.load(file)
        if facts["status"] != "ok":
            continue
        path = os.path.join(root, name, "samples.bin")
        rows = read_samples(path) if os.path.exists(path) else []
        cells.setdefault(facts["cell"], []).append((facts, latencies(facts, rows)))
    for rounds in cells.values():
        rounds.sort(key=lambda r: (r[0]["round"], r[0].get("order", 0)))
    return cells


def same(claimed, truth):
    if claimed is None or not isinstance(claimed, (int, float)):
        return False
    return abs(claimed - truth) <= TOLERANCE * max(abs(claimed), abs(truth))


def check_manifest(tap, bundle):
    listed = set()
    with open(os.path.join(bundle, "MANIFEST.sha256")) as file:
        for line in file:
            digest, path = line.rstrip("\n").split("  ", 1)
            listed.add(path)
            with open(os.path.join(bundle, path), "rb") as data:
                tap.say(hashlib.sha256(data.read()).hexdigest() == digest, f"SHA-256 of {path}")
    found = {os.path.relpath(os.path.join(at, name), bundle)
             for at, _, names in os.walk(bundle) for name in names}
    extra = sorted(found - listed - {"MANIFEST.sha256"})
    tap.say(not extra, "every file is in the manifest", f" ({', '.join(extra)} not)" if extra else "")


def check_quantiles(tap, record, rounds):
    name, figures = record["name"], record["figures"]
    pooled = sorted(x for _, values in rounds for x in values)
    wanted = {"latency_p50_ns": (0.50, 6), "latency_p95_ns": (0.95, 72)}
    wanted = {k: v for k, v in wanted.items() if check_count(tap, name, figures, k, v[1], pooled)}
    for key, (p, _) in wanted.items():
        tap.say(same(figures[key].get("value"), quantile(pooled, p)), f"{name}: {key}")
    if len(rounds) < 2 or not wanted:
        for key in wanted:
            tap.say(figures[key].get("no_interval") == "rounds<2", f"{name}: {key} has no interval")
        return
    if len(pooled) > MANY_ROWS:
        tap.skip(f"{name}: intervals", f"{len(pooled)} samples are too many for plain resampling")
        return
    logs = {key: [] for key in wanted}
    parts = [sorted(values) for _, values in rounds]
    for drawn in draws_of(record["cell"], len(rounds)):
        sample = sorted(x for r in drawn for x in parts[r])
        for key, (p, _) in wanted.items():
            logs[key].append(math.log(quantile(sample, p)))
    for key, (p, _) in wanted.items():
        value = quantile(pooled, p)
        low, high = interval(value, logs[key], len(rounds), freedom(value, parts))
        good = same(figures[key].get("low"), low) and same(figures[key].get("high"), high)
        tap.say(good, f"{name}: interval of {key}",
                "" if good else f" ({figures[key]} is not {low} .. {high})")


def check_count(tap, name, figures, key, least, pooled):
    if not pooled:
        tap.say(figures[key].get("na") == "not-measured", f"{name}: {key} not measured")
    elif len(pooled) < least:
        tap.say(figures[key].get("na") == f"n<{least}", f"{name}: {key} n/a (n<{least})")
    else:
        tap.say(figures[key].get("n") == len(pooled), f"{name}: {key} from {len(pooled)} samples")
    return len(pooled) >= least


def check_rates(tap, record, rounds):
    name, figures = record["name"], record["figures"]
    pooled = [x for _, values in rounds for x in values]
    if pooled:
        mean = math.fsum(pooled) / len(pooled)
        tap.say(same(figures["latency_mean_ns"].get("value"), mean), f"{name}: mean")
    windows = [facts.get("window") for facts, _ in rounds]
    if not all(w and w.get("inferences", 0) > 0 for w in windows):
        return
    seconds = sum((w["end_ns"] - w["start_ns"]) for w in windows) / 1e9
    samples = sum(f["window"]["inferences"] * max(1, f.get("batch", 1)) for f, _ in rounds)
    tap.say(same(figures["throughput_per_s"].get("value"), samples / seconds), f"{name}: throughput")
    work = rounds[0][0].get("work")
    if work and work["macs"]:
        done = sum(2 * f["work"]["macs"] * f["window"]["inferences"] for f, _ in rounds)
        tap.say(same(figures["achieved_tops"].get("value"), done / seconds / 1e12), f"{name}: TOPS")
    else:
        tap.say("na" in figures["achieved_tops"], f"{name}: no operations, no TOPS")


def check_bundle(tap, bundle):
    check_manifest(tap, bundle)
    cells = load_rounds(bundle)
    with open(os.path.join(bundle, "records.jsonl")) as file:
        records = [json.loads(line) for line in file if line.strip()]
    tap.say(set(cells) <= {r["cell"] for r in records}, "every measured cell has a record")
    for record in records:
        rounds = cells.get(record["cell"], [])
        tap.say(record["rounds"] == len(rounds), f"{record['name']}: {len(rounds)} rounds")
        if rounds and len(rounds) >= record.get("rounds_failed", 0):
            check_quantiles(tap, record, rounds)
            check_rates(tap, record, rounds)


def check_the_check(tap, bundle):
    """A p95 wrong by a millionth, and its file's hash, must be noticed."""
    path = os.path.join(bundle, "records.jsonl")
    with open(path) as file:
        records = [json.loads(line) for line in file]
    for record in records:
        figure = record["figures"]["latency_p95_ns"]
        if "value" in figure:
            figure["value"] *= 1 + 1e-6
            break
    with open(path, "w") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    quiet = Tap(quiet=True)
    check_bundle(quiet, bundle)
    tap.say(quiet.bad == 2, "a changed p95 is found by its value and by its hash")


def newest_bundle(folder):
    found = [at for at, _, names in os.walk(folder) if "bundle.json" in names]
    if not found:
        raise SystemExit(f"Bail out! no bundle was written below {folder}")
    return max(found, key=os.path.getmtime)


def main(arguments):
    tap = Tap()
    if arguments[0] not in ("--make", "--run"):
        check_bundle(tap, arguments[0])
        return tap.close()
    with tempfile.TemporaryDirectory() as folder:
        command = [arguments[1], folder]
        if arguments[0] == "--run":
            command = [arguments[1], "run", *arguments[2:], "--out", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        bundle = newest_bundle(folder)
        check_bundle(tap, bundle)
        check_the_check(tap, bundle)
    return tap.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
