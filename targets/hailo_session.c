/* hailo_session.c: a hold on one Hailo device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/hailo_device.h"
#include "targets/hailo_session.h"

rg_status rg_hailo_session_answer(rg_session *session, int answer, const char *doing, rg_err *err) {
    if (!answer)
        return RG_OK;
    session->trouble = (rg_err)RG_ERR_INIT;
    rg_status status = rg_hailo_answer(&session->library.api, answer, doing, &session->trouble);
    if (err)
        *err = session->trouble;
    return status;
}

/* A vdevice of this one unit. The parameters' struct was moved once: it is filled by the library
 * and touched where its version has them. */
static rg_status create_vdevice(rg_session *session, rg_err *err) {
    const rg_hailo_api *api = &session->library.api;
    rg_hailo_vdevice_layout at = rg_hailo_vdevice_at(&session->library.version);
    _Alignas(16) unsigned char params[HAILO_VDEVICE_BYTES] = {0};
    hailo_device_id id = {""};
    hailo_device_id *ids = &id;
    int scheduler = session->options.scheduler == RG_HAILO_NO_SCHEDULER
                        ? HAILO_SCHEDULER_NONE
                        : HAILO_SCHEDULER_ROUND_ROBIN;
    size_t n = 1;
    char doing[96];
    snprintf(id.text, sizeof id.text, "%.31s", session->device.id + strlen(RG_HAILO_ID));
    snprintf(doing, sizeof doing, "take %s", session->device.id);
    int answer = api->init_vdevice_params(params);
    memcpy(params + at.ids, &ids, sizeof ids);
    memcpy(params + at.scheduler, &scheduler, sizeof scheduler);
    if (!answer)
        answer = api->create_vdevice(params, &session->vdevice);
    if (!answer)
        answer = api->get_physical_devices(session->vdevice, &session->handle, &n);
    return rg_hailo_session_answer(session, answer, doing, err);
}

static rg_status read_variant(const rg_settings *settings, rg_session *session, rg_err *err) {
    const char *variant = settings->variant ? settings->variant : "";
    session->raw = !strcmp(variant, "raw");
    if (session->raw) /* its streams are the network's own only while it is activated by hand */
        session->options.scheduler = RG_HAILO_NO_SCHEDULER;
    if (session->raw && !session->library.api.create_output_shaper)
        return rg_fail(err, RG_UNSUPPORTED, "use the variant vstream",
                       "HailoRT %s has no raw streams", session->library.file.version);
    return RG_OK;
}

rg_status rg_hailo_session_open(const rg_device *device, const rg_settings *settings,
                                rg_session **ret_session, rg_err *err) {
    rg_session *session = calloc(1, sizeof *session);
    if (!session)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory opening %s", device->id);
    session->device = *device;
    session->batch = settings->batch ? settings->batch : 1;
    rg_status status = rg_hailo_options_read(settings, &session->options, err);
    if (status == RG_OK)
        status =
            rg_hailo_open(session->options.library, session->options.force, &session->library, err);
    if (status == RG_OK)
        status = read_variant(settings, session, err);
    if (status == RG_OK)
        status = create_vdevice(session, err);
    if (status != RG_OK) {
        rg_hailo_session_close(session);
        return status;
    }
    rg_hailo_listen(session);
    rg_hailo_watch_start(session);
    *ret_session = session;
    return RG_OK;
}

void rg_hailo_session_close(rg_session *session) {
    if (!session)
        return;
    rg_hailo_watch_stop(session);
    rg_hailo_power_stop(session);
    if (session->vdevice)
        session->library.api.release_vdevice(session->vdevice);
    free(session);
}
