#!/usr/bin/env python3
"""Target hailo against the double of libhailort (tests/doubles/hailo_library.c), which computes with our reference operators
and plays busy, lost, hot and other devices of several versions. Prints TAP. Usage: test_hailo.py RAILGAUGE DOUBLE"""
import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hef_file  # noqa: E402
import tap  # noqa: E402

program, double = (os.path.abspath(path) for path in sys.argv[1:3])
work = tempfile.mkdtemp()
os.environ["XDG_CACHE_HOME"] = os.environ["XDG_STATE_HOME"] = os.path.join(work, "cache")
model = os.path.join(work, "net.tflite")


def call(*words, like="", version="4.23.0", **more):
    env = dict(os.environ, RAILGAUGE_HAILO_LIBRARY=double, HAILO_DOUBLE=like, HAILO_DOUBLE_VERSION=version,
               HAILO_DOUBLE_MODEL=model, **more)
    return subprocess.run([program, *words], capture_output=True, text=True, errors="replace", timeout=100, cwd=work, env=env)


def prepare():
    """A small model, executables of it for two chips, and the manifest that pairs them."""
    done = call("export", "wake-word", "--precision", "int8", "--input-set", "0", "-o", os.path.join(work, "made"))
    assert done.returncode == 0, done.stderr
    shutil.copy(glob.glob(os.path.join(work, "made", "*.tflite"))[0], model)
    look = json.loads(call("inspect", model, "--json").stdout)
    with open(model, "rb") as f:
        source = hashlib.sha256(f.read()).hexdigest()
    rows = []
    for arch in ("hailo8", "hailo8l", "hailo15h"):
        data = hef_file.file(hef_file.message([hef_file.group("net", hef_file.ends_of(look))], arch))
        with open(os.path.join(work, arch + ".hef"), "wb") as f:
            f.write(data)
        rows.append({"file": arch + ".hef", "format": "hef", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                     "source": "net.tflite", "source_sha256": source, "architecture": arch})
    with open(os.path.join(work, "manifest.json"), "w") as f:
        json.dump({"manifest": 2, "program": "railgauge", "complete": True, "models": [{"name": "net", "files": rows}]}, f)


def run(*cells, power=False, **more):
    """Records and first rounds of cells, which are Lua tables without their braces."""
    measure = "measure = {power = true, idle = '300ms'}," if power else ""
    tier = "min_time = '300ms', " if power else ""
    with open(os.path.join(work, "some.lua"), "w") as f:
        f.write("return rg.scenario{name='t', tier={name='smoke', rounds=1, %scap='3s'}, %s cells={%s}}" % (
            tier, measure, ", ".join("{%s%s}" % ("" if "target=" in c else "target='hailo', ", c) for c in cells)))
    out = tempfile.mkdtemp(dir=work)
    done = call("run", "some.lua", "--out", out, **more)
    bundle = glob.glob(os.path.join(out, "*"))
    assert len(bundle) == 1, done.stderr
    with open(os.path.join(bundle[0], "records.jsonl")) as f:
        records = [json.loads(line) for line in f]
    rounds = []
    for path in sorted(glob.glob(os.path.join(bundle[0], "rounds", "*", "record.json"))):
        with open(path) as f:
            rounds.append(json.load(f))
        trace = os.path.join(os.path.dirname(path), "power.jsonl")
        if os.path.exists(trace):
            with open(trace) as f:
                rounds[-1]["rails"] = json.loads(f.readline())["rails"]
    return records, rounds


def infer(*words, **more):
    return call("infer", model, "--target", "hailo", "--fill", "splitmix64", *words, **more)


ONE = "model='net.tflite', pattern={'single_stream'}"


def test_every_version_gives_the_same_outputs_through_its_own_structs():
    cpu = call("infer", model, "--target", "cpu", "--fill", "splitmix64", "--json")
    want = [o["sha256"] for o in json.loads(cpu.stdout)["outputs"]]
    for version in ("4.10.0", "4.13.0", "4.17.0", "4.20.0", "4.23.0", "4.24.0", "5.0.0", "5.2.0"):
        done = infer("--json", version=version)
        assert done.returncode == 0, (version, done.stderr)
        assert [o["sha256"] for o in json.loads(done.stdout)["outputs"]] == want, version
    assert infer("--variant", "raw").returncode == 0


def test_a_device_is_listed_with_its_identity():
    rows = [r for r in json.loads(call("list", "devices", "--json").stdout) if r["target"] == "hailo"]
    facts = rows[0]["facts"]
    assert rows[0]["name"] == "hailo:0000:01:00.0" and rows[0]["kind"] == "present" and "M.2" in rows[0]["summary"], rows
    assert (facts["architecture"], facts["firmware"], facts["clock"]) == ("hailo8", "4.23.0", "400 MHz"), facts
    assert facts["serial"] == "HLDDOUBLE0000001" and facts["double"] == "hailo" and len(facts["library_sha256"]) == 64, facts


def test_each_refusal_is_said_with_its_remedy():
    for like, code, what, advice in [
            ("busy", 5, "another process has the device", "fuser"), ("driver", 5, "driver is of another version", "one and the same"),
            ("nodriver", 5, "driver is not loaded", "modprobe"), ("none", 5, "finds no device", "lspci"),
            ("firmware", 5, "firmware is of another version", "reboot"), ("denied", 5, "node cannot be opened", "usermod"),
            ("notimplemented", 3, "cannot do that with this device", "hailortcli"), ("arch=4", 3, "none is paired", "compile --for hailo")]:
        done = infer(like=like)
        assert done.returncode == code and what in done.stderr and advice in done.stderr, (like, done.returncode, done.stderr)
    done = infer(version="6.1.0")
    assert done.returncode in (3, 5) and "6.1.0" in done.stderr and "4.10 to 4.23" in done.stderr, done.stderr


