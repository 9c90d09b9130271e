/* peak.h: loops that show what a CPU can do at most: multiply-accumulates of one level of
 * instructions without waiting for memory, bytes read and written, and its clock. Spokes in
 * kernels/x86/ and kernels/arm/ implement them (`const rg_peak rg_peak_<name>`, one line in
 * kernels/meson.build); bench/run/limits.c runs and times them. */
#ifndef RG_IFACE_PEAK_H
#define RG_IFACE_PEAK_H

#include <stddef.h>

#include "bench/core/isa.h"

typedef enum rg_peak_kind {
    RG_PEAK_CLOCK, /* dependent additions: one a cycle on every CPU that we know */
    RG_PEAK_INT8,  /* exact products of bytes summed in int32: 2 operations each */
    RG_PEAK_FP32,  /* products of float32 summed: 2 operations each */
    RG_PEAK_READ,  /* bytes */
    RG_PEAK_WRITE, /* bytes */
} rg_peak_kind;

typedef struct rg_peak {
    const char *name; /* "int8_avx2_maddubs" */
    rg_peak_kind kind;
    const char *isa;     /* a level of isa.h */
    const char *summary; /* the instructions, one sentence */
    double per_round;    /* cycles or operations of one round; READ and WRITE: 0 */

    /* `rounds` rounds of the loop; READ and WRITE: as many passes over `bytes` at `memory`, which
     * is aligned to 4096, `bytes` a multiple of 1024. */
    void (*run)(size_t rounds, void *memory, size_t bytes);
} rg_peak;

/* All that were built in; ends with NULL. (Registry.) */
extern const rg_peak *const rg_peaks[];

#endif
