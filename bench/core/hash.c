/* hash.c: thin cover over libmd's SHA-256 and MD5. */
#include "bench/core/hash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <md5.h>
#include <sha2.h>

static void to_hex(const uint8_t *digest, size_t n, char *ret_hex) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[2 * n] = '\0';
}

void rg_hash_bytes(const void *data, size_t bytes, char ret_hex[RG_HASH_HEX]) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA2_CTX ctx;
    SHA256Init(&ctx);
    if (bytes)
        SHA256Update(&ctx, data, bytes);
    SHA256Final(digest, &ctx);
    to_hex(digest, SHA256_DIGEST_LENGTH, ret_hex);
}

void rg_hash_md5(const void *data, size_t bytes, char ret_hex[RG_MD5_HEX]) {
    uint8_t digest[MD5_DIGEST_LENGTH];
    MD5_CTX ctx;
    MD5Init(&ctx);
    if (bytes)
        MD5Update(&ctx, data, bytes);
    MD5Final(digest, &ctx);
    to_hex(digest, MD5_DIGEST_LENGTH, ret_hex);
}

rg_status rg_hash_file(const char *path, char ret_hex[RG_HASH_HEX], rg_err *err) {
    FILE *file = fopen(path, "rbe");
    if (!file)
        return rg_fail(err, RG_IO, "check the path and its permissions", "cannot open %s: %s", path,
                       strerror(errno));
    SHA2_CTX ctx;
    SHA256Init(&ctx);
    unsigned char block[65536];
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;)
        SHA256Update(&ctx, block, n);
    int bad = ferror(file);
    fclose(file);
    if (bad)
        return rg_fail(err, RG_IO, NULL, "cannot read %s", path);
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Final(digest, &ctx);
    to_hex(digest, SHA256_DIGEST_LENGTH, ret_hex);
    return RG_OK;
}

uint64_t rg_hash_seed(const char *text) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA2_CTX ctx;
    SHA256Init(&ctx);
    SHA256Update(&ctx, (const uint8_t *)text, strlen(text));
    SHA256Final(digest, &ctx);
    uint64_t seed = 0;
    for (int i = 0; i < 8; i++)
        seed |= (uint64_t)digest[i] << (8 * i);
    return seed;
}
