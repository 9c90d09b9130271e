/* vnni_avxvnni_evex.c: vnni_avxvnni.c in EVEX encoding, so that CPUs with AVX512-VNNI and without
 * AVX-VNNI can prove it. Never the first choice there: it has rows behind those of 512 bits. */
#define DOT256 _mm256_dpbusd_epi32
#include "kernels/x86/vnni_256.inc"

#include "bench/iface/kernel.h"
#include "kernels/x86/vnni_run.inc"

#define SUMMARY "the avxvnni kernel as CPUs with AVX-512 can prove it"
VNNI_KERNEL(conv2d_s8_avxvnni_evex, "conv2d_s8", "avx512vnni", SUMMARY);
VNNI_KERNEL(conv2d_u8_avxvnni_evex, "conv2d_u8", "avx512vnni", SUMMARY);
VNNI_KERNEL(fully_connected_s8_avxvnni_evex, "fully_connected_s8", "avx512vnni", SUMMARY);
VNNI_KERNEL(fully_connected_u8_avxvnni_evex, "fully_connected_u8", "avx512vnni", SUMMARY);
