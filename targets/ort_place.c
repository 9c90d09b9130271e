/* ort_place.c: what ran where, and how long, by nodes of the source graph: from the runtime's own
 * assignment or its profile, over the file's nodes. */
#include <stdlib.h>
#include <string.h>

#include "bench/iface/exec.h"
#include "targets/ort_session.h"

static const char cpu_name[] = "CPUExecutionProvider";

/* Providers by node of the file and of the source graph; NULL unknown. */
typedef struct places {
    const char **by_file, **by_source;
    const char *compiled; /* a provider that runs many nodes as one that nobody knows again */
} places;

static bool is_border(const rg_ort_node *node) {
    return !strcmp(node->type, "QuantizeLinear") || !strcmp(node->type, "DequantizeLinear");
}

static bool room_for(rg_program *p, places *ret) {
    ret->by_file = rg_arena_array(p->arena, p->file.n_nodes + 1, sizeof *ret->by_file);
    ret->by_source =
        rg_arena_array(p->arena, p->workload->graph->n_nodes + 1, sizeof *ret->by_source);
    return ret->by_file && ret->by_source;
}

rg_status rg_ort_join(rg_program *p, rg_err *err) {
    rg_status status =
        p->joined ? RG_OK : rg_ort_file_join(p->arena, &p->file, p->workload->graph, err);
    p->joined = status == RG_OK;
    return status;
}

/* --- from the session ------------------------------------------------------------------------- */

static rg_status take_nodes(rg_program *p, const void *subgraph, places *to, bool *taken) {
    const rg_ort *ort = p->session->ort;
    const char *provider = NULL, *name = NULL, *type = NULL;
    const void *const *nodes = NULL;
    size_t n = 0;
    void *said = ort->SubgraphProvider(subgraph, &provider);
    if (!said)
        said = ort->SubgraphNodes(subgraph, &nodes, &n);
    for (size_t i = 0; !said && i < n; i++) {
        said = ort->NodeName(nodes[i], &name);
        if (!said)
            said = ort->NodeType(nodes[i], &type);
        if (said)
            break;
        int32_t at = *name ? rg_ort_file_find(&p->file, name, type, -1)
                           : rg_ort_file_take(&p->file, type, taken);
        if (at >= 0 && !to->by_file[at])
            to->by_file[at] = rg_arena_strdup(p->arena, provider);
    }
    return rg_ort_check(ort, said, "asking the placement", NULL);
}

static rg_status from_session(rg_program *p, places *to) {
    const rg_ort *ort = p->session->ort;
    const void *const *subgraphs = NULL;
    size_t n = 0;
    bool *taken = rg_arena_array(p->arena, p->file.n_nodes + 1, sizeof *taken);
    if (!ort->GetGraphAssignment || !taken)
        return RG_UNSUPPORTED;
    rg_status status = rg_ort_check(ort, ort->GetGraphAssignment(p->handle, &subgraphs, &n),
                                    "asking the placement", NULL);
    for (size_t i = 0; status == RG_OK && i < n; i++)
        status = take_nodes(p, subgraphs[i], to, taken);
    return status == RG_OK && n ? RG_OK : RG_UNSUPPORTED;
}

/* --- from the profile ------------------------------------------------------------------------- */

static rg_status from_profile(rg_program *p, places *to) {
    rg_status status = rg_ort_profile_make(p, NULL);
    for (uint32_t i = 0; status == RG_OK && i < p->profile.n; i++) {
        const rg_ort_event *event = &p->profile.events[i];
        if (event->file_node >= 0)
            to->by_file[event->file_node] = event->provider;
        else if (strcmp(event->provider, cpu_name) != 0)
            to->compiled = event->provider;
    }
    return status;
}

/* --- by nodes of the source graph ------------------------------------------------------------- */

/* What computes decides; what only quantizes beside it counts where there is nothing else. */
static void join_sources(const rg_program *p, places *to) {
    for (int borders = 0; borders < 2; borders++) {
        for (uint32_t i = 0; i < p->file.n_nodes; i++) {
            const rg_ort_node *node = &p->file.nodes[i];
            if (node->source >= 0 && to->by_file[i] && is_border(node) == (borders != 0) &&
                !to->by_source[node->source])
                to->by_source[node->source] = to->by_file[i];
        }
    }
}

