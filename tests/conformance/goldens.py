#!/usr/bin/env python3
"""The reference operators against outputs that others obtained: every .tflite file of the shared models, as TAP.

Usage: goldens.py RAILGAUGE SOURCE_DIR quick|all|optimised

quick      the int8 MLPerf Tiny models and MobileNets: every output byte equal to GOLDENS-REFERENCE.tsv
all        every file of GOLDENS-REFERENCE.tsv: integer outputs equal in every byte, float outputs to a relative tolerance;
           files that are refused are skipped with the reason; a table at the end
optimised  the same against GOLDENS.tsv, whose runtime rounds ties otherwise: differences are counted, nothing fails

The models are looked for in $RAILGAUGE_SHARED/models, then in ../shared/models beside the source; without them all is
skipped. Reads only files and the program's outputs; shares no code with the program.
"""
import array
import collections
import csv
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile

program, source, mode = sys.argv[1:4]
seed = 20250101
limit_s = 280
# Of the largest value. Sums are taken in another order than in other runtimes, and errors grow through layers.
float_tolerance = 1e-5
optimised_tolerance = 1e-3

quick_models = {
    "tflite/audio/vad_v2.tflite",
    "tflite/mlperf-tiny/ad01_int8.tflite",
    "tflite/mlperf-tiny/kws_ref_model.tflite",
    "tflite/mlperf-tiny/model_ToyCar_quant_fullint.tflite",
    "tflite/mlperf-tiny/pretrainedResnet_quant.tflite",
    "tflite/mlperf-tiny/str_ww_ref_model.tflite",
    "tflite/mlperf-tiny/vww_96_int8.tflite",
    "tflite/coral/tf2_mobilenet_v2_1.0_224_ptq.tflite",
    "tflite/micro/dtln_noise_suppression.tflite",
    "tflite/micro/person_detect.tflite",
}
# Float inputs and outputs around an int8 network: its float output is DEQUANTIZE of equal bytes, so it must be equal too.
exact_floats = {"tflite/mlperf-tiny/model_ToyCar_quant_fullint.tflite"}

codes = {"float32": "f", "float64": "d", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I",
         "int64": "q", "uint64": "Q", "bool": "B"}


def find_models():
    for folder in (os.environ.get("RAILGAUGE_SHARED"), os.path.join(source, "..", "shared"),
                   os.path.join(source, "..", "..", "shared")):
        if folder and os.path.exists(os.path.join(folder, "models", "GOLDENS-REFERENCE.tsv")):
            return os.path.join(folder, "models")
    return None


