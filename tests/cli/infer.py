#!/usr/bin/env python3
"""`railgauge infer` from outside: exit codes, messages, files. Prints TAP. Usage: infer.py RAILGAUGE SOURCE_DIR

Needs real models; without the shared folder (RAILGAUGE_SHARED or ../shared) those tests are skipped.
"""
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile

program, source = sys.argv[1:3]
folders = [os.environ.get("RAILGAUGE_SHARED"), os.path.join(source, "..", "shared"), os.path.join(source, "..", "..", "shared")]
models = next((os.path.join(f, "models") for f in folders if f and os.path.isdir(os.path.join(f, "models"))), None)
work = tempfile.mkdtemp()
wakeword = models and os.path.join(models, "tflite/mlperf-tiny/vww_96_int8.tflite")


def infer(*words):
    return subprocess.run([program, "infer", *words], capture_output=True, text=True, timeout=100, errors="replace")


def refused(code, *pieces, words):
    """The exit code is right, nothing is on stdout, and the message holds each piece and something to try."""
    done = infer(*words)
    assert done.returncode == code, f"exit {done.returncode}, not {code}: {done.stderr}"
    assert done.stdout == "", done.stdout
    for piece in pieces:
        assert piece in done.stderr, f"'{piece}' is not in: {done.stderr}"


def path(name):
    return os.path.join(work, name)


def write(name, data):
    with open(path(name), "wb") as f:
        f.write(data)
    return path(name)


def splitmix64(seed, n):
    """The generator of the conformance inputs, written again: one byte an element."""
    out, mask = bytearray(), (1 << 64) - 1
    for _ in range(n):
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        out.append((z ^ (z >> 31)) >> 56)
    return bytes(out)


def filling_equals_the_same_bytes_from_a_file():
    raw = write("in.bin", splitmix64(7, 96 * 96 * 3))
    a = infer(wakeword, "--fill", "splitmix64", "--seed", "7", "--output-dir", path("a"))
    b = infer(wakeword, "--target", "cpu", "--input", f"0={raw}", "--output-dir", path("b/deep"), "--threads", "2")
    assert a.returncode == 0 and b.returncode == 0, a.stderr + b.stderr
    with open(path("a/0.bin"), "rb") as one, open(path("b/deep/0.bin"), "rb") as other:
        first, second = one.read(), other.read()
    assert len(first) == 2 and first == second
    assert a.stdout == b.stdout and hashlib.sha256(first).hexdigest() in a.stdout, a.stdout
    assert a.stderr == "", a.stderr
    assert os.listdir(path("a")) == ["0.bin"]


def json_describes_inputs_outputs_and_settings():
    done = infer(wakeword, "--fill", "splitmix64", "--json", "--threads", "2", "--output-dir", path("j"))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    with open(path("j/0.bin"), "rb") as f:
        raw = f.read()
    out, fed = said["outputs"][0], said["inputs"][0]
    assert out["sha256"] == hashlib.sha256(raw).hexdigest()
    assert out["first"] == [b - 256 if b > 127 else b for b in raw]
    assert out["type"] == "int8" and out["shape"] == [1, 2] and out["zero_point"] == -128
    assert fed["sha256"] == hashlib.sha256(splitmix64(20250101, 96 * 96 * 3)).hexdigest()
    assert said["effective"]["threads"] == "2" and said["effective"]["variant"] == "fast", said["effective"]
    assert said["effective"]["kernel"] and said["effective"]["isa"], said["effective"]
    memory = said["memory"]
    assert memory["arena_bound_bytes"] <= memory["arena_bytes"] <= 1.3 * memory["arena_bound_bytes"], memory
    assert memory["weights_bytes"] > 200000, memory
    with open(wakeword, "rb") as f:
        assert said["model_sha256"] == hashlib.sha256(f.read()).hexdigest()


