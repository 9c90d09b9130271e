/* move.c: operators that move elements unchanged, as the nested loops that nest.h finds: runs of
 * bytes are copied whole, planes that change places are turned 16 by 16 bytes. Moves that are no
 * nested loops are left to the reference. */
#include "kernels/each/copy.h"
#include "kernels/each/nest.h"
#include "kernels/ref/need.h"

enum { TILE_BYTES = 16384, TILES_MAX = 64, ELEMENTS_MAX = 1 << 21, FILL_BYTES = 4096 };

typedef struct plan {
    rg_nests nests;
    size_t size; /* bytes an element */
} plan;

/* The inputs that are moved: all of those that are joined, the second of split, else the first. */
static uint32_t first_moved(const rg_op_call *call) {
    return !strcmp(call->op->kind, "split");
}

static uint32_t last_moved(const rg_op_call *call) {
    bool joins = !strcmp(call->op->kind, "concat") || !strcmp(call->op->kind, "pack");
    return joins ? call->n_in : first_moved(call) + 1;
}

/* An input of concat whose codes stand for other numbers than the output's is computed, not moved.
 */
static bool is_rescaled(const rg_tensor *from, const rg_tensor *to) {
    return from->quant.n == 1 && to->quant.n == 1 &&
           (from->quant.scale[0] != to->quant.scale[0] ||
            from->quant.zero_point[0] != to->quant.zero_point[0]);
}

/* Numbers of elements fit int32, and the search for the loops stays short. */
static bool suits(const rg_op_call *call) {
    size_t n = 0;
    bool fits = call->n_in <= RG_NEST_INPUTS && call->n_out <= RG_NEST_OUTPUTS;
    rg_dtype dtype = call->in[first_moved(call)]->dtype;
    bool joins = !strcmp(call->op->kind, "concat");
    for (uint32_t i = first_moved(call); fits && i < last_moved(call); i++) {
        n += rg_elements(call->in[i]);
        fits = !joins || !is_rescaled(call->in[i], call->out[0]);
    }
    for (uint32_t o = 0; fits && o < call->n_out; o++)
        n += rg_elements(call->out[o]);
    return fits && n <= ELEMENTS_MAX && rg_dtype_bits(dtype) >= 8 && rg_dtype_bits(dtype) <= 64;
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    p->size = rg_dtype_bits(call->out[0]->dtype) / 8;
    return rg_nests_find(call, first_moved(call), last_moved(call), &p->nests, err);
}

static size_t bytes_of(const rg_op_call *call) {
    size_t bytes = 0;
    for (uint32_t o = 0; o < call->n_out; o++)
        bytes += call->out[o]->bytes;
    return bytes;
}

static bool is_pad(const rg_op_call *call) {
    return !strcmp(call->op->kind, "pad");
}

/* Where there may be a border it is one piece: the border is written first. */
static size_t tiles(const rg_op_call *call) {
    size_t n = bytes_of(call) / TILE_BYTES + 1;
    bool borders = is_pad(call) || !strcmp(call->op->kind, "space_to_batch_nd");
    return borders ? 1 : n < TILES_MAX ? n : TILES_MAX;
}

#if defined(__aarch64__)
#define ZIP_LOW vzip1q_u8
#define ZIP_HIGH vzip2q_u8
#else
#define ZIP_LOW _mm_unpacklo_epi8
#define ZIP_HIGH _mm_unpackhi_epi8
#endif

/* 16 rows of 16 bytes turned: four times, row i is interleaved with row i + 8. */
static inline void turn_block(const uint8_t *from, ptrdiff_t row_from, uint8_t *to,
                              ptrdiff_t row_to) {
    rg_lane a[16], b[16];
    for (int i = 0; i < 16; i++)
        a[i] = rg_lane_load(from + i * row_from);
    for (int pass = 0; pass < 4; pass++) {
        for (int i = 0; i < 8; i++) {
            b[2 * i] = ZIP_LOW(a[i], a[i + 8]);
            b[2 * i + 1] = ZIP_HIGH(a[i], a[i + 8]);
        }
        memcpy(a, b, sizeof a);
    }
    for (int i = 0; i < 16; i++)
        rg_lane_store(to + i * row_to, a[i]);
}

/* to[j * row_to + i] = from[i * row_from + j] for i < n, j < m. */
static void turn(const uint8_t *from, ptrdiff_t row_from, uint8_t *to, ptrdiff_t row_to, size_t n,
                 size_t m) {
    size_t whole_n = n / 16 * 16, whole_m = m / 16 * 16;
    for (size_t i = 0; i < whole_n; i += 16) {
        for (size_t j = 0; j < whole_m; j += 16)
            turn_block(from + (ptrdiff_t)i * row_from + (ptrdiff_t)j, row_from,
                       to + (ptrdiff_t)j * row_to + (ptrdiff_t)i, row_to);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i < whole_n ? whole_m : 0; j < m; j++)
            to[(ptrdiff_t)j * row_to + (ptrdiff_t)i] = from[(ptrdiff_t)i * row_from + (ptrdiff_t)j];
    }
}

