/* sum.c: sums and differences of two 8-bit tensors, exact. The result of two bytes is the floor of
 * (a * weight_a + b * weight_b + constant) / 2^bits, clamped. Weights have digits of 7 bits, so
 * that a digit's products and their sum fit 16 bits; digits are joined from the lowest up, each
 * handing its carry to the next. With four digits a choice of the three numbers mostly gives the
 * truth for all 65,536 pairs: it is sought and proven at load. Where scales have ties that the
 * reference breaks by its own inner roundings, three digits with the constant a little lower and a
 * little higher agree but near a tie, and what differs is asked of the reference's formula one by
 * one. */
#include <stdlib.h>

#include "kernels/each/fake.h"
#include "kernels/each/level.h"
#include "kernels/each/pairs.h"
#include "kernels/ref/arithmetic.h"

enum { DIGITS = 4, DIGIT_BITS = 7, PAIRS = 65536 };

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
#if defined(__AVX512BW__)
typedef __m512i words;
typedef __m512i pairs;
#define ADD _mm512_add_epi16
#define ADD_SATURATED _mm512_adds_epi16
#define CARRY(x) _mm512_srai_epi16(x, DIGIT_BITS)
#define SHIFT(x, by) _mm512_sra_epi16(x, by)
#define FILL _mm512_set1_epi16
#define XOR _mm512_xor_si512
#define PACK _mm512_packs_epi16
#define PAIRS_LOW _mm512_unpacklo_epi8
#define PAIRS_HIGH _mm512_unpackhi_epi8
#define DOT(h, i, p) _mm512_maddubs_epi16((h)->digit[i], p)
static inline uint64_t differing(rg_vec a, rg_vec b) {
    return _mm512_cmpneq_epi8_mask(a, b);
}
static inline bool any_beyond(words a, words b, words mask) {
    return _mm512_test_epi16_mask(_mm512_or_si512(a, b), mask) != 0;
}
enum { MASK_BITS = 1 };
#elif defined(__AVX2__)
typedef __m256i words;
typedef __m256i pairs;
#define ADD _mm256_add_epi16
#define ADD_SATURATED _mm256_adds_epi16
#define CARRY(x) _mm256_srai_epi16(x, DIGIT_BITS)
#define SHIFT(x, by) _mm256_sra_epi16(x, by)
#define FILL _mm256_set1_epi16
#define XOR _mm256_xor_si256
#define PACK _mm256_packs_epi16
#define PAIRS_LOW _mm256_unpacklo_epi8
#define PAIRS_HIGH _mm256_unpackhi_epi8
#define DOT(h, i, p) _mm256_maddubs_epi16((h)->digit[i], p)
static inline uint64_t differing(rg_vec a, rg_vec b) {
    return (uint32_t)~_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b));
}
static inline bool any_beyond(words a, words b, words mask) {
    return !_mm256_testz_si256(_mm256_or_si256(a, b), mask);
}
enum { MASK_BITS = 1 };
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

/* What the search works on: all pairs of bytes, those of `a` outermost, and the truth. */
typedef struct search {
    int8_t a[PAIRS], b[PAIRS], truth[PAIRS], answer[PAIRS];
    double weight_a, weight_b, constant; /* of the results themselves */
} search;

/* Narrows [*least, *most] to constants that give `q` at (a, b); from below and above where asked.
 */
static inline void narrow(const plan *p, int64_t sum, int8_t q, int bits, int64_t *least,
                          int64_t *most) {
    int64_t from = (int64_t)q * (INT64_C(1) << bits) - sum, to = from + (INT64_C(1) << bits) - 1;
    *least = q > p->low && from > *least ? from : *least;
    *most = q < p->high && to < *most ? to : *most;
}

/* A constant without lowest digit that gives the truth with two weights; false when there is none.
 * Results grow with b, so that only where they change are there bounds. */
