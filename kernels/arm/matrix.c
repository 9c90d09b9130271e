/* matrix.c: running matrix products on Arm. A strip of rows is made ready once: a table of pointers
 * to the segments of each row, into the image where it lies whole, else to copies with the zero
 * point in place of padding. Then each block of columns meets all rows of the strip. */
#include "kernels/arm/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/arm/matrix_plan.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"
#include "kernels/ref/fully_connected.h"

bool rg_arm_matrix_suits(const rg_op_call *call) {
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data);
}

size_t rg_arm_matrix_packed_bytes(const rg_op_call *call, const rg_arm_method *method) {
    rg_arm_plan p;
    rg_arm_plan_make(call, method, &p);
    return p.packed_bytes;
}

size_t rg_arm_matrix_scratch_bytes(const rg_op_call *call, const rg_arm_method *method) {
    rg_arm_plan p;
    rg_arm_plan_make(call, method, &p);
    return p.scratch_bytes;
}

size_t rg_arm_matrix_tiles(const rg_op_call *call, const rg_arm_method *method) {
    rg_arm_plan p;
    rg_arm_plan_make(call, method, &p);
    return (size_t)(p.strips * p.chunks);
}

static int activation_of(const rg_op_call *call) {
    return !strcmp(call->op->kind, "conv2d") ? ((const rg_conv_params *)call->params)->activation
                                             : ((const rg_fc_params *)call->params)->activation;
}

rg_status rg_arm_matrix_pack(const rg_op_call *call, const rg_arm_method *method, void *packed,
                             rg_err *err) {
    rg_arm_plan p;
    rg_arm_plan_make(call, method, &p);
    rg_factor *factors = calloc((size_t)p.l.out_c, sizeof *factors);
    if (!factors)
        return rg_fail(err, RG_FAILED, "free some memory", "no memory for %lld factors",
                       (long long)p.l.out_c);
    bool in_float = strcmp(call->op->kind, "conv2d") != 0 || call->op->in == RG_DTYPE_UINT8;
    rg_status status = rg_bytes_factors(call, in_float, p.l.out_c, factors, err);
    if (status == RG_OK) {
        int32_t low, high;
        rg_activation_range(activation_of(call), call->out[0], &low, &high);
        p.shape.low = (int8_t)(low - p.flip);
        p.shape.high = (int8_t)(high - p.flip);
        rg_arm_plan_pack(call, &p, factors, packed);
    }
    free(factors);
    return status;
}

/* Copies of 4 to 7, 8 to 15 and 16 to 32 bytes overlap in their middle: no loop, no call. */
static inline void copy_4_7(int8_t *to, const int8_t *from, int64_t n) {
    uint32_t a, b;
    memcpy(&a, from, 4);
    memcpy(&b, from + n - 4, 4);
    memcpy(to, &a, 4);
    memcpy(to + n - 4, &b, 4);
}

static inline void copy_8_15(int8_t *to, const int8_t *from, int64_t n) {
    uint64_t a, b;
    memcpy(&a, from, 8);
    memcpy(&b, from + n - 8, 8);
    memcpy(to, &a, 8);
    memcpy(to + n - 8, &b, 8);
}

static inline void copy_16_32(int8_t *to, const int8_t *from, int64_t n) {
    memcpy(to, from, 16);
    memcpy(to + n - 16, from + n - 16, 16);
}

static inline void copy(int8_t *to, const int8_t *from, int64_t n) {
    if (n >= 16) {
        for (; n > 32; n -= 16, to += 16, from += 16)
            memcpy(to, from, 16);
        copy_16_32(to, from, n);
    } else if (n >= 8) {
        copy_8_15(to, from, n);
    } else if (n >= 4) {
        copy_4_7(to, from, n);
    } else {
        for (int64_t i = 0; i < n; i++)
            to[i] = from[i];
    }
}

enum { LINES = 16 }; /* of a filter that are found once for all pixels of an output line */

/* One run over a strip: where it reads and writes. */
typedef struct strip {
    const rg_arm_plan *p;
    const int8_t *zeros;
    const int8_t **table;
    int8_t *panel, *copies;
    /* Lines of the image under an output line: first pixel, bytes from pixel to pixel. Lines off
     * the image are of zero points, 0 bytes apart. */
    const int8_t *line[LINES];
    int64_t apart[LINES];
} strip;

/* The output pixel at hand. */
typedef struct spot {
    int64_t batch, y, x;
} spot;

static void next_line(const rg_conv_layout *l, spot *s) {
    s->x = 0;
    if (++s->y < l->y.out)
        return;
    s->y = 0;
    s->batch++;
}

