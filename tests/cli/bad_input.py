#!/usr/bin/env python3
"""What clumsy and hostile users do, from the command line: each case ends with the documented exit code, says what
happened and what to try, and keeps stdout clean. Prints TAP. Usage: bad_input.py RAILGAUGE
"""
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
base = tempfile.mkdtemp(prefix="railgauge-bad-")
environment = dict(os.environ, XDG_CACHE_HOME=os.path.join(base, "cache"), LC_ALL="C.UTF-8")


def put(name, content):
    path = os.path.join(base, name)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return path


def call(*arguments, **keys):
    keys.setdefault("env", environment)
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, cwd=base, **keys)


def refused(code, *arguments, says=(), tries=True, **keys):
    """Runs and expects the code, every word of `says` on stderr, a line that begins with try:, nothing on stdout."""
    done = call(*arguments, **keys)
    told = f"{arguments}: exit {done.returncode}\n{done.stderr}{done.stdout[:500]}"
    assert done.returncode == code, told
    assert done.stderr.startswith("railgauge"), told
    for word in says:
        assert word in done.stderr, f"'{word}' is missing: {told}"
    assert not tries or "  try: " in done.stderr, told
    assert not done.stdout, told
    return done


def scenario(name, text, says, limit_s=20):
    start = time.monotonic()
    refused(64, "run", put(name, text), "--out", "never", "--quiet", says=says)
    assert time.monotonic() - start < limit_s, f"{name} took too long"
    assert not os.path.exists(os.path.join(base, "never")), "a bundle was made for a broken scenario"


def simulated(out, *arguments):
    done = call("run", "scenarios/sim.lua", "--tier", "smoke", "--quiet", "--out", out, *arguments)
    assert done.returncode == 0, done.stderr
    folder = os.path.join(base, out)
    return os.path.join(folder, sorted(os.listdir(folder))[-1])


def test_files_that_are_no_models_are_named_for_what_they_are():
    infer = ("--fill", "splitmix64", "--output-dir", "o")
    refused(65, "infer", put("empty.tflite", b""), *infer, says=["empty"])
    refused(65, "infer", put("lfs.tflite", "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 9\n"),
            *infer, says=["Git LFS", "git lfs pull"])
    refused(65, "infer", put("page.tflite", "<!DOCTYPE html><html></html>"), *infer, says=["web page"])
    refused(65, "infer", put("json.tflite", '{"a": 1}'), *infer)
    refused(65, "infer", put("noise.tflite", bytes(range(256)) * 8), *infer)
    refused(74, "infer", "nothere.tflite", *infer, says=["nothere.tflite"])
    refused(74, "infer", base, *infer, says=["folder"])


def made_model():
    call("run", "scenarios/model.lua", "--set", "model=autoencoder", "--tier", "smoke", "--quiet", "--out", "model")
    folder = os.path.join(base, "cache", "railgauge", "models")
    return os.path.join(folder, [n for n in os.listdir(folder) if n.startswith("autoencoder")][0])


