/* bench_case.c: bench cases timed, each kernel proven on the very case first (verify.h),
 * interleaved with the others (kerneltime.h), and told beside what the machine can do at most
 * (ceilings.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/bench_job.h"
#include "bench/cmd/kernel_words.h"
#include "bench/run/verify.h"

enum { MOST_LANES = 64 };

/* --- lanes ------------------------------------------------------------------------------------ */

static bool kernel_wanted(const rg_bench_job *j, const rg_kernel *kernel,
                          const rg_made_case *made) {
    if (strcmp(kernel->op, made->op->name) != 0 ||
        !rg_isa_runs(rg_isa_find(kernel->isa), j->mask) ||
        (kernel->suits && !kernel->suits(made->call)))
        return false;
    if (*j->opt->kernel)
        return !strcmp(j->opt->kernel, kernel->name);
    return !j->opt->chosen || kernel == rg_kernel_for(made->call, j->mask);
}

static size_t pick_kernels(const rg_bench_job *j, const rg_made_case *made, const rg_kernel **ret) {
    size_t n = 0;
    for (size_t i = 0; rg_kernels[i] && n < (MOST_LANES - 1) / j->n_counts; i++) {
        if (kernel_wanted(j, rg_kernels[i], made))
            ret[n++] = rg_kernels[i];
    }
    return n;
}

/* The reference on one thread, then every kernel on every thread count. */
static size_t lay_lanes(const rg_bench_job *j, const rg_kernel *const *kernels, size_t n,
                        rg_kernel_lane *lanes) {
    size_t made = 0;
    lanes[made++] = (rg_kernel_lane){.threads = 1};
    for (size_t k = 0; k < n; k++) {
        for (size_t t = 0; t < j->n_counts; t++)
            lanes[made++] = (rg_kernel_lane){.kernel = kernels[k], .threads = j->counts[t]};
    }
    return made;
}

/* A kernel that is not exact on this case is not timed. */
static rg_status prove(const rg_bench_job *j, const rg_made_case *made,
                       const rg_kernel *const *kernels, size_t n, rg_kernel_lane *lanes,
                       size_t n_lanes, rg_err *err) {
    rg_verify_spec spec = {.op = made->op,
                           .set = rg_bench_set(j, made->op),
                           .kernels = kernels,
                           .n_kernels = n,
                           .seed = (uint64_t)j->opt->seed,
                           .named = made->from.name};
    rg_verify *proof;
    rg_status status = n ? rg_verify_run(&spec, &proof, err) : RG_OK;
    if (status != RG_OK || !n)
        return status;
    for (size_t r = 0; r < proof->n_rows; r++) {
        const rg_verify_fault *fault = &proof->rows[r].fault;
        if (fault->status != RG_OK)
            fprintf(stderr, "%s on %s: %s: %s\n", kernels[r]->name, made->from.name,
                    rg_status_word(fault->status), fault->what);
        for (size_t i = 0; i < n_lanes; i++) {
            if (lanes[i].kernel == kernels[r] && fault->status != RG_OK) {
                lanes[i].status = fault->status;
                snprintf(lanes[i].what, sizeof lanes[i].what, "%s", fault->what);
            }
        }
    }
    free(proof);
    return RG_OK;
}

/* Lanes that passed come first; the others keep their place behind them. */
static size_t sound_first(rg_kernel_lane *lanes, size_t n) {
    size_t sound = 0;
    for (size_t i = 0; i < n; i++) {
        if (lanes[i].status != RG_OK)
            continue;
        rg_kernel_lane keep = lanes[i];
        memmove(&lanes[sound + 1], &lanes[sound], (i - sound) * sizeof *lanes);
        lanes[sound++] = keep;
    }
    return sound;
}

/* --- the table ---------------------------------------------------------------------------------
 */

