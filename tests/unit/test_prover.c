/* test_prover.c: agreement with the reference by hand-worked numbers, inputs, the cache file, and
 * lines between processes. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/run/agree.h"
#include "bench/run/job.h"
#include "bench/run/prover.h"
#include "bench/run/workload.h"

static const float half = 0.5f;
static const int32_t zero_point = -3;

static rg_tensor int8_tensor(int n) {
    return (rg_tensor){.name = "t",
                       .dtype = RG_DTYPE_INT8,
                       .shape = {1, {n}},
                       .quant = {1, &half, &zero_point, 0},
                       .bytes = (size_t)n};
}

static rg_tensor float_tensor(int n) {
    return (rg_tensor){
        .name = "f", .dtype = RG_DTYPE_FLOAT32, .shape = {1, {n}}, .bytes = 4 * (size_t)n};
}

Test(agree, equal_outputs_are_exact_and_have_no_noise) {
    rg_tensor t = int8_tensor(4);
    const int8_t a[] = {1, 2, 3, 4};
    rg_agreement agreement = RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 1, true, a, a);
    cr_assert(agreement.ok && agreement.exact && agreement.top1);
    cr_assert_eq(agreement.differing, 0);
    cr_assert_eq(agreement.elements, 4);
    cr_assert(isinf(rg_agreement_sqnr_db(&agreement)));
    cr_assert_float_eq(rg_agreement_cosine(&agreement), 1, 1e-12);
}

/* Real values are 0.5 (q + 3): 2 2.5 3 3.5 against 2 2.5 3 4. Error power 0.25, signal power
 * 4 + 6.25 + 9 + 12.25 = 31.5: 10 log10(126) = 21.0037 dB. */
Test(agree, works_in_units_of_the_output) {
    rg_tensor t = int8_tensor(4);
    const int8_t a[] = {1, 2, 3, 4}, b[] = {1, 2, 3, 5};
    rg_agreement agreement = RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 1, false, a, b);
    cr_assert_eq(agreement.differing, 1);
    cr_assert_float_eq(agreement.max_abs, 0.5, 0);
    cr_assert_float_eq(rg_agreement_sqnr_db(&agreement), 21.0037, 1e-4);
    cr_assert(agreement.ok, "above 20 dB, with the same winner");
    cr_assert_not(agreement.exact);
}

Test(agree, one_bit_is_wrong_where_arithmetic_is_defined) {
    rg_tensor t = int8_tensor(4);
    const int8_t a[] = {100, 2, 3, 4}, b[] = {100, 2, 3, 5};
    rg_agreement agreement = RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 1, true, a, b);
    cr_assert_not(agreement.ok);
    cr_assert_str_eq(agreement.why, "1 of 4 elements differ, by at most 0.5");
}

/* 1 and 14 steps above zero against 3 and 13: 14 dB in real values, yet nothing but rounding. All
 * zero is more than that. */
Test(agree, probabilities_of_a_few_steps_are_judged_by_steps) {
    static const int32_t lowest = -128;
    rg_tensor t = int8_tensor(4);
    const int8_t a[] = {-127, -114, -128, -128}, b[] = {-125, -115, -126, -126};
    const int8_t none[] = {-128, -128, -128, -128};
    rg_agreement few = RG_AGREEMENT_INIT, empty = RG_AGREEMENT_INIT;
    t.quant.zero_point = &lowest;
    rg_agree_output(&few, &t, 1, false, a, b);
    rg_agree_output(&empty, &t, 1, false, a, none);
    cr_assert(rg_agreement_sqnr_db(&few) < 20 && few.ok, "%s", few.why);
    cr_assert_not(empty.ok);
}

/* 1 1 1 1 against 1 1 1 0.9: 10 log10(4 / 0.01) = 26 dB: too much for floats, not for what came
 * through int8. */
Test(agree, floats_that_come_out_of_int8_carry_its_noise) {
    const float a[] = {1, 1, 1, 1}, b[] = {1, 1, 1, 0.9f};
    rg_tensor tensors[] = {int8_tensor(4), float_tensor(4)};
    rg_graph graph = {.n_tensors = 2, .tensors = tensors};
    rg_agreement as_floats = RG_AGREEMENT_INIT, as_int8 = RG_AGREEMENT_INIT, exact = as_floats;
    cr_assert_eq(rg_agree_through(&graph), RG_DTYPE_INT8);
    as_int8.through = exact.through = rg_agree_through(&graph);
    rg_agree_output(&as_floats, &tensors[1], 1, false, a, b);
    rg_agree_output(&as_int8, &tensors[1], 1, false, a, b);
    rg_agree_output(&exact, &tensors[1], 1, true, a, b);
    cr_assert_not(as_floats.ok);
    cr_assert_str_eq(as_floats.why, "SQNR is 26.0 dB, the limit is 30 dB");
    cr_assert(as_int8.ok, "%s", as_int8.why);
    cr_assert_not(exact.ok);
    graph.tensors = &tensors[1];
    graph.n_tensors = 1;
    cr_assert_eq(rg_agree_through(&graph), RG_DTYPE_FLOAT32);
}

