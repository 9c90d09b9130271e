/* ceilings.h: what this machine can do at most, measured: its clock, operations of each level of
 * instructions, bytes from each level of memory, on one thread and on several. The basis of "% of
 * the measured peak" and of the roofline. */
#ifndef RG_RUN_CEILINGS_H
#define RG_RUN_CEILINGS_H

#include <jansson.h>

#include "bench/core/root.h"
#include "bench/iface/peak.h"

enum { RG_MEMORY_LEVELS = 4, RG_MAX_CEILINGS = 160 };

/* One figure: median, lowest and highest of its clean repeats. */
typedef struct rg_ceiling {
    const rg_peak *peak;
    uint32_t threads;
    int level;                /* of READ and WRITE: 0 L1, 1 L2, 2 L3, 3 DRAM; else -1 */
    size_t bytes;             /* each thread's working set; 0 where none */
    double median, low, high; /* per second, all threads together: cycles of one thread, operations,
                                 bytes */
    double cv;                /* standard deviation over mean */
    uint32_t clean, tried;    /* repeats in which no thread waited for a core, and all */
} rg_ceiling;

typedef struct rg_ceilings {
    size_t cache_bytes[RG_MEMORY_LEVELS]; /* of L1d, L2, L3, 0 unknown; DRAM: its working
                                             set here */
    size_t n;
    rg_ceiling item[RG_MAX_CEILINGS];
} rg_ceilings;

/* How much to measure. */
typedef struct rg_ceilings_ask {
    uint64_t mask;           /* features that may be used */
    const uint32_t *threads; /* thread counts, n_threads of them */
    size_t n_threads;
    int64_t block_ns; /* length of one repeat; 0: 2 ms */
    uint32_t repeats; /* clean ones wanted; 0: 24 */
    bool brief;       /* memory only through the richest level's registers, DRAM by a smaller set */
} rg_ceilings_ask;

/* Measures; the caller frees with free(). RG_NO_MEMORY, or RG_FAILED where no thread can start. */
rg_status rg_ceilings_measure(const rg_ceilings_ask *ask, rg_ceilings **ret_ceilings, rg_err *err);

/* The highest median of a kind at a level of instructions (`isa`; NULL: of any), on `threads`; for
 * READ and WRITE at memory `level`, else -1. NAN when there is none. */
double rg_ceilings_best(const rg_ceilings *ceilings, rg_peak_kind kind, const char *isa,
                        uint32_t threads, int level);

/* "L1", "L2", "L3", "DRAM" */
const char *rg_memory_level_word(int level);

/* The level that holds `bytes` beside little else. */
int rg_memory_level_for(const rg_ceilings *ceilings, uint64_t bytes);

/* {"caches": {...}, "figures": [{"name","kind","isa","threads","level","bytes","median","low",
 * "high","cv","clean","tried","unit"}]}. A new reference. */
json_t *rg_ceilings_json(const rg_ceilings *ceilings);

/* "int8", "read" ... and the unit of its figures. */
const char *rg_peak_kind_word(rg_peak_kind kind);
const char *rg_peak_kind_unit(rg_peak_kind kind);

/* The short measurement that runs keep with the host's facts: one thread and all, some 1 s. Kept in
 * the cache for this machine until it boots anew. NULL when the machine is not this one, or nothing
 * could be measured. A new reference. */
json_t *rg_ceilings_facts(rg_root *root, const json_t *host_facts);

#endif