/* A line of the filter at column x0 of line y, padding filled in, to `to`. */
static void copy_line(const strip *s, const int8_t *image, int64_t y, int64_t x0, int8_t *to) {
    const rg_conv_layout *l = &s->p->l;
    int64_t first = x0 < 0 ? -x0 : 0,
            last = l->x.in - x0 < l->x.filter ? l->x.in - x0 : l->x.filter;
    first = first < l->x.filter ? first : l->x.filter; /* wide borders hold whole windows */
    last = last > first ? last : first;
    memset(to, s->p->zero_x ^ s->p->flip, (size_t)(first * l->tap_c));
    copy(to + first * l->tap_c, image + (y * l->x.in + x0 + first) * l->in_c,
         (last - first) * l->tap_c);
    memset(to + last * l->tap_c, s->p->zero_x ^ s->p->flip,
           (size_t)((l->x.filter - last) * l->tap_c));
}

static void copy_taps(const strip *s, const int8_t *image, int64_t y, int64_t x0, int8_t *to) {
    const rg_conv_layout *l = &s->p->l;
    for (int64_t kx = 0; kx < l->x.filter; kx++, to += l->tap_c) {
        int64_t x = x0 + kx * l->x.dilation;
        if (x < 0 || x >= l->x.in)
            memset(to, s->p->zero_x ^ s->p->flip, (size_t)l->tap_c);
        else
            copy(to, image + (y * l->x.in + x) * l->in_c, l->tap_c);
    }
}

/* All taps of a pixel side by side. */
static void gather(const strip *s, const int8_t *image, spot at, int8_t *to) {
    const rg_conv_layout *l = &s->p->l;
    int64_t y = at.y * l->y.stride - l->y.pad, x = at.x * l->x.stride - l->x.pad;
    int64_t line = l->x.filter * l->tap_c;
    bool inside = s->p->joint && x >= 0 && x + l->x.filter <= l->x.in;
    for (int64_t ky = 0; ky < l->y.filter; ky++, y += l->y.dilation, to += line) {
        if (y < 0 || y >= l->y.in)
            memset(to, s->p->zero_x ^ s->p->flip, (size_t)line);
        else if (inside)
            copy(to, image + (y * l->x.in + x) * l->in_c, line);
        else if (s->p->joint)
            copy_line(s, image, y, x, to);
        else
            copy_taps(s, image, y, x, to);
    }
}

/* Points at each segment of a pixel, `high` entries apart; copies what lies over an edge. */
static void point(strip *s, const int8_t *image, spot at, const int8_t **ret, int64_t high) {
    const rg_conv_layout *l = &s->p->l;
    int64_t y = at.y * l->y.stride - l->y.pad, x0 = at.x * l->x.stride - l->x.pad;
    int64_t across = s->p->joint ? 1 : l->x.filter;
    for (int64_t ky = 0; ky < l->y.filter; ky++, y += l->y.dilation) {
        for (int64_t kx = 0; kx < across; kx++, ret += high) {
            int64_t x = x0 + kx * l->x.dilation;
            int64_t last = s->p->joint ? x + l->x.filter : x + 1;
            if (y < 0 || y >= l->y.in || x >= l->x.in || last <= 0) {
                *ret = s->zeros;
            } else if (x >= 0 && last <= l->x.in) {
                *ret = image + (y * l->x.in + x) * l->in_c;
            } else {
                copy_line(s, image, y, x, s->copies);
                *ret = s->copies;
                s->copies += s->p->length;
            }
        }
    }
}

/* Finds the lines under the output line of `at`. */
static void find_lines(strip *s, const int8_t *image, spot at) {
    const rg_conv_layout *l = &s->p->l;
    int64_t y = at.y * l->y.stride - l->y.pad;
    for (int64_t ky = 0; ky < l->y.filter && ky < LINES; ky++, y += l->y.dilation) {
        bool on = y >= 0 && y < l->y.in;
        s->line[ky] = on ? image + y * l->x.in * l->in_c : s->zeros;
        s->apart[ky] = on ? l->in_c : 0;
    }
}

/* gather() of a window that lies on its lines, the first pixel `x`. */
static void gather_inner(const strip *s, int64_t x, int8_t *to) {
    const rg_conv_layout *l = &s->p->l;
    int64_t n = (s->p->joint ? l->x.filter : 1) * l->tap_c, lines = l->y.filter;
    if (!s->p->joint) {
        for (int64_t ky = 0; ky < lines; ky++) {
            for (int64_t kx = 0; kx < l->x.filter; kx++, to += n)
                copy(to, s->line[ky] + (x + kx * l->x.dilation) * s->apart[ky], n);
        }
    } else if (n < 4 || n > 32) {
        for (int64_t ky = 0; ky < lines; ky++, to += n)
            copy(to, s->line[ky] + x * s->apart[ky], n);
    } else if (n < 8) {
        for (int64_t ky = 0; ky < lines; ky++, to += n)
            copy_4_7(to, s->line[ky] + x * s->apart[ky], n);
    } else if (n < 16) {
        for (int64_t ky = 0; ky < lines; ky++, to += n)
            copy_8_15(to, s->line[ky] + x * s->apart[ky], n);
    } else {
        for (int64_t ky = 0; ky < lines; ky++, to += n)
            copy_16_32(to, s->line[ky] + x * s->apart[ky], n);
    }
}

