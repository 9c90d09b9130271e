/* gate_print.c: see gate_print.h. */
#include "bench/cmd/gate_print.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd/gate_exit.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"

static rg_status deliver(const char *path, const rg_text *text, rg_err *err) {
    if (text->failed || !*path || !strcmp(path, "-"))
        return rg_print_text(text, err);
    return rg_fs_write_atomic(path, text->data ? text->data : "", text->bytes, err);
}

static rg_status write_form(const rg_gate_print *how, const rg_result *result, const rg_emit *emit,
                            const char *path, rg_err *err) {
    bool file = *path && strcmp(path, "-");
    rg_emit_how as = {.columns = how->width ? (size_t)how->width
                                            : rg_terminal_columns(file ? -1 : STDOUT_FILENO, 80),
                      .all = how->all};
    rg_text text = {0};
    emit->add(result, &as, &text);
    rg_status status = deliver(path, &text, err);
    rg_text_free(&text);
    return status;
}

static const rg_emit *find(const char *name, size_t bytes) {
    for (const rg_emit *emit = rg_emits; emit->name; emit++) {
        if (strlen(emit->name) == bytes && !memcmp(emit->name, name, bytes))
            return emit;
    }
    return NULL;
}

/* --write FORMAT=FILE */
static rg_status write_as(const rg_gate_print *how, const rg_result *result, const char *word,
                          rg_err *err) {
    char name[32], advice[96];
    size_t n = strcspn(word, "="), known = 0;
    const rg_emit *emit = find(word, n);
    if (emit && word[n] && word[n + 1])
        return write_form(how, result, emit, word + n + 1, err);
    while (rg_emit_names[known])
        known++;
    snprintf(name, sizeof name, "%.*s", (int)n, word);
    const char *near = rg_text_nearest_of(name, rg_emit_names, known);
    if (emit || !near)
        snprintf(advice, sizeof advice, "write FORMAT=FILE, as in --write junit=gate.xml");
    else
        snprintf(advice, sizeof advice, "did you mean %s?", near);
    return rg_fail(err, RG_USAGE, advice, "--write %s names no form and file", word);
}

static rg_status write_files(const rg_gate_print *how, const rg_args *args, const rg_result *result,
                             rg_err *err) {
    static const struct {
        const char *option, *form;
    } named[] = {{"result", "json"}, {"junit", "junit"}};
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < args->n_given; i++) {
        const char *key = args->given[i].key, *value = args->given[i].value;
        if (!strcmp(key, "write"))
            status = write_as(how, result, value, err);
        for (size_t k = 0; status == RG_OK && k < sizeof named / sizeof named[0]; k++) {
            if (!strcmp(key, named[k].option))
                status =
                    write_form(how, result, find(named[k].form, strlen(named[k].form)), value, err);
        }
    }
    return status;
}

rg_status rg_gate_print_all(const rg_gate_print *how, const rg_args *args, json_t *document,
                            const char *origin, rg_err *err) {
    if (!document)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for the result");
    rg_result *result = NULL;
    rg_status status = rg_result_from_json(document, origin, &result, err);
    if (status == RG_OK)
        status = write_files(how, args, result, err);
    if (status == RG_OK)
        status = write_form(how, result, &rg_emits[how->format], how->output, err);
    rg_result_free(result);
    json_decref(document);
    return status;
}

rg_status rg_gate_print_read(const char *path, const rg_args *args, json_t **ret_document,
                             int *ret_code, rg_err *err) {
    json_t *document = NULL;
    rg_status status = rg_json_read(path, &document, err);
    if (status != RG_OK)
        return status;
    int was = (int)rg_json_get_int(document, "exit", RG_EXIT_INVALID), now;
    status = rg_gate_exit_code(args, was, &now, err);
    if (status != RG_OK) {
        json_decref(document);
        return status;
    }
    if (json_is_object(document) && now != was)
        json_object_set_new(document, "exit_mapped", json_integer(now));
    *ret_code = (int)rg_json_get_int(document, "exit_mapped", was);
    *ret_document = document;
    return RG_OK;
}
