/* overhead.c: measuring what the harness costs; overhead_rows.c judges and prints it. */
#include "bench/result/overhead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/result/stats.h"
#include "bench/run/child.h"
#include "bench/run/cores.h"
#include "bench/run/meter.h"
#include "bench/run/pattern.h"
#include "bench/run/request.h"

enum { RUNS = 400, WORK = 60000, INSIDE = 3 /* fourth of 15 from either end */ };

static rg_overhead_figure figure(double *values, size_t n) {
    rg_sort_reals(values, n);
    return (rg_overhead_figure){values[INSIDE], rg_quantile(values, n, 0.5),
                                values[n - 1 - INSIDE]};
}

static void measure_clock(rg_overhead *ret) {
    double loops[RG_OVERHEAD_PAIRS];
    rg_clock_check clock = rg_clock_measure();
    ret->clock_cost_ns = clock.cost_ns;
    ret->clock_resolution_ns = clock.resolution_ns;
    ret->clock_monotonic = clock.monotonic;
    for (int i = 0; i < RG_OVERHEAD_PAIRS; i++)
        loops[i] = rg_loop_overhead_ns();
    ret->iteration_ns = figure(loops, RG_OVERHEAD_PAIRS);
}

/* --- the meter -------------------------------------------------------------------------------- */

/* About 0.1 ms of multiplications. */
static uint64_t work(uint64_t seed) {
    for (int i = 0; i < WORK; i++)
        seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed;
}

typedef struct block {
    double p50_ns, p95_ns;
} block;

static block measure_work(uint64_t *sink) {
    static double ns[RUNS];
    for (int i = 0; i < RUNS; i++) {
        int64_t start = rg_clock_real_ns();
        *sink = work(*sink);
        ns[i] = (double)(rg_clock_real_ns() - start);
    }
    rg_sort_reals(ns, RUNS);
    return (block){rg_quantile(ns, RUNS, 0.5), rg_quantile(ns, RUNS, 0.95)};
}

/* A machine of one power file that says it is new each millisecond. */
static rg_status make_tree(const char *path, rg_err *err) {
    static const char *const files[][2] = {
        {"name", "ina226\n"},          {"in1_input", "12000\n"},   {"curr1_input", "500\n"},
        {"power1_input", "6000000\n"}, {"update_interval", "1\n"}, {"shunt_resistor", "5000\n"}};
    char name[256];
    snprintf(name, sizeof name, "%s/sys/class/hwmon/hwmon0", path);
    rg_status status = rg_fs_mkdirs(name, err);
    for (size_t i = 0; status == RG_OK && i < sizeof files / sizeof files[0]; i++) {
        snprintf(name, sizeof name, "%s/sys/class/hwmon/hwmon0/%s", path, files[i][0]);
        status = rg_fs_write_atomic(name, files[i][1], strlen(files[i][1]), err);
    }
    return status;
}

static rg_status open_meter(const char *tree, const char *cores, rg_meter **ret, rg_err *err) {
    rg_root *root = NULL;
    rg_rail_list *rails = calloc(1, sizeof *rails);
    rg_status status = rails ? rg_root_open(tree, &root, err) : RG_NO_MEMORY;
    if (status == RG_OK)
        status = rg_rails_find(root, NULL, false, rails, err);
    if (status == RG_OK)
        status = rg_meter_open(root, rails, cores, ret, err);
    if (status == RG_OK) {
        rg_meter_hurry(*ret);
        status = rg_meter_start(*ret, err);
    }
    rg_root_close(root);
    free(rails);
    return status;
}

/* Row by row: change of p50, of p95, share of a core, time of a read, reads a second. */
enum { COLUMNS = 5 };

static rg_status compare_pair(const char *tree, const char *cores, uint64_t *sink, bool *ret_shares,
                              double ret[COLUMNS], rg_err *err) {
    rg_meter *meter = NULL;
    block off = measure_work(sink);
    int64_t start = rg_clock_real_ns();
    rg_status status = open_meter(tree, cores, &meter, err);
    if (status == RG_OK) {
        block on = measure_work(sink);
        rg_meter_stop(meter);
        double seconds = (double)(rg_clock_real_ns() - start) / 1e9;
        json_t *cost = rg_meter_cost(meter);
        ret[0] = on.p50_ns / off.p50_ns - 1;
        ret[1] = on.p95_ns / off.p95_ns - 1;
        ret[2] = rg_json_get_real(cost, "cpu_share", 0);
        ret[3] = rg_json_get_real(cost, "read_cost_ns", 0);
        ret[4] = (double)rg_json_get_int(cost, "reads", 0) / seconds;
        *ret_shares = rg_meter_shares_core(meter);
        json_decref(cost);
    }
    rg_meter_close(meter);
    return status;
}

