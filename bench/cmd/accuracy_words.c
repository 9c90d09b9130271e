/* accuracy_words.c: figures of result/accuracy.h into one JSON document, which
 * accuracy_text.c prints for people. */
#include "bench/cmd/accuracy_words.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cmd/args.h"
#include "bench/core/json.h"
#include "bench/result/accuracy.h"
#include "bench/result/stats.h"

static json_t *share_json(rg_share share) {
    json_t *row = json_object();
    rg_json_set_real(row, "value", share.value);
    rg_json_set_real(row, "low", share.low);
    rg_json_set_real(row, "high", share.high);
    return row;
}

/* How many samples were answered with what is no number; they are wrong, and no score. */
static size_t count_nan(const rg_answer *answers, size_t n) {
    size_t nan = 0;
    for (size_t i = 0; answers && i < n; i++)
        nan += answers[i].nan;
    return nan;
}

/* A share, or why there is none. */
static json_t *reasoned_json(rg_share share, const char *reason) {
    json_t *row = share_json(share);
    if (*reason)
        json_object_set_new(row, "na", json_string(reason));
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

/* Why samples have no area: "" when they have. */
static const char *no_area(const rg_answer *answers, const int *labels, size_t n) {
    size_t ones = 0;
    for (size_t i = 0; i < n; i++)
        ones += labels[i] != 0;
    return ones == 0 || ones == n ? "one class" : count_nan(answers, n) ? "NaN scores" : "";
}

static void put_area(json_t *all, const char *key, const rg_answer *answers, const double *scores,
                     const int *labels, size_t n) {
    const char *reason = no_area(answers, labels, n);
    rg_share none = {NAN, NAN, NAN};
    json_object_set_new(all, key,
                        reasoned_json(*reason ? none : rg_auc(scores, labels, n), reason));
}

/* `scores` are ours, then the twin's. */
static rg_status put_areas(const rg_answers *a, const double *scores, const int *labels,
                           json_t *all, rg_err *err) {
    size_t n = a->dataset->n_samples;
    rg_share difference = {NAN, NAN, NAN};
    double p = NAN;
    put_area(all, "auc", a->ours, scores, labels, n);
    if (!a->twin)
        return RG_OK;
    put_area(all, "float_auc", a->twins, scores + n, labels, n);
    const char *reason = no_area(a->ours, labels, n);
    reason = *reason ? reason : no_area(a->twins, labels, n);
    rg_status status =
        *reason ? RG_OK : rg_auc_paired(scores, scores + n, labels, n, &difference, &p, err);
    json_t *row = reasoned_json(difference, reason);
    rg_json_set_real(row, "delong_p", p);
    json_object_set_new(all, "difference", row);
    return status;
}

static rg_status tell_anomaly(const rg_answers *a, json_t *all, rg_err *err) {
    size_t n = a->dataset->n_samples;
    double *scores = calloc(2 * n, sizeof *scores);
    int *labels = calloc(n, sizeof *labels);
    for (size_t i = 0; scores && labels && i < n; i++) {
        scores[i] = a->ours[i].score;
        scores[n + i] = a->twin ? a->twins[i].score : 0;
        labels[i] = a->dataset->samples[i].label;
    }
    rg_status status = scores && labels ? put_areas(a, scores, labels, all, err)
                                        : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
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

/* The p95 of these requests with its interval by order statistics, which wants 72 of them. */
static rg_status put_time(const rg_answers *a, json_t *all, rg_err *err) {
    size_t n = a->dataset->n_samples, low = 0, high = 0;
    double *times = calloc(n, sizeof *times);
    json_t *row = json_pack("{s:I}", "n", (json_int_t)n);
    if (!times || !row) {
        free(times);
        json_decref(row);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    for (size_t i = 0; i < n; i++)
        times[i] = a->ours[i].ns;
    rg_sort_reals(times, n);
    if (rg_quantile_order_bounds(n, 0.95, &low, &high)) {
        rg_json_set_real(row, "value", rg_quantile(times, n, 0.95));
        rg_json_set_real(row, "low", times[low]);
        rg_json_set_real(row, "high", times[high]);
    } else {
        json_object_set_new(row, "na", json_string("n<72"));
    }
    json_object_set_new(all, "p95_ns", row);
    free(times);
    return RG_OK;
}

/* What the answers are of. Names are as given, made fit for JSON. */
static json_t *head_json(const rg_answers *a) {
    static const char *const tasks[] = {"classes", "anomaly", "values"};
    const rg_dataset *d = a->dataset;
    const struct {
        const char *key, *text;
    } rows[] = {{"model", a->model},    {"target", a->target},   {"float", a->twin},
                {"dataset", d->folder}, {"summary", d->summary}, {"task", tasks[d->task]}};
    json_t *all = json_object();
    int bad = !all;
    for (size_t i = 0; !bad && i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].text)
            bad = json_object_set_new(all, rows[i].key, rg_json_clean(rows[i].text));
    }
    size_t nan = count_nan(a->ours, d->n_samples);
    size_t twin_nan = a->twin ? count_nan(a->twins, d->n_samples) : 0;
    if (!bad)
        bad = json_object_set_new(all, "samples", json_integer((json_int_t)d->n_samples));
    if (!bad)
        bad = json_object_set_new(all, "nan_samples", json_integer((json_int_t)nan));
    if (!bad && a->twin)
        bad = json_object_set_new(all, "float_nan_samples", json_integer((json_int_t)twin_nan));
    if (!bad)
        return all;
    json_decref(all);
    return NULL;
}

rg_status rg_accuracy_tell(const rg_answers *a, bool json, rg_err *err) {
    rg_task task = a->dataset->task;
    json_t *all = head_json(a);
    if (!all)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = task == RG_TASK_CLASSES   ? tell_classes(a, all, err)
                       : task == RG_TASK_ANOMALY ? tell_anomaly(a, all, err)
                                                 : tell_values(a, all);
    if (status == RG_OK)
        status = put_time(a, all, err);
    if (a->measured)
        json_object_set(all, "measured", a->measured);
    if (status == RG_OK && json)
        status = rg_print_json(all, err);
    else if (status == RG_OK)
        rg_accuracy_print(a, all);
    json_decref(all);
    return status;
}
