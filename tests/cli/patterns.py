"""Load patterns through the whole program, on simulated devices in virtual time: known answers, and
figures counted again from the raw stamps.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import tap
from recompute import quantile, read_samples

PROGRAM = sys.argv[1]
EXACT = "{latency = '2ms', jitter = 0, round_sd = 0, tail_share = 0, first_factor = 1, warmup = 0%s}"


def measured(cells, tier="{name = 'smoke', rounds = 2}", head=""):
    """Runs cells of a scenario on the simulated device: (records by name, rounds by cell's name)."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "p.lua")
        with open(path, "w", encoding="utf-8") as file:
            file.write("return rg.scenario {name = 'p', tier = %s, %s cells = {%s}}" % (tier, head, cells))
        done = subprocess.run([PROGRAM, "run", path, "--out", folder], capture_output=True, text=True,
                              timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        bundle = glob.glob(folder + "/p-*")[0]
        with open(bundle + "/records.jsonl", encoding="utf-8") as file:
            records = {r["name"]: r for r in map(json.loads, file)}
        rounds = {}
        for place in sorted(glob.glob(bundle + "/rounds/*")):
            with open(place + "/record.json", encoding="utf-8") as file:
                facts = json.load(file)
            rounds.setdefault(facts["name"], []).append((facts, read_samples(place + "/samples.bin")))
        return records, rounds


def sim(pattern, options="", more="", target="sim", exact=EXACT):
    return "{empty = 64, target = '%s', options = %s, pattern = %s %s}" % (target, exact % options, pattern, more)


def one(cell, **more):
    records, rounds = measured(cell, **more)
    assert len(records) == 1
    return next(iter(records.values())), next(iter(rounds.values()))


def value(record, key):
    return record["figures"][key]["value"]


def steady(rounds):
    return [row for facts, rows in rounds for row in rows[facts["warmup"]:]]


def test_misses_and_drops_are_what_the_raw_stamps_say():
    record, rounds = one(sim("{'poisson', hz = 450, queue = 2}", more=", deadline = '4ms'"))
    rows = steady(rounds)
    served = sorted(end - start for start, end in rows if end >= start)
    dropped = sum(end == start - 1 for start, end in rows)
    late = sum(ns > 4_000_000 for ns in served) + dropped
    assert dropped > 0 and late > dropped, (dropped, late)
    assert value(record, "dropped") == dropped
    assert value(record, "drop_share") == dropped / len(rows)
    assert value(record, "deadline_misses") == late
    assert value(record, "deadline_miss_share") == late / len(rows)
    assert value(record, "latency_p95_ns") == quantile(served, 0.95)
    assert record["per_round"]["deadline_misses"] == [
        sum(end < start or end - start > 4_000_000 for start, end in rows[facts["warmup"]:])
        for facts, rows in rounds]
    assert "sender-late" not in record["flags"]


def test_the_same_plan_gives_the_same_arrivals():
    cell = sim("{'poisson', hz = 300}")
    assert one(cell)[1][0][1] == one(cell)[1][0][1]


def test_a_stalled_device_delays_all_who_come_meanwhile():
    """One request in 50 takes 40 ms: a closed loop sees 2 % slow ones, an open one at 250 Hz 20 of 50."""
    stalled = ", mode = 'stalled'"
    closed, _ = one(sim("'single_stream'", stalled), tier="{name = 'smoke', samples = 500}")
    opened, _ = one(sim("{'paced', hz = 250}", stalled), tier="{name = 'smoke', samples = 500}")
    assert value(closed, "latency_p90_ns") == 2_000_000
    assert value(opened, "latency_p90_ns") > 25_000_000, value(opened, "latency_p90_ns")
    assert 0.2 < value(opened, "deadline_miss_share") < 0.5


def test_p999_comes_with_enough_requests():
    record, _ = one(sim("{'paced', hz = 100}"), tier="{name = 'smoke', samples = 2000}")
    assert value(record, "latency_p999_ns") == 2_000_000
    record, _ = one(sim("{'paced', hz = 100}"))
    assert record["figures"]["latency_p999_ns"] == {"na": "n<3688"}


def test_streams_finds_the_known_answer_however_it_looks():
    """Frames of 2 ms, 30 a second: 16 streams are 0.96 of the device, 17 more than it can do."""
    for search in ("bisect", "climb"):
        record, rounds = one(sim("{'streams', fps = 30, most = 40, search = '%s'}" % search))
        assert value(record, "streams") == 16, (search, value(record, "streams"))
        assert value(record, "deadline_miss_share") == 0
        assert rounds[0][0]["search"]["probes"][-1]["holds"]
    record, _ = one(sim("{'streams', fps = 30, n = 2}", target="sim-async"))
    assert value(record, "streams") == 33, value(record, "streams")


def test_streams_says_when_not_one_holds_and_when_more_might():
    record, _ = one(sim("{'streams', fps = 30, deadline = '1ms'}"))
    assert value(record, "streams") == 0
    assert "deadline-out-of-reach" in record["flags"]
    record, _ = one(sim("{'streams', fps = 30, most = 5}"))
    assert value(record, "streams") == 5
    assert "search-bound" in record["flags"]


def test_a_sweep_finds_where_throughput_is_full():
    record, _ = one(sim("{'sweep', most = 16}", ", servers = 4", target="sim-async"))
    assert value(record, "best_in_flight") == 4
    assert 1900 < value(record, "throughput_per_s") <= 2000


def test_a_soak_finds_the_scripted_time_of_throttling():
    """Requests of 2 ms take 3 ms from 47 s after loading on; the first inference is behind us by then."""
    scripted = ", throttle_after = '47s', power_mw = 6000"
    cell = sim("{'soak', duration = '2m', step = '5s'}", scripted)
    record, rounds = one(cell, tier="{name = 'smoke', rounds = 1}",
                         head="measure = {power = true, rails = {'sim'}, idle = '1s', accept = {'not-steady'}},")
    assert value(record, "burst_p95_ns") == 2_000_000
    assert value(record, "sustained_p95_ns") == 3_000_000
    assert abs(value(record, "throttle_after_ns") - 47e9) < 2e9, value(record, "throttle_after_ns")
    assert abs(value(record, "burst_uj") / 12000 - 1) < 0.02, record["figures"]["burst_uj"]
    assert abs(value(record, "sustained_uj") / 12000 - 1) < 0.02, record["figures"]["sustained_uj"]
    facts = rounds[0][0]
    assert facts["soak"]["steady"] and len(facts["soak"]["segments"]) == 24, "no heat to read: the whole time"
    calm, _ = one(sim("{'soak', duration = '30s', hz = 100}"), tier="{name = 'smoke', rounds = 1}")
    assert calm["figures"]["throttle_after_ns"] == {"na": "never-throttled"}
    assert calm["figures"]["burst_uj"] == {"na": "not-measured"}
    assert value(calm, "arrivals_per_s") == 100


def test_a_disturbance_is_measured_beside_the_same_window_alone():
    cell = "{empty = 4096, target = 'cpu', interfere = 'io', pattern = {'paced', hz = 400}}"
    record, rounds = one(cell)
    part = record["parts"][0]
    facts, rows = rounds[0]
    assert part["name"] == "alone" and part["n"] == 160, part
    assert facts["interfere"] == {"kind": "io", "processes": 1}
    assert len(rows) == facts["warmup"] + 80 + 80
    assert record["samples"] == 160
    assert value(record, "interfere_p95") > 0
    last_alone = max(end for _, end in rows[-80:])
    assert all(start > last_alone for start, _ in rows[facts["warmup"]:facts["warmup"] + 80]), "alone comes first"


def test_cold_measures_load_and_first_inference_alone():
    record, rounds = one(sim("'cold'", ", load = '30ms', first_factor = 4", exact=EXACT.replace("first_factor = 1, ", "")))
    assert value(record, "load_cold_ns") == 30_000_000
    assert value(record, "first_ns") == 8_000_000
    assert record["figures"]["latency_p95_ns"]["na"] == "not-measured"
    assert not rounds[0][1], "no request but the first"


if __name__ == "__main__":
    sys.exit(tap.run(globals()))
