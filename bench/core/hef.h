/* hef.h: what a Hailo executable (.hef) says of itself, without a device and without the vendor's
 * library: hef.c reads the header and checks the digest, hefbody.c the network groups, hefends.c
 * the streams. Used by the reader of models, the target `hailo` and `inspect`. Facts: the vendor's
 * public schema (MIT) and a real file. */
#ifndef RG_CORE_HEF_H
#define RG_CORE_HEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/hash.h"

typedef struct rg_hef {
    uint32_t version;
    uint64_t proto_at, proto_bytes; /* where the protobuf message begins, and its size */
    uint64_t weights_bytes;         /* behind it, from version 1 on, padding included */
    bool has_digest;                /* version 0: MD5 of all that follows the header */
    char digest[RG_MD5_HEX], actual[RG_MD5_HEX];
} rg_hef;

/* One end of a network: what the host writes or reads. A stream is what travels over the bus, a
 * vstream what the vendor's library hands to a program; mostly they are one and the same. */
typedef struct rg_hef_end {
    const char *name;
    bool output, stream, vstream;
    uint32_t network;                      /* number within its group */
    uint32_t height, width, features;      /* of a frame as programs see it */
    uint32_t padded_h, padded_w, padded_f; /* as it travels */
    uint32_t element_bytes;                /* 1 or 2 */
    const char *order;                     /* "NHWC", "NC", "NHW", "NMS", "NV12", ... */
    uint32_t n_quant;                      /* entries below: 0 unknown, 1, or one a feature */
    const float *scales, *zero_points;     /* real = scale * (q - zero_point) */
    float min, max;                        /* real values that it was calibrated for */
    uint32_t classes, boxes;               /* of NMS: classes, boxes a class at most; else 0 */
    bool computed; /* by the library, behind the chip: boxes, the largest of values */
    const char *const *originals; /* names of the source model's tensors, NULL-ended */
} rg_hef_end;

/* One network group: what is configured on a device at once. */
typedef struct rg_hef_group {
    const char *name;
    uint32_t contexts;           /* more than 1: weights are changed within an inference */
    uint32_t layouts;            /* variants for parts of a chip, 0 none */
    const char *const *networks; /* names, NULL-ended */
    double bottleneck_fps;       /* the compiler's estimate, 0 none */
    double latency_s;            /* the compiler's simulation, 0 none */
    uint64_t ops;     /* operations of the compiled network as the compiler counts, 0 unknown */
    rg_hef_end *ends; /* inputs first, outputs in the order of the library */
    uint32_t n_ends;
} rg_hef_group;

typedef struct rg_hef_body {
    uint32_t arch;               /* number of the architecture it was compiled for */
    const char *arch_word;       /* "hailo8l"; "unknown (N)" */
    const char *compiler;        /* "3.25.0", "" not said */
    uint64_t timestamp_ms;       /* when it was compiled, since 1970, 0 not said */
    const char *const *features; /* format extensions that it needs, NULL-ended */
    rg_hef_group *groups;
    uint32_t n_groups;
} rg_hef_body;

/* True when the bytes begin as a .hef does. */
bool rg_hef_sniff(const void *data, size_t bytes);

/* Reads the header. RG_BAD_DATA when sizes or the digest contradict the file, RG_UNSUPPORTED for
 * versions above 3. `ret_hef` is filled as far as it could be read in either case. */
rg_status rg_hef_read(const void *data, size_t bytes, rg_hef *ret_hef, rg_err *err);

/* Reads the message behind a header that was read. Everything lives in `arena`. RG_BAD_DATA where
 * it is malformed, RG_NO_MEMORY beyond 64 groups, 1024 ends a group or the arena's limit. */
rg_status rg_hef_read_body(const rg_hef *hef, const void *data, rg_arena *arena,
                           rg_hef_body *ret_body, rg_err *err);

/* Word of an architecture number ("hailo8", "hailo8l", "hailo15h", ...), NULL unknown. */
const char *rg_hef_arch_word(uint32_t arch);

/* Elements of a frame, and its bytes as the library hands it out by default; NMS: of all boxes as
 * float32 by class (a count and five values a box). */
uint64_t rg_hef_end_elements(const rg_hef_end *end);
uint64_t rg_hef_end_bytes(const rg_hef_end *end);

#endif
