#!/usr/bin/env python3
"""Kernels on older CPUs, as qemu-user imitates them: what a CPU lacks is neither found nor used. An instruction beyond
its level would end a kernel with SIGILL, which verify reports; a program with such an instruction planted shows it.
--loose: qemu 7.2 reads all of what a masked load asks for in part; that kernels read nothing beyond is proven natively.
Prints TAP. Usage: old_cpus.py RAILGAUGE BUILD_DIR, for x86-64 or for aarch64 (there QEMU_LD_PREFIX names the sysroot)."""
import json
import os
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile

import tap

program, build = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MACHINES = {62: "x86_64", 183: "aarch64"}  # e_machine of an ELF file
# Level of planted code, the flag that makes the compiler write it, and CPUs without.
PLANTED = {"x86_64": ("-mavx2", ("Nehalem", "SandyBridge")), "aarch64": ("-march=armv8.2-a+sve", ("cortex-a53", "cortex-a76"))}


def machine():
    with open(program, "rb") as f:
        return MACHINES.get(struct.unpack_from("<H", f.read(20), 18)[0])


def emulator(wanted):
    if machine() != wanted:
        raise tap.Skip(f"this is no {wanted} build")
    qemu = shutil.which(f"qemu-{wanted}-static") or shutil.which(f"qemu-{wanted}")
    if not qemu:
        raise tap.Skip(f"qemu-user for {wanted} is not installed")
    if b"__asan_init" in open(program, "rb").read():
        raise tap.Skip("a sanitizer's memory map does not fit under qemu-user")
    return qemu


def verify(wanted, cpu, cases, *words, what=program):
    return subprocess.run([emulator(wanted), "-cpu", cpu, what, "verify", "--cases", str(cases), "--seed", "3", "--loose", "--json", *words],
                          capture_output=True, text=True, timeout=500)


def prove(wanted, cpu, cases):
    done = verify(wanted, cpu, cases)
    assert done.returncode == 0, f"{cpu}: exit {done.returncode}\n{done.stderr[-3000:]}"
    proof = json.loads(done.stdout)
    assert proof["ok"] and proof["proven"] >= 80, proof["proven"]
    return proof


def ran(proof):
    """Levels of kernels that did."""
    return {row["isa"] for row in proof["rows"] if row["verdict"] == "ok"} - {"scalar"}


def test_x86_CPUs_without_AVX2_run_the_reference_alone():
    for cpu in ("Nehalem", "SandyBridge"):
        proof = prove("x86_64", cpu, 2)
        assert proof["levels"]["scalar"] and not proof["levels"]["avx2"], proof["levels"]
        assert all(row["isa"] == "scalar" or row["verdict"] == "not here" for row in proof["rows"])


def test_an_x86_CPU_with_AVX2_only_runs_those_kernels_and_no_richer_ones():
    proof = prove("x86_64", "Haswell", 6)
    assert not proof["levels"]["avx512vnni"] and not proof["levels"]["avxvnni"], proof["levels"]
    assert ran(proof) == {"avx2"}, ran(proof)


def test_arm_CPUs_of_Armv8_0_run_NEON_kernels_without_dot_products():
    for cpu in ("cortex-a53", "cortex-a72"):
        proof = prove("aarch64", cpu, 2)
        assert ran(proof) == {"neon"}, ran(proof)


def test_an_arm_CPU_of_Armv8_2_runs_dot_products_without_matrix_products():
    assert ran(prove("aarch64", "cortex-a76", 2)) == {"neon", "dotprod"}


def compiled(source, flag, folder):
    """The object of one file of the reference, compiled for a richer CPU than it says."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        entry = next(e for e in json.load(f) if e["file"].endswith(source))
    words = [w for w in shlex.split(entry["command"]) if w != "ccache"]
    words[words.index("-o") + 1] = os.path.join(folder, "planted.o")
    at = words.index("-MQ")  # what it depends on is of no interest
    del words[at:at + 4]
    subprocess.run([w for w in words if w not in ("-MD", "-g")] + [flag], cwd=build, check=True, capture_output=True)
    return os.path.join(folder, "planted.o")


def linked(planted, folder):
    """The program with that object in place of its own."""
    said = subprocess.run(["ninja", "-C", build, "-t", "commands", "railgauge"], capture_output=True, text=True, check=True)
    words = shlex.split([line for line in said.stdout.splitlines() if " -o railgauge " in line][-1])
    words = [w for w in words if w not in ("ccache", "-Wl,--whole-archive", "-Wl,--no-whole-archive")]
    words[words.index("-o") + 1] = os.path.join(folder, "railgauge")
    at = next(i for i, w in enumerate(words) if w.endswith("librailgauge.a"))
    words.insert(at, planted)
    subprocess.run(words, cwd=build, check=True, capture_output=True)
    return os.path.join(folder, "railgauge")


def test_an_instruction_beyond_its_level_in_the_scalar_code_is_caught():
    wanted = machine()
    flag, cpus = PLANTED[wanted]
    emulator(wanted)
    if not shutil.which("ninja") or not os.path.exists(os.path.join(build, "compile_commands.json")):
        raise tap.Skip("no build folder to make the spoilt program in")
    with tempfile.TemporaryDirectory() as folder:
        spoilt = linked(compiled("kernels/ref/conv2d.c", flag, folder), folder)
        for cpu in cpus:
            done = verify(wanted, cpu, 3, "conv2d_s8", "--isa", "scalar", what=spoilt)
            assert done.returncode == 1 and "SIGILL" in done.stderr, f"{cpu}: exit {done.returncode}\n{done.stderr[-2000:]}"
            sound = verify(wanted, cpu, 3, "conv2d_s8", "--isa", "scalar")
            assert sound.returncode == 0, f"{cpu}: the sound program fails as well\n{sound.stderr[-2000:]}"
        rich = verify(wanted, "Haswell" if wanted == "x86_64" else "max", 3, "conv2d_s8", "--isa", "scalar", what=spoilt)
        assert rich.returncode == 0, f"a CPU that has them runs them\n{rich.stderr[-2000:]}"


sys.exit(tap.run(globals()))
