/* hefends.c: the ends of a network group in a .hef as they stand at the border of the chip, single,
 * joined or as planes of a picture. */
#include <string.h>

#include "bench/core/hef_priv.h"

enum { MOST_DEPTH = 8 };
static const uint64_t most_elements = UINT64_C(1) << 40;

/* How a layer's elements travel, and how programs see them; by the schema's number. */
static const char *const orders[] = {"NHWC",      "NHWC", "NC",  "NHWC",
                                     "BAYER_RGB", "NHW",  "NMS", "NHWC"};
enum { FORMAT_NMS = 6 };

static bool is_nms(const rg_hef_end *end) {
    return !strcmp(end->order, "NMS");
}

/* Products that saturate: the numbers come from a file. */
static uint64_t times(uint64_t a, uint64_t b) {
    return b && a > most_elements / b ? most_elements + 1 : a * b;
}

uint64_t rg_hef_end_elements(const rg_hef_end *end) {
    if (is_nms(end))
        return times(end->classes, 1 + 5 * (uint64_t)end->boxes);
    uint64_t pixels = times(end->height, end->width);
    return strcmp(end->order, "NHW") ? times(pixels, end->features) : pixels;
}

uint64_t rg_hef_end_bytes(const rg_hef_end *end) {
    return rg_hef_end_elements(end) * (is_nms(end) ? 4 : end->element_bytes);
}

rg_status rg_hef_check_size(const rg_hef_end *end, rg_err *err) {
    return rg_hef_end_elements(end) > most_elements
               ? rg_hef_malformed("a frame of more than 2^40 elements", err)
               : RG_OK;
}

/* --- ends ------------------------------------------------------------------------------------- */

rg_status rg_hef_new_end(rg_hef_reading *reading, const rg_hef_end *like, rg_wire name,
                         rg_hef_end **ret_end, rg_err *err) {
    if (reading->n == RG_HEF_MOST_ENDS)
        return rg_fail(err, RG_NO_MEMORY, "split the model", "more than %d streams",
                       RG_HEF_MOST_ENDS);
    rg_hef_end *end = &reading->ends[reading->n];
    *end = *like;
    reading->pads[reading->n++] = UINT32_MAX;
    end->name = rg_hef_text(reading->arena, name);
    end->order = orders[0];
    end->element_bytes = 1;
    if (!end->name)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    *ret_end = end;
    return rg_hef_texts(reading->arena, (rg_wire){name.end, name.end}, 1, &end->originals, err);
}

