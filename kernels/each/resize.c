/* resize.c: bilinear resizing, a row of the output at a time: both input rows are first weighed by
 * how near they are, whole rows as long vectors, then neighbouring pixels of them are blended in
 * blocks of channels. int8 in integers, uint8 and float32 in float32 with the reference's products
 * and sums in its order. */
#include "kernels/ref/resize.h"

#include "kernels/each/floats.h"
#include "kernels/ref/need.h"

enum { ROW_MAX = 1 << 22 }; /* elements */

/* Where an output pixel of a row comes from. */
typedef struct step {
    int32_t first, second; /* elements of the input row */
    int32_t part_s8;
    float part;
} step;

typedef struct plan {
    int32_t in_h, in_w, out_h, out_w, c;
    step steps[]; /* out_w of them */
} plan;

/* The steps of a row fit their 32 bits and a row of sums its scratch. */
static bool suits(const rg_op_call *call) {
    const int32_t *from = call->in[0]->shape.dim, *to = call->out[0]->shape.dim;
    return (int64_t)from[2] * from[3] <= ROW_MAX && to[2] <= ROW_MAX;
}

static size_t packed_bytes(const rg_op_call *call) {
    return sizeof(plan) + (size_t)call->out[0]->shape.dim[2] * sizeof(step);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    (void)err;
    plan *p = packed;
    const int32_t *from = call->in[0]->shape.dim, *to = call->out[0]->shape.dim;
    *p = (plan){from[1], from[2], to[1], to[2], from[3]};
    for (int32_t o = 0; o < to[2]; o++) {
        if (call->op->in == RG_DTYPE_INT8) {
            rg_between_s8 x = rg_resize_place_s8(call->params, o, from[2], to[2]);
            p->steps[o] =
                (step){(int32_t)x.first * p->c, (int32_t)x.second * p->c, (int32_t)x.part, 0};
        } else {
            rg_between_f32 x = rg_resize_place_f32(call->params, o, from[2], to[2]);
            p->steps[o] = (step){(int32_t)x.first * p->c, (int32_t)x.second * p->c, 0, x.part};
        }
    }
    return RG_OK;
}

/* Two rows of 32-bit sums (int8 uses one). */
static size_t scratch_bytes(const rg_op_call *call) {
    const int32_t *from = call->in[0]->shape.dim;
    return 2 * (size_t)from[2] * (size_t)from[3] * sizeof(float);
}

static size_t tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

/* One row of two, weighed: exact, since the weights add up to one. */
static void join_s8(const int8_t *restrict a, const int8_t *restrict b, int32_t part,
                    int32_t *restrict to, size_t n) {
    for (size_t i = 0; i < n; i++)
        to[i] = a[i] * (RG_RESIZE_ONE - part) + b[i] * part;
}

/* float32 keeps both, as their sum is rounded last. */
#define WEIGH(name, type)                                                                          \
    static void name(const type *restrict a, float part, float *restrict to, size_t n) {           \
        for (size_t i = 0; i < n; i++)                                                             \
            to[i] = (float)a[i] * part;                                                            \
    }
WEIGH(weigh_u8, uint8_t)
WEIGH(weigh_f32, float)

/* Where a pixel's channels are read. */
typedef struct four {
    const float *a, *b, *c, *d; /* first and second row of the first pixel, of the second one */
    float part;
} four;

static inline int8_t round_s8(int32_t sum) {
    sum += sum > 0 ? 1 << 19 : -(1 << 19);
    return (int8_t)((sum + (sum >> 31 & ((1 << 20) - 1))) >> 20);
}

static inline void blend_s8(const int32_t *a, const int32_t *b, int32_t part, int8_t *out) {
    rg_ints sum = rg_ints_load(a) * (RG_RESIZE_ONE - part) + rg_ints_load(b) * part;
    sum += (1 << 19) + ((sum - 1) >> 31); /* halves away from zero */
    rg_ints_store_bytes(out, sum >> 20);
}

static inline rg_floats blend(four f) {
    float less = 1 - f.part;
    return rg_floats_load(f.a) * less + rg_floats_load(f.b) * less + rg_floats_load(f.c) * f.part +
           rg_floats_load(f.d) * f.part;
}

static inline void blend_u8(four f, uint8_t *out) {
    rg_floats v = blend(f) + 0.5f;
    v = rg_floats_min(rg_floats_max(v, rg_floats_fill(0)), rg_floats_fill(255));
    rg_ints_store_bytes(out, __builtin_convertvector(v, rg_ints));
}

static inline void blend_f32(four f, float *out) {
    rg_floats_store(out, blend(f));
}

/* The same for one channel. */
static inline float blend_1(four f) {
    float less = 1 - f.part;
    return *f.a * less + *f.b * less + *f.c * f.part + *f.d * f.part;
}

