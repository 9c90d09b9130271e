/* isa.h: which vector instructions this CPU has, and which of them may be used. A level is a named
 * set of features that a kernel is compiled for; a mask is any set of them. What runs is what the
 * CPU has AND what `--isa` or RAILGAUGE_ISA allow, so that older CPUs can be proven on newer ones.
 */
#ifndef RG_CORE_ISA_H
#define RG_CORE_ISA_H

#include <stdint.h>

#include "bench/core/err.h"

/* Features, each as the CPU reports it and the system saves its registers.
 * AVX2 stands for AVX2, FMA, F16C and BMI2, which came together; AVX512 for F, BW, DQ and VL. */
enum {
    RG_ISA_AVX2 = 1 << 0,
    RG_ISA_AVXVNNI = 1 << 1,
    RG_ISA_AVX512 = 1 << 2,
    RG_ISA_AVX512VNNI = 1 << 3,
    RG_ISA_AVX512VBMI = 1 << 4,
    RG_ISA_NEON = 1 << 8,
    RG_ISA_DOTPROD = 1 << 9,
    RG_ISA_I8MM = 1 << 10,
};

/* One level: a kernel of this level may use all of `features`. */
typedef struct rg_isa {
    const char *name;         /* "avx512vnni" */
    uint64_t features;        /* RG_ISA_ bits; 0: plain C, runs anywhere */
    const char *architecture; /* "x86-64", "aarch64", "any" */
    const char *summary;
} rg_isa;

/* All levels, plain C first, later ones richer; ends with a NULL name. */
extern const rg_isa rg_isas[];

/* The level of this name, NULL if there is none. */
const rg_isa *rg_isa_find(const char *name);

/* Features of the CPU that this process runs on; asked once. */
uint64_t rg_isa_present(void);

/* Features that may be used: present, and allowed by RAILGAUGE_ISA where it is set and sound. */
uint64_t rg_isa_allowed(void);

/* RG_USAGE when RAILGAUGE_ISA is set and names no level: it must not silently allow everything. */
rg_status rg_isa_environment(rg_err *err);

/* RG_ABSENT when this CPU can run none of the levels that `text` names, saying what it has;
 * RG_USAGE as rg_isa_parse. */
rg_status rg_isa_check_present(const char *text, rg_err *err);

/* A list of levels ("avx2", "scalar", "neon,dotprod", "all") as a mask of features: the union of
 * theirs, "all": every bit. RG_USAGE naming the nearest known level. */
rg_status rg_isa_parse(const char *text, uint64_t *ret_mask, rg_err *err);

/* The features of a mask as names, richest level first: "avx512vnni avx512 avx2"; "scalar" for
 * none. */
void rg_isa_text(uint64_t mask, char *ret, size_t cap);

/* True when `mask` has all that the level asks for. */
static inline bool rg_isa_runs(const rg_isa *isa, uint64_t mask) {
    return (isa->features & ~mask) == 0;
}

#endif
