/* inspect_hef.c: `railgauge inspect X.hef`: what a Hailo executable says of itself, for people and
 * as JSON, without a device: chip, compiler, network groups, and what goes in and comes out. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "bench/cmd/args.h"
#include "bench/cmd/inspect.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/run/model.h"

typedef struct view {
    const char *path;
    size_t bytes;
    char sha256[RG_HASH_HEX];
    rg_hef head;
    rg_hef_body body;
} view;

bool rg_inspect_is_hef(const char *path) {
    unsigned char head[8];
    struct stat info;
    FILE *file = stat(path, &info) == 0 && S_ISREG(info.st_mode) ? fopen(path, "rbe") : NULL;
    bool is = file && rg_hef_sniff(head, fread(head, 1, sizeof head, file));
    if (file)
        fclose(file);
    return is;
}

/* "2024-08-27"; "" of no time. */
static void date_of(uint64_t timestamp_ms, char *ret, size_t cap) {
    time_t seconds = (time_t)(timestamp_ms / 1000);
    struct tm parts;
    *ret = '\0';
    if (timestamp_ms && timestamp_ms < UINT64_C(32503680000000) && gmtime_r(&seconds, &parts))
        strftime(ret, cap, "%Y-%m-%d", &parts);
}

/* --- for people ------------------------------------------------------------------------------- */

static void print_head(const view *v) {
    char text[256], size[32], date[32];
    rg_inspect_clean(v->path, text, sizeof text);
    printf("%-12s %s\n%-12s Hailo executable, header version %u\n", "file", text, "format",
           v->head.version);
    printf("%-12s %s\n", "size", rg_inspect_bytes(v->bytes, size, sizeof size));
    printf("%-12s %" PRIu64 " bytes\n", "protobuf", v->head.proto_bytes);
    if (v->head.version)
        printf("%-12s %" PRIu64 " bytes\n", "weights", v->head.weights_bytes);
    if (v->head.has_digest)
        printf("%-12s MD5 %s, as the header says\n", "digest", v->head.actual);
    else
        printf("%-12s not checked\n", "digest");
    rg_inspect_clean(v->body.compiler, text, sizeof text);
    date_of(v->body.timestamp_ms, date, sizeof date);
    printf("%-12s %s\n%-12s version %s%s%s\n", "chip", v->body.arch_word, "compiler",
           *text ? text : "unknown", *date ? ", " : "", date);
}

/* "224x224x3 NHWC uint8 (travels as 224x224x8), scale 0.0039 zero 0". */
static void print_end(const rg_hef_end *end) {
    char name[96];
    rg_inspect_clean(end->name, name, sizeof name);
    printf("  %-7s %-40s ", end->output ? "output" : "input", name);
    if (end->classes)
        printf("%u classes x %u boxes NMS", end->classes, end->boxes);
    else
        printf("%ux%ux%u %s uint%u", end->height, end->width, end->features, end->order,
               8 * end->element_bytes);
    if (end->padded_f && (end->padded_f != end->features || end->padded_w != end->width))
        printf(" (travels as %ux%ux%u)", end->padded_h, end->padded_w, end->padded_f);
    if (end->n_quant == 1)
        printf(", scale %g zero %g", (double)end->scales[0], (double)end->zero_points[0]);
    else if (end->n_quant)
        printf(", %u scales", end->n_quant);
    puts(!end->vstream ? "; bus only" : !end->stream ? "; of the library" : "");
}

static void print_group(const rg_hef_group *group) {
    char name[128], ops[32];
    rg_inspect_clean(group->name, name, sizeof name);
    printf("%-12s %s: %u context%s", "group", name, group->contexts,
           group->contexts == 1 ? "" : "s");
    if (group->contexts > 1)
        printf(" (weights are changed within an inference)");
    if (group->bottleneck_fps > 0)
        printf(", at most %.0f/s by the compiler's estimate", group->bottleneck_fps);
    if (group->latency_s > 0)
        printf(", %.3g ms by its simulation", group->latency_s * 1e3);
    if (group->ops)
        printf(", %s operations", rg_inspect_count(group->ops, ops, sizeof ops));
    putchar('\n');
    for (uint32_t i = 0; i < group->n_ends; i++)
        print_end(&group->ends[i]);
}

static void print_text(const view *v) {
    print_head(v);
    for (uint32_t i = 0; i < v->body.n_groups; i++)
        print_group(&v->body.groups[i]);
    puts("operations   not in the file: name its source in a manifest to have them, and proof");
}

/* --- for programs ----------------------------------------------------------------------------- */

