/* make_seeds_scenario.c: scenarios and requests that use each word once, with --set values after a
 * NUL, as seeds for fuzz_scenario.c; and the scenarios that are shipped. */
#include <string.h>

#include "bench/core/data.h"
#include "fuzz.h"

#define TEXT(text)                                                                                 \
    { text, sizeof text - 1 }
static const struct {
    const char *text;
    size_t bytes;
} seeds[] = {
    TEXT("return rg.scenario { cells = { {model = 'ds-cnn', target = 'cpu'} } }"),
    TEXT(
        "local n = rg.option('n', {type = 'int', default = 2, min = 1, max = 8, help = 'how many'})"
        "\nreturn rg.scenario { name = 'a', summary = 'b', seed = 7, tier = 'smoke', cells = rg."
        "matrix { model = 'net.tflite', target = {'cpu', 'sim'}, threads = rg.range(1, n), batch "
        "= {1, 4} } }\0n=3"),
    TEXT("return rg.scenario { options = { t = {type = 'choice', choices = {'cpu', 'sim'}, default "
         "= 'sim'}, d = {type = 'duration', default = '2ms'}, b = {default = true}, r = {default = "
         "0.5}, m = {type = 'model', default = 'net.tflite'} }, measure = {power = true, idle = "
         "'1s', rails = {'x'}, counters = {'cycles'}}, gate = {p95 = '5 %'}, cells = function(o) "
         "return { {model = o.m, target = o.t, options = {latency = o.d}, arm = {seed = 2}, "
         "workload = 'w', inputs = 'zero'} } end }\0t=cpu\0d=5s\0b=false\0r=1e3"),
    TEXT("return rg.scenario { tier = {name = 'standard', rounds = 2, samples = 80, min_time = "
         "'0s', cap = '2s', precision = 0.1}, cells = { {rg.op('conv2d', {input = {1, 8, 8, 3}, "
         "filters = 4, kernel = 3, stride = {1, 2}, padding = 'same', act = 'relu'}), pattern = "
         "{'in_flight', n = 4}}, {empty = 64, pattern = {'idle', duration = '5s'}} } }"),
    TEXT("local z = rg.zip { model = rg.suite('tiny'), threads = {1, 2, 3, 4} }\nlocal b = "
         "rg.board()\nprint(#z, b and b.name, rg.opt.x)\nreturn rg.scenario { cells = {z, "
         "rg.file('net.tflite', 'w'), rg.empty(4)} }\0help=yes\0x=1"),
    TEXT("local ok, why = pcall(error, 'x')\nfor k, v in pairs({b = 1, a = 2}) do print(k, v) end\n"
         "local t = {3, 1, 2} table.sort(t)\nlocal s = ('%d %s'):format(4, tostring(t))\nlocal m = "
         "require('common')\nreturn rg.scenario { cells = { {model = m.model('ds-cnn')} } }"),
    TEXT(
        "local t = {}\nfor i = 1, 00900 do t = {t} end\nreturn rg.scenario { gate = {x = t}, cells = "
        "{ {model = 'ds-cnn'} } }"),
    TEXT(
        "{\"name\": \"a\", \"seed\": 3, \"tier\": {\"name\": \"quick\", \"rounds\": 2}, \"cells\": "
        "[{\"model\": \"ds-cnn\", \"target\": \"sim\", \"options\": {\"latency\": \"2ms\"}, "
        "\"pattern\": {\"kind\": \"in_flight\", \"n\": 2}, \"threads\": 2}, {\"op\": {\"kind\": "
        "\"conv2d\", \"input\": [1, 4, 4, 2]}}, {\"file\": \"/a/b.tflite\", \"pattern\": "
        "\"single_stream\", \"tier\": \"smoke\"}], \"measure\": {\"power\": true, \"rails\": []}}"),
};

typedef struct copying {
    const char *folder;
    rg_status status;
} copying;

/* One shipped scenario as it stands. */
static void copy_shipped(const char *relative, void *user) {
    copying *to = user;
    const char *text = NULL;
    size_t bytes = 0;
    rg_arena *arena = rg_arena_new(0);
    if (arena && rg_data_read(arena, relative, &text, &bytes, NULL) == RG_OK)
        to->status = put_seed(to->folder, strrchr(relative, '/') + 1, text, bytes, NULL);
    rg_arena_free(arena);
}

rg_status make_seeds_scenario(const char *folder, rg_err *err) {
    copying to = {folder, RG_OK};
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < sizeof seeds / sizeof seeds[0]; i++) {
        char name[16];
        snprintf(name, sizeof name, "made-%zu", i);
        status = put_seed(folder, name, seeds[i].text, seeds[i].bytes, err);
    }
    rg_data_list("scenarios", ".lua", copy_shipped, &to);
    return status == RG_OK ? to.status : status;
}