/* point() of such a window. */
static inline void point_inner(const strip *s, int64_t x, const int8_t **ret, int64_t high) {
    const rg_conv_layout *l = &s->p->l;
    int64_t across = s->p->joint ? 1 : l->x.filter;
    for (int64_t ky = 0; ky < l->y.filter; ky++) {
        const int8_t *at = s->line[ky] + x * s->apart[ky];
        for (int64_t kx = 0; kx < across; kx++, ret += high)
            *ret = at + kx * l->x.dilation * s->apart[ky];
    }
}

/* Tiles of a strip from the top: `count` of `high` rows, up to three kinds, so that the last two
 * are of like height. */
typedef struct heights {
    int64_t high, count;
} heights;

static int cut(int64_t rows, int64_t most, heights ret[3]) {
    int64_t full = rows / most, rest = rows % most;
    int n = 0;
    if (rest && full && rest * 2 <= most) {
        int64_t two = most + rest;
        if (full > 1)
            ret[n++] = (heights){most, full - 1};
        ret[n++] = (heights){two - two / 2, 1};
        ret[n++] = (heights){two / 2, 1};
        return n;
    }
    if (full)
        ret[n++] = (heights){most, full};
    if (rest)
        ret[n++] = (heights){rest, 1};
    return n;
}

static void flip(int8_t *at, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        at[i] = (int8_t)(at[i] ^ 128);
}

/* Makes one row ready: the window of output pixel `at`. */
static inline void make_row(strip *s, const int8_t *image, spot at, const int8_t **ret,
                            int64_t high) {
    const rg_arm_plan *p = s->p;
    int64_t x = at.x * p->l.x.stride - p->l.x.pad;
    bool inner = p->l.y.filter <= LINES && x >= 0 && x + p->reach <= p->l.x.in;
    if (!p->gathered) {
        if (inner)
            point_inner(s, x, ret, high);
        else
            point(s, image, at, ret, high);
        for (int64_t i = p->segments; i < p->shape.segments; i++)
            ret[i * high] = ret[(i - p->segments) * high];
        return;
    }
    *ret = s->copies;
    if (inner)
        gather_inner(s, x, s->copies);
    else
        gather(s, image, at, s->copies);
    if (p->flip)
        flip(s->copies, p->depth);
    for (int64_t i = 1; i < p->shape.segments; i++)
        ret[i * high] = *ret;
    s->copies += (p->length + 15) / 16 * 16;
}

/* Fills the table for rows [first, first + rows). */
static void make_ready(strip *s, const int8_t *in, int64_t channel, int64_t first, int n_cuts,
                       const heights *cuts) {
    const rg_arm_plan *p = s->p;
    const rg_conv_layout *l = &p->l;
    int64_t pixels = l->y.out * l->x.out, image_bytes = l->y.in * l->x.in * l->in_c;
    spot at = {first / pixels, first % pixels / l->x.out, first % l->x.out};
    const int8_t **table = s->table, *image = in + at.batch * image_bytes + channel;
    if (p->linear) {
        in += first * l->in_c + channel;
        for (int64_t i = 0; i < p->strip && first + i < p->rows; i++)
            table[i] = in + i * l->in_c;
        return;
    }
    find_lines(s, image, at);
    for (int i = 0; i < n_cuts; i++) {
        for (int64_t t = 0; t < cuts[i].count; t++, table += cuts[i].high * p->shape.segments) {
            for (int64_t r = 0; r < cuts[i].high; r++) {
                make_row(s, image, at, table + r, cuts[i].high);
                if (++at.x < l->x.out)
                    continue;
                next_line(l, &at);
                if (at.batch == l->batch)
                    return;
                image = in + at.batch * image_bytes + channel;
                find_lines(s, image, at);
            }
        }
    }
}

/* Bytes of the panels of a cut: rows come in pairs, bytes of a row by eight. */
static int64_t panel_bytes(const rg_arm_plan *p, heights cut) {
    return (cut.high + cut.high % 2) * cut.count * ((p->units * p->method->depth + 7) / 8 * 8);
}