static json_t *list_json(const char *const *texts) {
    json_t *list = json_array();
    for (; *texts; texts++)
        json_array_append_new(list, rg_json_clean(*texts));
    return list;
}

static json_t *numbers_json(const float *list, uint32_t n) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(all, json_real((double)list[i]));
    return all;
}

static json_t *end_json(const rg_hef_end *end) {
    json_t *row =
        json_pack("{s:o, s:s, s:b, s:b, s:[I,I,I], s:[I,I,I], s:s, s:I, s:I}", "name",
                  rg_json_clean(end->name), "direction", end->output ? "output" : "input", "stream",
                  end->stream, "vstream", end->vstream, "shape", (json_int_t)end->height,
                  (json_int_t)end->width, (json_int_t)end->features, "padded_shape",
                  (json_int_t)end->padded_h, (json_int_t)end->padded_w, (json_int_t)end->padded_f,
                  "order", end->order, "element_bytes", (json_int_t)end->element_bytes, "bytes",
                  (json_int_t)rg_hef_end_bytes(end));
    if (end->classes)
        json_object_set_new(row, "nms",
                            json_pack("{s:I, s:I}", "classes", (json_int_t)end->classes, "boxes",
                                      (json_int_t)end->boxes));
    json_object_set_new(row, "scales", numbers_json(end->scales, end->n_quant));
    json_object_set_new(row, "zero_points", numbers_json(end->zero_points, end->n_quant));
    json_object_set_new(row, "source_tensors", list_json(end->originals));
    return row;
}

static json_t *group_json(const rg_hef_group *group) {
    json_t *row =
        json_pack("{s:o, s:I, s:I, s:o, s:I, s:[]}", "name", rg_json_clean(group->name), "contexts",
                  (json_int_t)group->contexts, "layouts", (json_int_t)group->layouts, "networks",
                  list_json(group->networks), "ops", (json_int_t)group->ops, "ends");
    rg_json_set_real(row, "bottleneck_fps", group->bottleneck_fps);
    rg_json_set_real(row, "latency_s", group->latency_s);
    for (uint32_t i = 0; i < group->n_ends; i++)
        json_array_append_new(json_object_get(row, "ends"), end_json(&group->ends[i]));
    return row;
}

static json_t *all_json(const view *v) {
    json_t *all = json_pack(
        "{s:s, s:o, s:s, s:I, s:s, s:I, s:I, s:I, s:o, s:s, s:o, s:I, s:o, s:[]}", "status", "ok",
        "file", rg_json_clean(v->path), "format", "hef", "bytes", (json_int_t)v->bytes, "sha256",
        v->sha256, "header_version", (json_int_t)v->head.version, "protobuf_bytes",
        (json_int_t)v->head.proto_bytes, "weights_bytes", (json_int_t)v->head.weights_bytes, "md5",
        v->head.has_digest ? json_string(v->head.actual) : json_null(), "chip", v->body.arch_word,
        "compiler", rg_json_clean(v->body.compiler), "timestamp_ms",
        (json_int_t)(v->body.timestamp_ms > INT64_MAX ? 0 : v->body.timestamp_ms), "features",
        list_json(v->body.features), "groups");
    for (uint32_t i = 0; i < v->body.n_groups; i++)
        json_array_append_new(json_object_get(all, "groups"), group_json(&v->body.groups[i]));
    return all;
}

/* --- the file --------------------------------------------------------------------------------- */

static rg_status look(view *v, rg_arena *arena, rg_err *err) {
    rg_model_limits limits;
    char *data = NULL;
    rg_status status = rg_model_limits_get(&limits, err);
    if (status == RG_OK)
        status = rg_fs_read(arena, v->path, limits.file_bytes, &data, &v->bytes, err);
    if (status != RG_OK)
        return status;
    rg_hash_bytes(data, v->bytes, v->sha256);
    status = rg_hef_read(data, v->bytes, &v->head, err);
    if (status == RG_OK)
        status = rg_hef_read_body(&v->head, data, arena, &v->body, err);
    if (status != RG_OK)
        rg_err_prefix(err, "%s", v->path);
    return status;
}

int rg_inspect_hef(const char *path, bool json) {
    rg_err err = RG_ERR_INIT;
    view v = {.path = path};
    rg_arena *arena = rg_arena_new(0);
    rg_status status =
        arena ? look(&v, arena, &err) : rg_fail(&err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK && json)
        rg_inspect_print_json(all_json(&v));
    else if (status == RG_OK)
        print_text(&v);
    rg_arena_free(arena);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("inspect", &err);
}
