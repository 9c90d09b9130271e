/* network.h: a network as models/suite/lib/net.lua describes it (one JSON document), turned into a
 * float32 graph with seeded weights. The first of the three steps that materialise.c takes:
 * network, calibrate, quantize. */
#ifndef RG_RUN_NETWORK_H
#define RG_RUN_NETWORK_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/core/rng.h"

typedef enum rg_part {
    RG_PART_INPUT,      /* filled by the user; range low..high; int32 where it numbers things */
    RG_PART_ACTIVATION, /* written by a node */
    RG_PART_WEIGHTS,    /* seeded, He-scaled by fan_in */
    RG_PART_BIAS,
    RG_PART_INTS,  /* int32 constants such as axes and paddings */
    RG_PART_TABLE, /* float32 constants that are no layer's weights: embeddings, gammas, masks */
} rg_part;

/* What the graph cannot say about a tensor, by tensor number. */
typedef struct rg_tensor_role {
    rg_part part;
    double low, high; /* INPUT: range of its values */
    double gain;      /* WEIGHTS: spread of the layer's normalised output */
    int axis;         /* WEIGHTS: dimension of per-channel scales, -1 one scale */
} rg_tensor_role;

/* The graph's weights and biases are writable through these pointers until quantized. */
typedef struct rg_network {
    rg_graph *graph;
    rg_tensor_role *roles; /* in the graph's arena */
    uint64_t seed;
    bool sketch; /* constants hold no values */
    const char *summary;
} rg_network;

/* Builds it; RG_USAGE naming the layer when the description is wrong. */
rg_status rg_network_build(const json_t *description, rg_network **ret_network, rg_err *err);

/* The same without values: weights, biases and seeded tables are zeros. For counting. */
rg_status rg_network_sketch(const json_t *description, rg_network **ret_network, rg_err *err);
void rg_network_free(rg_network *network); /* accepts NULL */

/* The first input of `node` that plays this part, a tensor number; -1: none. */
int32_t rg_network_part(const rg_network *network, const rg_node *node, rg_part part);

/* Fills an input from low to high: images as blurred noise, whose neighbours resemble each other,
 * others uniform; int32: whole numbers from low to high - 1. */
void rg_input_fill(const rg_tensor *tensor, double low, double high, rg_rng *rng, void *data);

/* Channel of element i of a tensor whose channels lie along `axis`; -1: along the first dimension.
 */
size_t rg_channel_of(const rg_tensor *tensor, int axis, size_t i);

#endif
