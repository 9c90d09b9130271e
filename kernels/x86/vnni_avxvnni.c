/* vnni_avxvnni.c: vnni_run.inc at 256 bits, VEX encoded. Bound on cores with two ports for dot
 * products of 256 bits (Golden Cove): a step of 4 taps on a 4 x 24 tile is 12 of them, 6 cycles; 3
 * loads of weights, 4 broadcasts and 4 vpxor fit beside. Its twin that other CPUs can prove is
 * vnni_avxvnni_evex.c. */
#define DOT256 _mm256_dpbusd_avx_epi32
#include "kernels/x86/vnni_256.inc"

#include "bench/iface/kernel.h"
#include "kernels/x86/vnni_run.inc"

#define SUMMARY "4x24 to 8x8 tiles of 256-bit byte dot products, input read in place"
VNNI_KERNEL(conv2d_s8_avxvnni, "conv2d_s8", "avxvnni", SUMMARY);
VNNI_KERNEL(conv2d_u8_avxvnni, "conv2d_u8", "avxvnni", SUMMARY);
VNNI_KERNEL(fully_connected_s8_avxvnni, "fully_connected_s8", "avxvnni", SUMMARY);
VNNI_KERNEL(fully_connected_u8_avxvnni, "fully_connected_u8", "avxvnni", SUMMARY);
