/* onnx_sums.c: sums of absolute values, squares and exponentials over dimensions, and the mean of
 * several tensors: a reduction of ours with steps before and behind it. */
#include <string.h>

#include "models/onnx_build.h"

typedef struct row {
    const char *word, *before, *behind; /* NULL: nothing */
} row;
static const row rows[] = {
    {"l1", "abs", NULL},      {"l2", "square", "sqrt"},      {"sum_square", "square", NULL},
    {"log_sum", NULL, "log"}, {"log_sum_exp", "exp", "log"},
};

static const row *row_of(const char *word) {
    size_t i = 0;
    while (i + 1 < sizeof rows / sizeof rows[0] && strcmp(rows[i].word, word))
        i++;
    return &rows[i];
}

/* The sum of the prepared elements as a value of its own; NULL: it could not be. */
static rg_onnx_value *summed(rg_onnx *r, const rg_onnx_node *node, const rg_onnx_form *form,
                             int32_t t, rg_status *ret) {
    rg_onnx_value *each = rg_onnx_new_value(r), *sum = rg_onnx_new_value(r);
    int32_t *in = rg_arena_array(r->graph->arena, node->n_in, sizeof *in);
    if (!each || !sum || !in)
        return *ret = rg_onnx_no_memory(r), NULL;
    int32_t out = (int32_t)(sum - r->values);
    rg_onnx_define(r, each, RG_DTYPE_FLOAT32, t, &form->order);
    memcpy(in, node->in, node->n_in * sizeof *in);
    in[0] = (int32_t)(each - r->values);
    rg_onnx_node plain = *node;
    plain.in = in;
    plain.out = &out;
    plain.n_out = 1;
    *ret = rg_onnx_reduce(r, &plain, "sum");
    return *ret == RG_OK ? sum : NULL;
}

rg_status rg_onnx_reduce_more(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0);
    const row *how = row_of(word);
    rg_status status = RG_OK;
    if (x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(x->dtype));
    rg_onnx_form form = rg_onnx_first(x);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    int32_t t = rg_onnx_get(r, x, &form.order, RG_DTYPE_FLOAT32), largest = 0;
    bool shifts = how->before && !strcmp(how->before, "exp"); /* by the largest: none overflows */
    if (shifts) {
        largest = rg_onnx_reduced(r, "reduce_max", t, (1u << x->shape.rank) - 1);
        t = rg_onnx_pair(r, "sub", t, largest);
    }
    if (how->before)
        t = rg_onnx_each(r, how->before, t);
    rg_onnx_value *sum = summed(r, node, &form, t, &status);
    if (!sum)
        return status;
    rg_onnx_form after = rg_onnx_first(sum);
    t = rg_onnx_get(r, sum, &after.order, RG_DTYPE_FLOAT32);
    if (how->behind)
        t = rg_onnx_each(r, how->behind, t);
    if (shifts && r->status == RG_OK) {
        rg_shape scalar = {0};
        t = rg_onnx_pair(r, "add", t, rg_onnx_view(r, largest, &scalar));
    }
    rg_onnx_finish(r, &end, t, &after.order);
    return r->status;
}

/* The sum of all divided by their number. */
rg_status rg_onnx_mean_of(rg_onnx *r, rg_onnx_node *node, const char *word) {
    rg_onnx_value *x = rg_onnx_in(r, node, 0), *sum = rg_onnx_new_value(r);
    (void)word;
    if (!sum)
        return r->status;
    if (x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(x->dtype));
    int32_t out = (int32_t)(sum - r->values);
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    rg_onnx_node plain = *node;
    plain.out = &out;
    rg_status status = rg_onnx_binary(r, &plain, "add");
    if (status != RG_OK)
        return status;
    rg_onnx_form form = rg_onnx_first(sum);
    int32_t t = rg_onnx_get(r, sum, &form.order, RG_DTYPE_FLOAT32);
    rg_onnx_finish(r, &end, rg_onnx_with(r, "div", t, node->n_in), &form.order);
    return r->status;
}
