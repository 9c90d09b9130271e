/* ort_provider.c: the rows of execution providers, and from a cell's words to a choice of them. */
#include "targets/ort_provider.h"

#include <stdio.h>
#include <string.h>

#define GPU_BUILD                                                                                  \
    "install the GPU build of ONNX Runtime with its providers' libraries beside it, and the CUDA " \
    "and cuDNN versions that it was made for"

const rg_ort_provider rg_ort_providers[] = {
    {"cpu", "CPUExecutionProvider", "CPU", RG_ORT_WAY_CPU, false, NULL, ""},
    {"xnnpack", "XnnpackExecutionProvider", "XNNPACK", RG_ORT_WAY_GENERIC, false, NULL,
     "use a build of ONNX Runtime made with --use_xnnpack"},
    {"cuda", "CUDAExecutionProvider", NULL, RG_ORT_WAY_CUDA, true,
     "libonnxruntime_providers_cuda.so", GPU_BUILD},
    {"tensorrt", "TensorrtExecutionProvider", NULL, RG_ORT_WAY_TENSORRT, true,
     "libonnxruntime_providers_tensorrt.so", GPU_BUILD ", and TensorRT"},
    {"nvtensorrtrtx", "NvTensorRTRTXExecutionProvider", "NvTensorRtRtx", RG_ORT_WAY_GENERIC, true,
     "libonnxruntime_providers_nv_tensorrt_rtx.so", GPU_BUILD ", and TensorRT RTX"},
    {"qnn", "QNNExecutionProvider", "QNN", RG_ORT_WAY_GENERIC, false,
     "libonnxruntime_providers_qnn.so",
     "use a build of ONNX Runtime with QNN, and name the backend: provider_options = "
     "\"qnn.backend_path=libQnnHtp.so\""},
    {"openvino", "OpenVINOExecutionProvider", "OpenVINO", RG_ORT_WAY_OPENVINO, false,
     "libonnxruntime_providers_openvino.so",
     "use a build of ONNX Runtime with OpenVINO, whose libraries must be found too"},
    {"vitisai", "VitisAIExecutionProvider", "VitisAI", RG_ORT_WAY_VITISAI, false,
     "libonnxruntime_providers_vitisai.so",
     "use the build of ONNX Runtime of AMD's Ryzen AI or Vitis AI software"},
    {"migraphx", "MIGraphXExecutionProvider", "MIGraphX", RG_ORT_WAY_GENERIC, true,
     "libonnxruntime_providers_migraphx.so", "use a build of ONNX Runtime with MIGraphX and ROCm"},
    {"webgpu", "WebGpuExecutionProvider", "WebGPU", RG_ORT_WAY_GENERIC, true, NULL,
     "use a build of ONNX Runtime with WebGPU, on a machine with a Vulkan driver"},
    {"snpe", "SNPEExecutionProvider", "SNPE", RG_ORT_WAY_GENERIC, false, NULL,
     "use a build of ONNX Runtime with SNPE"},
    {0},
};
const rg_ort_provider rg_ort_cpu = {
    "cpu", "CPUExecutionProvider", "CPU", RG_ORT_WAY_CPU, false, NULL, ""};

static const char *word_at(size_t i, void *user) {
    (void)user;
    return rg_ort_providers[i].word;
}

/* "cuda", "CUDAExecutionProvider" and "cudaexecutionprovider" are one. */
static const rg_ort_provider *row_of(const char *word) {
    for (const rg_ort_provider *row = rg_ort_providers; row->word; row++) {
        if (!strcasecmp(row->word, word) || !strcasecmp(row->name, word))
            return row;
    }
    return NULL;
}

static bool is_plugin(const rg_ort_pairs *plugins, const char *word) {
    for (size_t i = 0; i < plugins->n; i++) {
        if (!strcmp(plugins->keys[i], word))
            return true;
    }
    return false;
}

/* A row of its own for a provider that a library of the cell's brings. */
static const rg_ort_provider *plugin_row(rg_arena *arena, const char *word) {
    rg_ort_provider *row = rg_arena_alloc(arena, sizeof *row);
    if (row)
        *row = (rg_ort_provider){.word = word,
                                 .name = word,
                                 .way = RG_ORT_WAY_PLUGIN,
                                 .own_memory = true,
                                 .advice = "check that the plug-in's library has this name for its "
                                           "provider and finds its device"};
    return row;
}

