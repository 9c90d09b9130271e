/* foreign.c: lines, numbers and texts of other tools' outputs (foreign.h). The readers are in
 * foreign_*.c. */
#include "bench/iface/foreign.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

extern const rg_foreign_format rg_foreign_trtexec, rg_foreign_hailortcli,
    rg_foreign_benchmark_model, rg_foreign_ort_perf, rg_foreign_llama_bench, rg_foreign_mlperf;

const rg_foreign_format *const rg_foreign_formats[] = {&rg_foreign_trtexec,
                                                       &rg_foreign_hailortcli,
                                                       &rg_foreign_benchmark_model,
                                                       &rg_foreign_ort_perf,
                                                       &rg_foreign_llama_bench,
                                                       &rg_foreign_mlperf,
                                                       NULL};

const rg_foreign_format *rg_foreign_find(const char *name) {
    for (size_t i = 0; rg_foreign_formats[i]; i++) {
        if (!strcmp(rg_foreign_formats[i]->name, name))
            return rg_foreign_formats[i];
    }
    return NULL;
}

void rg_foreign_clear(rg_foreign_list *list) {
    for (size_t i = 0; i < list->n; i++) {
        json_decref(list->items[i].told);
        json_decref(list->items[i].settings);
    }
    list->n = 0;
}

rg_foreign *rg_foreign_add(rg_foreign_list *list) {
    if (list->n == RG_FOREIGN_MOST)
        return NULL;
    rg_foreign *result = &list->items[list->n];
    *result = (rg_foreign){.workload = "", .device = "", .version = ""};
    result->told = json_object();
    result->settings = json_object();
    if (result->told && result->settings) {
        list->n++;
        return result;
    }
    json_decref(result->told);
    json_decref(result->settings);
    return NULL;
}

/* Right after a line break, or after "] " or ": " of a logger on the same line. */
static bool begins_a_line(const char *text, const char *at) {
    if (at == text || at[-1] == '\n')
        return true;
    return at - text >= 2 && at[-1] == ' ' && (at[-2] == ']' || !strncmp(at - 6, "INFO: ", 6));
}

const char *rg_foreign_line(const char *text, const char *label, bool last) {
    const char *found = NULL;
    for (const char *at = text; (at = strstr(at, label)); at++) {
        bool good = at - text < 6 ? at == text || at[-1] == '\n' : begins_a_line(text, at);
        if (good)
            found = at;
        if (good && !last)
            break;
    }
    return found;
}

/* Behind the label, or the key on its line; NULL without. */
static const char *behind(const char *text, const rg_foreign_place *place) {
    const char *at = rg_foreign_line(text, place->label, place->last);
    if (!at)
        return NULL;
    at += strlen(place->label);
    if (place->key) {
        const char *end = at + strcspn(at, "\n"), *key = strstr(at, place->key);
        if (!key || key >= end)
            return NULL;
        at = key + strlen(place->key);
    }
    return at + strspn(at, " \t:=[");
}

double rg_foreign_number(const char *text, const rg_foreign_place *place) {
    const char *at = behind(text, place);
    char *end;
    double value = at ? strtod(at, &end) : NAN;
    return at && end != at && isfinite(value) && value >= 0 ? value : NAN;
}

const char *rg_foreign_text(const char *text, const rg_foreign_place *place, rg_arena *arena) {
    const char *at = behind(text, place);
    size_t length = at ? strcspn(at, "\r\n") : 0;
    while (length && strchr(" ]", at[length - 1]))
        length--;
    return length ? rg_arena_printf(arena, "%.*s", (int)(length < 200 ? length : 200), at) : NULL;
}

size_t rg_foreign_take(const char *text, const rg_foreign_place *places, rg_arena *arena,
                       rg_foreign *result) {
    size_t n = 0;
    for (const rg_foreign_place *p = places; p->label; p++) {
        double value = rg_foreign_number(text, p);
        const char *words = p->scale != 0 ? NULL : rg_foreign_text(text, p, arena);
        if (p->scale != 0 && !isnan(value))
            n += json_object_set_new(result->told, p->name, json_real(value * p->scale)) == 0;
        if (words)
            json_object_set_new(result->settings, p->name, json_string(words));
    }
    return n;
}

const char *rg_foreign_model_name(const char *path, rg_arena *arena) {
    const char *slash = path ? strrchr(path, '/') : NULL;
    char *name = path ? rg_arena_strdup(arena, slash ? slash + 1 : path) : NULL;
    char *dot = name ? strrchr(name, '.') : NULL;
    if (dot && dot != name)
        *dot = '\0';
    return name ? name : "";
}
