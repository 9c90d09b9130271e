/* tflite_runner.c: interpreters around one model (tflite_runner.h). A failed allocation ends the
 * interpreter at once: this runtime crashes when tensors are asked for after one. */
#include "targets/tflite_runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/exec.h"
#include "targets/tflite_plan.h"
#include "targets/tflite_shapes.h"

enum { ALIGNED = 64 };

typedef struct slot {
    void *interpreter;
    rg_tflite_delegate delegate;
} slot;

struct rg_tflite_runner {
    rg_tflite_ask ask;
    rg_workload workload; /* what it points to outlives this */
    void *copy;           /* of the model's bytes, where they stood at an odd address */
    void *model;
    slot *slots;
    unsigned n_slots;
    rg_tflite_plan *plan; /* of slot 0; NULL without a delegate */
    rg_overheard heard;
};

/* --- what goes wrong -------------------------------------------------------------------------- */

static void report(void *user, const char *format, va_list args) {
    rg_overheard_line(&((rg_tflite_runner *)user)->heard, format, args);
}

/* What to do about a model that the library refuses, by the words that it uses. */
static const char *advise(const rg_tflite_runner *r) {
    static const struct {
        const char *word, *advice;
    } rows[] = {
        {"edgetpu-custom-op", "the model is compiled for an Edge TPU: use --target edgetpu"},
        {"ethos-u", "the model is compiled for an Ethos-U: add delegate=ethos-u to the options"},
        {"NeutronGraph", "the model is compiled for a Neutron NPU: add delegate=neutron"},
        {"custom op", "a delegate that brings this operator, or a library built with it"},
        {"builtin opcode", "a newer library: this model uses a later version of an operator"},
        {"failed to delegate",
         "XNNPACK takes these numbers for its own and fails: leave uint8 to the "
         "built-in kernels (option xnnpack=qs8), or use --variant builtin"},
        {"dynamic-sized", "use --variant builtin: the delegate wants fixed shapes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strstr(r->heard.text, rows[i].word))
            return rows[i].advice;
    }
    return r->ask.make ? "try --variant builtin: then it is the delegate that refuses"
                       : "`railgauge inspect` shows what is in the model";
}

static rg_status refuse(rg_tflite_runner *r, const char *what, rg_err *err) {
    rg_overhear_so_far(&r->heard);
    const char *said = rg_overheard_first(&r->heard);
    return rg_fail(err, RG_UNSUPPORTED, advise(r), "TensorFlow Lite %s %s %s%s%s",
                   r->ask.tflite->library.version, what, r->workload.name, *said ? ": " : "",
                   *said ? said : " and does not say why");
}

/* --- one interpreter -------------------------------------------------------------------------- */

/* The delegate first, so that the runtime's options hold it and behind it who looks at its work. */
static rg_status add_delegate(rg_tflite_runner *r, slot *s, void *options, rg_err *err) {
    const rg_tflite *t = r->ask.tflite;
    rg_status status = r->ask.make ? r->ask.make(r->ask.user, &s->delegate, err) : RG_OK;
    if (status != RG_OK)
        return status;
    if (r->ask.make)
        t->add_delegate(options, s->delegate.delegate);
    if (s == r->slots && r->plan && r->plan->delegate)
        t->add_delegate(options, r->plan->delegate);
    return RG_OK;
}

static rg_status allocate(rg_tflite_runner *r, slot *s, rg_err *err) {
    const rg_tflite *t = r->ask.tflite;
    rg_status status =
        rg_tflite_shapes_give(t, s->interpreter, r->workload.graph, r->ask.batch, err);
    if (status != RG_OK)
        return status;
    int got = t->allocate(s->interpreter);
    if (got == RG_TFLITE_OK)
        return rg_tflite_shapes_check(t, s->interpreter, r->workload.graph, r->ask.batch, err);
    char what[128];
    snprintf(what, sizeof what, "allocates no tensors (%d: %s) for", got,
             rg_tflite_status_text(got));
    return refuse(r, what, err);
}

static rg_status build(rg_tflite_runner *r, slot *s, rg_err *err) {
    const rg_tflite *t = r->ask.tflite;
    void *options = t->options_create();
    if (!options)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for an interpreter");
    t->set_threads(options, (int32_t)r->ask.threads);
    t->set_reporter(options, report, r);
    rg_status status = add_delegate(r, s, options, err);
    if (status == RG_OK) {
        s->interpreter = t->interpreter_create(r->model, options);
        if (!s->interpreter)
            status = refuse(r, "makes no interpreter for", err);
    }
    t->options_delete(options);
    return status == RG_OK ? allocate(r, s, err) : status;
}

/* --- the model -------------------------------------------------------------------------------- */

/* The buffer stays in use as long as interpreters live; kernels read weights in place, so it must
 * stand as a mapped file does. */
static rg_status make_model(rg_tflite_runner *r, rg_err *err) {
    const rg_workload *w = &r->workload;
    const void *data = w->data;
    if ((uintptr_t)data % 16) {
        r->copy = aligned_alloc(ALIGNED, (w->bytes + ALIGNED - 1) / ALIGNED * ALIGNED);
        if (!r->copy)
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %s", w->name);
        data = memcpy(r->copy, w->data, w->bytes);
    }
    r->model = r->ask.tflite->model_create(data, w->bytes);
    return r->model ? RG_OK : refuse(r, "does not take for a model:", err);
}

static rg_status build_all(rg_tflite_runner *r, rg_err *err) {
    rg_status status = make_model(r, err);
    for (unsigned i = 0; status == RG_OK && i < r->n_slots; i++)
        status = build(r, &r->slots[i], err);
    return status;
}

static bool reserve(rg_tflite_runner *r) {
    r->slots = calloc(r->n_slots, sizeof *r->slots);
    bool looks = r->ask.make || r->ask.count_nodes;
    if (looks)
        r->plan = calloc(1, sizeof *r->plan);
    return r->slots && (r->plan || !looks);
}

rg_status rg_tflite_runner_new(const rg_tflite_ask *ask, const rg_workload *workload,
                               unsigned slots, rg_tflite_runner **ret_runner, rg_err *err) {
    rg_tflite_runner *r = calloc(1, sizeof *r);
    if (!r)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory loading %s", workload->name);
    r->ask = *ask;
    r->workload = *workload;
    r->n_slots = slots;
    if (!reserve(r)) {
        rg_tflite_runner_free(r);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory loading %s", workload->name);
    }
    if (r->plan)
        rg_tflite_plan_begin(r->plan, ask->tflite->major, ask->tflite->minor, ask->count_nodes);
    rg_overhear_begin();
    rg_status status = build_all(r, err);
    rg_overhear_end(&r->heard);
    if (status != RG_OK) {
        rg_tflite_runner_free(r);
        return status;
    }
    *ret_runner = r;
    return RG_OK;
}

void rg_tflite_runner_free(rg_tflite_runner *r) {
    if (!r)
        return;
    const rg_tflite *t = r->ask.tflite;
    for (unsigned i = 0; r->slots && i < r->n_slots; i++) {
        if (r->slots[i].interpreter)
            t->interpreter_delete(r->slots[i].interpreter);
        if (r->slots[i].delegate.delegate)
            r->slots[i].delegate.destroy(r->slots[i].delegate.delegate);
    }
    if (r->model)
        t->model_delete(r->model);
    if (r->plan)
        rg_tflite_plan_free(r->plan);
    free(r->plan);
    free(r->slots);
    free(r->copy);
    free(r);
}

/* --- running ---------------------------------------------------------------------------------- */

rg_status rg_tflite_runner_bind(rg_tflite_runner *r, unsigned number, rg_io *ret_io) {
    const rg_tflite *t = r->ask.tflite;
    if (number >= r->n_slots)
        return RG_UNSUPPORTED;
    const void *interpreter = r->slots[number].interpreter;
    rg_io io = {.n_in = (uint32_t)t->n_in(interpreter), .n_out = (uint32_t)t->n_out(interpreter)};
    for (uint32_t i = 0; i < io.n_in; i++) {
        void *tensor = t->in(interpreter, (int32_t)i);
        io.in[i] = t->data(tensor);
        io.in_bytes[i] = t->bytes(tensor);
    }
    for (uint32_t i = 0; i < io.n_out; i++) {
        const void *tensor = t->out(interpreter, (int32_t)i);
        io.out[i] = t->data(tensor);
        io.out_bytes[i] = t->bytes(tensor);
    }
    *ret_io = io;
    return RG_OK;
}

rg_status rg_tflite_runner_run(rg_tflite_runner *r, unsigned number) {
    int got = r->ask.tflite->invoke(r->slots[number].interpreter);
    if (got == RG_TFLITE_OK)
        return RG_OK;
    fprintf(stderr, "TensorFlow Lite: Invoke gave %d (%s): %s\n", got, rg_tflite_status_text(got),
            rg_overheard_last(&r->heard));
    return RG_FAILED;
}

/* Variables behind handles are no tensors of the interpreter's: this call leaves them as they are.
 */
static bool has_handles(const rg_graph *graph) {
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        if (!strcmp(graph->nodes[i].kind, "var_handle"))
            return true;
    }
    return false;
}

