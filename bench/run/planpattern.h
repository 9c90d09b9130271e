/* planpattern.h: load patterns as scenarios write them: which keys each takes and needs, and what
 * they ask of a round. Used by plancell.c, planprint.c and cell_line.c. */
#ifndef RG_RUN_PLANPATTERN_H
#define RG_RUN_PLANPATTERN_H

#include <jansson.h>

#include "bench/run/request.h"

/* A request's "pattern": a word, a table, or NULL (single_stream). ret_deadline_ns: what the
 * pattern says of the deadline, 0 nothing. RG_USAGE for a key that it does not take, or lacks. */
rg_status rg_planpattern_parse(const json_t *asked, rg_pattern *ret_pattern,
                               int64_t *ret_deadline_ns, rg_err *err);

/* Fills in what follows from pattern and tier: the deadline where the pattern has one by itself (a
 * period), a cap that the round's arrivals fit in. RG_USAGE when they contradict each other. */
rg_status rg_planpattern_settle(rg_cell *cell, int64_t pattern_deadline_ns, rg_err *err);

/* The least time that a round's steady window takes. */
int64_t rg_planpattern_least_ns(const rg_cell *cell);

/* {"kind" and the parameters that it has}; a new reference. And back; false for no pattern. */
json_t *rg_pattern_to_json(const rg_pattern *pattern);
bool rg_pattern_from_json(const json_t *object, rg_pattern *ret_pattern);

/* "in_flight 4", "paced 30 Hz": for a table of the plan. */
void rg_pattern_text(const rg_pattern *pattern, char *ret, size_t cap);

#endif
