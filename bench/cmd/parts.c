/* parts.c: the part of a verb by its name. */
#include "bench/cmd/parts.h"

#include <stdio.h>
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

rg_status rg_part_find(const char *verb, const void *parts, size_t n, size_t size,
                       const rg_args *args, const void **ret_part, rg_err *err) {
    part_list list = {parts, n, size};
    const char *word = args->words[0];
    size_t words = args->n_words - 1;
    char advice[160];
    snprintf(advice, sizeof advice, "see `railgauge %s --help`", verb);
    for (size_t i = 0; i < n; i++) {
        const rg_part *part = part_of(&list, i);
        if (strcmp(part->name, word))
            continue;
        if (words < part->least || words > part->most)
            return rg_fail(err, RG_USAGE, advice, "%s %s does not take %zu words", verb, word,
                           words);
        *ret_part = part;
        return RG_OK;
    }
    const char *near = rg_text_nearest(word, name_at, &list);
    if (near)
        snprintf(advice, sizeof advice, "railgauge %s %s", verb, near);
    return rg_fail(err, RG_USAGE, advice, "there is no `%s %s`", verb, word);
}
