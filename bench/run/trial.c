/* trial.c: one kernel, one case, one placement. */
#include "bench/run/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PIECES = 24 };

static rg_status no_memory(rg_err *err) {
    return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for a trial");
}

/* --- truth ------------------------------------------------------------------------------------ */

/* Inputs and outputs of invocation `run`. */
static void *const *in_of(const rg_truth *truth, uint32_t run) {
    return run ? truth->later[run - 1].in : truth->in;
}
static void *const *out_of(const rg_truth *truth, uint32_t run) {
    return run ? truth->later[run - 1].out : truth->out;
}

/* Memory of every tensor of one invocation; constants are where the graph has them, variables are
 * the first one's. */
static rg_status place_run(const rg_made_case *made, rg_truth *truth, uint32_t run, rg_err *err) {
    void **in = run ? truth->later[run - 1].in : truth->in;
    void **out = run ? truth->later[run - 1].out : truth->out;
    for (uint32_t i = 0; i < made->call->n_in; i++) {
        bool first = rg_made_case_is_variable(made, i) && run == 0;
        if ((rg_made_case_is_input(made, i) || first) &&
            !(in[i] = rg_arena_alloc(truth->arena, made->call->in[i]->bytes)))
            return no_memory(err);
        if (first && !(truth->kept[i] = rg_arena_alloc(truth->arena, made->call->in[i]->bytes)))
            return no_memory(err);
    }
    for (uint32_t i = 0; i < made->call->n_out; i++) {
        if (!(out[i] = rg_arena_alloc(truth->arena, made->call->out[i]->bytes)))
            return no_memory(err);
    }
    return RG_OK;
}

static rg_status compute_truth(const rg_made_case *made, const rg_truth *truth, rg_err *err) {
    const rg_op_call *call = made->call;
    const rg_op *op = call->op;
    void *state = NULL;
    if (op->state_bytes) {
        state = rg_arena_alloc(truth->arena, op->state_bytes(call));
        rg_status status = state ? op->prepare(call, state, err) : no_memory(err);
        if (status != RG_OK)
            return status;
    }
    for (uint32_t i = 0; i < call->n_in; i++) {
        if (truth->kept[i])
            memcpy(truth->kept[i], truth->in[i], call->in[i]->bytes);
    }
    for (uint32_t run = 0; run < rg_made_case_runs(made); run++) {
        const void *in[RG_CASE_TENSORS];
        void *out[RG_CASE_TENSORS];
        memcpy(out, out_of(truth, run), sizeof out);
        for (uint32_t i = 0; i < call->n_in; i++) {
            const void *given = truth->kept[i] ? truth->kept[i] : in_of(truth, run)[i];
            in[i] = given ? given : call->in[i] ? call->in[i]->data : NULL;
        }
        op->run(call, state, in, out, 0, op->tiles ? op->tiles(call) : 1);
    }
    return RG_OK;
}

rg_status rg_truth_make(const rg_made_case *made, rg_fill fill, uint64_t seed, rg_truth *ret_truth,
                        rg_err *err) {
    rg_truth truth = {.fill = fill, .arena = rg_arena_new(0)};
    rg_rng rng = rg_rng_seeded(seed);
    rg_status status = truth.arena ? RG_OK : no_memory(err);
    for (uint32_t run = 0; status == RG_OK && run < rg_made_case_runs(made); run++) {
        status = place_run(made, &truth, run, err);
        for (uint32_t i = 0; status == RG_OK && i < made->call->n_in; i++) {
            if (in_of(&truth, run)[i])
                rg_made_case_fill(made, i, fill, &rng, in_of(&truth, run)[i]);
        }
    }
    if (status == RG_OK)
        status = compute_truth(made, &truth, err);
    if (status != RG_OK)
        rg_truth_free(&truth);
    else
        *ret_truth = truth;
    return status;
}

void rg_truth_free(rg_truth *truth) {
    rg_arena_free(truth->arena);
    *truth = (rg_truth){0};
}

/* --- memory ----------------------------------------------------------------------------------- */

void rg_trial_memory_free(rg_trial_memory *memory) {
    for (int i = 0; i < RG_CASE_TENSORS; i++) {
        rg_fence_free(&memory->in[i]);
        rg_fence_free(&memory->out[i]);
    }
    rg_fence_free(&memory->packed);
    rg_fence_free(&memory->scratch);
}

/* Calls `see` with each buffer and its name until it returns true. */
static bool any_fence(const rg_trial_memory *memory,
                      bool (*see)(const rg_fence *, const char *name, void *user), void *user) {
    char name[32];
    for (int i = 0; i < RG_CASE_TENSORS; i++) {
        snprintf(name, sizeof name, "input %d", i);
        if (see(&memory->in[i], name, user))
            return true;
        snprintf(name, sizeof name, "output %d", i);
        if (see(&memory->out[i], name, user))
            return true;
    }
    return see(&memory->packed, "packed", user) || see(&memory->scratch, "scratch", user);
}

