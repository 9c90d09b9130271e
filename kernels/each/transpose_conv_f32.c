/* transpose_conv_f32.c: transposed convolutions of float32, walked as those of integers: each lane
 * is one output channel that adds its taps in the reference's order. Columns of zeros beside the
 * image add zeros to sums that are never -0, which changes nothing while weights are finite. */
#include "kernels/each/floats.h"
#include "kernels/each/transpose_conv.h"
#include "kernels/ref/activation.h"

enum { SHAPE, FILTER, IMAGE, BIAS, COLUMNS = RG_TCONV_COLUMNS, BLOCK = 2 * RG_FLOATS };

/* What is packed: this, then the weights of blocks of output channels. */
typedef struct plan {
    _Alignas(64) rg_tconv walk;
    size_t blocks, weights; /* weights: floats of a block */
    float low, high;
} plan;

static bool lay_out(const rg_op_call *call, plan *ret) {
    if (!rg_tconv_plan(call, 1, &ret->walk))
        return false;
    const rg_transpose_conv_layout *l = &ret->walk.l;
    ret->blocks = (size_t)(l->out_c + BLOCK - 1) / BLOCK;
    ret->weights = (size_t)(l->y.filter * l->x.filter * l->in_c) * BLOCK;
    rg_activation_range_f32(((const rg_transpose_conv_params *)call->params)->activation, &ret->low,
                            &ret->high);
    return true;
}

static bool suits(const rg_op_call *call) {
    const float *w = call->in[FILTER]->data;
    plan p;
    bool finite = w != NULL;
    for (size_t i = 0; finite && i < rg_elements(call->in[FILTER]); i++)
        finite = w[i] - w[i] == 0;
    return finite && lay_out(call, &p);
}

static size_t packed_bytes(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? sizeof p + p.blocks * p.weights * sizeof(float) : 0;
}

static size_t scratch_bytes(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? (size_t)(p.walk.rows * p.walk.width * p.walk.depth) * sizeof(float)
                             : 0;
}

static size_t tiles(const rg_op_call *call) {
    return call->op->tiles(call);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    (void)err;
    lay_out(call, p);
    const rg_transpose_conv_layout *l = &p->walk.l;
    const float *w = call->in[FILTER]->data;
    for (int64_t c = 0; c < l->out_c; c++) {
        float *block = (float *)(p + 1) + (size_t)c / BLOCK * p->weights + c % BLOCK;
        for (int64_t tap = 0; tap < l->y.filter * l->x.filter; tap++) {
            int64_t place = rg_tconv_place(&p->walk, tap / l->x.filter, tap % l->x.filter);
            for (int64_t i = 0; i < l->in_c; i++)
                block[(place * l->in_c + i) * BLOCK] = *w++;
        }
    }
    return RG_OK;
}

/* What one block of channels sums: `rows` runs of x and of weights, each a step from the last. */
typedef struct runs {
    const float *x, *w;
    int64_t rows, step_x, step_w, length, pixel;
} runs;

static inline __attribute__((always_inline)) void sum_columns(const runs *r, int vecs,
                                                              float sum[COLUMNS][BLOCK]) {
    rg_floats s[COLUMNS][2] = {0};
    for (int64_t row = 0; row < r->rows; row++) {
        const float *x = r->x + row * r->step_x, *w = r->w + row * r->step_w;
        for (int64_t i = 0; i < r->length; i++, w += BLOCK) {
            rg_floats w0 = rg_floats_load(w), w1 = vecs > 1 ? rg_floats_load(w + RG_FLOATS) : w0;
            for (int c = 0; c < COLUMNS; c++) {
                rg_floats v = rg_floats_fill(x[c * r->pixel + i]);
                s[c][0] += v * w0;
                if (vecs > 1)
                    s[c][1] += v * w1;
            }
        }
    }
    for (int c = 0; c < COLUMNS; c++) {
        rg_floats_store(sum[c], s[c][0]);
        rg_floats_store(sum[c] + RG_FLOATS, s[c][1]);
    }
}

static void run_phase(const plan *p, const rg_tconv_rows *rows, const rg_tconv_phase *phase,
                      size_t block, const float *scratch, const float *bias, float *out) {
    const rg_transpose_conv_layout *l = &p->walk.l;
    int64_t tap = l->in_c * BLOCK, c = (int64_t)block * BLOCK;
    int64_t n = l->out_c - c < BLOCK ? l->out_c - c : BLOCK;
    runs r = {.rows = rows->last - rows->first,
              .step_x = p->walk.width * l->in_c,
              .step_w = -l->y.stride * l->x.filter * tap,
              .length = phase->taps * l->in_c,
              .pixel = l->in_c};
    r.w =
        (const float *)(p + 1) + block * p->weights + (rows->tap * l->x.filter + phase->tap) * tap;
    for (int64_t j = 0; j < phase->n; j += COLUMNS) {
        float sum[COLUMNS][BLOCK];
        r.x = scratch + (phase->x + j) * l->in_c;
        if (n > RG_FLOATS)
            sum_columns(&r, 2, sum);
        else
            sum_columns(&r, 1, sum);
        for (int64_t k = 0; k < COLUMNS && j + k < phase->n; k++) {
            float *to = out + (phase->first + (j + k) * l->x.stride) * l->out_c + c;
            for (int64_t i = 0; i < n; i++)
                to[i] = rg_clamp_f32(sum[k][i] + (bias ? bias[c + i] : 0), p->low, p->high);
        }
    }
}

/* One input row to scratch, zeros beside it. */
static void lay_row(const plan *p, const float *from, float *to) {
    size_t before = (size_t)(p->walk.before * p->walk.l.in_c);
    size_t n = (size_t)(p->walk.l.in_w * p->walk.l.in_c);
    size_t all = (size_t)(p->walk.width * p->walk.l.in_c);
    memset(to, 0, before * sizeof *to);
    memcpy(to + before, from, n * sizeof *to);
    memset(to + before + n, 0, (all - before - n) * sizeof *to);
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const plan *p = packed;
    const rg_transpose_conv_layout *l = &p->walk.l;
    const float *bias = rg_call_in(call, BIAS) ? in[BIAS] : NULL;
    int64_t row_size = l->in_w * l->in_c;
    for (size_t row = first_tile; row < last_tile; row++) {
        rg_tconv_rows rows = rg_tconv_rows_of(&p->walk, (int64_t)row);
        const float *image = (const float *)in[IMAGE] + rows.batch * l->in_h * row_size;
        float *to = (float *)out[0] + row * (size_t)(l->x.in * l->out_c);
        for (int64_t y = rows.first; y < rows.last; y++)
            lay_row(p, image + y * row_size,
                    (float *)scratch + (y - rows.first) * p->walk.width * l->in_c);
        for (int64_t x = 0; x < l->x.stride && x < l->x.in; x++) {
            rg_tconv_phase phase = rg_tconv_phase_of(&p->walk, x);
            for (size_t block = 0; block < p->blocks; block++)
                run_phase(p, &rows, &phase, block, scratch, bias, to);
        }
    }
}

RG_KERNEL(transpose_conv_f32) = {
    RG_KERNEL_HEAD(transpose_conv_f32),
    .summary = "Runs of taps by phase, columns and channels in registers", RG_KERNEL_METHODS,
    .scratch_bytes = scratch_bytes};
