/* foreign_hailortcli.c: what hailortcli benchmark (4.x and 5.x) and run2 printed. The tool tells
 * means only, and its latency is of the hardware part alone. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "bench/iface/foreign.h"

static const rg_foreign_place places_4[] = {
    {"        (streaming)", NULL, "throughput_per_s", 1, true},
    {"Latency (hw)", NULL, "device_mean_ns", 1e6, true},
    {"        (overall)", NULL, "latency_mean_ns", 1e6, true},
    {"  Power in streaming mode (average)", NULL, "power_mean_mw", 1e3, true},
    {"Power in streaming mode (average)", NULL, "power_mean_mw", 1e3, true},
    {"FPS     (hw_only)", NULL, "fps_hw_only", 0, true},
    {0},
};

/* "Network yolov8s/yolov8s: 100% | ...": the network's name. */
static const char *network_of(const char *text, rg_arena *arena) {
    const char *at = rg_foreign_line(text, "Network ", false);
    size_t length = at ? strcspn(at + 8, "/:\n") : 0;
    return length ? rg_arena_printf(arena, "%.*s", (int)length, at + 8) : "";
}

static rg_status read_4(const char *text, rg_arena *arena, rg_foreign_list *list, rg_err *err) {
    rg_foreign *result = rg_foreign_add(list);
    if (!result)
        return rg_fail(err, RG_NO_MEMORY, NULL, "too many results");
    rg_foreign_take(text, places_4, arena, result);
    result->workload = network_of(text, arena);
    if (json_object_get(result->told, "throughput_per_s"))
        return RG_OK;
    return rg_fail(err, RG_BAD_DATA, "give its whole output, of a run that was not cut off",
                   "hailortcli tells no frames a second");
}

/* One "NAME: fps: 307.46 | hw latency: 1.20 ms" of run2, "NAME: FPS: 307.48" of 5.x's benchmark. */
static rg_status read_line(const char *line, size_t length, const char *mark, rg_arena *arena,
                           rg_foreign_list *list, rg_err *err) {
    static const struct {
        const char *key, *figure;
    } latencies[] = {{"| hw latency: ", "device_mean_ns"},
                     {"| overall latency: ", "latency_mean_ns"}};
    char *copy = rg_arena_printf(arena, "%.*s", (int)length, line);
    rg_foreign *result = copy ? rg_foreign_add(list) : NULL;
    if (!result)
        return rg_fail(err, RG_NO_MEMORY, NULL, "too many results");
    const rg_foreign_place rate = {"", mark, NULL, 1, false};
    double fps = rg_foreign_number(copy, &rate);
    if (isnan(fps))
        return rg_fail(err, RG_BAD_DATA, NULL, "'%.80s' tells no frames a second", copy);
    json_object_set_new(result->told, "throughput_per_s", json_real(fps));
    for (size_t i = 0; i < 2; i++) {
        const rg_foreign_place place = {"", latencies[i].key, NULL, 1, false};
        double ms = rg_foreign_number(copy, &place);
        if (!isnan(ms))
            json_object_set_new(result->told, latencies[i].figure, json_real(ms * 1e6));
    }
    result->workload = rg_arena_printf(arena, "%.*s", (int)(strstr(copy, mark) - copy), copy);
    return RG_OK;
}

/* Where the mark stands on a line; NULL without. */
static const char *mark_on(const char *line, size_t length, const char *mark) {
    const char *at = strstr(line, mark);
    return at && at > line && at < line + length ? at : NULL;
}

static rg_status read(const char *text, size_t bytes, rg_arena *arena, rg_foreign_list *list,
                      rg_err *err) {
    static const char *const marks[] = {": fps: ", ": FPS: "};
    rg_status status = RG_OK;
    (void)bytes;
    if (rg_foreign_line(text, "FPS     (hw_only)", false))
        return read_4(text, arena, list, err);
    for (const char *line = text; status == RG_OK && *line;) {
        size_t length = strcspn(line, "\r\n");
        for (size_t i = 0; i < 2 && status == RG_OK && *line != ' '; i++) {
            if (mark_on(line, length, marks[i]))
                status = read_line(line, length, marks[i], arena, list, err);
        }
        line += length + (line[length] != '\0');
    }
    if (status == RG_OK && !list->n)
        status = rg_fail(err, RG_BAD_DATA, "what `hailortcli benchmark` or run2 printed",
                         "this is not hailortcli's");
    return status;
}

const rg_foreign_format rg_foreign_hailortcli = {
    .name = "hailortcli",
    .summary = "what benchmark or run2 printed: means only",
    .read = read,
};
