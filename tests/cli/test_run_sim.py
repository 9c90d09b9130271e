#!/usr/bin/env python3
"""Whole runs on the simulated targets: every planted failure, repeatability to the byte, signals,
resuming, refusals and broken scenarios. Prints TAP. Usage: test_run_sim.py RAILGAUGE
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tap

program = os.path.abspath(sys.argv[1])
base = tempfile.mkdtemp(prefix="railgauge-run-")
environment = dict(os.environ, XDG_CACHE_HOME=os.path.join(base, "cache"), LC_ALL="C.UTF-8")
TIER = {"rounds": 2, "samples": 130, "min_time": "100ms", "cap": "1s"}
QUIET_CAP = {"rounds": 1, "samples": 130, "min_time": "100ms", "cap": "200ms"}
# facts that belong to the process and the moment, not to the simulated device (docs: round.h)
VOLATILE = ("started_wall_ns", "elapsed_ns", "pid", "files")


def cell(target="sim", file="empty:64", **keys):
    return dict({"file": file, "target": target}, **keys)


def request(cells, tier=TIER, **keys):
    folder = tempfile.mkdtemp(dir=base)
    path = os.path.join(folder, "request.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(dict({"name": "test", "summary": "a test", "seed": 1, "tier": tier, "cells": cells}, **keys), f)
    return path, os.path.join(folder, "runs")


def call(*arguments, **keys):
    return subprocess.run([program, *arguments], capture_output=True, text=True, env=environment, timeout=100, **keys)


def run(cells, *arguments, **keys):
    """Runs cells; returns exit code, the JSON document and the bundle's folder."""
    path, out = request(cells, **keys)
    done = call("run", path, "--out", out, "--json", *arguments)
    document = json.loads(done.stdout)
    return done.returncode, document, document["bundle"], done.stderr


def records(document):
    return {r["name"]: r for r in document["records"]}


def facts(bundle):
    found = []
    for path in sorted(glob.glob(os.path.join(bundle, "rounds", "*", "record.json"))):
        with open(path, encoding="utf-8") as f:
            found.append(json.load(f))
    return found


def equal(a, b, what=""):
    assert a == b, f"{what}: {a!r} is not {b!r}"


def holds(text, part):
    assert part in text, f"{part!r} is not in {text!r}"


# --- planted failures: the cell says what happened, the other one is measured all the same ---------

def fails(fail, status, what, fail_at=0, tier=TIER):
    code, document, bundle, words = run([cell(options={"fail": fail, "fail_at": fail_at}), cell(file="empty:32")],
                                        tier=tier)
    equal(code, 3, "exit code")
    equal(document["exit"], 3)
    bad = records(document)[f"empty:64/sim/fail={fail}/fail_at={fail_at}"]
    equal(bad["status"], status)
    holds(bad["what"], what)
    assert bad["advice"], "something to try"
    equal(records(document)["empty:32/sim"]["status"], "ok", "the other cell")
    holds(words, what)
    return facts(bundle), words


def test_crash_is_told_with_signal_and_last_lines():
    found, words = fails("crash", "failed", "Segmentation fault", fail_at=40)
    first = next(f for f in found if f["status"] == "failed")
    equal(first["exit"]["signal"], signal.SIGSEGV)
    holds(first["last_lines"], "about to crash")
    equal(first["phase"], "warm-up")
    assert first["elapsed_ns"] > 0
    holds(words, "is given up")


def test_hang_is_ended_after_the_cap():
    found, _ = fails("hang", "failed", "hung in phase first", tier=QUIET_CAP)
    hung = next(f for f in found if f["status"] == "failed")
    assert 5e9 < hung["elapsed_ns"] < 20e9, hung["elapsed_ns"]
    equal(hung["exit"]["signal"], signal.SIGKILL)


def test_garbage_on_the_socket_is_noticed():
    fails("garbage", "failed", "bytes that are no message")


def test_wrong_output_is_never_timed():
    found, _ = fails("wrong", "wrong", "1 of 64 elements differ")
    wrong = [f for f in found if f["status"] == "wrong"]
    equal(len(wrong), 1, "no further round")
    assert "window" not in wrong[0]
    equal(wrong[0]["truth"]["differing"], 1)
    equal(wrong[0]["truth"]["exact"], False)


def test_output_that_turns_wrong_while_timed_is_caught():
    found, _ = fails("wrong", "wrong", "differs from the reference", fail_at=350)
    assert any(f["status"] == "wrong" and f["phases"]["first_ns"] for f in found)


