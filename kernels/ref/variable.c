/* variable.c: resource variables: values that one inference leaves to the next. In a graph each is
 * a variable tensor; reading copies it out, assigning overwrites it in place (as svdf does with its
 * state). Handles and what runs once at load compute nothing: the reader has settled them. */
#include <string.h>

#include "kernels/ref/need.h"

typedef struct variable_params {
    const char *container, *shared_name;
    int64_t init_subgraph_index;
} variable_params;

static const rg_field fields[] = {
    {"container", RG_FIELD_TEXT, offsetof(variable_params, container), "", 0, 0, NULL, "",
     "where the source keeps the variable"},
    {"shared_name", RG_FIELD_TEXT, offsetof(variable_params, shared_name), "", 0, 0, NULL, "",
     "the variable's name in the source"},
    {"init_subgraph_index", RG_FIELD_INT, offsetof(variable_params, init_subgraph_index), "0",
     INT32_MIN, INT32_MAX, NULL, "", "the source's part that gives first values"},
    {0},
};

enum { VARIABLE, VALUE };

static rg_status need_variable(const rg_op_call *call, rg_err *err) {
    rg_status status = rg_need_inputs(call, 1, err);
    if (status == RG_OK && !call->in[VARIABLE]->variable)
        status = rg_fail(err, RG_BAD_DATA, NULL, "%s of %s, which is no variable", call->op->kind,
                         call->in[VARIABLE]->name);
    return status;
}

static rg_status infer_nothing(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    (void)ret_out;
    if (call->n_in == 0)
        return RG_OK;
    return rg_fail(err, RG_BAD_DATA, NULL, "%s has inputs", call->op->kind);
}

static rg_status infer_read(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_status status = need_variable(call, err);
    if (status != RG_OK)
        return status;
    return rg_give_output(ret_out, call->in[VARIABLE]->dtype, &call->in[VARIABLE]->shape, err);
}

static rg_status infer_assign(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    (void)ret_out;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = need_variable(call, err);
    if (status != RG_OK)
        return status;
    const rg_tensor *to = call->in[VARIABLE], *value = call->in[VALUE];
    if (to->dtype != value->dtype || !rg_shape_equal(&to->shape, &value->shape))
        return rg_fail(err, RG_BAD_DATA, NULL, "%s is assigned a value of another form", to->name);
    return RG_OK;
}

static rg_work work_none(const rg_op_call *call) {
    (void)call;
    return (rg_work){0};
}

static rg_work work_copy(const rg_op_call *call) {
    uint64_t bytes = call->in[VARIABLE]->bytes;
    return (rg_work){.bytes_read = bytes, .bytes_written = bytes};
}

/* No tile: nothing is ever run. */
static size_t no_tiles(const rg_op_call *call) {
    (void)call;
    return 0;
}

static void run_nothing(const rg_op_call *call, const void *state, const void *const *in,
                        void *const *out, size_t first_tile, size_t last_tile) {
    (void)call, (void)state, (void)in, (void)out, (void)first_tile, (void)last_tile;
}

static void run_read(const rg_op_call *call, const void *state, const void *const *in,
                     void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    if (first_tile < last_tile)
        memcpy(out[0], in[VARIABLE], call->in[VARIABLE]->bytes);
}

/* The variable is an input to the graph and is written here. */
static void run_assign(const rg_op_call *call, const void *state, const void *const *in,
                       void *const *out, size_t first_tile, size_t last_tile) {
    (void)state, (void)out;
    if (first_tile < last_tile)
        memmove((void *)(uintptr_t)in[VARIABLE], in[VALUE], call->in[VARIABLE]->bytes);
}

/* One operator a row: name, which is its kind too, sentence, inputs, outputs. */
#define ROW(id, text, inputs, outputs, ...)                                                        \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = #id,                                                         \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_ANY,                                                  \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_ANY,                                                 \
                              .params = fields,                                                    \
                              .params_size = sizeof(variable_params),                              \
                              .min_in = inputs,                                                    \
                              .max_in = inputs,                                                    \
                              .n_out = outputs,                                                    \
                              __VA_ARGS__}

ROW(call_once, "First values of variables, set at load", 0, 0, .infer = infer_nothing,
    .work = work_none, .tiles = no_tiles, .run = run_nothing);
ROW(var_handle, "Name of a variable", 0, 1, .infer = infer_nothing, .work = work_none,
    .tiles = no_tiles, .run = run_nothing);
ROW(read_variable, "A variable's value", 1, 1, .infer = infer_read, .work = work_copy,
    .run = run_read);
ROW(assign_variable, "A variable's new value", 2, 0, .infer = infer_assign, .work = work_copy,
    .run = run_assign);
