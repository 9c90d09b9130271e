/* max_pool.c: maximum over windows of 8-bit images. Windows of 3x3 and 2x2 walk along a row with
 * the columns that the next one shares kept in registers. Others first take the maximum of their
 * input rows over whole rows, long vectors without edges, then of neighbouring pixels. */
#include "kernels/each/level.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/pool.h"

typedef struct plan {
    rg_pool_layout l;
    int32_t low, high;
} plan;

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_activation_range(((const rg_pool_params *)call->params)->activation, call->out[0], &p->low,
                        &p->high);
    return rg_pool_lay_out(call, &p->l, err);
}

/* One row of maxima, and room for a vector beyond. */
static size_t scratch_bytes(const rg_op_call *call) {
    const int32_t *in = call->in[0]->shape.dim;
    return (size_t)in[2] * (size_t)in[3] + RG_VEC_BYTES;
}

static size_t tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

static inline rg_vec most(rg_vec a, rg_vec b, bool is_unsigned) {
    return is_unsigned ? rg_vec_max_u8(a, b) : rg_vec_max(a, b);
}

/* to = the maximum of three rows of n bytes, of which some may be the same or `to` itself. */
static inline __attribute__((always_inline)) void three_rows(uint8_t *to, const uint8_t *a,
                                                             const uint8_t *b, const uint8_t *c,
                                                             size_t n, bool is_unsigned) {
    size_t i = 0;
    for (; i + RG_VEC_BYTES <= n; i += RG_VEC_BYTES) {
        rg_vec v = most(rg_vec_load(a + i), rg_vec_load(b + i), is_unsigned);
        rg_vec_store(to + i, most(v, rg_vec_load(c + i), is_unsigned));
    }
    for (; i < n; i++) {
        int8_t flip = is_unsigned ? -128 : 0;
        int8_t x = (int8_t)(a[i] ^ flip), y = (int8_t)(b[i] ^ flip), z = (int8_t)(c[i] ^ flip);
        x = x > y ? x : y;
        to[i] = (uint8_t)((x > z ? x : z) ^ flip);
    }
}

static inline __attribute__((always_inline)) void
join_rows(uint8_t *to, const uint8_t *from, size_t row, int64_t rows, bool is_unsigned) {
    const uint8_t *second = from + (rows > 1 ? row : 0), *third = from + (rows > 2 ? 2 * row : 0);
    three_rows(to, from, second, third, row, is_unsigned);
    for (int64_t r = 3; r < rows; r += 2)
        three_rows(to, to, from + (size_t)r * row, from + (size_t)(r + 1 < rows ? r + 1 : r) * row,
                   row, is_unsigned);
}

/* Stores a vector, of which only `room` bytes may be written. */
static inline void store_within(uint8_t *to, rg_vec v, size_t room) {
    uint8_t whole[RG_VEC_BYTES];
    if (room >= RG_VEC_BYTES) {
        rg_vec_store(to, v);
        return;
    }
    rg_vec_store(whole, v);
    memcpy(to, whole, room);
}

/* One pixel: channels in vectors, the last of which runs over into what is written next. */
static inline __attribute__((always_inline)) void join_pixels(uint8_t *to, size_t room,
                                                              const uint8_t *from, size_t c,
                                                              int64_t pixels, rg_vec low,
                                                              rg_vec high, bool is_unsigned) {
    for (size_t i = 0; i < c; i += RG_VEC_BYTES) {
        rg_vec v = rg_vec_load(from + i);
        for (int64_t k = 1; k < pixels; k++)
            v = most(v, rg_vec_load(from + (size_t)k * c + i), is_unsigned);
        v = is_unsigned ? rg_vec_min_u8(rg_vec_max_u8(v, low), high)
                        : rg_vec_min(rg_vec_max(v, low), high);
        store_within(to + i, v, room - i);
    }
}

/* Up to 64 channels of a pixel. */
enum { BLOCK = 64, BLOCK_VECS = BLOCK / RG_VEC_BYTES };
typedef struct column {
    rg_vec v[BLOCK_VECS];
} column;

/* Where a walk is: three input rows (the last given twice where there are fewer). */
typedef struct strip {
    const uint8_t *row[3];
    size_t c;
    rg_vec low, high;
} strip;