/* One loop of single elements. */
static inline void step_elements(const char *from, ptrdiff_t step_from, char *to, ptrdiff_t step_to,
                                 size_t n, size_t size) {
    for (size_t i = 0; i < n; i++, from += step_from, to += step_to)
        memcpy(to, from, size);
}

static void move_line(const char *from, ptrdiff_t step_from, char *to, ptrdiff_t step_to, size_t n,
                      size_t size) {
    ptrdiff_t whole = (ptrdiff_t)size;
    if (step_from == whole && step_to == whole)
        memcpy(to, from, n * size);
    else if (size == 1)
        step_elements(from, step_from, to, step_to, n, 1);
    else if (size == 2)
        step_elements(from, step_from, to, step_to, n, 2);
    else if (size == 4)
        step_elements(from, step_from, to, step_to, n, 4);
    else
        step_elements(from, step_from, to, step_to, n, 8);
}

/* The loops from `level` inwards. */
static void move_level(const rg_nest *nest, uint32_t level, size_t count, const char *from,
                       char *to, size_t size) {
    ptrdiff_t bytes = (ptrdiff_t)size;
    ptrdiff_t step_from = nest->step_from[level] * bytes, step_to = nest->step_to[level] * bytes;
    if (level == 0) {
        move_line(from, step_from, to, step_to, count, size);
    } else if (level == 1 && size == 1 && nest->step_to[0] == 1 && step_from == 1 &&
               nest->step_from[0] != 1) {
        turn((const uint8_t *)from, nest->step_from[0], (uint8_t *)to, step_to, nest->count[0],
             count);
    } else if (level == 1 && nest->step_from[0] == 1 && nest->step_to[0] == 1) {
        size_t run_bytes = nest->count[0] * size;
        for (size_t i = 0; i < count; i++, from += step_from, to += step_to)
            rg_copy_run(to, from, run_bytes);
    } else {
        for (size_t i = 0; i < count; i++)
            move_level(nest, level - 1, nest->count[level - 1], from + (ptrdiff_t)i * step_from,
                       to + (ptrdiff_t)i * step_to, size);
    }
}

/* Part [first, last) of `all` of one nest: its outermost loop is shared out. */
static void move_nest(const rg_nest *nest, size_t first, size_t last, size_t all, const char *from,
                      char *to, size_t size) {
    from += nest->from * size;
    to += nest->to * size;
    if (nest->levels == 0) { /* one element */
        if (first == 0)
            memcpy(to, from, size);
        return;
    }
    uint32_t top = nest->levels - 1;
    size_t begin = nest->count[top] * first / all, end = nest->count[top] * last / all;
    ptrdiff_t at = (ptrdiff_t)(begin * size);
    move_level(nest, top, end - begin, from + nest->step_from[top] * at,
               to + nest->step_to[top] * at, size);
}

/* A border everywhere: a pad's value, the output's zero point, or zero. */
static void fill(const rg_op_call *call, const void *const *in, char *out, size_t size) {
    const rg_tensor *t = call->out[0];
    size_t n = rg_elements(t);
    bool bytes = t->dtype == RG_DTYPE_INT8 || t->dtype == RG_DTYPE_UINT8;
    char element[8] = {0};
    if (is_pad(call) && rg_call_in(call, 2))
        memcpy(element, in[2], size);
    else if (bytes && t->quant.n > 0)
        element[0] = (char)t->quant.zero_point[0];
    if (size == 1) {
        memset(out, element[0], n);
        return;
    }
    for (size_t done = 0, all = n * size, part; done < all; done += part) {
        part = done ? done : size; /* what is there, once more */
        part = part < FILL_BYTES ? part : FILL_BYTES;
        part = part < all - done ? part : all - done;
        memcpy(out + done, done ? out : element, part);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    const plan *p = packed;
    size_t all = tiles(call);
    if (!p->nests.found) {
        size_t n = call->op->tiles ? call->op->tiles(call) : 1;
        call->op->run(call, NULL, in, out, n * first_tile / all, n * last_tile / all);
        return;
    }
    if (p->nests.borders)
        fill(call, in, out[0], p->size);
    for (uint32_t i = 0; i < p->nests.n; i++) {
        const rg_nest *nest = &p->nests.nest[i];
        move_nest(nest, first_tile, last_tile, all, in[nest->in], out[nest->out], p->size);
    }
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Nested loops of copies, found by moving element numbers",         \
                     RG_KERNEL_METHODS}

ROW(concat);
ROW(pack);
ROW(pad);
ROW(slice);
ROW(strided_slice);
ROW(split);
ROW(unpack);
ROW(transpose);
ROW(space_to_depth);
ROW(depth_to_space);
ROW(resize_nearest);
ROW(space_to_batch_nd);
ROW(batch_to_space_nd);
ROW(split_v);
ROW(tile);
ROW(broadcast_to);
