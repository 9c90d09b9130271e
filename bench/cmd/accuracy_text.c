/* accuracy_text.c: the document of accuracy_words.c as lines for people. */
#include <math.h>
#include <stdio.h>

#include "bench/cmd/accuracy_run.h"
#include "bench/cmd/accuracy_words.h"
#include "bench/core/json.h"
#include "bench/core/text.h"

static double real_of(const json_t *row, const char *key) {
    const json_t *value = json_object_get(row, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "top-1  0.850 [0.794, 0.893]  170 right" */
static void print_share(const json_t *all, const char *key, const char *word) {
    const json_t *row = json_object_get(all, key);
    if (!row)
        return;
    const char *na = rg_json_get_text(row, "na", NULL);
    if (na) {
        printf("%-14s n/a (%s)\n", word, na);
        return;
    }
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
    if (!json_object_get(all, key))
        return;
    if (isfinite(real_of(all, key)))
        printf("%-14s %.6g\n", word, real_of(all, key));
    else
        printf("%-14s n/a (not a number)\n", word);
}

static void print_nan(const json_t *all, const char *key, const char *word) {
    int64_t n = rg_json_get_int(all, key, 0);
    if (n)
        printf("%-14s %lld samples gave NaN and count as wrong\n", word, (long long)n);
}

static void print_time(const json_t *row) {
    char value[32], low[32], high[32];
    long long n = (long long)rg_json_get_int(row, "n", 0);
    if (rg_json_get_text(row, "na", NULL)) {
        printf("%-14s n/a (n<72): %lld requests\n", "p95", n);
        return;
    }
    rg_text_duration(real_of(row, "value"), value, sizeof value);
    rg_text_duration(real_of(row, "low"), low, sizeof low);
    rg_text_duration(real_of(row, "high"), high, sizeof high);
    printf("%-14s %s [%s, %s], %lld requests, unguarded\n", "p95", value, low, high, n);
}

void rg_accuracy_print(const rg_answers *a, const json_t *all) {
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
    print_nan(all, "nan_samples", "NaN");
    print_nan(all, "float_nan_samples", "float NaN");
    print_time(json_object_get(all, "p95_ns"));
    printf("%-14s 95 %% intervals in brackets\n", "");
    if (a->measured)
        rg_accuracy_print_measured(a->measured);
}
