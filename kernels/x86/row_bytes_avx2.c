/* row_bytes_avx2.c: one row times an 8-bit matrix with AVX2: fully connected layers of batch 1, and
 * convolutions of one output pixel that look at the whole input. What counts is how fast weights
 * come, so they lie in one stream and a 16-bit lane holds two of them: w = 256 * second + first +
 * 128. With A = sum of x * w and B = sum of x * second (w moved right by 8)
 *   second column = B,   first column = A - 256 * B - 128 * sum of x,
 * exact modulo 2^32. gemm_bytes_avx2.c takes what has more rows; rounding is tile_bytes_avx2.h's.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/ref/blocks4.h"
#include "kernels/ref/bytes.h"
#include "kernels/ref/conv2d.h"
#include "kernels/ref/hybrid.h"
#include "kernels/x86/tile_bytes_avx2.h"

/* Panels that are run together; bytes of one in a step; how far ahead weights are asked for. */
enum { PANELS = 4, STEP_BYTES = 2 * COLS, AHEAD_BYTES = 1024 };

/* Head of what is packed; the panels' heads follow, then the weights: for each group of PANELS
 * panels and each pair of K, 16 pairs of each panel. */
typedef struct pack_head {
    _Alignas(64) rg_bytes bytes;
    product product;
    int64_t k, n, panels;
} pack_head;

static bool one_pixel(const rg_op_call *call) {
    rg_conv_layout l;
    if (rg_conv_lay_out(call, &l, NULL) != RG_OK)
        return false;
    return l.batch == 1 && l.groups == 1 && l.y.out == 1 && l.x.out == 1 && l.y.pad == 0 &&
           l.x.pad == 0 && l.y.in == l.y.filter && l.x.in == l.x.filter && l.y.dilation == 1 &&
           l.x.dilation == 1;
}

static bool lay_out(const rg_op_call *call, pack_head *ret) {
    const rg_tensor *weights = call->in[1];
    int64_t n = weights->shape.dim[0], k = (int64_t)rg_elements(weights) / n;
    if (strcmp(call->op->kind, "conv2d") == 0 ? !one_pixel(call)
                                              : (int64_t)rg_elements(call->in[0]) != k)
        return false;
    *ret = (pack_head){.bytes = rg_bytes_of(call), .k = k, .n = n, .panels = (n + COLS - 1) / COLS};
    ret->product.steps = (k + 3) / 4 * 2; /* in pairs, an even number */
    return true;
}

static panel_head *heads_of(const pack_head *head) {
    return (panel_head *)(head + 1);
}

static int8_t *weights_of(const pack_head *head) {
    return (int8_t *)(heads_of(head) + (head->panels + 1) / 2 * 2);
}

static bool suits(const rg_op_call *call) {
    pack_head head;
    const rg_tensor *bias = rg_call_in(call, 2);
    if (rg_call_in(call, RG_FC_SCALES)) /* gemm_hybrid_avx2.c's */
        return false;
    return call->in[1]->data && (!bias || bias->data) && rg_requant_suits(call) &&
           lay_out(call, &head);
}

static size_t packed_bytes(const rg_op_call *call) {
    pack_head head;
    if (!lay_out(call, &head))
        return 0;
    size_t weights = (size_t)(head.panels * head.product.steps * STEP_BYTES);
    return (size_t)((const char *)weights_of(&head) - (const char *)&head) + weights;
}

/* The row as distances, whole vectors. */
static size_t scratch_bytes(const rg_op_call *call) {
    pack_head head;
    return lay_out(call, &head) ? (size_t)(head.k + 15) / 16 * 16 * sizeof(int16_t) : 0;
}

static int64_t groups(const pack_head *head) {
    return (head->panels + PANELS - 1) / PANELS;
}

static size_t tiles(const rg_op_call *call) {
    pack_head head;
    return lay_out(call, &head) ? (size_t)groups(&head) : 1;
}

static int8_t weight_at(const rg_op_call *call, const pack_head *head, int64_t i) {
    if (call->op->weights == RG_DTYPE_INT4)
        return (int8_t)rg_hybrid_weight(RG_DTYPE_INT4, call->in[1]->data, i);
    return (int8_t)(((const uint8_t *)call->in[1]->data)[i] ^ head->bytes.flip);
}

