/* instructions.h: instructions an inference where there is no hardware counter, as on most hosted
 * machines: the worker under valgrind's cachegrind with N inferences after the first one, with 2 N
 * and with 3 N. What the runs share (start, loading, the first inference) cancels in the
 * differences, and that both are the same shows that it did. The count is of this process alone and
 * knows neither time nor load: the same build gives the same number.
 *
 * valgrind imitates a CPU of its own (on x86-64 one with AVX2 and without AVX-512), so kernels for
 * others are not what is counted; `isa` says which sets were offered. Waiting threads count too,
 * hence cells of one thread only. runner_count.c asks; worker_repeat.c is what runs. */
#ifndef RG_RUN_INSTRUCTIONS_H
#define RG_RUN_INSTRUCTIONS_H

#include <jansson.h>
#include <signal.h>

#include "bench/run/job.h"

/* What is to be counted: a round's job, and the program whose worker does it. */
typedef struct rg_instructions_ask {
    const char *program;
    const rg_job *job;
    uint64_t macs; /* of one inference, 0 unknown: large ones are run less often */
    const volatile sig_atomic_t *stop; /* may be NULL */
} rg_instructions_ask;

/* {"value": per inference, "by": "valgrind-3.19.0", "isa", "inferences": N, "even":
 * both differences were the same}, or what prevented it:
 * {"na": "no-counters", "what", "try"}. New reference; NULL out of memory. Takes some seconds. */
json_t *rg_instructions_count(const rg_instructions_ask *ask);

/* Instructions in the words that cachegrind leaves ("I refs: 1,234"), of all processes that it
 * followed (a script in the program's place, a vendor's tool); -1 when they are not there. */
int64_t rg_instructions_parse(const char *words);

#endif
