/* ort_ends.c: inputs and outputs: what the runtime says of them, memory of ours bound to them, and
 * one request. */
#include <string.h>

#include "bench/core/clock.h"
#include "targets/ort_session.h"

/* --- what they are ---------------------------------------------------------------------------- */

/* The calls of one side. */
typedef struct side {
    const char *word; /* "input" */
    void *(*count)(const void *session, size_t *ret);
    void *(*name)(const void *session, size_t i, void *allocator, char **ret);
    void *(*info)(const void *session, size_t i, void **ret);
    const int32_t *tensors; /* of the source graph */
    uint32_t n;
} side;

static rg_status read_name(rg_program *p, const side *s, size_t i, void *allocator, rg_ort_end *end,
                           rg_err *err) {
    const rg_ort *ort = p->session->ort;
    char *name = NULL;
    rg_status status = rg_ort_check(ort, s->name(p->handle, i, allocator, &name), "naming", err);
    if (status != RG_OK)
        return status;
    end->name = rg_arena_strdup(p->arena, name);
    rg_ort_check(ort, ort->AllocatorFree(allocator, name), "freeing a name", NULL);
    return end->name ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
}

/* Type and dimensions; those that are open stay -1. */
static rg_status read_info(rg_program *p, const side *s, size_t i, rg_ort_end *end, rg_err *err) {
    const rg_ort *ort = p->session->ort;
    void *info = NULL;
    const void *tensor = NULL;
    rg_status status = rg_ort_check(ort, s->info(p->handle, i, &info), "asking a type", err);
    if (status == RG_OK)
        status =
            rg_ort_check(ort, ort->CastTypeInfoToTensorInfo(info, &tensor), "asking a type", err);
    if (status == RG_OK && !tensor)
        status = rg_fail(err, RG_UNSUPPORTED, "a model whose ends are tensors",
                         "%s %s of %s is no tensor", s->word, end->name, p->workload->name);
    if (status == RG_OK)
        status = rg_ort_check(ort, ort->GetTensorElementType(tensor, &end->type), "a type", err);
    if (status == RG_OK)
        status = rg_ort_check(ort, ort->GetDimensionsCount(tensor, &end->rank), "a rank", err);
    if (status == RG_OK && end->rank > RG_MAX_RANK)
        status = rg_fail(err, RG_UNSUPPORTED, "a model of at most 6 dimensions",
                         "%s %s of %s has %zu dimensions", s->word, end->name, p->workload->name,
                         end->rank);
    if (status == RG_OK)
        status =
            rg_ort_check(ort, ort->GetDimensions(tensor, end->dims, end->rank), "a shape", err);
    if (info)
        ort->ReleaseTypeInfo(info);
    return status;
}

/* Dimensions that are still open are the source graph's; samples times the batch. */
static void close_dims(const rg_tensor *tensor, uint32_t repeat, rg_ort_end *end) {
    bool alike = tensor->shape.rank == end->rank;
    for (size_t i = 0; i < end->rank; i++) {
        if (end->dims[i] < 0)
            end->dims[i] = (alike ? tensor->shape.dim[i] : 1) * (i == 0 ? (int64_t)repeat : 1);
    }
}

static rg_status check_end(const rg_program *p, const side *s, const rg_tensor *tensor,
                           rg_ort_end *end, rg_err *err) {
    rg_dtype dtype;
    rg_shape shape = {.rank = (uint32_t)end->rank};
    char theirs[64], ours[64];
    close_dims(tensor, p->repeat, end);
    for (size_t i = 0; i < end->rank; i++)
        shape.dim[i] = end->dims[i] > INT32_MAX ? -1 : (int32_t)end->dims[i];
    if (!rg_ort_dtype(end->type, &dtype))
        return rg_fail(err, RG_UNSUPPORTED, "a model of numbers",
                       "%s %s of %s has elements of ONNX's type %d", s->word, end->name,
                       p->workload->name, end->type);
    rg_status status = rg_tensor_bytes(&shape, dtype, &end->bytes, err);
    if (status != RG_OK)
        return status;
    if (end->bytes == tensor->bytes * p->repeat && dtype == tensor->dtype)
        return RG_OK;
    rg_shape_text(&shape, theirs, sizeof theirs);
    rg_shape_text(&tensor->shape, ours, sizeof ours);
    return rg_fail(err, RG_UNSUPPORTED,
                   p->repeat > 1 ? "use batch 1, or a model that leaves its first dimension open"
                                 : "give the artefact that was made from this model",
                   "%s %s of %s is %s %s in the runtime, %s %s times %u in the source graph",
                   s->word, end->name, p->workload->name, rg_dtype_word(dtype), theirs,
                   rg_dtype_word(tensor->dtype), ours, p->repeat);
}