/* By tensor the node that makes it; -1 none. NULL when out of memory. */
static int32_t *makers_of(rg_program *p) {
    const rg_graph *graph = p->workload->graph;
    int32_t *made_by = rg_arena_array(p->arena, graph->n_tensors + 1, sizeof *made_by);
    for (uint32_t i = 0; made_by && i < graph->n_tensors; i++)
        made_by[i] = -1;
    for (uint32_t i = 0; made_by && i < graph->n_nodes; i++) {
        for (uint32_t k = 0; k < graph->nodes[i].n_out; k++) {
            if (graph->nodes[i].out[k] >= 0)
                made_by[graph->nodes[i].out[k]] = (int32_t)i;
        }
    }
    return made_by;
}

static int32_t maker_of(const int32_t *made_by, const rg_node *node, uint32_t input) {
    int32_t tensor = input < node->n_in ? node->in[input] : -1;
    return tensor >= 0 ? made_by[tensor] : -1;
}

/* A node that the runtime joined to another one runs where that one does: the one before it. */
static void fill_gaps(const rg_program *p, const int32_t *made_by, places *to) {
    for (uint32_t i = 0; i < p->workload->graph->n_nodes; i++) {
        int32_t before = maker_of(made_by, &p->workload->graph->nodes[i], 0);
        if (!to->by_source[i] && to->compiled)
            to->by_source[i] = to->compiled;
        if (!to->by_source[i] && before >= 0)
            to->by_source[i] = to->by_source[before];
    }
}

/* Tensors that one provider makes and another one reads. */
static int32_t count_crossings(const rg_program *p, const int32_t *made_by, const places *to) {
    const rg_graph *graph = p->workload->graph;
    int32_t n = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        for (uint32_t k = 0; k < graph->nodes[i].n_in; k++) {
            int32_t before = maker_of(made_by, &graph->nodes[i], k);
            const char *here = to->by_source[i],
                       *there = before >= 0 ? to->by_source[before] : here;
            n += here && there && strcmp(here, there) != 0;
        }
    }
    return n;
}

static void sum_times(const rg_program *p, rg_placement *ret) {
    for (uint32_t i = 0; i < ret->n_engines; i++) {
        rg_engine *engine = &ret->engines[i];
        for (uint32_t k = 0; k < p->profile.n; k++) {
            if (!strcmp(p->profile.events[k].provider, engine->name))
                engine->ns = (engine->ns < 0 ? 0 : engine->ns) + p->profile.events[k].ns;
        }
    }
}

/* Where the CPU is all that was asked for, it is the target; else what is left to it stays off. */
static void sum_up(const rg_program *p, const rg_work *works, const int32_t *made_by,
                   const places *from, const char *how, rg_placement *ret) {
    const rg_graph *graph = p->workload->graph;
    bool leaves = rg_ort_choice_leaves_cpu(&p->session->choice);
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const char *provider = from->by_source[i] ? from->by_source[i] : "not told";
        bool host = leaves && (!from->by_source[i] || !strcmp(provider, cpu_name));
        ret->macs += works[i].macs;
        rg_placement_add(ret, provider, host, 1, (int64_t)works[i].macs);
        if (host)
            rg_placement_stays(ret, graph->nodes[i].kind);
    }
    ret->crossings = count_crossings(p, made_by, from);
    rg_placement_sum(ret, how);
    sum_times(p, ret);
}

static void all_on_cpu(const rg_program *p, places *to) {
    for (uint32_t i = 0; i < p->workload->graph->n_nodes; i++)
        to->by_source[i] = cpu_name;
}

rg_status rg_ort_placement(rg_program *p, rg_placement *ret_placement) {
    rg_placement made = {.crossings = -1};
    places found = {0};
    const char *how = "session";
    int32_t *made_by = makers_of(p);
    rg_work *works = rg_arena_array(p->arena, p->workload->graph->n_nodes + 1, sizeof *works);
    rg_status status =
        made_by && works && room_for(p, &found) ? rg_ort_join(p, NULL) : RG_NO_MEMORY;
    if (status == RG_OK)
        status = rg_graph_node_works(p->workload->graph, works, NULL);
    if (status == RG_OK && !rg_ort_choice_leaves_cpu(&p->session->choice)) {
        how = "only-provider";
        all_on_cpu(p, &found);
    } else if (status == RG_OK && (status = from_session(p, &found)) != RG_OK) {
        how = "profile";
        status = from_profile(p, &found);
    }
    if (status != RG_OK)
        return status;
    join_sources(p, &found);
    fill_gaps(p, made_by, &found);
    sum_up(p, works, made_by, &found, how, &made);
    *ret_placement = made;
    return RG_OK;
}