/* Characters of "conv2d_s8 reference *" and of the operator's longest kernel with its mark. */
static size_t longest_kernel(const rg_bench_job *j, const rg_op *op) {
    size_t longest = strlen(op->name) + strlen(" reference *");
    for (size_t i = 0; rg_kernels[i]; i++) {
        const rg_kernel *kernel = rg_kernels[i];
        size_t chars = strlen(kernel->name) + strlen(" *");
        if (!strcmp(kernel->op, op->name) && rg_isa_runs(rg_isa_find(kernel->isa), j->mask))
            longest = chars > longest ? chars : longest;
    }
    return longest;
}

/* Lays the table out for the names that are asked for. */
static void begin_table(rg_bench_job *j) {
    size_t cases = 0, kernels = 0;
    for (size_t i = 0; rg_ops[i]; i++) {
        const rg_case_set *set = rg_bench_set(j, rg_ops[i]);
        rg_case c = {0};
        bool whole = rg_bench_whole(j, rg_ops[i]), any = false;
        for (size_t k = 0; set && set->bench && set->bench(rg_ops[i], k, &c); k++) {
            bool asked = whole || rg_bench_names_case(j->args, c.name);
            size_t chars = asked ? strlen(c.name) : 0;
            cases = chars > cases ? chars : cases;
            any |= asked;
            c = (rg_case){0};
        }
        size_t longest = any ? longest_kernel(j, rg_ops[i]) : 0;
        kernels = longest > kernels ? longest : kernels;
    }
    rg_bench_table_begin(&j->table, j->opt->wide, cases, kernels);
}

/* --- one case --------------------------------------------------------------------------------- */

static void tell(rg_bench_job *j, const rg_made_case *made, const rg_kernel_lane *lanes, size_t n) {
    const rg_kernel *chosen = rg_kernel_for(made->call, j->mask);
    if (!j->rows && !j->cases)
        begin_table(j);
    if (!j->rows)
        rg_bench_table_case(&j->table, made);
    for (size_t i = 0; i < n; i++) {
        rg_bench_row row = {made, &lanes[i], lanes[i].kernel == chosen, lanes[0].median_ns,
                            j->ceilings};
        j->wrong += lanes[i].status != RG_OK;
        j->disturbed += lanes[i].tried - lanes[i].clean;
        j->waits_known |= lanes[i].waits_known;
        if (j->rows)
            json_array_append_new(j->rows, rg_bench_json(&row));
        else
            rg_bench_table_row(&j->table, &row);
    }
    fflush(stdout);
}

static rg_status bench_made(rg_bench_job *j, const rg_made_case *made, rg_err *err) {
    const rg_kernel *kernels[MOST_LANES];
    rg_kernel_lane lanes[MOST_LANES] = {{0}};
    rg_truth truth = {0};
    rg_kernel_timing timing = {made, &truth, (uint32_t)j->opt->rounds, j->opt->min_time_ns};
    size_t n_kernels = pick_kernels(j, made, kernels);
    if (!n_kernels && *j->opt->kernel)
        return RG_OK;
    size_t n = lay_lanes(j, kernels, n_kernels, lanes);
    rg_status status = prove(j, made, kernels, n_kernels, lanes, n, err);
    if (status == RG_OK)
        status = rg_truth_make(made, RG_FILL_RANDOM, (uint64_t)j->opt->seed, &truth, err);
    if (status == RG_OK)
        status = rg_kernels_time(&timing, lanes, sound_first(lanes, n), err);
    if (status == RG_OK) {
        tell(j, made, lanes, n);
        j->cases++;
    }
    rg_truth_free(&truth);
    return status;
}

rg_status rg_bench_op(rg_bench_job *j, const rg_op *op, rg_err *err) {
    const rg_case_set *set = rg_bench_set(j, op);
    rg_status status = RG_OK;
    bool whole = rg_bench_whole(j, op);
    for (size_t i = 0; status == RG_OK; i++) {
        rg_case c = {0};
        rg_made_case *made;
        if (!set || !set->bench || !set->bench(op, i, &c))
            break;
        if (!whole && !rg_bench_names_case(j->args, c.name))
            continue;
        status = rg_made_case_new(op, &c, (uint64_t)j->opt->seed, true, &made, err);
        if (status != RG_OK)
            break;
        status = bench_made(j, made, err);
        rg_made_case_free(made);
    }
    return status;
}
