/* hailo_library.c: double of libhailort, as far as targets/hailo*.c asks. HAILO_DOUBLE_VERSION
 * ("4.23.0" unless said) chooses the version whose struct sizes it writes, byte for byte;
 * HAILO_DOUBLE_MODEL names the model that computes; HAILO_DOUBLE tells what it is like, words with
 * commas between:
 *   none nodriver busy driver firmware denied arch=N (number of the identity) notimplemented
 *   monitor (has a power monitor) hot slow=US abort hang lost corrupt reference
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "hailo_unit.h"

#define API __attribute__((visibility("default")))
/* No header of the vendor is here: each function is its own declaration. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

API const char railgauge_double_name[] = "hailo";

enum {
    OUT_OF_MEMORY = 3,
    INSUFFICIENT = 5,
    NOT_IMPLEMENTED = 7,
    OPEN_FAILED = 13,
    FIRMWARE = 16,
    INVALID_HEF = 26,
    DRIVER_ABSENT = 64,
    NOT_ACTIVATED = 69,
    IN_USE = 73,
    DRIVER_VERSION = 76,
    INCOMPATIBLE = 93,
    NOT_AVAILABLE = 65,
};
enum { FLOAT32 = 3, NAME = 128, MOST_ENDS = 32, ALARM_HEAT = 1, CLOCK_CHANGED = 10 };

/* --- versions --------------------------------------------------------------------------------- */

typedef struct version {
    uint32_t major, minor, revision;
} version;

static version now(void) {
    version v = {4, 23, 0};
    const char *told = getenv("HAILO_DOUBLE_VERSION");
    if (told)
        sscanf(told, "%u.%u.%u", &v.major, &v.minor, &v.revision);
    return v;
}

static bool at_least(uint32_t major, uint32_t minor) {
    version v = now();
    return v.major > major || (v.major == major && v.minor >= minor);
}

/* Sizes as the headers of the versions give them. */
static size_t vdevice_bytes(void) {
    return at_least(4, 12) ? 40 : 48;
}

static size_t extended_bytes(void) {
    return at_least(4, 21) ? 96 : 92;
}

static size_t stream_info_bytes(void) {
    return at_least(4, 20) ? 340 : at_least(4, 14) ? 336 : 328;
}

static size_t group_params_bytes(void) {
    return at_least(5, 1) ? 8000 : at_least(4, 14) ? 10560 : at_least(4, 13) ? 8896 : 8768;
}

API int hailo_get_library_version(version *ret) {
    *ret = now();
    return 0;
}

API const char *hailo_get_status_message(int status) {
    static const struct {
        int status;
        const char *name;
    } names[] = {{4, "HAILO_TIMEOUT"},
                 {62, "HAILO_COMMUNICATION_CLOSED"},
                 {IN_USE, "HAILO_DEVICE_IN_USE"},
                 {DRIVER_VERSION, "HAILO_INVALID_DRIVER_VERSION"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].status == status)
            return names[i].name;
    }
    return NULL;
}

/* --- devices ---------------------------------------------------------------------------------- */

typedef void (*notify)(void *device, const void *notification, void *user);
static struct {
    notify call;
    void *user;
} listeners[16];
static char the_device, the_vdevice, the_group;

API int hailo_scan_devices(void *none, char (*ret)[32], size_t *n) {
    (void)none;
    if (hailo_told("nodriver"))
        return DRIVER_ABSENT;
    if (*n < 1)
        return INSUFFICIENT;
    *n = hailo_told("none") ? 0 : 1;
    if (*n)
        snprintf(ret[0], 32, "0000:01:00.0");
    return 0;
}

static int refusal(void) {
    return hailo_told("driver")     ? DRIVER_VERSION
           : hailo_told("firmware") ? FIRMWARE
           : hailo_told("denied")   ? OPEN_FAILED
                                    : 0;
}

API int hailo_create_device_by_id(const char *id, void **ret) {
    *ret = &the_device;
    return strncmp(id, "0000:01:00.0", 32) ? OPEN_FAILED : refusal();
}

API int hailo_release_device(void *device) {
    return device == &the_device ? 0 : 2;
}

