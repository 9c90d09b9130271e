/* text.c: strings for people. */
#include "bench/core/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(rg_text *text, size_t more) {
    if (text->failed)
        return false;
    size_t need = text->bytes + more + 1;
    if (need <= text->cap)
        return true;
    size_t cap = text->cap ? text->cap : 128;
    while (cap < need)
        cap *= 2;
    char *bigger = realloc(text->data, cap);
    if (!bigger) {
        text->failed = true;
        return false;
    }
    text->data = bigger;
    text->cap = cap;
    return true;
}

void rg_text_add_bytes(rg_text *text, const void *piece, size_t bytes) {
    if (!reserve(text, bytes))
        return;
    if (bytes)
        memcpy(text->data + text->bytes, piece, bytes);
    text->bytes += bytes;
    text->data[text->bytes] = '\0';
}

void rg_text_add(rg_text *text, const char *piece) {
    rg_text_add_bytes(text, piece, strlen(piece));
}

void rg_text_printf(rg_text *text, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length >= 0 && reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->bytes, (size_t)length + 1, format, again);
        text->bytes += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

void rg_text_free(rg_text *text) {
    free(text->data);
    *text = (rg_text){0};
}

void rg_text_add_csv(rg_text *text, const char *field) {
    if (!strpbrk(field, ",\"\r\n")) {
        rg_text_add(text, field);
        return;
    }
    rg_text_add(text, "\"");
    for (; *field; field++)
        rg_text_add_bytes(text, *field == '"' ? "\"\"" : field, *field == '"' ? 2 : 1);
    rg_text_add(text, "\"");
}

/* Edit distance with adjacent transpositions; words longer than the table count as far away. */
static size_t distance(const char *a, const char *b) {
    enum { MAX = 64 };
    size_t n = strlen(a), m = strlen(b);
    if (n >= MAX || m >= MAX)
        return MAX;
    size_t d[MAX][MAX];
    for (size_t i = 0; i <= n; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = d[i - 2][j - 2] + 1 < best ? d[i - 2][j - 2] + 1 : best;
            d[i][j] = best;
        }
    }
    return d[n][m];
}

const char *rg_text_nearest(const char *word, const char *(*next)(size_t, void *), void *user) {
    const char *best = NULL;
    size_t limit = strlen(word) / 3;
    size_t best_distance = (limit < 2 ? 2 : limit) + 1;
    const char *candidate;
    for (size_t i = 0; (candidate = next(i, user)); i++) {
        size_t far = distance(word, candidate);
        if (far < best_distance) {
            best = candidate;
            best_distance = far;
        }
    }
    return best;
}

struct word_list {
    const char *const *words;
    size_t n;
};

static const char *word_at(size_t i, void *user) {
    const struct word_list *list = user;
    return i < list->n ? list->words[i] : NULL;
}

const char *rg_text_nearest_of(const char *word, const char *const *words, size_t n) {
    struct word_list list = {words, n};
    return rg_text_nearest(word, word_at, &list);
}

size_t rg_text_columns(const char *text) {
    size_t columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xC0) != 0x80;
    return columns;
}

void rg_text_wrap(rg_text *out, const char *text, size_t at, size_t indent, size_t columns) {
    bool fresh = true;
    while (*text) {
        char word[1024];
        size_t n = strcspn(text, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, text);
        size_t width = rg_text_columns(word);
        if (!fresh && at + 1 + width > columns) {
            rg_text_printf(out, "\n%*s", (int)indent, "");
            at = indent;
            fresh = true;
        }
        rg_text_printf(out, "%s%s", fresh ? "" : " ", word);
        at += width + !fresh;
        fresh = false;
        text += n;
        text += strspn(text, " ");
    }
    rg_text_add(out, "\n");
}

/* Three significant digits without an exponent, for 0.001 <= |value| < 1000. */
static void three_digits(double value, const char *unit, char *ret, size_t cap) {
    double size = fabs(value);
    int decimals = size >= 99.95 || value == 0 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
    snprintf(ret, cap, "%.*f %s", decimals, value, unit);
}

void rg_text_duration(double ns, char *ret, size_t cap) {
    static const struct {
        double scale;
        const char *unit;
    } steps[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
    size_t i = 0;
    while (i < 3 && fabs(ns) < 0.9995 * steps[i].scale)
        i++;
    three_digits(ns / steps[i].scale, steps[i].unit, ret, cap);
}

void rg_text_bytes(double bytes, char *ret, size_t cap) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t i = 0;
    while (i < 4 && fabs(bytes) >= 1023.5) {
        bytes /= 1024;
        i++;
    }
    three_digits(bytes, units[i], ret, cap);
}

void rg_text_si(double value, const char *unit, char *ret, size_t cap) {
    static const struct {
        double scale;
        const char *prefix;
    } steps[] = {{1e12, "T"}, {1e9, "G"},  {1e6, "M"},  {1e3, "k"},
                 {1, ""},     {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}};
    size_t i = 0;
    while (i < 7 && fabs(value) < 0.9995 * steps[i].scale)
        i++;
    if (value == 0)
        i = 4;
    char full[48];
    snprintf(full, sizeof full, "%s%s", steps[i].prefix, unit);
    three_digits(value / steps[i].scale, full, ret, cap);
}

bool rg_text_parse_duration(const char *word, int64_t *ret_ns) {
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}};
    char *end;
    double value = strtod(word, &end);
    if (end == word || !(value >= 0) || value > 1e9)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!strcmp(end, units[i].unit) || (value == 0 && !*end)) { /* 0 is 0 in every unit */
            *ret_ns = (int64_t)(value * units[i].ns + 0.5);
            return true;
        }
    }
    return false;
}
