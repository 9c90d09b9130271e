/* resize.h: parameters of resizing and where its pixels come from, shared by the reference and the
 * fast kernels. */
#ifndef RG_KERNELS_REF_RESIZE_H
#define RG_KERNELS_REF_RESIZE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rg_resize_params {
    bool align_corners, half_pixel_centers;
} rg_resize_params;

enum { RG_RESIZE_ONE = 1 << 10 }; /* a whole pixel in int8's positions */

/* Input pixels from one output pixel to the next. */
static inline float rg_resize_scale(const rg_resize_params *p, int32_t in, int32_t out) {
    return p->align_corners && out > 1 ? (float)(in - 1) / (float)(out - 1)
                                       : (float)in / (float)out;
}

/* Two neighbours along an axis; `part` of the way from the first to the second. */
typedef struct rg_between_s8 {
    int64_t first, second, part; /* part in 1/1024; negative only where both are one pixel */
} rg_between_s8;

/* Output pixel o of `out` for int8; positions beyond the last pixel (rounded scales) stay on it. */
static inline rg_between_s8 rg_resize_place_s8(const rg_resize_params *p, int64_t o, int64_t in,
                                               int64_t out) {
    int64_t scale = (RG_RESIZE_ONE * in + out / 2) / out;
    if (p->align_corners && out > 1)
        scale = (RG_RESIZE_ONE * (in - 1) + (out - 1) / 2) / (out - 1);
    int64_t at = o * scale + (p->half_pixel_centers ? scale / 2 - RG_RESIZE_ONE / 2 : 0);
    rg_between_s8 b = {at / RG_RESIZE_ONE, (at + RG_RESIZE_ONE - 1) / RG_RESIZE_ONE, 0};
    b.first = b.first > 0 ? b.first : 0;
    b.part = at - b.first * RG_RESIZE_ONE;
    b.first = b.first < in - 1 ? b.first : in - 1;
    b.second = b.second < in - 1 ? b.second : in - 1;
    b.second = b.second > 0 ? b.second : 0;
    return b;
}

typedef struct rg_between_f32 {
    int64_t first, second;
    float part;
} rg_between_f32;

/* Output pixel o of `out` for uint8 and float32. */
static inline rg_between_f32 rg_resize_place_f32(const rg_resize_params *p, int64_t o, int32_t in,
                                                 int32_t out) {
    float scale = rg_resize_scale(p, in, out);
    float at = p->half_pixel_centers ? ((float)o + 0.5f) * scale - 0.5f : (float)o * scale;
    rg_between_f32 b = {(int64_t)floorf(at), (int64_t)ceilf(at), 0};
    b.first = b.first > 0 ? b.first : 0;
    b.first = b.first < in - 1 ? b.first : in - 1;
    b.second = b.second < in - 1 ? b.second : in - 1;
    b.second = b.second > 0 ? b.second : 0;
    b.part = at - (float)b.first;
    return b;
}

#endif
