/* make_seeds_hef.c: messages of Hailo executables: a network as older files have it, one among
 * operations as newer ones do, joined streams, boxes of objects; and whole files around them. */
#include <string.h>

#include "bench/core/text.h"
#include "fuzz.h"

/* --- a message's fields; all lengths stay below 128, or take two bytes -------------------------
 */

static void put_varint(rg_text *to, uint64_t value) {
    for (; value > 127; value >>= 7)
        rg_text_add_bytes(to, &(char){(char)(value | 128)}, 1);
    rg_text_add_bytes(to, &(char){(char)value}, 1);
}

static void put_number(rg_text *to, unsigned field, uint64_t value) {
    put_varint(to, field << 3);
    put_varint(to, value);
}

static void put_bytes(rg_text *to, unsigned field, const void *data, size_t n) {
    put_varint(to, field << 3 | 2);
    put_varint(to, n);
    rg_text_add_bytes(to, data, n);
}

static void put_word(rg_text *to, unsigned field, const char *word) {
    put_bytes(to, field, word, strlen(word));
}

/* Puts a message into another, and frees it. */
static void put_message(rg_text *to, unsigned field, rg_text *message) {
    put_bytes(to, field, message->data ? message->data : "", message->bytes);
    rg_text_free(message);
}

/* --- parts of an executable ------------------------------------------------------------------- */

static rg_text layer(const char *name, unsigned size, unsigned format) {
    static const double one[] = {1, 1}, zero[] = {0, 3};
    rg_text all = {0}, base = {0}, quant = {0}, info = {0}, nms = {0};
    for (unsigned i = 1; i <= 6; i++)
        put_number(&base, i, size);
    put_number(&base, 7, format);
    put_number(&base, 12, 1);
    put_number(&nms, 2, 3);
    put_number(&nms, 3, 5);
    put_message(&info, 1, &nms);
    put_message(&base, 11, &info);
    put_bytes(&quant, 5, zero, sizeof zero);
    put_bytes(&quant, 6, one, sizeof one);
    put_word(&all, 1, name);
    put_message(&all, 2, &base);
    put_message(&all, 3, &quant);
    put_word(&all, 5, "source");
    return all;
}

static rg_text edge(unsigned kind, rg_text *content, bool output) {
    rg_text all = {0}, at = {0};
    put_number(&all, 1, output);
    put_message(&all, kind, content);
    put_number(&at, 3, 0);
    put_message(&all, 5, &at);
    put_number(&all, 7, 4);
    return all;
}

static rg_text joined(void) {
    rg_text all = {0}, part = {0}, one = layer("part", 2, 0);
    put_word(&all, 1, "joined");
    put_message(&part, 1, &one);
    put_message(&all, 5, &part);
    return all;
}

/* Context, metadata and the rest of a network; its fields are the same in both forms. */
static rg_text network(void) {
    rg_text all = {0}, about = {0}, context = {0}, edges = {0}, fused = {0}, again = {0};
    rg_text in = layer("in", 2, 0), out = layer("out", 2, 2), boxes = layer("boxes", 1, 6);
    rg_text mux = joined(), same = layer("fused", 2, 6);
    rg_text all_edges[] = {edge(3, &in, false), edge(3, &out, true), edge(4, &mux, true),
                           edge(3, &boxes, true)};
    for (size_t i = 0; i < 4; i++)
        put_message(&edges, 2, &all_edges[i]);
    put_word(&about, 1, "net");
    put_message(&all, 1, &about);
    put_message(&context, 3, &edges);
    put_message(&all, 3, &context);
    put_word(&all, 4, "out");
    put_message(&again, 1, &same);
    put_word(&again, 2, "boxes");
    put_message(&fused, 3, &again);
    put_message(&all, 5, &fused);
    put_word(&all, 6, "net");
    return all;
}

static rg_text among_operations(void) {
    rg_text all = {0}, core = {0}, host = {0}, nms = {0}, pads = {0}, one = network();
    put_message(&core, 4, &one);
    put_message(&all, 8, &core);
    put_number(&nms, 3, 20);
    put_number(&nms, 4, 80);
    put_word(&host, 1, "nms");
    put_message(&host, 5, &nms);
    put_message(&all, 8, &host);
    put_number(&pads, 1, 4);
    put_message(&all, 9, &pads);
    put_word(&all, 10, "group");
    return all;
}

static rg_text message(rg_text *group) {
    rg_text all = {0}, head = {0}, feature = {0};
    put_number(&head, 1, 3);
    put_number(&head, 2, 1700000000000);
    put_word(&head, 3, "3.30.0");
    put_message(&all, 1, &head);
    put_message(&all, 2, group);
    put_word(&feature, 2, "KO_RUN_ASAP");
    put_message(&all, 5, &feature);
    return all;
}

/* --- files ------------------------------------------------------------------------------------ */

static rg_status put_file(const char *folder, const char *name, unsigned version,
                          const rg_text *body, rg_err *err) {
    static const size_t heads[] = {32, 28, 44, 56};
    rg_text file = {0};
    char head[56] = "\001HEF";
    head[7] = (char)version;
    head[10] = (char)(body->bytes >> 8);
    head[11] = (char)body->bytes;
    rg_text_add_bytes(&file, head, heads[version]);
    rg_text_add_bytes(&file, body->data, body->bytes);
    rg_status status = put_seed(folder, name, file.data, file.bytes, err);
    rg_text_free(&file);
    return status;
}

rg_status make_seeds_hef(const char *folder, rg_err *err) {
    rg_text older = network(), newer = among_operations();
    rg_text bodies[] = {message(&older), message(&newer)};
    rg_status status = put_seed(folder, "older", bodies[0].data, bodies[0].bytes, err);
    if (status == RG_OK)
        status = put_seed(folder, "newer", bodies[1].data, bodies[1].bytes, err);
    for (unsigned v = 0; status == RG_OK && v < 4; v++)
        status = put_file(folder, (const char[]){'v', (char)('0' + v), '.', 'h', 'e', 'f', '\0'}, v,
                          &bodies[v % 2], err);
    rg_text_free(&bodies[0]);
    rg_text_free(&bodies[1]);
    return status;
}