static void put(unsigned char *at, const void *value, size_t n) {
    memcpy(at, value, n);
}

API int hailo_identify(void *device, unsigned char *ret) {
    uint32_t arch = (uint32_t)hailo_told_number("arch", at_least(5, 0) ? 3 : 1);
    version firmware = now();
    const char *chip = arch == 2 ? "Hailo-8L" : arch == 3 ? "Hailo-15H" : "Hailo-8";
    (void)device;
    memset(ret, 0, 140);
    put(ret + 4, &firmware, sizeof firmware);
    put(ret + 21, chip, strlen(chip));
    put(ret + 56, &arch, sizeof arch);
    put(ret + 61, "HLDDOUBLE0000001", 16); /* not ended: it is full */
    put(ret + 78, "HM218B1C2FAE", 12);
    put(ret + 95, "HAILO-8 AI ACC M.2 M KEY MODULE EXT TEMP", 41);
    return 0;
}

API int hailo_get_extended_device_information(void *device, unsigned char *ret) {
    uint32_t clock_hz = 400000000;
    (void)device;
    memset(ret, 0, extended_bytes());
    put(ret, &clock_hz, sizeof clock_hz);
    ret[7] = hailo_told("monitor");
    return 0;
}

/* Where the version has the members: device ids and scheduler. */
static size_t ids_at(void) {
    return at_least(4, 12) ? 8 : 16;
}

static int scheduler = -1;

API int hailo_init_vdevice_params(unsigned char *ret) {
    int round_robin = 1;
    uint32_t one = 1;
    memset(ret, 0, vdevice_bytes());
    put(ret, &one, sizeof one);
    put(ret + ids_at() + 8, &round_robin, sizeof round_robin);
    return 0;
}

API int hailo_create_vdevice(const unsigned char *params, void **ret) {
    const char *ids;
    memcpy(&ids, params + ids_at(), sizeof ids);
    memcpy(&scheduler, params + ids_at() + 8, sizeof scheduler);
    if (!ids || strncmp(ids, "0000:01:00.0", 32))
        return OPEN_FAILED;
    *ret = &the_vdevice;
    return hailo_told("busy") ? IN_USE : refusal();
}

API int hailo_release_vdevice(void *vdevice) {
    return vdevice == &the_vdevice ? 0 : 2;
}

API int hailo_get_physical_devices(void *vdevice, void **ret, size_t *n) {
    (void)vdevice;
    *ret = &the_device;
    *n = 1;
    return 0;
}

API int hailo_get_chip_temperature(void *device, unsigned char *ret) {
    float ts[2] = {hailo_told("hot") ? 103.5F : 41.25F, 40.5F};
    uint16_t samples = 10;
    (void)device;
    memset(ret, 0, 12);
    put(ret, ts, sizeof ts);
    put(ret + 8, &samples, sizeof samples);
    return 0;
}

API int hailo_set_notification_callback(void *device, notify call, int id, void *user) {
    (void)device;
    if (id < 0 || id > 15 || (id == 14 && !at_least(5, 0)))
        return 2;
    listeners[id].call = call;
    listeners[id].user = user;
    return 0;
}

API int hailo_remove_notification_callback(void *device, int id) {
    (void)device;
    listeners[id & 15].call = NULL;
    return 0;
}

static void tell(uint32_t id, uint32_t zone) {
    uint32_t message[7] = {id, 0, zone};
    if (listeners[id].call)
        listeners[id].call(&the_device, message, listeners[id].user);
}

/* --- networks --------------------------------------------------------------------------------- */

static struct {
    rg_arena *arena;
    rg_hef head;
    rg_hef_body body;
    hailo_unit *unit;
    bool activated, measures, warned;
} net;

API int hailo_create_hef_buffer(void **ret, const void *data, size_t bytes) {
    net.arena = rg_arena_new(0);
    if (!net.arena)
        return OUT_OF_MEMORY;
    if (rg_hef_read(data, bytes, &net.head, NULL) != RG_OK ||
        rg_hef_read_body(&net.head, data, net.arena, &net.body, NULL) != RG_OK)
        return INVALID_HEF;
    *ret = &net;
    return 0;
}

