"""Makes bundles by the book (bench/result/bundle.h, samples.h) for tests of what reads them:
deterministic, simulated unless said otherwise. Separate code from the writer in C, on purpose.
"""
import hashlib
import json
import os
import struct
import tempfile


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def key_of(name):
    return sha256(name.encode("utf-8", "surrogatepass"))


def leb128(number):
    out = bytearray()
    while True:
        low, number = number & 127, number >> 7
        out.append(low | (128 if number else 0))
        if not number:
            return bytes(out)


def zigzag(number):
    return ((number << 1) ^ (number >> 63)) & (2 ** 64 - 1)


def samples_bin(rows):
    """samples.bin of (start, end) pairs in nanoseconds."""
    epoch = rows[0][0] if rows else 0
    out = bytearray(b"RGSAMPLE" + struct.pack("<IIqQ", 1, 0, epoch, len(rows)))
    before = epoch
    for start, end in rows:
        out += leb128(zigzag(start - before)) + leb128(zigzag(end - start))
        before = start
    check = 0xCBF29CE484222325
    for byte in out:
        check = ((check ^ byte) * 0x100000001B3) % 2 ** 64
    return bytes(out + struct.pack("<Q", check))


POWER = json.dumps({"rails": [], "columns": ["t_ns", "half_ns", "rail", "flags", "power_mw",
                                             "energy_uj", "voltage_mv", "current_ma"]}) + "\n"