def test_prints_of_a_library_never_reach_stdout():
    code, document, bundle, _ = run([cell(options={"fail": "print", "fail_at": 5})])
    equal(code, 0)
    equal(document["records"][0]["status"], "ok")
    with open(os.path.join(bundle, "rounds", "00000", "output.txt"), encoding="utf-8") as f:
        output = f.read()
    equal(len(output), 64 * 1024, "the last 64 KiB are kept")
    holds(output, "line 1999 of chatter")
    equal(facts(bundle)[0]["output_cut"], True)


def test_one_lost_round_costs_only_itself():
    code, document, bundle, words = run(
        [cell(options={"fail": "crash", "fail_at": 9, "fail_round": 1})], tier=dict(TIER, rounds=4))
    equal(code, 3, "a lost round is told by the exit code")
    equal([f["status"] for f in facts(bundle)], ["ok", "failed", "ok", "ok"])
    equal(document["records"][0]["rounds"], 3)
    holds(words, "1 of 4 rounds failed")


# --- repeatability ---------------------------------------------------------------------------------

def content(bundle):
    """All that must be equal between two simulated runs."""
    out = {}
    for folder in sorted(os.listdir(os.path.join(bundle, "rounds"))):
        for name in ("samples.bin", "power.jsonl", "output.txt"):
            with open(os.path.join(bundle, "rounds", folder, name), "rb") as f:
                out[folder, name] = f.read()
    for number, fact in enumerate(facts(bundle)):
        out[number] = {k: v for k, v in fact.items() if k not in VOLATILE}
    for name in ("cells.jsonl", "records.jsonl"):
        with open(os.path.join(bundle, name), "rb") as f:
            out[name] = f.read()
    return out


def test_simulated_runs_repeat_to_the_byte():
    cells = [cell(), cell("sim-async", pattern={"kind": "in_flight", "n": 3}),
             cell(options={"mode": "bimodal", "latency": "300us"})]
    one, two = (content(run(cells, measure={"power": True})[2]) for _ in range(2))
    equal(sorted(map(str, one)), sorted(map(str, two)), "files")
    for key in one:
        assert one[key] == two[key], f"{key} differs"


def test_rounds_differ_from_each_other():
    bundle = run([cell()])[2]
    found = content(bundle)
    assert found["00000", "samples.bin"] != found["00001", "samples.bin"]


def test_provenance_is_simulated_and_windows_are_bracketed():
    bundle = run([cell()], measure={"power": True, "idle": "300ms"})[2]
    for f in facts(bundle):
        equal(f["provenance"], "simulated")
        before, window, after = f["idle_before"], f["window"], f["idle_after"]
        equal(before["end_ns"] - before["start_ns"], 300000000)
        equal(after["end_ns"] - after["start_ns"], 300000000)
        assert before["end_ns"] <= window["start_ns"] < window["end_ns"] <= after["start_ns"]


# --- patterns --------------------------------------------------------------------------------------

def figure(document, name, key):
    return records(document)[name]["figures"][key]["value"]


def test_asynchronous_target_overlaps_and_synchronous_one_queues():
    """Two servers at 1 ms: 4 in flight give 2000/s and 2 ms each; one at a time 1000/s and 4 ms."""
    flight = {"pattern": {"kind": "in_flight", "n": 4}}
    code, document, _, _ = run([cell("sim-async", **flight), cell("sim", **flight)],
                               tier=dict(TIER, min_time="500ms"))
    equal(code, 0)
    a, s = "empty:64/sim-async/in_flight=4", "empty:64/sim/in_flight=4"
    assert 1850 < figure(document, a, "throughput_per_s") < 2150, figure(document, a, "throughput_per_s")
    assert 925 < figure(document, s, "throughput_per_s") < 1075, figure(document, s, "throughput_per_s")
    assert 1.8e6 < figure(document, a, "latency_p50_ns") < 2.2e6, figure(document, a, "latency_p50_ns")
    assert 3.6e6 < figure(document, s, "latency_p50_ns") < 4.4e6, figure(document, s, "latency_p50_ns")


def test_idle_measures_a_loaded_model_and_no_inference():
    code, document, bundle, _ = run([cell(pattern={"kind": "idle", "duration": "2s"})], measure={"power": True})
    equal(code, 0)
    window = facts(bundle)[0]["window"]
    equal(window["inferences"], 0)
    equal(window["end_ns"] - window["start_ns"], 2000000000)
    power = document["records"][0]["figures"]["power_mean_mw"].get("value")
    assert power is None or abs(power - 2000) < 20, power


