/* foreign_trtexec.c: trtexec's log (8.0 and later) and its --exportTimes. The latency of a query
 * is, as the tool defines it, the sum of both transfers and the computation on the GPU; since it
 * enqueues one query ahead, the time from enqueueing to the answer is longer and is not told here.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/iface/foreign.h"

static const rg_foreign_place places[] = {
    {"Throughput:", NULL, "throughput_per_s", 1, true},
    {"Latency:", "min = ", "latency_min_ns", 1e6, true},
    {"Latency:", "max = ", "latency_max_ns", 1e6, true},
    {"Latency:", "mean = ", "latency_mean_ns", 1e6, true},
    {"Latency:", "median = ", "latency_p50_ns", 1e6, true},
    {"Latency:", "percentile(90%) = ", "latency_p90_ns", 1e6, true},
    {"Latency:", "percentile(95%) = ", "latency_p95_ns", 1e6, true},
    {"Latency:", "percentile(99%) = ", "latency_p99_ns", 1e6, true},
    {"GPU Compute Time:", "mean = ", "device_mean_ns", 1e6, true},
    {"Engine loaded in", NULL, "load_cold_ns", 1e9, false},
    {"Precision:", NULL, "precision", 0, false},
    {"Data transfers:", NULL, "data_transfers", 0, false},
    {"Spin-wait:", NULL, "spin_wait", 0, false},
    {"CUDA Graph:", NULL, "cuda_graph", 0, false},
    {"Separate profiling:", NULL, "separate_profiling", 0, false},
    {"Streams:", NULL, "streams", 0, false},
    {"DLACore:", NULL, "dla_core", 0, false},
    {"Batch:", NULL, "batch", 0, false},
    {"Enqueue Time:", NULL, "enqueue", 0, true},
    {"H2D Latency:", NULL, "h2d", 0, true},
    {"D2H Latency:", NULL, "d2h", 0, true},
    {0},
};

/* 8001: 8.0.1; 100300: 10.3.0; 101602: 10.16.2. The last two digits are the patch, from 10 on. */
const char *rg_foreign_trtexec_version(const char *text, rg_arena *arena) {
    const char *at = strstr(text, "[TensorRT v");
    long number = at ? strtol(at + 11, NULL, 10) : 0;
    if (number <= 0)
        return "";
    if (number < 10000)
        return rg_arena_printf(arena, "%ld.%ld.%ld", number / 1000, number / 100 % 10,
                               number % 100);
    return rg_arena_printf(arena, "%ld.%ld.%ld", number / 10000, number / 100 % 100, number % 100);
}

static void name_model(const char *text, rg_arena *arena, rg_foreign *result) {
    static const char *const options[] = {"--onnx=", "--loadEngine="};
    for (size_t i = 0; i < 2 && !*result->workload; i++) {
        const char *at = strstr(text, options[i]);
        size_t head = strlen(options[i]), length = at ? strcspn(at + head, " \r\n") : 0;
        if (length)
            result->workload = rg_foreign_model_name(
                rg_arena_printf(arena, "%.*s", (int)length, at + head), arena);
    }
}

static rg_status read_log(const char *text, rg_arena *arena, rg_foreign_list *list, rg_err *err) {
    static const rg_foreign_place device = {"Selected Device:", NULL, NULL, 0, false};
    static const rg_foreign_place queries = {"Timing trace has", NULL, NULL, 1, true};
    rg_foreign *result = rg_foreign_add(list);
    if (!result)
        return rg_fail(err, RG_NO_MEMORY, NULL, "too many results");
    const char *name = rg_foreign_text(text, &device, arena);
    double n = rg_foreign_number(text, &queries);
    result->device = name ? name : "";
    result->version = rg_foreign_trtexec_version(text, arena);
    result->n = n >= 0 && n < 1e15 ? (uint64_t)n : 0;
    name_model(text, arena, result);
    rg_foreign_take(text, places, arena, result);
    json_object_del(result->settings, "");
    if (strstr(text, "&&&& FAILED TensorRT.trtexec"))
        return rg_fail(err, RG_BAD_DATA, "run it by hand to see why",
                       "trtexec says that it failed");
    if (isnan(rg_foreign_number(text, &places[3])))
        return rg_fail(err, RG_BAD_DATA, "give its whole output, of a run that was not cut off",
                       "trtexec tells no latency");
    return RG_OK;
}

/* The member in ns; false without it. */
static bool time_of(const json_t *query, const char *key, int64_t *ret_ns) {
    const json_t *value = json_object_get(query, key);
    double ns = json_is_number(value) ? json_number_value(value) * 1e6 : NAN;
    if (!(ns >= 0 && ns < 1e18))
        return false;
    *ret_ns = (int64_t)llround(ns);
    return true;
}

static int by_end(const void *a, const void *b) {
    const rg_foreign_row *x = a, *y = b;
    return (x->end_ns > y->end_ns) - (x->end_ns < y->end_ns);
}

static rg_status read_times(const json_t *queries, rg_arena *arena, rg_foreign_list *list,
                            rg_err *err) {
    size_t n = json_array_size(queries);
    rg_foreign_row *rows = rg_arena_array(arena, n + 1, sizeof *rows);
    rg_foreign *result = rows ? rg_foreign_add(list) : NULL;
    double compute_ns = 0;
    if (!result)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %zu queries", n);
    for (size_t i = 0; i < n; i++) {
        int64_t latency, end, compute;
        const json_t *query = json_array_get(queries, i);
        if (!time_of(query, "latencyMs", &latency) || !time_of(query, "endD2hMs", &end) ||
            !time_of(query, "computeMs", &compute))
            return rg_fail(err, RG_BAD_DATA,
                           "give what trtexec --exportTimes of TensorRT 8.4 or "
                           "later wrote",
                           "query %zu has no latencyMs, computeMs or endD2hMs", i);
        rows[i] = (rg_foreign_row){end - latency, end};
        compute_ns += (double)compute;
    }
    qsort(rows, n, sizeof *rows, by_end);
    result->rows = rows;
    result->n = result->n_rows = n;
    json_object_set_new(result->told, "device_mean_ns", json_real(compute_ns / (double)n));
    return RG_OK;
}

static rg_status read(const char *text, size_t bytes, rg_arena *arena, rg_foreign_list *list,
                      rg_err *err) {
    if (strstr(text, "TensorRT.trtexec"))
        return read_log(text, arena, list, err);
    json_t *queries = NULL;
    rg_status status = rg_json_parse(text, bytes, "the times", &queries, NULL);
    if (status == RG_OK && json_array_size(queries))
        status = read_times(queries, arena, list, err);
    else
        status = rg_fail(err, RG_BAD_DATA, "its log, or what --exportTimes wrote",
                         "this is not trtexec's");
    json_decref(queries);
    return status;
}

const rg_foreign_format rg_foreign_trtexec = {
    .name = "trtexec",
    .summary = "its log and what --exportTimes wrote (give both for settings and samples)",
    .read = read,
};
