"""A run killed at random moments and resumed: it ends complete, every round that was finished keeps
its bytes, and the records equal those of a run that nobody disturbed. TAP on stdout.

usage: kill_resume.py PROGRAM KILLS
"""
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM, KILLS = os.path.abspath(sys.argv[1]), int(sys.argv[2])
SEED = 20250101
SCENARIO = """
return rg.scenario {
    name = "killed",
    summary = "rounds enough to be cut off anywhere",
    measure = {power = true, rails = {"sim"}},
    tier = {rounds = 4, samples = 130, min_time = "50ms"},
    cells = {
        {model = rg.empty(64), target = "sim", options = {latency = "1ms"}},
        {model = rg.empty(64), target = "sim", options = {latency = "2ms", seed = 2}},
        {model = rg.empty(64), target = "sim-async", options = {latency = "2ms"},
            pattern = {"in_flight", n = 2}},
        {model = rg.empty(64), target = "edgetpu"},
    },
}
"""
# What may differ between two runs: when, which process, and the state of the machine around it.
VOLATILE = {"started_wall_ns", "elapsed_ns", "pid", "host"}
HOST_FLAGS = {"busy", "hot", "clock-changed", "throttled", "state-changed"}


def settled(value):
    """A record without what may differ."""
    if isinstance(value, dict):
        return {key: [flag for flag in inner if flag not in HOST_FLAGS] if key == "flags"
                else settled(inner) for key, inner in value.items() if key not in VOLATILE}
    return [settled(inner) for inner in value] if isinstance(value, list) else value


def start(words):
    return subprocess.Popen([PROGRAM, "run", *words, "--quiet"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, start_new_session=True)


def finish(words):
    child = start(words)
    said = child.communicate(timeout=120)[1].decode()
    return child.returncode, said


def only_bundle(out):
    """The bundle below `out`; None while there is none. A cut-off creation leaves NAME.tmp."""
    names = [name for name in os.listdir(out) if not name.endswith(".tmp")] \
        if os.path.isdir(out) else []
    assert len(names) <= 1, names
    return os.path.join(out, names[0]) if names else None


def finished_rounds(bundle):
    """Hashes of all files of complete rounds."""
    seen = {}
    rounds = os.path.join(bundle, "rounds")
    for name in sorted(os.listdir(rounds)):
        if name.endswith(".tmp"):
            continue
        for file in sorted(os.listdir(os.path.join(rounds, name))):
            with open(os.path.join(rounds, name, file), "rb") as handle:
                seen[name, file] = hashlib.sha256(handle.read()).hexdigest()
    return seen


def records(bundle):
    with open(os.path.join(bundle, "records.jsonl")) as file:
        return settled([json.loads(line) for line in file])


def kill_once(words, after_s):
    """Kills the run after a while; False when it had ended before."""
    child = start(words)
    time.sleep(after_s)
    alive = child.poll() is None
    if alive:
        child.send_signal(signal.SIGKILL)
    child.communicate(timeout=60)
    return alive


def main(folder):
    scenario = os.path.join(folder, "killed.lua")
    with open(scenario, "w") as file:
        file.write(SCENARIO)
    calm = os.path.join(folder, "calm")
    began = time.monotonic()
    code, said = finish([scenario, "--out", calm])
    whole_s = time.monotonic() - began
    assert os.path.exists(os.path.join(only_bundle(calm) or "", "MANIFEST.sha256")), said
    want = records(only_bundle(calm))
    want_rounds = {key: value for key, value in finished_rounds(only_bundle(calm)).items()
                   if key[1] in ("samples.bin", "power.jsonl")}
    chance = random.Random(SEED)
    kills = runs = changed = lost = unequal = broken = 0
    notes = []
    while kills < KILLS:
        out = os.path.join(folder, "run%d" % runs)
        runs += 1
        known, done = {}, False
        while not done:
            bundle = only_bundle(out)
            words = ["--resume", bundle] if bundle else [scenario, "--out", out]
            if kills < KILLS:
                killed = kill_once(words, chance.uniform(0, 0.9 * whole_s))
                kills += killed
            else:
                killed, (last, said) = False, finish(words)
                if last != code:
                    broken += 1
                    notes.append("exit %d instead of %d: %s" % (last, code, said))
            bundle = only_bundle(out)
            now = finished_rounds(bundle) if bundle else {}
            changed += sum(1 for key in known if now.get(key) != known[key])
            known = now
            done = bool(bundle) and not killed
            if done and not os.path.exists(os.path.join(bundle, "MANIFEST.sha256")):
                broken += 1
                notes.append("%s ended without a manifest" % bundle)
        if records(bundle) != want:
            unequal += 1
            notes.append("records of %s differ" % bundle)
        lost += sum(1 for key, value in want_rounds.items() if known.get(key) != value)
        check = subprocess.run(["sha256sum", "--quiet", "-c", "MANIFEST.sha256"], cwd=bundle)
        broken += check.returncode != 0
    for note in notes[:20]:
        print("# " + note.replace("\n", " "))
    results = [("%d kills in %d runs, undisturbed %.2f s" % (kills, runs, whole_s), kills >= KILLS),
               ("every bundle ends complete, its manifest right", not broken),
               ("no byte of a finished round changed", not changed),
               ("raw samples and power rows equal those of the undisturbed run", not lost),
               ("records equal those of the undisturbed run", not unequal)]
    print("1..%d" % len(results))
    for number, (name, right) in enumerate(results, 1):
        print("%s %d - %s" % ("ok" if right else "not ok", number, name))
    return all(right for _, right in results)


with tempfile.TemporaryDirectory() as folder:
    sys.exit(not main(folder))
