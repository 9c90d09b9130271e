/* sensor.h: what it costs. A sensor is a way of reading power or energy; a rail is one measured
 * supply. Spokes in power/: one file each with one `const rg_sensor rg_sensor_<name>` at its bottom
 * and one line in power/meson.build. */
#ifndef RG_IFACE_SENSOR_H
#define RG_IFACE_SENSOR_H

#include <stdint.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

typedef enum rg_scope {
    RG_SCOPE_UNKNOWN,
    RG_SCOPE_ACCELERATOR,
    RG_SCOPE_GPU,
    RG_SCOPE_CPU,
    RG_SCOPE_MODULE,
    RG_SCOPE_BOARD_IN,
    RG_SCOPE_WALL,
} rg_scope;

typedef enum rg_rail_role {
    RG_ROLE_UNKNOWN,   /* never summed, said so */
    RG_ROLE_TOTAL,     /* stands for its whole scope */
    RG_ROLE_COMPONENT, /* part of a total: all components of a scope together make it */
    RG_ROLE_EXCLUDED,  /* measured, but child of another rail or foreign */
} rg_rail_role;

typedef enum rg_power_kind {
    RG_POWER_INSTANT,   /* point samples of power */
    RG_POWER_BLOCK,     /* mean over the last refresh */
    RG_POWER_RECURSIVE, /* exponential average with time constant lag_s */
    RG_POWER_COUNTER,   /* energy counter */
} rg_power_kind;

/* Limits of error of one rail, as +-a (rectangular); 0 where negligible, negative where unknown. */
typedef struct rg_limits {
    double gain;      /* fraction of reading: shunt, current gain and voltage gain together */
    double offset_mw; /* offset of power */
    double lsb_mw;    /* resolution of power */
    double lsb_uj;    /* resolution of a counter */
    double range_mw;  /* full scale, 0 unknown */
    uint64_t counter_wrap_uj; /* counter values run 0..wrap, 0: 64 bits */
} rg_limits;

typedef struct rg_rail {
    char id[96];         /* "hwmon:ina3221@1-0040:VDD_IN", stable across boots */
    char label[48];      /* "VDD_IN" */
    char sensor[24];     /* name of the sensor that serves it */
    char transport[512]; /* path or address, for the record */
    char parent[96];     /* id of the rail that feeds it, "" none or unknown */
    char twin[48];       /* rails of one twin word read the same supply: the first one counts */
    char bus[96];        /* rails of one sensor and bus are read one after another, by one thread */
    rg_scope scope;
    rg_rail_role role;
    rg_power_kind kind;
    double refresh_s; /* a new value appears this often */
    double lag_s;     /* time constant of its averaging, 0 none */
    rg_limits limits;
    rg_status status;            /* RG_OK, or why it cannot be read */
    char what[192], advice[192]; /* of a status other than RG_OK; else what went wrong in a run */
    bool failed_check;           /* the step self-test saw no step: its readings are `stale` */
    char facts[256]; /* "samples=512 update_interval=430ms shunt=5mOhm", kept in the record */
} rg_rail;

enum { RG_MAX_RAILS = 128 };
typedef struct rg_rail_list {
    rg_rail items[RG_MAX_RAILS];
    size_t n;
} rg_rail_list;

const char *rg_scope_word(rg_scope scope);   /* "module" */
const char *rg_role_word(rg_rail_role role); /* "total" */
const char *rg_power_kind_word(rg_power_kind kind);

/* And back; what no word names is unknown (instant for kinds). */
rg_scope rg_scope_from_word(const char *word);
rg_rail_role rg_role_from_word(const char *word);
rg_power_kind rg_power_kind_from_word(const char *word);

enum rg_power_row_flags {
    RG_ROW_BAD = 1 << 0,       /* the read failed; power is meaningless */
    RG_ROW_NOT_READY = 1 << 1, /* EAGAIN, ENODATA */
    RG_ROW_CLIPPED = 1 << 2,   /* at or beyond the range */
};

/* One reading. For counters `energy_uj` is the raw counter; else power_mw counts. */
typedef struct rg_power_row {
    int64_t t_ns;    /* middle of the read, on rg_clock_now_ns's time line */
    int64_t half_ns; /* half its duration: the time's uncertainty */
    uint32_t rail;   /* index into the opened rails */
    uint32_t flags;
    double power_mw, energy_uj;
    double voltage_mv, current_ma; /* raw parts where the sensor reads them, else NAN */
} rg_power_row;

typedef struct rg_gauge rg_gauge; /* open sensor, defined by each */

typedef struct rg_sensor {
    const char *name, *summary;
    bool is_virtual;  /* runs on virtual time; drained inline, never by the meter's thread */
    bool has_options; /* `--rail NAME:OPTIONS` goes to its probe, and means all rails it then finds
                       */

    /* Appends rails that exist, and for known but unreadable ones entries with their status.
     * `options` is the text after the sensor's name in `--rail replay:FILE` where it has_options,
     * else
     * "". Never loads a foreign library into this process. */
    rg_status (*probe)(rg_root *root, const char *options, rg_rail_list *ret_rails, rg_err *err);
    rg_status (*open)(rg_root *root, const rg_rail *rails, size_t n, rg_gauge **ret_gauge,
                      rg_err *err);
    rg_status (*start)(rg_gauge *gauge); /* optional */
    /* Rows since the last call: one a rail for a polled file, thousands for a stream. */
    rg_status (*drain)(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n);
    void (*stop)(rg_gauge *gauge);  /* optional */
    void (*close)(rg_gauge *gauge); /* accepts NULL */
    /* Optional: what went wrong first since it was opened, the reason of holes; "" nothing. Words
     * live as long as the gauge. Not while another thread drains. */
    const char *(*trouble)(const rg_gauge *gauge);
} rg_sensor;

/* Puts what went wrong into `what` of the n rails that the gauge serves; they stay usable. */
void rg_sensor_note_trouble(const rg_sensor *sensor, const rg_gauge *gauge, rg_rail *rails,
                            size_t n);

#endif