/* "5 bytes before output 0 (40 bytes)" */
static void tell_place(const rg_fence *fence, const char *name, ptrdiff_t offset, char *ret,
                       size_t cap) {
    ptrdiff_t end = (ptrdiff_t)fence->bytes;
    if (offset < 0)
        snprintf(ret, cap, "%td bytes before %s (%td bytes)", -offset, name, end);
    else if (offset >= end)
        snprintf(ret, cap, "byte %td behind %s (%td bytes)", offset - end, name, end);
    else
        snprintf(ret, cap, "byte %td of %s (%td bytes)", offset, name, end);
}

typedef struct sought {
    const void *address;
    char *ret;
    size_t cap;
} sought;

static bool holds(const rg_fence *fence, const char *name, void *user) {
    const sought *s = user;
    ptrdiff_t offset;
    if (!rg_fence_holds(fence, s->address, &offset))
        return false;
    tell_place(fence, name, offset, s->ret, s->cap);
    return true;
}

static bool broken(const rg_fence *fence, const char *name, void *user) {
    const sought *s = user;
    ptrdiff_t offset;
    if (!rg_fence_broken(fence, &offset))
        return false;
    tell_place(fence, name, offset, s->ret, s->cap);
    return true;
}

bool rg_trial_memory_tell(const rg_trial_memory *memory, const void *address, char *ret,
                          size_t cap) {
    sought s = {address, ret, cap};
    return any_fence(memory, holds, &s);
}

/* --- one trial -------------------------------------------------------------------------------- */

/* All that belongs to one trial in the making. */
typedef struct stage {
    const rg_trial *trial;
    rg_trial_memory *memory;
    rg_op_call call; /* the case's, with constants in fenced memory */
    rg_tensor tensors[RG_CASE_TENSORS];
    const rg_tensor *in_tensors[RG_CASE_TENSORS];
    const void *in[RG_CASE_TENSORS];
    void *out[RG_CASE_TENSORS];
    unsigned char canary;
    rg_rng rng;
} stage;

static size_t alignment_of(const rg_tensor *t) {
    size_t bytes = rg_dtype_bits(t->dtype) / 8;
    return bytes > 0 && bytes <= 8 ? bytes : 1;
}

/* Inputs and constants go into fenced memory that cannot be written, variables into such as can. */
static rg_status place_inputs(stage *s, rg_err *err) {
    const rg_op_call *from = s->trial->made->call;
    for (uint32_t i = 0; i < from->n_in; i++) {
        const rg_tensor *t = from->in[i];
        s->in_tensors[i] = NULL;
        s->in[i] = NULL;
        if (!t)
            continue;
        rg_fence *fence = &s->memory->in[i];
        if (!rg_fence_place(fence, s->trial->place, t->bytes, alignment_of(t)))
            return no_memory(err);
        memcpy(fence->data, t->data ? t->data : s->trial->truth->in[i], t->bytes);
        rg_fence_protect(fence, !t->variable);
        s->tensors[i] = *t;
        s->tensors[i].data = t->data ? fence->data : NULL;
        s->in_tensors[i] = &s->tensors[i];
        s->in[i] = fence->data;
    }
    s->call = *from;
    s->call.in = s->in_tensors;
    return RG_OK;
}

/* The inputs of a later invocation in their places; variables stay as they are. */
static void change_inputs(stage *s, uint32_t run) {
    for (uint32_t i = 0; i < s->call.n_in; i++) {
        const void *given = in_of(s->trial->truth, run)[i];
        if (!given || s->call.in[i]->variable)
            continue;
        rg_fence_protect(&s->memory->in[i], false);
        memcpy(s->memory->in[i].data, given, s->call.in[i]->bytes);
        rg_fence_protect(&s->memory->in[i], true);
    }
    for (uint32_t i = 0; i < s->call.n_out; i++)
        memset(s->out[i], s->canary, s->call.out[i]->bytes);
}

static rg_status place_outputs(stage *s, rg_err *err) {
    for (uint32_t i = 0; i < s->call.n_out; i++) {
        const rg_tensor *t = s->call.out[i];
        rg_fence *fence = &s->memory->out[i];
        if (!rg_fence_place(fence, s->trial->place, t->bytes, alignment_of(t)))
            return no_memory(err);
        memset(fence->data, s->canary, t->bytes);
        s->out[i] = fence->data;
    }
    return RG_OK;
}

