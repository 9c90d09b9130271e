/* hailo_api.h: the vendor's library libhailort as we call it: functions, the few structs that are
 * alike in all versions, and what its answers mean. Neighbours: hailo_api.c (functions and
 * versions), hailo_status.c (answers). Sizes and offsets were compiled from the public headers of
 * 4.10 to 5.2; structs that differ between them are buffers with offsets here. */
#ifndef RG_TARGETS_HAILO_API_H
#define RG_TARGETS_HAILO_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "targets/library.h"

/* Handles. */
typedef struct hailo_vdevice *hailo_vdevice;
typedef struct hailo_device *hailo_device;
typedef struct hailo_hef *hailo_hef;
typedef struct hailo_group *hailo_group;
typedef struct hailo_activated *hailo_activated;
typedef struct hailo_end *hailo_end;       /* a vstream or a stream, in or out */
typedef struct hailo_shaper *hailo_shaper; /* a transformation between model's and bus's layout */

/* Structs that never changed. */
typedef struct hailo_version {
    uint32_t major, minor, revision;
} hailo_version;
typedef struct hailo_device_id {
    char text[32]; /* "0000:01:00.0" */
} hailo_device_id;
typedef struct hailo_quant {
    float zero_point, scale, min, max;
} hailo_quant;
typedef struct hailo_temperature {
    float ts0, ts1; /* of its two sensors, in degrees Celsius */
    uint16_t samples;
} hailo_temperature;
typedef struct hailo_power {
    float average, average_ms, min, max;
    uint32_t samples;
} hailo_power;
typedef struct hailo_vstream_params {
    char name[128];
    int32_t type, order;
    uint32_t flags, timeout_ms, queue_size;
    uint32_t rest[2];
} hailo_vstream_params;
typedef struct hailo_transform_params {
    int32_t mode, type, order;
    uint32_t flags;
} hailo_transform_params;

/* Structs that did: how many bytes are given to be filled, and where the few members are that we
 * touch. Of the configure parameters only the first group is at one place in all versions. */
enum {
    HAILO_IDENTITY_BYTES = 512,
    HAILO_IDENTITY_FIRMWARE = 4,
    HAILO_IDENTITY_BOARD = 21, /* 32 bytes, not ended where full */
    HAILO_IDENTITY_ARCH = 56,
    HAILO_IDENTITY_SERIAL = 61,  /* 16 bytes */
    HAILO_IDENTITY_PART = 78,    /* 16 bytes */
    HAILO_IDENTITY_PRODUCT = 95, /* 42 bytes */
    HAILO_EXTENDED_BYTES = 512,
    HAILO_EXTENDED_CLOCK = 0,
    HAILO_EXTENDED_MONITOR = 7, /* bool: measures its current */
    HAILO_STREAM_INFO_BYTES = 1024,
    HAILO_CONFIGURE_BYTES = 1 << 17,
    HAILO_CONFIGURE_BATCH = 136, /* uint16 */
    HAILO_CONFIGURE_POWER_MODE = 140,
    HAILO_CONFIGURE_LATENCY = 144,
    HAILO_VDEVICE_BYTES = 256,
    HAILO_MOST_ENDS = 32,
};

/* Values of its enumerations. */
enum {
    HAILO_FORMAT_AUTO = 0,
    HAILO_FORMAT_FLOAT32 = 3,
    HAILO_SCHEDULER_NONE = 0,
    HAILO_SCHEDULER_ROUND_ROBIN = 1,
    HAILO_LATENCY_MEASURE = 1,
    HAILO_LATENCY_CLEAR = 2,
    HAILO_TRANSFORM_COPY = 1,
    HAILO_DVM_AUTO = INT32_MAX,
    HAILO_POWER_WATTS = 2,
};

typedef void (*hailo_notified)(hailo_device device, const void *notification, void *user);

