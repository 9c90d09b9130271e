#!/usr/bin/env python3
"""The target edgetpu from outside, on doubles of libedgetpu and of its compiler and the real TensorFlow Lite. Prints TAP.

    edgetpu.py RAILGAUGE SOURCE_DIR COMPILER LIBRARY_MAX LIBRARY_STD

TensorFlow Lite's library is TFLITE_LIB, else peers/libtensorflowlite_c.so beside the program (scripts/peers); without it
what computes is skipped.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

program, source, compiler, library_max, library_std = sys.argv[1:6]
tflite = os.environ.get("TFLITE_LIB") or os.path.join(os.path.dirname(program), "peers/libtensorflowlite_c.so")
folders = [os.environ.get("RAILGAUGE_SHARED"), os.path.join(source, "..", "shared"), os.path.join(source, "..", "..", "shared")]
models = next((os.path.join(f, "models") for f in folders if f and os.path.isdir(os.path.join(f, "models"))), None)
work = tempfile.mkdtemp()
os.mkdir(os.path.join(work, "bin"))
os.symlink(compiler, os.path.join(work, "bin", "edgetpu_compiler"))
fresh = [0]


def call(*words, play="", library=library_max, cache="cache", **more):
    env = dict(os.environ, PATH=os.path.join(work, "bin") + ":" + os.environ["PATH"], RAILGAUGE_EDGETPU_LIBRARY=library,
               RAILGAUGE_TFLITE_LIBRARY=tflite, EDGETPU_DOUBLE=play, XDG_CACHE_HOME=os.path.join(work, cache),
               XDG_STATE_HOME=os.path.join(work, "state"), RAILGAUGE_ARTEFACTS=os.path.join(work, "edge"), **more)
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=100, env=env)


def need_runtime():
    if not os.access(tflite, os.R_OK):
        raise tap.Skip("no TensorFlow Lite library: scripts/peers fetches it, or set TFLITE_LIB")


def compiled():
    """ds-cnn and its compiled twin in a folder with their manifest."""
    need_runtime()
    out = os.path.join(work, "edge")
    if not os.path.isdir(out):
        done = call("compile", "--for", "edgetpu", "ds-cnn", "-o", out)
        assert done.returncode == 0, done.stderr
    return os.path.join(out, "ds-cnn-int8.tflite")


def infer(*words, **more):
    return call("infer", compiled(), "--target", "edgetpu", "--fill", "splitmix64", *words, **more)


def devices(*words, **more):
    done = call(*words, "list", "devices", "--json", **more)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout) if row["target"] == "edgetpu"}


def run(options="", root=None, tier='{ name = "smoke", rounds = 1 }', **more):
    """The round's record and the process that made it."""
    fresh[0] += 1
    out, scenario = os.path.join(work, "out%d" % fresh[0]), os.path.join(work, "s%d.lua" % fresh[0])
    compiled()
    with open(scenario, "w") as f:
        f.write('return rg.scenario { name = "e", tier = %s, cells = { { model = "ds-cnn", target = { "edgetpu"%s }, '
                'pattern = "single_stream" } } }' % (tier, options))
    done = call(*(["--root", root] if root else []), "run", scenario, "--quiet", "--out", out, **more)
    paths = glob.glob(out + "/*/rounds/00000/record.json")
    return (json.load(open(paths[0])) if paths else None), done


def test_recorded_machines_list_their_devices():
    dev = devices("--root", os.path.join(source, "tests/machines/coral-dev-board"))
    assert set(dev) == {"edgetpu:pci:0"} and dev["edgetpu:pci:0"]["kind"] == "absent", dev
    assert "recorded machine" in dev["edgetpu:pci:0"]["summary"], dev
    facts = dev["edgetpu:pci:0"]["facts"]
    assert facts["link"].startswith("PCIe x1, 5.0 GT/s") and facts["bus"] == "pci", facts
    pi = devices("--root", os.path.join(source, "tests/machines/pi-4-coral-usb"))
    assert pi["edgetpu:usb:0"]["facts"]["usb_id"] == "1a6e:089a" and "18d1:9302" in pi["edgetpu:usb:0"]["facts"]["firmware"], pi
    assert pi["edgetpu:usb:1"]["facts"]["link"] == "USB 3, 5000 Mb/s", pi


def test_absence_is_told_with_its_remedy():
    none = devices(play="none")["edgetpu"]
    assert none["kind"] == "absent" and "1a6e:089a" in none["try"] and none["facts"]["build"] == "max", none
    missing = devices(library="/nowhere/libedgetpu.so.1")["edgetpu"]
    assert missing["kind"] == "absent" and "no Edge TPU" in missing["summary"], missing
    scratch = os.path.join(work, "scratch")
    os.makedirs(scratch + "/sys/class/apex/apex_0")
    open(scratch + "/.railgauge-scratch", "w").close()
    missing = devices("--root", scratch, library="/nowhere/libedgetpu.so.1")["edgetpu:pci:0"]
    assert "/nowhere/libedgetpu.so.1" in missing["summary"], missing


def test_both_builds_of_the_library_are_told_apart():
    assert devices()["edgetpu:pci:0"]["facts"]["build"] == "max"
    assert devices(library=library_std)["edgetpu:pci:0"]["facts"]["build"] == "std"
    facts = devices(play="usb,pci,runtime=13")["edgetpu:usb:0"]["facts"]
    assert facts["runtime"] == "13" and facts["double"] == "edgetpu_library", facts


