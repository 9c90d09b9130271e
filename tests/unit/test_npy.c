/* test_npy.c: .npy files as NumPy writes them, and damaged ones. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/core/npy.h"

static rg_text whole(rg_dtype dtype, rg_shape shape, size_t bytes) {
    rg_text text = {0};
    static const char zeros[256];
    cr_assert_eq(rg_npy_write_header(dtype, &shape, &text, NULL), RG_OK);
    rg_text_add_bytes(&text, zeros, bytes);
    return text;
}

Test(npy, what_is_written_is_what_numpy_writes) {
    rg_text text = whole(RG_DTYPE_FLOAT32, (rg_shape){3, {2, 3, 4}}, 0);
    static const char want[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }";
    cr_assert_eq(text.bytes, 128);
    cr_assert_eq(memcmp(text.data, "\x93NUMPY\x01\x00\x76\x00", 10), 0);
    cr_assert_eq(memcmp(text.data + 10, want, strlen(want)), 0, "%.118s", text.data + 10);
    cr_assert_eq(text.data[127], '\n');
    rg_text_free(&text);
    text = whole(RG_DTYPE_INT8, (rg_shape){1, {5}}, 0);
    cr_assert_not_null(strstr(text.data + 10, "'|i1'"));
    cr_assert_not_null(strstr(text.data + 10, "(5,), }"));
    rg_text_free(&text);
    text = whole(RG_DTYPE_INT64, (rg_shape){0}, 0);
    cr_assert_not_null(strstr(text.data + 10, "(), }"));
    rg_text_free(&text);
}

Test(npy, headers_are_read_back) {
    rg_text text = whole(RG_DTYPE_INT16, (rg_shape){4, {1, 2, 3, 4}}, 48);
    rg_npy npy;
    cr_assert(rg_npy_sniff(text.data, text.bytes));
    cr_assert_eq(rg_npy_read(text.data, text.bytes, &npy, NULL), RG_OK);
    cr_assert_eq(npy.dtype, RG_DTYPE_INT16);
    cr_assert_eq(npy.shape.rank, 4);
    cr_assert_eq(npy.shape.dim[3], 4);
    cr_assert_eq(npy.bytes, 48);
    cr_assert_eq(npy.offset, 128);
    rg_text_free(&text);
}

Test(npy, every_cut_and_every_changed_byte_is_survived) {
    rg_text text = whole(RG_DTYPE_FLOAT32, (rg_shape){2, {3, 4}}, 48);
    rg_npy npy;
    for (size_t n = 0; n < text.bytes; n++)
        cr_assert_eq(rg_npy_read(text.data, n, &npy, NULL), RG_BAD_DATA, "%zu bytes", n);
    for (size_t i = 0; i < 128; i++) {
        for (int value = 0; value < 256; value += 5) {
            char kept = text.data[i];
            text.data[i] = (char)value;
            rg_status status = rg_npy_read(text.data, text.bytes, &npy, NULL);
            cr_assert(status != RG_OK || npy.offset + npy.bytes <= text.bytes);
            text.data[i] = kept;
        }
    }
    rg_text_free(&text);
}

Test(npy, what_we_lack_is_refused_with_its_reason) {
    rg_text text = whole(RG_DTYPE_FLOAT32, (rg_shape){2, {3, 4}}, 48);
    rg_npy npy;
    rg_err err = RG_ERR_INIT;
    memcpy(strstr(text.data + 10, "<f4"), ">f4", 3);
    cr_assert_eq(rg_npy_read(text.data, text.bytes, &npy, &err), RG_BAD_DATA);
    cr_assert_not_null(strstr(err.what, ">f4"), "%s", err.what);
    memcpy(strstr(text.data + 10, ">f4"), "<f4", 3);
    memcpy(strstr(text.data + 10, "False"), "True ", 5);
    cr_assert_eq(rg_npy_read(text.data, text.bytes, &npy, &err), RG_BAD_DATA);
    cr_assert_not_null(strstr(err.what, "Fortran"), "%s", err.what);
    rg_text_free(&text);
    cr_assert_eq(rg_npy_write_header(RG_DTYPE_INT4, &(rg_shape){1, {4}}, &text, &err),
                 RG_UNSUPPORTED);
}

/* A whole file with this header and some bytes of elements. */
static rg_status read_header(const char *header, size_t bytes, rg_npy *ret, rg_err *err) {
    static unsigned char file[512];
    size_t n = strlen(header);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (unsigned char)n, file[9] = 0;
    memcpy(file + 10, header, n);
    return rg_npy_read(file, 10 + n + bytes, ret, err);
}

