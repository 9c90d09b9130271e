/* doctor.c: `railgauge doctor`: what this machine lacks for good figures, why it matters, and the
 * command that mends it. Each check is one row; a check answers with a finding or with nothing to
 * say. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd/args.h"
#include "bench/core/clock.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/run/boards.h"
#include "bench/run/counters.h"
#include "bench/run/host.h"
#include "bench/run/probe.h"

typedef struct options {
    bool json;
} options;

static const rg_field table[] = {
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout"},
    {0},
};

/* What a check found. grade: ok, note (figures stand, something is missing), warn (figures suffer).
 */
typedef struct finding {
    const char *grade;
    char seen[512], advice[512];
} finding;

static void say(finding *f, const char *grade, const char *advice, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void say(finding *f, const char *grade, const char *advice, const char *format, ...) {
    va_list args;
    va_start(args, format);
    f->grade = grade;
    vsnprintf(f->seen, sizeof f->seen, format, args);
    snprintf(f->advice, sizeof f->advice, "%s", advice ? advice : "");
    va_end(args);
}

static void check_clock(rg_root *root, finding *f) {
    (void)root;
    rg_clock_check clock = rg_clock_measure();
    char text[64];
    rg_root *live = root;
    if (rg_root_read(live, "/sys/devices/system/clocksource/clocksource0/current_clocksource", text,
                     sizeof text, NULL) != RG_OK)
        snprintf(text, sizeof text, "unknown source");
    if (!clock.monotonic)
        say(f, "warn", "choose another clock source (kernel parameter clocksource=)",
            "the clock (%s) runs backwards", text);
    else if (clock.cost_ns > 500)
        say(f, "warn", "boot with clocksource=tsc where the TSC is stable",
            "a clock reading costs %.0f ns (%s): short operators are timed in blocks",
            clock.cost_ns, text);
    else
        say(f, "ok", NULL, "clock %s: %.1f ns a reading, resolution %.0f ns", text, clock.cost_ns,
            clock.resolution_ns);
}

static void check_governor(rg_root *root, finding *f) {
    char text[64];
    rg_status status = rg_root_read(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                                    text, sizeof text, NULL);
    if (status != RG_OK)
        say(f, "note", NULL, "no cpufreq: clocks cannot be read or fixed here (usual in a guest)");
    else if (strcmp(text, "performance"))
        say(f, "warn",
            "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
            "the governor is '%s': latency depends on how fast clocks rise", text);
    else
        say(f, "ok", NULL, "governor performance");
}

/* A Jetson's mode caps its clocks: figures of two modes are figures of two machines. */
static void check_power_mode(rg_root *root, finding *f) {
    json_t *state = rg_host_state(root);
    const char *mode = rg_json_get_text(state, "power_mode", NULL);
    bool locked = rg_json_get_bool(state, "clocks_locked", false);
    if (!mode)
        say(f, "ok", NULL, "no power modes here");
    else if (locked)
        say(f, "ok", NULL, "power mode %s, clocks locked", mode);
    else
        say(f, "note", "sudo jetson_clocks", "power mode %s, clocks are free to move", mode);
    json_decref(state);
}

static void check_load(rg_root *root, finding *f) {
    char text[128];
    double load;
    if (rg_root_read(root, "/proc/loadavg", text, sizeof text, NULL) != RG_OK ||
        sscanf(text, "%lf", &load) != 1)
        say(f, "note", NULL, "the load cannot be read");
    else if (load > 0.5)
        say(f, "warn", "stop other work; `ps -eo pcpu,comm --sort=-pcpu | head` names it",
            "load average %.2f: something else uses this machine", load);
    else
        say(f, "ok", NULL, "load average %.2f", load);
}

static bool in_path(const char *program) {
    rg_arena *arena = rg_arena_new(0);
    bool found = arena && rg_fs_program(arena, program);
    rg_arena_free(arena);
    return found;
}

static void check_counters(rg_root *root, finding *f) {
    rg_err err = RG_ERR_INIT;
    if (!rg_root_is_live(root))
        say(f, "note", NULL, "hardware counters cannot be tried on a recorded machine");
    else if (rg_counters_check(&err) == RG_OK)
        say(f, "ok", NULL, "hardware counters work");
    else if (in_path("valgrind"))
        say(f, "note", err.advice, "%s: valgrind counts instructions instead", err.what);
    else
        say(f, "note", "sudo apt-get install valgrind, which counts instructions", "%s", err.what);
}

static void check_rails(rg_root *root, finding *f) {
    rg_rail_list *rails = calloc(1, sizeof *rails);
    size_t usable = 0;
    const rg_rail *denied = NULL;
    rg_err none = RG_ERR_INIT;
    for (size_t i = 0; rails && rg_sensors[i]; i++) {
        if (!rg_sensors[i]->is_virtual)
            rg_sensors[i]->probe(root, "", rails, NULL);
    }
    for (size_t i = 0; rails && i < rails->n; i++) {
        usable += rails->items[i].status == RG_OK;
        if (rails->items[i].status == RG_DENIED)
            denied = &rails->items[i];
    }
    if (usable)
        say(f, "ok", NULL, "%zu power rails (railgauge list rails)", usable);
    else if (denied)
        say(f, "warn", denied->advice, "%s", denied->what);
    else if (rg_boards_no_sensor(root, &none) != RG_OK)
        say(f, "note", none.advice, "%s: energy prints n/a (no-sensor)", none.what);
    else
        say(f, "note", "attach a meter, or measure on a board with rails",
            "no power rail: energy prints n/a (no-sensor)");
    free(rails);
}

static void check_gnuplot(rg_root *root, finding *f) {
    (void)root;
    if (in_path("gnuplot"))
        say(f, "ok", NULL, "gnuplot draws the charts");
    else
        say(f, "note", "sudo apt-get install gnuplot-nox",
            "no gnuplot: reports come without charts");
}

static void check_cache(rg_root *root, finding *f) {
    (void)root;
    rg_arena *arena = rg_arena_new(0);
    char *dir;
    rg_err err = RG_ERR_INIT;
    if (arena && rg_fs_cache_dir(arena, "models", &dir, &err) == RG_OK && access(dir, W_OK) == 0)
        say(f, "ok", NULL, "cache %s", dir);
    else
        say(f, "warn", "set XDG_CACHE_HOME to a folder you can write", "no usable cache folder: %s",
            err.what);
    rg_arena_free(arena);
}

static void check_heat(rg_root *root, finding *f) {
    json_t *state = rg_host_state(root);
    size_t zones = json_object_size(json_object_get(state, "temperature_mc"));
    size_t counters = json_object_size(json_object_get(state, "throttle"));
    if (zones || counters)
        say(f, "ok", NULL, "%zu temperatures and %zu throttle counters are watched", zones,
            counters);
    else
        say(f, "note", NULL,
            "no temperature or throttle counter: throttling shows only as a trend");
    json_decref(state);
}

static const struct {
    const char *name;
    void (*look)(rg_root *, finding *);
} checks[] = {
    {"clock", check_clock}, {"governor", check_governor}, {"mode", check_power_mode},
    {"load", check_load},   {"heat", check_heat},         {"counters", check_counters},
    {"power", check_rails}, {"charts", check_gnuplot},    {"cache", check_cache},
};

static void add_finding(json_t *rows, const char *name, const finding *f) {
    json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "name", name, "grade", f->grade,
                                          "seen", f->seen, "try", f->advice));
}

