/* report_priv.h: what report.c, reportdata.c and reportrounds.c share. */
#ifndef RG_RESULT_REPORT_PRIV_H
#define RG_RESULT_REPORT_PRIV_H

#include <jansson.h>

#include "bench/result/bundle.h"
#include "bench/result/report.h"

/* The table that templates get, without options (report.h), as JSON: a new reference. Raw samples
 * are read only with `with_samples`. Adds lines to `ret_words` for bundles that are not whole. */
rg_status rg_report_gather(const char *const *dirs, size_t n_dirs, bool with_samples,
                           json_t **ret_data, rg_text *ret_words, rg_err *err);

/* Adds cell key: {"n", "values"} to `samples` for every cell with ok rounds. Damaged rounds are
 * left out and named in the list `damage`. */
rg_status rg_report_samples(const rg_bundle *bundle, json_t *samples, json_t *damage, rg_err *err);

/* State of the machine before the first and after the last round, as these recorded it: {"before":
 * {...}, "after": {...}} with what is known (run/host.h); and over all rounds "throttle_rise":
 * {counter: ..} and "hottest_mc": {zone: ..}. A new reference. */
json_t *rg_report_state(const rg_bundle *bundle);

/* Adds to `records` those of cells that have rounds but no record yet, made from the rounds: for
 * bundles that were interrupted or are damaged. Unlike the writer's own, it goes on where a round
 * cannot be read. */
rg_status rg_report_derive(const rg_bundle *bundle, json_t *records, json_t *damage, rg_err *err);

#endif
