/* test_verify.c: made-up cases are sound and repeatable, and the verifier catches kernels that are
 * wrong on purpose, each with its reason. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/registry.h"
#include "bench/run/casebuild.h"
#include "bench/run/ceilings.h"
#include "bench/run/fence.h"
#include "bench/run/kerneltime.h"
#include "bench/run/trial.h"
#include "bench/run/verify.h"
#include "tests/doubles/wrong_kernels.h"

static const rg_op *fc(void) {
    return rg_op_find("fully_connected_s8");
}

static rg_verify *prove(const rg_kernel *const *kernels, size_t n, uint64_t seed, uint32_t cases) {
    rg_verify_spec spec = {.op = fc(),
                           .set = rg_case_set_for(fc()),
                           .kernels = kernels,
                           .n_kernels = n,
                           .seed = seed,
                           .cases = cases,
                           .limit_ns = 500000000};
    rg_verify *proof = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_verify_run(&spec, &proof, &err), RG_OK, "%s", err.what);
    return proof;
}

/* The double fails with this status, and its words hold `what`. */
static void expect_caught(const rg_kernel *kernel, rg_status status, const char *what) {
    const rg_kernel *both[] = {kernel, &rg_double_right};
    rg_verify *proof = prove(both, 2, 7, 60);
    const rg_verify_fault *fault = &proof->rows[0].fault;
    cr_assert_eq(fault->status, status, "%s: %s %s", kernel->name, rg_status_word(fault->status),
                 fault->what);
    cr_assert(strstr(fault->what, what), "%s: '%s' lacks '%s'", kernel->name, fault->what, what);
    cr_assert(strstr(fault->case_text, "fully_connected_s8 in0 int8"), "%s", fault->case_text);
    cr_assert_eq(proof->rows[1].fault.status, RG_OK, "the right one: %s",
                 proof->rows[1].fault.what);
    cr_assert_eq(proof->rows[1].tried, 60, "the right one was tried %u times",
                 proof->rows[1].tried);
    free(proof);
}

Test(verify, accepts_a_right_kernel_and_the_reference) {
    const rg_kernel *kernels[] = {&rg_double_right};
    rg_verify *proof = prove(kernels, 1, 1, 40);
    cr_assert(rg_verify_ok(proof));
    cr_assert_eq(proof->rows[0].suited, 40);
    cr_assert_eq(proof->drawn, 40);
    free(proof);
}

Test(verify, catches_a_state_that_does_not_move_on) {
    const rg_op *svdf = rg_op_find("svdf_f32");
    const rg_kernel *kernels[] = {&rg_double_forgets_state};
    rg_verify_spec spec = {.op = svdf,
                           .set = rg_case_set_for(svdf),
                           .kernels = kernels,
                           .n_kernels = 1,
                           .reference = true,
                           .seed = 3,
                           .cases = 20,
                           .limit_ns = 500000000};
    rg_verify *proof = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_verify_run(&spec, &proof, &err), RG_OK, "%s", err.what);
    cr_assert_eq(proof->n_rows, 2);
    cr_assert_eq(proof->rows[0].fault.status, RG_WRONG);
    cr_assert(strstr(proof->rows[0].fault.what, "of run"), "%s", proof->rows[0].fault.what);
    cr_assert(strstr(proof->rows[0].fault.case_text, "3 runs"), "%s",
              proof->rows[0].fault.case_text);
    cr_assert_eq(proof->rows[1].fault.status, RG_OK, "the reference: %s",
                 proof->rows[1].fault.what);
    free(proof);
}

Test(verify, catches_one_output_that_is_off_by_one) {
    expect_caught(&rg_double_rounds_once, RG_WRONG, "1 of");
}

Test(verify, catches_a_byte_read_behind_an_input) {
    expect_caught(&rg_double_reads_behind, RG_FAILED, "SIGSEGV at byte 0 behind input 0");
}

