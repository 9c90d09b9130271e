/* flatbuf.h: FlatBuffers, as much of them as model files need: reading in which every offset,
 * length and alignment is verified before it is used, and top-down writing. The layout is that of
 * the FlatBuffers "internals" document. Used by the .tflite reader and writer; knows no schema. */
#ifndef RG_MODELS_FLATBUF_H
#define RG_MODELS_FLATBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/text.h"

/* --- reading --- */

/* A buffer being read. The first thing found wrong stays in `problem`, after which every call gives
 * its default, so that a caller reads on and asks once. `budget_bytes` bounds the bytes of vectors
 * handed out: a hostile file that refers to the same bytes over and over cannot cost more than a
 * small multiple of its size. */
typedef struct rg_fb {
    const unsigned char *data;
    size_t bytes;
    uint64_t budget_bytes;
    const char *problem; /* NULL: none; a phrase that lives forever */
    size_t problem_at;   /* offset in the buffer */
} rg_fb;

/* A verified table; at = 0 means "absent", from which every field gives its default. */
typedef struct rg_fb_table {
    size_t at, vtable;
    uint32_t vtable_bytes, table_bytes;
} rg_fb_table;

/* A verified vector: n elements beginning at data (any alignment). n = 0, data NULL when absent. */
typedef struct rg_fb_vec {
    const unsigned char *data;
    uint32_t n;
} rg_fb_vec;

/* Begins reading. `data` must outlive the reader. */
rg_fb rg_fb_open(const void *data, size_t bytes);

/* The root table; absent with a problem noted when there is none. */
rg_fb_table rg_fb_root(rg_fb *fb);

/* True when the table has the field. */
bool rg_fb_has(rg_fb *fb, rg_fb_table table, unsigned slot);

/* Scalar fields, `preset` where absent. rg_fb_int reads `size` bytes (1, 2, 4, 8), sign-extended.
 */
int64_t rg_fb_int(rg_fb *fb, rg_fb_table table, unsigned slot, unsigned size, int64_t preset);
uint32_t rg_fb_u32(rg_fb *fb, rg_fb_table table, unsigned slot, uint32_t preset);
float rg_fb_float(rg_fb *fb, rg_fb_table table, unsigned slot, float preset);

/* The table, the vector of `size`-byte elements or the text that a field refers to. A text is
 * NUL-terminated at data[n]. */
rg_fb_table rg_fb_child(rg_fb *fb, rg_fb_table table, unsigned slot);
rg_fb_vec rg_fb_vector(rg_fb *fb, rg_fb_table table, unsigned slot, unsigned size);
rg_fb_vec rg_fb_text(rg_fb *fb, rg_fb_table table, unsigned slot);

/* Bytes whose content will not be looked at (weights): verified, not charged to the budget. */
rg_fb_vec rg_fb_blob(rg_fb *fb, rg_fb_table table, unsigned slot);

/* Entry i of a vector of tables (taken with size 4). */
rg_fb_table rg_fb_entry(rg_fb *fb, rg_fb_vec vec, uint32_t i);

/* Bytes of entry i of a vector of texts or byte vectors (taken with size 4); as rg_fb_blob. */
rg_fb_vec rg_fb_entry_blob(rg_fb *fb, rg_fb_vec vec, uint32_t i);

/* Elements of vectors of scalars. */
int32_t rg_fb_i32_at(rg_fb_vec vec, uint32_t i);
int64_t rg_fb_i64_at(rg_fb_vec vec, uint32_t i);
float rg_fb_f32_at(rg_fb_vec vec, uint32_t i);

/* --- writing --- */

/* A buffer being written: parents first, children behind them, their offsets filled in as the
 * children come (FlatBuffers offsets point forward). Positions count from the buffer's start. */
typedef struct rg_fbw {
    rg_text *out;
    size_t base; /* bytes that were in `out` before */
} rg_fbw;

/* One field of a table to write: an offset when `size` is 0, else a scalar of `size` bytes. `at` is
 * returned: where the field lies, for rg_fbw_link. */
typedef struct rg_fbw_field {
    unsigned slot, size;
    uint64_t bits;
    size_t at;
} rg_fbw_field;

enum { RG_FBW_MAX_FIELDS = 16 }; /* of one table; slots below 16 */

/* Starts a buffer: root offset and the four-letter identifier. Position of the root offset is 0. */
rg_fbw rg_fbw_begin(rg_text *out, const char identifier[4]);

/* Writes a table with these fields; returns its position. */
size_t rg_fbw_table(rg_fbw *w, rg_fbw_field *fields, size_t n);

/* Writes a vector; the first element is aligned to `align`. Returns its position. */
size_t rg_fbw_vector(rg_fbw *w, const void *data, size_t n, size_t size, size_t align);

/* Writes a vector of n offsets, to be linked at rg_fbw_offset_at(vec, i). */
size_t rg_fbw_offsets(rg_fbw *w, size_t n);
size_t rg_fbw_offset_at(size_t vec, size_t i);

size_t rg_fbw_string(rg_fbw *w, const char *text);

/* Makes the offset at `from` point to `target`, which lies behind it. */
void rg_fbw_link(rg_fbw *w, size_t from, size_t target);

#endif
