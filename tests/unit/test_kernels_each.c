/* test_kernels_each.c: kernels of two bytes give the reference's byte for every pair of bytes,
 * under scales that are hard on them: decimal ones, whose ties the reference's inner roundings
 * break, equal ones, and far ones. Every kernel of the operator that this CPU runs is asked. */
#include "tests/unit/op_case.h"

#include "bench/iface/kernel.h"
#include "kernels/each/fake.h"

enum { PAIRS = 65536 };

static int8_t left[PAIRS], right[PAIRS], truth[PAIRS], answer[PAIRS];

static void all_pairs(void) {
    for (int i = 0; i < PAIRS; i++) {
        left[i] = (int8_t)(i >> 8);
        right[i] = (int8_t)i;
    }
}

/* Runs one kernel over all pairs, its tiles from the last to the first. */
static void run_kernel(const rg_kernel *kernel, op_case *c) {
    const void *in[2] = {left, right};
    void *out[1] = {answer};
    rg_op_call call = op_case_call(c);
    size_t bytes = (kernel->packed_bytes(&call) + 63) / 64 * 64;
    void *packed = aligned_alloc(64, bytes);
    cr_assert_not_null(packed);
    memset(packed, 0, bytes);
    cr_assert_eq(kernel->pack(&call, packed, &c->err), RG_OK, "%s", c->err.what);
    for (size_t tile = kernel->tiles(&call); tile-- > 0;)
        kernel->run(&call, packed, in, out, tile, tile + 1, NULL);
    free(packed);
}

static void expect_all_pairs(const char *name, const char *activation, const float scale[3],
                             const int32_t zero[3]) {
    op_case c = {0};
    bool is_unsigned = strstr(name, "_u8") != NULL;
    rg_dtype type = is_unsigned ? RG_DTYPE_UINT8 : RG_DTYPE_INT8;
    int32_t up = is_unsigned ? 128 : 0; /* of the zero points */
    all_pairs();
    op_case_params(&c, name, activation, (const char *)NULL);
    op_case_in(&c, type, SHAPE(PAIRS), left, scale[0], zero[0] + up);
    op_case_in(&c, type, SHAPE(PAIRS), right, scale[1], zero[1] + up);
    op_case_out(&c, type, SHAPE(PAIRS), scale[2], zero[2] + up);
    op_case_run(&c, truth);
    for (size_t i = 0; rg_kernels[i]; i++) {
        const rg_kernel *kernel = rg_kernels[i];
        if (strcmp(kernel->op, name) || !rg_isa_runs(rg_isa_find(kernel->isa), rg_isa_present()))
            continue;
        memset(answer, 0, sizeof answer);
        run_kernel(kernel, &c);
        for (int k = 0; k < PAIRS; k++)
            cr_assert_eq(answer[k], truth[k], "%s of %d and %d is %d, not %d", kernel->name,
                         left[k], right[k], answer[k], truth[k]);
    }
}

static const float scales[][3] = {
    {0.0235f, 0.0191f, 0.0402f}, {0.0191f, 0.0235f, 0.0402f}, {0.5f, 0.5f, 1.0f},
    {0.03f, 0.02f, 0.05f},       {1.0f, 0.001f, 0.7f},        {0.02f, 0.02f, 0.0001f},
};
static const int32_t zeros[][3] = {{3, 7, -5}, {-128, 127, 0}, {0, 0, -128}};

static void expect_under_all_scales(const char *name) {
    for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++) {
        for (size_t z = 0; z < sizeof zeros / sizeof zeros[0]; z++) {
            expect_all_pairs(name, "activation=none", scales[s], zeros[z]);
            expect_all_pairs(name, "activation=relu6", scales[s], zeros[z]);
        }
    }
}

Test(kernels_each, every_sum_of_two_bytes_is_the_reference_s) {
    expect_under_all_scales("add_s8");
    expect_under_all_scales("add_u8");
}

Test(kernels_each, every_difference_of_two_bytes_is_the_reference_s) {
    expect_under_all_scales("sub_s8");
    expect_under_all_scales("sub_u8");
}

Test(kernels_each, every_product_of_two_bytes_is_the_reference_s) {
    expect_under_all_scales("mul_s8");
    expect_under_all_scales("mul_u8");
}

/* What is asked at load is all that the proofs of sums and products stand on. */
Test(kernels_each, the_pairs_that_proofs_ask_for_are_all_there_are) {
    memset(left, 0x55, sizeof left);
    memset(right, 0x55, sizeof right);
    rg_fake_pairs(left, right);
    for (int i = 0; i < PAIRS; i++)
        cr_assert(left[i] == (int8_t)(i >> 8) && right[i] == (int8_t)i, "pair %d is %d and %d", i,
                  left[i], right[i]);
}
