/* accuracy_words.c: figures of result/accuracy.h into one JSON document; the text prints it. */
#include "bench/cmd/accuracy_words.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cmd/accuracy_run.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/result/accuracy.h"
#include "bench/result/stats.h"

static json_t *share_json(rg_share share) {
    json_t *row = json_object();
    rg_json_set_real(row, "value", share.value);
    rg_json_set_real(row, "low", share.low);
    rg_json_set_real(row, "high", share.high);
    return row;
}

/* --- classes ---------------------------------------------------------------------------------- */

static rg_share top(const rg_answer *answers, size_t n, int most, uint64_t *ret_right) {
    uint64_t right = 0;
    for (size_t i = 0; i < n; i++)
        right += answers[i].rank < most;
    *ret_right = right;
    return rg_share_of(right, n);
}

static json_t *top_json(const rg_answer *answers, size_t n, int most) {
    uint64_t right;
    json_t *row = share_json(top(answers, n, most, &right));
    json_object_set_new(row, "right", json_integer((json_int_t)right));
    return row;
}

static rg_status add_paired(const rg_answers *a, json_t *all, rg_err *err) {
    size_t n = a->dataset->n_samples;
    bool *ours = calloc(n, sizeof *ours), *twins = calloc(n, sizeof *twins);
    if (ours && twins) {
        for (size_t i = 0; i < n; i++) {
            ours[i] = a->ours[i].rank == 0;
            twins[i] = a->twins[i].rank == 0;
        }
        rg_paired t = rg_paired_of(ours, twins, n);
        json_t *row = share_json(t.difference);
        json_object_set_new(row, "only_model", json_integer((json_int_t)t.only_a));
        json_object_set_new(row, "only_float", json_integer((json_int_t)t.only_b));
        json_object_set_new(row, "both", json_integer((json_int_t)t.both));
        rg_json_set_real(row, "mcnemar_p", t.p);
        json_object_set_new(all, "difference", row);
    }
    rg_status status = ours && twins ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    free(ours);
    free(twins);
    return status;
}

static rg_status tell_classes(const rg_answers *a, json_t *all, rg_err *err) {
    size_t n = a->dataset->n_samples;
    json_object_set_new(all, "top1", top_json(a->ours, n, 1));
    json_object_set_new(all, "top5", top_json(a->ours, n, 5));
    if (!a->twin)
        return RG_OK;
    json_object_set_new(all, "float_top1", top_json(a->twins, n, 1));
    json_object_set_new(all, "float_top5", top_json(a->twins, n, 5));
    return add_paired(a, all, err);
}

/* --- anomalies and values --------------------------------------------------------------------- */

static rg_status tell_anomaly(const rg_answers *a, json_t *all, rg_err *err) {
    size_t n = a->dataset->n_samples;
    double *scores = calloc(2 * n, sizeof *scores), p = NAN;
    int *labels = calloc(n, sizeof *labels);
    rg_share difference = {NAN, NAN, NAN};
    rg_status status = RG_OK;
    for (size_t i = 0; scores && labels && i < n; i++) {
        scores[i] = a->ours[i].score;
        scores[n + i] = a->twin ? a->twins[i].score : 0;
        labels[i] = a->dataset->samples[i].label;
    }
    if (!scores || !labels)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    else
        json_object_set_new(all, "auc", share_json(rg_auc(scores, labels, n)));
    if (status == RG_OK && a->twin) {
        json_object_set_new(all, "float_auc", share_json(rg_auc(scores + n, labels, n)));
        status = rg_auc_paired(scores, scores + n, labels, n, &difference, &p, err);
        json_t *row = share_json(difference);
        rg_json_set_real(row, "delong_p", p);
        json_object_set_new(all, "difference", row);
    }
    free(scores);
    free(labels);
    return status;
}

static void put_errors(const rg_answer *answers, size_t n, json_t *all, const char *absolute,
                       const char *square) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += answers[i].absolute / (double)n;
        squares += answers[i].square / (double)n;
    }
    rg_json_set_real(all, absolute, sum);
    rg_json_set_real(all, square, sqrt(squares));
}

