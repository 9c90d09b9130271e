#!/usr/bin/env python3
"""The ONNX reader against what ONNX Runtime made of the same files: every .onnx file of the shared models, as TAP.

Usage: onnx_goldens.py RAILGAUGE SOURCE_DIR

Single operators: integers off by at most 1 (ours round twice, half away from zero; ONNX Runtime multiplies by a float and
rounds half to even), counted; floats to 1e-5 of the largest value. Whole networks: floats to 1e-4; quantized ones by the
largest output, cosine and SQNR. Shapes, axes and scales that a test gives at run time are made constants first ("frozen"),
as any exporter would have them. Files that ONNX Runtime refuses must be refused or have a reason. A table at the end.

The models are looked for in $RAILGAUGE_SHARED/models, then in ../shared/models beside the source; without them all is
skipped. Reads only files and the program's outputs; shares no code with the program.
"""
import array
import collections
import csv
import hashlib
import math
import os
import struct
import subprocess
import sys
import tempfile

program, source = sys.argv[1:3]
seed = 20250101
limit_s = 120
operator_tolerance, network_tolerance = 1e-5, 1e-4
least_cosine, least_sqnr_db = 0.99, 20.0

codes = {"float32": "f", "float64": "d", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I",
         "int64": "q", "uint64": "Q", "bool": "B"}
names = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool"}


def find_models():
    for folder in (os.environ.get("RAILGAUGE_SHARED"), os.path.join(source, "..", "shared"),
                   os.path.join(source, "..", "..", "shared")):
        if folder and os.path.exists(os.path.join(folder, "models", "GOLDENS.tsv")):
            return os.path.join(folder, "models")
    return None


# --- as much protobuf as is needed to freeze inputs ---

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return value, at


def fields(data):
    """(number, wire type, content, the field's own bytes) one by one."""
    at = 0
    while at < len(data):
        start = at
        tag, at = varint(data, at)
        wire = tag & 7
        if wire == 0:
            content, at = varint(data, at)
        else:
            if wire == 2:
                n, at = varint(data, at)
            else:
                n = {1: 8, 5: 4}[wire]
            content, at = data[at:at + n], at + n
        yield tag >> 3, wire, content, data[start:at]


def put(number, content):
    out, n = bytearray([number << 3 | 2]), len(content)
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n]) + content


def tensor_of(path):
    """(type, bytes) of a TensorProto in a file."""
    kind, raw, typed, dims = 0, None, b"", 1
    with open(path, "rb") as f:
        data = f.read()
    for number, wire, content, _ in fields(data):
        if number == 1:
            for d in ([content] if wire == 0 else packed(content)):
                dims *= d
        elif number == 2:
            kind = names.get(content, str(content))
        elif number == 9:
            raw = bytes(content)
        elif number in (5, 7):
            values = [content] if wire == 0 else packed(content)
            typed += b"".join(struct.pack("<Q", v & (1 << 64) - 1)[:array.array(codes[kind]).itemsize] for v in values)
        elif number == 4:
            typed += bytes(content)
    return kind, raw if raw is not None else typed, data


def packed(content):
    at, values = 0, []
    while at < len(content):
        value, at = varint(content, at)
        values.append(value)
    return values


def frozen(model, inputs):
    """The model's bytes with these {name: TensorProto bytes} as initializers."""
    with open(model, "rb") as f:
        data = f.read()
    out = b""
    for number, _, content, own in fields(data):
        if number == 7:
            extra = b"".join(put(5, tensor + put(8, name.encode())) for name, tensor in inputs.items())
            own = put(7, bytes(content) + extra)
        out += bytes(own)
    return out


# --- running and comparing ---

