/* bench_job.h: one call of `railgauge bench`: what was asked for and what was found so far. Shared
 * by bench.c, bench_words.c (which cases) and bench_case.c (timing one). */
#ifndef RG_CMD_BENCH_JOB_H
#define RG_CMD_BENCH_JOB_H

#include "bench/cmd/args.h"
#include "bench/cmd/bench_table.h"
#include "bench/iface/registry.h"

enum { RG_BENCH_COUNTS = 8 };

typedef struct rg_bench_options {
    const char *isa, *kernel, *threads, *precision;
    int64_t rounds, min_time_ns, seed;
    bool json, wide, peak, chosen, suite;
} rg_bench_options;

typedef struct rg_bench_job {
    const rg_bench_options *opt;
    const rg_args *args;
    uint64_t mask;
    uint32_t counts[RG_BENCH_COUNTS];
    size_t n_counts;
    rg_ceilings *ceilings;
    rg_bench_table table;
    json_t *rows;
    uint32_t cases, wrong, disturbed;
    bool waits_known;
} rg_bench_job;

/* RG_USAGE, naming the nearest, unless each word is an operator, a kind or a bench case, and the
 * kernel asked for exists. */
rg_status rg_bench_check_words(const rg_bench_job *j, rg_err *err);

/* The cases of `op`: the operator suite's with --suite, else those of kernels/cases; NULL: none. */
const rg_case_set *rg_bench_set(const rg_bench_job *j, const rg_op *op);

/* True when every case of `op` in its set was asked for. */
bool rg_bench_whole(const rg_bench_job *j, const rg_op *op);

/* True when the words are empty or name this bench case. */
bool rg_bench_names_case(const rg_args *args, const char *name);

/* Times the cases of `op` that were asked for. RG_NO_MEMORY, RG_FAILED. */
rg_status rg_bench_op(rg_bench_job *j, const rg_op *op, rg_err *err);

#endif