/* All return a status, 0 for success, unless said otherwise. */
typedef struct rg_hailo_api {
    int (*get_library_version)(hailo_version *ret);
    const char *(*get_status_message)(int status);
    int (*scan_devices)(void *none, hailo_device_id *ret, size_t *n);
    int (*create_device_by_id)(const hailo_device_id *id, hailo_device *ret);
    int (*release_device)(hailo_device device);
    int (*identify)(hailo_device device, void *ret_identity);
    int (*get_extended)(hailo_device device, void *ret_extended);
    int (*init_vdevice_params)(void *ret_params);
    int (*create_vdevice)(void *params, hailo_vdevice *ret);
    int (*release_vdevice)(hailo_vdevice vdevice);
    int (*get_physical_devices)(hailo_vdevice vdevice, hailo_device *ret, size_t *n);
    int (*create_hef_buffer)(hailo_hef *ret, const void *data, size_t bytes);
    int (*release_hef)(hailo_hef hef);
    /* since 4.14, NULL before */
    int (*init_configure_params)(hailo_hef hef, hailo_vdevice vdevice, void *ret_params);
    int (*configure_vdevice)(hailo_vdevice vdevice, hailo_hef hef, void *params, hailo_group *ret,
                             size_t *n);
    int (*make_input_params)(hailo_group group, bool unused, int type, hailo_vstream_params *ret,
                             size_t *n);
    int (*make_output_params)(hailo_group group, bool unused, int type, hailo_vstream_params *ret,
                              size_t *n);
    int (*create_inputs)(hailo_group group, const hailo_vstream_params *params, size_t n,
                         hailo_end *ret);
    int (*create_outputs)(hailo_group group, const hailo_vstream_params *params, size_t n,
                          hailo_end *ret);
    int (*release_inputs)(const hailo_end *ends, size_t n);
    int (*release_outputs)(const hailo_end *ends, size_t n);
    int (*input_frame_size)(hailo_end end, size_t *ret);
    int (*output_frame_size)(hailo_end end, size_t *ret);
    int (*write)(hailo_end end, const void *frame, size_t bytes);
    int (*read)(hailo_end end, void *frame, size_t bytes);
    int (*activate)(hailo_group group, void *none, hailo_activated *ret);
    int (*deactivate)(hailo_activated activated);
    int (*get_latency)(hailo_group group, const char *name, double *ret_ms);
    int (*get_chip_temperature)(hailo_device device, hailo_temperature *ret);
    /* optional from here on: NULL where a version lacks it */
    int (*set_scheduler_timeout)(hailo_group group, uint32_t ms, const char *name);
    int (*set_scheduler_threshold)(hailo_group group, uint32_t frames, const char *name);
    int (*set_scheduler_priority)(hailo_group group, uint8_t priority, const char *name);
    int (*set_notification)(hailo_device device, hailo_notified call, int id, void *user);
    int (*remove_notification)(hailo_device device, int id);
    int (*set_power)(hailo_device device, int buffer, int dvm, int type);
    int (*start_power)(hailo_device device, int averaging, int period);
    int (*get_power)(hailo_device device, int buffer, bool clear, hailo_power *ret);
    int (*stop_power)(hailo_device device);
    /* the raw path */
    int (*get_input_stream)(hailo_group group, const char *name, hailo_end *ret);
    int (*get_output_stream)(hailo_group group, const char *name, hailo_end *ret);
    size_t (*input_stream_frame_size)(hailo_end stream);
    size_t (*output_stream_frame_size)(hailo_end stream);
    int (*input_stream_info)(hailo_end stream, void *ret_info);
    int (*output_stream_info)(hailo_end stream, void *ret_info);
    int (*stream_write)(hailo_end stream, const void *frame, size_t bytes);
    int (*stream_read)(hailo_end stream, void *frame, size_t bytes);
    int (*create_input_shaper)(const void *info, const hailo_transform_params *params,
                               hailo_shaper *ret);
    int (*release_input_shaper)(hailo_shaper shaper);
    int (*shape_input)(hailo_shaper shaper, const void *from, size_t from_bytes, void *to,
                       size_t to_bytes);
    int (*create_output_shaper)(const void *info, const hailo_transform_params *params,
                                hailo_shaper *ret);
    int (*release_output_shaper)(hailo_shaper shaper);
    int (*shape_output)(hailo_shaper shaper, const void *from, size_t from_bytes, void *to,
                        size_t to_bytes);
} rg_hailo_api;

/* An open library with its functions, as long as the process lives. */
typedef struct rg_hailo_library {
    rg_library file;
    rg_hailo_api api;
    hailo_version version;
    bool known; /* its version is one whose structs were compared */
} rg_hailo_library;

/* Opens it (`given`: the option library). RG_ABSENT, RG_DENIED and RG_UNSUPPORTED as library.h;
 * RG_UNSUPPORTED too for a major version that nobody compared, unless `force`. */
rg_status rg_hailo_open(const char *given, bool force, rg_hailo_library *ret_library, rg_err *err);

/* Where a vdevice's parameters have what we set; by version. */
typedef struct rg_hailo_vdevice_layout {
    size_t ids, scheduler;
} rg_hailo_vdevice_layout;
rg_hailo_vdevice_layout rg_hailo_vdevice_at(const hailo_version *version);

/* The meaning of an answer of the library to `doing` ("open 0000:01:00.0"): a status with what
 * happened and what to try; RG_OK for 0. `api` may be NULL: its own words are left out. */
rg_status rg_hailo_answer(const rg_hailo_api *api, int answer, const char *doing, rg_err *err);

/* "hailo8l" for a number of its identity; NULL unknown. */
const char *rg_hailo_arch_word(uint32_t arch);

/* Does a chip of this word run files compiled for that one? Hailo-8 runs those of its smaller
 * brothers, slower than they could be. */
bool rg_hailo_arch_runs(const char *device, const char *hef);

#endif
