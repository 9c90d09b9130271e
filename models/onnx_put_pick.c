/* onnx_put_pick.c: choices by condition, place or rank, as an .onnx file has them. */
#include <string.h>

#include "models/onnx_read.h"
#include "models/onnx_write.h"

/* A value under another type. */
static const char *cast(rg_onnx_writing *s, const char *from, rg_dtype dtype, const char *to) {
    rg_onnx_begin(s, "Cast", &from, 1, &to, 1);
    rg_onnx_give_int(s, "to", rg_onnx_type(dtype));
    rg_onnx_end_node(s, false);
    return to;
}

/* Two operators behind one another on reals: `type`, then Not or Floor. */
void rg_onnx_put_twice(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *in[2], *between = rg_onnx_new_name(s, "between");
    bool negates = !strcmp(type, "Equal");
    if (!negates && rg_node_out(s->graph, node, 0)->dtype != RG_DTYPE_FLOAT32) {
        rg_onnx_refuse(s, "only float32 has an equal there");
        return;
    }
    for (uint32_t i = 0; i < 2; i++)
        in[i] = rg_onnx_real_value(s, node->in[i], RG_ONNX_OURS);
    rg_onnx_simple(s, type, in, 2, between);
    rg_onnx_simple(s, negates ? "Not" : "Floor", &between, 1,
                   rg_onnx_real_name(s, node->out[0], RG_ONNX_OURS));
    rg_onnx_real_done(s, node->out[0], RG_ONNX_OURS);
}

/* The old choice spreads in ways of its own: only equal shapes mean the same there. */
void rg_onnx_put_select(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_shape *shape = &rg_node_out(s->graph, node, 0)->shape;
    for (uint32_t i = 0; i < 3; i++) {
        if (!rg_shape_equal(&rg_node_in(s->graph, node, i)->shape, shape)) {
            rg_onnx_refuse(s, "its operands spread");
            return;
        }
    }
    rg_onnx_put_plain(s, node, type);
}

void rg_onnx_put_gather_nd(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *numbers = rg_onnx_raw(s, node->in[1], RG_ONNX_OURS);
    if (rg_node_in(s->graph, node, 1)->dtype != RG_DTYPE_INT64)
        numbers = cast(s, numbers, RG_DTYPE_INT64, rg_onnx_new_name(s, "places"));
    const char *in[] = {rg_onnx_raw(s, node->in[0], RG_ONNX_OURS), numbers};
    rg_onnx_simple(s, type, in, 2, rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS));
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

void rg_onnx_put_topk(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t k = 0;
    uint32_t n;
    if (node->n_out < 2 || !rg_onnx_read_ints(s, node->in[1], &k, 1, &n))
        return;
    const char *in[] = {rg_onnx_raw(s, node->in[0], RG_ONNX_OURS), rg_onnx_new_ints(s, &k, 1)};
    const char *out[] = {rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS),
                         rg_onnx_new_name(s, "places")};
    rg_onnx_begin(s, type, in, 2, out, 2);
    rg_onnx_give_int(s, "axis", -1);
    rg_onnx_end_node(s, false);
    cast(s, out[1], rg_node_out(s->graph, node, 1)->dtype,
         rg_onnx_raw_name(s, node->out[1], RG_ONNX_OURS));
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
    rg_onnx_raw_done(s, node->out[1], RG_ONNX_OURS);
}
