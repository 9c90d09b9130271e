/* test_accuracy.c: shares, McNemar's test and areas against figures from the literature and by
 * hand; datasets sound and broken. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/result/accuracy.h"
#include "bench/run/dataset.h"

/* Newcombe 1998, table I: 81 of 263, and the ends. */
Test(accuracy, wilson_intervals_are_the_published_ones) {
    rg_share s = rg_share_of(81, 263);
    cr_assert_float_eq(s.low, 0.2553, 5e-5);
    cr_assert_float_eq(s.high, 0.3662, 5e-5);
    s = rg_share_of(0, 20);
    cr_assert_eq(s.low, 0);
    cr_assert_float_eq(s.high, 0.1611, 5e-5);
    s = rg_share_of(15, 148);
    cr_assert_float_eq(s.low, 0.0624, 5e-5);
    cr_assert_float_eq(s.high, 0.1605, 5e-5);
    cr_assert(isnan(rg_share_of(0, 0).value));
}

Test(accuracy, mcnemar_counts_the_samples_that_only_one_gets_right) {
    bool a[100], b[100];
    for (int i = 0; i < 100; i++) {
        a[i] = i < 80; /* 80 right */
        b[i] = i >= 6 && i < 82;
    }
    rg_paired t = rg_paired_of(a, b, 100);
    cr_assert_eq(t.only_a, 6);
    cr_assert_eq(t.only_b, 2);
    cr_assert_eq(t.both, 74);
    cr_assert_float_eq(t.difference.value, 0.04, 1e-12);
    /* 2 (1 + 8 + 28) / 2^8 */
    cr_assert_float_eq(t.p, 2 * 37.0 / 256, 1e-12);
    /* (6.5 - 2.5) / 102 -+ 1.96 sqrt(9 - 16 / 102) / 102 */
    cr_assert_float_eq(t.difference.low, 0.0392157 - 0.0571432, 1e-5);
    cr_assert_float_eq(t.difference.high, 0.0392157 + 0.0571432, 1e-5);
    t = rg_paired_of(a, a, 100);
    cr_assert_eq(t.p, 1);
    cr_assert(t.difference.low < 0 && t.difference.high > 0);
}

Test(accuracy, areas_count_pairs_and_ties_by_half) {
    const double scores[] = {0.1, 0.4, 0.35, 0.8, 0.4};
    const int labels[] = {0, 0, 1, 1, 1};
    /* of 6 pairs: 0.35 beats 0.1; 0.8 beats both; 0.4 beats 0.1 and ties: 4.5 */
    rg_share s = rg_auc(scores, labels, 5);
    cr_assert_float_eq(s.value, 4.5 / 6, 1e-12);
    /* placements: ones 1/2, 1, 3/4: variance 1/16, zeros 1, 1/2: 1/8; 1/16/3 + 1/8/2 = 1/12 */
    cr_assert_float_eq(s.low, 0.75 - 1.959964 * sqrt(1.0 / 12), 1e-6);
    cr_assert_eq(s.high, 1);
    cr_assert(isnan(rg_auc(scores, (const int[]){1, 1, 1, 1, 1}, 5).value));
    s = rg_auc(scores, (const int[]){0, 0, 0, 1, 0}, 5);
    cr_assert_eq(s.value, 1);
    cr_assert(isnan(s.low), "one of a kind has no interval");
}

Test(accuracy, equal_scores_have_no_difference_of_areas) {
    const double a[] = {0.1, 0.4, 0.35, 0.8}, b[] = {0.4, 0.1, 0.8, 0.35};
    const int labels[] = {0, 0, 1, 1};
    rg_share d;
    double p;
    cr_assert_eq(rg_auc_paired(a, a, labels, 4, &d, &p, NULL), RG_OK);
    cr_assert_eq(d.value, 0);
    cr_assert_eq(p, 1);
    cr_assert_eq(rg_auc_paired(a, b, labels, 4, &d, &p, NULL), RG_OK);
    cr_assert_float_eq(d.value, 0, 1e-12);
    cr_assert(p > 0.9);
}

