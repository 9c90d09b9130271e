/* draw.c: drawing sizes, quantizations and constants for made-up problems; see draw.h. */
#include "kernels/cases/draw.h"

int32_t rg_draw_int(rg_rng *rng, int32_t low, int32_t high) {
    return low + (int32_t)rg_rng_below(rng, (uint32_t)(high - low) + 1);
}

bool rg_draw_one_in(rg_rng *rng, uint32_t n) {
    return rg_rng_below(rng, n) == 0;
}

int32_t rg_draw_size(rg_rng *rng, int32_t most) {
    int32_t range = most;
    while (range > 2 && rg_draw_one_in(rng, 2))
        range /= 2;
    int32_t size = rg_draw_int(rng, 1, range);
    if (size >= 8 && rg_draw_one_in(rng, 2))
        size = size / 8 * 8 + rg_draw_int(rng, -1, 1);
    return size > most ? most : size;
}

rg_shape rg_draw_shape(rg_rng *rng, uint32_t rank, int32_t most) {
    rg_shape shape = {rank, {0}};
    uint32_t start = rank ? rg_rng_below(rng, rank) : 0; /* any dimension may be the long one */
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t d = (start + i) % rank;
        shape.dim[d] = rg_draw_size(rng, most < 300 ? most : 300);
        most /= shape.dim[d];
        most = most > 0 ? most : 1;
    }
    return shape;
}

rg_shape rg_draw_row_or_shape(rg_rng *rng, uint32_t rank, int32_t most) {
    static const int32_t lengths[] = {1024, 4096, 8192, 16384};
    if (!rg_draw_one_in(rng, 4))
        return rg_draw_shape(rng, rank, most);
    int32_t beside = rg_draw_one_in(rng, 5) ? 0 : rg_draw_one_in(rng, 2) ? 1 : -1;
    return RG_SHAPE_OF(1, lengths[rg_rng_below(rng, 4)] + beside);
}

float rg_draw_scale(rg_rng *rng) {
    float scale = 1;
    int halvings = rg_draw_int(rng, 0, 9);
    if (rg_draw_one_in(rng, 20))
        halvings = rg_draw_int(rng, -6, 16);
    for (; halvings > 0; halvings--)
        scale /= 2;
    for (; halvings < 0; halvings++)
        scale *= 2;
    return rg_draw_one_in(rng, 6) ? scale : scale * (float)(1 + rg_rng_unit(rng));
}

static int32_t draw_zero_point(rg_rng *rng, rg_dtype dtype) {
    int32_t low = dtype == RG_DTYPE_INT8 ? -128 : 0;
    if (rg_draw_one_in(rng, 3))
        return low + (rg_draw_one_in(rng, 2) ? 128 : rg_draw_one_in(rng, 2) ? 0 : 255);
    return low + rg_draw_int(rng, 0, 255);
}

rg_case_tensor rg_draw_tensor(rg_rng *rng, rg_dtype dtype, rg_shape shape) {
    rg_case_tensor t = {.dtype = dtype, .shape = shape};
    if (dtype == RG_DTYPE_INT8 || dtype == RG_DTYPE_UINT8) {
        t.scale = rg_draw_scale(rng);
        t.zero_point = draw_zero_point(rng, dtype);
    } else if (dtype == RG_DTYPE_INT16) {
        t.scale = rg_draw_scale(rng) / 256;
    }
    return t;
}

rg_dtype rg_draw_dtype(rg_rng *rng, rg_dtype dtype) {
    static const rg_dtype moved[] = {RG_DTYPE_INT8,  RG_DTYPE_UINT8, RG_DTYPE_FLOAT32,
                                     RG_DTYPE_INT16, RG_DTYPE_INT32, RG_DTYPE_INT64};
    if (dtype != RG_DTYPE_ANY)
        return dtype;
    return moved[rg_rng_below(rng, sizeof moved / sizeof moved[0])];
}

rg_case_tensor rg_draw_numbers(const int32_t *numbers, uint32_t n) {
    rg_case_tensor t = {.dtype = RG_DTYPE_INT32, .shape = {1, {(int32_t)n}}, .constant = true};
    t.n_values = n;
    for (uint32_t i = 0; i < n; i++)
        t.value[i] = numbers[i];
    return t;
}

const char *rg_draw_activation(rg_rng *rng) {
    static const char *const words[] = {"none", "none", "relu", "relu6", "relu_n1_to_1"};
    return words[rg_rng_below(rng, sizeof words / sizeof words[0])];
}

rg_case_tensor rg_bench_tensor(rg_dtype dtype, rg_shape shape, float scale, int32_t zero_point) {
    rg_case_tensor t = {.dtype = dtype, .shape = shape};
    if (dtype == RG_DTYPE_INT8 || dtype == RG_DTYPE_UINT8 || dtype == RG_DTYPE_INT16) {
        t.scale = scale;
        t.zero_point = dtype == RG_DTYPE_INT16 ? 0 : zero_point;
        t.zero_point += dtype == RG_DTYPE_UINT8 ? 128 : 0;
    }
    return t;
}

const char *rg_draw_padding(rg_rng *rng, int32_t kernel_h, int32_t kernel_w, rg_case *c) {
    static const char *const words[] = {"same", "valid", "explicit"};
    uint32_t which = rg_rng_below(rng, 3);
    if (which == 2) {
        rg_case_int(c, "pad_top", rg_draw_int(rng, 0, kernel_h - 1));
        rg_case_int(c, "pad_bottom", rg_draw_int(rng, 0, kernel_h - 1));
        rg_case_int(c, "pad_left", rg_draw_int(rng, 0, kernel_w - 1));
        rg_case_int(c, "pad_right", rg_draw_int(rng, 0, kernel_w - 1));
    }
    return words[which];
}