Test(verify, catches_a_byte_read_before_the_weights) {
    expect_caught(&rg_double_reads_before, RG_FAILED, "SIGSEGV at 1 bytes before input 1");
}

Test(verify, catches_a_byte_read_behind_packed_weights) {
    expect_caught(&rg_double_reads_packed, RG_FAILED, "SIGSEGV at byte 0 behind packed");
}

Test(verify, catches_a_byte_written_behind_an_output) {
    expect_caught(&rg_double_writes_behind, RG_FAILED, "SIGSEGV at byte 0 behind output 0");
}

Test(verify, catches_an_input_that_is_written_and_restored) {
    expect_caught(&rg_double_writes_input, RG_FAILED, "SIGSEGV at byte 0 of input 0");
}

Test(verify, catches_packed_weights_that_are_written_while_running) {
    expect_caught(&rg_double_writes_packed, RG_FAILED, "SIGSEGV at byte 0 of packed");
}

Test(verify, catches_an_output_that_is_never_written) {
    expect_caught(&rg_double_skips_tail, RG_WRONG, "never written");
}

Test(verify, catches_what_is_right_only_in_one_piece) {
    expect_caught(&rg_double_first_only, RG_WRONG, "expected");
}

Test(verify, catches_trust_in_the_contents_of_scratch) {
    expect_caught(&rg_double_keeps_scratch, RG_WRONG, "element 0");
}

Test(verify, catches_an_instruction_that_the_cpu_lacks) {
    expect_caught(&rg_double_bad_opcode, RG_FAILED, "SIG");
}

Test(verify, catches_a_kernel_that_never_comes_back) {
    expect_caught(&rg_double_hangs, RG_FAILED, "did not come to an end");
}

Test(verify, catches_a_kernel_that_ends_the_process) {
    expect_caught(&rg_double_exits, RG_FAILED, "ended the process");
}

Test(verify, catches_what_is_wrong_for_extreme_inputs_only) {
    expect_caught(&rg_double_low_input_only, RG_WRONG, "element 0");
}

Test(verify, repeats_a_failing_case_from_its_seed_alone) {
    const rg_kernel *kernels[] = {&rg_double_rounds_once};
    rg_verify *all = prove(kernels, 1, 1000, 60);
    rg_verify *one = prove(kernels, 1, all->rows[0].fault.seed, 1);
    cr_assert_eq(one->rows[0].fault.status, RG_WRONG);
    cr_assert_str_eq(one->rows[0].fault.case_text, all->rows[0].fault.case_text);
    cr_assert_str_eq(one->rows[0].fault.what, all->rows[0].fault.what);
    cr_assert_str_eq(one->rows[0].fault.how, all->rows[0].fault.how);
    free(all);
    free(one);
}

Test(verify, counts_refused_draws_against_the_set) {
    cr_assert_not(rg_verify_refused_too_many(100, 5));
    cr_assert(rg_verify_refused_too_many(100, 6));
    cr_assert_not(rg_verify_refused_too_many(1, 1), "a single case may be refused");
}

Test(verify, names_a_bench_case_that_does_not_exist) {
    rg_verify_spec spec = {
        .op = fc(), .set = rg_case_set_for(fc()), .reference = true, .named = "gemm_0x0x0"};
    rg_verify *proof = NULL;
    cr_assert_eq(rg_verify_run(&spec, &proof, NULL), RG_USAGE);
}

/* --- cases ------------------------------------------------------------------------------------ */