def test_a_round_on_the_double_is_simulated_and_placed():
    record, done = run(', performance = "High"')
    assert record["status"] == "ok" and record["provenance"] == "simulated", (record["status"], record["what"], done.stderr)
    effective, place = record["settings"]["effective"], record["placement"]
    assert effective["performance"] == "High" and effective["performance_by"] == "the library's log", effective
    assert effective["core_clock_mhz"] == "250" and int(effective["cached_bytes"]) > 0 and effective["streamed_bytes"] == "0"
    assert place["how"] == "compiled-file" and place["nodes_on_target"] == place["nodes"] == 13, place
    assert place["macs_on_target"] == place["macs"] > 0 and place["crossings"] == 0, place
    assert record["device_facts"]["double"] == "edgetpu_library" and record["device_facts"]["tflite_version"] == "2.9.0"
    assert record["artefact"]["form"] == "edgetpu", record["artefact"]


def test_the_throttled_build_does_not_give_usb_devices_its_highest_clock():
    record, done = run(', performance = "Max", door = "plugin"', library=library_std, play="usb")
    effective = record["settings"]["effective"]
    assert effective["performance_requested"] == "Max" and effective["performance"] == "High", effective
    assert effective["build"] == "std" and effective["door"] == "plugin" and effective["device"] == "edgetpu:usb:0", effective


def test_both_doors_give_the_outputs_of_the_reference():
    want = call("infer", compiled(), "--target", "cpu", "--fill", "splitmix64").stdout
    for words in ([], ["--option", "door=plugin"], ["--option", "performance=Low"]):
        done = infer(*words)
        assert done.returncode == 0 and done.stdout == want, (words, done.stdout, want, done.stderr)


def test_why_a_device_is_refused_is_told():
    for play, code, words in [("denied", 5, "no permission"), ("busy", 5, "another process holds it"), ("gone", 5, "not there any more"),
                              ("usb,denied", 5, "no permission"), ("usb,busy", 5, "another process"),
                              ("runtime=12", 3, "compiled for runtime version 14"), ("abort", 3, "Aborted")]:
        done = infer(play=play)
        assert done.returncode == code and words in done.stderr and "try:" in done.stderr, (play, done.returncode, done.stderr)
    done = infer(play="old-abi", cache="cold")
    assert done.returncode == 3 and "throw-away process" in done.stderr and "one release" in done.stderr, done.stderr
    done = infer("--option", "performance=Turbo")
    assert done.returncode == 64 and "Turbo" in done.stderr, done.stderr


def test_a_model_without_its_compiled_twin_is_answered_with_the_command():
    need_runtime()
    done = call("infer", "resnet-8", "--target", "edgetpu", "--fill", "splitmix64")
    if "no file" in done.stderr or done.returncode == 74:
        os.makedirs(os.path.join(work, "alone"), exist_ok=True)
        made = call("export", "resnet-8", "-o", os.path.join(work, "alone"), "--input-set", "0", "--precision", "int8")
        assert made.returncode == 0, made.stderr
        done = call("infer", os.path.join(work, "alone", "resnet-8-int8.tflite"), "--target", "edgetpu", "--fill", "splitmix64")
    assert done.returncode == 3 and "railgauge compile --for edgetpu" in done.stderr, done.stderr


def test_a_chip_that_gets_hot_flags_its_round():
    tree = os.path.join(work, "hot")
    apex = os.path.join(tree, "sys/class/apex/apex_0")
    os.makedirs(apex)
    open(os.path.join(tree, ".railgauge-scratch"), "w").close()
    for name, value in [("temp", "61000"), ("trip_point0_temp", "84800"), ("temp_poll_interval", "5000")]:
        with open(os.path.join(apex, name), "w") as f:
            f.write(value + "\n")
    record, done = run(root=tree, play="hot", EDGETPU_DOUBLE_HEATS=os.path.join(apex, "temp"), EDGETPU_DOUBLE_TEMP="91000")
    assert record and record["status"] == "ok", (record, done.stderr)
    states = record["device_state"]
    assert states["before"]["temperature_c"] in ("61.0", 61.0) and states["after"]["temperature_c"] in ("91.0", 91.0), states
    assert "throttled" in record["flags"], record["flags"]


def test_failing_and_wrong_rounds_are_told_apart():
    record, done = run(play="corrupt")
    assert done.returncode in (1, 3) and (record is None or record["status"] == "wrong"), (record and record["status"], done.stderr)
    record, done = run(play="fails")
    assert record["status"] == "failed", (record["status"], record["what"])


def test_a_real_compiled_model_goes_through_the_same_way():
    need_runtime()
    if not models:
        raise tap.Skip("no shared models: set RAILGAUGE_SHARED to the folder that holds models/")
    name = "mobilenet_v1_0.25_128_quant"
    origin = os.path.join(models, "tflite/coral/%s.tflite" % name)
    out = os.path.join(work, "real")
    done = call("compile", "--for", "edgetpu", origin, "-o", out, "--take", os.path.join(models, "tflite/edgetpu/%s_edgetpu.tflite" % name))
    assert done.returncode == 0 and "100.0 % of the MACs" in done.stdout, done
    want = call("infer", origin, "--target", "cpu", "--fill", "splitmix64").stdout
    words = ("infer", origin, "--target", "edgetpu", "--fill", "splitmix64")
    env = dict(os.environ, RAILGAUGE_ARTEFACTS=out)
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=60,
                          env=dict(env, RAILGAUGE_EDGETPU_LIBRARY=library_max, RAILGAUGE_TFLITE_LIBRARY=tflite,
                                   EDGETPU_DOUBLE_ORIGINAL=origin, XDG_CACHE_HOME=os.path.join(work, "cache")))
    assert done.returncode == 0 and done.stdout == want, (done.stdout, want, done.stderr)


sys.exit(tap.run(globals()))
