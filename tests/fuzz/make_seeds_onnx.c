/* make_seeds_onnx.c: writes small .onnx files into a folder, as seeds for fuzz_onnx.c: one for each
 * operator that the reader knows, and a quantized layer. */
#include "fuzz.h"
#include "onnx_made.h"

/* Operators with what stands in their inputs: x an image, w a filter, i numbers, s a scale. */
static const struct {
    const char *type, *in;
} ops[] = {
    {"Conv", "x w"},
    {"ConvTranspose", "x w"},
    {"MaxPool", "x"},
    {"AveragePool", "x"},
    {"GlobalAveragePool", "x"},
    {"Gemm", "m m m"},
    {"MatMul", "x m"},
    {"Add", "x m"},
    {"Sub", "x x x"},
    {"Relu", "x"},
    {"LeakyRelu", "x"},
    {"Clip", "x s s"},
    {"PRelu", "x s"},
    {"HardSigmoid", "x"},
    {"Gelu", "x"},
    {"Softmax", "x"},
    {"ReduceMean", "x i"},
    {"ArgMax", "x"},
    {"Reshape", "x i"},
    {"Flatten", "x"},
    {"Squeeze", "x"},
    {"Unsqueeze", "x i"},
    {"Transpose", "x"},
    {"Concat", "x x x"},
    {"Split", "x"},
    {"Slice", "x i i i i"},
    {"Gather", "x i"},
    {"Pad", "x p"},
    {"DepthToSpace", "x"},
    {"SpaceToDepth", "x"},
    {"Cast", "x"},
    {"Expand", "x i"},
    {"Tile", "x i"},
    {"Where", "b x x"},
    {"Resize", "x - f"},
    {"Upsample", "x f"},
    {"Shape", "x"},
    {"ConstantOfShape", "i"},
    {"BatchNormalization", "x v v v v"},
    {"Erf", "x"},
    {"LayerNormalization", "x v"},
    {"QuantizeLinear", "x s z"},
    {"DequantizeLinear", "z s"},
    {"QLinearConv", "z s z z s z s z"},
    {"QLinearMatMul", "z s z z s z s z"},
    {"QLinearAdd", "z s z z s z s z"},
    {"QLinearConcat", "s z z s z z s z"},
    {"Identity", "x"},
    {"Equal", "i i"},
};

static rg_text seed_of(const char *type, const char *in) {
    static const int64_t image[] = {1, 4, 4, 4}, filter[] = {4, 4, 1, 1}, four[] = {4},
                         square[] = {4, 4}, eight[] = {8};
    static const float ones[64] = {1, 1, 1, 1, 0.5f, 2}, scale = 0.5f;
    static const int64_t numbers[4] = {0, 1, 2, 3}, pads[8] = {0, 0, 1, 1, 0, 0, 1, 1};
    static const uint8_t zero = 3, yes[4] = {1, 0, 1, 1};
    rg_text graph = {0}, part = made_op(type, in, "y");
    made_attr_int(&part, "axis", 1);
    made_attr_int(&part, "blocksize", 2);
    made_attr_int(&part, "to", 6);
    rg_text list = {0};
    made_text(&list, 1, "kernel_shape");
    made_int(&list, 8, 2), made_int(&list, 8, 2);
    made_put(&part, 5, &list);
    made_put(&graph, 1, &part);
    part = made_tensor("w", 1, filter, 4, ones, 64), made_put(&graph, 5, &part);
    part = made_tensor("m", 1, square, 2, ones, 64), made_put(&graph, 5, &part);
    part = made_tensor("v", 1, four, 1, ones, 16), made_put(&graph, 5, &part);
    part = made_tensor("f", 1, four, 1, ones, 16), made_put(&graph, 5, &part);
    part = made_tensor("i", 7, four, 1, numbers, 32), made_put(&graph, 5, &part);
    part = made_tensor("p", 7, eight, 1, pads, 64), made_put(&graph, 5, &part);
    part = made_tensor("b", 9, four, 1, yes, 4), made_put(&graph, 5, &part);
    part = made_tensor("s", 1, NULL, 0, &scale, 4), made_put(&graph, 5, &part);
    part = made_tensor("z", 2, NULL, 0, &zero, 1), made_put(&graph, 5, &part);
    part = made_value("x", 1, image, 4), made_put(&graph, 11, &part);
    part = made_value("y", 1, image, 4), made_put(&graph, 12, &part);
    return made_model(&graph, 17);
}

static rg_status write_seed(const char *folder, const char *name, rg_text *file, rg_err *err) {
    rg_status status = put_seed(folder, name, file->data, file->bytes, err);
    rg_text_free(file);
    return status;
}

rg_status make_seeds_onnx(const char *folder, rg_err *err) {
    rg_text file = made_qdq();
    rg_status status = write_seed(folder, "qdq", &file, err);
    for (size_t i = 0; status == RG_OK && i < sizeof ops / sizeof ops[0]; i++) {
        file = seed_of(ops[i].type, ops[i].in);
        status = write_seed(folder, ops[i].type, &file, err);
    }
    return status;
}
