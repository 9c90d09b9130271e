/* onnx_end.c: what follows a node: an activation that its operator can take in, then the
 * quantization of its result. Both are joined to the operator; that is how float operators between
 * DequantizeLinear and QuantizeLinear become integer ones. */
#include <math.h>
#include <string.h>

#include "models/onnx_read.h"

/* A zero point as we keep it: of signed integers. */
static int32_t signed_zero(rg_dtype dtype, int32_t zero) {
    return dtype == RG_DTYPE_UINT8 ? zero - 128 : dtype == RG_DTYPE_UINT16 ? zero - 32768 : zero;
}

bool rg_onnx_scale(rg_onnx *r, const rg_onnx_node *node, uint32_t i, float *ret_scale,
                   int32_t *ret_zero, rg_dtype *ret_dtype) {
    double scale, zero = 0;
    rg_onnx_value *s = rg_onnx_in(r, node, i), *z = rg_onnx_in(r, node, i + 1);
    if (!s || !rg_onnx_number(r, s, &scale) || (z && !rg_onnx_number(r, z, &zero)))
        return false;
    *ret_dtype = z ? z->dtype : RG_DTYPE_UINT8;
    *ret_scale = (float)scale;
    *ret_zero = (int32_t)rg_onnx_whole(zero);
    return isfinite(scale) && scale > 0 && fabs(zero) <= 65535;
}

rg_onnx_node *rg_onnx_only_user(rg_onnx *r, int32_t value) {
    const rg_onnx_value *v = &r->values[value];
    if (v->uses != 1 || v->is_output || v->user < 0 || r->nodes[v->user].done)
        return NULL;
    rg_onnx_node *user = &r->nodes[v->user];
    return user->n_in > 0 && user->n_out > 0 && user->in[0] == value && user->out[0] >= 0 &&
                   !user->microsoft
               ? user
               : NULL;
}

bool rg_onnx_limit(rg_onnx *r, const rg_onnx_node *node, uint32_t i, const char *name,
                   double preset, double *ret) {
    rg_onnx_value *v = rg_onnx_in(r, node, i);
    *ret = rg_onnx_attr_real(node, name, preset);
    return !v || rg_onnx_number(r, v, ret);
}

const char *rg_onnx_activation(rg_onnx *r, const rg_onnx_node *node) {
    double low, high;
    if (!strcmp(node->type, "Relu"))
        return "relu";
    if (strcmp(node->type, "Clip") || !rg_onnx_limit(r, node, 1, "min", -INFINITY, &low) ||
        !rg_onnx_limit(r, node, 2, "max", INFINITY, &high))
        return NULL;
    bool open = high > 1e38;
    return low == 0 && high == 6    ? "relu6"
           : low == 0 && open       ? "relu"
           : low == -1 && high == 1 ? "relu_n1_to_1"
                                    : NULL;
}

static void join_quantize(rg_onnx *r, rg_onnx_end *end) {
    float scale;
    int32_t zero;
    rg_dtype dtype;
    const rg_onnx_node *user = rg_onnx_only_user(r, end->value);
    if (!user || strcmp(user->type, "QuantizeLinear") ||
        !rg_onnx_scale(r, user, 1, &scale, &zero, &dtype))
        return;
    if (dtype != RG_DTYPE_INT8 && dtype != RG_DTYPE_UINT8 && dtype != RG_DTYPE_INT16 &&
        dtype != RG_DTYPE_UINT16)
        return;
    end->quantized = user->out[0];
    end->quantize_node = (int32_t)(user - r->nodes);
    end->named = dtype;
    end->dtype = rg_dtype_bits(dtype) == 8 ? RG_DTYPE_INT8 : RG_DTYPE_INT16;
    end->scale = scale;
    end->zero = signed_zero(dtype, zero);
}

rg_onnx_end rg_onnx_end_of(rg_onnx *r, const rg_onnx_node *node, bool activations) {
    rg_onnx_end end = {.value = node->out[0],
                       .quantized = RG_ONNX_NONE,
                       .activation_node = RG_ONNX_NONE,
                       .quantize_node = RG_ONNX_NONE,
                       .activation = "none"};
    if (r->forced)
        return *r->forced;
    if (end.value < 0)
        return end;
    const rg_onnx_node *user = activations ? rg_onnx_only_user(r, end.value) : NULL;
    const char *activation = user ? rg_onnx_activation(r, user) : NULL;
    if (activation) {
        end.activation = activation;
        end.activation_node = (int32_t)(user - r->nodes);
        end.value = user->out[0];
    }
    join_quantize(r, &end);
    return end;
}

void rg_onnx_finish(rg_onnx *r, const rg_onnx_end *end, int32_t tensor,
                    const rg_onnx_order *order) {
    if (r->status != RG_OK)
        return;
    bool whole = rg_onnx_at(r, tensor)->dtype != RG_DTYPE_FLOAT32;
    if (end->activation_node >= 0)
        r->nodes[end->activation_node].done = true;
    if (!whole && end->forced) {
        rg_quant quant = rg_onnx_one_scale(r, end->scale, end->zero);
        rg_shape shape = rg_onnx_at(r, tensor)->shape;
        tensor = rg_onnx_emit_unary(r, "quantize", tensor, end->dtype, &shape, &quant);
        whole = true;
    }
    if (whole && end->quantized >= 0) {
        if (end->quantize_node >= 0)
            r->nodes[end->quantize_node].done = true;
        rg_onnx_define(r, &r->values[end->quantized], end->named, tensor, order);
    } else {
        rg_onnx_define(r, &r->values[end->value], RG_DTYPE_FLOAT32, tensor, order);
    }
}
