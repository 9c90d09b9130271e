/* fuzz_hef.c: any bytes to the reader of Hailo executables, as they are and as the message behind a
 * sound header (a digest would keep a fuzzer out). What is accepted must be within its limits. */
#include <math.h>
#include <string.h>

#include "bench/core/hef.h"
#include "bench/iface/model.h"
#include "fuzz.h"

extern const rg_reader rg_reader_hef;

static void check_end(const rg_hef_end *end) {
    PROMISE(end->name && end->order && end->originals, "an end without words");
    PROMISE(rg_hef_end_elements(end) <= UINT64_C(1) << 40, "a frame that no machine holds");
    PROMISE(end->element_bytes == 1 || end->element_bytes == 2, "elements of no size");
    for (uint32_t i = 0; i < end->n_quant; i++)
        PROMISE(end->scales[i] > 0 && isfinite(end->scales[i]) && isfinite(end->zero_points[i]),
                "a scale that is none");
}

static void check_body(const rg_hef_body *body) {
    PROMISE(body->arch_word && body->compiler && body->features, "a body without words");
    for (uint32_t g = 0; g < body->n_groups; g++) {
        const rg_hef_group *group = &body->groups[g];
        PROMISE(group->name && group->networks, "a group without words");
        for (uint32_t i = 0; i < group->n_ends; i++)
            check_end(&group->ends[i]);
    }
}

static void read_message(const rg_hef *head, const uint8_t *data) {
    rg_err err = RG_ERR_INIT;
    rg_hef_body body;
    rg_arena *arena = rg_arena_new((size_t)64 << 20);
    PROMISE(arena, "out of memory");
    rg_status status = rg_hef_read_body(head, data, arena, &body, &err);
    if (status == RG_OK)
        check_body(&body);
    else
        PROMISE(refused_well(status, &err), "no words");
    rg_arena_free(arena);
}

/* As a whole file, behind a header of version 2, which has no digest of ours to agree with. */
static void read_graph(const uint8_t *data, size_t bytes) {
    enum { HEAD = 44 };
    rg_err err = RG_ERR_INIT;
    rg_graph *graph = NULL;
    unsigned char *file = calloc(1, HEAD + bytes);
    PROMISE(file, "out of memory");
    memcpy(file, "\001HEF\0\0\0\002", 8);
    for (int i = 0; i < 4; i++)
        file[8 + i] = (unsigned char)(bytes >> 8 * (3 - i));
    memcpy(file + HEAD, data, bytes);
    rg_model_limits limits = rg_model_limits_default;
    limits.graph_bytes = (size_t)64 << 20;
    rg_status status = rg_reader_hef.read(file, HEAD + bytes, "fuzzed", &limits, &graph, &err);
    if (status == RG_OK)
        PROMISE(rg_graph_check(graph, NULL) == RG_OK, "a graph that is none");
    else
        PROMISE(refused_well(status, &err), "no words");
    rg_graph_free(graph);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    rg_hef head;
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_hef_read(data, bytes, &head, &err);
    if (status == RG_OK)
        read_message(&head, data);
    else
        PROMISE(refused_well(status, &err), "no words");
    head = (rg_hef){.version = 1, .proto_bytes = bytes};
    read_message(&head, data);
    read_graph(data, bytes);
    return 0;
}
