/* svdf.c: filters with memory. The register of all filters moves on in one go; then each filter's
 * entry and its sum over time are products of rows of int16 (int8 layers), or columns of filters
 * side by side, each summed in the reference's order (float32). Pieces are runs of units. */
#include "kernels/ref/svdf.h"

#include "kernels/each/dot.h"
#include "kernels/each/floats.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/need.h"

enum { X = RG_SVDF_X, FEATURE, TIME, BIAS, STATE, TILE_UNITS = 32, MOST = 1 << 28 };

/* Head of what is packed. int8: feature rows, then time rows, of int16; float32: feature columns
 * of `filters` each. */
typedef struct plan {
    _Alignas(64) rg_svdf_layout l;
    rg_svdf_factors by;
    float low, high;
} plan;

/* Weights are constants. */
static bool suits(const rg_op_call *call) {
    rg_svdf_layout l = rg_svdf_lay_out(call);
    return call->in[FEATURE]->data && call->in[TIME]->data &&
           l.filters * (l.depth + l.memory) < MOST;
}

static size_t packed_bytes(const rg_op_call *call) {
    rg_svdf_layout l = rg_svdf_lay_out(call);
    size_t rows = (size_t)(l.filters * (l.depth + l.memory)) * sizeof(int16_t);
    size_t columns = (size_t)(l.filters * l.depth) * sizeof(float);
    return sizeof(plan) + (call->op->out == RG_DTYPE_FLOAT32 ? columns : rows);
}

/* int8 or int16 elements as int16. */
static void words_from(const rg_tensor *t, int16_t *ret) {
    size_t n = rg_elements(t);
    for (size_t i = 0; i < n; i++)
        ret[i] = t->dtype == RG_DTYPE_INT16 ? ((const int16_t *)t->data)[i]
                                            : ((const int8_t *)t->data)[i];
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_svdf_layout l = p->l = rg_svdf_lay_out(call);
    if (call->op->out != RG_DTYPE_FLOAT32) {
        words_from(call->in[FEATURE], (int16_t *)(p + 1));
        words_from(call->in[TIME], (int16_t *)(p + 1) + l.filters * l.depth);
        return call->op->prepare(call, &p->by, err);
    }
    const float *feature = call->in[FEATURE]->data;
    float *columns = (float *)(p + 1);
    for (int64_t f = 0; f < l.filters; f++)
        for (int64_t i = 0; i < l.depth; i++)
            columns[i * l.filters + f] = feature[f * l.depth + i];
    rg_activation_range_f32(((const rg_svdf_params *)call->params)->activation, &p->low, &p->high);
    return RG_OK;
}

/* A row of x as distances, or entries of a piece's filters. */
static size_t scratch_bytes(const rg_op_call *call) {
    rg_svdf_layout l = rg_svdf_lay_out(call);
    return call->op->out == RG_DTYPE_FLOAT32 ? (size_t)(TILE_UNITS * l.rank) * sizeof(float)
                                             : (size_t)l.depth * sizeof(int16_t);
}

static size_t tiles_a_row(const rg_svdf_layout *l) {
    return (size_t)(l->units + TILE_UNITS - 1) / TILE_UNITS;
}

static size_t tiles(const rg_op_call *call) {
    rg_svdf_layout l = rg_svdf_lay_out(call);
    return (size_t)l.batch * tiles_a_row(&l);
}

/* Sums over time, modulo 2^32 like the reference's: the register less its zero point. */
#define WEIGH(name, type)                                                                          \
    static inline uint32_t name(const int16_t *restrict a, const type *restrict kept,              \
                                int32_t zero, int64_t n) {                                         \
        uint32_t sum = 0;                                                                          \
        for (int64_t i = 0; i < n; i++)                                                            \
            sum += (uint32_t)(a[i] * (kept[i] - zero));                                            \
        return sum;                                                                                \
    }
WEIGH(weigh_s8, int8_t)
WEIGH(weigh_s16, int16_t)

/* Units [first, last) of batch `row`, `x` as distances. The register of their filters moves on as a
 * whole: what comes over from a neighbour is overwritten. */
#define UNITS(code, type, least, most)                                                             \
    static void units_##code(const rg_op_call *call, const plan *p, const int16_t *x,              \
                             const int32_t *bias, type *kept, int8_t *out, int64_t first,          \
                             int64_t last) {                                                       \
        rg_svdf_layout l = p->l;                                                                   \
        int32_t zero_kept = call->in[STATE]->quant.zero_point[0];                                  \
        int32_t zero = call->out[0]->quant.zero_point[0];                                          \
        const int16_t *feature = (const int16_t *)(p + 1), *time = feature + l.filters * l.depth;  \
        type *own = kept + first * l.rank * l.memory;                                              \
        memmove(own, own + 1, ((size_t)((last - first) * l.rank * l.memory) - 1) * sizeof *own);   \
        for (int64_t unit = first; unit < last; unit++) {                                          \
            uint32_t sum = bias ? (uint32_t)bias[unit] : 0;                                        \
            for (int64_t f = unit * l.rank; f < (unit + 1) * l.rank; f++) {                        \
                int32_t entry = (int32_t)rg_dot_words(feature + f * l.depth, x, l.depth);          \
                type *at = kept + f * l.memory;                                                    \
                at[l.memory - 1] = (type)rg_requantize(entry, p->by.into, zero_kept, least, most); \
                sum += weigh_##code(time + f * l.memory, at, zero_kept, l.memory);                 \
            }                                                                                      \
            out[unit] = (int8_t)rg_requantize((int32_t)sum, p->by.out, zero, -128, 127);           \
        }                                                                                          \
    }
