#!/usr/bin/env python3
"""The AVX-512 kernels inside an emulated x86-64 machine that has them, whatever this one has. Prints TAP.

Usage: guest_x86.py SOURCE_DIR BUILD_DIR. Boots once; skips aloud where the emulator or a kernel for it cannot be had, or where it shows none of
the levels. Debian's Bochs 2.7 serves for AVX-512. With RG_BOCHS naming a Bochs newer than 2.8 (and RG_BOCHS_BIOS its BIOS files),
RG_VM_CPU=arrow_lake RG_VM_LEVELS=avxvnni proves the VEX-coded AVX-VNNI kernels as well.
"""
import json
import os
import subprocess
import sys

source, build = sys.argv[1], sys.argv[2]
levels = os.environ.get("RG_VM_LEVELS", "avx512vnni,avx512vbmi")
kernels = json.loads(subprocess.run([os.path.join(build, "railgauge"), "list", "kernels", "--json"], capture_output=True, check=True).stdout)
operators = sorted({k["op"] for k in kernels if k["isa"] in levels.split(",")})
SCRIPT = f"railgauge verify {' '.join(operators)} --isa {levels} --cases 6 --seed 1 --limit-macs 1\n"

os.environ.setdefault("RG_VM_LIMIT_S", "1700")
run = subprocess.run([os.path.join(source, "scripts/vm-x86"), build], input=SCRIPT, capture_output=True, text=True)
if run.returncode == 77:
    print(f"1..0 # SKIP {' '.join(run.stderr.split())[-200:]}")
    sys.exit(0)
lines = [line.split() for line in run.stdout.splitlines()]
rows = [line for line in lines if len(line) > 3 and line[2] in levels.split(",")]
if run.returncode == 0 and rows and all(line[-2:] == ["not", "here"] for line in rows):
    print(f"1..0 # SKIP {os.environ.get('RG_BOCHS', 'bochs-bin')} imitates a {os.environ.get('RG_VM_CPU', 'tigerlake')} without {levels}: RG_BOCHS "
          "and RG_BOCHS_BIOS name another Bochs, RG_VM_CPU another of its models")
    sys.exit(0)
wrong = [line for line in rows if line[-1] not in ("ok", "idle") and line[-2:] != ["not", "here"]]
checks = [
    ("the guest runs verify to its end", run.returncode == 0, run.stdout[-1500:] + run.stderr[-1500:]),
    ("kernels of its levels ran there", sum(line[-1] == "ok" for line in rows) >= 8, run.stdout[-1500:]),
    ("none of them is wrong", rows and not wrong, wrong),
]
print(f"1..{len(checks)}")
for number, (name, good, detail) in enumerate(checks, 1):
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not good:
        print("# " + str(detail).replace("\n", "\n# "))
sys.exit(0 if all(good for _, good, _ in checks) else 1)