/* --- times of nodes --------------------------------------------------------------------------- */

/* What the runtime puts in by itself (changes of layout) counts for the node behind it, at the end
 * for the one before. */
static void serve_neighbours(rg_ort_profile *profile) {
    int32_t source = -1;
    for (uint32_t i = profile->n; i-- > 0;) {
        source = profile->events[i].source >= 0 ? profile->events[i].source : source;
        profile->events[i].source = source;
    }
    source = -1;
    for (uint32_t i = 0; i < profile->n; i++) {
        source = profile->events[i].source >= 0 ? profile->events[i].source : source;
        profile->events[i].source = source;
    }
}

/* What only moves or rounds names a node where nothing else does. */
static bool is_side_work(const rg_ort_event *event) {
    static const char *const types[] = {"QuantizeLinear", "DequantizeLinear", "Transpose",
                                        "Reshape",        "ReorderInput",     "ReorderOutput"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!strcmp(event->type, types[i]))
            return true;
    }
    return event->file_node < 0;
}

/* The first that computes; `plain` tells whether the name so far is of one. */
static void name_kernel(rg_program *p, const rg_ort_event *event, rg_node_facts *facts,
                        bool *plain) {
    if (*facts->kernel && (*plain || is_side_work(event)))
        return;
    const char *name = rg_arena_printf(p->arena, "%s:%s", event->provider, event->type);
    facts->kernel = name ? name : "";
    *plain = !is_side_work(event);
}

static void join_to(rg_node_facts *facts, uint32_t one, uint32_t other) {
    facts[one].kernel = facts[other].kernel;
    facts[one].computed_in = facts[other].computed_in;
}

/* Nodes without a time of their own were joined to the one before them, at the beginning to the one
 * behind. */
static void join_untimed(const rg_graph *graph, const int32_t *made_by, rg_node_facts *facts) {
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        int32_t before = maker_of(made_by, &graph->nodes[i], 0);
        if (!*facts[i].kernel && before >= 0 && (uint32_t)before < i && *facts[before].kernel)
            join_to(facts, i, (uint32_t)before);
    }
    for (uint32_t i = graph->n_nodes; i-- > 0;) {
        int32_t before = maker_of(made_by, &graph->nodes[i], 0);
        if (*facts[i].kernel && before >= 0 && !*facts[before].kernel)
            join_to(facts, (uint32_t)before, i);
    }
}

static rg_status make_facts(rg_program *p) {
    uint32_t n = p->workload->graph->n_nodes;
    int32_t *made_by = makers_of(p);
    rg_node_facts *facts = rg_arena_array(p->arena, n + 1, sizeof *facts);
    bool *plain = rg_arena_array(p->arena, n + 1, sizeof *plain);
    if (!made_by || !facts || !plain)
        return RG_NO_MEMORY;
    for (uint32_t i = 0; i < n; i++)
        facts[i] = (rg_node_facts){.kernel = "", .computed_in = i};
    serve_neighbours(&p->profile);
    for (uint32_t i = 0; i < p->profile.n; i++) {
        const rg_ort_event *event = &p->profile.events[i];
        if (event->source < 0)
            continue;
        facts[event->source].ns += event->ns;
        facts[event->source].split = p->session->settings.threads != 1;
        name_kernel(p, event, &facts[event->source], &plain[event->source]);
    }
    join_untimed(p->workload->graph, made_by, facts);
    p->facts = facts;
    return RG_OK;
}

rg_status rg_ort_node_facts(const rg_program *program, uint32_t node, rg_node_facts *ret_facts) {
    rg_program *p = (rg_program *)(uintptr_t)program; /* the profile is made when first asked for */
    if (!p->session->settings.count_nodes || node >= p->workload->graph->n_nodes)
        return RG_UNSUPPORTED;
    rg_status status = p->facts ? RG_OK : rg_ort_profile_make(p, NULL);
    if (status == RG_OK && !p->facts)
        status = make_facts(p);
    if (status == RG_OK)
        *ret_facts = p->facts[node];
    return status;
}
