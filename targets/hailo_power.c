/* hailo_power.c: the board's own power monitor, as a rail of the open session: nobody else may ask
 * the device meanwhile. The firmware averages; each read takes what came since the last one. */
#include <math.h>
#include <stdio.h>

#include "targets/hailo_session.h"

enum { BUFFER = 0 };

/* Stops whatever ran before: an earlier process may have left it on. */
static int start(rg_session *session) {
    const rg_hailo_api *api = &session->library.api;
    api->stop_power(session->handle);
    int answer = api->set_power(session->handle, BUFFER, HAILO_DVM_AUTO, HAILO_POWER_WATTS);
    if (!answer)
        answer =
            api->start_power(session->handle, session->options.averaging, session->options.period);
    session->metering = !answer;
    return answer;
}

static bool has_monitor(const rg_session *session) {
    char word[8];
    return rg_device_fact_get(&session->device, "current_monitor", word, sizeof word) &&
           word[0] == 'y';
}

rg_status rg_hailo_rails(rg_session *session, rg_rail_list *ret_rails, rg_err *err) {
    const rg_hailo_api *api = &session->library.api;
    if (!api->set_power || !api->start_power || !api->get_power || !api->stop_power)
        return rg_fail(err, RG_ABSENT, "measure the board with another meter",
                       "HailoRT %s measures no power", session->library.file.version);
    if (!has_monitor(session))
        return rg_fail(err, RG_ABSENT, "measure the board with another meter",
                       "this board has no power monitor");
    rg_status status =
        rg_hailo_session_answer(session, start(session), "start its power monitor", err);
    if (status != RG_OK)
        return status;
    rg_rail *rail = &ret_rails->items[ret_rails->n++];
    *rail = (rg_rail){.scope = RG_SCOPE_ACCELERATOR,
                      .role = RG_ROLE_TOTAL,
                      .kind = RG_POWER_BLOCK,
                      .refresh_s = rg_hailo_refresh_s(&session->options),
                      .limits = {.gain = -1}};
    snprintf(rail->id, sizeof rail->id, "%s:module", session->device.id);
    snprintf(rail->label, sizeof rail->label, "hailo-module");
    snprintf(rail->sensor, sizeof rail->sensor, "hailo");
    snprintf(rail->transport, sizeof rail->transport, "hailo_get_power_measurement");
    char averaging[16], period[16];
    rg_field_text(rg_field_find(rg_hailo_fields, "power_averaging"), &session->options, averaging,
                  sizeof averaging);
    rg_field_text(rg_field_find(rg_hailo_fields, "power_period"), &session->options, period,
                  sizeof period);
    snprintf(rail->facts, sizeof rail->facts,
             "mean of %s samples of %s us; the module's supply, without the host", averaging,
             period);
    return RG_OK;
}

void rg_hailo_read_rail(rg_session *session, uint32_t rail, rg_power_row *ret_row) {
    hailo_power power = {0};
    int answer = session->library.api.get_power(session->handle, BUFFER, true, &power);
    (void)rail;
    ret_row->voltage_mv = ret_row->current_ma = NAN;
    if (answer)
        ret_row->flags = RG_ROW_BAD;
    else if (!power.samples)
        ret_row->flags = RG_ROW_NOT_READY;
    else
        ret_row->power_mw = (double)power.average * 1e3;
}

void rg_hailo_power_stop(rg_session *session) {
    if (session->metering)
        session->library.api.stop_power(session->handle);
    session->metering = false;
}
