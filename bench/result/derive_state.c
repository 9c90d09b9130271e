/* derive_state.c: the state of the machine over a cell's rounds in a few figures, for the record's
 * context: what `railgauge explain` looks at without opening every round. One table of rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

/* One round's member to a number: itself, or over its own members. */
typedef enum inner { ITSELF, HIGHEST, AVERAGE, TOTAL, WORD } inner;

/* Numbers of the rounds to one. */
typedef enum over { MEDIAN, MOST, SUM } over;

static const struct {
    const char *key, *when, *member; /* rounds' facts.host[when][member] */
    inner inner;
    over over;
} rows[] = {
    {"cpu_mhz_measured", "before", "cpu_mhz_measured", ITSELF, MEDIAN},
    {"clock_khz", "before", "clock_khz", AVERAGE, MEDIAN},
    {"temperature_mc", "after", "temperature_mc", HIGHEST, MOST},
    {"load_1m", "before", "load_1m", ITSELF, MEDIAN},
    {"running", "before", "running", ITSELF, MEDIAN},
    {"throttle_events", NULL, "delta", TOTAL, SUM},
    {"power_mode", "before", "power_mode", WORD, MEDIAN},
    {"governor", "before", "governor", WORD, MEDIAN},
    {"clocks_locked", "before", "clocks_locked", WORD, MEDIAN},
    {"fan", "before", "fan", HIGHEST, MEDIAN},
};

static void take(const json_t *value, double *sum, double *most, size_t *n) {
    if (!json_is_number(value))
        return;
    *sum += json_number_value(value);
    *most = fmax(*most, json_number_value(value));
    ++*n;
}

/* NAN when the member is not there or holds no numbers. */
static double number_of(const json_t *value, inner how) {
    double sum = 0, most = -INFINITY;
    size_t n = 0, i;
    const char *key;
    json_t *item;
    if (how == ITSELF)
        return json_is_number(value) ? json_number_value(value) : NAN;
    json_array_foreach(value, i, item) take(item, &sum, &most, &n);
    json_object_foreach((json_t *)value, key, item) take(item, &sum, &most, &n);
    if (!n)
        return NAN;
    return how == HIGHEST ? most : how == AVERAGE ? sum / (double)n : sum;
}

/* A word, a truth, or a list of words as one. New reference or NULL. */
static json_t *word_of(const json_t *value) {
    if (json_is_string(value) || json_is_boolean(value))
        return json_incref((json_t *)value);
    rg_text text = {0};
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item) {
        rg_text_add(&text, i ? " " : "");
        rg_text_add(&text, json_is_string(item) ? json_string_value(item) : "");
    }
    json_t *word = text.bytes ? json_string(text.data) : NULL;
    rg_text_free(&text);
    return word;
}

static const json_t *member_of(const rg_round_view *view, const char *when, const char *member) {
    const json_t *host = json_object_get(view->facts, "host");
    return json_object_get(when ? json_object_get(host, when) : host, member);
}

static double combined(double *values, size_t n, over how) {
    double sum = 0;
    rg_sort_reals(values, n);
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return how == SUM ? sum : how == MOST ? values[n - 1] : rg_quantile(values, n, 0.5);
}

json_t *rg_views_state(const rg_round_view *views, size_t n) {
    json_t *state = json_object();
    double *values = calloc(n + 1, sizeof *values);
    for (size_t r = 0; values && n && r < sizeof rows / sizeof rows[0]; r++) {
        size_t known = 0;
        if (rows[r].inner == WORD) {
            json_t *word = word_of(member_of(&views[0], rows[r].when, rows[r].member));
            if (word)
                json_object_set_new(state, rows[r].key, word);
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            double value =
                number_of(member_of(&views[i], rows[r].when, rows[r].member), rows[r].inner);
            if (isfinite(value))
                values[known++] = value;
        }
        if (known)
            rg_json_set_real(state, rows[r].key, combined(values, known, rows[r].over));
    }
    free(values);
    if (json_object_size(state))
        return state;
    json_decref(state);
    return NULL;
}
