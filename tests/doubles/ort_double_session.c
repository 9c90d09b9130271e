/* ort_double_session.c: of the double of ONNX Runtime sessions, values, bindings and runs. Results
 * come from our reference executor. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/remark.h"
#include "ort_double.h"

/* --- sessions --------------------------------------------------------------------------------- */

static void release_session(void *given) {
    double_session *session = given;
    double_free_pairs(&session->options.dims);
    rg_exec_free(session->exec);
    rg_model_close(session->model);
    rg_arena_free(session->arena);
    free(session);
}

const char *double_provider_of(const double_session *session, uint32_t node) {
    const double_options *options = &session->options;
    long takes = double_number("takes", INT32_MAX);
    return options->n_providers && node < takes ? options->providers[0] : "CPUExecutionProvider";
}

static bool leaves_nodes_to_cpu(const double_session *session) {
    for (uint32_t i = 0; i < session->file.n_nodes; i++) {
        if (!strcmp(double_provider_of(session, i), "CPUExecutionProvider"))
            return true;
    }
    return false;
}

static void *fill(double_session *session, const char *path) {
    const rg_exec_options reference = {.threads = 1, .reference = true};
    const char *strict =
        double_find_pair(&session->options.config, "session.disable_cpu_ep_fallback");
    if (double_told("load"))
        return double_status((int)double_number("load", 1), "the double loads nothing");
    if (rg_model_load(path, NULL, &session->model, NULL) != RG_OK)
        return double_status(DOUBLE_PROTOBUF, "Load model from %s failed:Protobuf parsing failed.",
                             path);
    if (rg_exec_new(session->model->graph, &reference, &session->exec, NULL) != RG_OK ||
        rg_ort_file_read(session->arena, session->model->data, session->model->bytes,
                         &session->file, NULL) != RG_OK)
        return double_status(DOUBLE_NO_MODEL, "the double cannot run %s", path);
    if (strict && *strict == '1' && leaves_nodes_to_cpu(session))
        return double_status(DOUBLE_FAIL,
                             "This session contains graph nodes that are assigned to the default "
                             "CPU EP, but fallback to CPU EP has been explicitly disabled by the "
                             "user.");
    return NULL;
}

/* Options may be released before the session: the words that it needs later are copied. */
static void *create_session(const void *env, const char *path, const void *options, void **ret) {
    double_session *session = calloc(1, sizeof *session);
    (void)env;
    session->options = *(const double_options *)options;
    session->arena = rg_arena_new(0);
    double_pairs given = session->options.dims;
    session->options.dims.n = 0;
    for (size_t i = 0; i < given.n; i++)
        double_add_pair(&session->options.dims, given.keys[i], given.values[i]);
    void *status = fill(session, path);
    session->options.config.n = 0;
    if (status)
        release_session(session);
    else
        *ret = session;
    return status;
}

/* --- ends ------------------------------------------------------------------------------------- */

typedef struct info {
    int type;
    size_t rank;
    int64_t dims[RG_MAX_RANK];
} info;

static const rg_graph *graph_of(const void *session) {
    return ((const double_session *)session)->model->graph;
}

static void *count_inputs(const void *session, size_t *ret) {
    *ret = graph_of(session)->n_in;
    return NULL;
}

static void *count_outputs(const void *session, size_t *ret) {
    *ret = graph_of(session)->n_out;
    return NULL;
}

static void *input_name(const void *session, size_t i, void *allocator, char **ret) {
    (void)allocator;
    *ret = strdup(graph_of(session)->tensors[graph_of(session)->in[i]].name);
    return NULL;
}

static void *output_name(const void *session, size_t i, void *allocator, char **ret) {
    (void)allocator;
    *ret = strdup(graph_of(session)->tensors[graph_of(session)->out[i]].name);
    return NULL;
}