static rg_status compare_pairs(const char *tree, const char *cores, rg_overhead *ret, rg_err *err) {
    double columns[COLUMNS][RG_OVERHEAD_PAIRS], row[COLUMNS];
    rg_overhead_figure *to[COLUMNS] = {&ret->p50_change, &ret->p95_change, &ret->cpu_share,
                                       &ret->read_ns, &ret->reads_per_s};
    uint64_t sink = 1;
    rg_status status = RG_OK;
    measure_work(&sink);
    for (int i = 0; status == RG_OK && i < RG_OVERHEAD_PAIRS; i++) {
        status = compare_pair(tree, cores, &sink, &ret->shares_core, row, err);
        for (int c = 0; c < COLUMNS; c++)
            columns[c][i] = row[c];
    }
    for (int c = 0; status == RG_OK && c < COLUMNS; c++)
        *to[c] = figure(columns[c], RG_OVERHEAD_PAIRS);
    return sink ? status : RG_FAILED;
}

static rg_status measure_meter(rg_overhead *ret, rg_err *err) {
    char tree[] = "/tmp/railgauge-overhead-XXXXXX", cores[16] = "";
    const rg_cpus *cpus = rg_cpus_here();
    if (cpus->n && rg_cpu_pin(cpus->id[0]))
        snprintf(cores, sizeof cores, "%u", cpus->id[0]);
    if (!mkdtemp(tree))
        return rg_fail(err, RG_IO, "make /tmp writable", "no temporary folder can be made");
    rg_status status = make_tree(tree, err);
    if (status == RG_OK)
        status = compare_pairs(tree, cores, ret, err);
    rg_fs_remove_tree(tree, NULL);
    rg_cpu_unpin();
    return status;
}

/* --- the worker ------------------------------------------------------------------------------- */

/* A worker that is asked whether it could run a model of nothing on the simulated target. */
static rg_status ask_worker(const char *program, const rg_cell *cell, double *ret_ns, rg_err *err) {
    rg_job job = {.kind = RG_JOB_ADMIT, .cell = *cell};
    rg_child_spec spec = {.program = program, .job = &job, .limit_ns = 60 * (int64_t)1000000000};
    rg_child child;
    rg_child_run(&spec, &child);
    *ret_ns = (double)child.elapsed_ns;
    rg_status status = child.status;
    if (status != RG_OK)
        rg_fail(err, status, child.err.advice, "a worker did not answer: %s", child.err.what);
    rg_child_free(&child);
    return status;
}

static rg_status measure_worker(const char *program, rg_overhead *ret, rg_err *err) {
    double ns[RG_OVERHEAD_WORKERS], first;
    rg_plan *plan = NULL;
    json_t *request = json_pack("{s:s, s:[{s:i, s:s}]}", "name", "overhead", "cells", "empty", 64,
                                "target", "sim");
    rg_status status = request ? rg_plan_build(request, &plan, err) : RG_NO_MEMORY;
    if (status == RG_OK) /* the first makes the model's file and warms the page cache */
        status = ask_worker(program, &plan->cells[0], &first, err);
    for (int i = 0; status == RG_OK && i < RG_OVERHEAD_WORKERS; i++)
        status = ask_worker(program, &plan->cells[0], &ns[i], err);
    if (status == RG_OK)
        ret->worker_ns = figure(ns, RG_OVERHEAD_WORKERS);
    rg_plan_free(plan);
    json_decref(request);
    return status;
}

rg_status rg_overhead_measure(const char *program, rg_overhead *ret, rg_err *err) {
    *ret = (rg_overhead){0};
    measure_clock(ret);
    rg_status status = measure_meter(ret, err);
    return status == RG_OK ? measure_worker(program, ret, err) : status;
}
