#!/usr/bin/env python3
"""Kernels on older CPUs, as qemu-user imitates them: what a CPU lacks is neither found nor used. An instruction beyond
its level would end a kernel with SIGILL, which verify reports. --loose: qemu 7.2 reads all of what a masked load asks
for in part; that kernels read nothing beyond is proven natively. Prints TAP. Usage: old_cpus.py RAILGAUGE"""
import json
import os
import platform
import shutil
import subprocess
import sys

import tap

program = os.path.abspath(sys.argv[1])


def prove(cpu, cases):
    qemu = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
    if not qemu:
        raise tap.Skip("qemu-user for x86-64 is not installed")
    if platform.machine() != "x86_64":
        raise tap.Skip("this is no x86-64 build")
    if "sanitize" in subprocess.run(["nm", "-D", program], capture_output=True, text=True).stdout:
        raise tap.Skip("a sanitizer's memory map does not fit under qemu-user")
    done = subprocess.run([qemu, "-cpu", cpu, program, "verify", "--cases", str(cases), "--seed", "3", "--loose", "--json"],
                          capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, f"{cpu}: exit {done.returncode}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout)


def test_a_cpu_without_AVX2_runs_the_reference_alone():
    proof = prove("Nehalem", 2)
    assert proof["levels"]["scalar"] and not proof["levels"]["avx2"]
    assert proof["ok"] and proof["proven"] >= 80
    assert all(row["isa"] == "scalar" or row["verdict"] == "not here" for row in proof["rows"])


def test_a_cpu_with_AVX2_only_runs_those_kernels_and_no_richer_ones():
    proof = prove("Haswell", 6)
    assert proof["levels"]["avx2"] and not proof["levels"]["avx512vnni"] and not proof["levels"]["avxvnni"]
    rows = {row["isa"]: row["verdict"] for row in proof["rows"]}
    assert proof["ok"] and rows.get("avx2") == "ok", rows


sys.exit(tap.run(globals()))
