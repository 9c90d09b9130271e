/* onnx_node.c: the walk over the nodes of an .onnx file: which function turns which operator into
 * ours, its attributes, and what becomes of operators that have none. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/onnx_build.h"

typedef struct row {
    const char *type;
    uint8_t domains; /* bits: 1 the default one, 2 com.microsoft */
    uint8_t need;    /* inputs that must be there */
    rg_onnx_lower *lower;
    const char *word;
} row;

enum { OWN = 1, MS = 2 };

static const row rows[] = {
    {"Conv", OWN, 2, rg_onnx_conv, ""},
    {"ConvTranspose", OWN, 2, rg_onnx_conv_transpose, ""},
    {"MaxPool", OWN, 1, rg_onnx_pool, "max_pool2d"},
    {"AveragePool", OWN, 1, rg_onnx_pool, "average_pool2d"},
    {"GlobalAveragePool", OWN, 1, rg_onnx_global_pool, "mean"},
    {"GlobalMaxPool", OWN, 1, rg_onnx_global_pool, "reduce_max"},
    {"Gemm", OWN, 2, rg_onnx_gemm, ""},
    {"MatMul", OWN, 2, rg_onnx_matmul, ""},
    {"Add", OWN, 2, rg_onnx_binary, "add"},
    {"Sub", OWN, 2, rg_onnx_binary, "sub"},
    {"Mul", OWN, 2, rg_onnx_binary, "mul"},
    {"Div", OWN, 2, rg_onnx_binary, "div"},
    {"Pow", OWN, 2, rg_onnx_binary, "pow"},
    {"Max", OWN, 1, rg_onnx_binary, "maximum"},
    {"Min", OWN, 1, rg_onnx_binary, "minimum"},
    {"Sum", OWN, 1, rg_onnx_binary, "add"},
    {"Equal", OWN, 2, rg_onnx_binary, "equal"},
    {"Less", OWN, 2, rg_onnx_binary, "less"},
    {"LessOrEqual", OWN, 2, rg_onnx_binary, "less_equal"},
    {"Greater", OWN, 2, rg_onnx_binary, "greater"},
    {"GreaterOrEqual", OWN, 2, rg_onnx_binary, "greater_equal"},
    {"And", OWN, 2, rg_onnx_binary, "logical_and"},
    {"Or", OWN, 2, rg_onnx_binary, "logical_or"},
    {"Xor", OWN, 2, rg_onnx_binary, "not_equal"},
    {"Relu", OWN, 1, rg_onnx_unary, "relu"},
    {"LeakyRelu", OWN, 1, rg_onnx_unary, "leaky_relu"},
    {"Sigmoid", OWN, 1, rg_onnx_unary, "logistic"},
    {"Tanh", OWN, 1, rg_onnx_unary, "tanh"},
    {"Elu", OWN, 1, rg_onnx_unary, "elu"},
    {"Exp", OWN, 1, rg_onnx_unary, "exp"},
    {"Log", OWN, 1, rg_onnx_unary, "log"},
    {"Sqrt", OWN, 1, rg_onnx_unary, "sqrt"},
    {"Abs", OWN, 1, rg_onnx_unary, "abs"},
    {"Neg", OWN, 1, rg_onnx_unary, "neg"},
    {"Floor", OWN, 1, rg_onnx_unary, "floor"},
    {"Ceil", OWN, 1, rg_onnx_unary, "ceil"},
    {"Round", OWN, 1, rg_onnx_unary, "round"},
    {"Sin", OWN, 1, rg_onnx_unary, "sin"},
    {"Cos", OWN, 1, rg_onnx_unary, "cos"},
    {"Erf", OWN, 1, rg_onnx_unary, "erf"},
    {"Reciprocal", OWN, 1, rg_onnx_curve, ""},
    {"Not", OWN, 1, rg_onnx_unary, "logical_not"},
    {"HardSwish", OWN, 1, rg_onnx_hard_swish, ""},
    {"HardSigmoid", OWN, 1, rg_onnx_curve, ""},
    {"Gelu", OWN | MS, 1, rg_onnx_gelu, ""},
    {"Softplus", OWN, 1, rg_onnx_curve, ""},
    {"Softsign", OWN, 1, rg_onnx_curve, ""},
    {"Mish", OWN, 1, rg_onnx_curve, ""},
    {"Swish", OWN, 1, rg_onnx_curve, ""},
    {"QuickGelu", MS, 1, rg_onnx_curve, ""},
    {"FastGelu", MS, 1, rg_onnx_curve, ""},
    {"BiasGelu", MS, 2, rg_onnx_curve, ""},
    {"Celu", OWN, 1, rg_onnx_curve, ""},
    {"Selu", OWN, 1, rg_onnx_curve, ""},
    {"ThresholdedRelu", OWN, 1, rg_onnx_curve, ""},
    {"Sign", OWN, 1, rg_onnx_curve, ""},
    {"Tan", OWN, 1, rg_onnx_curve, ""},
    {"Clip", OWN, 1, rg_onnx_clip, ""},
    {"PRelu", OWN, 2, rg_onnx_prelu, ""},
    {"BatchNormalization", OWN, 5, rg_onnx_batch_norm, ""},
    {"LayerNormalization", OWN, 2, rg_onnx_layer_norm, ""},
    {"InstanceNormalization", OWN, 3, rg_onnx_instance_norm, ""},
    {"GroupNormalization", OWN, 3, rg_onnx_group_norm, ""},
    {"RMSNormalization", OWN, 2, rg_onnx_rms_norm, ""},
    {"SimplifiedLayerNormalization", OWN | MS, 2, rg_onnx_rms_norm, ""},
    {"SkipLayerNormalization", MS, 3, rg_onnx_skip_norm, "layer"},
    {"SkipSimplifiedLayerNormalization", MS, 3, rg_onnx_skip_norm, "rms"},
    {"LpNormalization", OWN, 1, rg_onnx_lp_norm, ""},
    {"Softmax", OWN, 1, rg_onnx_softmax, "softmax"},
    {"LogSoftmax", OWN, 1, rg_onnx_softmax, "log_softmax"},
    {"ReduceMean", OWN, 1, rg_onnx_reduce, "mean"},
    {"ReduceSum", OWN, 1, rg_onnx_reduce, "sum"},
    {"ReduceMax", OWN, 1, rg_onnx_reduce, "reduce_max"},
    {"ReduceMin", OWN, 1, rg_onnx_reduce, "reduce_min"},
    {"ReduceProd", OWN, 1, rg_onnx_reduce, "reduce_prod"},
    {"ReduceL1", OWN, 1, rg_onnx_reduce_more, "l1"},
    {"ReduceL2", OWN, 1, rg_onnx_reduce_more, "l2"},
    {"ReduceSumSquare", OWN, 1, rg_onnx_reduce_more, "sum_square"},
    {"ReduceLogSum", OWN, 1, rg_onnx_reduce_more, "log_sum"},
    {"ReduceLogSumExp", OWN, 1, rg_onnx_reduce_more, "log_sum_exp"},
    {"Mean", OWN, 1, rg_onnx_mean_of, ""},
    {"TopK", OWN, 1, rg_onnx_topk, ""},
    {"ArgMax", OWN, 1, rg_onnx_arg, "arg_max"},
    {"ArgMin", OWN, 1, rg_onnx_arg, "arg_min"},
    {"Reshape", OWN, 1, rg_onnx_reshape, ""},
    {"Flatten", OWN, 1, rg_onnx_flatten, ""},
    {"Squeeze", OWN, 1, rg_onnx_squeeze, ""},
    {"Unsqueeze", OWN, 1, rg_onnx_unsqueeze, ""},
    {"Transpose", OWN, 1, rg_onnx_transpose, ""},
    {"Concat", OWN, 1, rg_onnx_concat, ""},
    {"Split", OWN, 1, rg_onnx_split, ""},
    {"Slice", OWN, 1, rg_onnx_slice, ""},
    {"Gather", OWN, 2, rg_onnx_gather, ""},
    {"GatherND", OWN, 2, rg_onnx_gather_nd, ""},
    {"ScatterND", OWN, 3, rg_onnx_scatter_nd, ""},
    {"Pad", OWN, 1, rg_onnx_pad, ""},
    {"DepthToSpace", OWN, 1, rg_onnx_blocks, "depth_to_space"},
    {"SpaceToDepth", OWN, 1, rg_onnx_blocks, "space_to_depth"},
    {"Cast", OWN, 1, rg_onnx_cast, ""},
    {"Expand", OWN, 2, rg_onnx_expand, ""},
    {"Tile", OWN, 2, rg_onnx_tile, ""},
    {"Where", OWN, 3, rg_onnx_where, ""},
    {"Identity", OWN, 1, rg_onnx_identity, ""},
    {"Dropout", OWN, 1, rg_onnx_identity, ""},
    {"Resize", OWN, 1, rg_onnx_resize, ""},
    {"Upsample", OWN, 1, rg_onnx_resize, ""},
    {"Constant", OWN, 0, rg_onnx_constant_node, ""},
    {"ConstantOfShape", OWN, 1, rg_onnx_constant_of_shape, ""},
    {"Shape", OWN, 1, rg_onnx_shape_of, ""},
    {"QuantizeLinear", OWN | MS, 2, rg_onnx_quantize, ""},
    {"DequantizeLinear", OWN | MS, 2, rg_onnx_dequantize, ""},
    {"LSTM", OWN, 3, rg_onnx_recurrent, "LSTM"},
    {"GRU", OWN, 3, rg_onnx_recurrent, "GRU"},
    {"RNN", OWN, 3, rg_onnx_recurrent, "RNN"},
    {"ConvInteger", OWN, 2, rg_onnx_integer, "conv"},
    {"MatMulInteger", OWN, 2, rg_onnx_integer, "matmul"},
    {"DynamicQuantizeLinear", OWN, 1, rg_onnx_dynamic_quantize, ""},
    {"QLinearConv", OWN, 8, rg_onnx_qlinear, ""},
    {"QLinearMatMul", OWN, 8, rg_onnx_qlinear, ""},
    {"QGemm", MS, 6, rg_onnx_qlinear, ""},
    {"QLinearAdd", MS, 7, rg_onnx_qlinear, ""},
    {"QLinearMul", MS, 7, rg_onnx_qlinear, ""},
    {"QLinearConcat", MS, 5, rg_onnx_qlinear, ""},
    {"QLinearAveragePool", MS, 4, rg_onnx_qlinear, ""},
    {"QLinearGlobalAveragePool", MS, 4, rg_onnx_qlinear, ""},
    {"QLinearLeakyRelu", MS, 4, rg_onnx_qlinear, ""},
    {"QLinearSigmoid", MS, 4, rg_onnx_qlinear, ""},
    {"QLinearSoftmax", MS, 4, rg_onnx_qlinear, ""},
};

