/* native_variant.c: kernel sets of this machine's cores by name. */
#include <stdio.h>
#include <string.h>

#include "bench/core/isa.h"
#include "bench/core/text.h"
#include "targets/native.h"

const char *rg_native_architecture(void) {
#if defined(__x86_64__)
    return "x86-64";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "other";
#endif
}

/* Names of all variants of this architecture: "fast", "reference", then levels. */
static size_t known_names(const char *names[16]) {
    size_t n = 0;
    names[n++] = "fast";
    names[n++] = "reference";
    for (const rg_isa *isa = rg_isas; isa->name && n < 16; isa++) {
        if (!isa->features || !strcmp(isa->architecture, rg_native_architecture()))
            names[n++] = isa->name;
    }
    return n;
}

static rg_status refuse_unknown(const char *target, const char *wanted, rg_err *err) {
    const char *names[16];
    size_t n = known_names(names), used = 0;
    char known[192] = "", advice[256];
    for (size_t i = 0; i < n && used < sizeof known; i++)
        used +=
            (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", names[i]);
    const char *near = rg_text_nearest_of(wanted, names, n);
    snprintf(advice, sizeof advice, near ? "did you mean '%s'?" : "one of: %s",
             near ? near : known);
    return rg_fail(err, RG_USAGE, advice, "target %s has no variant '%s', it has: %s", target,
                   wanted, known);
}

static rg_status refuse_level(const rg_isa *isa, rg_err *err) {
    char have[96];
    rg_isa_text(rg_isa_present(), have, sizeof have);
    if (rg_isa_runs(isa, rg_isa_present()))
        return rg_fail(err, RG_UNSUPPORTED, "unset RAILGAUGE_ISA and --isa, or allow it there",
                       "variant '%s' is more than RAILGAUGE_ISA allows", isa->name);
    return rg_fail(err, RG_ABSENT, "use --variant fast: it takes what the CPU has",
                   "this CPU does not have %s; it has: %s", isa->name, have);
}

static rg_status level_variant(const rg_isa *isa, rg_native_variant *ret_variant, rg_err *err) {
    if (!rg_isa_runs(isa, rg_isa_allowed()))
        return refuse_level(isa, err);
    *ret_variant =
        (rg_native_variant){isa->name, false, isa->features ? isa->features : RG_EXEC_SCALAR};
    return RG_OK;
}

/* The mask of "fast"; an environment that allows nothing means just that. */
static uint64_t allowed_mask(void) {
    uint64_t allowed = rg_isa_allowed();
    return allowed ? allowed : RG_EXEC_SCALAR;
}

rg_status rg_native_variant_find(const char *target, const char *name,
                                 rg_native_variant *ret_variant, rg_err *err) {
    rg_status status = rg_isa_environment(err);
    if (status != RG_OK)
        return status;
    const rg_isa *isa = name && *name ? rg_isa_find(name) : NULL;
    if (!name || !*name || !strcmp(name, "fast"))
        *ret_variant = (rg_native_variant){"fast", false, allowed_mask()};
    else if (!strcmp(name, "reference"))
        *ret_variant = (rg_native_variant){"reference", true, 0};
    else if (isa && (!isa->features || !strcmp(isa->architecture, rg_native_architecture())))
        return level_variant(isa, ret_variant, err);
    else
        return refuse_unknown(target, name, err);
    return RG_OK;
}
