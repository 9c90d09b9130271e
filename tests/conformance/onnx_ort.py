#!/usr/bin/env python3
"""What our ONNX writers write, in the real ONNX Runtime and in our own reader, as TAP.

Usage: onnx_ort.py RAILGAUGE ORT_TOOL SOURCE_DIR LIBRARY quick|all

quick  the int8 MLPerf Tiny models; all: every .tflite of the shared models that our reference runs
Each is written in both flavours (QDQ, QOperator). Our reader must make of it what the original gives, byte for byte where
integers go in and out (counted where not); ONNX Runtime must load and run it, and agree: files of single operators off by at
most 1 (it rounds half to even from a float, ours twice), networks by the largest output, cosine and SQNR. Hybrid layers are
judged like networks: ONNX multiplies their weights as floats, ours quantize the activations.

LIBRARY is libonnxruntime.so.1, or a folder where scripts/peers puts it; $ORT_LIB goes before it. Without the library, or the
shared models, all is skipped aloud. What a writer refuses, in words, is a skip with the reason.
"""
import array
import collections
import glob
import math
import os
import re
import subprocess
import sys
import tempfile

program, tool, source, library, mode = sys.argv[1:6]
seed, limit_s = "20250101", 400
flavours = ("onnx", "onnx_qoperator")
least_cosine, least_sqnr_db, float_tolerance = 0.98, 15.0, 1e-3
quick_models = ["ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "vww_96_int8"]
codes = {"float32": "f", "int8": "b", "uint8": "B", "int16": "h", "int32": "i", "int64": "q", "bool": "B"}


def find_models():
    for folder in (os.environ.get("RAILGAUGE_SHARED"), os.path.join(source, "..", "shared"),
                   os.path.join(source, "..", "..", "shared")):
        if folder and os.path.isdir(os.path.join(folder, "models", "tflite")):
            return os.path.join(folder, "models", "tflite")
    return None


def find_library():
    for path in (os.environ.get("ORT_LIB"), library, os.path.join(library, "libonnxruntime.so.1")):
        if path and os.path.isfile(path):
            return path
    return None


def call(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=limit_s)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, -1, "", f"no answer within {limit_s} s")


def infer(model, folder):
    done = call(program, "infer", model, "--target", "cpu", "--fill", "splitmix64", "--seed", seed, "--output-dir", folder)
    return done if done.returncode else None


def outputs(folder):
    data = []
    while os.path.exists(os.path.join(folder, f"{len(data)}.bin")):
        with open(os.path.join(folder, f"{len(data)}.bin"), "rb") as f:
            data.append(f.read())
    return data


def values(data, kind):
    numbers = array.array(codes[kind])
    numbers.frombytes(data)
    return numbers


def alike(want, got, kind, single, quantum, hybrid):
    """(fine, words). `quantum`: of the integers behind a float output, 0: none; `hybrid`: some layers quantize their activations."""
    if len(want) != len(got):
        return False, f"{len(got)} bytes, not {len(want)}"
    if want == got:
        return True, "equal"
    a, b = values(want, kind), values(got, kind)
    gaps = [abs(x - y) if x == x and y == y else 0 for x, y in zip(a, b)]
    largest = max(gaps)
    if kind != "float32" and largest <= 1:
        return True, f"{sum(g > 0 for g in gaps)} of {len(gaps)} off by 1"
    if kind == "float32" and 0 < largest <= quantum * 1.001:
        return True, f"{sum(g > 0 for g in gaps)} of {len(gaps)} off by one quantum"
    if kind != "float32" and not single and largest <= 2: # probabilities of a few quanta: no signal to speak of
        return True, f"{sum(g > 0 for g in gaps)} of {len(gaps)} differ, by up to 2"
    scale = max(abs(x) for x in a) or 1
    if kind == "float32" and largest <= float_tolerance * scale:
        return True, f"{largest / scale:.1g} of the largest value off"
    middle = sum(a) / len(a) if kind != "float32" else 0
    power = sum((x - middle) ** 2 for x in a)
    noise = sum((x - y) ** 2 for x, y in zip(a, b))
    dot = sum((x - middle) * (y - middle) for x, y in zip(a, b))
    norms = math.sqrt(power * sum((y - middle) ** 2 for y in b))
    cosine, sqnr = dot / norms if norms else 1.0, 10 * math.log10(power / noise) if power and noise else math.inf
    said = f"{sum(g > 0 for g in gaps)} of {len(gaps)} differ, by up to {largest:g}; cosine {cosine:.5f}, SQNR {sqnr:.1f} dB"
    if hybrid:
        said = "hybrid layers: " + said
    return (hybrid or not single) and cosine >= least_cosine and sqnr >= least_sqnr_db, said


