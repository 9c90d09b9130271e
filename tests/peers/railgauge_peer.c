/* railgauge_peer.c: our executor as one more driver of a peer-comparison runner (five functions,
 * see scripts/compare-peers). Each problem is written as a .tflite of one operator by the runner's
 * own writer, so that every driver, ours included, starts from the same file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/isa.h"
#include "bench/iface/exec.h"
#include "bench/iface/registry.h"

#include "tflite_file.h" /* of the runner; brings problem and bench.h */

enum { VARIANTS = 16 };

typedef struct driver {
    void *file;
    rg_graph *graph;
    rg_exec *exec;
} driver;

/* "railgauge" with all that the CPU has, then each poorer level by name: masked, as on older CPUs.
 */
const char *peer_variant(int i) {
    static char names[VARIANTS][32];
    static int n = -1;
    if (n < 0) {
        snprintf(names[0], sizeof names[0], "railgauge");
        n = 1;
        for (const rg_isa *isa = rg_isas; isa->name && n < VARIANTS; isa++) {
            if (isa->features && rg_isa_runs(isa, rg_isa_present()) &&
                isa->features != rg_isa_present())
                snprintf(names[n++], sizeof names[0], "railgauge-%s", isa->name);
        }
    }
    return i < n ? names[i] : NULL;
}

static void *read_file(const char *path, size_t *ret_bytes) {
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END))
        return NULL;
    long n = ftell(f);
    void *data = n > 0 ? aligned_alloc(64, ((size_t)n + 63) / 64 * 64) : NULL;
    rewind(f);
    bool whole = data && fread(data, 1, (size_t)n, f) == (size_t)n;
    fclose(f);
    *ret_bytes = whole ? (size_t)n : 0;
    return whole ? data : NULL;
}

/* The writer's bytes at an address that constants may be read from. */
static void *aligned_copy(const void *data, size_t bytes) {
    void *copy = aligned_alloc(64, (bytes + 63) / 64 * 64);
    return copy ? memcpy(copy, data, bytes) : NULL;
}

static void *model_of(const problem *p, size_t *ret_bytes) {
    if (p->kind == P_MODEL)
        return read_file(p->path, ret_bytes);
    uint8_t *written = tf_write_one(p, ret_bytes);
    void *copy = written ? aligned_copy(written, *ret_bytes) : NULL;
    free(written);
    return copy;
}

/* The values that the other drivers give a model. */
static void fill_model_input(int8_t *x, size_t n) {
    uint32_t r = 12345;
    for (size_t i = 0; i < n; i++) {
        r = r * 1664525u + 1013904223u;
        x[i] = (int8_t)(r >> 24);
    }
}

static rg_status load(driver *d, const char *variant, const problem *p, rg_err *err) {
    size_t bytes;
    d->file = model_of(p, &bytes);
    const rg_reader *reader = d->file ? rg_reader_for(d->file, bytes) : NULL;
    if (!reader)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s is no model that can be read", p->name);
    rg_status status =
        reader->read(d->file, bytes, p->name, &rg_model_limits_default, &d->graph, err);
    rg_exec_options options = {.threads = (uint32_t)p->threads};
    const rg_isa *isa = strchr(variant, '-') ? rg_isa_find(strchr(variant, '-') + 1) : NULL;
    options.isa_mask = isa ? isa->features : 0;
    if (status == RG_OK)
        status = rg_exec_new(d->graph, &options, &d->exec, err);
    return status;
}

void *peer_open(const char *variant, const problem *p) {
    rg_err err = RG_ERR_INIT;
    driver *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    if (load(d, variant, p, &err) != RG_OK) {
        if (getenv("PEER_DEBUG"))
            fprintf(stderr, "railgauge: %s: %s\n", p->name, err.what);
        peer_close(d);
        return NULL;
    }
    size_t bytes = d->graph->tensors[d->graph->in[0]].bytes;
    if (p->kind == P_MODEL)
        fill_model_input(rg_exec_input(d->exec, 0), bytes);
    else
        memcpy(rg_exec_input(d->exec, 0), p->in, bytes);
    if (p->kind == P_ADD && d->graph->n_in > 1)
        memcpy(rg_exec_input(d->exec, 1), p->w, bytes);
    return d;
}

int peer_run(void *handle) {
    rg_exec_run(((driver *)handle)->exec);
    return 0;
}

const int8_t *peer_output(void *handle, size_t *bytes) {
    driver *d = handle;
    *bytes = d->graph->tensors[d->graph->out[0]].bytes;
    return rg_exec_output(d->exec, 0);
}

void peer_close(void *handle) {
    driver *d = handle;
    rg_exec_free(d->exec);
    rg_graph_free(d->graph);
    free(d->file);
    free(d);
}
