/* agree.c: comparing outputs with the reference's. */
#include "bench/run/agree.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"

/* First fitting row counts. Integer outputs of exact targets: every bit. Elsewhere runtimes round
 * otherwise and off-by-ones grow through layers, so whole outputs are judged by noise and by the
 * winner: 20 dB is an error of a tenth of the signal, what int8 itself costs a good model. */
static const rg_agree_limit limits[] = {
    {true, RG_DTYPE_FLOAT32, false, 90, 0.999999, 0},
    {true, RG_DTYPE_FLOAT64, false, 90, 0.999999, 0},
    {true, RG_DTYPE_FLOAT16, false, 50, 0.9999, 0.001},
    {true, RG_DTYPE_ANY, true, 0, 0, -1},
    {false, RG_DTYPE_FLOAT32, false, 30, 0.999, 0.02},
    {false, RG_DTYPE_FLOAT64, false, 30, 0.999, 0.02},
    {false, RG_DTYPE_FLOAT16, false, 30, 0.999, 0.02},
    {false, RG_DTYPE_INT4, false, 12, 0.96, 2},
    {false, RG_DTYPE_INT8, false, 20, 0.99, 4},
    {false, RG_DTYPE_UINT8, false, 20, 0.99, 4},
    {false, RG_DTYPE_INT16, false, 40, 0.9999, 256},
    {false, RG_DTYPE_ANY, true, 0, 0, -1},
};

const rg_agree_limit *rg_agree_limit_for(bool exact_target, rg_dtype dtype) {
    const rg_agree_limit *row = limits;
    while (row->exact_target != exact_target || (row->dtype != dtype && row->dtype != RG_DTYPE_ANY))
        row++;
    return row;
}