def npy_files_go_in_and_out():
    data = splitmix64(7, 96 * 96 * 3)

    def npy(word="|i1", shape="(1, 96, 96, 3)", order="False", elements=data):
        head = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (word, order, shape)
        head += " " * (-(len(head) + 11) % 64) + "\n"
        return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + elements

    raw = infer(wakeword, "--input", "0=" + write("n.bin", data), "--output-dir", path("n"))
    done = infer(wakeword, "--input", "0=" + write("n.npy", npy()), "--output-dir", path("n"), "--npy")
    assert done.returncode == 0 and done.stdout == raw.stdout, done.stderr
    with open(path("n/0.npy"), "rb") as whole, open(path("n/0.bin"), "rb") as elements:
        out, wanted = whole.read(), elements.read()
    assert out[:6] == b"\x93NUMPY" and out.endswith(b"\n" + wanted) and (len(out) - len(wanted)) % 64 == 0, out
    assert b"'|i1'" in out and b"(1, 2" in out, out
    for name, bad, words in [("type", npy("|u1"), "uint8"), ("shape", npy(shape="(96, 96, 3)"), "96x96x3"),
                             ("cut", npy(elements=data[:99]), "try:")]:
        refused(65, words, words=[wakeword, "--input", "0=" + write(name + ".npy", bad)])


def a_second_run_of_a_model_without_state_changes_nothing():
    once = infer(wakeword, "--fill", "splitmix64")
    thrice = infer(wakeword, "--fill", "splitmix64", "--runs", "3")
    assert once.returncode == 0 and once.stdout == thrice.stdout


def a_file_of_the_wrong_size_is_told_with_shape_type_and_bytes():
    short = write("short.bin", b"x" * 27647)
    refused(65, "27647", "1x96x96x3", "int8", "27648", words=[wakeword, "--input", f"0={short}"])


def a_missing_input_is_told_with_what_it_takes():
    refused(64, "input 0", "27648", "--fill", words=[wakeword])


def wrong_input_options_are_usage_errors():
    raw = write("ok.bin", bytes(27648))
    refused(64, "no input 1", words=[wakeword, "--input", f"1={raw}"])
    refused(64, "INDEX=FILE", words=[wakeword, "--input", raw])
    refused(64, "twice", words=[wakeword, "--input", f"0={raw}", "--input", f"0={raw}"])
    refused(64, "try:", words=[wakeword, "--fill", "zeros"])
    refused(64, "try:", words=[wakeword, "--fill", "splitmix64", "--threads", "0"])
    refused(64, "try:", words=[wakeword, "--fill", "splitmix64", "--cores", "one"])


def unreadable_files_end_with_74():
    refused(74, "/no/such.tflite", "try:", words=["/no/such.tflite", "--fill", "splitmix64"])
    if wakeword:
        refused(74, "/no/such.bin", words=[wakeword, "--input", "0=/no/such.bin"])
    refused(74, "folder", words=[work, "--fill", "splitmix64"])


def an_output_folder_that_cannot_be_made_ends_with_74():
    refused(74, "/proc/none", "try:", words=[wakeword, "--fill", "splitmix64", "--output-dir", "/proc/none"])


def foreign_files_end_with_65():
    for name, data in {"empty": b"", "text": b"hello", "zip": b"PK\x03\x04" + bytes(60)}.items():
        refused(65, "try:", words=[write(name + ".tflite", data), "--fill", "splitmix64"])
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n"
    refused(65, "Git LFS", words=[write("pointer.tflite", pointer), "--fill", "splitmix64"])