Test(agree, another_winner_is_wrong_even_at_low_noise) {
    rg_tensor t = float_tensor(3);
    const float a[] = {1, 0.9f, -1}, b[] = {0.97f, 0.98f, -1};
    rg_agreement agreement = RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 1, false, a, b);
    cr_assert_not(agreement.ok);
    cr_assert_not(agreement.top1);
}

Test(agree, near_ties_of_the_winner_are_forgiven) {
    rg_tensor t = float_tensor(3);
    const float a[] = {1, 0.99f, -1}, b[] = {0.994f, 0.996f, -1};
    rg_agreement agreement = RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 1, false, a, b);
    cr_assert(agreement.ok, "%s", agreement.why);
    cr_assert_not(agreement.top1, "but the record says so");
}

Test(agree, nan_in_place_of_a_number_is_wrong) {
    rg_tensor t = float_tensor(2);
    const float a[] = {1, 2}, b[] = {1, NAN};
    rg_agreement agreement = RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 1, true, a, b);
    cr_assert_not(agreement.ok);
}

/* A masked first element, as attention has it, takes nothing from who wins after it. */
Test(agree, infinities_on_both_sides_leave_the_winner_to_the_others) {
    rg_tensor t = float_tensor(3);
    const float a[] = {-INFINITY, 5, -7}, b[] = {-INFINITY, 5, -7.001f};
    const float c[] = {-INFINITY, -7, 5}, top[] = {1, INFINITY, 2};
    rg_agreement agreement = RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 1, false, a, b);
    cr_assert(agreement.ok && agreement.top1, "%s", agreement.why);
    agreement = (rg_agreement)RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 1, false, a, c);
    cr_assert_not(agreement.ok || agreement.top1);
    agreement = (rg_agreement)RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 1, false, (const float[]){-2, -3, INFINITY}, top);
    cr_assert_not(agreement.ok || agreement.top1, "two infinities in other places");
    agreement = (rg_agreement)RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 1, true, top, top);
    cr_assert(agreement.ok && agreement.top1 && agreement.exact);
}

Test(agree, judges_each_sample_of_a_batch) {
    rg_tensor t = int8_tensor(2);
    const int8_t a[] = {1, 9, 9, 1}, b[] = {1, 9, 1, 9};
    rg_agreement agreement = RG_AGREEMENT_INIT;
    rg_agree_output(&agreement, &t, 2, false, a, b);
    cr_assert_not(agreement.ok);
    cr_assert_eq(agreement.elements, 4);
    cr_assert_eq(agreement.differing, 2);
}

Test(limits, every_type_has_a_row_for_both_kinds_of_target) {
    for (int d = 0; d < RG_DTYPE_COUNT; d++) {
        const rg_agree_limit *exact = rg_agree_limit_for(true, (rg_dtype)d);
        const rg_agree_limit *other = rg_agree_limit_for(false, (rg_dtype)d);
        cr_assert(exact->bit_exact || exact->min_sqnr_db > 0, "%s", rg_dtype_word((rg_dtype)d));
        cr_assert(other->bit_exact || other->min_sqnr_db > 0, "%s", rg_dtype_word((rg_dtype)d));
    }
}

/* --- the model without operators, its inputs and its reference ------------------------------- */

Test(workload, empty_hands_bytes_through_and_refuses_nonsense) {
    rg_loaded loaded;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_loaded_open("e", "empty:16", &loaded, &err), RG_OK);
    cr_assert_eq(rg_graph_check(loaded.workload.graph, &err), RG_OK, "%s", err.what);
    cr_assert_eq(loaded.workload.graph->tensors[0].bytes, 16);
    rg_loaded_close(&loaded);
    cr_assert_eq(rg_loaded_open("e", "empty:-1", &loaded, &err), RG_USAGE);
    cr_assert_eq(rg_loaded_open("e", "empty:1x", &loaded, &err), RG_USAGE);
    rg_loaded_close(&loaded);
}

Test(inputs, follow_the_seed_and_the_zero_point) {
    rg_loaded loaded;
    int8_t one[32], two[32];
    rg_input_set set = {"random", 20250101, 2};
    cr_assert_eq(rg_loaded_open("e", "empty:16", &loaded, NULL), RG_OK);
    const rg_graph *graph = loaded.workload.graph;
    cr_assert_eq(rg_inputs_fill(graph, 0, &set, one, sizeof one, NULL), RG_OK);
    cr_assert_eq(rg_inputs_fill(graph, 0, &set, two, sizeof two, NULL), RG_OK);
    cr_assert_arr_eq(one, two, sizeof one);
    cr_assert(memcmp(one, one + 16, 16), "samples of a batch differ");
    rg_rng rng = rg_rng_seeded(20250101);
    cr_assert_eq(one[0], (int8_t)(rg_rng_next(&rng) >> 56), "the conformance generator");
    set.kind = "zero";
    cr_assert_eq(rg_inputs_fill(graph, 0, &set, one, sizeof one, NULL), RG_OK);
    cr_assert_eq(one[31], 0);
    cr_assert_eq(rg_inputs_fill(graph, 0, &set, one, 31, NULL), RG_UNSUPPORTED);
    rg_loaded_close(&loaded);
}