static rg_status tell_values(const rg_answers *a, json_t *all) {
    size_t n = a->dataset->n_samples;
    put_errors(a->ours, n, all, "mean_absolute_error", "root_mean_square_error");
    if (a->twin)
        put_errors(a->twins, n, all, "float_mean_absolute_error", "float_root_mean_square_error");
    return RG_OK;
}

static rg_status put_time(const rg_answers *a, json_t *all, rg_err *err) {
    size_t n = a->dataset->n_samples;
    double *times = calloc(n, sizeof *times);
    if (!times)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; i < n; i++)
        times[i] = a->ours[i].ns;
    rg_sort_reals(times, n);
    rg_json_set_real(all, "p95_ns", rg_quantile(times, n, 0.95));
    free(times);
    return RG_OK;
}

/* --- text ------------------------------------------------------------------------------------- */

static double real_of(const json_t *row, const char *key) {
    const json_t *value = json_object_get(row, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "top-1  0.850 [0.794, 0.893]  170 right" */
static void print_share(const json_t *all, const char *key, const char *word) {
    const json_t *row = json_object_get(all, key);
    if (!row)
        return;
    printf("%-14s %7.4f", word, real_of(row, "value"));
    if (isfinite(real_of(row, "low")))
        printf(" [%.4f, %.4f]", real_of(row, "low"), real_of(row, "high"));
    const json_t *right = json_object_get(row, "right");
    if (right)
        printf("  %lld right", (long long)json_integer_value(right));
    if (json_object_get(row, "mcnemar_p"))
        printf("  only model %lld, only float %lld, McNemar p = %.3g",
               (long long)rg_json_get_int(row, "only_model", 0),
               (long long)rg_json_get_int(row, "only_float", 0), real_of(row, "mcnemar_p"));
    if (json_object_get(row, "delong_p"))
        printf("  DeLong p = %.3g", real_of(row, "delong_p"));
    putchar('\n');
}

static void print_number(const json_t *all, const char *key, const char *word) {
    if (json_object_get(all, key))
        printf("%-14s %.6g\n", word, real_of(all, key));
}

static void print_text(const rg_answers *a, const json_t *all) {
    char p95[32];
    printf("%s on %s, %zu samples of %s\n", a->model, a->target, a->dataset->n_samples,
           a->dataset->folder);
    print_share(all, "top1", "top-1");
    print_share(all, "top5", "top-5");
    print_share(all, "float_top1", "float top-1");
    print_share(all, "float_top5", "float top-5");
    print_share(all, "auc", "AUC");
    print_share(all, "float_auc", "float AUC");
    print_share(all, "difference", "difference");
    print_number(all, "mean_absolute_error", "MAE");
    print_number(all, "root_mean_square_error", "RMSE");
    print_number(all, "float_mean_absolute_error", "float MAE");
    print_number(all, "float_root_mean_square_error", "float RMSE");
    rg_text_duration(real_of(all, "p95_ns"), p95, sizeof p95);
    printf("%-14s %s a request, unguarded; 95 %% intervals in brackets\n", "p95", p95);
    if (a->measured)
        rg_accuracy_print_measured(a->measured);
}

rg_status rg_accuracy_tell(const rg_answers *a, bool json, rg_err *err) {
    static const char *const tasks[] = {"classes", "anomaly", "values"};
    const rg_dataset *d = a->dataset;
    json_t *all =
        json_pack("{s:s, s:s, s:s*, s:s, s:s, s:s, s:I}", "model", a->model, "target", a->target,
                  "float", a->twin, "dataset", d->folder, "summary", d->summary, "task",
                  tasks[d->task], "samples", (json_int_t)d->n_samples);
    rg_status status = d->task == RG_TASK_CLASSES   ? tell_classes(a, all, err)
                       : d->task == RG_TASK_ANOMALY ? tell_anomaly(a, all, err)
                                                    : tell_values(a, all);
    if (status == RG_OK)
        status = put_time(a, all, err);
    if (a->measured)
        json_object_set(all, "measured", a->measured);
    if (status == RG_OK && json) {
        char *text = rg_json_text(all, 2);
        puts(text ? text : "{}");
        free(text);
    } else if (status == RG_OK) {
        print_text(a, all);
    }
    json_decref(all);
    return status;
}