def test_a_truncated_or_flipped_model_never_runs_wild():
    with open(made_model(), "rb") as f:
        good = f.read()
    for cut in (1, 7, 8, 100, 1000, len(good) // 2):
        refused(65, "infer", put("cut.tflite", good[:cut]), "--fill", "splitmix64", "--output-dir", "o")
    for at in range(0, 400, 13):
        flipped = bytearray(good)
        flipped[at] ^= 0x81
        done = call("infer", put("flip.tflite", bytes(flipped)), "--fill", "splitmix64", "--output-dir", "o")
        assert done.returncode in (0, 3, 65), f"byte {at}: exit {done.returncode} {done.stderr}"


def test_infer_wants_the_right_inputs_and_targets():
    model = made_model()
    refused(64, "infer", model, "--output-dir", "o", says=["640 bytes"])
    refused(65, "infer", model, "--input", "0=" + put("short.bin", b"123"), "--output-dir", "o", says=["640"])
    refused(64, "infer", model, "--fill", "splitmix64", "--output-dir", "o", "--target", "cpuu", says=["'cpu'"])
    refused(64, "infer", model, "--fil", "splitmix64", says=["--fill"])
    refused(74, "infer", model, "--fill", "splitmix64", "--output-dir", "/proc/nope/o", says=["/proc/nope"])


def test_a_bad_model_in_a_run_is_one_failed_cell_with_its_reason():
    done = call("run", "scenarios/model.lua", "--set", "model=" + put("cut2.tflite", b"abc"), "--tier", "smoke", "--quiet", "--out", "m")
    assert done.returncode == 3, done.stderr
    assert "cut2.tflite" in done.stderr and "try:" in done.stderr, done.stderr


def test_scripts_that_are_wrong_say_where():
    scenario("syntax.lua", "x = = 1", ["syntax.lua:1"])
    scenario("key.lua", 'return rg.scenario { name = "x", cels = {} }', ["key.lua:1", "'cells'"])
    scenario("five.lua", "return 5", ["rg.scenario"])
    scenario("zero.lua", 'return rg.scenario { name = "z", cells = {} }', ["no cells"])
    scenario("twice.lua", 'return rg.scenario { name = "d", cells = { { model = "ds-cnn" }, { model = "ds-cnn" } } }', ["1 (", "2 ("])
    scenario("target.lua", 'return rg.scenario { name = "t", cells = { { model = "ds-cnn", target = "cpuu" } } }', ["'cpu'"])
    scenario("slip.lua", 'return rg.scenario { name = "m", cells = { { model = "dscnn", target = "cpu" } } }', ["'ds-cnn'"])
    scenario("unit.lua", 'return rg.scenario { name = "u", tier = { min_time = 5 }, cells = { { model = "ds-cnn" } } }', ["unit"])
    scenario("bytecode.lua", b"\x1bLua\x54\x00", [])


def test_scripts_that_never_end_are_ended():
    scenario("loop.lua", "while true do end", ["end"], limit_s=30)
    scenario("big.lua", 'return string.rep("x", 1 << 30)', ["memory"])
    scenario("grow.lua", 'local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1000) .. i end', [])
    scenario("deep.lua", "local function f() return f() + 1 end return f()", ["stack overflow"])
    scenario("bomb.lua", 'return ("a"):rep(300000):find((".-"):rep(30) .. "b")', [], limit_s=30)


def test_options_of_scenarios_are_checked():
    run = ("run", "scenarios/sim.lua", "--quiet", "--out", "never")
    refused(64, *run, "--set", "nope=1", says=["nope"])
    refused(64, *run, "--set", "slow=abc", says=["slow"])
    refused(64, *run, "--set", "slow", says=["="])
    refused(64, *run, "--only", "nomatch", says=["nomatch"])
    refused(64, *run, "--tier", "quik", says=["quik"])
    refused(64, "run", "scenarios/nothere.lua", says=["nothere.lua"])
    refused(64, "runn", says=["'run'"])


def test_places_that_cannot_be_written_exit_74():
    refused(74, "run", "scenarios/sim.lua", "--out", "/proc/nope", "--quiet", says=["/proc/nope"])
    bundle = simulated("s1")
    refused(74, "report", bundle, "-o", "/proc/nope.html", says=["/proc/nope.html"])
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([program, "report", bundle], stdout=full, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    assert done.returncode == 74, done.stderr


def test_bundles_that_are_none_are_told():
    bundle = simulated("s2")
    refused(74, "report", "nothere", says=["nothere"])
    refused(65, "report", base, says=["not a bundle"])
    refused(64, "report", bundle, "--format", "pdf", says=["html"])
    refused(64, "gate", "--baseline", bundle, says=["two bundles"])
    refused(65, "run", "--resume", base, says=["not a bundle"])
    refused(74, "run", "--resume", "nothere", says=["nothere"])
    refused(64, "run", "scenarios/idle.lua", "--resume", bundle, says=["idle.lua is not the scenario"])
    again = call("run", "scenarios/sim.lua", "--resume", bundle, "--quiet")
    assert again.returncode == 0, again.stderr
    newer = shutil.copytree(bundle, os.path.join(base, "newer"))
    path = os.path.join(newer, "bundle.json")
    with open(path, encoding="utf-8") as f:
        document = json.load(f)
    document["schema"] = 99
    with open(path, "w", encoding="utf-8") as f:
        json.dump(document, f)
    refused(65, "report", newer, says=["schema 99"])


def test_a_bundle_gated_against_itself_passes():
    bundle = simulated("s3")
    done = call("gate", "--baseline", bundle, "--candidate", bundle)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "-0.0 %" not in done.stdout, "a change of nothing has no sign"


def test_the_program_alone_in_a_folder_runs_its_own_scenarios():
    alone = os.path.join(base, "alone")
    os.mkdir(alone)
    copy = shutil.copy(program, alone)
    bare = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": os.path.join(base, "cache"), "QEMU_LD_PREFIX": os.environ.get("QEMU_LD_PREFIX", "")}
    done = subprocess.run([copy, "run", "scenarios/sim.lua", "--tier", "smoke", "--quiet", "--json"], capture_output=True, text=True,
                          cwd=alone, env=bare, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["records"]) == 2


def test_a_second_ctrl_c_ends_at_once_and_keeps_the_bundle_readable():
    out = os.path.join(base, "interrupted")
    child = subprocess.Popen([program, "run", "scenarios/model.lua", "--set", "model=resnet-8", "--set", "tier=standard", "--quiet", "--out", out],
                             cwd=base, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        rounds = [r for b in (os.listdir(out) if os.path.isdir(out) else []) if os.path.isdir(os.path.join(out, b, "rounds"))
                  for r in os.listdir(os.path.join(out, b, "rounds"))]
        if rounds:
            break
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=20) == 130
    bundle = os.path.join(out, os.listdir(out)[0])
    done = call("report", bundle)
    assert done.returncode == 0 and "unfinished" in done.stdout + done.stderr, done.stderr


if __name__ == "__main__":
    code = tap.run(globals())
    shutil.rmtree(base, ignore_errors=True)
    sys.exit(code)
