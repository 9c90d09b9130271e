/* tflite_tensor.c: tensors of a .tflite file: shapes, types, quantization and constants. */
#include <math.h>
#include <string.h>

#include "models/tflite_read.h"
#include "models/tflite_schema.h"

typedef rg_tflite_reading reading;

static const char odd_advice[] =
    "the file is damaged or its converter erred: copy it again, or convert it again";

static rg_status read_shape(reading *r, rg_fb_table table, uint32_t index, rg_tensor *tensor) {
    rg_fb_vec shape = rg_fb_vector(&r->fb, table, TENSOR_SHAPE, 4);
    if (shape.n > RG_MAX_RANK)
        return rg_fail(r->err, RG_UNSUPPORTED, "reshape the model to fewer dimensions",
                       "tensor %u (%s) has %u dimensions; at most %d can be handled", index,
                       tensor->name, shape.n, RG_MAX_RANK);
    tensor->shape.rank = shape.n;
    for (uint32_t i = 0; i < shape.n; i++) {
        int32_t dim = rg_fb_i32_at(shape, i);
        if (dim < -1)
            return rg_fail(r->err, RG_BAD_DATA, odd_advice, "tensor %u (%s) has the dimension %d",
                           index, tensor->name, (int)dim);
        tensor->shape.dim[i] = dim == -1 ? 1 : dim; /* of unknown size: one */
    }
    return RG_OK;
}

static rg_status read_type(reading *r, rg_fb_table table, uint32_t index, rg_tensor *tensor) {
    int32_t type = (int32_t)rg_fb_int(&r->fb, table, TENSOR_TYPE, 1, 0);
    if (!rg_tflite_dtype(type, &tensor->dtype))
        return rg_fail(r->err, RG_BAD_DATA,
                       "the file is damaged, or newer than this program: copy or convert it again",
                       "tensor %u (%s) has the element type number %d, which is not known", index,
                       tensor->name, (int)type);
    if (rg_fb_has(&r->fb, table, TENSOR_SPARSITY))
        tensor->dtype = RG_DTYPE_SPARSE;
    return RG_OK;
}

/* Range of zero points; types without one carry no meaningful quantization. */
static bool zero_point_range(rg_dtype dtype, int64_t *ret_min, int64_t *ret_max) {
    unsigned bits = rg_dtype_bits(dtype);
    switch (dtype) {
    case RG_DTYPE_INT2:
    case RG_DTYPE_INT4:
    case RG_DTYPE_INT8:
    case RG_DTYPE_INT16:
    case RG_DTYPE_INT32:
        *ret_min = -((int64_t)1 << (bits - 1));
        *ret_max = ((int64_t)1 << (bits - 1)) - 1;
        return true;
    case RG_DTYPE_INT64: /* biases of int16 networks; rg_quant keeps zero points in 32 bits */
        *ret_min = INT32_MIN;
        *ret_max = INT32_MAX;
        return true;
    case RG_DTYPE_UINT4:
    case RG_DTYPE_UINT8:
    case RG_DTYPE_UINT16:
        *ret_min = 0;
        *ret_max = ((int64_t)1 << bits) - 1;
        return true;
    default:
        return false;
    }
}

/* int32 and int64 tensors are biases, but also shapes and indices, which converters decorate with
 * scales that mean nothing; theirs are dropped when they are odd. Narrower types are refused then.
 */
static bool may_drop(rg_dtype dtype) {
    return dtype == RG_DTYPE_INT32 || dtype == RG_DTYPE_INT64;
}

/* What is wrong with the scales and zero points; NULL when they are sound. */
static const char *fault_of(const rg_tensor *tensor, rg_fb_vec scales, rg_fb_vec zero_points,
                            uint32_t axis) {
    int64_t min, max;
    zero_point_range(tensor->dtype, &min, &max);
    if (scales.n > 1 &&
        (axis >= tensor->shape.rank || (uint32_t)tensor->shape.dim[axis] != scales.n))
        return "as many scales as no dimension of it has elements";
    if (zero_points.n > 1 && zero_points.n != scales.n)
        return "unequal numbers of scales and zero points";
    for (uint32_t i = 0; i < scales.n; i++) {
        float scale = rg_fb_f32_at(scales, i);
        if (!isfinite(scale) || scale <= 0)
            return "a scale that is not finite and positive";
    }
    for (uint32_t i = 0; i < zero_points.n; i++) {
        int64_t zero_point = rg_fb_i64_at(zero_points, i);
        if (zero_point < min || zero_point > max)
            return "a zero point outside its type's range";
    }
    return NULL;
}

