/* run_bundle.h: between the supervisor and the bundle: rounds go in as they come, records are
 * derived when the run ends. Used by run.c. */
#ifndef RG_CMD_RUN_BUNDLE_H
#define RG_CMD_RUN_BUNDLE_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/result/bundle.h"
#include "bench/run/supervisor.h"

/* A sink that writes into `bundle`; progress is left for the caller to set. */
rg_sink rg_bundle_sink(rg_bundle *bundle);

/* Derives every cell's record from the rounds on disk and writes records.jsonl; with `complete` the
 * manifest too. */
rg_status rg_bundle_conclude(rg_bundle *bundle, bool complete, rg_err *err);

#endif