def test_an_executable_for_another_chip_is_refused_and_a_smaller_brothers_is_taken():
    done = call("infer", "hailo15h.hef", "--target", "hailo", "--fill", "splitmix64")
    assert done.returncode == 3 and "is for hailo15h and the device a hailo8" in done.stderr, done.stderr
    assert call("infer", "hailo8l.hef", "--target", "hailo", "--fill", "splitmix64").returncode == 0


def test_runs_are_proven_simulated_and_say_how_they_ran():
    records, rounds = run(ONE, "model='net.tflite', pattern={'in_flight', n=4}",
                          "model='net.tflite', variant='raw', pattern={'single_stream'}",
                          "model='net.tflite', pattern={'single_stream'}, options={conversion='library', scheduler='none'}",
                          "model='net.tflite', batch=3, pattern={'single_stream'}")
    for record, facts in zip(records, rounds):
        assert record["status"] == "ok" and record["provenance"] == "simulated", (record["what"], record["advice"])
        assert facts["truth"]["compared"] and facts["truth"]["exact"], facts["truth"]
        assert facts["placement"]["known"] and facts["placement"]["nodes"] == facts["placement"]["nodes_on_target"], facts
    ways = [r["settings"]["effective"] for r in rounds]
    assert [w["variant"] for w in ways] == ["vstream", "vstream", "raw", "vstream", "vstream"], ways
    assert ways[0]["conversion"] == "outside, untimed" and ways[3]["conversion"] == "library, timed", ways
    assert ways[2]["scheduler"] == ways[3]["scheduler"] == "none" and ways[0]["compiled_for"] == "hailo8", ways
    assert ways[4]["batch"] == "3" and ways[0]["library_version"] == "4.23.0" and ways[0]["double"] == "hailo"
    state = rounds[0]["device_state"]
    assert state["before"]["temperature_c"] == "41.2" and float(state["after"]["device_latency_mean_ms"]) > 0, state
    assert "device_latency_mean_ms" not in rounds[1]["device_state"]["after"], "of several in flight it means nothing"


def test_without_its_source_nothing_is_claimed_of_an_executable():
    os.makedirs(os.path.join(work, "alone"))
    shutil.copy(os.path.join(work, "hailo8.hef"), os.path.join(work, "alone", "alone.hef"))
    records, rounds = run("model='alone/alone.hef', pattern={'single_stream'}")
    assert records[0]["status"] == "ok" and not rounds[0]["truth"]["compared"], rounds[0]["truth"]
    assert not rounds[0].get("placement", {}).get("known") and "work" not in rounds[0], rounds[0]


def test_what_goes_wrong_in_a_run_ends_in_its_status_and_the_run_goes_on():
    for like, status, what, advice in [("lost", "failed", "the device is gone", "dmesg"), ("abort", "failed", "Aborted", "library"),
                                       ("corrupt", "wrong", "differs from the reference", "runtime")]:
        records, _ = run(ONE, like=like)
        said = records[0]
        assert said["status"] == status and what in said["what"] and advice in said["advice"], (like, said["what"], said["advice"])


def test_what_raw_streams_do_not_hold_is_refused():
    records, _ = run("model='net.tflite', variant='raw', pattern={'in_flight', n=2}",
                     "model='net.tflite', variant='raw', pattern={'in_flight', n=4}",
                     "model='net.tflite', target={'hailo', variant='fast'}, pattern={'single_stream'}")
    assert [r["status"] for r in records] == ["ok", "unsupported", "unsupported"], [r["what"] for r in records]
    assert "raw streams hold 2 frames" in records[1]["what"] and "no variant 'fast'" in records[2]["what"], records


def test_heat_and_alarms_are_flags_of_the_round():
    records, rounds = run(ONE + ", options={heat_interval='20ms'}", like="hot")
    assert rounds[0]["device_state"]["after"]["temperature_during_max_c"] == "103.5", rounds[0]["device_state"]
    after = rounds[0]["device_state"]["after"]
    assert {"hot", "throttled"} <= set(records[0]["flags"]) and after["temperature_c"] == "103.5", (records[0]["flags"], after)


def test_the_boards_own_monitor_is_a_rail_of_the_open_device():
    records, rounds = run(ONE, like="monitor,slow=2000", power=True)
    rails = rounds[0]["rails"]
    own = [rail for rail in rails if rail["id"] == "hailo:0000:01:00.0:module"]
    assert len(own) == 1 and (own[0]["scope"], own[0]["role"]) == ("accelerator", "total"), rails
    assert abs(own[0]["refresh_s"] - 2 * 1100e-6 * 16) < 1e-9, own
    energy = records[0]["energy"]
    assert "accelerator" in json.dumps(energy), energy
    records, rounds = run(ONE, like="slow=2000", power=True)
    assert "no power monitor" in json.dumps(rounds[0]["power"]), rounds[0]["power"]


prepare()
code = tap.run(globals())
shutil.rmtree(work)
sys.exit(code)
