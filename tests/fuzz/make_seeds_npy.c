/* make_seeds_npy.c: .npy files as NumPy writes them, one for each element type and rank. */
#include <string.h>

#include "bench/core/npy.h"
#include "fuzz.h"

static const char *const headers[] = {
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
    "{'descr': '|i1', 'fortran_order': False, 'shape': (), }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (5,), }",
    "{'descr': '<i8', 'fortran_order': True, 'shape': (1, 2, 3), }",
    "{'descr': '>f8', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1), }",
    "{'descr': [('a', '<f2')], 'fortran_order': False, 'shape': (0, 2), }",
    "{'shape': (1, 2, 3, 4, 5, 6, 7, 8, 9), 'descr': '|b1', 'fortran_order': False}",
    "{'descr': '<u4', 'fortran_order': False, 'shape': (65536, 65536, 65536), }",
};

rg_status make_seeds_npy(const char *folder, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < sizeof headers / sizeof headers[0]; i++) {
        unsigned char file[256] = "\x93NUMPY\x01\x00";
        size_t at = i % 3 == 2 ? 12 : 10; /* formats 1.0 and 2.0 */
        file[6] = i % 3 == 2 ? 2 : 1;
        file[8] = 118;
        memset(file + at, ' ', 118);
        memcpy(file + at, headers[i], strlen(headers[i]));
        file[at + 117] = '\n';
        char name[16];
        snprintf(name, sizeof name, "%zu.npy", i);
        status = put_seed(folder, name, file, 192, err);
    }
    return status;
}