def test_planted_slowness_is_measured():
    code, document, _, _ = run([cell(), cell(options={"slow": 1.1})])
    equal(code, 0)
    ratio = figure(document, "empty:64/sim/slow=1.1", "latency_p50_ns") / figure(document, "empty:64/sim", "latency_p50_ns")
    assert 1.08 < ratio < 1.12, ratio


def test_cap_ends_a_round_and_says_so():
    code, document, _, _ = run([cell(options={"latency": "20ms"})],
                               tier={"rounds": 1, "samples": 1000, "min_time": "1s", "cap": "3s"})
    equal(code, 0)
    holds(document["records"][0]["flags"], "time-cap")


def test_a_precise_cell_needs_its_samples_but_no_longer_its_time():
    tier = {"rounds": 8, "samples": 130, "min_time": "1s", "cap": "5s", "precision": 0.2}
    quiet = cell(options={"latency": "1ms", "jitter": 0.01, "tail_share": 0, "round_sd": 0.001})
    code, _, bundle, _ = run([quiet], tier=tier)
    equal(code, 0)
    done = {f["round"]: f["window"]["inferences"] for f in facts(bundle)}
    assert all(done[r] > 900 for r in range(6)), done
    equal([done[6], done[7]], [130, 130])
    code, _, bundle, _ = run([quiet], tier=dict(tier, precision=0.0))
    assert all(f["window"]["inferences"] > 900 for f in facts(bundle))


def test_real_target_is_proven_and_measured():
    code, document, bundle, _ = run([cell("cpu", file="empty:4096")], tier=dict(TIER, rounds=1))
    equal(code, 0)
    fact = facts(bundle)[0]
    equal(fact["provenance"], "measured")
    equal(fact["truth"]["exact"], True)
    assert fact["block"] > 1, "handing bytes through is shorter than 100 clock reads"
    holds(fact["flags"], "clock-coarse")
    memory = fact["memory"]
    # a sanitizer's own tables are resident too, some 80 MB of them
    assert 1 << 20 < memory["rss_loaded_bytes"] <= memory["rss_peak_bytes"] < 256 << 20, memory
    assert memory["rss_peak_bytes"] < 16 << 20 or memory["rss_peak_bytes"] < memory["rss_loaded_bytes"] + (4 << 20), \
        "the shared rows are not counted"
    assert fact["overhead_ns"] >= 0 and fact["clock"]["monotonic"]
    equal(fact["window"]["inferences"] % fact["block"], 0)


# --- signals and resuming --------------------------------------------------------------------------

