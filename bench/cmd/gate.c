/* gate.c: `railgauge gate`: the same cells of two bundles, judged; result/gate.h holds the rule. */
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/gate_exit.h"
#include "bench/cmd/gate_print.h"
#include "bench/cmd/gate_sides.h"
#include "bench/cmd/stores.h"
#include "bench/result/gate.h"

typedef struct options {
    const char *baseline, *candidate, *store, *tolerance, *target, *metric, *exit, *from;
    int inconclusive;
    rg_gate_print print;
} options;

#define AT(member) offsetof(options, member)
static const rg_field table[] = {
    {"baseline", RG_FIELD_TEXT, AT(baseline), "", 0, 0, NULL, "",
     "bundle to compare with, or a baseline of the store"},
    RG_STORE_ROW(options, store),
    {"candidate", RG_FIELD_TEXT, AT(candidate), "", 0, 0, NULL, "", "bundle to judge"},
    {"tolerance", RG_FIELD_TEXT, AT(tolerance), "", 0, 0, NULL, "",
     "METRIC=1%: a change that never fails; may be repeated; METRIC can be 'all'"},
    {"target", RG_FIELD_TEXT, AT(target), "", 0, 0, NULL, "",
     "METRIC=5%: a change that must be seen; may be repeated"},
    {"metric", RG_FIELD_TEXT, AT(metric), "", 0, 0, NULL, "",
     "judge this metric only; may be repeated"},
    RG_GATE_EXIT_ROWS(options, exit, inconclusive),
    RG_GATE_PRINT_ROWS(options, print),
    {"from", RG_FIELD_TEXT, AT(from), "", 0, 0, NULL, "",
     "judge nothing: make the form from this result.json, which --result wrote"},
    {0},
};

static rg_status read_repeated(const rg_args *args, rg_gate_options *gate, rg_err *err) {
    int unused;
    rg_status status = rg_gate_exit_code(args, RG_EXIT_OK, &unused, err);
    for (size_t i = 0; status == RG_OK && i < args->n_given; i++) {
        const char *key = args->given[i].key, *value = args->given[i].value;
        if (!strcmp(key, "tolerance"))
            status = rg_gate_set_limit(gate, false, value, err);
        else if (!strcmp(key, "target"))
            status = rg_gate_set_limit(gate, true, value, err);
        else if (!strcmp(key, "metric"))
            status = rg_gate_want(gate, value, err);
    }
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_gate = {
    .name = "gate",
    .summary = "judge a run against a baseline, cell by cell: pass, regressed, inconclusive ...",
    .usage = "railgauge gate --baseline BUNDLE|NAME --candidate BUNDLE [--store FILE] [--format F]",
    .help =
        "A cell that the candidate lacks fails the gate. Exit codes: 0 pass, 1 regressed,\n"
        "2 inconclusive, 3 missing or error, 4 not comparable or invalid; where several\n"
        "hold, 3 before 1 before 4 before 2. Limits come from --tolerance and --target, else\n"
        "from the scenario's gate block, else they are 1 % and 5 %. Every form is made from one\n"
        "result.json: --result keeps it, --write adds forms, --from makes them later.\n",
    .run = run,
};

static rg_status deliver(const options *opt, const rg_args *args, rg_result_facts *facts,
                         const rg_gate *gate, int *ret_code, rg_err *err) {
    rg_status status = rg_gate_exit_code(args, (int)gate->exit, ret_code, err);
    if (status != RG_OK)
        return status;
    facts->exit_mapped = *ret_code;
    return rg_gate_print_all(&opt->print, args, rg_gate_to_json(gate, facts), "the result", err);
}

static rg_status gate_bundles(const options *opt, const rg_args *args, rg_result_facts *facts,
                              int *ret_code, rg_err *err) {
    rg_gate_options how = rg_gate_options_default();
    rg_gate_loaded baseline = {0}, candidate = {0};
    rg_gate *gate = NULL;
    rg_status status = read_repeated(args, &how, err);
    if (status == RG_OK && (!*opt->baseline || !*opt->candidate))
        status = rg_fail(err, RG_USAGE, "railgauge gate --baseline runs/A --candidate runs/B",
                         "two bundles are needed");
    if (status == RG_OK)
        status = rg_gate_load(opt->store, opt->baseline, &baseline, err);
    if (status == RG_OK)
        status = rg_gate_load(opt->store, opt->candidate, &candidate, err);
    if (status == RG_OK)
        status = rg_gate_judge(&baseline.side, &candidate.side, &how, &gate, err);
    if (status == RG_OK)
        status = deliver(opt, args, facts, gate, ret_code, err);
    rg_gate_free(gate);
    rg_gate_unload(&baseline);
    rg_gate_unload(&candidate);
    return status;
}

/* --from: a result that was made before. */
static rg_status gate_again(const options *opt, const rg_args *args, int *ret_code, rg_err *err) {
    json_t *document = NULL;
    rg_status status = rg_gate_print_read(opt->from, args, &document, ret_code, err);
    return status == RG_OK ? rg_gate_print_all(&opt->print, args, document, opt->from, err)
                           : status;
}

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    options opt;
    rg_args args;
    int code = RG_EXIT_OK;
    rg_err err = RG_ERR_INIT;
    rg_result_facts facts = {argc, argv, 0};
    if (!rg_args_begin(&rg_verb_gate, table, &opt, 0, 0, argc, argv, &args, &code))
        return code;
    rg_status status = *opt.from ? gate_again(&opt, &args, &code, &err)
                                 : gate_bundles(&opt, &args, &facts, &code, &err);
    return status == RG_OK ? code : rg_report_error("gate", &err);
}