static inline __attribute__((always_inline)) column most_columns(column a, column b, int vecs,
                                                                 bool is_unsigned) {
    for (int i = 0; i < vecs; i++)
        a.v[i] = most(a.v[i], b.v[i], is_unsigned);
    return a;
}

/* The maximum of one column of pixels, channels from `at` on. */
static inline __attribute__((always_inline)) column column_at(const strip *s, size_t at, int rows,
                                                              int vecs, bool is_unsigned) {
    column m;
    for (int i = 0; i < vecs; i++) {
        size_t from = at + (size_t)i * RG_VEC_BYTES;
        m.v[i] = most(rg_vec_load(s->row[0] + from), rg_vec_load(s->row[1] + from), is_unsigned);
        if (rows == 3)
            m.v[i] = most(m.v[i], rg_vec_load(s->row[2] + from), is_unsigned);
    }
    return m;
}

static inline __attribute__((always_inline)) void
store_column(const strip *s, uint8_t *to, column m, int vecs, bool is_unsigned) {
    for (int i = 0; i < vecs; i++) {
        rg_vec v = m.v[i];
        v = is_unsigned ? rg_vec_min_u8(rg_vec_max_u8(v, s->low), s->high)
                        : rg_vec_min(rg_vec_max(v, s->low), s->high);
        rg_vec_store(to + i * RG_VEC_BYTES, v);
    }
}

/* Windows that lie wholly between the sides: `n` outputs at `to`, the first window at pixel 0 of
 * the rows; side 2 or 3, stride at most side. */
static inline __attribute__((always_inline)) void
slide(const strip *s, uint8_t *to, int64_t n, int side, int stride, int vecs, bool is_unsigned) {
    size_t c = s->c, at = 0;
    column kept[2];
    for (int k = 0; k < side - stride; k++, at += c)
        kept[k] = column_at(s, at, side, vecs, is_unsigned);
    for (int64_t o = 0; o < n; o++, to += c) {
        column window[3];
        for (int k = 0; k < side; k++) {
            window[k] = k < side - stride ? kept[k] : column_at(s, at, side, vecs, is_unsigned);
            at += k < side - stride ? 0 : c;
        }
        for (int k = 0; k < side - stride; k++)
            kept[k] = window[k + stride];
        column m = most_columns(window[0], window[1], vecs, is_unsigned);
        if (side == 3)
            m = most_columns(m, window[2], vecs, is_unsigned);
        store_column(s, to, m, vecs, is_unsigned);
    }
}

/* All channels in blocks; the last one overlaps the one before it. */
static inline __attribute__((always_inline)) void
slide_channels(strip s, uint8_t *to, int64_t n, int side, int stride, bool is_unsigned) {
    size_t block = s.c >= BLOCK ? BLOCK : RG_VEC_BYTES, at = 0, step;
    for (size_t done = 0; done < s.c; done += block, at += step) {
        step = s.c - at >= 2 * block ? block : s.c - at - block;
        if (block == BLOCK)
            slide(&s, to, n, side, stride, BLOCK_VECS, is_unsigned);
        else
            slide(&s, to, n, side, stride, 1, is_unsigned);
        for (int r = 0; r < 3; r++)
            s.row[r] += step;
        to += step;
    }
}

/* One window that a side cuts, pixel by pixel. */
static inline __attribute__((always_inline)) void cut_window(strip s, uint8_t *to, int64_t pixels,
                                                             bool is_unsigned) {
    for (size_t at = 0; at < s.c;) {
        column m = column_at(&s, at, 3, 1, is_unsigned);
        for (int64_t k = 1; k < pixels; k++)
            m = most_columns(m, column_at(&s, at + (size_t)k * s.c, 3, 1, is_unsigned), 1,
                             is_unsigned);
        store_column(&s, to + at, m, 1, is_unsigned);
        at = s.c - at >= 2 * RG_VEC_BYTES ? at + RG_VEC_BYTES
             : s.c - at > RG_VEC_BYTES    ? s.c - RG_VEC_BYTES
                                          : s.c;
    }
}

/* True for windows that run_strips knows. */
static bool slides(const rg_pool_layout *l) {
    return l->c >= RG_VEC_BYTES && l->y.filter == l->x.filter &&
           ((l->x.filter == 3 && l->x.stride <= 2) || (l->x.filter == 2 && l->x.stride == 2));
}