static rg_status read_side(rg_program *p, const side *s, rg_ort_ends *ret, rg_err *err) {
    const rg_ort *ort = p->session->ort;
    void *allocator = NULL;
    size_t n = 0;
    rg_status status =
        rg_ort_check(ort, ort->GetAllocatorWithDefaultOptions(&allocator), "an allocator", err);
    if (status == RG_OK)
        status = rg_ort_check(ort, s->count(p->handle, &n), "counting ends", err);
    if (status == RG_OK && (n != s->n || n > RG_MAX_IO))
        return rg_fail(err, RG_UNSUPPORTED, "give the artefact that was made from this model",
                       "the runtime's session has %zu %ss, the source graph of %s %u", n, s->word,
                       p->workload->name, s->n);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        rg_ort_end *end = &ret->items[i];
        status = read_name(p, s, i, allocator, end, err);
        if (status == RG_OK)
            status = read_info(p, s, i, end, err);
        if (status == RG_OK)
            status = check_end(p, s, &p->workload->graph->tensors[s->tensors[i]], end, err);
    }
    ret->n = (uint32_t)n;
    return status;
}

rg_status rg_ort_ends_read(rg_program *p, rg_err *err) {
    const rg_ort *ort = p->session->ort;
    const rg_graph *graph = p->workload->graph;
    side in = {"input",
               ort->SessionGetInputCount,
               ort->SessionGetInputName,
               ort->SessionGetInputTypeInfo,
               graph->in,
               graph->n_in};
    side out = {"output",
                ort->SessionGetOutputCount,
                ort->SessionGetOutputName,
                ort->SessionGetOutputTypeInfo,
                graph->out,
                graph->n_out};
    rg_status status = read_side(p, &in, &p->in, err);
    return status == RG_OK ? read_side(p, &out, &p->out, err) : status;
}

/* --- a request -------------------------------------------------------------------------------- */

/* Memory of the arena with a value of the runtime over it. */
static rg_status make_value(rg_program *p, const rg_ort_end *end, void **ret_data, void **ret_value,
                            rg_err *err) {
    const rg_ort *ort = p->session->ort;
    *ret_data = rg_arena_alloc(p->arena, end->bytes + 1);
    if (!*ret_data)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %s", end->name);
    void *said = ort->CreateTensorWithDataAsOrtValue(p->memory, *ret_data, end->bytes, end->dims,
                                                     end->rank, end->type, ret_value);
    return rg_ort_check(ort, said, "wrapping memory", err);
}

rg_status rg_ort_slot_make(rg_program *p, void *handle, rg_ort_slot *slot, rg_err *err) {
    const rg_ort *ort = p->session->ort;
    rg_status status =
        rg_ort_check(ort, ort->CreateIoBinding(handle, &slot->binding), "binding", err);
    slot->in_copy_ns = -1;
    for (uint32_t i = 0; status == RG_OK && i < p->in.n; i++) {
        status = make_value(p, &p->in.items[i], &slot->in_data[i], &slot->in[i], err);
        if (status == RG_OK)
            status =
                rg_ort_check(ort, ort->BindInput(slot->binding, p->in.items[i].name, slot->in[i]),
                             "binding an input", err);
    }
    for (uint32_t i = 0; status == RG_OK && i < p->out.n; i++) {
        status = make_value(p, &p->out.items[i], &slot->out_data[i], &slot->out[i], err);
        if (status == RG_OK)
            status = rg_ort_check(
                ort, ort->BindOutput(slot->binding, p->out.items[i].name, slot->out[i]),
                "binding an output", err);
    }
    return status;
}

void rg_ort_slot_free(const rg_ort *ort, rg_ort_slot *slot) {
    if (slot->binding)
        ort->ReleaseIoBinding(slot->binding);
    for (uint32_t i = 0; i < RG_MAX_IO; i++) {
        if (slot->in[i])
            ort->ReleaseValue(slot->in[i]);
        if (slot->out[i])
            ort->ReleaseValue(slot->out[i]);
    }
    *slot = (rg_ort_slot){0};
}

/* A provider with memory of its own takes inputs over when they are bound, and only then. */
static rg_status copy_inputs(const rg_program *p, rg_ort_slot *slot, rg_err *err) {
    const rg_ort *ort = p->session->ort;
    rg_status status = RG_OK;
    int64_t start = rg_clock_real_ns();
    for (uint32_t i = 0; status == RG_OK && i < p->in.n; i++)
        status = rg_ort_check(ort, ort->BindInput(slot->binding, p->in.items[i].name, slot->in[i]),
                              "inputs", err);
    if (status == RG_OK)
        status = rg_ort_check(ort, ort->SynchronizeBoundInputs(slot->binding), "inputs", err);
    slot->in_copy_ns = rg_clock_real_ns() - start;
    return status;
}

rg_status rg_ort_slot_run(const rg_program *p, void *handle, rg_ort_slot *slot, rg_err *err) {
    const rg_ort *ort = p->session->ort;
    bool device = rg_ort_choice_own_memory(&p->session->choice);
    rg_status status = device ? copy_inputs(p, slot, err) : RG_OK;
    if (status != RG_OK)
        return status;
    void *said = ort->RunWithBinding(handle, NULL, slot->binding);
    if (!said && device)
        said = ort->SynchronizeBoundOutputs(slot->binding);
    return said ? rg_ort_check(ort, said, "running", err) : RG_OK;
}
