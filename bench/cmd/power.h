/* power.h: what the parts of `railgauge power` share: options, the trace file, the analysis. */
#ifndef RG_CMD_POWER_H
#define RG_CMD_POWER_H

#include <stdio.h>

#include "bench/cmd/args.h"
#include "bench/iface/powerlog.h"
#include "bench/result/energy.h"
#include "bench/run/meter.h"

typedef struct rg_power_options {
    const char *rail, *power_pipe, *output, *window, *idle, *load;
    int64_t interval_ns, idle_ns, count, seconds;
    int scope; /* of the headline; 0: the widest that is measured */
    bool json;
} rg_power_options;

/* One thing that `railgauge power` does; returns an exit code. words: what follows its name. */
typedef struct rg_power_call {
    const rg_globals *globals;
    const rg_power_options *options;
    const rg_args *args;
    const char *const *words;
    size_t n_words;
} rg_power_call;

int rg_power_watch(const rg_power_call *call);
int rg_power_check(const rg_power_call *call);
int rg_power_record(const rg_power_call *call);
int rg_power_replay(const rg_power_call *call);

/* What --rail names, as rg_rails_find wants it; `ret_selectors` has room for RG_MAX_ARGS + 1 and is
 * all NULL. Returns how many. */
size_t rg_power_selectors(const rg_power_call *call, const char **ret_selectors);

/* Finds what --rail and --power-pipe name and opens a meter on it. Close with rg_meter_close. */
rg_status rg_power_meter(const rg_power_call *call, rg_meter **ret_meter, rg_err *err);

/* True once SIGINT or SIGTERM came; rg_power_catch makes them only do that. */
void rg_power_catch(void);
bool rg_power_stopped(void);

/* --- traces (power_trace.c): a powerlog that grows on disk while it is recorded ----------------
 */

typedef struct rg_trace rg_trace;

rg_status rg_trace_create(const char *path, const rg_meter *meter, rg_trace **ret_trace,
                          rg_err *err);
/* Writes what the meter has taken since the last call. */
rg_status rg_trace_pump(rg_trace *trace, rg_meter *meter, rg_err *err);
rg_status rg_trace_span(rg_trace *trace, enum rg_powerlog_span which, rg_stretch span, rg_err *err);
/* Everything to the disk; frees the trace in any case. Accepts NULL. */
rg_status rg_trace_close(rg_trace *trace, rg_err *err);

/* Reads a trace; a last line that a killed recorder left half-written is passed over and
 * `ret_cut` says so. Rows and rails live in the arena. */
rg_status rg_trace_read(const char *path, rg_arena *arena, rg_powerlog *ret_log, bool *ret_cut,
                        rg_err *err);

/* --- analysis (power_show.c) -------------------------------------------------------------------
 */

/* Energy of the trace's window; `prefer` as in rg_energy_ask. Free with rg_energy_free. */
rg_status rg_power_analyse(const rg_powerlog *log, rg_scope prefer, rg_energy *ret_energy,
                           rg_err *err);
/* A line a scope and a rail, the budget of the headline, and what each refusal means. */
void rg_power_show(const rg_energy *energy, const rg_powerlog *log, FILE *out);

#endif
