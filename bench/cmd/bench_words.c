/* bench_words.c: operators, kinds and bench cases as they are named to `railgauge bench`. */
#include <stdio.h>
#include <string.h>

#include "bench/cmd/bench_job.h"
#include "bench/cmd/bench_suite.h"
#include "bench/cmd/kernel_words.h"
#include "bench/core/text.h"

bool rg_bench_names_case(const rg_args *args, const char *name) {
    for (size_t i = 0; i < args->n_words; i++) {
        if (!strcmp(args->words[i], name))
            return true;
    }
    return args->n_words == 0;
}

/* Names of all bench cases, as JSON texts; a new reference. */
static json_t *case_names(void) {
    json_t *names = json_array();
    for (size_t op = 0; rg_ops[op]; op++) {
        const rg_case_set *set = rg_case_set_for(rg_ops[op]);
        rg_case c = {0};
        for (size_t k = 0; set && set->bench && set->bench(rg_ops[op], k, &c); k++) {
            json_array_append_new(names, json_string(c.name));
            c = (rg_case){0};
        }
    }
    return names;
}

static const char *name_at(size_t i, void *names) {
    return json_string_value(json_array_get(names, i));
}

static bool is_name(const char *word, json_t *names) {
    const char *at;
    for (size_t i = 0; (at = name_at(i, names)) != NULL; i++) {
        if (!strcmp(at, word))
            return true;
    }
    return false;
}

/* A word is an operator, a kind of operators, or a bench case. */
static rg_status check_word(const char *word, json_t *names, rg_err *err) {
    if (is_name(word, names) || rg_op_word_check(word, err) == RG_OK)
        return RG_OK;
    const char *near = rg_text_nearest(word, name_at, names);
    if (!near)
        return err->status;
    char advice[160];
    snprintf(advice, sizeof advice, "did you mean '%s'?", near);
    return rg_fail(err, RG_USAGE, advice, "there is no operator or bench case '%s'", word);
}

const rg_case_set *rg_bench_set(const rg_bench_job *j, const rg_op *op) {
    return j->opt->suite ? rg_bench_suite_set(op) : rg_case_set_for(op);
}

/* What was not asked for of the suite was not made. */
bool rg_bench_whole(const rg_bench_job *j, const rg_op *op) {
    return j->opt->suite || rg_op_asked_for(op, j->args);
}

rg_status rg_bench_check_words(const rg_bench_job *j, rg_err *err) {
    if (j->opt->suite && *j->opt->kernel && rg_kernel_word_check(j->opt->kernel, err) != RG_OK)
        return err->status;
    if (j->opt->suite)
        return rg_bench_suite_load(j->args, j->opt->precision, err);
    json_t *names = case_names();
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < j->args->n_words; i++)
        status = check_word(j->args->words[i], names, err);
    json_decref(names);
    if (status == RG_OK && *j->opt->kernel)
        status = rg_kernel_word_check(j->opt->kernel, err);
    return status;
}