Test(accuracy, a_few_samples_in_perfect_order_have_no_interval) {
    const double good[] = {0.1, 0.2, 0.8, 0.9}, bad[] = {0.9, 0.8, 0.2, 0.1};
    const double half[] = {0.3, 0.8, 0.2, 0.9};
    const int labels[] = {0, 0, 1, 1};
    rg_share s = rg_auc(good, labels, 4), d;
    double p;
    cr_assert_eq(s.value, 1);
    cr_assert(isnan(s.low) && isnan(s.high), "[%g, %g]", s.low, s.high);
    cr_assert_eq(rg_auc_paired(good, bad, labels, 4, &d, &p, NULL), RG_OK);
    cr_assert_eq(d.value, 1);
    cr_assert(isnan(d.low) && isnan(d.high) && isnan(p));
    cr_assert_eq(rg_auc_paired(half, good, labels, 4, &d, &p, NULL), RG_OK);
    cr_assert_eq(d.value, -0.5);
    cr_assert(d.low >= -1 && d.low <= d.value && d.high >= d.value, "[%g, %g]", d.low, d.high);
}

/* --- datasets --------------------------------------------------------------------------------- */

static char folder[64];

static void make(const char *labels) {
    char path[128];
    snprintf(folder, sizeof folder, "/tmp/railgauge-data-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/labels.tsv", folder);
    cr_assert_eq(rg_fs_write_atomic(path, labels, strlen(labels), NULL), RG_OK);
    static const unsigned char bytes[] = {0, 10, 20, 30, 200, 255};
    snprintf(path, sizeof path, "%s/a.bin", folder);
    cr_assert_eq(rg_fs_write_atomic(path, bytes, sizeof bytes, NULL), RG_OK);
}

Test(dataset, elements_reach_a_model_by_way_of_real_numbers) {
    make("# a remark\n#type uint8\n#scale 0.5\n#zero_point 20\n#window 4\n#stride 2\n"
         "#task anomaly\na.bin\t1\n");
    rg_dataset *d;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_dataset_open(folder, &d, &err), RG_OK, "%s", err.what);
    cr_assert_eq(d->n_samples, 1);
    cr_assert_eq(d->samples[0].label, 1);
    rg_sample_data data;
    cr_assert_eq(rg_dataset_read(d, &d->samples[0], &data, &err), RG_OK, "%s", err.what);
    float scale = 0.25f;
    int32_t zero = -8;
    rg_tensor t = {.name = "in", .dtype = RG_DTYPE_INT8, .shape = {2, {1, 4}}, .bytes = 4};
    t.quant = (rg_quant){1, &scale, &zero, 0};
    size_t windows;
    cr_assert_eq(rg_sample_windows(d, &data, &t, &windows, &err), RG_OK);
    cr_assert_eq(windows, 2);
    int8_t out[4];
    cr_assert_eq(rg_sample_put(d, &data, 1, &t, out, &err), RG_OK);
    /* 20 30 200 255 -> 0 5 90 117.5 -> -8 12 127 127 */
    cr_assert_eq(memcmp(out, (int8_t[]){-8, 12, 127, 127}, 4), 0);
    rg_tensor f = {.name = "in", .dtype = RG_DTYPE_FLOAT32, .shape = {2, {1, 4}}, .bytes = 16};
    float real[4];
    cr_assert_eq(rg_sample_put(d, &data, 0, &f, real, &err), RG_OK);
    cr_assert_eq(real[0], -10);
    cr_assert_eq(real[3], 5);
    f.shape.dim[1] = 5;
    cr_assert_eq(rg_sample_windows(d, &data, &f, &windows, &err), RG_BAD_DATA);
    rg_sample_free(&data);
    rg_dataset_close(d);
    rg_fs_remove_tree(folder, NULL);
}

/* A file of `shape` for an input of 1 x 2 x 3. */
static rg_status fit(rg_shape shape) {
    const rg_tensor input = {
        .name = "in", .dtype = RG_DTYPE_INT8, .shape = {3, {1, 2, 3}}, .bytes = 6};
    rg_dataset d = {.task = RG_TASK_CLASSES};
    int64_t n;
    size_t windows;
    rg_shape_elements(&shape, &n);
    rg_sample_data data = {.dtype = RG_DTYPE_INT8, .n = (size_t)n, .shape = shape};
    return rg_sample_windows(&d, &data, &input, &windows, NULL);
}

