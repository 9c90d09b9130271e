/* hefquant.c: scales and zero points of one end of a .hef. */
#include <math.h>

#include "bench/core/hef_priv.h"

enum { MOST_QUANT = 65536 };

/* A list of doubles as floats; *ret_n 0 where there is none. */
static rg_status read_doubles(rg_arena *arena, rg_wire message, uint32_t number,
                              const float **ret_list, uint32_t *ret_n, rg_err *err) {
    rg_wire packed = rg_wire_within(message, number);
    size_t n = (size_t)(packed.end - packed.at) / 8;
    float *list = n && n <= MOST_QUANT ? rg_arena_array(arena, n, sizeof *list) : NULL;
    *ret_n = 0;
    if (!n)
        return RG_OK;
    if (!list)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu scales", n);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        for (unsigned b = 0; b < 8; b++)
            bits |= (uint64_t)packed.at[8 * i + b] << 8 * b;
        double value = rg_wire_double(bits);
        list[i] = isfinite(value) && fabs(value) < 1e30 ? (float)value + 0.0F : 0; /* never -0 */
    }
    *ret_list = list;
    *ret_n = (uint32_t)n;
    return RG_OK;
}

static float plain(rg_wire message, uint32_t number) {
    float value = rg_wire_float(rg_wire_number(message, number, RG_WIRE_FIXED32));
    return isfinite(value) ? value : 0;
}

static bool all_alike(const float *list, uint32_t n) {
    for (uint32_t i = 1; i < n; i++) {
        if (list[i] != list[0])
            return false;
    }
    return true;
}

/* Scales one a feature where they differ, else one; scales that are none count as unknown. */
rg_status rg_hef_read_quant(rg_arena *arena, rg_wire message, rg_hef_end *end, rg_err *err) {
    const float *zeros, *scales;
    uint32_t n_zeros, n_scales;
    end->min = plain(message, 3);
    end->max = plain(message, 4);
    rg_status status = read_doubles(arena, message, 5, &zeros, &n_zeros, err);
    if (status == RG_OK)
        status = read_doubles(arena, message, 6, &scales, &n_scales, err);
    if (status != RG_OK)
        return status;
    if (!n_scales || n_zeros != n_scales || (n_scales != 1 && n_scales != end->features)) {
        float one[] = {plain(message, 2), plain(message, 1)};
        scales = rg_arena_copy(arena, &one[0], sizeof one[0]);
        zeros = rg_arena_copy(arena, &one[1], sizeof one[1]);
        n_scales = 1;
    }
    if (!scales || !zeros)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    bool sound = true;
    for (uint32_t i = 0; i < n_scales; i++)
        sound = sound && scales[i] > 0;
    end->n_quant = !sound                                                      ? 0
                   : all_alike(scales, n_scales) && all_alike(zeros, n_scales) ? 1
                                                                               : n_scales;
    end->scales = scales;
    end->zero_points = zeros;
    return RG_OK;
}
