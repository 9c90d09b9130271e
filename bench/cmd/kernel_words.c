/* kernel_words.c: names of operators, kernels and levels. */
#include "bench/cmd/kernel_words.h"

#include <stdio.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/iface/registry.h"

static const char *next_op_word(size_t i, void *user) {
    size_t *n = user;
    while (rg_ops[*n])
        (*n)++;
    return i < *n ? rg_ops[i]->name : i < 2 * *n ? rg_ops[i - *n]->kind : NULL;
}

static const char *next_kernel(size_t i, void *user) {
    (void)user;
    return rg_kernels[i] ? rg_kernels[i]->name : NULL;
}

static rg_status refuse(const char *what, const char *word, const char *near, rg_err *err) {
    char advice[160];
    snprintf(advice, sizeof advice, near ? "did you mean '%s'?" : "see `railgauge list %ss`",
             near ? near : what);
    return rg_fail(err, RG_USAGE, advice, "there is no %s '%s'",
                   strcmp(what, "op") ? what : "operator", word);
}

rg_status rg_op_word_check(const char *word, rg_err *err) {
    size_t n = 0;
    for (size_t i = 0; rg_ops[i]; i++) {
        if (!strcmp(word, rg_ops[i]->name) || !strcmp(word, rg_ops[i]->kind))
            return RG_OK;
    }
    return refuse("op", word, rg_text_nearest(word, next_op_word, &n), err);
}

rg_status rg_kernel_word_check(const char *word, rg_err *err) {
    if (rg_kernel_find(word))
        return RG_OK;
    return refuse("kernel", word, rg_text_nearest(word, next_kernel, NULL), err);
}

bool rg_op_asked_for(const rg_op *op, const rg_args *args) {
    for (size_t i = 0; i < args->n_words; i++) {
        if (!strcmp(args->words[i], op->name) || !strcmp(args->words[i], op->kind))
            return true;
    }
    return args->n_words == 0;
}

/* Levels that this program was built for at all. */
static bool is_ours(const rg_isa *isa) {
#if defined(__x86_64__)
    const char *here = "x86-64";
#elif defined(__aarch64__)
    const char *here = "aarch64";
#else
    const char *here = "any";
#endif
    return !strcmp(isa->architecture, "any") || !strcmp(isa->architecture, here);
}

void rg_levels_text(uint64_t mask, char *ret, size_t cap) {
    rg_text here = {0}, hidden = {0}, away = {0};
    for (const rg_isa *isa = rg_isas; isa->name; isa++) {
        if (!is_ours(isa))
            continue;
        bool present = rg_isa_runs(isa, rg_isa_present());
        rg_text_printf(rg_isa_runs(isa, mask) ? &here
                       : present              ? &hidden
                                              : &away,
                       " %s", isa->name);
    }
    snprintf(ret, cap, "levels%s%s%s%s%s", here.data ? here.data : "",
             hidden.data ? ", not asked for:" : "", hidden.data ? hidden.data : "",
             away.data ? ", not here:" : "", away.data ? away.data : "");
    rg_text_free(&here);
    rg_text_free(&hidden);
    rg_text_free(&away);
}

json_t *rg_levels_json(uint64_t mask) {
    json_t *levels = json_object();
    for (const rg_isa *isa = rg_isas; isa->name; isa++) {
        if (is_ours(isa))
            json_object_set_new(levels, isa->name, json_boolean(rg_isa_runs(isa, mask)));
    }
    return levels;
}
