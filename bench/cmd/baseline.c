/* baseline.c: `railgauge baseline`: names for runs that others are judged against. Each naming is
 * an event with who, when and why; the last one of a name holds, none is ever removed. */
#include <stdio.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/parts.h"
#include "bench/cmd/stores.h"
#include "bench/core/json.h"

typedef struct options {
    const char *store, *who, *why;
    bool json;
} options;

static const rg_field table[] = {
    RG_STORE_ROW(options, store),
    {"who", RG_FIELD_TEXT, offsetof(options, who), "", 0, 0, NULL, "",
     "set: who decides; not given: user@host"},
    {"why", RG_FIELD_TEXT, offsetof(options, why), "", 0, 0, NULL, "", "set: the reason; needed"},
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout"},
    {0},
};

typedef struct call {
    const options *opt;
    rg_store *store;
    rg_arena *arena;
    const char *const *words;
} call;

static json_t *event_to_json(const rg_store_baseline *event, bool holds) {
    json_t *who = rg_json_clean(event->who), *why = rg_json_clean(event->why);
    json_t *run = rg_json_clean(event->run);
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:b}", "name", event->name, "bundle",
                     event->bundle, "run", run, "created", event->created, "at", event->at, "who",
                     who, "why", why, "holds", holds);
}

/* Is this the last event of its name? They stand by name, then in order. */
static bool holds(const rg_store_baseline *events, size_t n, size_t i) {
    return i + 1 == n || strcmp(events[i].name, events[i + 1].name);
}

static void print_event(const rg_store_baseline *event, bool now) {
    char run[RG_STORE_WORD], who[RG_STORE_WORD], why[RG_STORE_WORD];
    printf("%-12s %.12s  %s  %s\n", now ? event->name : "  before:", event->bundle, event->at,
           rg_store_clean(event->run, run));
    printf("%-12s by %s: %s\n", "", rg_store_clean(event->who, who),
           rg_store_clean(event->why, why));
}

/* Every event of one name, or (NULL) those that hold of all names. */
static rg_status show_events(const call *c, const char *only, rg_err *err) {
    rg_store_baseline *events = NULL;
    size_t n = 0, shown = 0;
    rg_status status = rg_store_baselines(c->store, c->arena, &events, &n, err);
    json_t *list = c->opt->json ? json_array() : NULL;
    for (size_t k = n; status == RG_OK && k-- > 0;) {
        size_t i = only ? k : n - 1 - k; /* of one name: the newest first */
        bool now = holds(events, n, i);
        if (only ? strcmp(events[i].name, only) != 0 : !now)
            continue;
        shown++;
        if (c->opt->json)
            json_array_append_new(list, event_to_json(&events[i], now));
        else
            print_event(&events[i], now);
    }
    if (status == RG_OK && only && !shown)
        status = rg_fail(err, RG_USAGE, "see `railgauge baseline list`",
                         "no baseline is named '%s'", only);
    if (status == RG_OK && c->opt->json)
        status = rg_print_json(list, err);
    else if (status == RG_OK && !shown)
        fputs("no baseline yet: railgauge baseline set main RUN --why ...\n", stderr);
    json_decref(list);
    return status;
}

static rg_status list(const call *c, rg_err *err) {
    return show_events(c, NULL, err);
}

static rg_status show(const call *c, rg_err *err) {
    return show_events(c, c->words[0], err);
}

static rg_status set(const call *c, rg_err *err) {
    const char *who = *c->opt->who ? c->opt->who : rg_store_who();
    rg_store_run run;
    rg_status status = rg_store_find_run(c->store, c->words[1], c->arena, &run, err);
    if (status == RG_OK)
        status = rg_store_set_baseline(c->store, c->words[0], &run, who, c->opt->why, err);
    if (status == RG_OK)
        printf("%-12s %.12s  %s\n", c->words[0], run.bundle, run.name);
    return status;
}

typedef struct part {
    rg_part part;
    rg_store_mode mode;
    rg_status (*run)(const call *c, rg_err *err);
} part;

static const part parts[] = {
    {{"list", 0, 0}, RG_STORE_READ, list},
    {{"show", 1, 1}, RG_STORE_READ, show},
    {{"set", 2, 2}, RG_STORE_WRITE, set},
};

static rg_status work(const part *what, const options *opt, const rg_args *args, rg_err *err) {
    call c = {.opt = opt, .arena = rg_arena_new(0), .words = args->words + 1};
    rg_status status = c.arena ? rg_store_open_named(opt->store, what->mode, &c.store, err)
                               : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = what->run(&c, err);
    rg_store_close(c.store);
    rg_arena_free(c.arena);
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_baseline = {
    .name = "baseline",
    .summary = "names for runs that others are judged against, with who, when and why",
    .usage = "railgauge baseline list|show NAME --store FILE\n"
             "       railgauge baseline set NAME RUN --why TEXT [--who TEXT] --store FILE",
    .help =
        "RUN: 6 digits or more of a bundle's id, a run's name, or another baseline. `set` adds\n"
        "an event; the last one of a name holds, and `show` tells all that came before.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    rg_err err = RG_ERR_INIT;
    const void *found = NULL;
    int code;
    (void)globals;
    if (!rg_args_begin(&rg_verb_baseline, table, &opt, 1, 3, argc, argv, &args, &code))
        return code;
    rg_status status = rg_part_find("baseline", parts, sizeof parts / sizeof parts[0],
                                    sizeof parts[0], &args, &found, &err);
    if (status == RG_OK)
        status = work(found, &opt, &args, &err);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("baseline", &err);
}
