/* pmic.c: the power chip of a Raspberry Pi 5: currents and voltages of its twelve regulators, asked
 * of the firmware through `vcgencmd pmic_read_adc`, a process a reading and so five times a second
 * at most (faster reading slows the workload). What draws on the 5 V input beside the chip is not
 * in it: USB ports and HATs, so no accelerator on either; of that input it tells the voltage only.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/iface/sensor.h"
#include "power/child.h"
#include "power/files.h"
#include "power/rows.h"

enum { MAX_NAMES = 32, TEXT_BYTES = 4096, ANSWER_MS = 1000, BETWEEN_NS = 200000000 };

/* One answer: volts and amperes by the regulator's name; NAN where it has none. */
typedef struct supply {
    char name[40];
    double volts, amperes;
} supply;

typedef struct answer {
    supply supplies[MAX_NAMES];
    size_t n;
    double input_v; /* EXT5V, 0 unknown */
    int64_t t_ns, half_ns;
} answer;

/* --- the firmware's answer -------------------------------------------------------------------- */

static supply *supply_called(answer *a, const char *name, size_t length) {
    for (size_t i = 0; i < a->n; i++) {
        if (strlen(a->supplies[i].name) == length && !strncmp(a->supplies[i].name, name, length))
            return &a->supplies[i];
    }
    if (a->n == MAX_NAMES || length >= sizeof a->supplies[0].name)
        return NULL;
    supply *s = &a->supplies[a->n++];
    *s = (supply){.volts = -1, .amperes = -1};
    memcpy(s->name, name, length);
    return s;
}

/* "  VDD_CORE_A current(7)=0.945A" and "  VDD_CORE_V volt(15)=0.720V"; other lines are no readings.
 */
static void take_line(answer *a, const char *line) {
    char name[40], kind[16];
    double value;
    if (sscanf(line, " %39s %15[a-z](%*d)=%lf", name, kind, &value) != 3)
        return;
    size_t length = strlen(name);
    if (!strcmp(name, "EXT5V_V"))
        a->input_v = value;
    if (length < 3 || name[length - 2] != '_' || !strcmp(name, "EXT5V_V") ||
        !strcmp(name, "BATT_V"))
        return;
    supply *s = supply_called(a, name, length - 2);
    if (s && !strcmp(kind, "current"))
        s->amperes = value;
    else if (s && !strcmp(kind, "volt"))
        s->volts = value;
}

static void take_text(answer *a, char *text) {
    for (char *line = strtok_r(text, "\n", &text); line; line = strtok_r(NULL, "\n", &text))
        take_line(a, line);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void become_vcgencmd(const void *path, int out) {
    if (dup2(out, 1) >= 0 && dup2(out, 2) >= 0)
        execl(path, "vcgencmd", "pmic_read_adc", (char *)NULL);
}

/* All that the child writes until it ends; false when it has not ended in time. */
static bool read_all(const rg_sensor_child *child, char *text, size_t cap) {
    int64_t end_ns = rg_clock_real_ns() + (int64_t)ANSWER_MS * 1000000;
    for (size_t used = 0;;) {
        struct pollfd waiting = {.fd = child->fd, .events = POLLIN};
        int left_ms = (int)((end_ns - rg_clock_real_ns()) / 1000000);
        if (left_ms <= 0 || (poll(&waiting, 1, left_ms) <= 0 && errno != EINTR))
            return false;
        ssize_t n = read(child->fd, text + used, cap - 1 - used);
        if (n < 0)
            continue;
        text[used += (size_t)n] = '\0';
        if (n == 0 || used + 1 == cap)
            return true;
    }
}

/* Runs the tool once. Its text is there also when it is no answer. */
static rg_status ask(const char *path, answer *ret, char *text, rg_err *err) {
    rg_sensor_child child;
    *ret = (answer){.t_ns = rg_clock_real_ns()};
    *text = '\0';
    rg_status status = rg_sensor_child_start(become_vcgencmd, path, &child, err);
    if (status != RG_OK)
        return status;
    bool whole = read_all(&child, text, TEXT_BYTES);
    rg_sensor_child_stop(&child, whole ? 50 : 0, NULL, 0);
    ret->half_ns = (rg_clock_real_ns() - ret->t_ns) / 2;
    ret->t_ns += ret->half_ns;
    if (!whole)
        return rg_fail(err, RG_TIMEOUT, "restart the machine", "%s gave no answer within %d ms",
                       path, ANSWER_MS);
    return RG_OK;
}

/* --- the sensor ------------------------------------------------------------------------------- */

static bool find_tool(char *ret, size_t cap) {
    char folders[4096], *rest = folders, *folder;
    const char *path = getenv("PATH");
    snprintf(folders, sizeof folders, "%s", path ? path : "/usr/bin");
    while ((folder = strsep(&rest, ":"))) {
        int length = snprintf(ret, cap, "%s/vcgencmd", folder);
        if (length < (int)cap && !access(ret, X_OK))
            return true;
    }
    return false;
}

/* The tool's own words say why it has no figures. */
static rg_status no_figures(const char *text, rg_err *err) {
    if (strstr(text, "denied") || strstr(text, "vcio") || strstr(text, "VCHI"))
        return rg_fail(err, RG_DENIED, "sudo usermod -aG video $USER, then log in again",
                       "vcgencmd may not ask the firmware: %.*s", (int)strcspn(text, "\n"), text);
    return rg_fail(err, RG_ABSENT, "measure this board with an external meter",
                   "this board's power chip has no meter (Raspberry Pi 5 and its kin have)");
}

static void add_rail(const supply *s, const char *path, double input_v, rg_rail_list *rails) {
    if (s->volts < 0 || s->amperes < 0 || rails->n == RG_MAX_RAILS)
        return;
    rg_rail *rail = &rails->items[rails->n++];
    *rail = (rg_rail){.sensor = "pmic",
                      .scope = RG_SCOPE_MODULE,
                      .role = RG_ROLE_COMPONENT,
                      .kind = RG_POWER_INSTANT,
                      .refresh_s = BETWEEN_NS / 1e9,
                      .limits = {.gain = -1, .offset_mw = -1, .lsb_mw = -1}};
    snprintf(rail->id, sizeof rail->id, "pmic:%s", s->name);
    snprintf(rail->label, sizeof rail->label, "%s", s->name);
    snprintf(rail->transport, sizeof rail->transport, "%s", path);
    rg_rail_add_fact(rail,
                     "output of a regulator: without its loss, and without what USB ports and HATs "
                     "draw from 5 V (an AI HAT or Coral stick is not covered); EXT5V=%.3fV, its "
                     "current is not measured",
                     input_v);
}

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    char path[512], text[TEXT_BYTES];
    answer a;
    (void)options;
    if (!rg_root_is_live(root))
        return rg_fail(err, RG_ABSENT, "run railgauge there, without --root",
                       "vcgencmd answers on the machine itself only");
    if (!find_tool(path, sizeof path))
        return rg_fail(err, RG_ABSENT, "on a Raspberry Pi 5: sudo apt install raspi-utils",
                       "no vcgencmd here asks a Raspberry Pi's power chip");
    rg_status status = ask(path, &a, text, err);
    if (status != RG_OK)
        return status;
    char copy[TEXT_BYTES];
    snprintf(copy, sizeof copy, "%s", text);
    take_text(&a, copy);
    size_t before = ret_rails->n;
    for (size_t i = 0; i < a.n; i++)
        add_rail(&a.supplies[i], path, a.input_v, ret_rails);
    return ret_rails->n > before ? RG_OK : no_figures(text, err);
}