def start(cells, tier):
    path, out = request(cells, tier=tier)
    child = subprocess.Popen([program, "run", path, "--out", out, "--json"], env=environment, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return child, path, out


def rounds_of(out):
    return glob.glob(os.path.join(out, "*", "rounds", "[0-9]*[0-9]"))


def wait_for_rounds(child, out, n):
    deadline = time.monotonic() + 60
    while len(rounds_of(out)) < n:
        assert child.poll() is None, f"ended early: {child.communicate()}"
        assert time.monotonic() < deadline, "no rounds"
        time.sleep(0.01)


def signal_keeps_finished_rounds_and_resume_completes(number):
    tier = dict(TIER, rounds=20)
    child, path, out = start([cell(), cell(file="empty:32")], tier)
    wait_for_rounds(child, out, 3)
    child.send_signal(number)
    text, words = child.communicate(timeout=30)
    equal(child.returncode, 130)
    document = json.loads(text)
    equal(document["status"], "interrupted")
    holds(words, "--resume")
    bundle = document["bundle"]
    before = {p: content_of(p) for p in rounds_of(out)}
    assert 3 <= len(before) < 40, len(before)
    assert not os.path.exists(os.path.join(bundle, "MANIFEST.sha256"))
    report = call("report", bundle, "--format", "json")
    equal(report.returncode, 0, report.stderr)
    resumed = call("run", "--resume", bundle, "--json")
    equal(resumed.returncode, 0, resumed.stderr)
    equal(json.loads(resumed.stdout)["bundle"].rstrip("/"), bundle.rstrip("/"))
    equal(len(rounds_of(out)), 40)
    for path, old in before.items():
        equal(content_of(path), old, path)
    assert os.path.exists(os.path.join(bundle, "MANIFEST.sha256"))
    equal([f["order"] for f in facts(bundle)], list(range(40)))


def content_of(folder):
    out = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as f:
            out[name] = f.read()
    return out


def test_interrupt_keeps_finished_rounds_and_resume_completes():
    signal_keeps_finished_rounds_and_resume_completes(signal.SIGINT)


def test_terminate_keeps_finished_rounds_and_resume_completes():
    signal_keeps_finished_rounds_and_resume_completes(signal.SIGTERM)


def workers_of(pid):
    out = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            if int(fields[1]) == pid:
                out.append(int(path.split("/")[2]))
        except OSError:
            pass
    return out


def runs(pid):
    """False for one that is gone or only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_kill_leaves_no_worker_and_resume_completes():
    child, _, out = start([cell(options={"fail": "hang", "fail_at": 10, "fail_round": 2})], dict(TIER, rounds=4))
    wait_for_rounds(child, out, 2)
    deadline = time.monotonic() + 20
    while not workers_of(child.pid):
        assert time.monotonic() < deadline, "the third round never started"
        time.sleep(0.01)
    time.sleep(0.3)
    workers = workers_of(child.pid)
    assert workers
    child.kill()
    child.communicate()
    time.sleep(0.3)
    for worker in workers:
        assert not runs(worker), "a worker outlived its supervisor"
    equal(len(rounds_of(out)), 2)
    bundle = os.path.dirname(os.path.dirname(rounds_of(out)[0]))
    # the hang is part of the plan, so this time it costs its round and the rest is measured
    resumed = call("run", "--resume", bundle, "--quiet")
    equal(resumed.returncode, 3, resumed.stderr)
    equal([f["status"] for f in facts(bundle)], ["ok", "ok", "failed", "ok"])


def test_resuming_a_finished_run_changes_nothing():
    bundle = run([cell()])[2]
    before = content(bundle)
    done = call("run", "--resume", bundle, "--quiet")
    equal(done.returncode, 0, done.stderr)
    assert content(bundle) == before
    assert os.path.exists(os.path.join(bundle, "MANIFEST.sha256"))


# --- refusals and mistakes -------------------------------------------------------------------------

def test_refusals_are_records():
    missing = os.path.join(base, "missing.tflite")
    code, document, bundle, words = run([cell(), cell(file=missing), cell("cpu", variant="avx9000")])
    equal(code, 3)
    found = records(document)
    equal(found["empty:64/sim"]["status"], "ok")
    bad = found["missing/sim"]
    assert bad["status"] in ("absent", "failed"), bad["status"]
    holds(bad["what"], "missing.tflite")
    refused = found["empty:64/cpu/variant=avx9000"]
    equal(refused["status"], "unsupported")
    holds(refused["what"], "avx9000")
    holds(words, "avx9000")
    equal(len(facts(bundle)), 2, "refused cells have no rounds")


def test_device_that_is_not_there_is_told():
    code, document, _, _ = run([cell(device="sim:7")])
    assert code in (3, 5), code
    record = document["records"][0]
    assert record["status"] != "ok"
    holds(record["what"] + record["advice"], "sim")


def test_damaged_model_is_one_failed_cell():
    path = os.path.join(base, "damaged.tflite")
    with open(path, "wb") as f:
        f.write(b"\x1c\0\0\0TFL3" + b"\xff" * 100)
    code, document, _, _ = run([cell(file=path), cell()])
    equal(code, 3)
    equal(records(document)["damaged/sim"]["status"], "failed")
    equal(records(document)["empty:64/sim"]["status"], "ok")


def test_mistakes_exit_64_and_say_what_to_try():
    path, out = request([cell(options={"latncy": "1ms"})])
    done = call("run", path, "--out", out)
    equal(done.returncode, 64)
    holds(done.stderr, "latency")
    equal(done.stdout, "")
    assert not os.path.exists(out), "nothing is made"
    for arguments in ([], ["--nonsense"], ["no-such-scenario.lua"], [path, "--only", "zzz"]):
        done = call("run", *arguments)
        equal(done.returncode, 64, str(arguments))
        holds(done.stderr, "try:")


def test_rails_that_nobody_knows_are_a_mistake_and_none_at_all_a_fact():
    path, out = request([cell("cpu")], measure={"power": True, "rails": ["no-such-rail"]})
    done = call("run", path, "--out", out)
    equal(done.returncode, 64, done.stderr)
    holds(done.stderr, "no-such-rail")
    code, document, bundle, _ = run([cell("cpu")], tier=dict(TIER, rounds=1), measure={"power": True, "idle": "100ms"})
    equal(code, 0)
    fact = facts(bundle)[0]
    assert "refusal" in fact["power"] or "cost" in fact["power"], fact["power"]


def test_recorded_power_is_metered_beside_a_real_target():
    """A replayed trace of 5 W: the rows lie in the round's own time and cover its window."""
    trace = os.path.join(base, "trace.jsonl")
    rail = {"id": "bench:vin", "label": "vin", "sensor": "bench", "transport": "", "parent": "", "scope": "board-in",
            "role": "total", "kind": "instant", "status": "ok", "what": "", "advice": "", "facts": "",
            "refresh_s": 0.01, "lag_s": 0, "limits": {"gain": 0.01, "offset_mw": 1, "lsb_mw": 1, "lsb_uj": 0,
                                                      "range_mw": 0, "counter_wrap_uj": "0"}}
    columns = ["t_ns", "half_ns", "rail", "flags", "power_mw", "energy_uj", "voltage_mv", "current_ma"]
    with open(trace, "w", encoding="utf-8") as f:
        print(json.dumps({"rails": [rail], "columns": columns}), file=f)
        for i in range(100):
            print(json.dumps([i * 10000000, 1000, 0, 0, 5000, None, None, None]), file=f)
    code, _, bundle, words = run([cell("cpu")], tier=dict(TIER, rounds=1, min_time="400ms"),
                                 measure={"power": True, "idle": "200ms", "rails": ["replay:" + trace]})
    equal(code, 0, words)
    fact = facts(bundle)[0]
    holds(fact["power"], "cost")
    with open(os.path.join(bundle, "rounds", "00000", "power.jsonl"), encoding="utf-8") as f:
        rows = [json.loads(line) for line in f][1:]
    equal({row[4] for row in rows}, {5000})
    inside = [r for r in rows if fact["window"]["start_ns"] <= r[0] <= fact["window"]["end_ns"]]
    assert 30 <= len(inside) <= 60, len(inside)
    assert rows[0][0] < fact["idle_before"]["start_ns"] and rows[-1][0] > fact["idle_after"]["end_ns"] - 20000000


def test_unwritable_folder_exits_74():
    path, _ = request([cell()])
    done = call("run", path, "--out", "/proc/nowhere")
    equal(done.returncode, 74, done.stderr)
    equal(done.stdout, "")


def test_full_disk_keeps_what_was_written():
    path, _ = request([cell()], tier=dict(TIER, rounds=8))
    mount = tempfile.mkdtemp(dir=base)
    script = f"mount -t tmpfs -o size=60k none {mount} && exec {program} run {path} --out {mount}/runs --quiet"
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", script], capture_output=True, text=True, env=environment,
                          timeout=60)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        raise tap.Skip("no mount namespaces here")
    equal(done.returncode, 74, done.stderr)
    holds(done.stderr, "try:")