static int type_of(rg_dtype dtype) {
    static const int types[RG_DTYPE_COUNT] = {
        [RG_DTYPE_FLOAT32] = 1, [RG_DTYPE_UINT8] = 2, [RG_DTYPE_INT8] = 3,  [RG_DTYPE_UINT16] = 4,
        [RG_DTYPE_INT16] = 5,   [RG_DTYPE_INT32] = 6, [RG_DTYPE_INT64] = 7, [RG_DTYPE_BOOL] = 9};
    return types[dtype];
}

static void *tell_info(const double_session *session, int32_t tensor, const rg_remark *remark,
                       void **ret) {
    const rg_tensor *t = &session->model->graph->tensors[tensor];
    const double_pairs *dims = &session->options.dims;
    info *made = calloc(1, sizeof *made);
    made->type = type_of(t->dtype);
    made->rank = t->shape.rank;
    for (size_t i = 0; i < made->rank; i++)
        made->dims[i] = t->shape.dim[i];
    if (remark && remark->open_dims & 1)
        made->dims[0] = dims->n ? strtoll(dims->values[0], NULL, 10) : -1;
    *ret = made;
    return NULL;
}

static void *input_info(const void *given, size_t i, void **ret) {
    const rg_graph *graph = graph_of(given);
    return tell_info(given, graph->in[i], rg_remark_of(graph, false, (uint32_t)i), ret);
}

/* An output follows the first input's open dimension. */
static void *output_info(const void *given, size_t i, void **ret) {
    const rg_graph *graph = graph_of(given);
    return tell_info(given, graph->out[i], rg_remark_of(graph, false, 0), ret);
}

static void *to_tensor(const void *given, const void **ret) {
    *ret = given;
    return NULL;
}

static void *element_type(const void *given, int *ret) {
    *ret = ((const info *)given)->type;
    return NULL;
}

static void *rank_of(const void *given, size_t *ret) {
    *ret = ((const info *)given)->rank;
    return NULL;
}

static void *dims_of(const void *given, int64_t *ret, size_t n) {
    memcpy(ret, ((const info *)given)->dims, n * sizeof *ret);
    return NULL;
}

static void release_info(void *given) {
    free(given);
}

/* --- values and bindings ---------------------------------------------------------------------- */

static void *wrap(const void *memory, void *data, size_t bytes, const int64_t *shape, size_t rank,
                  int type, void **ret) {
    double_value *made = calloc(1, sizeof *made);
    (void)memory;
    (void)shape;
    (void)rank;
    (void)type;
    *made = (double_value){data, NULL, bytes};
    *ret = made;
    return NULL;
}

static void release_value(void *given) {
    free(((double_value *)given)->copy);
    free(given);
}

static void *create_binding(void *session, void **ret) {
    double_binding *made = calloc(1, sizeof *made);
    made->session = session;
    *ret = made;
    return NULL;
}

static void release_binding(void *given) {
    free(given);
}

static void *no_such(const char *name) {
    return double_status(DOUBLE_INVALID, "Invalid name: %s", name);
}

/* A device takes its inputs over when they are bound; later changes of the memory do not reach it.
 */
static void *bind_input(void *given, const char *name, const void *value) {
    double_binding *binding = given;
    double_value *v = (double_value *)(uintptr_t)value;
    const rg_graph *graph = graph_of(binding->session);
    const double_options *options = &binding->session->options;
    if (double_told("bind"))
        return double_status((int)double_number("bind", 1), "the double binds nothing");
    for (uint32_t i = 0; i < graph->n_in; i++) {
        if (strcmp(graph->tensors[graph->in[i]].name, name) != 0)
            continue;
        binding->in[i] = v;
        if (options->n_providers && !strcmp(options->providers[0], "CUDAExecutionProvider")) {
            v->copy = v->copy ? v->copy : malloc(v->bytes);
            memcpy(v->copy, v->data, v->bytes);
        }
        return NULL;
    }
    return no_such(name);
}

