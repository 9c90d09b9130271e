/* ort_double_facts.c: of the double of ONNX Runtime what it tells: which provider has which node,
 * a profile, memory of its arena. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ort_double.h"

/* --- assignment: a subgraph a node ------------------------------------------------------------ */

typedef struct subgraph {
    const double_session *session;
    uint32_t node;
    const void *nodes[1];
} subgraph;

static void *get_assignment(const void *given, const void *const **ret, size_t *ret_n) {
    const double_session *session = given;
    uint32_t n = session->file.n_nodes;
    const void **list = rg_arena_array(session->arena, n + 1, sizeof *list);
    subgraph *parts = rg_arena_array(session->arena, n + 1, sizeof *parts);
    for (uint32_t i = 0; i < n; i++) {
        parts[i] = (subgraph){session, i, {&session->file.nodes[i]}};
        list[i] = &parts[i];
    }
    *ret = list;
    *ret_n = n;
    return NULL;
}

static void *subgraph_provider(const void *given, const char **ret) {
    const subgraph *part = given;
    *ret = double_provider_of(part->session, part->node);
    return NULL;
}

static void *subgraph_nodes(const void *given, const void *const **ret, size_t *ret_n) {
    *ret = ((const subgraph *)given)->nodes;
    *ret_n = 1;
    return NULL;
}

static void *node_name(const void *given, const char **ret) {
    *ret = ((const rg_ort_node *)given)->name;
    return NULL;
}

static void *node_type(const void *given, const char **ret) {
    *ret = ((const rg_ort_node *)given)->type;
    return NULL;
}

/* --- profile: node i takes i + 1 us ----------------------------------------------------------- */

static FILE *profile_of(const double_session *session, const char *mode, char *ret, size_t cap) {
    snprintf(ret, cap, "%.480s_double.json", session->options.profile);
    return fopen(ret, mode);
}

static void put_node(FILE *file, const double_session *session, uint32_t i) {
    const rg_ort_node *node = &session->file.nodes[i];
    char number[16] = "";
    if (!*node->name)
        snprintf(number, sizeof number, "_%u", i);
    fprintf(file,
            "{\"cat\": \"Node\", \"dur\": %u, \"name\": \"%s%s_kernel_time\", \"args\": "
            "{\"op_name\": \"%s\", \"provider\": \"%s\", \"node_index\": \"%u\"}},\n",
            i + 1, *node->name ? node->name : node->type, number, node->type,
            double_provider_of(session, i), i);
}

void double_profile_run(const double_session *session) {
    char path[512];
    FILE *file = *session->options.profile ? profile_of(session, "ab", path, sizeof path) : NULL;
    if (!file)
        return;
    if (ftell(file) == 0)
        fputs("[\n", file);
    for (uint32_t i = 0; !double_told("no-times") && i < session->file.n_nodes; i++)
        put_node(file, session, i);
    fputs("{\"cat\": \"Session\", \"dur\": 99, \"name\": \"model_run\"},\n", file);
    fclose(file);
}

static void *end_profiling(void *given, void *allocator, char **ret) {
    char path[512];
    FILE *file = profile_of(given, "ab", path, sizeof path);
    (void)allocator;
    if (!file)
        return double_status(DOUBLE_FAIL, "no profile at %s", path);
    fputs("{\"cat\": \"Session\", \"dur\": 1, \"name\": \"end\"}\n]\n", file);
    fclose(file);
    *ret = strdup(path);
    return NULL;
}

/* --- memory ----------------------------------------------------------------------------------- */

static int pairs;

static void *create_allocator(const void *session, const void *memory, void **ret) {
    (void)session;
    (void)memory;
    *ret = malloc(1);
    return NULL;
}

static void release_allocator(void *given) {
    free(given);
}

static void *get_stats(const void *allocator, void **ret) {
    (void)allocator;
    *ret = &pairs;
    return NULL;
}

static void get_pairs(const void *given, const char *const **keys, const char *const **values,
                      size_t *n) {
    static const char *const names[] = {"InUse", "TotalAllocated", "MaxInUse"};
    static const char *const numbers[] = {"1000", "65536", "4000"};
    (void)given;
    *keys = names;
    *values = numbers;
    *n = 3;
}

static void release_pairs(void *given) {
    (void)given;
}

static const char *build_info(void) {
    return "ORT Build Info: the double";
}

const double_slot double_fact_slots[] = {
    DOUBLE_SLOT(110, end_profiling),
    DOUBLE_SLOT(131, create_allocator),
    DOUBLE_SLOT(132, release_allocator),
    DOUBLE_SLOT(254, build_info),
    DOUBLE_SLOT(298, get_pairs),
    DOUBLE_SLOT(300, release_pairs),
    DOUBLE_SLOT(319, get_stats),
    DOUBLE_SLOT(407, get_assignment),
    DOUBLE_SLOT(408, subgraph_provider),
    DOUBLE_SLOT(409, subgraph_nodes),
    DOUBLE_SLOT(410, node_name),
    DOUBLE_SLOT(412, node_type),
    {-1, NULL},
};
