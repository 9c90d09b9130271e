/* depthwise_quads_avx2.c: depthwise_quads.h by vpmaddwd: the bytes of four rows are split into
 * those of even and odd rows by a mask and a shift, each a pair of 16-bit numbers. */
#include "kernels/x86/depthwise_rows.h"

#include "bench/iface/kernel.h"

enum { VECTOR = 2 * RG_DW_SPAN };
typedef struct pixels {
    __m256i even, odd; /* rows 0 and 2, rows 1 and 3 */
} pixels;

static inline pixels open_pixels(const int8_t *cell) {
    __m256i bytes = load_ints(cell);
    return (pixels){_mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)), _mm256_srli_epi16(bytes, 8)};
}

/* The empty assembly keeps the compiler from gathering sums in a tree. */
static inline __m256i dot(__m256i sum, pixels four, const int8_t *weights) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(four.even, load_ints(weights)));
    __asm__("" : "+x"(sum));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(four.odd, load_ints(weights + RG_DW_SPAN)));
    __asm__("" : "+x"(sum));
    return sum;
}

#define RG_DW_QUADS
#include "kernels/x86/depthwise_quads.h"

RG_DW_QUADS_KERNEL(
    s8, avx2, _fours, fours16,
    "Four taps at once by vpmaddwd on bytes of even and odd rows, 32 channels a pass");
RG_DW_QUADS_KERNEL(
    u8, avx2, _fours, fours16,
    "Four taps at once by vpmaddwd on bytes of even and odd rows, 32 channels a pass");