static void *bind_output(void *given, const char *name, const void *value) {
    double_binding *binding = given;
    const rg_graph *graph = graph_of(binding->session);
    for (uint32_t i = 0; i < graph->n_out; i++) {
        if (strcmp(graph->tensors[graph->out[i]].name, name) != 0)
            continue;
        binding->out[i] = (double_value *)(uintptr_t)value;
        return NULL;
    }
    return no_such(name);
}

static void *synchronize(void *binding) {
    (void)binding;
    return NULL;
}

/* --- runs ------------------------------------------------------------------------------------- */

static void misbehave(double_session *session) {
    bool third = ++session->runs == 3 && !*session->options.profile;
    if (third && double_told("crash")) {
        signal(SIGSEGV, SIG_DFL); /* a sanitizer must not turn it into an exit */
        raise(SIGSEGV);
    }
    while (third && double_told("hang"))
        pause();
    if (double_told("slow"))
        nanosleep(&(struct timespec){0, 5000000}, NULL);
}

/* One sample of a request. */
static void compute(double_binding *binding, size_t sample) {
    double_session *session = binding->session;
    const rg_graph *graph = session->model->graph;
    for (uint32_t i = 0; i < graph->n_in; i++) {
        size_t bytes = graph->tensors[graph->in[i]].bytes;
        const char *data = binding->in[i]->copy ? binding->in[i]->copy : binding->in[i]->data;
        memcpy(rg_exec_input(session->exec, i), data + sample * bytes, bytes);
    }
    rg_exec_run(session->exec);
    for (uint32_t i = 0; i < graph->n_out; i++) {
        size_t bytes = graph->tensors[graph->out[i]].bytes;
        memcpy((char *)binding->out[i]->data + sample * bytes, rg_exec_output(session->exec, i),
               bytes);
    }
}

static pthread_mutex_t computing = PTHREAD_MUTEX_INITIALIZER;

static void *run(void *given, const void *run_options, const void *bound) {
    double_binding *binding = (double_binding *)(uintptr_t)bound;
    double_session *session = given;
    const rg_graph *graph = session->model->graph;
    size_t samples = binding->in[0]->bytes / graph->tensors[graph->in[0]].bytes;
    (void)run_options;
    misbehave(session);
    if (double_told("run"))
        return double_status((int)double_number("run", 1),
                             "Non-zero status code returned while running Conv node.");
    pthread_mutex_lock(&computing); /* runs of one session may come from several threads */
    for (size_t i = 0; i < samples; i++)
        compute(binding, i);
    pthread_mutex_unlock(&computing);
    double_profile_run(session);
    for (size_t i = 0; double_told("wrong") && i < binding->out[0]->bytes; i++)
        ((unsigned char *)binding->out[0]->data)[i] ^= 0x40;
    return NULL;
}

const double_slot double_session_slots[] = {
    DOUBLE_SLOT(7, create_session),
    DOUBLE_SLOT(30, count_inputs),
    DOUBLE_SLOT(31, count_outputs),
    DOUBLE_SLOT(33, input_info),
    DOUBLE_SLOT(34, output_info),
    DOUBLE_SLOT(36, input_name),
    DOUBLE_SLOT(37, output_name),
    DOUBLE_SLOT(49, wrap),
    DOUBLE_SLOT(55, to_tensor),
    DOUBLE_SLOT(60, element_type),
    DOUBLE_SLOT(61, rank_of),
    DOUBLE_SLOT(62, dims_of),
    DOUBLE_SLOT(95, release_session),
    DOUBLE_SLOT(96, release_value),
    DOUBLE_SLOT(98, release_info),
    DOUBLE_SLOT(133, run),
    DOUBLE_SLOT(134, create_binding),
    DOUBLE_SLOT(135, release_binding),
    DOUBLE_SLOT(136, bind_input),
    DOUBLE_SLOT(137, bind_output),
    DOUBLE_SLOT(202, synchronize),
    DOUBLE_SLOT(203, synchronize),
    {-1, NULL},
};