static inline __attribute__((always_inline)) void run_strips(const plan *p, const uint8_t *in,
                                                             uint8_t *out, size_t first_tile,
                                                             size_t last_tile, bool is_unsigned) {
    const rg_pool_layout *l = &p->l;
    size_t c = (size_t)l->c, row = (size_t)l->x.in * c;
    strip s = {{NULL}, c, rg_vec_fill((int8_t)p->low), rg_vec_fill((int8_t)p->high)};
    uint8_t *to = out + first_tile * (size_t)l->x.out * c;
    for (int64_t tile = (int64_t)first_tile; tile < (int64_t)last_tile; tile++) {
        rg_taps y = rg_pool_taps(&l->y, tile % l->y.out), x;
        const uint8_t *top = in + (size_t)(tile / l->y.out * l->y.in + y.at) * row;
        for (int64_t ox = 0; ox < l->x.out;) {
            x = rg_pool_taps(&l->x, ox);
            int64_t n = (l->x.in - l->x.filter - x.at) / l->x.stride + 1; /* whole windows */
            bool whole = x.last - x.first == l->x.filter;
            for (int r = 0; r < 3; r++)
                s.row[r] = top + (size_t)(r < y.last - y.first ? r : y.last - y.first - 1) * row +
                           (size_t)x.at * c;
            n = !whole ? 1 : n < l->x.out - ox ? n : l->x.out - ox;
            if (!whole)
                cut_window(s, to, x.last - x.first, is_unsigned);
            else if (l->x.filter == 2)
                slide_channels(s, to, n, 2, 2, is_unsigned);
            else if (l->x.stride == 2)
                slide_channels(s, to, n, 3, 2, is_unsigned);
            else
                slide_channels(s, to, n, 3, 1, is_unsigned);
            ox += n;
            to += (size_t)n * c;
        }
    }
}

static inline __attribute__((always_inline)) void run_type(const plan *p, const uint8_t *in,
                                                           uint8_t *out, size_t first_tile,
                                                           size_t last_tile, uint8_t *joined,
                                                           bool is_unsigned) {
    const rg_pool_layout *l = &p->l;
    size_t c = (size_t)l->c, row = (size_t)l->x.in * c, out_row = (size_t)l->x.out * c;
    rg_vec low = rg_vec_fill((int8_t)p->low), high = rg_vec_fill((int8_t)p->high);
    uint8_t *to = out + first_tile * out_row, *end = out + last_tile * out_row;
    for (int64_t tile = (int64_t)first_tile; tile < (int64_t)last_tile; tile++) {
        rg_taps y = rg_pool_taps(&l->y, tile % l->y.out);
        size_t top = (size_t)(tile / l->y.out * l->y.in + y.at);
        join_rows(joined, in + top * row, row, y.last - y.first, is_unsigned);
        for (int64_t ox = 0; ox < l->x.out; ox++, to += c) {
            rg_taps x = rg_pool_taps(&l->x, ox);
            const uint8_t *from = joined + (size_t)x.at * c;
            size_t room = (size_t)(end - to);
            if (x.last - x.first == 3)
                join_pixels(to, room, from, c, 3, low, high, is_unsigned);
            else if (x.last - x.first == 2)
                join_pixels(to, room, from, c, 2, low, high, is_unsigned);
            else
                join_pixels(to, room, from, c, x.last - x.first, low, high, is_unsigned);
        }
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    bool is_unsigned = call->op->in == RG_DTYPE_UINT8, strips = slides(&((const plan *)packed)->l);
    if (strips && is_unsigned)
        run_strips(packed, in[0], out[0], first_tile, last_tile, true);
    else if (strips)
        run_strips(packed, in[0], out[0], first_tile, last_tile, false);
    else if (is_unsigned)
        run_type(packed, in[0], out[0], first_tile, last_tile, scratch, true);
    else
        run_type(packed, in[0], out[0], first_tile, last_tile, scratch, false);
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Maximum of whole rows, then of neighbouring pixels",              \
                     .packed_bytes = packed_bytes,                                                 \
                     .pack = pack,                                                                 \
                     .scratch_bytes = scratch_bytes,                                               \
                     .tiles = tiles,                                                               \
                     .run = run}

ROW(max_pool2d_s8);
ROW(max_pool2d_u8);
