/* accuracy_words.h: what `railgauge accuracy` says, as text and as JSON. */
#ifndef RG_CMD_ACCURACY_WORDS_H
#define RG_CMD_ACCURACY_WORDS_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/run/dataset.h"

/* What a model said of one sample. */
typedef struct rg_answer {
    int rank;                /* classes: how many were put before the right one */
    double score;            /* anomaly: mean square of what was not given back */
    double absolute, square; /* values: mean errors */
    bool nan;                /* something of it was no number */
    double ns;               /* a request, on the average of the sample's */
} rg_answer;

typedef struct rg_answers {
    const char *model, *target, *twin; /* twin NULL: none */
    const rg_dataset *dataset;
    const rg_answer *ours, *twins; /* one a sample */
    json_t *measured;              /* accuracy_run.h; NULL: no run was named */
} rg_answers;

/* Prints the lines of a document that rg_accuracy_tell made. */
void rg_accuracy_print(const rg_answers *answers, const json_t *all);

/* Prints to stdout. RG_NO_MEMORY. */
rg_status rg_accuracy_tell(const rg_answers *answers, bool json, rg_err *err);

#endif