def read_cases(path):
    """{(model, run): (input rows, output rows)} in the file's order; run 2 takes the inputs of run 1."""
    cases = collections.OrderedDict()
    with open(path, newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            if row["model"].endswith(".tflite"):
                case = cases.setdefault((row["model"], row["run"]), ([], []))
                case[row["direction"] == "out"].append(row)
    for (model, run), case in cases.items():
        if run == "2":
            case[0].extend(cases.get((model, "1"), ([], []))[0])
    return {key: case for key, case in cases.items() if case[1]}


def input_options(models, rows, folder):
    """--input options for what the generator does not make; raises ValueError for fills that are not understood."""
    options = []
    for row in rows:
        words = row["fill"].split()
        size = int(row["bytes"])
        if words[:1] == ["splitmix64"] and len(words) == 1:
            continue
        if words[:1] == ["file"]:
            with open(os.path.join(models, words[1]), "rb") as f:
                data = f.read()[1 if words[2:] == ["skip", "1"] else 0:][:size]
        elif words[:1] == ["const"]:
            code = codes[row["type"]]
            one = struct.pack("<" + code, float(words[1]) if code in "fd" else int(float(words[1])))
            data = one * (size // len(one))
        else:
            raise ValueError(f"input {row['index']} has the fill '{row['fill']}'")
        if len(data) != size or (row["sha256"] and hashlib.sha256(data).hexdigest() != row["sha256"]):
            raise ValueError(f"input {row['index']} is not the one that the golden was made with")
        path = os.path.join(folder, f"in{row['index']}.bin")
        with open(path, "wb") as f:
            f.write(data)
        options += ["--input", f"{row['index']}={path}"]
    return options


def infer(models, model, run, rows, folder, threads):
    command = [program, "infer", os.path.join(models, model), "--target", "cpu", "--fill", "splitmix64", "--seed", str(seed),
               "--output-dir", os.path.join(folder, "out"), "--runs", "2" if run == "2" else "1", "--threads", str(threads)]
    return subprocess.run(command + input_options(models, rows, folder), capture_output=True, text=True, timeout=limit_s,
                          errors="replace")


def stored(models, row):
    """The golden's bytes as far as they are kept."""
    if row["file"]:
        with open(os.path.join(models, row["file"]), "rb") as f:
            return f.read()
    return bytes.fromhex(row["head_hex"])


def values(data, kind):
    numbers = array.array(codes[kind])
    size = numbers.itemsize
    numbers.frombytes(data[:len(data) // size * size])
    return numbers


def compare(models, row, data):
    """(bytes equal, elements that differ, elements compared, largest difference, the same over the largest value)"""
    if hashlib.sha256(data).hexdigest() == row["sha256"]:
        return True, 0, len(values(data, row["type"])), 0.0, 0.0
    want, got = values(stored(models, row), row["type"]), values(data, row["type"])
    n = min(len(want), len(got))
    gaps = [0.0 if a == b or (a != a and b != b) else abs(a - b) for a, b in zip(want, got)]
    gaps = [float("inf") if g != g else g for g in gaps]
    scale = max([abs(v) for v in want if v == v and abs(v) != float("inf")] or [0.0]) or 1.0
    largest = max(gaps or [0.0])
    return False, sum(g > 0 for g in gaps), n, largest, largest / scale


def judge(models, key, case, tally):
    """(verdict, words): verdict is ran, differs, refused or broken."""
    model, run = key
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = infer(models, model, run, case[0], folder, 1 if mode == "quick" else 2)
        except ValueError as why:
            return "broken", str(why)
        except subprocess.TimeoutExpired:
            return "broken", f"no answer within {limit_s} s"
        if done.returncode:
            words = " ".join(done.stderr.split())
            return ("refused" if done.returncode in (3, 65) else "broken"), f"exit {done.returncode}: {words}"
        verdict, words = "ran", []
        for row in case[1]:
            with open(os.path.join(folder, "out", row["index"] + ".bin"), "rb") as f:
                data = f.read()
            if len(data) != int(row["bytes"]):
                return "differs", f"output {row['index']} has {len(data)} bytes, not {row['bytes']}"
            equal, differing, n, largest, relative = compare(models, row, data)
            is_float = row["type"].startswith("float")
            tolerance = optimised_tolerance if mode == "optimised" else float_tolerance
            loose = is_float and model not in exact_floats
            tally[("float" if is_float else "integer") + (" equal" if equal else " not equal")] += 1
            if equal:
                continue
            if differing == 0 and not loose:
                words.append(f"output {row['index']}: the hash differs, though the part that is kept is equal")
            elif not loose:
                words.append(f"output {row['index']}: {differing} of {n} elements differ, by up to {largest:g}")
            elif relative > tolerance:
                words.append(f"output {row['index']}: up to {relative:.2g} of the largest value off")
            else:
                continue
            verdict = "differs"
        return verdict, "; ".join(words)


def short_reason(words):
    """What a refusal comes down to, so that equal ones can be counted."""
    for pattern in (r"(no \S+ for .*?) try:", r"(operator \S+ is not known)", r"node \d+ \([^)]*\): (.*?)(?: try:|$)"):
        found = re.search(pattern, words)
        if found:
            return found.group(1)
    return words[:120]


def main():
    models = find_models()
    if not models:
        print("1..0 # SKIP no shared models: set RAILGAUGE_SHARED to the folder that holds models/")
        return 0
    name = "GOLDENS.tsv" if mode == "optimised" else "GOLDENS-REFERENCE.tsv"
    cases = read_cases(os.path.join(models, name))
    if mode == "quick":
        cases = {key: case for key, case in cases.items() if key[0] in quick_models}
        absent = quick_models - {key[0] for key in cases}
        assert not absent, f"no golden for {absent}"
    print(f"1..{len(cases)}", flush=True)
    verdicts, reasons, tally = collections.Counter(), collections.Counter(), collections.Counter()
    failed = 0
    for number, (key, case) in enumerate(cases.items(), 1):
        verdict, words = judge(models, key, case, tally)
        verdicts[verdict] += 1
        title = f"{number} - {key[0]} run {key[1]}"
        if verdict == "refused" and mode != "quick":
            reasons[words] += 1
            print(f"ok {title} # SKIP {words[:300]}")
        elif verdict == "ran" or mode == "optimised":
            print(f"ok {title}{' (' + words + ')' if words else ''}")
        else:
            failed += 1
            print(f"not ok {title}")
            print(f"# {verdict}: {words}")
        sys.stdout.flush()
    print(f"# {name}: {verdicts['ran']} ran and agree, {verdicts['differs']} differ, {verdicts['refused']} refused, "
          f"{verdicts['broken']} broken")
    for what, n in sorted(tally.items()):
        print(f"# outputs {what}: {n}")
    kinds = collections.Counter()
    for words, n in reasons.items():
        kinds[short_reason(words)] += n
    for what, n in kinds.most_common():
        print(f"# refused {n:3d}  {what}")
    return 1 if failed else 0


sys.exit(main())
