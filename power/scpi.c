/* scpi.c: meters and supplies that speak SCPI over TCP: `--rail scpi:HOST[:PORT],scope=wall`. What
 * is asked is told by the table of dialects (scpi_dialect.c); the connection is scpi_link.c's. One
 * that is lost gives holes until it can be made again. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/iface/sensor.h"
#include "power/files.h"
#include "power/instrument.h"
#include "power/rows.h"
#include "power/scpi_dialect.h"
#include "power/scpi_link.h"

enum { PROBE_MS = 3000, READ_MS = 1000, CONNECT_MS = 300, LINE_BYTES = 512 };

/* A connection, which all channels of one instrument share: many take no second one. */
typedef struct wire {
    char address[200];
    rg_scpi_link link;
    const void *set_up_for; /* the channel that its setup was sent for last */
} wire;

/* A channel of an instrument; one a rail. */
typedef struct channel {
    wire *wire;
    const rg_scpi_dialect *dialect;
    int number;
    double read_s; /* what a reading took when it was tried */
    double volts, range_mw;
    char trouble[192];
} channel;

/* Commands name the channel with a %d, or need none. */
static void fill_in(const char *command, int number, char *ret, size_t cap) {
    const char *mark = strstr(command, "%d");
    if (mark)
        snprintf(ret, cap, "%.*s%d%s", (int)(mark - command), command, number, mark + 2);
    else
        snprintf(ret, cap, "%s", command);
}

static rg_status set_up(channel *c, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < RG_SCPI_SETUP && c->dialect->setup[i]; i++) {
        char command[128];
        fill_in(c->dialect->setup[i], c->number, command, sizeof command);
        status = rg_scpi_link_send(&c->wire->link, command, err);
    }
    return status;
}

/* Connects where that is needed; what one channel was set up with holds until another one is. */
static rg_status make_ready(channel *c, int limit_ms, rg_err *err) {
    if (c->wire->link.fd < 0)
        c->wire->set_up_for = NULL;
    rg_status status = rg_scpi_link_connect(&c->wire->link, limit_ms, err);
    if (status == RG_OK && c->wire->set_up_for != c) {
        status = set_up(c, err);
        c->wire->set_up_for = c;
    }
    return status;
}

static rg_status ask_reading(channel *c, rg_power_row *row, rg_err *err) {
    size_t column = 0;
    for (size_t i = 0; i < RG_SCPI_QUERIES && c->dialect->queries[i]; i++) {
        char query[128], answer[LINE_BYTES];
        fill_in(c->dialect->queries[i], c->number, query, sizeof query);
        rg_status status =
            rg_scpi_link_ask(&c->wire->link, query, READ_MS, answer, sizeof answer, err);
        if (status != RG_OK)
            return status;
        rg_scpi_take_answer(answer, c->dialect->columns, &column, row);
    }
    rg_scpi_finish(row, c->volts);
    return RG_OK;
}

/* --- probing ---------------------------------------------------------------------------------- */

static double ask_number(channel *c, const char *query) {
    char answer[LINE_BYTES];
    if (!query ||
        rg_scpi_link_ask(&c->wire->link, query, READ_MS, answer, sizeof answer, NULL) != RG_OK)
        return 0;
    double value = strtod(answer, NULL);
    return isfinite(value) && value > 0 ? value : 0;
}

static void find_limits(channel *c, rg_rail *rail) {
    const rg_scpi_dialect *d = c->dialect;
    double refresh_s = ask_number(c, d->refresh_query);
    double range_mw = 1e3 * ask_number(c, d->range_queries[0]) * ask_number(c, d->range_queries[1]);
    rail->kind = d->kind;
    /* a reading that takes longer than half a refresh has no moment */
    rail->refresh_s = fmax(refresh_s > 0 ? refresh_s : d->refresh_s, 2 * c->read_s);
    rail->limits = (rg_limits){.gain = d->gain, .offset_mw = -1, .lsb_mw = 0, .range_mw = range_mw};
    if (d->offset_of_range >= 0 && range_mw > 0)
        rail->limits.offset_mw = d->offset_of_range * range_mw;
}

static void describe(channel *c, const rg_instrument *told, const char *identity, rg_rail *rail) {
    *rail = (rg_rail){.sensor = "scpi", .status = RG_OK};
    snprintf(rail->id, sizeof rail->id, "scpi:%.80s:ch%d", told->address, c->number);
    snprintf(rail->bus, sizeof rail->bus, "%.90s", told->address);
    snprintf(rail->label, sizeof rail->label, "%s", c->dialect->name);
    snprintf(rail->transport, sizeof rail->transport, "%s %s %d %.17g", told->address,
             c->dialect->name, c->number, told->volts);
    find_limits(c, rail);
    rg_instrument_tell(told, rail);
    rg_rail_add_fact(rail, "%.90s; dialect %s: %s", identity, c->dialect->name, c->dialect->facts);
    if (told->volts > 0)
        rg_rail_add_fact(rail, "; declared %.6g V", told->volts);
}

/* One reading is asked for: an instrument that answers but cannot measure is found now. */
static rg_status try_reading(channel *c, rg_err *err) {
    rg_power_row row = rg_row_empty(0);
    int64_t start_ns = rg_clock_real_ns();
    rg_status status = ask_reading(c, &row, err);
    c->read_s = (double)(rg_clock_real_ns() - start_ns) * 1e-9;
    if (status == RG_OK && !strchr(c->dialect->columns, 'V') && c->volts <= 0)
        return rg_fail(err, RG_USAGE, "add ,volts=5.0",
                       "it measures current only: the supply's voltage is not known");
    if (status == RG_OK && row.flags & RG_ROW_BAD)
        return rg_fail(err, RG_BAD_DATA, "use --power-pipe with a program of yours",
                       "it does not answer to %s", c->dialect->queries[0]);
    return status;
}