static rg_status unknown(const char *word, rg_err *err) {
    char advice[200];
    const char *near = rg_text_nearest(word, word_at, NULL);
    snprintf(advice, sizeof advice,
             "%s%s%sknown are cpu xnnpack cuda tensorrt nvtensorrtrtx qnn openvino vitisai "
             "migraphx webgpu snpe; others come by plugins = \"name=path\"",
             near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    return rg_fail(err, RG_USAGE, advice, "there is no execution provider '%s'", word);
}

static rg_status add_word(rg_arena *arena, const char *word, rg_ort_choice *choice, rg_err *err) {
    if (choice->n == RG_ORT_MOST_PROVIDERS)
        return rg_fail(err, RG_USAGE, NULL, "more than %d providers", RG_ORT_MOST_PROVIDERS);
    bool plugin = is_plugin(&choice->plugins, word);
    const rg_ort_provider *row = plugin ? plugin_row(arena, word) : row_of(word);
    if (!row)
        return plugin ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory") : unknown(word, err);
    if (choice->n && choice->rows[choice->n - 1]->way == RG_ORT_WAY_CPU)
        return rg_fail(err, RG_USAGE, "name it last, or leave it out: it takes what others leave",
                       "provider 'cpu' stands before '%s' and takes every node", word);
    choice->rows[choice->n++] = row;
    return RG_OK;
}

static rg_status add_words(rg_arena *arena, const char *list, rg_ort_choice *choice, rg_err *err) {
    char *copy = rg_arena_strdup(arena, list), *state = NULL;
    rg_status status = copy ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    char *word = copy ? strtok_r(copy, ", +", &state) : NULL;
    for (; word && status == RG_OK; word = strtok_r(NULL, ", +", &state))
        status = add_word(arena, word, choice, err);
    if (status == RG_OK && choice->n == 0)
        choice->rows[choice->n++] = &rg_ort_cpu;
    return status;
}

/* An option whose provider was not asked for would do nothing in silence. */
static rg_status check_used(const rg_ort_choice *choice, const rg_ort_pairs *all, rg_err *err) {
    for (size_t i = 0; i < all->n; i++) {
        size_t n = strcspn(all->keys[i], ".");
        bool used = false;
        for (uint32_t k = 0; k < choice->n; k++)
            used = used || (!strncmp(choice->rows[k]->word, all->keys[i], n) &&
                            !choice->rows[k]->word[n] && all->keys[i][n] == '.');
        if (!used)
            return rg_fail(
                err, RG_USAGE,
                "write \"cuda.device_id=0\": the word of a provider of this cell, a dot, "
                "its key",
                "provider option '%s' belongs to no provider of this cell", all->keys[i]);
    }
    return RG_OK;
}

rg_status rg_ort_choose(rg_arena *arena, const rg_ort_options *own, const char *variant,
                        rg_ort_choice *ret_choice, rg_err *err) {
    rg_ort_choice choice = {0};
    rg_ort_pairs all;
    const char *list = "", *asked = variant ? variant : "";
    rg_status status = rg_ort_words_read(arena, "provider", own->provider, &list, err);
    if (status == RG_OK && *list && *asked && strcmp(list, asked) != 0)
        return rg_fail(err, RG_USAGE, "give one of them",
                       "variant '%s' and option provider '%s' differ", asked, list);
    list = *list ? list : asked;
    if (status == RG_OK)
        status = rg_ort_pairs_read(arena, "plugins", own->plugins, &choice.plugins, err);
    if (status == RG_OK)
        status = add_words(arena, list, &choice, err);
    if (status == RG_OK)
        status = rg_ort_pairs_read(arena, "provider_options", own->provider_options, &all, err);
    for (uint32_t i = 0; status == RG_OK && i < choice.n; i++)
        status = rg_ort_pairs_of(arena, &all, choice.rows[i]->word, &choice.options[i], err);
    if (status == RG_OK)
        status = check_used(&choice, &all, err);
    if (status == RG_OK)
        *ret_choice = choice;
    return status;
}

bool rg_ort_choice_leaves_cpu(const rg_ort_choice *choice) {
    return choice->rows[0]->way != RG_ORT_WAY_CPU;
}

bool rg_ort_choice_own_memory(const rg_ort_choice *choice) {
    for (uint32_t i = 0; i < choice->n; i++) {
        if (choice->rows[i]->own_memory)
            return true;
    }
    return false;
}

void rg_ort_choice_words(const rg_ort_choice *choice, char *ret, size_t cap) {
    size_t used = 0;
    *ret = '\0';
    for (uint32_t i = 0; i < choice->n && used < cap; i++)
        used +=
            (size_t)snprintf(ret + used, cap - used, "%s%s", i ? "," : "", choice->rows[i]->word);
    if (choice->rows[choice->n - 1]->way != RG_ORT_WAY_CPU && used < cap)
        snprintf(ret + used, cap - used, ",cpu");
}
