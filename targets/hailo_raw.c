/* hailo_raw.c: the variant raw: frames go to the bus as they travel, without the library's pipeline
 * and its threads. They are brought into that form, and out of it, outside the timer. */
#include <string.h>

#include "targets/hailo_session.h"

static rg_status check_ends(const rg_program *program, rg_err *err) {
    for (uint32_t i = 0; i < program->n_in + program->n_out; i++) {
        const rg_hef_end *end = program->lanes[i].pair.end;
        if (!end->stream || end->classes)
            return rg_fail(err, RG_UNSUPPORTED, "use the variant vstream",
                           "%s is not what travels over the bus: the library computes or splits it",
                           end->name);
    }
    return RG_OK;
}

/* Stream, size and transformation of one end. */
static rg_status open_lane(rg_program *program, uint32_t i, rg_err *err) {
    const rg_hailo_api *api = &program->session->library.api;
    rg_hailo_lane *lane = &program->lanes[i];
    const char *name = lane->pair.end->name;
    bool output = i >= program->n_in;
    _Alignas(16) unsigned char info[HAILO_STREAM_INFO_BYTES] = {0};
    const hailo_transform_params params = {.mode = HAILO_TRANSFORM_COPY};
    int answer = output ? api->get_output_stream(program->handle, name, &lane->handle)
                        : api->get_input_stream(program->handle, name, &lane->handle);
    if (!answer)
        answer = output ? api->output_stream_info(lane->handle, info)
                        : api->input_stream_info(lane->handle, info);
    if (!answer)
        answer = output ? api->create_output_shaper(info, &params, &lane->shaper)
                        : api->create_input_shaper(info, &params, &lane->shaper);
    if (answer)
        return rg_hailo_session_answer(program->session, answer, "open a raw stream", err);
    lane->wire_bytes = output ? api->output_stream_frame_size(lane->handle)
                              : api->input_stream_frame_size(lane->handle);
    return RG_OK;
}

rg_status rg_hailo_raw_open(rg_program *program, rg_err *err) {
    rg_status status = check_ends(program, err);
    for (uint32_t i = 0; status == RG_OK && i < program->n_in + program->n_out; i++)
        status = open_lane(program, i, err);
    return status;
}

void rg_hailo_raw_close(rg_program *program) {
    const rg_hailo_api *api = &program->session->library.api;
    for (uint32_t i = 0; i < program->n_in + program->n_out; i++) {
        rg_hailo_lane *lane = &program->lanes[i];
        if (lane->shaper && i < program->n_in)
            api->release_input_shaper(lane->shaper);
        else if (lane->shaper)
            api->release_output_shaper(lane->shaper);
        lane->shaper = NULL;
    }
}
