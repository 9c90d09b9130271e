/* tflite_xnnpack.c: the XNNPACK delegate's options by version, and the delegate (tflite_xnnpack.h).
 * Sources: headers of TensorFlow 2.9 to 2.18 and of LiteRT 1.2 to 2.2. */
#include "targets/tflite_xnnpack.h"

#include <stdio.h>
#include <string.h>

typedef struct version_row {
    int major, first, last; /* minors */
    rg_xnnpack_layout layout;
} version_row;

static const version_row rows[] = {
    {2, 3, 9, {"2.3 to 2.9", 4, 0, 8}},          {2, 10, 18, {"2.10 to 2.18", 4, 0, 32}},
    {1, 0, 2, {"LiteRT 1.0 to 1.2", 4, 0, 32}},  {1, 4, 9, {"LiteRT from 1.4", 8, 40, 64}},
    {2, 0, 2, {"LiteRT 2.0 to 2.2", 8, 40, 64}}, /* TensorFlow 2.0 to 2.2 had no XNNPACK */
};
enum { N_ROWS = sizeof rows / sizeof rows[0], OLD_ROW = 1, NEW_ROW = 3 };

const rg_xnnpack_layout *rg_xnnpack_layout_of(int major, int minor) {
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].major == major && minor >= rows[i].first && minor <= rows[i].last)
            return &rows[i].layout;
    }
    return NULL;
}

void rg_xnnpack_options(const rg_xnnpack_layout *layout, uint32_t threads, uint32_t flags,
                        unsigned char ret_options[RG_XNNPACK_BYTES]) {
    const int32_t n = (int32_t)threads, no_file = -1;
    memset(ret_options, 0, RG_XNNPACK_BYTES);
    memcpy(ret_options, &n, sizeof n);
    memcpy(ret_options + layout->flags_at, &flags, sizeof flags);
    if (layout->file_at)
        memcpy(ret_options + layout->file_at, &no_file, sizeof no_file);
}

/* --- what the version does not tell ----------------------------------------------------------- */

static uint32_t word_at(const void *options, size_t at) {
    uint32_t word;
    memcpy(&word, (const char *)options + at, sizeof word);
    return word;
}

/* A delegate with the build's own options shows where it keeps its flags, if it tells both. */
static const rg_xnnpack_layout *find_layout(const rg_tflite *t) {
    const rg_xnnpack_layout *found = NULL;
    if (!t->xnnpack_options || !t->xnnpack_flags)
        return NULL;
    void *probe = t->xnnpack_create(NULL);
    const void *options = probe ? t->xnnpack_options(probe) : NULL;
    uint32_t flags = probe ? (uint32_t)t->xnnpack_flags(probe) : 0;
    if (options && flags) {
        bool old = word_at(options, 4) == flags, newer = word_at(options, 8) == flags;
        if (old != newer)
            found = &rows[old ? OLD_ROW : NEW_ROW].layout;
    }
    if (probe)
        t->xnnpack_delete(probe);
    return found;
}

static void look_for_layout(rg_xnnpack *x) {
    if (x->looked)
        return;
    x->looked = true;
    x->layout = rg_xnnpack_layout_of(x->tflite->major, x->tflite->minor);
    if (!x->layout)
        x->layout = find_layout(x->tflite);
}

/* --- the delegate ----------------------------------------------------------------------------- */

rg_status rg_xnnpack_make(void *user, rg_tflite_delegate *ret_delegate, rg_err *err) {
    rg_xnnpack *x = user;
    const rg_tflite *t = x->tflite;
    unsigned char options[RG_XNNPACK_BYTES];
    if (!t->xnnpack_create || !t->xnnpack_delete)
        return rg_fail(err, RG_UNSUPPORTED, "use --variant builtin, or a build with XNNPACK",
                       "backend unavailable: symbol TfLiteXNNPackDelegateCreate is missing in %s",
                       t->library.path);
    look_for_layout(x);
    if (x->layout)
        rg_xnnpack_options(x->layout, x->threads, x->flags, options);
    void *made = t->xnnpack_create(x->layout ? options : NULL);
    if (!made)
        return rg_fail(err, RG_UNSUPPORTED, "use --variant builtin",
                       "the XNNPACK delegate could not be made");
    x->told = t->xnnpack_flags ? t->xnnpack_flags(made) : -1;
    *ret_delegate = (rg_tflite_delegate){made, t->xnnpack_delete};
    return RG_OK;
}

/* --- words ------------------------------------------------------------------------------------ */

static const struct {
    const char *word;
    uint32_t flag;
} words[] = {{"qs8", RG_XNNPACK_QS8}, {"qu8", RG_XNNPACK_QU8}, {"fp16", RG_XNNPACK_FP16}};
enum { N_WORDS = sizeof words / sizeof words[0] };

rg_status rg_xnnpack_flags_parse(const char *text, uint32_t *ret_flags, rg_err *err) {
    uint32_t flags = 0;
    while (*text) {
        size_t n = strcspn(text, ","), i = 0;
        while (i < N_WORDS && (strlen(words[i].word) != n || strncmp(text, words[i].word, n)))
            i++;
        if (i == N_WORDS)
            return rg_fail(err, RG_USAGE, "a list of qs8, qu8 and fp16, such as qs8,qu8",
                           "'%.*s' is no flag of XNNPACK", (int)n, text);
        flags |= words[i].flag;
        text += n + (text[n] == ',');
    }
    *ret_flags = flags;
    return RG_OK;
}

static void flag_words(uint32_t flags, char *ret, size_t cap) {
    size_t used = 0;
    snprintf(ret, cap, "none");
    for (size_t i = 0; i < N_WORDS && used < cap; i++) {
        if (flags & words[i].flag)
            used +=
                (size_t)snprintf(ret + used, cap - used, "%s%s", used ? "," : "", words[i].word);
    }
}

void rg_xnnpack_facts(const rg_xnnpack *x, rg_text *text) {
    char asked[32], told[32];
    flag_words(x->flags, asked, sizeof asked);
    rg_text_printf(text, "xnnpack_options=%s\n", x->layout ? x->layout->name : "unknown");
    rg_text_printf(text, "xnnpack_flags=%s\n",
                   x->layout ? asked : "unknown: the build's own, with one thread");
    if (x->told >= 0) {
        flag_words((uint32_t)x->told, told, sizeof told);
        rg_text_printf(text, "xnnpack_flags_told=%s\n", told);
    }
}
