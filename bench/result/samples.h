/* samples.h: samples.bin, the raw stamps of a round, delta-coded. Used by bundle_write.c and
 * bundle_read.c; anything else may read it from the description below. All fixed-size numbers are
 * little-endian:
 *
 *   offset  bytes  what
 *        0      8  "RGSAMPLE"
 *        8      4  version, 1
 *       12      4  zero
 *       16      8  epoch: start of the first row in nanoseconds, signed (0 when there is no row)
 *       24      8  number of rows
 *       32      -  per row two variable-length numbers: start - previous start (the first row's
 *                  previous start is the epoch), then end - start
 *    end-8      8  FNV-1a (64 bits) of all bytes before it
 *
 * A difference is taken modulo 2^64 and read as a signed number d, folded to an unsigned one by
 * zigzag, (d << 1) ^ (d >> 63), and written in LEB128: seven bits a byte from the lowest on, the
 * top bit set on all bytes but the last, in as few bytes as it takes. So any pair of 64-bit stamps
 * comes back exactly, in 2 to 20 bytes a row (typically 5 to 7). */
#ifndef RG_RESULT_SAMPLES_H
#define RG_RESULT_SAMPLES_H

#include <stddef.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/run/round.h"

enum { RG_SAMPLES_VERSION = 1, RG_SAMPLES_HEADER_BYTES = 32, RG_SAMPLES_TRAILER_BYTES = 8 };

/* The file's bytes, malloc'ed; the caller frees. RG_NO_MEMORY. */
rg_status rg_samples_encode(const rg_sample *rows, size_t n, unsigned char **ret_data,
                            size_t *ret_bytes, rg_err *err);

/* The rows again, in the arena. RG_BAD_DATA with the place for anything that the encoder would not
 * have written: wrong head, impossible count, truncation, bytes too many, a wrong checksum. */
rg_status rg_samples_decode(const void *data, size_t bytes, rg_arena *arena, rg_sample **ret_rows,
                            size_t *ret_n, rg_err *err);

#endif
