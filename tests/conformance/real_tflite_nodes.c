/* real_tflite_nodes.c: model files node by node against TensorFlow Lite's own library. The library
 * runs a copy of the file whose outputs are all of its tensors; each node is then computed by our
 * scalar reference from the library's own inputs, so that no error travels from node to node. Nodes
 * that no writer of ours can express come last, from the library's tensors to its outputs of the
 * whole file. Integers may be off by one; the table tells how many, by operator. Prints TAP.
 *
 *   real_tflite_nodes FILE ...
 *
 * Files are looked for as they are named, then among the shared models ($RAILGAUGE_SHARED, or
 * beside the source). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/iface/exec.h"
#include "bench/iface/registry.h"
#include "bench/run/agree.h"
#include "bench/run/model.h"
#include "rg_config.h"
#include "tests/conformance/tflite_library.h"

enum { SEED = 20250101, MOST_KINDS = 64 };

/* What was found of one kind of operator. */
typedef struct row {
    const char *kind;
    uint64_t nodes, elements, differing;
    double worst; /* integers: in quanta; floats: over the largest value */
} row;

typedef struct look {
    const rg_graph *graph; /* of the file */
    rg_graph cut;          /* the same without what cannot be written, every tensor an output */
    void **values;         /* by tensor: the library's */
    row rows[MOST_KINDS];
    char what[256]; /* first problem */
} look;

static bool can_write(const rg_node *node) {
    return node->known && strcmp(node->kind, "detection_postprocess");
}

/* --- the library's tensors -------------------------------------------------------------------- */

static bool cut_graph(look *l) {
    rg_graph *cut = &l->cut;
    *cut = *l->graph;
    int32_t *out = calloc(l->graph->n_tensors, sizeof *out);
    cut->nodes = calloc(l->graph->n_nodes + 1, sizeof *cut->nodes);
    cut->n_nodes = cut->n_out = 0;
    cut->out = out;
    for (uint32_t n = 0; out && cut->nodes && n < l->graph->n_nodes; n++) {
        const rg_node *node = &l->graph->nodes[n];
        if (!can_write(node))
            continue;
        cut->nodes[cut->n_nodes++] = *node;
        for (uint32_t i = 0; i < node->n_out; i++)
            out[cut->n_out++] = node->out[i];
    }
    l->values = calloc(l->graph->n_tensors, sizeof *l->values);
    return out && cut->nodes && l->values;
}

static void *invoke(look *l, const void *data, size_t bytes) {
    const char *why = "cannot run it";
    void *theirs = rg_tfl_load(data, bytes, &why);
    for (uint32_t i = 0; theirs && i < l->graph->n_in; i++)
        memcpy(rg_tfl_TensorData(rg_tfl_InterpreterGetInputTensor(theirs, (int32_t)i)),
               l->values[l->graph->in[i]], l->graph->tensors[l->graph->in[i]].bytes);
    if (theirs && rg_tfl_InterpreterInvoke(theirs) == 0)
        return theirs;
    snprintf(l->what, sizeof l->what, "TFLite %s %s", rg_tfl_Version(), why);
    return NULL;
}

static bool take_value(look *l, const void *theirs, uint32_t output, int32_t tensor) {
    const rg_tensor *t = &l->graph->tensors[tensor];
    const void *from = rg_tfl_InterpreterGetOutputTensor(theirs, (int32_t)output);
    if (rg_tfl_TensorByteSize(from) != t->bytes) {
        snprintf(l->what, sizeof l->what, "tensor %s has %zu bytes there, %zu here", t->name,
                 rg_tfl_TensorByteSize(from), t->bytes);
        return false;
    }
    l->values[tensor] = malloc(t->bytes + 1);
    if (l->values[tensor])
        memcpy(l->values[tensor], rg_tfl_TensorData(from), t->bytes);
    return l->values[tensor];
}

static bool fill_inputs(look *l) {
    for (uint32_t i = 0; i < l->graph->n_in; i++) {
        const rg_tensor *t = &l->graph->tensors[l->graph->in[i]];
        rg_rng rng = rg_rng_seeded(SEED + i);
        void *to = l->values[l->graph->in[i]] = malloc(t->bytes + 1);
        if (!to)
            return false;
        rg_tensor_fill(t, &rng, to);
    }
    return true;
}

/* All tensors from the copy; what the copy lacks from the file's own outputs. */
static bool ask_library(look *l, const rg_model *model) {
    rg_err err = RG_ERR_INIT;
    rg_text file = {0};
    if (rg_writer_find("tflite")->write(&l->cut, &file, &err) != RG_OK) {
        snprintf(l->what, sizeof l->what, "%.200s", err.what);
        return false;
    }
    const void *all = invoke(l, file.data, file.bytes);
    for (uint32_t i = 0; all && i < l->cut.n_out; i++) {
        if (!take_value(l, all, i, l->cut.out[i]))
            return false;
    }
    const void *whole = all ? invoke(l, model->data, model->bytes) : NULL;
    for (uint32_t i = 0; whole && i < l->graph->n_out; i++) {
        int32_t t = l->graph->out[i];
        if (!l->values[t] && !l->graph->tensors[t].data && !take_value(l, whole, i, t))
            return false;
    }
    return whole;
}

/* --- ours, one node at a time ----------------------------------------------------------------- */

