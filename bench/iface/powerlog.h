/* powerlog.h: the raw power rows of a round or a recorded trace as text (power.jsonl). The first
 * line tells the rails and the columns, every further line is one reading:
 *
 *   {"rails": [{"id": "sim:total", "scope": "module", ...}], "columns": ["t_ns", "half_ns", ...]}
 *   [1200345,800,0,0,5123.5,null,12000,426.9]
 *
 * in the order t_ns, half_ns, rail, flags, power_mw, energy_uj, voltage_mv, current_ma of
 * rg_power_row. A number that does not exist is null. A round without power has the first line
 * only, with no rail. A trace that stands by itself may also hold lines that name stretches of its
 * time:
 *
 *   {"span": "window", "start_ns": 1200345, "end_ns": 9200345}
 *
 * "window" is what is measured, "idle_before" and "idle_after" are what it is compared with. */
#ifndef RG_IFACE_POWERLOG_H
#define RG_IFACE_POWERLOG_H

#include <jansson.h>
#include <stddef.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/text.h"
#include "bench/iface/sensor.h"

/* A rail as JSON (new reference, NULL when memory ran out), and back. Words that are not known
 * become "unknown", texts too long for their member are cut. RG_BAD_DATA without an id. */
json_t *rg_rail_to_json(const rg_rail *rail);
rg_status rg_rail_from_json(const json_t *value, rg_rail *ret_rail, rg_err *err);

/* Appends the whole file to `ret_text`. RG_NO_MEMORY. */
rg_status rg_powerlog_encode(const rg_rail *rails, size_t n_rails, const rg_power_row *rows,
                             size_t n_rows, rg_text *ret_text, rg_err *err);

/* The same piece by piece, for traces that grow. RG_BAD_DATA for rails whose text is not UTF-8. */
rg_status rg_powerlog_add_head(const rg_rail *rails, size_t n_rails, rg_text *text, rg_err *err);
void rg_powerlog_add_row(const rg_power_row *row, rg_text *text);

enum rg_powerlog_span { RG_SPAN_WINDOW, RG_SPAN_IDLE_BEFORE, RG_SPAN_IDLE_AFTER, RG_SPAN_COUNT };
typedef struct rg_stretch {
    int64_t start_ns, end_ns; /* end <= start: there is none */
} rg_stretch;
void rg_powerlog_add_span(enum rg_powerlog_span which, rg_stretch stretch, rg_text *text);

typedef struct rg_powerlog {
    rg_rail *rails;
    size_t n_rails;
    rg_power_row *rows;
    size_t n_rows;
    rg_stretch spans[RG_SPAN_COUNT];
} rg_powerlog;

/* Reads it back into the arena; numbers are exact. RG_BAD_DATA with the line for damage. */
rg_status rg_powerlog_decode(const char *text, size_t bytes, rg_arena *arena, rg_powerlog *ret_log,
                             rg_err *err);

#endif
