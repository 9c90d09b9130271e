/* offload.c: see offload.h. Compilers keep the names of tensors that they leave in the graph, so
 * that names tell which nodes these are. */
#include "bench/iface/offload.h"

#include <stdlib.h>
#include <string.h>

static const char *const opaque_kinds[] = {"edgetpu-custom-op", "ethos-u"};

bool rg_offload_is_opaque(const rg_node *node) {
    for (size_t i = 0; i < sizeof opaque_kinds / sizeof opaque_kinds[0]; i++) {
        if (!strcmp(node->kind, opaque_kinds[i]))
            return true;
    }
    return false;
}

/* --- crossings -------------------------------------------------------------------------------- */

enum side { NOBODY, HOST, DEVICE };

/* A tensor that one side writes and the other reads counts once. */
static void count_reads(const rg_graph *graph, const rg_node *node, unsigned char *writer,
                        rg_offload *ret) {
    enum side reader = rg_offload_is_opaque(node) ? DEVICE : HOST;
    for (uint32_t i = 0; i < node->n_in; i++) {
        int32_t t = node->in[i];
        if (t < 0 || writer[t] == NOBODY || writer[t] == reader)
            continue;
        writer[t] = NOBODY;
        ret->passed++;
        ret->passed_bytes += graph->tensors[t].bytes;
    }
}

rg_status rg_offload_count(const rg_graph *compiled, rg_offload *ret, rg_err *err) {
    unsigned char *writer = calloc(compiled->n_tensors + 1, 1);
    *ret = (rg_offload){0};
    if (!writer)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u tensors",
                       compiled->n_tensors);
    bool before = false;
    for (uint32_t n = 0; n < compiled->n_nodes; n++) {
        const rg_node *node = &compiled->nodes[n];
        bool opaque = rg_offload_is_opaque(node);
        *(opaque ? &ret->opaque : &ret->left) += 1;
        ret->crossings += n > 0 && opaque != before;
        before = opaque;
        count_reads(compiled, node, writer, ret);
        for (uint32_t i = 0; i < node->n_out; i++) {
            if (node->out[i] >= 0)
                writer[node->out[i]] = opaque ? DEVICE : HOST;
        }
    }
    free(writer);
    return RG_OK;
}

/* --- matching --------------------------------------------------------------------------------- */

/* A tensor that a node of the source writes. */
typedef struct entry {
    const char *name;
    uint32_t node;
    bool first; /* of its node's outputs */
} entry;

typedef struct name_index {
    entry *entries; /* by name, then by node */
    size_t n;
} name_index;

static int by_name(const void *a, const void *b) {
    const entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->node < y->node ? -1 : x->node > y->node;
}

static rg_status make_index(const rg_graph *source, name_index *ret, rg_err *err) {
    size_t n = 0;
    for (uint32_t i = 0; i < source->n_nodes; i++)
        n += source->nodes[i].n_out;
    *ret = (name_index){malloc((n + 1) * sizeof *ret->entries), 0};
    if (!ret->entries)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u nodes", source->n_nodes);
    for (uint32_t i = 0; i < source->n_nodes; i++) {
        const rg_node *node = &source->nodes[i];
        for (uint32_t k = 0; k < node->n_out; k++) {
            if (node->out[k] >= 0)
                ret->entries[ret->n++] = (entry){source->tensors[node->out[k]].name, i, k == 0};
        }
    }
    qsort(ret->entries, ret->n, sizeof *ret->entries, by_name);
    return RG_OK;
}

/* The first entry of that name, or one behind them all. */
static size_t find(const name_index *index, const char *name) {
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(index->entries[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Marks the source's node of that kind and name as left with the host; false: there is none. */
static bool leave(const rg_graph *source, const name_index *index, const rg_node *node,
                  const char *name, bool *taken) {
    for (size_t i = find(index, name); i < index->n && !strcmp(index->entries[i].name, name); i++) {
        uint32_t of = index->entries[i].node;
        if (index->entries[i].first && taken[of] && !strcmp(source->nodes[of].kind, node->kind)) {
            taken[of] = false;
            return true;
        }
    }
    return false;
}

static bool is_taken(const name_index *index, const char *name, const bool *taken) {
    for (size_t i = find(index, name); i < index->n && !strcmp(index->entries[i].name, name); i++) {
        if (taken[index->entries[i].node])
            return true;
    }
    return false;
}

/* What an opaque node gives must be something that a taken node of the source computes. */
static rg_status check_outputs(const rg_graph *compiled, const name_index *index, const bool *taken,
                               rg_err *err) {
    for (uint32_t n = 0; n < compiled->n_nodes; n++) {
        const rg_node *node = &compiled->nodes[n];
        for (uint32_t i = 0; rg_offload_is_opaque(node) && i < node->n_out; i++) {
            const rg_tensor *out = rg_node_out(compiled, node, i);
            if (out && !is_taken(index, out->name, taken))
                return rg_fail(err, RG_INVALID, "the model that the compiler was given",
                               "the files are no pair: no node of the original that left it gives "
                               "'%.80s', which the device does",
                               out->name);
        }
    }
    return RG_OK;
}

rg_status rg_offload_match(const rg_graph *source, const rg_graph *compiled, bool *ret_taken,
                           rg_offload *ret, rg_err *err) {
    name_index index = {0};
    rg_status status = rg_offload_count(compiled, ret, err);
    if (status == RG_OK)
        status = make_index(source, &index, err);
    ret->nodes = source->n_nodes;
    for (uint32_t i = 0; status == RG_OK && i < source->n_nodes; i++)
        ret_taken[i] = true;
    for (uint32_t i = 0; status == RG_OK && i < compiled->n_nodes; i++) {
        const rg_node *node = &compiled->nodes[i];
        if (!rg_offload_is_opaque(node))
            ret->added += !leave(source, &index, node, node->name, ret_taken);
    }
    for (uint32_t i = 0; status == RG_OK && i < source->n_nodes; i++)
        ret->taken += ret_taken[i];
    if (status == RG_OK)
        status = check_outputs(compiled, &index, ret_taken, err);
    if (status == RG_OK && ret->opaque && !ret->taken)
        status =
            rg_fail(err, RG_INVALID, "the model that the compiler was given",
                    "the files are no pair: every node of the original is in the compiled one");
    free(index.entries);
    return status;
}
