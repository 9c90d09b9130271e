/* op.c: the operator for a node, among those that were built in. Apart from the registry, so that
 * operators can be run and fuzzed without kernels and targets. */
#include "bench/iface/op.h"

#include <string.h>

#include "bench/iface/registry.h"

static rg_dtype type_of(const rg_tensor *const *list, uint32_t n, uint32_t i) {
    return i < n && list[i] ? list[i]->dtype : RG_DTYPE_ANY;
}

/* An operator's pattern accepts a type when either side does not care. */
static bool fits(rg_dtype pattern, rg_dtype type) {
    return pattern == RG_DTYPE_ANY || type == RG_DTYPE_ANY || pattern == type;
}

const rg_op *rg_op_for(const char *kind, const rg_tensor *const *in, uint32_t n_in,
                       const rg_tensor *const *out, uint32_t n_out, rg_err *err) {
    rg_dtype a = type_of(in, n_in, 0), w = type_of(in, n_in, 1), o = type_of(out, n_out, 0);
    bool kind_known = false;
    for (size_t i = 0; rg_ops[i]; i++) {
        const rg_op *op = rg_ops[i];
        if (strcmp(op->kind, kind))
            continue;
        kind_known = true;
        if (fits(op->in, a) && fits(op->weights, w) && fits(op->out, o))
            return op;
    }
    if (kind_known)
        rg_fail(err, RG_UNSUPPORTED, "see `railgauge list ops`", "no %s for %s x %s -> %s", kind,
                rg_dtype_word(a), rg_dtype_word(w), rg_dtype_word(o));
    else
        rg_fail(err, RG_UNSUPPORTED, "see `railgauge list ops`", "operator %s is not known", kind);
    return NULL;
}
