/* list_kernels.c: kernels by operator, and the choice among them case by case. */
#include "bench/cmd/list_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/casebuild.h"

/* NULL when the kernel may run, else why not. */
static const char *why_not(const rg_kernel *kernel) {
    const rg_isa *isa = rg_isa_find(kernel->isa);
    if (!rg_isa_runs(isa, rg_isa_present()))
        return "not here";
    return rg_isa_runs(isa, rg_isa_allowed()) ? NULL : "hidden by RAILGAUGE_ISA";
}

static const char *op_kind(const char *op) {
    const rg_op *found = rg_op_find(op);
    return found ? found->kind : "";
}

static json_t *kernel_row(const rg_kernel *kernel) {
    const char *why = why_not(kernel);
    char level[64];
    snprintf(level, sizeof level, "%s%s%s", kernel->isa, why ? ", " : "", why ? why : "");
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "name", kernel->name, "kind", level,
                     "summary", kernel->summary ? kernel->summary : "", "op", kernel->op,
                     "operator_kind", op_kind(kernel->op), "isa", kernel->isa, "runs_here",
                     why == NULL);
}

/* By operator, and of each in the order in which they are preferred. */
rg_status rg_list_kernels(rg_root *root, json_t *rows, rg_err *err) {
    (void)root, (void)err;
    for (size_t op = 0; rg_ops[op]; op++) {
        for (size_t i = 0; rg_kernels[i]; i++) {
            if (!strcmp(rg_kernels[i]->op, rg_ops[op]->name))
                json_array_append_new(rows, kernel_row(rg_kernels[i]));
        }
    }
    return RG_OK;
}

/* Kernels of better places than the chosen one, each with what kept it from the call. */
static void tell_choice(const rg_made_case *made, const rg_kernel *chosen, rg_text *ret) {
    uint32_t behind = 0;
    bool reached = false;
    for (size_t i = 0; rg_kernels[i]; i++) {
        const rg_kernel *kernel = rg_kernels[i];
        if (strcmp(kernel->op, made->op->name) != 0)
            continue;
        const char *why = why_not(kernel);
        reached |= kernel == chosen;
        behind +=
            reached && kernel != chosen && !why && (!kernel->suits || kernel->suits(made->call));
        if (!reached)
            rg_text_printf(ret, "%s%s: %s", ret->bytes ? "; " : "", kernel->name,
                           why ? why : "does not suit");
    }
    if (chosen && behind)
        rg_text_printf(ret, "%sbefore %u that would suit too", ret->bytes ? "; " : "", behind);
    if (!ret->bytes)
        rg_text_add(ret, chosen ? "the only one" : "there is no kernel");
}

static void add_case(json_t *rows, const rg_made_case *made) {
    const rg_kernel *chosen = rg_kernel_for(made->call, rg_isa_allowed());
    rg_text why = {0};
    char name[160];
    tell_choice(made, chosen, &why);
    snprintf(name, sizeof name, "%s %s", made->op->name, made->from.name);
    json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "name", name, "kind",
                                          chosen ? chosen->name : "reference", "summary",
                                          why.data ? why.data : "", "op", made->op->name, "case",
                                          made->from.name, "macs", (json_int_t)made->work.macs));
    rg_text_free(&why);
}

rg_status rg_list_cases(rg_root *root, json_t *rows, rg_err *err) {
    (void)root;
    for (size_t i = 0; rg_ops[i]; i++) {
        const rg_case_set *set = rg_case_set_for(rg_ops[i]);
        for (size_t k = 0; set && set->bench; k++) {
            rg_case c = {0};
            rg_made_case *made;
            if (!set->bench(rg_ops[i], k, &c))
                break;
            rg_status status = rg_made_case_new(rg_ops[i], &c, 1, true, &made, err);
            if (status != RG_OK)
                return status;
            add_case(rows, made);
            rg_made_case_free(made);
        }
    }
    return RG_OK;
}
