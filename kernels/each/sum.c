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
#include "kernels/each/sum_digits.h"

/* What the search works on: all pairs of bytes, those of `a` outermost, and the truth. */
typedef struct search {
    int8_t a[RG_FAKE_PAIRS], b[RG_FAKE_PAIRS], truth[RG_FAKE_PAIRS], answer[RG_FAKE_PAIRS];
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
    run(p, s->a, 1, s->b, 1, s->answer, RG_FAKE_PAIRS);
    if (!memcmp(s->answer, s->truth, RG_FAKE_PAIRS))
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
    for (int i = 0; i < RG_FAKE_PAIRS; i++) {
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
    rg_fake_pairs(s->a, s->b);
    status = rg_fake_run(call, s->a, s->b, s->truth, RG_FAKE_PAIRS, err);
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
ROW(sub_u8);
