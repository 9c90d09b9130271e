/* hailo_memory.c: buffers of requests, and what is converted between them outside the timer. */
#include <stdlib.h>
#include <string.h>

#include "targets/hailo_session.h"

enum { PAGE = 4096 };

static size_t frames(const rg_program *program) {
    return program->session->batch;
}

static size_t model_bytes(const rg_program *program, const rg_hailo_lane *lane) {
    return frames(program) * lane->elements * rg_dtype_bits(lane->pair.tensor->dtype) / 8;
}

/* Zeroed whole pages in the program's arena of blocks; NULL when memory ran out. */
static void *new_block(size_t bytes) {
    size_t whole = (bytes + PAGE - 1) / PAGE * PAGE;
    void *block = aligned_alloc(PAGE, whole ? whole : PAGE);
    if (block)
        memset(block, 0, whole ? whole : PAGE); /* no page faults while timed */
    return block;
}

static bool fill_slot(const rg_program *program, rg_hailo_slot *slot) {
    bool ok = true;
    for (uint32_t i = 0; ok && i < program->n_in + program->n_out; i++) {
        const rg_hailo_lane *lane = &program->lanes[i];
        slot->frames[i] = new_block(frames(program) * lane->frame_bytes);
        slot->model[i] = lane->pair.same ? slot->frames[i] : new_block(model_bytes(program, lane));
        slot->wire[i] =
            lane->shaper ? new_block(frames(program) * lane->wire_bytes) : slot->frames[i];
        ok = slot->frames[i] && slot->model[i] && slot->wire[i];
    }
    return ok;
}

rg_status rg_hailo_slots_new(rg_program *program, unsigned n, rg_err *err) {
    program->slots = rg_arena_array(program->arena, n, sizeof *program->slots);
    program->queue = rg_arena_array(program->arena, n, sizeof *program->queue);
    bool ok = program->slots && program->queue;
    for (unsigned i = 0; ok && i < n; i++) {
        program->n_slots = i + 1;
        ok = fill_slot(program, &program->slots[i]);
    }
    return ok ? RG_OK
              : rg_fail(err, RG_NO_MEMORY, "ask for fewer requests in flight",
                        "out of memory for %u requests", n);
}

void rg_hailo_slots_free(rg_program *program) {
    for (unsigned s = 0; s < program->n_slots; s++) {
        rg_hailo_slot *slot = &program->slots[s];
        for (uint32_t i = 0; i < program->n_in + program->n_out; i++) {
            if (slot->model[i] != slot->frames[i])
                free(slot->model[i]);
            if (slot->wire[i] != slot->frames[i])
                free(slot->wire[i]);
            free(slot->frames[i]);
        }
    }
}

rg_status rg_hailo_bind(rg_program *program, unsigned slot, rg_io *ret_io) {
    if (slot >= program->n_slots)
        return RG_UNSUPPORTED;
    rg_io io = {.n_in = program->n_in, .n_out = program->n_out};
    for (uint32_t i = 0; i < program->n_in; i++) {
        io.in[i] = program->slots[slot].model[i];
        io.in_bytes[i] = model_bytes(program, &program->lanes[i]);
    }
    for (uint32_t i = 0; i < program->n_out; i++) {
        io.out[i] = program->slots[slot].model[program->n_in + i];
        io.out_bytes[i] = model_bytes(program, &program->lanes[program->n_in + i]);
    }
    *ret_io = io;
    return RG_OK;
}

void rg_hailo_feed(rg_program *program, unsigned number) {
    rg_hailo_slot *slot = &program->slots[number];
    for (uint32_t i = 0; i < program->n_in; i++) {
        const rg_hailo_lane *lane = &program->lanes[i];
        if (!lane->pair.same)
            rg_hailo_to_device(&lane->pair, slot->model[i], slot->frames[i],
                               frames(program) * lane->elements);
        for (size_t f = 0; lane->shaper && f < frames(program); f++)
            program->session->library.api.shape_input(
                lane->shaper, (char *)slot->frames[i] + f * lane->frame_bytes, lane->frame_bytes,
                (char *)slot->wire[i] + f * lane->wire_bytes, lane->wire_bytes);
    }
}

void rg_hailo_fetch(rg_program *program, unsigned number) {
    rg_hailo_slot *slot = &program->slots[number];
    for (uint32_t i = program->n_in; i < program->n_in + program->n_out; i++) {
        const rg_hailo_lane *lane = &program->lanes[i];
        for (size_t f = 0; lane->shaper && f < frames(program); f++)
            program->session->library.api.shape_output(
                lane->shaper, (char *)slot->wire[i] + f * lane->wire_bytes, lane->wire_bytes,
                (char *)slot->frames[i] + f * lane->frame_bytes, lane->frame_bytes);
        if (!lane->pair.same)
            rg_hailo_to_model(&lane->pair, slot->frames[i], slot->model[i],
                              frames(program) * lane->elements);
    }
}