Test(casebuild, gives_the_same_bytes_for_the_same_seed) {
    rg_rng a = rg_rng_seeded(5), b = rg_rng_seeded(5);
    rg_case one = {0}, two = {0};
    rg_case_set_for(fc())->draw(fc(), &a, &one);
    rg_case_set_for(fc())->draw(fc(), &b, &two);
    rg_made_case *first, *second;
    cr_assert_eq(rg_made_case_new(fc(), &one, 9, false, &first, NULL), RG_OK);
    cr_assert_eq(rg_made_case_new(fc(), &two, 9, false, &second, NULL), RG_OK);
    const rg_tensor *w = first->call->in[1], *v = second->call->in[1];
    cr_assert_eq(w->bytes, v->bytes);
    cr_assert_arr_eq(w->data, v->data, w->bytes);
    rg_made_case_free(first);
    rg_made_case_free(second);
}

/* Every set: nearly all draws are accepted, every bench case is, names differ. */
static void try_set(const rg_op *op, const rg_case_set *set) {
    uint32_t refused = 0, n = 60;
    char why[256] = "";
    for (uint32_t i = 0; i < n; i++) {
        rg_rng rng = rg_rng_seeded(i);
        rg_case c = {0};
        rg_made_case *made = NULL;
        rg_err err = RG_ERR_INIT;
        set->draw(op, &rng, &c);
        if (rg_made_case_new(op, &c, i, false, &made, &err) != RG_OK) {
            refused++;
            snprintf(why, sizeof why, "%.200s", err.what);
        }
        rg_made_case_free(made);
    }
    cr_expect_not(rg_verify_refused_too_many(n, refused), "%s: %u of %u refused: %s", op->name,
                  refused, n, why);
    rg_case before = {0};
    for (size_t i = 0;; i++) {
        rg_case c = {0};
        rg_made_case *made = NULL;
        rg_err err = RG_ERR_INIT;
        if (!set->bench || !set->bench(op, i, &c))
            break;
        rg_status status = rg_made_case_new(op, &c, i, true, &made, &err);
        cr_expect_eq(status, RG_OK, "%s %s: %s", op->name, c.name, err.what);
        cr_expect(*c.name && strcmp(c.name, before.name) != 0, "%s: case %zu", op->name, i);
        before = c;
        rg_made_case_free(made);
    }
}

Test(casebuild, every_set_draws_what_its_operators_accept) {
    for (size_t i = 0; rg_ops[i]; i++) {
        const rg_case_set *set = rg_case_set_for(rg_ops[i]);
        if (set)
            try_set(rg_ops[i], set);
    }
}

Test(casebuild, fills_the_ends_of_a_range) {
    rg_case c = {.n_in = 1, .n_out = 1};
    c.in[0] = (rg_case_tensor){.dtype = RG_DTYPE_INT8, .shape = {1, {4}}, .scale = 1};
    c.out[0] = c.in[0];
    rg_made_case *made;
    rg_err err = RG_ERR_INIT;
    rg_rng rng = rg_rng_seeded(1);
    int8_t x[4];
    cr_assert_eq(rg_made_case_new(rg_op_find("relu_s8"), &c, 1, true, &made, &err), RG_OK, "%s",
                 err.what);
    rg_made_case_fill(made, 0, RG_FILL_ALTERNATING, &rng, x);
    cr_assert(x[0] == 127 && x[1] == -128 && x[2] == 127);
    rg_made_case_fill(made, 0, RG_FILL_LOWEST, &rng, x);
    cr_assert(x[0] == -128 && x[3] == -128);
    rg_made_case_free(made);
}

Test(casebuild, tells_the_whole_case_in_one_line) {
    rg_case c = {.name = "n", .n_in = 1, .n_out = 1};
    c.in[0] = (rg_case_tensor){
        .dtype = RG_DTYPE_INT8, .shape = {2, {3, 4}}, .scale = 0.5f, .zero_point = -3};
    c.out[0] = (rg_case_tensor){.dtype = RG_DTYPE_INT8, .scale = 0.25f};
    rg_case_int(&c, "stride_h", 2);
    char text[256];
    rg_case_text(rg_op_find("relu_s8"), &c, text, sizeof text);
    cr_assert_str_eq(text, "relu_s8 n in0 int8 3x4 scale 0.5 zero -3; out0 int8 scale 0.25 zero 0; "
                           "stride_h=2");
}