class Generator:
    """SplitMix64, so that every machine makes the same bundles."""

    def __init__(self, seed):
        self.state = seed

    def unit(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2 ** 64
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2 ** 64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2 ** 64
        return ((z ^ (z >> 31)) >> 11) / 2 ** 53


def latencies(base_ns, n, seed):
    """n latencies around base_ns with a tail, in order of time."""
    generator = Generator(seed)
    return [int(base_ns * (1 + 0.08 * generator.unit() + 0.5 * generator.unit() ** 12))
            for _ in range(n)]


def value(number, low=None, high=None, n=None, **more):
    figure = {"value": number, **more}
    if low is not None:
        figure.update(low=low, high=high)
    if n:
        figure["n"] = n
    return figure


def na(code):
    return {"na": code}


def quantile(values, share):
    """Type 7, of sorted values."""
    place = (len(values) - 1) * share
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def figures(values, rounds, macs=2_700_000, arena=96_256, energy=None):
    """Figures of one cell. The intervals are made up; only the report is under test."""
    ordered, n = sorted(values), len(values)
    p50, p95, p99 = (quantile(ordered, share) for share in (0.5, 0.95, 0.99))
    mean = sum(values) / n
    many = rounds > 1
    out = {
        "latency_p50_ns": value(p50, p50 * 0.99, p50 * 1.01, n),
        "latency_p95_ns": value(p95, p95 * 0.97, p95 * 1.04, n),
        "latency_p99_ns": value(p99, p99 * 0.95, p99 * 1.08, n) if many else na("n<368"),
        "latency_max_ns": value(ordered[-1], n=n),
        "throughput_per_s": value(1e9 / mean, 0.98e9 / mean, 1.02e9 / mean, n),
        "achieved_tops": value(2 * macs / mean / 1000, 1.96 * macs / mean / 1000,
                               2.04 * macs / mean / 1000, n),
        "macs": value(macs),
        "first_ns": value(1.7 * p50), "overhead_ns": value(61.5), "clock_cost_ns": value(23.25),
        "rss_peak_bytes": value(14_680_064 + arena),
        "arena_bytes": value(arena),
        "agreement_differing": value(0.0),
        "agreement_sqnr_db": na("not-available"),
        "energy_total_uj": na("no-sensor"),
        "tops_per_watt": na("no-sensor"),
        "instructions": na("no-counters"),
    }
    if energy:
        out["energy_total_uj"] = value(energy, energy * 0.97, energy * 1.03, n)
        out["tops_per_watt"] = value(2e-6 * macs / energy, 1.94e-6 * macs / energy,
                                     2.06e-6 * macs / energy, n)
    return out


def cell(name, workload="ds-cnn", target="sim", base_ns=2_000_000, rounds=3, n=150, **more):
    """One cell as the bundle's parts: plan line, record, latencies by round."""
    spec = {"name": name, "workload": workload, "target": target, "rounds": rounds,
            "status": "ok", "flags": [], "provenance": "simulated", "what": "", "advice": "",
            "device": target, "base_ns": base_ns, "n": n, "energy": None, "macs": 2_700_000,
            "change": {}}
    spec.update(more)
    return spec


def plan_line(spec):
    line = {"key": key_of(spec["name"]), "name": spec["name"], "workload": spec["workload"],
            "source": "suite:" + spec["workload"], "precision": "int8", "target": spec["target"],
            "device": spec["device"], "variant": "", "threads": 1, "batch": 1,
            "pattern": {"kind": "single_stream"}, "tier": {"name": "quick", "rounds": 3}}
    refused = spec["status"] in ("unsupported", "absent", "denied")
    line["admission"] = {"status": spec["status"] if refused else "ok"}
    if refused:
        line["admission"].update(what=spec["what"], advice=spec["advice"])
    return line


def record_line(spec, rounds):
    values = [latency for one in rounds for latency in one]
    record = {"cell": key_of(spec["name"]), "name": spec["name"], "status": spec["status"],
              "what": spec["what"], "advice": spec["advice"], "flags": spec["flags"],
              "provenance": spec["provenance"], "rounds": len(rounds), "figures": {}}
    if values:
        record["figures"] = figures(values, len(rounds), spec["macs"], energy=spec["energy"])
        record["context"] = {"workload": {"sha256": key_of(spec["workload"]), "format": "tflite",
                                          "bytes": 52_512},
                             "settings": {"requested": {"threads": 2}, "effective": {"threads": 1}}}
        if len(rounds) == 1:
            record["figures"]["latency_p95_ns"] = value(
                record["figures"]["latency_p95_ns"]["value"], n=len(values), no_interval="rounds<2")
            ordered = sorted(values)
            record["within_process"] = {"latency_p95_ns": {"low": ordered[-15], "high": ordered[-3]}}
    record["figures"].update(spec["change"])
    return record


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def write_round(folder, order, spec, number, values):
    rows, now = [], 1_000_000_000 * (order + 1)
    for latency in values:
        rows.append((now, now + latency))
        now += latency + 900
    raw = {"samples.bin": samples_bin(rows), "power.jsonl": POWER.encode(), "output.txt": b""}
    facts = {"cell": key_of(spec["name"]), "name": spec["name"], "round": number, "order": order,
             "status": "ok", "provenance": spec["provenance"], "warmup": 0, "block": 1,
             "host": {"before": {"clock_khz": [2400000, 2400000], "load_1m": 0.25},
                      "after": {"clock_khz": [2400000, 2300000], "temperature_mc": {"cpu": 51000}}},
             "files": {name: {"bytes": len(data), "sha256": sha256(data)}
                       for name, data in raw.items()}}
    raw["record.json"] = (json.dumps(facts) + "\n").encode()
    for name, data in raw.items():
        write(os.path.join(folder, "rounds", "%05d" % order, name), data)


def write_manifest(folder):
    lines = []
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            with open(path, "rb") as file:
                lines.append((os.path.relpath(path, folder), sha256(file.read())))
    text = "".join("%s  %s\n" % (digest, name) for name, digest in sorted(lines))
    write(os.path.join(folder, "MANIFEST.sha256"), text)


def make(folder, cells, summary="Which of these is fastest?", name="golden", finished=True,
         records=True):
    """Writes a bundle of `cells` (from cell()) into `folder`, which must not exist."""
    plan_hash = key_of(",".join(spec["name"] for spec in cells))
    scenario = "return rg.scenario { name = 'golden' }\n"
    facts = {"schema": 1, "needs": "0.1.0",
             "program": {"name": "railgauge", "version": "0.1.0", "build": "gcc 12.2.0, x86_64"},
             "created": "2026-01-01T00:00:00Z",
             "scenario": {"name": name, "summary": summary, "sha256": key_of(scenario), "files": {}},
             "plan": {"hash": plan_hash, "cells": len(cells), "rounds": 3, "power": False,
                      "seed": "1"},
             "request": {}, "gate": {},
             "host": {"board": "Simulated board", "cpu": "Simulated CPU", "arch": "x86_64",
                      "cores": 2, "threads": 2, "memory_bytes": 8589934592, "os": "Debian 12",
                      "kernel": "6.1.0", "governor": "performance"},
             "arguments": {"scenario": "golden.lua", "set": []}}
    write(os.path.join(folder, "bundle.json"), json.dumps(facts, ensure_ascii=False) + "\n")
    write(os.path.join(folder, "scenario.lua"), scenario)
    planned, done, order = [], [], 0
    for place, spec in enumerate(cells):
        planned.append(json.dumps(plan_line(spec), ensure_ascii=False) + "\n")
        rounds = []
        for number in range(spec["rounds"] if spec["status"] in ("ok", "wrong") else 0):
            rounds.append(latencies(spec["base_ns"], spec["n"], 1000 * place + number))
            write_round(folder, order, spec, number, rounds[-1])
            order += 1
        done.append(json.dumps(record_line(spec, rounds), ensure_ascii=False) + "\n")
    write(os.path.join(folder, "cells.jsonl"), "".join(planned))
    if records:
        write(os.path.join(folder, "records.jsonl"), "".join(done))
    if finished:
        write_manifest(folder)
    return folder


# where an injected gnuplot command would write; a name that nobody else uses
PLANTED = os.path.join(tempfile.gettempdir(), "railgauge-planted-%d" % os.getpid())

HOSTILE = ["<script>alert(1)</script>/cpu", 'quote " and \' and `id` $(id) @me', "new\nline\rtab\tesc\x1b[31m",
           "x" * 300, "größe/μs/日本語/\u202eright-to-left", "=1+1|pipe|*star*_under_[link](http://a.example)",
           "#1 & &amp; <!-- ]]> -->", "'; set output '%s'; !id" % PLANTED]


def ordinary():
    """Every kind of outcome once, in simulation."""
    return [
        cell("ds-cnn/sim/threads=1", base_ns=2_000_000),
        cell("ds-cnn/sim/threads=2", base_ns=1_200_000),
        cell("ds-cnn/sim/threads=4", base_ns=1_190_000, flags=["busy"]),
        cell("resnet8/sim/threads=1", workload="resnet8", base_ns=9_000_000, macs=12_500_000),
        cell("resnet8/sim/threads=2", workload="resnet8", base_ns=5_000_000, macs=12_500_000,
             status="wrong", what="17 of 10 outputs differ from the reference",
             advice="compare layer by layer with railgauge infer",
             change={"agreement_differing": value(17.0), "agreement_sqnr_db": value(12.25)}),
        cell("resnet8/sim/threads=4", workload="resnet8", base_ns=3_000_000, rounds=1,
             macs=12_500_000, flags=["within-one-process"]),
        cell("mobilenet-v2/sim:npu", workload="mobilenet-v2", status="unsupported",
             what="conv2d node 17 has dilation 2, which sim:npu does not do",
             advice="use target cpu for this model"),
        cell("mobilenet-v2/edgetpu", workload="mobilenet-v2", target="edgetpu", status="absent",
             what="no Edge TPU is connected", advice="plug one in, then railgauge doctor"),
        cell("mobilenet-v2/sim/crash", workload="mobilenet-v2", status="failed",
             what="the worker ended by signal 11 (SIGSEGV) after 1.2 s",
             advice="see rounds/00012/output.txt"),
    ]


def mixed():
    """Measured beside simulated, a double, and energy."""
    return [
        cell("ds-cnn/cpu/threads=1", target="cpu", provenance="measured", base_ns=2_000_000, energy=5200.0),
        cell("ds-cnn/cpu/threads=2", target="cpu", provenance="measured", base_ns=1_200_000, energy=3900.0),
        cell("ds-cnn/sim/threads=1", base_ns=200_000),
        cell("ds-cnn/double:fast", target="double", base_ns=100_000),
    ]


def many(n):
    """n cells over five workloads and four decades of latency."""
    works = ["ds-cnn", "resnet8", "mobilenet-v1-0.25", "mobilenet-v2-1.0-224-int8-per-channel", "autoencoder"]
    return [cell("%s/sim/threads=%d" % (works[i % 5], i + 1), workload=works[i % 5],
                 base_ns=20_000 * (1 + i) * (60 if i % 5 == 3 else 1), n=140, rounds=2,
                 flags=[]) for i in range(n)]
