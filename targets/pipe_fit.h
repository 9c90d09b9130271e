/* pipe_fit.h: whether a cell's settings, its model and a program behind the pipe go together. */
#ifndef RG_TARGETS_PIPE_FIT_H
#define RG_TARGETS_PIPE_FIT_H

#include "targets/pipe_talk.h"

/* RG_UNSUPPORTED for cores to pin to, and for a batch that the model was not made for. */
rg_status rg_pipe_fits_settings(const rg_graph *graph, const rg_settings *settings, rg_err *err);

/* RG_UNSUPPORTED naming the first tensor whose type or size is another for the program than for the
 * model. */
rg_status rg_pipe_fits_model(const rg_talk *talk, const rg_graph *graph, rg_err *err);

#endif
