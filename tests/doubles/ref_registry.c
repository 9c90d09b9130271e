/* ref_registry.c: a registry for fuzzers: the reference operators and the model readers and nothing
 * else, so that a fuzzer is built of few files with instrumentation. No kernel suits any call. */
#include "bench/iface/registry.h"

#include <string.h>

#define RG_ROW(name) extern const rg_op rg_op_##name;
#include "registry_ops.inc"
#undef RG_ROW
#define RG_ROW(name) &rg_op_##name,
const rg_op *const rg_ops[] = {
#include "registry_ops.inc"
    NULL};
#undef RG_ROW

extern const rg_reader rg_reader_tflite;
const rg_reader *const rg_readers[] = {&rg_reader_tflite, NULL};

const rg_reader *rg_reader_for(const void *data, size_t bytes) {
    return rg_readers[0]->sniff(data, bytes) ? rg_readers[0] : NULL;
}

const rg_kernel *rg_kernel_for(const rg_op_call *call, uint64_t mask) {
    (void)call, (void)mask;
    return NULL;
}
