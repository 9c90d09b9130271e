/* hefhost.c: what the vendor's library makes of the chip's ends: boxes of objects, layers joined
 * again, and the order in which it lists them. */
#include <string.h>

#include "bench/core/hef_priv.h"

/* --- what the library computes behind the chip ------------------------------------------------ */

/* What feeds an operation of the library is no vstream any more. */
static void hide_fed(rg_hef_reading *reading, rg_wire group) {
    rg_wire_field field;
    while (rg_wire_next(&group, &field) == 1) {
        if (field.number != 9 || field.kind != RG_WIRE_BYTES)
            continue;
        uint32_t source = rg_hef_small(field.bytes, 1);
        for (uint32_t i = 0; i < reading->n; i++)
            reading->ends[i].vstream = reading->ends[i].vstream &&
                                       !(reading->ends[i].output && reading->pads[i] == source);
    }
}

/* Boxes of objects, or the largest of values: an end of the library's own. */
static rg_status read_host_op(rg_hef_reading *reading, rg_wire op, rg_err *err) {
    rg_hef_end like = {.output = true, .vstream = true}, *end;
    rg_wire nms = rg_wire_within(op, 5), pad = rg_wire_within(op, 3);
    rg_wire name = rg_wire_within(pad, 2), shape = rg_wire_within(pad, 6);
    rg_status status = rg_hef_new_end(
        reading, &like, name.at == name.end ? rg_wire_within(op, 1) : name, &end, err);
    if (status != RG_OK)
        return status;
    end->computed = true;
    end->height = rg_hef_small(shape, 1);
    end->width = rg_hef_small(shape, 3);
    end->features = rg_hef_small(shape, 5);
    if (nms.at != nms.end) {
        end->order = "NMS";
        end->classes = rg_hef_small(nms, 4);
        end->boxes = rg_hef_small(nms, 3);
    }
    return rg_hef_check_size(end, err);
}

/* Layers that the compiler split and the library joins again. */
static rg_status read_fused(rg_hef_reading *reading, rg_wire fused, rg_err *err) {
    static const rg_hef_end like = {.output = true, .vstream = true};
    const char *const *parts;
    rg_status status = rg_hef_texts(reading->arena, fused, 2, &parts, err);
    for (uint32_t i = 0; status == RG_OK && *parts && i < reading->n; i++) {
        for (const char *const *part = parts; *part; part++)
            reading->ends[i].vstream =
                reading->ends[i].vstream && strcmp(reading->ends[i].name, *part) != 0;
    }
    return status == RG_OK ? rg_hef_read_layer(reading, rg_wire_within(fused, 1), &like, err)
                           : status;
}

rg_status rg_hef_read_host(rg_hef_reading *reading, rg_wire group, rg_wire core, rg_err *err) {
    rg_status status = RG_OK;
    rg_wire_field field;
    rg_wire layers = rg_wire_within(core, 5);
    hide_fed(reading, group);
    while (status == RG_OK && rg_wire_next(&group, &field) == 1) {
        bool op = field.number == 8 && field.kind == RG_WIRE_BYTES;
        rg_wire_field kind;
        if (op && (rg_wire_find(field.bytes, 5, RG_WIRE_BYTES, &kind) == 1 ||
                   rg_wire_find(field.bytes, 6, RG_WIRE_BYTES, &kind) == 1))
            status = read_host_op(reading, field.bytes, err);
    }
    while (status == RG_OK && rg_wire_next(&layers, &field) == 1) {
        if (field.number == 3 && field.kind == RG_WIRE_BYTES)
            status = read_fused(reading, field.bytes, err);
    }
    return status;
}

/* --- order ------------------------------------------------------------------------------------ */

static void place(const rg_hef_reading *reading, uint32_t i, bool *taken, rg_hef_group *group) {
    if (!taken[i])
        group->ends[group->n_ends++] = reading->ends[i];
    taken[i] = true;
}

/* Inputs as they come, outputs as the file lists their names, then those that it does not name. */
rg_status rg_hef_order_ends(rg_hef_reading *reading, rg_wire core, rg_hef_group *ret_group,
                            rg_err *err) {
    const char *const *names;
    rg_status status = rg_hef_texts(reading->arena, core, 4, &names, err);
    bool *taken = rg_arena_array(reading->arena, reading->n + 1, sizeof *taken);
    ret_group->ends = rg_arena_array(reading->arena, reading->n + 1, sizeof *ret_group->ends);
    if (status == RG_OK && (!taken || !ret_group->ends))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status != RG_OK)
        return status;
    for (uint32_t i = 0; i < reading->n; i++) {
        if (!reading->ends[i].output)
            place(reading, i, taken, ret_group);
    }
    for (; *names; names++) {
        for (uint32_t i = 0; i < reading->n; i++) {
            if (!strcmp(reading->ends[i].name, *names))
                place(reading, i, taken, ret_group);
        }
    }
    for (uint32_t i = 0; i < reading->n; i++)
        place(reading, i, taken, ret_group);
    return RG_OK;
}
