/* pipe_stats.h: the inference times that programs behind the pipe take themselves, summed up. */
#ifndef RG_TARGETS_PIPE_STATS_H
#define RG_TARGETS_PIPE_STATS_H

#include "targets/pipe_talk.h"

/* Lines "own_...=...\n" of all requests since the last call: how many, how many of them were timed
 * by the program, mean, median and 95th percentile of its times in ns. Forgets them. Says nothing
 * of no requests, and no times where the program takes none. */
void rg_pipe_own_times(rg_talk *talks, unsigned n, char *ret, size_t cap);

#endif