/* Where the weights of panel `index` begin, and how far its steps lie apart. */
static int8_t *panel_weights(const pack_head *head, int64_t index, int64_t *ret_step) {
    int64_t first = index / PANELS * PANELS, left = head->panels - first;
    *ret_step = (left < PANELS ? left : PANELS) * STEP_BYTES;
    return weights_of(head) + first * head->product.steps * STEP_BYTES +
           index % PANELS * STEP_BYTES;
}

/* The weights of channel `c`; its sums without bias. */
static range pack_weights(const rg_op_call *call, const pack_head *head, int64_t c) {
    int64_t low = -128 - head->bytes.zero_x, high = 127 - head->bytes.zero_x, step, col = c % COLS;
    int8_t *at = panel_weights(head, c / COLS, &step) + col % 8 * 4 + col / 8;
    range sums = {0, 0};
    for (int64_t i = 0; i < head->k; i++) {
        int8_t byte = weight_at(call, head, c * head->k + i);
        int64_t w = byte - head->bytes.zero_w;
        at[i / 2 * step + i % 2 * 2] = (int8_t)(col < 8 ? byte ^ 0x80 : byte);
        sums.least += w * (w > 0 ? low : high);
        sums.most += w * (w > 0 ? high : low);
    }
    return sums;
}

static void pack_panel(const rg_op_call *call, const pack_head *head, const rg_factor *factors,
                       int64_t index) {
    const int32_t *bias = rg_call_in(call, 2) ? call->in[2]->data : NULL;
    panel_head *panel = heads_of(head) + index;
    int32_t move[COLS] = {0};
    panel->proven = panel->quick = true;
    for (int64_t c = index * COLS, col = 0; col < COLS && c < head->n; col++, c++) {
        range sums = pack_weights(call, head, c);
        move[col] =
            pack_channel(&head->product.out, factors[c], bias ? bias[c] : 0, sums, (int)col, panel);
    }
    for (int col = 0; panel->proven && col < COLS; col++)
        panel->bias[col] += move[col];
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    pack_head *head = packed;
    if (!lay_out(call, head))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "more than one row");
    head->product.out = rg_requant_out_of(call);
    if (call->op->weights == RG_DTYPE_INT4)
        head->bytes.zero_w = 0;
    rg_factor *factors = calloc(1, call->op->state_bytes(call));
    if (!factors)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for the factors of %lld channels",
                       (long long)head->n);
    rg_status status = call->op->prepare(call, factors, err);
    for (int64_t i = 0; status == RG_OK && i < head->panels; i++)
        pack_panel(call, head, factors, i);
    free(factors);
    return status;
}

/* The sum of a vector's lanes in every lane. */
ALWAYS __m256i sum_of(__m256i v) {
    v = _mm256_add_epi32(v, _mm256_permute4x64_epi64(v, 0x4e));
    v = _mm256_add_epi32(v, _mm256_shuffle_epi32(v, 0x4e));
    return _mm256_add_epi32(v, _mm256_shuffle_epi32(v, 0xb1));
}

/* The last `n` < 16 of the row's bytes, of which at least 16 are there, and zeros. */
ALWAYS __m256i widen_rest(const pack_head *head, const int8_t *in, int64_t n) {
    static const int8_t slide[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                     11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1,
                                     -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    __m128i order = _mm_loadu_si128((const __m128i *)(slide + 16 - n));
    __m128i last = _mm_loadu_si128((const __m128i *)(in + head->k - 16));
    last = _mm_xor_si128(last, _mm_set1_epi8((char)head->bytes.flip));
    __m256i x = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(last, order));
    x = _mm256_sub_epi16(x, _mm256_set1_epi16(head->bytes.zero_x));
    return _mm256_andnot_si256(_mm256_srai_epi16(_mm256_cvtepi8_epi16(order), 15), x);
}