static const row *row_of(const rg_onnx_node *node) {
    uint8_t domain = node->microsoft ? MS : OWN;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].domains & domain && !strcmp(rows[i].type, node->type))
            return &rows[i];
    }
    return NULL;
}

/* --- attributes --- */

const Rg__Onnx__Attribute *rg_onnx_attr(const rg_onnx_node *node, const char *name) {
    for (size_t i = 0; i < node->proto->n_attribute; i++) {
        const Rg__Onnx__Attribute *attr = node->proto->attribute[i];
        if (attr->name && !strcmp(attr->name, name))
            return attr;
    }
    return NULL;
}

int64_t rg_onnx_attr_int(const rg_onnx_node *node, const char *name, int64_t preset) {
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, name);
    return attr && attr->has_i ? attr->i : preset;
}

double rg_onnx_attr_real(const rg_onnx_node *node, const char *name, double preset) {
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, name);
    return attr && attr->has_f && !isnan(attr->f) ? (double)attr->f : preset;
}

bool rg_onnx_attr_is(const rg_onnx_node *node, const char *name, const char *word) {
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, name);
    return attr && attr->has_s && attr->s.len == strlen(word) &&
           !memcmp(attr->s.data, word, attr->s.len);
}

int rg_onnx_attr_ints(const rg_onnx_node *node, const char *name, int64_t *ret, uint32_t n,
                      int64_t preset) {
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, name);
    if (attr && attr->n_ints != n)
        return -1;
    for (uint32_t i = 0; i < n; i++)
        ret[i] = attr ? attr->ints[i] : preset;
    return (int)n;
}

