/* fuzz_npy.c: any bytes to the reader of .npy files. What it accepts must lie within the file, and
 * what we write of the same array must be read back as the same. */
#include <string.h>

#include "bench/core/npy.h"
#include "fuzz.h"

static void check_rewritten(const rg_npy *npy) {
    rg_text file = {0};
    rg_npy again = {0};
    rg_err err = RG_ERR_INIT;
    PROMISE(rg_npy_write_header(npy->dtype, &npy->shape, &file, &err) == RG_OK, err.what);
    PROMISE(file.bytes % 64 == 0, "elements are not aligned");
    if (npy->bytes > 1 << 16) { /* then only as a file that is cut short */
        rg_status status = rg_npy_read(file.data, file.bytes, &again, &err);
        PROMISE(status == RG_BAD_DATA, "elements are missing, and nobody says so");
        rg_text_free(&file);
        return;
    }
    char *whole = calloc(1, file.bytes + npy->bytes);
    PROMISE(whole, "out of memory");
    memcpy(whole, file.data, file.bytes);
    rg_status status = rg_npy_read(whole, file.bytes + npy->bytes, &again, &err);
    PROMISE(status == RG_OK, err.what);
    PROMISE(again.dtype == npy->dtype && again.bytes == npy->bytes &&
                again.shape.rank == npy->shape.rank &&
                !memcmp(again.shape.dim, npy->shape.dim, again.shape.rank * sizeof *npy->shape.dim),
            "another array comes back");
    free(whole);
    rg_text_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    rg_npy npy = {0};
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_npy_read(data, bytes, &npy, &err);
    if (status == RG_OK) {
        PROMISE(npy.offset <= bytes && npy.bytes <= bytes - npy.offset, "beyond the file");
        check_rewritten(&npy);
    } else {
        PROMISE(refused_well(status, &err) && err.advice[0], "no words");
    }
    return 0;
}