static inline void blend_1_u8(four f, uint8_t *out) {
    float v = blend_1(f) + 0.5f;
    *out = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static inline void blend_1_f32(four f, float *out) {
    *out = blend_1(f);
}

static inline void blend_1_s8(const int32_t *a, const int32_t *b, int32_t part, int8_t *out) {
    *out = round_s8(*a * (RG_RESIZE_ONE - part) + *b * part);
}

/* All channels in vectors, the last of which overlaps the one before it; few ones by themselves. */
#define CHANNELS(c, whole, one)                                                                    \
    if ((c) >= RG_FLOATS) {                                                                        \
        for (size_t at = 0; at < (c); at += RG_FLOATS) {                                           \
            at = at + RG_FLOATS > (c) ? (c)-RG_FLOATS : at;                                        \
            whole;                                                                                 \
        }                                                                                          \
    } else {                                                                                       \
        for (size_t at = 0; at < (c); at++) {                                                      \
            one;                                                                                   \
        }                                                                                          \
    }

static void row_s8(const plan *p, const int32_t *sums, int8_t *out) {
    size_t c = (size_t)p->c;
    for (int32_t o = 0; o < p->out_w; o++, out += c) {
        const int32_t *a = sums + p->steps[o].first, *b = sums + p->steps[o].second;
        int32_t part = p->steps[o].part_s8;
        CHANNELS(c, blend_s8(a + at, b + at, part, out + at),
                 blend_1_s8(a + at, b + at, part, out + at))
    }
}

/* `near` and `far`: the weighed first and second row. */
#define ROW_REAL(code, type)                                                                       \
    static void row_##code(const plan *p, const float *near, const float *far, type *out) {        \
        size_t c = (size_t)p->c;                                                                   \
        for (int32_t o = 0; o < p->out_w; o++, out += c) {                                         \
            step s = p->steps[o];                                                                  \
            CHANNELS(c, blend_##code(FOUR, out + at), blend_1_##code(FOUR, out + at))              \
        }                                                                                          \
    }
#define FOUR                                                                                       \
    ((four){near + s.first + at, far + s.first + at, near + s.second + at, far + s.second + at,    \
            s.part})
ROW_REAL(u8, uint8_t)
ROW_REAL(f32, float)

static void run_s8(const rg_op_call *call, const plan *p, const void *in, void *out, int64_t row,
                   void *scratch) {
    size_t n = (size_t)p->in_w * (size_t)p->c;
    const int8_t *image = (const int8_t *)in + (size_t)(row / p->out_h * p->in_h) * n;
    rg_between_s8 y = rg_resize_place_s8(call->params, row % p->out_h, p->in_h, p->out_h);
    join_s8(image + (size_t)y.first * n, image + (size_t)y.second * n, (int32_t)y.part, scratch, n);
    row_s8(p, scratch, (int8_t *)out + row * p->out_w * p->c);
}

#define RUN_REAL(code, type)                                                                       \
    static void run_##code(const rg_op_call *call, const plan *p, const void *in, void *out,       \
                           int64_t row, void *scratch) {                                           \
        size_t n = (size_t)p->in_w * (size_t)p->c;                                                 \
        float *near = scratch, *far = near + n;                                                    \
        const type *image = (const type *)in + (size_t)(row / p->out_h * p->in_h) * n;             \
        rg_between_f32 y = rg_resize_place_f32(call->params, row % p->out_h, p->in_h, p->out_h);   \
        weigh_##code(image + (size_t)y.first * n, 1 - y.part, near, n);                            \
        weigh_##code(image + (size_t)y.second * n, y.part, far, n);                                \
        row_##code(p, near, far, (type *)out + row * p->out_w * p->c);                             \
    }
RUN_REAL(u8, uint8_t)
RUN_REAL(f32, float)

#define ROW(code)                                                                                  \
    static void run_rows_##code(const rg_op_call *call, const void *packed, const void *const *in, \
                                void *const *out, size_t first_tile, size_t last_tile,             \
                                void *scratch) {                                                   \
        for (size_t row = first_tile; row < last_tile; row++)                                      \
            run_##code(call, packed, in[0], out[0], (int64_t)row, scratch);                        \
    }                                                                                              \
    RG_KERNEL(resize_bilinear_##code) = {                                                          \
        RG_KERNEL_HEAD(resize_bilinear_##code),                                                    \
        .summary = "Rows weighed whole, then neighbouring pixels blended",                         \
        .suits = suits,                                                                            \
        .packed_bytes = packed_bytes,                                                              \
        .pack = pack,                                                                              \
        .scratch_bytes = scratch_bytes,                                                            \
        .tiles = tiles,                                                                            \
        .run = run_rows_##code}

ROW(s8);
ROW(u8);
ROW(f32);