static rg_status store_quant(reading *r, rg_tensor *tensor, rg_fb_vec scales, rg_fb_vec zero_points,
                             uint32_t axis) {
    rg_arena *arena = r->graph->arena;
    float *scale = rg_arena_array(arena, scales.n, sizeof *scale);
    int32_t *zero_point = rg_arena_array(arena, scales.n, sizeof *zero_point);
    if (!scale || !zero_point)
        return rg_tflite_no_memory(r);
    for (uint32_t i = 0; i < scales.n; i++) {
        scale[i] = rg_fb_f32_at(scales, i);
        if (zero_points.n)
            zero_point[i] = (int32_t)rg_fb_i64_at(zero_points, zero_points.n == 1 ? 0 : i);
    }
    tensor->quant = (rg_quant){scales.n, scale, zero_point, axis};
    return RG_OK;
}

/* Symmetric blocks name the tensor that holds their scales. */
static void read_details(reading *r, rg_fb_table quant, uint32_t index) {
    int64_t type = rg_fb_int(&r->fb, quant, QUANT_DETAILS_TYPE, 1, 0);
    r->other_scheme[index] = type != 0;
    if (type != TFLITE_BLOCKWISE)
        return;
    rg_fb_table details = rg_fb_child(&r->fb, quant, QUANT_DETAILS);
    int64_t scales = rg_fb_int(&r->fb, details, BLOCKWISE_SCALES, 4, 0);
    bool symmetric = rg_fb_int(&r->fb, details, BLOCKWISE_ZERO_POINTS, 4, 0) == -1;
    if (symmetric && scales >= 0 && scales < (int64_t)r->graph->n_tensors)
        r->block_scales[index] = (int32_t)scales + 1;
}

static rg_status read_quant(reading *r, rg_fb_table table, uint32_t index, rg_tensor *tensor) {
    rg_fb_table quant = rg_fb_child(&r->fb, table, TENSOR_QUANT);
    rg_fb_vec scales = rg_fb_vector(&r->fb, quant, QUANT_SCALE, 4);
    rg_fb_vec zero_points = rg_fb_vector(&r->fb, quant, QUANT_ZERO_POINT, 8);
    uint32_t axis = rg_fb_u32(&r->fb, quant, QUANT_AXIS, 0);
    read_details(r, quant, index);
    int64_t min, max;
    if (scales.n == 0 || r->other_scheme[index] || !zero_point_range(tensor->dtype, &min, &max))
        return rg_tflite_damage(r);
    if (scales.n == 1 || (tensor->shape.rank == 1 && axis >= 1))
        axis = 0; /* per tensor; or the micro models' slip of the pen: one axis, yet number 3 */
    const char *fault = fault_of(tensor, scales, zero_points, axis);
    if (fault && may_drop(tensor->dtype))
        return rg_tflite_damage(r);
    if (fault)
        return rg_fail(r->err, RG_BAD_DATA, odd_advice, "tensor %u (%s, %s) has %s", index,
                       tensor->name, rg_dtype_word(tensor->dtype), fault);
    return store_quant(r, tensor, scales, zero_points, axis);
}

/* The bytes of buffer `index`, in the flatbuffer or (files above 2 GiB) behind it. */
static rg_fb_vec buffer_data(reading *r, uint32_t index) {
    rg_fb_table buffer = rg_fb_entry(&r->fb, r->buffers, index);
    rg_fb_vec data = rg_fb_blob(&r->fb, buffer, BUFFER_DATA);
    uint64_t offset = (uint64_t)rg_fb_int(&r->fb, buffer, BUFFER_OFFSET, 8, 0);
    uint64_t size = (uint64_t)rg_fb_int(&r->fb, buffer, BUFFER_SIZE, 8, 0);
    if (data.n || offset <= 1 || r->fb.problem)
        return data;
    if (offset > r->fb.bytes || size > r->fb.bytes - offset || size > UINT32_MAX) {
        r->fb.problem = "weights behind the model run beyond the end";
        r->fb.problem_at = buffer.at;
        return (rg_fb_vec){0};
    }
    return (rg_fb_vec){r->fb.data + offset, (uint32_t)size};
}

