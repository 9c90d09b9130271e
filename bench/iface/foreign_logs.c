/* foreign_logs.c: tools whose whole answer is a few lines of text: TensorFlow Lite's
 * benchmark_model, onnxruntime_perf_test, LoadGen's mlperf_log_summary.txt. One table of places a
 * tool. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "bench/iface/foreign.h"

/* A result of the places, if the text holds the figure that is not to be missing. */
static rg_status read_places(const char *text, const rg_foreign_place *places, const char *needed,
                             const char *tool, rg_arena *arena, rg_foreign_list *list,
                             rg_err *err) {
    rg_foreign *result = rg_foreign_add(list);
    if (!result)
        return rg_fail(err, RG_NO_MEMORY, NULL, "too many results");
    rg_foreign_take(text, places, arena, result);
    if (json_object_get(result->told, needed))
        return RG_OK;
    return rg_fail(err, RG_BAD_DATA, "give its whole output, of a run that was not cut off",
                   "this is not what %s writes", tool);
}

static void take_count(const char *text, const rg_foreign_place *place, rg_foreign *result) {
    double n = rg_foreign_number(text, place);
    result->n = n >= 0 && n < 1e15 ? (uint64_t)n : 0;
}

/* --- benchmark_model: times in us; the last `count=` line is of the steady runs --------------- */

static const rg_foreign_place tflite_places[] = {
    {"count=", "min=", "latency_min_ns", 1e3, true},
    {"count=", "max=", "latency_max_ns", 1e3, true},
    {"count=", "avg=", "latency_mean_ns", 1e3, true},
    {"count=", "median=", "latency_p50_ns", 1e3, true},
    {"count=", "p95=", "latency_p95_ns", 1e3, true},
    {"Inference timings in us:", "Init:", "load_cold_ns", 1e3, true},
    {"Inference timings in us:", "First inference:", "first_ns", 1e3, true},
    {"The input model file size (MB)", NULL, "model_file_bytes", 1e6, false},
    {"Graph:", NULL, "graph", 0, false},
    {"Num threads:", NULL, "num_threads", 0, false},
    {"Use xnnpack:", NULL, "use_xnnpack", 0, false},
    {"Use gpu:", NULL, "use_gpu", 0, false},
    {"External delegate path:", NULL, "external_delegate", 0, false},
    {"Memory footprint delta from the start of the tool (MB)", NULL, "memory_footprint_mb", 0,
     true},
    {0},
};

static rg_status read_tflite(const char *text, size_t bytes, rg_arena *arena, rg_foreign_list *list,
                             rg_err *err) {
    static const rg_foreign_place count = {"count=", NULL, NULL, 1, true};
    (void)bytes;
    rg_status status =
        read_places(text, tflite_places, "latency_mean_ns", "benchmark_model", arena, list, err);
    if (status != RG_OK)
        return status;
    rg_foreign *result = &list->items[list->n - 1];
    const json_t *graph = json_object_get(result->settings, "graph");
    take_count(text, &count, result);
    result->workload = rg_foreign_model_name(json_string_value(graph), arena);
    return RG_OK;
}

const rg_foreign_format rg_foreign_benchmark_model = {
    .name = "benchmark_model",
    .summary = "TensorFlow Lite's benchmark tool: what it printed",
    .read = read_tflite,
};

/* --- onnxruntime_perf_test -------------------------------------------------------------------- */

static const rg_foreign_place ort_places[] = {
    {"Min Latency:", NULL, "latency_min_ns", 1e9, false},
    {"Max Latency:", NULL, "latency_max_ns", 1e9, false},
    {"Average inference time cost", NULL, "latency_mean_ns", 1e6, false},
    {"Average inference time cost total:", NULL, "latency_mean_ns", 1e6, false},
    {"P50 Latency:", NULL, "latency_p50_ns", 1e9, false},
    {"P90 Latency:", NULL, "latency_p90_ns", 1e9, false},
    {"P95 Latency:", NULL, "latency_p95_ns", 1e9, false},
    {"P99 Latency:", NULL, "latency_p99_ns", 1e9, false},
    {"Number of inferences per second:", NULL, "throughput_per_s", 1, false},
    {"Session creation time cost:", NULL, "load_cold_ns", 1e9, false},
    {"First inference time cost:", NULL, "first_ns", 1e6, false},
    {"Peak working set size:", NULL, "rss_peak_bytes", 1, false},
    {"Avg CPU usage:", NULL, "cpu_usage", 0, false},
    {"Setting intra_op_num_threads to", NULL, "intra_op_num_threads", 0, false},
    {0},
};