def test_plan_only_runs_nothing():
    path, out = request([cell(), cell(file="empty:32")])
    done = call("run", path, "--plan-only", "--json", "--out", out)
    equal(done.returncode, 0)
    equal(len(json.loads(done.stdout)["cells"]), 2)
    done = call("run", path, "--plan-only", "--only", "empty:32*")
    holds(done.stdout, "empty:32/sim")
    assert "empty:64" not in done.stdout
    assert not os.path.exists(out)


def test_only_runs_the_named_cell_and_resumes_so():
    code, document, bundle, _ = run([cell(), cell(file="empty:32")], "--only", "empty:32/*")
    equal(code, 0)
    equal([r["name"] for r in document["records"]], ["empty:32/sim"])
    equal(call("run", "--resume", bundle, "--quiet").returncode, 0)


def test_table_goes_to_stdout_and_words_to_stderr():
    path, out = request([cell()])
    done = call("run", path, "--out", out)
    equal(done.returncode, 0)
    holds(done.stdout, "empty:64/sim")
    holds(done.stderr, "bundle: ")
    holds(done.stderr, "round 1/2")
    assert "bundle: " not in done.stdout


def test_worker_by_hand_says_who_starts_it():
    done = call("worker", stdin=subprocess.DEVNULL)
    equal(done.returncode, 64)
    holds(done.stderr, "railgauge worker")


if __name__ == "__main__":
    code = tap.run(globals())
    shutil.rmtree(base, ignore_errors=True)
    sys.exit(code)