API int hailo_release_hef(void *hef) {
    (void)hef;
    hailo_unit_free(net.unit);
    rg_arena_free(net.arena);
    memset(&net, 0, sizeof net);
    return 0;
}

API int hailo_init_configure_params_by_vdevice(void *hef, void *vdevice, unsigned char *ret) {
    (void)hef, (void)vdevice;
    memset(ret, 0, 8 + 8 * group_params_bytes());
    snprintf((char *)ret + 8, NAME, "%s", net.body.groups[0].name);
    return 0;
}

API int hailo_configure_vdevice(void *vdevice, void *hef, const unsigned char *params, void **ret,
                                size_t *n) {
    int latency;
    uint16_t batch;
    (void)vdevice, (void)hef;
    if (hailo_told("notimplemented"))
        return NOT_IMPLEMENTED;
    if (!strcmp(net.body.arch_word, "hailo15h") != at_least(5, 0))
        return INCOMPATIBLE;
    memcpy(&batch, params + 136, sizeof batch);
    memcpy(&latency, params + 144, sizeof latency);
    net.measures = latency & 1;
    net.unit = hailo_unit_new(&net.body.groups[0]);
    *ret = &the_group;
    *n = 1;
    return net.unit ? 0 : INVALID_HEF;
}

API int hailo_activate_network_group(void *group, void *none, void **ret) {
    (void)group, (void)none;
    net.activated = true;
    *ret = &net;
    return scheduler == 0 ? 0 : 6;
}

API int hailo_deactivate_network_group(void *activated) {
    (void)activated;
    net.activated = false;
    return 0;
}

API int hailo_set_scheduler_timeout(void *group, uint32_t ms, const char *name) {
    (void)group, (void)ms, (void)name;
    return scheduler == 1 ? 0 : 6;
}

API int hailo_set_scheduler_threshold(void *group, uint32_t frames, const char *name) {
    return hailo_set_scheduler_timeout(group, frames, name);
}

API int hailo_set_scheduler_priority(void *group, uint8_t priority, const char *name) {
    return hailo_set_scheduler_timeout(group, priority, name);
}

API int hailo_get_latency_measurement(void *group, const char *name, double *ret) {
    (void)group, (void)name;
    *ret = hailo_unit_latency_ms(net.unit);
    return net.measures && *ret > 0 ? 0 : NOT_AVAILABLE;
}

/* --- vstreams --------------------------------------------------------------------------------- */

typedef struct vstream_params {
    char name[NAME];
    int32_t type, order;
    uint32_t flags, timeout_ms, queue, rest[2];
} vstream_params;

static int make_params(bool output, int type, vstream_params *ret, size_t *n) {
    const rg_hef_group *group = &net.body.groups[0];
    size_t at = 0;
    for (uint32_t i = 0; i < group->n_ends; i++) {
        if (group->ends[i].output != output)
            continue;
        if (at == *n)
            return INSUFFICIENT;
        memset(&ret[at], 0, sizeof ret[at]);
        snprintf(ret[at].name, NAME, "%s", group->ends[i].name);
        ret[at].type = type;
        ret[at].timeout_ms = 10000;
        ret[at++].queue = 2;
    }
    *n = at;
    return 0;
}

API int hailo_make_input_vstream_params(void *group, bool unused, int type, vstream_params *ret,
                                        size_t *n) {
    (void)group, (void)unused;
    return make_params(false, type, ret, n);
}

API int hailo_make_output_vstream_params(void *group, bool unused, int type, vstream_params *ret,
                                         size_t *n) {
    (void)group, (void)unused;
    return make_params(true, type, ret, n);
}

static int end_of(const char *name) {
    const rg_hef_group *group = &net.body.groups[0];
    for (uint32_t i = 0; i < group->n_ends; i++) {
        if (!strcmp(group->ends[i].name, name))
            return (int)i;
    }
    return -1;
}

static char handles[MOST_ENDS]; /* an end's handle is its place */

static uint32_t number_of(const void *handle) {
    return (uint32_t)((const char *)handle - handles);
}

