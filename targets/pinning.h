/* pinning.h: puts this process on the CPUs that a cell asks for. Runtimes start threads of their
 * own, which take over where their creator may run; so it is done before they are asked to load. */
#ifndef RG_TARGETS_PINNING_H
#define RG_TARGETS_PINNING_H

#include "bench/core/err.h"

/* The CPUs for `threads` threads out of `cores` ("0,2-3"; "" all that this process may use, one of
 * each core first), and the calling thread bound to them. Writes their list into `ret_cores`, ""
 * where it could not be bound. Errors as rg_exec_cores. */
rg_status rg_pinning_take(const char *cores, unsigned threads, char *ret_cores, size_t cap,
                          rg_err *err);

#endif
