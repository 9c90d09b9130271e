/* network.c: from the description's tensors and nodes to a float32 graph. */
#include "bench/run/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/rng.h"

enum { MAX_GRAPH_BYTES = 1 << 30 };

static const char *const part_words[] = {"input", "activation", "weights", "bias", "ints", "table"};
enum { N_PARTS = sizeof part_words / sizeof part_words[0] };

static rg_status broken(const json_t *tensor, const char *what, rg_err *err) {
    return rg_fail(err, RG_USAGE, "see models/suite/lib/net.lua", "layer '%s': %s",
                   rg_json_get_text(tensor, "name", "?"), what);
}

static bool read_shape(const json_t *list, rg_shape *ret) {
    size_t i;
    json_t *item;
    if (!json_is_array(list) || json_array_size(list) > RG_MAX_RANK)
        return false;
    ret->rank = (uint32_t)json_array_size(list);
    json_array_foreach(list, i, item) {
        json_int_t d = json_integer_value(item);
        if (!json_is_integer(item) || d < 1 || d > INT32_MAX)
            return false;
        ret->dim[i] = (int32_t)d;
    }
    return true;
}

/* Taps of a window: their number, and how far the taps of one channel lie apart. Filters are OHWI,
 * of depthwise layers 1HWC. */
static void find_taps(const rg_tensor *t, size_t *ret_taps, size_t *ret_inner) {
    bool window = t->shape.rank == 4;
    *ret_taps = window ? (size_t)t->shape.dim[1] * (size_t)t->shape.dim[2] : 1;
    *ret_inner = window ? (size_t)t->shape.dim[3] : 1;
}

/* He et al. 2015: deviation sqrt(2 / fan_in); calibration normalises what remains. The taps of one
 * window share most of their value, as those of trained filters do: what is smooth passes, and
 * rounding errors, which are not, average out. */
static void seed_weights(rg_tensor *t, const json_t *tensor, uint64_t seed, uint32_t index) {
    static const double shared = 0.9, own = 0.43588989435406735; /* sqrt(1 - shared^2) */
    rg_rng rng = rg_rng_seeded(seed * 1000003 + index);
    double spread = sqrt(2 / rg_json_get_real(tensor, "fan_in", 1));
    float *data = (float *)t->data;
    size_t taps, inner, n = t->bytes / sizeof *data;
    find_taps(t, &taps, &inner);
    for (size_t i = 0; i < n; i++) {
        double value = rg_rng_normal12(&rng);
        size_t first = i - i % (taps * inner) + i % inner;
        if (i == first || taps == 1)
            data[i] = (float)(value * spread);
        else
            data[i] = (float)(shared * data[first] + own * value * spread);
    }
}

static rg_status fill_ints(rg_tensor *t, const json_t *tensor, rg_err *err) {
    const json_t *values = json_object_get(tensor, "values");
    size_t n = t->bytes / sizeof(int32_t), i;
    json_t *item;
    if (json_array_size(values) != n)
        return broken(tensor, "as many values as its shape holds are needed", err);
    json_array_foreach(values, i, item) {
        ((int32_t *)t->data)[i] = (int32_t)json_integer_value(item);
    }
    return RG_OK;
}

/* Tables are given, or seeded: center + spread * normal. */
static rg_status fill_table(rg_tensor *t, const json_t *tensor, uint64_t seed, uint32_t index,
                            rg_err *err) {
    const json_t *values = json_object_get(tensor, "values");
    size_t n = t->bytes / sizeof(float);
    float *data = (float *)t->data;
    if (values && json_array_size(values) != n)
        return broken(tensor, "as many values as its shape holds are needed", err);
    rg_rng rng = rg_rng_seeded(seed * 1000003 + index);
    double center = rg_json_get_real(tensor, "center", 0);
    double spread = rg_json_get_real(tensor, "spread", 1);
    for (size_t i = 0; i < n; i++)
        data[i] = (float)(values ? json_number_value(json_array_get(values, i))
                                 : center + spread * rg_rng_normal12(&rng));
    return RG_OK;
}

static rg_status build_tensor(rg_network *net, uint32_t index, const json_t *tensor, rg_err *err) {
    rg_graph *graph = net->graph;
    rg_tensor *t = &graph->tensors[index];
    rg_tensor_role *role = &net->roles[index];
    const char *word = rg_json_get_text(tensor, "kind", "");
    size_t part = 0;
    while (part < N_PARTS && strcmp(part_words[part], word))
        part++;
    if (part == N_PARTS || !read_shape(json_object_get(tensor, "shape"), &t->shape))
        return broken(tensor, "unknown kind or impossible shape", err);
    *role = (rg_tensor_role){
        (rg_part)part, rg_json_get_real(tensor, "low", -1), rg_json_get_real(tensor, "high", 1),
        rg_json_get_real(tensor, "gain", 1), (int)rg_json_get_int(tensor, "axis", -1)};
    t->name = rg_arena_strdup(graph->arena, rg_json_get_text(tensor, "name", ""));
    bool counts = part == RG_PART_INTS || json_is_true(json_object_get(tensor, "ids"));
    t->dtype = counts ? RG_DTYPE_INT32 : RG_DTYPE_FLOAT32;
    rg_status status = rg_tensor_bytes(&t->shape, t->dtype, &t->bytes, err);
    if (status != RG_OK || part == RG_PART_INPUT || part == RG_PART_ACTIVATION)
        return status;
    t->data = rg_arena_alloc(graph->arena, t->bytes);
    if (!t->data || !t->name)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory building %s", graph->name);
    if (net->sketch && part != RG_PART_INTS)
        return RG_OK;
    if (part == RG_PART_WEIGHTS)
        seed_weights(t, tensor, net->seed, index);
    if (part == RG_PART_TABLE)
        return fill_table(t, tensor, net->seed, index, err);
    return part == RG_PART_INTS ? fill_ints(t, tensor, err) : RG_OK;
}

