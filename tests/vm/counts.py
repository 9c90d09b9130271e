#!/usr/bin/env python3
"""Instructions per multiply-accumulate of the Arm kernels, counted in an emulated machine by scripts/count-arm. Prints TAP.

Usage: counts.py SOURCE_DIR. Boots twice. Every kernel that is counted has given the reference's bytes there; what takes more
instructions than the table below says has become slower. Skips aloud where the tools cannot be had.
"""
import os
import shutil
import subprocess
import sys

source = sys.argv[1]
# Instructions per multiply-accumulate at most: some 3 % above what docs/arm-kernels.md tells.
CEILINGS = {
    ("conv2d_s8_neon", "conv3x3_8x8x64_64"): 0.234, ("conv2d_s8_dotprod", "conv3x3_8x8x64_64"): 0.082, ("conv2d_s8_i8mm", "conv3x3_8x8x64_64"): 0.055,
    ("conv2d_s8_dotprod", "conv3x3_32x32x16_16"): 0.148, ("conv2d_s8_i8mm", "conv3x3_32x32x16_16"): 0.12,
    ("depthwise_conv2d_s8_neon", "dw3x3_14x14x512"): 0.55, ("depthwise_conv2d_s8_neon", "dw3x3s2_56x56x128"): 0.563,
    ("fully_connected_s8_neon", "gemm_128x128x128"): 0.258, ("fully_connected_s8_dotprod", "gemm_128x128x128"): 0.084,
    ("fully_connected_s8_i8mm", "gemm_128x128x128"): 0.057, ("fully_connected_s8_dotprod", "gemm_1x1024x1024"): 0.097,
    ("fully_connected_s8_i8mm", "gemm_1x1024x1024"): 0.12,
}
results = []


def check(name, good, detail=""):
    results.append(bool(good))
    print(f"{'ok' if good else 'not ok'} {len(results)} - {name}")
    if not good:
        print(f"# {detail}")


def counted():
    return subprocess.run([os.path.join(source, "scripts/count-arm"), "--raw", "--most", "2400000"], capture_output=True, text=True)


for tool in ("qemu-system-aarch64", "aarch64-linux-gnu-gcc", "cpio"):
    if not shutil.which(tool):
        print(f"1..0 # SKIP {tool} is not installed (scripts/setup all)")
        sys.exit(0)
first = counted()
if first.returncode == 77:
    print("1..0 # SKIP no arm64 sysroot or guest: " + " ".join(first.stderr.split())[-200:])
    sys.exit(0)
rows = {(f[0], f[1]): (int(f[2]), int(f[3])) for f in (line.split() for line in first.stdout.splitlines()) if len(f) == 4}
print(f"1..{2 + len(CEILINGS)}")
check("every kernel gives the reference's bytes on every case", first.returncode == 0 and len(rows) > 50, first.stdout[-1000:] + first.stderr[-1000:])
for (kernel, case), most in CEILINGS.items():
    macs, n = rows.get((kernel, case), (1, 1e9))
    check(f"{kernel} takes at most {most} instructions a multiply-accumulate on {case}", n <= most * macs, f"{n / macs:.4f}")
again = counted()
check("counts repeat exactly from boot to boot", again.stdout == first.stdout,
      [pair for pair in zip(first.stdout.splitlines(), again.stdout.splitlines()) if pair[0] != pair[1]][:5])
sys.exit(0 if all(results) else 1)