uint32_t rg_hef_small(rg_wire message, uint32_t number) {
    uint64_t value = rg_wire_number(message, number, RG_WIRE_VARINT);
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void read_shape(rg_wire base, rg_hef_end *end) {
    uint32_t format = rg_hef_small(base, 7), bytes = rg_hef_small(base, 12);
    rg_wire nms = rg_wire_within(rg_wire_within(base, 11), 1);
    end->height = rg_hef_small(base, 1);
    end->padded_h = rg_hef_small(base, 2);
    end->width = rg_hef_small(base, 3);
    end->padded_w = rg_hef_small(base, 4);
    end->features = rg_hef_small(base, 5);
    end->padded_f = rg_hef_small(base, 6);
    end->element_bytes = bytes == 2 ? 2 : 1;
    end->order = format < sizeof orders / sizeof orders[0] ? orders[format] : "unknown";
    if (format == FORMAT_NMS) {
        end->classes = rg_hef_small(nms, 2);
        end->boxes = rg_hef_small(nms, 3);
    }
}

/* One layer at the border of the chip. */
rg_status rg_hef_read_layer(rg_hef_reading *reading, rg_wire layer, const rg_hef_end *like,
                            rg_err *err) {
    rg_hef_end *end;
    rg_status status = rg_hef_new_end(reading, like, rg_wire_within(layer, 1), &end, err);
    if (status != RG_OK)
        return status;
    read_shape(rg_wire_within(layer, 2), end);
    status = rg_hef_check_size(end, err);
    if (status == RG_OK)
        status = rg_hef_read_quant(reading->arena, rg_wire_within(layer, 3), end, err);
    return status == RG_OK ? rg_hef_texts(reading->arena, layer, 5, &end->originals, err) : status;
}

static rg_status read_edge(rg_hef_reading *reading, rg_wire edge, const uint32_t numbers[3],
                           const rg_hef_end *like, unsigned depth, rg_err *err);

/* Layers that travel as one: a stream whose parts are vstreams. */
static rg_status read_joined(rg_hef_reading *reading, rg_wire joined, uint32_t parts_number,
                             const rg_hef_end *like, unsigned depth, rg_err *err) {
    static const uint32_t within[] = {1, 2, 3};
    rg_hef_end whole = *like, part = *like, *end;
    if (depth == MOST_DEPTH)
        return rg_hef_malformed("streams within streams too deep", err);
    bool planes = parts_number == 3; /* of a picture: one vstream, a stream a plane */
    whole.vstream = like->vstream && planes;
    whole.stream = like->stream && !planes;
    part.vstream = like->vstream && !planes;
    part.stream = like->stream && planes;
    rg_status status = rg_hef_new_end(reading, &whole, rg_wire_within(joined, 1), &end, err);
    if (status == RG_OK && planes) {
        static const char *const words[] = {"NV12", "NV21", "I420"};
        uint32_t format = rg_hef_small(joined, 2);
        end->order = format < 3 ? words[format] : "unknown";
        end->height = rg_hef_small(joined, 4);
        end->width = rg_hef_small(joined, 5);
        end->features = rg_hef_small(joined, 6);
    } else if (status == RG_OK) {
        read_shape(rg_wire_within(joined, 2), end);
    }
    if (status == RG_OK)
        status = rg_hef_check_size(end, err);
    rg_wire_field field;
    while (status == RG_OK && rg_wire_next(&joined, &field) == 1) {
        if (field.number == parts_number && field.kind == RG_WIRE_BYTES)
            status = read_edge(reading, field.bytes, within, &part, depth + 1, err);
    }
    return status;
}

/* A layer, several joined, or the planes of a picture, by the numbers of these three fields. */
static rg_status read_edge(rg_hef_reading *reading, rg_wire edge, const uint32_t numbers[3],
                           const rg_hef_end *like, unsigned depth, rg_err *err) {
    rg_wire_field field;
    if (rg_wire_find(edge, numbers[0], RG_WIRE_BYTES, &field) == 1)
        return rg_hef_read_layer(reading, field.bytes, like, err);
    if (rg_wire_find(edge, numbers[1], RG_WIRE_BYTES, &field) == 1)
        return read_joined(reading, field.bytes, 5, like, depth, err);
    if (rg_wire_find(edge, numbers[2], RG_WIRE_BYTES, &field) == 1)
        return read_joined(reading, field.bytes, 3, like, depth, err);
    return RG_OK;
}

rg_status rg_hef_read_edges(rg_hef_reading *reading, rg_wire context, rg_err *err) {
    static const uint32_t numbers[] = {3, 4, 8};
    rg_wire_field field, pad;
    rg_status status = RG_OK;
    int got = 0;
    while (status == RG_OK && (got = rg_wire_next(&context, &field)) == 1) {
        if (field.number != 2 || field.kind != RG_WIRE_BYTES)
            continue;
        rg_wire edge = field.bytes;
        uint32_t first = reading->n, inner = rg_hef_small(rg_wire_within(edge, 5), 3);
        rg_hef_end like = {.output = rg_hef_small(edge, 1) != 0,
                           .stream = true,
                           .vstream = true,
                           .network = rg_hef_small(edge, 6)};
        if (inner) /* between contexts, or through the host's memory: nobody's end */
            continue;
        status = read_edge(reading, edge, numbers, &like, 0, err);
        if (status == RG_OK && reading->n > first &&
            rg_wire_find(edge, 7, RG_WIRE_VARINT, &pad) == 1)
            reading->pads[first] = (uint32_t)pad.value;
    }
    return got < 0 ? rg_hef_malformed("the edges of a context", err) : status;
}
