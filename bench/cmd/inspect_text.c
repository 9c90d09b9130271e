/* inspect_text.c: what `railgauge inspect` prints for people. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/cmd/inspect.h"
#include "bench/core/text.h"

void rg_inspect_clean(const char *text, char *ret, size_t cap) {
    json_t *probe = json_string(text);
    size_t i = 0;
    for (; text[i] && i + 1 < cap; i++) {
        unsigned char c = (unsigned char)text[i];
        ret[i] = c < 0x20 || c == 0x7f || (c >= 0x80 && !probe) ? '?' : text[i];
    }
    while (i > 0 && i + 1 == cap && ((unsigned char)ret[i - 1] & 0x80))
        i--; /* the cut may fall inside a character */
    ret[i] = '\0';
    json_decref(probe);
}

/* A count as "568 M"; "0" for none. */
static const char *count_text(uint64_t n, char *ret, size_t cap) {
    if (n < 10000)
        snprintf(ret, cap, "%" PRIu64, n);
    else
        rg_text_si((double)n, "", ret, cap);
    size_t used = strlen(ret);
    while (used && ret[used - 1] == ' ')
        ret[--used] = '\0';
    return ret;
}

static const char *bytes_text(size_t n, char *ret, size_t cap) {
    rg_text_bytes((double)n, ret, cap);
    return ret;
}

static void print_tensor(const rg_tensor *tensor, const char *title, uint32_t index) {
    char name[80], shape[96];
    rg_inspect_clean(tensor->name, name, sizeof name);
    rg_shape_text(&tensor->shape, shape, sizeof shape);
    printf("%-12s %u  %s  %s %s", index ? "" : title, index, name, rg_dtype_word(tensor->dtype),
           shape);
    if (tensor->quant.n == 1)
        printf("  scale %.9g zero point %d", (double)tensor->quant.scale[0],
               (int)tensor->quant.zero_point[0]);
    else if (tensor->quant.n)
        printf("  %u scales", tensor->quant.n);
    putchar('\n');
}

static void print_head(const rg_inspect_view *view) {
    const rg_graph *graph = view->model->graph;
    char text[256], size[32];
    rg_inspect_clean(view->model->path, text, sizeof text);
    printf("%-12s %s\n", "file", text);
    printf("%-12s %s: %s\n", "format", view->model->reader->name, view->model->reader->summary);
    rg_inspect_clean(graph->description, text, sizeof text);
    if (text[0])
        printf("%-12s %s\n", "description", text);
    printf("%-12s %s, sha256 %s\n", "size", bytes_text(view->model->bytes, size, sizeof size),
           view->model->sha256);
    for (uint32_t i = 0; i < graph->n_in; i++)
        print_tensor(&graph->tensors[graph->in[i]], "inputs", i);
    for (uint32_t i = 0; i < graph->n_out; i++)
        print_tensor(&graph->tensors[graph->out[i]], "outputs", i);
}

/* Files of a vendor's compiler: what runs on the device is one opaque node. */
static void print_compiled(const rg_inspection *look) {
    for (uint32_t i = 0; i < look->graph->n_nodes; i++) {
        const rg_node *node = &look->graph->nodes[i];
        const rg_attr *word = rg_node_attr(node, "executable");
        const rg_attr *size = rg_node_attr(node, "executable_bytes");
        char a[32];
        if (word && size)
            printf("%-12s node %u holds an executable (%s) of %s\n", "compiled", i, word->word,
                   bytes_text((size_t)size->i, a, sizeof a));
    }
}

static uint32_t count_compiled(const rg_inspection *look) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < look->graph->n_nodes; i++)
        n += rg_node_attr(&look->graph->nodes[i], "executable") != NULL;
    return n;
}

static void print_sums(const rg_inspect_view *view) {
    const rg_inspection *look = view->look;
    char a[32], b[32], c[32];
    printf("%-12s %s MACs, %s other operations", "work", count_text(look->work.macs, a, sizeof a),
           count_text(look->work.other_ops, b, sizeof b));
    if (look->refused)
        printf(", without the %u nodes that are not known here", look->refused);
    printf("\n%-12s %s in %s of constants\n", "parameters",
           count_text(look->parameters, a, sizeof a), bytes_text(look->weights_bytes, b, sizeof b));
    printf("%-12s peak %s planned, %s the least possible", "activations",
           bytes_text(look->plan_bytes, a, sizeof a), bytes_text(look->bound_bytes, b, sizeof b));
    if (look->variables_bytes)
        printf("; state %s", bytes_text(look->variables_bytes, c, sizeof c));
    putchar('\n');
    uint32_t compiled = count_compiled(look);
    print_compiled(look);
    if (compiled)
        printf("%-12s %u of %u nodes stay on the CPU, with %s MACs\n", "",
               look->graph->n_nodes - compiled, look->graph->n_nodes,
               count_text(look->work.macs, a, sizeof a));
    for (uint32_t i = 0; i < view->tail.n; i++)
        printf("%-12s %s (%s)\n", i ? "" : "with it", view->tail.names[i],
               bytes_text((size_t)view->tail.bytes[i], a, sizeof a));
}

