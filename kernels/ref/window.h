/* window.h: where a sliding window lies on its input, along one axis; used by convolutions and
 * pools. TFLite's rule: "same" gives ceil(in / stride) outputs and puts the odd pixel of padding
 * behind; "valid" has no padding. Convolutions know "explicit" as well: no file says it, it comes
 * of a border that was joined to them. */
#ifndef RG_KERNELS_REF_WINDOW_H
#define RG_KERNELS_REF_WINDOW_H

#include <stdint.h>

#include "bench/core/err.h"

typedef enum rg_padding { RG_PADDING_SAME, RG_PADDING_VALID, RG_PADDING_EXPLICIT } rg_padding;
extern const char *const rg_padding_words[];      /* same, valid */
extern const char *const rg_conv_padding_words[]; /* same, valid, explicit */

/* Field rows shared by all windows: the struct has `int padding; int64_t stride_h, stride_w`. */
#define RG_WINDOW_FIELDS_OF(type, words)                                                           \
    {"padding",                                                                                    \
     RG_FIELD_CHOICE,                                                                              \
     offsetof(type, padding),                                                                      \
     "same",                                                                                       \
     0,                                                                                            \
     0,                                                                                            \
     words,                                                                                        \
     "",                                                                                           \
     "what happens at the edges"},                                                                 \
        {"stride_h", RG_FIELD_INT, offsetof(type, stride_h),          "1", 1, RG_WINDOW_LIMIT,     \
         NULL,       "pixels",     "rows from one window to the next"},                            \
    {                                                                                              \
        "stride_w", RG_FIELD_INT, offsetof(type, stride_w), "1", 1, RG_WINDOW_LIMIT, NULL,         \
            "pixels", "columns from one window to the next"                                        \
    }
#define RG_WINDOW_FIELDS(type) RG_WINDOW_FIELDS_OF(type, rg_padding_words)

/* Those of convolutions, which have `rg_pads pads` besides. */
#define RG_CONV_WINDOW_FIELDS(type)                                                                \
    RG_WINDOW_FIELDS_OF(type, rg_conv_padding_words),                                              \
        {"pad_top",                                                                                \
         RG_FIELD_INT,                                                                             \
         offsetof(type, pads.top),                                                                 \
         "0",                                                                                      \
         0,                                                                                        \
         RG_PAD_LIMIT,                                                                             \
         NULL,                                                                                     \
         "pixels",                                                                                 \
         "rows before the image, with padding explicit"},                                          \
        {"pad_bottom", RG_FIELD_INT,    offsetof(type, pads.bottom), "0", 0, RG_PAD_LIMIT, NULL,   \
         "pixels",     "rows behind it"},                                                          \
        {"pad_left", RG_FIELD_INT, offsetof(type, pads.left), "0", 0, RG_PAD_LIMIT,                \
         NULL,       "pixels",     "columns before it"},                                           \
    {                                                                                              \
        "pad_right", RG_FIELD_INT, offsetof(type, pads.right), "0", 0, RG_PAD_LIMIT, NULL,         \
            "pixels", "columns behind it"                                                          \
    }

/* Largest stride, dilation or filter: keeps every product of two within int64. */
enum { RG_WINDOW_LIMIT = 1 << 24, RG_PAD_LIMIT = 255 };

/* Explicit padding; each smaller than the filter, so that every window touches the image. */
typedef struct rg_pads {
    int64_t top, bottom, left, right;
} rg_pads;

typedef struct rg_axis {
    int64_t in, out, filter, stride, dilation;
    int64_t pad; /* before the first input pixel */
} rg_axis;

/* Lays a window out; `in` >= 1. Refuses zero strides, too large filters and empty outputs;
 * `what` is "rows" or "columns". */
rg_status rg_axis_init(rg_axis *ret, int64_t in, int64_t filter, int64_t stride, int64_t dilation,
                       int padding, const char *what, rg_err *err);

/* The same with `before` and `after` pixels of padding when `padding` is explicit; RG_BAD_DATA
 * where a window would lie on padding alone. */
rg_status rg_axis_init_padded(rg_axis *ret, int64_t in, int64_t filter, int64_t stride,
                              int64_t dilation, int padding, int64_t before, int64_t after,
                              const char *what, rg_err *err);

/* The taps [first, last) of window `o` that lie on the input; tap `first` is at pixel `at`. */
typedef struct rg_taps {
    int64_t first, last, at;
} rg_taps;

static inline rg_taps rg_axis_taps(const rg_axis *axis, int64_t o) {
    int64_t start = o * axis->stride - axis->pad, d = axis->dilation;
    int64_t first = start < 0 ? (-start + d - 1) / d : 0;
    int64_t fit = start < axis->in ? (axis->in - start + d - 1) / d : 0;
    int64_t last = fit < axis->filter ? fit : axis->filter;
    rg_taps taps = {first, last > first ? last : first, start + first * d};
    return taps;
}

#endif