struct rg_gauge {
    char path[512], names[RG_MAX_RAILS][40];
    size_t n;
    int64_t next_ns; /* not to be asked before */
    char trouble[192];
};

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    (void)root;
    rg_gauge *gauge = calloc(1, sizeof *gauge);
    if (!gauge)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    snprintf(gauge->path, sizeof gauge->path, "%s", rails[0].transport);
    for (; gauge->n < n && gauge->n < RG_MAX_RAILS; gauge->n++)
        snprintf(gauge->names[gauge->n], sizeof gauge->names[0], "%.39s", rails[gauge->n].label);
    *ret_gauge = gauge;
    return RG_OK;
}

static rg_power_row row_of(answer *a, const char *name, uint32_t rail) {
    const supply *s = supply_called(a, name, strlen(name));
    rg_power_row row = rg_row_hole(rail);
    if (!s || s->volts < 0 || s->amperes < 0)
        return row;
    row.flags = 0;
    row.t_ns = a->t_ns;
    row.half_ns = a->half_ns;
    row.voltage_mv = s->volts * 1e3;
    row.current_ma = s->amperes * 1e3;
    row.power_mw = s->volts * s->amperes * 1e3;
    return row;
}

/* All rails of one answer; holes when there was none. */
static rg_status drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n) {
    char text[TEXT_BYTES];
    answer a;
    *ret_n = 0;
    int64_t now_ns = rg_clock_real_ns();
    if (now_ns < gauge->next_ns)
        return RG_OK;
    gauge->next_ns += BETWEEN_NS; /* a grid, so that what wakes us late does not slow us down */
    if (gauge->next_ns <= now_ns)
        gauge->next_ns = now_ns + BETWEEN_NS;
    rg_err err = RG_ERR_INIT;
    if (ask(gauge->path, &a, text, &err) == RG_OK)
        take_text(&a, text);
    else if (!*gauge->trouble)
        snprintf(gauge->trouble, sizeof gauge->trouble, "%.190s", err.what);
    for (size_t i = 0; i < gauge->n && i < cap; i++)
        rows[(*ret_n)++] = row_of(&a, gauge->names[i], (uint32_t)i);
    return RG_OK;
}

static void close_gauge(rg_gauge *gauge) {
    free(gauge);
}

static const char *trouble(const rg_gauge *gauge) {
    return gauge->trouble;
}

const rg_sensor rg_sensor_pmic = {
    .name = "pmic",
    .summary = "Raspberry Pi 5: its power chip's regulators, through vcgencmd",
    .probe = probe,
    .open = open_gauge,
    .drain = drain,
    .close = close_gauge,
    .trouble = trouble,
};
