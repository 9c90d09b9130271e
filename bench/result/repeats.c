/* repeats.c: windows that an energy needs. */
#include "bench/result/repeats.h"

#include <math.h>

#include "bench/core/json.h"
#include "bench/result/stats.h"

uint32_t rg_repeats_needed(double cv, double share) {
    for (uint32_t n = RG_REPEATS_FLOOR; n <= RG_REPEATS_MOST; n++) {
        if (rg_t_quantile(0.975, n - 1) * cv / sqrt(n) <= share)
            return n;
    }
    return 0;
}

static json_t *windows_for(double cv, double share, double floor) {
    uint32_t n = floor > share ? 0 : rg_repeats_needed(cv, share);
    return n ? json_integer(n) : json_null();
}

json_t *rg_repeats_plan(const double *per_inference_uj, size_t n, double systematic_share) {
    static const struct {
        const char *key;
        double share;
    } goals[] = {{"0.5%", 0.005}, {"1%", 0.01}, {"2%", 0.02}, {"5%", 0.05}};
    if (n < 2)
        return NULL;
    double cv = sqrt(rg_variance(per_inference_uj, n)) / fabs(rg_mean(per_inference_uj, n));
    double floor = 2 * systematic_share;
    json_t *windows = json_object();
    for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++)
        json_object_set_new(windows, goals[i].key, windows_for(cv, goals[i].share, floor));
    json_t *plan = json_pack("{s:I}", "pilot", (json_int_t)n);
    rg_json_set_real(plan, "cv", cv);
    rg_json_set_real(plan, "floor", floor);
    json_object_set_new(plan, "windows", windows);
    return plan;
}