static void zip(const strip *s, int n_cuts, const heights *cuts) {
    const int8_t *const *table = (const int8_t *const *)s->table;
    int8_t *panel = s->panel;
    for (int i = 0; i < n_cuts; i++) {
        s->p->method->zip[cuts[i].high](table, &s->p->shape, panel, cuts[i].count);
        table += cuts[i].high * cuts[i].count * s->p->shape.segments;
        panel += panel_bytes(s->p, cuts[i]);
    }
}

/* One block of columns over the strip. */
static void multiply(const strip *s, const void *block, int8_t *out, int64_t stride, int n_cuts,
                     const heights *cuts) {
    const int8_t *const *table = (const int8_t *const *)s->table;
    const int8_t *panel = s->panel;
    for (int i = 0; i < n_cuts; i++) {
        int64_t rows = cuts[i].high * cuts[i].count;
        const int8_t *const *from =
            s->p->zipped ? (const int8_t *const *)(const void *)panel : table;
        s->p->run[cuts[i].high](from, block, out, stride, &s->p->shape, cuts[i].count);
        panel += panel_bytes(s->p, cuts[i]);
        table += rows * s->p->shape.segments;
        out += rows * stride;
    }
}

static void copy_columns(int8_t *to, int64_t stride, const int8_t *from, int64_t columns, int64_t n,
                         int64_t rows) {
    for (int64_t r = 0; r < rows; r++)
        copy(to + r * stride, from + r * columns, n);
}

/* Channels [first, last) of rows as uint8. */
static void flip_columns(const rg_arm_plan *p, int8_t *out, int64_t first, int64_t last,
                         int64_t rows) {
    if (last - first == p->l.out_c)
        flip(out, rows * p->l.out_c);
    else
        for (int64_t r = 0; r < rows; r++)
            flip(out + r * p->l.out_c + first, last - first);
}

/* Output channel that block `block` starts with. */
static int64_t channel_of(const rg_arm_plan *p, int64_t block) {
    return block / p->blocks * p->l.group + block % p->blocks * p->method->columns;
}

/* Blocks [block, last) of a strip. */
static void run_strip(const rg_arm_plan *p, const int8_t *in, int8_t *out, int64_t at,
                      int64_t block, int64_t last, uint8_t *scratch) {
    const uint8_t *packed = (const uint8_t *)p;
    int64_t rows = p->rows - at < p->strip ? p->rows - at : p->strip, columns = p->method->columns;
    int8_t *partial = (int8_t *)scratch + p->partial_at;
    heights cuts[3];
    int n_cuts = cut(rows, p->high, cuts);
    int64_t ready = -1, first = channel_of(p, block);
    strip s = {.p = p,
               .zeros = (const int8_t *)packed + p->zeros_at,
               .table = (const int8_t **)(void *)(scratch + p->table_at),
               .panel = (int8_t *)scratch + p->panel_at};
    for (; block < last; block++) {
        int64_t group = block / p->blocks, c = block % p->blocks * columns;
        int64_t n = p->l.group - c < columns ? p->l.group - c : columns;
        int8_t *to = out + at * p->l.out_c + group * p->l.group + c;
        const void *weights = packed + p->blocks_at + (size_t)block * p->block_bytes;
        if (group != ready) {
            s.copies = (int8_t *)scratch + p->copies_at;
            make_ready(&s, in, p->l.groups == 1 ? 0 : group * p->l.tap_c, at, n_cuts, cuts);
            if (p->zipped)
                zip(&s, n_cuts, cuts);
            ready = group;
        }
        multiply(&s, weights, n < columns ? partial : to, n < columns ? columns : p->l.out_c,
                 n_cuts, cuts);
        if (n < columns)
            copy_columns(to, p->l.out_c, partial, columns, n, rows);
    }
    if (p->flip)
        flip_columns(p, out + at * p->l.out_c, first, channel_of(p, last), rows);
}

void rg_arm_matrix_run(const rg_op_call *call, const void *packed, const void *const *in,
                       void *const *out, size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const rg_arm_plan *p = packed;
    int64_t all = p->blocks * p->l.groups, tile = (int64_t)first_tile;
    while (tile < (int64_t)last_tile) {
        int64_t row = tile / p->chunks, chunk = tile % p->chunks;
        int64_t more = p->chunks - chunk; /* chunks of the same strip share what is made ready */
        if (tile + more > (int64_t)last_tile)
            more = (int64_t)last_tile - tile;
        int64_t last = (chunk + more) * p->chunk;
        run_strip(p, in[0], out[0], row * p->strip, chunk * p->chunk, last < all ? last : all,
                  scratch);
        tile += more;
    }
}
