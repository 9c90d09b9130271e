/* overhead_rows.c: the harness's own costs against their limits, as a table and as JSON. */
#include <math.h>
#include <stdio.h>

#include "bench/core/json.h"
#include "bench/result/overhead.h"

static rg_overhead_figure one(double value) {
    return (rg_overhead_figure){value, value, value};
}

size_t rg_overhead_judge(const rg_overhead *o, rg_overhead_row rows[RG_OVERHEAD_ROWS]) {
    const rg_overhead_row all[RG_OVERHEAD_ROWS] = {
        {"clock_cost_ns", "a reading of the clock", "ns", one(o->clock_cost_ns), 1000, false},
        {"clock_resolution_ns", "smallest step of the clock", "ns", one(o->clock_resolution_ns),
         1000, false},
        {"iteration_ns", "a timed iteration of nothing", "ns", o->iteration_ns, 2000, false},
        {"meter_p50_change", "p50 beside a meter at 1 kHz", "%", o->p50_change, 0.01, false},
        {"meter_p95_change", "p95 beside a meter at 1 kHz", "%", o->p95_change, 0.01, false},
        {"meter_cpu_share", "the meter's share of its core", "%", o->cpu_share, 0.05, false},
        {"meter_read_ns", "one read of a rail", "ns", o->read_ns, NAN, false},
        {"meter_reads_per_s", "reads a second", "", o->reads_per_s, NAN, false},
        {"worker_ns", "a worker: start, answer, end", "ns", o->worker_ns, NAN, false},
    };
    size_t broken = 0;
    for (size_t i = 0; i < RG_OVERHEAD_ROWS; i++) {
        rows[i] = all[i];
        rows[i].broken = isfinite(all[i].limit) && all[i].value.low > all[i].limit;
        broken += rows[i].broken;
    }
    return broken;
}

json_t *rg_overhead_to_json(const rg_overhead *overhead) {
    rg_overhead_row rows[RG_OVERHEAD_ROWS];
    size_t broken = rg_overhead_judge(overhead, rows);
    json_t *document =
        json_pack("{s:i, s:b, s:b, s:I}", "schema", 1, "clock_monotonic", overhead->clock_monotonic,
                  "meter_shares_core", overhead->shares_core, "broken", (json_int_t)broken);
    for (size_t i = 0; document && i < RG_OVERHEAD_ROWS; i++) {
        json_t *figure = json_object();
        rg_json_set_real(figure, "median", rows[i].value.median);
        rg_json_set_real(figure, "low", rows[i].value.low);
        rg_json_set_real(figure, "high", rows[i].value.high);
        rg_json_set_real(figure, "limit", rows[i].limit);
        json_object_set_new(figure, "ok", json_boolean(!rows[i].broken));
        json_object_set_new(document, rows[i].key, figure);
    }
    return document;
}

static void value_text(const rg_overhead_row *row, double value, char *ret, size_t cap) {
    if (!isfinite(value))
        snprintf(ret, cap, "-");
    else if (row->unit[0] == 'n')
        rg_text_duration(value, ret, cap);
    else if (row->unit[0] == '%')
        snprintf(ret, cap, "%.2f %%", 100 * value);
    else
        snprintf(ret, cap, "%.0f", value);
}

void rg_overhead_to_text(const rg_overhead *overhead, rg_text *ret) {
    rg_overhead_row rows[RG_OVERHEAD_ROWS];
    rg_overhead_judge(overhead, rows);
    rg_text_printf(ret, "      %-29s %10s %10s %10s %10s\n", "", "median", "low", "high", "limit");
    for (size_t i = 0; i < RG_OVERHEAD_ROWS; i++) {
        const rg_overhead_row *row = &rows[i];
        char median[32], low[32], high[32], limit[32];
        value_text(row, row->value.median, median, sizeof median);
        value_text(row, row->value.low, low, sizeof low);
        value_text(row, row->value.high, high, sizeof high);
        value_text(row, row->limit, limit, sizeof limit);
        rg_text_printf(ret, "%-5s %-29s %10s %10s %10s %10s\n", row->broken ? "NOT" : "ok",
                       row->text, median, low, high, limit);
    }
    rg_text_printf(ret, "%-5s %s\n", overhead->clock_monotonic ? "ok" : "NOT",
                   "the clock never goes back");
    if (overhead->shares_core)
        rg_text_add(ret, "note  no core was left for the meter: it shared the workload's\n");
}