#define HEADER(type, order, shape) "{'descr': " type ", 'fortran_order': " order shape " }"

Test(npy, each_broken_header_is_refused_in_words) {
    static const struct {
        const char *header, *words;
        rg_status status;
    } rows[] = {
        {HEADER("[('a', '<f4')]", "False, 'shape':", " (2,)"), "records", RG_BAD_DATA},
        {"{'fortran_order': False, 'shape': (2,) }", "records", RG_BAD_DATA},
        {HEADER("'<c8'", "False, 'shape':", " (2,)"), "elements", RG_BAD_DATA},
        {HEADER("'<f4'", "False", ""), "no shape", RG_BAD_DATA},
        {HEADER("'<f4'", "False, 'shape':", " 2"), "no shape", RG_BAD_DATA},
        {HEADER("'<f4'", "False, 'shape':", " (x,)"), "impossible shape", RG_BAD_DATA},
        {HEADER("'<f4'", "False, 'shape':", " (-1,)"), "impossible shape", RG_BAD_DATA},
        {HEADER("'<f4'", "False, 'shape':", " (2 3)"), "impossible shape", RG_BAD_DATA},
        {HEADER("'<f4'", "False, 'shape':", " (4294967296,)"), "impossible shape", RG_BAD_DATA},
        {HEADER("'<f4'", "False, 'shape':", " (1,1,1,1,1,1,1)"), "axes", RG_BAD_DATA},
        {HEADER("'<f4'", "False, 'shape':", " (65536, 65536, 65536, 65536)"), "more elements",
         RG_BAD_DATA},
        {HEADER("'<f4'", "False, 'shape':", " (999,)"), "fewer elements", RG_BAD_DATA},
        {"{'descr': '<f4', 'shape': (2,) }", "Fortran", RG_BAD_DATA},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rg_npy npy;
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(read_header(rows[i].header, 100, &npy, &err), rows[i].status, "%s: %s",
                     rows[i].header, err.what);
        cr_assert_not_null(strstr(err.what, rows[i].words), "%s: %s", rows[i].header, err.what);
        cr_assert(err.advice[0], "%s: nothing to try", rows[i].header);
    }
}

Test(npy, shapes_are_read_with_and_without_spaces) {
    rg_npy npy;
    cr_assert_eq(
        read_header(HEADER("'<f4'", "False, 'shape':", " ( 2,3 , 4, )"), 24 * 4, &npy, NULL),
        RG_BAD_DATA, "a space before a comma is nobody's");
    cr_assert_eq(read_header(HEADER("'|u1'", "False, 'shape':", "(2,3,  4,)"), 24, &npy, NULL),
                 RG_OK);
    cr_assert(npy.shape.rank == 3 && npy.shape.dim[2] == 4 && npy.bytes == 24);
    cr_assert_eq(read_header(HEADER("'|u1'", "False, 'shape':", " ()"), 1, &npy, NULL), RG_OK);
    cr_assert(npy.shape.rank == 0 && npy.bytes == 1);
}

Test(npy, only_known_versions_are_read_and_nothing_stands_behind_the_elements) {
    rg_text text = whole(RG_DTYPE_INT8, (rg_shape){1, {5}}, 5);
    rg_npy npy;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_npy_read(text.data, text.bytes, &npy, &err), RG_OK, "%s", err.what);
    for (int version = 0; version < 256; version++) {
        text.data[6] = (char)version;
        if (version != 1)
            cr_assert_eq(rg_npy_read(text.data, text.bytes, &npy, NULL), RG_BAD_DATA);
    }
    text.data[6] = 1;
    rg_text_add_bytes(&text, "!", 1);
    cr_assert_eq(rg_npy_read(text.data, text.bytes, &npy, &err), RG_BAD_DATA);
    cr_assert_not_null(strstr(err.what, "more than"), "%s", err.what);
    rg_text_free(&text);
}

Test(npy, long_headers_are_read) {
    enum { LENGTH = 60000 };
    static char file[10 + LENGTH + 5] = "\x93NUMPY\x01";
    static const char head[] = "{'descr': '|i1', 'fortran_order': False, 'shape': (5,), }";
    file[8] = (char)(LENGTH & 255);
    file[9] = (char)(LENGTH >> 8);
    memset(file + 10, ' ', LENGTH);
    memcpy(file + 10, head, strlen(head));
    rg_npy npy;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_npy_read(file, sizeof file, &npy, &err), RG_OK, "%s", err.what);
    cr_assert_eq(npy.offset, 10 + LENGTH);
}
