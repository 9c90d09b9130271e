/* hash.h: SHA-256 (through libmd) as lower-case hex, for keys, manifests and provenance. */
#ifndef RG_CORE_HASH_H
#define RG_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"

enum { RG_HASH_HEX = 65 }; /* 64 digits and the NUL */

/* Hex digest of a block of memory. */
void rg_hash_bytes(const void *data, size_t bytes, char ret_hex[RG_HASH_HEX]);

/* MD5 of a block of memory, 32 hex digits: only to check files that carry one. */
enum { RG_MD5_HEX = 33 };
void rg_hash_md5(const void *data, size_t bytes, char ret_hex[RG_MD5_HEX]);

/* Hex digest of a whole file. */
rg_status rg_hash_file(const char *path, char ret_hex[RG_HASH_HEX], rg_err *err);

/* First eight bytes of the SHA-256 of a text, as a seed. */
uint64_t rg_hash_seed(const char *text);

#endif
