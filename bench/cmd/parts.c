/* parts.c: the part of a verb by its name. */
#include "bench/cmd/parts.h"

#include <string.h>

#include "bench/core/text.h"

typedef struct part_list {
    const char *rows;
    size_t n, size;
} part_list;

static const rg_part *part_of(const part_list *list, size_t i) {
    return (const rg_part *)(const void *)(list->rows + i * list->size);
}

static const char *name_at(size_t i, void *user) {
    const part_list *list = user;
    return i < list->n ? part_of(list, i)->name : NULL;
}

/* "railgauge db check" for a near miss, else all parts. */
static void advise(const char *verb, const char *word, part_list *list, rg_text *out) {
    const char *near = rg_text_nearest(word, name_at, list);
    if (near) {
        rg_text_printf(out, "railgauge %s %s", verb, near);
        return;
    }
    rg_text_add(out, "one of:");
    for (size_t i = 0; i < list->n; i++)
        rg_text_printf(out, " %s", part_of(list, i)->name);
}

rg_status rg_part_find(const char *verb, const void *parts, size_t n, size_t size,
                       const rg_args *args, const void **ret_part, rg_err *err) {
    part_list list = {parts, n, size};
    const char *word = args->words[0];
    size_t words = args->n_words - 1;
    rg_text advice = {0};
    for (size_t i = 0; i < n; i++) {
        const rg_part *part = part_of(&list, i);
        if (strcmp(part->name, word))
            continue;
        if (words < part->least || words > part->most)
            return rg_fail(err, RG_USAGE, "see --help", "%s %s does not take %zu words", verb, word,
                           words);
        *ret_part = part;
        return RG_OK;
    }
    advise(verb, word, &list, &advice);
    rg_status status = rg_fail(err, RG_USAGE, advice.data, "there is no `%s %s`", verb, word);
    rg_text_free(&advice);
    return status;
}
