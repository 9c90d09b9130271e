/* nest.c: nested loops found by moving element numbers; see nest.h. */
#include "kernels/each/nest.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/each/fake.h"
#include "kernels/ref/need.h"

/* A call on int32 numbers; 0 is the border, input i's elements follow those of input i - 1. */
typedef struct numbers {
    rg_op_call call;
    rg_tensor in[RG_NEST_INPUTS], out[RG_NEST_OUTPUTS];
    const rg_tensor *ins[RG_NEST_INPUTS], *outs[RG_NEST_OUTPUTS];
    const void *data[RG_NEST_INPUTS];
    void *moved[RG_NEST_OUTPUTS];
    size_t start[RG_NEST_INPUTS + 1]; /* number of the first element of each input, less one */
    uint32_t n_in, first_in, last_in;
} numbers;

static void numbers_free(numbers *n) {
    for (uint32_t i = n->first_in; i < n->last_in; i++)
        free((void *)n->data[i]);
    for (uint32_t o = 0; o < n->call.n_out; o++)
        free(n->moved[o]);
}

static rg_tensor as_numbers(const rg_tensor *t) {
    rg_tensor numbered = *t;
    numbered.dtype = RG_DTYPE_INT32;
    numbered.bytes = rg_elements(t) * sizeof(int32_t);
    return numbered;
}

/* The value of a pad's border, its third input, is the number 0. */
static const int32_t border_number = 0;

static bool number_inputs(const rg_op_call *call, numbers *n) {
    int32_t next = 0;
    for (uint32_t i = 0; i < call->n_in; i++) {
        bool moves = i >= n->first_in && i < n->last_in;
        n->start[i] = (size_t)next;
        n->in[i] = *call->in[i];
        n->data[i] = call->in[i]->data;
        n->ins[i] = &n->in[i];
        if (i == 2 && !strcmp(call->op->kind, "pad")) {
            n->in[i] = as_numbers(call->in[i]);
            n->data[i] = &border_number;
        }
        if (!moves)
            continue;
        n->in[i] = as_numbers(call->in[i]);
        int32_t *data = malloc(n->in[i].bytes + 1);
        n->data[i] = data;
        for (size_t k = 0; data && k < rg_elements(call->in[i]); k++)
            data[k] = ++next;
        if (!data)
            return false;
    }
    n->start[call->n_in] = (size_t)next;
    return true;
}

static bool number_outputs(const rg_op_call *call, numbers *n) {
    for (uint32_t o = 0; o < call->n_out; o++) {
        n->out[o] = as_numbers(call->out[o]);
        n->outs[o] = &n->out[o];
        n->moved[o] = calloc(1, n->out[o].bytes + 1);
        if (!n->moved[o])
            return false;
    }
    return true;
}

/* The pairs of one input and one output, in the order of the output. */
static size_t pairs_of(const numbers *n, uint32_t in, uint32_t out, uint32_t *from, uint32_t *to) {
    const int32_t *moved = n->moved[out];
    size_t count = 0, first = n->start[in], last = n->start[in + 1];
    for (size_t k = 0; k < rg_elements(&n->out[out]); k++) {
        size_t number = (size_t)moved[k];
        if (number > first && number <= last) {
            from[count] = (uint32_t)(number - first - 1);
            to[count++] = (uint32_t)k;
        }
    }
    return count;
}

/* How often pairs go on by the same steps from one block to the next, at most `most` times, in
 * whole parts of `most`. */
static size_t repeats(const uint32_t *from, const uint32_t *to, size_t block, size_t most,
                      ptrdiff_t step_from, ptrdiff_t step_to) {
    size_t n = 1;
    while (n < most && from[n * block] - from[0] == (uint32_t)((ptrdiff_t)n * step_from) &&
           to[n * block] - to[0] == (uint32_t)((ptrdiff_t)n * step_to))
        n++;
    while (most % n)
        n--;
    return n;
}

/* Walks the loops as they will run, innermost first, and compares with every pair. */
static bool holds(const rg_nest *nest, const uint32_t *from, const uint32_t *to, size_t pairs) {
    size_t at[RG_NEST_LEVELS] = {0}, at_from = nest->from, at_to = nest->to;
    for (size_t k = 0; k < pairs; k++) {
        if (at_from != from[k] || at_to != to[k])
            return false;
        for (uint32_t l = 0; l < nest->levels; l++) {
            at_from += (size_t)nest->step_from[l];
            at_to += (size_t)nest->step_to[l];
            if (++at[l] < nest->count[l])
                break;
            at_from -= (size_t)((ptrdiff_t)nest->count[l] * nest->step_from[l]);
            at_to -= (size_t)((ptrdiff_t)nest->count[l] * nest->step_to[l]);
            at[l] = 0;
        }
    }
    return true;
}

static bool nest_of(const uint32_t *from, const uint32_t *to, size_t pairs, rg_nest *ret) {
    ret->from = from[0];
    ret->to = to[0];
    for (size_t block = 1; block < pairs; ret->levels++) {
        uint32_t l = ret->levels;
        if (l == RG_NEST_LEVELS)
            return false;
        ret->step_from[l] = (ptrdiff_t)from[block] - (ptrdiff_t)from[0];
        ret->step_to[l] = (ptrdiff_t)to[block] - (ptrdiff_t)to[0];
        ret->count[l] = repeats(from, to, block, pairs / block, ret->step_from[l], ret->step_to[l]);
        if (ret->count[l] == 1)
            return false;
        block *= ret->count[l];
    }
    return holds(ret, from, to, pairs);
}

static bool find_all(const numbers *n, rg_nests *ret, uint32_t *from, uint32_t *to) {
    for (uint32_t o = 0; o < n->call.n_out; o++) {
        size_t given = 0;
        for (uint32_t i = n->first_in; i < n->last_in; i++) {
            rg_nest *nest = &ret->nest[ret->n];
            size_t pairs = pairs_of(n, i, o, from, to);
            given += pairs;
            nest->in = i;
            nest->out = o;
            if (pairs && !nest_of(from, to, pairs, nest))
                return false;
            ret->n += pairs > 0;
        }
        ret->borders |= given < rg_elements(&n->out[o]);
    }
    return true;
}

static size_t most_elements(const rg_op_call *call) {
    size_t most = 0;
    for (uint32_t o = 0; o < call->n_out; o++)
        most = rg_elements(call->out[o]) > most ? rg_elements(call->out[o]) : most;
    return most;
}

rg_status rg_nests_find(const rg_op_call *call, uint32_t first_in, uint32_t last_in,
                        rg_nests *ret_nests, rg_err *err) {
    numbers n = {.call = *call, .first_in = first_in, .last_in = last_in};
    uint32_t *pairs = NULL;
    size_t most = most_elements(call);
    rg_status status = RG_NO_MEMORY;
    n.call.in = n.ins;
    n.call.out = n.outs;
    memset(ret_nests, 0, sizeof *ret_nests);
    if (number_inputs(call, &n) && number_outputs(call, &n))
        pairs = malloc((2 * most + 1) * sizeof *pairs);
    if (pairs) {
        n.call.op->run(&n.call, NULL, n.data, n.moved, 0,
                       call->op->tiles ? call->op->tiles(call) : 1);
        ret_nests->found = find_all(&n, ret_nests, pairs, pairs + most);
        status = RG_OK;
    } else {
        rg_fail(err, RG_NO_MEMORY, NULL, "%s: no memory to find its moves", call->op->name);
    }
    free(pairs);
    numbers_free(&n);
    return status;
}