static rg_status read_ort(const char *text, size_t bytes, rg_arena *arena, rg_foreign_list *list,
                          rg_err *err) {
    static const rg_foreign_place count = {"Total inference requests:", NULL, NULL, 1, false};
    (void)bytes;
    rg_status status =
        read_places(text, ort_places, "latency_mean_ns", "onnxruntime_perf_test", arena, list, err);
    if (status == RG_OK)
        take_count(text, &count, &list->items[list->n - 1]);
    if (status == RG_OK && strstr(text, "Disabling intra-op thread spinning"))
        json_object_set_new(list->items[list->n - 1].settings, "spinning", json_string("false"));
    return status;
}

const rg_foreign_format rg_foreign_ort_perf = {
    .name = "ort_perf",
    .summary = "onnxruntime_perf_test: what it printed",
    .read = read_ort,
};

/* --- LoadGen's summary: times in ns ----------------------------------------------------------- */

static const rg_foreign_place mlperf_places[] = {
    {"Min latency (ns)", NULL, "latency_min_ns", 1, false},
    {"Max latency (ns)", NULL, "latency_max_ns", 1, false},
    {"Mean latency (ns)", NULL, "latency_mean_ns", 1, false},
    {"50.00 percentile latency (ns)", NULL, "latency_p50_ns", 1, false},
    {"90.00 percentile latency (ns)", NULL, "latency_p90_ns", 1, false},
    {"95.00 percentile latency (ns)", NULL, "latency_p95_ns", 1, false},
    {"99.00 percentile latency (ns)", NULL, "latency_p99_ns", 1, false},
    {"QPS w/o loadgen overhead", NULL, "throughput_per_s", 1, false},
    {"Samples per second", NULL, "throughput_per_s", 1, false},
    {"SUT name", NULL, "sut", 0, false},
    {"Scenario", NULL, "scenario", 0, false},
    {"Mode", NULL, "mode", 0, false},
    {"Result is", NULL, "result", 0, false},
    {"samples_per_query", NULL, "samples_per_query", 0, false},
    {"target_qps", NULL, "target_qps", 0, false},
    {"min_duration (ms)", NULL, "min_duration_ms", 0, false},
    {"min_query_count", NULL, "min_query_count", 0, false},
    {"performance_sample_count", NULL, "performance_sample_count", 0, false},
    {"qsl_rng_seed", NULL, "qsl_rng_seed", 0, false},
    {"sample_index_rng_seed", NULL, "sample_index_rng_seed", 0, false},
    {"schedule_rng_seed", NULL, "schedule_rng_seed", 0, false},
    {0},
};

static bool is(const rg_foreign *result, const char *setting, const char *word) {
    const char *told = json_string_value(json_object_get(result->settings, setting));
    return told && !strcmp(told, word);
}

/* Offline issues all samples in one query: their latencies are the place in that queue. */
static void drop_queueing(rg_foreign *result) {
    static const char *const keys[] = {"latency_min_ns", "latency_max_ns", "latency_mean_ns",
                                       "latency_p50_ns", "latency_p90_ns", "latency_p95_ns",
                                       "latency_p99_ns"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        json_object_del(result->told, keys[i]);
}

static rg_status read_mlperf(const char *text, size_t bytes, rg_arena *arena, rg_foreign_list *list,
                             rg_err *err) {
    static const rg_foreign_place count = {" * Processed at least", "(", NULL, 1, false};
    (void)bytes;
    rg_status status =
        read_places(text, mlperf_places, "latency_mean_ns", "LoadGen", arena, list, err);
    if (status != RG_OK)
        return status;
    rg_foreign *result = &list->items[list->n - 1];
    const char *sut = json_string_value(json_object_get(result->settings, "sut"));
    take_count(text, &count, result);
    result->device = sut ? rg_arena_strdup(arena, sut) : "";
    if (is(result, "scenario", "Offline"))
        drop_queueing(result);
    if (!is(result, "result", "VALID"))
        result->invalid = "LoadGen calls the run invalid";
    if (!is(result, "mode", "PerformanceOnly"))
        return rg_fail(err, RG_BAD_DATA, "give the summary of a performance run",
                       "this is not the summary of a performance run");
    return RG_OK;
}

const rg_foreign_format rg_foreign_mlperf = {
    .name = "mlperf",
    .summary = "LoadGen's mlperf_log_summary.txt",
    .read = read_mlperf,
};