/* Constants are used where they lie if they are aligned, else copied once a buffer. */
static const void *aligned_data(reading *r, uint32_t buffer, rg_fb_vec data) {
    if ((uintptr_t)data.data % 16 == 0)
        return data.data;
    rg_arena *arena = r->graph->arena;
    if (!r->copies)
        r->copies = rg_arena_array(arena, r->buffers.n, sizeof *r->copies);
    if (!r->copies)
        return NULL;
    if (!r->copies[buffer])
        r->copies[buffer] = rg_arena_copy(arena, data.data, data.n);
    return r->copies[buffer];
}

static rg_status read_data(reading *r, rg_fb_table table, uint32_t index, rg_tensor *tensor) {
    uint32_t buffer = rg_fb_u32(&r->fb, table, TENSOR_BUFFER, 0);
    if (rg_fb_u32(&r->fb, table, TENSOR_EXTERNAL, 0))
        return rg_fail(r->err, RG_UNSUPPORTED, "convert the model into a single file",
                       "tensor %u (%s) keeps its data in another file", index, tensor->name);
    if (buffer >= r->buffers.n && buffer != 0)
        return rg_fail(r->err, RG_BAD_DATA, odd_advice, "tensor %u (%s) names buffer %u of %u",
                       index, tensor->name, buffer, r->buffers.n);
    rg_fb_vec data = buffer < r->buffers.n ? buffer_data(r, buffer) : (rg_fb_vec){0};
    if (r->fb.problem)
        return rg_tflite_damage(r);
    if (data.n == 0 || tensor->variable)
        return RG_OK;
    bool dense = rg_dtype_bits(tensor->dtype) != 0;
    if (dense && data.n != tensor->bytes)
        return rg_fail(r->err, RG_BAD_DATA, odd_advice,
                       "tensor %u (%s) has %u bytes of data, its shape needs %zu", index,
                       tensor->name, data.n, tensor->bytes);
    tensor->data = dense ? aligned_data(r, buffer, data) : data.data;
    return tensor->data ? RG_OK : rg_tflite_no_memory(r);
}

static rg_status read_tensor(reading *r, rg_fb_table table, uint32_t index) {
    rg_tensor *tensor = &r->graph->tensors[index];
    rg_fb_vec name = rg_fb_text(&r->fb, table, TENSOR_NAME);
    tensor->name = r->fb.problem ? "" : rg_tflite_text(r, name);
    if (!tensor->name)
        return rg_tflite_no_memory(r);
    tensor->variable = rg_fb_int(&r->fb, table, TENSOR_VARIABLE, 1, 0) != 0;
    rg_status status = read_type(r, table, index, tensor);
    if (status == RG_OK)
        status = read_shape(r, table, index, tensor);
    if (status == RG_OK)
        status = rg_tensor_bytes(&tensor->shape, tensor->dtype, &tensor->bytes, r->err);
    if (status == RG_OK)
        status = read_quant(r, table, index, tensor);
    if (status == RG_OK)
        status = read_data(r, table, index, tensor);
    return status;
}

rg_status rg_tflite_read_tensors(rg_tflite_reading *r, rg_fb_table subgraph) {
    rg_fb_vec tensors = rg_fb_vector(&r->fb, subgraph, GRAPH_TENSORS, 4);
    if (tensors.n > r->limits->tensors)
        return rg_fail(r->err, RG_NO_MEMORY, "give a smaller model",
                       "it has %u tensors, more than the limit of %u", tensors.n,
                       r->limits->tensors);
    r->graph->tensors = rg_arena_array(r->graph->arena, tensors.n, sizeof *r->graph->tensors);
    r->other_scheme = rg_arena_alloc(r->graph->arena, tensors.n);
    r->block_scales = rg_arena_array(r->graph->arena, tensors.n, sizeof *r->block_scales);
    if (!r->graph->tensors || !r->other_scheme || !r->block_scales)
        return rg_tflite_no_memory(r);
    r->graph->n_tensors = tensors.n;
    rg_status status = rg_tflite_damage(r);
    for (uint32_t i = 0; status == RG_OK && i < tensors.n; i++) {
        status = read_tensor(r, rg_fb_entry(&r->fb, tensors, i), i);
        if (r->fb.problem)
            status = rg_tflite_damage(r);
    }
    return status;
}
