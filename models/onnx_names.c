/* onnx_names.c: values of an .onnx file by their names. */
#include "models/onnx_names.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { PRIME = INT32_MAX };

/* A number that the author of a file cannot foresee; numbers of values do not depend on it. */
static uint64_t secret_point(void) {
    uint64_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits)
        bits = (uint64_t)time(NULL) * 2654435761u ^ (uint64_t)(uintptr_t)&bits;
    return 256 + bits % (PRIME - 256);
}

/* The name as a polynomial at a secret point, modulo a prime: no file can hold names that all fall
 * together, for two names of length n agree at n points at most. */
static uint32_t hash_of(uint64_t point, const char *name) {
    uint64_t sum = 0;
    for (; *name; name++)
        sum = (sum * point + (unsigned char)*name) % PRIME;
    return (uint32_t)(sum * 0x9e3779b97f4a7c15u >> 32);
}

const char *rg_onnx_printable(rg_onnx *r, const char *text) {
    char *copy = rg_arena_printf(r->graph->arena, "%.255s", text);
    if (!copy)
        return rg_onnx_no_memory(r), "";
    for (char *c = copy; *c; c++)
        *c = (unsigned char)*c < ' ' || (unsigned char)*c > '~' ? '?' : *c;
    return copy;
}

int32_t rg_onnx_value_named(rg_onnx_reading *d, const char *name) {
    if (!name || !name[0] || d->r.status != RG_OK)
        return RG_ONNX_NONE;
    uint32_t at = hash_of(d->names.point, name) & d->names.mask;
    for (; d->names.slots[at]; at = (at + 1) & d->names.mask) {
        if (!strcmp(d->keys[d->names.slots[at] - 1], name))
            return (int32_t)(d->names.slots[at] - 1);
    }
    if (d->r.n_values >= d->n_named)
        return rg_onnx_fail(&d->r, RG_BAD_DATA, "more names than there can be"), RG_ONNX_NONE;
    d->keys[d->r.n_values] = name;
    d->names.slots[at] = d->r.n_values + 1;
    rg_onnx_value *v = &d->r.values[d->r.n_values];
    v->name = rg_onnx_printable(&d->r, name);
    v->dtype = RG_DTYPE_VARIANT;
    v->user = RG_ONNX_NONE;
    return (int32_t)d->r.n_values++;
}

rg_status rg_onnx_make_room(rg_onnx_reading *d) {
    const Rg__Onnx__Graph *g = d->graph;
    rg_onnx *r = &d->r;
    uint64_t named = g->n_initializer + g->n_input + g->n_output + g->n_value_info, free_ones = 16;
    for (size_t i = 0; i < g->n_node; i++) {
        named += g->node[i]->n_input + g->node[i]->n_output;
        free_ones += g->node[i]->n_input + 1;
    }
    uint64_t slots = 16;
    while (slots < 2 * named)
        slots *= 2;
    if (named + free_ones > INT32_MAX / 4)
        return rg_onnx_fail(r, RG_NO_MEMORY, "it has too many names");
    d->n_named = (uint32_t)named;
    d->names.mask = (uint32_t)slots - 1;
    d->names.point = secret_point();
    r->cap_values = (uint32_t)(named + free_ones);
    d->names.slots = rg_arena_array(r->graph->arena, slots, sizeof *d->names.slots);
    d->keys = rg_arena_array(r->graph->arena, named + 1, sizeof *d->keys);
    r->values = rg_arena_array(r->graph->arena, r->cap_values, sizeof *r->values);
    r->nodes = rg_arena_array(r->graph->arena, g->n_node + 1, sizeof *r->nodes);
    return d->names.slots && d->keys && r->values && r->nodes ? RG_OK : rg_onnx_no_memory(r);
}
