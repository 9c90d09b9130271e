/* native.h: what the targets on this machine's own cores share: `cpu` everywhere, `neon` on
 * aarch64. Device descriptions in native_device.c, kernel sets in native_variant.c, sessions and
 * programs in native.c. */
#ifndef RG_TARGETS_NATIVE_H
#define RG_TARGETS_NATIVE_H

#include "bench/iface/exec.h"
#include "bench/iface/target.h"

/* Processor and cores as text: "2 cores (4 threads), Some CPU @ 2 GHz". */
void rg_native_describe(rg_root *root, char *ret, size_t cap);

/* Which kernels may run: a row per name. "fast": all that the CPU has and RAILGAUGE_ISA allows, the
 * default; "reference": the scalar operators as the graph stands; a level of isa.h: the kernels up
 * to it. */
typedef struct rg_native_variant {
    const char *name;
    bool reference;
    uint64_t isa_mask; /* as rg_exec_options has it */
} rg_native_variant;

/* RG_UNSUPPORTED for an unknown name, or a level that this CPU lacks or RAILGAUGE_ISA forbids;
 * RG_USAGE for a RAILGAUGE_ISA that cannot be read. `target` is for messages. */
rg_status rg_native_variant_find(const char *target, const char *name,
                                 rg_native_variant *ret_variant, rg_err *err);

/* The architecture this program was built for, as isa.h names it; "other" beyond those. */
const char *rg_native_architecture(void);

/* Own options of these targets, beside the common settings. */
typedef struct rg_native_options {
    bool fusion;
} rg_native_options;
extern const rg_field rg_native_fields[];

/* The interface of target.h, but for probe. */
rg_status rg_native_admits(const rg_device *device, const rg_workload *workload,
                           const rg_settings *settings, rg_err *err);
rg_status rg_native_open(const rg_device *device, const rg_settings *settings,
                         rg_session **ret_session, rg_err *err);
rg_status rg_native_load(rg_session *session, const rg_workload *workload, unsigned slots,
                         rg_program **ret_program, rg_err *err);
rg_status rg_native_bind(rg_program *program, unsigned slot, rg_io *ret_io);
rg_status rg_native_submit(rg_program *program, unsigned slot);
rg_status rg_native_wait_any(rg_session *session, int64_t deadline_ns, rg_done *ret_done);
rg_status rg_native_reset(rg_program *program);
rg_status rg_native_placement(rg_program *program, rg_placement *ret_placement);
void rg_native_usage(const rg_program *program, rg_memory *ret_memory);
rg_status rg_native_node(const rg_program *program, uint32_t node, rg_node_facts *ret_facts);
void rg_native_effective(const rg_program *program, char *ret, size_t cap);
void rg_native_unload(rg_program *program);
void rg_native_close(rg_session *session);

/* A target row: these share all but name, sentence and probe. */
#define RG_NATIVE_TARGET(label, sentence, how_to_probe)                                            \
    {                                                                                              \
        .name = label, .summary = sentence,                                                        \
        .caps = RG_TARGET_STATEFUL | RG_TARGET_EXACT | RG_TARGET_SHARED,                           \
        .options = rg_native_fields, .options_size = sizeof(rg_native_options),                    \
        .probe = how_to_probe, .admits = rg_native_admits, .open = rg_native_open,                 \
        .load = rg_native_load, .bind = rg_native_bind, .submit = rg_native_submit,                \
        .wait_any = rg_native_wait_any, .reset = rg_native_reset,                                  \
        .placement = rg_native_placement, .usage = rg_native_usage,                                \
        .effective = rg_native_effective, .node = rg_native_node, .unload = rg_native_unload,      \
        .close = rg_native_close,                                                                  \
    }

#endif
