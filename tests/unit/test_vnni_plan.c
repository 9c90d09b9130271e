/* test_vnni_plan.c: what vnni_plan.c lays out and packs, read back in scalar C by its description
 * in vnni_plan.h: on any x86-64, whatever its CPU can run. The kernels themselves are held against
 * the reference by `railgauge verify`. */
#include "kernels/x86/vnni_plan.h"

#include "bench/core/rng.h"
#include "tests/unit/op_case.h"

static const rg_vnni_width widths[] = {{16, 4}, {8, 3}};

/* One column of a packed call. */
typedef struct column {
    const rg_vnni_plan *p;
    const uint8_t *weights, *constants; /* of its lane */
    int64_t step, lane;
} column;

static uint64_t constant(const column *c, rg_vnni_constant which, size_t bytes, int64_t lane) {
    uint64_t v = 0;
    memcpy(&v, c->constants + which * c->step + (int64_t)bytes * lane, bytes);
    return v;
}

static column column_at(const rg_vnni_plan *p, const uint8_t *packed, int64_t channel) {
    int64_t group = channel / p->columns, at = channel % p->columns, block = 0;
    while (block + 1 < p->blocks && rg_vnni_block_at(p, block + 1) <= at / p->lanes)
        block++;
    int64_t first = rg_vnni_block_at(p, block);
    int64_t end = block + 1 < p->blocks ? rg_vnni_block_at(p, block + 1) : p->vectors;
    column c = {.p = p, .step = (end - first) * p->lanes * 4, .lane = at % p->lanes};
    c.weights = packed + p->at_blocks + (size_t)(group * p->vectors + first) * p->vector_bytes +
                (at / p->lanes - first) * p->lanes * 4;
    c.constants = c.weights + p->packed_quads * c.step;
    return c;
}

/* The formula of vnni_plan.h in 64 bits. */
static int32_t rounded(const column *c, uint32_t u) {
    bool odd = c->lane % 2;
    uint64_t twice = constant(c, odd ? RG_VNNI_ODD : RG_VNNI_EVEN, 4, c->lane - odd);
    uint64_t add = constant(c, odd ? RG_VNNI_C_ODD : RG_VNNI_C_EVEN, 8, c->lane / 2);
    uint32_t high = (uint32_t)((u * twice + add) >> 32) + (u >> 31);
    return (int32_t)high >> constant(c, RG_VNNI_SHIFT, 4, c->lane);
}

/* The byte under tap `k` of segment `s` of an output pixel, unsigned; the zero point off the image.
 */
static uint8_t byte_at(const rg_vnni_plan *p, const uint8_t *in, int64_t group, int64_t pixel,
                       int64_t s, int64_t k) {
    int64_t row = pixel / p->x.out, across = p->joint ? 1 : p->x.filter;
    int64_t y = row % p->y.out * p->y.stride - p->y.pad + s / across * p->y.dilation;
    int64_t x =
        pixel % p->x.out * p->x.stride - p->x.pad + (s % across + k / p->tap_c) * p->x.dilation;
    if (y < 0 || y >= p->y.in || x < 0 || x >= p->x.in)
        return p->fill ^ p->flip_in;
    return in[row / p->y.out * p->image_bytes + y * p->row_bytes + x * p->in_c + group * p->tap_c +
              k % p->tap_c] ^
           p->flip_in;
}

static uint8_t output_at(const rg_vnni_plan *p, const uint8_t *packed, const uint8_t *in,
                         int64_t pixel, int64_t channel) {
    column c = column_at(p, packed, channel);
    const int64_t *strip = (const int64_t *)(const void *)(packed + p->at_strip);
    uint32_t u = (uint32_t)constant(&c, RG_VNNI_START, 4, c.lane), bytes = 0;
    for (int64_t s = 0; s < p->segments; s++) {
        for (int64_t k = 0; k < p->segment_bytes; k++) {
            int64_t at = strip[s] + k;
            uint8_t x = byte_at(p, in, channel / p->columns, pixel, s, k);
            u += (uint32_t)(x * (int8_t)c.weights[at / 4 * c.step + 4 * c.lane + at % 4]);
            bytes += x;
        }
    }
    u -= (uint32_t)p->zero_weights * bytes;
    int32_t v = rounded(&c, u) + p->zero;
    return (uint8_t)(v < p->low ? p->low : v > p->high ? p->high : v) ^ p->flip_out;
}

/* Packs the case for both widths, computes it from what was packed, compares with the reference. */
static void expect_same(op_case *c) {
    uint8_t *ret = malloc(c->out.bytes);
    op_case_run(c, ret);
    rg_op_call call = op_case_call(c);
    cr_assert(rg_vnni_suits(&call));
    for (size_t w = 0; w < 2; w++) {
        rg_vnni_plan lay;
        rg_vnni_lay(&call, &widths[w], &lay);
        uint8_t *packed = aligned_alloc(64, (lay.bytes + 63) / 64 * 64);
        memset(packed, 0, lay.bytes);
        cr_assert_eq(rg_vnni_pack(&call, &widths[w], packed, NULL), RG_OK);
        const rg_vnni_plan *p = (const rg_vnni_plan *)(const void *)packed;
        cr_assert(p->plain, "the formula was not used");
        for (int64_t i = 0; i < p->pixels * p->out_c; i++)
            cr_assert_eq(output_at(p, packed, c->in[0].data, i / p->out_c, i % p->out_c), ret[i],
                         "width %zu, element %lld", w, (long long)i);
        free(packed);
    }
    free(ret);
}