static row *row_of(look *l, const char *kind) {
    row *r = l->rows;
    while (r < l->rows + MOST_KINDS - 1 && r->kind && strcmp(r->kind, kind))
        r++;
    r->kind = kind;
    return r;
}

static void compare(const rg_tensor *t, const void *ours, const void *theirs, row *r) {
    bool is_float = t->dtype == RG_DTYPE_FLOAT32;
    size_t n = t->bytes * 8 / rg_dtype_bits(t->dtype);
    double worst = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        double a = rg_agree_element(ours, t->dtype, i), b = rg_agree_element(theirs, t->dtype, i);
        double gap = a == b || (isnan(a) && isnan(b)) ? 0 : fabs(a - b);
        r->differing += gap != 0;
        worst = fmax(worst, gap);
        largest = isfinite(b) ? fmax(largest, fabs(b)) : largest;
    }
    r->elements += n;
    r->worst = fmax(r->worst, is_float && largest > 0 ? worst / largest : worst);
}

/* The node as a graph of its own, its inputs given. */
static rg_graph alone(const rg_graph *graph, rg_node *node, int32_t *in) {
    rg_graph one = *graph;
    one.nodes = node;
    one.n_nodes = 1;
    one.in = in;
    one.n_in = 0;
    one.out = node->out;
    one.n_out = node->n_out;
    for (uint32_t i = 0; i < node->n_in; i++) {
        bool given = node->in[i] >= 0 && !graph->tensors[node->in[i]].data &&
                     !graph->tensors[node->in[i]].variable;
        for (uint32_t k = 0; given && k < one.n_in; k++)
            given = in[k] != node->in[i];
        if (given)
            in[one.n_in++] = node->in[i];
    }
    return one;
}

static bool judge_node(look *l, uint32_t n) {
    rg_node node = l->graph->nodes[n];
    rg_exec_options options = {.threads = 1, .reference = true};
    rg_err err = RG_ERR_INIT;
    rg_exec *exec = NULL;
    int32_t *in = calloc(node.n_in + 1, sizeof *in);
    rg_graph one = alone(l->graph, &node, in);
    bool ok = rg_exec_new(&one, &options, &exec, &err) == RG_OK;
    for (uint32_t i = 0; ok && i < one.n_in; i++)
        memcpy(rg_exec_input(exec, i), l->values[in[i]], one.tensors[in[i]].bytes);
    if (ok)
        rg_exec_run(exec);
    else
        snprintf(l->what, sizeof l->what, "node %u (%s): %.180s", n, node.kind, err.what);
    row *r = row_of(l, node.kind);
    r->nodes++;
    for (uint32_t i = 0; ok && i < one.n_out; i++)
        compare(&one.tensors[one.out[i]], rg_exec_output(exec, i), l->values[one.out[i]], r);
    rg_exec_free(exec);
    free(in);
    return ok;
}

/* Floats of other libraries add up in another order. */
static bool is_sound(const row *r, const rg_graph *graph) {
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        if (!strcmp(graph->nodes[n].kind, r->kind) &&
            graph->tensors[graph->nodes[n].out[0]].dtype == RG_DTYPE_FLOAT32)
            return r->worst <= 1e-4;
    }
    return r->worst <= 1;
}

static bool judge(const char *path) {
    rg_err err = RG_ERR_INIT;
    rg_model *model = NULL;
    look *l = calloc(1, sizeof *l);
    bool ok = l && rg_model_load(path, NULL, &model, &err) == RG_OK;
    if (ok) {
        l->graph = model->graph;
        ok = cut_graph(l) && fill_inputs(l) && ask_library(l, model);
        for (uint32_t n = 0; ok && n < l->graph->n_nodes; n++)
            ok = judge_node(l, n);
    }
    for (const row *r = l->rows; ok && r->kind; r++) {
        printf("# %s: %llu nodes, %llu of %llu elements differ, worst %.3g\n", r->kind,
               (unsigned long long)r->nodes, (unsigned long long)r->differing,
               (unsigned long long)r->elements, r->worst);
        if (!is_sound(r, l->graph))
            snprintf(l->what, sizeof l->what, "%s differs by %g", r->kind, r->worst);
    }
    if (!ok || l->what[0])
        printf("# %s\n", l->what[0] ? l->what : err.what);
    return ok && !l->what[0]; /* the process ends soon: its memory with it */
}

static bool find_file(const char *name, char ret[1024]) {
    const char *places[] = {"", getenv("RAILGAUGE_SHARED"), RG_SOURCE_DIR "/../shared",
                            RG_SOURCE_DIR "/../../shared"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (!places[i])
            continue;
        snprintf(ret, 1024, "%s%s%s", places[i], *places[i] ? "/models/tflite/" : "", name);
        if (access(ret, R_OK) == 0)
            return true;
    }
    return false;
}

int main(int argc, char **argv) {
    printf("TAP version 13\n");
    const char *why = rg_tfl_open();
    if (why) {
        printf("1..0 # SKIP %s\n", why);
        return 0;
    }
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        char path[1024];
        if (!find_file(argv[i], path)) {
            printf("ok %d - %s # SKIP no such file here: set RAILGAUGE_SHARED\n", i, argv[i]);
            continue;
        }
        bool ok = judge(path);
        printf("%s %d - %s node by node\n", ok ? "ok" : "not ok", i, argv[i]);
        failed += !ok;
        fflush(stdout);
    }
    printf("1..%d\n", argc - 1);
    return failed != 0;
}