Test(fence, notices_a_canary_that_was_changed) {
    rg_fence fence = {0};
    ptrdiff_t offset;
    cr_assert(rg_fence_place(&fence, RG_PLACE_ODD, 10, 1));
    memset(fence.data, 0, 10);
    cr_assert_not(rg_fence_broken(&fence, &offset));
    fence.data[10] = 0;
    cr_assert(rg_fence_broken(&fence, &offset));
    cr_assert_eq(offset, 10);
    rg_fence_free(&fence);
}

/* --- what the bench stands on ----------------------------------------------------------------- */

static rg_ceilings *measure_briefly(void) {
    uint32_t threads[] = {1};
    rg_ceilings_ask ask = {.mask = rg_isa_present(),
                           .threads = threads,
                           .n_threads = 1,
                           .block_ns = 100000,
                           .repeats = 2,
                           .brief = true};
    rg_ceilings *ceilings = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_ceilings_measure(&ask, &ceilings, &err), RG_OK, "%s", err.what);
    return ceilings;
}

Test(ceilings, know_the_best_of_a_kind_and_have_none_of_what_was_not_measured) {
    rg_ceilings *c = measure_briefly();
    cr_assert(c->n >= 3);
    cr_assert(rg_ceilings_best(c, RG_PEAK_CLOCK, NULL, 1, -1) > 1e7);
    cr_assert(isnan(rg_ceilings_best(c, RG_PEAK_CLOCK, NULL, 2, -1)));
    cr_assert(isnan(rg_ceilings_best(c, RG_PEAK_READ, "no such level", 1, 0)));
    cr_assert_eq(rg_memory_level_for(c, UINT64_MAX), RG_MEMORY_LEVELS - 1);
    json_t *document = rg_ceilings_json(c);
    cr_assert_eq(json_array_size(json_object_get(document, "figures")), c->n);
    json_decref(document);
    free(c);
}

/* Times the double and the reference on the case `gemm_7x33x65`. */
static void time_double(const rg_kernel *kernel, rg_kernel_lane *ret) {
    rg_case c = {0};
    rg_made_case *made;
    rg_truth truth;
    for (size_t i = 0; strcmp(c.name, "gemm_7x33x65") != 0; i++) {
        c = (rg_case){0};
        cr_assert(rg_case_set_for(fc())->bench(fc(), i, &c));
    }
    cr_assert_eq(rg_made_case_new(fc(), &c, 1, true, &made, NULL), RG_OK);
    cr_assert_eq(rg_truth_make(made, RG_FILL_RANDOM, 1, &truth, NULL), RG_OK);
    rg_kernel_timing timing = {made, &truth, 2, 100000};
    *ret = (rg_kernel_lane){.kernel = kernel, .threads = 2};
    cr_assert_eq(rg_kernels_time(&timing, ret, 1, NULL), RG_OK);
    rg_truth_free(&truth);
    rg_made_case_free(made);
}

Test(kernel_timing, orders_its_figures) {
    rg_kernel_lane lane;
    time_double(&rg_double_right, &lane);
    cr_assert_eq(lane.status, RG_OK, "%s", lane.what);
    cr_assert(lane.samples > 0 && lane.tried > 0 && lane.clean <= lane.tried);
    cr_assert(0 < lane.min_ns && lane.min_ns <= lane.median_ns && lane.median_ns <= lane.p95_ns);
    cr_assert(lane.packed_bytes > 0);
}

Test(kernel_timing, notices_other_bytes_on_several_threads) {
    rg_kernel_lane lane;
    time_double(&rg_double_first_only, &lane);
    cr_assert_eq(lane.status, RG_WRONG);
    cr_assert(strstr(lane.what, "2 threads"), "%s", lane.what);
    cr_assert_eq(lane.samples, 0, "what is wrong is not timed");
}
