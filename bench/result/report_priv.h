/* report_priv.h: what report.c and reportdata.c share. */
#ifndef RG_RESULT_REPORT_PRIV_H
#define RG_RESULT_REPORT_PRIV_H

#include <jansson.h>

#include "bench/result/report.h"

/* The table that templates get, without options (report.h), as JSON: a new reference. Raw samples
 * are read only with `with_samples`. Adds lines to `ret_words` for bundles that are not whole. */
rg_status rg_report_gather(const char *const *dirs, size_t n_dirs, bool with_samples,
                           json_t **ret_data, rg_text *ret_words, rg_err *err);

#endif