/* A list of tensor numbers in the arena; false when one is out of range. */
static bool read_numbers(const rg_graph *graph, const json_t *list, const int32_t **ret,
                         uint32_t *ret_n) {
    size_t i;
    json_t *item;
    int32_t *numbers = rg_arena_array(graph->arena, json_array_size(list) + 1, sizeof *numbers);
    if (!numbers)
        return false;
    json_array_foreach(list, i, item) {
        numbers[i] = (int32_t)json_integer_value(item);
        if (!json_is_integer(item) || numbers[i] < 0 || numbers[i] >= (int32_t)graph->n_tensors)
            return false;
    }
    *ret = numbers;
    *ret_n = (uint32_t)json_array_size(list);
    return true;
}

static rg_attr attr_of(rg_arena *arena, const char *key, const json_t *value) {
    rg_attr attr = {.key = rg_arena_strdup(arena, key)};
    if (json_is_string(value)) {
        attr.type = RG_ATTR_WORD;
        attr.word = rg_arena_strdup(arena, json_string_value(value));
    } else if (json_is_integer(value)) {
        attr.type = RG_ATTR_INT;
        attr.i = json_integer_value(value);
    } else {
        attr.type = RG_ATTR_REAL;
        attr.r = json_number_value(value);
    }
    return attr;
}

static rg_status build_node(rg_graph *graph, rg_node *node, const json_t *described, rg_err *err) {
    const char *kind = rg_json_get_text(described, "op", "?");
    const json_t *attrs = json_object_get(described, "attrs");
    node->kind = rg_arena_strdup(graph->arena, kind);
    node->known = true;
    if (!read_numbers(graph, json_object_get(described, "in"), &node->in, &node->n_in) ||
        !read_numbers(graph, json_object_get(described, "out"), &node->out, &node->n_out) ||
        node->n_out == 0)
        return rg_fail(err, RG_USAGE, NULL, "a %s has impossible inputs or outputs", kind);
    node->name = graph->tensors[node->out[0]].name;
    rg_attr *list = rg_arena_array(graph->arena, json_object_size(attrs) + 1, sizeof *list);
    if (!list || !node->kind)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory building %s", graph->name);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)attrs, key, value) {
        list[node->n_attrs++] = attr_of(graph->arena, key, value);
    }
    node->attrs = list;
    return RG_OK;
}

static rg_status build_graph(rg_network *net, const json_t *d, rg_err *err) {
    rg_graph *graph = net->graph;
    const json_t *tensors = json_object_get(d, "tensors"), *nodes = json_object_get(d, "nodes");
    graph->name = rg_arena_strdup(graph->arena, rg_json_get_text(d, "name", ""));
    graph->description = net->summary =
        rg_arena_strdup(graph->arena, rg_json_get_text(d, "summary", ""));
    graph->format = "suite";
    graph->n_tensors = (uint32_t)json_array_size(tensors);
    graph->n_nodes = (uint32_t)json_array_size(nodes);
    graph->tensors = rg_arena_array(graph->arena, graph->n_tensors + 1, sizeof *graph->tensors);
    graph->nodes = rg_arena_array(graph->arena, graph->n_nodes + 1, sizeof *graph->nodes);
    net->roles = rg_arena_array(graph->arena, graph->n_tensors + 1, sizeof *net->roles);
    if (!graph->tensors || !graph->nodes || !net->roles || !graph->name || !graph->description)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory building a network");
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < graph->n_tensors; i++)
        status = build_tensor(net, i, json_array_get(tensors, i), err);
    for (uint32_t i = 0; status == RG_OK && i < graph->n_nodes; i++)
        status = build_node(graph, &graph->nodes[i], json_array_get(nodes, i), err);
    if (status == RG_OK &&
        (!read_numbers(graph, json_object_get(d, "inputs"), &graph->in, &graph->n_in) ||
         !read_numbers(graph, json_object_get(d, "outputs"), &graph->out, &graph->n_out)))
        status = rg_fail(err, RG_USAGE, NULL, "%s has impossible inputs or outputs", graph->name);
    return status == RG_OK ? rg_graph_check(graph, err) : status;
}

