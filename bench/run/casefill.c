/* casefill.c: elements of made-up tensors. Every value is first a double within the tensor's range
 * and then written as its type; 53 bits hold all that is drawn. */
#include "bench/run/casefill.h"

#include <math.h>
#include <string.h>

/* Whole range of a type; floats: a range in which products and exponentials stay finite. */
static const struct {
    rg_dtype dtype;
    double low, high;
} ranges[] = {
    {RG_DTYPE_FLOAT32, -4, 4},
    {RG_DTYPE_FLOAT16, -4, 4},
    {RG_DTYPE_FLOAT64, -4, 4},
    {RG_DTYPE_INT4, -8, 7},
    {RG_DTYPE_UINT4, 0, 15},
    {RG_DTYPE_INT8, -128, 127},
    {RG_DTYPE_UINT8, 0, 255},
    {RG_DTYPE_INT16, -32768, 32767},
    {RG_DTYPE_UINT16, 0, 65535},
    {RG_DTYPE_INT32, -2147483648.0, 2147483647},
    {RG_DTYPE_UINT32, 0, 4294967295.0},
    {RG_DTYPE_INT64, -0x1p52, 0x1p52},
    {RG_DTYPE_UINT64, 0, 0x1p52},
    {RG_DTYPE_BOOL, 0, 1},
};
enum { N_RANGES = sizeof ranges / sizeof ranges[0] };

typedef struct range {
    double low, high;
} range;

static bool is_float(rg_dtype dtype) {
    return dtype == RG_DTYPE_FLOAT32 || dtype == RG_DTYPE_FLOAT16 || dtype == RG_DTYPE_FLOAT64;
}

bool rg_case_can_fill(rg_dtype dtype) {
    for (size_t i = 0; i < N_RANGES; i++) {
        if (ranges[i].dtype == dtype)
            return true;
    }
    return false;
}

static range range_of(const rg_case_tensor *t) {
    range r = {t->low, t->high};
    for (size_t i = 0; t->low == t->high && i < N_RANGES; i++) {
        if (ranges[i].dtype == t->dtype)
            r = (range){ranges[i].low, ranges[i].high};
    }
    return r;
}

static double uniform(const rg_case_tensor *t, range r, rg_rng *rng) {
    double unit = rg_rng_unit(rng);
    if (is_float(t->dtype))
        return r.low + unit * (r.high - r.low);
    return fmin(r.low + floor(unit * (r.high - r.low + 1)), r.high);
}

/* A float's two zeros are drawn as well where its range holds them. */
static double with_ends(const rg_case_tensor *t, range r, rg_rng *rng) {
    uint32_t choice = rg_rng_below(rng, 32);
    if (choice < 2)
        return choice ? r.high : r.low;
    if (choice < 4 && is_float(t->dtype) && r.low <= 0 && r.high >= 0)
        return choice == 2 ? 0.0 : -0.0;
    return uniform(t, r, rng);
}

static double nearest_to_zero(const rg_case_tensor *t, range r) {
    double zero = t->scale != 0 && !t->per_channel ? t->zero_point : 0;
    return fmin(fmax(zero, r.low), r.high);
}

static double value_of(const rg_case_tensor *t, range r, rg_fill fill, int64_t i, rg_rng *rng) {
    switch (fill) {
    case RG_FILL_LOWEST:
        return r.low;
    case RG_FILL_HIGHEST:
        return r.high;
    case RG_FILL_ALTERNATING:
        return i % 2 ? r.low : r.high;
    case RG_FILL_ZERO:
        return nearest_to_zero(t, r);
    case RG_FILL_ENDS:
        return with_ends(t, r, rng);
    default:
        return uniform(t, r, rng);
    }
}

/* IEEE half precision, nearest even, saturating at its largest finite number. */
static uint16_t half_of(double v) {
    uint16_t sign = signbit(v) ? 0x8000 : 0;
    int e;
    double size = fabs(v);
    if (size == 0)
        return sign;
    frexp(size, &e);
    e = e - 1 < -14 ? -14 : e - 1;
    double mantissa = nearbyint(ldexp(size, 10 - e));
    if (mantissa == 2048) {
        mantissa = 1024;
        e++;
    }
    if (e > 15)
        return sign | 0x7bff;
    uint16_t whole = (uint16_t)mantissa;
    return sign | (uint16_t)(whole < 1024 ? whole : (e + 15) * 1024 + whole - 1024);
}

/* Two elements a byte, the first one low. */
static void write_nibble(unsigned char *at, int64_t i, int v) {
    unsigned char *byte = at + i / 2, bits = (unsigned char)(v & 15);
    *byte = i % 2 ? (unsigned char)((*byte & 15) | bits << 4) : bits;
}

#define PUT(type)                                                                                  \
    {                                                                                              \
        type element = (type)v;                                                                    \
        memcpy(at + (size_t)i * sizeof element, &element, sizeof element);                         \
        break;                                                                                     \
    }

static void write_element(rg_dtype dtype, int64_t i, double v, unsigned char *at) {
    uint16_t half;
    switch (dtype) {
    case RG_DTYPE_FLOAT32:
        PUT(float)
    case RG_DTYPE_FLOAT64:
        PUT(double)
    case RG_DTYPE_FLOAT16:
        half = half_of(v);
        memcpy(at + (size_t)i * sizeof half, &half, sizeof half);
        break;
    case RG_DTYPE_INT4:
    case RG_DTYPE_UINT4:
        write_nibble(at, i, (int)v);
        break;
    case RG_DTYPE_INT8:
        PUT(int8_t)
    case RG_DTYPE_UINT8:
    case RG_DTYPE_BOOL:
        PUT(uint8_t)
    case RG_DTYPE_INT16:
        PUT(int16_t)
    case RG_DTYPE_UINT16:
        PUT(uint16_t)
    case RG_DTYPE_INT32:
        PUT(int32_t)
    case RG_DTYPE_UINT32:
        PUT(uint32_t)
    case RG_DTYPE_INT64:
        PUT(int64_t)
    case RG_DTYPE_UINT64:
        PUT(uint64_t)
    default:
        break;
    }
}

/* Runs of one end each, up to 40 elements, so that whole vectors saturate beside others. */
static void fill_blocks(const rg_case_tensor *t, range r, int64_t n, rg_rng *rng,
                        unsigned char *at) {
    for (int64_t i = 0; i < n;) {
        double v = rg_rng_below(rng, 2) ? r.high : r.low;
        for (int64_t end = i + 1 + rg_rng_below(rng, 40); i < n && i < end; i++)
            write_element(t->dtype, i, v, at);
    }
}

void rg_case_fill(const rg_case_tensor *t, int64_t n, rg_fill fill, rg_rng *rng, void *data) {
    range r = range_of(t);
    if (fill == RG_FILL_BLOCKS)
        fill_blocks(t, r, n, rng, data);
    for (int64_t i = 0; fill != RG_FILL_BLOCKS && i < n; i++)
        write_element(t->dtype, i, value_of(t, r, fill, i, rng), data);
}

void rg_case_fill_given(const rg_case_tensor *t, void *data) {
    for (uint32_t i = 0; i < t->n_values; i++)
        write_element(t->dtype, i, t->value[i], data);
}
