/* suite.h: what is known of the built-in models without making them: their sets, forms and counts.
 * materialise.h makes them; models/suite holds their descriptions. */
#ifndef RG_RUN_SUITE_H
#define RG_RUN_SUITE_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/core/work.h"

enum { RG_SUITE_MOST_NAMES = 64 };

/* A named part of the suite. */
typedef struct rg_suite_set {
    const char *name, *summary;
    const char *models[RG_SUITE_MOST_NAMES]; /* NULL-ended; the first NULL: every model */
} rg_suite_set;

extern const rg_suite_set rg_suite_sets[]; /* ends with a NULL name */

/* Adds the models that a word names, a set or one model, to `ret` (at most RG_SUITE_MOST_NAMES,
 * none twice). RG_USAGE with the nearest word, or when there is no room for another. */
rg_status rg_suite_names(const char *word, const char **ret, size_t *ret_n, rg_err *err);

/* Counts of one model, by its description. */
typedef struct rg_suite_facts {
    rg_work work;
    uint64_t parameters;       /* seeded numbers: weights, biases, embeddings; not tables of given
                                  values, which are part of the algorithm */
    uint64_t activation_bytes; /* of the int8 form: most bytes alive at one node */
    uint64_t int8_bytes;       /* of all tensors once, constants too, in the int8 form */
    uint32_t nodes, inputs, outputs;
} rg_suite_facts;

/* Counts without seeding or calibrating anything: milliseconds. */
rg_status rg_suite_count(const json_t *description, rg_suite_facts *ret_facts, rg_err *err);

/* How the published figures compare: RG_OK, or RG_WRONG naming the figure that is off by more than
 * the description allows (`within` of `macs`, `parameters_within` of `parameters`, as shares).
 * `parameters_correction` is what our topology has more, `correction` says why. */
rg_status rg_suite_check_published(const json_t *description, const rg_suite_facts *facts,
                                   rg_err *err);

/* The forms that a model is exported in ("int8", "int4"), a borrowed array of texts; NULL: int8. */
const json_t *rg_suite_forms(const json_t *description);

#endif
