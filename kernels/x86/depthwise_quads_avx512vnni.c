/* depthwise_quads_avx512vnni.c: depthwise_quads.h by vpdpbusd: pixels as uint8, weights as int8.
 * Vectors of 256 bits: CPUs of this level multiply them at the rate of two halves of 512. */
#include "kernels/x86/depthwise_rows.h"

#include "bench/iface/kernel.h"

enum { VECTOR = RG_DW_SPAN };
typedef __m256i pixels;

static inline pixels open_pixels(const int8_t *cell) {
    return load_ints(cell);
}

/* The empty assembly keeps the compiler from gathering sums in a tree. */
static inline __m256i dot(__m256i sum, pixels four, const int8_t *weights) {
    sum = _mm256_dpbusd_epi32(sum, four, load_ints(weights));
    __asm__("" : "+x"(sum));
    return sum;
}

#define RG_DW_QUADS
#include "kernels/x86/depthwise_quads.h"

RG_DW_QUADS_KERNEL(s8, avx512vnni, , fours,
                   "Four taps at once by vpdpbusd, 32 channels a pass, rounding proven at load");
RG_DW_QUADS_KERNEL(u8, avx512vnni, , fours,
                   "Four taps at once by vpdpbusd, 32 channels a pass, rounding proven at load");
