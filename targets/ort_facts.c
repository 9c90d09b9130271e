/* ort_facts.c: what is written down of the runtime: devices, settings as they are, memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "targets/ort_session.h"

/* --- devices ---------------------------------------------------------------------------------- */

static rg_device *add_device(rg_device_list *list, const rg_library *library,
                             const rg_ort_provider *row) {
    if (list->n == RG_MAX_DEVICES)
        return NULL;
    rg_text facts = {0};
    rg_device *device = &list->items[list->n++];
    *device = (rg_device){.status = RG_OK};
    snprintf(device->id, sizeof device->id, RG_ORT_DEVICE "%s", row->word);
    rg_library known = *library;
    rg_library_identify(&known, NULL);
    rg_library_facts(&known, &facts);
    rg_device_facts_add(device, facts.data ? facts.data : "");
    rg_text_free(&facts);
    snprintf(device->description, sizeof device->description, "%s of ONNX Runtime %s", row->name,
             library->version);
    return device;
}

static void refuse(rg_device *device, rg_status status, const rg_err *why) {
    device->status = status == RG_DENIED ? RG_DENIED : RG_ABSENT;
    snprintf(device->what, sizeof device->what, "%.255s", why->what);
    snprintf(device->advice, sizeof device->advice, "%.255s", why->advice);
}