rg_status rg_tflite_runner_reset(rg_tflite_runner *r) {
    const rg_tflite *t = r->ask.tflite;
    if (has_handles(r->workload.graph))
        return RG_UNSUPPORTED;
    for (unsigned i = 0; i < r->n_slots; i++) {
        if (!t->reset_variables || t->reset_variables(r->slots[i].interpreter) != RG_TFLITE_OK)
            return RG_UNSUPPORTED;
    }
    return RG_OK;
}

/* --- placement -------------------------------------------------------------------------------- */

/* MACs by node where the runtime's nodes are the graph's; NULL where that is not so, or unknown. */
static rg_work *works_of(const rg_graph *graph, uint32_t nodes) {
    rg_work *works = graph->n_nodes == nodes ? calloc(nodes ? nodes : 1, sizeof *works) : NULL;
    if (works && rg_graph_node_works(graph, works, NULL) == RG_OK)
        return works;
    free(works);
    return NULL;
}

static void place_node(const rg_tflite_runner *r, const rg_graph *graph, uint32_t node,
                       const rg_work *works, rg_placement *ret) {
    bool own = !r->ask.make || r->plan->is_host[node], host = own && r->ask.make;
    int64_t macs = works ? (int64_t)works[node].macs : -1;
    rg_placement_add(ret, own ? "builtin" : r->ask.who, host, 1, macs);
    if (host && graph->n_nodes == r->plan->nodes)
        rg_placement_stays(ret, graph->nodes[node].kind);
}

