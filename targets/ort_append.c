/* ort_append.c: puts execution providers into a session's options, each in its own way, and says
 * why one is not to be had: the runtime lists providers whose libraries are missing, so only trying
 * tells. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "targets/ort_provider.h"

typedef struct joining {
    const rg_ort *ort;
    void *env, *options;
    rg_arena *arena;
    const rg_ort_provider *row;
    const rg_ort_pairs *own;
} joining;

/* --- ways in ---------------------------------------------------------------------------------- */

static void *by_name(const joining *j) {
    return j->ort->AppendProvider(j->options, j->row->append, j->own->keys, j->own->values,
                                  j->own->n);
}

static void *by_cuda(const joining *j) {
    void *provider = NULL, *status = j->ort->CreateCUDAOptions(&provider);
    if (!status && j->own->n)
        status = j->ort->UpdateCUDAOptions(provider, j->own->keys, j->own->values, j->own->n);
    if (!status)
        status = j->ort->AppendCUDA(j->options, provider);
    if (provider)
        j->ort->ReleaseCUDAOptions(provider);
    return status;
}

static void *by_tensorrt(const joining *j) {
    void *provider = NULL, *status = j->ort->CreateTensorRTOptions(&provider);
    if (!status && j->own->n)
        status = j->ort->UpdateTensorRTOptions(provider, j->own->keys, j->own->values, j->own->n);
    if (!status)
        status = j->ort->AppendTensorRT(j->options, provider);
    if (provider)
        j->ort->ReleaseTensorRTOptions(provider);
    return status;
}

static void *by_openvino(const joining *j) {
    if (!j->ort->AppendOpenVINO)
        return by_name(j);
    return j->ort->AppendOpenVINO(j->options, j->own->keys, j->own->values, j->own->n);
}

static void *by_vitisai(const joining *j) {
    if (!j->ort->AppendVitisAI)
        return by_name(j);
    return j->ort->AppendVitisAI(j->options, j->own->keys, j->own->values, j->own->n);
}

/* --- plug-ins --------------------------------------------------------------------------------- */

/* A library stays registered, since its code stays in the process. */
static bool registered_before(const char *name) {
    static char *names[RG_ORT_MOST_PROVIDERS];
    static size_t n;
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(names[i], name))
            return true;
    }
    if (n < RG_ORT_MOST_PROVIDERS && (names[n] = strdup(name)))
        n++;
    return false;
}

rg_status rg_ort_register(const rg_ort *ort, void *env, const rg_ort_choice *choice, rg_err *err) {
    const rg_ort_pairs *plugins = &choice->plugins;
    if (plugins->n && !ort->RegisterProviderLibrary)
        return rg_fail(err, RG_UNSUPPORTED, "install ONNX Runtime 1.22 or newer",
                       "plug-in providers need ONNX Runtime 1.22; this is %s",
                       ort->library.version);
    for (size_t i = 0; i < plugins->n; i++) {
        if (registered_before(plugins->keys[i]))
            continue;
        rg_status status = rg_ort_check(
            ort, ort->RegisterProviderLibrary(env, plugins->keys[i], plugins->values[i]),
            "registering a plug-in provider", err);
        if (status != RG_OK) {
            rg_err_prefix(err, "%s of %s", plugins->keys[i], plugins->values[i]);
            return status;
        }
    }
    return RG_OK;
}

/* All devices that the plug-in offers. */
static rg_status by_plugin(const joining *j, rg_err *err) {
    const void *const *all;
    size_t n = 0, found = 0;
    rg_status status =
        rg_ort_check(j->ort, j->ort->GetEpDevices(j->env, &all, &n), "listing devices", err);
    if (status != RG_OK)
        return status;
    const void **mine = rg_arena_array(j->arena, n + 1, sizeof *mine);
    if (!mine)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(j->ort->EpDeviceName(all[i]), j->row->name))
            mine[found++] = all[i];
    }
    if (!found)
        return rg_fail(err, RG_ABSENT, j->row->advice, "plug-in provider %s has no device here",
                       j->row->name);
    return rg_ort_check(j->ort,
                        j->ort->AppendProviderDevices(j->options, j->env, mine, found, j->own->keys,
                                                      j->own->values, j->own->n),
                        "adding a plug-in provider", err);
}

/* --- one after another ------------------------------------------------------------------------ */

/* Whether the provider's own library lies where the runtime looks for it. */
static bool file_is_here(const joining *j, char *dir, size_t cap) {
    snprintf(dir, cap, "%s", j->ort->library.path);
    char *slash = strrchr(dir, '/');
    if (!j->row->file || !slash)
        return true;
    *slash = '\0';
    const char *path = rg_arena_printf(j->arena, "%s/%s", dir, j->row->file);
    return !path || access(path, R_OK) == 0;
}

/* A refusal is most often one of a build or an installation, which no option of a cell mends. */
static rg_status refused(const joining *j, void *said, rg_err *err) {
    char dir[RG_LIBRARY_PATH];
    rg_err why = RG_ERR_INIT;
    int code = j->ort->GetErrorCode(said);
    rg_status status = rg_ort_check(j->ort, said, "adding an execution provider", &why);
    if (strstr(why.what, "not supported in this build") || strstr(why.what, "not enabled"))
        return rg_fail(err, RG_ABSENT, j->row->advice,
                       "provider %s is not part of this build of ONNX Runtime (%s)", j->row->word,
                       j->ort->library.path);
    if (code != RG_ORT_INVALID_ARGUMENT && !file_is_here(j, dir, sizeof dir))
        return rg_fail(err, RG_ABSENT, j->row->advice,
                       "provider %s: its library %s is not in %s; %s", j->row->word, j->row->file,
                       dir, why.what);
    if (code != RG_ORT_INVALID_ARGUMENT)
        return rg_fail(err, RG_ABSENT, j->row->advice, "provider %s does not start: %s",
                       j->row->word, why.what);
    return rg_fail(err, status, why.advice, "provider %s: %s", j->row->word, why.what);
}

static rg_status append(const joining *j, rg_err *err) {
    static void *(*const ways[])(const joining *) = {
        [RG_ORT_WAY_GENERIC] = by_name,      [RG_ORT_WAY_CUDA] = by_cuda,
        [RG_ORT_WAY_TENSORRT] = by_tensorrt, [RG_ORT_WAY_OPENVINO] = by_openvino,
        [RG_ORT_WAY_VITISAI] = by_vitisai,
    };
    if (j->row->way == RG_ORT_WAY_CPU)
        return RG_OK;
    if (j->row->way == RG_ORT_WAY_PLUGIN)
        return by_plugin(j, err);
    void *said = ways[j->row->way](j);
    return said ? refused(j, said, err) : RG_OK;
}

rg_status rg_ort_append(const rg_ort *ort, void *env, void *options, rg_arena *arena,
                        const rg_ort_choice *choice, rg_err *err) {
    joining j = {.ort = ort, .env = env, .options = options, .arena = arena};
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < choice->n; i++) {
        j.row = choice->rows[i];
        j.own = &choice->options[i];
        status = append(&j, err);
    }
    return status;
}
