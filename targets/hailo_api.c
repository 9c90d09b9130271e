/* hailo_api.c: opening libhailort: its file, its functions, and which versions we know. */
#include "targets/hailo_api.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const rg_library_spec spec = {
    .target = "hailo",
    .title = "HailoRT's library",
    .advice = "install the package hailort of your device's line: 4.x for Hailo-8, 8R and 8L, 5.x "
              "for Hailo-10H and 15, with the driver of the very same version",
    .names = {"libhailort.so"},
};

#define ROW(member, name, optional)                                                                \
    { "hailo_" name, offsetof(rg_hailo_api, member), optional }

static const rg_library_symbol symbols[] = {
    ROW(get_library_version, "get_library_version", false),
    ROW(get_status_message, "get_status_message", false),
    ROW(scan_devices, "scan_devices", false),
    ROW(create_device_by_id, "create_device_by_id", false),
    ROW(release_device, "release_device", false),
    ROW(identify, "identify", false),
    ROW(get_extended, "get_extended_device_information", false),
    ROW(init_vdevice_params, "init_vdevice_params", false),
    ROW(create_vdevice, "create_vdevice", false),
    ROW(release_vdevice, "release_vdevice", false),
    ROW(get_physical_devices, "get_physical_devices", false),
    ROW(create_hef_buffer, "create_hef_buffer", false),
    ROW(release_hef, "release_hef", false),
    ROW(init_configure_params, "init_configure_params_by_vdevice", true),
    ROW(configure_vdevice, "configure_vdevice", false),
    ROW(make_input_params, "make_input_vstream_params", false),
    ROW(make_output_params, "make_output_vstream_params", false),
    ROW(create_inputs, "create_input_vstreams", false),
    ROW(create_outputs, "create_output_vstreams", false),
    ROW(release_inputs, "release_input_vstreams", false),
    ROW(release_outputs, "release_output_vstreams", false),
    ROW(input_frame_size, "get_input_vstream_frame_size", false),
    ROW(output_frame_size, "get_output_vstream_frame_size", false),
    ROW(write, "vstream_write_raw_buffer", false),
    ROW(read, "vstream_read_raw_buffer", false),
    ROW(activate, "activate_network_group", false),
    ROW(deactivate, "deactivate_network_group", false),
    ROW(get_latency, "get_latency_measurement", false),
    ROW(get_chip_temperature, "get_chip_temperature", false),
    ROW(set_scheduler_timeout, "set_scheduler_timeout", true),
    ROW(set_scheduler_threshold, "set_scheduler_threshold", true),
    ROW(set_scheduler_priority, "set_scheduler_priority", true),
    ROW(set_notification, "set_notification_callback", true),
    ROW(remove_notification, "remove_notification_callback", true),
    ROW(set_power, "set_power_measurement", true),
    ROW(start_power, "start_power_measurement", true),
    ROW(get_power, "get_power_measurement", true),
    ROW(stop_power, "stop_power_measurement", true),
    ROW(get_input_stream, "get_input_stream", true),
    ROW(get_output_stream, "get_output_stream", true),
    ROW(input_stream_frame_size, "get_input_stream_frame_size", true),
    ROW(output_stream_frame_size, "get_output_stream_frame_size", true),
    ROW(input_stream_info, "get_input_stream_info", true),
    ROW(output_stream_info, "get_output_stream_info", true),
    ROW(stream_write, "stream_write_raw_buffer", true),
    ROW(stream_read, "stream_read_raw_buffer", true),
    ROW(create_input_shaper, "create_input_transform_context", true),
    ROW(release_input_shaper, "release_input_transform_context", true),
    ROW(shape_input, "transform_frame_by_input_transform_context", true),
    ROW(create_output_shaper, "create_output_transform_context", true),
    ROW(release_output_shaper, "release_output_transform_context", true),
    ROW(shape_output, "transform_frame_by_output_transform_context", true),
    {0},
};

