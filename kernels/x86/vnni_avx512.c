/* vnni_avx512.c: vnni_run.inc at 512 bits. Bound on Zen 4 (two pipes of 256 bits for dot products):
 * one vpdpbusd a cycle; a step of 4 taps on a 6 x 64 tile is 24 of them, 4 loads of weights and 6
 * broadcasts. Rounding costs 9 instructions of 512
 * bits per 16 results and 2 to pack them, some 5.5 cycles at two a cycle. */
#include "kernels/x86/vnni_512.inc"

#include "bench/iface/kernel.h"
#include "kernels/x86/vnni_run.inc"

#define SUMMARY "6x64 to 12x16 tiles of 512-bit byte dot products, uint8 read in place"
VNNI_KERNEL(conv2d_s8_avx512vnni, "conv2d_s8", "avx512vnni", SUMMARY);
VNNI_KERNEL(conv2d_u8_avx512vnni, "conv2d_u8", "avx512vnni", SUMMARY);
VNNI_KERNEL(fully_connected_s8_avx512vnni, "fully_connected_s8", "avx512vnni", SUMMARY);
VNNI_KERNEL(fully_connected_u8_avx512vnni, "fully_connected_u8", "avx512vnni", SUMMARY);
