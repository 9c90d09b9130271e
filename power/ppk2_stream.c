/* ppk2_stream.c: makes rows of a PPK2's words (ppk2_stream.h). */
#include "power/ppk2_stream.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ADC_MOST = 0x3fff, COUNTER_MOST = 0x3f, SETTLING = 3, LAST_RANGE = RG_PPK2_RANGES - 1 };

/* Volts a step of the converter, of which a word's value has four. */
static const double step_v = 1.8 / 163840;

static const rg_ppk2_calibration nominal = {
    .r = {1031.64, 101.65, 10.15, 0.94, 0.043},
    .gs = {1, 1, 1, 1, 1},
    .gi = {1, 1, 1, 1, 1},
    .ug = {1, 1, 1, 1, 1},
};

/* Arrays of the calibration by their key; longer keys first where one begins another. */
static const struct {
    const char *key;
    size_t offset;
} keys[] = {
    {"gs", offsetof(rg_ppk2_calibration, gs)}, {"gi", offsetof(rg_ppk2_calibration, gi)},
    {"ug", offsetof(rg_ppk2_calibration, ug)}, {"r", offsetof(rg_ppk2_calibration, r)},
    {"o", offsetof(rg_ppk2_calibration, o)},   {"s", offsetof(rg_ppk2_calibration, s)},
    {"i", offsetof(rg_ppk2_calibration, i)},
};

/* Where the value of "GS3" goes; NULL when the line tells of something else. */
static double *place_of(rg_ppk2_calibration *c, const char *line, size_t length) {
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        size_t n = strlen(keys[k].key);
        if (length != n + 1 || line[n] < '0' || line[n] > '0' + LAST_RANGE)
            continue;
        size_t same = 0;
        while (same < n && tolower((unsigned char)line[same]) == keys[k].key[same])
            same++;
        if (same == n)
            return (double *)((char *)c + keys[k].offset) + (line[n] - '0');
    }
    return NULL;
}

size_t rg_ppk2_calibration_take(const char *text, rg_ppk2_calibration *ret) {
    size_t taken = 0;
    *ret = nominal;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        line += strspn(line, " \t\r");
        size_t length = strcspn(line, ":\n");
        double *place = line[length] == ':' ? place_of(ret, line, length) : NULL;
        double value = place ? strtod(line + length + 1, NULL) : 0;
        if (!place || !isfinite(value) || value == 0)
            continue;
        *place = value;
        taken++;
    }
    return taken;
}

double rg_ppk2_amperes(const rg_ppk2_calibration *c, uint32_t word, double volts) {
    unsigned range = word >> 14 & 7;
    if (range > LAST_RANGE)
        return NAN;
    double value = 4.0 * (word & ADC_MOST);
    double plain = (value - c->o[range]) * step_v / c->r[range];
    double line = plain * (c->gs[range] * plain + c->gi[range]);
    return c->ug[range] * (line + c->s[range] * volts + c->i[range]);
}

/* The converter is not true for some words after a change of range: the smoothed current stands in
 * for them. The coarsest range settles slower and does not enter it at once. */
static double settled(rg_ppk2_stream *s, int range, double amperes) {
    bool first = s->words == 0, changed = !first && range != s->range;
    if (changed)
        s->unsettled = SETTLING;
    bool enters = range != LAST_RANGE || s->unsettled < SETTLING - 1;
    if (first)
        s->fast_a = s->slow_a = amperes;
    else if (enters) {
        s->fast_a += 0.18 * (amperes - s->fast_a);
        s->slow_a += 0.06 * (amperes - s->slow_a);
    }
    s->range = range;
    if (s->unsettled == 0)
        return amperes;
    s->unsettled--;
    return range == LAST_RANGE ? s->slow_a : s->fast_a;
}

static rg_power_row row_of_block(rg_ppk2_stream *s, int64_t heard_ns) {
    rg_power_row row = s->lost || !s->n ? rg_row_hole(0) : rg_row_empty(0);
    double end_s = (double)s->words / RG_PPK2_HZ;
    row.half_ns = 0;
    row.t_ns = rg_meter_clock_ns(&s->clock, end_s, heard_ns) -
               (int64_t)RG_PPK2_BLOCK * 500000000 / RG_PPK2_HZ;
    if (!(row.flags & RG_ROW_BAD)) {
        row.current_ma = s->sum_a / s->n * 1e3;
        row.voltage_mv = s->volts * 1e3;
        row.power_mw = row.current_ma * s->volts;
        row.flags = s->clipped ? RG_ROW_CLIPPED : 0;
    }
    s->sum_a = 0;
    s->n = s->lost = 0;
    s->clipped = false;
    return row;
}

/* True when the block is full. */
static bool take_word(rg_ppk2_stream *s, uint32_t word) {
    unsigned counter = word >> 18 & COUNTER_MOST;
    unsigned lost = s->begun ? (counter - s->counter) & COUNTER_MOST : 0;
    double amperes = rg_ppk2_amperes(&s->calibration, word, s->volts);
    s->bad_words = lost ? s->bad_words + 1 : 0;
    s->lost += lost + isnan(amperes);
    s->counter = (counter + 1) & COUNTER_MOST;
    s->begun = true;
    if (!isnan(amperes)) {
        s->sum_a += settled(s, (int)(word >> 14 & 7), amperes);
        s->clipped |= (word & ADC_MOST) == ADC_MOST && (word >> 14 & 7) == LAST_RANGE;
        s->n++;
    }
    s->words += lost + 1;
    return s->n + s->lost >= RG_PPK2_BLOCK;
}

size_t rg_ppk2_stream_take(rg_ppk2_stream *s, const unsigned char *bytes, size_t n,
                           int64_t heard_ns, rg_power_row *rows, size_t cap, size_t *ret_n) {
    size_t taken = 0;
    *ret_n = 0;
    while (taken < n && *ret_n < cap) {
        s->bytes[s->n_bytes++] = bytes[taken++];
        if (s->n_bytes < 4)
            continue;
        const unsigned char *b = s->bytes;
        s->n_bytes = 0;
        if (take_word(s, (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0]))
            rows[(*ret_n)++] = row_of_block(s, heard_ns);
    }
    return taken;
}
