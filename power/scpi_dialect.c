/* scpi_dialect.c: the table of dialects. Facts: the makers' programming guides; limits of error
 * only where the guide gives one for all ranges, else unknown: tell them with gain= and offset_mw=.
 */
#include "power/scpi_dialect.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* First match wins. */
static const rg_scpi_dialect dialects[] = {
    {.name = "yokogawa-wt300",
     .maker = "YOKOGAWA",
     .model = "WT3",
     .setup = {":COMMUNICATE:HEADER OFF", ":NUMERIC:FORMAT ASCII", ":NUMERIC:NORMAL:NUMBER 3",
               ":NUMERIC:NORMAL:ITEM1 U,1", ":NUMERIC:NORMAL:ITEM2 I,1",
               ":NUMERIC:NORMAL:ITEM3 P,1"},
     .queries = {":NUMERIC:NORMAL:VALUE?"},
     .columns = "VIP",
     .refresh_query = ":RATE?",
     .range_queries = {":INPUT:VOLTAGE:RANGE?", ":INPUT:CURRENT:RANGE?"},
     .kind = RG_POWER_BLOCK,
     .refresh_s = 0.25,
     .gain = 0.001,
     .offset_of_range = 0.002,
     .facts = "0.1 % of reading and 0.2 % of range (direct current); set a fixed range"},
    {.name = "keysight-n6700",
     .maker = "KEYSIGHT",
     .model = "N67",
     .queries = {"MEAS:VOLT? (@%d)", "MEAS:CURR? (@%d)"},
     .columns = "VI",
     .kind = RG_POWER_INSTANT,
     .refresh_s = 0.1,
     .gain = -1,
     .offset_of_range = -1,
     .facts = "limits differ by module: tell gain= and offset_mw="},
    {.name = "keysight-e36000",
     .maker = "KEYSIGHT",
     .model = "E36",
     .queries = {"MEAS:VOLT? (@%d)", "MEAS:CURR? (@%d)"},
     .columns = "VI",
     .kind = RG_POWER_INSTANT,
     .refresh_s = 0.2,
     .gain = -1,
     .offset_of_range = -1,
     .facts = "a supply's own readings: tell gain= and offset_mw="},
    {.name = "keysight-34400",
     .maker = "KEYSIGHT",
     .model = "344",
     .setup = {"CONF:CURR:DC", "CURR:DC:NPLC 1"},
     .queries = {"READ?"},
     .columns = "I",
     .kind = RG_POWER_INSTANT,
     .refresh_s = 0.2,
     .gain = -1,
     .offset_of_range = -1,
     .facts = "current only: the voltage is the declared one"},
    {.name = "rs-hmc8015",
     .maker = "ROHDE",
     .model = "HMC8015",
     .setup = {"CHANNEL1:MEASUREMENT:FORMAT ASCII", "CHANNEL1:MEASUREMENT:FUNCTIONS URMS,IRMS,P"},
     .queries = {"CHANNEL1:MEASUREMENT:DATA?"},
     .columns = "VIP",
     .kind = RG_POWER_BLOCK,
     .refresh_s = 0.1,
     .gain = -1,
     .offset_of_range = -1,
     .facts = "limits differ by range: tell gain= and offset_mw="},
    {.name = "rs-supply",
     .maker = "ROHDE",
     .model = "",
     .setup = {"INST:NSEL %d"},
     .queries = {"MEAS:VOLT?", "MEAS:CURR?"},
     .columns = "VI",
     .kind = RG_POWER_INSTANT,
     .refresh_s = 0.1,
     .gain = -1,
     .offset_of_range = -1,
     .facts = "a supply's own readings: tell gain= and offset_mw="},
    {.name = "generic",
     .maker = "",
     .model = "",
     .queries = {"MEAS:VOLT?", "MEAS:CURR?"},
     .columns = "VI",
     .kind = RG_POWER_INSTANT,
     .refresh_s = 0.2,
     .gain = -1,
     .offset_of_range = -1,
     .facts = "a make that is not in the table: tell gain=, offset_mw= and refresh_s="},
};
enum { N_DIALECTS = sizeof dialects / sizeof dialects[0] };

/* "Agilent Technologies" and "HEWLETT-PACKARD" are Keysight under earlier names. */
static const char *maker_of(const char *identity) {
    bool earlier = !strncasecmp(identity, "AGILENT", 7) || !strncasecmp(identity, "HEWLETT", 7);
    return earlier ? "KEYSIGHT" : identity;
}

const rg_scpi_dialect *rg_scpi_dialect_for(const char *identity) {
    const char *maker = maker_of(identity), *model = strchr(identity, ',');
    model = model ? model + 1 + strspn(model + 1, " ") : "";
    for (size_t i = 0; i < N_DIALECTS; i++) {
        const rg_scpi_dialect *d = &dialects[i];
        if (!strncasecmp(maker, d->maker, strlen(d->maker)) &&
            !strncasecmp(model, d->model, strlen(d->model)))
            return d;
    }
    return &dialects[N_DIALECTS - 1];
}

const rg_scpi_dialect *rg_scpi_dialect_called(const char *name) {
    for (size_t i = 0; i < N_DIALECTS; i++) {
        if (!strcmp(dialects[i].name, name))
            return &dialects[i];
    }
    return NULL;
}

/* SCPI says 9.9E37 for infinity and 9.91E37 for "not a number"; some makes say it in words. */
static double take_number(const char *word, uint32_t *flags) {
    char *end;
    double value = strtod(word, &end);
    if (!strncasecmp(word, "OVLD", 4) || !strncasecmp(word, "OVER", 4) || !strncmp(word, "---O", 4))
        *flags |= RG_ROW_CLIPPED;
    else if (end == word)
        *flags |= RG_ROW_BAD;
    else if (!isfinite(value) || fabs(value) > 9e36)
        *flags |= RG_ROW_CLIPPED;
    else
        return value;
    return NAN;
}

void rg_scpi_take_answer(const char *answer, const char *columns, size_t *column,
                         rg_power_row *row) {
    for (const char *at = answer; columns[*column]; at++, ++*column) {
        at += strspn(at, " \t");
        double value = take_number(at, &row->flags);
        switch (columns[*column]) {
        case 'V':
            row->voltage_mv = value * 1e3;
            break;
        case 'I':
            row->current_ma = value * 1e3;
            break;
        default:
            row->power_mw = value * 1e3;
            break;
        }
        at += strcspn(at, ",;");
        if (!*at) {
            ++*column;
            return;
        }
    }
}

void rg_scpi_finish(rg_power_row *row, double volts) {
    if (isnan(row->voltage_mv) && volts > 0)
        row->voltage_mv = volts * 1e3;
    if (row->flags & RG_ROW_CLIPPED)
        row->power_mw = NAN; /* one part beyond its range: the other tells no power */
    else if (isnan(row->power_mw))
        row->power_mw = row->voltage_mv * row->current_ma / 1e3;
    if (isnan(row->power_mw) && !(row->flags & RG_ROW_CLIPPED))
        row->flags |= RG_ROW_BAD;
}
