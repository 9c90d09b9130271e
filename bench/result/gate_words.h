/* gate_words.h: what gate_text.c and gate_markdown.c share of wording a gate. */
#ifndef RG_RESULT_GATE_WORDS_H
#define RG_RESULT_GATE_WORDS_H

#include "bench/core/text.h"
#include "bench/result/gate.h"

/* The figures of one test as they are printed; "" where there is none. */
typedef struct rg_gate_texts {
    char baseline[32], candidate[32], change[24], interval[48], limit[32];
} rg_gate_texts;
rg_gate_texts rg_gate_texts_of(const rg_gate_test *test);

/* A copy that a terminal shows as it is, cut to `cap`. */
void rg_gate_clean(const char *text, char *ret, size_t cap);

/* rg_text_wrap of a clean copy. */
void rg_gate_wrap(rg_text *out, const char *text, size_t at, size_t indent, size_t columns);

/* "REGRESSED" */
const char *rg_gate_title(const rg_gate *gate);

/* "34 pass, 1 improved, 1 inconclusive", the worst first. */
void rg_gate_counts(const rg_gate *gate, rg_text *out);

/* "VALID: measured, 6 rounds a side, interleaved; unstable 2 then 0" */
void rg_gate_trust(const rg_gate *gate, rg_text *out);

/* A word for a POSIX shell. */
void rg_gate_quote(rg_text *out, const char *raw);

/* The command that makes this gate again. */
void rg_gate_repeat(const rg_gate *gate, rg_text *out);

#endif
