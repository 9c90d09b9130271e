/* test_kernels_gemm.c: fast convolutions and fully connected layers give the reference's bytes on
 * random problems of every shape, with guarded pages around what they read and write. */
#include "kernel_case.h"

/* A random problem and its memory. */
typedef struct problem {
    op_case c;
    rg_rng rng;
    void *x, *w, *bias;
    size_t x_bytes, w_bytes, bias_bytes;
    float w_scale[256];
    int32_t w_zero[256];
    char what[256];
} problem;

static int64_t pick(problem *p, int64_t low, int64_t high) {
    return low + (int64_t)(rg_rng_next(&p->rng) % (uint64_t)(high - low + 1));
}

static float real(problem *p, float low, float high) {
    return low + (high - low) * (float)(rg_rng_next(&p->rng) >> 40) * 0x1p-24f;
}

/* Random elements; in one of four problems only the extremes. */
static void fill(problem *p, rg_dtype dtype, void *ret, size_t bytes) {
    bool ends = pick(p, 0, 3) == 0;
    for (size_t i = 0; dtype != RG_DTYPE_FLOAT32 && i < bytes; i++) {
        uint8_t v = (uint8_t)pick(p, 0, 255);
        ((uint8_t *)ret)[i] =
            ends ? (uint8_t)(v & 1 ? 0x7f : 0x80) ^ (dtype == RG_DTYPE_UINT8 ? 0x80 : 0) : v;
    }
    for (size_t i = 0; dtype == RG_DTYPE_FLOAT32 && i < bytes / 4; i++)
        ((float *)ret)[i] = real(p, -2, 2);
}

static size_t bytes_of(rg_dtype dtype, rg_shape shape) {
    size_t bytes = 0;
    cr_assert_eq(rg_tensor_bytes(&shape, dtype, &bytes, NULL), RG_OK);
    return bytes;
}

/* Input, weights and bias of the given shapes; quantization drawn. */
static void tensors(problem *p, rg_dtype dtype, rg_shape x, rg_shape w, int32_t out_c,
                    int64_t depth) {
    bool front = pick(p, 0, 1), whole = dtype != RG_DTYPE_FLOAT32;
    bool u8 = dtype == RG_DTYPE_UINT8, channels = whole && !u8 && pick(p, 0, 1);
    int low = u8 ? 0 : -128;
    float scale = whole ? real(p, 0.001f, 0.1f) : 0;
    p->x_bytes = bytes_of(dtype, x), p->w_bytes = bytes_of(dtype, w);
    p->bias_bytes = 4 * (size_t)out_c;
    p->x = guarded(p->x_bytes, front), p->w = guarded(p->w_bytes, front);
    p->bias = guarded(p->bias_bytes, front);
    fill(p, dtype, p->x, p->x_bytes);
    fill(p, dtype, p->w, p->w_bytes);
    op_case_in(&p->c, dtype, x, p->x, scale, whole ? (int32_t)pick(p, low, low + 255) : 0);
    op_case_in(&p->c, dtype, w, p->w, scale, u8 ? (int32_t)pick(p, 0, 255) : 0);
    if (channels) {
        for (int c = 0; c < out_c; c++)
            p->w_scale[c] = real(p, 0.0001f, 0.02f), p->w_zero[c] = 0;
        p->c.in[1].quant = (rg_quant){(uint32_t)out_c, p->w_scale, p->w_zero, 0};
    }
    for (int c = 0; c < out_c; c++)
        if (whole)
            ((int32_t *)p->bias)[c] = (int32_t)pick(p, -30000, 30000) * (int32_t)depth;
        else
            ((float *)p->bias)[c] = real(p, -4, 4);
    if (pick(p, 0, 3))
        op_case_in(&p->c, whole ? RG_DTYPE_INT32 : RG_DTYPE_FLOAT32, SHAPE(out_c), p->bias, 0, 0);
}

static const char *activation(problem *p) {
    static const char *const words[] = {"activation=none", "activation=relu", "activation=relu6",
                                        "activation=relu_n1_to_1"};
    return words[pick(p, 0, 3)];
}

