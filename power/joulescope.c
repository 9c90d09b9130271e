/* joulescope.c: Joulescope instruments through their maker's library, loaded by a process of its
 * own (foreign.c): `--rail joulescope:js220-000123,scope=board-in`. The instrument itself makes the
 * means of current, voltage and power that come as rows. Facts: the library's public headers. */
#include <dlfcn.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/core/clock.h"
#include "bench/iface/sensor.h"
#include "power/files.h"
#include "power/foreign.h"
#include "power/instrument.h"
#include "power/rows.h"

enum { WAIT_MS = 2000, TOPIC_BYTES = 64, LIST_BYTES = 1024, MAX_UNITS = 8 };

/* --- the library's own types -------------------------------------------------------------------
 */

enum {
    TYPE_STRING = 1,
    TYPE_BYTES = 3,
    TYPE_U8 = 8,
    TYPE_U32 = 10,
    FLAG_RETAIN = 1,
    ON_PUBLISH = 2
};

typedef struct value {
    uint8_t type, flags, op, app;
    uint32_t size;
    union {
        const char *text;
        const void *bytes;
        uint64_t number;
    } is;
} value;

/* Statistics over a block of samples; what stands behind is not read. */
typedef struct statistics {
    uint8_t version, reserved1, reserved2, decimate;
    uint32_t block_samples, sample_hz, reserved3;
    uint64_t block_first, sum_first;
    double amperes, amperes_sd, amperes_least, amperes_most;
    double volts, volts_sd, volts_least, volts_most;
    double watts, watts_sd, watts_least, watts_most;
} statistics;

typedef void (*on_value)(void *user, const char *topic, const value *v);

typedef struct jsdrv {
    int32_t (*init)(void **ret_context, const void *args, uint32_t limit_ms);
    int32_t (*query)(void *context, const char *topic, value *v, uint32_t limit_ms);
    int32_t (*open)(void *context, const char *unit, int32_t mode, uint32_t limit_ms);
    int32_t (*publish)(void *context, const char *topic, const value *v, uint32_t limit_ms);
    int32_t (*subscribe)(void *context, const char *topic, uint8_t flags, on_value call, void *user,
                         uint32_t limit_ms);
    void *context; /* not a symbol */
} jsdrv;

static rg_status load(void *library, jsdrv *ret, rg_err *err) {
    static const char *const symbols[] = {"jsdrv_initialize", "jsdrv_query", "jsdrv_open",
                                          "jsdrv_publish", "jsdrv_subscribe"};
    void *found[6] = {0};
    _Static_assert(sizeof found == sizeof *ret, "a symbol a function, and the context");
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        found[i] = dlsym(library, symbols[i]);
        if (!found[i])
            return rg_fail(err, RG_UNSUPPORTED, "install joulescope_driver 1.4 or later",
                           "the Joulescope library has no %s", symbols[i]);
    }
    memcpy(ret, found, sizeof *ret);
    int32_t code = ret->init(&ret->context, NULL, 0);
    if (code)
        return rg_fail(err, RG_FAILED, "unplug the instrument and plug it in again",
                       "the Joulescope library does not start: error %d", (int)code);
    return RG_OK;
}

/* --- models ------------------------------------------------------------------------------------
 */

/* What each model is told to give a mean that often. A topic of NULL is left alone. */
typedef struct model {
    const char *name;
    const char *range_topic; /* set to "auto" */
    const char *count_topic; /* set to `count` samples a block */
    uint32_t count;
    const char *on_topic; /* set to 1 */
    const char *value_topic;
    double refresh_s;
} model;

static const model models[] = {
    {"js220", "s/i/range/mode", "s/stats/scnt", 50000, "s/stats/ctrl", "s/stats/value", 0.05},
    {"js110", "s/i/range/select", NULL, 0, NULL, "s/sstats/value", 0.5},
    {"js320", NULL, NULL, 0, "s/stats/ctrl", "s/stats/value", 0.5},
};

/* A unit is called "u/js220/000123". */
static const model *model_of(const char *unit) {
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        if (strstr(unit, models[i].name))
            return &models[i];
    }
    return NULL;
}

/* --- listing -----------------------------------------------------------------------------------
 */

/* "js220-000123", which has no characters of a path. */
static void name_unit(const char *unit, char *ret, size_t cap) {
    const char *slash = strchr(unit, '/');
    snprintf(ret, cap, "%s", slash ? slash + 1 : unit);
    for (char *c = ret; *c; c++)
        *c = *c == '/' ? '-' : *c;
}

static void add_unit(const char *unit, const rg_instrument *told, rg_rail_list *rails) {
    char name[TOPIC_BYTES];
    const model *m = model_of(unit);
    name_unit(unit, name, sizeof name);
    size_t length = strlen(name), given = strlen(told->address);
    bool asked = given <= length && !strcmp(name + length - given, told->address);
    if (!asked || rails->n == RG_MAX_RAILS || strlen(unit) >= TOPIC_BYTES - 20)
        return;
    rg_rail *rail = &rails->items[rails->n++];
    *rail = (rg_rail){.sensor = "joulescope",
                      .kind = RG_POWER_BLOCK,
                      .refresh_s = m ? m->refresh_s : 0,
                      .limits = {.gain = -1, .offset_mw = -1, .lsb_mw = 0}};
    snprintf(rail->id, sizeof rail->id, "joulescope:%s", name);
    snprintf(rail->label, sizeof rail->label, "%.40s", name);
    snprintf(rail->transport, sizeof rail->transport, "%s", unit);
    rg_instrument_tell(told, rail);
    rg_rail_add_fact(rail, "means by the instrument of current, voltage and power; tell gain= and "
                           "offset_mw= of its data sheet");
    if (m)
        return;
    rail->status = RG_UNSUPPORTED;
    snprintf(rail->what, sizeof rail->what, "a model that is not known");
    snprintf(rail->advice, sizeof rail->advice, "use --power-pipe with its maker's Python package");
}

