/* tool.h: a small program of the machine's own (nvpmodel, vcgencmd) asked for a few words. */
#ifndef RG_RUN_TOOL_H
#define RG_RUN_TOOL_H

#include <stddef.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

/* Where a program of the machine stands on this one: `path` itself, below a scratch tree the tree's
 * own, so that tests can stand in for it. RG_ABSENT when it is not there; programs of recorded
 * trees are never started, and count as absent. */
rg_status rg_tool_find(rg_root *root, const char *path, char *ret, size_t cap);

/* Runs argv[0] with nothing to read and waits `limit_s` at most; then it is killed. What it said on
 * both outputs is in `ret_words`, cut at cap. RG_FAILED when it could not be started, was killed or
 * ended with another code than 0. */
rg_status rg_tool_run(char *const *argv, int limit_s, char *ret_words, size_t cap, rg_err *err);

#endif
