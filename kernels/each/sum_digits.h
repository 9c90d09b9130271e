/* sum_digits.h: the arithmetic of sum.c: one plan of digits and three ways to compute runs of bytes
 * by it. Included by sum.c alone, which finds the plan; like it compiled once a level. */
#ifndef RG_KERNELS_EACH_SUM_DIGITS_H
#define RG_KERNELS_EACH_SUM_DIGITS_H

#include "kernels/each/level.h"
#include "kernels/each/pairs.h"
#include "kernels/ref/arithmetic.h"

#if defined(RG_LEVEL)
enum { DIGITS = 4, DIGIT_BITS = 7 };

/* The ways of the head of this file. */
typedef enum way { PROVEN, TIED, GUARDED } way;

typedef struct plan {
    rg_pairs_run *run; /* NULL: the reference computes the call */
    bool subtracts;
    int8_t flip_a, flip_b, flip_out;         /* to int8; a subtrahend is complemented */
    int8_t low, high;                        /* as int8 */
    int8_t digit_a[DIGITS], digit_b[DIGITS]; /* least first, 0 to 127 */
    int16_t constant[DIGITS];                /* least first; digit 0 has none */
    int16_t more;                            /* of the guarded way: constants 1 differ by this */
    int shift;                               /* of the top digit's sum */
    bool tied_by_a;                          /* which operand's bytes decide ties */
    uint8_t tie_rows[2][16]; /* [top bit][low nibble]: a bit for each value of bits 4 to 6 */
    rg_spread walk;
    rg_arithmetic_plan exact; /* the reference's own */
} plan;

/* Vectors of 16-bit words, half as many as bytes. Pairs: bytes of a and b whose products a digit
 * sums. */
#if defined(__AVX2__)
typedef rg_vec words;
typedef rg_vec pairs;
#define ADD RG_VEC(add_epi16)
#define ADD_SATURATED RG_VEC(adds_epi16)
#define CARRY(x) RG_VEC(srai_epi16)(x, DIGIT_BITS)
#define SHIFT(x, by) RG_VEC(sra_epi16)(x, by)
#define FILL RG_VEC(set1_epi16)
#define XOR rg_vec_flip
#define PACK RG_VEC(packs_epi16)
#define PAIRS_LOW RG_VEC(unpacklo_epi8)
#define PAIRS_HIGH RG_VEC(unpackhi_epi8)
#define DOT(h, i, p) RG_VEC(maddubs_epi16)((h)->digit[i], p)
enum { MASK_BITS = 1 };
#endif

#if defined(__AVX512BW__)
static inline uint64_t differing(rg_vec a, rg_vec b) {
    return _mm512_cmpneq_epi8_mask(a, b);
}
static inline bool any_beyond(words a, words b, words mask) {
    return _mm512_test_epi16_mask(_mm512_or_si512(a, b), mask) != 0;
}
#elif defined(__AVX2__)
static inline uint64_t differing(rg_vec a, rg_vec b) {
    return (uint32_t)~_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b));
}
static inline bool any_beyond(words a, words b, words mask) {
    return !_mm256_testz_si256(_mm256_or_si256(a, b), mask);
}
#else
typedef int16x8_t words;
typedef struct pairs {
    int8x8_t a, b;
} pairs;
#define ADD vaddq_s16
#define ADD_SATURATED vqaddq_s16
#define CARRY(x) vshrq_n_s16(x, DIGIT_BITS)
#define SHIFT(x, by) vshlq_s16(x, by)
#define FILL vdupq_n_s16
#define XOR veorq_s16
#define PACK(low, high) vcombine_s8(vqmovn_s16(low), vqmovn_s16(high))
#define PAIRS_LOW(a, b) ((pairs){vget_low_s8(a), vget_low_s8(b)})
#define PAIRS_HIGH(a, b) ((pairs){vget_high_s8(a), vget_high_s8(b)})
#define DOT(h, i, p) vmlal_s8(vmull_s8((p).a, (h)->digit_a[i]), (p).b, (h)->digit_b[i])
/* Four bits a byte: the usual way to a mask here. */
static inline uint64_t differing(rg_vec a, rg_vec b) {
    uint16x8_t same = vreinterpretq_u16_u8(vceqq_s8(a, b));
    return ~vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(same, 4)), 0);
}
static inline bool any_beyond(words a, words b, words mask) {
    return vmaxvq_u16(vreinterpretq_u16_s16(vandq_s16(vorrq_s16(a, b), mask))) != 0;
}
enum { MASK_BITS = 4 };
#endif

#if defined(__AVX2__) && !defined(__AVX512BW__)
#define TIES 1
#else
#define TIES 0
#endif

typedef struct held {
#if TIES
    rg_vec tie_low, tie_high, constant_up; /* constant_up: the higher constant 1 */
#endif
    bool tied_by_a;
    words constant[DIGITS], constant_more, whole; /* whole: bits that survive the shift */
    rg_vec low, high, flip_a, flip_b, flip_out;
#if defined(__AVX2__)
    rg_vec digit[DIGITS]; /* a's and b's side by side */
    __m128i shift;
#else
    int8x8_t digit_a[DIGITS], digit_b[DIGITS];
    words shift;
#endif
} held;

