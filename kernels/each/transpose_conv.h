/* transpose_conv.h: how transposed convolutions are walked, for integers and float32 alike. An
 * output column of phase q (its place within the stride) sees taps that lie beside each other in
 * the input, in the reference's order: with the filter's taps sorted by phase, each input row is
 * one run of numbers times one run of weights, and neighbours of a phase are one input pixel apart.
 * Input rows are copied to scratch with columns of zeros on both sides, so that all columns are
 * alike. */
#ifndef RG_KERNELS_EACH_TRANSPOSE_CONV_H
#define RG_KERNELS_EACH_TRANSPOSE_CONV_H

#include "kernels/ref/transpose_conv.h"

enum { RG_TCONV_TAPS = 1024, RG_TCONV_COLUMNS = 4 }; /* most taps; columns at a time */

typedef struct rg_tconv {
    rg_transpose_conv_layout l;
    int64_t depth;         /* numbers of a pixel in scratch */
    int64_t before, width; /* pixels of a row in scratch: before the input's first, all */
    int64_t rows;          /* input rows of one output row at most */
} rg_tconv;

/* What one output row needs of the input: rows [first, last), the first seen by filter row `tap`.
 */
typedef struct rg_tconv_rows {
    int64_t batch, first, last, tap;
} rg_tconv_rows;

/* The columns of one phase: output column `first` and every stride-th from there, `n` of them; `x`:
 * the input pixel where the run of the first one starts; `taps` of it, filter tap `tap` first. */
typedef struct rg_tconv_phase {
    int64_t first, n, x, taps, tap;
} rg_tconv_phase;

/* Filter taps of a phase, and of all phases before it. */
static inline int64_t rg_tconv_taps(const rg_axis *a, int64_t phase) {
    return phase < a->filter ? (a->filter - phase + a->stride - 1) / a->stride : 0;
}
static inline int64_t rg_tconv_taps_before(const rg_axis *a, int64_t phase) {
    int64_t rest = a->filter % a->stride;
    return phase * (a->filter / a->stride) + (phase < rest ? phase : rest);
}

/* Where filter tap (ky, kx) stands once taps are sorted. */
static inline int64_t rg_tconv_place(const rg_tconv *t, int64_t ky, int64_t kx) {
    const rg_axis *a = &t->l.x;
    int64_t phase = kx % a->stride;
    return ky * a->filter + rg_tconv_taps_before(a, phase) + rg_tconv_taps(a, phase) - 1 -
           kx / a->stride;
}

/* Lays a call out for pixels of whole `unit`s of numbers; false where filters are too large. */
static inline bool rg_tconv_plan(const rg_op_call *call, int64_t unit, rg_tconv *ret) {
    rg_tconv t = {0};
    if (rg_transpose_conv_lay_out(call, &t.l, NULL) != RG_OK)
        return false;
    const rg_axis *x = &t.l.x, *y = &t.l.y;
    if (x->filter > RG_TCONV_TAPS || y->filter > RG_TCONV_TAPS / x->filter)
        return false;
    int64_t behind = (x->stride - 1 + x->pad) / x->stride; /* of the last column's last tap */
    int64_t columns = (x->in + x->stride - 1) / x->stride;
    columns = (columns + RG_TCONV_COLUMNS - 1) / RG_TCONV_COLUMNS * RG_TCONV_COLUMNS;
    t.before = x->filter - 1 > x->pad ? (x->filter - 1 - x->pad) / x->stride : 0;
    t.width = t.before + (columns + behind > t.l.in_w ? columns + behind : t.l.in_w);
    t.depth = (t.l.in_c + unit - 1) / unit * unit;
    t.rows = (y->filter + y->stride - 1) / y->stride;
    t.rows = t.rows < t.l.in_h ? t.rows : t.l.in_h;
    *ret = t;
    return true;
}

static inline rg_tconv_rows rg_tconv_rows_of(const rg_tconv *t, int64_t row) {
    const rg_axis *a = &t->l.y;
    int64_t at = row % a->in + a->pad, least = at - a->filter + 1;
    rg_tconv_rows r = {.batch = row / a->in};
    r.first = least > 0 ? (least + a->stride - 1) / a->stride : 0;
    r.last = at / a->stride + 1 < t->l.in_h ? at / a->stride + 1 : t->l.in_h;
    r.last = r.last > r.first ? r.last : r.first;
    r.tap = at - r.first * a->stride;
    return r;
}

static inline rg_tconv_phase rg_tconv_phase_of(const rg_tconv *t, int64_t first) {
    const rg_axis *a = &t->l.x;
    int64_t phase = (first + a->pad) % a->stride;
    rg_tconv_phase p = {.first = first, .taps = rg_tconv_taps(a, phase)};
    p.n = (a->in - first + a->stride - 1) / a->stride;
    p.tap = rg_tconv_taps_before(a, phase);
    p.x = t->before + (first + a->pad - phase) / a->stride - (p.taps - 1);
    p.x = p.taps ? p.x : 0;
    return p;
}

#endif