/* Packed weights of a kernel, or the reference's state; read-only from then on. */
static rg_status pack(stage *s, rg_err *err) {
    const rg_kernel *kernel = s->trial->kernel;
    const rg_op *op = s->call.op;
    size_t (*size)(const rg_op_call *) = kernel ? kernel->packed_bytes : op->state_bytes;
    rg_status (*make)(const rg_op_call *, void *, rg_err *) = kernel ? kernel->pack : op->prepare;
    size_t bytes = size ? size(&s->call) : 0;
    if (!rg_fence_place(&s->memory->packed, s->trial->place, bytes, 64))
        return no_memory(err);
    memset(s->memory->packed.data, 0, bytes);
    rg_status status = make ? make(&s->call, s->memory->packed.data, err) : RG_OK;
    rg_fence_protect(&s->memory->packed, true);
    return status;
}

static rg_status place_scratch(stage *s, rg_err *err) {
    const rg_kernel *kernel = s->trial->kernel;
    size_t bytes = kernel && kernel->scratch_bytes ? kernel->scratch_bytes(&s->call) : 0;
    return rg_fence_place(&s->memory->scratch, s->trial->place, bytes, 64) ? RG_OK : no_memory(err);
}

/* Borders of `n` pieces of [0, tiles), sorted; returns n, which is at most tiles. */
static size_t cut(size_t tiles, rg_rng *rng, size_t *ret_border) {
    static const uint32_t wanted[] = {1, 2, 3, MOST_PIECES};
    size_t n = wanted[rg_rng_below(rng, 4)], made = 0;
    if (n > tiles)
        n = tiles;
    ret_border[0] = 0;
    for (size_t i = 1; i < n; i++) {
        size_t first = ret_border[made] + 1, last = tiles - (n - i);
        size_t room = 2 * (tiles / n) + 1, span = last - first + 1 < room ? last - first + 1 : room;
        ret_border[++made] = first + rg_rng_below(rng, (uint32_t)span);
    }
    ret_border[n] = tiles;
    return n;
}

static void shuffle(size_t *order, size_t n, rg_rng *rng) {
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = rg_rng_below(rng, (uint32_t)i), keep = order[j];
        order[j] = order[i - 1];
        order[i - 1] = keep;
    }
}

/* Each piece as if on a thread of its own: its scratch holds rubbish. */
static void run_piece(stage *s, size_t first, size_t last) {
    const rg_kernel *kernel = s->trial->kernel;
    rg_fence *scratch = &s->memory->scratch;
    memset(scratch->data, rg_rng_below(&s->rng, 2) ? 0xFF : 0x7E, scratch->bytes);
    if (kernel)
        kernel->run(&s->call, s->memory->packed.data, s->in, s->out, first, last, scratch->data);
    else
        s->call.op->run(&s->call, s->memory->packed.data, s->in, s->out, first, last);
}

static void run_pieces(stage *s, char *ret_how, size_t cap) {
    const rg_kernel *kernel = s->trial->kernel;
    size_t (*count)(const rg_op_call *) = kernel ? kernel->tiles : s->call.op->tiles;
    size_t tiles = count ? count(&s->call) : 1, border[MOST_PIECES + 1], order[MOST_PIECES];
    size_t n = cut(tiles, &s->rng, border);
    int used = snprintf(ret_how, cap, "%zu tile%s:", tiles, tiles == 1 ? "" : "s");
    shuffle(order, n, &s->rng);
    for (size_t i = 0; i < n && used < (int)cap; i++)
        used += snprintf(ret_how + used, cap - (size_t)used, " %zu-%zu", border[order[i]],
                         border[order[i] + 1]);
    for (size_t i = 0; i < n; i++)
        run_piece(s, border[order[i]], border[order[i] + 1]);
}

/* --- comparing -------------------------------------------------------------------------------- */

static void tell_value(rg_dtype dtype, const unsigned char *at, char *ret, size_t cap) {
    float f;
    int16_t s16;
    int32_t s32;
    uint32_t bits;
    memcpy(&bits, at, dtype == RG_DTYPE_FLOAT32 ? sizeof bits : 1);
    if (dtype == RG_DTYPE_FLOAT32) {
        memcpy(&f, at, sizeof f);
        snprintf(ret, cap, "%.9g (0x%08x)", (double)f, bits);
    } else if (dtype == RG_DTYPE_INT8) {
        snprintf(ret, cap, "%d", *(const int8_t *)at);
    } else if (dtype == RG_DTYPE_INT16) {
        memcpy(&s16, at, sizeof s16);
        snprintf(ret, cap, "%d", s16);
    } else if (dtype == RG_DTYPE_INT32) {
        memcpy(&s32, at, sizeof s32);
        snprintf(ret, cap, "%d", (int)s32);
    } else {
        snprintf(ret, cap, rg_dtype_bits(dtype) == 8 ? "%u" : "byte 0x%02x", *at);
    }
}

