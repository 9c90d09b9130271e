/* pipe_line.c: reads the lines of pipe_line.h; nothing is assumed about who writes them. */
#include "power/pipe_line.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADVICE "docs/power.md tells what a line may hold"

/* Numbers of a rail by key. */
typedef struct number {
    const char *key;
    size_t offset;
    double least, most;
} number;

static const number numbers[] = {
    {"refresh_s", offsetof(rg_rail, refresh_s), 1e-6, 3600},
    {"lag_s", offsetof(rg_rail, lag_s), 0, 3600},
    {"gain", offsetof(rg_rail, limits.gain), 0, 1},
    {"offset_mw", offsetof(rg_rail, limits.offset_mw), 0, 1e9},
    {"lsb_mw", offsetof(rg_rail, limits.lsb_mw), 0, 1e9},
    {"range_mw", offsetof(rg_rail, limits.range_mw), 0, 1e9},
};

static rg_rail *begin_rail(rg_pipe_head *head, const char *name) {
    rg_rail *rail = &head->rails[head->n_rails++];
    *rail = (rg_rail){.status = RG_OK, .refresh_s = 0.1, .kind = RG_POWER_INSTANT};
    rail->limits = (rg_limits){.gain = -1, .offset_mw = -1, .lsb_mw = -1};
    snprintf(rail->label, sizeof rail->label, "%.40s", name);
    snprintf(rail->id, sizeof rail->id, "pipe:%.40s", name);
    snprintf(rail->sensor, sizeof rail->sensor, "pipe");
    return rail;
}

bool rg_rail_is_name(const char *word) {
    if (!isalpha((unsigned char)*word) || strlen(word) > 40)
        return false;
    for (; *word; word++) {
        if (!isalnum((unsigned char)*word) && !strchr("-_.", *word))
            return false;
    }
    return true;
}

static bool take_clock(rg_pipe_head *head, const char *word) {
    static const char *const clocks[] = {"own", "monotonic", "realtime"};
    for (int i = 0; i < 3; i++) {
        if (!strcmp(word, clocks[i])) {
            head->clock = (rg_pipe_clock)i;
            return true;
        }
    }
    return false;
}

static bool take_number(rg_rail *rail, const char *key, const char *word) {
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char *end;
        if (strcmp(key, numbers[i].key))
            continue;
        double value = strtod(word, &end);
        if (end == word || *end || !(value >= numbers[i].least && value <= numbers[i].most))
            return false;
        memcpy((char *)rail + numbers[i].offset, &value, sizeof value);
        return true;
    }
    return false;
}

/* A word that is not known would be read as "unknown", so it is asked back. */
static bool take_word(rg_rail *rail, const char *key, const char *word) {
    if (!strcmp(key, "scope")) {
        rail->scope = rg_scope_from_word(word);
        return !strcmp(rg_scope_word(rail->scope), word);
    }
    if (!strcmp(key, "role")) {
        rail->role = rg_role_from_word(word);
        return !strcmp(rg_role_word(rail->role), word);
    }
    rail->kind = rg_power_kind_from_word(word);
    return rail->kind != RG_POWER_COUNTER && !strcmp(rg_power_kind_word(rail->kind), word);
}

bool rg_rail_take_pair(rg_rail *rail, const char *key, const char *word) {
    if (!strcmp(key, "scope") || !strcmp(key, "role") || !strcmp(key, "kind"))
        return take_word(rail, key, word);
    return take_number(rail, key, word);
}

static bool take_pair(rg_pipe_head *head, const char *key, const char *word) {
    if (!strcmp(key, "clock"))
        return take_clock(head, word);
    if (!strcmp(key, "rail")) {
        if (!rg_rail_is_name(word) || head->n_rails == RG_PIPE_RAILS)
            return false;
        begin_rail(head, word);
        return true;
    }
    return rg_rail_take_pair(
        head->n_rails ? &head->rails[head->n_rails - 1] : begin_rail(head, "power"), key, word);
}

rg_status rg_pipe_take_head(const char *line, rg_pipe_head *head, rg_err *err) {
    char copy[512], *rest = copy, *word;
    snprintf(copy, sizeof copy, "%s", line + strspn(line, "# \t"));
    while ((word = strsep(&rest, " \t\r\n"))) {
        char *equals = strchr(word, '=');
        if (!equals)
            continue;
        *equals = '\0';
        if (!take_pair(head, word, equals + 1))
            return rg_fail(err, RG_BAD_DATA, ADVICE, "the meter's program says '%.40s=%.60s'", word,
                           equals + 1);
    }
    return RG_OK;
}

/* The rail that a reading names, the first when it names none; RG_PIPE_RAILS for an unknown one. */
static size_t find_rail(rg_pipe_head *head, const char *name) {
    if (head->n_rails == 0)
        begin_rail(head, "power");
    if (!*name)
        return 0;
    for (size_t i = 0; i < head->n_rails; i++) {
        if (!strcmp(head->rails[i].label, name))
            return i;
    }
    return RG_PIPE_RAILS;
}

/* Up to three finite numbers from the beginning; `ret_rest` is behind them. */
static int take_numbers(const char *line, double *ret_values, const char **ret_rest) {
    int n = 0;
    for (; n < 3; n++) {
        char *end;
        ret_values[n] = strtod(line, &end);
        if (end == line || !isfinite(ret_values[n]))
            break;
        line = end;
    }
    *ret_rest = line + strspn(line, " \t,;");
    return n;
}

rg_status rg_pipe_take_reading(const char *line, rg_pipe_head *head, rg_pipe_reading *ret,
                               rg_err *err) {
    double values[3];
    const char *rest;
    char name[64];
    int n = take_numbers(line, values, &rest);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(rest, " \t\r\n"), rest);
    size_t rail = find_rail(head, name);
    if (n < 2 || rail == RG_PIPE_RAILS)
        return rg_fail(err, RG_BAD_DATA, ADVICE, "the meter's program says '%.80s'", line);
    *ret = (rg_pipe_reading){.time_s = values[0], .row = {.rail = (uint32_t)rail}};
    ret->row.energy_uj = ret->row.voltage_mv = ret->row.current_ma = NAN;
    ret->row.power_mw = values[1] * 1e3;
    if (n == 3) {
        ret->row.voltage_mv = values[1] * 1e3;
        ret->row.current_ma = values[2] * 1e3;
        ret->row.power_mw = values[1] * values[2] * 1e3;
    }
    double range_mw = head->rails[rail].limits.range_mw;
    if (range_mw > 0 && fabs(ret->row.power_mw) >= range_mw)
        ret->row.flags |= RG_ROW_CLIPPED;
    return RG_OK;
}
