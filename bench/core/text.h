/* text.h: growing strings, nearest-word suggestions and humane figures. */
#ifndef RG_CORE_TEXT_H
#define RG_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing string. Zero-initialise, append, then take `data` (NUL-terminated, NULL when nothing
 * was appended) or free. After memory ran out `failed` stays true and appends do nothing. */
typedef struct rg_text {
    char *data;
    size_t bytes, cap;
    bool failed;
} rg_text;

void rg_text_add(rg_text *text, const char *piece);
void rg_text_add_bytes(rg_text *text, const void *piece, size_t bytes);
void rg_text_printf(rg_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rg_text_free(rg_text *text);

/* A field of a CSV line (RFC 4180): quoted where it must be. */
void rg_text_add_csv(rg_text *text, const char *field);

/* The candidate nearest to `word` by edit distance, or NULL if none is near enough (distance above
 * a third of the word, at least 2). `next(i, user)` gives candidate i, NULL after the last. */
const char *rg_text_nearest(const char *word, const char *(*next)(size_t i, void *user),
                            void *user);

/* Same over a plain array of n words. */
const char *rg_text_nearest_of(const char *word, const char *const *words, size_t n);

/* Columns that UTF-8 `text` takes on a terminal (one per code point; no wide characters are used).
 */
size_t rg_text_columns(const char *text);

/* Adds `text` in words, at most `columns` wide, later lines after `indent` spaces, and ends the
 * line. The first line stands at column `at` already; a word that is wider than a line goes as it
 * is. */
void rg_text_wrap(rg_text *out, const char *text, size_t at, size_t indent, size_t columns);

/* Three significant digits with a fitting unit: "1.23 ms", "456 ns", "12.0 MiB", "3.40 GOPS". */
void rg_text_duration(double ns, char *ret, size_t cap);
void rg_text_bytes(double bytes, char *ret, size_t cap);
void rg_text_si(double value, const char *unit, char *ret, size_t cap);

/* Parses "33ms", "1.5s", "200us", "10m", "80ns" to nanoseconds; false if it is none of these. */
bool rg_text_parse_duration(const char *word, int64_t *ret_ns);

#endif