/* Foreign words go into listings and records: no more than letters and signs of ASCII. */
static void make_plain(char *words) {
    for (; *words; words++) {
        unsigned char c = (unsigned char)*words;
        *words = c < ' ' || c > '~' ? '?' : *words;
    }
}

static rg_status find_rail(const rg_instrument *told, channel *c, rg_rail *rail, rg_err *err) {
    char identity[LINE_BYTES];
    c->number = told->channel;
    c->volts = told->volts;
    rg_status status = rg_scpi_link_connect(&c->wire->link, PROBE_MS, err);
    if (status == RG_OK)
        status =
            rg_scpi_link_ask(&c->wire->link, "*IDN?", PROBE_MS, identity, sizeof identity, err);
    if (status != RG_OK)
        return status;
    make_plain(identity);
    c->dialect = rg_scpi_dialect_for(identity);
    status = set_up(c, err);
    if (status == RG_OK)
        status = try_reading(c, err);
    if (status == RG_OK)
        describe(c, told, identity, rail);
    return status;
}

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    rg_instrument told;
    wire w = {.link.fd = -1};
    channel c = {.wire = &w};
    if (!rg_root_is_live(root) || !*options)
        return rg_fail(err, RG_ABSENT, "--rail scpi:HOST[:PORT],scope=board-in, see docs/power.md",
                       "no instrument that speaks SCPI is named");
    rg_status status = rg_instrument_parse(options, &told, err);
    if (status == RG_OK)
        status = rg_scpi_link_find(told.address, &w.link, err);
    if (status != RG_OK || ret_rails->n == RG_MAX_RAILS)
        return status;
    status = find_rail(&told, &c, &ret_rails->items[ret_rails->n], err);
    rg_scpi_link_close(&w.link);
    ret_rails->n += status == RG_OK;
    return status;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct rg_gauge {
    size_t n, n_wires;
    channel channels[RG_MAX_RAILS];
    wire wires[RG_MAX_RAILS];
};

static void close_gauge(rg_gauge *gauge) {
    for (size_t i = 0; gauge && i < gauge->n_wires; i++)
        rg_scpi_link_close(&gauge->wires[i].link);
    free(gauge);
}

static rg_status find_wire(rg_gauge *gauge, const char *address, wire **ret_wire, rg_err *err) {
    for (size_t i = 0; i < gauge->n_wires; i++) {
        *ret_wire = &gauge->wires[i];
        if (!strcmp((*ret_wire)->address, address))
            return RG_OK;
    }
    wire *fresh = *ret_wire = &gauge->wires[gauge->n_wires];
    snprintf(fresh->address, sizeof fresh->address, "%s", address);
    rg_status status = rg_scpi_link_find(address, &fresh->link, err);
    gauge->n_wires += status == RG_OK;
    return status;
}

static rg_status open_channel(rg_gauge *gauge, const rg_rail *rail, channel *c, rg_err *err) {
    char address[200], dialect[40];
    if (sscanf(rail->transport, "%199s %39s %d %lf", address, dialect, &c->number, &c->volts) !=
            4 ||
        !(c->dialect = rg_scpi_dialect_called(dialect)))
        return rg_fail(err, RG_ABSENT, "see `railgauge list rails`", "cannot open rail %s",
                       rail->id);
    c->range_mw = rail->limits.range_mw;
    rg_status status = find_wire(gauge, address, &c->wire, err);
    return status == RG_OK ? make_ready(c, PROBE_MS, err) : status;
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    (void)root;
    rg_status status = RG_OK;
    rg_gauge *gauge = calloc(1, sizeof *gauge);
    if (!gauge)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (; status == RG_OK && gauge->n < n && gauge->n < RG_MAX_RAILS; gauge->n++) {
        status = open_channel(gauge, &rails[gauge->n], &gauge->channels[gauge->n], err);
    }
    if (status != RG_OK) {
        close_gauge(gauge);
        return status;
    }
    *ret_gauge = gauge;
    return RG_OK;
}

/* A connection that was lost is made again here; until then the rail has holes. */
static void read_channel(const void *opened, rg_power_row *row) {
    channel *c = (channel *)opened; /* the connection changes, what is measured does not */
    rg_err err = RG_ERR_INIT;
    rg_status status = make_ready(c, CONNECT_MS, &err);
    if (status == RG_OK)
        status = ask_reading(c, row, &err);
    if (status != RG_OK)
        row->flags |= RG_ROW_BAD;
    if (status != RG_OK && !*c->trouble)
        snprintf(c->trouble, sizeof c->trouble, "%.190s", err.what);
    if (c->range_mw > 0 && fabs(row->power_mw) >= c->range_mw)
        row->flags |= RG_ROW_CLIPPED;
}

static rg_status drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n) {
    *ret_n = 0;
    for (size_t i = 0; i < gauge->n && i < cap; i++) {
        rows[i] = rg_row_empty((uint32_t)i);
        rg_row_stamp(&rows[i], read_channel, &gauge->channels[i]);
        (*ret_n)++;
    }
    return RG_OK;
}

static const char *trouble(const rg_gauge *gauge) {
    size_t i = 0;
    while (i + 1 < gauge->n && !*gauge->channels[i].trouble)
        i++;
    return gauge->channels[i].trouble;
}

const rg_sensor rg_sensor_scpi = {
    .name = "scpi",
    .summary = "a meter or supply that speaks SCPI over TCP: --rail scpi:HOST[:PORT]",
    .has_options = true,
    .probe = probe,
    .open = open_gauge,
    .drain = drain,
    .close = close_gauge,
    .trouble = trouble,
};
