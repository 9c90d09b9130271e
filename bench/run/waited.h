/* waited.h: how long threads waited for a core, by the scheduler's own account; a timing during
 * which one waited tells of the machine's other load and not of the code. */
#ifndef RG_RUN_WAITED_H
#define RG_RUN_WAITED_H

#include <stdint.h>

/* Nanoseconds that the calling thread has waited since it started; -1 where the kernel does not
 * tell. */
int64_t rg_waited_thread_ns(void);

/* The sum over all threads of this process; -1 likewise. */
int64_t rg_waited_process_ns(void);

#endif