int32_t rg_onnx_axis(int64_t axis, uint32_t rank) {
    if (axis >= -(int64_t)rank && axis < 0)
        axis += rank;
    return axis >= 0 && axis < (int64_t)rank ? (int32_t)axis : RG_ONNX_NONE;
}

/* --- the walk --- */

/* What an operator is called that we cannot do: its type, the reason where we know one. */
static const char *foreign_kind(rg_onnx *r, const rg_onnx_node *node) {
    rg_arena *arena = r->graph->arena;
    const char *domain = node->proto->domain ? node->proto->domain : "";
    const char *name = domain[0] && strcmp(domain, "ai.onnx")
                           ? rg_arena_printf(arena, "%.64s::%.64s", domain, node->type)
                           : rg_arena_printf(arena, "%.64s", node->type);
    if (name && r->why[0])
        name = rg_arena_printf(arena, "%s (%s)", name, r->why);
    return name;
}

/* A value that nothing computes: of the shape that the file tells, else of none. */
static int32_t unknown_value(rg_onnx *r, rg_onnx_value *v) {
    v->unknown = v->shape.rank > RG_MAX_RANK || v->dtype == RG_DTYPE_VARIANT;
    rg_shape shape = v->unknown ? (rg_shape){0} : v->shape;
    rg_onnx_order order = rg_onnx_plain(shape.rank);
    rg_dtype dtype = v->unknown ? RG_DTYPE_FLOAT32 : v->dtype;
    int32_t tensor = rg_onnx_tensor(r, dtype, &shape, NULL, NULL);
    if (r->status == RG_OK)
        rg_onnx_define(r, v, dtype, tensor, &order);
    return tensor;
}