static bool seek_constant(const search *s, const plan *p, int64_t weight_a, int64_t weight_b,
                          int bits, int64_t *ret_constant) {
    int64_t least = INT64_MIN / 2, most = INT64_MAX / 2;
    for (int a = -128; a < 128; a++) {
        const int8_t *row = s->truth + (uint8_t)(a ^ p->flip_a) * 256;
        int last = -1;
        for (int b = -128; b < 128; b++) {
            int q = (int8_t)(row[(uint8_t)(b ^ p->flip_b)] ^ p->flip_out);
            int64_t sum = a * weight_a + b * weight_b;
            if (b == -128 || q != last)
                narrow(p, sum, (int8_t)q, bits, &least, &most);
            if (b > -128 && q != last)
                narrow(p, sum - weight_b, (int8_t)last, bits, &least, &most);
            if (b == 127)
                narrow(p, sum, (int8_t)q, bits, &least, &most);
            last = q;
        }
    }
    int64_t step = 1 << DIGIT_BITS, middle = least / 2 + most / 2;
    *ret_constant = middle - (middle & (step - 1));
    *ret_constant += *ret_constant < least ? step : 0;
    return least <= *ret_constant && *ret_constant <= most;
}

/* Puts numbers of `digits` digits in place; false when they do not fit. */
static bool set_numbers(plan *p, int64_t weight_a, int64_t weight_b, int64_t constant, int bits,
                        int digits) {
    int top_bits = DIGIT_BITS * (digits - 1);
    for (int i = 0; i < digits; i++) {
        p->digit_a[i] = (int8_t)(weight_a >> i * DIGIT_BITS & 127);
        p->digit_b[i] = (int8_t)(weight_b >> i * DIGIT_BITS & 127);
        p->constant[i] = (int16_t)(constant >> i * DIGIT_BITS & 127);
    }
    int64_t top = constant >> top_bits;
    p->constant[digits - 1] = (int16_t)top;
    p->shift = bits - top_bits;
    return bits >= top_bits && top >= INT16_MIN && top <= INT16_MAX &&
           (weight_a | weight_b) >> DIGIT_BITS * digits == 0;
}

/* Holds a way against the truth; keeps it when all pairs agree. */
static bool prove(search *s, plan *p, rg_pairs_run *run) {
    run(p, s->a, 1, s->b, 1, s->answer, PAIRS);
    if (!memcmp(s->answer, s->truth, PAIRS))
        p->run = run;
    return p->run != NULL;
}

/* The most fraction bits that leave room for weights of `digits` digits. */
static int bits_for(const search *s, int digits) {
    double larger = s->weight_a > s->weight_b ? s->weight_a : s->weight_b;
    int bits = DIGIT_BITS * digits;
    while (bits > 0 && larger * (double)(1 << bits) >= (double)(1 << DIGIT_BITS * digits) - 1)
        bits--;
    return bits;
}

/* Four digits: weights as they are and a little larger, which turns ties away from zero, as the
 * reference breaks them. */
static bool seek_proven(search *s, plan *p) {
    static const int more[] = {0, 1, 16};
    int bits = bits_for(s, DIGITS);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        double one = (double)(INT64_C(1) << bits) * (1 + more[i] * 0x1p-28);
        int64_t a = (int64_t)(s->weight_a * one + 0.5), b = (int64_t)(s->weight_b * one + 0.5), c;
        if (seek_constant(s, p, a, b, bits, &c) && set_numbers(p, a, b, c, bits, DIGITS) &&
            prove(s, p, run_for(p, PROVEN)))
            return true;
    }
    return false;
}

enum { UNKNOWN, DOWN, UP };

/* Where the ties of each byte of one operand go; false where they do not agree. */
static bool ties_of(const search *s, const plan *p, bool by_a, uint8_t ret_ties[256]) {
    memset(ret_ties, UNKNOWN, 256);
    for (int a = -128; a < 128; a++) {
        const int8_t *row = s->truth + (uint8_t)(a ^ p->flip_a) * 256;
        for (int b = -128; b < 128; b++) {
            double sum = s->weight_a * a + s->weight_b * b + s->constant;
            int whole = (int)(sum + 1024.5) - 1024;
            double rest = sum - whole;
            if (rest > 0x1p-11 || rest < -0x1p-11 || whole <= p->low || whole > p->high)
                continue;
            int goes = (int8_t)(row[(uint8_t)(b ^ p->flip_b)] ^ p->flip_out) >= whole ? UP : DOWN;
            uint8_t *tie = &ret_ties[(uint8_t)(by_a ? a : b)];
            if (*tie != UNKNOWN && *tie != goes)
                return false;
            *tie = (uint8_t)goes;
        }
    }
    return true;
}

