/* trtexec.c: NVIDIA's trtexec as a target: TensorRT has no C interface, and this is the tool that
 * its users know. It builds the engine from ONNX, or loads a given one, and times its own loop;
 * each query's times come home by --exportTimes. The GPU and each DLA engine are devices of their
 * own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/vendor_tool.h"

enum { DLA_CORES = 2 };

static const rg_field fields[] = {
    {"flags", RG_FIELD_JSON, offsetof(rg_vendor_options, flags), "", 0, 0, NULL, "",
     "further words of the command, as a list, such as {\"--noDataTransfers\"}"},
    {"gpu_fallback", RG_FIELD_BOOL, offsetof(rg_vendor_options, gpu_fallback), "true", 0, 0, NULL,
     "", "on a DLA: layers that it cannot run go to the GPU"},
    {"build_limit", RG_FIELD_DURATION, offsetof(rg_vendor_options, build_limit_ns), "600s", 0, 1e14,
     NULL, "", "beyond the tier's cap, for building the engine"},
    {0},
};

static void version(const char *text, char *ret, size_t cap) {
    rg_arena *arena = rg_arena_new(0);
    snprintf(ret, cap, "%s", arena ? rg_foreign_trtexec_version(text, arena) : "");
    rg_arena_free(arena);
}

/* The driver's nodes of the two deep-learning accelerators, as JetPack 4 to 6 name them. */
static bool has_dla(rg_root *root, int core) {
    char older[64], newer[64];
    snprintf(older, sizeof older, "/dev/nvhost-nvdla%d", core);
    snprintf(newer, sizeof newer, "/dev/nvhost-ctrl-nvdla%d", core);
    return rg_root_exists(root, older) || rg_root_exists(root, newer);
}

static void devices(rg_root *root, const rg_device *found, rg_device_list *ret) {
    rg_device *gpu = &ret->items[ret->n++];
    *gpu = *found;
    snprintf(gpu->id, sizeof gpu->id, "gpu:0");
    for (int core = 0; core < DLA_CORES; core++) {
        rg_device *dla = &ret->items[ret->n++];
        *dla = *found;
        snprintf(dla->id, sizeof dla->id, "dla:%d", core);
        snprintf(dla->description, sizeof dla->description, "deep-learning accelerator %d of 2",
                 core);
        rg_device_fact(dla, "engine", "dla:%d", core);
        if (found->status != RG_OK || has_dla(root, core))
            continue;
        dla->status = RG_ABSENT;
        snprintf(dla->what, sizeof dla->what, "there is no DLA engine %d", core);
        snprintf(dla->advice, sizeof dla->advice,
                 "take a Jetson that has it (Xavier, Orin NX, AGX Orin), or device gpu:0");
    }
}

static rg_status words_of_dla(const rg_vendor_run *run, rg_vendor_words *ret, rg_err *err) {
    int core = atoi(run->device + 4), major = atoi(run->version);
    if (major >= 11)
        return rg_fail(err, RG_UNSUPPORTED, "take TensorRT 10 of JetPack 6",
                       "TensorRT %s knows no DLA", run->version);
    rg_vendor_word(ret, "--useDLACore=%d", core);
    if (run->options->gpu_fallback)
        rg_vendor_word(ret, "--allowGPUFallback");
    if (!*run->settings->variant)
        rg_vendor_word(ret, "--fp16"); /* a DLA computes in fp16 or int8 only */
    return RG_OK;
}

/* A variant is a precision: any other word would be an option of the tool (one of them loads a
 * library), which needs the permission that `flags` asks for. */
static rg_status words_of_variant(const rg_vendor_run *run, rg_vendor_words *ret, rg_err *err) {
    static const char *const precisions[] = {"fp16", "bf16",   "int8",          "fp8", "int4",
                                             "best", "noTF32", "stronglyTyped", NULL};
    const char *variant = run->settings->variant;
    const char *const *word = precisions;
    while (*word && strcmp(*word, variant))
        word++;
    if (*word)
        rg_vendor_word(ret, "--%s", variant);
    return *word || !*variant
               ? RG_OK
               : rg_fail(err, RG_UNSUPPORTED,
                         "fp16, bf16, int8, fp8, int4, best, noTF32, stronglyTyped; other options "
                         "of the tool are given by flags = {...} with --allow-programs",
                         "trtexec has no precision '%s'", variant);
}

static rg_status words(const rg_vendor_run *run, rg_vendor_words *ret, rg_err *err) {
    rg_status status = rg_vendor_lacks(run, "threads", run->settings->threads > 1, err);
    if (status == RG_OK)
        status = rg_vendor_lacks(run, "batch", run->settings->batch > 1, err);
    if (status == RG_OK)
        status = words_of_variant(run, ret, err);
    if (status != RG_OK)
        return status;
    bool is_dla = !strncmp(run->device, "dla:", 4);
    size_t n = strlen(run->model);
    bool is_onnx = n > 5 && !strcmp(run->model + n - 5, ".onnx");
    rg_vendor_word(ret, is_onnx ? "--onnx=%s" : "--loadEngine=%s", run->model);
    rg_vendor_word(ret, "--warmUp=200");
    rg_vendor_word(ret, "--duration=%lld", (long long)((run->measure_ns + 999999999) / 1000000000));
    rg_vendor_word(ret, "--iterations=%llu", (unsigned long long)run->ask->samples);
    rg_vendor_word(ret, "--exportTimes=%s", run->times);
    if (run->ask->in_flight > 1)
        rg_vendor_word(ret, atoi(run->version) >= 10 ? "--infStreams=%u" : "--streams=%u",
                       run->ask->in_flight);
    return is_dla ? words_of_dla(run, ret, err) : RG_OK;
}

/* Layers of the engine, as its builder lists them: "[DlaLayer] ..." and "[GpuLayer] ...". */
static void placement(const char *text, rg_placement *ret) {
    *ret = (rg_placement){.known = false, .macs_on_target = -1, .crossings = -1};
    for (const char *at = text; (at = strstr(at, "[DlaLayer] ")); at++)
        rg_placement_add(ret, "DLA", false, 1, -1);
    if (!ret->n_engines)
        return;
    for (const char *at = text; (at = strstr(at, "[GpuLayer] ")); at++)
        rg_placement_add(ret, "GPU", true, 1, -1);
    rg_placement_sum(ret, "log");
}

static const rg_vendor_spec spec = {
    .target = "trtexec",
    .title = "NVIDIA's trtexec",
    .advice =
        "install TensorRT (JetPack has it in /usr/src/tensorrt/bin), or set RAILGAUGE_TRTEXEC",
    .programs = {"trtexec", "/usr/src/tensorrt/bin/trtexec", "/opt/tensorrt/bin/trtexec"},
    .version_word = "--version",
    .begin = "Starting inference",
    .end = "=== Trace details ===",
    .has_times = true,
    .version = version,
    .devices = devices,
    .words = words,
    .placement = placement,
    .options = fields,
};

RG_VENDOR_TARGET(trtexec, spec, "trtexec",
                 "NVIDIA's TensorRT tool runs the round: GPU and DLA engines", "onnx", "engine");
