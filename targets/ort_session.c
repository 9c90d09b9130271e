/* ort_session.c: from a cell's settings to a session of the runtime. */
#include "targets/ort_session.h"

#include <stdio.h>
#include <string.h>

/* Setters of the runtime one after another: the first refusal stays. */
typedef struct setting {
    const rg_ort *ort;
    void *options;
    rg_status status;
    rg_err *err;
} setting;

static void did(setting *s, void *said, const char *doing) {
    rg_status status = rg_ort_check(s->ort, said, doing, s->status == RG_OK ? s->err : NULL);
    if (s->status == RG_OK)
        s->status = status;
}

static void configure(setting *s, const char *key, const char *value) {
    did(s, s->ort->AddSessionConfigEntry(s->options, key, value), key);
}

/* Entries that follow from the cell, then those that it names itself. */
static void set_config(setting *s, const rg_session *session, rg_arena *arena) {
    rg_ort_pairs own;
    const char *spin = session->spins ? "1" : "0";
    configure(s, "session.intra_op.allow_spinning", spin);
    configure(s, "session.inter_op.allow_spinning", spin);
    if (session->stays_off_cpu)
        configure(s, "session.disable_cpu_ep_fallback", "1");
    if (s->ort->GetGraphAssignment)
        configure(s, "session.record_ep_graph_assignment_info", "1");
    rg_status status = rg_ort_pairs_read(arena, "config", session->own.config, &own,
                                         s->status == RG_OK ? s->err : NULL);
    if (s->status == RG_OK)
        s->status = status;
    for (size_t i = 0; status == RG_OK && i < own.n; i++)
        configure(s, own.keys[i], own.values[i]);
}

static void set_deterministic(setting *s) {
    if (s->ort->SetDeterministicCompute)
        did(s, s->ort->SetDeterministicCompute(s->options, true), "asking for the same bits");
    else if (s->status == RG_OK)
        s->status = rg_fail(s->err, RG_UNSUPPORTED, "install ONNX Runtime 1.17 or newer",
                            "deterministic = true needs ONNX Runtime 1.17; this is %s",
                            s->ort->library.version);
}

static void set_plain(setting *s, const rg_session *session) {
    const rg_ort *ort = s->ort;
    const rg_ort_options *own = &session->own;
    did(s, ort->SetSessionLogSeverityLevel(s->options, own->log), "setting the log");
    did(s,
        ort->SetSessionGraphOptimizationLevel(s->options,
                                              rg_ort_optimization_levels[own->optimization]),
        "setting the optimization");
    did(s, ort->SetSessionExecutionMode(s->options, own->execution), "setting the execution");
    did(s, ort->SetIntraOpNumThreads(s->options, (int)session->settings.threads),
        "setting threads");
    did(s, ort->SetInterOpNumThreads(s->options, (int)own->inter_threads), "setting threads");
    if (!own->arena)
        did(s, ort->DisableCpuMemArena(s->options), "turning the arena off");
    if (!own->mem_pattern)
        did(s, ort->DisableMemPattern(s->options), "turning the memory pattern off");
    if (own->deterministic)
        set_deterministic(s);
}

/* What the file leaves open: samples by the batch, all else one, as our reader takes it. */
static void set_dims(setting *s, const rg_ort_file *file, uint32_t repeat) {
    for (uint32_t i = 0; i < file->n_dims; i++)
        did(s,
            s->ort->AddFreeDimensionOverrideByName(s->options, file->dims[i].name,
                                                   file->dims[i].first ? (int64_t)repeat : 1),
            "fixing a dimension");
}

/* The runtime's refusal to leave a node on the CPU is an answer, not a failure. */
static rg_status explain(const rg_session *session, rg_status status, rg_err *err) {
    if (status == RG_OK || !session->stays_off_cpu || !err || !strstr(err->what, "CPU EP"))
        return status;
    err->status = RG_UNSUPPORTED;
    snprintf(err->advice, sizeof err->advice,
             "leave cpu_fallback at true to see in the placement what the CPU takes, or add a "
             "provider that takes the rest");
    return RG_UNSUPPORTED;
}

rg_status rg_ort_session_new(const rg_session *session, const rg_workload *workload,
                             const rg_ort_file *file, uint32_t repeat, const char *profile,
                             void **ret_handle, rg_err *err) {
    const rg_ort *ort = session->ort;
    setting s = {.ort = ort, .err = err, .status = RG_OK};
    rg_arena *arena = rg_arena_new(0);
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    did(&s, ort->CreateSessionOptions(&s.options), "creating options");
    if (s.status == RG_OK) {
        set_plain(&s, session);
        set_config(&s, session, arena);
        set_dims(&s, file, repeat);
    }
    if (s.status == RG_OK)
        s.status = rg_ort_append(ort, session->env, s.options, arena, &session->choice, err);
    if (s.status == RG_OK && profile)
        did(&s, ort->EnableProfiling(s.options, profile), "turning the profiler on");
    if (s.status == RG_OK)
        did(&s, ort->CreateSession(session->env, workload->path, s.options, ret_handle),
            "loading the model");
    if (s.options)
        ort->ReleaseSessionOptions(s.options);
    rg_arena_free(arena);
    return explain(session, s.status, err);
}
