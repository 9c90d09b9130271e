/* window.c: output sizes and padding. */
#include "kernels/ref/window.h"

#include <stddef.h>

const char *const rg_padding_words[] = {"same", "valid", NULL};
const char *const rg_conv_padding_words[] = {"same", "valid", "explicit", NULL};

rg_status rg_axis_init(rg_axis *ret, int64_t in, int64_t filter, int64_t stride, int64_t dilation,
                       int padding, const char *what, rg_err *err) {
    if (stride < 1 || dilation < 1 || filter < 1 || stride > RG_WINDOW_LIMIT ||
        dilation > RG_WINDOW_LIMIT || filter > RG_WINDOW_LIMIT)
        return rg_fail(
            err, RG_BAD_DATA, NULL, "filter %lld, stride %lld, dilation %lld of %s must be 1 to %d",
            (long long)filter, (long long)stride, (long long)dilation, what, (int)RG_WINDOW_LIMIT);
    int64_t span = (filter - 1) * dilation + 1;
    int64_t out = padding == RG_PADDING_SAME ? (in + stride - 1) / stride
                                             : (in < span ? 0 : (in - span) / stride + 1);
    if (out < 1 || out > INT32_MAX)
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "a filter over %lld %s does not fit on the input's %lld without padding",
                       (long long)span, what, (long long)in);
    int64_t missing = padding == RG_PADDING_SAME ? (out - 1) * stride + span - in : 0;
    *ret = (rg_axis){in, out, filter, stride, dilation, missing > 0 ? missing / 2 : 0};
    return RG_OK;
}

rg_status rg_axis_init_padded(rg_axis *ret, int64_t in, int64_t filter, int64_t stride,
                              int64_t dilation, int padding, int64_t before, int64_t after,
                              const char *what, rg_err *err) {
    if (padding != RG_PADDING_EXPLICIT)
        return rg_axis_init(ret, in, filter, stride, dilation, padding, what, err);
    if (before < 0 || after < 0 || before >= filter || after >= filter)
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "%lld and %lld %s of padding around a filter of %lld", (long long)before,
                       (long long)after, what, (long long)filter);
    rg_status status = rg_axis_init(ret, in + before + after, filter, stride, dilation,
                                    RG_PADDING_VALID, what, err);
    if (status == RG_OK) {
        ret->in = in;
        ret->pad = before;
    }
    return status;
}
