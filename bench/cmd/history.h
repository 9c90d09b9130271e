/* history.h: the forms in which `railgauge history` shows a series. */
#ifndef RG_CMD_HISTORY_H
#define RG_CMD_HISTORY_H

#include "bench/core/text.h"
#include "bench/result/history.h"

/* A head, a chart of one line a run, the changes in words (history_text.c). */
void rg_history_to_text(const rg_history *history, size_t columns, rg_text *ret);

/* RFC 4180, one row a run, all digits. */
void rg_history_to_csv(const rg_history *history, rg_text *ret);

/* Schema 1; a new reference, NULL without memory. */
json_t *rg_history_to_json(const rg_history *history);

/* A chart by gnuplot into `path`, .svg or .png (history_chart.c). RG_USAGE for other endings,
 * RG_ABSENT without gnuplot, RG_IO. */
rg_status rg_history_chart(const rg_history *history, const char *path, rg_err *err);

#endif
