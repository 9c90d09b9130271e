/* gate_exit.c: see gate_exit.h. */
#include "bench/cmd/gate_exit.h"

#include <stdio.h>
#include <string.h>

const char *const rg_gate_policies[] = {"fail", "pass", NULL};

static rg_status parse(const char *text, int *ret_from, int *ret_to, rg_err *err) {
    int used = 0;
    if (sscanf(text, "%d=%d%n", ret_from, ret_to, &used) != 2 || text[used] || *ret_from < 0 ||
        *ret_from > 255 || *ret_to < 0 || *ret_to > 255)
        return rg_fail(err, RG_USAGE, "write --exit 2=0", "'%s' maps no exit code", text);
    return RG_OK;
}

rg_status rg_gate_exit_code(const rg_args *args, int code, int *ret_code, rg_err *err) {
    bool passes = false;
    int from, to, mapped = code;
    for (size_t i = 0; i < args->n_given; i++) {
        if (!strcmp(args->given[i].key, "inconclusive"))
            passes = !strcmp(args->given[i].value, "pass");
    }
    if (code == RG_EXIT_INCONCLUSIVE && passes)
        code = mapped = RG_EXIT_OK;
    for (size_t i = 0; i < args->n_given; i++) {
        if (strcmp(args->given[i].key, "exit"))
            continue;
        rg_status status = parse(args->given[i].value, &from, &to, err);
        if (status != RG_OK)
            return status;
        if (from == code)
            mapped = to;
    }
    *ret_code = mapped;
    return RG_OK;
}