/* The node as one that we do not know, with whatever it reads and writes. */
static void keep_foreign(rg_onnx *r, const rg_onnx_node *node) {
    rg_arena *arena = r->graph->arena;
    int32_t *in = rg_arena_array(arena, node->n_in + 1, sizeof *in);
    int32_t *out = rg_arena_array(arena, node->n_out + 1, sizeof *out);
    const char *kind = foreign_kind(r, node);
    uint32_t n_out = 0;
    if (!in || !out || !kind) {
        rg_onnx_no_memory(r);
        return;
    }
    for (uint32_t i = 0; i < node->n_in; i++)
        in[i] = node->in[i] < 0 ? -1 : rg_onnx_get(r, &r->values[node->in[i]], NULL, RG_DTYPE_ANY);
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (node->out[i] >= 0)
            out[n_out++] = unknown_value(r, &r->values[node->out[i]]);
    }
    rg_onnx_emit(r, kind, in, node->n_in, out, n_out, NULL, 0);
    if (r->status == RG_OK)
        r->graph->nodes[r->graph->n_nodes - 1].known = false;
}

/* The value must have been computed; ONNX wants nodes in order. */
static rg_status check_inputs(rg_onnx *r, const rg_onnx_node *node, uint32_t need) {
    for (uint32_t i = 0; i < node->n_in || i < need; i++) {
        const rg_onnx_value *v = rg_onnx_in(r, node, i);
        if (!v && i < need)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s lacks input %u", node->type, i);
        if (v && !v->there)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s reads %.80s before it is computed", node->type,
                                v->name);
        if (v && v->unknown)
            return rg_onnx_cannot(r, "behind an operator that is not known");
    }
    return RG_OK;
}