static void output(problem *p, rg_dtype dtype, rg_shape shape, int64_t depth) {
    bool whole = dtype != RG_DTYPE_FLOAT32;
    float spread = p->c.scale[0] * p->c.scale[1] * 40 * (float)(1 + depth / 8);
    float scale = pick(p, 0, 9) ? spread * real(p, 0.05f, 4) : spread * real(p, 0.0001f, 100);
    int low = dtype == RG_DTYPE_UINT8 ? 0 : -128;
    op_case_out(&p->c, dtype, shape, whole ? scale : 0,
                whole ? (int32_t)pick(p, low, low + 255) : 0);
}

static void done(problem *p) {
    guarded_free(p->x, p->x_bytes);
    guarded_free(p->w, p->w_bytes);
    guarded_free(p->bias, p->bias_bytes);
}

static int64_t extent(int64_t in, int64_t filter, int64_t stride, int64_t dilation, bool same) {
    int64_t span = (filter - 1) * dilation + 1;
    return same ? (in + stride - 1) / stride : in < span ? 0 : (in - span) / stride + 1;
}

/* One random convolution; how many kernels took it. */
static int convolution(const char *op, rg_dtype dtype, uint64_t seed) {
    problem *p = calloc(1, sizeof *p);
    cr_assert_not_null(p);
    p->rng.state = seed;
    int64_t groups = pick(p, 0, 3) ? 1 : pick(p, 2, 3), tap_c = pick(p, 1, pick(p, 0, 1) ? 4 : 40);
    int64_t in_c = groups * tap_c, out_c = groups * pick(p, 1, pick(p, 0, 1) ? 20 : 60);
    int64_t kh = pick(p, 1, pick(p, 1, 5)), kw = pick(p, 1, pick(p, 1, 5)), n = pick(p, 1, 2);
    int64_t sh = pick(p, 1, 3), sw = pick(p, 1, 3), dh = pick(p, 1, 2), dw = pick(p, 1, 2);
    int64_t h = pick(p, 1, 14), w = pick(p, 1, 14), nth = pick(p, 0, 1);
    if (kh == 1 && pick(p, 0, 1))
        sh = sw = kw = 1;
    int64_t oh = extent(h, kh, sh, dh, nth), ow = extent(w, kw, sw, dw, nth), taken = 0;
    char words[5][32];
    snprintf(words[0], 32, "padding=%s", nth ? "same" : "valid");
    snprintf(words[1], 32, "stride_h=%d", (int)sh), snprintf(words[2], 32, "stride_w=%d", (int)sw);
    snprintf(words[3], 32, "dilation_h=%d", (int)dh);
    snprintf(words[4], 32, "dilation_w=%d", (int)dw);
    snprintf(p->what, sizeof p->what, "seed %llu, %dx%dx%dx%d, filter %dx%dx%dx%d, %s %s %s %s %s",
             (unsigned long long)seed, (int)n, (int)h, (int)w, (int)in_c, (int)out_c, (int)kh,
             (int)kw, (int)tap_c, words[0], words[1], words[2], words[3], words[4]);
    if (oh > 0 && ow > 0) {
        tensors(p, dtype, SHAPE(n, h, w, in_c), SHAPE(out_c, kh, kw, tap_c), (int32_t)out_c,
                kh * kw * tap_c);
        output(p, dtype, SHAPE(n, oh, ow, out_c), kh * kw * tap_c);
        op_case_params(&p->c, op, words[0], words[1], words[2], words[3], words[4], activation(p),
                       NULL);
        taken = kernel_case_check(&p->c, seed & 1, p->what);
        done(p);
    }
    free(p);
    return (int)taken;
}

