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
    cr_assert_eq(rg_npy_read(text.data, text.bytes, &npy, &err), RG_UNSUPPORTED);
    cr_assert_not_null(strstr(err.what, ">f4"), "%s", err.what);
    memcpy(strstr(text.data + 10, ">f4"), "<f4", 3);
    memcpy(strstr(text.data + 10, "False"), "True ", 5);
    cr_assert_eq(rg_npy_read(text.data, text.bytes, &npy, &err), RG_UNSUPPORTED);
    cr_assert_not_null(strstr(err.what, "Fortran"), "%s", err.what);
    rg_text_free(&text);
    cr_assert_eq(rg_npy_write_header(RG_DTYPE_INT4, &(rg_shape){1, {4}}, &text, &err),
                 RG_UNSUPPORTED);
}
