/* npy.h: arrays as NumPy's .npy files have them (format 1.0 to 3.0, C order, little-endian), for
 * inputs and outputs that other tools read and write. */
#ifndef RG_CORE_NPY_H
#define RG_CORE_NPY_H

#include "bench/core/err.h"
#include "bench/core/tensor.h"
#include "bench/core/text.h"

enum { RG_NPY_MAX_HEADER = 1 << 16 }; /* longer ones are refused; what version 1.0 can have */

/* What a header says. */
typedef struct rg_npy {
    rg_dtype dtype;
    rg_shape shape;
    size_t offset; /* of the first element in the file */
    size_t bytes;  /* of the elements */
} rg_npy;

/* True when the bytes begin as a .npy file does. */
bool rg_npy_sniff(const void *data, size_t bytes);

/* Reads the header of a whole file; its elements stand at data + offset. RG_BAD_DATA for files
 * that are damaged or hold something behind their elements, and with what to do about it for
 * Fortran order, big-endian, records and element types or ranks that we lack. */
rg_status rg_npy_read(const void *data, size_t bytes, rg_npy *ret_npy, rg_err *err);

/* Appends magic and header of an array; the elements follow it. The length is a multiple of 64.
 * RG_UNSUPPORTED for types that NumPy lacks (int4). */
rg_status rg_npy_write_header(rg_dtype dtype, const rg_shape *shape, rg_text *ret, rg_err *err);

#endif