static double half_value(uint16_t bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 0    ? ldexp(fraction, -24)
                   : exponent == 31 ? (fraction ? NAN : INFINITY)
                                    : ldexp(1024 + fraction, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

#define READ(type)                                                                                 \
    do {                                                                                           \
        type v;                                                                                    \
        memcpy(&v, (const type *)data + i, sizeof v);                                              \
        return (double)v;                                                                          \
    } while (0)

double rg_agree_element(const void *data, rg_dtype dtype, size_t i) {
    switch (dtype) {
    case RG_DTYPE_FLOAT32:
        READ(float);
    case RG_DTYPE_FLOAT64:
        READ(double);
    case RG_DTYPE_FLOAT16:
        return half_value(((const uint16_t *)data)[i]);
    case RG_DTYPE_INT4: {
        int nibble = ((const uint8_t *)data)[i / 2] >> (i % 2 ? 4 : 0) & 15;
        return nibble < 8 ? nibble : nibble - 16;
    }
    case RG_DTYPE_INT8:
        READ(int8_t);
    case RG_DTYPE_INT16:
        READ(int16_t);
    case RG_DTYPE_UINT16:
        READ(uint16_t);
    case RG_DTYPE_INT32:
        READ(int32_t);
    case RG_DTYPE_UINT32:
        READ(uint32_t);
    case RG_DTYPE_INT64:
        READ(int64_t);
    case RG_DTYPE_UINT64:
        READ(uint64_t);
    default:
        READ(uint8_t);
    }
}

/* Scale and zero point where one pair holds for the whole tensor; else the raw numbers compare. */
static double real_value(const rg_tensor *tensor, const void *data, size_t i) {
    double raw = rg_agree_element(data, tensor->dtype, i);
    if (tensor->quant.n != 1)
        return raw;
    return tensor->quant.scale[0] * (raw - tensor->quant.zero_point[0]);
}

typedef struct sums {
    uint64_t n, differing;
    double max_abs, signal, error, dot, norm_a, norm_b;
    double low, high; /* of the reference */
    size_t top_a, top_b;
    double top_b_value;
} sums;

/* The winners on both sides: infinities count, what is no number does not. The range that slack is
 * counted in is of finite values. */
static void rank_element(sums *s, double a, double b, size_t i) {
    if (a > s->high) {
        s->high = a;
        s->top_a = i;
    }
    if (isfinite(a) && a < s->low)
        s->low = a;
    if (b > s->top_b_value) {
        s->top_b_value = b;
        s->top_b = i;
    }
}

static void add_element(sums *s, double a, double b, size_t i) {
    double diff = fabs(a - b);
    rank_element(s, a, b, i);
    /* equal infinities, or NaN on both sides, are no difference and no signal */
    if ((isinf(a) && a == b) || (isnan(a) && isnan(b)))
        return;
    s->differing += a != b;
    s->max_abs = diff > s->max_abs || isnan(diff) ? diff : s->max_abs;
    s->signal += a * a;
    s->error += diff * diff;
    s->dot += a * b;
    s->norm_a += a * a;
    s->norm_b += b * b;
}

static double sqnr_db(double signal, double error) {
    return error > 0 ? 10 * log10(signal / error) : error == 0 ? INFINITY : NAN;
}

static double cosine(double dot, double a, double b) {
    if (a == 0 && b == 0)
        return 1;
    return a > 0 && b > 0 ? fmin(1, dot / (sqrt(a) * sqrt(b))) : 0;
}

/* What one step of an integer output is worth. */
static double quantum_of(const rg_tensor *tensor) {
    return tensor->quant.n == 1 ? tensor->quant.scale[0] : 1;
}

/* Probabilities of a few steps have hardly a signal that noise could be held against: where no
 * element is off by more steps than the winner may be, and the output has at least twice as many,
 * the noise is rounding. */
static bool only_rounding(const rg_tensor *tensor, const rg_agree_limit *limit, const sums *s) {
    bool eight_bits = tensor->dtype == RG_DTYPE_INT8 || tensor->dtype == RG_DTYPE_UINT8;
    double slack = limit->top1_slack * quantum_of(tensor) * (1 + 1e-6);
    return eight_bits && slack > 0 && s->max_abs <= slack && s->high - s->low >= 2 * slack;
}

static bool winner_agrees(const rg_tensor *tensor, const rg_agree_limit *limit, const sums *s,
                          const void *expected) {
    double chosen = real_value(tensor, expected, s->top_b), lost = s->high - chosen;
    bool integer = tensor->dtype != RG_DTYPE_FLOAT32 && tensor->dtype != RG_DTYPE_FLOAT64 &&
                   tensor->dtype != RG_DTYPE_FLOAT16;
    double quantum = integer ? quantum_of(tensor) : s->high - s->low;
    return s->top_a == s->top_b || chosen == s->high ||
           (isfinite(lost) && lost <= limit->top1_slack * quantum * (1 + 1e-6));
}

/* Only activations have few enough steps to add noise of their own; weights of four bits are
 * multiplied as they are, and their sums noised by int8 activations. */
static rg_dtype computed_as(const rg_tensor *tensor) {
    return tensor->data && tensor->dtype == RG_DTYPE_INT4 ? RG_DTYPE_INT8 : tensor->dtype;
}

rg_dtype rg_agree_through(const rg_graph *graph) {
    rg_dtype coarsest = RG_DTYPE_FLOAT32;
    for (uint32_t i = 0; i < graph->n_tensors; i++) {
        const rg_tensor *tensor = &graph->tensors[i];
        double noise = rg_agree_limit_for(false, computed_as(tensor))->min_sqnr_db;
        if (tensor->quant.n && noise > 0 &&
            noise < rg_agree_limit_for(false, coarsest)->min_sqnr_db)
            coarsest = computed_as(tensor);
    }
    return coarsest;
}

/* The row of an output's type, with the noise of what it came through. */
static rg_agree_limit limit_of(const rg_agreement *agreement, bool exact_target, rg_dtype dtype) {
    rg_agree_limit limit = *rg_agree_limit_for(exact_target, dtype);
    const rg_agree_limit *through = rg_agree_limit_for(exact_target, agreement->through);
    if (!exact_target && agreement->through != RG_DTYPE_FLOAT32 &&
        through->min_sqnr_db < limit.min_sqnr_db) {
        limit.min_sqnr_db = through->min_sqnr_db;
        limit.min_cosine = through->min_cosine;
    }
    return limit;
}

static void judge(rg_agreement *agreement, const rg_tensor *tensor, const rg_agree_limit *limit,
                  const sums *s, const void *expected) {
    char why[sizeof agreement->why] = "";
    double noise = sqnr_db(s->signal, s->error), angle = cosine(s->dot, s->norm_a, s->norm_b);
    bool rounding = only_rounding(tensor, limit, s);
    if (limit->bit_exact && s->differing)
        snprintf(why, sizeof why, "%llu of %llu elements differ, by at most %.6g",
                 (unsigned long long)s->differing, (unsigned long long)s->n, s->max_abs);
    else if (!rounding && limit->min_sqnr_db > 0 && !(noise >= limit->min_sqnr_db))
        snprintf(why, sizeof why, "SQNR is %.1f dB, the limit is %.0f dB", noise,
                 limit->min_sqnr_db);
    else if (!rounding && limit->min_cosine > 0 && !(angle >= limit->min_cosine))
        snprintf(why, sizeof why, "cosine similarity is %.6f, the limit is %g", angle,
                 limit->min_cosine);
    else if (limit->top1_slack >= 0 && !winner_agrees(tensor, limit, s, expected))
        snprintf(why, sizeof why, "the largest element is number %zu, not %zu", s->top_b, s->top_a);
    if (why[0] && agreement->ok) {
        agreement->ok = false;
        memcpy(agreement->why, why, sizeof why);
    }
}

static void add_sums(rg_agreement *to, const sums *s) {
    to->elements += s->n;
    to->differing += s->differing;
    to->max_abs = s->max_abs > to->max_abs || isnan(s->max_abs) ? s->max_abs : to->max_abs;
    to->signal += s->signal;
    to->error += s->error;
    to->dot += s->dot;
    to->norm_a += s->norm_a;
    to->norm_b += s->norm_b;
    to->top1 = to->top1 && s->top_a == s->top_b;
}

void rg_agree_output(rg_agreement *agreement, const rg_tensor *tensor, uint32_t batch,
                     bool exact_target, const void *expected, const void *found) {
    rg_agree_limit limit = limit_of(agreement, exact_target, tensor->dtype);
    int64_t n = 0;
    rg_shape_elements(&tensor->shape, &n);
    for (uint32_t b = 0; b < batch; b++) {
        const char *a = (const char *)expected + b * tensor->bytes;
        const char *f = (const char *)found + b * tensor->bytes;
        sums s = {.n = (uint64_t)n, .low = INFINITY, .high = -INFINITY, .top_b_value = -INFINITY};
        for (size_t i = 0; i < (size_t)n; i++)
            add_element(&s, real_value(tensor, a, i), real_value(tensor, f, i), i);
        agreement->exact = agreement->exact && !memcmp(a, f, tensor->bytes);
        judge(agreement, tensor, &limit, &s, a);
        add_sums(agreement, &s);
    }
}

double rg_agreement_sqnr_db(const rg_agreement *agreement) {
    return sqnr_db(agreement->signal, agreement->error);
}

double rg_agreement_cosine(const rg_agreement *agreement) {
    return cosine(agreement->dot, agreement->norm_a, agreement->norm_b);
}

json_t *rg_agreement_to_json(const rg_agreement *agreement) {
    json_t *truth = json_pack("{s:b, s:b, s:I, s:I, s:b}", "compared", 1, "exact", agreement->exact,
                              "differing", (json_int_t)agreement->differing, "elements",
                              (json_int_t)agreement->elements, "top1", agreement->top1);
    rg_json_set_real(truth, "max_abs", agreement->max_abs);
    rg_json_set_real(truth, "cosine", rg_agreement_cosine(agreement));
    double noise = rg_agreement_sqnr_db(agreement);
    if (isfinite(noise))
        rg_json_set_real(truth, "sqnr_db", noise);
    return truth;
}