static rg_status list(void *library, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    jsdrv lib;
    rg_instrument told;
    char units[LIST_BYTES] = "", *rest = units, *unit;
    value v = {.type = TYPE_STRING, .size = sizeof units, .is.text = units};
    rg_status status = rg_instrument_parse(options, &told, err);
    if (status == RG_OK)
        status = load(library, &lib, err);
    if (status != RG_OK)
        return status;
    int32_t code = lib.query(lib.context, "@/list", &v, WAIT_MS);
    if (code)
        return rg_fail(err, RG_FAILED, NULL, "the Joulescope library lists nothing: error %d",
                       (int)code);
    while ((unit = strsep(&rest, ","))) {
        if (*unit)
            add_unit(unit, &told, ret_rails);
    }
    return ret_rails->n
               ? RG_OK
               : rg_fail(err, RG_ABSENT, "plug it in, and install its udev rules",
                         "no Joulescope%s%s is plugged in", *told.address ? " " : "", told.address);
}

/* --- measuring ---------------------------------------------------------------------------------
 */

typedef struct unit_state {
    uint32_t rail;
    rg_meter_clock clock;
    atomic_bool *alone; /* nobody listens any more */
} unit_state;

/* In the library's own thread. */
static void take_statistics(void *user, const char *topic, const value *v) {
    unit_state *u = user;
    const statistics *s = v->is.bytes;
    (void)topic;
    if (v->type != TYPE_BYTES || v->size < sizeof *s || s->version != 1 || !s->sample_hz)
        return;
    double block_s = (double)s->block_samples * (s->decimate ? s->decimate : 1) / s->sample_hz;
    double end_s = (double)s->block_first / s->sample_hz + block_s;
    rg_power_row row = isfinite(s->watts) ? rg_row_empty(u->rail) : rg_row_hole(u->rail);
    row.t_ns = rg_meter_clock_ns(&u->clock, end_s, rg_clock_real_ns()) - (int64_t)(block_s * 5e8);
    row.power_mw = s->watts * 1e3;
    row.voltage_mv = s->volts * 1e3;
    row.current_ma = s->amperes * 1e3;
    if (!rg_foreign_tell(&row, 1))
        atomic_store(u->alone, true);
}

static int32_t set(const jsdrv *lib, const char *unit, const char *topic, value v) {
    char whole[2 * TOPIC_BYTES];
    if (!topic)
        return 0;
    v.flags = FLAG_RETAIN;
    snprintf(whole, sizeof whole, "%s/%s", unit, topic);
    return lib->publish(lib->context, whole, &v, WAIT_MS);
}

static int32_t begin_unit(const jsdrv *lib, const char *unit, unit_state *u) {
    const model *m = model_of(unit);
    char whole[2 * TOPIC_BYTES];
    int32_t code = m ? lib->open(lib->context, unit, 0, WAIT_MS) : -1;
    if (!code)
        code = set(lib, unit, m->range_topic, (value){.type = TYPE_STRING, .is.text = "auto"});
    if (!code)
        code = set(lib, unit, m->count_topic, (value){.type = TYPE_U32, .is.number = m->count});
    if (!code)
        code = set(lib, unit, m->on_topic, (value){.type = TYPE_U8, .is.number = 1});
    if (code)
        return code;
    snprintf(whole, sizeof whole, "%s/%s", unit, m->value_topic);
    return lib->subscribe(lib->context, whole, ON_PUBLISH, take_statistics, u, WAIT_MS);
}

static rg_status serve(void *library, const rg_rail *rails, size_t n, rg_err *err) {
    static unit_state units[MAX_UNITS];
    static atomic_bool alone;
    jsdrv lib;
    rg_status status = n > MAX_UNITS ? rg_fail(err, RG_UNSUPPORTED, "name fewer of them",
                                               "more than %d Joulescopes at once", MAX_UNITS)
                                     : load(library, &lib, err);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        units[i] = (unit_state){(uint32_t)i, rg_meter_clock_begin(), &alone};
        int32_t code = begin_unit(&lib, rails[i].transport, &units[i]);
        if (code)
            status = rg_fail(err, RG_FAILED, "close other programs that use it",
                             "%s does not begin: error %d", rails[i].id, (int)code);
    }
    while (status == RG_OK && !atomic_load(&alone))
        nanosleep(&(struct timespec){0, 50000000}, NULL);
    return status;
}

/* --- the sensor --------------------------------------------------------------------------------
 */

static const rg_foreign foreign = {
    .library = "libjsdrv.so",
    .advice = "build joulescope_driver as a shared library (BUILD_SHARED_LIBS=ON) and install it",
    .list = list,
    .serve = serve,
};

static rg_status probe(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err) {
    if (!rg_root_is_live(root))
        return rg_fail(err, RG_ABSENT, "run railgauge there, without --root",
                       "a Joulescope is found on the machine itself only");
    return rg_foreign_probe(&foreign, options, ret_rails, err);
}

static rg_status open_gauge(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                            rg_err *err) {
    (void)root;
    return rg_foreign_open(&foreign, rails, n, ret_gauge, err);
}

const rg_sensor rg_sensor_joulescope = {
    .name = "joulescope",
    .summary = "Joulescope instruments through their maker's library: --rail joulescope:SERIAL",
    .has_options = true,
    .probe = probe,
    .open = open_gauge,
    .drain = rg_foreign_drain,
    .close = rg_foreign_close,
    .trouble = rg_foreign_trouble,
};