API int hailo_create_input_vstreams(void *group, const vstream_params *params, size_t n,
                                    void **ret) {
    (void)group;
    for (size_t i = 0; i < n; i++) {
        int at = end_of(params[i].name);
        if (at < 0 || !params[i].queue)
            return 2;
        if (params[i].type == FLOAT32)
            hailo_unit_set_floats(net.unit, (uint32_t)at);
        hailo_unit_set_queue(net.unit, (uint32_t)at, params[i].queue, params[i].timeout_ms);
        ret[i] = &handles[at];
    }
    return 0;
}

API int hailo_create_output_vstreams(void *group, const vstream_params *params, size_t n,
                                     void **ret) {
    return hailo_create_input_vstreams(group, params, n, ret);
}

API int hailo_release_input_vstreams(void *const *ends, size_t n) {
    return ends && n ? 0 : 2;
}

API int hailo_release_output_vstreams(void *const *ends, size_t n) {
    return ends && n ? 0 : 2;
}

API int hailo_get_input_vstream_frame_size(void *end, size_t *ret) {
    *ret = hailo_unit_frame_bytes(net.unit, number_of(end));
    return 0;
}

API int hailo_get_output_vstream_frame_size(void *end, size_t *ret) {
    return hailo_get_input_vstream_frame_size(end, ret);
}

API int hailo_vstream_write_raw_buffer(void *end, const void *frame, size_t bytes) {
    if (bytes != hailo_unit_frame_bytes(net.unit, number_of(end)))
        return 2;
    return scheduler == 0 && !net.activated ? NOT_ACTIVATED
                                            : hailo_unit_write(net.unit, number_of(end), frame);
}

API int hailo_vstream_read_raw_buffer(void *end, void *frame, size_t bytes) {
    if (bytes != hailo_unit_frame_bytes(net.unit, number_of(end)))
        return 2;
    if (hailo_told("hot") && !net.warned && hailo_unit_frames(net.unit) > 30) {
        net.warned = true;
        tell(ALARM_HEAT, 2);
        tell(CLOCK_CHANGED, 0);
    }
    return hailo_unit_read(net.unit, number_of(end), frame);
}

/* --- raw streams: features travel in eights, as the executable says ----------------------------
 */

static const rg_hef_end *hef_end(const void *handle) {
    return &net.body.groups[0].ends[number_of(handle)];
}

static size_t wire_bytes(const rg_hef_end *end) {
    return (size_t)end->padded_h * end->padded_w * end->padded_f * end->element_bytes;
}

API int hailo_get_input_stream(void *group, const char *name, void **ret) {
    int at = end_of(name);
    (void)group;
    if (at < 0)
        return 61;
    *ret = &handles[at];
    return 0;
}

API int hailo_get_output_stream(void *group, const char *name, void **ret) {
    return hailo_get_input_stream(group, name, ret);
}

API size_t hailo_get_input_stream_frame_size(void *stream) {
    return wire_bytes(hef_end(stream));
}

API size_t hailo_get_output_stream_frame_size(void *stream) {
    return wire_bytes(hef_end(stream));
}

API int hailo_get_input_stream_info(void *stream, unsigned char *ret) {
    memset(ret, 0, stream_info_bytes());
    put(ret, &stream, sizeof stream);
    return 0;
}

API int hailo_get_output_stream_info(void *stream, unsigned char *ret) {
    return hailo_get_input_stream_info(stream, ret);
}

API int hailo_create_input_transform_context(const void *info, const int32_t params[4],
                                             void **ret) {
    memcpy(ret, info, sizeof *ret);
    return params[0] == 1 ? 0 : 2;
}

API int hailo_create_output_transform_context(const void *info, const int32_t params[4],
                                              void **ret) {
    return hailo_create_input_transform_context(info, params, ret);
}

API int hailo_release_input_transform_context(void *context) {
    return context ? 0 : 2;
}

API int hailo_release_output_transform_context(void *context) {
    return context ? 0 : 2;
}

/* Pixel by pixel, with room behind the features on one side. */
static int copy_pixels(const rg_hef_end *end, const char *from, size_t from_step, char *to,
                       size_t to_step) {
    size_t pixel = (size_t)end->features * end->element_bytes;
    for (size_t i = 0; i < (size_t)end->height * end->width; i++)
        memcpy(to + i * to_step, from + i * from_step, pixel);
    return 0;
}