static void print_kinds(const rg_inspection *look) {
    printf("\n%-32s %7s %10s %10s %10s\n", "operator", "nodes", "MACs", "params", "constants");
    for (uint32_t i = 0; i < look->n_kinds; i++) {
        const rg_inspect_kind *kind = &look->kinds[i];
        char name[64], a[32], b[32], c[32];
        rg_inspect_clean(kind->kind, name, sizeof name);
        bool known = kind->refused == 0;
        printf("%-32s %7u %10s %10s %10s%s\n", name, kind->nodes,
               known || kind->macs ? count_text(kind->macs, a, sizeof a) : "n/a",
               count_text(kind->parameters, b, sizeof b),
               bytes_text(kind->weights_bytes, c, sizeof c), known ? "" : "  not computed here");
    }
}

/* What a foreign operator tells of itself. */
static void print_attrs(const rg_node *node) {
    for (uint32_t i = 0; !node->known && i < node->n_attrs; i++) {
        const rg_attr *attr = &node->attrs[i];
        if (attr->type == RG_ATTR_INT)
            printf("  %s %" PRId64, attr->key, attr->i);
        else if (attr->type == RG_ATTR_REAL)
            printf("  %s %.9g", attr->key, attr->r);
        else
            printf("  %s %s", attr->key, attr->word);
    }
}

static void print_refusals(const rg_inspection *look) {
    bool any = false;
    for (uint32_t i = 0; i < look->n_kinds; i++) {
        const rg_inspect_kind *kind = &look->kinds[i];
        char name[64], words[400];
        if (!kind->refused)
            continue;
        if (!any)
            printf("\nnot computed here\n");
        any = true;
        rg_inspect_clean(kind->kind, name, sizeof name);
        rg_inspect_clean(look->nodes[kind->first_refused].what, words, sizeof words);
        printf("  %s: %u nodes, first node %u: %s", name, kind->refused, kind->first_refused,
               words);
        print_attrs(&look->graph->nodes[kind->first_refused]);
        putchar('\n');
    }
}

static void print_shapes(const rg_graph *graph, const rg_node *node) {
    char shape[96];
    const rg_tensor *in = rg_node_in(graph, node, 0), *out = rg_node_out(graph, node, 0);
    if (in)
        rg_shape_text(&in->shape, shape, sizeof shape);
    printf(" %-18s", in ? shape : "-");
    if (out)
        rg_shape_text(&out->shape, shape, sizeof shape);
    printf(" %-18s", out ? shape : "-");
}

static void print_nodes(const rg_inspection *look) {
    printf("\n%5s %-28s %-18s %-18s %10s  %s\n", "node", "operator", "input", "output", "MACs",
           "quantization");
    for (uint32_t i = 0; i < look->graph->n_nodes; i++) {
        const rg_node *node = &look->graph->nodes[i];
        const rg_inspect_node *row = &look->nodes[i];
        char name[64], a[32];
        rg_inspect_clean(node->kind, name, sizeof name);
        printf("%5u %-28s", i, name);
        print_shapes(look->graph, node);
        printf(" %10s  %s%s\n",
               row->status == RG_OK ? count_text(row->work.macs, a, sizeof a) : "n/a",
               row->quantization, row->status == RG_OK ? "" : "  not computed here");
    }
}

static double share(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_targets(const rg_inspection *look) {
    printf("\n%-12s %-14s %8s %8s  %s\n", "target", "takes it", "nodes", "MACs", "");
    for (uint32_t i = 0; i < look->n_targets; i++) {
        const rg_inspect_target *t = &look->targets[i];
        printf("%-12s %-14s", t->name, t->status == RG_OK ? "yes" : rg_status_word(t->status));
        if (!t->device[0])
            printf(" %8s %8s  %s\n", "n/a", "n/a", t->why.what);
        else if (look->work.macs)
            printf(" %6.1f %% %6.1f %%  %s\n", share(t->nodes, look->graph->n_nodes),
                   share(t->macs, look->work.macs), t->status == RG_OK ? "" : t->why.what);
        else
            printf(" %6.1f %% %8s  %s\n", share(t->nodes, look->graph->n_nodes), "n/a",
                   t->status == RG_OK ? "" : t->why.what);
    }
    if (look->refused)
        printf("MACs of nodes that are not known here are in no share.\n");
}

void rg_inspect_print(const rg_inspect_view *view) {
    print_head(view);
    print_sums(view);
    print_kinds(view->look);
    print_refusals(view->look);
    if (view->nodes)
        print_nodes(view->look);
    print_targets(view->look);
}

void rg_inspect_print_hef(const char *path, size_t bytes, const rg_hef *hef, const rg_err *err) {
    char size[32], text[256];
    rg_inspect_clean(path, text, sizeof text);
    printf("%-12s %s\n%-12s Hailo executable, header version %u\n", "file", text, "format",
           hef->version);
    printf("%-12s %s\n", "size", bytes_text(bytes, size, sizeof size));
    printf("%-12s %" PRIu64 " bytes\n", "protobuf", hef->proto_bytes);
    if (hef->version == 1)
        printf("%-12s %" PRIu64 " bytes\n", "weights", hef->weights_bytes);
    if (hef->has_digest && hef->actual[0])
        printf("%-12s MD5 %s, %s\n", "digest", hef->actual,
               err->status == RG_OK ? "as the header says" : "not as the header says");
    else
        printf("%-12s not checked\n", "digest");
}