static inline held hold(const plan *p) {
    held h;
    for (int i = 0; i < DIGITS; i++) {
        h.constant[i] = FILL(p->constant[i]);
#if defined(__AVX2__)
        h.digit[i] = FILL((int16_t)(p->digit_a[i] | p->digit_b[i] << 8));
#else
        h.digit_a[i] = vdup_n_s8(p->digit_a[i]);
        h.digit_b[i] = vdup_n_s8(p->digit_b[i]);
#endif
    }
#if defined(__AVX2__)
    h.shift = _mm_cvtsi32_si128(p->shift);
#else
    h.shift = FILL((int16_t)-p->shift);
#endif
#if TIES
    h.tie_low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)p->tie_rows[0]));
    h.constant_up = FILL((int16_t)(p->constant[1] + p->more));
    h.tie_high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)p->tie_rows[1]));
#endif
    h.tied_by_a = p->tied_by_a;
    h.constant_more = FILL(p->more);
    h.whole = FILL((int16_t) - (1 << p->shift));
    h.low = rg_vec_fill(p->low);
    h.high = rg_vec_fill(p->high);
    h.flip_a = rg_vec_fill(p->flip_a);
    h.flip_b = rg_vec_fill(p->flip_b);
    h.flip_out = rg_vec_fill(p->flip_out);
    return h;
}

static inline words join(const held *h, int top, words carry, pairs p) {
    words sum = ADD_SATURATED(DOT(h, top, p), h->constant[top]);
    return SHIFT(ADD_SATURATED(sum, carry), h->shift);
}

/* Four digits. */
static inline words four_digits(const held *h, pairs p) {
    words carry = CARRY(DOT(h, 0, p));
    carry = CARRY(ADD(ADD(DOT(h, 1, p), h->constant[1]), carry));
    carry = CARRY(ADD(ADD(DOT(h, 2, p), h->constant[2]), carry));
    return join(h, 3, carry, p);
}

/* Three digits, with the lower constant and the higher one, before the shift. */
static inline words three_digits(const held *h, pairs p, words *ret_higher) {
    words sum = ADD(ADD(DOT(h, 1, p), h->constant[1]), CARRY(DOT(h, 0, p)));
    words top = ADD_SATURATED(DOT(h, 2, p), h->constant[2]);
    *ret_higher = ADD_SATURATED(top, CARRY(ADD(sum, h->constant_more)));
    return ADD_SATURATED(top, CARRY(sum));
}

static inline __attribute__((always_inline)) rg_vec bytes_of(const held *h, words low, words high,
                                                             bool clamps) {
    rg_vec v = PACK(low, high);
    return clamps ? rg_vec_min(rg_vec_max(v, h->low), h->high) : v;
}

static inline __attribute__((always_inline)) rg_vec add_proven(const held *h, rg_vec a, rg_vec b,
                                                               bool clamps) {
    words low = four_digits(h, PAIRS_LOW(a, b)), high = four_digits(h, PAIRS_HIGH(a, b));
    return bytes_of(h, low, high, clamps);
}

/* The bytes that are in doubt come back as a mask. */
static inline __attribute__((always_inline)) rg_vec add_guarded(const held *h, rg_vec a, rg_vec b,
                                                                bool clamps, uint64_t *ret_doubt) {
    words more_low, more_high;
    words low = three_digits(h, PAIRS_LOW(a, b), &more_low);
    words high = three_digits(h, PAIRS_HIGH(a, b), &more_high);
    rg_vec sum = bytes_of(h, SHIFT(low, h->shift), SHIFT(high, h->shift), clamps);
    if (__builtin_expect(any_beyond(XOR(low, more_low), XOR(high, more_high), h->whole), 0))
        *ret_doubt = differing(
            sum, bytes_of(h, SHIFT(more_low, h->shift), SHIFT(more_high, h->shift), clamps));
    return sum;
}

#if TIES
/* All ones in the bytes whose ties go up. */
static inline rg_vec ties_up(const held *h, rg_vec x) {
    const rg_vec powers = _mm256_set1_epi64x((long long)0x8040201008040201u);
    rg_vec low = _mm256_and_si256(x, rg_vec_fill((int8_t)0x8f));
    rg_vec high = rg_vec_flip(low, rg_vec_fill(-128));
    rg_vec row = _mm256_or_si256(_mm256_shuffle_epi8(h->tie_low, low),
                                 _mm256_shuffle_epi8(h->tie_high, high));
    rg_vec third = _mm256_and_si256(_mm256_srli_epi16(x, 4), rg_vec_fill(7));
    rg_vec bit = _mm256_shuffle_epi8(powers, third);
    return _mm256_cmpeq_epi8(_mm256_and_si256(row, bit), bit);
}

