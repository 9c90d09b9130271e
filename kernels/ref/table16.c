/* table16.c: see table16.h. */
#include "kernels/ref/table16.h"

#include <math.h>

static int16_t within(double v) {
    return (int16_t)(v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v);
}

void rg_table16_fill(double (*real)(double), double first, double last, double span, int16_t *ret) {
    const int steps = RG_TABLE16_POINTS - 1;
    double step = (last - first) / steps, unit = 65536.0 / span;
    for (int i = 0; i < steps; i++) {
        double here = round(real(first + i * step) * unit);
        double next = real(first + (i + 1) * step) * unit;
        double middle = round(real(first + i * step + step / 2) * unit);
        double error = round((next + here) / 2) - middle;
        ret[i] = within(here - round(error / 2));
    }
    ret[steps] = within(round(real(last) * unit));
}