static int rows(const char *op, rg_dtype dtype, uint64_t seed) {
    problem *p = calloc(1, sizeof *p);
    cr_assert_not_null(p);
    p->rng.state = seed;
    int64_t m = pick(p, 1, pick(p, 0, 1) ? 8 : 40), k = pick(p, 1, pick(p, 0, 1) ? 20 : 300);
    int64_t n = pick(p, 1, pick(p, 0, 1) ? 20 : 200);
    snprintf(p->what, sizeof p->what, "seed %llu, %dx%d times %d", (unsigned long long)seed, (int)m,
             (int)k, (int)n);
    tensors(p, dtype, SHAPE(m, k), SHAPE(n, k), (int32_t)n, k);
    if (dtype == RG_DTYPE_INT8 && p->c.in[1].quant.n == 1)
        p->c.zero[1] = (int32_t)(pick(p, 0, 1) ? 0 : pick(p, -128, 127));
    output(p, dtype, SHAPE(m, n), k);
    op_case_params(&p->c, op, activation(p), NULL);
    int taken = kernel_case_check(&p->c, seed & 1, p->what);
    done(p);
    free(p);
    return taken;
}

/* One random stack of products; both sides come at run time. */
static int stacks(const char *op, rg_dtype dtype, uint64_t seed) {
    problem *p = calloc(1, sizeof *p);
    cr_assert_not_null(p);
    p->rng.state = seed;
    int64_t m = pick(p, 1, pick(p, 0, 1) ? 8 : 120), k = pick(p, 1, pick(p, 0, 1) ? 20 : 150);
    int64_t n = pick(p, 1, pick(p, 0, 1) ? 20 : 100), deep = pick(p, 1, 3), one = pick(p, 0, 1);
    bool adj_x = pick(p, 0, 1), adj_y = pick(p, 0, 1);
    char words[2][32];
    snprintf(words[0], 32, "adj_x=%s", adj_x ? "true" : "false");
    snprintf(words[1], 32, "adj_y=%s", adj_y ? "true" : "false");
    snprintf(p->what, sizeof p->what, "seed %llu, %d of %dx%d times %d, %s %s",
             (unsigned long long)seed, (int)deep, (int)m, (int)k, (int)n, words[0], words[1]);
    rg_shape y = one     ? adj_y ? SHAPE(n, k) : SHAPE(k, n)
                     : adj_y ? SHAPE(deep, n, k)
                         : SHAPE(deep, k, n);
    tensors(p, dtype, adj_x ? SHAPE(deep, k, m) : SHAPE(deep, m, k), y, 1, k);
    p->c.n_in = 2;
    p->c.in[1].quant = (rg_quant){1, &p->c.scale[1], &p->c.zero[1], 0};
    p->c.zero[1] = (int32_t)pick(p, -128, 127);
    output(p, dtype, SHAPE(deep, m, n), k);
    op_case_params(&p->c, op, words[0], words[1], NULL);
    int taken = kernel_case_check(&p->c, seed & 1, p->what);
    done(p);
    free(p);
    return taken;
}

enum { CASES = 300 };

/* Aloud where this machine has no fast kernel of the operator. */
static void prove(const char *op, rg_dtype dtype, int (*one)(const char *, rg_dtype, uint64_t)) {
    int taken = 0;
    for (uint64_t seed = 1; seed <= CASES; seed++)
        taken += one(op, dtype, seed * 7919);
    if (taken == 0)
        cr_skip_test("no kernel of %s runs on this machine", op);
}

Test(fast_conv2d, int8_gives_the_bytes_of_the_reference) {
    prove("conv2d_s8", RG_DTYPE_INT8, convolution);
}

Test(fast_conv2d, uint8_gives_the_bytes_of_the_reference) {
    prove("conv2d_u8", RG_DTYPE_UINT8, convolution);
}

Test(fast_fully_connected, int8_gives_the_bytes_of_the_reference) {
    prove("fully_connected_s8", RG_DTYPE_INT8, rows);
}

Test(fast_fully_connected, uint8_gives_the_bytes_of_the_reference) {
    prove("fully_connected_u8", RG_DTYPE_UINT8, rows);
}

Test(fast_conv2d, float32_gives_the_bytes_of_the_reference) {
    prove("conv2d_f32", RG_DTYPE_FLOAT32, convolution);
}

Test(fast_fully_connected, float32_gives_the_bytes_of_the_reference) {
    prove("fully_connected_f32", RG_DTYPE_FLOAT32, rows);
}

Test(fast_batch_matmul, int8_gives_the_bytes_of_the_reference) {
    prove("batch_matmul_s8", RG_DTYPE_INT8, stacks);
}
