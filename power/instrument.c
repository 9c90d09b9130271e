/* instrument.c: reads the words about an external instrument (instrument.h). */
#include "power/instrument.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "power/pipe_line.h"

enum { MAX_OPTIONS = 400 };

static bool take_volts(const char *word, double *ret_volts) {
    char *end;
    double volts = strtod(word, &end);
    if (end == word || *end || !(volts > 0 && volts <= 1000))
        return false;
    *ret_volts = volts;
    return true;
}

static bool take_channel(const char *word, int *ret_channel) {
    char *end;
    long channel = strtol(word, &end, 10);
    if (end == word || *end || channel < 1 || channel > 99)
        return false;
    *ret_channel = (int)channel;
    return true;
}

static bool take_pair(rg_instrument *told, const char *key, const char *word) {
    if (!strcmp(key, "volts"))
        return take_volts(word, &told->volts);
    if (!strcmp(key, "source"))
        return take_volts(word, &told->source_v);
    if (!strcmp(key, "channel"))
        return take_channel(word, &told->channel);
    if (!strcmp(key, "rail")) {
        snprintf(told->rail.label, sizeof told->rail.label, "%.47s", word);
        return rg_rail_is_name(word);
    }
    return rg_rail_take_pair(&told->rail, key, word);
}

rg_status rg_instrument_parse(const char *options, rg_instrument *ret, rg_err *err) {
    static const char advice[] =
        "ADDRESS[,scope=board-in][,role=total][,rail=NAME]..., see docs/power.md";
    char copy[MAX_OPTIONS], *rest = copy, *word;
    *ret =
        (rg_instrument){.channel = 1, .rail.limits = {.gain = -1, .offset_mw = -1, .lsb_mw = -1}};
    if (strlen(options) >= sizeof copy || strcspn(options, ",") >= sizeof ret->address)
        return rg_fail(err, RG_USAGE, advice, "the instrument's address is too long");
    snprintf(copy, sizeof copy, "%s", options);
    snprintf(ret->address, sizeof ret->address, "%s", strsep(&rest, ","));
    while ((word = strsep(&rest, ","))) {
        char *equals = strchr(word, '=');
        if (equals)
            *equals = '\0';
        if (!equals || !take_pair(ret, word, equals + 1))
            return rg_fail(err, RG_USAGE, advice, "an instrument cannot be told '%.40s%s%.60s'",
                           word, equals ? "=" : "", equals ? equals + 1 : "");
    }
    if (ret->rail.scope != RG_SCOPE_UNKNOWN && ret->rail.role == RG_ROLE_UNKNOWN)
        ret->rail.role = RG_ROLE_TOTAL;
    return RG_OK;
}

void rg_instrument_tell(const rg_instrument *told, rg_rail *rail) {
    const rg_limits *limits = &told->rail.limits;
    rail->scope = told->rail.scope;
    rail->role = told->rail.role;
    if (*told->rail.label)
        snprintf(rail->label, sizeof rail->label, "%s", told->rail.label);
    rail->refresh_s = told->rail.refresh_s > 0 ? told->rail.refresh_s : rail->refresh_s;
    rail->lag_s = told->rail.lag_s > 0 ? told->rail.lag_s : rail->lag_s;
    rail->limits.gain = limits->gain >= 0 ? limits->gain : rail->limits.gain;
    rail->limits.offset_mw = limits->offset_mw >= 0 ? limits->offset_mw : rail->limits.offset_mw;
    rail->limits.lsb_mw = limits->lsb_mw >= 0 ? limits->lsb_mw : rail->limits.lsb_mw;
    rail->limits.range_mw = limits->range_mw > 0 ? limits->range_mw : rail->limits.range_mw;
}