_Static_assert(sizeof symbols / sizeof symbols[0] - 1 == sizeof(rg_hailo_api) / sizeof(void *),
               "one symbol a function");
_Static_assert(sizeof(hailo_vstream_params) == 156 && sizeof(hailo_power) == 20 &&
                   sizeof(hailo_temperature) == 12,
               "as the headers of all versions have them");

/* Versions whose headers were compared; parameters of a vdevice moved once. */
static const struct {
    uint32_t major, first_minor, last_minor;
    rg_hailo_vdevice_layout vdevice;
} versions[] = {
    {4, 10, 11, {16, 24}},
    {4, 12, 23, {8, 16}},
    {5, 0, 2, {8, 16}},
};

rg_hailo_vdevice_layout rg_hailo_vdevice_at(const hailo_version *version) {
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        if (versions[i].major == version->major && version->minor <= versions[i].last_minor)
            return versions[i].vdevice;
    }
    return versions[1].vdevice;
}

/* A later minor of a line that we know is taken for like the last one; an older one than any, or
 * another line, is not. */
static bool may_be_used(const hailo_version *version, bool *ret_known) {
    bool usable = false;
    *ret_known = false;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        bool here =
            versions[i].major == version->major && version->minor >= versions[i].first_minor;
        usable = usable || here;
        *ret_known = *ret_known || (here && version->minor <= versions[i].last_minor);
    }
    return usable;
}

static rg_status ask_version(rg_hailo_library *library, bool force, rg_err *err) {
    hailo_version *v = &library->version;
    int answer = library->api.get_library_version(v);
    if (answer)
        return rg_hailo_answer(&library->api, answer, "tell the library's version", err);
    snprintf(library->file.version, sizeof library->file.version, "%u.%u.%u", v->major, v->minor,
             v->revision);
    if (may_be_used(v, &library->known) || force)
        return RG_OK;
    return rg_fail(err, RG_UNSUPPORTED,
                   "use HailoRT 4.10 to 4.23 or 5.0 to 5.2; option force = true tries it all the "
                   "same",
                   "%s is HailoRT %s, whose structures are not known", library->file.path,
                   library->file.version);
}

/* The library would write a log file into the working directory, which is nobody's wish. */
static void be_quiet(void) {
    setenv("HAILORT_LOGGER_PATH", "NONE", 0);
}

/* The file whose name has the highest version: vendors' runtime packages bring no plain
 * libhailort.so. */
static bool newest_file(char *ret, size_t cap) {
    static const char *const patterns[] = {"/usr/lib/libhailort.so.*", "/usr/lib/*/libhailort.so.*",
                                           "/usr/local/lib/libhailort.so.*"};
    glob_t found = {0};
    *ret = '\0';
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        glob(patterns[i], i ? GLOB_APPEND : 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *best = strrchr(ret, '/'), *name = strrchr(found.gl_pathv[i], '/');
        if (!best || strverscmp(name, best) > 0)
            snprintf(ret, cap, "%s", found.gl_pathv[i]);
    }
    globfree(&found);
    return *ret;
}

/* The usual names first; what the loader does not find by them, by its file. */
static rg_status open_file(const char *given, rg_library *ret_library, rg_err *err) {
    char path[RG_LIBRARY_PATH];
    rg_status status = rg_library_open(&spec, given, ret_library, err);
    bool named = (given && *given) || getenv("RAILGAUGE_HAILO_LIBRARY");
    if (status == RG_ABSENT && !named && newest_file(path, sizeof path))
        status = rg_library_open(&spec, path, ret_library, err);
    return status;
}

rg_status rg_hailo_open(const char *given, bool force, rg_hailo_library *ret_library, rg_err *err) {
    rg_hailo_library library = {.known = false};
    be_quiet();
    rg_status status = open_file(given, &library.file, err);
    if (status == RG_OK)
        status = rg_library_bind(&library.file, symbols, &library.api, err);
    if (status == RG_OK)
        status = ask_version(&library, force, err);
    if (status == RG_OK)
        *ret_library = library;
    return status;
}
