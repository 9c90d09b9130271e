/* kernel_words.h: operators, kernels and levels as they are named on the command line, shared by
 * verify, bench and list. */
#ifndef RG_CMD_KERNEL_WORDS_H
#define RG_CMD_KERNEL_WORDS_H

#include <jansson.h>

#include "bench/cmd/args.h"
#include "bench/iface/kernel.h"

/* RG_USAGE, naming the nearest, when `word` is neither an operator nor a kind of operators. */
rg_status rg_op_word_check(const char *word, rg_err *err);

/* RG_USAGE, naming the nearest, when no kernel is named so. */
rg_status rg_kernel_word_check(const char *word, rg_err *err);

/* True when the words are empty or name the operator or its kind. */
bool rg_op_asked_for(const rg_op *op, const rg_args *args);

/* Which levels the mask lets run, which it hides, and which this CPU lacks: "levels scalar, not
 * asked for: avx2, not here: avxvnni ...". Levels of another architecture are left out. */
void rg_levels_text(uint64_t mask, char *ret, size_t cap);
json_t *rg_levels_json(uint64_t mask);

#endif