Test(reference, comes_back_from_its_file_and_damage_is_noticed) {
    char dir[] = "/tmp/railgauge-test-XXXXXX";
    cr_assert(mkdtemp(dir));
    rg_arena *arena = rg_arena_new(0);
    char *path = rg_fs_join(arena, dir, "reference");
    rg_loaded loaded;
    rg_err err = RG_ERR_INIT;
    rg_input_set set = {"random", 7, 2};
    rg_reference reference;
    cr_assert_eq(rg_loaded_open("e", "empty:16", &loaded, &err), RG_OK);
    const rg_graph *graph = loaded.workload.graph;
    cr_assert_eq(rg_reference_read(arena, graph, 2, path, &reference, &err), RG_ABSENT);
    cr_assert_eq(rg_reference_make(graph, &set, path, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_reference_read(arena, graph, 2, path, &reference, &err), RG_OK, "%s", err.what);
    int8_t in[32];
    rg_inputs_fill(graph, 0, &set, in, sizeof in, NULL);
    rg_io io = {.n_out = 1, .out = {in}, .out_bytes = {sizeof in}};
    rg_agreement agreement;
    cr_assert_eq(rg_reference_compare(graph, &reference, &io, 2, true, &agreement, &err), RG_OK);
    in[5] ^= 1;
    cr_assert_eq(rg_reference_compare(graph, &reference, &io, 2, true, &agreement, &err), RG_WRONG);
    io.out_bytes[0] = 31;
    cr_assert_eq(rg_reference_compare(graph, &reference, &io, 2, true, &agreement, &err), RG_WRONG);
    FILE *file = fopen(path, "r+");
    fseek(file, -1, SEEK_END);
    fputc(in[31] ^ 1, file);
    fclose(file);
    cr_assert_eq(rg_reference_read(arena, graph, 2, path, &reference, &err), RG_BAD_DATA);
    rg_loaded_close(&loaded);
    rg_arena_free(arena);
    rg_fs_remove_tree(dir, NULL);
}

/* --- lines ----------------------------------------------------------------------------------- */

Test(lines, arrive_whole_however_they_are_cut) {
    int ends[2];
    rg_lines lines = {0};
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    cr_assert_eq(write(ends[0], "{\"a\":1}\n{\"b\"", 12), 12);
    cr_assert_eq(rg_lines_fill(&lines, ends[1]), RG_OK);
    cr_assert_str_eq(rg_lines_next(&lines), "{\"a\":1}");
    cr_assert_null(rg_lines_next(&lines));
    cr_assert_eq(write(ends[0], ":2}\n", 4), 4);
    cr_assert_eq(rg_lines_fill(&lines, ends[1]), RG_OK);
    cr_assert_str_eq(rg_lines_next(&lines), "{\"b\":2}");
    close(ends[0]);
    cr_assert_eq(rg_lines_fill(&lines, ends[1]), RG_ABSENT);
    close(ends[1]);
    rg_lines_free(&lines);
}

Test(job, survives_the_trip_as_json) {
    json_t *request = json_loads("{\"name\":\"t\",\"seed\":3,\"cells\":[{\"file\":\"empty:8\","
                                 "\"target\":\"sim\",\"options\":{\"latency\":\"2ms\"}}]}",
                                 0, NULL);
    rg_plan *plan = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_plan_build(request, &plan, &err), RG_OK, "%s", err.what);
    const char *const rails[] = {"sim", NULL}, *const counters[] = {"cycles", NULL};
    rg_job job = {.kind = RG_JOB_MEASURE,
                  .cell = plan->cells[0],
                  .round = 4,
                  .path = "empty:8",
                  .power = true,
                  .idle_ns = 12,
                  .rails = rails,
                  .counters = counters,
                  .seed = UINT64_C(0x7fffffffffffffff)},
           back;
    json_t *line = rg_job_to_json(&job);
    rg_arena *arena = rg_arena_new(0);
    cr_assert_eq(rg_job_from_json(line, arena, &back, &err), RG_OK, "%s", err.what);
    cr_assert_eq(back.kind, RG_JOB_MEASURE);
    cr_assert_str_eq(back.cell.key, job.cell.key);
    cr_assert_eq(back.round, 4);
    cr_assert_eq(back.seed, job.seed);
    cr_assert_str_eq(back.rails[0], "sim");
    cr_assert_null(back.counters[1]);
    cr_assert_null(back.reference);
    cr_assert(json_equal(back.cell.options, job.cell.options));
    json_object_set_new(line, "kind", json_string("dance"));
    cr_assert_eq(rg_job_from_json(line, arena, &back, &err), RG_BAD_DATA);
    json_decref(back.cell.options);
    json_decref(back.cell.requested);
    json_decref(line);
    json_decref(request);
    rg_arena_free(arena);
    rg_plan_free(plan);
}
