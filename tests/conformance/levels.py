#!/usr/bin/env python3
"""Whole models give the same bytes whatever computes them: every level of this CPU by one to four threads, nodes joined or not,
levels chosen by name or by a mask, all against the scalar reference, floats included; as TAP.

Usage: levels.py RAILGAUGE SOURCE_DIR quick|all|suite-ci|suite [--write]

quick      the MLPerf Tiny models and a MobileNet
all        every file of the shared models that the reference computes
suite-ci   the suite's set `ci` in all forms, exported here; besides, the bytes of files and outputs are those that
           suite.sha256 holds, so that they are equal on every architecture on which this test passes
suite      the same for the whole suite, bytes only of the models that suite.sha256 has; --write writes it

The shared models are looked for as in goldens.py; without them all is skipped. Levels that this CPU lacks are told and left out.
"""
import glob
import hashlib
import os
import subprocess
import sys
import tempfile

program, source, mode = sys.argv[1:4]
table_path = os.path.join(source, "tests", "conformance", "suite.sha256")
limit_s = 280
levels = ["scalar", "avx2", "avxvnni", "avx512vnni", "avx512vbmi", "neon", "dotprod", "i8mm"]
quick_models = ["mlperf-tiny/ad01_int8", "mlperf-tiny/kws_ref_model", "mlperf-tiny/pretrainedResnet_quant",
                "mlperf-tiny/str_ww_ref_model", "mlperf-tiny/vww_96_int8", "mlperf-tiny/vww_96_float", "micro/person_detect",
                "coral/mobilenet_v1_0.25_128_quant"]


def find_models():
    for folder in (os.environ.get("RAILGAUGE_SHARED"), os.path.join(source, "..", "shared"),
                   os.path.join(source, "..", "..", "shared")):
        if folder and os.path.isdir(os.path.join(folder, "models", "tflite")):
            return os.path.join(folder, "models", "tflite")
    return None


def outputs(model, *words):
    """(exit code, hashes of the outputs after two runs, words on stderr)"""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run([program, "infer", model, "--fill", "splitmix64", "--runs", "2", "--output-dir", folder, *words],
                                  capture_output=True, text=True, errors="replace", timeout=limit_s)
        except subprocess.TimeoutExpired:
            return -1, [], f"no answer within {limit_s} s"
        hashes = []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as f:
                hashes.append((name, hashlib.sha256(f.read()).hexdigest()))
        return done.returncode, hashes, " ".join(done.stderr.split())


def ways_of(present):
    if mode.startswith("suite"):
        for level, threads in zip(present, "12341234"):
            yield ["--variant", level, "--threads", threads]
        yield ["--no-fuse"]
        yield ["--no-fuse", "--threads", "3"]
        return
    for threads in ("1", "2", "3", "4"):
        for level in present:
            yield ["--variant", level, "--threads", threads]
        yield ["--no-fusion", "--threads", threads]
    for mask in range(1, len(present) + 1):  # the lowest levels allowed, one more each time
        yield ["--isa", ",".join(present[:mask]), "--no-fusion", "--threads", str(1 + mask % 4)]


def digest(model, hashes):
    """A line of suite.sha256: the file's hash, that of its outputs' hashes, its name."""
    with open(model, "rb") as f:
        data = f.read()
    text = "".join(f"{name} {value}\n" for name, value in hashes)
    return f"{hashlib.sha256(data).hexdigest()} {hashlib.sha256(text.encode()).hexdigest()} {os.path.basename(model)}"


def judge(model, present, table):
    """(verdict, words)"""
    code, want, why = outputs(model, "--variant", "reference")
    if code in (3, 65):
        return "refused", why
    if code:
        return "broken", f"reference: exit {code}: {why}"
    if not want:
        return "refused", "the graph has no outputs"
    wrong = []
    if table is not None:
        line = digest(model, want)
        name = line.split()[2]
        if table.setdefault(name, line) != line:
            wrong.append(f"suite.sha256 has {table[name]}, here it is {line}")
    for way in ways_of(present):
        code, got, why = outputs(model, *way)
        if code or got != want:
            wrong.append(" ".join(way) + (f": exit {code}: {why}" if code else ": other bytes"))
    return ("differs" if wrong else "equal"), "; ".join(wrong)


def export(folder):
    """The suite's models as files, by the program itself."""
    done = subprocess.run([program, "export", "--suite", "ci" if mode == "suite-ci" else "all", "--precision", "int8,int4,float32",
                           "--input-set", "0", "-o", folder], capture_output=True, text=True, errors="replace")
    return sorted(glob.glob(os.path.join(folder, "*.tflite"))), done.stderr


def run(models, folder, table):
    probe = models[0]
    present = [level for level in levels if outputs(probe, "--variant", level)[0] == 0]
    print(f"# levels of this CPU: {' '.join(present)}; left out: {' '.join(l for l in levels if l not in present)}")
    print(f"1..{len(models)}", flush=True)
    failed = 0
    for number, model in enumerate(models, 1):
        verdict, words = judge(model, present, table)
        title = f"{number} - {os.path.relpath(model, folder)}"
        if verdict == "refused" and mode == "all":
            print(f"ok {title} # SKIP {words[:200]}")
        elif verdict == "equal":
            print(f"ok {title}")
        else:
            failed += 1
            print(f"not ok {title}\n# {verdict}: {words}")
        sys.stdout.flush()
    return 1 if failed else 0


def run_suite():
    table, writes = {}, "--write" in sys.argv
    if not writes:
        with open(table_path, encoding="utf-8") as f:
            table = {line.split()[2]: line.strip() for line in f}
    with tempfile.TemporaryDirectory() as folder:
        models, words = export(folder)
        if not models:
            print(f"Bail out! nothing was exported: {words}")
            return 1
        absent = [os.path.basename(m) for m in models if not writes and os.path.basename(m) not in table]
        if absent:
            print(f"# not in suite.sha256, so only held against the reference: {' '.join(absent)}")
        code = run(models, folder, table)
    if writes and code == 0:
        with open(table_path, "w", encoding="utf-8") as f:
            f.write("\n".join(sorted(table.values(), key=lambda line: line.split()[2])) + "\n")
    return code


def main():
    if mode.startswith("suite"):
        return run_suite()
    folder = find_models()
    if not folder:
        print("1..0 # SKIP no shared models: set RAILGAUGE_SHARED to the folder that holds models/")
        return 0
    everything = sorted(glob.glob(os.path.join(folder, "**", "*.tflite"), recursive=True))
    models = [os.path.join(folder, name + ".tflite") for name in quick_models] if mode == "quick" else everything
    return run(models, folder, None)


sys.exit(main())
