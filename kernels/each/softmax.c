/* softmax.c: softmax of bytes, the reference's fixed point. Powers depend on a byte's distance from
 * the row's maximum only: they are a table from load. A row needs its maximum, the sum of powers
 * and one reciprocal; long rows then work out the outputs of all distances that occur, side by
 * side, and look them up. */
#include "kernels/ref/softmax.h"
#include "kernels/each/lookup.h"
#include "kernels/ref/need.h"

enum { LONG_ROW = 200 };

typedef struct plan {
    rg_softmax_plan exact;
    uint32_t part[256]; /* of the sum, by distance */
    size_t depth, used; /* used: distances that have a power */
} plan;

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_status status = call->op->prepare(call, &p->exact, err);
    p->depth = (size_t)call->in[0]->shape.dim[call->in[0]->shape.rank - 1];
    for (int d = 0; d < 256; d++) {
        p->part[d] = (uint32_t)rg_shift_away(p->exact.exp0[d], RG_SOFTMAX_SUM_BITS);
        p->used = p->exact.exp0[d] ? (size_t)d + 1 : p->used;
    }
    return status;
}

/* Rows: some hundred pieces at most. */
static size_t rows_of(const rg_op_call *call) {
    return rg_elements(call->in[0]) / (size_t)call->in[0]->shape.dim[call->in[0]->shape.rank - 1];
}

static size_t rows_a_tile(const rg_op_call *call) {
    size_t depth = rg_elements(call->in[0]) / rows_of(call), rows = (4096 + depth - 1) / depth;
    return rows;
}

static size_t tiles(const rg_op_call *call) {
    size_t each = rows_a_tile(call);
    return (rows_of(call) + each - 1) / each;
}

/* Largest and smallest of a row as bytes without sign, both flipped by `flip` first. */
static void range_of(const uint8_t *x, size_t n, uint8_t flip, uint8_t *ret_most,
                     uint8_t *ret_least) {
    uint8_t most = 0, least = 255;
    size_t i = 0;
    if (n >= RG_VEC_BYTES) {
        uint8_t all[2][RG_VEC_BYTES];
        rg_vec turn = rg_vec_fill((int8_t)flip), high = rg_vec_fill(0), low = rg_vec_fill(-1);
        for (; i + RG_VEC_BYTES <= n; i += RG_VEC_BYTES) {
            rg_vec v = rg_vec_flip(rg_vec_load(x + i), turn);
            high = rg_vec_max_u8(high, v);
            low = rg_vec_min_u8(low, v);
        }
        rg_vec_store(all[0], high);
        rg_vec_store(all[1], low);
        for (int k = 0; k < RG_VEC_BYTES; k++) {
            most = all[0][k] > most ? all[0][k] : most;
            least = all[1][k] < least ? all[1][k] : least;
        }
    }
    for (; i < n; i++) {
        uint8_t v = x[i] ^ flip;
        most = v > most ? v : most;
        least = v < least ? v : least;
    }
    *ret_most = most;
    *ret_least = least;
}

/* Saturates where thousands of equal inputs would leave the sum's integer bits. */
static uint32_t sum_of(const plan *p, const uint8_t *x, uint8_t flip, uint8_t most) {
    const uint32_t *part = p->part;
    uint64_t sum[4] = {0};
    size_t i = 0, n = p->depth;
    for (; i + 4 <= n; i += 4) {
        for (size_t k = 0; k < 4; k++)
            sum[k] += part[(uint8_t)(most - (x[i + k] ^ flip))];
    }
    for (; i < n; i++)
        sum[0] += part[(uint8_t)(most - (x[i] ^ flip))];
    uint64_t wide = sum[0] + sum[1] + sum[2] + sum[3];
    return wide < UINT32_MAX ? (uint32_t)wide : UINT32_MAX;
}

/* rg_shift_away(rg_high_mul(scale, power), shift) at most 255: nothing here is negative, so that
 * halves go up. */
static inline uint8_t output(const int32_t power, rg_softmax_scale by, uint64_t half) {
    uint64_t high = ((uint64_t)(uint32_t)by.scale * (uint32_t)power + (UINT64_C(1) << 30)) >> 31;
    uint64_t value = (high + half) >> by.shift;
    return (uint8_t)(value < 255 ? value : 255);
}

/* A row by a table from byte to output. `sign` is 128 for int8, which turns both ends. */
static void long_row(const plan *p, const uint8_t *x, uint8_t *out, uint8_t sign, uint8_t most,
                     uint8_t least, rg_softmax_scale by) {
    uint8_t value[256], table[256];
    uint64_t half = UINT64_C(1) << (by.shift - 1);
    size_t reach = (size_t)(most - least) + 1, n = reach < p->used ? reach : p->used;
    n = (n + 15) / 16 * 16; /* powers beyond are 0 */
    for (size_t d = 0; d < n; d++)
        value[d] = output(p->exact.exp0[d], by, half);
    memset(table, sign, sizeof table);
    for (size_t d = 0; d < n && d <= most; d++)
        table[(uint8_t)((most - d) ^ sign)] = value[d] ^ sign;
    rg_look_up(table, x, out, p->depth);
}

static void row(const plan *p, const uint8_t *x, uint8_t *out, uint8_t sign) {
    uint8_t most, least;
    range_of(x, p->depth, sign, &most, &least);
    rg_softmax_scale by = rg_softmax_scale_of(sum_of(p, x, sign, most));
    if (p->depth >= LONG_ROW) {
        long_row(p, x, out, sign, most, least, by);
        return;
    }
    uint64_t half = UINT64_C(1) << (by.shift - 1);
    for (size_t i = 0; i < p->depth; i++)
        out[i] = output(p->exact.exp0[(uint8_t)(most - (x[i] ^ sign))], by, half) ^ sign;
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    const plan *p = packed;
    uint8_t sign = call->op->in == RG_DTYPE_INT8 ? 128 : 0;
    size_t each = rows_a_tile(call), rows = rows_of(call), end = last_tile * each;
    for (size_t r = first_tile * each; r < end && r < rows; r++)
        row(p, (const uint8_t *)in[0] + r * p->depth, (uint8_t *)out[0] + r * p->depth, sign);
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Outputs of all distances from the maximum, looked up",            \
                     .packed_bytes = packed_bytes,                                                 \
                     .pack = pack,                                                                 \
                     .tiles = tiles,                                                               \
                     .run = run}

ROW(softmax_s8);
ROW(softmax_u8);