/* All outputs that anybody may use are there; optional ones of training are not done. */
static bool outputs_there(rg_onnx *r, const rg_onnx_node *node) {
    for (uint32_t i = 0; i < node->n_out; i++) {
        const rg_onnx_value *v = node->out[i] < 0 ? NULL : &r->values[node->out[i]];
        if (v && !v->there && (v->uses || v->is_output) && !(i == 0 && node->done))
            return false;
    }
    return true;
}

/* Joined to a following node, the result itself does not exist; then somebody else's does. */
static bool joined(const rg_onnx *r, const rg_onnx_node *node) {
    if (node->out[0] < 0)
        return false;
    const rg_onnx_value *v = &r->values[node->out[0]];
    return v->uses == 1 && !v->is_output && v->user >= 0 && r->nodes[v->user].done;
}

/* Operators whose number of inputs is fixed; 0: it is not. */
static uint32_t most_inputs(const row *op) {
    static const struct {
        rg_onnx_lower *lower;
        uint32_t most;
    } fixed[] = {
        {rg_onnx_unary, 1}, {rg_onnx_matmul, 2},   {rg_onnx_gemm, 3},       {rg_onnx_conv, 3},
        {rg_onnx_prelu, 2}, {rg_onnx_quantize, 3}, {rg_onnx_dequantize, 3}, {rg_onnx_where, 3},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (fixed[i].lower == op->lower)
            return fixed[i].most;
    }
    return op->lower == rg_onnx_binary && op->need == 2 ? 2 : 0;
}

/* As many inputs as the operator takes, and a result; the state alone will do for recurrent ones.
 */
static rg_status check_node(rg_onnx *r, const rg_onnx_node *node, const row *op) {
    bool has = node->n_out > 0 && node->out[0] >= 0;
    for (uint32_t i = 1; op->lower == rg_onnx_recurrent && i < node->n_out; i++)
        has |= node->out[i] >= 0;
    uint32_t most = most_inputs(op);
    if (!has)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has no output", node->type);
    if (most && node->n_in > most)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has %u inputs, it takes %u", node->type, node->n_in,
                            most);
    return RG_OK;
}

static rg_status lower(rg_onnx *r, rg_onnx_node *node) {
    const row *found = row_of(node);
    r->why[0] = '\0';
    r->naming = node->n_out && node->out[0] >= 0 ? r->values[node->out[0]].name : "";
    rg_status status = check_inputs(r, node, found ? found->need : 0);
    if (status == RG_OK && found)
        status = check_node(r, node, found);
    if (status == RG_OK && found && (node->out[0] < 0 || !rg_onnx_fold(r, node)))
        status = r->status == RG_OK ? found->lower(r, node, found->word) : r->status;
    if (status == RG_OK && r->status == RG_OK && found && !joined(r, node) &&
        !outputs_there(r, node))
        status = rg_onnx_cannot(r, "its further outputs are used");
    if (r->status != RG_OK)
        return r->status;
    if (!found || status != RG_OK)
        keep_foreign(r, node);
    return r->status;
}

rg_status rg_onnx_lower_all(rg_onnx *r) {
    /* constants first: what looks ahead wants to know them */
    for (int rest = 0; rest < 2; rest++) {
        for (uint32_t i = 0; i < r->n_nodes; i++) {
            rg_onnx_node *node = &r->nodes[i];
            bool constant = !strcmp(node->type, "Constant") && !node->microsoft;
            if (constant == rest || node->done)
                continue;
            if (lower(r, node) != RG_OK) {
                rg_err_prefix(r->err, "node %u", i);
                return r->status;
            }
            node->done = true;
        }
    }
    return r->status;
}
