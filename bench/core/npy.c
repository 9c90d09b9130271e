/* npy.c: the header is a Python dictionary as text; only what NumPy itself writes is read. */
#include "bench/core/npy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[] = "\x93NUMPY";
enum { MAGIC_BYTES = 6, ALIGN = 64 };

/* NumPy's words for our types. */
static const struct {
    const char *word;
    rg_dtype dtype;
} types[] = {
    {"|i1", RG_DTYPE_INT8},    {"|u1", RG_DTYPE_UINT8},   {"|b1", RG_DTYPE_BOOL},
    {"<i2", RG_DTYPE_INT16},   {"<u2", RG_DTYPE_UINT16},  {"<i4", RG_DTYPE_INT32},
    {"<u4", RG_DTYPE_UINT32},  {"<i8", RG_DTYPE_INT64},   {"<u8", RG_DTYPE_UINT64},
    {"<f2", RG_DTYPE_FLOAT16}, {"<f4", RG_DTYPE_FLOAT32}, {"<f8", RG_DTYPE_FLOAT64},
};
enum { N_TYPES = sizeof types / sizeof types[0] };

bool rg_npy_sniff(const void *data, size_t bytes) {
    return bytes >= MAGIC_BYTES && !memcmp(data, magic, MAGIC_BYTES);
}

static rg_status damaged(const char *what, rg_err *err) {
    return rg_fail(err, RG_BAD_DATA, "write it again with numpy.save", "a .npy file %s", what);
}

/* The text after 'KEY': in the dictionary; NULL without it. */
static const char *value_of(const char *header, const char *key) {
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s':", key);
    const char *at = strstr(header, quoted);
    if (!at)
        return NULL;
    at += strlen(quoted);
    return at + strspn(at, " ");
}

static rg_status read_type(const char *header, rg_dtype *ret, rg_err *err) {
    const char *at = value_of(header, "descr");
    if (!at || *at != '\'')
        return rg_fail(err, RG_BAD_DATA, "save a plain array", "a .npy file of records");
    for (size_t i = 0; i < N_TYPES; i++) {
        if (!strncmp(at + 1, types[i].word, 3) && at[4] == '\'') {
            *ret = types[i].dtype;
            return RG_OK;
        }
    }
    return rg_fail(err, RG_BAD_DATA, "convert it with numpy's astype",
                   "a .npy file of elements %.8s", at);
}

static rg_status read_shape(const char *header, rg_shape *ret, rg_err *err) {
    const char *at = value_of(header, "shape");
    rg_shape shape = {0};
    if (!at || *at++ != '(')
        return damaged("has no shape", err);
    for (at += strspn(at, " "); *at != ')'; at += strspn(at, " ")) {
        char *end;
        long d = strtol(at, &end, 10);
        bool comma = *end == ',';
        if (!isdigit((unsigned char)*at) || d > INT32_MAX || (!comma && *end != ')'))
            return damaged("has an impossible shape", err);
        if (shape.rank == RG_MAX_RANK)
            return rg_fail(err, RG_BAD_DATA, "reshape it", "a .npy file of more than %d axes",
                           (int)RG_MAX_RANK);
        shape.dim[shape.rank++] = (int32_t)d;
        at = end + comma;
    }
    *ret = shape;
    return RG_OK;
}

/* Length of magic, version and header; false when the file is too short or of no known version:
 * 1.0, 2.0 with a longer header, 3.0 with UTF-8 in it. */
static bool find_header(const unsigned char *data, size_t bytes, size_t *ret_start,
                        size_t *ret_length) {
    if (bytes < MAGIC_BYTES + 4 || !rg_npy_sniff(data, bytes))
        return false;
    *ret_start = data[6] == 1 ? 10 : 12;
    if (bytes < *ret_start || data[6] < 1 || data[6] > 3 || data[7] != 0)
        return false;
    *ret_length = (size_t)data[8] | (size_t)data[9] << 8;
    if (data[6] != 1)
        *ret_length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
    return *ret_length <= RG_NPY_MAX_HEADER && bytes - *ret_start >= *ret_length;
}

rg_status rg_npy_read(const void *data, size_t bytes, rg_npy *ret_npy, rg_err *err) {
    size_t start, length;
    char header[RG_NPY_MAX_HEADER + 1];
    rg_npy npy;
    if (!find_header(data, bytes, &start, &length))
        return damaged("is cut short, of an unknown version or none", err);
    memcpy(header, (const char *)data + start, length);
    header[length] = '\0';
    const char *order = value_of(header, "fortran_order");
    rg_status status = read_type(header, &npy.dtype, err);
    if (status == RG_OK && (!order || strncmp(order, "False", 5) != 0))
        status = rg_fail(err, RG_BAD_DATA, "numpy.ascontiguousarray before saving",
                         "a .npy file in Fortran order");
    if (status == RG_OK)
        status = read_shape(header, &npy.shape, err);
    if (status == RG_OK)
        status = rg_tensor_bytes(&npy.shape, npy.dtype, &npy.bytes, NULL) == RG_OK
                     ? RG_OK
                     : damaged("has a shape of more elements than there can be", err);
    npy.offset = start + length;
    if (status == RG_OK && bytes - npy.offset < npy.bytes)
        status = damaged("holds fewer elements than it says", err);
    if (status == RG_OK && bytes - npy.offset > npy.bytes)
        status = damaged("holds more than the elements that it says", err);
    if (status == RG_OK)
        *ret_npy = npy;
    return status;
}

rg_status rg_npy_write_header(rg_dtype dtype, const rg_shape *shape, rg_text *ret, rg_err *err) {
    size_t type = 0;
    while (type < N_TYPES && types[type].dtype != dtype)
        type++;
    if (type == N_TYPES)
        return rg_fail(err, RG_UNSUPPORTED, "another element type", "no .npy files of %s",
                       rg_dtype_word(dtype));
    rg_text header = {0};
    rg_text_printf(&header, "{'descr': '%s', 'fortran_order': False, 'shape': (", types[type].word);
    for (uint32_t i = 0; i < shape->rank; i++)
        rg_text_printf(&header, i ? " %d," : "%d,", (int)shape->dim[i]);
    if (shape->rank > 1 && !header.failed)
        header.data[--header.bytes] = '\0'; /* (2, 3), but (2,) */
    rg_text_add(&header, "), }");
    size_t whole = (10 + header.bytes + 1 + ALIGN - 1) / ALIGN * ALIGN;
    while (!header.failed && 10 + header.bytes + 1 < whole)
        rg_text_add(&header, " ");
    rg_text_add(&header, "\n");
    unsigned char head[4] = {1, 0, (unsigned char)header.bytes, (unsigned char)(header.bytes >> 8)};
    rg_text_add_bytes(ret, magic, MAGIC_BYTES);
    rg_text_add_bytes(ret, head, sizeof head);
    if (!header.failed)
        rg_text_add_bytes(ret, header.data, header.bytes);
    bool ok = !header.failed && !ret->failed;
    rg_text_free(&header);
    return ok ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for a .npy file");
}
