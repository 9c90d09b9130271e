/* tflite_schema.c: operators and their options as tables, and the look-ups in them; names of
 * operators and types are in tflite_names.c. */
#include "models/tflite_schema.h"

#include <stddef.h>
#include <string.h>

static const char *const paddings[] = {"same", "valid", NULL};
static const char *const activations[] = {"none",     "relu", "relu_n1_to_1", "relu6", "tanh",
                                          "sign_bit", NULL};
static const char *const weights_formats[] = {"default", "shuffled4x16int8", NULL};
static const char *const mirror_modes[] = {"reflect", "symmetric", NULL};
static const char *const lstm_kernels[] = {"full", "basic", NULL};

#define END                                                                                        \
    { .key = NULL }
#define ROW(name, place, kind, ...)                                                                \
    { .key = name, .slot = place, .store = RG_TFLITE_##kind, __VA_ARGS__ }
#define INT(key, slot, value) ROW(key, slot, I32, .preset = value, .absent = value)
#define ONE(key, slot) ROW(key, slot, I32, .absent = 1)
#define NEED(key, slot) ROW(key, slot, I32, .needed = true)
#define TYPE(key, slot) ROW(key, slot, I8, .needed = true)
#define BOOL(key, slot, value) ROW(key, slot, BOOL, .preset = value, .absent = value)
#define REAL(key, slot, value) ROW(key, slot, F32, .absent = value)
#define TEXT(key, slot) ROW(key, slot, TEXT, .needed = true)
#define WORD(key, slot, list) ROW(key, slot, WORD, .words = list)

typedef rg_tflite_option option;

static const option conv_options[] = {
    WORD("padding", 0, paddings),
    ONE("stride_h", 2),
    ONE("stride_w", 1),
    INT("dilation_h", 5, 1),
    INT("dilation_w", 4, 1),
    WORD("activation", 3, activations),
    END,
};
static const option conv3d_options[] = {
    WORD("padding", 0, paddings),
    ONE("stride_d", 1),
    ONE("stride_w", 2),
    ONE("stride_h", 3),
    INT("dilation_d", 5, 1),
    INT("dilation_w", 6, 1),
    INT("dilation_h", 7, 1),
    WORD("activation", 4, activations),
    END,
};
static const option depthwise_options[] = {
    WORD("padding", 0, paddings), ONE("stride_h", 2),
    ONE("stride_w", 1),           INT("dilation_h", 6, 1),
    INT("dilation_w", 5, 1),      WORD("activation", 4, activations),
    ONE("depth_multiplier", 3),   END,
};
static const option transpose_conv_options[] = {
    WORD("padding", 0, paddings),
    ONE("stride_h", 2),
    ONE("stride_w", 1),
    WORD("activation", 3, activations),
    END,
};
static const option pool_options[] = {
    WORD("padding", 0, paddings),
    ONE("stride_h", 2),
    ONE("stride_w", 1),
    NEED("filter_h", 4),
    NEED("filter_w", 3),
    WORD("activation", 5, activations),
    END,
};
static const option fully_connected_options[] = {
    WORD("activation", 0, activations),
    WORD("weights_format", 1, weights_formats),
    BOOL("keep_num_dims", 2, 0),
    BOOL("asymmetric_quantize_inputs", 3, 0),
    END,
};
static const option add_options[] = {
    WORD("activation", 0, activations),
    BOOL("pot_scale_int16", 1, 1),
    END,
};
static const option batch_matmul_options[] = {
    BOOL("adj_x", 0, 0),
    BOOL("adj_y", 1, 0),
    BOOL("asymmetric_quantize_inputs", 2, 0),
    END,
};
static const option strided_slice_options[] = {
    INT("begin_mask", 0, 0),
    INT("end_mask", 1, 0),
    INT("ellipsis_mask", 2, 0),
    INT("new_axis_mask", 3, 0),
    INT("shrink_axis_mask", 4, 0),
    BOOL("offset", 5, 0),
    END,
};
static const option resize_bilinear_options[] = {
    BOOL("align_corners", 2, 0),
    BOOL("half_pixel_centers", 3, 0),
    END,
};
static const option resize_nearest_options[] = {
    BOOL("align_corners", 0, 0),
    BOOL("half_pixel_centers", 1, 0),
    END,
};
static const option svdf_options[] = {
    NEED("rank", 0),
    WORD("activation", 1, activations),
    BOOL("asymmetric_quantize_inputs", 2, 0),
    END,
};
static const option lstm_options[] = {
    WORD("activation", 0, activations),
    REAL("cell_clip", 1, 0),
    REAL("proj_clip", 2, 0),
    WORD("kernel_type", 3, lstm_kernels),
    BOOL("asymmetric_quantize_inputs", 4, 0),
    END,
};
static const option sequence_lstm_options[] = {
    WORD("activation", 0, activations),
    REAL("cell_clip", 1, 0),
    REAL("proj_clip", 2, 0),
    BOOL("time_major", 3, 0),
    BOOL("asymmetric_quantize_inputs", 4, 0),
    BOOL("diagonal_recurrent_tensors", 5, 0),
    END,
};
static const option activation_options[] = {WORD("activation", 0, activations), END};
static const option concat_options[] = {INT("axis", 0, 0), WORD("activation", 1, activations), END};
static const option softmax_options[] = {REAL("beta", 0, 1), END};
static const option cast_options[] = {TYPE("in_data_type", 0), TYPE("out_data_type", 1), END};
static const option reshape_options[] = {ROW("new_shape", 0, SHAPE, .preset = 0), END};
static const option squeeze_options[] = {ROW("squeeze_dims", 0, SQUEEZED, .preset = 0), END};
static const option shape_options[] = {TYPE("out_type", 0), END};
static const option mirror_pad_options[] = {WORD("mode", 0, mirror_modes), END};
static const option split_options[] = {NEED("num_splits", 0), END};
static const option pack_options[] = {NEED("values_count", 0), INT("axis", 1, 0), END};
static const option unpack_options[] = {NEED("num", 0), INT("axis", 1, 0), END};
static const option gather_options[] = {INT("axis", 0, 0), INT("batch_dims", 1, 0), END};
static const option block_size_options[] = {NEED("block_size", 0), END};
static const option reducer_options[] = {BOOL("keep_dims", 0, 0), END};
static const option cumsum_options[] = {BOOL("exclusive", 0, 0), BOOL("reverse", 1, 0), END};
static const option arg_options[] = {TYPE("output_type", 0), END};
static const option axis_options[] = {INT("axis", 0, 0), END};
static const option leaky_relu_options[] = {ROW("alpha", 0, F32, .needed = true), END};
static const option gelu_options[] = {BOOL("approximate", 0, 0), END};
static const option call_once_options[] = {INT("init_subgraph_index", 0, 0), END};
static const option var_handle_options[] = {TEXT("container", 0), TEXT("shared_name", 1), END};

const rg_tflite_op rg_tflite_ops[] = {
    {0, "add", 11, add_options, 0, false},
    {41, "sub", 28, add_options, 0, false},
    {18, "mul", 21, activation_options, 0, false},
    {42, "div", 29, activation_options, 0, false},
    {1, "average_pool2d", 5, pool_options, 0, false},
    {17, "max_pool2d", 5, pool_options, 0, false},
    {12, "l2_pool2d", 5, pool_options, 0, false},
    {2, "concat", 10, concat_options, 0, false},
    {3, "conv2d", 1, conv_options, 0, false},
    {132, "conv3d", 106, conv3d_options, 0, false},
    {4, "depthwise_conv2d", 2, depthwise_options, 0, false},
    {67, "transpose_conv", 49, transpose_conv_options, 0, false},
    {9, "fully_connected", 8, fully_connected_options, 0, false},
    {126, "batch_matmul", 101, batch_matmul_options, 0, false},
    {25, "softmax", 9, softmax_options, 0, false},
    {50, "log_softmax", 36, NULL, 0, false},
    {11, "l2_normalization", 12, activation_options, 0, false},
    {114, "quantize", 89, NULL, 0, false},
    {6, "dequantize", 38, NULL, 0, false},
    {53, "cast", 37, cast_options, 0, false},
    {22, "reshape", 17, reshape_options, 0, false},
    {43, "squeeze", 30, squeeze_options, 0, false},
    {70, "expand_dims", 52, NULL, 0, false},
    {39, "transpose", 26, NULL, 0, false},
    {77, "shape", 55, shape_options, 0, false},
    {34, "pad", 22, NULL, 2, false},
    {60, "pad", 43, NULL, 0, false},
    {100, "mirror_pad", 77, mirror_pad_options, 0, false},
    {45, "strided_slice", 32, strided_slice_options, 0, false},
    {65, "slice", 48, NULL, 0, false},
    {49, "split", 35, split_options, 0, false},
    {102, "split_v", 79, split_options, 0, false},
    {83, "pack", 59, pack_options, 0, false},
    {88, "unpack", 64, unpack_options, 0, false},
    {69, "tile", 51, NULL, 0, false},
    {36, "gather", 23, gather_options, 0, false},
    {107, "gather_nd", 83, NULL, 0, false},
    {64, "select", 47, NULL, 0, false},
    {123, "select_v2", 98, NULL, 0, false},
    {130, "broadcast_to", 104, NULL, 0, false},
    {5, "depth_to_space", 94, block_size_options, 0, false},
    {26, "space_to_depth", 19, block_size_options, 0, false},
    {38, "space_to_batch_nd", 25, NULL, 0, false},
    {37, "batch_to_space_nd", 24, NULL, 0, false},
    {23, "resize_bilinear", 15, resize_bilinear_options, 0, false},
    {97, "resize_nearest", 74, resize_nearest_options, 0, false},
    {40, "mean", 27, reducer_options, 0, false},
    {74, "sum", 27, reducer_options, 0, false},
    {81, "reduce_prod", 27, reducer_options, 0, false},
    {82, "reduce_max", 27, reducer_options, 0, false},
    {89, "reduce_min", 27, reducer_options, 0, false},
    {91, "reduce_any", 27, reducer_options, 0, false},
    {140, "reduce_all", 27, reducer_options, 0, false},
    {128, "cumsum", 102, cumsum_options, 0, false},
    {56, "arg_max", 40, arg_options, 0, false},
    {79, "arg_min", 57, arg_options, 0, false},
    {48, "topk_v2", 34, NULL, 0, false},
    {85, "one_hot", 61, axis_options, 0, false},
    {7, "embedding_lookup", 0, NULL, 0, false},
    {57, "minimum", 39, NULL, 0, false},
    {55, "maximum", 39, NULL, 0, false},
    {14, "logistic", 0, NULL, 0, false},
    {28, "tanh", 0, NULL, 0, false},
    {19, "relu", 0, NULL, 0, false},
    {21, "relu6", 0, NULL, 0, false},
    {20, "relu_n1_to_1", 0, NULL, 0, false},
    {152, "relu_0_to_1", 0, NULL, 0, false},
    {98, "leaky_relu", 75, leaky_relu_options, 0, false},
    {54, "prelu", 0, NULL, 0, false},
    {111, "elu", 0, NULL, 0, false},
    {150, "gelu", 116, gelu_options, 0, false},
    {117, "hard_swish", 91, NULL, 0, false},
    {101, "abs", 78, NULL, 0, false},
    {59, "neg", 42, NULL, 0, false},
    {47, "exp", 33, NULL, 0, false},
    {73, "log", 0, NULL, 0, false},
    {66, "sin", 0, NULL, 0, false},
    {108, "cos", 84, NULL, 0, false},
    {75, "sqrt", 0, NULL, 0, false},
    {76, "rsqrt", 0, NULL, 0, false},
    {92, "square", 66, NULL, 0, false},
    {8, "floor", 0, NULL, 0, false},
    {104, "ceil", 0, NULL, 0, false},
    {116, "round", 0, NULL, 0, false},
    {78, "pow", 56, NULL, 0, false},
    {90, "floor_div", 65, NULL, 0, false},
    {95, "floor_mod", 72, NULL, 0, false},
    {99, "squared_difference", 76, NULL, 0, false},
    {71, "equal", 53, NULL, 0, false},
    {72, "not_equal", 54, NULL, 0, false},
    {58, "less", 41, NULL, 0, false},
    {63, "less_equal", 46, NULL, 0, false},
    {61, "greater", 44, NULL, 0, false},
    {62, "greater_equal", 45, NULL, 0, false},
    {86, "logical_and", 62, NULL, 0, false},
    {84, "logical_or", 60, NULL, 0, false},
    {87, "logical_not", 63, NULL, 0, false},
    {131, "rfft2d", 105, NULL, 0, false},
    {135, "complex_abs", 0, NULL, 0, false},
    {27, "svdf", 6, svdf_options, 0, false},
    {16, "lstm", 14, lstm_options, 0, false},
    {44, "unidirectional_sequence_lstm", 71, sequence_lstm_options, 0, false},
    {122, "scatter_nd", 0, NULL, 0, false},
    {151, "dynamic_update_slice", 0, NULL, 0, false},
    {129, "call_once", 103, call_once_options, 0, .read_only = true},
    {142, "var_handle", 111, var_handle_options, 0, .read_only = true},
    {143, "read_variable", 112, NULL, 0, .read_only = true},
    {144, "assign_variable", 113, NULL, 0, .read_only = true},
    {0, NULL, 0, NULL, 0, false},
};

const char *const rg_tflite_intermediate_keys[TFLITE_MAX_INTERMEDIATES] = {
    "intermediate_0", "intermediate_1", "intermediate_2",  "intermediate_3",
    "intermediate_4", "intermediate_5", "intermediate_6",  "intermediate_7",
    "intermediate_8", "intermediate_9", "intermediate_10", "intermediate_11",
};

const rg_tflite_op *rg_tflite_op_of_code(int32_t code) {
    for (const rg_tflite_op *op = rg_tflite_ops; op->kind; op++) {
        if (op->code == code)
            return op;
    }
    return NULL;
}

const rg_tflite_op *rg_tflite_op_of_kind(const char *kind, uint32_t n_in) {
    for (const rg_tflite_op *op = rg_tflite_ops; op->kind; op++) {
        if (!strcmp(op->kind, kind) && !op->read_only && (op->max_in == 0 || n_in <= op->max_in))
            return op;
    }
    return NULL;
}