def a_cut_model_ends_with_65_and_leaves_no_output():
    with open(wakeword, "rb") as f:
        data = f.read()
    for keep in (40, 1000, len(data) // 2):
        cut = write("cut.tflite", data[:keep])
        refused(65, words=[cut, "--fill", "splitmix64", "--output-dir", path("never")])
    assert not os.path.exists(path("never"))


def unsupported_operators_are_named_and_counted():
    compiled = os.path.join(models, "tflite/edgetpu/testconv1-edgetpu.tflite")
    refused(3, "1 of 1 nodes", "edgetpu-custom-op", "try:", words=[compiled, "--fill", "splitmix64"])


def an_unknown_target_device_or_variant_is_refused_with_the_known_ones():
    refused(64, "cpux", "'cpu'", words=[wakeword, "--fill", "splitmix64", "--target", "cpux"])
    refused(64, "cpu:3", "'cpu'", words=[wakeword, "--fill", "splitmix64", "--device", "cpu:3"])
    refused(64, "neo", "reference", words=[wakeword, "--fill", "splitmix64", "--variant", "neo"])


def the_reference_and_the_mask_are_chosen_and_told_and_change_no_byte():
    fast = infer(wakeword, "--fill", "splitmix64", "--json")
    for words, kernel in ((["--variant", "reference"], "reference"), (["--isa", "scalar"], "reference"),
                          (["--variant", "scalar", "--threads", "2"], "reference")):
        done = infer(wakeword, "--fill", "splitmix64", "--json", *words)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert said["effective"]["kernel"] == kernel and said["effective"]["isa"] == "scalar", said["effective"]
        assert said["outputs"] == json.loads(fast.stdout)["outputs"]
        assert said["memory"]["packed_bytes"] == 0 and said["memory"]["pack_ns"] > 0, said["memory"]


def a_wrong_instruction_set_is_refused_and_never_ignored():
    refused(64, "avx9", "try:", words=[wakeword, "--fill", "splitmix64", "--isa", "avx9"])
    done = subprocess.run([program, "infer", wakeword, "--fill", "splitmix64"], env={**os.environ, "RAILGAUGE_ISA": "avx9"},
                          capture_output=True, text=True)
    assert done.returncode == 64 and "RAILGAUGE_ISA" in done.stderr and "avx9" in done.stderr, done.stderr


def neon_is_there_on_aarch64_and_says_why_not_elsewhere():
    words = [wakeword, "--fill", "splitmix64", "--target", "neon"]
    if platform.machine() == "aarch64":
        done = infer(*words)
        assert done.returncode == 0 and done.stdout == infer(wakeword, "--fill", "splitmix64").stdout, done.stderr
    else:
        refused(5, "NEON", "try:", "aarch64", words=words)
        listed = subprocess.run([program, "list", "targets"], capture_output=True, text=True).stdout
        assert "neon" in listed and "absent" in listed and "has no NEON" in listed, listed


def a_profile_tells_of_every_node_what_computed_it_and_how_long():
    done = infer(wakeword, "--fill", "splitmix64", "--runs", "5", "--profile", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    profile = said["profile"]
    nodes = profile["nodes"]
    assert [node["node"] for node in nodes] == list(range(len(nodes))) and len(nodes) > 10
    assert all(node["kernel"] and node["median_ns"] > 0 for node in nodes if node["macs"] > 0), nodes
    assert any(node["operator"] == "reshape" and node["kernel"] == "" and node["median_ns"] == 0 for node in nodes), nodes
    assert sum(node["median_ns"] for node in nodes) <= 1.5 * profile["whole_median_ns"], profile["whole_median_ns"]
    assert set(said["effective"]["kernel"].split(",")) == {node["kernel"] for node in nodes if node["kernel"]}
    table = infer(wakeword, "--fill", "splitmix64", "--profile", "--no-fusion")
    assert table.returncode == 0 and table.stdout.startswith(infer(wakeword, "--fill", "splitmix64").stdout), table.stderr
    assert "GOPS" in table.stdout and "nothing to do" not in table.stdout, table.stdout
    refused(3, "sim", "cpu", words=[wakeword, "--fill", "splitmix64", "--target", "sim", "--profile"])


def a_full_disk_is_no_success():
    with open("/dev/full", "w") as full:
        done = subprocess.run([program, "infer", wakeword, "--fill", "splitmix64"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 74, done.returncode


def help_lists_every_option():
    done = infer("--help")
    assert done.returncode == 0
    for option in ("--target", "--device", "--input", "--output-dir", "--fill", "--seed", "--threads", "--runs", "--json", "--isa", "--profile", "--no-fusion"):
        assert option in done.stdout, option


free = [unreadable_files_end_with_74, foreign_files_end_with_65, help_lists_every_option]
tests = [value for value in list(globals().values())
         if callable(value) and getattr(value, "__module__", "") == "__main__"
         and value not in (infer, refused, path, write, splitmix64)]
print(f"1..{len(tests)}")
failed = 0
for number, test in enumerate(tests, 1):
    title = f"{number} - {test.__name__.replace('_', ' ')}"
    if not models and test not in free:
        print(f"ok {title} # SKIP no shared models: set RAILGAUGE_SHARED")
        continue
    try:
        test()
        print(f"ok {title}")
    except Exception as problem:
        failed += 1
        print(f"not ok {title}")
        print(f"# {type(problem).__name__}: {str(problem)[:600]}")
shutil.rmtree(work, ignore_errors=True)
sys.exit(1 if failed else 0)