/* "(0,3,1,7)" of element `index`. */
static void tell_position(const rg_shape *shape, size_t index, char *ret, size_t cap) {
    size_t at[RG_MAX_RANK] = {0};
    for (uint32_t d = shape->rank; d-- > 0;) {
        at[d] = index % (size_t)shape->dim[d];
        index /= (size_t)shape->dim[d];
    }
    int used = snprintf(ret, cap, "(");
    for (uint32_t d = 0; d < shape->rank && used < (int)cap; d++)
        used += snprintf(ret + used, cap - (size_t)used, d ? ",%zu" : "%zu", at[d]);
    if (used < (int)cap)
        snprintf(ret + used, cap - (size_t)used, ")");
}

static rg_status tell_difference(const stage *s, const rg_tensor *t, const char *name,
                                 const unsigned char *want, const unsigned char *got, size_t byte,
                                 rg_err *err) {
    size_t size = alignment_of(t), index = byte / size, n = 0;
    char expected[48], found[48], where[96], shape[96];
    bool untouched = true;
    for (size_t i = 0; i < size; i++)
        untouched &= got[index * size + i] == s->canary;
    for (size_t i = 0; i + size <= t->bytes; i += size)
        n += memcmp(want + i, got + i, size) != 0;
    tell_value(t->dtype, want + index * size, expected, sizeof expected);
    tell_value(t->dtype, got + index * size, found, sizeof found);
    tell_position(&t->shape, index, where, sizeof where);
    rg_shape_text(&t->shape, shape, sizeof shape);
    return rg_fail(err, RG_WRONG, NULL,
                   "%s element %zu %s of %s: expected %s, got %s%s; %zu of %zu differ", name, index,
                   where, shape, expected, found, untouched ? " (never written)" : "", n,
                   t->bytes / size);
}

/* One tensor against its truth. */
static rg_status compare_tensor(const stage *s, const rg_tensor *t, const char *word, uint32_t i,
                                uint32_t run, const void *want, const void *got, rg_err *err) {
    const unsigned char *w = want, *g = got;
    char name[48];
    size_t at = 0;
    if (!memcmp(w, g, t->bytes))
        return RG_OK;
    while (w[at] == g[at])
        at++;
    if (rg_made_case_runs(s->trial->made) > 1)
        snprintf(name, sizeof name, "%s %u of run %u", word, i, run + 1);
    else
        snprintf(name, sizeof name, "%s %u", word, i);
    return tell_difference(s, t, name, w, g, at, err);
}

/* Outputs of an invocation; behind the last one the variables too. */
static rg_status compare(const stage *s, uint32_t run, rg_err *err) {
    char where[96];
    sought s_broken = {NULL, where, sizeof where};
    rg_status status = RG_OK;
    bool last = run + 1 == rg_made_case_runs(s->trial->made);
    for (uint32_t o = 0; status == RG_OK && o < s->call.n_out; o++)
        status = compare_tensor(s, s->call.out[o], "output", o, run,
                                out_of(s->trial->truth, run)[o], s->out[o], err);
    for (uint32_t i = 0; status == RG_OK && last && i < s->call.n_in; i++) {
        if (s->trial->truth->kept[i])
            status = compare_tensor(s, s->call.in[i], "variable", i, run, s->trial->truth->kept[i],
                                    s->in[i], err);
    }
    if (status == RG_OK && any_fence(s->memory, broken, &s_broken))
        return rg_fail(err, RG_WRONG, NULL, "wrote %s", where);
    return status;
}

rg_status rg_trial_run(const rg_trial *trial, rg_trial_memory *memory, char *ret_how, size_t cap,
                       rg_err *err) {
    stage s = {.trial = trial, .memory = memory, .rng = rg_rng_seeded(trial->seed)};
    s.canary = rg_rng_below(&s.rng, 2) ? 0xA5 : 0x5A;
    snprintf(ret_how, cap, "packing");
    rg_status status = place_inputs(&s, err);
    if (status == RG_OK)
        status = place_outputs(&s, err);
    if (status == RG_OK)
        status = pack(&s, err);
    if (status == RG_OK)
        status = place_scratch(&s, err);
    if (status != RG_OK)
        return status;
    for (uint32_t run = 0; status == RG_OK && run < rg_made_case_runs(trial->made); run++) {
        if (run)
            change_inputs(&s, run);
        run_pieces(&s, ret_how, cap);
        status = compare(&s, run, err);
    }
    return status;
}
