/* hailo_state.c: heat, alarms and the device's own latency; and the settings that were effective.
 */
#include <stdio.h>
#include <string.h>

#include "targets/hailo_session.h"

/* What the device tells by itself: number, key in the record, and the flag that it means. */
static const struct {
    int id;
    const char *key, *flag;
} alarms[] = {
    {1, "temperature_alarms", "hot"},        {2, "dataflow_shutdowns", "throttled"},
    {3, "overcurrent_alarms", "throttled"},  {10, "clock_changes", "throttled"},
    {14, "throttling_changes", "throttled"},
};
enum { N_ALARMS = sizeof alarms / sizeof alarms[0] };

/* Called on a thread of the library. The message is packed: number, sequence, then its body. */
static void notified(hailo_device device, const void *notification, void *user) {
    rg_session *session = user;
    uint32_t id, zone;
    (void)device;
    memcpy(&id, notification, sizeof id);
    if (id >= RG_HAILO_ALARMS)
        return;
    atomic_fetch_add(&session->alarms[id], 1);
    if (id == 1) {
        memcpy(&zone, (const char *)notification + 8, sizeof zone);
        atomic_store(&session->heat_zone, zone);
    }
}

/* Versions and chips that lack one of them answer so; that is no failure. */
void rg_hailo_listen(rg_session *session) {
    const rg_hailo_api *api = &session->library.api;
    for (size_t i = 0; api->set_notification && i < N_ALARMS; i++)
        api->set_notification(session->handle, notified, alarms[i].id, session);
}

/* Since the last time that it was asked. */
static void add_alarms(rg_session *session, rg_text *text) {
    for (size_t i = 0; i < N_ALARMS; i++) {
        uint32_t n = atomic_exchange(&session->alarms[alarms[i].id], 0);
        rg_text_printf(text, "%s=%u\n", alarms[i].key, n);
        if (n)
            rg_text_printf(text, "flag=%s\n", alarms[i].flag);
    }
    uint32_t zone = atomic_load(&session->heat_zone);
    rg_text_printf(text, "temperature_zone=%s\n",
                   zone == 0   ? "green"
                   : zone == 1 ? "orange"
                               : "red");
}

void rg_hailo_state(rg_program *program, char *ret, size_t cap) {
    rg_session *session = program->session;
    const rg_hailo_api *api = &session->library.api;
    hailo_temperature heat = {0};
    double latency_ms;
    rg_text text = {0};
    if (api->get_chip_temperature(session->handle, &heat) == 0)
        rg_text_printf(&text,
                       "temperature_c=%.1f\ntemperature_ts0_c=%.1f\ntemperature_ts1_c=%.1f\n",
                       (double)(heat.ts0 > heat.ts1 ? heat.ts0 : heat.ts1), (double)heat.ts0,
                       (double)heat.ts1);
    rg_hailo_watch_tell(session, &text);
    if (program->measures && api->get_latency(program->handle, NULL, &latency_ms) == 0)
        rg_text_printf(&text, "device_latency_mean_ms=%.4f\n", latency_ms);
    add_alarms(session, &text);
    snprintf(ret, cap, "%s", text.data ? text.data : "");
    rg_text_free(&text);
}

void rg_hailo_effective(const rg_program *program, char *ret, size_t cap) {
    const rg_session *session = program->session;
    const rg_hailo_options *o = &session->options;
    bool all_same = true;
    rg_text text = {0};
    for (uint32_t i = 0; i < program->n_in + program->n_out; i++)
        all_same = all_same && program->lanes[i].pair.same;
    const char *conversion = o->conversion == RG_HAILO_LIBRARY && !session->raw ? "library, timed"
                             : all_same                                         ? "none"
                                        : "outside, untimed";
    rg_text_printf(&text, "variant=%s\nscheduler=%s\nconversion=%s\nnetwork_group=%s\n",
                   session->raw ? "raw" : "vstream",
                   o->scheduler == RG_HAILO_NO_SCHEDULER ? "none" : "round_robin", conversion,
                   program->group->name);
    rg_text_printf(&text, "contexts=%u\nbatch=%u\npower_mode=%s\ncompiled_for=%s\ncompiler=%s\n",
                   program->group->contexts, session->batch,
                   o->power_mode ? "ultra_performance" : "performance", program->body.arch_word,
                   program->body.compiler);
    if (!session->library.known)
        rg_text_printf(&text, "layout=not compared for this version\n");
    rg_library_facts(&session->library.file, &text);
    snprintf(ret, cap, "%s", text.data ? text.data : "");
    rg_text_free(&text);
}
