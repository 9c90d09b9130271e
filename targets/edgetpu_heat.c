/* edgetpu_heat.c: see edgetpu_heat.h. */
#include "targets/edgetpu_heat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_RECORDS = 200000, RECORD_BYTES = 8192 };
enum { COLDEST_MC = -40000, HOTTEST_MC = 150000 }; /* millidegrees that the chip may have */

static const char log_path[] = "/dev/kmsg";
static const char throttled[] = "Apex performance throttled due to temperature";

/* Lines of one piece of the log that are about this device. */
static int64_t count_lines(const char *text, const char *address) {
    int64_t n = 0;
    for (const char *at = strstr(text, throttled); at; at = strstr(at + 1, throttled)) {
        const char *line = at;
        while (line > text && line[-1] != '\n')
            line--;
        const char *named = *address ? strstr(line, address) : at;
        n += named && named <= at;
    }
    return n;
}

/* The log gives one record a read, or of a recorded machine a whole file; -1 when it may not be
 * read. */
static int64_t count_log(const rg_edgetpu_heat *heat) {
    char record[RECORD_BYTES];
    int64_t n = 0;
    int fd = rg_root_open_fd(heat->root, log_path);
    if (fd < 0)
        return -1;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    for (int i = 0; i < MOST_RECORDS; i++) {
        ssize_t got = read(fd, record, sizeof record - 1);
        if (got < 0 && (errno == EPIPE || errno == EINTR))
            continue; /* overwritten meanwhile: the next one */
        if (got <= 0)
            break;
        record[got] = '\0';
        n += count_lines(record, heat->address);
    }
    close(fd);
    return n;
}

void rg_edgetpu_heat_begin(rg_edgetpu_heat *heat, const char *root, const char *sys) {
    char link[256];
    *heat = (rg_edgetpu_heat){.log_before = -1};
    if (!*sys || rg_root_open(root && *root ? root : NULL, &heat->root, NULL) != RG_OK) {
        heat->root = NULL;
        return;
    }
    snprintf(heat->sys, sizeof heat->sys, "%s", sys);
    snprintf(link, sizeof link, "%s/device", sys);
    if (rg_root_link_name(heat->root, link, heat->address, sizeof heat->address) != RG_OK)
        heat->address[0] = '\0';
    heat->log_before = count_log(heat);
}

void rg_edgetpu_heat_end(rg_edgetpu_heat *heat) {
    rg_root_close(heat->root);
    heat->root = NULL;
}

static bool read_number(const rg_edgetpu_heat *heat, const char *name, int64_t *ret) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", heat->sys, name);
    return rg_root_read_int(heat->root, path, ret, NULL) == RG_OK;
}

/* True when the first trip point is reached. */
static bool tell_temperature(const rg_edgetpu_heat *heat, rg_text *text) {
    static const char *const trips[] = {"trip0_c", "trip1_c", "trip2_c"};
    int64_t now_mc, trip_mc, first_mc = INT64_MAX, poll_ms;
    bool known = read_number(heat, "temp", &now_mc);
    bool sound = known && now_mc >= COLDEST_MC && now_mc <= HOTTEST_MC;
    if (known)
        rg_text_printf(text, "temperature_c=%.1f\n", (double)now_mc / 1000);
    if (known && !sound)
        rg_text_add(text, "flag=sensor-invalid\n");
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "trip_point%zu_temp", i);
        if (!read_number(heat, name, &trip_mc))
            continue;
        rg_text_printf(text, "%s=%.1f\n", trips[i], (double)trip_mc / 1000);
        first_mc = i == 0 ? trip_mc : first_mc;
    }
    if (read_number(heat, "temp_poll_interval", &poll_ms))
        rg_text_printf(text, "poll_ms=%lld\n", (long long)poll_ms);
    return sound && now_mc >= first_mc;
}

void rg_edgetpu_heat_tell(const rg_edgetpu_heat *heat, rg_text *text) {
    if (!heat->root)
        return;
    bool tripped = tell_temperature(heat, text);
    int64_t now = heat->log_before >= 0 ? count_log(heat) : -1;
    int64_t lines = now >= heat->log_before ? now - heat->log_before : now;
    if (now < 0)
        rg_text_add(text, "throttle_log=not readable\n");
    else
        rg_text_printf(text, "throttle_log_lines=%lld\n", (long long)lines);
    if (tripped || (now >= 0 && lines > 0))
        rg_text_add(text, "flag=throttled\n");
}
