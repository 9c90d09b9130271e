/* hef.h: what the header of a Hailo executable (.hef) says, without its contents. Neighbour:
 * cmd/inspect.c shows it. Facts: a header of version 0 was checked on a real file, version 1 is
 * after descriptions of the format. */
#ifndef RG_RUN_HEF_H
#define RG_RUN_HEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/core/hash.h"

typedef struct rg_hef {
    uint32_t version;
    uint64_t proto_bytes, weights_bytes; /* of the protobuf message and, version 1, behind it */
    bool has_digest;                     /* version 0: MD5 of all that follows the header */
    char digest[RG_MD5_HEX], actual[RG_MD5_HEX];
} rg_hef;

/* True when the bytes begin as a .hef does. */
bool rg_hef_sniff(const void *data, size_t bytes);

/* Reads the header. RG_BAD_DATA when sizes or the digest contradict the file, RG_UNSUPPORTED for
 * versions above 1. `ret_hef` is filled as far as it could be read in either case. */
rg_status rg_hef_read(const void *data, size_t bytes, rg_hef *ret_hef, rg_err *err);

#endif
