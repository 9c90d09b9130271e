#!/usr/bin/env python3
"""`railgauge compile` with doubles of the vendors' compilers. Prints TAP. Usage: compile.py RAILGAUGE DOUBLE SOURCE_DIR

The double is one program that plays edgetpu_compiler, vela or hailo by the name that it is started as. What needs
real pairs of models is skipped without the shared folder (RAILGAUGE_SHARED or ../shared).
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

program, double, source = sys.argv[1:4]
folders = [os.environ.get("RAILGAUGE_SHARED"), os.path.join(source, "..", "shared"), os.path.join(source, "..", "..", "shared")]
models = next((os.path.join(f, "models") for f in folders if f and os.path.isdir(os.path.join(f, "models"))), None)
work = tempfile.mkdtemp()
tools = os.path.join(work, "tools")
os.mkdir(tools)
for name in ("edgetpu_compiler", "vela", "hailo"):
    os.symlink(double, os.path.join(tools, name))
empty = os.path.join(work, "empty")
os.mkdir(empty)


def compile_(*words, path=tools, play="", timeout=60):
    env = dict(os.environ, PATH=path, RAILGAUGE_DOUBLE_COMPILER=play, XDG_CACHE_HOME=os.path.join(work, "cache"),
               XDG_STATE_HOME=os.path.join(work, "state"))
    return subprocess.run([program, "compile", *words], capture_output=True, text=True, timeout=timeout, env=env)


def folder(name):
    return os.path.join(work, name)


def manifest(where):
    with open(os.path.join(where, "manifest.json")) as f:
        return json.load(f)


def compiled_rows(where, name):
    files = next(m for m in manifest(where)["models"] if m["name"] == name)["files"]
    return [row for row in files if "source_sha256" in row]


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def exported(form="int8"):
    """ds-cnn as a file, made once."""
    out = folder("models")
    if not os.path.isdir(out):
        done = subprocess.run([program, "export", "ds-cnn", "--precision", "int8,float32", "-o", out, "--input-set", "0"],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    return os.path.join(out, "ds-cnn-%s.tflite" % form)


def shared(name):
    if not models:
        raise tap.Skip("no shared models: set RAILGAUGE_SHARED to the folder that holds models/")
    return os.path.join(models, name)


def test_a_suite_model_is_exported_compiled_and_paired_by_its_hash():
    out = folder("edge")
    done = compile_("--for", "edgetpu", "ds-cnn", "-o", out)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "ds-cnn-int8_edgetpu.tflite" in done.stdout and "100.0 % of the MACs" in done.stdout, done.stdout
    row, = compiled_rows(out, "ds-cnn")
    assert row["format"] == "edgetpu" and row["file"] == "ds-cnn-int8_edgetpu.tflite", row
    assert row["sha256"] == sha256(os.path.join(out, row["file"]))
    assert row["source"] == "ds-cnn-int8.tflite" and row["source_sha256"] == sha256(os.path.join(out, row["source"]))
    assert row["compiler"]["version"] == "16.0.384591198" and row["compiler"]["commands"], row["compiler"]
    assert row["placement"]["nodes"] == row["placement"]["nodes_on_device"] > 0, row["placement"]
    with open(os.path.join(out, row["compiler"]["log"])) as f:
        log = f.read()
    assert log.startswith("$ ") and "compiled successfully" in log, log
    assert not [name for name in os.listdir(out) if name.startswith(".")], os.listdir(out)
    told = subprocess.run([program, "inspect", os.path.join(out, row["file"]), "--json"], capture_output=True, text=True)
    assert json.loads(told.stdout)["compiled"]["original"]["nodes_on_device"] == row["placement"]["nodes"], told
    again = compile_("--for", "edgetpu", "ds-cnn", "-o", out)
    assert again.returncode == 0 and len(compiled_rows(out, "ds-cnn")) == 1, again.stderr
    both = compile_("--for", "ethosu", "ds-cnn", "-o", out, "--arch", "ethos-u65-256")
    assert both.returncode == 0, both.stderr
    rows = {row["format"]: row for row in compiled_rows(out, "ds-cnn")}
    assert set(rows) == {"edgetpu", "ethosu"} and rows["ethosu"]["architecture"] == "ethos-u65-256", rows


def test_an_artefact_for_hailo_stands_for_each_form_of_the_suite_model():
    out = folder("hailo")
    done = compile_("--for", "hailo", "ds-cnn", "-o", out, "--arch", "hailo8l")
    assert done.returncode == 0, (done.stdout, done.stderr)
    rows = compiled_rows(out, "ds-cnn")
    assert {row["source"] for row in rows} == {"ds-cnn-int8.tflite", "ds-cnn-float32.tflite", "ds-cnn-float32.onnx"}, rows
    assert {(row["file"], row["architecture"]) for row in rows} == {("ds-cnn-float32-hailo8l.hef", "hailo8l")}, rows
    assert "--calib-set-path" in rows[0]["compiler"]["commands"][1], rows[0]["compiler"]


def test_a_model_file_is_paired_where_it_lies():
    out = folder("file")
    done = compile_("--for", "edgetpu", exported(), "-o", out, "--option", "-m", "--option", "13")
    assert done.returncode == 0, done.stderr
    row, = compiled_rows(out, "ds-cnn-int8")
    assert row["compiler"]["commands"][0].endswith(" -m 13"), row["compiler"]
    assert row["source"] == os.path.realpath(exported()) and row["source_sha256"] == sha256(exported()), row


def test_without_the_compiler_the_exact_commands_are_printed():
    out = folder("with 'quotes'")
    done = compile_("--for", "hailo", exported("float32"), "-o", out, path=empty)
    assert done.returncode == 5, done
    assert "is not installed" in done.stderr and "try:" in done.stderr and "--take" in done.stderr, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and lines[0].startswith("hailo parser tf ") and "--use-random-calib-set" in lines[1], lines
    ran = subprocess.run(["/bin/sh", "-e", "-c", done.stdout], env=dict(os.environ, PATH=tools), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    made = os.path.join(out, "ds_cnn_float32.hef")
    assert os.path.exists(made), os.listdir(out)
    taken = compile_("--for", "hailo", exported("float32"), "-o", out, "--take", made, path=empty)
    assert taken.returncode == 0, taken.stderr
    row, = compiled_rows(out, "ds-cnn-float32")
    assert row["file"] == "ds_cnn_float32.hef" and row["source_sha256"] == sha256(exported("float32")), row
    printed = compile_("--for", "edgetpu", exported(), "-o", out, "--print", "--option", "-m", "--option", "13")
    assert printed.returncode == 0 and printed.stdout.endswith("-m 13\n"), printed


def test_models_that_do_not_suit_are_refused_before_anything_runs():
    for for_, model, words in [("edgetpu", exported("float32"), "a floating-point model"),
                               ("ethosu", exported("float32"), "8-bit integers only"),
                               ("hailo", exported("int8"), "quantized already"),
                               ("edgetpu", os.path.join(folder("edge"), "ds-cnn-int8_edgetpu.tflite"), "compiled model already")]:
        done = compile_("--for", for_, model, "-o", folder("refused"), play="crash")
        assert done.returncode in (3, 64) and words in done.stderr and "try:" in done.stderr, (for_, done)
    absent = compile_("--for", "edgetpu", exported("float32"), exported(), "-o", folder("refused"), path=empty)
    assert absent.returncode == 5 and absent.stdout.count("\n") == 1, absent


def test_a_compiler_that_misbehaves_costs_its_model_and_tells_why():
    for play, words in [("fail", "ended with code 1: Internal compiler error. Aborting!"), ("crash", "crashed"),
                        ("nothing", "wrote no ds-cnn-int8_edgetpu.tflite"), ("refuse", "took none of the"),
                        ("alien", "no pair"), ("rubbish", "wrote cannot be read")]:
        out = folder("bad-" + play)
        done = compile_("--for", "edgetpu", exported(), "-o", out, play=play)
        assert done.returncode in (3, 4, 65) and words in done.stderr and "try:" in done.stderr, (play, done)
        assert os.listdir(out) == ["ds-cnn-int8-edgetpu.log"], (play, os.listdir(out))


def test_a_compiler_that_hangs_is_ended_at_its_limit():
    start = time.time()
    done = compile_("--for", "edgetpu", exported(), "-o", folder("hang"), "--limit", "1s", play="hang")
    assert done.returncode == 3 and "took longer than 1 s" in done.stderr, done
    assert time.time() - start < 10
    proc = subprocess.Popen([program, "compile", "--for", "edgetpu", exported(), "-o", folder("stop")],
                            env=dict(os.environ, PATH=tools, RAILGAUGE_DOUBLE_COMPILER="hang"), stderr=subprocess.PIPE)
    log = os.path.join(folder("stop"), "ds-cnn-int8-edgetpu.log")
    while not os.path.exists(log) and time.time() - start < 20:
        time.sleep(0.05)
    proc.terminate()
    assert proc.wait(timeout=10) == 130, proc.stderr.read()
    assert os.listdir(folder("stop")) == ["ds-cnn-int8-edgetpu.log"], os.listdir(folder("stop"))


def test_one_failing_model_does_not_stop_the_others():
    out = folder("some")
    done = compile_("--for", "edgetpu", exported("float32"), exported(), "-o", out)
    assert done.returncode == 3 and "ds-cnn-int8_edgetpu.tflite" in done.stdout, done


def test_real_pairs_are_taken_with_their_placement():
    out = folder("real")
    name = "deeplabv3_mnv2_dm05_pascal_quant"
    done = compile_("--for", "edgetpu", shared("tflite/coral/%s.tflite" % name), "-o", out, "--take",
                    shared("tflite/edgetpu/%s_edgetpu.tflite" % name), path=empty)
    assert done.returncode == 0 and "64 of 72 nodes and 82.9 % of the MACs" in done.stdout, done
    row, = compiled_rows(out, name)
    assert row["placement"]["nodes_on_device"] == 64 and row["compiler"]["version"] is None, row
    wrong = compile_("--for", "edgetpu", shared("tflite/coral/%s.tflite" % name), "-o", out, "--take",
                     shared("tflite/edgetpu/split_concat_edgetpu.tflite"))
    assert wrong.returncode == 4 and "no pair" in wrong.stderr, wrong


def test_wrong_words_are_told():
    for words, said in [(["ds-cnn", "-o", folder("x")], "no device is named"), (["--for", "tpu", "ds-cnn", "-o", folder("x")], "one of: edgetpu"),
                        (["--for", "edgetpu", "ds-cnn"], "-o DIR"), (["--for", "edgetpu", "ds-cn", "-o", folder("x")], "ds-cnn"),
                        (["--for", "edgetpu", "ds-cnn", "-o", folder("x"), "--arch", "v2"], "one device only"),
                        (["--for", "edgetpu", "ds-cnn", "-o", folder("x"), "--limit", "never"], "no time limit")]:
        done = compile_(*words)
        assert done.returncode == 64 and said in done.stderr, (words, done)
    assert compile_("--for", "edgetpu", "/nowhere/x.tflite", "-o", folder("x")).returncode == 74
    named = compile_("--for", "edgetpu", exported(), "-o", folder("x"), "--compiler", "/nowhere/compiler")
    assert named.returncode == 5 and "/nowhere/compiler" in named.stderr and not named.stdout, named


sys.exit(tap.run(globals()))