rg_status rg_tflite_runner_placement(const rg_tflite_runner *r, const rg_graph *graph,
                                     rg_placement *ret_placement) {
    if (r->ask.make && !r->plan->known)
        return RG_UNSUPPORTED;
    rg_placement all = {.crossings = r->ask.make ? (int32_t)r->plan->crossings : 0};
    uint32_t nodes = r->ask.make ? r->plan->nodes : graph->n_nodes;
    rg_work *works = works_of(graph, nodes);
    for (uint32_t i = 0; i < nodes; i++)
        place_node(r, graph, i, works, &all);
    free(works);
    rg_placement_sum(&all, r->ask.make ? "execution plan" : "no delegate");
    *ret_placement = all;
    return RG_OK;
}

rg_status rg_tflite_runner_node(const rg_tflite_runner *r, const rg_graph *graph, uint32_t node,
                                rg_node_facts *ret_facts) {
    const rg_tflite_plan *plan = r->plan;
    if (!r->ask.count_nodes || !plan->known || plan->nodes != graph->n_nodes || node >= plan->nodes)
        return RG_UNSUPPORTED;
    *ret_facts = (rg_node_facts){.kernel = plan->is_host[node] ? "builtin" : r->ask.who,
                                 .computed_in = plan->computed_in[node],
                                 .split = r->ask.threads > 1,
                                 .ns = rg_tflite_plan_ns(plan, node)};
    return RG_OK;
}

const rg_overheard *rg_tflite_runner_heard(const rg_tflite_runner *r) {
    return &r->heard;
}
