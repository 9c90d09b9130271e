/* flexbuf.h: FlexBuffers, as much as custom operators of .tflite files need: a map at the root and
 * its scalar, text and blob values by key. Every offset and length is verified before it is used.
 * The layout is that of the FlatBuffers project's "FlexBuffers" document. */
#ifndef RG_MODELS_FLEXBUF_H
#define RG_MODELS_FLEXBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A verified map; n = 0 when the bytes hold none. */
typedef struct rg_flex {
    const unsigned char *data;
    size_t bytes, at, keys; /* of the elements, and of the keys' elements */
    unsigned width, key_width;
    uint32_t n;
} rg_flex;

/* The root map; empty when the bytes are damaged or their root is no map. */
rg_flex rg_flex_map(const void *data, size_t bytes);

/* The number under `key`: integers, floats and booleans. False when it is not there. */
bool rg_flex_number(const rg_flex *map, const char *key, double *ret);

/* The bytes of the text or blob under `key`. False when it is not there. */
bool rg_flex_blob(const rg_flex *map, const char *key, const unsigned char **ret, size_t *ret_n);

#endif
