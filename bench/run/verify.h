/* verify.h: proves kernels: every way to compute an operator held against its scalar reference on
 * made-up cases, random and extreme. The work is done in a child process, so that a kernel that
 * crashes, hangs or runs an instruction that this CPU lacks costs only itself. */
#ifndef RG_RUN_VERIFY_H
#define RG_RUN_VERIFY_H

#include "bench/iface/case.h"
#include "bench/iface/kernel.h"

/* What is to be proven for one operator. */
typedef struct rg_verify_spec {
    const rg_op *op;
    const rg_case_set *set; /* of its kind */
    const rg_kernel *const
        *kernels; /* n of them, all of this operator; each must run on this CPU */
    size_t n_kernels;
    bool reference;    /* the reference itself as well: in pieces, between fences */
    uint64_t seed;     /* case i is drawn from seed + i */
    uint32_t cases;    /* random ones */
    bool bench_cases;  /* then the bench cases up to limit_macs as well */
    const char *named; /* only the bench case of this name, whatever its size; NULL: none */
    uint64_t limit_macs;
    bool loose;       /* no buffer ends at a page that faults: for emulators that read what masked
                         loads leave out */
    int64_t limit_ns; /* a trial without an end after this is a hang; 0: one minute */
} rg_verify_spec;

/* What was found wrong first. */
typedef struct rg_verify_fault {
    rg_status status;     /* RG_OK: nothing. WRONG: other bytes; FAILED: crashed or hung; else the
                             status with which a kernel refused to pack, or a set's case was refused */
    char what[256];       /* "output 0 element 17 (0,1,2): expected -3, got -2; 4 of 60 differ" */
    char case_text[1024]; /* the whole case in one line */
    char case_name[96];   /* of a bench case, else "" */
    char how[256];        /* "8 tiles: 3-8 0-3" */
    char conditions[96];  /* "inputs highest, buffers at end of page" */
    uint64_t seed;        /* of this case: `--seed S --cases 1` makes it again */
} rg_verify_fault;

/* How one way of computing fared. */
typedef struct rg_verify_row {
    const rg_kernel *kernel; /* NULL: the reference */
    uint32_t tried, suited;  /* cases offered, and taken */
    uint64_t trials;
    rg_verify_fault fault;
} rg_verify_row;

/* Of one operator. */
typedef struct rg_verify {
    uint32_t drawn, refused;   /* random cases, and those that the operator itself refused */
    char refused_because[256]; /* the first refusal */
    rg_verify_fault set_fault; /* the set's own: too many refused, or the reference crashed */
    size_t n_rows;
    rg_verify_row rows[]; /* the kernels in their order, then the reference if asked for */
} rg_verify;

/* Proves. What is wrong stands in the rows and is no error here; errors are RG_NO_MEMORY, RG_FAILED
 * when no child can be started, RG_USAGE when no bench case is named so. The caller frees the
 * result with free(). */
rg_status rg_verify_run(const rg_verify_spec *spec, rg_verify **ret_verify, rg_err *err);

/* Every row and the set are sound. */
bool rg_verify_ok(const rg_verify *verify);

/* Whether a draw is refused more than rarely: over one in twenty, and more than two. */
bool rg_verify_refused_too_many(uint32_t drawn, uint32_t refused);

#endif