UNITS(s8, int8_t, -128, 127)
UNITS(s16, int16_t, INT16_MIN, INT16_MAX)

/* Where tile `tile` is: its batch row and units. */
typedef struct piece {
    int64_t row, first, last;
} piece;

static piece piece_of(const rg_svdf_layout *l, size_t tile) {
    size_t a_row = tiles_a_row(l);
    piece at = {(int64_t)(tile / a_row), (int64_t)(tile % a_row) * TILE_UNITS, 0};
    at.last = at.first + TILE_UNITS < l->units ? at.first + TILE_UNITS : l->units;
    return at;
}

static void run_svdf_s8(const rg_op_call *call, const void *packed, const void *const *in,
                        void *const *out, size_t first_tile, size_t last_tile, void *scratch) {
    const plan *p = packed;
    rg_svdf_layout l = p->l;
    const int32_t *bias = call->in[BIAS] ? in[BIAS] : NULL;
    int32_t zero = call->in[X]->quant.zero_point[0];
    int64_t known = -1;
    int16_t *distance = scratch;
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        piece at = piece_of(&l, tile);
        const int8_t *x = (const int8_t *)in[X] + at.row * l.depth;
        for (int64_t i = 0; known != at.row && i < l.depth; i++)
            distance[i] = (int16_t)(x[i] - zero);
        known = at.row;
        int8_t *to = (int8_t *)out[0] + at.row * l.units;
        int64_t kept = at.row * l.filters * l.memory;
        void *state = (void *)(uintptr_t)in[STATE];
        if (call->in[STATE]->dtype == RG_DTYPE_INT8)
            units_s8(call, p, distance, bias, (int8_t *)state + kept, to, at.first, at.last);
        else
            units_s16(call, p, distance, bias, (int16_t *)state + kept, to, at.first, at.last);
    }
}

/* Entries of n filters from `f` on: each column's products in the order of x. */
static void enter(const plan *p, const float *x, int64_t f, int64_t n, float *ret) {
    const float *columns = (const float *)(p + 1) + f;
    int64_t at = 0, step = p->l.filters;
    for (; at + RG_FLOATS <= n; at += RG_FLOATS) {
        rg_floats sum = {0};
        for (int64_t i = 0; i < p->l.depth; i++)
            sum += rg_floats_load(columns + i * step + at) * x[i];
        rg_floats_store(ret + at, sum);
    }
    for (; at < n; at++) {
        ret[at] = 0;
        for (int64_t i = 0; i < p->l.depth; i++)
            ret[at] += columns[i * step + at] * x[i];
    }
}

static float weigh_f32(const float *time, const float *kept, int64_t n) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += time[i] * kept[i];
    return sum;
}

static void run_svdf_f32(const rg_op_call *call, const void *packed, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile, void *scratch) {
    const plan *p = packed;
    rg_svdf_layout l = p->l;
    const float *bias = call->in[BIAS] ? in[BIAS] : NULL, *time = in[TIME];
    float *entries = scratch;
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        piece at = piece_of(&l, tile);
        int64_t f = at.first * l.rank, n = (at.last - at.first) * l.rank;
        float *kept = (float *)(uintptr_t)in[STATE] + at.row * l.filters * l.memory;
        float *own = kept + f * l.memory;
        enter(p, (const float *)in[X] + at.row * l.depth, f, n, entries);
        memmove(own, own + 1, ((size_t)(n * l.memory) - 1) * sizeof *own);
        for (int64_t i = 0; i < n; i++)
            own[(i + 1) * l.memory - 1] = entries[i];
        for (int64_t unit = at.first; unit < at.last; unit++) {
            float sum = bias ? bias[unit] : 0;
            for (f = unit * l.rank; f < (unit + 1) * l.rank; f++)
                sum += weigh_f32(time + f * l.memory, kept + f * l.memory, l.memory);
            ((float *)out[0])[at.row * l.units + unit] = rg_clamp_f32(sum, p->low, p->high);
        }
    }
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "The whole register moved on, then rows or columns of products",   \
                     .suits = suits,                                                               \
                     .packed_bytes = packed_bytes,                                                 \
                     .pack = pack,                                                                 \
                     .scratch_bytes = scratch_bytes,                                               \
                     .tiles = tiles,                                                               \
                     .run = run_##id}

ROW(svdf_s8);
ROW(svdf_f32);