def judge(model, flavour, path, found, single):
    """(verdict, words); verdict is ran, refused or differs."""
    with tempfile.TemporaryDirectory() as folder:
        ours, again, theirs = (os.path.join(folder, name) for name in ("ours", "again", "theirs"))
        os.mkdir(theirs)
        if infer(path, ours):
            return "not run", "our own reference does not run the original"
        file = os.path.join(folder, "m.onnx")
        done = call(tool, "write", flavour, path, file)
        if done.returncode:
            return ("refused" if done.returncode == 3 else "broken"), " ".join(done.stderr.split())
        facts = [line.split() for line in done.stdout.splitlines()]
        hybrid = any(fact[0] == "hybrid" and fact[1] != "0" for fact in facts)
        quanta = {int(fact[1]): float(fact[2]) for fact in facts if fact[0] == "quantum"}
        if mode != "all" and call(tool, "write", flavour, path, file + "2").returncode == 0:
            with open(file, "rb") as a, open(file + "2", "rb") as b:
                if a.read() != b.read():
                    return "differs", "written twice, the bytes differ"
        want, words = outputs(ours), []
        bad = infer(file, again)
        if bad:
            return "differs", "our reader: " + " ".join(bad.stderr.split())
        done = call(tool, "run", found, file, seed, theirs)
        if done.returncode and re.search("Could not find an implementation|a type that is not made|out of data bounds|invalid index found", done.stderr):
            return "refused", "ONNX Runtime itself: " + " ".join(done.stderr.split())
        if done.returncode:
            return "differs", " ".join(done.stderr.split())
        kinds = [line.split()[1] for line in done.stdout.splitlines()]
        fine = True
        for who, got in (("read back", outputs(again)), ("ONNX Runtime", outputs(theirs))):
            if len(got) != len(want):
                return "differs", f"{who}: {len(got)} outputs, not {len(want)}"
            for i, data in enumerate(got):
                good, said = alike(want[i], data, kinds[i], single, quanta.get(i, 0), hybrid)
                fine &= good
                words.append(f"{who}: {said}")
        return ("ran" if fine else "differs"), "; ".join(words)


def main():
    models, found = find_models(), find_library()
    if not found:
        print("1..0 # SKIP no ONNX Runtime: set ORT_LIB, or run scripts/peers")
        return 0
    if not models:
        print("1..0 # SKIP no shared models: set RAILGAUGE_SHARED to the folder that holds models/")
        return 0
    paths = [os.path.join(models, "mlperf-tiny", name + ".tflite") for name in quick_models]
    if mode == "all":
        paths = sorted(glob.glob(os.path.join(models, "**", "*.tflite"), recursive=True))
        paths = [path for path in paths if os.path.getsize(path) < 12 << 20]
    cases = [(os.path.relpath(path, models), path, "/ops/" in path) for path in paths]
    print(f"1..{len(cases) * len(flavours)}", flush=True)
    tally, reasons, failed, number = collections.Counter(), collections.Counter(), 0, 0
    for name, path, single in cases:
        for flavour in flavours:
            number += 1
            verdict, words = judge(name, flavour, path, found, single)
            tally[f"{flavour} {verdict}"] += 1
            title = f"{number} - {name} as {flavour}"
            if verdict in ("refused", "not run"):
                reasons[words[words.find("("):][:120] if "(" in words else words] += 1
                print(f"ok {title} # SKIP {words[:200]}")
            elif verdict == "ran":
                print(f"ok {title} ({words[:300]})")
            else:
                failed += 1
                print(f"not ok {title}\n# {verdict}: {words[:400]}")
            sys.stdout.flush()
    for what, n in sorted(tally.items()):
        print(f"# {what}: {n}")
    for what, n in reasons.most_common():
        print(f"# skipped {n:3d}  {what}")
    return 1 if failed else 0


sys.exit(main())
