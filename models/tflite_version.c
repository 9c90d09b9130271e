/* tflite_version.c: the version number that an operator code carries. TFLite raises it with each
 * element type or option that an operator learns; a runtime refuses versions above its own, so the
 * lowest that fits is written. Facts after TFLite's op_version.cc. */
#include <string.h>

#include "models/tflite_schema.h"

/* A node needs at least `version` when input `input` has type `dtype` (ANY: whatever) and, if `key`
 * is set, that attribute is not zero. The highest row that matches counts; none: version 1. */
typedef struct version_row {
    const char *kind;
    uint8_t input;
    rg_dtype dtype;
    const char *key;
    int32_t version;
} version_row;

#define S8(kind, version)                                                                          \
    { kind, 0, RG_DTYPE_INT8, NULL, version }
#define S16(kind, version)                                                                         \
    { kind, 0, RG_DTYPE_INT16, NULL, version }
#define OPTION(kind, key, version)                                                                 \
    { kind, 0, RG_DTYPE_ANY, key, version }

static const version_row rows[] = {
    {"conv2d", 1, RG_DTYPE_INT8, NULL, 2},
    {"depthwise_conv2d", 1, RG_DTYPE_INT8, NULL, 3},
    {"fully_connected", 1, RG_DTYPE_INT8, NULL, 3},
    {"fully_connected", 1, RG_DTYPE_INT4, NULL, 10},
    {"transpose_conv", 1, RG_DTYPE_INT8, NULL, 2},
    {"svdf", 1, RG_DTYPE_INT8, NULL, 2},
    {"split", 1, RG_DTYPE_INT8, NULL, 2},
    {"split", 1, RG_DTYPE_INT32, NULL, 3},
    {"split", 1, RG_DTYPE_INT16, NULL, 4},
    {"dequantize", 0, RG_DTYPE_FLOAT16, NULL, 3},
    {"relu", 0, RG_DTYPE_UINT8, NULL, 2},
    {"relu6", 0, RG_DTYPE_UINT8, NULL, 2},
    {"unpack", 0, RG_DTYPE_UINT8, NULL, 2},
    {"abs", 0, RG_DTYPE_UINT8, NULL, 2},
    {"floor_div", 0, RG_DTYPE_FLOAT32, NULL, 2},
    {"mul", 0, RG_DTYPE_INT64, NULL, 5},
    {"gather", 0, RG_DTYPE_BOOL, NULL, 3},
    S8("abs", 2),
    S8("add", 2),
    S8("arg_max", 2),
    S8("arg_min", 2),
    S8("average_pool2d", 2),
    S8("batch_matmul", 2),
    S8("batch_to_space_nd", 2),
    S8("concat", 2),
    S8("conv2d", 3),
    S8("depth_to_space", 2),
    S8("dequantize", 2),
    S8("equal", 2),
    S8("floor_div", 3),
    S8("floor_mod", 2),
    S8("fully_connected", 4),
    S8("gather", 2),
    S8("gather_nd", 2),
    S8("greater", 2),
    S8("greater_equal", 2),
    S8("l2_normalization", 2),
    S8("less", 2),
    S8("less_equal", 2),
    S8("log_softmax", 2),
    S8("logistic", 2),
    S8("lstm", 2),
    S8("max_pool2d", 2),
    S8("maximum", 2),
    S8("mean", 2),
    S8("minimum", 2),
    S8("mirror_pad", 2),
    S8("mul", 2),
    S8("not_equal", 2),
    S8("pack", 2),
    S8("pad", 2),
    S8("reduce_max", 2),
    S8("reduce_min", 2),
    S8("relu", 2),
    S8("relu6", 2),
    S8("resize_bilinear", 2),
    S8("resize_nearest", 2),
    S8("rsqrt", 2),
    S8("select", 2),
    S8("slice", 2),
    S8("softmax", 2),
    S8("space_to_batch_nd", 2),
    S8("space_to_depth", 2),
    S8("split_v", 2),
    S8("strided_slice", 2),
    S8("sub", 2),
    S8("sum", 2),
    S8("svdf", 3),
    S8("tanh", 2),
    S8("topk_v2", 2),
    S8("transpose", 2),
    S8("unpack", 2),
    S16("abs", 3),
    S16("average_pool2d", 3),
    S16("batch_matmul", 3),
    S16("batch_to_space_nd", 4),
    S16("cast", 3),
    S16("concat", 3),
    S16("conv2d", 4),
    S16("depthwise_conv2d", 5),
    S16("dequantize", 3),
    S16("floor_div", 3),
    S16("floor_mod", 2),
    S16("fully_connected", 7),
    S16("gather", 4),
    S16("gather_nd", 3),
    S16("leaky_relu", 2),
    S16("logistic", 3),
    S16("max_pool2d", 3),
    S16("maximum", 4),
    S16("mean", 3),
    S16("minimum", 4),
    S16("mirror_pad", 3),
    S16("mul", 4),
    S16("pad", 3),
    S16("quantize", 2),
    S16("reduce_max", 3),
    S16("reduce_min", 3),
    S16("relu", 3),
    S16("relu6", 3),
    S16("resize_bilinear", 4),
    S16("resize_nearest", 4),
    S16("slice", 4),
    S16("softmax", 3),
    S16("space_to_batch_nd", 4),
    S16("strided_slice", 4),
    S16("sum", 3),
    S16("tanh", 3),
    S16("transpose", 5),
    S16("unpack", 4),
    OPTION("batch_matmul", "asymmetric_quantize_inputs", 4),
    OPTION("fully_connected", "keep_num_dims", 5),
    OPTION("fully_connected", "asymmetric_quantize_inputs", 9),
    OPTION("gather", "batch_dims", 5),
    OPTION("resize_bilinear", "half_pixel_centers", 3),
    OPTION("resize_nearest", "align_corners", 3),
    OPTION("resize_nearest", "half_pixel_centers", 3),
    OPTION("strided_slice", "ellipsis_mask", 6),
    OPTION("strided_slice", "new_axis_mask", 6),
    OPTION("strided_slice", "offset", 8),
    OPTION("unidirectional_sequence_lstm", "asymmetric_quantize_inputs", 3),
    OPTION("unidirectional_sequence_lstm", "diagonal_recurrent_tensors", 4),
};

static bool matches(const version_row *row, const rg_graph *graph, const rg_node *node) {
    if (strcmp(row->kind, node->kind))
        return false;
    const rg_tensor *in = rg_node_in(graph, node, row->input);
    if (row->dtype != RG_DTYPE_ANY && (!in || in->dtype != row->dtype))
        return false;
    const rg_attr *attr = row->key ? rg_node_attr(node, row->key) : NULL;
    return !row->key || (attr && attr->i != 0);
}

int32_t rg_tflite_op_version(const rg_graph *graph, const rg_node *node) {
    int32_t version = 1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].version > version && matches(&rows[i], graph, node))
            version = rows[i].version;
    }
    return version;
}