/* Puts a third number's digits and the guard around it in place. */
static bool set_guarded(const search *s, plan *p, int guard) {
    int bits = bits_for(s, DIGITS - 1);
    double one = (double)(INT64_C(1) << bits);
    int64_t a = (int64_t)(s->weight_a * one + 0.5), b = (int64_t)(s->weight_b * one + 0.5);
    int64_t c = (int64_t)(s->constant * one) - guard * (1 << DIGIT_BITS);
    p->more = (int16_t)(2 * guard);
    c -= c & ((1 << DIGIT_BITS) - 1);
    return set_numbers(p, a, b, c, bits, DIGITS - 1);
}

/* Three digits, and ties as one operand's bytes decide them. */
static bool seek_tied(search *s, plan *p) {
    uint8_t ties[256];
    for (int by_a = 0; TIES && by_a < 2; by_a++) {
        if (!ties_of(s, p, by_a, ties))
            continue;
        p->tied_by_a = by_a;
        memset(p->tie_rows, 0, sizeof p->tie_rows);
        for (int x = 0; x < 256; x++)
            p->tie_rows[x >> 7][x & 15] |= (uint8_t)((ties[x] == UP) << (x >> 4 & 7));
        for (int guard = 2; guard <= 4; guard *= 2) {
            if (set_guarded(s, p, guard) && prove(s, p, run_for(p, TIED)))
                return true;
        }
    }
    return false;
}

/* Three digits, with a guard that grows until all that is not in doubt is right. */
static bool seek_guarded(search *s, plan *p) {
    for (int guard = 2; guard <= 32; guard *= 2) {
        if (set_guarded(s, p, guard) && prove(s, p, run_for(p, GUARDED)))
            return true;
    }
    return false;
}

static void plan_search(const rg_op_call *call, search *s, plan *p) {
    double out = call->out[0]->quant.scale[0];
    double low = p->flip_a; /* -128 for uint8 */
    s->weight_a = call->in[0]->quant.scale[0] / out;
    s->weight_b = call->in[1]->quant.scale[0] / out;
    double zero_b = call->in[1]->quant.zero_point[0] + low;
    s->constant = call->out[0]->quant.zero_point[0] + low + 0.5 +
                  s->weight_b * (p->subtracts ? zero_b + 1 : -zero_b) -
                  s->weight_a * (call->in[0]->quant.zero_point[0] + low);
    p->low = 127;
    p->high = -128;
    for (int i = 0; i < PAIRS; i++) {
        int8_t q = (int8_t)(s->truth[i] ^ p->flip_out);
        p->low = q < p->low ? q : p->low;
        p->high = q > p->high ? q : p->high;
    }
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_status status = call->op->prepare(call, &p->exact, err);
    search *s = status == RG_OK ? malloc(sizeof *s) : NULL;
    if (status == RG_OK && !s)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "%s: no memory to prove it", call->op->name);
    if (status != RG_OK)
        return status;
    p->subtracts = call->op->kind[0] == 's';
    p->flip_a = p->flip_out = call->op->in == RG_DTYPE_UINT8 ? -128 : 0;
    p->flip_b = (int8_t)(p->flip_a ^ (p->subtracts ? -1 : 0));
    p->walk = rg_spread_plan(&call->in[0]->shape, &call->in[1]->shape);
    for (int i = 0; i < PAIRS; i++) {
        s->a[i] = (int8_t)(i >> 8);
        s->b[i] = (int8_t)i;
    }
    status = rg_fake_run(call, s->a, s->b, s->truth, PAIRS, err);
    if (status == RG_OK) {
        plan_search(call, s, p);
        (void)(seek_proven(s, p) || seek_tied(s, p) || seek_guarded(s, p));
    }
    free(s);
    return status;
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    const plan *p = packed;
    if (p->run)
        rg_pairs_walk(call, &p->walk, 1, in, out[0], first_tile, last_tile, p->run, p);
    else
        rg_pairs_by_reference(call, &p->exact, in, out, first_tile, last_tile);
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Weights in digits of 7 bits, proven over all pairs at load",      \
                     .packed_bytes = packed_bytes,                                                 \
                     .pack = pack,                                                                 \
                     .tiles = rg_pairs_tiles,                                                      \
                     .run = run}

ROW(add_s8);
ROW(add_u8);
ROW(sub_s8);