/* The row as distances, zeros behind it up to a whole vector; their sum in every lane. */
static inline __m256i widen_row(const pack_head *head, const int8_t *in, int16_t *x) {
    int64_t rest = head->k % 16, whole = head->k - rest;
    __m256i sum = _mm256_setzero_si256(), ones = _mm256_set1_epi16(1);
    widen(in, whole, head->bytes, x);
    if (rest && whole) {
        store(x + whole, widen_rest(head, in, rest));
    } else if (rest) {
        store(x, sum);
        widen(in, rest, head->bytes, x);
    }
    for (int64_t i = 0; i < head->k; i += 16)
        sum = _mm256_add_epi32(
            sum, _mm256_madd_epi16(_mm256_load_si256((const __m256i *)(x + i)), ones));
    return sum_of(sum);
}

/* A and B of `n` panels by name: clang keeps an array of them in memory. Two steps at a time: their
 * products meet before they join the sums. */
#define EACH_PANEL(X) X(0) X(1) X(2) X(3)
#define PANEL_TAKE(i) __m256i a##i = _mm256_setzero_si256(), b##i = a##i;
#define PANEL_STEP(i)                                                                              \
    if (i < n) {                                                                                   \
        __m256i v = _mm256_load_si256((const __m256i *)w + i);                                     \
        __m256i u = _mm256_load_si256((const __m256i *)(w + next) + i);                            \
        if (!half)                                                                                 \
            KEEP(v, u);                                                                            \
        a##i = _mm256_add_epi32(                                                                   \
            a##i, _mm256_add_epi32(_mm256_madd_epi16(x0, v), _mm256_madd_epi16(x1, u)));           \
        v = half ? v : _mm256_madd_epi16(x0, _mm256_srai_epi16(v, 8));                             \
        u = half ? u : _mm256_madd_epi16(x1, _mm256_srai_epi16(u, 8));                             \
        b##i = half ? b##i : _mm256_add_epi32(b##i, _mm256_add_epi32(v, u));                       \
        KEEP(a##i, b##i);                                                                          \
    }
#define PANEL_GIVE(i)                                                                              \
    if (i < n) {                                                                                   \
        const __m256i *bias = (const __m256i *)panel[i].bias;                                      \
        __m256i first = _mm256_sub_epi32(a##i, _mm256_slli_epi32(b##i, 8));                        \
        sum[i][0] = _mm256_add_epi32(_mm256_sub_epi32(first, low), _mm256_load_si256(bias));       \
        sum[i][1] = _mm256_add_epi32(_mm256_sub_epi32(b##i, high), _mm256_load_si256(bias + 1));   \
    }

/* Panels one after the other: a compiler that mixes them runs out of registers. */
#define KEEP(a, b) __asm__("" : "+x"(a), "+x"(b))

/* Sums of `n` panels; `low` and `high` are what A and B hold besides. `steps` is even. With `half`
 * there are no second columns. */
ALWAYS void multiply_panels(int n, bool half, const int16_t *x, const int8_t *w, int64_t steps,
                            const panel_head *panel, __m256i low, __m256i high, __m256i (*sum)[2]) {
    const int64_t next = n * STEP_BYTES;
    EACH_PANEL(PANEL_TAKE)
#pragma GCC unroll 2
    for (int64_t i = 0; i < steps; i += 2, w += 2 * next) {
        __m256i x0 = _mm256_set1_epi32(((const pair *)x)[i]);
        __m256i x1 = _mm256_set1_epi32(((const pair *)x)[i + 1]);
        for (int64_t line = 0; n > 1 && line < 2 * next; line += 64)
            _mm_prefetch((const char *)w + AHEAD_BYTES + line, _MM_HINT_T0);
        EACH_PANEL(PANEL_STEP)
    }
    EACH_PANEL(PANEL_GIVE)
}

/* Two whole panels in one vector of 32 values. */
ALWAYS void store_two(const product *pr, const panel_head *panel, const __m256i (*sum)[2],
                      int8_t *out) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i x = _mm256_packs_epi16(values(PROVEN, pr, panel, sum[0]),
                                   values(PROVEN, pr, panel + 1, sum[1]));
    x = _mm256_max_epi8(x, _mm256_set1_epi8((char)pr->out.low));
    x = _mm256_min_epi8(x, _mm256_set1_epi8((char)pr->out.high));
    x = _mm256_permutevar8x32_epi32(x, order);
    store(out, _mm256_xor_si256(x, _mm256_set1_epi8((char)pr->out.flip)));
}

ALWAYS void store_one(const product *pr, const panel_head *panel, int64_t width, __m256i (*sum)[2],
                      int8_t *out) {
    tile_at at = {.out = {out}};
    if (panel->proven)
        store_rows(1, PROVEN, pr, &at, panel, width, sum);
    else if (panel->quick)
        store_rows(1, QUICK, pr, &at, panel, width, sum);
    else
        store_any(1, pr, &at, panel, width, sum);
}

/* One panel or two, `columns` of them and of those after them are there. */
ALWAYS void store_pair(int n, const product *pr, const panel_head *panel, int64_t columns,
                       __m256i (*sum)[2], int8_t *out) {
    if (n == 2 && columns >= 2 * COLS && panel[0].proven && panel[1].proven) {
        store_two(pr, panel, (const __m256i(*)[2])sum, out);
        return;
    }
    UNROLL
    for (int i = 0; i < n; i++) {
        int64_t left = columns - i * COLS;
        store_one(pr, panel + i, left < COLS ? left : COLS, sum + i, out + i * COLS);
    }
}

/* `n` panels, the first of which is `panel`; `columns` of them are there. */
ALWAYS void run_panels(int n, bool half, const pack_head *head, const int16_t *x, __m256i total,
                       int64_t index, int8_t *out) {
    const panel_head *panel = heads_of(head) + index;
    const product *pr = &head->product;
    int64_t step, columns = head->n - index * COLS;
    __m256i high = _mm256_mullo_epi32(total, _mm256_set1_epi32(head->bytes.zero_w));
    __m256i low = _mm256_add_epi32(high, _mm256_slli_epi32(total, 7));
    __m256i sum[PANELS][2];
    multiply_panels(n, half, x, panel_weights(head, index, &step), pr->steps, panel, low, high,
                    sum);
    UNROLL
    for (int i = 0; i < n; i += 2)
        store_pair(n - i < 2 ? 1 : 2, pr, panel + i, columns - i * COLS, sum + i, out + i * COLS);
}

typedef void panels_fn(const pack_head *head, const int16_t *x, __m256i total, int64_t index,
                       int8_t *out);
#define PANELS_OF(name, n, half)                                                                   \
    static void name(const pack_head *head, const int16_t *x, __m256i total, int64_t index,        \
                     int8_t *out) {                                                                \
        run_panels(n, half, head, x, total, index, out);                                           \
    }
PANELS_OF(run_half, 1, true)
PANELS_OF(run_1, 1, false)
PANELS_OF(run_2, 2, false)
PANELS_OF(run_3, 3, false)
PANELS_OF(run_4, 4, false)
static panels_fn *const run_of[PANELS + 1] = {run_half, run_1, run_2, run_3, run_4};

/* How to run the panels from `index` on: up to PANELS, or half of one. */
static panels_fn *function_for(const pack_head *head, int64_t index) {
    int64_t left = head->panels - index;
    return run_of[left >= PANELS ? PANELS : head->n - index * COLS <= COLS / 2 ? 0 : left];
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const pack_head *head = packed;
    __m256i total = widen_row(head, in[0], scratch);
    for (int64_t index = (int64_t)first_tile * PANELS; index < (int64_t)last_tile * PANELS;
         index += PANELS)
        function_for(head, index)(head, scratch, total, index, (int8_t *)out[0] + index * COLS);
}

#define ROW(row, op_name, text)                                                                    \
    const rg_kernel rg_kernel_##row = {                                                            \
        .name = #row,                                                                              \
        .op = op_name,                                                                             \
        .isa = "avx2",                                                                             \
        .summary = text " of one row, two weights in each 16-bit lane told apart at the end",      \
        RG_KERNEL_METHODS,                                                                         \
        .scratch_bytes = scratch_bytes,                                                            \
    }

ROW(conv2d_s8_avx2_row, "conv2d_s8", "Convolution");
ROW(conv2d_u8_avx2_row, "conv2d_u8", "Convolution");
ROW(fully_connected_s8_avx2_row, "fully_connected_s8", "Matrix product");
ROW(fully_connected_u8_avx2_row, "fully_connected_u8", "Matrix product");
ROW(fully_connected_s8_s4_avx2_row, "fully_connected_s8_s4", "Matrix product");
