/* ort_double_options.c: of the double of ONNX Runtime options of sessions and execution providers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ort_double.h"

void double_add_pair(double_pairs *pairs, const char *key, const char *value) {
    if (pairs->n == DOUBLE_PAIRS)
        abort();
    pairs->keys[pairs->n] = strdup(key);
    pairs->values[pairs->n++] = strdup(value);
}

const char *double_find_pair(const double_pairs *pairs, const char *key) {
    for (size_t i = 0; i < pairs->n; i++) {
        if (!strcmp(pairs->keys[i], key))
            return pairs->values[i];
    }
    return NULL;
}

void double_free_pairs(double_pairs *pairs) {
    for (size_t i = 0; i < pairs->n; i++) {
        free(pairs->keys[i]);
        free(pairs->values[i]);
    }
}

/* --- options ---------------------------------------------------------------------------------- */

static void *create(void **ret) {
    *ret = calloc(1, sizeof(double_options));
    return NULL;
}

static void release(void *given) {
    double_free_pairs(&((double_options *)given)->config);
    double_free_pairs(&((double_options *)given)->dims);
    free(given);
}

static void *take_number(void *options, int number) {
    (void)options;
    (void)number;
    return NULL;
}

static void *take_switch(void *options) {
    (void)options;
    return NULL;
}

static void *set_threads(void *options, int n) {
    ((double_options *)options)->threads = n;
    return NULL;
}

static void *enable_profiling(void *options, const char *prefix) {
    snprintf(((double_options *)options)->profile, 512, "%s", prefix);
    return NULL;
}

static void *add_config(void *options, const char *key, const char *value) {
    double_add_pair(&((double_options *)options)->config, key, value);
    return NULL;
}

static void *override_dim(void *options, const char *name, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    double_add_pair(&((double_options *)options)->dims, name, text);
    return NULL;
}

static void *set_deterministic(void *options, bool on) {
    (void)options;
    (void)on;
    return NULL;
}

/* --- providers -------------------------------------------------------------------------------- */

static void *join(double_options *options, const char *name) {
    if (options->n_providers == DOUBLE_PROVIDERS)
        abort();
    options->providers[options->n_providers++] = name;
    return NULL;
}

/* An option that no provider has is refused, as the real ones do. */
static void *check_keys(const char *const *keys, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(keys[i], "no_such_option"))
            return double_status(DOUBLE_INVALID, "Unknown provider option: \"%s\".", keys[i]);
    }
    return NULL;
}

/* In this build: XNNPACK and QNN. OpenVINO and others are known, but not in it. */
static void *append(void *options, const char *name, const char *const *keys,
                    const char *const *values, size_t n) {
    (void)values;
    void *status = check_keys(keys, n);
    if (status)
        return status;
    if (!strcmp(name, "XNNPACK"))
        return join(options, "XnnpackExecutionProvider");
    if (!strcmp(name, "QNN"))
        return join(options, "QNNExecutionProvider");
    return double_status(DOUBLE_INVALID, "%s execution provider is not supported in this build. ",
                         name);
}

static void *not_in_this_build(void *options, const char *const *keys, const char *const *values,
                               size_t n) {
    (void)options;
    (void)keys;
    (void)values;
    (void)n;
    return double_status(DOUBLE_FAIL, "OpenVINO execution provider is not enabled in this build.");
}

static void *create_cuda(void **ret) {
    *ret = malloc(1);
    return NULL;
}

static void *update_cuda(void *cuda, const char *const *keys, const char *const *values, size_t n) {
    (void)cuda;
    (void)values;
    return check_keys(keys, n);
}

static void *append_cuda(void *options, const void *cuda) {
    (void)cuda;
    if (double_told("lacks"))
        return double_status(DOUBLE_FAIL, "Failed to load shared library");
    return join(options, "CUDAExecutionProvider");
}

static void release_cuda(void *cuda) {
    free(cuda);
}

static char *listed[] = {(char *)"CUDAExecutionProvider", (char *)"XnnpackExecutionProvider",
                         (char *)"CPUExecutionProvider"};

static void *list(char ***ret, int *ret_n) {
    *ret = listed;
    *ret_n = 3;
    return NULL;
}

static void *release_list(char **given, int n) {
    (void)given;
    (void)n;
    return NULL;
}

/* --- plug-ins --------------------------------------------------------------------------------- */

static char plugin[64];

static void *register_plugin(void *env, const char *name, const char *path) {
    (void)env;
    if (access(path, R_OK) != 0)
        return double_status(DOUBLE_FAIL, "Failed to load library %s", path);
    if (*plugin)
        return double_status(DOUBLE_INVALID, "library is already registered under %s", name);
    snprintf(plugin, sizeof plugin, "%s", name);
    return NULL;
}

static void *list_devices(const void *env, const void *const **ret, size_t *ret_n) {
    static const void *devices[2] = {"CPUExecutionProvider", plugin};
    (void)env;
    *ret = devices;
    *ret_n = *plugin && strcmp(plugin, "empty") ? 2 : 1;
    return NULL;
}

static const char *device_name(const void *device) {
    return device;
}

static void *append_devices(void *options, void *env, const void *const *devices, size_t n_devices,
                            const char *const *keys, const char *const *values, size_t n) {
    (void)env;
    (void)values;
    void *status = n_devices ? check_keys(keys, n) : double_status(DOUBLE_INVALID, "no devices");
    return status ? status : join(options, devices[0]);
}

const double_slot double_option_slots[] = {
    DOUBLE_SLOT(10, create),
    DOUBLE_SLOT(13, take_number),
    DOUBLE_SLOT(14, enable_profiling),
    DOUBLE_SLOT(17, take_switch),
    DOUBLE_SLOT(19, take_switch),
    DOUBLE_SLOT(22, take_number),
    DOUBLE_SLOT(23, take_number),
    DOUBLE_SLOT(24, set_threads),
    DOUBLE_SLOT(25, take_number),
    DOUBLE_SLOT(100, release),
    DOUBLE_SLOT(124, override_dim),
    DOUBLE_SLOT(125, list),
    DOUBLE_SLOT(126, release_list),
    DOUBLE_SLOT(130, add_config),
    DOUBLE_SLOT(204, append_cuda),
    DOUBLE_SLOT(205, create_cuda),
    DOUBLE_SLOT(206, update_cuda),
    DOUBLE_SLOT(208, release_cuda),
    DOUBLE_SLOT(216, append),
    DOUBLE_SLOT(273, set_deterministic),
    DOUBLE_SLOT(275, not_in_this_build),
    DOUBLE_SLOT(301, register_plugin),
    DOUBLE_SLOT(303, list_devices),
    DOUBLE_SLOT(304, append_devices),
    DOUBLE_SLOT(312, device_name),
    {-1, NULL},
};
