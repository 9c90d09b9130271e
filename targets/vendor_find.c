/* vendor_find.c: finds vendors' tools (vendor_find.h) and lists their devices. */
#include "targets/vendor_find.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/hash.h"
#include "bench/core/text.h"

enum { VERSION_LIMIT_S = 5 };

static bool is_program(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* A whole path stays itself; a name is looked for along PATH. */
static bool look_for(const char *name, char ret[RG_VENDOR_PATH]) {
    const char *path = getenv("PATH");
    if (strchr(name, '/'))
        return is_program(name) && snprintf(ret, RG_VENDOR_PATH, "%s", name) < RG_VENDOR_PATH;
    while (path && *path) {
        size_t length = strcspn(path, ":");
        int n = snprintf(ret, RG_VENDOR_PATH, "%.*s/%s", (int)length, path, name);
        if (length && n < RG_VENDOR_PATH && is_program(ret))
            return true;
        path += length + (path[length] == ':');
    }
    return false;
}

static const char *from_environment(const rg_vendor_spec *spec) {
    char name[64] = "RAILGAUGE_";
    size_t n = strlen(name);
    for (const char *at = spec->target; *at && n < sizeof name - 1; at++)
        name[n++] = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    name[n] = '\0';
    return getenv(name);
}

rg_status rg_vendor_find(const rg_vendor_spec *spec, char ret_path[RG_VENDOR_PATH], rg_err *err) {
    const char *given = from_environment(spec);
    if (given && *given && look_for(given, ret_path))
        return RG_OK;
    if (given && *given)
        return rg_fail(err, RG_ABSENT, spec->advice, "there is no program %s", given);
    for (size_t i = 0; spec->programs[i]; i++) {
        if (look_for(spec->programs[i], ret_path))
            return RG_OK;
    }
    return rg_fail(err, RG_ABSENT, spec->advice, "%s is not here", spec->title);
}

/* What it says when it is asked for its version; it may end as it likes. */
static void ask_version(const rg_vendor_spec *spec, char *program, rg_text *text) {
    char word[32], bytes[4096];
    char *const argv[] = {program, word, NULL};
    rg_process process = RG_NO_PROCESS;
    int64_t deadline_ns = rg_clock_real_ns() + VERSION_LIMIT_S * INT64_C(1000000000);
    size_t n = 0;
    snprintf(word, sizeof word, "%s", spec->version_word);
    if (rg_process_start(argv, &process, NULL) != RG_OK)
        return;
    while (rg_process_hear(&process, bytes, sizeof bytes, deadline_ns, &n, NULL) == RG_OK && n &&
           text->bytes < 65536)
        rg_text_add_bytes(text, bytes, n);
    rg_process_stop(&process, 200, NULL, 0);
}

/* A stand-in for the tool says so: `railgauge double NAME` on a line of its own. */
static void note_double(const char *text, rg_device *device) {
    const char *at = rg_foreign_line(text, "railgauge double ", false);
    if (at)
        rg_device_fact(device, "double", "%.*s", (int)strcspn(at + 17, "\n"), at + 17);
}

static void describe(const rg_vendor_spec *spec, char *program, rg_device *device) {
    char version[64] = "", sha256[RG_HASH_HEX];
    rg_text text = {0};
    if (spec->version_word)
        ask_version(spec, program, &text);
    if (text.data && spec->version)
        spec->version(text.data, version, sizeof version);
    rg_device_fact(device, "tool", "%s", program);
    rg_device_fact(device, "version", "%s", version);
    if (rg_hash_file(program, sha256, NULL) == RG_OK)
        rg_device_fact(device, "tool_sha256", "%s", sha256);
    if (text.data)
        note_double(text.data, device);
    snprintf(device->description, sizeof device->description, "%s %s", spec->title, version);
    rg_text_free(&text);
}

rg_status rg_vendor_probe(const rg_vendor_spec *spec, rg_root *root, rg_device_list *ret_devices,
                          rg_err *err) {
    (void)err;
    char program[RG_VENDOR_PATH];
    rg_err why = RG_ERR_INIT;
    rg_device device = {.status = rg_vendor_find(spec, program, &why)};
    snprintf(device.id, sizeof device.id, "%s", spec->target);
    snprintf(device.what, sizeof device.what, "%.250s", why.what);
    snprintf(device.advice, sizeof device.advice, "%.250s", why.advice);
    if (device.status == RG_OK)
        describe(spec, program, &device);
    if (spec->devices)
        spec->devices(root, &device, ret_devices);
    else
        ret_devices->items[ret_devices->n++] = device;
    return RG_OK;
}
