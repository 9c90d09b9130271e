/* codes.h: stable ids of flags, refusals and reasons for missing numbers, each with one sentence
 * and one thing to try. `railgauge list codes` prints these rows; records carry the ids. */
#ifndef RG_CORE_CODES_H
#define RG_CORE_CODES_H

#include <stddef.h>

typedef enum rg_code_kind {
    RG_CODE_FLAG,    /* quality of a record: the figure stands, with this said beside it */
    RG_CODE_REFUSAL, /* energy or TOPS/W is not printed, for this reason */
    RG_CODE_NA,      /* a number is missing, for this reason */
} rg_code_kind;

typedef struct rg_code {
    const char *id; /* "no-sensor", stable for ever */
    rg_code_kind kind;
    const char *seen;   /* what was seen */
    const char *why;    /* why it matters */
    const char *advice; /* what to try */
} rg_code;

/* All codes, in the order in which they are listed. */
extern const rg_code rg_codes[];
extern const size_t rg_n_codes;

/* The code with this id, or NULL. */
const rg_code *rg_code_find(const char *id);

#endif
