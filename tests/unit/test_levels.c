/* test_levels.c: the built-in models give the same bytes from every level of this CPU, on one and
 * two threads, with nodes joined and not: those of the scalar reference. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/isa.h"
#include "bench/core/json.h"
#include "bench/iface/exec.h"
#include "bench/iface/registry.h"
#include "bench/run/materialise.h"

static rg_graph *build(const char *name, const char *precision) {
    json_t *description = NULL;
    rg_graph *graph = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_suite_describe(name, &description, &err), RG_OK, "%s: %s", name, err.what);
    cr_assert_eq(rg_suite_graph(description, precision, &graph, &err), RG_OK, "%s: %s", name,
                 err.what);
    json_decref(description);
    return graph;
}

/* Output 0 of one run on seeded inputs, to be freed. */
static void *compute(const rg_graph *graph, rg_exec_options options) {
    const rg_tensor *out = &graph->tensors[graph->out[0]];
    rg_exec *exec = NULL;
    rg_err err = RG_ERR_INIT;
    rg_rng rng = rg_rng_seeded(20261121);
    void *copy = malloc(out->bytes);
    cr_assert_eq(rg_exec_new(graph, &options, &exec, &err), RG_OK, "%s", err.what);
    for (uint32_t i = 0; i < graph->n_in; i++)
        rg_tensor_fill(&graph->tensors[graph->in[i]], &rng, rg_exec_input(exec, i));
    rg_exec_run(exec);
    memcpy(copy, rg_exec_output(exec, 0), out->bytes);
    rg_exec_free(exec);
    return copy;
}

static void compare(const rg_graph *graph, const void *want, rg_exec_options options,
                    const char *how) {
    void *got = compute(graph, options);
    cr_expect_eq(memcmp(want, got, graph->tensors[graph->out[0]].bytes), 0,
                 "%s: %s on %u threads gives other bytes", graph->name, how, options.threads);
    free(got);
}

static void check_model(const char *name, const char *precision) {
    rg_graph *graph = build(name, precision);
    void *want = compute(graph, (rg_exec_options){.reference = true});
    for (const rg_isa *isa = rg_isas; isa->name; isa++) {
        uint64_t mask = isa->features ? isa->features : RG_EXEC_SCALAR;
        if (!rg_isa_runs(isa, rg_isa_present()))
            continue;
        for (uint32_t threads = 1; threads <= 2; threads++)
            compare(graph, want, (rg_exec_options){.threads = threads, .isa_mask = mask},
                    isa->name);
    }
    compare(graph, want, (rg_exec_options){.threads = 2, .no_fusion = true}, "no fusion");
    free(want);
    rg_graph_free(graph);
}

Test(levels, give_the_bytes_of_the_reference_for_built_in_models, .timeout = 100) {
    static const char *const names[] = {"autoencoder", "ds-cnn", "resnet-8",
                                        "mobilenet-v1-0.25-vww"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        check_model(names[i], "int8");
        check_model(names[i], "float32");
    }
}

#ifndef __aarch64__ /* emulation computes 0.3 GMAC/s */
Test(levels, give_the_bytes_of_the_reference_for_a_larger_model, .timeout = 100) {
    check_model("mobilenet-v2", "int8");
}
#endif