static void fill(void *data, size_t n, uint64_t seed) {
    rg_rng rng = {seed};
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)data)[i] = (uint8_t)(rg_rng_next(&rng) >> 56);
}

static int8_t in[4096], weights[8192];
static int32_t bias[512];

static void bias_within(int32_t size) {
    rg_rng rng = {77};
    for (size_t i = 0; i < sizeof bias / sizeof bias[0]; i++)
        bias[i] = (int32_t)(rg_rng_next(&rng) >> 33) % size - size / 2;
}

/* Depth 1 and a weight of 0: sums are the biases, near and far from ties. */
static void round_biases(float factor, int32_t size, int32_t zero) {
    op_case c = {0};
    bias_within(size);
    memset(weights, 0, 512);
    fill(in, 1, 3);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1), in, 1.0f, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(512, 1), weights, factor, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(512), bias, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 512), 1.0f, zero);
    op_case_params(&c, "fully_connected_s8", NULL);
    expect_same(&c);
}

Test(vnni_plan, one_shift_rounds_as_the_two_of_the_reference) {
    for (int shift = 1; shift < 26; shift++) {
        float factor = 0x1.8p0f / (float)(1 << (shift + 1)), one = 1.0f / (float)(1 << (shift + 1));
        round_biases(factor, shift < 20 ? 300 << shift : 1 << 29, 0);
        round_biases(one, shift < 20 ? 300 << shift : 1 << 29, -128);
        round_biases(one * 1.37f, 1 << 29, 5);
    }
}

static void convolve(const char *op, rg_dtype dtype, rg_shape image, rg_shape filter, rg_shape out,
                     const char *stride, const char *dilation, const char *padding) {
    op_case c = {0};
    bool legacy = dtype == RG_DTYPE_UINT8;
    char words[4][32];
    snprintf(words[0], 32, "stride_h=%s", stride);
    snprintf(words[1], 32, "stride_w=%s", stride);
    snprintf(words[2], 32, "dilation_w=%s", dilation);
    snprintf(words[3], 32, "padding=%s", padding);
    fill(in, sizeof in, 1);
    fill(weights, sizeof weights, 2);
    bias_within(20000);
    op_case_in(&c, dtype, image, in, 0.02f, legacy ? 131 : -3);
    op_case_in(&c, dtype, filter, weights, 0.01f, legacy ? 117 : 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(filter.dim[0]), bias, 0, 0);
    op_case_out(&c, dtype, out, 0.3f, legacy ? 100 : 7);
    op_case_params(&c, op, words[0], words[1], words[2], words[3], NULL);
    expect_same(&c);
}

Test(vnni_plan, three_channels_are_copied_to_dense_rows) {
    convolve("conv2d_s8", RG_DTYPE_INT8, SHAPE(1, 9, 10, 3), SHAPE(37, 3, 3, 3), SHAPE(1, 5, 5, 37),
             "2", "1", "same");
}

Test(vnni_plan, rows_of_taps_are_padded_to_quads) {
    convolve("conv2d_s8", RG_DTYPE_INT8, SHAPE(2, 6, 7, 9), SHAPE(80, 2, 3, 9), SHAPE(2, 5, 5, 80),
             "1", "1", "valid");
}

Test(vnni_plan, dilated_and_grouped_taps_are_segments) {
    convolve("conv2d_s8", RG_DTYPE_INT8, SHAPE(1, 5, 9, 14), SHAPE(34, 3, 3, 7), SHAPE(1, 5, 9, 34),
             "1", "2", "same");
}

Test(vnni_plan, zero_points_of_weights_take_sums_of_bytes) {
    convolve("conv2d_u8", RG_DTYPE_UINT8, SHAPE(1, 5, 6, 13), SHAPE(70, 3, 2, 13),
             SHAPE(1, 5, 6, 70), "1", "1", "same");
}

Test(vnni_plan, biases_beyond_the_formula_are_left_to_fixed_point) {
    op_case c = {0};
    rg_vnni_plan lay;
    bias_within(1 << 30);
    bias[7] = INT32_MAX;
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(1, 1), in, 1.0f, 0);
    op_case_in(&c, RG_DTYPE_INT8, SHAPE(512, 1), weights, 0.01f, 0);
    op_case_in(&c, RG_DTYPE_INT32, SHAPE(512), bias, 0, 0);
    op_case_out(&c, RG_DTYPE_INT8, SHAPE(1, 512), 1.0f, 0);
    op_case_params(&c, "fully_connected_s8", NULL);
    rg_op_call call = op_case_call(&c);
    rg_vnni_lay(&call, &widths[0], &lay);
    uint8_t *packed = aligned_alloc(64, (lay.bytes + 63) / 64 * 64);
    memset(packed, 0, lay.bytes);
    cr_assert_eq(rg_vnni_pack(&call, &widths[0], packed, NULL), RG_OK);
    cr_assert_not(((const rg_vnni_plan *)(const void *)packed)->plain);
    free(packed);
}