static rg_status build(const json_t *description, bool sketch, rg_network **ret_network,
                       rg_err *err) {
    rg_network *net = calloc(1, sizeof *net);
    if (net)
        net->graph = rg_graph_new(MAX_GRAPH_BYTES);
    if (!net || !net->graph) {
        free(net);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory building a network");
    }
    net->sketch = sketch;
    net->seed = (uint64_t)rg_json_get_int(description, "seed", 1);
    rg_status status = build_graph(net, description, err);
    if (status != RG_OK) {
        rg_network_free(net);
        return status;
    }
    *ret_network = net;
    return RG_OK;
}

rg_status rg_network_build(const json_t *description, rg_network **ret_network, rg_err *err) {
    return build(description, false, ret_network, err);
}

rg_status rg_network_sketch(const json_t *description, rg_network **ret_network, rg_err *err) {
    return build(description, true, ret_network, err);
}

void rg_network_free(rg_network *network) {
    if (network)
        rg_graph_free(network->graph);
    free(network);
}

size_t rg_channel_of(const rg_tensor *tensor, int axis, size_t i) {
    uint32_t along = axis < 0 ? 0 : (uint32_t)axis;
    size_t inner = 1;
    for (uint32_t d = along + 1; d < tensor->shape.rank; d++)
        inner *= (size_t)tensor->shape.dim[d];
    return i / inner % (size_t)tensor->shape.dim[along];
}

int32_t rg_network_part(const rg_network *network, const rg_node *node, rg_part part) {
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (node->in[i] >= 0 && network->roles[node->in[i]].part == part)
            return node->in[i];
    }
    return -1;
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* One plane of an image as a stack of blurred noise: grids of random values, each half as wide as
 * the one before and half as strong, blended bilinearly. Pictures and spectrograms are like that:
 * neighbours resemble each other, which white noise lacks. Values from 0 to 1. */
enum { MOST_GRID = 66, LEAST_CELL = 2 };

static void add_grid(const rg_tensor *t, int32_t channel, int32_t cell, double weight, rg_rng *rng,
                     float *ret) {
    int32_t h = t->shape.dim[1], w = t->shape.dim[2], c = t->shape.dim[3];
    int32_t columns = w / cell + 2, rows = h / cell + 2;
    float grid[MOST_GRID][MOST_GRID];
    for (int32_t y = 0; y < rows && y < MOST_GRID; y++) {
        for (int32_t x = 0; x < columns && x < MOST_GRID; x++)
            grid[y][x] = (float)(weight * rg_rng_unit(rng));
    }
    for (int32_t y = 0; y < h; y++) {
        int32_t gy = y / cell % (MOST_GRID - 1);
        float fy = (float)(y % cell) / (float)cell;
        for (int32_t x = 0; x < w; x++) {
            int32_t gx = x / cell % (MOST_GRID - 1);
            float fx = (float)(x % cell) / (float)cell;
            float top = grid[gy][gx] * (1 - fx) + grid[gy][gx + 1] * fx;
            float low = grid[gy + 1][gx] * (1 - fx) + grid[gy + 1][gx + 1] * fx;
            ret[((size_t)y * (size_t)w + (size_t)x) * (size_t)c + (size_t)channel] +=
                top * (1 - fy) + low * fy;
        }
    }
}

static void fill_image(const rg_tensor *t, double low, double high, rg_rng *rng, float *ret) {
    int32_t side = t->shape.dim[1] > t->shape.dim[2] ? t->shape.dim[1] : t->shape.dim[2];
    size_t n = t->bytes / sizeof *ret;
    double weights = 0;
    memset(ret, 0, t->bytes);
    for (int32_t cell = side / 2; cell >= LEAST_CELL && side / cell + 2 <= MOST_GRID; cell /= 2)
        weights += cell;
    for (int32_t channel = 0; channel < t->shape.dim[3]; channel++) {
        for (int32_t cell = side / 2; cell >= LEAST_CELL && side / cell + 2 <= MOST_GRID; cell /= 2)
            add_grid(t, channel, cell, cell / weights, rng, ret);
    }
    /* sums gather in the middle: twice the contrast fills the range */
    for (size_t i = 0; i < n; i++) {
        double share = fmin(1, fmax(0, 2 * ret[i] - 0.5));
        ret[i] = (float)(low + (high - low) * share);
    }
}

static bool is_image(const rg_tensor *t) {
    return t->dtype == RG_DTYPE_FLOAT32 && t->shape.rank == 4 && t->shape.dim[0] == 1 &&
           t->shape.dim[1] >= 2 * LEAST_CELL && t->shape.dim[1] * t->shape.dim[2] >= 16;
}

void rg_input_fill(const rg_tensor *tensor, double low, double high, rg_rng *rng, void *data) {
    int64_t n = 0;
    rg_shape_elements(&tensor->shape, &n);
    if (is_image(tensor)) {
        fill_image(tensor, low, high, rng, data);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        double value = low + (high - low) * rg_rng_unit(rng);
        if (tensor->dtype == RG_DTYPE_INT32)
            ((int32_t *)data)[i] = (int32_t)floor(value);
        else
            ((float *)data)[i] = (float)value;
    }
}