/* Each target is a check of its own: present, or why not and what to install. */
static void check_targets(rg_root *root, json_t *rows) {
    for (size_t i = 0; rg_targets[i]; i++) {
        rg_device_list devices = {0};
        rg_device device;
        rg_err err = RG_ERR_INIT;
        finding f = {0};
        rg_status status = rg_probe_target(rg_targets[i], root, &devices, &err);
        if (status == RG_OK)
            status = rg_probe_pick(rg_targets[i], &devices, "", &device, &err);
        if (status == RG_OK)
            say(&f, "ok", NULL, "%s", device.description);
        else
            say(&f, "note", err.advice, "%s", err.what);
        char name[64];
        snprintf(name, sizeof name, "target %s", rg_targets[i]->name);
        add_finding(rows, name, &f);
    }
}

static void print_findings(const json_t *rows) {
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        printf("%-4s  %-14s %s\n", rg_json_get_text(row, "grade", ""),
               rg_json_get_text(row, "name", ""), rg_json_get_text(row, "seen", ""));
        const char *advice = rg_json_get_text(row, "try", "");
        if (*advice)
            printf("%-20s try: %s\n", "", advice);
    }
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_doctor = {
    .name = "doctor",
    .summary = "what is missing here and the command that mends it",
    .usage = "railgauge doctor [--json]",
    .help = "Grades: ok; note: something is not here, figures stand; warn: figures will suffer.\n"
            "The exit code is 0 whatever is found: a missing device is no error of the doctor.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    int code;
    rg_err err = RG_ERR_INIT;
    rg_root *root;
    if (!rg_args_begin(&rg_verb_doctor, table, &opt, 0, 0, argc, argv, &args, &code))
        return code;
    if (rg_root_open(globals->root, &root, &err) != RG_OK)
        return rg_report_error("doctor", &err);
    json_t *rows = json_array();
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        finding f = {.grade = "ok"};
        checks[i].look(root, &f);
        add_finding(rows, checks[i].name, &f);
    }
    check_targets(root, rows);
    char *text = opt.json ? rg_json_text(rows, 2) : NULL;
    if (text)
        printf("%s\n", text);
    else
        print_findings(rows);
    free(text);
    json_decref(rows);
    rg_root_close(root);
    return RG_EXIT_OK;
}