/* Three digits; `up` says where the higher constant is meant. */
static inline words tied_digits(const held *h, pairs p, words up) {
    words constant = _mm256_blendv_epi8(h->constant[1], h->constant_up, up);
    words sum = ADD(ADD(DOT(h, 1, p), constant), CARRY(DOT(h, 0, p)));
    words top = ADD_SATURATED(DOT(h, 2, p), h->constant[2]);
    return SHIFT(ADD_SATURATED(top, CARRY(sum)), h->shift);
}

static inline __attribute__((always_inline)) rg_vec add_tied(const held *h, rg_vec a, rg_vec b,
                                                             bool clamps) {
    rg_vec up = ties_up(h, h->tied_by_a ? a : b);
    return bytes_of(h, tied_digits(h, PAIRS_LOW(a, b), PAIRS_LOW(up, up)),
                    tied_digits(h, PAIRS_HIGH(a, b), PAIRS_HIGH(up, up)), clamps);
}
#else
#define add_tied add_proven /* not sought at this level */
#endif

static int8_t add_exact(const plan *p, int8_t a, int8_t b) {
    int32_t from_a = p->exact.a[(uint8_t)a], from_b = p->exact.b[(uint8_t)b];
    return (int8_t)rg_requantize(p->subtracts ? from_a - from_b : from_a + from_b, p->exact.factor,
                                 p->exact.zero, p->exact.low, p->exact.high);
}

static __attribute__((noinline)) void mend(const plan *p, const int8_t *a, const int8_t *b,
                                           int8_t *out, uint64_t doubt) {
    while (doubt) {
        int i = __builtin_ctzll(doubt) / MASK_BITS;
        out[i] = add_exact(p, a[i], b[i]);
        doubt &= ~(((UINT64_C(1) << MASK_BITS) - 1) << i * MASK_BITS);
    }
}

/* One vector of results. */
static inline __attribute__((always_inline)) void add_one(const plan *p, const held *h,
                                                          const int8_t *a, const int8_t *b,
                                                          int8_t *out, bool flips, bool clamps,
                                                          way how) {
    rg_vec x = rg_vec_load(a), y = rg_vec_load(b), sum;
    uint64_t doubt = 0;
    if (flips) {
        x = rg_vec_flip(x, h->flip_a);
        y = rg_vec_flip(y, h->flip_b);
    }
    sum = how == GUARDED ? add_guarded(h, x, y, clamps, &doubt)
          : how == TIED  ? add_tied(h, x, y, clamps)
                         : add_proven(h, x, y, clamps);
    rg_vec_store(out, flips ? rg_vec_flip(sum, h->flip_out) : sum);
    if (how == GUARDED && __builtin_expect(doubt != 0, 0))
        mend(p, a, b, out, doubt);
}

/* A run; an operand with step 0 is read from a vector full of it. */
static inline __attribute__((always_inline)) void add_run(const plan *p, const int8_t *a,
                                                          size_t step_a, const int8_t *b,
                                                          size_t step_b, int8_t *out, size_t n,
                                                          bool flips, bool clamps, way how) {
    const held h = hold(p);
    int8_t full_a[RG_VEC_BYTES], full_b[RG_VEC_BYTES], full_out[RG_VEC_BYTES];
    if (step_a == 0)
        a = memset(full_a, *a, sizeof full_a);
    if (step_b == 0)
        b = memset(full_b, *b, sizeof full_b);
    size_t i = 0;
    for (; i + RG_VEC_BYTES <= n; i += RG_VEC_BYTES)
        add_one(p, &h, a + i * step_a, b + i * step_b, out + i, flips, clamps, how);
    if (i == n)
        return;
    memset(full_out, 0, sizeof full_out);
    if (step_a)
        a = memcpy(memset(full_a, 0, sizeof full_a), a + i, n - i);
    if (step_b)
        b = memcpy(memset(full_b, 0, sizeof full_b), b + i, n - i);
    add_one(p, &h, a, b, full_out, flips, clamps, how);
    memcpy(out + i, full_out, n - i);
}

#define RUN(name, flips, clamps, how)                                                              \
    static void name(const void *p, const void *a, size_t step_a, const void *b, size_t step_b,    \
                     void *out, size_t n) {                                                        \
        add_run(p, a, step_a, b, step_b, out, n, flips, clamps, how);                              \
    }
RUN(run_proven, false, false, PROVEN)
RUN(run_tied, false, false, TIED)
RUN(run_guarded, false, false, GUARDED)
RUN(run_proven_clamped, true, true, PROVEN)
RUN(run_tied_clamped, true, true, TIED)
RUN(run_guarded_clamped, true, true, GUARDED)

/* The run for a way: bytes that need neither turning nor clamping go without. */
static rg_pairs_run *run_for(const plan *p, way how) {
    static rg_pairs_run *const runs[2][3] = {
        {run_proven_clamped, run_tied_clamped, run_guarded_clamped},
        {run_proven, run_tied, run_guarded}};
    bool plain = !p->flip_a && !p->flip_b && p->exact.low == -128 && p->exact.high == 127;
    return runs[plain][how];
}
#endif

#endif