/* Whether this provider can be put into a session, which is the only honest answer. */
static void try_provider(const rg_ort *ort, void *env, const rg_ort_choice *choice,
                         rg_device *device) {
    void *options = NULL;
    rg_err why = RG_ERR_INIT;
    rg_arena *arena = rg_arena_new(0);
    rg_status status = arena
                           ? rg_ort_check(ort, ort->CreateSessionOptions(&options), "asking", &why)
                           : rg_fail(&why, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_ort_append(ort, env, options, arena, choice, &why);
    if (status != RG_OK)
        refuse(device, status, &why);
    if (options)
        ort->ReleaseSessionOptions(options);
    rg_arena_free(arena);
}

/* What this build says that it has, the CPU first: more than it can do, so each is tried; not by
 * the rounds of a cell (`env` NULL), whose session tells it. */
static rg_status list_all(const rg_ort *ort, void *env, rg_device_list *ret, rg_err *err) {
    char **names = NULL;
    int n = 0;
    rg_status status =
        rg_ort_check(ort, ort->GetAvailableProviders(&names, &n), "listing providers", err);
    for (const rg_ort_provider *row = rg_ort_providers; status == RG_OK && row->word; row++) {
        for (int i = 0; i < n; i++) {
            rg_ort_choice choice = {.rows = {row}, .n = 1};
            rg_device *device =
                strcmp(names[i], row->name) ? NULL : add_device(ret, &ort->library, row);
            if (device && env)
                try_provider(ort, env, &choice, device);
        }
    }
    if (names)
        rg_ort_check(ort, ort->ReleaseAvailableProviders(names, n), "freeing names", NULL);
    return status;
}

/* A cell's providers: its first one stands for them. Whether they can be had, admission asks. */
static rg_status list_chosen(const rg_ort *ort, const rg_settings *settings, rg_device_list *ret,
                             rg_err *err) {
    rg_ort_options own;
    rg_ort_choice choice;
    rg_arena *arena = rg_arena_new(0);
    rg_status status = arena ? rg_ort_options_read(settings, &own, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    bool asked = status == RG_OK && (*own.provider || (settings->variant && *settings->variant));
    if (status == RG_OK && asked)
        status = rg_ort_choose(arena, &own, settings->variant, &choice, err);
    if (status == RG_OK && asked)
        add_device(ret, &ort->library, choice.rows[0]);
    rg_arena_free(arena);
    return status == RG_OK && !asked ? list_all(ort, NULL, ret, err) : status;
}

static const char *library_of(const rg_settings *settings) {
    for (uint32_t i = 0; settings && i < settings->n_options; i++) {
        const rg_attr *option = &settings->options[i];
        if (!strcmp(option->key, "library") && option->type == RG_ATTR_WORD)
            return option->word;
    }
    return NULL;
}

/* No library is one entry that says why. */
static void absent(rg_device_list *list, rg_status status, const rg_err *why) {
    if (list->n == RG_MAX_DEVICES)
        return;
    rg_device *device = &list->items[list->n++];
    *device = (rg_device){.id = RG_ORT_DEVICE "cpu"};
    refuse(device, status, why);
}

rg_status rg_ort_probe(rg_root *root, rg_device_list *ret_devices, rg_err *err) {
    (void)root;
    rg_err why = RG_ERR_INIT;
    const rg_ort *ort;
    void *env = NULL;
    const rg_settings *settings = ret_devices->settings;
    rg_status status = rg_ort_open(library_of(settings), &ort, &why);
    if (status != RG_OK) {
        absent(ret_devices, status, &why);
        return RG_OK;
    }
    status = rg_ort_check(ort, ort->CreateEnv(4, "railgauge", &env), "starting", err);
    if (status == RG_OK)
        status = settings ? list_chosen(ort, settings, ret_devices, err)
                          : list_all(ort, env, ret_devices, err);
    if (env)
        ort->ReleaseEnv(env);
    return status;
}

/* --- settings --------------------------------------------------------------------------------- */

static const char *yes(bool on) {
    return on ? "true" : "false";
}

static void add_switches(const rg_session *session, rg_text *text) {
    const rg_ort_options *own = &session->own;
    char providers[256];
    rg_ort_choice_words(&session->choice, providers, sizeof providers);
    rg_text_printf(text, "provider=%s\ncpu_fallback=%s\noptimization=%s\nexecution=%s\n", providers,
                   yes(!session->stays_off_cpu), rg_ort_optimization_words[own->optimization],
                   rg_ort_execution_words[own->execution]);
    rg_text_printf(text, "threads=%u\ninter_threads=%lld\nspinning=%s\n", session->settings.threads,
                   (long long)own->inter_threads, session->spins ? "on" : "off");
    rg_text_printf(text, "arena=%s\nmem_pattern=%s\ndeterministic=%s\nio_binding=true\n",
                   yes(own->arena), yes(own->mem_pattern), yes(own->deterministic));
    rg_text_printf(text, "cores=%s\npinned=%s\n", session->cores, yes(*session->cores));
}

static void add_options(const rg_session *session, rg_text *text) {
    const rg_ort_choice *choice = &session->choice;
    for (uint32_t i = 0; i < choice->n; i++) {
        for (size_t k = 0; k < choice->options[i].n; k++)
            rg_text_printf(text, "%s.%s=%s\n", choice->rows[i]->word, choice->options[i].keys[k],
                           choice->options[i].values[k]);
    }
    for (size_t i = 0; i < choice->plugins.n; i++)
        rg_text_printf(text, "plugin.%s=%s\n", choice->plugins.keys[i], choice->plugins.values[i]);
}

void rg_ort_effective(const rg_program *p, char *ret, size_t cap) {
    rg_text text = {0};
    rg_library library = p->session->ort->library;
    rg_library_identify(&library, NULL);
    rg_library_facts(&library, &text);
    rg_text_printf(&text, "api=%u\n", p->session->ort->api);
    if (p->session->ort->GetBuildInfoString)
        rg_text_printf(&text, "build=%s\n", p->session->ort->GetBuildInfoString());
    add_switches(p->session, &text);
    add_options(p->session, &text);
    snprintf(ret, cap, "%s", text.data && !text.failed ? text.data : "");
    rg_text_free(&text);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Statistics of an allocator as rows, and the bytes that it holds. */
static int64_t take_stats(const rg_ort *ort, const void *allocator, rg_text *text) {
    void *pairs = NULL;
    const char *const *keys, *const *values;
    size_t n = 0;
    int64_t held = -1;
    if (rg_ort_check(ort, ort->AllocatorGetStats(allocator, &pairs), "asking memory", NULL) !=
            RG_OK ||
        !pairs)
        return -1;
    ort->GetKeyValuePairs(pairs, &keys, &values, &n);
    for (size_t i = 0; i < n; i++) {
        rg_text_printf(text, "arena_%s=%s\n", keys[i], values[i]);
        if (!strcmp(keys[i], "TotalAllocated"))
            held = strtoll(values[i], NULL, 10);
    }
    ort->ReleaseKeyValuePairs(pairs);
    return held;
}

/* What the session's arena of the CPU holds; -1 where it cannot be asked (before 1.23). */
static int64_t arena_of(const rg_program *p, rg_text *text) {
    const rg_ort *ort = p->session->ort;
    void *memory = NULL, *allocator = NULL;
    int64_t held = -1;
    if (!ort->AllocatorGetStats || !p->session->own.arena)
        return -1;
    if (rg_ort_check(ort, ort->CreateCpuMemoryInfo(1, 0, &memory), "memory", NULL) == RG_OK &&
        rg_ort_check(ort, ort->CreateAllocator(p->handle, memory, &allocator), "memory", NULL) ==
            RG_OK)
        held = take_stats(ort, allocator, text);
    if (allocator)
        ort->ReleaseAllocator(allocator);
    if (memory)
        ort->ReleaseMemoryInfo(memory);
    return held;
}

void rg_ort_usage(const rg_program *p, rg_memory *ret_memory) {
    rg_text text = {0};
    rg_memory memory = RG_MEMORY_UNKNOWN;
    memory.arena_bytes = arena_of(p, &text);
    rg_text_free(&text);
    *ret_memory = memory;
}

void rg_ort_state(rg_program *p, char *ret, size_t cap) {
    rg_text text = {0};
    arena_of(p, &text);
    snprintf(ret, cap, "%s", text.data && !text.failed ? text.data : "");
    rg_text_free(&text);
}
