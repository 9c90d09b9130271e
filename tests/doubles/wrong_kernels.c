/* wrong_kernels.c: the reference, spoilt. */
#include "tests/doubles/wrong_kernels.h"

#include <string.h>
#include <unistd.h>

#include "bench/iface/registry.h"

static size_t packed_bytes(const rg_op_call *call) {
    return (call->op->state_bytes(call) + 63) / 64 * 64;
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    return call->op->prepare(call, packed, err);
}

static size_t tiles(const rg_op_call *call) {
    return call->op->tiles(call);
}

static size_t scratch_bytes(const rg_op_call *call) {
    (void)call;
    return 64;
}

#define RUN(name)                                                                                  \
    static void name(const rg_op_call *call, const void *packed, const void *const *in,            \
                     void *const *out, size_t first, size_t last, void *scratch)
#define TRUTH() ((void)scratch, call->op->run(call, packed, in, out, first, last))

static volatile int sink;

RUN(right) {
    TRUTH();
}

/* The last output of the call, one off when it lies at a multiple of eight. */
RUN(rounds_once) {
    TRUTH();
    int8_t *at = (int8_t *)out[0] + call->out[0]->bytes - 1;
    if (last == tiles(call) && *at % 8 == 0)
        *at = (int8_t)(*at < 127 ? *at + 1 : *at);
}

RUN(reads_behind) {
    TRUTH();
    sink = ((const volatile int8_t *)in[0])[call->in[0]->bytes];
}

RUN(reads_before) {
    TRUTH();
    sink = ((const volatile int8_t *)in[1])[-1];
}

RUN(reads_packed) {
    TRUTH();
    sink = ((const volatile int8_t *)packed)[packed_bytes(call)];
}

RUN(writes_behind) {
    TRUTH();
    ((volatile int8_t *)out[0])[call->out[0]->bytes] = 1;
}

RUN(writes_input) {
    volatile int8_t *at = (volatile int8_t *)(uintptr_t)in[0];
    int8_t keep = *at;
    *at = (int8_t)(keep + 1);
    *at = keep;
    TRUTH();
}

RUN(writes_packed) {
    TRUTH();
    *(volatile int8_t *)(uintptr_t)packed = 1;
}

RUN(skips_tail) {
    int8_t *at = (int8_t *)out[0] + call->out[0]->bytes - 1, keep = *at;
    TRUTH();
    *at = keep;
}

RUN(first_only) {
    TRUTH();
    if (first > 0)
        *((int8_t *)out[0] + call->out[0]->bytes - 1) ^= 1;
}

RUN(keeps_scratch) {
    int8_t used = *(const int8_t *)scratch;
    TRUTH();
    *(int8_t *)out[0] = (int8_t)(*(int8_t *)out[0] + (first == 0 ? used : 0));
}

RUN(bad_opcode) {
    TRUTH();
    __builtin_trap();
}

RUN(hangs) {
    TRUTH();
    for (;;)
        sink++;
}

RUN(exits) {
    TRUTH();
    _exit(0);
}

RUN(low_input_only) {
    const int8_t *x = in[0];
    size_t n = 0;
    TRUTH();
    while (n < call->in[0]->bytes && x[n] == -128)
        n++;
    if (n == call->in[0]->bytes && n > 1 && first == 0)
        *(int8_t *)out[0] ^= 1;
}

#define DOUBLE(id)                                                                                 \
    const rg_kernel rg_double_##id = {                                                             \
        .name = #id,                                                                               \
        .op = "fully_connected_s8",                                                                \
        .isa = "scalar",                                                                           \
        .summary = "a double for tests",                                                           \
        .packed_bytes = packed_bytes,                                                              \
        .pack = pack,                                                                              \
        .tiles = tiles,                                                                            \
        .scratch_bytes = scratch_bytes,                                                            \
        .run = id,                                                                                 \
    };
DOUBLE(right)
DOUBLE(rounds_once)
DOUBLE(reads_behind)
DOUBLE(reads_before)
DOUBLE(reads_packed)
DOUBLE(writes_behind)
DOUBLE(writes_input)
DOUBLE(writes_packed)
DOUBLE(skips_tail)
DOUBLE(first_only)
DOUBLE(keeps_scratch)
DOUBLE(bad_opcode)
DOUBLE(hangs)
DOUBLE(exits)
DOUBLE(low_input_only)

/* The first element of the state is put back as it was. */
RUN(forgets_state) {
    float *state = (float *)(uintptr_t)in[4], before = state[0];
    TRUTH();
    (void)packed;
    state[0] = before;
}

const rg_kernel rg_double_forgets_state = {
    .name = "forgets_state",
    .op = "svdf_f32",
    .isa = "scalar",
    .summary = "a double for tests",
    .run = forgets_state,
};
