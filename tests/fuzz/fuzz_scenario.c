/* fuzz_scenario.c: any text to those who read scenarios: Lua with the options that --set gives, or
 * a request as JSON, which begins with a brace. What a mistake gets is words; what is accepted must
 * give a plan whose cells survive being written and read. Lua runs in this process
 * (../doubles/lua_in_process.c).
 *
 * Input: a scenario, then --set values, each after a NUL byte; or a request alone. */
#include <string.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/run/request.h"
#include "bench/run/script.h"
#include "fuzz.h"

enum { MOST_SETS = 8, MOST_CELLS = 200 };

static char folder[64], path[80];
static FILE *nowhere;

static void remove_folder(void) {
    rg_fs_remove_tree(folder, NULL);
}

/* A folder of our own with the scenario and a model file beside it. */
static void make_folder(void) {
    const char *base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof folder, "%s/rg-fuzz-XXXXXX", base);
    PROMISE(mkdtemp(folder), folder);
    char model[80];
    snprintf(path, sizeof path, "%s/t.lua", folder);
    snprintf(model, sizeof model, "%s/net.tflite", folder);
    PROMISE(rg_fs_write_atomic(model, "not read here", 13, NULL) == RG_OK, model);
    nowhere = fopen("/dev/null", "w");
    PROMISE(nowhere, "/dev/null");
    atexit(remove_folder);
}

static bool said(rg_status status, const rg_err *err) {
    return (status == RG_USAGE || status == RG_NO_MEMORY || status == RG_BAD_DATA) && err->what[0];
}

/* A cell as its line of cells.jsonl must come back as the same line. */
static void check_cell(const rg_cell *cell) {
    rg_arena *arena = rg_arena_new(0);
    rg_cell again = {0};
    rg_err err = RG_ERR_INIT;
    json_t *line = rg_cell_to_json(cell);
    PROMISE(arena && line, "a cell that cannot be written");
    PROMISE(rg_cell_from_json(line, arena, &again, &err) == RG_OK, err.what);
    json_t *second = rg_cell_to_json(&again);
    PROMISE(second && json_equal(line, second), "a cell changes when it is read");
    json_decref(line);
    json_decref(second);
    json_decref(again.options);
    json_decref(again.requested);
    rg_arena_free(arena);
}

static void check_request(const json_t *request) {
    rg_plan *plan = NULL;
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_plan_build(request, &plan, &err);
    PROMISE(status == RG_OK || said(status, &err), "a request is refused without words");
    if (status != RG_OK)
        return;
    for (size_t i = 0; i < plan->n_cells && i < MOST_CELLS; i++)
        check_cell(&plan->cells[i]);
    rg_plan_print(plan, nowhere);
    json_t *document = rg_plan_to_json(plan);
    PROMISE(document, "a plan that cannot be written");
    json_decref(document);
    rg_plan_free(plan);
}

static void take_json(const char *text, size_t bytes) {
    json_t *request = NULL;
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_json_parse(text, bytes, "request", &request, &err);
    PROMISE(status == RG_OK || said(status, &err), "JSON is refused without words");
    if (status == RG_OK)
        check_request(request);
    json_decref(request);
}

/* The --set values: all that stands after the first NUL. */
static size_t find_sets(const char *text, size_t bytes, const char **ret_sets) {
    size_t n = 0;
    for (const char *at = text; n < MOST_SETS && (at = memchr(at, 0, bytes - (size_t)(at - text)));)
        ret_sets[n++] = ++at;
    return n;
}

static void take_lua(const char *text, size_t bytes) {
    const char *sets[MOST_SETS];
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    rg_script_args args = {.path = path, .sets = sets, .n_sets = find_sets(text, bytes, sets)};
    args.help = args.n_sets > 1 && !strcmp(sets[0], "help=yes");
    PROMISE(rg_fs_write_atomic(path, text, strlen(text), NULL) == RG_OK, path);
    rg_status status = rg_script_evaluate(&args, &script, &err);
    PROMISE(status == RG_OK || said(status, &err), "a scenario is refused without words");
    if (status != RG_OK)
        return;
    rg_script_print_help(&script, nowhere);
    if (script.request)
        check_request(script.request);
    rg_script_clear(&script);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    char *text = malloc(bytes + 1);
    if (!nowhere)
        make_folder();
    PROMISE(text, "out of memory");
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    if (*text == '{')
        take_json(text, bytes);
    else
        take_lua(text, bytes);
    free(text);
    return 0;
}
