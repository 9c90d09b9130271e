/* pipe_fit.c: whether what is asked, the model and the program go together (pipe_fit.h). */
#include "targets/pipe_fit.h"

rg_status rg_pipe_fits_settings(const rg_graph *graph, const rg_settings *settings, rg_err *err) {
    const rg_tensor *first = graph->n_in ? &graph->tensors[graph->in[0]] : NULL;
    if (*settings->cores)
        return rg_fail(err, RG_UNSUPPORTED, "pin the program itself: command = {\"taskset\", ...}",
                       "cores of another program cannot be chosen here");
    if (settings->batch > 1 &&
        (!first || !first->shape.rank || first->shape.dim[0] != (int32_t)settings->batch))
        return rg_fail(err, RG_UNSUPPORTED, "take a model that was made for this batch",
                       "a request carries one sample of this model, not %u", settings->batch);
    return RG_OK;
}

static rg_status check_tensors(const rg_graph *graph, const int32_t *numbers, uint32_t n,
                               const rg_talk_tensor *told, uint32_t n_told, const char *side,
                               rg_err *err) {
    static const char advice[] = "give the program the artefact that was made from this model";
    if (n != n_told)
        return rg_fail(err, RG_UNSUPPORTED, advice, "the program has %u %ss, the model %u", n_told,
                       side, n);
    for (uint32_t i = 0; i < n; i++) {
        const rg_tensor *tensor = &graph->tensors[numbers[i]];
        char ours[64], theirs[64];
        rg_shape_text(&tensor->shape, ours, sizeof ours);
        rg_shape_text(&told[i].shape, theirs, sizeof theirs);
        if (tensor->dtype != told[i].dtype || tensor->bytes != told[i].bytes)
            return rg_fail(
                err, RG_UNSUPPORTED, advice, "%s %u is %s %s for the program, %s %s for the model",
                side, i, rg_dtype_word(told[i].dtype), theirs, rg_dtype_word(tensor->dtype), ours);
    }
    return RG_OK;
}

rg_status rg_pipe_fits_model(const rg_talk *talk, const rg_graph *graph, rg_err *err) {
    rg_status status =
        check_tensors(graph, graph->in, graph->n_in, talk->in, talk->n_in, "input", err);
    if (status == RG_OK)
        status =
            check_tensors(graph, graph->out, graph->n_out, talk->out, talk->n_out, "output", err);
    return status;
}