def read_cases(path):
    cases = collections.OrderedDict()
    with open(path, newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            if row["model"].endswith(".onnx") and row["run"] == "opt0":
                case = cases.setdefault(row["model"], ([], []))
                case[row["direction"] == "out"].append(row)
    return cases


def stored(models, row):
    if row["file"]:
        with open(os.path.join(models, row["file"]), "rb") as f:
            return f.read()
    return bytes.fromhex(row["head_hex"])


def values(data, kind):
    numbers = array.array(codes[kind])
    numbers.frombytes(data[:len(data) // numbers.itemsize * numbers.itemsize])
    return numbers


def freeze(models, model, rows, folder, keep):
    """Path of the model to run and the rows of inputs that are left. `keep` inputs stay inputs."""
    path = os.path.join(models, model)
    fixed = {row["name"]: os.path.join(models, row["fill"].split()[1]) for row in rows[keep:] if row["fill"].startswith("file")}
    if not fixed:
        return path, rows
    out = os.path.join(folder, "frozen.onnx")
    with open(out, "wb") as f:
        f.write(frozen(path, {name: tensor_of(pb)[2] for name, pb in fixed.items()}))
    return out, [row for row in rows if row["name"] not in fixed]


def infer(models, path, rows, folder):
    command = [program, "infer", path, "--target", "cpu", "--fill", "splitmix64", "--seed", str(seed), "--output-dir",
               os.path.join(folder, "out"), "--threads", "1"]
    for place, row in enumerate(rows):
        words = row["fill"].split()
        if words[0] == "splitmix64":
            continue
        if words[0] == "const":
            one = struct.pack("<" + codes[row["type"]], float(words[1]) if row["type"].startswith("f") else int(words[1]))
            data = one * (int(row["bytes"]) // len(one))
        else:
            data = tensor_of(os.path.join(models, words[1]))[1]
        if hashlib.sha256(data).hexdigest() != row["sha256"]:
            raise ValueError(f"input {row['name']} is not the one that the golden was made with")
        name = os.path.join(folder, f"in{place}.bin")
        with open(name, "wb") as f:
            f.write(data)
        command += ["--input", f"{place}={name}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=limit_s, errors="replace")


def likeness(want, got):
    """(cosine, SQNR in dB, same largest output)"""
    dot = sum(a * b for a, b in zip(want, got))
    norms = math.sqrt(sum(a * a for a in want)) * math.sqrt(sum(b * b for b in got))
    noise = sum((a - b) ** 2 for a, b in zip(want, got))
    power = sum(a * a for a in want)
    top = max(range(len(want)), key=lambda i: want[i]) == max(range(len(got)), key=lambda i: got[i])
    return (dot / norms if norms else 1.0), (10 * math.log10(power / noise) if noise and power else math.inf), top


def compare(models, model, row, data, quantized):
    """(fine, words) of one output."""
    if hashlib.sha256(data).hexdigest() == row["sha256"]:
        return True, "equal"
    want, got = values(stored(models, row), row["type"]), values(data, row["type"])
    n = min(len(want), len(got))
    gaps = [abs(a - b) if a == a and b == b else (0 if a != a and b != b else math.inf) for a, b in zip(want, got)]
    largest, scale = max(gaps or [0]), max([abs(v) for v in want] or [0]) or 1
    network = "/models/" in model or "/mlperf-tiny/" in model
    if not row["type"].startswith("float"):
        return largest <= 1, f"{sum(g > 0 for g in gaps)} of {n} off by up to {largest}"
    if network and quantized:
        cosine, sqnr, top = likeness(want[:n], got[:n])
        same_top = top or n > 1000 or "autoencoder" in model
        return (same_top and cosine >= least_cosine and sqnr >= least_sqnr_db,
                f"top-1 {'same' if top else 'differs'}, cosine {cosine:.6f}, SQNR {sqnr:.1f} dB")
    tolerance = network_tolerance if network else operator_tolerance
    return largest / scale <= tolerance, f"up to {largest / scale:.2g} of the largest value off"


def run_case(models, model, case, quantized, keep):
    """(verdict, words)"""
    with tempfile.TemporaryDirectory() as folder:
        path, rows = freeze(models, model, case[0], folder, keep) if keep is not None else (os.path.join(models, model), case[0])
        done = infer(models, path, rows, folder)
        if done.returncode:
            return ("refused" if done.returncode in (3, 65) else "broken"), " ".join(done.stderr.split())
        verdict, words = "ran", []
        for row in case[1]:
            with open(os.path.join(folder, "out", row["index"] + ".bin"), "rb") as f:
                data = f.read()
            if len(data) != int(row["bytes"]):
                return "differs", f"output {row['index']} has {len(data)} bytes, not {row['bytes']}"
            fine, said = compare(models, model, row, data, quantized)
            words.append(said)
            verdict = verdict if fine else "differs"
        return verdict, "; ".join(words)


def judge(models, model, case, quantized):
    """As the file stands; where that is refused, with all inputs but the first constant, then with all."""
    verdict, words = run_case(models, model, case, quantized, None)
    first = words
    for keep in (1, 0) if verdict == "refused" and any(row["fill"].startswith("file") for row in case[0]) else ():
        verdict, words = run_case(models, model, case, quantized, keep)
        if verdict != "refused":
            return verdict, f"frozen: {words}"
    return (verdict, words) if verdict != "refused" else (verdict, first)


def main():
    models = find_models()
    if not models:
        print("1..0 # SKIP no shared models: set RAILGAUGE_SHARED to the folder that holds models/")
        return 0
    cases = read_cases(os.path.join(models, "GOLDENS.tsv"))
    with open(os.path.join(models, "MANIFEST.tsv"), newline="", encoding="utf-8") as f:
        manifest = {row["file"]: row for row in csv.DictReader(f, delimiter="\t") if row["file"].endswith(".onnx")}
    bad = [file for file in manifest if file not in cases]
    print(f"1..{len(cases) + len(bad)}", flush=True)
    tally, reasons, failed = collections.Counter(), collections.Counter(), 0
    for number, (model, case) in enumerate(cases.items(), 1):
        try:
            quantized = any(word in manifest[model]["quantisation"] for word in ("QDQ", "QOperator"))
            verdict, words = judge(models, model, case, quantized)
        except subprocess.TimeoutExpired:
            verdict, words = "broken", f"no answer within {limit_s} s"
        tally[verdict] += 1
        title = f"{number} - {model}"
        if verdict == "refused":
            reasons[words[:160]] += 1
            print(f"ok {title} # SKIP {words[:240]}")
        elif verdict == "ran":
            print(f"ok {title} ({words})")
        else:
            failed += 1
            print(f"not ok {title}\n# {verdict}: {words}")
        sys.stdout.flush()
    for number, model in enumerate(bad, len(cases) + 1):
        done = subprocess.run([program, "infer", os.path.join(models, model), "--target", "cpu", "--fill", "splitmix64"],
                              capture_output=True, text=True, timeout=limit_s, errors="replace")
        words = " ".join(done.stderr.split())
        fine = done.returncode in (3, 65) and "try:" in words
        failed += not fine
        tally["without golden: " + ("refused" if done.returncode else "ran")] += 1
        print(f"{'ok' if fine else 'not ok'} {number} - {model}, which ONNX Runtime refuses ({words[:200]})")
    print("# " + ", ".join(f"{n} {what}" for what, n in sorted(tally.items())))
    for what, n in reasons.most_common():
        print(f"# refused {n:3d}  {what}")
    return 1 if failed else 0


sys.exit(main())
