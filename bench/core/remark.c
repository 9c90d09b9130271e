/* remark.c: see remark.h. A list, the newest first, at the arena's note. */
#include "bench/core/remark.h"

bool rg_remark_add(rg_graph *graph, rg_remark remark) {
    void **note = rg_arena_note(graph->arena);
    remark.next = *note;
    rg_remark *copy = rg_arena_copy(graph->arena, &remark, sizeof remark);
    if (copy)
        *note = copy;
    return copy != NULL;
}

const rg_remark *rg_remark_of(const rg_graph *graph, bool is_output, uint32_t index) {
    const rg_remark *at = *rg_arena_note(graph->arena);
    while (at && (at->is_output != is_output || at->index != index))
        at = at->next;
    return at;
}
