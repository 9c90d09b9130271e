/* hailo_convert.c: quantized elements on either side, by way of real numbers. Equal scales give
 * equal elements back. */
#include "targets/hailo_convert.h"

#include <math.h>
#include <string.h>

static bool is_nms(const rg_hef_end *end) {
    return !strcmp(end->order, "NMS");
}

size_t rg_hailo_element_bytes(const rg_hailo_pair *pair) {
    return pair->floats || is_nms(pair->end) ? sizeof(float) : pair->end->element_bytes;
}

static bool device_is_float(const rg_hailo_pair *pair) {
    return rg_hailo_element_bytes(pair) == sizeof(float);
}

/* --- one element ------------------------------------------------------------------------------ */

/* The range of a type that we convert; false for others. */
static bool range_of(rg_dtype dtype, double *ret_low, double *ret_high) {
    static const struct {
        rg_dtype dtype;
        double low, high;
    } rows[] = {{RG_DTYPE_UINT8, 0, 255},
                {RG_DTYPE_INT8, -128, 127},
                {RG_DTYPE_UINT16, 0, 65535},
                {RG_DTYPE_INT16, -32768, 32767},
                {RG_DTYPE_INT32, INT32_MIN, INT32_MAX},
                {RG_DTYPE_FLOAT32, -INFINITY, INFINITY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].dtype == dtype) {
            *ret_low = rows[i].low;
            *ret_high = rows[i].high;
            return true;
        }
    }
    return false;
}

static double load(rg_dtype dtype, const void *from, size_t i) {
    switch (dtype) {
    case RG_DTYPE_UINT8:
        return ((const uint8_t *)from)[i];
    case RG_DTYPE_INT8:
        return ((const int8_t *)from)[i];
    case RG_DTYPE_UINT16:
        return ((const uint16_t *)from)[i];
    case RG_DTYPE_INT16:
        return ((const int16_t *)from)[i];
    case RG_DTYPE_INT32:
        return ((const int32_t *)from)[i];
    default:
        return (double)((const float *)from)[i];
    }
}

static void store(rg_dtype dtype, void *to, size_t i, double value) {
    double low, high;
    if (!range_of(dtype, &low, &high))
        return;
    if (dtype == RG_DTYPE_FLOAT32) {
        ((float *)to)[i] = (float)value;
        return;
    }
    double whole = round(isnan(value) ? 0 : value);
    whole = whole < low ? low : whole > high ? high : whole;
    switch (dtype) {
    case RG_DTYPE_UINT8:
        ((uint8_t *)to)[i] = (uint8_t)whole;
        break;
    case RG_DTYPE_INT8:
        ((int8_t *)to)[i] = (int8_t)whole;
        break;
    case RG_DTYPE_UINT16:
        ((uint16_t *)to)[i] = (uint16_t)whole;
        break;
    case RG_DTYPE_INT16:
        ((int16_t *)to)[i] = (int16_t)whole;
        break;
    default:
        ((int32_t *)to)[i] = (int32_t)whole;
        break;
    }
}

/* --- scales of both sides --------------------------------------------------------------------- */

typedef struct side {
    rg_dtype dtype;
    uint32_t n; /* scales: 0 the elements are the values, 1, or one a feature */
    const float *scales;
    const float *zeros;     /* of the device */
    const int32_t *integer; /* zero points of the model */
} side;

static side device_side(const rg_hailo_pair *pair) {
    const rg_hef_end *end = pair->end;
    if (device_is_float(pair))
        return (side){.dtype = RG_DTYPE_FLOAT32};
    rg_dtype dtype = end->element_bytes == 2 ? RG_DTYPE_UINT16 : RG_DTYPE_UINT8;
    return (side){dtype, end->n_quant, end->scales, end->zero_points, NULL};
}

static side model_side(const rg_hailo_pair *pair) {
    const rg_tensor *tensor = pair->tensor;
    bool integer = tensor->dtype != RG_DTYPE_FLOAT32;
    return (side){tensor->dtype, integer ? tensor->quant.n : 0, tensor->quant.scale, NULL,
                  tensor->quant.zero_point};
}

static double zero_of(const side *s, size_t channel) {
    return s->zeros ? (double)s->zeros[channel] : (double)s->integer[channel];
}

static void convert(const side *a, const side *b, const void *from, void *to, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double value = load(a->dtype, from, i);
        if (a->n)
            value = (double)a->scales[i % a->n] * (value - zero_of(a, i % a->n));
        if (b->n)
            value = value / (double)b->scales[i % b->n] + zero_of(b, i % b->n);
        store(b->dtype, to, i, value);
    }
}

/* Elements without scales on one side pass as they are: what they stand for is not known. */
static void convert_known(side a, side b, const void *from, void *to, size_t n) {
    if ((a.n == 0 && a.dtype != RG_DTYPE_FLOAT32) || (b.n == 0 && b.dtype != RG_DTYPE_FLOAT32))
        a.n = b.n = 0;
    convert(&a, &b, from, to, n);
}

void rg_hailo_to_device(const rg_hailo_pair *pair, const void *model, void *device, size_t n) {
    convert_known(model_side(pair), device_side(pair), model, device, n);
}

void rg_hailo_to_model(const rg_hailo_pair *pair, const void *device, void *model, size_t n) {
    convert_known(device_side(pair), model_side(pair), device, model, n);
}

/* --- may they be paired ----------------------------------------------------------------------- */

static bool same_scales(const side *a, const side *b) {
    bool same = a->dtype == b->dtype && a->n == b->n;
    for (uint32_t i = 0; same && i < a->n; i++)
        same = a->scales[i] == b->scales[i] && zero_of(a, i) == zero_of(b, i);
    return same;
}

rg_status rg_hailo_pair_check(rg_hailo_pair *pair, rg_err *err) {
    const rg_tensor *tensor = pair->tensor;
    double low, high;
    if (!range_of(tensor->dtype, &low, &high))
        return rg_fail(err, RG_UNSUPPORTED, "use a model of 8, 16 or 32 bits or float32",
                       "%s holds %s, which is not converted for the device", tensor->name,
                       rg_dtype_word(tensor->dtype));
    side model = model_side(pair), device = device_side(pair);
    if (model.n > 1 && tensor->quant.axis + 1 != tensor->shape.rank)
        return rg_fail(err, RG_UNSUPPORTED, "use scales of its last dimension, or one",
                       "%s has scales of dimension %u", tensor->name, tensor->quant.axis);
    pair->same = same_scales(&model, &device);
    return RG_OK;
}
