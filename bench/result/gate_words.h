/* gate_words.h: what the forms of a result share of wording it. */
#ifndef RG_RESULT_GATE_WORDS_H
#define RG_RESULT_GATE_WORDS_H

#include "bench/core/text.h"
#include "bench/result/result.h"

/* The figures of one row as they are printed; "" where there is none. */
typedef struct rg_result_texts {
    char baseline[32], candidate[32], change[24], interval[48], limit[32];
} rg_result_texts;
rg_result_texts rg_result_texts_of(const rg_result_row *row);

/* A figure with three digits and its unit; "n/a" when it is not a number. */
void rg_figure_text(const char *unit, double value, char *ret, size_t cap);

/* "+10.3 %"; "" when it is not known. */
void rg_change_text(double share, char *ret, size_t cap);

/* A copy that a terminal shows as it is, cut to `cap`. */
void rg_gate_clean(const char *text, char *ret, size_t cap);

/* rg_text_wrap of a clean copy. */
void rg_gate_wrap(rg_text *out, const char *text, size_t at, size_t indent, size_t columns);

/* "REGRESSED" */
const char *rg_result_title(const rg_result *result);

/* "34 pass, 1 improved, 1 inconclusive", the worst first. */
void rg_result_counts(const rg_result *result, rg_text *out);

/* "p95", "peak RSS", or "cell" for a whole one. */
const char *rg_result_label(const rg_result_row *row);

/* All that is known of a row in one line, numbers included: "regressed: latency_p95_ns 18400000 ->
 * 20300000 ns, +10.3 %, 95 % interval +8.9 .. +11.6 %, ..." */
void rg_result_sentence(const rg_result_row *row, rg_text *out);

/* A word for a POSIX shell, harmless for a terminal. */
void rg_gate_quote(rg_text *out, const char *raw);

#endif
