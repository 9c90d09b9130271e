#!/usr/bin/env python3
"""Whole models give the same bytes whatever computes them: every level of this CPU by one to four threads, nodes joined or not,
levels chosen by name or by a mask, all against the scalar reference, floats included; as TAP.

Usage: levels.py RAILGAUGE SOURCE_DIR quick|all

quick      the MLPerf Tiny models and a MobileNet
all        every file of the shared models that the reference computes

The models are looked for as in goldens.py; without them all is skipped. Levels that this CPU lacks are told and left out.
"""
import glob
import hashlib
import os
import subprocess
import sys
import tempfile

program, source, mode = sys.argv[1:4]
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
    for threads in ("1", "2", "3", "4"):
        for level in present:
            yield ["--variant", level, "--threads", threads]
        yield ["--no-fusion", "--threads", threads]
    for mask in range(1, len(present) + 1):  # the lowest levels allowed, one more each time
        yield ["--isa", ",".join(present[:mask]), "--no-fusion", "--threads", str(1 + mask % 4)]


def judge(model, present):
    """(verdict, words)"""
    code, want, why = outputs(model, "--variant", "reference")
    if code in (3, 65):
        return "refused", why
    if code:
        return "broken", f"reference: exit {code}: {why}"
    if not want:
        return "refused", "the graph has no outputs"
    wrong = []
    for way in ways_of(present):
        code, got, why = outputs(model, *way)
        if code or got != want:
            wrong.append(" ".join(way) + (f": exit {code}: {why}" if code else ": other bytes"))
    return ("differs" if wrong else "equal"), "; ".join(wrong)


def main():
    folder = find_models()
    if not folder:
        print("1..0 # SKIP no shared models: set RAILGAUGE_SHARED to the folder that holds models/")
        return 0
    everything = sorted(glob.glob(os.path.join(folder, "**", "*.tflite"), recursive=True))
    models = [os.path.join(folder, name + ".tflite") for name in quick_models] if mode == "quick" else everything
    probe = os.path.join(folder, quick_models[0] + ".tflite")
    present = [level for level in levels if outputs(probe, "--variant", level)[0] == 0]
    print(f"# levels of this CPU: {' '.join(present)}; left out: {' '.join(l for l in levels if l not in present)}")
    print(f"1..{len(models)}", flush=True)
    failed = 0
    for number, model in enumerate(models, 1):
        verdict, words = judge(model, present)
        title = f"{number} - {os.path.relpath(model, folder)}"
        if verdict == "refused" and mode != "quick":
            print(f"ok {title} # SKIP {words[:200]}")
        elif verdict == "equal":
            print(f"ok {title}")
        else:
            failed += 1
            print(f"not ok {title}\n# {verdict}: {words}")
        sys.stdout.flush()
    return 1 if failed else 0


sys.exit(main())
