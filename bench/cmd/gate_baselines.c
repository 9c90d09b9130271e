/* gate_baselines.c: see gate_baselines.h. */
#include "bench/cmd/gate_baselines.h"

#include <string.h>

size_t rg_gate_baselines(const rg_args *args, const char *ret_names[RG_MAX_ARGS]) {
    size_t n = 0;
    for (size_t i = 0; i < args->n_given; i++) {
        if (!strcmp(args->given[i].key, "baseline"))
            ret_names[n++] = args->given[i].value;
    }
    return n;
}

/* A baseline may be a folder's path: its last name, and nothing that a file's name should not hold.
 */
static void plain(const char *baseline, char *ret, size_t cap) {
    size_t n = strlen(baseline), at = 0;
    while (n && baseline[n - 1] == '/')
        n--;
    size_t from = n;
    while (from && baseline[from - 1] != '/')
        from--;
    for (; from < n && at + 1 < cap; from++)
        ret[at++] = strchr(" \t\n\r\\:*?\"<>|=", baseline[from]) ? '_' : baseline[from];
    ret[at] = '\0';
}

const char *rg_gate_beside(rg_arena *arena, const char *path, const char *baseline) {
    char name[128];
    if (!*path || !strcmp(path, "-"))
        return path;
    plain(baseline, name, sizeof name);
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    size_t stem = dot && dot != path && dot[-1] != '/' ? (size_t)(dot - path) : strlen(path);
    return rg_arena_printf(arena, "%.*s.%s%s", (int)stem, path, name, path + stem);
}

/* "--write FORMAT=FILE": the part after the first sign. */
static const char *beside_form(rg_arena *arena, const char *word, const char *baseline) {
    size_t n = strcspn(word, "=");
    if (!word[n])
        return word;
    const char *path = rg_gate_beside(arena, word + n + 1, baseline);
    return path ? rg_arena_printf(arena, "%.*s=%s", (int)n, word, path) : NULL;
}

bool rg_gate_args_beside(rg_arena *arena, const rg_args *args, const char *baseline,
                         rg_args *ret_args) {
    bool fine = true;
    *ret_args = *args;
    for (size_t i = 0; i < args->n_given; i++) {
        const char *key = args->given[i].key, **value = &ret_args->given[i].value;
        if (!strcmp(key, "result") || !strcmp(key, "junit") || !strcmp(key, "output"))
            *value = rg_gate_beside(arena, *value, baseline);
        else if (!strcmp(key, "write"))
            *value = beside_form(arena, *value, baseline);
        fine &= *value != NULL;
    }
    return fine;
}

static int severity(int code) {
    static const int order[] = {0, 2, 4, 1, 3};
    for (int i = 0; i < 5; i++) {
        if (order[i] == code)
            return i;
    }
    return code;
}

int rg_gate_severer(int a, int b) {
    return severity(b) > severity(a) ? b : a;
}