API int hailo_transform_frame_by_input_transform_context(void *context, const void *from,
                                                         size_t from_bytes, void *to,
                                                         size_t to_bytes) {
    const rg_hef_end *end = hef_end(context);
    (void)from_bytes;
    memset(to, 0xee, to_bytes);
    return to_bytes != wire_bytes(end)
               ? 2
               : copy_pixels(end, from, (size_t)end->features * end->element_bytes, to,
                             (size_t)end->padded_f * end->element_bytes);
}

API int hailo_transform_frame_by_output_transform_context(void *context, const void *from,
                                                          size_t from_bytes, void *to,
                                                          size_t to_bytes) {
    const rg_hef_end *end = hef_end(context);
    (void)to_bytes;
    return from_bytes != wire_bytes(end)
               ? 2
               : copy_pixels(end, from, (size_t)end->padded_f * end->element_bytes, to,
                             (size_t)end->features * end->element_bytes);
}

API int hailo_stream_write_raw_buffer(void *stream, const void *frame, size_t bytes) {
    const rg_hef_end *end = hef_end(stream);
    char *plain = malloc(rg_hef_end_bytes(end));
    int answer = bytes != wire_bytes(end) ? 2 : net.activated ? 0 : NOT_ACTIVATED;
    if (!answer)
        answer = copy_pixels(end, frame, (size_t)end->padded_f * end->element_bytes, plain,
                             (size_t)end->features * end->element_bytes);
    if (!answer)
        answer = hailo_unit_write(net.unit, number_of(stream), plain);
    free(plain);
    return answer;
}

API int hailo_stream_read_raw_buffer(void *stream, void *frame, size_t bytes) {
    const rg_hef_end *end = hef_end(stream);
    char *plain = malloc(rg_hef_end_bytes(end));
    int answer = bytes != wire_bytes(end) ? 2 : hailo_unit_read(net.unit, number_of(stream), plain);
    memset(frame, 0xee, bytes);
    if (!answer)
        answer = copy_pixels(end, plain, (size_t)end->features * end->element_bytes, frame,
                             (size_t)end->padded_f * end->element_bytes);
    free(plain);
    return answer;
}

/* --- power ------------------------------------------------------------------------------------ */

static struct {
    bool set, running;
    int averaging, period;
    int64_t last_ns;
} power;

API int hailo_set_power_measurement(void *device, int buffer, int dvm, int type) {
    (void)device;
    power.set = buffer == 0 && dvm == INT32_MAX && type == 2;
    return power.set && hailo_told("monitor") ? 0 : 18;
}

API int hailo_start_power_measurement(void *device, int averaging, int period) {
    (void)device;
    power.running = power.set && averaging >= 0 && averaging < 8 && period >= 0 && period < 8;
    power.averaging = averaging;
    power.period = period;
    power.last_ns = rg_clock_real_ns();
    return power.running ? 0 : 2;
}

/* 3 W while frames come, 1 W else; one sample each 2 x period x averaging, as the real one. */
API int hailo_get_power_measurement(void *device, int buffer, bool clear, unsigned char *ret) {
    static const double counts[] = {1, 4, 16, 64, 128, 256, 512, 1024};
    static const double us[] = {140, 204, 332, 588, 1100, 2116, 4156, 8244};
    static uint64_t seen;
    if (!power.running || buffer != 0)
        return 18;
    double each_ns = 2e3 * counts[power.averaging] * us[power.period];
    int64_t now_ns = rg_clock_real_ns();
    uint32_t samples = (uint32_t)((double)(now_ns - power.last_ns) / each_ns);
    uint64_t frames = net.unit ? hailo_unit_frames(net.unit) : 0;
    float watts = frames != seen ? 3.0F : 1.0F;
    (void)device;
    memset(ret, 0, 20);
    if (!samples)
        return 0;
    put(ret, &watts, sizeof watts);
    put(ret + 16, &samples, sizeof samples);
    seen = frames;
    power.last_ns = clear ? now_ns : power.last_ns;
    return 0;
}

API int hailo_stop_power_measurement(void *device) {
    (void)device;
    power.running = false;
    return 0;
}