Test(dataset, npy_files_have_the_shape_of_the_input) {
    cr_expect_eq(fit((rg_shape){3, {1, 2, 3}}), RG_OK);
    cr_expect_eq(fit((rg_shape){2, {2, 3}}), RG_OK);
    cr_expect_eq(fit((rg_shape){4, {2, 1, 3, 1}}), RG_OK);
    cr_expect_eq(fit((rg_shape){2, {3, 2}}), RG_BAD_DATA);
    cr_expect_eq(fit((rg_shape){1, {6}}), RG_BAD_DATA);
    cr_expect_eq(fit((rg_shape){2, {2, 4}}), RG_BAD_DATA);
}

Test(dataset, inputs_without_elements_and_other_windows_are_refused) {
    rg_tensor input = {.name = "in", .dtype = RG_DTYPE_INT8, .shape = {2, {0, 4}}};
    rg_dataset d = {.task = RG_TASK_ANOMALY};
    rg_sample_data data = {.dtype = RG_DTYPE_INT8, .n = 8, .raw = true};
    size_t windows;
    cr_assert_eq(rg_sample_windows(&d, &data, &input, &windows, NULL), RG_UNSUPPORTED);
    input.shape.dim[0] = 1;
    d.window = d.stride = 3;
    cr_assert_eq(rg_sample_windows(&d, &data, &input, &windows, NULL), RG_BAD_DATA);
}

Test(dataset, half_an_element_is_no_element) {
    make("#type int32\na.bin\t1\n"); /* of 6 bytes */
    rg_dataset *d;
    rg_sample_data data;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_dataset_open(folder, &d, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_dataset_read(d, &d->samples[0], &data, &err), RG_BAD_DATA);
    cr_assert_not_null(strstr(err.what, "6 bytes, no whole number of int32"), "%s", err.what);
    rg_dataset_close(d);
    rg_fs_remove_tree(folder, NULL);
}

Test(dataset, broken_label_files_name_their_line) {
    static const char *const broken[][2] = {
        {"a.bin 1\n", "line 1: no tab"},
        {"#task guessing\na.bin\t1\n", "line 1: a value"},
        {"\n#colour red\n", "line 2: keys are"},
        {"#task anomaly\na.bin\t2\n", "line 2: a label"},
        {"a.bin\t-1\n", "line 1: a label"},
        {"#task values\na.bin\t1,x\n", "line 2: a label that is no list"},
        {"../a.bin\t1\n", "line 1: files lie in"},
        {"/etc/passwd\t1\n", "line 1: files lie in"},
        {"#type int8\n", "names no files"},
        {"a.bin\t1\n#type int8\n", "line 2: a key behind the first file"},
        {"#type int4\na.bin\t1\n", "line 1: elements of raw files have whole bytes"},
        {"#type string\na.bin\t1\n", "line 1: elements of raw files have whole bytes"},
        {"#window 1e400\n", "line 1: a value"},
        {"#window 1.5\n", "line 1: a value"},
        {"#window 99999999999\n", "line 1: a value"},
        {"#stride 0x3\n", "line 1: a value"},
        {"#window 4\na.bin\t1\n", "#window is for anomalies"},
        {"#task anomaly\n#stride 4\na.bin\t1\n", "#stride without a #window"},
        {"a.bin\t0x3\n", "line 1: a label"},
        {"a.bin\t1e2\n", "line 1: a label"},
        {"a.bin\t1e300\n", "line 1: a label"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        rg_dataset *d;
        rg_err err = RG_ERR_INIT;
        make(broken[i][0]);
        cr_expect_eq(rg_dataset_open(folder, &d, &err), RG_BAD_DATA, "%s", broken[i][0]);
        cr_expect_not_null(strstr(err.what, broken[i][1]), "%s: %s", broken[i][0], err.what);
        rg_fs_remove_tree(folder, NULL);
    }
    rg_dataset *d;
    cr_assert_neq(rg_dataset_open("/nonexistent", &d, NULL), RG_OK);
}
