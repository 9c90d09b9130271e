/* llama_bench.c: llama.cpp's benchmark as a target: one test a cell, a request is one repetition of
 * it. The workload has no graph of ours: write `empty = 1, workload = NAME` and name the .gguf as
 * artefact. */
#include <stdio.h>
#include <string.h>

#include "targets/vendor_tool.h"

#define ROW(key, member, preset, high, help)                                                       \
    { key, RG_FIELD_INT, offsetof(rg_vendor_options, member), preset, -1, high, NULL, "", help }
static const rg_field fields[] = {
    {"flags", RG_FIELD_JSON, offsetof(rg_vendor_options, flags), "", 0, 0, NULL, "",
     "further words of the command, as a list"},
    ROW("prompt", prompt, "512", 1e6, "tokens of the prompt that is processed; 0: none"),
    ROW("generate", generate, "0", 1e6, "tokens that are generated; 0: none"),
    ROW("gpu_layers", gpu_layers, "-1", 1e6, "layers on the GPU; -1: the tool's own choice"),
    {0},
};

static void words_of_test(const rg_vendor_options *o, rg_vendor_words *ret) {
    bool both = o->prompt > 0 && o->generate > 0;
    rg_vendor_word(ret, "-p");
    rg_vendor_word(ret, "%lld", both ? 0LL : (long long)o->prompt);
    rg_vendor_word(ret, "-n");
    rg_vendor_word(ret, "%lld", both ? 0LL : (long long)o->generate);
    if (both) {
        rg_vendor_word(ret, "-pg");
        rg_vendor_word(ret, "%lld,%lld", (long long)o->prompt, (long long)o->generate);
    }
}

static rg_status words(const rg_vendor_run *run, rg_vendor_words *ret, rg_err *err) {
    const rg_vendor_options *o = run->options;
    if (o->prompt < 1 && o->generate < 1)
        return rg_fail(err, RG_UNSUPPORTED, "prompt = 512 or generate = 128",
                       "llama-bench has neither a prompt nor tokens to generate");
    rg_status status = rg_vendor_lacks(run, "batch", run->settings->batch > 1, err);
    if (status == RG_OK)
        status = rg_vendor_lacks(run, "variant", *run->settings->variant, err);
    if (status != RG_OK)
        return status;
    if (run->ask->in_flight > 1)
        return rg_fail(err, RG_UNSUPPORTED, "take single_stream",
                       "llama-bench runs one test after the other");
    rg_vendor_word(ret, "-m");
    rg_vendor_word(ret, "%s", run->model);
    words_of_test(o, ret);
    rg_vendor_word(ret, "-r");
    rg_vendor_word(ret, "%llu", (unsigned long long)run->ask->samples);
    rg_vendor_word(ret, "-o");
    rg_vendor_word(ret, "json");
    if (run->settings->threads) {
        rg_vendor_word(ret, "-t");
        rg_vendor_word(ret, "%u", run->settings->threads);
    }
    if (o->gpu_layers >= 0) {
        rg_vendor_word(ret, "-ngl");
        rg_vendor_word(ret, "%lld", (long long)o->gpu_layers);
    }
    return RG_OK;
}

static const rg_vendor_spec spec = {
    .target = "llama-bench",
    .title = "llama.cpp's llama-bench",
    .advice = "build llama.cpp and put llama-bench into PATH, or set RAILGAUGE_LLAMA_BENCH",
    .programs = {"llama-bench"},
    .version_word = "--help",
    .words = words,
    .options = fields,
};

RG_VENDOR_TARGET(llama_bench, spec, "llama-bench",
                 "llama.cpp's own tool runs the round: tokens a second, a repetition a request",
                 "gguf");
