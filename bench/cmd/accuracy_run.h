/* accuracy_run.h: what a finished run measured of the models that `railgauge accuracy` judges, so
 * that accuracy stands beside p95 and joules of the same bytes. */
#ifndef RG_CMD_ACCURACY_RUN_H
#define RG_CMD_ACCURACY_RUN_H

#include <jansson.h>

#include "bench/core/err.h"

/* The cells of a bundle that ran the file `model`, and those of its twin (NULL: none), told by the
 * SHA-256 of the bytes: {"bundle", "finished", "cells": [{"of": "model" or "float", "cell",
 * "target", "status", "provenance", "pattern", "threads", "batch", "flags", "p95": figure in ns,
 * "energy": figure in uJ an inference with its U (k = 2) as interval, "energy_scope"}]}. A new
 * reference. Errors of rg_bundle_open; RG_USAGE when no cell ran the model. */
rg_status rg_accuracy_measured(const char *bundle, const char *model, const char *twin,
                               json_t **ret_measured, rg_err *err);

/* Prints it as text. */
void rg_accuracy_print_measured(const json_t *measured);

#endif
